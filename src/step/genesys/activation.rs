//! Activates the new integration of a number: Genesys Cloud registers the number at Meta. **The point of
//! no return**, and the only register of a number that is used there.
//!
//! Meta counts the attempts, so one run sends one at most, and none while an earlier one may be at work:
//! its state is read first, and an activation that was accepted or whose answer was lost is given ten
//! minutes.
//!
//! In doubt: an integration that is starting or active was activated. What does not show that is never
//! sent again by the same run.
//!
//! Source: <https://developer.genesys.cloud/commdigital/digital/whatsapp/>

use std::time::Duration;

use super::Subject;
use crate::{
    api::{CallError, genesys::ApiError},
    finding::{Finding, Who},
    ids::{Address, IntegrationId},
    resource::genesys::integration::{CreateStatus, Integration, IntegrationStatus},
    secret::SecretRef,
    step::{
        Context, Outcome, StepError,
        clearance::{Clearance, may_activate},
        context::Repeat,
        cut_over::attempts_used_up,
        two_step_off,
    },
};

/// How long an activation may be at work without showing it.
const AT_WORK: Duration = Duration::from_secs(600);

/// How long the error of an earlier activation may still be shown after a new one.
const STALE_ERROR: Duration = Duration::from_secs(20);

/// What came of an activation, or of waiting for one.
pub(super) enum Activated {
    /// It is active.
    Yes,
    /// It is not, and waiting any longer is for another run.
    Not(Outcome),
}

/// What was said of the activation itself, where it was refused for that.
fn judged(error: &StepError) -> Option<&ApiError> {
    let StepError::Call { source, .. } = error else {
        return None;
    };
    source.genesys().filter(|said| said.judges())
}

/// An integration that is to be active.
pub(super) struct Activation<'a> {
    pub(super) subject: &'a Subject,
    pub(super) step: &'a Address,
    pub(super) id: &'a IntegrationId,
    /// What it will be called.
    pub(super) name: &'a str,
    pub(super) pin: &'a SecretRef,
}

