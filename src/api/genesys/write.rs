//! The writes of a migration in Genesys Cloud, next to each other, so that one page shows everything
//! this program can change there.
//!
//! Source of paths and bodies: the operations of the official SDKs,
//! <https://github.com/MyPureCloud/platform-client-sdk-python/tree/master/build/docs> (`ConversationsApi`,
//! `RoutingApi`, `OutboundApi`, `ResponseManagementApi`), and
//! <https://developer.genesys.cloud/commdigital/digital/>.

use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::request::below_root;
use crate::{
    api::{
        request::{Content, Side, Write, named},
        transport::{Method, Param, Params},
    },
    ids::{
        ArchitectFlowId, CampaignId, IntegrationId, MessagingSettingId, QueueId, RecipientId,
        ResponseId, RuleSetId, SupportedContentId,
    },
    phone::Phone,
    secret::Secret,
};

/// Activation registers the number at Meta, which "may take up to 15 s or more".
const ACTIVATION_TIMEOUT: Duration = Duration::from_secs(90);

/// What of an integration is changed; the rest stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntegrationChange {
    /// Its name.
    pub name: Option<String>,
    /// What media it takes and sends.
    pub supported_content: Option<SupportedContentId>,
    /// How it behaves.
    pub messaging_setting: Option<MessagingSettingId>,
}

/// Sends a number's messages to a flow, or, with `None`, to nobody. Idempotent.
pub fn set_flow(recipient: &RecipientId, flow: Option<&ArchitectFlowId>) -> Write {
    let path = format!("/routing/message/recipients/{}", recipient.segment());
    let flow = flow.map_or(Value::Null, |flow| json!({ "id": flow }));
    let params = named([("flow", flow.into())]);
    write(Method::Put, &path, Content::Body(params))
}

/// Deletes an integration, for good. It takes its recipient with it; a number that is taken up again
/// gets another one. Accepted means that it has begun.
pub fn delete_integration(integration: &IntegrationId) -> Write {
    let path = format!("{INTEGRATIONS}/{}", integration.segment());
    write(Method::Delete, &path, nothing())
}

/// Activates an integration: the point of no return, for it registers the number at Meta. The PIN
/// becomes the number's two-step PIN, unless it has one already. Of the older kind of signup the number
/// is named, of the newer one the name.
///
/// Meta counts the attempts, so this is never repeated by itself. Only the clearance of the step that
/// attaches a number may call this: it holds the proof that everything is ready.
pub(crate) fn activate(
    integration: &IntegrationId,
    phone: Option<&Phone>,
    name: Option<&str>,
    pin: Secret,
) -> Write {
    let path = format!("{INTEGRATIONS}/embeddedsignup/{}", integration.segment());
    let phone = phone.map(|phone| ("phoneNumber".into(), Param::from(phone.to_string())));
    let name = name.map(|name| ("name".into(), Param::from(name)));
    let pin = Some(("pin".into(), Param::Secret(pin)));
    let params: Params = [phone, name, pin].into_iter().flatten().collect();
    Write {
        is_now_or_never: true,
        timeout: ACTIVATION_TIMEOUT,
        ..write(Method::Patch, &path, Content::Body(params))
    }
}

/// Changes name, content profile and message setting of an integration. Idempotent. Accepted may mean
/// that it has begun.
pub fn update_integration(integration: &IntegrationId, change: &IntegrationChange) -> Write {
    let path = format!("{INTEGRATIONS}/{}", integration.segment());
    let mut params = Params::new();
    if let Some(name) = &change.name {
        params.push(("name".into(), name.as_str().into()));
    }
    if let Some(id) = &change.supported_content {
        params.push(("supportedContent".into(), json!({ "id": id }).into()));
    }
    if let Some(id) = &change.messaging_setting {
        params.push(("messagingSetting".into(), json!({ "id": id }).into()));
    }
    write(Method::Patch, &path, Content::Body(params))
}

