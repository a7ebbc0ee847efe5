//! What is told of a change set that takes back: what is not taken back and why, and how many
//! templates it may delete. Pure.

use super::{ChangeEntry, ChangeSet, LeftBehind, risk::Risk};
use crate::{
    finding::{Finding, Who},
    ids::Address,
    plan::{Plan, Policy},
    snapshot::Snapshot,
    step::Action,
};

/// Everything that runs of the plan did and that stays.
pub(super) fn left(plan: &Plan, seen: &Snapshot, changes: &[ChangeEntry]) -> Vec<LeftBehind> {
    let mut left = Vec::new();
    let mut stays = |what: String, reason: &str| {
        let reason = reason.to_owned();
        left.push(LeftBehind { what, reason });
    };
    let is_left =
        |change: &&ChangeEntry| change.action == Action::None && !change.precondition.is_empty();
    for change in changes.iter().filter(is_left) {
        stays(change.address.clone(), &change.reason);
    }
    for phone in seen.history.moved() {
        let is_there = seen.target.known(phone).is_some();
        if is_there && plan.number(phone).is_none() {
            stays(
                format!("number {phone}"),
                "a run of this plan brought it, and the plan does not name it any more",
            );
        }
    }
    let deeds = &seen.history.deeds;
    let defined: Vec<_> = deeds.templates().collect();
    for (key, made) in seen.history.templates.proven() {
        if seen.target.template(key).is_some() && !defined.contains(key) {
            let reason = format!(
                "{} by a run of this plan; it stays, for a deleted name is blocked for 30 days",
                made.word()
            );
            stays(format!("template {key}"), &reason);
        }
    }
    for flow in seen.history.flows.copied() {
        let there = seen.target.flows.present();
        if there.is_some_and(|there| there.contains_key(flow)) {
            let reason = "copied by a run of this plan; no call takes a flow off an account again";
            stays(format!("flow {flow}"), reason);
        }
    }
    for solution in plan.solutions() {
        let step = Address::solution_intent(solution);
        if seen.history.migration_intent(&step).is_some() {
            let reason = "no documented call takes a migration intent back; a customer who does not accept it is left where he is";
            stays(format!("migration intent to solution {solution}"), reason);
        }
    }
    left
}

/// An undo that would delete more than the plan's policy allows.
pub(super) fn too_many_deletes(changes: &ChangeSet, policy: &Policy) -> Option<Finding> {
    let most = policy.max_template_deletes.unwrap_or_default();
    let amount = Risk::DeleteTemplates.amount(changes);
    let message = format!(
        "{} would be {amount}, and policy.max_template_deletes allows {most}",
        Risk::DeleteTemplates.counted()
    );
    (amount > most).then(|| {
        Finding::fail("template-deletes-limit", "plan", message)
            .ask(
                Who::Us,
                "leave them where they are with --skip 'template[*].undo', or raise the limit in the plan",
            )
            .proof("the plan's limit is not passed")
    })
}
