//! What the script makes of a call, and of time: faults, events, flapping, sleep.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    call::{Call, Params},
    play::Outcome,
    script::{Effect, Event, Happening, Match, Moment, ScriptedError, Verb, When},
    switches::ErrorStatus,
    tests::{Bench, SOURCE, TARGET, TOKEN, add_params, phone, refused},
};
use crate::{
    api::transport::{Method, TransportError},
    secret::Secret,
};

#[test]
fn faults_strike_before_or_after_the_effect() {
    let check = |effect: Effect, expected: Option<TransportError>, takes_effect: bool| {
        let bench = Bench::new();
        bench
            .sim
            .fault(Match::first(Verb::Post, "*/phone_numbers"), effect.clone());
        let answer = bench.raw(
            Method::Post,
            &format!("{TARGET}/phone_numbers"),
            &add_params(),
        );
        match expected {
            Some(error) => assert_eq!(answer.unwrap_err(), error),
            None => assert!(answer.unwrap().status >= 400, "{effect:?}"),
        }
        assert_eq!(
            bench.sim.writes().len(),
            usize::from(takes_effect),
            "{effect:?}"
        );
        assert_eq!(bench.sim.requests().len(), 1);
    };
    let cut = || Some(TransportError::Cut("connection reset by peer".into()));
    let timeout = || Some(TransportError::Timeout(Duration::from_secs(60)));
    check(Effect::Cut(Moment::BeforeEffect), cut(), false);
    check(Effect::Cut(Moment::AfterEffect), cut(), true);
    check(Effect::Timeout(Moment::BeforeEffect), timeout(), false);
    check(Effect::Timeout(Moment::AfterEffect), timeout(), true);
    check(Effect::ServerError(Moment::BeforeEffect), None, false);
    check(Effect::ServerError(Moment::AfterEffect), None, true);
    check(Effect::Delay { seconds: 61 }, timeout(), true);
    check(Effect::Throttle { minutes: 7 }, None, false);
    let scripted = ScriptedError {
        code: 131_000,
        subcode: None,
        message: "Something went wrong".into(),
        details: None,
        transient: true,
        status: None,
    };
    check(Effect::Error(scripted), None, false);
}

#[test]
fn a_throttle_tells_how_long_to_wait() {
    let bench = Bench::with(|world| world.switches.error_status = ErrorStatus::Always400);
    let on = Match::first(Verb::Get, SOURCE);
    bench.sim.fault(on, Effect::Throttle { minutes: 7 });
    let answer = bench.raw(Method::Get, SOURCE, &json!({})).unwrap();
    let usage: Value =
        serde_json::from_str(answer.header("x-business-use-case-usage").unwrap()).unwrap();
    assert_eq!(usage[SOURCE][0]["estimated_time_to_regain_access"], 7);
    assert_eq!(answer.status, 400);
}

#[test]
fn events_happen_at_a_time_or_before_a_call() {
    let bench = Bench::with(|world| {
        world.schedule(Event {
            when: When::AfterSeconds(60),
            what: Happening::TwoStepOn { phone: phone() },
        });
        world.schedule(Event {
            when: When::BeforeCall(Match::nth(Verb::Get, "me", 2)),
            what: Happening::TokenRevoked {
                token: "test".into(),
            },
        });
    });
    let pin = || {
        bench
            .sim
            .world(|world| world.live_number(&phone()).unwrap().1.pin.is_some())
    };
    assert!(!pin());
    bench.sim.advance(Duration::from_secs(60));
    assert!(pin());
    assert_eq!(bench.get("me", json!({}))["name"], "test");
    refused(&bench.get("me", json!({})), 190, Some(467), "invalidated");
}

#[test]
fn a_fresh_number_may_flap() {
    let bench = Bench::with(|world| world.switches.flapping_reads = 3);
    let id = bench.add();
    bench.verify(&id);
    bench.register(&id);
    let read = || bench.get(&id, json!({"fields": "status"}))["status"].clone();
    assert_eq!(
        [read(), read(), read(), read()],
        ["PENDING", "CONNECTED", "PENDING", "CONNECTED"]
    );
}

#[test]
fn sleeping_moves_the_world_and_sleepers_wake_together() {
    let bench = Bench::new();
    let clock = bench.sim.clock();
    let begin = clock.now();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let minute = Duration::from_secs(60);
    runtime.block_on(async { tokio::join!(clock.sleep(minute), clock.sleep(minute)) });
    assert_eq!(clock.now().duration_since(begin).as_secs(), 60);
}

#[test]
fn a_call_without_token_or_with_an_unknown_version_is_refused() {
    let bench = Bench::new();
    let code = |path: &str, token: Option<&str>| {
        let call = Call::new("GET", path, Params::default(), token.map(Secret::new));
        let Outcome::Answered(answer) = bench.sim.play(&call) else {
            panic!("no answer");
        };
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        (answer.status, body["error"]["code"].as_u64())
    };
    assert_eq!(code("/v25.0/me", None), (400, Some(2500)));
    assert_eq!(code("/v25.0/app", None), (400, Some(104)));
    assert_eq!(code("/v99.0/me", Some(TOKEN)), (400, Some(2500)));
    assert_eq!(code("/v19.0/me", Some(TOKEN)), (200, None));
}
