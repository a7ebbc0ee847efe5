//! The numbers as they are on the accounts: on the source once and under the plan's spelling, live,
//! on the Cloud API alone, not banned, no test number.

use super::case::{Case, subject_of};
use crate::{
    finding::{Finding, Severity, Who},
    phone::Phone,
    resource::phone_number::{PhoneNumber, Platform, Status},
};

pub(super) fn on_source_once(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "number-on-source-once";
    const PROOF: &str = "GET /{SOURCE}/phone_numbers lists the number once";
    let Some(numbers) = case.seen.source.numbers.present() else {
        return;
    };
    for moving in &case.moving {
        let is_here = |seen: &&PhoneNumber| {
            seen.is(&moving.number.phone) && seen.status != Some(Status::Migrated)
        };
        let times = numbers.iter().filter(is_here).count();
        let subject = moving.subject();
        findings.push(match (times, moving.on_target) {
            (1, _) => Finding::pass(RULE, subject, "the source lists it once"),
            // In another spelling, which has a rule of its own.
            (0, _) if moving.on_source.is_some() => continue,
            // The step that adds it says so.
            (0, None) => continue,
            (0, Some(_)) => {
                Finding::warn(RULE, subject, "the number is not on the source any more")
                    .observed("no entry")
                    .ask(
                        Who::SourceOwner,
                        "say whether it was removed there; two-step verification cannot be seen, see the gate two_step_off",
                    )
                    .proof(PROOF)
            }
            _ => {
                let message = format!("the source lists the number {times} times");
                Finding::fail(RULE, subject, message)
                    .observed(format!("{times} entries"))
                    .ask(
                        Who::SourceOwner,
                        "remove the stale entry in WhatsApp Manager",
                    )
                    .proof(PROOF)
            }
        });
    }
}

/// Some countries changed the length of their numbers, and an account shows the one it began with.
pub(super) fn spelled_alike(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "number-spelling";
    for (moving, observed) in case.on_source() {
        if moving.number.phone.other_spellings().is_empty() {
            continue;
        }
        let subject = moving.subject();
        findings.push(if observed.is(&moving.number.phone) {
            Finding::pass(RULE, subject, "the plan spells it as the source does")
        } else {
            let shown = Phone::from_display(&observed.display_phone_number);
            let shown = shown.map_or_else(
                || observed.display_phone_number.clone(),
                |phone| phone.international(),
            );
            let message = format!("the source knows this number as {shown}");
            Finding::fail(RULE, subject, message)
                .observed(format!(
                    "display_phone_number: {}",
                    observed.display_phone_number
                ))
                .ask(Who::Us, format!("write `phone: \"{shown}\"` in the plan"))
                .proof(
                    "GET /{WABA}/phone_numbers?fields=display_phone_number shows the plan's digits",
                )
        });
    }
}

/// What helps a number that is not CONNECTED.
const REMEDIES: &[(&str, Who, &str)] = &[
    (
        "BANNED",
        Who::SourceOwner,
        "appeal in Business Support Home; a banned number cannot be migrated",
    ),
    (
        "RESTRICTED",
        Who::SourceOwner,
        "wait until its quality has recovered and it is CONNECTED again",
    ),
    (
        "FLAGGED",
        Who::SourceOwner,
        "wait until its quality has recovered and it is CONNECTED again",
    ),
    (
        "RATE_LIMITED",
        Who::SourceOwner,
        "wait until it is CONNECTED again",
    ),
    (
        "DISCONNECTED",
        Who::SourceOwner,
        "register it on the source again, or take it out of the plan and add it to the target without migration",
    ),
    (
        "PENDING",
        Who::SourceOwner,
        "register it on the source first, or take it out of the plan and add it to the target without migration",
    ),
    (
        "UNVERIFIED",
        Who::SourceOwner,
        "verify and register it on the source first, or take it out of the plan and add it to the target without migration",
    ),
    (
        "DELETED",
        Who::Us,
        "take it out of the plan, and add it to the target without migration",
    ),
];

/// What helps a number that the Cloud API does not serve, and in any state Meta does not explain.
const REGISTER_FIRST: &str =
    "register it on the Cloud API first, or add it to the target without migration";

