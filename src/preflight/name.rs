//! Display names: approved, and no change under way.

use super::case::Case;
use crate::finding::{Finding, Severity, Who};

pub(super) fn approved(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "display-name";
    for (moving, observed) in case.on_source() {
        let subject = moving.subject();
        let status = observed.name_status.as_deref();
        let finding = match status {
            Some("APPROVED") => {
                findings.push(Finding::pass(RULE, subject, "the display name is APPROVED"));
                continue;
            }
            // Whether Meta takes this one is not documented.
            Some("AVAILABLE_WITHOUT_REVIEW") => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the display name was never reviewed",
            ),
            None => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the display name's review is not shown",
            ),
            Some(_) => Finding::fail(RULE, subject, "the display name is not approved"),
        };
        let finding = match status {
            Some(status) => finding.observed(format!("name_status: {status}")),
            None => finding,
        };
        findings.push(
            finding
                .ask(
                    Who::SourceOwner,
                    "have the display name approved in WhatsApp Manager > Account tools > Phone numbers",
                )
                .proof("GET /{SOURCE_PHONE}?fields=name_status is APPROVED"),
        );
    }
}

pub(super) fn settled(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "name-change";
    for (moving, observed) in case.on_source() {
        let subject = moving.subject();
        findings.push(match observed.new_name_status.as_deref() {
            None | Some("NONE") => {
                Finding::pass(RULE, subject, "no change of the display name is under way")
            }
            Some(status) => {
                Finding::fail(RULE, subject, "a change of the display name is under way")
                    .observed(format!("new_name_status: {status}"))
                    .ask(Who::Meta, "wait for the review of the new name")
                    .proof("GET /{SOURCE_PHONE}?fields=new_name_status is absent or NONE")
            }
        });
    }
}
