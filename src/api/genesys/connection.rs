//! One OAuth client's connection to Genesys Cloud: logs in, paces, masks, understands.
//!
//! It does not decide whether something is a read or a write; only [`Reader`](super::Reader) and
//! [`Writer`](super::Writer) can send through it.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::{debug, warn};

use super::{
    error::ApiError,
    login::{Login, Wanted, correlation_id},
    pace::Pace,
};
use crate::{
    api::{
        call::CallError,
        hidden::{Hidden, Masks},
        quiet::{Patience, Quiet},
        transport::{Param, Request, Response, Transport},
    },
    clock::Clock,
    secret::Secret,
};

/// Calls of one client that are under way at the same time.
const AT_ONCE: usize = 8;

/// One OAuth client's connection. Shared by its reader and its writer, so that both keep the same
/// pace and use the same token.
pub struct Connection {
    api: Arc<dyn Transport>,
    pub(super) login: Login,
    hidden: Arc<Hidden>,
    pub(super) patience: Patience,
    /// Nothing goes out.
    pub(super) quiet: Quiet,
    /// Reads do not go out: the rest of the window is for writes.
    slow: Quiet,
    slots: Semaphore,
}

/// How a call is made.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    /// How long it may be held back.
    pub(super) patience: Patience,
    /// Whether it leaves the rest of a window to others.
    pub(super) gives_way: bool,
    /// Whether it is sent again with another token when the first one is refused. Who is refused at
    /// the door has changed nothing.
    pub(super) knocks_twice: bool,
}

/// An answer that reports success.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    masks: Masks,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Makes a connection; nothing is sent. `api` serves `/api/v2/…`, `login` serves `/oauth/token`;
    /// they may be the same.
    pub fn new(
        api: Arc<dyn Transport>,
        login: Arc<dyn Transport>,
        client_id: &Secret,
        client_secret: &Secret,
        clock: Arc<dyn Clock>,
        patience: Patience,
    ) -> Self {
        let hidden = Arc::new(Hidden::new([]));
        let client = (client_id, client_secret);
        Self {
            api,
            login: Login::new(login, client.0, client.1, clock.clone(), hidden.clone()),
            hidden,
            patience,
            quiet: Quiet::new(clock.clone()),
            slow: Quiet::new(clock),
            slots: Semaphore::new(AT_ONCE),
        }
    }

    /// Masks a secret in everything that Genesys Cloud refuses from now on.
    pub fn hide(&self, secret: &Secret) {
        self.hidden.add(secret);
    }

    /// Masks every secret of this connection in a text of an answer that is shown to people.
    pub fn mask(&self, text: &str) -> String {
        self.hidden.masks().mask(text)
    }

    /// Sends one request and understands the answer, as far as it is an error. Tells the id that the
    /// header of the answer gave it, whatever the answer is.
    pub(super) async fn call(
        &self,
        request: Request,
        manner: Manner,
        trace_id: &mut Option<String>,
    ) -> Result<Answer, CallError> {
        let _slot = self.slot().await;
        self.rest(manner).await?;
        let token = self.login.token(Wanted::Good, manner.patience).await?;
        let first = self.exchange(&request, &token, trace_id).await;
        match first {
            Err(CallError::Declined(error)) if manner.knocks_twice && is_at_the_door(&error) => {}
            other => return other,
        }
        let other = Wanted::OtherThan(&token);
        let token = self.login.token(other, manner.patience).await?;
        self.exchange(&request, &token, trace_id).await
    }

    async fn rest(&self, manner: Manner) -> Result<(), CallError> {
        self.quiet.wait(manner.patience).await?;
        if manner.gives_way {
            // Nothing is refused yet, so nobody has to give up for it.
            let _ = self.slow.wait(manner.patience).await;
        }
        Ok(())
    }

    async fn exchange(
        &self,
        request: &Request,
        token: &Secret,
        trace_id: &mut Option<String>,
    ) -> Result<Answer, CallError> {
        for (_, param) in request.query.iter().chain(request.body.params()) {
            if let Param::Secret(secret) = param {
                self.hide(secret);
            }
        }
        let masks = self.hidden.masks();
        let (method, path) = (request.method, &request.path);
        let request = Request {
            token: Some(token.clone()),
            ..request.clone()
        };
        let response = self.api.send(request).await.inspect_err(|error| {
            warn!(%method, %path, %error, "no answer");
        })?;
        debug!(%method, %path, status = response.status, "answered");

        let pace = Pace::of(&response);
        self.keep(pace);
        *trace_id = correlation_id(&response).map(|id| masks.mask(id));
        if !(200..300).contains(&response.status) {
            return Err(failure(&response, pace, trace_id.clone(), &masks));
        }
        Ok(Answer {
            status: response.status,
            body: response.body,
            masks,
        })
    }

    fn keep(&self, pace: Pace) {
        if let Some(pause) = pace.stop {
            self.quiet.keep(pause);
        }
        if let Some(pause) = pace.slow {
            self.slow.keep(pause);
        }
    }

    /// Waits on this connection's clock.
    pub(super) async fn sleep(&self, pause: Duration) {
        self.quiet.clock.sleep(pause).await;
    }

    async fn slot(&self) -> SemaphorePermit<'_> {
        let slot = self.slots.acquire().await;
        slot.expect("the semaphore is never closed")
    }
}

impl Answer {
    /// Makes the error of an answer that is not what it should be.
    pub(super) fn garbled(&self, problem: impl fmt::Display) -> CallError {
        let begins = self.masks.excerpt(&self.body);
        CallError::Garbled {
            status: self.status,
            problem: self.masks.mask(&format!("{problem}; {begins}")),
        }
    }
}

/// Whether the token is refused, and another one may be let in.
fn is_at_the_door(error: &ApiError) -> bool {
    error.status == 401 && !error.code.starts_with("missing.")
}

/// What an answer that is no success comes to. What is no error of Genesys Cloud was sent by somebody
/// on the way: it never says that something is not there.
fn failure(response: &Response, pace: Pace, trace_id: Option<String>, masks: &Masks) -> CallError {
    let status = response.status;
    let mut error = match ApiError::parse(status, &response.body, |text| masks.mask(text)) {
        Some(error) => error,
        None if matches!(status, 401 | 408 | 429) => ApiError {
            status,
            message: masks.excerpt(&response.body),
            ..ApiError::default()
        },
        None => {
            return CallError::Garbled {
                status,
                problem: masks.excerpt(&response.body),
            };
        }
    };
    error.correlation_id = trace_id.or(error.correlation_id);
    error.retry_after = pace.retry_after;
    CallError::Declined(Box::new(error))
}
