//! Requests as plain values: a [`Read`] or a [`Write`], never both.
//!
//! Reads are built where the thing they read is described (`resource/`); the writes of a migration
//! all stand here, next to each other, so that one page shows everything this program can change.
//!
//! Source of paths and parameters: Meta's reference of the WhatsApp Business Account and phone
//! number nodes, <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>,
//! and the programmatic migration guide,
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/guides/migrating-phone-numbers-between-wabas-programmatically>.

use std::{marker::PhantomData, time::Duration};

use crate::api::transport::{Method, Params};

/// How long an ordinary call may take. Template copies run into a 30 s limit on Meta's side.
const CALL_TIMEOUT: Duration = Duration::from_secs(45);

/// Register "may take up to 15 s or more"; Meta's guide asks for patience of at least 60 s.
const REGISTER_TIMEOUT: Duration = Duration::from_secs(90);

/// A GET that answers a `T`. The path carries no API version.
#[derive(Clone, Debug)]
pub struct Read<T> {
    pub(super) path: String,
    pub(super) query: Params,
    pub(super) timeout: Duration,
    answer: PhantomData<fn() -> T>,
}

impl<T> Read<T> {
    /// Reads `path`, like `/debug_token`.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            query: Params::new(),
            timeout: CALL_TIMEOUT,
            answer: PhantomData,
        }
    }

    /// Adds a query parameter.
    pub fn with(
        mut self,
        name: &'static str,
        value: impl Into<crate::api::transport::Param>,
    ) -> Self {
        self.query.push((name, value.into()));
        self
    }
}

/// The two ends of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The account that the numbers leave.
    Source,
    /// The account that receives them.
    Target,
}

/// A POST or DELETE. The path carries no API version.
#[derive(Clone, Debug)]
pub struct Write {
    /// How.
    pub method: Method,
    /// Where, like `/102290129340398/phone_numbers`.
    pub path: String,
    /// Whose token sends it.
    pub side: Side,
    /// Whether it is sent at once or not at all, and never repeated without a new decision.
    pub is_now_or_never: bool,
    pub(super) params: Params,
    pub(super) timeout: Duration,
}

impl Write {
    fn post(path: String, params: Params) -> Self {
        Self {
            method: Method::Post,
            path,
            side: Side::Target,
            is_now_or_never: false,
            params,
            timeout: CALL_TIMEOUT,
        }
    }

    /// Returns the parameters anybody may see; the names of the others stand with `***`.
    pub fn public_params(&self) -> serde_json::Map<String, serde_json::Value> {
        use crate::api::transport::Param;
        let shown = |param: &Param| match param {
            Param::Plain(value) => value.clone(),
            Param::Secret(_) => "***".into(),
        };
        self.params
            .iter()
            .map(|(name, param)| ((*name).to_owned(), shown(param)))
            .collect()
    }
}

/// The writes of a migration.
pub mod write {
    use serde_json::{Map, Value, json};

    use super::{Method, Params, REGISTER_TIMEOUT, Side, Write};
    use crate::{
        ids::{PhoneNumberId, SolutionId, TemplateId, WabaId},
        phone::Phone,
        secret::Secret,
    };

    /// Subscribes the token's app to the WABA's webhooks. Idempotent per app; **without an
    /// override an existing one is removed**, so callers send this only where none may be lost.
    pub fn subscribe_app(waba: &WabaId, callback: Option<(&str, Secret)>) -> Write {
        let params = match callback {
            Some((url, verify_token)) => {
                vec![
                    ("override_callback_uri", url.into()),
                    ("verify_token", verify_token.into()),
                ]
            }
            None => Vec::new(),
        };
        Write::post(format!("/{waba}/subscribed_apps"), params)
    }

    /// Copies templates of `source` into `target`; at most 500 ids a call.
    pub fn migrate_templates(target: &WabaId, source: &WabaId, ids: &[TemplateId]) -> Write {
        let params = vec![
            ("source_waba_id", source.as_str().into()),
            ("template_ids", json!(ids).into()),
        ];
        Write::post(format!("/{target}/migrate_message_templates"), params)
    }

    /// Creates a template in one language. It is reviewed.
    pub fn create_template(waba: &WabaId, fields: &Map<String, Value>) -> Write {
        Write::post(
            format!("/{waba}/message_templates"),
            chosen(&TEMPLATE_FIELDS, fields),
        )
    }

    /// Changes a template; components are replaced as a whole. It is reviewed again.
    pub fn edit_template(template: &TemplateId, fields: &Map<String, Value>) -> Write {
        Write::post(format!("/{template}"), chosen(&TEMPLATE_FIELDS, fields))
    }

    /// Deletes one language of a template. Its name stays blocked for 30 days.
    pub fn delete_template(waba: &WabaId, name: &str, template: &TemplateId) -> Write {
        let params = vec![("hsm_id", template.as_str().into()), ("name", name.into())];
        Write {
            method: Method::Delete,
            ..Write::post(format!("/{waba}/message_templates"), params)
        }
    }

