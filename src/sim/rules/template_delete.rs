//! `DELETE /{WABA}/message_templates`: all languages of a name, one language, or a list of ids.
//!
//! All or nothing. The name of an approved template stays blocked for 30 days, that of others while
//! the deletion is under way.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/>

use std::collections::BTreeSet;

use super::{Answered, success, template_edit::refused_change};
use crate::{
    ids::{TemplateId, WabaId},
    sim::{
        call::Params,
        error::GraphError,
        script::Pending,
        switches::DeletedTemplates,
        words::TemplateStatus,
        world::{DAY, NAME_BLOCK_DAYS, NameBlock, Template, World},
    },
};

/// The longest list of ids.
const MOST: usize = 100;

/// Deletes templates.
pub fn delete(world: &mut World, waba: &WabaId, params: &Params) -> Answered {
    let (ids, is_whole_name) = choose(world, waba, params)?;
    for id in &ids {
        refuse_disabled(world, id)?;
    }
    for id in ids {
        remove(world, id, is_whole_name);
    }
    success()
}

/// Returns what is meant, and whether it is every language of a name.
fn choose(
    world: &World,
    waba: &WabaId,
    params: &Params,
) -> Result<(BTreeSet<TemplateId>, bool), GraphError> {
    if let Some(listed) = params.list("hsm_ids")? {
        if params.has("name") || params.has("hsm_id") {
            return Err(GraphError::parameter(
                "Param hsm_ids can't be combined with name or hsm_id.",
            ));
        }
        return Ok((listed_ids(world, waba, &listed)?, false));
    }
    let name = params.required("name")?;
    let named = living(world, waba).filter(|(_, template)| template.name == name);
    let ids: BTreeSet<TemplateId> = named.map(|(id, _)| id.clone()).collect();
    match params.text("hsm_id")? {
        None if ids.is_empty() => Err(not_found(&name)),
        None => Ok((ids, true)),
        Some(text) => {
            let id = ids.into_iter().find(|id| id.as_str() == text);
            Ok(([id.ok_or_else(|| not_found(&text))?].into(), false))
        }
    }
}

fn listed_ids(
    world: &World,
    waba: &WabaId,
    listed: &[String],
) -> Result<BTreeSet<TemplateId>, GraphError> {
    if !(1..=MOST).contains(&listed.len()) {
        return Err(GraphError::parameter(
            "Param hsm_ids must have 1 to 100 elements.",
        ));
    }
    let find = |text: &String| {
        let mut held = living(world, waba);
        let found = held.find(|(id, _)| id.as_str() == text);
        found
            .map(|(id, _)| id.clone())
            .ok_or_else(|| not_found(text))
    };
    listed.iter().map(find).collect()
}

fn living<'a>(
    world: &'a World,
    waba: &'a WabaId,
) -> impl Iterator<Item = (&'a TemplateId, &'a Template)> {
    let held = world.templates_of(waba);
    held.filter(|(_, template)| !template.is_deleted())
}

fn not_found(what: &str) -> GraphError {
    GraphError::template(
        "Message Template Not Found",
        format!("The message template {what} does not exist in this WhatsApp Business account."),
    )
}

fn refuse_disabled(world: &World, id: &TemplateId) -> Result<(), GraphError> {
    match world.templates.get(id) {
        Some(template) if template.status == TemplateStatus::Disabled => Err(refused_change(
            "A message template with status DISABLED can't be deleted.",
        )),
        Some(_) | None => Ok(()),
    }
}

fn remove(world: &mut World, id: TemplateId, is_whole_name: bool) {
    let Some(template) = world.templates.get(&id) else {
        return;
    };
    let was_approved = template.status == TemplateStatus::Approved;
    let until = if was_approved {
        world.after(NAME_BLOCK_DAYS.saturating_mul(DAY))
    } else {
        world.after(world.switches.deletion_seconds)
    };
    world.name_blocks.push(NameBlock {
        waba: template.waba.clone(),
        name: template.name.clone(),
        language: (!is_whole_name).then(|| template.language.clone()),
        until,
    });
    match world.switches.deleted_templates {
        DeletedTemplates::PendingDeletion if was_approved => {
            if let Some(template) = world.templates.get_mut(&id) {
                template.status = TemplateStatus::PendingDeletion;
            }
            world.agenda.add(until, Pending::Purge(id));
        }
        DeletedTemplates::PendingDeletion | DeletedTemplates::Gone => world.remove_template(&id),
    }
}
