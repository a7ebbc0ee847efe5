//! `/routing/message/recipients`: where messages go. A message route is a recipient with a flow;
//! there is nothing else to it.

use serde_json::Value;

use super::{
    ask::{Answered, Ask, Reply},
    organization::{MESSAGE_FLOW, Organization},
    paging::page,
    refusal::Refusal,
    view,
};
use crate::sim::world::World;

/// Lists recipients, of one channel or all.
pub fn list(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let wanted = org.recipients.iter();
    let wanted = wanted
        .filter(|it| ask.admits("messengerType", Some(&it.channel)))
        .filter(|it| ask.admits("name", Some(&it.name)));
    let shown = wanted.map(|it| view::recipient(org, it)).collect();
    page(&org.switches, ask, shown)
}

/// Shows one recipient.
pub fn get(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let found = org.recipient(ask.id());
    let found = found.ok_or_else(|| Refusal::not_found().about(ask.id()))?;
    Reply::ok(view::recipient(org, found))
}

/// Gives a recipient a flow, or takes it.
pub fn put(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    let present = org.recipient(id);
    let present = present.ok_or_else(|| Refusal::not_found().about(id))?;
    let flow = match ask.object()?.get("flow") {
        None if org.switches.empty_clears_flow => None,
        None => present.flow.clone(),
        Some(Value::Null) => None,
        Some(_) => match ask.reference("flow")? {
            Some(flow) => Some(routable(org, flow)?),
            None => None,
        },
    };
    if let Some(recipient) = org.recipients.iter_mut().find(|it| it.id == id) {
        recipient.flow = flow;
        recipient.modified = world.now;
    }
    get(world, org, ask)
}

/// The codes for a wrong or an unpublished flow are made up: unconfirmed.
fn routable(org: &Organization, id: &str) -> Result<String, Refusal> {
    let Some(flow) = org.flows.iter().find(|flow| flow.id == id) else {
        let status = org.switches.unknown_flow_status;
        let message = format!("Could not find flow with id {id}.");
        return Err(Refusal::new(status, "architect.flow.not.found", message).about(id));
    };
    if flow.deleted {
        let message = format!("Flow {} has been deleted.", flow.name);
        return Err(Refusal::new(410, "architect.flow.deleted", message).about(id));
    }
    if flow.kind != MESSAGE_FLOW {
        return Err(Refusal::value(&flow.kind, "flow.type", MESSAGE_FLOW).about(id));
    }
    if !flow.published {
        let message = format!("Flow {} has not been published.", flow.name);
        return Err(Refusal::new(400, "architect.flow.not.published", message).about(id));
    }
    Ok(flow.id.clone())
}
