//! Both WABAs: readable, reviewed, verified, for the same business, able to pay.

use super::case::Case;
use crate::{
    finding::{Finding, Severity, Who},
    resource::{
        Observed, Trouble,
        waba::{Review, Waba, no_payment},
    },
};

pub(super) fn target_readable(case: &Case<'_>, findings: &mut Vec<Finding>) {
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
            Finding::unknown("source-readable", Severity::Warning, subject, message).hint(
                "name a source.token that reaches it, or ask its owner to check the preconditions",
            )
        }
    });
}

/// The accounts whose own state can stop a move, as long as something is left to move.
fn accounts<'a>(case: &Case<'a>) -> Vec<(String, Who, &'a Waba)> {
    if case.is_over() {
        return Vec::new();
    }
    let source = case
        .seen
        .source
        .waba
        .present()
        .map(|waba| (case.source(), Who::SourceOwner, waba));
    let target = case
        .seen
        .target
        .waba
        .present()
        .map(|waba| (case.target(), Who::BusinessAdmin, waba));
    source.into_iter().chain(target).collect()
}

pub(super) fn reviewed(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "account-review";
    for (subject, who, waba) in accounts(case) {
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

pub(super) fn verified(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "business-verification";
    for (subject, who, waba) in accounts(case) {
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

pub(super) fn same_business(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "same-business";
    let [(_, _, source), (_, _, target)] = accounts(case)[..] else {
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

pub(super) fn messaging_for(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "messaging-for";
    let target_waba = case.seen.target.waba.present().filter(|_| !case.is_over());
    let Some(status) = target_waba
        .and_then(|waba| waba.on_behalf_of_business_info.as_ref())
        .and_then(|business| business.status.as_deref())
    else {
        return;
    };
    findings.push(if status == "APPROVED" {
        Finding::pass(
            RULE,
            case.target(),
            "the \"Messaging For\" request is APPROVED",
        )
    } else {
        Finding::fail(
            RULE,
            case.target(),
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

pub(super) fn payment(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.is_over() {
        return;
    }
    let Some(waba) = case.seen.target.waba.present() else {
        return;
    };
    findings.push(if waba.primary_funding_id.is_some() {
        Finding::pass("payment", case.target(), "the target has a payment method")
    } else {
        no_payment(&case.plan.target.waba)
    });
}
