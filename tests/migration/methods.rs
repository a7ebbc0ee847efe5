//! Numbers that come to the target without a one-time code: through Meta's signup popup, or by a
//! migration intent. The customer is played by hand, or by events of the simulated world.

use std::time::Duration;

use waba_migrate::{
    journal::StepEnd,
    sim::{
        script::{Effect, Event, Happening, Match, Moment, Verb, When},
        switches::AcceptedIntent,
        words::Decision,
        world::{Solution, World},
    },
};

use crate::stage::Stage;

const PHONE: &str = "+4930901820";
const TARGET: &str = "215589313241560";
const SOLUTION: &str = "1715120619246906";

const SIGNUP: &str = r#"
version: 1
name: signup
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN }, method: embedded_signup }
templates: { copy: [order] }
"#;

const INTENT: &str = r#"
version: 1
name: intent
source: { waba: "102290129340398", token: { env: SOURCE_TOKEN } }
target: { waba: "215589313241560", token: { env: TOKEN } }
defaults: { number: { pin: { env: PIN }, method: solution_intent, solution_id: "1715120619246906" } }
numbers:
  - { phone: "+49 30 901820" }
  - { phone: "+49 89 1234567" }
templates: { copy: [order] }
"#;

fn step(name: &str) -> String {
    format!("number[\"{PHONE}\"].{name}")
}

fn happen(world: &mut World, seconds: u32, what: Happening) {
    world.schedule(Event {
        when: When::AfterSeconds(seconds),
        what,
    });
}

fn finished() -> Happening {
    Happening::SignupFinished {
        phone: PHONE.parse().expect("a phone"),
        waba: TARGET.into(),
    }
}

fn decided(status: Decision) -> Happening {
    Happening::IntentDecided {
        solution: SOLUTION.into(),
        status,
        waba: Some(TARGET.into()),
    }
}

#[test]
fn the_popup_is_a_gate_that_the_number_on_the_target_proves() {
    let stage = Stage::new(SIGNUP);
    let run = stage.apply();
    insta::assert_snapshot!(run.short_ends(), @r#"
    Done target.subscription
    Done templates.copy
    NotStarted number["+4930901820"].live: it needs number["+4930901820"].register
    NotStarted number["+4930901820"].profile: it needs number["+4930901820"].live
    NotStarted number["+4930901820"].register: it needs number["+4930901820"].signup
    Parked number["+4930901820"].signup
    "#);
    stage.sim.edit(|world| world.happen(&finished()));
    assert!(stage.apply().is_done());
    let writes = stage.writes();
    assert!(
        writes.iter().any(|write| write.ends_with("/register")),
        "{writes:?}"
    );
    for never in ["/phone_numbers", "/request_code", "/verify_code"] {
        assert_eq!(stage.sent(never), 0, "{never}");
    }
    assert_eq!(stage.diff(), Vec::new());
}

#[test]
fn at_a_terminal_the_popup_is_waited_for() {
    let mut stage = Stage::with(SIGNUP, |world| happen(world, 7200, finished()));
    stage.options.attended = true;
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    // Two hours of waiting, and the target's hour has 200 calls.
    let lists = stage.sim.requests();
    let lists = lists
        .iter()
        .filter(|call| call.path == format!("{TARGET}/phone_numbers"));
    let lists = lists.count();
    assert!((2..=80).contains(&lists), "{lists} looks");
}

#[test]
fn the_popup_comes_after_two_step_verification_is_off() {
    let stage = Stage::with(SIGNUP, |world| {
        let phone = PHONE.parse().expect("a phone");
        world.happen(&Happening::TwoStepOn { phone });
    });
    let run = stage.apply();
    assert_eq!(run.end(&step("two_step_off")).0, StepEnd::Parked);
    assert_eq!(run.end(&step("signup")).0, StepEnd::NotStarted);
}

#[test]
fn an_accepted_intent_brings_the_numbers_without_a_code() {
    #[track_caller]
    fn check(accepted: AcceptedIntent) {
        let stage = Stage::with(INTENT, |world| world.switches.accepted_intent = accepted);
        let run = stage.apply();
        let ends = run.short_ends();
        let ends = ends.lines().filter(|line| !line.contains("+4989"));
        let ends = ends.collect::<Vec<_>>().join("\n");
        insta::allow_duplicates! {
            insta::assert_snapshot!(ends, @r#"
            Done solution["1715120619246906"].intent
            Done target.subscription
            Done templates.copy
            NotStarted number["+4930901820"].add: it needs solution["1715120619246906"].accepted
            NotStarted number["+4930901820"].live: it needs number["+4930901820"].register
            NotStarted number["+4930901820"].profile: it needs number["+4930901820"].live
            NotStarted number["+4930901820"].register: it needs number["+4930901820"].add
            Parked solution["1715120619246906"].accepted
            "#);
        }
        assert_eq!(
            stage
                .apply()
                .end(&format!("solution[\"{SOLUTION}\"].accepted"))
                .0,
            StepEnd::Parked
        );
        stage
            .sim
            .edit(|world| world.happen(&decided(Decision::Accepted)));
        let run = stage.apply();
        assert!(run.is_done(), "{accepted:?}: {}", run.ends());
        assert_eq!(
            stage.sent("/set_solution_migration_intent"),
            1,
            "one for both numbers"
        );
        assert_eq!(stage.effects("/register"), 2);
        for never in ["/request_code", "/verify_code"] {
            assert_eq!(stage.sent(never), 0, "{never}");
        }
        let adds = if accepted == AcceptedIntent::AllowsAdd {
            2
        } else {
            0
        };
        assert_eq!(stage.sent("/phone_numbers"), adds, "{accepted:?}");
        assert_eq!(stage.diff(), Vec::new());
    }
    check(AcceptedIntent::BringsNumbers);
    check(AcceptedIntent::AllowsAdd);
}

#[test]
fn a_rejected_intent_is_told_and_set_again_only_by_name() {
    let stage = Stage::new(INTENT);
    stage.apply();
    stage
        .sim
        .edit(|world| world.happen(&decided(Decision::Rejected)));
    let run = stage.apply();
    assert!(
        run.blocking
            .iter()
            .any(|finding| finding.rule == "intent-rejected"),
        "{:?}",
        run.blocking
    );
    assert_eq!(stage.sent("/set_solution_migration_intent"), 1);
}

#[test]
fn an_intent_whose_answer_was_lost_is_not_set_twice() {
    let stage = Stage::new(INTENT);
    let first = Match::first(Verb::Post, "*/set_solution_migration_intent");
    stage.sim.fault(first, Effect::Cut(Moment::AfterEffect));
    let address = format!("solution[\"{SOLUTION}\"].intent");
    for _ in 0..2 {
        assert_eq!(stage.apply().end(&address).0, StepEnd::Parked);
        assert_eq!(stage.sent("/set_solution_migration_intent"), 1);
        stage.sim.advance(Duration::from_secs(600));
    }
    // The numbers themselves prove that it was accepted.
    stage
        .sim
        .edit(|world| world.happen(&decided(Decision::Accepted)));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(stage.sent("/set_solution_migration_intent"), 1);
}

#[test]
fn an_intent_for_a_solution_that_nobody_knows_is_refused() {
    let stage = Stage::with(INTENT, |world| {
        let all: &mut std::collections::BTreeMap<_, Solution> = &mut world.solutions;
        all.clear();
    });
    let address = format!("solution[\"{SOLUTION}\"].intent");
    assert_eq!(stage.apply().end(&address).0, StepEnd::Failed);
    assert_eq!(stage.effects("/register"), 0);
}
