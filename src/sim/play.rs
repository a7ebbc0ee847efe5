//! One call from the outside: events bound to it, the fault that strikes it, its effect, the log.
//!
//! What a fault does to a connection is up to the doors; here it becomes an [`Outcome`].

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    call::{Answer, Call, Host},
    error::GraphError,
    genesys::{front, refusal::Refusal},
    graph, links,
    script::{Effect, Moment},
    usage::Usage,
    world::World,
};
use crate::ids::WabaId;

/// Seconds that Graph gives a call.
const MOST_SECONDS: u32 = 30;

/// What the caller gets to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This answer.
    Answered(Answer),
    /// This answer, so many seconds late.
    Late(Answer, u32),
    /// A broken connection.
    Cut,
    /// Nothing, for as long as they wait.
    Silent,
}

/// A call in the log. Holds no parameter and so no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// When it came.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path, without version and query.
    pub path: String,
    /// The status it was answered with; absent when no answer went out.
    pub status: Option<u16>,
    /// Whether it had its effect.
    pub took_effect: bool,
}

/// Plays one call.
pub fn play(world: &mut World, call: &Call) -> Outcome {
    let route = call.route();
    let place = world.log.len();
    world.log.push(Logged {
        at: world.now,
        method: call.method.clone(),
        path: route.clone(),
        status: None,
        took_effect: false,
    });
    let effect = world.begin_call(&call.method, &route);
    let (outcome, took_effect) = strike(world, call, effect);
    let entry = &mut world.log[place];
    entry.took_effect = took_effect;
    entry.status = match &outcome {
        Outcome::Answered(answer) | Outcome::Late(answer, _) => Some(answer.status),
        Outcome::Cut | Outcome::Silent => None,
    };
    outcome
}

/// Returns the outcome, and whether the call had its effect.
fn strike(world: &mut World, call: &Call, effect: Option<Effect>) -> (Outcome, bool) {
    let (moment, outcome) = match effect {
        None => {
            let (answer, ok) = carry_out(world, call);
            let outcome = match world.overrun.take() {
                None => Outcome::Answered(answer),
                Some(overrun) if overrun.is_silent => Outcome::Silent,
                Some(_) => Outcome::Late(answer, MOST_SECONDS),
            };
            return (outcome, ok);
        }
        Some(Effect::Delay { seconds }) => {
            let (answer, ok) = carry_out(world, call);
            return (Outcome::Late(answer, seconds), ok);
        }
        Some(Effect::Error(scripted)) => {
            let answer = match call.host {
                Host::Genesys => front::refuse(world, &Refusal::from(&scripted)),
                Host::Graph | Host::Media => {
                    graph::refuse(world, call, &GraphError::from(&scripted), None)
                }
            };
            return (Outcome::Answered(answer), false);
        }
        Some(Effect::Throttle { minutes }) if call.host == Host::Genesys => {
            let refusal = Refusal::too_many(minutes.saturating_mul(60));
            return (Outcome::Answered(front::refuse(world, &refusal)), false);
        }
        Some(Effect::Throttle { minutes }) => {
            let usage = subject(world, call).map(|waba| Usage::exhausted(waba, minutes));
            let answer = graph::refuse(world, call, &GraphError::throttled(), usage.as_ref());
            return (Outcome::Answered(answer), false);
        }
        Some(Effect::CutUpload { after_bytes }) => {
            let arrived = call.broken_after(after_bytes);
            let is_whole = arrived.bytes.as_deref() == call.bytes.as_deref();
            // Without content there is nothing that could arrive in part.
            let took_effect = call.bytes.is_some() && answer(world, &arrived).status < 400;
            return (Outcome::Cut, took_effect && is_whole);
        }
        Some(Effect::Cut(moment)) => (moment, Outcome::Cut),
        Some(Effect::Timeout(moment)) => (moment, Outcome::Silent),
        Some(Effect::ServerError(moment)) => {
            let answer = match call.host {
                Host::Genesys => front::refuse(world, &Refusal::broken()),
                Host::Graph | Host::Media => Answer::broken(),
            };
            (moment, Outcome::Answered(answer))
        }
    };
    let took_effect = match moment {
        Moment::BeforeEffect => false,
        Moment::AfterEffect => carry_out(world, call).1,
    };
    (outcome, took_effect)
}

fn answer(world: &mut World, call: &Call) -> Answer {
    match call.host {
        Host::Graph => graph::answer(world, call),
        Host::Media => links::download(world, call),
        Host::Genesys => front::answer(world, call),
    }
}

/// Returns the answer, and whether the call had its effect.
fn carry_out(world: &mut World, call: &Call) -> (Answer, bool) {
    world.overrun = None;
    let answer = answer(world, call);
    let took_effect = match world.overrun {
        Some(overrun) => overrun.took_effect,
        None => answer.status < 400,
    };
    (answer, took_effect)
}

fn subject(world: &World, call: &Call) -> Option<WabaId> {
    let id = call.path.first()?;
    let waba = id.parse().ok().filter(|id| world.wabas.contains_key(id));
    waba.or_else(|| Some(world.numbers.get(&id.parse().ok()?)?.waba.clone()))
        .or_else(|| Some(world.templates.get(&id.parse().ok()?)?.waba.clone()))
        .or_else(|| Some(world.flows.get(&id.parse().ok()?)?.waba.clone()))
}

/// Returns what a batch says of one of its parts: an object, or null when nothing came back.
pub fn as_part(outcome: &Outcome, with_headers: bool) -> Value {
    let (Outcome::Answered(answer) | Outcome::Late(answer, _)) = outcome else {
        return Value::Null;
    };
    let body = String::from_utf8_lossy(&answer.body);
    let mut part = json!({"code": answer.status, "body": body});
    if with_headers {
        let headers: Vec<Value> = answer
            .headers
            .iter()
            .map(|(name, value)| match name.as_str() {
                "content-type" => {
                    json!({"name": "Content-Type", "value": "text/javascript; charset=UTF-8"})
                }
                _ => json!({"name": name, "value": value}),
            })
            .collect();
        part["headers"] = json!(headers);
    }
    part
}
