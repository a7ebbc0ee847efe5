//! Both WABAs: readable, reviewed, verified, for the same business, able to pay.

use super::moving;
use crate::{
    finding::{Finding, Severity, Who},
    plan::Plan,
    resource::{
        Observed, Trouble,
        waba::{Review, Waba, no_payment},
    },
    snapshot::Snapshot,
};

pub(super) fn target_readable(plan: &Plan, seen: &Snapshot, findings: &mut Vec<Finding>) {
    let subject = target(plan);
    findings.push(match seen.unreadable_target() {
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
        .ask(Who::Us, "check the target's id and its token"),
        Some(why) => {
            let message = format!("the target cannot be read: {why}");
            Finding::unknown("target-readable", Severity::Error, subject, message)
                .ask(
                    Who::Us,
                    "check target.waba and that its token reaches it, then try again",
                )
                .proof("GET /{WABA} answers")
        }
    });
}

pub(super) fn source_readable(plan: &Plan, seen: &Snapshot, findings: &mut Vec<Finding>) {
    let subject = source(plan);
    let unreadable = match (&seen.source.waba, &seen.source.numbers) {
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
            Finding::unknown("source-readable", Severity::Warning, subject, message).hint(
                "name a source.token that reaches it, or ask its owner to check the preconditions",
            )
        }
    });
}

/// The accounts whose own state can stop a move, as long as something is left to move.
fn accounts<'a>(plan: &Plan, seen: &'a Snapshot) -> Vec<(String, Who, &'a Waba)> {
    if moving(plan, seen).next().is_none() {
        return Vec::new();
    }
    let source = seen
        .source
        .waba
        .present()
        .map(|waba| (source(plan), Who::SourceOwner, waba));
    let target = seen
        .target
        .waba
        .present()
        .map(|waba| (target(plan), Who::BusinessAdmin, waba));
    source.into_iter().chain(target).collect()
}

pub(super) fn reviewed(plan: &Plan, seen: &Snapshot, findings: &mut Vec<Finding>) {
    const RULE: &str = "account-review";
    for (subject, who, waba) in accounts(plan, seen) {
        findings.push(match &waba.account_review_status {
            Some(Review::Approved) => {
                Finding::pass(RULE, subject, "the account review is APPROVED")
            }
            Some(status) => Finding::fail(RULE, subject, format!("the account review is {status}"))
                .observed(status)
                .ask(who, "finish the account review in WhatsApp Manager")
                .proof("GET /{WABA}?fields=account_review_status is APPROVED"),
            None => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the account review is not shown",
            ),
        });
    }
}

pub(super) fn verified(plan: &Plan, seen: &Snapshot, findings: &mut Vec<Finding>) {
    const RULE: &str = "business-verification";
    for (subject, who, waba) in accounts(plan, seen) {
        findings.push(match waba.business_verification_status.as_deref() {
            Some("verified") => Finding::pass(RULE, subject, "the business is verified"),
            Some(status) => Finding::fail(
                RULE,
                subject,
                format!("the business verification is {status}"),
            )
            .observed(status)
            .ask(
                who,
                "finish business verification in Business settings > Security centre",
            )
            .proof("GET /{WABA}?fields=business_verification_status is verified"),
            None => Finding::unknown(
                RULE,
                Severity::Warning,
                subject,
                "the business verification is not shown",
            ),
        });
    }
}

pub(super) fn same_business(plan: &Plan, seen: &Snapshot, findings: &mut Vec<Finding>) {
    const RULE: &str = "same-business";
    let [(_, _, source), (_, _, target)] = accounts(plan, seen)[..] else {
        return;
    };
    let subject = "source and target";
    let names = |waba: &Waba| {
        waba.businesses()
            .map(ToString::to_string)
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
            .join(", ")
    };
    findings.push(match source.same_business(target) {
        Some(true) => Finding::pass(RULE, subject, "both accounts stand for the same business"),
        Some(false) => Finding::fail(RULE, subject, "the accounts stand for different businesses")
            .observed(format!(
                "source {}, target {}",
                names(source),
                names(target)
            ))
            .ask(
                Who::BusinessAdmin,
                "move into an account of the same business, or migrate by Embedded Signup",
            )
            .proof("GET /{WABA}?fields=owner_business_info,on_behalf_of_business_info"),
        None => Finding::unknown(
            RULE,
            Severity::Warning,
            subject,
            "the accounts do not show their business",
        ),
    });
}

pub(super) fn messaging_for(plan: &Plan, seen: &Snapshot, findings: &mut Vec<Finding>) {
    const RULE: &str = "messaging-for";
    let target_waba = seen
        .target
        .waba
        .present()
        .filter(|_| moving(plan, seen).next().is_some());
    let Some(status) = target_waba
        .and_then(|waba| waba.on_behalf_of_business_info.as_ref())
        .and_then(|business| business.status.as_deref())
    else {
        return;
    };
    findings.push(if status == "APPROVED" {
        Finding::pass(
            RULE,
            target(plan),
            "the \"Messaging For\" request is APPROVED",
        )
    } else {
        Finding::fail(
            RULE,
            target(plan),
            format!("the \"Messaging For\" request is {status}"),
        )
        .observed(status)
        .ask(
            Who::BusinessAdmin,
            "approve the request in Business settings > Requests",
        )
        .proof("GET /{WABA}?fields=on_behalf_of_business_info: status is APPROVED")
    });
}

pub(super) fn payment(plan: &Plan, seen: &Snapshot, findings: &mut Vec<Finding>) {
    if moving(plan, seen).next().is_none() {
        return;
    }
    let Some(waba) = seen.target.waba.present() else {
        return;
    };
    findings.push(if waba.primary_funding_id.is_some() {
        Finding::pass("payment", target(plan), "the target has a payment method")
    } else {
        no_payment(&plan.target.waba)
    });
}

fn source(plan: &Plan) -> String {
    format!("source {}", plan.source.waba)
}

fn target(plan: &Plan) -> String {
    format!("target {}", plan.target.waba)
}
