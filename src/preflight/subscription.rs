//! Somebody hears what arrives on the target: at least one app is subscribed to its webhooks.

use super::case::Case;
use crate::{
    finding::{Finding, Who},
    plan::SubscribeApp,
    resource::{Observed, subscription},
};

/// Ahead of a run: what this plan will do itself is not missing. A target that cannot be read at all
/// is the business of the rule about that.
pub(super) fn subscribed(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.is_over() || case.seen.unreadable_target().is_some() {
        return;
    }
    let is_managed = case.plan.target.subscription.app != SubscribeApp::Unmanaged;
    findings.push(match &case.seen.subscriptions {
        Observed::Present(apps) if !apps.is_empty() => pass("an app is subscribed"),
        Observed::Present(_) | Observed::Absent if is_managed => {
            pass("no app is subscribed, and this plan subscribes ours")
        }
        Observed::Present(_) | Observed::Absent => subscription::missing(),
        Observed::Unknown(why) => subscription::unreadable(why),
    });
}

/// Right before a register there has to be one, whoever was to see to it.
pub(super) fn still_subscribed(case: &Case<'_>, findings: &mut Vec<Finding>) {
    match &case.seen.subscriptions {
        Observed::Present(apps) if !apps.is_empty() => {}
        Observed::Present(_) | Observed::Absent => findings.push(
            Finding::fail(
                "subscription-missing",
                subscription::SUBJECT,
                "no app is subscribed to the target's webhooks any more",
            )
            .ask(Who::Us, "run apply again")
            .proof(subscription::PROOF),
        ),
        Observed::Unknown(why) => findings.push(subscription::unreadable(why)),
    }
}

fn pass(message: &str) -> Finding {
    Finding::pass("subscription", subscription::SUBJECT, message)
}
