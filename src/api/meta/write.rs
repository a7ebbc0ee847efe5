//! The writes of a migration, next to each other, so that one page shows everything this program can
//! change.
//!
//! Source of paths and parameters: Meta's reference of the WhatsApp Business Account and phone
//! number nodes, <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>,
//! the programmatic migration guide,
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/guides/migrating-phone-numbers-between-wabas-programmatically>,
//! and the guide to templates,
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::upload::UploadSession;
use crate::{
    api::{
        request::{Side, Write, named},
        transport::{FilePart, Params},
    },
    ids::{AppId, PhoneNumberId, SolutionId, TemplateId, WabaId},
    phone::Phone,
    secret::Secret,
};

/// Register "may take up to 15 s or more"; Meta's guide asks for patience of at least 60 s.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(90);

/// Subscribes the token's app to the WABA's webhooks. Idempotent per app; **without an
/// override an existing one is removed**, so callers send this only where none may be lost.
pub fn subscribe_app(waba: &WabaId, callback: Option<(&str, Secret)>) -> Write {
    let params = match callback {
        Some((url, verify_token)) => named([
            ("override_callback_uri", url.into()),
            ("verify_token", verify_token.into()),
        ]),
        None => Vec::new(),
    };
    Write::post(format!("/{waba}/subscribed_apps"), params)
}

/// Unsubscribes the token's app from the WABA's webhooks. Idempotent; an override goes with it.
pub fn unsubscribe_app(waba: &WabaId) -> Write {
    Write::delete(format!("/{waba}/subscribed_apps"), Vec::new())
}

/// Copies templates of `source` into `target`; at most 500 ids a call.
pub fn migrate_templates(target: &WabaId, source: &WabaId, ids: &[TemplateId]) -> Write {
    let params = named([
        ("source_waba_id", source.as_str().into()),
        ("template_ids", json!(ids).into()),
    ]);
    Write::post(format!("/{target}/migrate_message_templates"), params)
}

/// Starts the migration of a number. `cc` and national digits stand apart, as the guide wants.
pub fn add_number(target: &WabaId, phone: &Phone) -> Write {
    let (country, national) = phone.split();
    let params = named([
        ("cc", country.into()),
        ("phone_number", national.into()),
        ("migrate_phone_number", true.into()),
    ]);
    Write::post(format!("/{target}/phone_numbers"), params)
}

/// Sets the intent to migrate the source to a Multi-Partner Solution: the one write that goes to
/// the source. It moves nothing; the customer has to accept.
pub fn set_migration_intent(source: &WabaId, solution: &SolutionId) -> Write {
    let params = named([("solution_id", solution.as_str().into())]);
    Write {
        side: Side::Source,
        ..Write::post(format!("/{source}/set_solution_migration_intent"), params)
    }
}

/// Has a one-time code sent. Every call sends another code and makes older ones useless.
pub fn request_code(number: &PhoneNumberId, method: &'static str, language: &str) -> Write {
    let params = named([
        ("code_method", method.into()),
        ("language", language.into()),
    ]);
    Write::post(format!("/{number}/request_code"), params)
}

/// Hands a one-time code in: six digits without the hyphen.
pub fn verify_code(number: &PhoneNumberId, code: Secret) -> Write {
    Write::post(
        format!("/{number}/verify_code"),
        named([("code", code.into())]),
    )
}

/// Registers a number with the Cloud API: the point of no return. The PIN becomes the number's
/// new two-step PIN. At most 10 register and deregister calls per number in 72 hours.
///
/// Only `step/clearance.rs` may call this: it holds the proof that everything is ready.
pub(crate) fn register(number: &PhoneNumberId, pin: Secret) -> Write {
    let params = named([
        ("messaging_product", "whatsapp".into()),
        ("pin", pin.into()),
    ]);
    Write {
        timeout: REGISTER_TIMEOUT,
        is_now_or_never: true,
        ..Write::post(format!("/{number}/register"), params)
    }
}

