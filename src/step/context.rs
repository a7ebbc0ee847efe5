//! What a step is given to do its work: the right to write, but only through the journal.
//!
//! [`Context::write`] is the one way a step changes anything: intent on disk, one attempt,
//! answer on disk; an outcome nobody knows is looked up in the world before anything is repeated.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    CodeAsked, CutOvers, Decision, Listing, Options, People, Review, Silence, StepKind, Stop,
    Uploads, answer,
};
use crate::{
    api::{
        CallError, Retry, Side, Write, Writes, genesys,
        meta::{Reader, Writer},
    },
    clock::Clock,
    finding::Finding,
    ids::{Address, PhoneNumberId},
    journal::{Event, Journal, JournalError, deeds::BEFORE},
    phone::Phone,
    plan::{Plan, files::Files},
    resource::{Observed, phone_number::PhoneNumber},
    secret::{Secret, SecretError, Secrets},
    snapshot::Snapshot,
};

/// Attempts of one write in one run, the first included.
pub(super) const ATTEMPTS: u32 = 5;

/// The pause before the first second look; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Pauses between looks for the effect of a write in doubt. "Register may take up to 15 s or more."
/// An error that was answered is over when the answer comes, so two looks are enough then.
const LOOKS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// How many times longer the pauses between two looks may be while a person is waited for.
const GATE_PACE: u32 = 4;

/// How a step came out, when it did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did its work.
    Done(String),
    /// Nothing was left to do.
    Already(String),
    /// It waits for something outside this run.
    Parked {
        /// What for.
        reason: String,
        /// What to do.
        next: String,
    },
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// A call failed.
    #[error("cannot {doing}")]
    Call {
        /// What was tried.
        doing: String,
        /// Why it failed.
        source: CallError,
    },
    /// A write may or may not have had its effect, and looking did not tell.
    #[error("cannot tell whether this had its effect: {doing}")]
    InDoubt {
        /// What was tried.
        doing: String,
        /// Why nobody knows.
        source: CallError,
    },
    /// Somebody asked to stop before it could be sent.
    #[error("the run was stopped, so nothing was sent")]
    Stopped,
    /// Meta asked for a pause that is not over.
    #[error("Meta takes this again from {0:.0} on")]
    Resting(Timestamp),
    /// A precondition no longer holds.
    #[error("a precondition does not hold")]
    Blocked(Vec<Finding>),
    /// It was tried, and these say what did not come out.
    #[error("it did not come out as wanted")]
    Failed(Vec<Finding>),
    /// What would be done is not what was reviewed.
    #[error("it is not as it was reviewed")]
    Stale(Box<Finding>),
    /// The journal cannot be written: nothing may be sent.
    #[error("the journal cannot be written, so nothing is sent")]
    Journal(#[from] JournalError),
    /// A secret could not be had.
    #[error("a secret cannot be read")]
    Secret(#[from] SecretError),
    /// The API answered something that makes no sense here.
    #[error("{0}")]
    Unexpected(String),
}

/// Whether a write may be sent again after its effect was looked for and not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Yes.
    AfterLookup,
    /// At once, without looking: a second one changes nothing.
    Harmless,
    /// Never in this run, and there is nothing to look at.
    CannotTell,
    /// Never in this run: a second one would do harm or cannot be told from the first.
    Never,
}

/// The rights in a Genesys Cloud organization: to look, and to change.
#[derive(Clone, Copy)]
pub struct Genesys<'a> {
    /// Looks.
    pub reader: &'a genesys::Reader,
    /// Changes.
    pub writer: &'a dyn Writes,
}

/// What a step waits for, and how.
struct Wait<'a> {
    step: &'a Address,
    waiting_for: &'a str,
    /// What a person can do about it.
    next: Option<&'a str>,
    /// `None`: as long as it takes.
    patience: Option<Duration>,
    longest_pause: Duration,
}