/// Sets whether and where an integration looks for the contacts behind numbers. Idempotent.
pub fn set_identity_resolution(integration: &IntegrationId, object: Map<String, Value>) -> Write {
    let path = format!(
        "/conversations/messaging/identityresolution/integrations/whatsapp/{}",
        integration.segment()
    );
    let plain = |(name, value): (String, Value)| (name.into(), value.into());
    let params = object.into_iter().map(plain).collect();
    write(Method::Put, &path, Content::Body(params))
}

/// Replaces a queue as a whole. It has no version: the last one to write wins.
pub fn replace_queue(queue: &QueueId, object: Map<String, Value>, changed: &[String]) -> Write {
    let path = format!("/routing/queues/{}", queue.segment());
    replace(&path, object, changed)
}

/// Replaces a messaging campaign as a whole; refused when it has another version by now.
pub fn replace_campaign(
    campaign: &CampaignId,
    object: Map<String, Value>,
    changed: &[String],
) -> Write {
    replace(&campaign_path(campaign), object, changed)
}

/// Replaces a digital rule set as a whole; refused when it has another version by now.
pub fn replace_rule_set(
    rule_set: &RuleSetId,
    object: Map<String, Value>,
    changed: &[String],
) -> Write {
    let path = format!("/outbound/digitalrulesets/{}", rule_set.segment());
    replace(&path, object, changed)
}

/// Replaces a canned response as a whole; refused when it has another version by now. The API may
/// ignore some of it, so the result has to be read back.
pub fn replace_response(
    response: &ResponseId,
    object: Map<String, Value>,
    changed: &[String],
) -> Write {
    let path = format!("/responsemanagement/responses/{}", response.segment());
    replace(&path, object, changed)
}

const INTEGRATIONS: &str = "/conversations/messaging/integrations/whatsapp";

fn campaign_path(campaign: &CampaignId) -> String {
    format!("/outbound/messagingcampaigns/{}", campaign.segment())
}

fn nothing() -> Content {
    Content::Query(Params::new())
}

/// A PUT of a whole object. Of what stands in it only the names of what is changed are shown, with
/// its version and the digest of everything: the rest is somebody else's and may be long.
fn replace(path: &str, object: Map<String, Value>, changed: &[String]) -> Write {
    let text = serde_json_canonicalizer::to_string(&object).expect("JSON values always serialize");
    let mut shown = Map::new();
    shown.insert("changed".to_owned(), json!(changed));
    shown.insert(
        "sha256".to_owned(),
        hex::encode(Sha256::digest(text)).into(),
    );
    if let Some(version) = object.get("version") {
        shown.insert("version".to_owned(), version.clone());
    }
    write(Method::Put, path, Content::Whole { object, shown })
}

