//! Canned responses of Genesys Cloud while things go wrong: somebody is faster, the API refuses, answers
//! are lost, a token ends, the process dies.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use serde_json::json;
use waba_migrate::{
    api::transport::{Body, Download, Method, Request, Response, Transport, TransportError},
    journal::StepEnd,
    sim::{
        Simulator,
        script::{Effect, Match, Moment, ScriptedError, Verb},
    },
};

use crate::{
    crash::{Point, run_until},
    responses_stage::{
        Meddler, PLAN, STEP, UNDO, actual, change_of, expected, findings_of, in_organization,
        organization, puts, responses, stage, twelve, written,
    },
    stage::{Stage, phone, refusal, table},
};

#[test]
fn somebody_who_was_faster_is_read_again_and_loses_nothing() {
    let mut stage = stage();
    let before = organization(&stage);
    Meddler::on(&mut stage, Method::Put, 2, |world, id| {
        in_organization(world, |_, org| {
            let response = org.responses.get_mut(id).expect("it is written");
            response["version"] = json!(17);
            response["texts"][0]["content"] = json!("By hand.");
        });
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!((puts(&stage), written(&stage)), (5, 4));
    let mut now = actual(&stage);
    let mut by_hand = responses(&mut now)
        .iter_mut()
        .filter(|one| one["texts"][0]["content"] == "By hand.");
    let one = by_hand.next().expect("somebody's words");
    one["texts"][0]["content"] = json!("Hello {{Name}}");
    assert!(by_hand.next().is_none());
    assert_eq!(now, expected(&stage, before));
}

#[test]
fn one_that_is_changed_all_the_time_is_left_to_a_person_and_stops_no_other() {
    let stage = stage();
    let outdated = ScriptedError {
        code: 409,
        status: Some(409),
        message: "The version does not match.".into(),
        ..refusal()
    };
    let on = Match::first(Verb::Put, "*/responses/*").times(4);
    stage.sim.fault(on, Effect::Error(outdated));
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    assert_eq!(findings_of(&run, STEP).len(), 1);
    assert_eq!((puts(&stage), written(&stage)), (7, 3));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(written(&stage), 4);
}

#[test]
fn what_is_refused_is_named_and_stops_no_other() {
    let stage = stage();
    let refused = ScriptedError {
        code: 400,
        status: Some(400),
        message: "messagingTemplate cannot be updated.".into(),
        ..refusal()
    };
    let on = Match::nth(Verb::Put, "*/responses/*", 2);
    stage.sim.fault(on, Effect::Error(refused));
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    let findings = findings_of(&run, STEP);
    assert_eq!(findings.len(), 1);
    let observed = findings[0].observed.as_deref().unwrap_or_default();
    assert!(
        observed.contains("messagingTemplate cannot be updated"),
        "{observed}"
    );
    assert_eq!(written(&stage), 3);
}

#[test]
fn a_missing_permission_is_blamed_on_the_client() {
    let stage = Stage::with(PLAN, |world| {
        twelve(world);
        let org = world.genesys.as_mut().expect("an organization");
        org.clients[0].permissions.remove("responses:response:edit");
    });
    let run = stage.apply();
    assert_eq!(run.end(STEP).0, StepEnd::Failed, "{}", run.ends());
    assert!(run.report.is_credential());
    assert_eq!((puts(&stage), written(&stage)), (1, 0));
}

#[test]
fn trouble_on_the_way_costs_nothing() {
    let effects = [
        Effect::ServerError(Moment::BeforeEffect),
        Effect::ServerError(Moment::AfterEffect),
        Effect::Cut(Moment::BeforeEffect),
        Effect::Cut(Moment::AfterEffect),
        Effect::Timeout(Moment::BeforeEffect),
        Effect::Timeout(Moment::AfterEffect),
        Effect::Throttle { minutes: 2 },
    ];
    for effect in effects {
        for nth in 1..=4 {
            let stage = stage();
            let before = organization(&stage);
            let on = Match::nth(Verb::Put, "*/responses/*", nth);
            stage.sim.fault(on, effect.clone());
            let run = stage.apply();
            assert!(run.is_done(), "{effect:?} {nth}: {}", run.ends());
            assert_eq!(written(&stage), 4, "{effect:?} {nth}");
            assert_eq!(actual(&stage), expected(&stage, before), "{effect:?} {nth}");
        }
    }
}

#[test]
fn a_token_may_end_in_the_middle() {
    for (method, nth) in [(Method::Put, 1), (Method::Put, 3), (Method::Get, 18)] {
        let mut stage = stage();
        let before = organization(&stage);
        Meddler::on(&mut stage, method, nth, |world, _| {
            let now = world.now;
            let org = world.genesys.as_mut().expect("an organization");
            org.tokens.iter_mut().for_each(|token| token.expires = now);
        });
        let run = stage.apply();
        assert!(run.is_done(), "{method} {nth}: {}", run.ends());
        assert_eq!(written(&stage), 4, "{method} {nth}");
        assert_eq!(actual(&stage), expected(&stage, before), "{method} {nth}");
        let logins = stage.sim.requests().into_iter();
        let logins = logins.filter(|call| call.path.ends_with("oauth/token"));
        assert_eq!(logins.count(), 2, "{method} {nth}");
    }
}

#[test]
fn a_crash_anywhere_costs_nothing() {
    let points: [fn(usize) -> Point; 3] = [Point::Line, Point::TornLine, Point::Sent];
    for point in points {
        let mut deaths = 0;
        for nth in 1.. {
            let mut stage = stage();
            let before = organization(&stage);
            stage.review();
            if !run_until(&mut stage, point(nth)) {
                break;
            }
            deaths += 1;
            let case = format!("{:?}", point(nth));
            for _ in 0..3 {
                let run = stage.apply();
                assert!(run.blocking.is_empty(), "{case}: {:?}", run.blocking);
                if run.is_done() {
                    break;
                }
                // A code that may be on its way is asked for again by name only.
                stage.options.new_codes.insert(phone("+49 30 901820"));
            }
            assert_eq!(actual(&stage), expected(&stage, before), "{case}");
            assert_eq!(written(&stage), 4, "{case}");
            assert!(stage.plan().is_empty(), "{case}: {}", table(&stage.plan()));
            // It is known what was done, wherever that was written down.
            stage.turn_back();
            let change = change_of(&stage, UNDO);
            assert_eq!(change.fields.len(), 4, "{case}: {}", change.reason);
        }
        assert!(deaths > 10, "{:?}: {deaths}", point(0));
    }
}

#[test]
fn what_is_written_shows_a_little_later() {
    // Nothing that was read before a write is taken for what came of it.
    let mut stage = stage();
    let lag = Arc::new(Lagging {
        inner: stage.genesys.clone(),
        sim: stage.sim.clone(),
        old: Mutex::new(Vec::new()),
    });
    stage.genesys = lag;
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(written(&stage), 4);
}

/// Shows a canned response as it was for two seconds after it was replaced.
struct Lagging {
    inner: Arc<dyn Transport>,
    sim: Simulator,
    old: Mutex<Vec<(String, jiff::Timestamp, Response)>>,
}

impl Lagging {
    fn shown_still(&self, path: &str, now: jiff::Timestamp) -> Option<Response> {
        let old = self.old.lock().expect("one thread");
        let mut old = old.iter();
        let old = old.find(|(of, until, _)| of == path && *until > now);
        old.map(|(.., response)| response.clone())
    }
}

impl Transport for Lagging {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let path = request.path.clone();
            if !path.contains("/responsemanagement/responses/") {
                return self.inner.send(request).await;
            }
            let now = self.sim.clock().now();
            if request.method == Method::Get {
                return match self.shown_still(&path, now) {
                    Some(old) => Ok(old),
                    None => self.inner.send(request).await,
                };
            }
            let read = Request {
                method: Method::Get,
                body: Body::Nothing,
                ..request.clone()
            };
            let before = self.inner.send(read).await?;
            let until = now + Duration::from_secs(2);
            self.old
                .lock()
                .expect("one thread")
                .push((path, until, before));
            self.inner.send(request).await
        }
        .boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.inner.download(download)
    }
}
