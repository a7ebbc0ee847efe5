//! How integrations and recipients look in answers.

use serde_json::{Map, Value, json};

use super::{
    ask::Ask,
    organization::{
        INTEGRATIONS, Integration, MessageFlow, Organization, Recipient, Shelf, reference, stamp,
    },
    switches::NumberSpelling,
    words::{IntegrationStatus, SignupVersion},
};
use crate::{
    phone::Phone,
    sim::{
        words::NumberStatus,
        world::{Number, World},
    },
};

const CONTENT: &str = "/api/v2/conversations/messaging/supportedcontent";
const SETTINGS: &str = "/api/v2/conversations/messaging/settings";
const RECIPIENTS: &str = "/api/v2/routing/message/recipients";

/// Returns a WhatsApp integration as an answer shows it.
pub fn integration(world: &World, org: &Organization, it: &Integration, ask: &Ask) -> Value {
    let mut shown = Map::new();
    let mut add = |name: &str, value: Value| {
        if !value.is_null() {
            shown.insert(name.to_owned(), value);
        }
    };
    add("id", json!(it.id));
    add("name", json!(it.name));
    add("version", json!(it.version));
    add("status", json!(status(org, it)));
    add("createStatus", json!(it.create_status.as_str()));
    add("createError", json!(it.create_error));
    add("activationErrorInfo", json!(it.activation_error));
    if it.activation_error.is_some() {
        add("activationStatusCode", json!("ActivationFailed"));
    }
    if it.is_since(org.switches.waba_shown) {
        add("whatsAppBusinessAccountId", json!(it.waba));
    }
    if let Some(phone) = it.phone.as_ref().filter(|_| it.was_active) {
        add("phoneNumber", json!(spelled(org, phone)));
    }
    add("availablePhoneNumbers", available(world, org, it));
    if let Some(recipient) = org.recipient_of(&it.id) {
        let mut shown = reference(RECIPIENTS, &recipient.id);
        shown["name"] = json!(recipient.name);
        add("recipient", shown);
    }
    let whole = ask.expands("supportedContent");
    add(
        "supportedContent",
        part(
            &org.supported_content,
            CONTENT,
            it.supported_content.as_deref(),
            whole,
        ),
    );
    let whole = ask.expands("messagingSetting");
    add(
        "messagingSetting",
        part(
            &org.messaging_settings,
            SETTINGS,
            it.messaging_setting.as_deref(),
            whole,
        ),
    );
    if ask.expands("identityresolution") {
        add("identityResolution", it.identity.clone());
    }
    add("dateCreated", json!(stamp(it.created)));
    add("dateModified", json!(stamp(it.modified)));
    let user = reference("/api/v2/users", &org.user);
    add("createdBy", user.clone());
    add("modifiedBy", user);
    add("selfUri", json!(format!("{INTEGRATIONS}/{}", it.id)));
    overlay(&mut shown, &it.raw);
    Value::Object(shown)
}

fn overlay(shown: &mut Map<String, Value>, raw: &Map<String, Value>) {
    for (name, value) in raw {
        match value {
            Value::Null => shown.remove(name),
            value => shown.insert(name.clone(), value.clone()),
        };
    }
}

fn status<'a>(org: &'a Organization, it: &Integration) -> &'a str {
    match &org.switches.odd_status {
        Some(odd) if it.status == IntegrationStatus::Starting => odd,
        Some(_) | None => it.status.as_str(),
    }
}

fn spelled(org: &Organization, phone: &Phone) -> String {
    match org.switches.number_spelling {
        NumberSpelling::E164 => phone.to_string(),
        NumberSpelling::Spaced => phone.international(),
        NumberSpelling::Digits => phone.digits().to_owned(),
    }
}

/// A reference, or the whole object.
fn part(shelf: &Shelf, folder: &str, id: Option<&str>, whole: bool) -> Value {
    let Some(id) = id else {
        return Value::Null;
    };
    let object = shelf.get(id).filter(|_| whole);
    object.cloned().unwrap_or_else(|| reference(folder, id))
}

/// Returns the numbers that can be chosen for an integration, as they are shown.
fn available(world: &World, org: &Organization, it: &Integration) -> Value {
    let hidden = it.signup == SignupVersion::V4 && !org.switches.v4_lists_numbers;
    if it.was_active || hidden {
        return Value::Null;
    }
    let entry = |number: &Number| {
        let status = org.switches.available_status.as_deref();
        let status = status.unwrap_or(number.status.as_str());
        let mut entry = json!({"name": number.name, "status": status});
        if org.switches.available_with_number {
            entry["phoneNumber"] = json!(spelled(org, &number.phone));
        }
        entry
    };
    let entities: Vec<Value> = choosable(world, org, it).map(entry).collect();
    match entities.is_empty() {
        true => Value::Null,
        false => json!({"entities": entities}),
    }
}

/// Returns the numbers that can be chosen for an integration: those of its account, once it was
/// created; after a v4 popup the one that was chosen there.
pub fn choosable<'a>(
    world: &'a World,
    org: &'a Organization,
    it: &'a Integration,
) -> impl Iterator<Item = &'a Number> {
    let is_ready = it.is_since(super::switches::Since::Completed);
    let is_free = move |number: &&Number| {
        let is_chosen = it.signup == SignupVersion::V2 || it.phone.as_ref() == Some(&number.phone);
        let is_held = org.switches.second_integration
            || !org
                .integrations_of(&number.phone)
                .any(|other| other.id != it.id);
        is_chosen && is_held
    };
    world
        .numbers
        .values()
        .filter(move |number| is_ready && number.waba == it.waba)
        .filter(|number| number.status != NumberStatus::Migrated)
        .filter(is_free)
}

/// Returns a recipient as an answer shows it.
pub fn recipient(org: &Organization, it: &Recipient) -> Value {
    let user = reference("/api/v2/users", &org.user);
    let mut shown = json!({
        "id": it.id,
        "name": it.name,
        "messengerType": it.channel,
        "dateCreated": stamp(it.created),
        "dateModified": stamp(it.modified),
        "createdBy": user,
        "modifiedBy": user,
        "selfUri": format!("{RECIPIENTS}/{}", it.id),
    });
    if let Some(flow) = it.flow.as_deref().and_then(|id| org.flow(id)) {
        shown["flow"] = partial_flow(flow);
    }
    shown
}

fn partial_flow(flow: &MessageFlow) -> Value {
    json!({
        "id": flow.id,
        "name": flow.name,
        "active": flow.published,
        "system": false,
        "deleted": flow.deleted,
        "selfUri": format!("/api/v2/flows/{}", flow.id),
    })
}
