//! A subscription for the time of the migration: removed at the end, and only where it is ours and
//! somebody else hears the messages.

use waba_migrate::{ids::AppId, journal::StepEnd};

use crate::{
    stage::{Stage, phone},
    undo::{our_app, target},
};

const CLEANUP: &str = "target.subscription.cleanup";

const PLAN: &str = r#"
version: 1
name: small
source: { waba: "102290129340398" }
target:
  waba: "215589313241560"
  token: { env: TOKEN }
  subscription: { app: temporary }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN } }
templates: { copy: [] }
"#;

/// The apps that hear the target, ours named so.
fn subscribed(stage: &Stage) -> Vec<&'static str> {
    stage.sim.world(|world| {
        let ours = our_app(world);
        let waba = &world.wabas[&target()];
        let name = |app: &AppId| match *app == ours {
            true => "ours",
            false => "another",
        };
        waba.subscriptions.keys().map(name).collect()
    })
}

/// A stage whose target is heard by these apps.
fn stage(ours_before: bool, another: bool) -> Stage {
    Stage::with(PLAN, |world| {
        let ours = our_app(world);
        let waba = world.wabas.get_mut(&target());
        let subscriptions = &mut waba.expect("the target").subscriptions;
        subscriptions.clear();
        if ours_before {
            subscriptions.insert(ours, None);
        }
        if another {
            subscriptions.insert("999999999999999".parse().expect("an id"), None);
        }
    })
}

#[test]
fn what_was_subscribed_for_the_migration_goes_at_its_end() {
    let stage = stage(false, true);
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(subscribed(&stage), ["another"]);
    let last = stage.writes().pop();
    assert_eq!(last, Some(format!("DELETE {}/subscribed_apps", target())));
    assert!(stage.plan().is_empty(), "a second run has nothing to do");
    assert_eq!(stage.diff(), []);
}

#[test]
fn a_subscription_of_before_stays() {
    let stage = stage(true, true);
    assert!(stage.apply().is_done());
    assert_eq!(subscribed(&stage).len(), 2);
    assert!(stage.plan().is_empty());
}

#[test]
fn nobody_is_left_unheard() {
    let stage = stage(false, false);
    let run = stage.apply();
    assert!(
        stage
            .sim
            .world(|world| world.live_number(&phone("+4930901820")).is_some())
    );
    let (end, note) = run.end(CLEANUP);
    assert_eq!(end, StepEnd::Parked);
    assert!(note.contains("would reach nobody"), "{note}");
    assert_eq!(subscribed(&stage), ["ours"]);
}

#[test]
fn without_a_journal_the_plan_counts() {
    let stage = stage(false, false);
    stage.apply();
    stage.forget_journal();
    stage.sim.edit(|world| {
        let waba = world.wabas.get_mut(&target());
        let subscriptions = &mut waba.expect("the target").subscriptions;
        subscriptions.insert("999999999999999".parse().expect("an id"), None);
    });
    assert!(stage.apply().is_done());
    assert_eq!(subscribed(&stage), ["another"]);
}
