//! Applying: what is done stays done, what cannot be done stops only what needs it.

use std::{path::Path, time::Duration};

use waba_migrate::{
    journal::StepEnd,
    plan::files::MemoryFiles,
    secret::Secret,
    sim::{
        file,
        script::{Effect, Event, Happening, Match, Verb, When},
        seed,
        words::TemplateStatus,
        world::World,
    },
};

use crate::stage::{Person, QUICKSTART, SMALL, Stage, THREE, phone, plan_with};

const BERLIN: &str = "+49 30 901820";
const TARGET: &str = "215589313241560";

fn step(name: &str) -> String {
    format!("number[\"+4930901820\"].{name}")
}

/// Schedules something right before the first call of that kind.
fn before(world: &mut World, verb: Verb, path: &str, what: Happening) {
    let when = When::BeforeCall(Match::first(verb, path));
    world.schedule(Event { when, what });
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn examples() -> Vec<(String, Stage)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut files = MemoryFiles::default();
    for beside in ["templates", "templates/media"] {
        for entry in std::fs::read_dir(Path::new(folder).join(beside)).expect("template files") {
            let path = entry.expect("a readable folder").path();
            if let (Ok(bytes), Some(name)) = (std::fs::read(&path), path.file_name()) {
                files = files.with(Path::new(beside).join(name), bytes);
            }
        }
    }
    let mut stages = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder of examples") {
        let path = entry.expect("a readable folder").path();
        let name = path.display().to_string();
        if !name.ends_with(".yaml") || name.ends_with(".world.yaml") {
            continue;
        }
        let plan = std::fs::read_to_string(&path).expect("a readable plan");
        let parsed = plan_with(&plan, &files);
        let world = seed::rehearsal(&parsed);
        stages.push((name.clone(), Stage::on(parsed, world)));
        let world = path.with_extension("world.yaml");
        if let Ok(bytes) = std::fs::read(&world) {
            let world = file::parse("world", &bytes).expect("a valid world");
            stages.push((
                format!("{name} with its world"),
                Stage::on(plan_with(&plan, &files), world),
            ));
        }
    }
    for (_, stage) in &mut stages {
        stage.files = files.clone();
        // As in a rehearsal: people are there, and do what is asked of them in their time.
        stage.options.attended = true;
    }
    stages
}

#[test]
fn after_apply_nothing_is_left_and_a_second_one_sends_nothing() {
    let examples = examples();
    assert!(examples.len() >= 2, "the examples are gone");
    for (name, stage) in examples {
        let run = stage.apply();
        assert!(run.is_done(), "{name}: {:?}\n{}", run.blocking, run.ends());
        let left: Vec<_> = stage
            .plan()
            .to_do()
            .map(|change| change.address.clone())
            .collect();
        assert_eq!(left, Vec::<String>::new(), "{name}");
        assert_eq!(stage.diff(), Vec::new(), "{name}");
        let writes = stage.writes();
        assert!(!writes.is_empty());
        assert!(stage.apply().is_done());
        assert_eq!(stage.writes(), writes, "{name}: sent again");
    }
}

#[test]
fn plan_and_diff_send_nothing_but_gets() {
    let stage = Stage::new(QUICKSTART);
    stage.plan();
    stage.diff();
    assert!(stage.sim.requests().iter().all(|call| call.method == "GET"));
}

