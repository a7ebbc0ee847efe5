//! What a run tells while it goes: gates, retries and rate limits, each with what a program needs.

use std::sync::{Arc, Mutex};

use waba_migrate::{
    journal::{Entry, Event},
    sim::script::{Effect, Match, ScriptedError, Verb},
};

use crate::stage::{Person, SMALL, Stage};

/// Applies once and returns what was told.
fn told(stage: &mut Stage) -> Vec<Event> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    stage.listener = Some(Arc::new(move |entry: &Entry| {
        heard.lock().expect("one thread").push(entry.event.clone());
    }));
    stage.apply();
    stage.listener = None;
    let told = told.lock().expect("one thread");
    told.clone()
}

#[test]
fn a_retry_says_which_attempt_comes_when_and_why() {
    let mut stage = Stage::new(SMALL);
    let transient = ScriptedError {
        code: 2,
        subcode: None,
        message: "Service temporarily unavailable".into(),
        details: None,
        transient: true,
        status: None,
    };
    let on = Match::first(Verb::Post, "*/phone_numbers");
    stage.sim.fault(on, Effect::Error(transient));
    let retried = told(&mut stage).into_iter().find_map(|event| match event {
        Event::Retrying {
            step,
            attempt,
            seconds,
            reason,
        } => Some((step.to_string(), attempt, seconds, reason)),
        _ => None,
    });
    let (step, attempt, seconds, reason) = retried.expect("it was tried again");
    assert_eq!(
        (step.as_str(), attempt, seconds),
        ("number[\"+4930901820\"].add", 2, 1)
    );
    assert!(
        reason.contains("Service temporarily unavailable"),
        "{reason}"
    );
}

#[test]
fn a_rate_limit_says_until_when() {
    let mut stage = Stage::new(SMALL);
    let on = Match::first(Verb::Post, "*/phone_numbers");
    stage.sim.fault(on, Effect::Throttle { minutes: 2 });
    let before = stage.sim.clock().now();
    let until = told(&mut stage).into_iter().find_map(|event| match event {
        Event::RateLimited { until, .. } => Some(until),
        _ => None,
    });
    let pause = until.expect("a limit held it back") - before;
    assert!(
        pause.get_minutes() >= 2 || pause.get_seconds() >= 120,
        "{pause}"
    );
}

#[test]
fn a_gate_is_told_also_where_nobody_waits_at_it() {
    let mut stage = Stage::with(SMALL, |world| {
        for number in world.numbers.values_mut() {
            number.pin = Some(waba_migrate::secret::Secret::new("246810"));
        }
    });
    stage.person = Person::Away;
    let gates = |events: Vec<Event>| {
        let gates = events.into_iter().filter_map(|event| match event {
            Event::Gate { step, next, .. } => Some((step.to_string(), next)),
            _ => None,
        });
        gates.collect::<Vec<_>>()
    };
    let gates = gates(told(&mut stage));
    assert_eq!(gates.len(), 1, "{gates:?}");
    assert_eq!(gates[0].0, "number[\"+4930901820\"].two_step_off");
    assert!(
        gates[0].1.starts_with("ask the source's owner"),
        "{gates:?}"
    );
}
