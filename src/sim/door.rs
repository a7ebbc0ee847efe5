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
    genesys,
    play::Outcome,
};
use crate::{
    api::transport::{Body, Download, Param, Request, Response, Scheme, Transport, TransportError},
    clock::Clock,
};

/// A transport to the Genesys Cloud side.
#[derive(Clone)]
pub struct GenesysDoor(pub(super) Simulator);

impl Transport for GenesysDoor {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.carry(request).boxed()
    }
}

impl GenesysDoor {
    async fn carry(&self, request: Request) -> Result<Response, TransportError> {
        let there = self.0.world(|world| world.genesys.is_some());
        if !there || !genesys::front::owns(&request.path) {
            return Err(TransportError::Unreachable {
                host: "api.genesys.simulated".into(),
                problem: "this world has no Genesys Cloud organization".into(),
            });
        }
        latency(self.0.world(|world| world.switches.latency_ms)).await;
        let timeout = request.timeout;
        let outcome = self.0.play(&genesys_call(&request));
        Door(self.0.clone()).pass_on(outcome, timeout).await
    }
}

/// The body becomes the bytes that it is on the wire.
fn genesys_call(request: &Request) -> Call {
    let given = request.given_query.as_deref().unwrap_or_default();
    let given = url::form_urlencoded::parse(given.as_bytes());
    let given = given.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
    let named = |params: &[(std::borrow::Cow<'static, str>, Param)]| -> Vec<(String, Value)> {
        params.iter().map(named).collect()
    };
    let params = given.chain(named(&request.query)).collect();
    let (content_type, bytes) = match &request.body {
        Body::Nothing => (None, None),
        Body::Json(fields) => {
            let object: Value = named(fields).into_iter().collect();
            (
                Some("application/json"),
                Some(object.to_string().into_bytes()),
            )
        }
        Body::Form(fields) => {
            let text = |value: Value| match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let pairs = named(fields).into_iter();
            let form = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs.map(|(name, value)| (name, text(value))))
                .finish();
            (
                Some("application/x-www-form-urlencoded"),
                Some(form.into_bytes()),
            )
        }
        Body::File(part) => (
            Some("application/octet-stream"),
            Some(part.bytes().to_vec()),
        ),
    };
    Call {
        content_type: content_type.map(str::to_owned),
        bytes,
        auth_scheme: request.token.as_ref().map(|_| scheme(request.scheme)),
        token: request.token.clone(),
        ..Call::genesys(request.method.as_str(), &request.path, params)
    }
}

fn named((name, param): &(std::borrow::Cow<'static, str>, Param)) -> (String, Value) {
    let value = match param {
        Param::Plain(value) => value.clone(),
        Param::Secret(secret) => Value::from(secret.expose()),
    };
    (name.to_string(), value)
}

fn scheme(scheme: Scheme) -> AuthScheme {
    match scheme {
        Scheme::Bearer => AuthScheme::Bearer,
        Scheme::OAuth => AuthScheme::OAuth,
        Scheme::Basic => AuthScheme::Basic,
    }
}

/// A transport and a clock.
#[derive(Clone)]
pub struct Door(pub(super) Simulator);

impl Transport for Door {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.carry(request).boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.fetch(download).boxed()
    }
}

impl Door {
    async fn carry(&self, request: Request) -> Result<Response, TransportError> {
        latency(self.0.world(|world| world.switches.latency_ms)).await;
        let timeout = request.timeout;
        self.pass_on(self.0.play(&call(request)), timeout).await
    }

    /// Follows a link to media.
    async fn fetch(&self, download: Download) -> Result<Response, TransportError> {
        latency(self.0.world(|world| world.switches.latency_ms)).await;
        let Download {
            link,
            limit,
            timeout,
        } = download;
        let outcome = self.0.fetch(link.expose().as_str());
        let answer = self.pass_on(outcome, timeout).await?;
        match answer.body.len() > limit {
            true => Err(TransportError::TooLarge(limit)),
            false => Ok(answer),
        }
    }

    async fn pass_on(
        &self,
        outcome: Outcome,
        timeout: Duration,
    ) -> Result<Response, TransportError> {
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
    let named = request.query.iter().chain(request.body.params()).map(named);
    let given = request.given_query.as_deref().unwrap_or_default();
    let given = url::form_urlencoded::parse(given.as_bytes());
    let given = given.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
    let params: Params = given.chain(named).collect();
    let auth_scheme = request.token.as_ref().map(|_| scheme(request.scheme));
    let part = match &request.body {
        Body::File(part) => Some(part),
        Body::Nothing | Body::Json(_) | Body::Form(_) => None,
    };
    let call = Call::new(
        request.method.as_str(),
        &request.path,
        params,
        request.token,
    );
    Call {
        auth_scheme,
        file_offset: part.map(|part| part.offset().to_string()),
        bytes: part.map(|part| part.bytes().to_vec()),
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
