//! Gate: the source's owner switches two-step verification off.
//!
//! No API can do it. While it is on, the number cannot be registered on the target. The proof is
//! `is_pin_enabled` of the number on the source; where the source cannot be read, a person may pass
//! the gate by name, which is journaled.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/guides/migrating-phone-numbers-between-wabas-programmatically>

use super::{Action, Change, Context, Decision, Gate, Outcome, StepError, StepKind};
use crate::{
    finding::{Finding, Who},
    ids::{Address, NumberStep},
    phone::Phone,
    plan::Number,
    resource::{Observed, phone_number::two_step_instructions},
    snapshot::{CONFIRMED, Snapshot},
};

/// Waits until two-step verification is off on the source.
#[derive(Clone, Debug)]
pub struct TwoStepOff {
    phone: Phone,
}

impl TwoStepOff {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
        }
    }

    /// What to do: the owner's clicks where the result can be seen, else a word for it.
    fn next(&self, seen: &Snapshot) -> String {
        match seen.source.known(&self.phone) {
            Some(_) => asks(&self.phone).next(),
            None => format!(
                "{}; the source cannot show it, so pass the gate by name then: --confirm '{}'",
                asks(&self.phone).next(),
                self.address()
            ),
        }
    }

    /// Looks whether it is on. `None`: the source does not show it.
    async fn look(&self, cx: &Context<'_>) -> Result<Option<bool>, StepError> {
        if cx.seen().source.known(&self.phone).is_none() {
            return Ok(None);
        }
        cx.listing.source_numbers(cx).await?;
        let seen = cx.seen();
        Ok(seen
            .source
            .known(&self.phone)
            .and_then(|number| number.is_pin_enabled))
    }

    fn closed(reason: impl Into<String>) -> Decision {
        Decision::Change(Change::new(Action::Gate, reason))
    }
}

/// What the source's owner is asked to do.
fn asks(phone: &Phone) -> Gate {
    Gate {
        owner: Who::SourceOwner,
        instructions: two_step_instructions(phone),
        proof: PROOF,
    }
}

const PROOF: &str = "GET /{SOURCE_PHONE}?fields=is_pin_enabled is false";

impl StepKind for TwoStepOff {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::TwoStepOff)
    }

    fn describe(&self) -> String {
        format!(
            "Have the source's owner switch two-step verification of {} off",
            self.phone
        )
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn gate(&self) -> Option<Gate> {
        Some(asks(&self.phone))
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if seen.target.has_registered(&self.phone) {
            return Decision::done("the number is registered on the target");
        }
        let why = match seen.source.number(&self.phone) {
            Observed::Present(number) => match number.is_pin_enabled {
                Some(false) => return Decision::done("two-step verification is off"),
                Some(true) => return Self::closed("two-step verification is on"),
                None => "the source does not say whether two-step verification is on".to_owned(),
            },
            Observed::Absent => {
                "the number is not on the source, so its two-step state cannot be seen".to_owned()
            }
            Observed::Unknown(why) => format!("the source cannot be read: {why}"),
        };
        match seen.history.kept(&self.address(), CONFIRMED) {
            Some(_) => Decision::done("passed by name in an earlier run"),
            None => Self::closed(why),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let address = self.address();
        let waiting_for = "two-step verification to be switched off";
        let look = || async { Ok((self.look(cx).await? == Some(false)).then_some(())) };
        if cx.options.confirmed.contains(&address) {
            return match self.look(cx).await? {
                Some(false) => Ok(Outcome::Done("two-step verification is off".into())),
                Some(true) => Err(StepError::Blocked(vec![is_on(&address, &self.phone)])),
                None => {
                    cx.keep(
                        &address,
                        CONFIRMED,
                        serde_json::json!({ "by": cx.options.user }),
                    )?;
                    Ok(Outcome::Done(format!("confirmed by {}", cx.options.user)))
                }
            };
        }
        let next = self.next(&cx.seen());
        match cx.gate(&address, waiting_for, &next, look).await? {
            Some(()) => Ok(Outcome::Done("two-step verification is off".into())),
            None => Ok(Outcome::Parked {
                reason: "two-step verification is not known to be off".into(),
                next,
            }),
        }
    }
}

/// The outcome of a register that found the gate closed again: a person has to act once more.
pub(super) fn closed_again(phone: &Phone) -> Outcome {
    Outcome::Parked {
        reason: "two-step verification was switched on again, so nothing was sent".into(),
        next: asks(phone).next(),
    }
}

/// The finding of a gate that is closed.
pub(super) fn is_on(address: &Address, phone: &Phone) -> Finding {
    Finding::fail(
        "two-step",
        address,
        format!("two-step verification of {phone} is on"),
    )
    .observed("is_pin_enabled: true")
    .ask(Who::SourceOwner, two_step_instructions(phone))
    .proof(PROOF)
}
