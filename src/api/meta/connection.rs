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
use serde::de::DeserializeOwned;
use sha2::Sha256;
use tokio::sync::{Semaphore, SemaphorePermit};
use tracing::{debug, warn};

use super::{error::GraphError, usage::Load};
use crate::{
    api::{
        call::CallError,
        hidden::{Hidden, plain_id},
        quiet::{Patience, Quiet},
        transport::{Download, Param, Request, Response, Transport, TransportError},
    },
    clock::Clock,
    secret::Secret,
};

/// Calls of one token that are under way at the same time.
const AT_ONCE: usize = 8;

/// One token's connection. Shared by the reader and the writer of the same token, so that both
/// keep the same pace.
pub struct Connection {
    transport: Arc<dyn Transport>,
    version: String,
    token: Secret,
    proof: Option<Secret>,
    hidden: Hidden,
    pub(super) patience: Patience,
    pub(super) quiet: Quiet,
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
        let secrets = [Some(token.clone()), app_secret, proof.clone()];
        let hidden = Hidden::new(secrets.into_iter().flatten());
        let version = version.into();
        Self {
            transport,
            version,
            token,
            proof,
            hidden,
            patience,
            quiet: Quiet::new(clock),
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
        self.hidden.add(secret);
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
        self.quiet.wait(patience).await?;
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
        let masks = self.hidden.masks();
        let (method, path) = (request.method, request.path.clone());
        let response = self.transport.send(request).await.inspect_err(|error| {
            warn!(%method, %path, %error, "no answer");
        })?;
        debug!(%method, %path, status = response.status, "answered");

        let load = Load::of(&response);
        self.note_load(&load);
        let mask = |text: &str| masks.mask(text);
        let traced = response.header("x-fb-trace-id").and_then(plain_id);
        *trace_id = traced.map(mask);
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
            return Err(garbled(masks.excerpt(&response.body)));
        }
        error
            .and_then(|_| serde_json::from_slice(&response.body))
            .map_err(|error| garbled(mask(&format!("{error}; {}", masks.excerpt(&response.body)))))
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

    /// Waits on this connection's clock.
    pub(super) async fn sleep(&self, pause: Duration) {
        self.quiet.clock.sleep(pause).await;
    }

    async fn slot(&self) -> SemaphorePermit<'_> {
        let slot = self.slots.acquire().await;
        slot.expect("the semaphore is never closed")
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
            self.quiet.keep(pause);
        }
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
}
