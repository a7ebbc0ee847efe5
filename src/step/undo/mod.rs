//! Taking back: the steps of an undo, in the reverse order of a migration.
//!
//! Only what the journal proves that runs of this plan did is taken back, and only where it still is
//! as they left it. What was there before, and what somebody else did since, is never touched; what
//! cannot be taken back stays, with the reason.

mod number;
mod profile;
mod release;
mod responses;
mod subscription;
mod template;

pub(super) use number::NumberUndo;
pub(super) use profile::ProfileUndo;
pub(super) use release::GenesysReleaseUndo;
pub(super) use responses::GenesysResponsesUndo;
pub(super) use subscription::SubscriptionUndo;
pub(super) use template::TemplateUndo;

use super::{Action, Change, Context, Decision, Outcome, Step, StepError, StepKind};
use crate::{
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address},
    journal::History,
    plan::Plan,
    resource::Why,
};

/// What an older release did can be seen, but not what stood there before.
const KEPT_NOTHING: &str = "the release that did this kept nothing of what stood there before";

/// Returns every step that takes something back, in reading order.
pub fn steps(plan: &Plan, history: &History) -> Vec<Step> {
    let mut steps = Vec::new();
    let responses = Address::account(AccountStep::GenesysResponses);
    if plan.repoints_responses() || history.deeds.of(&responses).is_some() {
        let undo = GenesysResponsesUndo::of(plan);
        steps.push(Step::GenesysResponsesUndo(undo));
    }
    for number in plan.numbers.iter().rev() {
        let release = GenesysReleaseUndo::of(plan, number);
        steps.push(Step::ProfileUndo(ProfileUndo::of(number)));
        steps.extend(release.map(Step::GenesysReleaseUndo));
        steps.push(Step::NumberUndo(NumberUndo::of(number)));
    }
    let mut templates: Vec<_> = history.deeds.templates().collect();
    templates.sort();
    templates.dedup();
    for key in templates.into_iter().rev() {
        steps.push(Step::TemplateUndo(TemplateUndo::of(plan, key)));
    }
    steps.push(Step::SubscriptionUndo(SubscriptionUndo::of(plan)));
    steps
}

/// Something of ours that is there and is not taken back: why. What it rests on has to be added, so
/// that a review of it holds only as long as that is so.
fn stays(reason: impl Into<String>) -> Change {
    Change::new(Action::None, reason)
}

/// Says that something cannot be read.
fn unreadable(rule: &'static str, step: Address, what: &str, why: &Why) -> Decision {
    let message = format!("{what} cannot be read: {why}");
    Decision::blocked(
        Finding::unknown(rule, Severity::Error, step, message)
            .ask(Who::Us, "check that target.token reaches the target"),
    )
}

/// Decides once more, after a fresh look: what is to be sent, or how the step ends without it.
fn fresh(step: &impl StepKind, cx: &Context<'_>) -> Result<Result<Change, Outcome>, StepError> {
    cx.as_reviewed(step)?;
    let decision = step.decide(&cx.seen());
    match decision {
        Decision::Done(reason) => Ok(Err(Outcome::Already(reason))),
        Decision::Blocked(findings) => Err(StepError::Blocked(findings)),
        Decision::Change(change) => match change.action {
            Action::None => Ok(Err(Outcome::Already(change.reason))),
            Action::Wait | Action::Gate => Ok(Err(Outcome::Parked {
                reason: change.reason,
                next: "run apply again then".into(),
            })),
            Action::Create | Action::Update | Action::Delete | Action::Call => Ok(Ok(change)),
        },
    }
}

/// Returns whether nothing is left to send.
fn is_over(step: &impl StepKind, cx: &Context<'_>) -> bool {
    let decision = step.decide(&cx.seen());
    match decision {
        Decision::Done(_) => true,
        Decision::Change(change) => !change.action.writes(),
        Decision::Blocked(_) => false,
    }
}
