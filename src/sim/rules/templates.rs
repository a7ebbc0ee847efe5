//! `POST /{WABA}/migrate_message_templates`, and the copies a number takes along when it moves.
//!
//! Both make copies that appear later (see [`Pending`]); the source keeps its own. Templates that
//! the target already has are never touched.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Answered, flows};
use crate::{
    ids::{TemplateId, WabaId},
    sim::{
        call::Params,
        edges::template_limit,
        error::GraphError,
        script::{Pending, fits},
        switches::{FailedShape, MigratedIds, RepeatedCopy, SlowCopy, SlowCopyEnd},
        words::{Quality, TemplateStatus},
        world::{Overrun, Template, Token, World},
    },
};

/// The largest page, and the longest list of ids.
const MOST: usize = 500;

/// Copies templates from another account.
pub fn migrate(world: &mut World, target: &WabaId, token: &Token, params: &Params) -> Answered {
    let source = source(world, target, token, params)?;
    let mut wanted = choose(world, &source, params)?;
    let is_slow = wanted.ids.len() > world.switches.copies_per_call;
    if is_slow {
        wanted.ids.truncate(copied_when_slow(world));
    }
    let took_effect = !wanted.ids.is_empty();
    let mut room = Room::of(world, target);
    let mut migrated = Vec::new();
    let mut failed = wanted.failed;
    for id in wanted.ids {
        let Some(template) = world.templates.get(&id).cloned() else {
            continue;
        };
        match refusal(world, &room, &template) {
            Refusal::None => {
                room.take(&template);
                let copy = start_copy(world, target, template);
                migrated.push(match world.switches.migrated_ids {
                    MigratedIds::Source => id,
                    MigratedIds::Copies => copy,
                });
            }
            Refusal::Because(reason) => {
                failed.insert(id, reason);
            }
            Refusal::Silent => {}
        }
    }
    if is_slow {
        return Err(overrun(world, took_effect));
    }
    let failed = shape(world.switches.failed_shape, &failed);
    Ok(json!({"migrated_templates": migrated, "failed_templates": failed}))
}

/// Returns how many templates are copied by a call that takes too long.
fn copied_when_slow(world: &World) -> usize {
    match world.switches.slow_copy {
        SlowCopy::Nothing => 0,
        SlowCopy::Part => world.switches.copies_per_call,
        SlowCopy::All => MOST,
    }
}

/// Ends a call that takes longer than the 30 seconds it has; nobody learns what it did.
fn overrun(world: &mut World, took_effect: bool) -> GraphError {
    world.overrun = Some(Overrun {
        took_effect,
        is_silent: world.switches.slow_copy_end == SlowCopyEnd::Silence,
    });
    GraphError::too_much_data()
}

/// Both accounts belong to one portfolio and the token reaches both.
pub(super) fn source(
    world: &World,
    target: &WabaId,
    token: &Token,
    params: &Params,
) -> Result<WabaId, GraphError> {
    let text = params.required("source_waba_id")?;
    let unknown = || GraphError::no_object("POST", &text);
    let id: WabaId = text.parse().map_err(|_| unknown())?;
    let source = world
        .wabas
        .get(&id)
        .filter(|_| token.reaches(&id))
        .ok_or_else(unknown)?;
    let account = world
        .wabas
        .get(target)
        .ok_or_else(|| GraphError::no_object("POST", target.as_str()))?;
    if id == *target {
        return Err(GraphError::parameter(
            "Param source_waba_id must be another WhatsApp Business account.",
        ));
    }
    if source.owner != account.owner {
        return Err(GraphError::parameter("Invalid parameter")
            .details("Both WhatsApp Business accounts must belong to the same Meta business."));
    }
    Ok(id)
}

struct Wanted {
    ids: Vec<TemplateId>,
    failed: BTreeMap<TemplateId, String>,
}

fn choose(world: &World, source: &WabaId, params: &Params) -> Result<Wanted, GraphError> {
    let page = params.uint("page_number")?.unwrap_or(0);
    let count = params.uint("count")?.unwrap_or(MOST);
    if !(1..=MOST).contains(&count) {
        return Err(GraphError::parameter(
            "Param count must be between 1 and 500.",
        ));
    }
    let eligible = world
        .templates_of(source)
        .filter(|(_, template)| is_eligible(template))
        .map(|(id, _)| id.clone());
    let Some(listed) = params.list("template_ids")? else {
        let ids = eligible
            .skip(page.saturating_mul(count))
            .take(count)
            .collect();
        return Ok(Wanted {
            ids,
            failed: BTreeMap::new(),
        });
    };
    if listed.len() > MOST {
        return Err(GraphError::parameter(
            "Param template_ids must have at most 500 elements.",
        ));
    }
    let eligible: BTreeSet<TemplateId> = eligible.collect();
    let mut wanted = Wanted {
        ids: Vec::new(),
        failed: BTreeMap::new(),
    };
    for text in listed {
        let id: TemplateId = text
            .parse()
            .map_err(|_| GraphError::parameter("Param template_ids must be an array of ids."))?;
        if eligible.contains(&id) {
            wanted.ids.push(id);
        } else {
            wanted
                .failed
                .insert(id, "Template is not eligible for migration".into());
        }
    }
    Ok(wanted)
}

