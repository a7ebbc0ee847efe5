//! Canned responses of Genesys Cloud get their namespace back, where it is still what was set.

use serde_json::json;
use waba_migrate::{
    diff::Class, journal::StepEnd, sim::genesys::switches::ResponseUpdate, step::Action,
};

use crate::{
    crash::{Point, run_until},
    responses_stage::{
        STEP, UNDO, change_of, findings_of, in_organization, organization, puts, stage, undated,
    },
    stage::Stage,
};

#[test]
fn the_namespace_is_given_back_where_it_is_still_what_was_set() {
    let mut stage = stage();
    let before = undated(organization(&stage));
    assert!(stage.apply().is_done());
    stage.turn_back();
    stage.review();
    let change = change_of(&stage, UNDO);
    insta::assert_snapshot!(change.reason, @"4 canned responses name what a run of this plan set");
    assert_eq!((change.action, change.calls.len()), (Action::Update, 4));
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Done, "{}", run.ends());
    assert_eq!(undated(organization(&stage)), before);
    assert_eq!(change_of(&stage, UNDO).action, Action::None);

    // It can be done again, and is no drift.
    stage.turn_forward();
    let differences = stage.diff();
    let one = differences.iter().find(|one| one.address == STEP);
    let one = one.expect("it is to be done again");
    assert_eq!(one.class, Class::Pending);
    assert!(stage.apply().is_done());
    assert_eq!(puts(&stage), 12);
}

#[test]
fn what_somebody_else_did_since_is_not_taken_back() {
    let mut stage = stage();
    assert!(stage.apply().is_done());
    stage.sim.edit(|world| {
        in_organization(world, |_, org| {
            let mut all = org.responses.0.iter_mut();
            let one = all
                .find(|one| one["name"] == "order (en)")
                .expect("it is there");
            one["messagingTemplate"]["whatsApp"]["namespace"] = json!("by_hand");
        });
    });
    stage.turn_back();
    insta::assert_snapshot!(change_of(&stage, UNDO).reason, @"3 canned responses name what a run of this plan set; 1 canned response names another namespace by now");
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Done, "{}", run.ends());
    assert_eq!(puts(&stage), 7);
    let by_hand = organization(&stage).to_string().matches("by_hand").count();
    assert_eq!(by_hand, 1);
}

#[test]
fn what_the_api_ignores_of_an_undo_is_named_too() {
    let mut stage = stage();
    let before = undated(organization(&stage));
    assert!(stage.apply().is_done());
    let set = |stage: &Stage, update: ResponseUpdate| {
        stage.sim.edit(|world| {
            let org = world.genesys.as_mut().expect("an organization");
            org.switches.response_update = update;
        });
    };
    stage.turn_back();
    set(&stage, ResponseUpdate::TemplateIgnored);
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Failed, "{}", run.ends());
    assert_eq!(findings_of(&run, UNDO).len(), 4);
    set(&stage, ResponseUpdate::Applied);
    let run = stage.apply();
    assert_eq!(run.end(UNDO).0, StepEnd::Done, "{}", run.ends());
    let mut after = undated(organization(&stage));
    after["switches"] = before["switches"].clone();
    assert_eq!(after, before);
}

#[test]
fn an_undo_that_dies_anywhere_goes_on() {
    let ready = || {
        let mut stage = stage();
        assert!(stage.apply().is_done());
        stage.turn_back();
        stage.review();
        stage
    };
    let before = undated(organization(&stage()));
    for nth in 1.. {
        let mut stage = ready();
        if !run_until(&mut stage, Point::Sent(nth)) {
            assert!(nth > 4, "{nth}");
            break;
        }
        let run = stage.apply();
        assert!(run.is_done(), "{nth}: {}", run.ends());
        assert_eq!(undated(organization(&stage)), before, "{nth}");
        assert_eq!(puts(&stage), 8, "{nth}");
    }
}
