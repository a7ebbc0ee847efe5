//! What people do to a migration in Genesys Cloud: wrong PINs, popups that nobody finishes, integrations
//! that two claim, a journal that is gone. It is told by name, nothing is lost, and the next run goes on.

use std::time::Duration;

use serde_json::Value;
use waba_migrate::{
    journal::StepEnd,
    sim::{
        genesys::{
            happening::InGenesys,
            popup::Popup,
            switches::{ActivationFailure, FailedStatus},
        },
        happening::Happening,
        script::{Event, Match, Verb, When},
        world::World,
    },
};

use crate::{
    organization::{
        BERLIN, End, MUNICH, PLAN, activations, apply_to_the_end, changes, is_silent, org, org_mut,
        stage, stage_with, switch, watch, world,
    },
    stage::{Run, Stage, phone},
};

const RELEASE_BERLIN: &str = "number[\"+4930901820\"].genesys_release";
const RELEASE_MUNICH: &str = "number[\"+49891234567\"].genesys_release";
const ATTACH_BERLIN: &str = "number[\"+4930901820\"].genesys_attach";

/// Right before a call, something happens.
fn before_call(stage: &Stage, on: Match, what: Happening) {
    let event = Event {
        when: When::BeforeCall(on),
        what,
    };
    stage.sim.edit(|world| world.schedule(event));
}

/// Expects that a step ended so, with a finding of that rule in the journal.
#[track_caller]
fn told(stage: &Stage, run: &Run, step: &str, end: StepEnd, rule: &str) {
    assert_eq!(run.end(step).0, end, "{}", run.ends());
    assert!(
        findings(stage).iter().any(|told| told == rule),
        "{:?}",
        findings(stage)
    );
}

