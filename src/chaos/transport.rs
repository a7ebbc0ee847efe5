//! The disturbed transport and clock around the simulator's, and the people of a play. Every request
//! is judged when it leaves.
//!
//! A process that has died sends nothing, hears nothing, and no time passes for it: whatever it
//! would wait for never comes, and its future is dropped.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt, pending};
use jiff::Timestamp;

use super::{
    faults::Trouble,
    organization::{is_genesys, is_login},
    scene::{Fate, Scene},
};
use crate::{
    api::transport::{Download, Method, Request, Response, Transport, TransportError},
    clock::Clock,
    phone::Phone,
    plan::Plan,
    secret::{Secret, SecretError, SecretRef, Secrets},
    sim::script::{Effect, Match, Moment, ScriptedError, Verb},
    step::{CodeAsked, People},
};

/// A door to the simulator through which things go wrong.
pub(super) struct Disturbed {
    pub(super) scene: Arc<Scene>,
    pub(super) inner: Arc<dyn Transport>,
}

impl Transport for Disturbed {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.carry(request).boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        async move {
            self.alive().await;
            self.inner.download(download).await
        }
        .boxed()
    }
}

impl Disturbed {
    async fn alive(&self) {
        if self.scene.is_dead() {
            pending::<()>().await;
        }
    }

    async fn carry(&self, request: Request) -> Result<Response, TransportError> {
        self.alive().await;
        let path = without_version(&request.path).to_owned();
        let is_write = request.method != Method::Get && !is_login(&path);
        let fate = self.scene.call_leaves(is_write);
        let looks = match is_write {
            true => {
                self.write_leaves(request.method, &path);
                Vec::new()
            }
            false => self.scene.simulator.world(|world| {
                let state = self.scene.state();
                state.witness.looks_at(world, &path)
            }),
        };
        match fate {
            Fate::Plain => {}
            Fate::Struck(trouble) => self.strike(&request, &trouble),
            Fate::Death(moment) => {
                if moment == Moment::AfterEffect {
                    self.inner.send(request).await.ok();
                }
                self.scene.die();
                return pending().await;
            }
        }
        let answer = self.inner.send(request).await;
        self.alive().await;
        if !is_write && answer.as_ref().is_ok_and(|answer| answer.status < 400) {
            let now = self.scene.simulator.world(|world| world.now);
            self.scene.state().witness.has_read(now, &path, looks);
        }
        answer
    }

    fn write_leaves(&self, method: Method, path: &str) {
        self.scene.show_journal();
        self.scene.simulator.world(|world| {
            let mut state = self.scene.state();
            state.witness.write_leaves(world, method.as_str(), path);
        });
    }

    /// Has the simulator disturb this one call.
    fn strike(&self, request: &Request, trouble: &Trouble) {
        let effect = match trouble {
            Trouble::Cut(moment) => Effect::Cut(*moment),
            Trouble::Timeout(moment) => Effect::Timeout(*moment),
            Trouble::ServerError(moment) => Effect::ServerError(*moment),
            Trouble::Throttled(minutes) => Effect::Throttle { minutes: *minutes },
            Trouble::Late(seconds) => Effect::Delay { seconds: *seconds },
            _ => Effect::Error(passing(&request.path)),
        };
        let verb = match request.method {
            Method::Get => Verb::Get,
            Method::Post => Verb::Post,
            Method::Put => Verb::Put,
            Method::Patch => Verb::Patch,
            Method::Delete => Verb::Delete,
        };
        let path = without_version(&request.path).trim_start_matches('/');
        self.scene.simulator.fault(Match::first(verb, path), effect);
    }
}

/// "Something went wrong", as Meta says it when trying again may help. Genesys Cloud says 503.
fn passing(path: &str) -> ScriptedError {
    ScriptedError {
        code: if is_genesys(path) { 503 } else { 131_000 },
        subcode: None,
        message: "Something went wrong".into(),
        details: None,
        transient: false,
        status: None,
    }
}

/// Returns a path without its API version.
pub(super) fn without_version(path: &str) -> &str {
    let rest = path.trim_start_matches('/');
    match rest.split_once('/') {
        Some((version, _)) if version.starts_with('v') => &path[version.len() + 1..],
        _ => path,
    }
}

/// The machine's clock, which may be wrong.
pub(super) struct Skewed {
    pub(super) scene: Arc<Scene>,
    pub(super) inner: Arc<dyn Clock>,
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        self.scene.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let sleep = self.inner.sleep(duration);
        async move {
            if self.scene.is_dead() {
                pending::<()>().await;
            }
            sleep.await;
        }
        .boxed()
    }
}

/// A transport of somebody who must not send anything.
pub(super) struct Forbidden {
    pub(super) sent: std::sync::atomic::AtomicUsize,
}

impl Transport for Forbidden {
    fn send(&self, _: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.sent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let error = TransportError::Cut("nothing may be sent here".into());
        std::future::ready(Err(error)).boxed()
    }
}

/// People who read codes off the simulated phones, where somebody is there.
pub(super) struct Readers {
    pub(super) scene: Arc<Scene>,
    pub(super) is_there: bool,
}

impl People for Readers {
    fn code(&self, asked: CodeAsked) -> BoxFuture<'_, Option<Secret>> {
        async move {
            if self.scene.is_dead() {
                pending::<()>().await;
            }
            let code = self.scene.simulator.code(&asked.phone);
            code.filter(|_| self.is_there).map(Secret::new)
        }
        .boxed()
    }
}

/// One-time codes where the plan of an unattended run says that they are: whoever has the phones puts
/// them there.
pub(super) struct CodesOfPhones {
    scene: Arc<Scene>,
    places: BTreeMap<SecretRef, Phone>,
    others: Arc<dyn Secrets>,
}

impl CodesOfPhones {
    /// Returns a plan that says where every code is, and the secrets that have them.
    pub(super) fn told_in(
        plan: &Plan,
        others: Arc<dyn Secrets>,
        scene: Arc<Scene>,
    ) -> (Plan, Arc<dyn Secrets>) {
        let mut plan = plan.clone();
        let mut places = BTreeMap::new();
        for number in &mut plan.numbers {
            let place = SecretRef::File(format!("codes/{}", number.phone).into());
            places.insert(place.clone(), number.phone.clone());
            number.otp.code = Some(place);
        }
        let codes = Self {
            scene,
            places,
            others,
        };
        (plan, Arc::new(codes))
    }
}

impl Secrets for CodesOfPhones {
    fn read<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>> {
        let Some(phone) = self.places.get(reference) else {
            return self.others.read(reference);
        };
        let missing = || SecretError::Missing(reference.clone());
        let code = self.scene.simulator.code(phone);
        std::future::ready(code.map(Secret::new).ok_or_else(missing)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::without_version;

    #[test]
    fn the_version_is_taken_off() {
        for (path, bare) in [
            ("/v25.0/1/register", "/1/register"),
            ("/1/register", "/1/register"),
            ("/v25.0/upload:abc", "/upload:abc"),
        ] {
            assert_eq!(without_version(path), bare);
        }
    }
}
