//! Waits until a registered number is CONNECTED on the Cloud API. Sends nothing.
//!
//! The status can flap for a while after register, so it is watched rather than read once.

use super::{Action, Change, Context, Decision, Outcome, StepError, StepKind};
use crate::{
    ids::{Address, NumberStep},
    phone::Phone,
    plan::Number,
    snapshot::Snapshot,
};

/// Watches a number's status.
#[derive(Clone, Debug)]
pub struct Live {
    phone: Phone,
    moved_by: NumberStep,
}

impl Live {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
            moved_by: number.moved_by(),
        }
    }
}

impl StepKind for Live {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::Live)
    }

    fn describe(&self) -> String {
        format!("Wait until {} is CONNECTED on the Cloud API", self.phone)
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::number(&self.phone, self.moved_by)]
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if seen.target.is_live(&self.phone) {
            return Decision::done("CONNECTED, CLOUD_API");
        }
        Decision::Change(Change::new(
            Action::Wait,
            "the number is not live on the target",
        ))
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let look = || async {
            let number = cx.look_at(&self.phone).await?;
            Ok(number.is_live().then_some(()))
        };
        match cx
            .poll(
                &self.address(),
                "the number to be CONNECTED",
                cx.options.wait,
                look,
            )
            .await?
        {
            Some(()) => Ok(Outcome::Done("CONNECTED, CLOUD_API".into())),
            None => Ok(Outcome::Parked {
                reason: "the number is registered but not CONNECTED yet".into(),
                next: "run apply again in some minutes".into(),
            }),
        }
    }
}
