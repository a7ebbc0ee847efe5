//! What a run took from an old integration is given back, as long as that integration is there.

use waba_migrate::{
    journal::StepEnd,
    sim::{genesys::organization::Organization, world::World},
};

use crate::{
    crash::{Point, run_until},
    organization::{is_silent, org, stage, world},
    stage::Stage,
};

const BERLIN: &str = "+49 30 901820";
const UNDO: &str = "number[\"+4930901820\"].genesys_release.undo";

/// Returns the id of the number's integration and whether nobody hears it.
fn state(world: &World) -> (Option<String>, bool) {
    let phone = BERLIN.parse().expect("a phone");
    let all: &Organization = org(world);
    let id = all.integrations_of(&phone).next().map(|one| one.id.clone());
    (id, is_silent(world, &phone))
}

/// A run that died as soon as the flow was taken from the old integration.
fn detached() -> Stage {
    let (old, _) = state(&world());
    for nth in 1.. {
        let mut stage = stage();
        assert!(run_until(&mut stage, Point::Sent(nth)), "nobody was silent");
        if stage.sim.world(state) == (old.clone(), true) {
            return stage;
        }
    }
    unreachable!("some write takes the flow")
}

#[test]
fn a_flow_that_was_taken_is_given_back() {
    let mut stage = detached();
    stage.turn_back();
    let change = stage.plan();
    let fields = change.changes.iter().find(|one| one.address == UNDO);
    assert_eq!(fields.expect("the step").fields[0].path, "flow");
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Done, "{}", run.ends());
    let (before, _) = state(&world());
    assert_eq!(stage.sim.world(state), (before, false));
}

#[test]
fn what_was_deleted_is_named_as_gone() {
    let mut stage = stage();
    assert!(stage.apply().is_done());
    stage.turn_back();
    let changes = stage.plan();
    let mut left = changes.not_migrated.iter();
    let gone = left.find(|one| one.what == UNDO).expect("it is told");
    assert!(
        gone.reason.contains("does not come back"),
        "{}",
        gone.reason
    );
}
