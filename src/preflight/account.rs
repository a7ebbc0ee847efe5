//! Both WABAs: readable, reviewed, verified, in order, and for the same business.

use super::case::{Case, Readable, Side};
use crate::{
    finding::{Finding, Severity, Who},
    ids::BusinessId,
    plan::Method,
    resource::{
        Observed, Trouble,
        waba::{Review, Waba},
    },
};

pub(super) fn target_readable(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const PROOF: &str = "GET /{WABA} and GET /{WABA}/phone_numbers answer";
    let subject = case.target();
    findings.push(match case.seen.unreadable_target() {
        None => Finding::pass(
            "target-readable",
            subject,
            "the target and its numbers can be read",
        ),
        Some(why) if why.trouble == Trouble::Credential => Finding::fail(
            "target-no-access",
            subject,
            format!("the target cannot be read: {why}"),
        )
        .observed(&why.said)
        .ask(
            Who::Us,
            "check the target's id, and that its token may read it",
        )
        .proof(PROOF),
        Some(why) => {
            let message = format!("the target cannot be read: {why}");
            Finding::unknown("target-readable", Severity::Error, subject, message)
                .observed(&why.said)
                .ask(
                    Who::Us,
                    "check target.waba and that its token reaches it, then try again",
                )
                .proof(PROOF)
        }
    });
}

pub(super) fn source_readable(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let subject = case.source();
    let unreadable = match (&case.seen.source.waba, &case.seen.source.numbers) {
        (Observed::Unknown(why), _) | (_, Observed::Unknown(why)) => Some(why),
        _ => None,
    };
    findings.push(match unreadable {
        None => Finding::pass(
            "source-readable",
            subject,
            "the source and its numbers can be read",
        ),
        Some(why) => {
            let message =
                format!("the source cannot be read, so nothing about it can be checked: {why}");
            Finding::unknown("source-readable", Severity::Warning, subject, message)
                .ask(
                    Who::Us,
                    "name a source.token that reaches it, or ask its owner to check the preconditions",
                )
                .proof("GET /{SOURCE} and GET /{SOURCE}/phone_numbers answer")
        }
    });
}

/// How much it matters that something is not shown: a number may be moved away from what nobody knows,
/// but not to it.
fn risk(account: &Readable<'_>) -> Severity {
    match account.side {
        Side::Source => Severity::Warning,
        Side::Target => Severity::Error,
    }
}

pub(super) fn reviewed(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "account-review";
    const FINISH: &str = "finish the account review in WhatsApp Manager";
    for account in case.accounts() {
        let (subject, who) = (&account.subject, owner(&account));
        let finding = match &account.waba.account_review_status {
            Some(Review::Approved) => {
                findings.push(Finding::pass(
                    RULE,
                    subject,
                    "the account review is APPROVED",
                ));
                continue;
            }
            Some(status) => Finding::fail(
                RULE,
                subject,
                format!("the account review of the {} is {status}", account.side),
            )
            .observed(status),
            None => Finding::unknown(
                RULE,
                risk(&account),
                subject,
                format!("the account review of the {} is not shown", account.side),
            ),
        };
        findings.push(
            finding
                .ask(who, FINISH)
                .proof("GET /{WABA}?fields=account_review_status is APPROVED"),
        );
    }
}

pub(super) fn verified(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "business-verification";
    for account in case.accounts() {
        let (subject, who) = (&account.subject, owner(&account));
        let finding = match account.waba.business_verification_status.as_deref() {
            Some("verified") => {
                findings.push(Finding::pass(RULE, subject, "the business is verified"));
                continue;
            }
            Some(status) => {
                let message = format!("the business of the {} is not verified", account.side);
                Finding::fail(RULE, subject, message).observed(status)
            }
            None => Finding::unknown(
                RULE,
                risk(&account),
                subject,
                format!(
                    "whether the business of the {} is verified is not shown",
                    account.side
                ),
            ),
        };
        let finish = "finish business verification in Business settings > Security centre";
        findings.push(
            finding
                .ask(who, finish)
                .proof("GET /{WABA}?fields=business_verification_status is verified"),
        );
    }
}

