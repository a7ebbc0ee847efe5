//! The tokens: valid, and with the permissions the plan's steps need.

use super::case::Case;
use crate::{
    finding::{Finding, Severity, Who},
    ids::WabaId,
    resource::{Observed, Trouble, token::Token},
};

/// Every WABA, number, template and subscription call.
const MANAGEMENT: &str = "whatsapp_business_management";

/// Register and profile writes.
const MESSAGING: &str = "whatsapp_business_messaging";

pub(super) fn target_valid(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.push(valid("target.token", &case.seen.target_token));
}

pub(super) fn source_valid(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.plan.source.token.is_some() {
        findings.push(valid("source.token", &case.seen.source_token));
    }
}

fn valid(subject: &str, token: &Observed<Token>) -> Finding {
    const RULE: &str = "token-invalid";
    match token {
        Observed::Present(token) if token.is_valid == Some(false) => {
            Finding::fail(RULE, subject, "the token is not valid any more")
                .observed("is_valid: false")
                .ask(
                    Who::Us,
                    "make a new system-user token and put it where the plan reads it",
                )
                .proof("GET /debug_token: is_valid is true")
        }
        Observed::Present(_) => Finding::pass(RULE, subject, "the token is valid"),
        Observed::Unknown(why) if why.trouble == Trouble::Credential => {
            Finding::fail(RULE, subject, format!("the token is refused: {why}"))
                .ask(
                    Who::Us,
                    "make a new system-user token and put it where the plan reads it",
                )
                .proof("GET /debug_token: is_valid is true")
        }
        Observed::Absent | Observed::Unknown(_) => {
            let message = match token {
                Observed::Unknown(why) => format!("nothing is known about the token: {why}"),
                _ => "nothing is known about the token".to_owned(),
            };
            Finding::unknown(RULE, Severity::Warning, subject, message)
                .hint("name graph.app_id and graph.app_secret, so that the token can be looked up")
        }
    }
}

pub(super) fn permissions(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let registers = !case.is_over();
    let wanted: [(&str, &Observed<Token>, &WabaId, &str, bool); 3] = [
        (
            "target.token",
            &case.seen.target_token,
            &case.plan.target.waba,
            MANAGEMENT,
            true,
        ),
        (
            "target.token",
            &case.seen.target_token,
            &case.plan.target.waba,
            MESSAGING,
            registers,
        ),
        (
            "source.token",
            &case.seen.source_token,
            &case.plan.source.waba,
            MANAGEMENT,
            true,
        ),
    ];
    for (subject, token, waba, permission, needed) in wanted {
        let Some(token) = token.present().filter(|_| needed) else {
            continue;
        };
        let is_source = subject == "source.token";
        findings.push(match token.reaches(permission, waba) {
            Some(true) => Finding::pass(
                "token-permission",
                subject,
                format!("it has {permission} on {waba}"),
            ),
            Some(false) if is_source => {
                let message = format!(
                    "it lacks {permission} on the source {waba}, so the source cannot be checked"
                );
                Finding::warn("token-permission", subject, message)
                    .hint("give it the permission, or name a source.token that has it")
            }
            Some(false) => Finding::fail(
                "token-permission",
                subject,
                format!("it lacks {permission} on {waba}"),
            )
            .ask(
                Who::BusinessAdmin,
                format!("assign the account to the system user and grant {permission}"),
            )
            .proof("GET /debug_token: scopes and granular_scopes"),
            None => {
                let message = format!("whether it has {permission} is not known");
                Finding::unknown("token-permission", Severity::Warning, subject, message)
            }
        });
    }
}
