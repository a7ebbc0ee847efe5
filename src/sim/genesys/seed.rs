//! The parts that organizations of made-up worlds consist of.
//!
//! What clients send back whole has more properties here than a migration looks at, as it has in
//! real organizations.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{
    access::PERMISSIONS,
    integrations, life,
    organization::{
        MESSAGE_FLOW, MessageFlow, OAuthClient, Organization, Recipient, reference, stamp,
    },
    words::SignupVersion,
};
use crate::{ids::WabaId, phone::Phone, secret::Secret, sim::world::World};

/// Makes an organization that has what every organization has: a content profile and a setting.
pub fn organization(world: &mut World, name: &str, region: &str) -> Organization {
    let mut org = Organization::empty(world, name, region);
    add_content(world, &mut org, "Default profile");
    add_setting(world, &mut org, "Default setting");
    org
}

/// Adds an OAuth client that may do all that a migration needs.
pub fn add_client(org: &mut Organization, id: &str, secret: Secret) {
    let permissions: BTreeSet<String> = PERMISSIONS.map(str::to_owned).into();
    org.clients.push(OAuthClient {
        id: id.to_owned(),
        name: "Migration".into(),
        secret,
        token_seconds: 86_400,
        permissions,
        inactive: false,
    });
}

/// Adds a published message flow and returns its id.
pub fn add_flow(world: &mut World, org: &mut Organization, name: &str) -> String {
    let id = world.invent_uuid();
    org.flows.push(MessageFlow {
        id: id.clone(),
        name: name.to_owned(),
        kind: MESSAGE_FLOW.into(),
        published: true,
        deleted: false,
    });
    id
}

/// Adds a content profile and returns its id.
pub fn add_content(world: &mut World, org: &mut Organization, name: &str) -> String {
    let id = world.invent_uuid();
    let allow = json!({"inbound": [{"type": "*/*"}], "outbound": [{"type": "image/*"}]});
    let mut object = common(
        world,
        org,
        "/api/v2/conversations/messaging/supportedcontent",
        &id,
        name,
    );
    object.insert("version".into(), json!(1));
    object.insert("mediaTypes".into(), json!({ "allow": allow }));
    org.supported_content.0.push(Value::Object(object));
    id
}

/// Adds a messaging setting and returns its id.
pub fn add_setting(world: &mut World, org: &mut Organization, name: &str) -> String {
    let id = world.invent_uuid();
    let mut object = common(
        world,
        org,
        "/api/v2/conversations/messaging/settings",
        &id,
        name,
    );
    object.insert("version".into(), json!("1"));
    object.insert(
        "event".into(),
        json!({"typing": {"on": {"inbound": "Enabled", "outbound": "Disabled"}}}),
    );
    org.messaging_settings.0.push(Value::Object(object));
    id
}

/// Adds an integration that has been active for a year, and returns its id.
pub fn add_integration(
    world: &mut World,
    org: &mut Organization,
    (waba, phone): (&WabaId, &Phone),
    name: &str,
    flow: Option<&str>,
) -> String {
    let number = (waba.clone(), phone.clone());
    let id = integrations::add(world, org, number, name.to_owned(), SignupVersion::V2);
    life::make_active(world, org, &id);
    let then = a_year_ago(world);
    if let Some(it) = org.integration_mut(&id) {
        it.created = then;
        it.modified = then;
    }
    let recipients = org.recipients.iter_mut();
    let own = recipients.filter(|it| it.integration == id);
    own.for_each(|it| {
        it.flow = flow.map(str::to_owned);
        it.created = then;
        it.modified = then;
    });
    id
}

/// Adds a recipient of another channel and returns its id.
pub fn add_other_recipient(
    world: &mut World,
    org: &mut Organization,
    (name, channel): (&str, &str),
    flow: Option<&str>,
) -> String {
    let id = world.invent_uuid();
    org.recipients.push(Recipient {
        id: id.clone(),
        name: name.to_owned(),
        integration: id.clone(),
        channel: channel.to_owned(),
        flow: flow.map(str::to_owned),
        created: a_year_ago(world),
        modified: a_year_ago(world),
    });
    id
}