impl Wait<'_> {
    /// What waiting is called in the journal: a person is waited for at a gate.
    fn event(&self) -> Event {
        let (step, reason) = (self.step.clone(), self.waiting_for.to_owned());
        match self.next {
            Some(next) => Event::Gate {
                step,
                reason,
                next: next.to_owned(),
            },
            None => Event::Waiting {
                step,
                reason,
                next: None,
            },
        }
    }
}

/// How a write that worked is known to have worked.
#[derive(Debug)]
pub(super) enum Written<T> {
    /// The API answered.
    Answered(Value),
    /// No answer came, but the effect is there.
    Found(T),
}

/// Everything a step may use.
pub struct Context<'a> {
    /// Reads the source.
    pub source: &'a Reader,
    /// Reads the target.
    pub target: &'a Reader,
    /// What is wanted.
    pub plan: &'a Plan,
    /// Changes the target.
    pub writer: &'a Writer,
    /// Changes the source: sets migration intents, and nothing else.
    pub source_writer: &'a Writer,
    /// The rights in the Genesys Cloud organization; a plan without one has none.
    pub genesys: Option<Genesys<'a>>,
    /// Remembers.
    pub journal: &'a Journal,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// Reads the media of template files.
    pub files: &'a (dyn Files + Sync),
    /// Fetches one-time codes.
    pub secrets: &'a dyn Secrets,
    /// PINs and verify tokens, read and checked before the first write.
    pub ready_secrets: &'a BTreeMap<crate::secret::SecretRef, Secret>,
    /// Can be asked.
    pub people: &'a dyn People,
    /// How this run behaves.
    pub options: &'a Options,
    /// What was reviewed; without it everything that is to do may be done.
    pub review: Option<&'a dyn Review>,
    /// Whether to stop.
    pub stop: &'a Stop,
    /// Which number is silent.
    pub silence: &'a Silence,
    /// How many cut-overs may still begin.
    pub cut_overs: &'a CutOvers,
    /// Shares fresh lists of templates between steps.
    pub listing: &'a Listing,
    /// Keeps steps from uploading the same content at the same time.
    pub uploads: &'a Uploads,
    /// The world as this run knows it by now.
    pub seen: &'a Mutex<Snapshot>,
}

