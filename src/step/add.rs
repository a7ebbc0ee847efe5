//! Adds a number to the target: the start of its migration. The source keeps its traffic.
//!
//! In doubt: the target's list of numbers, compared by digits, tells whether it was added. A number
//! that is there already is adopted.

use serde_json::json;

use super::{
    ABSENT, Action, Change, Context, Decision, Outcome, StepError, StepKind,
    context::{Repeat, Written},
};
use crate::{
    api::meta::{CallError, Side, write},
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, NumberStep, PhoneNumberId, SolutionId, WabaId},
    phone::Phone,
    plan::{Method, Number, Plan},
    preflight,
    resource::{
        Observed,
        phone_number::{PhoneNumber, Status},
    },
    snapshot::Snapshot,
    step::Call,
};

/// "Already exists in your list": somebody added it meanwhile.
const ALREADY_THERE: i64 = 2_388_012;

/// Adds a number with `migrate_phone_number=true`.
#[derive(Clone, Debug)]
pub struct Add {
    phone: Phone,
    source: WabaId,
    target: WabaId,
    solution: Option<SolutionId>,
}

impl Add {
    pub(super) fn of(plan: &Plan, number: &Number) -> Self {
        let (source, target) = (plan.source.waba.clone(), plan.target.waba.clone());
        let solution = match &number.method {
            Method::SolutionIntent(solution) => Some(solution.clone()),
            Method::Otp | Method::EmbeddedSignup => None,
        };
        Self {
            phone: number.phone.clone(),
            source,
            target,
            solution,
        }
    }

    /// Reads the target's numbers again and finds this one.
    async fn find(&self, cx: &Context<'_>) -> Result<Option<PhoneNumber>, CallError> {
        let numbers = cx.target.list(&PhoneNumber::list(&self.target)).await?;
        Ok(PhoneNumber::find(&numbers, &self.phone).cloned())
    }

    async fn adopt(&self, cx: &Context<'_>, error: StepError) -> Result<Outcome, StepError> {
        let is_there = matches!(&error, StepError::Call { source, .. }
            if source.graph().is_some_and(|graph| graph.is(ALREADY_THERE)));
        if !is_there {
            return Err(error);
        }
        let found = self.find(cx).await.map_err(|source| StepError::Call {
            doing: "list the target's numbers".into(),
            source,
        })?;
        let Some(number) = found else {
            return Err(error);
        };
        cx.remember(Side::Target, number);
        Ok(Outcome::Already(
            "the number is on the target already".into(),
        ))
    }
}

impl StepKind for Add {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::Add)
    }

    fn describe(&self) -> String {
        format!("Add {} to {}", self.phone.international(), self.target)
    }

    fn needs(&self) -> Vec<Address> {
        let accepted = self.solution.as_ref().map(Address::solution_accepted);
        let subscription = Address::account(AccountStep::Subscription);
        [subscription].into_iter().chain(accepted).collect()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if let Observed::Present(number) = seen.target.number(&self.phone) {
            return Decision::done(format!("on the target ({})", number.state()));
        }
        if let Some(cannot) = not_movable(seen, &self.address(), &self.phone, &self.source) {
            return cannot;
        }
        Decision::Change(
            Change::new(Action::Create, "not on the target")
                .seen("target", ABSENT)
                .call(Call::post(format!("/{}/phone_numbers", self.target))),
        )
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        if self.solution.is_some() {
            // An accepted intent may have brought the number along.
            cx.listing.target_numbers(cx).await?;
            if let Some(number) = cx.seen().target.known(&self.phone) {
                return Ok(Outcome::Already(format!("on the target as {}", number.id)));
            }
        }
        // A person may have been waited for since everything was judged.
        cx.listing.accounts(cx).await?;
        let objections = preflight::before_register(cx.plan, &cx.seen(), &self.phone);
        if !objections.is_empty() {
            return Err(StepError::Blocked(objections));
        }
        let write = write::add_number(&self.target, &self.phone);
        let doing = format!("add {} to the target", self.phone);
        let written = cx
            .write(&self.address(), &doing, &write, Repeat::AfterLookup, || {
                self.find(cx)
            })
            .await;
        let number = match written {
            Ok(Written::Found(number)) => number,
            Ok(Written::Answered(answer)) => {
                let id = answer
                    .get("id")
                    .and_then(|id| id.as_str())
                    .and_then(|id| id.parse().ok());
                let unexpected =
                    || StepError::Unexpected("the API added the number but named no id".into());
                added(&self.phone, &id.ok_or_else(unexpected)?)
            }
            Err(error) => return self.adopt(cx, error).await,
        };
        let id = number.id.clone();
        cx.remember(Side::Target, number);
        if self.solution.is_some() {
            // It may have come verified.
            cx.look_at(&self.phone).await?;
        }
        Ok(Outcome::Done(format!("added as {id}")))
    }
}

/// Decides about a number that is not certainly on the target: nobody knows whether it is there, or
/// it is certainly not on the source either.
pub(super) fn not_movable(
    seen: &Snapshot,
    address: &Address,
    phone: &Phone,
    source: &WabaId,
) -> Option<Decision> {
    if let Observed::Unknown(why) = seen.target.number(phone) {
        let message = format!("the target's numbers cannot be read: {why}");
        return Some(Decision::blocked(
            Finding::unknown("numbers-unreadable", Severity::Error, address, message)
                .ask(Who::Us, "check that target.token reaches the target")
                .proof("GET /{TARGET}/phone_numbers answers"),
        ));
    }
    if seen.source.number(phone) != Observed::Absent {
        return None;
    }
    let message = format!("{phone} is neither on the source nor on the target");
    let left = seen.source.numbers.present().is_some_and(|numbers| {
        let moved = |number: &PhoneNumber| number.status == Some(Status::Migrated);
        numbers
            .iter()
            .any(|number| number.is(phone) && moved(number))
    });
    let observed = match left {
        true => "status on the source: MIGRATED; it has moved to another account",
        false => "no entry in either list",
    };
    Some(Decision::blocked(
        Finding::fail("number-nowhere", address, message)
            .observed(observed)
            .ask(
                Who::Us,
                format!("check the number and the source ({source})"),
            )
            .proof("GET /{SOURCE}/phone_numbers lists it"),
    ))
}

/// A number as it stands right after it was added.
fn added(phone: &Phone, id: &PhoneNumberId) -> PhoneNumber {
    let fields = json!({
        "id": id, "display_phone_number": phone,
        "status": "PENDING", "platform_type": "NOT_APPLICABLE", "code_verification_status": "NOT_VERIFIED",
    });
    serde_json::from_value(fields).expect("these are fields of a number")
}