/// Adds a queue, with the integration that messages of its agents are sent from, and returns its id.
pub fn add_queue(
    world: &mut World,
    org: &mut Organization,
    name: &str,
    integration: Option<&str>,
) -> String {
    let id = world.invent_uuid();
    let mut queue = common(world, org, "/api/v2/routing/queues", &id, name);
    queue.insert("description".into(), json!("Chats of the shop"));
    queue.insert("memberCount".into(), json!(12));
    queue.insert("skillEvaluationMethod".into(), json!("BEST"));
    queue.insert(
        "acwSettings".into(),
        json!({"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 300_000}),
    );
    queue.insert("mediaSettings".into(), json!({"message": {"enableAutoAnswer": false, "alertingTimeoutSeconds": 30, "serviceLevel": {"percentage": 0.8, "durationMs": 20_000}}}));
    queue.insert("enableTranscription".into(), json!(false));
    let mut addresses = json!({"smsAddress": {"id": world.invent_uuid()}});
    if let Some(recipient) = integration.and_then(|id| org.recipient_of(id)) {
        addresses["whatsAppRecipient"] =
            reference("/api/v2/routing/message/recipients", &recipient.id);
    }
    queue.insert("outboundMessagingAddresses".into(), addresses);
    org.queues.0.push(Value::Object(queue));
    id
}

/// Adds a WhatsApp campaign that sends a canned response from an integration, and returns its id.
pub fn add_campaign(
    world: &mut World,
    org: &mut Organization,
    (name, status): (&str, &str),
    (integration, response): (Option<&str>, Option<&str>),
) -> String {
    let id = world.invent_uuid();
    let mut campaign = common(world, org, "/api/v2/outbound/messagingcampaigns", &id, name);
    campaign.insert("version".into(), json!(4));
    campaign.insert("campaignStatus".into(), json!(status));
    campaign.insert("messagesPerMinute".into(), json!(30));
    campaign.insert("alwaysRunning".into(), json!(false));
    campaign.insert(
        "contactList".into(),
        reference("/api/v2/outbound/contactlists", &world.invent_uuid()),
    );
    campaign.insert(
        "contactSorts".into(),
        json!([{"fieldName": "last_order", "direction": "DESC", "numeric": false}]),
    );
    campaign.insert("dncLists".into(), json!([{"id": world.invent_uuid()}]));
    let mut config = json!({"whatsAppColumns": [{"column": "phone", "type": "Mobile"}]});
    if let Some(id) = integration {
        config["whatsAppIntegration"] =
            reference("/api/v2/conversations/messaging/integrations/whatsapp", id);
    }
    if let Some(id) = response {
        config["contentTemplate"] = reference("/api/v2/responsemanagement/responses", id);
    }
    campaign.insert("whatsAppConfig".into(), config);
    org.campaigns.0.push(Value::Object(campaign));
    id
}

/// Adds a digital rule set that changes integration and canned response, and returns its id.
pub fn add_rule_set(
    world: &mut World,
    org: &mut Organization,
    name: &str,
    (integration, response): (Option<&str>, Option<&str>),
) -> String {
    let id = world.invent_uuid();
    let mut actions =
        vec![json!({"type": "markContactUncontactable", "updateOption": {"value": "set"}})];
    if let Some(id) = integration {
        actions.push(json!({"type": "setWhatsAppIntegration", "setWhatsAppIntegrationActionSettings": {"whatsAppIntegrationId": id}}));
    }
    if let Some(id) = response {
        actions.push(json!({"type": "setContentTemplate", "setContentTemplateActionSettings": {"whatsAppContentTemplateId": id}}));
    }
    let rules = json!([{"id": world.invent_uuid(), "name": "By country", "order": 0, "category": "PreContact", "conditions": [{"inverted": false, "contactColumnConditionSettings": {"columnName": "country", "operator": "Equals", "value": "DE", "valueType": "String"}}], "actions": actions}]);
    let mut set = common(world, org, "/api/v2/outbound/digitalrulesets", &id, name);
    set.insert("version".into(), json!(2));
    set.insert(
        "contactList".into(),
        reference("/api/v2/outbound/contactlists", &world.invent_uuid()),
    );
    set.insert("rules".into(), rules);
    org.rule_sets.0.push(Value::Object(set));
    id
}

/// Adds a library of canned responses and returns its id.
pub fn add_library(world: &mut World, org: &mut Organization, name: &str) -> String {
    let id = world.invent_uuid();
    let mut library = common(
        world,
        org,
        "/api/v2/responsemanagement/libraries",
        &id,
        name,
    );
    library.insert("version".into(), json!(1));
    org.libraries.0.push(Value::Object(library));
    id
}

/// What a canned response says: the template, its language, its namespace.
#[derive(Clone, Copy, Debug)]
pub struct Says<'a> {
    /// The template's name.
    pub template: &'a str,
    /// Its language.
    pub language: &'a str,
    /// The namespace of the account that it is on.
    pub namespace: Option<&'a str>,
}

/// Adds a canned response to a library and returns its id. Without a template it is plain text.
pub fn add_response(
    world: &mut World,
    org: &mut Organization,
    library: &str,
    name: &str,
    says: Option<Says<'_>>,
) -> String {
    let id = world.invent_uuid();
    let shelf = org.libraries.get(library);
    let mut held = reference("/api/v2/responsemanagement/libraries", library);
    held["name"] = shelf.map_or(Value::Null, |library| library["name"].clone());
    let mut response = common(
        world,
        org,
        "/api/v2/responsemanagement/responses",
        &id,
        name,
    );
    response.insert("version".into(), json!(3));
    response.insert("libraries".into(), json!([held]));
    response.insert(
        "texts".into(),
        json!([{"content": "Hello {{Name}}", "contentType": "text/plain", "type": "body"}]),
    );
    response.insert(
        "substitutions".into(),
        json!([{"id": "Name", "description": "First name", "defaultValue": "friend"}]),
    );
    response.insert("interactionType".into(), json!("message"));
    if let Some(says) = says {
        let mut template = json!({
            "name": says.template,
            "language": says.language,
            "header": {"type": "Text", "content": "News"},
            "messageFooter": {"type": "Text", "content": "Reply STOP to end"},
            "buttons": [{"type": "QuickReply", "content": "Thanks", "payload": "thanks"}],
        });
        if let Some(namespace) = says.namespace {
            template["namespace"] = json!(namespace);
        }
        response.insert("responseType".into(), json!("MessagingTemplate"));
        response.insert("messagingTemplate".into(), json!({ "whatsApp": template }));
    }
    let response = Value::Object(response);
    org.index.known.0.push(response.clone());
    org.responses.0.push(response);
    id
}

fn common(
    world: &World,
    org: &Organization,
    folder: &str,
    id: &str,
    name: &str,
) -> Map<String, Value> {
    let then = stamp(a_year_ago(world));
    let user = reference("/api/v2/users", &org.user);
    let object = json!({
        "id": id,
        "name": name,
        "division": {"id": org.division, "name": "Home", "selfUri": format!("/api/v2/authorization/divisions/{}", org.division)},
        "dateCreated": then,
        "dateModified": then,
        "createdBy": user,
        "selfUri": format!("{folder}/{id}"),
    });
    object.as_object().cloned().unwrap_or_default()
}

fn a_year_ago(world: &World) -> Timestamp {
    let year = SignedDuration::from_hours(365 * 24);
    world.now.checked_sub(year).unwrap_or(world.now)
}
