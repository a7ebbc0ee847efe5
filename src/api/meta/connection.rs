//! One token's connection to the Graph API: versions paths, signs, paces, masks, understands.
//!
//! It does not decide whether something is a read or a write; only [`Reader`](super::Reader) and
//! [`Writer`](super::Writer) can send through it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::{debug, warn};

use super::{error::CallError, error::GraphError, usage::Load};
use crate::{
    api::transport::{Download, Param, Request, Response, Transport, TransportError},
    clock::Clock,
    secret::Secret,
};

/// Calls of one token that are under way at the same time.
const AT_ONCE: usize = 8;

/// How long a call may be held back by a rate limit before it gives up.
#[derive(Clone, Copy, Debug)]
pub struct Patience(pub Duration);

/// One token's connection. Shared by the reader and the writer of the same token, so that both
/// keep the same pace.
pub struct Connection {
    transport: Arc<dyn Transport>,
    pub(super) clock: Arc<dyn Clock>,
    version: String,
    token: Secret,
    proof: Option<Secret>,
    hidden: Mutex<Vec<Secret>>,
    pub(super) patience: Patience,
    quiet_until: Mutex<Option<Timestamp>>,
    used: Mutex<BTreeMap<String, u32>>,
    slots: Semaphore,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Makes a connection; nothing is sent. With `app_secret` every call is signed.
    pub fn new(
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        version: impl Into<String>,
        token: Secret,
        app_secret: Option<Secret>,
        patience: Patience,
    ) -> Self {
        let proof = app_secret
            .as_ref()
            .map(|secret| appsecret_proof(secret, &token));
        let hidden = Mutex::new(
            [Some(token.clone()), app_secret, proof.clone()]
                .into_iter()
                .flatten()
                .collect(),
        );
        let version = version.into();
        Self {
            transport,
            clock,
            version,
            token,
            proof,
            hidden,
            patience,
            quiet_until: Mutex::default(),
            used: Mutex::default(),
            slots: Semaphore::new(AT_ONCE),
        }
    }

    /// Returns the token, for the one call that asks the API about it.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// Masks a secret in everything the API says from now on.
    pub fn hide(&self, secret: &Secret) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if !hidden.iter().any(|known| known.expose() == secret.expose()) {
            hidden.push(secret.clone());
        }
    }

    /// Sends one request, once, and understands the answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        request: Request,
        patience: Patience,
    ) -> Result<T, CallError> {
        self.call_traced(request, patience, &mut None).await
    }

    /// The same, and tells the id that the header of the answer gave it, whatever the answer is.
    pub(super) async fn call_traced<T: DeserializeOwned>(
        &self,
        mut request: Request,
        patience: Patience,
        trace_id: &mut Option<String>,
    ) -> Result<T, CallError> {
        let _slot = self.slot().await;
        self.wait_for_quota(patience).await?;
        request.path = format!("/{}{}", self.version, request.path);
        request.token = Some(self.token.clone());
        if let Some(proof) = &self.proof {
            request
                .query
                .push(("appsecret_proof".into(), proof.clone().into()));
        }
        for (_, param) in request.query.iter().chain(request.body.params()) {
            if let Param::Secret(secret) = param {
                self.hide(secret);
            }
        }
        let hidden = self
            .hidden
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (method, path) = (request.method, request.path.clone());
        let response = self.transport.send(request).await.inspect_err(|error| {
            warn!(%method, %path, %error, "no answer");
        })?;
        debug!(%method, %path, status = response.status, "answered");

        let load = Load::of(&response);
        self.note_load(&load);
        let mask = |text: &str| mask(text, &hidden);
        *trace_id = trace(&response).map(mask);
        let error = GraphError::parse(response.status, &response.body, mask);
        if let Ok(Some(error)) = error {
            let regain_minutes = Some(load.regain_minutes);
            return Err(CallError::Refused(Box::new(GraphError {
                regain_minutes,
                ..error
            })));
        }
        let garbled = |problem: String| CallError::Garbled {
            status: response.status,
            problem,
        };
        if !(200..300).contains(&response.status) {
            return Err(garbled(excerpt(&response.body, mask)));
        }
        error
            .and_then(|_| serde_json::from_slice(&response.body))
            .map_err(|error| garbled(mask(&format!("{error}; {}", excerpt(&response.body, mask)))))
    }

    /// Fetches a file by its link, once, without token. The API's limits do not count there.
    pub(super) async fn download(&self, download: Download) -> Result<Response, TransportError> {
        let _slot = self.slot().await;
        let link = download.link.clone();
        let answer = self.transport.download(download).await;
        match &answer {
            Ok(response) => debug!(%link, status = response.status, "answered"),
            Err(error) => warn!(%link, %error, "no answer"),
        }
        answer
    }

    async fn slot(&self) -> SemaphorePermit<'_> {
        let slot = self.slots.acquire().await;
        slot.expect("the semaphore is never closed")
    }

    /// Waits while a limit is reached, or gives up at once when that takes too long.
    pub(super) async fn wait_for_quota(&self, patience: Patience) -> Result<(), CallError> {
        while let Some(until) = self.rests_until() {
            let pause = self.clock.now().duration_until(until).unsigned_abs();
            if pause > patience.0 {
                return Err(CallError::Throttled { until });
            }
            self.clock.sleep(pause).await;
        }
        Ok(())
    }

    /// Returns until when a limit holds every call back, if one does.
    pub(super) fn rests_until(&self) -> Option<Timestamp> {
        let until = *self
            .quiet_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > self.clock.now())
    }

    /// Returns the highest use of an account's hourly calls that an answer told of, in percent.
    pub(super) fn used(&self, account: &str) -> Option<u32> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.get(account).copied()
    }

    fn note_load(&self, load: &Load) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for (account, percent) in &load.calls {
            let known = used.entry(account.clone()).or_default();
            *known = (*known).max(*percent);
        }
        drop(used);
        if let Some(pause) = load.pause() {
            self.keep_quiet(pause);
        }
    }

    /// Holds every later call of this connection back for `pause`.
    pub(super) fn keep_quiet(&self, pause: Duration) {
        let until = self
            .clock
            .now()
            .saturating_add(pause)
            .unwrap_or(Timestamp::MAX);
        let mut quiet_until = self
            .quiet_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *quiet_until = (*quiet_until).max(Some(until));
    }
}

