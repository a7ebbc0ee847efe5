//! What an earlier run of the plan made on the target and the plan no longer names.
//!
//! Nothing is claimed that the journal does not prove: what was there before, or came some other
//! way, is nobody's orphan.

use std::collections::BTreeSet;

use super::{Class, Difference};
use crate::{
    changeset::ChangeSet,
    ids::{AccountStep, TemplateKey},
    inventory::is_selected,
    plan::Plan,
    snapshot::Snapshot,
};

/// Finds them all.
pub(super) fn orphans(plan: &Plan, changes: &ChangeSet, seen: &Snapshot) -> Vec<Difference> {
    let mut orphans = numbers(plan, seen);
    orphans.extend(templates(plan, changes, seen));
    orphans.extend(flows(plan, seen));
    orphans
}

fn orphan(address: String, how: &str, state: &str) -> Difference {
    let message = format!("an earlier run {how} it ({state}), the plan no longer names it");
    Difference::new(Class::Orphan, address, message)
}

fn numbers(plan: &Plan, seen: &Snapshot) -> Vec<Difference> {
    let moved = seen.history.moved();
    let orphans = moved.filter(|phone| plan.number(phone).is_none());
    let orphans = orphans.filter_map(|phone| {
        let state = seen.target.known(phone)?.state();
        Some(orphan(format!("number[\"{phone}\"]"), "moved", &state))
    });
    orphans.collect()
}

fn templates(plan: &Plan, changes: &ChangeSet, seen: &Snapshot) -> Vec<Difference> {
    let refused = seen.refused(AccountStep::TemplatesCopy);
    // What a step is going to delete is told there.
    let mut to_do = changes.to_do();
    let pruned = to_do.find(|change| change.kind == "templates_prune");
    let pruned = pruned.iter().flat_map(|change| &change.fields);
    let pruned: BTreeSet<_> = pruned.map(|field| field.path.as_str()).collect();
    let made = seen.history.templates.proven();
    let orphans = made.filter(|(key, _)| !is_named(plan, key));
    let orphans = orphans.filter_map(|(key, made)| {
        let there = seen.target.template(key)?;
        let name = key.to_string();
        let is_ours = !refused.contains_key(&name) && !pruned.contains(name.as_str());
        let address = format!("template[\"{name}\"]");
        is_ours.then(|| orphan(address, made.word(), there.status_word()))
    });
    orphans.collect()
}

/// Whether the plan copies, defines or requires a template.
fn is_named(plan: &Plan, key: &TemplateKey) -> bool {
    let templates = &plan.templates;
    let mut required = templates.required.iter().flatten();
    is_selected(templates, key)
        || templates.definition(key).is_some()
        || required.any(|glob| glob.matches(&key.name))
}

fn flows(plan: &Plan, seen: &Snapshot) -> Vec<Difference> {
    let refused = seen.refused(AccountStep::FlowsCopy);
    let contents: Vec<_> = plan
        .templates
        .definitions
        .iter()
        .map(|definition| definition.content())
        .collect();
    let opened = contents.iter().flat_map(|content| content.lines());
    let opened = opened.filter(|(path, _)| path.ends_with(".flow_name"));
    let opened: BTreeSet<_> = opened.map(|(_, name)| name).collect();
    let is_named =
        |name: &str| opened.contains(name) || plan.flows.copy.iter().any(|glob| glob.matches(name));
    let made = seen.history.flows.copied().iter();
    let orphans = made.filter(|name| !is_named(name) && !refused.contains_key(*name));
    let orphans = orphans.filter_map(|name| {
        let there = seen.target.flows.present()?.get(name)?;
        Some(orphan(
            format!("flow[\"{name}\"]"),
            "copied",
            there.status_word(),
        ))
    });
    orphans.collect()
}
