//! A number is silent inside its window only, and one number at a time.

use std::time::Duration;

use jiff::Timestamp;
use waba_migrate::{
    journal::StepEnd,
    sim::{
        happening::Happening,
        script::{Event, Match, Verb, When},
        words::NumberStatus,
    },
};

use crate::{
    organization::{
        BERLIN, End, MUNICH, PLAN, activations, finish_popup, is_silent, org, org_mut, stage,
        stage_of, stage_with, switch, watch, world,
    },
    stage::{Stage, phone},
};

const RELEASE_BERLIN: &str = "number[\"+4930901820\"].genesys_release";
const ATTACH_BERLIN: &str = "number[\"+4930901820\"].genesys_attach";
const RELEASE_MUNICH: &str = "number[\"+49891234567\"].genesys_release";
const ATTACH_MUNICH: &str = "number[\"+49891234567\"].genesys_attach";

/// Does all that can be done before, unattended, and lets time pass until then.
fn until(stage: &mut Stage, then: &str) {
    stage.options.attended = false;
    stage.options.wait = Some(Duration::from_secs(60));
    stage.sim.advance(Duration::from_secs(1800));
    for _ in 0..2 {
        stage.apply();
    }
    let then: Timestamp = then.parse().expect("a moment");
    let now = stage.sim.world(|world| world.now);
    stage.sim.advance(then.duration_since(now).unsigned_abs());
}

#[test]
fn a_release_is_not_begun_when_its_window_is_nearly_over() {
    // The window is open from 22:00 to 04:00 in Berlin.
    for (then, begins) in [
        ("2026-12-05T20:59:00Z", false),
        ("2026-12-05T21:00:01Z", true),
        ("2026-12-06T02:39:00Z", true),
        ("2026-12-06T02:41:00Z", false),
        ("2026-12-06T03:01:00Z", false),
    ] {
        let mut stage = stage();
        until(&mut stage, then);
        watch(&mut stage);
        stage.options.wait = Some(Duration::ZERO);
        stage.apply();
        let is_silent = stage.sim.world(|world| is_silent(world, &phone(BERLIN)));
        assert_eq!(is_silent, begins, "{then}");
    }
}

/// The campaign takes so long to stop that the window is over by then, or two-step verification on.
#[test]
fn a_campaign_that_stops_too_late_runs_on() {
    for hours in [3, 7] {
        let mut stage = stage_with(|world| switch(world, |it| it.stopping_seconds = hours * 3600));
        watch(&mut stage);
        if hours == 3 {
            let event = Event {
                when: When::BeforeCall(Match::first(Verb::Put, "*/messagingcampaigns/*")),
                what: Happening::TwoStepOn {
                    phone: phone(MUNICH),
                },
            };
            stage.sim.edit(|world| world.schedule(event));
        }
        let run = stage.apply();
        assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Done, "{}", run.ends());
        assert_eq!(run.end(RELEASE_MUNICH).0, StepEnd::Parked, "{}", run.ends());
        stage.sim.world(|world| {
            assert!(!is_silent(world, &phone(MUNICH)), "{hours}");
            let campaign = org(world).campaigns.find("Winter offer");
            let campaign = campaign.expect("the campaign");
            assert_eq!(campaign["campaignStatus"], "on", "{hours}");
        });
    }
}

#[test]
fn a_number_that_was_released_is_finished_after_its_window() {
    let mut stage = stage_with(|world| org_mut(world).admin = None);
    until(&mut stage, "2026-12-06T02:30:00Z");
    watch(&mut stage);
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Parked, "{}", run.ends());
    stage.sim.advance(Duration::from_secs(3 * 3600));
    finish_popup(&stage, BERLIN);
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Done, "{}", run.ends());
    let (end, note) = run.end(RELEASE_MUNICH);
    assert_eq!(end, StepEnd::Parked, "{note}");
    assert!(note.contains("closed"), "{note}");
    stage.sim.world(|world| {
        for number in [BERLIN, MUNICH] {
            assert!(!is_silent(world, &phone(number)), "{number}");
        }
    });
}

#[test]
fn one_run_releases_as_many_as_its_policy_says() {
    let (before, expected) = (world(), End::undisturbed());
    let text = PLAN.replace("max_cut_overs: 2", "max_cut_overs: 1");
    let mut stage = stage_of(&text, |_| {});
    watch(&mut stage);
    let run = stage.apply();
    assert_eq!(run.end(ATTACH_BERLIN).0, StepEnd::Done, "{}", run.ends());
    let (end, note) = run.end(RELEASE_MUNICH);
    assert_eq!(end, StepEnd::Parked);
    assert!(note.contains("policy.max_cut_overs"), "{note}");
    assert!(stage.apply().is_done());
    expected.check(&stage, &before, "one at a time");
}

/// Without `needs` both may go at once, and one is silent at a time all the same.
#[test]
fn numbers_that_do_not_need_each_other_are_silent_one_after_the_other() {
    let (before, expected) = (world(), End::undisturbed());
    let text = PLAN.replace(
        "    needs: [\"+49 30 901820\"] # not cut over before the canary is live\n",
        "",
    );
    assert_ne!(text, PLAN);
    let mut stage = stage_of(&text, |_| {});
    watch(&mut stage);
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    expected.check(&stage, &before, "side by side");
    // The popup of whichever went first is not finished: the other one stays.
    let mut stage = stage_of(&text, |world| org_mut(world).admin = None);
    watch(&mut stage);
    stage.options.wait = Some(Duration::from_secs(3600));
    for _ in 0..2 {
        let run = stage.apply();
        assert!(!run.is_done());
        let silent = [BERLIN, MUNICH].into_iter();
        let silent =
            silent.filter(|number| stage.sim.world(|world| is_silent(world, &phone(number))));
        assert_eq!(silent.count(), 1, "{}", run.ends());
    }
    assert_eq!(activations(&stage).0, 0);
}

/// The canary is heard again and not live at Meta: the second one waits.
#[test]
fn the_second_number_waits_until_the_canary_is_live() {
    let mut stage = stage();
    watch(&mut stage);
    let live = Event {
        when: When::BeforeCall(Match::nth(Verb::Put, "*/routing/queues/*", 1)),
        what: Happening::NumberStatus {
            phone: phone(BERLIN),
            status: NumberStatus::Disconnected,
        },
    };
    stage.sim.edit(|world| world.schedule(live));
    stage.options.wait = Some(Duration::from_secs(3600));
    let run = stage.apply();
    assert_eq!(run.end(RELEASE_BERLIN).0, StepEnd::Done, "{}", run.ends());
    assert_eq!(
        run.end(RELEASE_MUNICH).0,
        StepEnd::NotStarted,
        "{}",
        run.ends()
    );
    assert_eq!(
        run.end(ATTACH_MUNICH).0,
        StepEnd::NotStarted,
        "{}",
        run.ends()
    );
}
