//! What Meta refuses is not sent again by itself: PINs, numbers at rest, copies under way.

use std::time::Duration;

use waba_migrate::{
    journal::StepEnd,
    sim::script::{Effect, Match, ScriptedError, Verb},
};

use crate::stage::{SMALL, Stage, phone};

const REGISTER: &str = "number[\"+4930901820\"].register";

/// A world whose first register is refused so.
fn refusing(code: u32) -> Stage {
    let stage = Stage::new(SMALL);
    let error = ScriptedError {
        code,
        subcode: None,
        message: "No".into(),
        details: None,
        transient: false,
        status: None,
    };
    stage
        .sim
        .fault(Match::first(Verb::Post, "*/register"), Effect::Error(error));
    stage
}

#[test]
fn a_refused_pin_is_sent_again_only_when_somebody_says_that_it_was_corrected() {
    let mut stage = refusing(133_005);
    assert_eq!(stage.apply().end(REGISTER).0, StepEnd::Failed);
    for _ in 0..3 {
        assert_eq!(stage.apply().end(REGISTER).0, StepEnd::Parked);
    }
    assert_eq!(stage.sent("/register"), 1);
    stage.options.new_pins.insert(phone("+49 30 901820"));
    assert!(stage.apply().is_done());
    assert_eq!(
        (stage.sent("/register"), stage.effects("/register")),
        (2, 1)
    );
}

#[test]
fn a_locked_number_rests_for_72_hours() {
    let stage = refusing(133_016);
    assert_eq!(stage.apply().end(REGISTER).0, StepEnd::Parked);
    assert_eq!(stage.apply().end(REGISTER).0, StepEnd::Parked);
    assert_eq!(stage.sent("/register"), 1);
    stage.sim.advance(Duration::from_secs(73 * 3600));
    assert!(stage.apply().is_done());
    assert_eq!(stage.sent("/register"), 2);
}

#[test]
fn copies_under_way_are_not_asked_for_again() {
    let mut stage = Stage::with(SMALL, |world| world.switches.copy_seconds = 200);
    stage.options.wait = Some(Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(stage.apply().end("templates.copy").0, StepEnd::Parked);
    }
    assert_eq!(stage.sent("/migrate_message_templates"), 1);
    stage.sim.advance(Duration::from_secs(200));
    assert!(stage.apply().is_done());
    assert_eq!(stage.sent("/migrate_message_templates"), 1);
}