/// The rules of all findings in the last journal.
#[expect(clippy::disallowed_methods, reason = "a test looks at what is on disk")]
fn findings(stage: &Stage) -> Vec<String> {
    let journal = stage.journals().pop().expect("a journal");
    let text = std::fs::read_to_string(journal).expect("a journal");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let findings = lines.flat_map(|line| line["findings"].as_array().cloned().unwrap_or_default());
    findings
        .map(|finding| finding["rule"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The PIN of a number on the target that nobody knows any more, or knows again.
fn set_pin(stage: &Stage, number: &str, pin: Option<&str>) {
    stage.sim.edit(|world| {
        let nodes = world.numbers.values_mut();
        let own =
            nodes.filter(|it| it.phone == phone(number) && it.waba.as_str() == "215589313241560");
        own.for_each(|it| it.pin = pin.map(waba_migrate::secret::Secret::new));
    });
}

#[test]
fn a_wrong_pin_is_told_once_and_the_next_run_goes_on() {
    let ways: [fn(&mut World); 4] = [
        |_| {},
        |world| switch(world, |it| it.failed_status = FailedStatus::Failed),
        |world| switch(world, |it| it.failed_status = FailedStatus::Incomplete),
        |world| {
            switch(world, |it| {
                it.activation_failure = ActivationFailure::Refused
            })
        },
    ];
    let (before, expected) = (world(), End::undisturbed());
    for (nth, edit) in ways.into_iter().enumerate() {
        let case = format!("way {nth}");
        let mut stage = stage_with(edit);
        watch(&mut stage);
        // Everything but the cut-over first, so that the number is there.
        let window = stage.options.attended;
        stage.options.attended = false;
        stage.sim.advance(Duration::from_secs(1800));
        stage.options.wait = Some(Duration::from_secs(60));
        stage.apply();
        stage.apply();
        stage.options.attended = window;
        stage.options.wait = Some(Duration::from_secs(24 * 3600));
        set_pin(&stage, BERLIN, Some("000000"));
        let run = stage.apply();
        told(
            &stage,
            &run,
            ATTACH_BERLIN,
            StepEnd::Failed,
            "genesys-activation",
        );
        assert_eq!(activations(&stage).0, 1, "{case}");
        // Nothing else is begun meanwhile.
        stage
            .sim
            .world(|world| assert!(!is_silent(world, &phone(MUNICH)), "{case}"));
        assert_eq!(run.end(RELEASE_MUNICH).0, StepEnd::NotStarted, "{case}");
        set_pin(&stage, BERLIN, None);
        let run = stage.apply();
        assert!(run.is_done(), "{case}: {}", run.ends());
        assert!(stage.plan().is_empty(), "{case}");
        let tally = stage.sim.world(|world| org(world).tally);
        assert_eq!(
            (tally.activations, tally.repeated_activations),
            (3, 0),
            "{case}"
        );
        let mut stage = stage;
        apply_to_the_end(&mut stage, 1, &case);
        expected.is_reached(&stage, &before, &case);
    }
}

/// The id that a number's new integration has in an undisturbed run.
fn new_id(number: &str) -> String {
    let stage = stage();
    assert!(stage.apply().is_done());
    stage.sim.world(|world| {
        let number = phone(number);
        let new = org(world).integrations_of(&number).next();
        new.expect("the new integration").id.clone()
    })
}

/// Somebody switches it on again before the popup, which then cannot be finished, or after it.
#[test]
fn two_step_verification_that_is_on_again_holds_the_activation_back() {
    let (before, expected) = (world(), End::undisturbed());
    let created = format!("*/integrations/whatsapp/{}", new_id(BERLIN));
    for on in [
        Match::first(Verb::Delete, "*/integrations/whatsapp/*"),
        Match::first(Verb::Get, &created),
    ] {
        let mut stage = stage();
        watch(&mut stage);
        stage.options.wait = Some(Duration::from_secs(3600));
        let what = Happening::TwoStepOn {
            phone: phone(BERLIN),
        };
        before_call(&stage, on, what);
        let run = stage.apply();
        assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Parked, "{}", run.ends());
        assert_eq!(activations(&stage).0, 0, "{}", run.ends());
        stage.sim.edit(|world| {
            world.happen(&Happening::TwoStepOff {
                phone: phone(BERLIN),
            })
        });
        apply_to_the_end(&mut stage, 1, "two-step");
        expected.check(&stage, &before, "two-step");
    }
}

#[test]
fn an_unattended_run_parks_until_the_popup_is_finished() {
    let nobody = |world: &mut World| org_mut(world).admin = None;
    let expected = End::undisturbed();
    let mut before = world();
    nobody(&mut before);
    let mut stage = stage_with(nobody);
    watch(&mut stage);
    stage.options.attended = false;
    stage.options.wait = Some(Duration::from_secs(30));
    stage.sim.advance(Duration::from_secs(1800));
    // Codes, then the window.
    for _ in 0..2 {
        stage.apply();
    }
    stage.sim.advance(Duration::from_secs(310_000 - 1800));
    let run = stage.apply();
    let (end, note) = run.end(ATTACH_BERLIN);
    assert_eq!(end, StepEnd::Parked, "{note}");
    assert!(note.contains("popup"), "{note}");
    assert_eq!(
        run.end(RELEASE_MUNICH).0,
        StepEnd::NotStarted,
        "{}",
        run.ends()
    );
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Parked, "{}", run.ends());
    for number in [BERLIN, MUNICH] {
        let waba = "215589313241560".parse().expect("an id");
        let finished = stage.sim.finish_popup(&Popup::of(waba, phone(number)));
        finished.expect("the popup comes to its end");
        // Munich is released only now, and parks in its turn.
        let run = stage.apply();
        assert_eq!(run.is_done(), number == MUNICH, "{}", run.ends());
    }
    expected.check(&stage, &before, "parked");
}

#[test]
fn an_integration_that_two_claim_is_for_a_person() {
    let mut stage = stage_with(|world| {
        let what = InGenesys::IntegrationDuplicated {
            phone: phone(BERLIN),
        };
        world.happen(&Happening::Genesys(what));
    });
    watch(&mut stage);
    let run = stage.apply();
    assert!(
        run.rules().contains(&"genesys-contested".to_owned()),
        "{:?}",
        run.rules()
    );
    assert_eq!(stage.writes(), Vec::<String>::new());
}

#[test]
fn a_deletion_that_never_works_is_taken_back() {
    let never = |world: &mut World| switch(world, |it| it.failing_deletions = u32::MAX);
    let (before, expected) = (world(), End::undisturbed());
    let mut stage = stage_with(never);
    // What it rests on is not judged by the watcher here: the number is silent for a moment only.
    watch(&mut stage);
    let run = stage.apply();
    told(
        &stage,
        &run,
        RELEASE_BERLIN,
        StepEnd::Blocked,
        "genesys-deletion-failed",
    );
    assert_eq!(
        run.end(RELEASE_MUNICH).0,
        StepEnd::NotStarted,
        "{}",
        run.ends()
    );
    stage.sim.world(|world| {
        for number in [BERLIN, MUNICH] {
            let org = org(world);
            let phone = phone(number);
            let leads = org
                .integrations_of(&phone)
                .any(|it| org.recipient_of(&it.id).is_some_and(|it| it.flow.is_some()));
            assert!(leads, "{number} leads nowhere");
        }
    });
    let changed = changes(&stage, &before);
    let is_stamp = |line: &&str| line.contains(" modified: ");
    let changed: Vec<_> = changed.lines().filter(|line| !is_stamp(line)).collect();
    let only = "integrations[+4930901820] status: \"Active\" -> \"DeletionFailed\"";
    assert_eq!(changed, [only]);
    stage
        .sim
        .edit(|world| switch(world, |it| it.failing_deletions = 0));
    apply_to_the_end(&mut stage, 1, "deletion");
    expected.check(&stage, &before, "deletion");
}

#[test]
fn a_refused_deletion_leaves_the_campaign_running() {
    let (before, expected) = (world(), End::undisturbed());
    let mut stage = stage();
    watch(&mut stage);
    // The first number's deletion works.
    let detach = Match::nth(Verb::Delete, "*/integrations/whatsapp/*", 2);
    stage.sim.fault(
        detach,
        waba_migrate::sim::script::Effect::Error(crate::stage::refusal()),
    );
    let run = stage.apply();
    assert_eq!(run.end(RELEASE_MUNICH).0, StepEnd::Failed, "{}", run.ends());
    stage.sim.world(|world| {
        assert!(!is_silent(world, &phone(MUNICH)));
        let campaign = org(world)
            .campaigns
            .find("Winter offer")
            .expect("the campaign");
        assert_eq!(campaign["campaignStatus"], "on");
    });
    apply_to_the_end(&mut stage, 1, "deletion");
    expected.check(&stage, &before, "deletion");
}

/// A run that ends between the delete and the popup, whose journal is gone.
fn between(reviewed: bool) -> Stage {
    let mut stage = stage_with(|world| org_mut(world).admin = None);
    if reviewed {
        stage.review();
    }
    watch(&mut stage);
    stage.options.wait = Some(Duration::from_secs(4 * 24 * 3600));
    // The popup is waited for until tomorrow.
    stage.options.deadline = None;
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Parked, "{}", run.ends());
    stage.forget_journal();
    stage
}

