//! Registers a number with the Cloud API: **the point of no return**. Traffic, webhooks and billing
//! move to the target, and nothing takes that back but a migration the other way.
//!
//! Right before the call everything it rests on is read once more: only a
//! [`Cleared`](super::clearance::Cleared), which is made from those observations alone, makes the
//! call, and none of them may be older than some minutes. What the source will no longer show afterwards (profile and id) is kept in the journal first.
//!
//! Every attempt is decided anew, and none waits for a rate limit with old observations in hand.
//! It starts only inside the number's window, as one of the run's cut-overs, and while the attempt
//! ledger has room: Meta locks a number for 72 hours after ten register and deregister calls.
//!
//! In doubt: the number's status on the target tells. The call may take 15 seconds or more, so the
//! status is watched that long before it counts as "not registered". A refused PIN is sent
//! again only by name (`--new-pin`): wrong ones lock the number.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers>

use jiff::Timestamp;

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind,
    clearance::{Clearance, WITHOUT_CODE, clear},
    context::{ATTEMPTS, Repeat},
    cut_over::{CutOver, attempts_used_up, closed},
    keepsakes::keep_source,
    two_step_off,
};
use crate::{
    finding::{Finding, Who},
    ids::{AccountStep, Address, NumberStep},
    phone::Phone,
    plan::{Method, Number},
    resource::phone_number::PhoneNumber,
    secret::SecretRef,
    snapshot::Snapshot,
    snapshot::is_gone,
    step::Call,
};

/// How long a register of an earlier run may still be at work. Meta: "up to 15 seconds or more".
const SETTLE: std::time::Duration = std::time::Duration::from_secs(20);

/// How often everything is read anew because it took too long.
const LOOKS: u32 = 3;

/// Registers a number.
#[derive(Clone, Debug)]
pub struct Register {
    phone: Phone,
    pin: SecretRef,
    /// The step that proves the number on the target.
    proved_by: NumberStep,
    needs: Vec<Phone>,
    cut_over: CutOver,
    carries_profile: bool,
}

impl Register {
    pub(super) fn of(number: &Number) -> Self {
        Self {
            phone: number.phone.clone(),
            pin: number.pin.clone(),
            proved_by: match number.method {
                Method::Otp => NumberStep::Verify,
                Method::EmbeddedSignup => NumberStep::Signup,
                Method::SolutionIntent(_) => NumberStep::Add,
            },
            needs: number.needs.clone(),
            cut_over: CutOver::of(number),
            carries_profile: number.profile.is_none(),
        }
    }

    /// Tries once: everything it rests on is judged anew before every attempt.
    async fn attempt(&self, cx: &Context<'_>, has_slot: &mut bool) -> Result<Outcome, StepError> {
        cx.is_rested(&self.address())?;
        if let Some(parked) = self.hold_back(cx, *has_slot) {
            return Ok(parked);
        }
        if let Some(parked) = cx.enter(&self.address(), &self.cut_over).await? {
            return Ok(parked);
        }
        let mut looks = 1;
        let cleared = loop {
            let cleared = match clear(cx, &self.address(), &self.phone).await? {
                Clearance::Cleared(cleared) => cleared,
                Clearance::Registered => return Ok(registered()),
                Clearance::GateClosed => return Ok(two_step_off::closed_again(&self.phone)),
                Clearance::Refused(findings) => return Err(StepError::Blocked(findings)),
            };
            keep_source(cx, &self.phone, self.carries_profile).await?;
            // A rate limit in the middle of it leaves old observations in hand.
            match cleared.is_fresh(cx.clock.now()) {
                true => break cleared,
                false if looks < LOOKS => looks += 1,
                false => return Ok(too_slow()),
            }
        };
        // Reading takes time, and a limit may have made it take long.
        if let Some(parked) = closed(&self.cut_over, cx) {
            return Ok(parked);
        }
        if !*has_slot && let Some(parked) = cx.cut_overs.take() {
            return Ok(parked);
        }
        *has_slot = true;

        let write = cleared.register(cx.ready(&self.pin)?);
        let doing = format!("register {}", self.phone);
        let lookup = || async {
            match cx.target.get(&PhoneNumber::read(cleared.number())).await {
                Ok(number) => Ok(number.is_registered().then_some(())),
                Err(error) if is_gone(&error) => Ok(None),
                Err(error) => Err(error),
            }
        };
        cx.write(&self.address(), &doing, &write, Repeat::AfterLookup, lookup)
            .await?;
        Ok(Outcome::Done("registered".into()))
    }