/// Sets the given fields of a business profile and leaves the others alone.
pub fn set_profile(number: &PhoneNumberId, fields: Map<String, Value>) -> Write {
    let mut params = named([("messaging_product", "whatsapp".into())]);
    for name in PROFILE_FIELDS {
        if let Some(value) = fields.get(name) {
            params.push((name.into(), value.clone().into()));
        }
    }
    Write::post(format!("/{number}/whatsapp_business_profile"), params)
}

/// Creates a template in one language. Meta reviews it; the answer names its id and status.
pub fn create_template(waba: &WabaId, fields: Map<String, Value>) -> Write {
    Write::post(format!("/{waba}/message_templates"), plain(fields))
}

/// Changes the given fields of a template, each as a whole; never its name or language. It is
/// reviewed again.
pub fn edit_template(template: &TemplateId, fields: Map<String, Value>) -> Write {
    Write::post(format!("/{template}"), plain(fields))
}

/// Deletes a template in one language. An approved one's name stays blocked for 30 days.
pub fn delete_template(waba: &WabaId, name: &str, template: &TemplateId) -> Write {
    let params = named([("hsm_id", template.as_str().into()), ("name", name.into())]);
    Write::delete(format!("/{waba}/message_templates"), params)
}

/// Copies flows of `source` into `target`, by name; at most 100 a call.
///
/// Source: <https://developers.facebook.com/docs/whatsapp/flows/reference/flowsapi#migrate>
pub fn migrate_flows(target: &WabaId, source: &WabaId, names: &[&str]) -> Write {
    let params = named([
        ("source_waba_id", source.as_str().into()),
        ("source_flow_names", json!(names).into()),
    ]);
    Write::post(format!("/{target}/migrate_flows"), params)
}

/// Begins an upload to an app: `length` in bytes, `mime` like `image/png`. Nothing comes of a
/// session that gets no bytes.
///
/// Source: <https://developers.facebook.com/docs/graph-api/guides/upload>
pub fn start_upload(app: &AppId, file_name: &str, length: usize, mime: &str) -> Write {
    let params = named([
        ("file_name", file_name.into()),
        ("file_length", json!(length).into()),
        ("file_type", mime.into()),
    ]);
    Write::post_query(format!("/{app}/uploads"), params)
}

/// Sends the rest of a file to its upload session.
///
/// Source: <https://developers.facebook.com/docs/graph-api/guides/upload>
pub fn upload_bytes(session: &UploadSession, part: FilePart) -> Write {
    Write::file(session, part)
}

fn plain(fields: Map<String, Value>) -> Params {
    let plain = |(name, value): (String, Value)| (name.into(), value.into());
    fields.into_iter().map(plain).collect()
}