/// Signs a token: hex HMAC-SHA256 with the app secret as key.
///
/// Source: <https://developers.facebook.com/docs/graph-api/securing-requests>
fn appsecret_proof(app_secret: &Secret, token: &Secret) -> Secret {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.expose().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(token.expose().as_bytes());
    Secret::new(hex::encode(mac.finalize().into_bytes()))
}

/// The id by which Meta's support finds a call. What does not look like one is left out: ids have 11
/// to 24 characters of base64url where they were observed.
fn trace(response: &Response) -> Option<&str> {
    let id = response.header("x-fb-trace-id")?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(is_plain)).then_some(id)
}

/// Masks every hidden value in a text of the API: Graph likes to quote a token it refuses.
fn mask(text: &str, hidden: &[Secret]) -> String {
    hidden
        .iter()
        .map(Secret::expose)
        .filter(|secret| secret.len() >= 4)
        .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
}

/// The beginning of a body that is no JSON, on one line.
fn excerpt(body: &[u8], mask: impl Fn(&str) -> String) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // What is left out may have parted a secret.
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    let short: String = mask(&line).chars().take(120).collect();
    if short.is_empty() {
        "an empty body".into()
    } else {
        format!("it begins with `{short}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_an_hmac_of_the_token_under_the_app_secret() {
        // RFC 4231, test case 2.
        let proof = appsecret_proof(
            &Secret::new("Jefe"),
            &Secret::new("what do ya want for nothing?"),
        );
        assert_eq!(
            proof.expose(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_what_looks_like_a_trace_id_is_taken_for_one() {
        #[track_caller]
        fn check(header: &str, expected: Option<&str>) {
            let response = Response {
                status: 200,
                headers: vec![("x-fb-trace-id".into(), header.into())],
                body: Vec::new(),
            };
            assert_eq!(trace(&response), expected, "{header}");
        }
        check("AdG3x_9-Zw0", Some("AdG3x_9-Zw0"));
        check("", None);
        check("\u{1b}[31mA", None);
        check(&"A".repeat(65), None);
    }

    #[test]
    fn excerpts_are_short_and_masked() {
        let hidden = [Secret::new("EAAtoken")];
        let body = "<html>\n\u{1b}[31m bad token EAAtoken ".to_owned() + &"x".repeat(500);
        let shown = excerpt(body.as_bytes(), |text| mask(text, &hidden));
        assert!(
            shown.starts_with("it begins with `<html> [31m bad token *** xxx"),
            "{shown}"
        );
        assert!(shown.len() < 150);
        let parted = excerpt(b"EAA\x01token", |text| mask(text, &hidden));
        assert_eq!(parted, "it begins with `***`");
    }
}
