//! Gate: the customer finishes Meta's signup popup (Embedded Signup) and takes the number along.
//!
//! The popup adds the number to the target and verifies it; no code is requested here, and nothing
//! is sent. The proof is the number itself: it appears on the target, verified. What follows
//! (register) is ours. Two-step verification has to be off before the popup is opened.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/support/migrating-phone-numbers-among-solution-partners-via-embedded-signup>

use super::{
    ABSENT, Action, Change, Context, Decision, Gate, Outcome, StepError, StepKind, add::not_movable,
};
use crate::{
    finding::Who,
    ids::{Address, NumberStep, WabaId},
    phone::Phone,
    plan::{Number, Plan},
    resource::Observed,
    snapshot::Snapshot,
};

/// Waits until the popup is finished.
#[derive(Clone, Debug)]
pub struct Signup {
    phone: Phone,
    source: WabaId,
    target: WabaId,
}

impl Signup {
    pub(super) fn of(plan: &Plan, number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
            source: plan.source.waba.clone(),
            target: plan.target.waba.clone(),
        }
    }

    fn asks(&self) -> Gate {
        Gate {
            owner: Who::Customer,
            instructions: format!(
                "open the signup popup, take {} over, type the code Meta sends, choose the account {}",
                self.phone, self.target
            ),
            proof: "GET /{TARGET}/phone_numbers lists it, code_verification_status is VERIFIED",
        }
    }
}

impl StepKind for Signup {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::Signup)
    }

    fn describe(&self) -> String {
        format!(
            "Have the customer take {} over in Meta's signup popup",
            self.phone
        )
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::number(&self.phone, NumberStep::TwoStepOff)]
    }

    fn gate(&self) -> Option<Gate> {
        Some(self.asks())
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if let Observed::Present(number) = seen.target.number(&self.phone) {
            let state = number.state();
            return if number.is_verified() {
                Decision::done(format!("on the target ({state})"))
            } else {
                let reason =
                    format!("it is on the target, but the popup was not finished ({state})");
                Decision::Change(Change::new(Action::Gate, reason))
            };
        }
        not_movable(seen, &self.address(), &self.phone, &self.source).unwrap_or_else(|| {
            let reason = "the customer has not finished the signup popup";
            Decision::Change(Change::new(Action::Gate, reason).seen("target", ABSENT))
        })
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let look = || async {
            cx.listing.target_numbers(cx).await?;
            let seen = cx.seen();
            let number = seen.target.known(&self.phone);
            Ok(number
                .filter(|number| number.is_verified())
                .map(|number| number.id.clone()))
        };
        let next = self.asks().next();
        match cx
            .gate(
                &self.address(),
                "the customer to finish the signup popup",
                &next,
                look,
            )
            .await?
        {
            Some(id) => Ok(Outcome::Done(format!("on the target as {id}"))),
            None => Ok(Outcome::Parked {
                reason: format!(
                    "{} has not come to the target through the popup",
                    self.phone
                ),
                next,
            }),
        }
    }
}
