//! What Meta says keeps an account from sending: its `health_status`.
//!
//! What another rule says in its own words (no payment method, no verification) is not said twice.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>

use super::{
    account::owner,
    case::{Case, Readable, Side},
};
use crate::{
    finding::{Finding, Severity, Who},
    resource::waba::{Entity, Health, HealthError},
};

const RULE: &str = "account-health";

/// A code of `health_status.entities[].errors`.
struct Code {
    code: i64,
    /// What the account has or is.
    means: &'static str,
    on_source: Severity,
    on_target: Severity,
    remedy: &'static str,
}

const PAYMENT: i64 = 141_006;
const UNVERIFIED: i64 = 141_010;

const CODES: [Code; 3] = [
    Code {
        code: PAYMENT,
        means: "has a problem with its payment method",
        on_source: Severity::Warning,
        on_target: Severity::Error,
        remedy: "mend the payment method in WhatsApp Manager > Billing",
    },
    Code {
        code: UNVERIFIED,
        means: "belongs to a business that is not verified",
        on_source: Severity::Warning,
        on_target: Severity::Warning,
        remedy: "finish business verification in Business settings > Security centre",
    },
    Code {
        code: 141_014,
        means: "is banned",
        on_source: Severity::Error,
        on_target: Severity::Error,
        remedy: "appeal in Business Support Home",
    },
];

/// Details that cannot be read at all are the business of the rule about the account's status.
pub(super) fn healthy(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for account in case.accounts() {
        let Some(details) = account.details() else {
            continue;
        };
        match &details.health_status {
            Some(health) => findings.extend(judge(&account, health)),
            None => findings.push(finding(
                &account,
                Finding::unknown(
                    RULE,
                    Severity::Warning,
                    &account.subject,
                    format!("the health of the {} is not shown", account.side),
                ),
                owner(&account),
                "look at the account in WhatsApp Manager > Account overview",
            )),
        }
    }
}

fn judge(account: &Readable<'_>, health: &Health) -> Vec<Finding> {
    let entities = health.entities.iter().flatten();
    let entities = entities.filter(|entity| {
        let kind = entity.entity_type.as_deref();
        let can = entity.can_send_message.as_deref();
        matches!(kind, Some("WABA" | "BUSINESS")) && can != Some("AVAILABLE")
    });
    let found: Vec<_> = entities.flat_map(|entity| poor(account, entity)).collect();
    if found.is_empty() {
        vec![Finding::pass(
            RULE,
            &account.subject,
            "nothing keeps the account from sending",
        )]
    } else {
        found.into_iter().flatten().collect()
    }
}

/// One finding an error, or one for an entity that gives no reason. `None` where another rule has
/// said it.
fn poor(account: &Readable<'_>, entity: &Entity) -> Vec<Option<Finding>> {
    match entity.errors.as_deref().unwrap_or_default() {
        [] => vec![without_reason(account, entity)],
        errors => errors
            .iter()
            .map(|error| with_code(account, entity, error))
            .collect(),
    }
}

fn with_code(account: &Readable<'_>, entity: &Entity, error: &HealthError) -> Option<Finding> {
    let code = error.error_code;
    if code.is_some_and(|code| is_said(account, code)) {
        return None;
    }
    let number = code.map_or_else(|| "without a code".to_owned(), |code| code.to_string());
    let text = error
        .error_description
        .as_deref()
        .unwrap_or("no reason given");
    let observed = format!("{}: {number}, {text}", words(entity));
    let known = CODES.iter().find(|known| Some(known.code) == code);
    let finding_of = |severity, means: &str| {
        let message = format!("the {} {means}", account.side);
        match severity {
            Severity::Error => Finding::fail(RULE, &account.subject, message),
            Severity::Warning | Severity::Info => Finding::warn(RULE, &account.subject, message),
        }
    };
    let (open, remedy) = match known {
        Some(known) => {
            let severity = match account.side {
                Side::Source => known.on_source,
                Side::Target => known.on_target,
            };
            (finding_of(severity, known.means), known.remedy)
        }
        None => (
            finding_of(
                Severity::Warning,
                "has a problem that this release does not know",
            ),
            "do what Meta says above, or ask its support",
        ),
    };
    let open = open.observed(observed);
    Some(finding(account, open, owner(account), remedy))
}

fn without_reason(account: &Readable<'_>, entity: &Entity) -> Option<Finding> {
    if entity.entity_type.as_deref() == Some("BUSINESS") && is_said(account, UNVERIFIED) {
        return None;
    }
    let open = Finding::warn(
        RULE,
        &account.subject,
        format!(
            "the {} cannot send freely, and Meta gives no reason",
            account.side
        ),
    )
    .observed(words(entity));
    let remedy = "look at the account in WhatsApp Manager > Account overview";
    Some(finding(account, open, owner(account), remedy))
}

/// Whether Meta says that an account has a problem with its payment method.
pub(super) fn complains_of_payment(account: &Readable<'_>) -> bool {
    let health = account
        .details()
        .and_then(|details| details.health_status.as_ref());
    let entities = health.into_iter().flat_map(|health| &health.entities);
    let errors = entities.flatten().flat_map(|entity| &entity.errors);
    errors
        .flatten()
        .any(|error| error.error_code == Some(PAYMENT))
}

/// Whether the rules about payment and verification have said it.
fn is_said(account: &Readable<'_>, code: i64) -> bool {
    let waba = account.waba;
    let verification = waba.business_verification_status.as_deref();
    match code {
        PAYMENT => account.side == Side::Target && waba.primary_funding_id.is_none(),
        UNVERIFIED => verification.is_some_and(|status| status != "verified"),
        _ => false,
    }
}

fn words(entity: &Entity) -> String {
    let word = |word: &Option<String>| word.clone().unwrap_or_else(|| "?".to_owned());
    format!(
        "{}: {}",
        word(&entity.entity_type),
        word(&entity.can_send_message)
    )
}

fn finding(account: &Readable<'_>, open: Finding, who: Who, remedy: &str) -> Finding {
    let proof = match account.side {
        Side::Source => "GET /{SOURCE}?fields=health_status: WABA and BUSINESS are AVAILABLE",
        Side::Target => "GET /{TARGET}?fields=health_status: WABA and BUSINESS are AVAILABLE",
    };
    open.ask(who, remedy).proof(proof)
}
