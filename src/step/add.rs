//! Adds a number to the target: the start of its migration. The source keeps its traffic.
//!
//! In doubt: the target's list of numbers, compared by digits, tells whether it was added. A number
//! that is there already is adopted.

use serde_json::json;

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind, account,
    context::{Repeat, Written},
};
use crate::{
    api::meta::{CallError, write},
    finding::{Finding, Severity, Who},
    ids::{Address, NumberStep, PhoneNumberId, WabaId},
    phone::Phone,
    plan::{Number, Plan},
    resource::{Observed, phone_number::PhoneNumber},
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
}

impl Add {
    pub(super) fn of(plan: &Plan, number: &Number) -> Self {
        let (source, target) = (plan.source.waba.clone(), plan.target.waba.clone());
        Self {
            phone: number.phone.clone(),
            source,
            target,
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
        cx.remember(number);
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
        vec![account::subscription()]
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        match seen.target.number(&self.phone) {
            Observed::Present(number) => {
                return Decision::done(format!("on the target ({})", number.state()));
            }
            Observed::Absent => {}
            Observed::Unknown(why) => {
                let message = format!("the target's numbers cannot be read: {why}");
                let rule = "numbers-unreadable";
                return Decision::blocked(Finding::unknown(
                    rule,
                    Severity::Error,
                    self.address(),
                    message,
                ));
            }
        }
        if seen.source.number(&self.phone) == Observed::Absent {
            let message = format!("{} is neither on the source nor on the target", self.phone);
            return Decision::blocked(
                Finding::fail("number-nowhere", self.address(), message)
                    .ask(
                        Who::Us,
                        format!("check the number and the source ({})", self.source),
                    )
                    .proof("GET /{SOURCE}/phone_numbers lists it"),
            );
        }
        Decision::Change(
            Change::new(Action::Create, "not on the target")
                .seen("target", "absent")
                .call(Call::post(format!("/{}/phone_numbers", self.target))),
        )
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
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
        cx.remember(number);
        Ok(Outcome::Done(format!("added as {id}")))
    }
}

/// A number as it stands right after it was added.
fn added(phone: &Phone, id: &PhoneNumberId) -> PhoneNumber {
    let fields = json!({
        "id": id, "display_phone_number": phone,
        "status": "PENDING", "platform_type": "NOT_APPLICABLE", "code_verification_status": "NOT_VERIFIED",
    });
    serde_json::from_value(fields).expect("these are fields of a number")
}
