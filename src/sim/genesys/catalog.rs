//! What integrations refer to: message flows, content profiles, messaging settings, and the one
//! thing that is kept for an integration elsewhere: whether contacts are looked up.

use serde_json::{Value, json};

use super::{
    ask::{Answered, Ask, Reply},
    integrations, objects,
    organization::{MessageFlow, Organization, Shelf},
    paging::page,
    refusal::Refusal,
};
use crate::sim::{script::fits, world::World};

/// Lists flows by type and name; those that were deleted only when asked for.
pub fn flows(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let kind = ask.query("type").map(str::to_uppercase);
    let name = ask.query("name").map(str::to_lowercase);
    let deleted = ask.query("deleted") == Some("true");
    let wanted = org.flows.iter();
    let wanted = wanted
        .filter(|flow| flow.deleted == deleted)
        .filter(|flow| kind.as_deref().is_none_or(|kind| kind == flow.kind))
        .filter(|flow| {
            name.as_deref()
                .is_none_or(|name| fits(name, &flow.name.to_lowercase()))
        });
    let shown = wanted.map(|flow| whole_flow(org, flow)).collect();
    page(&org.switches, ask, shown)
}

/// Shows one flow.
pub fn flow(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    let found = org.flows.iter().find(|flow| flow.id == id);
    let flow = found.ok_or_else(|| Refusal::not_found().about(id))?;
    if flow.deleted {
        let message = format!("Flow {} has been deleted.", flow.name);
        return Err(Refusal::new(410, "architect.flow.deleted", message).about(id));
    }
    Reply::ok(whole_flow(org, flow))
}

fn whole_flow(org: &Organization, flow: &MessageFlow) -> Value {
    let mut shown = json!({
        "id": flow.id,
        "name": flow.name,
        "division": {"id": org.division, "name": "Home"},
        "type": flow.kind,
        "active": flow.published,
        "system": false,
        "deleted": flow.deleted,
        "selfUri": format!("/api/v2/flows/{}", flow.id),
    });
    if flow.published {
        shown["publishedVersion"] = json!({"id": "4", "name": flow.name, "selfUri": format!("/api/v2/flows/{}/versions/4", flow.id)});
    }
    shown
}

/// Lists content profiles.
pub fn contents(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    page(&org.switches, ask, org.supported_content.0.clone())
}

/// Shows one content profile.
pub fn content(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    Reply::ok(objects::find(&org.supported_content, ask.id())?.clone())
}

/// Shows the content profile that integrations get which name none.
pub fn default_content(_: &mut World, org: &mut Organization, _: &Ask) -> Answered {
    first(&org.supported_content)
}

/// Lists messaging settings.
pub fn settings(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    page(&org.switches, ask, org.messaging_settings.0.clone())
}

/// Shows one messaging setting.
pub fn setting(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    Reply::ok(objects::find(&org.messaging_settings, ask.id())?.clone())
}

/// Shows the messaging setting that integrations get which name none.
pub fn default_setting(_: &mut World, org: &mut Organization, _: &Ask) -> Answered {
    first(&org.messaging_settings)
}

fn first(shelf: &Shelf) -> Answered {
    let first = shelf.0.first().ok_or_else(Refusal::not_found)?;
    Reply::ok(first.clone())
}

/// Says whether contacts of an integration are looked up.
pub fn identity(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let it = integrations::find(org, ask.id(), world.now)?;
    let mut shown = it.identity.clone();
    shown["id"] = json!(it.id);
    shown["selfUri"] = json!(ask.path);
    Reply::ok(shown)
}

/// Changes whether contacts of an integration are looked up.
pub fn put_identity(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    integrations::find(org, ask.id(), world.now)?;
    let Some(resolves) = ask
        .object()?
        .get("resolveIdentities")
        .and_then(Value::as_bool)
    else {
        let message = "The field resolveIdentities is required.";
        return Err(Refusal::new(422, "payload.or.params.invalid", message));
    };
    let division = ask.reference("division")?.map(str::to_owned);
    let division = division.unwrap_or_else(|| org.division.clone());
    if let Some(it) = org.integration_mut(ask.id()) {
        it.identity = json!({"resolveIdentities": resolves, "division": {"id": division}});
    }
    identity(world, org, ask)
}
