//! What Meta changed by itself: ratings, reviews, categories, statuses. Nothing here is for `apply`
//! to mend.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Class, Difference};
use crate::{
    changeset::{ChangeEntry, ChangeSet},
    field::FieldChange,
    ids::{AccountStep, Address, NumberStep, TemplateKey, TemplateStep},
    inventory::{Fate, is_selected, wanted_category},
    plan::{Definition, Number, Plan},
    resource::{
        flow,
        phone_number::{PhoneNumber, Status as NumberStatus},
        template::{Status, Template},
    },
    snapshot::Snapshot,
    step::Action,
};

/// Statuses that only Meta gives to a registered number.
/// Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/>
const STOPPED: [&str; 4] = ["BANNED", "FLAGGED", "RATE_LIMITED", "RESTRICTED"];

/// Ratings that are worth a word.
const POOR: [&str; 2] = ["RED", "YELLOW"];

/// Ends of the review of a name that are worth a word.
const REFUSED_NAMES: [&str; 2] = ["DECLINED", "EXPIRED"];

fn service(address: String, fields: Vec<FieldChange>) -> Option<Difference> {
    let is_review = |field: &FieldChange| {
        let reviewed = [Status::Pending, Status::InAppeal];
        field.path == "status"
            && reviewed
                .iter()
                .any(|status| field.before == status.as_str())
    };
    let message = match fields.iter().all(is_review) {
        true => "Meta reviews it again",
        false => "Meta has changed it",
    };
    (!fields.is_empty()).then(|| Difference::new(Class::Service, address, message).with(fields))
}

/// Nothing in the plan says what it should be.
fn told(path: &str, word: Option<&str>, bad: &[&str]) -> Option<FieldChange> {
    let word = word.filter(|word| bad.contains(word))?;
    Some(FieldChange::new(path, word, Value::Null))
}

/// Numbers that have moved.
pub(super) fn numbers(plan: &Plan, seen: &Snapshot) -> Vec<Difference> {
    let all = plan.numbers.iter().filter_map(|number| {
        let there = seen.target.known(&number.phone)?;
        let fields = match there.is_registered() {
            true => number_fields(number, there, seen),
            false => Vec::new(),
        };
        service(number_address(number), fields)
    });
    all.collect()
}

fn number_address(number: &Number) -> String {
    format!("number[\"{}\"]", number.phone)
}

fn number_fields(number: &Number, there: &PhoneNumber, seen: &Snapshot) -> Vec<FieldChange> {
    let live = Address::number(&number.phone, NumberStep::Live);
    let was_live = seen.history.done.contains(&live);
    // The status of a number that was just registered may flap: that is waited for.
    let status = there
        .status
        .as_ref()
        .filter(|status| **status != NumberStatus::Connected)
        .map(NumberStatus::as_str)
        .filter(|status| was_live || STOPPED.contains(status));
    let connected = NumberStatus::Connected;
    let fields = [
        status.map(|status| FieldChange::new("status", status, connected.as_str())),
        told("quality_rating", there.quality_rating.as_deref(), &POOR),
        told("name_status", there.name_status.as_deref(), &REFUSED_NAMES),
        told(
            "new_name_status",
            there.new_name_status.as_deref(),
            &REFUSED_NAMES,
        ),
    ];
    fields.into_iter().flatten().collect()
}

