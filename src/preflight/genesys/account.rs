//! What the numbers of Genesys Cloud share: the payment line, and the canned responses.

use std::collections::BTreeSet;

use super::{
    ADMIN, INTEGRATIONS, count,
    scope::{Scope, is_of_source, source_namespace},
    some,
};
use crate::{
    finding::{Finding, Severity, Who},
    ids::TemplateKey,
    inventory::Fate,
    phone::Phone,
    preflight::case::Case,
    resource::{
        genesys::{integration::Integration, response::Response},
        phone_number::PhoneNumber,
        template::Template,
    },
};

/// Canned responses that a finding names before it only counts.
const NAMED: usize = 10;

/// Returns the active integrations of the target.
pub(in super::super) fn active_on_target<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = &'a Integration> {
    let target = case.plan.target.waba.as_str();
    let all = case.seen.organization.as_ref();
    let all = all.and_then(|organization| organization.integrations.present());
    let all = all.into_iter().flatten();
    all.filter(move |one| one.waba.as_deref() == Some(target) && one.is_active())
}

/// Genesys brings its payment line with the first number that the popup onboards; numbers that move
/// bring none. Whether it is there is not shown, only what would carry it.
///
/// Source: <https://help.mypurecloud.com/?p=310549>
pub(in super::super) fn payment(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "genesys-payment";
    let Some(scope) = case.genesys.as_ref().filter(|scope| is_moving(scope)) else {
        return;
    };
    let numbers = case.seen.target.numbers.present();
    let (Some(_), Some(numbers)) = (scope.organization.integrations.present(), numbers) else {
        return;
    };
    let has_number = numbers.iter().any(PhoneNumber::is_registered);
    findings.push(match active_on_target(case).next() {
        Some(one) => {
            let message = "an active integration on the target carries Genesys' payment line";
            Finding::pass(RULE, case.target(), message)
                .observed(super::called(&one.name, &one.id))
        }
        None if has_number => {
            let message = "the target has registered numbers, so it can pay";
            Finding::pass(RULE, case.target(), message)
        }
        None => {
            let message = "no number of the target carries Genesys' payment line, and a number that moves brings none";
            let hint = format!(
                "onboard a first number on {} by the signup popup in {ADMIN}, one for the time being will do, and name it in the plan (genesys.placeholder)",
                case.plan.target.waba
            );
            Finding::warn(RULE, case.target(), message)
                .observed("no active integration, no registered number")
                .ask(Who::GenesysAdmin, hint)
                .proof(format!(
                    "{INTEGRATIONS} shows an active one of the target"
                ))
        }
    });
    if let Some(phone) = &scope.settings.placeholder {
        findings.extend(placeholder(case, scope, phone));
    }
}

fn is_moving(scope: &Scope<'_>) -> bool {
    !scope.open.is_empty()
}

fn placeholder(case: &Case<'_>, scope: &Scope<'_>, phone: &Phone) -> Option<Finding> {
    const RULE: &str = "genesys-placeholder";
    const SUBJECT: &str = "genesys.placeholder";
    let target = case.plan.target.waba.as_str();
    let is_there = |one: &&Integration| {
        one.claims(phone) && one.waba.as_deref().is_none_or(|waba| waba == target)
    };
    let mut all = scope.organization.integrations.present()?.iter();
    let (message, observed) = match all.find(is_there) {
        Some(one) if one.is_active() => {
            let message = "the placeholder has an active integration on the target";
            return Some(Finding::pass(RULE, SUBJECT, message));
        }
        Some(one) => (
            format!("the placeholder {phone} is not active on the target"),
            format!("status {}", one.status_word()),
        ),
        None => (
            format!("the placeholder {phone} has no integration on the target"),
            "no entry".to_owned(),
        ),
    };
    Some(
        Finding::warn(RULE, SUBJECT, message)
            .observed(observed)
            .ask(
                Who::GenesysAdmin,
                format!("onboard it by the signup popup in {ADMIN}, or take it out of the plan"),
            )
            .proof(format!("{INTEGRATIONS} shows it Active")),
    )
}

const RESPONSES: &str = "genesys-responses";
const SUBJECT: &str = "genesys.canned_responses";

pub(in super::super) fn responses(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(scope) = case.genesys.as_ref().filter(|scope| !scope.is_over()) else {
        return;
    };
    let Some(all) = scope.organization.responses.present() else {
        return;
    };
    let bears_namespace = |one: &&Response| one.template().is_some_and(|it| it.namespace.is_some());
    if source_namespace(case.seen).is_none() && all.iter().any(|one| bears_namespace(&one)) {
        let message = "which canned responses are the source's cannot be told: its template namespace is not shown";
        findings.push(
            Finding::unknown(RESPONSES, Severity::Warning, SUBJECT, message)
                .ask(
                    Who::SourceOwner,
                    "name a source.token that may read the account's details",
                )
                .proof("GET /{SOURCE}?fields=message_template_namespace"),
        );
    }
    let ours: Vec<_> = all.iter().filter(|one| is_ours(case, one)).collect();
    let to_change = ours.iter().filter(|one| is_of_source(one, case.seen));
    let mut to_change: Vec<_> = to_change.map(|one| with_template(one)).collect();
    to_change.sort();
    findings.push(match to_change.is_empty() {
        true => Finding::pass(
            RESPONSES,
            SUBJECT,
            "no canned response names the source's namespace",
        ),
        false => {
            let message = format!(
                "{} the source's namespace",
                match to_change.len() {
                    1 => "1 canned response names".to_owned(),
                    more => format!("{more} canned responses name"),
                }
            );
            Finding::pass(RESPONSES, SUBJECT, message).observed(some(&to_change, NAMED))
        }
    });
    findings.extend(without_template(case, &ours));
}

