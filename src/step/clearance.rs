//! What a register rests on, read for the last time: the number, both accounts, two-step
//! verification, the subscription, the required templates.
//!
//! A [`Cleared`] is the proof that all of it was seen a moment ago and is as it has to be. It can be
//! made here only, and only it makes the register call. The rules are those of
//! [`preflight`]; what is added here may not stay unknown at this point.
//!
//! A number of Genesys Cloud is registered there, by an activation. The same is read before its old
//! integration is released ([`may_release`]); then it is silent until it is activated, and nothing is
//! worse than that, so that is held back only by what would make it fail ([`may_activate`]).

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};

use super::{Context, StepError, templates_approved::TemplatesApproved, two_step_off};
use crate::{
    api::{
        genesys,
        meta::{Side, Write, write},
    },
    finding::{Finding, Severity, Who},
    ids::{Address, IntegrationId, NumberStep, PhoneNumberId},
    phone::Phone,
    plan::{Method, Number},
    preflight,
    resource::{Observed, Why, phone_number::PhoneNumber},
    secret::Secret,
    snapshot::CONFIRMED,
};

/// Proof that a number may be registered now. Made from fresh observations only.
pub(super) struct Cleared {
    number: PhoneNumberId,
    /// When the first of it was read.
    since: Timestamp,
}

/// How old the oldest observation may be when the call is made. Reading takes seconds, and a minute
/// where there are thousands of templates; a rate limit in the middle of it takes longer.
pub(super) const FRESH: SignedDuration = SignedDuration::from_mins(3);

impl Cleared {
    /// The number's id on the target.
    pub(super) fn number(&self) -> &PhoneNumberId {
        &self.number
    }

    /// Returns whether all of it was seen a moment ago.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) <= FRESH
    }

    /// Makes the call that cannot be taken back.
    pub(super) fn register(&self, pin: Secret) -> Write {
        write::register(&self.number, pin)
    }
}

/// What the last look came to.
pub(super) enum Clearance<Proof = Cleared> {
    /// Nothing stands in the way.
    Cleared(Proof),
    /// Somebody has registered it.
    Registered,
    /// Two-step verification is on again, and nothing else stands in the way.
    GateClosed,
    /// These stand in the way.
    Refused(Vec<Finding>),
}

/// Proof that the old integration of a number may be released now.
pub(super) struct Releasable {
    since: Timestamp,
}

impl Releasable {
    /// Returns whether all of it was seen a moment ago.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.since) <= FRESH
    }
}

/// Proof that nothing is known that would make the activation of an integration fail.
pub(super) struct Activatable {
    integration: IntegrationId,
    phone: Phone,
}

impl Activatable {
    /// Makes the call that cannot be taken back. It names number and name, of which each kind of
    /// signup needs one.
    pub(super) fn activate(&self, name: &str, pin: Secret) -> Write {
        genesys::write::activate(&self.integration, Some(&self.phone), Some(name), pin)
    }
}

/// Reads everything once more and judges it.
pub(super) async fn clear(
    cx: &Context<'_>,
    address: &Address,
    phone: &Phone,
) -> Result<Clearance, StepError> {
    let since = cx.clock.now();
    let number = cx.look_at(phone).await?;
    if number.is_registered() {
        return Ok(Clearance::Registered);
    }
    let standing = judge(cx, address, phone).await?;
    let unverified = (!number.is_verified()).then(|| unverified(cx, address, &number, phone));
    let id = number.id;
    Ok(
        standing.clearance(unverified, (address, phone), || Cleared {
            number: id,
            since,
        }),
    )
}

/// Reads everything once more before the old integration of a number is released. A number that the
/// popup brings is not on the target yet.
pub(super) async fn may_release(
    cx: &Context<'_>,
    address: &Address,
    number: &Number,
) -> Result<Clearance<Releasable>, StepError> {
    let since = cx.clock.now();
    let phone = &number.phone;
    let on_target = match number.method {
        Method::EmbeddedSignup => None,
        Method::Otp | Method::SolutionIntent(_) => Some(cx.look_at(phone).await?),
    };
    if on_target.as_ref().is_some_and(PhoneNumber::is_registered) {
        return Ok(Clearance::Registered);
    }
    let standing = judge(cx, address, phone).await?;
    let unverified = on_target
        .filter(|number| !number.is_verified())
        .map(|number| unverified(cx, address, &number, phone));
    Ok(standing.clearance(unverified, (address, phone), || Releasable { since }))
}

/// Looks, in the silence between the old integration and the new one, only for what would make the
/// activation fail: a number that is not verified, two-step verification that is on.
pub(super) async fn may_activate(
    cx: &Context<'_>,
    address: &Address,
    phone: &Phone,
    integration: &IntegrationId,
) -> Result<Clearance<Activatable>, StepError> {
    cx.listing.target_numbers(cx).await?;
    let number = cx.seen().target.known(phone).cloned();
    let Some(number) = number else {
        let message = format!("{phone} is not on the target, so it cannot be activated");
        let finding = Finding::fail("number-not-on-target", address, message)
            .ask(Who::GenesysAdmin, "choose this number in the signup popup")
            .proof("GET /{TARGET}/phone_numbers lists the number");
        return Ok(Clearance::Refused(vec![finding]));
    };
    if !number.is_verified() {
        let finding = unverified(cx, address, &number, phone);
        return Ok(Clearance::Refused(vec![finding]));
    }
    // What cannot be seen of it was judged before the number was released.
    match number.is_registered() || two_step(cx, phone).await? != Observed::Present(true) {
        true => Ok(Clearance::Cleared(Activatable {
            integration: integration.clone(),
            phone: phone.clone(),
        })),
        false => Ok(Clearance::GateClosed),
    }
}