fn write(method: Method, path: &str, content: Content) -> Write {
    Write {
        side: Side::Genesys,
        ..Write::new(method, below_root(path), content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::transport::Body;

    #[track_caller]
    fn check(write: &Write, method: Method, path: &str, params: Value) {
        assert_eq!((write.method, &*write.path), (method, path));
        assert_eq!(write.side, Side::Genesys);
        assert_eq!(Value::Object(write.public_params()), params);
        assert!(write.request().query.is_empty());
    }

    fn object(object: Value) -> Map<String, Value> {
        serde_json::from_value(object).unwrap()
    }

    fn integration() -> IntegrationId {
        "9a0c".parse().unwrap()
    }

    const BASE: &str = "/api/v2/conversations/messaging/integrations/whatsapp";

    #[test]
    fn a_flow_is_set_and_taken_away() {
        let recipient = "r/1".parse().unwrap();
        let flow = "900fa1cb".parse().unwrap();
        let path = "/api/v2/routing/message/recipients/r%2F1";
        check(
            &set_flow(&recipient, Some(&flow)),
            Method::Put,
            path,
            json!({"flow": {"id": "900fa1cb"}}),
        );
        let none = json!({"flow": null});
        check(&set_flow(&recipient, None), Method::Put, path, none);
    }

    #[test]
    fn an_integration_is_deleted_by_its_id_alone() {
        let write = delete_integration(&integration());
        check(&write, Method::Delete, &format!("{BASE}/9a0c"), json!({}));
        assert!(matches!(write.request().body, Body::Nothing));
    }

    #[test]
    fn an_activation_is_sent_once_and_shows_no_pin() {
        let phone: Phone = "+49 30 123456".parse().unwrap();
        let path = format!("{BASE}/embeddedsignup/9a0c");
        let pin = || Secret::new("248163");
        let older = activate(&integration(), Some(&phone), None, pin());
        let params = json!({"phoneNumber": "+4930123456", "pin": "***"});
        check(&older, Method::Patch, &path, params);
        assert!(older.is_now_or_never && older.timeout > Duration::from_secs(60));
        let newer = activate(&integration(), None, Some("Berlin"), pin());
        let params = json!({"name": "Berlin", "pin": "***"});
        check(&newer, Method::Patch, &path, params);
        assert!(!format!("{older:?}{newer:?}").contains("248163"));
    }

    #[test]
    fn only_what_is_named_of_an_integration_is_changed() {
        let path = format!("{BASE}/9a0c");
        let change = IntegrationChange {
            name: Some("Berlin".into()),
            ..IntegrationChange::default()
        };
        let write = update_integration(&integration(), &change);
        check(&write, Method::Patch, &path, json!({"name": "Berlin"}));
        let change = IntegrationChange {
            name: None,
            supported_content: "c1".parse().ok(),
            messaging_setting: "m1".parse().ok(),
        };
        check(
            &update_integration(&integration(), &change),
            Method::Patch,
            &path,
            json!({"supportedContent": {"id": "c1"}, "messagingSetting": {"id": "m1"}}),
        );
    }

    #[test]
    fn a_replaced_object_is_sent_whole_and_shown_in_part() {
        let whole =
            json!({"id": "c1", "version": 4, "name": "private", "contacts": {"a": [1, null]}});
        let changed = ["name".to_owned()];
        let write = replace_campaign(&"c1".parse().unwrap(), object(whole.clone()), &changed);
        let path = "/api/v2/outbound/messagingcampaigns/c1";
        let shown = write.public_params();
        let canonical = r#"{"contacts":{"a":[1,null]},"id":"c1","name":"private","version":4}"#;
        assert_eq!(shown["sha256"], hex::encode(Sha256::digest(canonical)));
        assert_eq!(
            (&shown["changed"], &shown["version"]),
            (&json!(["name"]), &json!(4))
        );
        assert!(!Value::Object(shown).to_string().contains("private"));
        assert_eq!((write.method, &*write.path), (Method::Put, path));
        let Body::Json(params) = write.request().body else {
            panic!("no JSON")
        };
        let sent: Map<String, Value> = params
            .into_iter()
            .map(|(name, param)| match param {
                Param::Plain(value) => (name.into_owned(), value),
                Param::Secret(_) => panic!("a secret"),
            })
            .collect();
        assert_eq!(Value::Object(sent), whole);
    }

    #[test]
    fn every_kind_of_object_has_its_path() {
        #[track_caller]
        fn check(write: &Write, path: &str) {
            assert_eq!(write.path, format!("/api/v2{path}"));
            assert_eq!((write.method, write.side), (Method::Put, Side::Genesys));
            assert!(!write.public_params().contains_key("version"));
        }
        let it = || Map::new();
        let queue = replace_queue(&"a b".parse().unwrap(), it(), &[]);
        check(&queue, "/routing/queues/a%20b");
        let rules = replace_rule_set(&"1".parse().unwrap(), it(), &[]);
        check(&rules, "/outbound/digitalrulesets/1");
        let response = replace_response(&"2".parse().unwrap(), it(), &[]);
        check(&response, "/responsemanagement/responses/2");
    }

    #[test]
    fn the_resolution_of_contacts_is_set() {
        let resolution = json!({"resolveIdentities": true, "division": {"id": "d"}});
        check(
            &set_identity_resolution(&integration(), object(resolution.clone())),
            Method::Put,
            "/api/v2/conversations/messaging/identityresolution/integrations/whatsapp/9a0c",
            resolution,
        );
    }
}