    /// Copies flows of `source` into `target` by name; at most 100 a call.
    pub fn migrate_flows(target: &WabaId, source: &WabaId, names: &[String]) -> Write {
        let params = vec![
            ("source_waba_id", source.as_str().into()),
            ("source_flow_names", json!(names).into()),
        ];
        Write::post(format!("/{target}/migrate_flows"), params)
    }

    /// What can be set of a template. Name and language only when it is created.
    const TEMPLATE_FIELDS: [&str; 9] = [
        "name",
        "language",
        "category",
        "parameter_format",
        "message_send_ttl_seconds",
        "allow_category_change",
        "sub_category",
        "cta_url_link_tracking_opted_out",
        "components",
    ];

    fn chosen(names: &[&'static str], fields: &Map<String, Value>) -> Params {
        let chosen = names.iter().filter_map(|name| {
            let value = fields.get(*name)?;
            Some((*name, value.clone().into()))
        });
        chosen.collect()
    }

    /// Starts the migration of a number. `cc` and national digits stand apart, as the guide wants.
    pub fn add_number(target: &WabaId, phone: &Phone) -> Write {
        let (country, national) = phone.split();
        let params = vec![
            ("cc", country.into()),
            ("phone_number", national.into()),
            ("migrate_phone_number", true.into()),
        ];
        Write::post(format!("/{target}/phone_numbers"), params)
    }

    /// Sets the intent to migrate the source to a Multi-Partner Solution: the one write that goes to
    /// the source. It moves nothing; the customer has to accept.
    pub fn set_migration_intent(source: &WabaId, solution: &SolutionId) -> Write {
        let params = vec![("solution_id", solution.as_str().into())];
        Write {
            side: Side::Source,
            ..Write::post(format!("/{source}/set_solution_migration_intent"), params)
        }
    }

    /// Has a one-time code sent. Every call sends another code and makes older ones useless.
    pub fn request_code(number: &PhoneNumberId, method: &'static str, language: &str) -> Write {
        let params = vec![
            ("code_method", method.into()),
            ("language", language.into()),
        ];
        Write::post(format!("/{number}/request_code"), params)
    }

    /// Hands a one-time code in: six digits without the hyphen.
    pub fn verify_code(number: &PhoneNumberId, code: Secret) -> Write {
        Write::post(
            format!("/{number}/verify_code"),
            vec![("code", code.into())],
        )
    }

    /// Registers a number with the Cloud API: the point of no return. The PIN becomes the number's
    /// new two-step PIN. At most 10 register and deregister calls per number in 72 hours.
    ///
    /// Only `step/clearance.rs` may call this: it holds the proof that everything is ready.
    pub(crate) fn register(number: &PhoneNumberId, pin: Secret) -> Write {
        let params = vec![
            ("messaging_product", "whatsapp".into()),
            ("pin", pin.into()),
        ];
        Write {
            timeout: REGISTER_TIMEOUT,
            is_now_or_never: true,
            ..Write::post(format!("/{number}/register"), params)
        }
    }

    /// Sets the given fields of a business profile and leaves the others alone.
    pub fn set_profile(number: &PhoneNumberId, fields: Map<String, Value>) -> Write {
        let mut params = vec![("messaging_product", "whatsapp".into())];
        params.extend(chosen(&PROFILE_FIELDS, &fields));
        Write::post(format!("/{number}/whatsapp_business_profile"), params)
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[track_caller]
    fn check(write: &Write, path: &str, params: serde_json::Value) {
        assert_eq!(write.method, Method::Post);
        assert_eq!(write.path, path);
        assert_eq!(serde_json::Value::Object(write.public_params()), params);
    }

    #[test]
    fn a_number_is_added_with_country_code_and_national_digits_apart() {
        let phone = "+33 6 12 34 56 78".parse().unwrap();
        check(
            &write::add_number(&"524126980791429".parse().unwrap(), &phone),
            "/524126980791429/phone_numbers",
            serde_json::json!({"cc": "33", "phone_number": "612345678", "migrate_phone_number": true}),
        );
    }

    #[test]
    fn secrets_are_never_among_the_public_parameters() {
        let number = "106540352242922".parse().unwrap();
        check(
            &write::register(&number, Secret::new("248163")),
            "/106540352242922/register",
            serde_json::json!({"messaging_product": "whatsapp", "pin": "***"}),
        );
        check(
            &write::verify_code(&number, Secret::new("123456")),
            "/106540352242922/verify_code",
            serde_json::json!({"code": "***"}),
        );
    }

    #[test]
    fn a_subscription_without_callback_has_no_parameters() {
        let waba = "524126980791429".parse().unwrap();
        check(
            &write::subscribe_app(&waba, None),
            "/524126980791429/subscribed_apps",
            serde_json::json!({}),
        );
        check(
            &write::subscribe_app(
                &waba,
                Some(("https://hooks.acme.example", Secret::new("v"))),
            ),
            "/524126980791429/subscribed_apps",
            serde_json::json!({"override_callback_uri": "https://hooks.acme.example", "verify_token": "***"}),
        );
    }
}