pub(super) fn connected(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "number-connected";
    for (moving, observed) in case.on_source() {
        let subject = moving.subject();
        let finding = match (&observed.status, &observed.platform_type) {
            (Some(Status::Connected), Some(Platform::CloudApi)) => {
                let message = "it is CONNECTED on the Cloud API of the source";
                findings.push(Finding::pass(RULE, subject, message));
                continue;
            }
            (None, _) | (_, None) => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the source does not show its state",
            )
            .ask(
                Who::SourceOwner,
                "make sure that it is CONNECTED on the Cloud API",
            ),
            (Some(status), Some(_)) => {
                let (who, remedy) = remedy(status);
                let message = "it is not CONNECTED on the Cloud API of the source";
                Finding::fail(RULE, subject, message).ask(who, remedy)
            }
        };
        findings.push(
            finding
                .observed(observed.state())
                .proof("GET /{SOURCE_PHONE}?fields=status,platform_type is CONNECTED, CLOUD_API"),
        );
    }
}

fn remedy(status: &Status) -> (Who, &'static str) {
    let known = REMEDIES
        .iter()
        .find(|(word, _, _)| *word == status.as_str());
    known.map_or((Who::SourceOwner, REGISTER_FIRST), |(_, who, remedy)| {
        (*who, remedy)
    })
}

pub(super) fn not_on_business_app(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "number-business-app";
    const PROOF: &str = "GET /{SOURCE_PHONE}?fields=is_on_biz_app is false";
    for (moving, observed) in case.on_source() {
        let subject = moving.subject();
        findings.push(match observed.is_on_biz_app {
            Some(false) => {
                Finding::pass(RULE, subject, "the WhatsApp Business app does not use it")
            }
            Some(true) => {
                Finding::fail(RULE, subject, "it is used by the WhatsApp Business app too")
                    .observed("is_on_biz_app: true")
                    .ask(
                        Who::SourceOwner,
                        "disconnect it from the app; such numbers cannot be migrated",
                    )
                    .proof(PROOF)
            }
            None => {
                let message = "whether the WhatsApp Business app uses it too is not shown";
                Finding::unknown(RULE, Severity::Warning, subject, message)
                    .ask(Who::SourceOwner, "make sure that the app does not use it")
                    .proof(PROOF)
            }
        });
    }
}

/// Meta gives out numbers that begin with +1 555 for tests.
/// Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers>
pub(super) fn not_a_test_number(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "number-test";
    const TAKE_OUT: &str = "take it out of the plan; test numbers cannot be migrated";
    const PROOF: &str = "GET /{SOURCE_PHONE}?fields=account_mode is LIVE";
    for (moving, observed) in case.on_source() {
        let subject = moving.subject();
        let looks_like_one = moving.number.phone.digits().starts_with("1555");
        findings.push(match observed.account_mode.as_deref() {
            Some("SANDBOX") => Finding::fail(RULE, subject, "it is one of Meta's test numbers")
                .observed("account_mode: SANDBOX")
                .ask(Who::Us, TAKE_OUT)
                .proof(PROOF),
            Some(_) => Finding::pass(RULE, subject, "it is no test number"),
            None if looks_like_one => {
                let message = "it looks like one of Meta's test numbers, and its mode is not shown";
                Finding::unknown(RULE, Severity::Warning, subject, message)
                    .ask(Who::Us, TAKE_OUT)
                    .proof(PROOF)
            }
            None => {
                let message = "whether it is one of Meta's test numbers is not shown";
                Finding::unknown(RULE, Severity::Info, subject, message)
                    .ask(Who::Us, "make sure that it is a real number")
                    .proof(PROOF)
            }
        });
    }
}

pub(super) fn not_banned(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "number-banned";
    // A number that has moved counts too: it is registered, and nobody can write to it.
    for number in &case.plan.numbers {
        let Some(observed) = case.seen.target.known(&number.phone) else {
            continue;
        };
        let subject = subject_of(&number.phone);
        findings.push(if observed.status == Some(Status::Banned) {
            Finding::fail(RULE, subject, "it is BANNED on the target")
                .observed("status: BANNED")
                .ask(Who::BusinessAdmin, "appeal in Business Support Home")
                .proof("GET /{TARGET_PHONE}?fields=status is not BANNED")
        } else {
            Finding::pass(RULE, subject, "it is not banned on the target")
        });
    }
}
