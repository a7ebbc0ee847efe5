//! Every write of a migration meets every fault, and the end is the same.

use waba_migrate::sim::script::{Effect, Match, Moment, ScriptedError, Verb};

use crate::stage::{QUICKSTART, Stage, phone};

/// More runs than any fault here should need.
const RUNS: usize = 4;

fn effects() -> Vec<Effect> {
    let moments = [Moment::BeforeEffect, Moment::AfterEffect];
    let transient = ScriptedError {
        code: 131_000,
        subcode: None,
        message: "Something went wrong".into(),
        details: None,
        transient: false,
        status: None,
    };
    let lost = moments.into_iter().flat_map(|moment| {
        [
            Effect::Cut(moment),
            Effect::Timeout(moment),
            Effect::ServerError(moment),
        ]
    });
    lost.chain([Effect::Error(transient), Effect::Throttle { minutes: 2 }])
        .collect()
}

/// The last parts of the paths of all writes.
fn edges() -> Vec<String> {
    let stage = Stage::new(QUICKSTART);
    assert!(stage.apply().is_done());
    let edge = |write: &String| write.rsplit('/').next().expect("a path").to_owned();
    stage.writes().iter().map(edge).collect()
}

/// Applies again and again until nothing is left. A person asks for another code where none may have
/// come. A code that was refused outright may be asked for again, one in doubt may not.
fn apply_to_the_end(stage: &mut Stage, case: &str) {
    for _ in 0..RUNS {
        let (codes, guesses) = (
            stage.doubtful("/request_code"),
            stage.doubtful("/verify_code"),
        );
        let run = stage.apply();
        let again = |edge: &str, before: usize| stage.doubtful(edge) > before + 1;
        assert!(
            !again("/request_code", codes),
            "{case}: two codes in one run"
        );
        assert!(
            !again("/verify_code", guesses),
            "{case}: two guesses in one run"
        );
        if run.is_done() {
            return;
        }
        if stage.sim.code(&phone("+49 30 901820")).is_none() {
            stage.options.new_codes.insert(phone("+49 30 901820"));
        }
    }
    panic!(
        "{case}: no end after {RUNS} runs:\n{}",
        stage.apply().ends()
    );
}

#[test]
fn whatever_is_lost_on_the_way_the_end_is_the_same() {
    let undisturbed = Stage::new(QUICKSTART);
    assert!(undisturbed.apply().is_done());
    let expected = undisturbed.end_state();
    let edges = edges();
    assert_eq!(edges.len(), 7, "{edges:?}");
    for edge in edges {
        for effect in effects() {
            let case = format!("{edge}, {effect:?}");
            let mut stage = Stage::new(QUICKSTART);
            stage.review();
            stage
                .sim
                .fault(Match::first(Verb::Post, &format!("*/{edge}")), effect);
            apply_to_the_end(&mut stage, &case);
            assert_eq!(stage.end_state(), expected, "{case}");
            assert_eq!(stage.effects("/register"), 1, "{case}");
            assert_eq!(stage.effects("/phone_numbers"), 1, "{case}");
            assert!(stage.plan().is_empty(), "{case}");
        }
    }
}

#[test]
fn whatever_cannot_be_read_for_a_moment_the_end_is_the_same() {
    let undisturbed = Stage::new(QUICKSTART);
    assert!(undisturbed.apply().is_done());
    let reads = undisturbed.sim.requests();
    let reads = reads.iter().filter(|call| call.method == "GET").count() as u32;
    let (expected, writes) = (undisturbed.end_state(), undisturbed.writes());
    for nth in 1..=reads {
        let mut stage = Stage::new(QUICKSTART);
        let effect = Effect::Cut(Moment::BeforeEffect);
        stage.sim.fault(Match::nth(Verb::Get, "*", nth), effect);
        apply_to_the_end(&mut stage, &format!("read {nth}"));
        assert_eq!(stage.end_state(), expected, "read {nth}");
        assert_eq!(stage.writes().len(), writes.len(), "read {nth}");
    }
}