fn is_eligible(template: &Template) -> bool {
    template.status == TemplateStatus::Approved
        && matches!(template.quality, Quality::Green | Quality::Unknown)
}

enum Refusal {
    None,
    Because(String),
    Silent,
}

fn refusal(world: &World, room: &Room, template: &Template) -> Refusal {
    let scripted = world
        .switches
        .refused_copies
        .iter()
        .find(|(pattern, _)| fits(pattern, &template.name));
    if let Some((_, reason)) = scripted {
        return Refusal::Because(reason.clone());
    }
    if world.switches.refuses_incorrect_category
        && template
            .correct_category
            .is_some_and(|category| category != template.category)
    {
        return Refusal::Because("Incorrect category".into());
    }
    if world
        .name_blocked_until(&room.waba, &template.name, &template.language)
        .is_some()
    {
        return Refusal::Because("Content in this language is being deleted".into());
    }
    if room.has(template) {
        return match world.switches.repeated_copy {
            RepeatedCopy::Failed => {
                Refusal::Because("Content in this language already exists".into())
            }
            RepeatedCopy::Skipped => Refusal::Silent,
        };
    }
    if room.is_full() {
        return Refusal::Because("Template limit reached".into());
    }
    Refusal::None
}

/// What an account holds. A copy that is on its way counts as there.
pub(super) struct Room {
    waba: WabaId,
    taken: BTreeSet<(String, String)>,
    most: usize,
}

impl Room {
    /// Counts what is there and what is coming.
    pub(super) fn of(world: &World, waba: &WabaId) -> Self {
        let present = world.templates_of(waba).map(|(_, template)| template);
        let coming = world.agenda.copies().filter(|copy| copy.waba == *waba);
        Self {
            waba: waba.clone(),
            taken: present.chain(coming).map(key).collect(),
            most: template_limit(world, waba),
        }
    }

    /// Returns whether a template's name and language are used.
    pub(super) fn has(&self, template: &Template) -> bool {
        self.taken.contains(&key(template))
    }

    /// Returns whether no further template fits.
    pub(super) fn is_full(&self) -> bool {
        self.taken.len() >= self.most
    }

    fn take(&mut self, template: &Template) {
        self.taken.insert(key(template));
    }
}

fn key(template: &Template) -> (String, String) {
    (template.name.clone(), template.language.clone())
}

fn start_copy(world: &mut World, target: &WabaId, mut template: Template) -> TemplateId {
    flows::lead_buttons(world, target, &mut template.components);
    let id: TemplateId = world.invent_id();
    let switches = world.switches.clone();
    let rejection = switches
        .rejected_copies
        .iter()
        .find(|(pattern, _)| fits(pattern, &template.name))
        .map(|(_, reason)| reason.clone());
    let appears = world.after(switches.copy_seconds);
    if rejection.is_some() || switches.copy_status == TemplateStatus::Pending {
        let decided = world.after(
            switches
                .copy_seconds
                .saturating_add(switches.review_seconds),
        );
        let status = match rejection {
            Some(_) => TemplateStatus::Rejected,
            None => TemplateStatus::Approved,
        };
        world
            .agenda
            .add(decided, Pending::Review(id.clone(), status, rejection));
    }
    let copy = Template {
        waba: target.clone(),
        status: switches.copy_status,
        quality: Quality::Unknown,
        rejected_reason: None,
        previous_category: None,
        correct_category: None,
        pauses: 0,
        edits: Vec::new(),
        ..template
    };
    world
        .agenda
        .add(appears, Pending::Copy(id.clone(), Box::new(copy)));
    id
}

/// Copies what a number takes along: approved templates of high quality, while there is room.
pub fn duplicate_with_number(world: &mut World, source: &WabaId, target: &WabaId) {
    let taken: Vec<Template> = world
        .templates_of(source)
        .filter(|(_, template)| {
            template.status == TemplateStatus::Approved && template.quality == Quality::Green
        })
        .map(|(_, template)| template.clone())
        .collect();
    let mut room = Room::of(world, target);
    for template in taken {
        if matches!(refusal(world, &room, &template), Refusal::None) {
            room.take(&template);
            start_copy(world, target, template);
        }
    }
}

fn shape(shape: FailedShape, failed: &BTreeMap<TemplateId, String>) -> Value {
    match shape {
        FailedShape::PhpObject if failed.is_empty() => json!([]),
        FailedShape::Object | FailedShape::PhpObject => json!(failed),
        FailedShape::List => failed
            .iter()
            .map(|(id, reason)| json!({"id": id, "reason": reason}))
            .collect(),
    }
}