impl Activation<'_> {
    /// Activates it, unless that was done, and waits for it. `may_begin` is asked before anything is
    /// sent: an outcome says why not.
    pub(super) async fn run<F>(
        &self,
        cx: &Context<'_>,
        may_begin: impl FnOnce() -> F,
    ) -> Result<Activated, StepError>
    where
        F: Future<Output = Result<Option<Outcome>, StepError>>,
    {
        let one = self.read(cx).await?;
        if one.is_active() {
            return Ok(Activated::Yes);
        }
        if one.create_status == Some(CreateStatus::Error) {
            return Err(self.failed(cx, &one));
        }
        if let Some(waited) = self.wait_for_earlier(cx, &one).await? {
            return Ok(waited);
        }
        if let Some(parked) = attempts_used_up(cx, &self.subject.phone) {
            return Ok(Activated::Not(parked));
        }
        if let Some(parked) = may_begin().await? {
            return Ok(Activated::Not(parked));
        }
        let proof = match may_activate(cx, self.step, &self.subject.phone, self.id).await? {
            Clearance::Cleared(proof) => proof,
            Clearance::GateClosed => {
                let closed = two_step_off::closed_again(&self.subject.phone);
                return Ok(Activated::Not(closed));
            }
            Clearance::Refused(findings) => return Err(StepError::Blocked(findings)),
            Clearance::Registered => return self.wait(cx, None, cx.options.wait).await,
        };
        let write = proof.activate(self.name, cx.ready(self.pin)?);
        let reader = cx.organization()?.reader;
        let lookup = || async {
            let found = reader.find(&Integration::read(self.id)).await?;
            let is_on = |now: &Integration| {
                let starts = now.status == Some(IntegrationStatus::Starting);
                now.is_active() || starts && one.status != now.status
            };
            Ok::<_, CallError>(found.filter(is_on).map(|_| ()))
        };
        let doing = format!("activate the new integration of {}", self.subject.phone);
        let sent = cx
            .write(self.step, &doing, &write, Repeat::Never, lookup)
            .await;
        match sent {
            Ok(_) => self.wait(cx, Some(&one), cx.options.wait).await,
            Err(error) => match judged(&error) {
                Some(said) => self.refused(cx, &one, said).await,
                None => Err(error),
            },
        }
    }

    async fn read(&self, cx: &Context<'_>) -> Result<Integration, StepError> {
        let reader = cx.organization()?.reader;
        let read = reader.get(&Integration::read(self.id)).await;
        read.map_err(|source| StepError::Call {
            doing: format!("read the new integration of {}", self.subject.phone),
            source,
        })
    }

    /// Waits for an activation that this run has not sent. `None`: there is none, or it has had its time
    /// and shows nothing.
    async fn wait_for_earlier(
        &self,
        cx: &Context<'_>,
        one: &Integration,
    ) -> Result<Option<Activated>, StepError> {
        let is_starting = one.status == Some(IntegrationStatus::Starting);
        let sent = cx.seen().history.number(&self.subject.phone).activation;
        let now = cx.clock.now();
        let begun = match (is_starting, sent) {
            // It is seen at work.
            (true, Some(_)) => return self.wait(cx, None, cx.options.wait).await.map(Some),
            // The popup has activated it, or new ones are called so.
            (true, None) => Some(one.date_created.unwrap_or(now)),
            (false, Some(sent)) if one.trouble().is_some() => {
                let age = now.duration_since(sent).unsigned_abs();
                return self
                    .wait_for_stale_error(cx, STALE_ERROR.saturating_sub(age))
                    .await;
            }
            (false, sent) => sent,
        };
        let left = |begun| AT_WORK.checked_sub(cx.clock.now().duration_since(begun).unsigned_abs());
        let Some((begun, patience)) = begun.and_then(|begun| Some((begun, left(begun)?))) else {
            return Ok(None);
        };
        let patience = cx.options.wait.map_or(patience, |wait| wait.min(patience));
        let waited = self.wait(cx, None, Some(patience)).await?;
        let is_over = left(begun).is_none_or(|left| left.is_zero());
        Ok(Some(waited).filter(|waited| matches!(waited, Activated::Yes) || !is_over))
    }

    /// The error that is shown may be that of the activation before the last one, which may be at work.
    /// `None`: it is the last one's.
    async fn wait_for_stale_error(
        &self,
        cx: &Context<'_>,
        left: Duration,
    ) -> Result<Option<Activated>, StepError> {
        let patience = cx.options.wait.map_or(left, |wait| wait.min(left));
        let look = || async {
            let now = self.read(cx).await?;
            Ok((now.is_active() || now.trouble().is_none()).then_some(()))
        };
        let waiting_for = "an earlier activation to show what came of it";
        match cx
            .poll(self.step, waiting_for, Some(patience), look)
            .await?
        {
            Some(()) => self.wait(cx, None, cx.options.wait).await.map(Some),
            None if patience < left => self.wait(cx, None, Some(Duration::ZERO)).await.map(Some),
            None => Ok(None),
        }
    }

    /// Waits until it is active. `before`: what it showed before the activation was sent, whose error
    /// may be shown for a while.
    async fn wait(
        &self,
        cx: &Context<'_>,
        before: Option<&Integration>,
        patience: Option<Duration>,
    ) -> Result<Activated, StepError> {
        let begun = cx.clock.now();
        let is_old = |now: &Integration| {
            let same = |before: &Integration| {
                before.trouble() == now.trouble()
                    && before.version == now.version
                    && before.status == now.status
            };
            before.is_some_and(same)
                && cx.clock.now().duration_since(begun).unsigned_abs() < STALE_ERROR
        };
        let look = || async {
            let now = self.read(cx).await?;
            let is_over = now.is_active() || now.trouble().is_some() && !is_old(&now);
            Ok(is_over.then_some(now))
        };
        let waiting_for = "the new integration to be active";
        match cx.poll(self.step, waiting_for, patience, look).await? {
            Some(one) if one.is_active() => Ok(Activated::Yes),
            Some(one) => Err(self.failed(cx, &one)),
            None => Ok(Activated::Not(Outcome::Parked {
                reason:
                    "Genesys Cloud is still activating the new integration; nobody hears the number"
                        .into(),
                next: "run apply again at once; it looks before it sends anything".into(),
            })),
        }
    }

    /// What an activation came to that was refused: it is at work already, or will not work.
    async fn refused(
        &self,
        cx: &Context<'_>,
        before: &Integration,
        error: &ApiError,
    ) -> Result<Activated, StepError> {
        let now = self.read(cx).await?;
        let starts = now.status == Some(IntegrationStatus::Starting) && before.status != now.status;
        match now.is_active() || starts {
            true => self.wait(cx, None, cx.options.wait).await,
            false => Err(self.not_activated(&now, &error.words())),
        }
    }

    /// What to do about an integration that says why it does not work.
    fn failed(&self, cx: &Context<'_>, one: &Integration) -> StepError {
        let said = one.trouble().unwrap_or_default();
        let said = cx
            .organization()
            .map_or_else(|_| String::new(), |it| it.reader.mask(&said));
        if one.create_status != Some(CreateStatus::Error) {
            return self.not_activated(one, &said);
        }
        let hint =
            "delete it in Genesys Cloud, finish the signup popup once more, then run apply again";
        self.told(
            one,
            "could not be created",
            &said,
            (Who::GenesysAdmin, hint.to_owned()),
        )
    }

    fn not_activated(&self, one: &Integration, said: &str) -> StepError {
        let phone = &self.subject.phone;
        let hint = format!(
            "check the PIN of {phone} (a number that was integrated before keeps its old one) and that two-step verification is off at the source, then run apply again: it tries once more; if Genesys Cloud does not take a second activation, delete this integration there and finish the popup again"
        );
        self.told(one, "could not be activated", said, (Who::Us, hint))
    }

    fn told(
        &self,
        one: &Integration,
        what: &str,
        said: &str,
        (who, hint): (Who, String),
    ) -> StepError {
        let phone = &self.subject.phone;
        let message =
            format!("the new integration of {phone} {what}, and nobody hears the number: {said}");
        let finding = Finding::fail("genesys-activation", self.step, message)
            .observed(format!("status: {}", one.status_word()))
            .ask(who, hint)
            .proof("GET /api/v2/conversations/messaging/integrations/whatsapp/{ID} is Active");
        StepError::Failed(vec![finding])
    }
}