fn finish(stage: &Stage, number: &str) {
    let waba = "215589313241560".parse().expect("an id");
    let finished = stage.sim.finish_popup(&Popup::of(waba, phone(number)));
    finished.expect("the popup comes to its end");
}

#[test]
fn a_lost_journal_is_replaced_by_the_reviewed_change_set() {
    let mut stage = between(true);
    finish(&stage, BERLIN);
    // The window is over by now for the second number.
    let run = stage.apply();
    assert_eq!(run.rules(), Vec::<String>::new());
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Done, "{}", run.ends());
    let org_now = stage
        .sim
        .world(|world| world.genesys.clone())
        .expect("an organization");
    let phone = phone(BERLIN);
    let new = org_now
        .integrations_of(&phone)
        .next()
        .expect("the new integration");
    let flow = org_now.recipient_of(&new.id).and_then(|it| it.flow.clone());
    let berlin = org_now.flow("Berlin messages").map(|flow| flow.id.clone());
    assert_eq!(flow, berlin);
    stage.approved = None;
}

#[test]
fn without_journal_and_change_set_the_flow_has_to_be_named() {
    let mut stage = between(false);
    finish(&stage, BERLIN);
    let run = stage.apply();
    let rules = run.rules();
    let is_told = rules.iter().any(|rule| rule == "genesys-flow-unknown");
    assert!(is_told, "{rules:?} {}", run.ends());
    let named = PLAN.replacen("flow: keep", "flow: Berlin messages", 1);
    // Its window is over, and a number that nothing is known of may be heard elsewhere.
    let named = named.replacen("    window: night\n", "", 1);
    stage.rewrite(&named, waba_migrate::plan::files::MemoryFiles::default());
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Done, "{}", run.ends());
    stage
        .sim
        .world(|world| assert!(!is_silent(world, &phone(BERLIN))));
}
