//! Gate: the customer accepts the intent to migrate to a Multi-Partner Solution. Sends nothing.
//!
//! The proof is the intent's status, or the numbers themselves once they are on the target.

use super::{
    Action, Change, Context, Decision, Gate, Outcome, StepError, StepKind,
    solution_intent::{gone, have_come, phones, rejection},
};
use crate::{
    finding::Who,
    ids::{Address, MigrationIntentId, SolutionId},
    phone::Phone,
    plan::Plan,
    resource::{
        Observed,
        migration_intent::{IntentStatus, MigrationIntent},
    },
    snapshot::{Snapshot, is_gone},
};

/// Waits until the customer has accepted.
#[derive(Clone, Debug)]
pub struct SolutionAccepted {
    solution: SolutionId,
    phones: Vec<Phone>,
}

impl SolutionAccepted {
    pub(super) fn of(plan: &Plan, solution: &SolutionId) -> Self {
        Self {
            solution: solution.clone(),
            phones: phones(plan, solution),
        }
    }

    /// Looks whether it was accepted: by the intent, or by what it brought.
    async fn look(
        &self,
        cx: &Context<'_>,
        intent: &MigrationIntentId,
    ) -> Result<Option<()>, StepError> {
        let read = cx.source.get(&MigrationIntent::read(intent)).await;
        let intent = read.map_err(|source| match is_gone(&source) {
            true => {
                let address = Address::solution_intent(&self.solution);
                StepError::Blocked(vec![gone(&address, &self.phones, &source)])
            }
            false => StepError::Call {
                doing: "read the migration intent".into(),
                source,
            },
        })?;
        if intent.status == Some(IntentStatus::Rejected) {
            let finding = rejection(&Address::solution_intent(&self.solution), &self.phones);
            return Err(StepError::Blocked(vec![finding]));
        }
        Ok(intent.is_accepted().then_some(()))
    }

    fn asks(&self) -> Gate {
        Gate {
            owner: Who::Customer,
            instructions: format!(
                "Meta Business Suite > Business settings > Requests > accept the migration to solution {}",
                self.solution
            ),
            proof: "GET /{MIGRATION_INTENT}?fields=status is ACCEPTED",
        }
    }
}

impl StepKind for SolutionAccepted {
    fn address(&self) -> Address {
        Address::solution_accepted(&self.solution)
    }

    fn describe(&self) -> String {
        format!(
            "Have the customer accept the migration to solution {}",
            self.solution
        )
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::solution_intent(&self.solution)]
    }

    fn gate(&self) -> Option<Gate> {
        Some(self.asks())
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        if have_come(&self.phones, seen) {
            return Decision::done("its numbers are on the target");
        }
        let reason = match seen.intent(&self.solution) {
            Observed::Present(intent) if intent.is_accepted() => {
                return Decision::done(format!("intent {} is accepted", intent.id));
            }
            Observed::Present(intent) => format!("intent {} is not accepted", intent.id),
            Observed::Absent => "no intent is set".to_owned(),
            Observed::Unknown(why) => format!("the intent cannot be read: {why}"),
        };
        Decision::Change(Change::new(Action::Gate, reason))
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let address = Address::solution_intent(&self.solution);
        let Some(intent) = cx.seen().history.migration_intent(&address) else {
            let problem = "the id of the migration intent is not known";
            return Err(StepError::Unexpected(problem.into()));
        };
        let look = || self.look(cx, &intent);
        let next = self.asks().next();
        match cx
            .gate(
                &self.address(),
                "the customer to accept the migration",
                &next,
                look,
            )
            .await?
        {
            Some(()) => Ok(Outcome::Done(format!("intent {intent} is accepted"))),
            None => Ok(Outcome::Parked {
                reason: format!("the customer has not accepted intent {intent}"),
                next,
            }),
        }
    }
}