    /// What forbids to try at all: a PIN that would be refused again, too many attempts.
    fn hold_back(&self, cx: &Context<'_>, has_slot: bool) -> Option<Outcome> {
        if self.would_repeat_pin(cx) {
            return Some(Outcome::Parked {
                reason: "Meta refused the PIN, and a wrong one is not sent again: wrong PINs lock the number".into(),
                next: format!("correct it where the plan reads it, then: apply --new-pin {}", self.phone),
            });
        }
        let none_left = cx.cut_overs.spent().filter(|_| !has_slot);
        none_left.or_else(|| attempts_used_up(cx, &self.phone))
    }

    /// The PIN that was refused stands most likely where it stood.
    fn would_repeat_pin(&self, cx: &Context<'_>) -> bool {
        let refused = cx.seen().history.number(&self.phone).is_pin_refused;
        refused && !cx.options.new_pins.contains(&self.phone)
    }

    /// A register that an earlier run sent and nobody saw the end of may still be at work.
    async fn let_settle(&self, cx: &Context<'_>) -> Result<Option<PhoneNumber>, StepError> {
        let sent = cx.seen().history.in_doubt.get(&self.address()).copied();
        let settled =
            |sent: Timestamp| cx.clock.now().duration_since(sent).unsigned_abs() >= SETTLE;
        let Some(sent) = sent.filter(|&sent| !settled(sent)) else {
            return Ok(None);
        };
        let left = SETTLE.saturating_sub(cx.clock.now().duration_since(sent).unsigned_abs());
        let look = || async {
            let number = cx.look_at(&self.phone).await?;
            Ok(number.is_registered().then_some(number))
        };
        cx.poll(
            &self.address(),
            "an earlier register to settle",
            Some(left),
            look,
        )
        .await
    }
}

pub(super) fn too_slow() -> Outcome {
    Outcome::Parked {
        reason: "what it rests on takes so long to read that it is old when the call could be made"
            .into(),
        next: "run apply again when the API answers faster".into(),
    }
}

fn registered() -> Outcome {
    Outcome::Already("the number is registered on the target".into())
}

impl StepKind for Register {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::Register)
    }

    fn describe(&self) -> String {
        format!(
            "Register {} on the target: traffic and billing move",
            self.phone
        )
    }

    fn needs(&self) -> Vec<Address> {
        let own =
            [self.proved_by, NumberStep::TwoStepOff].map(|step| Address::number(&self.phone, step));
        let others = self
            .needs
            .iter()
            .map(|phone| Address::number(phone, NumberStep::Live));
        own.into_iter()
            .chain([
                Address::account(AccountStep::Subscription),
                Address::account(AccountStep::TemplatesApproved),
            ])
            .chain(others)
            .collect()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let number = seen.target.known(&self.phone);
        if number.is_some_and(PhoneNumber::is_registered) {
            return Decision::done("the number is registered on the target");
        }
        if let (NumberStep::Add, Some(number)) = (self.proved_by, number)
            && !number.is_verified()
        {
            let message = format!("{} is on the target, but not verified", self.phone);
            return Decision::blocked(
                Finding::fail("number-not-verified", self.address(), message)
                    .observed(number.state())
                    .ask(Who::Us, WITHOUT_CODE)
                    .proof("GET /{PHONE}?fields=code_verification_status is VERIFIED"),
            );
        }
        Decision::Change(
            Change::new(Action::Call, "the number is not registered on the target")
                .within(self.cut_over.window.as_ref())
                .seen("registered", false)
                .call(Call::number(number.map(|number| &number.id), "register")),
        )
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        if self.let_settle(cx).await?.is_some() {
            return Ok(registered());
        }
        let mut has_slot = false;
        let mut attempt = 1;
        loop {
            match self.attempt(cx, &mut has_slot).await {
                Err(error)
                    if attempt < ATTEMPTS
                        && cx.may_try_again(&self.address(), &error, attempt).await? =>
                {
                    attempt += 1;
                }
                ended => return ended,
            }
        }
    }
}
