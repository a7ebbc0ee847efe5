//! Templates that a plan counts on and that will not be there as it may expect.
//!
//! Source of the 30 days a deleted name stays blocked:
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use super::case::Case;
use crate::{
    finding::{Finding, Who},
    ids::TemplateKey,
    inventory::{Fate, Item},
};

/// What the findings are about.
const SUBJECT: &str = "templates.copy";

/// Templates that a finding names before it only counts.
const NAMED: usize = 5;

/// A mistyped pattern would let a number move without the templates it needs.
pub(super) fn required_match(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "template-required-unmatched";
    let (Some(source), Some(target)) = (
        case.seen.source.templates.present(),
        case.seen.target.templates.present(),
    ) else {
        return;
    };
    let required = case.plan.templates.required.iter().flatten();
    for pattern in required.filter(|glob| !glob.is_name()) {
        let mut keys = source.keys().chain(target.keys());
        let subject = "templates.approved";
        findings.push(if keys.any(|key| pattern.matches(&key.name)) {
            let message = format!("templates match `{}`", pattern.as_str());
            Finding::pass(RULE, subject, message)
        } else {
            let message = format!(
                "templates.required has `{}`, which no template matches",
                pattern.as_str()
            );
            Finding::warn(RULE, subject, message)
                .ask(Who::Us, "correct the pattern, or take it out")
                .proof("GET /{WABA}/message_templates lists a name that matches")
        });
    }
}

/// What Meta refused is not asked for again, and nobody waits for it.
pub(super) fn refused(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let failed = case.templates.iter().flat_map(|all| all.with(Fate::Failed));
    for item in failed.filter(|item| item.target_id.is_none()) {
        let reason = item.reason.as_deref().unwrap_or("no reason given");
        let message = format!("template {}: {reason}", item.key());
        let finding = Finding::warn("template-refused", SUBJECT, message)
            .proof("GET /{TARGET}/message_templates lists it");
        findings.push(match &item.instead {
            Some(instead) => finding.ask(Who::Us, instead.clone()),
            None => finding,
        });
    }
}

/// A template of the same name that the target has of its own stays, and would be sent instead.
pub(super) fn no_collision(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "template-collision";
    let Some(inventory) = &case.templates else {
        return;
    };
    let there = [Fate::Adopted, Fate::Different].map(|fate| inventory.count(fate));
    if there == [0, 0] {
        return;
    }
    let told = inventory.with(Fate::Different).map(|item| {
        let paths: Vec<_> = item
            .changes
            .iter()
            .map(|change| change.path.as_str())
            .collect();
        format!("{} ({})", item.key(), paths.join(", "))
    });
    let differing: Vec<_> = told.collect();
    findings.push(if differing.is_empty() {
        let message = "templates of the same name are alike on both accounts";
        Finding::pass(RULE, SUBJECT, message)
    } else {
        let message = format!(
            "{} on the target already and {} something else there: the target's own stay, and they will be sent",
            are(differing.len()),
            if differing.len() == 1 { "says" } else { "say" }
        );
        Finding::warn(RULE, SUBJECT, message)
            .observed(listed(&differing))
            .ask(
                Who::Us,
                "edit the target's, define them in files (templates.files), or take them out of templates.copy",
            )
            .proof("GET /{WABA}/message_templates?fields=name,language,category,components")
    });
}

/// Meta has announced that templates on the target will get another category.
pub(super) fn category_announced(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let items = case.templates.iter().flat_map(|all| &all.templates);
    let announced = items.filter_map(|item| {
        let key = item.key();
        let target = case.seen.target.template(&key)?;
        Some(format!("{key} to {}", target.drifted_category()?))
    });
    let announced: Vec<_> = announced.collect();
    if announced.is_empty() {
        return;
    }
    let message = format!(
        "{} on the target about to get another category",
        are(announced.len())
    );
    findings.push(
        Finding::warn("template-category-announced", SUBJECT, message)
            .observed(listed(&announced))
            .ask(
                Who::Us,
                "a number is not registered once a required template has another category: change what it says, or accept it with a file (templates.files)",
            )
            .proof("GET /{TARGET}/message_templates: correct_category is absent or that of the template"),
    );
}

/// A deleted template's name stays blocked for a while.
pub(super) fn name_free(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "template-name-blocked";
    let Some(inventory) = &case.templates else {
        return;
    };
    let coming = [Fate::Copy, Fate::Recreate];
    let coming = coming.into_iter().flat_map(|fate| inventory.with(fate));
    let defined = case.plan.templates.definitions.iter();
    let defined = defined.map(|definition| definition.key.clone());
    let keys = coming.map(Item::key).chain(defined);
    let is_leaving = |key: &TemplateKey| case.seen.target.leaving.contains(key);
    let blocked: Vec<_> = keys.filter(is_leaving).map(|key| key.to_string()).collect();
    if blocked.is_empty() {
        return;
    }
    let message = format!(
        "{} being deleted on the target: a name stays blocked for up to 30 days",
        are(blocked.len())
    );
    findings.push(
        Finding::warn(RULE, SUBJECT, message)
            .observed(listed(&blocked))
            .ask(
                Who::Us,
                "take them out of templates.copy, or wait and run: apply --retry-templates",
            )
            .proof("GET /{TARGET}/message_templates does not list them as PENDING_DELETION"),
    );
}

fn are(count: usize) -> String {
    match count {
        1 => "1 template is".to_owned(),
        _ => format!("{count} templates are"),
    }
}

fn listed(names: &[String]) -> String {
    let mut text = names[..names.len().min(NAMED)].join(", ");
    if names.len() > NAMED {
        text += &format!(", and {} more", names.len() - NAMED);
    }
    text
}
