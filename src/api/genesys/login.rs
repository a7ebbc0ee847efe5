//! Logs an OAuth client in, and keeps its token as long as it is good.
//!
//! Tokens of client credentials cannot be refreshed; a new one is asked for. Requests that need one
//! at the same time share one login.
//!
//! Source: <https://developer.genesys.cloud/authorization/platform-auth/use-client-credentials>

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;
use tracing::{debug, warn};

use super::{error::ApiError, pace::Pace};
use crate::{
    api::{
        call::{CallError, Retry},
        hidden::{Hidden, Masks, plain_id},
        quiet::{Patience, Quiet},
        request::{CALL_TIMEOUT, named},
        transport::{Body, Method, Params, Request, Response, Scheme, Transport, TransportError},
    },
    clock::Clock,
    secret::Secret,
};

/// A token is given up so long before it ends; of a short-lived one, not more than half of its life.
const MARGIN: Duration = Duration::from_secs(60);

/// The shortest and the longest life of a token, in seconds. The first also holds where none is named.
const SHORTEST_LIFE: i64 = 300;
const LONGEST_LIFE: i64 = 48 * 3600;

/// A token of this age is as good as a new one.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// How long a refusal holds for those who ask again: a wrong secret is not sent a hundred times.
const REFUSAL_HOLDS: SignedDuration = SignedDuration::from_secs(30);

/// Which token is wanted.
pub(super) enum Wanted<'a> {
    /// One that is good.
    Good,
    /// One that was not refused.
    OtherThan(&'a Secret),
    /// One that was just given out, so that it does not end on the way.
    Fresh,
}

/// An OAuth client that logs in.
pub(super) struct Login {
    transport: Arc<dyn Transport>,
    /// Name and password, as the header wants them.
    client: Secret,
    clock: Arc<dyn Clock>,
    hidden: Arc<Hidden>,
    quiet: Quiet,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    refused: Option<(CallError, Timestamp)>,
}

struct Token {
    secret: Secret,
    since: Timestamp,
    until: Timestamp,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<i64>,
}

impl Login {
    /// Takes a client; nothing is sent.
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        client_id: &Secret,
        client_secret: &Secret,
        clock: Arc<dyn Clock>,
        hidden: Arc<Hidden>,
    ) -> Self {
        let pair = format!("{}:{}", client_id.expose(), client_secret.expose());
        let client = Secret::new(STANDARD.encode(pair));
        for secret in [client_id, client_secret, &client] {
            hidden.add(secret);
        }
        Self {
            transport,
            client,
            quiet: Quiet::new(clock.clone()),
            clock,
            hidden,
            held: Mutex::default(),
        }
    }

    /// Returns a token, and logs in for it where that has to be: once for all who wait for it.
    pub(super) async fn token(
        &self,
        wanted: Wanted<'_>,
        patience: Patience,
    ) -> Result<Secret, CallError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        let good = |token: &&Token| token.is(&wanted, now);
        if let Some(token) = held.token.as_ref().filter(good) {
            return Ok(token.secret.clone());
        }
        if let Some((error, at)) = &held.refused
            && now.duration_since(*at) < REFUSAL_HOLDS
        {
            return Err(error.clone());
        }
        let granted = self.log_in(patience).await;
        let now = self.clock.now();
        match granted {
            Ok(token) => {
                let secret = token.secret.clone();
                *held = Held {
                    token: Some(token),
                    refused: None,
                };
                Ok(secret)
            }
            Err(error) => {
                let lasts = error.is_credential();
                held.refused = lasts.then(|| (error.clone(), now));
                Err(error)
            }
        }
    }

    async fn log_in(&self, patience: Patience) -> Result<Token, CallError> {
        self.quiet.wait(patience).await?;
        let masks = self.hidden.masks();
        let asked = self.transport.send(self.request()).await;
        let response = asked.map_err(|error| {
            let error = never_sent(error);
            warn!(%error, "no answer from the login");
            error
        })?;
        debug!(status = response.status, "the login answered");
        if response.status != 200 {
            let error = refused(&response, &masks);
            if let Retry::Later(pause) = error.retry() {
                self.quiet.keep(pause);
            }
            return Err(CallError::Declined(Box::new(error)));
        }
        self.granted(&response)
            .ok_or_else(|| CallError::Declined(Box::new(without_token(&response))))
    }

    fn request(&self) -> Request {
        Request {
            method: Method::Post,
            path: "/oauth/token".to_owned(),
            given_query: None,
            query: Params::new(),
            body: Body::Form(named([("grant_type", "client_credentials".into())])),
            token: Some(self.client.clone()),
            scheme: Scheme::Basic,
            timeout: CALL_TIMEOUT,
        }
    }

    fn granted(&self, response: &Response) -> Option<Token> {
        let is_object = response.body.trim_ascii_start().first() == Some(&b'{');
        let granted = is_object.then(|| serde_json::from_slice::<Granted>(&response.body).ok());
        let granted = granted.flatten()?;
        // What does not fit into a header is no token.
        let is_token = |byte: u8| byte.is_ascii_graphic();
        if granted.access_token.is_empty() || !granted.access_token.bytes().all(is_token) {
            return None;
        }
        let secret = Secret::new(granted.access_token);
        self.hidden.add(&secret);
        let life = granted.expires_in.unwrap_or(SHORTEST_LIFE);
        let life = Duration::from_secs(life.clamp(1, LONGEST_LIFE).unsigned_abs());
        let since = self.clock.now();
        let until = since.saturating_add(life - MARGIN.min(life / 2));
        Some(Token {
            secret,
            since,
            until: until.unwrap_or(Timestamp::MAX),
        })
    }
}

impl Token {
    fn is(&self, wanted: &Wanted<'_>, now: Timestamp) -> bool {
        now < self.until
            && match wanted {
                Wanted::Good => true,
                Wanted::OtherThan(refused) => self.secret.expose() != refused.expose(),
                Wanted::Fresh => now.duration_since(self.since) < FRESH,
            }
    }
}

/// Whatever became of a login, what it was for has not left.
fn never_sent(error: TransportError) -> CallError {
    let error = match error {
        TransportError::Unreachable { .. } => error,
        other => TransportError::Unreachable {
            host: "the login of Genesys Cloud".to_owned(),
            problem: other.to_string(),
        },
    };
    error.into()
}

fn refused(response: &Response, masks: &Masks) -> ApiError {
    let mask = |text: &str| masks.mask(text);
    let error = ApiError::parse(response.status, &response.body, mask);
    let error = error.unwrap_or_else(|| ApiError {
        status: response.status,
        message: masks.excerpt(&response.body),
        ..ApiError::default()
    });
    let correlation_id = correlation_id(response).map(mask);
    ApiError {
        correlation_id: correlation_id.or(error.correlation_id.clone()),
        retry_after: Pace::of(response).retry_after,
        at_login: true,
        ..error
    }
}

/// Says nothing of the body: a token may stand in it.
fn without_token(response: &Response) -> ApiError {
    ApiError {
        status: response.status,
        message: "the answer has no access token".to_owned(),
        correlation_id: correlation_id(response).map(str::to_owned),
        at_login: true,
        ..ApiError::default()
    }
}

/// The id by which Genesys' support finds a call.
pub(super) fn correlation_id(response: &Response) -> Option<&str> {
    response.header("inin-correlation-id").and_then(plain_id)
}
