//! Asks a person to take a number off the target that was added and is not registered.
//!
//! No call deletes a number; WhatsApp Manager does. A number that is registered has no way back but
//! a migration in the other direction.

use super::{stays, unreadable};
use crate::{
    finding::Who,
    ids::{Address, NumberStep},
    phone::Phone,
    plan::Number,
    resource::Observed,
    snapshot::Snapshot,
    step::{Action, Change, Context, Decision, Gate, Outcome, StepError, StepKind},
};

/// What is said of a number that is registered.
const REGISTERED: &str = "it is registered on the target: the way back is a migration in the other direction (--reverse-plan writes a plan of it)";

/// Waits until a number is off the target.
#[derive(Clone, Debug)]
pub struct NumberUndo {
    phone: Phone,
}

impl NumberUndo {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
        }
    }

    fn asks(&self) -> Gate {
        Gate {
            owner: Who::BusinessAdmin,
            instructions: format!(
                "in WhatsApp Manager, open the phone numbers of the target, and delete {}; it is not registered there, so that no traffic is touched",
                self.phone
            ),
            proof: "GET /{WABA}/phone_numbers does not list it",
        }
    }
}

impl StepKind for NumberUndo {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::Undo)
    }

    fn describe(&self) -> String {
        format!("Have an admin take {} off the target", self.phone)
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn gate(&self) -> Option<Gate> {
        Some(self.asks())
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if !seen.history.number(&self.phone).is_moved {
            return Decision::done("no run of this plan added it");
        }
        match seen.target.number(&self.phone) {
            Observed::Absent => Decision::done("it is not on the target"),
            Observed::Unknown(why) => {
                let what = "the list of the target's numbers";
                unreadable("numbers-unreadable", self.address(), what, &why)
            }
            Observed::Present(number) if number.is_registered() => {
                Decision::Change(stays(REGISTERED).seen("target", "registered"))
            }
            Observed::Present(number) => {
                let reason = "a run of this plan added it, and it is not registered";
                let change = Change::new(Action::Gate, reason);
                Decision::Change(change.seen("target", number.id.as_str()))
            }
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let look = || async {
            cx.listing.target_numbers(cx).await?;
            let decision = self.decide(&cx.seen());
            Ok(match decision {
                Decision::Change(change) if change.action == Action::Gate => None,
                Decision::Change(change) => Some(Err(change.reason)),
                Decision::Done(reason) => Some(Ok(reason)),
                Decision::Blocked(findings) => return Err(StepError::Blocked(findings)),
            })
        };
        let next = self.asks().next();
        let waiting_for = "the number to be taken off the target";
        match cx.gate(&self.address(), waiting_for, &next, look).await? {
            Some(Ok(reason)) => Ok(Outcome::Done(reason)),
            Some(Err(reason)) => Ok(Outcome::Parked {
                reason,
                next: "make a new change set with undo".into(),
            }),
            None => Ok(Outcome::Parked {
                reason: "the number is still on the target".into(),
                next,
            }),
        }
    }
}
