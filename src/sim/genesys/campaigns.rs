//! Messaging campaigns: what sends messages by itself, and has to be off for a while.
//!
//! `off` → `on` at once; `on` → `stopping` → `off` with time. A call of its own starts or stops one
//! as well as a PUT does.

use serde_json::{Value, json};

use super::{
    ask::{Answered, Ask, Reply},
    life::{self, Due},
    objects,
    organization::Organization,
    paging::page,
    refusal::Refusal,
};
use crate::sim::world::World;

const ON: &str = "on";
const OFF: &str = "off";
const STOPPING: &str = "stopping";

/// What a PUT may send changed without being a change.
const NO_CHANGE: [&str; 8] = [
    "campaignStatus",
    "createdBy",
    "dateCreated",
    "dateModified",
    "errors",
    "id",
    "selfUri",
    "version",
];

/// Lists campaigns; `type` is WHATSAPP, SMS or EMAIL.
pub fn list(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let template = |campaign: &Value| {
        let config = &campaign["whatsAppConfig"]["contentTemplate"];
        ask.admits("contentTemplateId", config["id"].as_str())
    };
    let wanted = org.campaigns.0.iter();
    let wanted = wanted
        .filter(|it| ask.admits("type", Some(kind(it))))
        .filter(|it| ask.admits("name", it["name"].as_str()))
        .filter(|it| template(it));
    let shown = wanted.cloned().collect();
    page(&org.switches, ask, shown)
}

fn kind(campaign: &Value) -> &'static str {
    if campaign["whatsAppConfig"].is_object() {
        "WHATSAPP"
    } else if campaign["smsConfig"].is_object() {
        "SMS"
    } else {
        "EMAIL"
    }
}

/// Shows one campaign.
pub fn get(_: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    Reply::ok(objects::find(&org.campaigns, ask.id())?.clone())
}

/// Replaces a campaign. Its status goes on from the present one.
pub fn put(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    let present = objects::find(&org.campaigns, id)?.clone();
    let mut next = objects::replaced(org, &present, ask, world.now)?;
    let now = present["campaignStatus"].as_str().unwrap_or(OFF);
    let wanted = ask.required("campaignStatus")?;
    if wanted != now && wanted != ON && wanted != OFF {
        return Err(Refusal::value(wanted, "campaignStatus", "on, off").about(id));
    }
    if now == STOPPING {
        return Err(Refusal::conflict("The campaign is stopping.").about(id));
    }
    let changes = |one: &Value| {
        let mut one = one.clone();
        if let Some(object) = one.as_object_mut() {
            object.retain(|name, _| !NO_CHANGE.contains(&name.as_str()));
        }
        one
    };
    let is_kept = org.switches.running_campaigns_change || changes(&present) == changes(&next);
    if now == ON && !is_kept {
        let message = "A running campaign cannot be changed. Turn it off first.";
        return Err(Refusal::conflict(message).about(id));
    }
    next["campaignStatus"] = json!(turned(org, &next, (now, wanted))?);
    if (now, wanted) == (ON, OFF) {
        stop_later(world, org, id);
    }
    objects::put(&mut org.campaigns, id, next)
}

/// Returns the status that a wish leads to.
fn turned(
    org: &Organization,
    campaign: &Value,
    (now, wanted): (&str, &str),
) -> Result<String, Refusal> {
    match (now, wanted) {
        (ON, OFF) => Ok(STOPPING.to_owned()),
        (ON, ON) => Ok(ON.to_owned()),
        (_, ON) => match objects::dangling(org, campaign) {
            Some((kind, id)) if !org.switches.starts_dangling => {
                let message = format!("The campaign cannot be started: its {kind} {id} is gone.");
                Err(Refusal::bad(message).about(&id))
            }
            Some(_) | None => Ok(ON.to_owned()),
        },
        _ => Ok(wanted.to_owned()),
    }
}

fn stop_later(world: &mut World, org: &Organization, id: &str) {
    let at = world.after(org.switches.stopping_seconds);
    life::plan(world, at, Due::CampaignOff(id.to_owned()));
}

/// Ends a campaign that is stopping. That is a new version as well.
pub fn stopped(world: &World, org: &mut Organization, id: &str) {
    if let Some(campaign) = org.campaigns.get_mut(id)
        && campaign["campaignStatus"] == STOPPING
    {
        let before = campaign.clone();
        campaign["campaignStatus"] = json!(OFF);
        objects::touch(campaign, &before, world.now);
    }
}

/// Starts a campaign.
pub fn start(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    turn(world, org, ask, ON)
}

/// Stops a campaign.
pub fn stop(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    turn(world, org, ask, OFF)
}

fn turn(world: &mut World, org: &mut Organization, ask: &Ask, wanted: &str) -> Answered {
    if !org.switches.campaign_start_stop {
        return Err(Refusal::not_found());
    }
    let id = ask.id();
    let present = objects::find(&org.campaigns, id)?.clone();
    let now = present["campaignStatus"].as_str().unwrap_or(OFF);
    if now == STOPPING && wanted == ON {
        return Err(Refusal::conflict("The campaign is stopping.").about(id));
    }
    if now != STOPPING && now != wanted {
        let mut next = present.clone();
        next["campaignStatus"] = json!(turned(org, &next, (now, wanted))?);
        objects::touch(&mut next, &present, world.now);
        if (now, wanted) == (ON, OFF) {
            stop_later(world, org, id);
        }
        objects::put(&mut org.campaigns, id, next)?;
    }
    Ok(Reply {
        status: 202,
        body: None,
    })
}
