//! What differs between plan and world, by cause.
//!
//! * `pending`: the plan was not applied so far.
//! * `drift`: it was so once (the journal says so), and is no longer.
//! * `service`: Meta changed it: quality, category, status.
//! * `orphan`: an earlier run made it, and the plan no longer names it.
//!
//! Without a journal nothing can be told to have been done, so what would be drift shows as
//! pending, and orphans cannot be seen.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    changeset::ChangeSet,
    field::FieldChange,
    ids::{Address, NumberStep, TemplateKey},
    inventory::{Fate, is_selected, wanted_category},
    plan::Plan,
    resource::{
        phone_number::PhoneNumber,
        template::{Status, Template},
    },
    snapshot::Snapshot,
    step::Action,
};

/// Why something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Was so, is no longer.
    Drift,
    /// Not applied so far.
    Pending,
    /// Meta changed it.
    Service,
    /// Made by an earlier run, no longer in the plan.
    Orphan,
}

impl Class {
    /// Returns whether a check fails on it.
    pub fn fails(self) -> bool {
        matches!(self, Self::Pending | Self::Drift)
    }
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// Why.
    pub class: Class,
    /// What: a step's address, or `number["+49…"]`, `template["NAME/LANG"]`.
    pub address: String,
    /// In words.
    pub message: String,
    /// Field by field.
    pub fields: Vec<FieldChange>,
}

/// Compares. Pure.
pub fn diff(plan: &Plan, changes: &ChangeSet, seen: &Snapshot) -> Vec<Difference> {
    let mut differences: Vec<_> = steps(changes, seen).collect();
    differences.extend(numbers(plan, seen));
    differences.extend(templates(plan, changes, seen));
    differences.extend(copies(changes));
    differences.extend(orphans(plan, seen));
    differences.sort_by(|one, two| (one.class, &one.address).cmp(&(two.class, &two.address)));
    differences
}

fn steps<'a>(changes: &'a ChangeSet, seen: &'a Snapshot) -> impl Iterator<Item = Difference> + 'a {
    changes
        .to_do()
        .filter(|change| change.action != Action::Gate || change.blocked)
        .map(|change| {
            // That a code was asked for once is no state that could have been lost.
            let is_state = change.kind != "request_code";
            let was_done = seen
                .history
                .done
                .iter()
                .any(|step| step.as_str() == change.address);
            Difference {
                class: if was_done && is_state {
                    Class::Drift
                } else {
                    Class::Pending
                },
                address: change.address.clone(),
                message: change.reason.clone(),
                fields: change.fields.clone(),
            }
        })
}

/// Meta's rating of numbers that have moved.
fn numbers<'a>(plan: &'a Plan, seen: &'a Snapshot) -> impl Iterator<Item = Difference> + 'a {
    let live = |number: &'a crate::plan::Number| {
        let on_target = seen.target.known(&number.phone)?;
        on_target.is_live().then_some((&number.phone, on_target))
    };
    let poor = |number: &PhoneNumber| {
        number
            .quality_rating
            .clone()
            .filter(|rating| rating == "RED" || rating == "YELLOW")
    };
    plan.numbers
        .iter()
        .filter_map(live)
        .filter_map(move |(phone, number)| {
            let rating = poor(number)?;
            Some(Difference {
                class: Class::Service,
                address: format!("number[\"{phone}\"]"),
                message: format!("Meta rates its quality {rating}"),
                fields: vec![FieldChange::new("quality_rating", rating, Value::Null)],
            })
        })
}

/// Copies that no longer say what the source's templates say: somebody has edited one of the two.
/// What was on the target before is the target's business.
fn copies(changes: &ChangeSet) -> impl Iterator<Item = Difference> {
    let items = changes.templates.iter().flat_map(|all| &all.templates);
    let ours = items.filter(|item| matches!(item.fate, Fate::Copied | Fate::Recreated));
    ours.filter_map(|item| {
        let says = |change: &&FieldChange| change.path != "category";
        let fields: Vec<_> = item.changes.iter().filter(says).cloned().collect();
        (!fields.is_empty()).then(|| Difference {
            class: Class::Drift,
            address: format!("template[\"{}\"]", item.key()),
            message: "it no longer says what the source's template says".into(),
            fields,
        })
    })
}

/// What reviews and ratings made of copied templates.
fn templates(plan: &Plan, changes: &ChangeSet, seen: &Snapshot) -> Vec<Difference> {
    let items = changes.templates.iter().flat_map(|all| &all.templates);
    let fates: BTreeMap<_, _> = items.map(|item| (item.key(), item.fate)).collect();
    let there = seen.target.templates.present().into_iter().flatten();
    let is_from_source = |key: &TemplateKey| fates.is_empty() || fates.contains_key(key);
    let selected =
        there.filter(|(key, _)| is_selected(&plan.templates, key) && is_from_source(key));
    selected
        .filter_map(|(key, on_target)| {
            // One that was there before has a category of its own.
            let is_ours = fates.get(key) != Some(&Fate::Different);
            let on_source = seen.source.template(key).filter(|_| is_ours);
            let made = seen.history.templates.made(key);
            let category = on_source.and_then(|source| wanted_category(source, made));
            template(key, category, on_target)
        })
        .collect()
}

fn template(
    key: &TemplateKey,
    wanted_category: Option<&str>,
    on_target: &Template,
) -> Option<Difference> {
    let mut fields = Vec::new();
    let stopped = [Status::Rejected, Status::Paused, Status::Disabled];
    if let Some(status) = on_target
        .status
        .as_ref()
        .filter(|status| stopped.contains(status))
    {
        fields.push(FieldChange::new("status", status.as_str(), "APPROVED"));
    }
    if let (Some(wanted), Some(is)) = (wanted_category, on_target.category.as_deref())
        && wanted != is
    {
        fields.push(FieldChange::new("category", is, wanted));
    }
    let changes: Vec<_> = fields
        .iter()
        .map(|field| format!("{} is {}", field.path, field.before))
        .collect();
    (!fields.is_empty()).then(|| Difference {
        class: Class::Service,
        address: format!("template[\"{key}\"]"),
        message: changes.join(", ").replace('"', ""),
        fields,
    })
}

/// Numbers that an earlier run added and that the plan no longer names.
fn orphans<'a>(plan: &'a Plan, seen: &'a Snapshot) -> impl Iterator<Item = Difference> + 'a {
    let added = seen.history.done.iter().filter_map(|step| {
        let phone = step.phone()?;
        (*step == Address::number(&phone, NumberStep::Add) && plan.number(&phone).is_none())
            .then_some(phone)
    });
    added.filter_map(|phone| {
        let state = seen.target.known(&phone)?.state();
        Some(Difference {
            class: Class::Orphan,
            address: format!("number[\"{phone}\"]"),
            message: format!("an earlier run added it ({state}), the plan no longer names it"),
            fields: Vec::new(),
        })
    })
}