/// Embedded Signup is Meta's way into an account of another business, so with it a difference is
/// only worth a look.
pub(super) fn same_business(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "same-business";
    const PROOF: &str = "GET /{WABA}?fields=owner_business_info,on_behalf_of_business_info";
    let accounts = case.accounts();
    let [source, target] = &accounts[..] else {
        return;
    };
    let subject = "source and target";
    let is_signup = |method: &Method| *method == Method::EmbeddedSignup;
    let all_signup = case
        .moving
        .iter()
        .all(|moving| is_signup(&moving.number.method));
    let differ = "the accounts stand for different businesses";
    let finding = match source.waba.same_business(target.waba) {
        Some(true) => {
            let message = "both accounts stand for the same business";
            findings.push(Finding::pass(RULE, subject, message));
            return;
        }
        Some(false) if all_signup => Finding::warn(RULE, subject, differ),
        Some(false) => Finding::fail(RULE, subject, differ),
        None => {
            let message = "the accounts do not show their business";
            Finding::unknown(RULE, Severity::Warning, subject, message)
        }
    };
    let observed = format!(
        "source {}, target {}",
        business(source.waba),
        business(target.waba)
    );
    findings.push(
        finding
            .observed(observed)
            .ask(
                Who::BusinessAdmin,
                "move into an account of the same business, or migrate by Embedded Signup",
            )
            .proof(PROOF),
    );
}

fn business(waba: &Waba) -> &str {
    waba.end_business().map_or("not shown", BusinessId::as_str)
}

pub(super) fn messaging_for(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "messaging-for";
    let accounts = case.accounts();
    let target = accounts.iter().find(|account| account.side == Side::Target);
    let Some((subject, status)) = target.and_then(|target| {
        let business = target.waba.on_behalf_of_business_info.as_ref()?;
        Some((&target.subject, business.status.as_deref()?))
    }) else {
        return;
    };
    findings.push(if status == "APPROVED" {
        Finding::pass(RULE, subject, "the \"Messaging For\" request is APPROVED")
    } else {
        let message = format!("the \"Messaging For\" request is {status}");
        Finding::fail(RULE, subject, message)
            .observed(status)
            .ask(
                Who::BusinessAdmin,
                "approve the request in Business settings > Requests",
            )
            .proof("GET /{WABA}?fields=on_behalf_of_business_info: status is APPROVED")
    });
}

/// Only `ACTIVE` is documented, so another word says little.
pub(super) fn active(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "account-status";
    for account in case.accounts() {
        let subject = &account.subject;
        let status = account.details().map(|details| details.status.as_deref());
        let message = match status {
            Some(Some("ACTIVE")) => {
                findings.push(Finding::pass(RULE, subject, "the account is ACTIVE"));
                continue;
            }
            Some(Some(status)) => {
                format!(
                    "the status of the {} is {status}, a word Meta does not explain",
                    account.side
                )
            }
            Some(None) => format!("the status of the {} is not shown", account.side),
            None => format!(
                "status and health of the {} cannot be read: {}",
                account.side,
                account.no_details().unwrap_or_default()
            ),
        };
        let mut finding = Finding::unknown(RULE, Severity::Warning, subject, message);
        if let Some(status) = status.flatten() {
            finding = finding.observed(format!("status: {status}"));
        }
        findings.push(
            finding
                .ask(
                    owner(&account),
                    "look at the account in WhatsApp Manager > Account overview",
                )
                .proof("GET /{WABA}?fields=status is ACTIVE"),
        );
    }
}

/// Sources contradict each other about the words of `ownership_type`, so they are only shown.
pub(super) fn owned(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "account-ownership";
    for account in case.accounts() {
        let subject = &account.subject;
        let kind = account
            .details()
            .and_then(|details| details.ownership_type.as_deref());
        findings.push(match &account.waba.owner_business_info {
            Some(owner) => {
                let message = format!("the account is owned by {}", owner.id);
                let finding = Finding::pass(RULE, subject, message);
                match kind {
                    Some(kind) => finding.observed(format!("ownership_type: {kind}")),
                    None => finding,
                }
            }
            None => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                format!("the {} does not show who owns it", account.side),
            )
            .ask(
                owner(&account),
                "make sure that it belongs to the business the numbers are for",
            )
            .proof("GET /{WABA}?fields=owner_business_info is present"),
        });
    }
}

/// Who can change an account.
pub(super) fn owner(account: &Readable<'_>) -> Who {
    match account.side {
        Side::Source => Who::SourceOwner,
        Side::Target => Who::BusinessAdmin,
    }
}
