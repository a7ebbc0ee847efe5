//! When numbers are cut over: windows, order, limits of a run, the attempt ledger. The clock is the
//! simulated world's; it is moved by hand.

use std::time::Duration;

use jiff::Timestamp;
use waba_migrate::{
    journal::StepEnd,
    sim::{
        Simulator,
        script::{Effect, Event, Happening, Match, ScriptedError, Verb, When},
        seed,
    },
};

use crate::stage::{SMALL, Stage, THREE, refusal};

const BERLIN: &str = "+4930901820";
const OPENS: &str = "2026-12-05T21:00:00Z";
const CLOSES: &str = "2026-12-06T03:00:00Z";

fn step(name: &str) -> String {
    format!("number[\"{BERLIN}\"].{name}")
}

/// A plan whose numbers all have a window: a Saturday night in Berlin.
fn at_night(plan: &str) -> String {
    let night = "windows: { night: { from: 2026-12-05T22:00, to: 2026-12-06T04:00, time_zone: Europe/Berlin } }\n\
                 defaults: { number: { window: night } }\n";
    plan.to_owned() + night
}

/// Sets up a plan in the week before the one of its window.
fn days_ahead(plan: &str) -> Stage {
    Stage::with(plan, |world| world.now = seed::BEGINNING)
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// Moves the world's clock.
fn wait_until(sim: &Simulator, moment: Timestamp) {
    let now = sim.world(|world| world.now);
    sim.advance(now.duration_until(moment).unsigned_abs());
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

#[test]
fn before_its_window_everything_else_is_done() {
    let stage = days_ahead(&at_night(SMALL));
    let run = stage.apply();
    insta::assert_snapshot!(run.short_ends(), @r#"
    Done number["+4930901820"].add
    Done number["+4930901820"].request_code
    Done number["+4930901820"].verify
    Done target.subscription
    Done templates.copy
    NotStarted number["+4930901820"].live: it needs number["+4930901820"].register
    NotStarted number["+4930901820"].profile: it needs number["+4930901820"].live
    Parked number["+4930901820"].register
    "#);
    assert_eq!(
        run.end(&step("register")).1,
        "its window `night` opens Sat 5 Dec 2026 22:00 Europe/Berlin"
    );
    assert_eq!(stage.sent("/register"), 0);

    wait_until(&stage.sim, moment(OPENS));
    let codes = stage.sent("/request_code");
    assert!(stage.apply().is_done());
    assert_eq!(stage.effects("/register"), 1);
    assert_eq!(
        stage.sent("/request_code"),
        codes,
        "the number was verified days ahead"
    );
}

#[test]
fn a_cut_over_that_does_not_fit_is_not_begun() {
    #[track_caller]
    fn check(now: &str, gives: &str) {
        let stage = days_ahead(&at_night(SMALL));
        wait_until(&stage.sim, moment(now));
        assert_eq!(
            stage.apply().end(&step("register")),
            (StepEnd::Parked, gives),
            "{now}"
        );
        assert_eq!(stage.sent("/register"), 0);
    }
    check(
        "2026-12-06T02:55:01Z",
        "what is left of its window `night` is too short: it closes Sun 6 Dec 2026 04:00 Europe/Berlin, and a cut-over takes up to 5 minutes",
    );
    check(
        CLOSES,
        "its window `night` closed Sun 6 Dec 2026 04:00 Europe/Berlin",
    );
}

#[test]
fn somebody_at_a_terminal_waits_for_the_window() {
    let mut stage = days_ahead(&at_night(SMALL));
    stage.options.attended = true;
    assert!(stage.apply().is_done());
    stage.sim.world(|world| {
        let registers = world
            .log
            .iter()
            .filter(|call| call.path.ends_with("/register"));
        let times: Vec<_> = registers.map(|call| call.at).collect();
        assert_eq!(times.len(), 1);
        assert!(
            moment(OPENS) <= times[0] && times[0] < moment(CLOSES),
            "{times:?}"
        );
    });
}

#[test]
fn a_pipeline_waits_for_a_window_that_opens_within_its_patience() {
    let mut stage = days_ahead(&at_night(SMALL));
    stage.options.wait = Some(minutes(10));
    wait_until(&stage.sim, moment("2026-12-05T20:30:00Z"));
    assert_eq!(stage.apply().end(&step("register")).0, StepEnd::Parked);
    let now = stage.sim.world(|world| world.now);
    assert!(
        now < moment("2026-12-05T20:50:00Z"),
        "it did not wait: {now}"
    );
    wait_until(&stage.sim, moment("2026-12-05T20:55:00Z"));
    assert!(stage.apply().is_done());
}

#[test]
fn a_gate_that_closes_while_the_window_is_waited_for_is_seen_before_register() {
    let mut stage = days_ahead(&at_night(SMALL));
    stage.options.attended = true;
    let phone = BERLIN.parse().expect("a phone");
    stage.sim.edit(|world| {
        let closes = world.now.duration_until(moment(OPENS)).as_secs() - 60;
        let seconds = u32::try_from(closes).expect("a few days");
        world.schedule(Event {
            when: When::AfterSeconds(seconds),
            what: Happening::TwoStepOn { phone },
        });
    });
    let run = stage.apply();
    assert_eq!(
        run.end(&step("register")),
        (
            StepEnd::Parked,
            "two-step verification was switched on again, so nothing was sent"
        )
    );
    assert_eq!(stage.sent("/register"), 0);
}

#[test]
fn a_canary_comes_first_also_across_runs() {
    let mut stage = Stage::new(THREE);
    let canary = Match::first(Verb::Post, "*/register").times(2);
    stage.sim.fault(canary, Effect::Error(refusal()));
    let munich = "number[\"+49891234567\"].register";
    for _ in 0..2 {
        stage.held = [("+33142685300".parse().expect("a phone"), "later".to_owned())].into();
        let run = stage.apply();
        assert_eq!(run.end(&step("register")).0, StepEnd::Failed);
        assert_eq!(run.end(munich).0, StepEnd::NotStarted);
    }
    assert_eq!(stage.effects("/register"), 0);
    stage.held.clear();
    assert!(stage.apply().is_done());
    assert_eq!(stage.effects("/register"), 3);
}

#[test]
fn a_run_cuts_over_no_more_numbers_than_its_policy_allows() {
    let stage = Stage::new(&(THREE.to_owned() + "policy: { max_cut_overs: 1 }\n"));
    for cut_overs in 1..=3 {
        let run = stage.apply();
        assert_eq!(stage.effects("/register"), cut_overs);
        assert_eq!(run.is_done(), cut_overs == 3, "{}", run.ends());
        if cut_overs < 3 {
            assert!(
                run.ends()
                    .contains("policy.max_cut_overs lets one run begin 1"),
                "{}",
                run.ends()
            );
        }
    }
    let none = Stage::new(&(SMALL.to_owned() + "policy: { max_cut_overs: 0 }\n"));
    assert_eq!(none.apply().end(&step("register")).0, StepEnd::Parked);
    assert_eq!(none.sent("/register"), 0);
}

#[test]
fn two_of_ten_register_attempts_are_never_used() {
    let stage = Stage::new(SMALL);
    let always = Match::first(Verb::Post, "*/register").times(8);
    stage.sim.fault(always, Effect::Error(refusal()));
    for sent in 1..=8 {
        assert_eq!(stage.apply().end(&step("register")).0, StepEnd::Failed);
        assert_eq!(stage.sent("/register"), sent);
        stage.sim.advance(minutes(60));
    }
    let run = stage.apply();
    assert_eq!(
        run.end(&step("register")),
        (
            StepEnd::Parked,
            "8 of the 10 register attempts that Meta allows in 72 hours are used; the rest is kept for emergencies"
        )
    );
    assert_eq!(stage.sent("/register"), 8);
    let ended = run
        .report
        .ended
        .iter()
        .find(|ended| ended.step.as_str() == step("register"));
    let hint = ended.and_then(|ended| ended.hint.clone()).expect("a hint");
    let first = stage.sim.world(|world| {
        let mut registers = world
            .log
            .iter()
            .filter(|call| call.path.ends_with("/register"));
        registers.next().map(|call| call.at)
    });
    let free = first
        .expect("a register")
        .checked_add(jiff::SignedDuration::from_hours(72));
    let free = format!("{:.0}", free.expect("a moment"));
    assert!(hint.contains(&free), "{hint} names {free}");

    wait_until(&stage.sim, free.parse().expect("a moment"));
    stage.sim.advance(minutes(1));
    assert!(stage.apply().is_done());
}

#[test]
fn a_limit_that_outlasts_the_window_parks() {
    let mut stage = Stage::new(&at_night(SMALL));
    stage.options.wait = Some(Duration::from_secs(24 * 3600));
    stage.patience = Duration::from_secs(24 * 3600);
    wait_until(&stage.sim, moment(OPENS));
    let first = Match::first(Verb::Post, "*/register");
    stage.sim.fault(first, Effect::Throttle { minutes: 7 * 60 });
    let run = stage.apply();
    assert_eq!(
        run.end(&step("register")),
        (
            StepEnd::Parked,
            "its window `night` closed Sun 6 Dec 2026 04:00 Europe/Berlin"
        )
    );
    assert_eq!(stage.sent("/register"), 1);
}

#[test]
fn a_gate_that_closes_between_two_attempts_is_seen() {
    let stage = Stage::new(SMALL);
    let first = Match::first(Verb::Post, "*/register");
    stage.sim.fault(first, Effect::Throttle { minutes: 30 });
    let phone = BERLIN.parse().expect("a phone");
    stage.sim.edit(|world| {
        world.schedule(Event {
            when: When::AfterSeconds(600),
            what: Happening::TwoStepOn { phone },
        });
    });
    assert_eq!(stage.apply().end(&step("register")).0, StepEnd::Parked);
    assert_eq!(stage.sent("/register"), 1);
}

#[test]
fn attempts_of_one_run_count_too() {
    let stage = Stage::new(SMALL);
    let busy = ScriptedError {
        code: 133_004,
        ..refusal()
    };
    let always = Match::first(Verb::Post, "*/register").times(20);
    stage.sim.fault(always, Effect::Error(busy));
    for _ in 0..3 {
        stage.apply();
    }
    assert_eq!(stage.sent("/register"), 8);
}

#[test]
fn a_number_that_rests_takes_no_slot_from_the_others() {
    let stage = Stage::new(&(THREE.to_owned() + "policy: { max_cut_overs: 1 }\n"));
    let locked = ScriptedError {
        code: 133_016,
        ..refusal()
    };
    let first = Match::first(Verb::Post, "*/register");
    stage.sim.fault(first, Effect::Error(locked));
    stage.apply();
    assert_eq!(stage.effects("/register"), 0);
    stage.apply();
    assert_eq!(stage.effects("/register"), 1, "somebody else's turn");
}

#[test]
fn a_refused_pin_stays_refused_until_a_register_works() {
    let mut stage = Stage::new(SMALL);
    let codes = [133_005, 133_008];
    for (nth, code) in codes.into_iter().zip(1..).map(|(code, nth)| (nth, code)) {
        let error = ScriptedError { code, ..refusal() };
        stage.sim.fault(
            Match::nth(Verb::Post, "*/register", nth),
            Effect::Error(error),
        );
    }
    stage.apply();
    stage.options.new_pins = [BERLIN.parse().expect("a phone")].into();
    stage.apply();
    assert_eq!(stage.sent("/register"), 2);
    stage.options.new_pins.clear();
    stage.sim.advance(minutes(24 * 60));
    assert_eq!(stage.apply().end(&step("register")).0, StepEnd::Parked);
    assert_eq!(stage.sent("/register"), 2);
}