/// What stands in the way besides the state of the number on the target.
struct Standing {
    findings: Vec<Finding>,
    is_two_step_on: bool,
}

impl Standing {
    fn clearance<Proof>(
        self,
        unverified: Option<Finding>,
        (address, phone): (&Address, &Phone),
        proof: impl FnOnce() -> Proof,
    ) -> Clearance<Proof> {
        let mut findings = self.findings;
        findings.extend(unverified);
        match (findings.is_empty(), self.is_two_step_on) {
            (true, true) => Clearance::GateClosed,
            (true, false) => Clearance::Cleared(proof()),
            (false, true) => {
                findings.push(two_step_off::is_on(address, phone));
                Clearance::Refused(findings)
            }
            (false, false) => Clearance::Refused(findings),
        }
    }
}

async fn judge(cx: &Context<'_>, address: &Address, phone: &Phone) -> Result<Standing, StepError> {
    let templates = TemplatesApproved::of(cx.plan);
    let listed = async {
        match templates.is_needed() {
            true => cx.listing.templates(cx).await,
            false => Ok(()),
        }
    };
    let on_source = async {
        // A source that cannot be listed is as it was seen: the gate may have been passed by name.
        cx.listing.source_numbers(cx).await.ok();
        two_step(cx, phone).await
    };
    let ((two_step, listed), read) = join(join(on_source, listed), cx.listing.accounts(cx)).await;
    listed.and(read)?;
    let two_step = two_step?;
    let seen = cx.seen();
    let mut findings = preflight::before_register(cx.plan, &seen, phone);
    findings.extend(templates.objections(&seen));
    drop(seen);
    findings.extend(doubt(cx, address, phone, &two_step));
    Ok(Standing {
        findings,
        is_two_step_on: two_step == Observed::Present(true),
    })
}

fn unverified(cx: &Context<'_>, address: &Address, number: &PhoneNumber, phone: &Phone) -> Finding {
    let message = format!("{phone} is not verified ({})", number.state());
    Finding::fail("number-not-verified", address, message)
        .observed(number.state())
        .ask(Who::Us, how_to_verify(cx, phone))
        .proof("GET /{PHONE}?fields=code_verification_status is VERIFIED")
}

fn how_to_verify(cx: &Context<'_>, phone: &Phone) -> &'static str {
    match cx.plan.number(phone).map(|number| &number.method) {
        Some(Method::EmbeddedSignup) => "have the customer finish the signup popup once more",
        Some(Method::SolutionIntent(_)) => WITHOUT_CODE,
        Some(Method::Otp) | None => "run apply again, it asks for a new code",
    }
}

/// What helps a number that came without a code and is not verified.
pub(super) const WITHOUT_CODE: &str =
    "Meta brought it unverified: write `method: otp` for this number, and run apply again";

/// What cannot be seen of two-step verification, unless somebody has passed the gate by name.
fn doubt(
    cx: &Context<'_>,
    address: &Address,
    phone: &Phone,
    two_step: &Observed<bool>,
) -> Option<Finding> {
    let why = match two_step {
        Observed::Present(_) => return None,
        Observed::Absent => "the number is not on the source".to_owned(),
        Observed::Unknown(why) => why.to_string(),
    };
    let gate = Address::number(phone, NumberStep::TwoStepOff);
    let confirmed =
        cx.options.confirmed.contains(&gate) || cx.seen().history.kept(&gate, CONFIRMED).is_some();
    let message = format!("two-step verification cannot be seen: {why}");
    (!confirmed).then(|| {
        Finding::unknown("register-unclear", Severity::Error, address, message).ask(
            Who::Us,
            format!(
                "run apply again; if the source's owner says that it is off: --confirm '{gate}'"
            ),
        )
    })
}

/// Reads the number on the source, and returns whether two-step verification is on.
async fn two_step(cx: &Context<'_>, phone: &Phone) -> Result<Observed<bool>, StepError> {
    let id = match cx.seen().source.number(phone) {
        Observed::Present(number) => number.id.clone(),
        Observed::Absent => return Ok(Observed::Absent),
        Observed::Unknown(why) => return Ok(Observed::Unknown(why)),
    };
    match cx.source.get(&PhoneNumber::read(&id)).await {
        Ok(number) => {
            let is_on = Observed::shown(number.is_pin_enabled, "is_pin_enabled");
            cx.remember(Side::Source, number);
            Ok(is_on)
        }
        Err(source) if source.is_limit() => Err(StepError::Call {
            doing: format!("read {phone} on the source"),
            source,
        }),
        Err(error) => Ok(Observed::Unknown(Why::from(&error))),
    }
}
