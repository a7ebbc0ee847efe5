//! Templates that a plan counts on and that will not be there as it may expect.
//!
//! Source of the 30 days a deleted name stays blocked:
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>

use super::case::Case;
use crate::{
    finding::{Finding, Who},
    ids::{AccountStep, Address, TemplateKey},
    resource::template::Template,
};

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

/// What Meta refused to copy is not asked for again, and nobody waits for it.
pub(super) fn refused(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (key, reason) in case.seen.refused_copies() {
        let message = format!("Meta refused to copy template {key}: {reason}");
        findings.push(
            Finding::warn("template-refused", "templates.copy", message)
                .ask(
                    Who::Us,
                    "mend it on the source, then: apply --retry-templates",
                )
                .proof("GET /{TARGET}/message_templates lists it"),
        );
    }
}

/// A template of the same name that the target has of its own stays, and would be sent instead.
pub(super) fn no_collision(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "template-collision";
    let (Some(selection), Some(target)) = (&case.templates, case.seen.target.templates.present())
    else {
        return;
    };
    if selection.there.is_empty() || was_copied(case) {
        return;
    }
    let differing = selection.there.iter().filter_map(|source| {
        let key = source.key();
        let target = target.get(&key)?;
        let differs = source.category != target.category || source.status != target.status;
        differs.then(|| {
            format!(
                "{key} is {} on the source, {} on the target",
                words(source),
                words(target)
            )
        })
    });
    let differing: Vec<_> = differing.collect();
    findings.push(if differing.is_empty() {
        let message = "templates of the same name are alike on both accounts";
        Finding::pass(RULE, "templates.copy", message)
    } else {
        let message = format!(
            "{} on the target already, with another category or status: the target's own stay, and they will be sent",
            are(differing.len())
        );
        Finding::warn(RULE, "templates.copy", message)
            .observed(listed(&differing))
            .ask(
                Who::Us,
                "compare their content in WhatsApp Manager; edit or delete the target's before the copy, or take them out of templates.copy",
            )
            .proof("GET /{WABA}/message_templates?fields=name,language,category,status")
    });
}

/// A deleted template's name stays blocked for a while.
pub(super) fn name_free(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "template-name-blocked";
    let Some(selection) = &case.templates else {
        return;
    };
    let is_leaving = |key: &TemplateKey| case.seen.target.leaving.contains(key);
    let keys = selection.missing.iter().map(|template| template.key());
    let blocked: Vec<_> = keys.filter(is_leaving).map(|key| key.to_string()).collect();
    if blocked.is_empty() {
        return;
    }
    let message = format!(
        "{} being deleted on the target: a name stays blocked for up to 30 days",
        are(blocked.len())
    );
    findings.push(
        Finding::warn(RULE, "templates.copy", message)
            .observed(listed(&blocked))
            .ask(
                Who::Us,
                "take them out of templates.copy, or wait and run: apply --retry-templates",
            )
            .proof("GET /{TARGET}/message_templates does not list them as PENDING_DELETION"),
    );
}

/// Whether a run of this plan copied templates, or asked Meta to.
fn was_copied(case: &Case<'_>) -> bool {
    let copy = Address::account(AccountStep::TemplatesCopy);
    let history = &case.seen.history;
    history.done.contains(&copy)
        || history.sent.contains_key(&copy)
        || history.accepted.contains_key(&copy)
}

fn words(template: &Template) -> String {
    let category = template.category.as_deref().unwrap_or("?");
    let status = template
        .status
        .as_ref()
        .map_or("?", |status| status.as_str());
    format!("{category} {status}")
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
