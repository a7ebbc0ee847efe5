//! Sets the intent to migrate the source to a Multi-Partner Solution. Numbers stay where they are
//! until the customer has accepted and they are registered.
//!
//! One intent serves all numbers of one solution. Its id is nowhere listed, so it is kept in the
//! journal. A number that is on the target already needs none.
//!
//! In doubt: nothing proves that it was set (the answer was lost, or a run died before the id was on
//! disk), and a second intent would ask the customer twice. So it counts as set: it is never set again
//! by itself, `--new-intent` does.
//!
//! Source: Meta's generated SDK metadata (`set_solution_migration_intent`),
//! <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>

use serde_json::json;

use super::{
    Action, Call, Change, Context, Decision, Gate, Outcome, StepError, StepKind,
    context::{Repeat, Written},
};
use crate::{
    api::meta::{CallError, write},
    finding::{Finding, Severity, Who},
    ids::{Address, SolutionId, WabaId},
    journal::{History, history::MIGRATION_INTENT},
    phone::Phone,
    plan::{Method, Plan},
    resource::{
        Observed, Trouble,
        migration_intent::{IntentStatus, MigrationIntent},
    },
    snapshot::Snapshot,
};

/// Sets the intent of one solution.
#[derive(Clone, Debug)]
pub struct SolutionIntent {
    solution: SolutionId,
    source: WabaId,
    phones: Vec<Phone>,
}

impl SolutionIntent {
    pub(super) fn of(plan: &Plan, solution: &SolutionId) -> Self {
        Self {
            solution: solution.clone(),
            source: plan.source.waba.clone(),
            phones: phones(plan, solution),
        }
    }
}

/// The numbers that migrate to a solution.
pub(super) fn phones(plan: &Plan, solution: &SolutionId) -> Vec<Phone> {
    let meant = |method: &Method| *method == Method::SolutionIntent(solution.clone());
    let numbers = plan.numbers.iter().filter(|number| meant(&number.method));
    numbers.map(|number| number.phone.clone()).collect()
}

/// Returns whether every number has come to the target: then no intent is needed any more.
pub(super) fn have_come(phones: &[Phone], seen: &Snapshot) -> bool {
    let verified = |phone| {
        seen.target
            .known(phone)
            .is_some_and(|number| number.is_verified())
    };
    phones.iter().all(verified)
}

/// The finding of an intent that the customer refused.
pub(super) fn rejection(address: &Address, phones: &[Phone]) -> Finding {
    let again = phones.first().map(ToString::to_string).unwrap_or_default();
    Finding::fail(
        "intent-rejected",
        address,
        "the customer refused the migration intent",
    )
    .observed("status: REJECTED")
    .ask(
        Who::Us,
        format!("agree with the customer, then set another: apply --new-intent {again}"),
    )
    .proof("GET /{MIGRATION_INTENT}?fields=status is ACCEPTED")
}

/// The finding of an intent that is not there any more, or not ours to see.
pub(super) fn gone(address: &Address, phones: &[Phone], why: &dyn std::fmt::Display) -> Finding {
    let again = phones.first().map(ToString::to_string).unwrap_or_default();
    let message = "the migration intent that was set cannot be read any more";
    Finding::unknown("intent-unreadable", Severity::Error, address, message)
        .observed(why)
        .ask(
            Who::Us,
            format!(
                "ask the customer; if there is no request any more: apply --new-intent {again}"
            ),
        )
        .proof("GET /{MIGRATION_INTENT}?fields=status answers")
}

impl StepKind for SolutionIntent {
    fn address(&self) -> Address {
        Address::solution_intent(&self.solution)
    }

    fn describe(&self) -> String {
        format!(
            "Set the intent to migrate {} to solution {}",
            self.source, self.solution
        )
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn gate(&self) -> Option<Gate> {
        let again = self
            .phones
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        Some(Gate {
            owner: Who::Us,
            instructions: format!(
                "ask the customer whether a request came; if none did: apply --new-intent {again}"
            ),
            proof: "GET /{TARGET}/phone_numbers lists the number",
        })
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if have_come(&self.phones, seen) {
            return Decision::done("its numbers are on the target");
        }
        match seen.intent(&self.solution) {
            Observed::Present(intent) => match &intent.status {
                Some(IntentStatus::Rejected) => {
                    Decision::blocked(rejection(&self.address(), &self.phones))
                }
                Some(status) => Decision::done(format!("intent {} is {status}", intent.id)),
                None => Decision::done(format!("intent {} is set", intent.id)),
            },
            Observed::Unknown(why) if why.trouble == Trouble::Missing => {
                Decision::blocked(gone(&self.address(), &self.phones, &why))
            }
            Observed::Unknown(why) => Decision::done(format!("set before; now unreadable: {why}")),
            Observed::Absent if self.was_sent(&seen.history) => {
                Decision::Change(Change::new(Action::Gate, "whether it was set is not known"))
            }
            Observed::Absent => Decision::Change(
                Change::new(Action::Call, "no intent is set for this solution").call(Call::post(
                    format!("/{}/set_solution_migration_intent", self.source),
                )),
            ),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        if self.was_sent(&cx.seen().history) {
            return Ok(self.in_doubt());
        }
        let write = write::set_migration_intent(&self.source, &self.solution);
        let doing = format!("set the migration intent of solution {}", self.solution);
        let cannot_tell = || async { Ok::<Option<MigrationIntent>, CallError>(None) };
        let written = cx
            .write(
                &self.address(),
                &doing,
                &write,
                Repeat::CannotTell,
                cannot_tell,
            )
            .await;
        let answer = match written {
            Ok(Written::Answered(answer)) => answer,
            Ok(Written::Found(_)) | Err(StepError::InDoubt { .. }) => return Ok(self.in_doubt()),
            Err(error) => return Err(error),
        };
        let Some(id) = answer.get("id").and_then(|id| id.as_str()) else {
            let problem = "the API set the migration intent but named no id";
            return Err(StepError::Unexpected(problem.into()));
        };
        cx.keep(&self.address(), MIGRATION_INTENT, json!({ "id": id }))?;
        Ok(Outcome::Done(format!("set as {id}")))
    }
}

impl SolutionIntent {
    /// Returns whether an earlier run sent it and did not learn its id.
    fn was_sent(&self, history: &History) -> bool {
        let address = self.address();
        history.in_doubt.contains_key(&address) || history.accepted.contains_key(&address)
    }

    fn in_doubt(&self) -> Outcome {
        let next = self
            .gate()
            .map(|gate| gate.instructions)
            .unwrap_or_default();
        Outcome::Parked {
            reason: "nobody can tell whether the intent was set: its answer was lost".into(),
            next,
        }
    }
}
