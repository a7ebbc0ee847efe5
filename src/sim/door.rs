//! The door in the same process: a [`Transport`] and a [`Clock`] over one simulator.
//!
//! Time is the world's own. Waiting moves it; nothing really waits, except for the latency that a
//! switch asks for.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    Simulator,
    call::{Answer, AuthScheme, Call, Params},
    play::Outcome,
};
use crate::{
    api::transport::{Param, Request, Response, Transport, TransportError},
    clock::Clock,
};

/// A transport and a clock.
#[derive(Clone)]
pub struct Door(pub(super) Simulator);

impl Transport for Door {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.carry(request).boxed()
    }
}

impl Door {
    async fn carry(&self, request: Request) -> Result<Response, TransportError> {
        latency(self.0.world(|world| world.switches.latency_ms)).await;
        let timeout = request.timeout;
        let outcome = if request.path.starts_with("https://") {
            self.0.fetch(&request.path)
        } else {
            self.0.play(&call(request))
        };
        // Others may run before the answer is seen, as over a real connection.
        tokio::task::yield_now().await;
        match outcome {
            Outcome::Answered(answer) => Ok(response(answer)),
            Outcome::Late(answer, seconds) => {
                let delay = Duration::from_secs(seconds.into());
                self.0.advance(delay.min(timeout));
                if delay < timeout {
                    Ok(response(answer))
                } else {
                    Err(TransportError::Timeout(timeout))
                }
            }
            Outcome::Cut => Err(TransportError::Cut("connection reset by peer".into())),
            Outcome::Silent => {
                self.0.advance(timeout);
                Err(TransportError::Timeout(timeout))
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the latency switch makes a rehearsal as slow as the network, for benches"
)]
pub(super) async fn latency(milliseconds: u32) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
    }
}

fn call(request: Request) -> Call {
    let params: Params = request
        .query
        .into_iter()
        .chain(request.body)
        .map(|(name, param)| match param {
            Param::Plain(value) => (name, value),
            Param::Secret(secret) => (name, Value::from(secret.expose())),
        })
        .collect();
    let auth_scheme = request.token.as_ref().map(|_| AuthScheme::Bearer);
    let call = Call::new(
        request.method.as_str(),
        &request.path,
        params,
        request.token,
    );
    Call {
        auth_scheme,
        ..call
    }
}

fn response(answer: Answer) -> Response {
    Response {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
    }
}

impl Clock for Door {
    fn now(&self) -> Timestamp {
        self.0.world(|world| world.now)
    }

    /// Sleepers that began together wake together: time moves to the end of the sleep, not on by
    /// its length.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let end = later(self.now(), duration);
        async move {
            tokio::task::yield_now().await;
            self.0.edit(|world| world.advance_to(end));
        }
        .boxed()
    }
}

/// Returns the moment that long after another.
pub(super) fn later(moment: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| moment.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}