/// What reviews and ratings made of templates that the plan copies, defines or requires.
pub(super) fn templates(plan: &Plan, changes: &ChangeSet, seen: &Snapshot) -> Vec<Difference> {
    let items = changes.templates.iter().flat_map(|all| &all.templates);
    let fates: BTreeMap<_, _> = items.map(|item| (item.key(), item.fate)).collect();
    let there = seen.target.templates.present().into_iter().flatten();
    let templates = there.filter_map(|(key, on_target)| {
        let fate = fates.get(key).copied();
        let is_copied = is_selected(&plan.templates, key) && (fates.is_empty() || fate.is_some());
        let definition = plan.templates.definition(key);
        let mut required = plan.templates.required.iter().flatten();
        let is_ours =
            is_copied || definition.is_some() || required.any(|glob| glob.matches(&key.name));
        if !is_ours {
            return None;
        }
        let mut fields: Vec<_> = status(on_target, seen).into_iter().collect();
        fields.extend(match definition {
            Some(definition) => defined_category(definition, on_target, changes, seen),
            None => category(key, fate, on_target, seen),
        });
        fields.extend(told("quality_score", on_target.score(), &POOR));
        service(format!("template[\"{key}\"]"), fields)
    });
    templates.collect()
}

/// A status in which it cannot be sent. The first review is waited for; a later one is told.
fn status(on_target: &Template, seen: &Snapshot) -> Option<FieldChange> {
    let approved = Address::account(AccountStep::TemplatesApproved);
    let was_approved = seen.history.done.contains(&approved);
    let status = on_target.status.as_ref().filter(|status| match status {
        Status::Approved => false,
        Status::Pending | Status::InAppeal => was_approved,
        _ => true,
    })?;
    let wanted = Status::Approved;
    Some(FieldChange::new("status", status.as_str(), wanted.as_str()))
}

/// The category of a template of the source. One that the target had before has its own.
fn category(
    key: &TemplateKey,
    fate: Option<Fate>,
    on_target: &Template,
    seen: &Snapshot,
) -> Option<FieldChange> {
    let is_meta = fate != Some(Fate::Different) || on_target.previous_category.is_some();
    let source = seen.source.template(key).filter(|_| is_meta)?;
    let wanted = wanted_category(source, seen.history.templates.made(key))?;
    let is = on_target.category.as_deref()?;
    (wanted != is).then(|| FieldChange::new("category", is, wanted))
}

fn defined_category(
    definition: &Definition,
    on_target: &Template,
    changes: &ChangeSet,
    seen: &Snapshot,
) -> Option<FieldChange> {
    let is = on_target.category.as_deref()?;
    let will_be_mended = changes.to_do().any(|change| {
        change.kind == "template_define"
            && mends_category(change)
            && change.address == define(definition).as_str()
    });
    (!will_be_mended && is_metas_category(definition, on_target, seen))
        .then(|| FieldChange::new("category", is, &*definition.category))
}

/// Whether the next run of a step writes the category.
pub(super) fn mends_category(change: &ChangeEntry) -> bool {
    let mut fields = change.fields.iter();
    change.action == Action::Update && fields.any(|field| field.path == "category")
}

/// The step that makes a template what its file says.
pub(super) fn define(definition: &Definition) -> Address {
    Address::template(&definition.key, TemplateStep::Define)
}

/// Whether it had the category that its file says, and Meta gave it another.
pub(super) fn is_metas_category(
    definition: &Definition,
    on_target: &Template,
    seen: &Snapshot,
) -> bool {
    let wanted = definition.category.as_str();
    let had = on_target.previous_category.as_deref() == Some(wanted);
    let sent = || {
        let proofs = &seen.history.proofs;
        proofs.has_taken(&define(definition), &wanted.into())
    };
    on_target.category.as_deref().is_some_and(|is| is != wanted) && (had || sent())
}

/// Flows that an earlier run copied and that Meta stopped or slowed down.
pub(super) fn flows(seen: &Snapshot) -> Vec<Difference> {
    let copied = seen.history.flows.copied().iter();
    let flows = copied.filter_map(|name| {
        let flow = seen.target.flows.present()?.get(name)?;
        let bad = [flow::Status::Blocked, flow::Status::Throttled];
        let status = flow.status.as_ref().filter(|status| bad.contains(status))?;
        let wanted = flow::Status::Published;
        let fields = vec![FieldChange::new("status", status.as_str(), wanted.as_str())];
        service(format!("flow[\"{name}\"]"), fields)
    });
    flows.collect()
}
