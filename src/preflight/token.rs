//! The tokens: valid, of the right app and kind, lasting, and with the permissions the plan's steps
//! need.

use jiff::SignedDuration;

use super::case::{Case, utc};
use crate::{
    finding::{Finding, Severity, Who},
    ids::WabaId,
    resource::{Observed, Trouble, token::Token},
};

/// Every WABA, number, template and subscription call.
const MANAGEMENT: &str = "whatsapp_business_management";

/// Register and profile writes.
const MESSAGING: &str = "whatsapp_business_messaging";

/// What helps against a token that does not work any more.
const RENEW: &str = "make a new system-user token and put it where the plan reads it";

pub(super) fn target_valid(case: &Case<'_>, findings: &mut Vec<Finding>) {
    findings.push(valid(case, "target.token", &case.seen.target_token));
}

pub(super) fn source_valid(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.plan.source.token.is_none() {
        return;
    }
    let mut finding = valid(case, "source.token", &case.seen.source_token);
    if case.is_over() && finding.blocks() {
        // Nothing is left to move, so nothing is left to read.
        finding.severity = Severity::Warning;
    }
    findings.push(finding);
}

fn valid(case: &Case<'_>, subject: &str, token: &Observed<Token>) -> Finding {
    const RULE: &str = "token-invalid";
    const PROOF: &str = "GET /debug_token: is_valid is true";
    match token {
        Observed::Present(token) if token.is_valid == Some(false) => {
            Finding::fail(RULE, subject, "the token is not valid any more")
                .observed("is_valid: false")
                .ask(Who::Us, RENEW)
                .proof(PROOF)
        }
        Observed::Present(_) => Finding::pass(RULE, subject, "the token is valid"),
        Observed::Unknown(why) if why.trouble == Trouble::Credential => {
            let hint = other_app(case).unwrap_or_else(|| RENEW.to_owned());
            Finding::fail(RULE, subject, format!("the token does not work: {why}"))
                .ask(Who::Us, hint)
                .proof(PROOF)
        }
        Observed::Absent | Observed::Unknown(_) => {
            let message = match token {
                Observed::Unknown(why) => format!("nothing is known about the token: {why}"),
                _ => "nothing is known about the token".to_owned(),
            };
            let hint = other_app(case).unwrap_or_else(|| {
                "name graph.app_id and graph.app_secret, so that the token can be looked up".into()
            });
            Finding::unknown(RULE, Severity::Warning, subject, message)
                .ask(Who::Us, hint)
                .proof(PROOF)
        }
    }
}

/// What helps when not even the app that the plan names can look a token up.
fn other_app(case: &Case<'_>) -> Option<String> {
    let graph = &case.plan.graph;
    let app = graph
        .app_id
        .as_ref()
        .filter(|_| graph.app_secret.is_some())?;
    Some(format!(
        "make a token of app {app}, or correct graph.app_id and graph.app_secret"
    ))
}

/// The tokens the plan names, as far as they can be looked up and work.
fn known<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'static str, &'a Token)> {
    let target = case.seen.target_token.present();
    let source = case.seen.source_token.present();
    let source = source.filter(|_| case.plan.source.token.is_some());
    [("target.token", target), ("source.token", source)]
        .into_iter()
        .filter_map(|(subject, token)| Some((subject, token?)))
        .filter(|(_, token)| token.is_valid != Some(false))
}

/// Only the target's token is checked: the source may be read by somebody else's app.
pub(super) fn of_our_app(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "token-app";
    const PROOF: &str = "GET /debug_token: app_id is graph.app_id";
    let Some(app) = &case.plan.graph.app_id else {
        return;
    };
    for (subject, token) in known(case).filter(|(subject, _)| *subject == "target.token") {
        findings.push(match &token.app_id {
            Some(issuer) if issuer == app => {
                Finding::pass(RULE, subject, "it was issued by the plan's app")
            }
            Some(issuer) => {
                let message = format!("it was issued by another app than graph.app_id, {app}");
                Finding::fail(RULE, subject, message)
                    .observed(format!("app_id: {issuer}"))
                    .ask(
                        Who::Us,
                        format!("make a token of app {app}, or correct graph.app_id"),
                    )
                    .proof(PROOF)
            }
            None => {
                let message = "the API does not say which app issued it";
                Finding::unknown(RULE, Severity::Warning, subject, message)
                    .ask(Who::Us, format!("make sure that app {app} issued it"))
                    .proof(PROOF)
            }
        });
    }
}