/// Whether a canned response sends a template of the source: by its namespace; newer ones have none,
/// there the template tells.
fn is_ours(case: &Case<'_>, response: &Response) -> bool {
    let Some(template) = response.template() else {
        return false;
    };
    match template.namespace {
        Some(_) => is_of_source(response, case.seen),
        None => case.seen.source.template(&template.key()).is_some(),
    }
}

fn with_template(response: &Response) -> String {
    let key = response.template().map(|template| template.key());
    let key = key.map(|key| format!(", {key}")).unwrap_or_default();
    format!("{} ({}{key})", response.name, response.id)
}

/// What the target has, or will have.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Coming {
    /// It will not be there.
    Not,
    /// It will be there, but no number waits until it is approved.
    Unawaited,
    /// It is approved, or numbers wait until it is.
    Sure,
}

fn without_template(case: &Case<'_>, ours: &[&Response]) -> Vec<Finding> {
    let templates = &case.plan.templates;
    let is_read = !templates.copy.is_empty()
        || !templates.definitions.is_empty()
        || templates.required.is_some();
    if ours.is_empty() || case.seen.target.templates.present().is_none() {
        return Vec::new();
    }
    if !is_read {
        let message = format!(
            "the plan moves no templates, so whether the target has those of {} is not checked",
            count(ours.len(), "canned response")
        );
        let finding = Finding::unknown(RESPONSES, Severity::Info, SUBJECT, message)
            .ask(
                Who::Us,
                "copy them (templates.copy), or make sure that they are there",
            )
            .proof("GET /{TARGET}/message_templates lists them as APPROVED");
        return vec![finding];
    }
    let coming = coming(case);
    let named = |wanted: &Coming| {
        let those = ours.iter().filter(|one| {
            let template = one.template();
            template.is_some_and(|it| will_be(case, &coming, &it.key()) == *wanted)
        });
        let mut names: Vec<_> = those.map(|one| with_template(one)).collect();
        names.sort();
        names
    };
    let missing = sends(
        &named(&Coming::Not),
        "that the target will not have",
        "add them to templates.copy, define them (templates.files), or have the responses retired",
    );
    let unawaited = sends(
        &named(&Coming::Unawaited),
        "whose approval no number waits for",
        "add them to templates.required, or keep agents from using them until they are approved",
    );
    [missing, unawaited].into_iter().flatten().collect()
}

/// The finding of canned responses that could not be sent for a while, or ever.
fn sends(names: &[String], what: &str, hint: &str) -> Option<Finding> {
    let message = match names.len() {
        0 => return None,
        1 => format!("1 canned response sends a template {what}"),
        more => format!("{more} canned responses send templates {what}"),
    };
    Some(
        Finding::warn(RESPONSES, SUBJECT, message)
            .observed(some(names, NAMED))
            .ask(Who::Us, hint)
            .proof("GET /{TARGET}/message_templates lists them as APPROVED"),
    )
}

/// Templates that the plan brings to the target.
fn coming(case: &Case<'_>) -> BTreeSet<TemplateKey> {
    let items = case.templates.iter().flat_map(|all| &all.templates);
    let items = items.filter(|item| {
        matches!(
            item.fate,
            Fate::Copy | Fate::Coming | Fate::Recreate | Fate::Defined
        )
    });
    let defined = case.plan.templates.definitions.iter();
    let defined = defined.map(|definition| definition.key.clone());
    items.map(|item| item.key()).chain(defined).collect()
}

fn will_be(case: &Case<'_>, coming: &BTreeSet<TemplateKey>, key: &TemplateKey) -> Coming {
    let there = case.seen.target.template(key);
    if there.is_some_and(Template::is_approved) {
        return Coming::Sure;
    }
    if there.is_none() && !coming.contains(key) {
        return Coming::Not;
    }
    let required = case.plan.templates.required.as_ref();
    let is_awaited = match required {
        None => {
            coming.contains(key)
                || case
                    .plan
                    .templates
                    .copy
                    .iter()
                    .any(|glob| glob.matches(&key.name))
        }
        Some(globs) => globs.iter().any(|glob| glob.matches(&key.name)),
    };
    match is_awaited {
        true => Coming::Sure,
        false => Coming::Unawaited,
    }
}