#[test]
fn the_writes_of_the_smallest_migration() {
    let stage = Stage::new(QUICKSTART);
    stage.apply();
    let id = stage.sim.world(|world| {
        let (id, _) = world.live_number(&phone(BERLIN)).unwrap();
        id.to_string()
    });
    insta::assert_snapshot!(stage.writes().join("\n").replace(&id, "{number}"), @r#"
    POST 215589313241560/subscribed_apps
    POST 215589313241560/migrate_message_templates
    POST 215589313241560/phone_numbers
    POST {number}/request_code
    POST {number}/verify_code
    POST {number}/register
    POST {number}/whatsapp_business_profile
    "#);
}

#[test]
fn a_number_that_fails_takes_down_only_what_needs_it() {
    let stage = Stage::with(THREE, |world| {
        let on = Match::first(Verb::Post, "*/phone_numbers").times(1);
        let error = serde_json::from_value(serde_json::json!({
            "code": 100, "subcode": 2_388_103, "message": "The display name is not approved."
        }));
        world.script.add_fault(on, Effect::Error(error.unwrap()));
    });
    let run = stage.apply();
    insta::assert_snapshot!(run.short_ends(), @r#"
    Done number["+33142685300"].add
    Done number["+33142685300"].live
    Done number["+33142685300"].profile
    Done number["+33142685300"].register
    Done number["+33142685300"].request_code
    Done number["+33142685300"].verify
    Done number["+49891234567"].add
    Done number["+49891234567"].request_code
    Done number["+49891234567"].verify
    Done target.subscription
    Done templates.copy
    Failed number["+4930901820"].add
    NotStarted number["+4930901820"].live: it needs number["+4930901820"].register
    NotStarted number["+4930901820"].profile: it needs number["+4930901820"].live
    NotStarted number["+4930901820"].register: it needs number["+4930901820"].verify
    NotStarted number["+4930901820"].request_code: it needs number["+4930901820"].add
    NotStarted number["+4930901820"].verify: it needs number["+4930901820"].request_code
    NotStarted number["+49891234567"].live: it needs number["+49891234567"].register
    NotStarted number["+49891234567"].profile: it needs number["+49891234567"].live
    NotStarted number["+49891234567"].register: it needs number["+4930901820"].live
    "#);
    let live = |text: &str| {
        stage.sim.world(|world| {
            let (_, number) = world.live_number(&phone(text)).unwrap();
            number.waba.as_str() == TARGET
        })
    };
    assert!(!live(BERLIN) && !live("+49 89 1234567") && live("+33 1 42 68 53 00"));
}

#[test]
fn a_wrong_code_is_sent_once() {
    let mut stage = Stage::new(SMALL);
    stage.person = Person::Types("000-000");
    let run = stage.apply();
    assert_eq!(run.end(&step("verify")).0, StepEnd::Failed);
    assert_eq!(run.end(&step("register")).0, StepEnd::NotStarted);
    assert_eq!(
        (stage.sent("/verify_code"), stage.sent("/request_code")),
        (1, 1)
    );
    stage.person = Person::ReadsPhone;
    assert!(stage.apply().is_done());
    assert_eq!(
        (stage.sent("/verify_code"), stage.sent("/request_code")),
        (2, 1)
    );
}

#[test]
fn something_else_than_six_digits_is_never_sent() {
    let mut stage = Stage::new(SMALL);
    stage.person = Person::Types("12345");
    assert_eq!(stage.apply().end(&step("verify")).0, StepEnd::Blocked);
    assert_eq!(stage.sent("/verify_code"), 0);
}

#[test]
fn without_a_code_it_parks_and_a_later_run_goes_on_with_the_same_code() {
    let mut stage = Stage::new(SMALL);
    stage.person = Person::Away;
    let run = stage.apply();
    assert_eq!(run.end(&step("verify")).0, StepEnd::Parked);
    let (end, note) = run.end(&step("register"));
    assert_eq!(end, StepEnd::NotStarted);
    assert_eq!(note, format!("it needs {}", step("verify")));
    assert_eq!(
        (stage.sent("/verify_code"), stage.sent("/register")),
        (0, 0)
    );

    let writes = stage.writes();
    assert_eq!(stage.apply().end(&step("verify")).0, StepEnd::Parked);
    assert_eq!(stage.writes(), writes, "parking again sends nothing");

    stage.person = Person::ReadsPhone;
    assert!(stage.apply().is_done());
    assert_eq!(stage.sent("/request_code"), 1);
}

#[test]
fn another_code_is_asked_for_only_by_name() {
    let mut stage = Stage::new(SMALL);
    stage.person = Person::Away;
    stage.apply();
    stage.options.new_codes.insert(phone(BERLIN));
    stage.apply();
    assert_eq!(stage.sent("/request_code"), 2);
}

#[test]
fn a_throttle_that_is_longer_than_patience_parks() {
    let mut stage = Stage::new(SMALL);
    stage.patience = Duration::from_secs(60);
    let on = Match::first(Verb::Post, "*/phone_numbers");
    stage.sim.fault(on, Effect::Throttle { minutes: 30 });
    let run = stage.apply();
    assert_eq!(run.end(&step("add")).0, StepEnd::Parked, "{}", run.ends());
    assert_eq!(stage.sent("/register"), 0);

    stage.sim.advance(Duration::from_secs(31 * 60));
    assert!(stage.apply().is_done());
    assert_eq!(stage.effects("/phone_numbers"), 1);
}

#[test]
fn a_throttle_that_is_shorter_than_patience_is_waited_for() {
    let stage = Stage::new(SMALL);
    let on = Match::first(Verb::Post, "*/register");
    stage.sim.fault(on, Effect::Throttle { minutes: 30 });
    assert!(stage.apply().is_done());
    assert_eq!(stage.effects("/register"), 1);
}

#[track_caller]
fn nothing_is_registered(what: Happening, gives: (StepEnd, &str)) {
    let stage = Stage::with(SMALL, |world| {
        before(world, Verb::Post, "*/verify_code", what)
    });
    let run = stage.apply();
    assert_eq!(run.end(&step("register")), gives);
    assert_eq!(stage.sent("/register"), 0);
    assert_eq!(run.end(&step("live")).0, StepEnd::NotStarted);
}

#[test]
fn a_gate_that_closed_again_stops_register() {
    let phone = phone(BERLIN);
    nothing_is_registered(
        Happening::TwoStepOn { phone },
        (
            StepEnd::Parked,
            "two-step verification was switched on again, so nothing was sent",
        ),
    );
}

#[test]
fn a_payment_method_that_went_away_stops_register() {
    let waba = TARGET.to_owned();
    nothing_is_registered(
        Happening::PaymentRemoved { waba },
        (StepEnd::Blocked, "the target has no payment method"),
    );
}

#[test]
fn a_subscription_that_went_away_stops_register() {
    let waba = TARGET.to_owned();
    nothing_is_registered(
        Happening::Unsubscribed { waba },
        (
            StepEnd::Blocked,
            "no app is subscribed to the target's webhooks any more",
        ),
    );
}

#[test]
fn a_template_that_is_rejected_stops_register() {
    let stage = Stage::with(SMALL, |world| {
        world.switches.copy_status = TemplateStatus::Pending;
        world
            .switches
            .rejected_copies
            .insert("order".into(), "PROMOTIONAL".into());
    });
    let run = stage.apply();
    assert_eq!(run.end("templates.approved").0, StepEnd::Blocked);
    assert_eq!(
        run.end(&step("verify")).0,
        StepEnd::Done,
        "numbers are proved meanwhile"
    );
    assert_eq!(run.end(&step("register")).1, "it needs templates.approved");
    assert_eq!(stage.sent("/register"), 0);
}

#[test]
fn a_template_that_is_paused_between_two_runs_stops_the_second() {
    let mut stage = Stage::new(SMALL);
    stage.person = Person::Away;
    stage.apply();
    let paused = Happening::TemplateStatus {
        waba: TARGET.into(),
        name: "order".into(),
        language: None,
        status: TemplateStatus::Paused,
        reason: None,
    };
    stage.sim.edit(|world| world.happen(&paused));
    stage.person = Person::ReadsPhone;
    let run = stage.apply();
    assert_eq!(run.blocking[0].rule, "template-not-approved");
    assert_eq!(stage.sent("/register"), 0);
}

#[test]
fn two_step_verification_parks_until_its_owner_acts() {
    let stage = Stage::with(SMALL, |world| {
        let number = world.numbers.values_mut().next().unwrap();
        number.pin = Some(Secret::new("482913"));
    });
    let run = stage.apply();
    assert_eq!(run.end(&step("two_step_off")).0, StepEnd::Parked);
    assert_eq!(
        run.end(&step("verify")).0,
        StepEnd::Done,
        "it goes as far as it can"
    );
    assert_eq!(stage.sent("/register"), 0);
    let off = Happening::TwoStepOff {
        phone: phone(BERLIN),
    };
    stage.sim.edit(|world| world.happen(&off));
    assert!(stage.apply().is_done());
}

#[test]
fn a_blocking_finding_stops_everything_before_the_first_write() {
    let stage = Stage::with(SMALL, |world| world.numbers.clear());
    let run = stage.apply();
    assert_eq!(run.blocking[0].rule, "number-nowhere");
    assert_eq!(stage.writes(), Vec::<String>::new());
    assert_eq!(stage.journals(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_profile_of_the_source_is_carried_over() {
    let stage = Stage::new(SMALL);
    let profile = |stage: &Stage| {
        stage
            .sim
            .world(|world| world.live_number(&phone(BERLIN)).unwrap().1.profile.clone())
    };
    let before = profile(&stage);
    assert!(stage.apply().is_done());
    for (field, value) in before {
        assert_eq!(profile(&stage).get(&field), Some(&value), "{field}");
    }
}

#[test]
fn a_number_that_is_held_is_left_alone() {
    let mut stage = Stage::new(THREE);
    stage
        .held
        .insert(phone(BERLIN), "its name is under review".into());
    let run = stage.apply();
    assert_eq!(
        run.end(&step("add")),
        (StepEnd::Blocked, "its name is under review")
    );
    assert_eq!(stage.effects("/phone_numbers"), 2);
    assert_eq!(
        stage.effects("/register"),
        1,
        "one waits for it, one does not"
    );
}

#[test]
fn a_template_that_is_paused_meanwhile_stops_register() {
    let paused = Happening::TemplateStatus {
        waba: TARGET.into(),
        name: "order".into(),
        language: None,
        status: TemplateStatus::Paused,
        reason: None,
    };
    let stage = Stage::with(SMALL, |world| {
        world.switches.copy_seconds = 0;
        before(world, Verb::Post, "*/verify_code", paused);
    });
    let run = stage.apply();
    assert_eq!(stage.sent("/register"), 0, "{}", run.ends());
}