impl Context<'_> {
    /// Returns the world as this run knows it. Never held across an await.
    pub fn seen(&self) -> MutexGuard<'_, Snapshot> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a secret that was read before the first write.
    pub(super) fn ready(&self, reference: &crate::secret::SecretRef) -> Result<Secret, StepError> {
        self.ready_secrets
            .get(reference)
            .cloned()
            .ok_or_else(|| StepError::Secret(SecretError::Missing(reference.clone())))
    }

    /// Returns the id of a number on the target.
    pub(super) fn number_id(&self, phone: &Phone) -> Result<PhoneNumberId, StepError> {
        let seen = self.seen();
        let number = seen.target.known(phone).map(|number| number.id.clone());
        number.ok_or_else(|| StepError::Unexpected(format!("{phone} is not on the target")))
    }

    /// Reads a number of the target again and remembers it.
    pub(super) async fn look_at(&self, phone: &Phone) -> Result<PhoneNumber, StepError> {
        let id = self.number_id(phone)?;
        let number = self
            .target
            .get(&PhoneNumber::read(&id))
            .await
            .map_err(|source| StepError::Call {
                doing: format!("read {phone} on the target"),
                source,
            })?;
        self.remember(Side::Target, number.clone());
        Ok(number)
    }

    /// Remembers a number as it is on one side now.
    pub(super) fn remember(&self, side: Side, number: PhoneNumber) {
        let mut seen = self.seen();
        let account = match side {
            Side::Source => &mut seen.source,
            Side::Target => &mut seen.target,
            // Numbers are Meta's.
            Side::Genesys => return,
        };
        // One number tells nothing about the others of a list that could not be read.
        if let Observed::Present(numbers) = &mut account.numbers {
            numbers.retain(|known| known.id != number.id);
            numbers.push(number);
        }
    }

    /// Keeps something in the journal that the API will forget or cannot show.
    pub(super) fn keep(&self, step: &Address, what: &str, data: Value) -> Result<(), StepError> {
        let kept = Event::Kept {
            step: step.clone(),
            what: what.to_owned(),
            data: data.clone(),
        };
        self.journal.record(kept.clone())?;
        let mut seen = self.seen();
        seen.history.note(&kept, self.clock.now());
        seen.history
            .kept
            .insert((step.clone(), what.to_owned()), data);
        Ok(())
    }

    /// Keeps what a step is about to change, so that it can be taken back: of each thing what stood
    /// there first, as long as it was not taken back.
    pub(super) fn keep_before(
        &self,
        step: &Address,
        before: &Map<String, Value>,
    ) -> Result<(), StepError> {
        let unkept = self.seen().history.deeds.unkept(step, before);
        match unkept.is_empty() {
            true => Ok(()),
            false => self.keep(step, BEFORE, Value::Object(unkept)),
        }
    }

    /// Sends a write. `lookup` says whether its effect is in the world.
    pub(super) async fn write<T, F>(
        &self,
        step: &Address,
        doing: &str,
        write: &Write,
        repeat: Repeat,
        lookup: impl Fn() -> F,
    ) -> Result<Written<T>, StepError>
    where
        F: Future<Output = Result<Option<T>, CallError>>,
    {
        self.is_rested(step)?;
        let most = if write.is_now_or_never { 1 } else { ATTEMPTS };
        let mut attempt = 1;
        loop {
            let error = match self.attempt(step, attempt, write).await? {
                Ok(answer) => return Ok(Written::Answered(answer)),
                Err(error) => error,
            };
            let failed = |source| {
                Err(StepError::Call {
                    doing: doing.to_owned(),
                    source,
                })
            };
            if error.leaves_doubt() && repeat != Repeat::Harmless {
                let looks = if error.is_answered() {
                    &LOOKS[..2]
                } else {
                    &LOOKS[..]
                };
                if repeat == Repeat::CannotTell {
                    return Err(StepError::InDoubt {
                        doing: doing.to_owned(),
                        source: error,
                    });
                }
                match self.look_up(step, looks, &lookup).await? {
                    Some(found) => return Ok(Written::Found(found)),
                    None if repeat == Repeat::Never => {
                        return Err(StepError::InDoubt {
                            doing: doing.to_owned(),
                            source: error,
                        });
                    }
                    None => {}
                }
            }
            match error.retry() {
                Retry::Soon if attempt < most && self.stop.asked().is_none() => {
                    self.pause_after(step, attempt, &error).await?;
                }
                Retry::Later(_) if attempt < most => {}
                Retry::Soon | Retry::Later(_) | Retry::Never => return failed(error),
            }
            attempt += 1;
        }
    }

    /// Refuses a step that has looked again and would do what nobody reviewed.
    pub(super) fn as_reviewed(&self, step: &impl StepKind) -> Result<(), StepError> {
        if self.review.is_none() {
            return Ok(());
        }
        let decision = step.decide(&self.seen());
        let now = match decision {
            Decision::Done(_) => return Ok(()),
            Decision::Blocked(findings) => return Err(StepError::Blocked(findings)),
            Decision::Change(now) => now,
        };
        let address = step.address();
        let was_done = self.seen().history.done.contains(&address);
        let objects = |review: &dyn Review| review.objection(&address, &now, was_done);
        match self.review.and_then(objects) {
            Some(finding) => Err(StepError::Stale(Box::new(finding))),
            None => Ok(()),
        }
    }

    /// Refuses a step to which Meta has given a pause that is not over.
    pub(super) fn is_rested(&self, step: &Address) -> Result<(), StepError> {
        let resting = self.seen().history.resting.get(step).copied();
        match resting.filter(|until| *until > self.clock.now()) {
            Some(until) => Err(StepError::Resting(until)),
            None => Ok(()),
        }
    }

    /// Returns the rights in the Genesys Cloud organization.
    pub(super) fn organization(&self) -> Result<Genesys<'_>, StepError> {
        self.genesys.ok_or_else(|| {
            StepError::Unexpected("the plan names no Genesys Cloud organization".to_owned())
        })
    }

    /// Returns who may change one side.
    fn writer_of(&self, side: Side) -> Result<&dyn Writes, StepError> {
        match side {
            Side::Source => Ok(self.source_writer),
            Side::Target => Ok(self.writer),
            Side::Genesys => Ok(self.organization()?.writer),
        }
    }

    /// One attempt: intent on disk, request, answer on disk.
    async fn attempt(
        &self,
        step: &Address,
        attempt: u32,
        write: &Write,
    ) -> Result<Result<Value, CallError>, StepError> {
        let writer = self.writer_of(write.side)?;
        self.tell_rest(step, writer)?;
        match self.stop.or_leave(writer.ready(write)).await {
            None => return Err(StepError::Stopped),
            Some(Err(error)) => return Ok(Err(error)),
            Some(Ok(())) => {}
        }
        let (method, path) = (write.method.as_str(), &write.path);
        let params = write.public_params();
        let intended = Event::intent(step, attempt, method, path, params.clone());
        let intent = self.journal.intend(step, attempt, method, path, params)?;
        self.seen().history.note(&intended, self.clock.now());
        let sent = writer.send(intent, write).await;
        let answered = Event::Answered {
            step: step.clone(),
            attempt,
            answer: answer(&sent),
        };
        self.seen().history.note(&answered, self.clock.now());
        self.journal.record(answered)?;
        Ok(sent.result)
    }

    /// Waits until the same may work: a moment, or until a rate limit has passed. False: it never
    /// will, that takes too long, or somebody asked to stop.
    pub(super) async fn may_try_again(
        &self,
        step: &Address,
        error: &StepError,
        attempt: u32,
    ) -> Result<bool, JournalError> {
        let StepError::Call { source, .. } = error else {
            return Ok(false);
        };
        match source.retry() {
            Retry::Never => return Ok(false),
            Retry::Soon => self.pause_after(step, attempt, source).await?,
            Retry::Later(_) => {
                let writer = match (source, self.genesys) {
                    (CallError::Declined(_), Some(genesys)) => genesys.writer,
                    _ => self.writer,
                };
                self.tell_rest(step, writer)?;
                let rested = self.stop.or_leave(writer.rest()).await;
                if !matches!(rested, Some(Ok(()))) {
                    return Ok(false);
                }
            }
        }
        Ok(self.stop.asked().is_none())
    }

    /// Waits before a write is tried again: longer after every attempt.
    async fn pause_after(
        &self,
        step: &Address,
        attempt: u32,
        error: &CallError,
    ) -> Result<(), JournalError> {
        let seconds = 1 << (attempt - 1);
        self.journal.record(Event::Retrying {
            step: step.clone(),
            attempt: attempt + 1,
            seconds,
            reason: error.to_string(),
        })?;
        let pause = self.clock.sleep(Duration::from_secs(seconds));
        self.stop.or_leave(pause).await;
        Ok(())
    }

    /// Says that a rate limit holds the next write back, and until when.
    fn tell_rest(&self, step: &Address, writer: &dyn Writes) -> Result<(), JournalError> {
        match writer.rests_until() {
            Some(until) => self.journal.record(Event::RateLimited {
                step: step.clone(),
                until,
            }),
            None => Ok(()),
        }
    }

    /// Looks for the effect of a write in doubt, with growing pauses, and journals what it found.
    /// When even looking fails, the doubt stays in the journal for the next run.
    async fn look_up<T, F>(
        &self,
        step: &Address,
        looks: &[Duration],
        lookup: impl Fn() -> F,
    ) -> Result<Option<T>, StepError>
    where
        F: Future<Output = Result<Option<T>, CallError>>,
    {
        let mut found = None;
        for pause in looks {
            self.clock.sleep(*pause).await;
            let doing = || format!("look up what came of {step}");
            found = lookup().await.map_err(|source| StepError::InDoubt {
                doing: doing(),
                source,
            })?;
            if found.is_some() {
                break;
            }
        }
        let looked_up = Event::LookedUp {
            step: step.clone(),
            found: found.is_some(),
        };
        self.seen().history.note(&looked_up, self.clock.now());
        self.journal.record(looked_up)?;
        Ok(found)
    }

    /// Looks again and again until `look` finds what it looks for. `None`: the patience ran out or
    /// somebody asked to stop. A run that has lost its lease meanwhile ends.
    pub(super) async fn poll<T, F>(
        &self,
        step: &Address,
        waiting_for: &str,
        patience: Option<Duration>,
        look: impl Fn() -> F,
    ) -> Result<Option<T>, StepError>
    where
        F: Future<Output = Result<Option<T>, StepError>>,
    {
        let wait = Wait {
            step,
            waiting_for,
            next: None,
            patience,
            longest_pause: self.options.poll_interval,
        };
        self.wait(&wait, look).await
    }

    /// Waits for a person: as long as it takes when somebody is there, else one look. People are
    /// slower than machines, so it looks less often.
    pub(super) async fn gate<T, F>(
        &self,
        step: &Address,
        waiting_for: &str,
        next: &str,
        look: impl Fn() -> F,
    ) -> Result<Option<T>, StepError>
    where
        F: Future<Output = Result<Option<T>, StepError>>,
    {
        let patience = if self.options.attended {
            self.options.wait
        } else {
            Some(Duration::ZERO)
        };
        self.gate_for(step, waiting_for, next, patience, look).await
    }

    /// Waits for a person for so long.
    pub(super) async fn gate_for<T, F>(
        &self,
        step: &Address,
        waiting_for: &str,
        next: &str,
        patience: Option<Duration>,
        look: impl Fn() -> F,
    ) -> Result<Option<T>, StepError>
    where
        F: Future<Output = Result<Option<T>, StepError>>,
    {
        let wait = Wait {
            step,
            waiting_for,
            next: Some(next),
            patience,
            longest_pause: self.options.poll_interval * GATE_PACE,
        };
        self.wait(&wait, look).await
    }

    async fn wait<T, F>(
        &self,
        wait: &Wait<'_>,
        look: impl Fn() -> F,
    ) -> Result<Option<T>, StepError>
    where
        F: Future<Output = Result<Option<T>, StepError>>,
    {
        let &Wait {
            step: _,
            waiting_for: _,
            next,
            patience,
            longest_pause,
        } = wait;
        let deadline = patience.map(|patience| self.clock.now().saturating_add(patience));
        let deadline = deadline.map(|deadline| deadline.unwrap_or(Timestamp::MAX));
        let mut pause = FIRST_PAUSE.min(longest_pause);
        let mut told = false;
        loop {
            if let Some(found) = look().await? {
                return Ok(Some(found));
            }
            let late = deadline.is_some_and(|deadline| self.clock.now() >= deadline);
            let gives_up = late || self.stop.asked().is_some();
            // A gate is told also where nobody waits for it.
            if !told && (!gives_up || next.is_some()) {
                self.journal.record(wait.event())?;
                told = true;
            }
            if gives_up {
                return Ok(None);
            }
            let left =
                deadline.map(|deadline| self.clock.now().duration_until(deadline).unsigned_abs());
            let sleep = self.clock.sleep(left.map_or(pause, |left| pause.min(left)));
            self.stop.or_leave(sleep).await;
            self.journal.is_ours()?;
            pause = (pause * 2).min(longest_pause);
        }
    }

    /// Asks a person for a one-time code. `None`: nobody is there, or the run is to stop.
    pub(super) async fn ask_code(&self, asked: CodeAsked) -> Option<Secret> {
        self.stop.or_leave(self.people.code(asked)).await.flatten()
    }
}
