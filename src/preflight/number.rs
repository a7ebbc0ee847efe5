//! The numbers as they are on the source: there once, live, on the Cloud API, with a settled name.

use super::case::Case;
use crate::{
    finding::{Finding, Severity, Who},
    resource::phone_number::{Platform, Status},
};

pub(super) fn on_source_once(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(numbers) = case.seen.source.numbers.present() else {
        return;
    };
    for number in &case.moving {
        let times = numbers
            .iter()
            .filter(|seen| seen.is(&number.number.phone) && seen.status != Some(Status::Migrated))
            .count();
        if times > 1 {
            let message = format!("the source lists the number {times} times");
            findings.push(
                Finding::fail("number-on-source-once", number.subject(), message).ask(
                    Who::SourceOwner,
                    "remove the stale entry in WhatsApp Manager",
                ),
            );
        } else if times == 0 && number.on_target.is_some() {
            findings.push(
                Finding::warn(
                    "number-on-source-once",
                    number.subject(),
                    "the number is not on the source any more",
                )
                .hint("two-step verification cannot be seen; see the gate two_step_off"),
            );
        }
    }
}

pub(super) fn connected(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "number-connected";
    for (number, observed) in case.on_source() {
        let subject = number.subject();
        findings.push(match (&observed.status, &observed.platform_type) {
            (Some(Status::Connected), Some(Platform::CloudApi)) => Finding::pass(
                RULE,
                subject,
                "it is CONNECTED on the Cloud API of the source",
            ),
            (None, _) | (_, None) => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the source does not show its state",
            )
            .observed(observed.state()),
            _ => Finding::fail(
                RULE,
                subject,
                "it is not CONNECTED on the Cloud API of the source",
            )
            .observed(observed.state())
            .ask(
                Who::SourceOwner,
                "register it on the Cloud API first, or add it to the target without migration",
            )
            .proof("GET /{SOURCE_PHONE}?fields=status,platform_type is CONNECTED, CLOUD_API"),
        });
    }
}

pub(super) fn not_on_business_app(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (number, observed) in case.on_source() {
        if observed.is_on_biz_app == Some(true) {
            findings.push(
                Finding::fail(
                    "number-business-app",
                    number.subject(),
                    "it is used by the WhatsApp Business app too",
                )
                .observed("is_on_biz_app: true")
                .ask(
                    Who::SourceOwner,
                    "disconnect it from the app; such numbers cannot be migrated",
                )
                .proof("GET /{SOURCE_PHONE}?fields=is_on_biz_app is false"),
            );
        }
    }
}

pub(super) fn not_a_test_number(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (number, observed) in case.on_source() {
        if observed.account_mode.as_deref() == Some("SANDBOX") {
            findings.push(
                Finding::fail(
                    "number-test",
                    number.subject(),
                    "it is one of Meta's test numbers",
                )
                .observed("account_mode: SANDBOX")
                .ask(
                    Who::Us,
                    "take it out of the plan; test numbers cannot be migrated",
                ),
            );
        }
    }
}

pub(super) fn name_approved(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "display-name";
    for (number, observed) in case.on_source() {
        let subject = number.subject();
        if let Some(status) = observed
            .new_name_status
            .as_deref()
            .filter(|status| *status != "NONE")
        {
            findings.push(
                Finding::fail(RULE, &subject, "a change of the display name is under way")
                    .observed(format!("new_name_status: {status}"))
                    .ask(Who::Meta, "wait for the review of the new name")
                    .proof("GET /{SOURCE_PHONE}?fields=new_name_status is absent or NONE"),
            );
        }
        findings.push(match observed.name_status.as_deref() {
            Some("APPROVED") => Finding::pass(RULE, subject, "the display name is APPROVED"),
            // Whether Meta takes this one is not documented.
            Some("AVAILABLE_WITHOUT_REVIEW") => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the display name was never reviewed",
            )
            .observed("name_status: AVAILABLE_WITHOUT_REVIEW"),
            None => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the display name's review is not shown",
            ),
            Some(status) => Finding::fail(RULE, subject, "the display name is not approved")
                .observed(format!("name_status: {status}"))
                .ask(
                    Who::SourceOwner,
                    "have the display name approved in WhatsApp Manager",
                )
                .proof("GET /{SOURCE_PHONE}?fields=name_status is APPROVED"),
        });
    }
}

pub(super) fn not_banned(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for number in &case.moving {
        if number
            .on_target
            .is_some_and(|observed| observed.status == Some(Status::Banned))
        {
            findings.push(
                Finding::fail(
                    "number-banned",
                    number.subject(),
                    "it is BANNED on the target",
                )
                .observed("status: BANNED")
                .ask(Who::Meta, "appeal in Business Support Home"),
            );
        }
    }
}
