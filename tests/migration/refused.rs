//! What Meta refuses is said in words that tell what to do, stops no other number, and is not sent
//! again by itself: PINs, numbers at rest, copies under way.

use std::time::Duration;

use waba_migrate::{
    finding::{Finding, Who},
    journal::StepEnd,
    sim::script::{Effect, Match, Moment, ScriptedError, Verb},
};

use crate::stage::{SMALL, Stage, THREE, phone};

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

const ADD: &str = "number[\"+33142685300\"].add";

/// Three numbers, of which the last one is refused so when it is added. Returns what is said of it.
#[track_caller]
fn refused_add(code: u32, subcode: Option<u32>, details: &str) -> (StepEnd, Finding) {
    let stage = Stage::new(THREE);
    let error = ScriptedError {
        code,
        subcode,
        message: "(#100) Invalid parameter".into(),
        details: Some(details.into()),
        transient: false,
        status: None,
    };
    let third = Match::nth(Verb::Post, "*/phone_numbers", 3);
    stage.sim.fault(third, Effect::Error(error));
    let run = stage.apply();
    assert_eq!(stage.effects("/register"), 2, "{}", run.ends());
    let mut ended = run.report.ended.iter();
    let ended = ended
        .find(|ended| ended.step.as_str() == ADD)
        .expect("it was tried");
    let [finding] = &ended.findings[..] else {
        panic!("one finding: {:?}", ended.findings);
    };
    assert_eq!((&finding.message, &*finding.subject), (&ended.note, ADD));
    (ended.end, finding.clone())
}

#[test]
fn a_refused_call_says_who_has_to_do_what_and_stops_its_number_only() {
    let details = "Target account: no billing set up.";
    let (end, finding) = refused_add(100, Some(2_388_103), details);
    assert_eq!((end, &*finding.rule), (StepEnd::Failed, "payment"));
    assert_eq!(finding.who, Some(Who::BusinessAdmin));
    assert!(finding.hint.is_some() && finding.proof.is_some());
}

#[test]
fn an_error_that_nobody_knows_is_shown_whole_and_stops_its_number_only() {
    let (end, finding) = refused_add(987_654, Some(3), "The moon is in the way.");
    assert_eq!((end, &*finding.rule), (StepEnd::Failed, "api-error"));
    let observed = finding.observed.expect("all that Meta said");
    for part in [
        "Invalid parameter",
        "The moon is in the way",
        "987654/3",
        "trace ",
    ] {
        assert!(observed.contains(part), "{part}: {observed}");
    }
    let hint = finding.hint.expect("a hint");
    assert!(hint.contains("only this number stops"), "{hint}");
}

#[test]
fn a_call_that_is_put_off_says_why() {
    let details = "The display name change is in review.";
    let (end, finding) = refused_add(100, Some(2_388_103), details);
    assert_eq!((end, &*finding.rule), (StepEnd::Parked, "name-change"));
    assert_eq!(finding.who, Some(Who::Meta));
}

#[test]
fn a_broken_connection_is_told_as_a_finding() {
    let stage = Stage::new(SMALL);
    let cut = Effect::Cut(Moment::BeforeEffect);
    let adds = Match::first(Verb::Post, "*/phone_numbers").times(9);
    stage.sim.fault(adds, cut);
    let run = stage.apply();
    let mut ended = run.report.ended.iter();
    let ended = ended.find(|ended| ended.end == StepEnd::Failed);
    let finding = &ended.expect("adding failed").findings[0];
    assert_eq!(
        (&*finding.rule, finding.who),
        ("api-unreachable", Some(Who::Us))
    );
}
