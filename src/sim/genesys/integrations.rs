//! WhatsApp integrations: list, read, create, change, delete. Their activation has a file of its own.
//!
//! A creation and a deletion go on by themselves; see [`super::life`].

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    ask::{Answered, Ask, Reply, missing},
    life::{self, Due},
    organization::{Integration, Organization, Recipient, Shelf},
    paging::page,
    refusal::Refusal,
    switches::{CreatedStatus, DeleteAnswer, RecipientId, Since},
    view,
    words::{CreateStatus, IntegrationStatus, SignupVersion},
};
use crate::{ids::WabaId, phone::Phone, sim::world::World};

/// Lists WhatsApp integrations.
pub fn list(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let shown = listed(world, org, ask);
    page(&org.switches, ask, shown)
}

fn listed(world: &World, org: &Organization, ask: &Ask) -> Vec<Value> {
    let wanted = org.integrations.iter();
    let wanted = wanted
        .filter(|it| it.listed_from <= world.now)
        .filter(|it| ask.admits("supportedContent.id", it.supported_content.as_deref()))
        .filter(|it| ask.admits("messagingSetting.id", it.messaging_setting.as_deref()));
    let shown = wanted.map(|it| view::integration(world, org, it, ask));
    let ghosts = org.ghosts.iter().filter(|(until, _)| *until > world.now);
    shown
        .chain(ghosts.map(|(_, ghost)| ghost.clone()))
        .collect()
}

/// Lists integrations of all channels.
pub fn all_channels(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let whatsapp = listed(world, org, ask).into_iter().map(|whole| {
        let names = [
            "id",
            "name",
            "status",
            "recipient",
            "dateCreated",
            "dateModified",
            "createdBy",
            "selfUri",
        ];
        let kept = names
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), whole.get(name)?.clone())));
        let mut shown: Map<String, Value> = kept.collect();
        shown.insert("messengerType".into(), json!("whatsapp"));
        Value::Object(shown)
    });
    let shown = whatsapp.chain(org.channels.0.iter().cloned()).collect();
    page(&org.switches, ask, shown)
}

/// Returns an integration that reads find already.
pub fn find<'a>(
    org: &'a Organization,
    id: &str,
    now: Timestamp,
) -> Result<&'a Integration, Refusal> {
    let found = org.integration(id).filter(|it| it.found_from <= now);
    found.ok_or_else(|| Refusal::not_found().about(id))
}

/// Shows one integration.
pub fn get(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let found = find(org, ask.id(), world.now)?;
    Reply::ok(view::integration(world, org, found, ask))
}

/// Creates an integration of the token of a finished v2 popup. What a v4 popup hands over is in no
/// public description, so nothing else does it.
pub fn create(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    if !has_product(org) {
        let message = "The organization does not have a WhatsApp product.";
        return Err(Refusal::new(403, "not.authorized", message));
    }
    let token = ask.required("embeddedSignupAccessToken")?;
    let name = ask.required("name")?.to_owned();
    let content = known(&org.supported_content, ask, "supportedContent")?;
    let setting = known(&org.messaging_settings, ask, "messagingSetting")?;
    let now = world.now;
    let mut signups = org.signups.iter_mut();
    let signup = signups
        .find(|signup| signup.token.expose() == token)
        .filter(|signup| !signup.used && signup.expires > now)
        .ok_or_else(|| Refusal::bad("The embedded signup access token is not valid."))?;
    signup.used = true;
    let (waba, phone) = (signup.waba.clone(), signup.phone.clone());
    let id = add(world, org, (waba, phone), name, SignupVersion::V2);
    if let Some(made) = org.integration_mut(&id) {
        made.supported_content = content.or(made.supported_content.take());
        made.messaging_setting = setting.or(made.messaging_setting.take());
    }
    let made = org.integration(&id).ok_or_else(Refusal::broken)?;
    Reply::accepted(view::integration(world, org, made, ask))
}

/// Returns whether the organization has bought WhatsApp.
pub fn has_product(org: &Organization) -> bool {
    let names = ["messagingWhatsapp", "messagingPlatformWhatsApp"];
    names.iter().any(|name| org.products.contains(*name))
}

/// The old way is in the description still, and works no longer: unconfirmed.
pub fn create_by_certificate(_: &mut World, _: &mut Organization, _: &Ask) -> Answered {
    Err(Refusal::bad("Integrations are created by embedded signup."))
}

