//! Objects that clients read, change and send back whole: queues, digital rule sets, and what
//! campaigns and canned responses have in common with them.
//!
//! A PUT replaces the object: a property that was left out is gone. Those that belong to the server
//! stay. Where an object has a `version`, the one last read has to come back with it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    ask::{Answered, Ask, Reply, missing},
    organization::{Organization, Shelf, stamp},
    paging::page,
    refusal::Refusal,
};
use crate::sim::{script::fits, world::World};

/// Properties that a PUT does not change, whatever it says of them.
const SERVERS: [&str; 6] = [
    "id",
    "dateCreated",
    "dateModified",
    "createdBy",
    "memberCount",
    "selfUri",
];

/// Returns an object of a shelf.
pub fn find<'a>(shelf: &'a Shelf, id: &str) -> Result<&'a Value, Refusal> {
    let found = shelf.get(id);
    found.ok_or_else(|| Refusal::not_found().about(id))
}

/// Returns what a PUT makes of an object.
pub fn replaced(
    org: &Organization,
    present: &Value,
    ask: &Ask,
    now: Timestamp,
) -> Result<Value, Refusal> {
    let mut next = ask.object()?.clone();
    ask.required("name")?;
    check_version(present, &next)?;
    check_references(org, present, &ask.body)?;
    for name in SERVERS {
        match present.get(name) {
            Some(value) => next.insert(name.to_owned(), value.clone()),
            None => next.remove(name),
        };
    }
    let mut next = Value::Object(next);
    touch(&mut next, present, now);
    Ok(next)
}

/// Notes a change: one version more than before.
pub fn touch(object: &mut Value, before: &Value, now: Timestamp) {
    if let Some(version) = before["version"].as_u64() {
        object["version"] = json!(version + 1);
    }
    object["dateModified"] = json!(stamp(now));
}

fn check_version(present: &Value, sent: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(version) = present.get("version") else {
        return Ok(());
    };
    match sent.get("version") {
        None | Some(Value::Null) => Err(missing("version")),
        Some(sent) if sent == version => Ok(()),
        Some(sent) => Err(Refusal::stale(&sent.to_string(), &version.to_string())),
    }
}

/// What an object points to: kind and id.
type References = BTreeSet<(&'static str, String)>;

/// Whatever an object names anew has to be there. What it named before may be gone.
fn check_references(org: &Organization, present: &Value, sent: &Value) -> Result<(), Refusal> {
    let known = references(present);
    for (kind, id) in references(sent).difference(&known) {
        let is_there = match *kind {
            INTEGRATION => org.integration(id).is_some(),
            RECIPIENT => org.recipient(id).is_some(),
            _ => org.responses.get(id).is_some(),
        };
        if !is_there {
            let message = format!("Could not find {kind} with id {id}.");
            return Err(Refusal::bad(message).about(id));
        }
    }
    Ok(())
}

const INTEGRATION: &str = "WhatsApp integration";
const RECIPIENT: &str = "recipient";
const RESPONSE: &str = "response";

fn references(object: &Value) -> References {
    let mut found = References::new();
    collect(object, &mut found);
    found
}

fn collect(value: &Value, found: &mut References) {
    let mut inner: Vec<&Value> = Vec::new();
    match value {
        Value::Array(items) => inner.extend(items),
        Value::Object(object) => {
            for (name, value) in object {
                let kind = match name.as_str() {
                    "whatsAppIntegration" | "whatsAppIntegrationId" => Some(INTEGRATION),
                    "whatsAppRecipient" => Some(RECIPIENT),
                    "contentTemplate" | "whatsAppContentTemplateId" => Some(RESPONSE),
                    _ => None,
                };
                let id = value.as_str().or_else(|| value["id"].as_str());
                match (kind, id) {
                    (Some(kind), Some(id)) => {
                        found.insert((kind, id.to_owned()));
                    }
                    _ => inner.push(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    inner.into_iter().for_each(|value| collect(value, found));
}

/// Returns what of an object an integration or a canned response has to be there for.
pub fn dangling(org: &Organization, object: &Value) -> Option<(&'static str, String)> {
    let is_gone = |(kind, id): &(&'static str, String)| match *kind {
        INTEGRATION => org.integration(id).is_none_or(|it| !it.was_active),
        RECIPIENT => org.recipient(id).is_none(),
        _ => org.responses.get(id).is_none(),
    };
    references(object).into_iter().find(is_gone)
}

fn named<'a>(shelf: &'a Shelf, ask: &Ask) -> impl Iterator<Item = &'a Value> {
    let wanted = ask.query("name").map(str::to_lowercase);
    shelf.0.iter().filter(move |object| {
        let name = object["name"].as_str().unwrap_or_default().to_lowercase();
        wanted.as_deref().is_none_or(|wanted| fits(wanted, &name))
    })
}

/// Lists queues; `name` may have stars.
pub fn queues(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let shown = named(&org.queues, ask).cloned().collect();
    page(&org.switches, ask, shown)
}

/// Shows one queue.
pub fn queue(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    Reply::ok(find(&org.queues, ask.id())?.clone())
}

/// Replaces a queue. Queues have no version: the last one wins.
pub fn put_queue(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let next = replaced(org, find(&org.queues, ask.id())?, ask, world.now)?;
    put(&mut org.queues, ask.id(), next)
}

/// Lists digital rule sets.
pub fn rule_sets(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let shown = named(&org.rule_sets, ask).cloned().collect();
    page(&org.switches, ask, shown)
}

/// Shows one digital rule set.
pub fn rule_set(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    Reply::ok(find(&org.rule_sets, ask.id())?.clone())
}

/// Replaces a digital rule set.
pub fn put_rule_set(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let next = replaced(org, find(&org.rule_sets, ask.id())?, ask, world.now)?;
    put(&mut org.rule_sets, ask.id(), next)
}

/// Puts an object in the place of the one with that id.
pub fn put(shelf: &mut Shelf, id: &str, next: Value) -> Answered {
    if let Some(object) = shelf.get_mut(id) {
        *object = next.clone();
    }
    Reply::ok(next)
}
