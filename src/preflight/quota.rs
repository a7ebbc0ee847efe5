//! The calls this plan still needs, against what an hour of the target gives.
//!
//! An estimate: a run that waits for people or reviews looks more often. Percentages change from
//! call to call, so they are shown only where something does not fit.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>

use super::case::{Case, Moving};
use crate::{
    finding::{Finding, Who},
    inventory::Fate,
    plan::{Definition, Method},
    resource::{phone_number::PhoneNumber, template::Template},
};

/// The rule's id. A plan's line of sums says whether it holds.
pub const RULE: &str = "quota";

const PROOF: &str = "X-Business-Use-Case-Usage: call_count of whatsapp_business_management";

/// Calls an hour on an account without a registered number, and with one.
const AN_HOUR: (usize, usize) = (200, 5_000);

/// Looks at a number when all goes well: after each of its writes (5), at number, account, details and
/// subscriptions right before register (4), until it is live (3).
const LOOKS: usize = 12;

/// Looks at the target itself when a run begins: account, details, room for templates, apps.
const LOOKS_AT_TARGET: usize = 4;

/// Lists of the target's templates: when a run begins, until copies appear and are approved, and
/// before registers. One more for every page of copies.
const LISTS: usize = 8;

/// Calls for a template that is created: a look, its media, itself.
const CREATION: usize = 4;

/// The most templates in one copy call.
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>
const COPY_PAGE: usize = 500;

pub(super) fn fits(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(numbers) = case.seen.target.numbers.present() else {
        // The rule about the target says that it cannot be read.
        return;
    };
    let calls = calls(case, numbers);
    let (few, many) = AN_HOUR;
    let has_number = numbers.iter().any(PhoneNumber::is_registered);
    let an_hour = if has_number { many } else { few };
    let used = case.seen.used.unwrap_or_default().min(100) as usize;
    let left = an_hour - an_hour * used / 100;
    if case.is_over() || calls <= left {
        let message = "the calls of this plan fit into an hour of the target";
        findings.push(Finding::pass(RULE, case.target(), message));
        return;
    }
    let message = format!(
        "this plan needs about {calls} calls on the target, which has {left} of {an_hour} left in this hour: it takes up to {} hours, waiting in between",
        calls.div_ceil(an_hour).max(2)
    );
    let hint = if has_number {
        "run apply again until all is done: what is done is not done twice"
    } else {
        "move one number first (needs): an account with a registered number has 5,000 calls an hour"
    };
    findings.push(
        Finding::warn(RULE, case.target(), message)
            .observed(format!("call_count: {used} %"))
            .ask(Who::Us, hint)
            .proof(PROOF),
    );
}

/// An account takes a hundred new templates in an hour.
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>
const CREATIONS_AN_HOUR: usize = 100;

/// Many templates are created in hours.
pub(super) fn creations_fit(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let created = creations(case);
    if created <= CREATIONS_AN_HOUR {
        return;
    }
    let hours = created.div_ceil(CREATIONS_AN_HOUR) - 1;
    let message = format!(
        "{created} templates are created, and an account takes {CREATIONS_AN_HOUR} an hour: that takes {hours} or more hours"
    );
    findings.push(
        Finding::warn("template-creations", "templates", message)
            .ask(
                Who::Us,
                "run apply again until all is done, or begin a day before the cut-over",
            )
            .proof("GET /{TARGET}/message_templates lists them"),
    );
}

/// Templates that are created: from files, and anew.
fn creations(case: &Case<'_>) -> usize {
    let anew = case
        .templates
        .as_ref()
        .map_or(0, |all| all.count(Fate::Recreate));
    let missing = |definition: &&Definition| case.seen.target.template(&definition.key).is_none();
    anew + case
        .plan
        .templates
        .definitions
        .iter()
        .filter(missing)
        .count()
}

fn calls(case: &Case<'_>, numbers: &[PhoneNumber]) -> usize {
    let of_numbers: usize = case.moving.iter().map(calls_of).sum();
    let count = |fate| case.templates.as_ref().map_or(0, |all| all.count(fate));
    let (copied, created) = (count(Fate::Copy), creations(case));
    let there = case
        .seen
        .target
        .templates
        .present()
        .map_or(0, |all| all.len());
    let copies = copied.div_ceil(COPY_PAGE);
    let lists = if case.templates.is_none() {
        0
    } else {
        (LISTS + copies) * pages(there + copied + created, Template::PAGE)
    };
    LOOKS_AT_TARGET
        + pages(numbers.len(), PhoneNumber::PAGE)
        + copies
        + created * CREATION
        + lists
        + of_numbers
}

/// The writes of one number, as far as they are not done, and the looks they need.
fn calls_of(moving: &Moving<'_>) -> usize {
    let by_code = moving.number.method == Method::Otp;
    let is_verified = moving.on_target.is_some_and(PhoneNumber::is_verified);
    let writes = [
        (by_code && moving.on_target.is_none(), 1),
        // request_code, verify_code
        (by_code && !is_verified, 2),
        // register, profile
        (true, 2),
    ];
    let needed = writes.into_iter().filter(|(needed, _)| *needed);
    needed.map(|(_, calls)| calls).sum::<usize>() + LOOKS
}

/// Even an empty list takes a call.
fn pages(items: usize, page: u32) -> usize {
    items.div_ceil(page as usize).max(1)
}