/// Begins to create an integration and returns its id.
pub fn add(
    world: &mut World,
    org: &mut Organization,
    (waba, phone): (WabaId, Phone),
    name: String,
    signup: SignupVersion,
) -> String {
    let id = world.invent_uuid();
    let status = match org.switches.created_status {
        CreatedStatus::Incomplete => IntegrationStatus::Incomplete,
        CreatedStatus::Starting => IntegrationStatus::Starting,
    };
    let (content, setting) = (
        default_of(&org.supported_content),
        default_of(&org.messaging_settings),
    );
    let made = Integration {
        id: id.clone(),
        name,
        phone: Some(phone),
        waba,
        signup,
        version: 1,
        status,
        create_status: CreateStatus::Initiated,
        create_error: None,
        activation_error: None,
        was_active: false,
        is_activating: false,
        pin: None,
        outcome: None,
        supported_content: content,
        messaging_setting: setting,
        identity: json!({"resolveIdentities": false, "division": {"id": org.division}}),
        created: world.now,
        modified: world.now,
        found_from: world.after_ms(org.switches.read_lag_ms),
        listed_from: world.after_ms(org.switches.list_lag_ms),
        raw: Map::new(),
    };
    org.integrations.push(made);
    if org.switches.recipient_since == Since::Create {
        add_recipient(world, org, &id);
    }
    let at = world.after(org.switches.create_seconds);
    life::plan(world, at, Due::Created(id.clone()));
    id
}

/// Of profiles and settings the first is the organization's default.
fn default_of(shelf: &Shelf) -> Option<String> {
    shelf
        .0
        .first()
        .and_then(|first| first["id"].as_str())
        .map(str::to_owned)
}

/// Gives an integration its recipient, unless it has one.
pub fn add_recipient(world: &mut World, org: &mut Organization, integration: &str) {
    let Some(it) = org.integration(integration) else {
        return;
    };
    if org.recipient_of(integration).is_some() {
        return;
    }
    let name = it.name.clone();
    let id = match org.switches.recipient_id {
        RecipientId::Same => integration.to_owned(),
        RecipientId::Other => world.invent_uuid(),
    };
    org.recipients.push(Recipient {
        id,
        name,
        integration: integration.to_owned(),
        channel: "whatsapp".into(),
        flow: None,
        created: world.now,
        modified: world.now,
    });
}

/// Renames an integration, or changes its profile or setting.
pub fn update(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    ask.object()?;
    let status = find(org, id, world.now)?.status;
    let name = match ask.text("name")? {
        Some(name) if name.trim().is_empty() => return Err(missing("name")),
        name => name.map(str::to_owned),
    };
    let content = known(&org.supported_content, ask, "supportedContent")?;
    let setting = known(&org.messaging_settings, ask, "messagingSetting")?;
    if status == IntegrationStatus::Deleting {
        return Err(Refusal::conflict("The integration is being deleted.").about(id));
    }
    if let Some(name) = &name {
        let recipients = org.recipients.iter_mut();
        let own = recipients.filter(|it| it.integration == id);
        own.for_each(|it| it.name.clone_from(name));
    }
    if let Some(it) = org.integration_mut(id) {
        it.name = name.unwrap_or_else(|| it.name.clone());
        it.supported_content = content.or(it.supported_content.take());
        it.messaging_setting = setting.or(it.messaging_setting.take());
        it.touch(world.now);
    }
    get(world, org, ask)
}

/// Returns the id of a reference in the body, when something has it.
fn known(shelf: &Shelf, ask: &Ask, name: &'static str) -> Result<Option<String>, Refusal> {
    match ask.reference(name)? {
        None => Ok(None),
        Some(id) if shelf.get(id).is_some() => Ok(Some(id.to_owned())),
        Some(id) => Err(Refusal::bad(format!("Could not find {name} with id {id}.")).about(id)),
    }
}

/// Begins to delete an integration. Asking again while it goes on is the same as asking once.
pub fn delete(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    let status = find(org, id, world.now)?.status;
    if status != IntegrationStatus::Deleting {
        let is_routed = org.recipient_of(id).is_some_and(|it| it.flow.is_some());
        if is_routed && !org.switches.deletes_routed {
            let message =
                "The integration cannot be deleted while a flow is assigned to its recipient.";
            let refusal = match org.switches.routed_deletion_status {
                400 => Refusal::bad(message),
                _ => Refusal::conflict(message),
            };
            return Err(refusal.about(id));
        }
        begin_deletion(world, org, id);
    }
    match org.switches.delete_answer {
        DeleteAnswer::NoContent => Reply::nothing(),
        DeleteAnswer::Entity => get(world, org, ask),
    }
}

/// Deletes an integration after a while.
pub fn begin_deletion(world: &mut World, org: &mut Organization, id: &str) {
    let now = world.now;
    if let Some(it) = org.integration_mut(id) {
        it.is_activating = false;
        it.pin = None;
        it.turn(IntegrationStatus::Deleting, now);
    }
    let at = world.after(org.switches.deletion_seconds);
    life::plan(world, at, Due::Deleted(id.to_owned()));
}