/// The profile fields that can be set as they were read. (A picture cannot: reading gives a
/// URL, writing wants an upload handle.)
pub const PROFILE_FIELDS: [&str; 6] = [
    "about",
    "address",
    "description",
    "email",
    "websites",
    "vertical",
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::transport::{Body, Method, Param, Request, Scheme};

    #[track_caller]
    fn check(write: &Write, path: &str, params: Value) {
        assert_eq!(write.method, Method::Post);
        assert_eq!(write.path, path);
        assert_eq!(Value::Object(write.public_params()), params);
        assert!(write.request().query.is_empty());
    }

    fn waba() -> WabaId {
        "524126980791429".parse().unwrap()
    }

    fn template() -> TemplateId {
        "1689556908129832".parse().unwrap()
    }

    fn fields(fields: Value) -> Map<String, Value> {
        serde_json::from_value(fields).unwrap()
    }

    #[test]
    fn a_number_is_added_with_country_code_and_national_digits_apart() {
        let phone = "+33 6 12 34 56 78".parse().unwrap();
        check(
            &add_number(&waba(), &phone),
            "/524126980791429/phone_numbers",
            json!({"cc": "33", "phone_number": "612345678", "migrate_phone_number": true}),
        );
    }

    #[test]
    fn secrets_are_never_among_the_public_parameters() {
        let number = "106540352242922".parse().unwrap();
        check(
            &register(&number, Secret::new("248163")),
            "/106540352242922/register",
            json!({"messaging_product": "whatsapp", "pin": "***"}),
        );
        check(
            &verify_code(&number, Secret::new("123456")),
            "/106540352242922/verify_code",
            json!({"code": "***"}),
        );
    }

    #[test]
    fn a_subscription_without_callback_has_no_parameters() {
        let waba = waba();
        check(
            &subscribe_app(&waba, None),
            "/524126980791429/subscribed_apps",
            json!({}),
        );
        check(
            &subscribe_app(
                &waba,
                Some(("https://hooks.acme.example", Secret::new("v"))),
            ),
            "/524126980791429/subscribed_apps",
            json!({"override_callback_uri": "https://hooks.acme.example", "verify_token": "***"}),
        );
    }

    #[test]
    fn a_template_is_created_on_its_account_and_edited_at_its_own_node() {
        let content = json!({"name": "order", "language": "de", "components": [{"type": "BODY", "text": "Hi"}]});
        check(
            &create_template(&waba(), fields(content.clone())),
            "/524126980791429/message_templates",
            content,
        );
        let content = json!({"components": [{"type": "BODY", "text": "Hello"}]});
        check(
            &edit_template(&template(), fields(content.clone())),
            "/1689556908129832",
            content,
        );
    }

    #[test]
    fn flows_are_copied_by_name() {
        check(
            &migrate_flows(&waba(), &"10".parse().unwrap(), &["lead", "book"]),
            "/524126980791429/migrate_flows",
            json!({"source_waba_id": "10", "source_flow_names": ["lead", "book"]}),
        );
    }

    fn query(request: &Request) -> Value {
        let plain = |param: &Param| match param {
            Param::Plain(value) => value.clone(),
            Param::Secret(_) => panic!("a secret"),
        };
        let query = request.query.iter();
        query
            .map(|(name, param)| (name.to_string(), plain(param)))
            .collect()
    }

    #[test]
    fn one_language_of_a_template_is_deleted_by_its_query() {
        let write = delete_template(&waba(), "order", &template());
        assert_eq!(write.method, Method::Delete);
        assert_eq!(write.path, "/524126980791429/message_templates");
        let expected = json!({"hsm_id": "1689556908129832", "name": "order"});
        assert_eq!(Value::Object(write.public_params()), expected);
        let request = write.request();
        assert!(matches!(request.body, Body::Nothing));
        assert_eq!(query(&request), expected);
    }

    #[test]
    fn an_upload_begins_with_what_will_come() {
        let write = start_upload(
            &"634974688087057".parse().unwrap(),
            "a b.png",
            9,
            "image/png",
        );
        assert_eq!(write.method, Method::Post);
        assert_eq!(write.path, "/634974688087057/uploads");
        let expected = json!({"file_name": "a b.png", "file_length": 9, "file_type": "image/png"});
        assert_eq!(Value::Object(write.public_params()), expected);
        let request = write.request();
        assert!(matches!(request.body, Body::Nothing));
        assert_eq!(query(&request), expected);
    }

    #[test]
    fn an_upload_shows_how_much_it_sends_but_not_what() {
        let session: UploadSession = "upload:MTph==?sig=AR%2Bz".parse().unwrap();
        let bytes: Arc<[u8]> = Arc::from(*b"xxabc");
        let write = upload_bytes(&session, FilePart::rest(&bytes, 2).unwrap());
        assert_eq!(write.path, "/upload:MTph==");
        assert_eq!(
            Value::Object(write.public_params()),
            json!({"file_offset": 2, "length": 3,
                "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})
        );
        let request = write.request();
        assert_eq!(request.given_query.as_deref(), Some("sig=AR%2Bz"));
        assert_eq!((request.scheme, request.query.len()), (Scheme::OAuth, 0));
        assert!(matches!(request.body, Body::File(part) if part.bytes() == b"abc"));
    }
}