pub(super) fn of_a_system_user(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "token-kind";
    const PROOF: &str = "GET /debug_token: type is SYSTEM_USER";
    for (subject, token) in known(case) {
        findings.push(match token.kind.as_deref() {
            Some("SYSTEM_USER") => Finding::pass(RULE, subject, "it is a system user's"),
            Some(kind) => {
                let message =
                    "it is not a system user's, so it ends with its owner's session or role";
                Finding::warn(RULE, subject, message)
                    .observed(format!("type: {kind}"))
                    .ask(
                        Who::BusinessAdmin,
                        "make a system-user token in Business settings > Users > System users",
                    )
                    .proof(PROOF)
            }
            None => {
                let message = "the API does not say whose it is";
                Finding::unknown(RULE, Severity::Info, subject, message)
                    .ask(Who::Us, "make sure that it is a system user's")
                    .proof(PROOF)
            }
        });
    }
}

/// A token that ends between the windows would leave numbers halfway.
/// What a run without a window needs of its token.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn lasts(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "token-expiry";
    const PROOF: &str = "GET /debug_token: expires_at, data_access_expires_at";
    let windows = case
        .moving
        .iter()
        .filter_map(|moving| moving.number.window.as_ref());
    let last = windows.max_by_key(|window| window.to.timestamp());
    for (subject, token) in known(case) {
        let shown = token.expires_at.is_some() || token.data_access_expires_at.is_some();
        findings.push(match (token.ends(), last) {
            (Some(end), _) if end <= case.seen.at => {
                Finding::fail(RULE, subject, format!("it ended at {}", utc(end)))
                    .observed(token.shown_end())
                    .ask(Who::Us, RENEW)
                    .proof(PROOF)
            }
            (Some(end), Some(window)) if end < window.to.timestamp() => {
                let message = format!(
                    "it ends at {}, before the last window is over ({})",
                    utc(end),
                    window.closes()
                );
                Finding::warn(RULE, subject, message)
                    .observed(token.shown_end())
                    .ask(
                        Who::Us,
                        "give the later runs another token, best one of a system user that never ends",
                    )
                    .proof(PROOF)
            }
            (Some(end), None) if end.duration_since(case.seen.at) < MARGIN => {
                Finding::warn(RULE, subject, format!("it ends at {}", utc(end)))
                    .observed(token.shown_end())
                    .ask(
                        Who::Us,
                        "take another token: a migration waits for reviews and people",
                    )
                    .proof(PROOF)
            }
            (None, _) if !shown => {
                let message = "the API does not say when it ends";
                Finding::unknown(RULE, Severity::Info, subject, message)
                    .ask(Who::Us, "make sure that it lasts until all is done")
                    .proof(PROOF)
            }
            (Some(_) | None, _) => Finding::pass(RULE, subject, "it lasts long enough"),
        });
    }
}

pub(super) fn permissions(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let registers = !case.is_over();
    let (source, target) = (&case.plan.source.waba, &case.plan.target.waba);
    let of_source = ("source.token", &case.seen.source_token, source);
    let of_target = ("target.token", &case.seen.target_token, target);
    let wanted = [
        (of_target, MANAGEMENT, true),
        (of_target, MESSAGING, registers),
        (of_source, MANAGEMENT, true),
    ];
    for ((subject, token, waba), permission, _) in
        wanted.into_iter().filter(|(_, _, needed)| *needed)
    {
        if let Some(token) = token.present() {
            findings.push(permission_on(subject, token, waba, permission));
        }
    }
}

fn permission_on(subject: &str, token: &Token, waba: &WabaId, permission: &str) -> Finding {
    const RULE: &str = "token-permission";
    let finding = match token.reaches(permission, waba) {
        Some(true) => {
            return Finding::pass(RULE, subject, format!("it has {permission} on {waba}"));
        }
        Some(false) if subject == "source.token" => {
            let message = format!(
                "it lacks {permission} on the source {waba}, so the source cannot be checked"
            );
            Finding::warn(RULE, subject, message).ask(
                Who::Us,
                "give it the permission, or name a source.token that has it",
            )
        }
        Some(false) => {
            let message = format!("it lacks {permission} on {waba}");
            Finding::fail(RULE, subject, message).ask(
                Who::BusinessAdmin,
                format!("assign the account to the system user and grant {permission}"),
            )
        }
        None => {
            let message = format!("whether it has {permission} is not known");
            Finding::unknown(RULE, Severity::Warning, subject, message).ask(
                Who::Us,
                format!("make sure that it has {permission} on {waba}"),
            )
        }
    };
    finding
        .observed(token.shown_scope(permission))
        .proof("GET /debug_token: scopes and granular_scopes")
}
