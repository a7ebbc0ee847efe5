//! One run of a play, as a process of its own: from its lock to its end or death. It puts the parts of
//! a run together as the command line does.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, atomic::AtomicUsize},
    task::Poll,
};

use futures_util::future::FutureExt;

use super::{
    connections::{Connections, Doors, ready_secrets},
    people::Wishes,
    play::Play,
    rules::{Breach, Rule},
    transport::{Forbidden, Readers, Skewed},
};
use crate::{
    apply::{Report, Scope, apply},
    changeset::{Approved, ChangeSet, Sealed, compute},
    clock::Clock,
    finding::Finding,
    ids::RunId,
    journal::{
        Event, History, Journal, JournalError, Lock, StepEnd, event::VERSION, read::history,
    },
    plan::Plan,
    report::events,
    snapshot::{Snapshot, observe},
    step::{Context, CutOvers, Genesys, Listing, Options, Review, Silence, Stop, Uploads},
};

/// How one run ended.
pub(super) enum RunEnd {
    /// Nothing was to do.
    Nothing,
    /// Something was not as it was reviewed, before the first write.
    Stale(Vec<Finding>),
    /// Something stood in the way before the first write.
    Blocked(Vec<Finding>),
    /// It went to its end.
    Ended(Report),
    /// It was killed.
    Died,
}

/// One runner: what it sends through, and how it behaves.
pub(super) struct Runner {
    pub(super) doors: Doors,
    pub(super) options: Options,
}

/// What a run looks through, and what it has seen.
struct Look {
    connections: Connections,
    clock: Arc<dyn Clock>,
    seen: Snapshot,
    changes: ChangeSet,
}

impl Play<'_> {
    /// One process, from its lock to its end or death.
    pub(super) async fn run(&self, runner: &Runner) -> Result<RunEnd, JournalError> {
        let plan = &self.plan;
        let lock = Lock::take(self.root, &plan.name, "rehearsal")?;
        match self.drive(self.work(runner, &lock)).await {
            Some(ended) => ended,
            None => Ok(RunEnd::Died),
        }
    }

    /// Lets a process work until it ends or dies. `None`: it has died.
    async fn drive<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            let polled = work.as_mut().poll(cx);
            if self.scene.take_second() {
                self.second_runner();
            }
            match self.scene.is_dead() {
                true => Poll::Ready(None),
                false => polled.map(Some),
            }
        })
        .await
    }

    /// Starts the same migration once more: it must find the lock, and send nothing.
    fn second_runner(&self) {
        let forbidden = Arc::new(Forbidden {
            sent: AtomicUsize::new(0),
        });
        let runner = Runner {
            doors: Doors {
                meta: forbidden.clone(),
                genesys: forbidden.clone(),
            },
            options: self.options(&Wishes::default()),
        };
        let ended = self.run(&runner).now_or_never();
        let is_locked = matches!(ended, Some(Err(JournalError::Locked { .. })));
        let sent = forbidden.sent.load(std::sync::atomic::Ordering::SeqCst);
        if !is_locked || sent > 0 {
            let what = format!("a second runner was let in and sent {sent} calls");
            let breach = Breach::new(Rule::SecondRunner, what);
            self.scene.state().witness.breaches.push(breach);
        }
    }

    /// Looks at the world and decides every step.
    async fn look(&self, doors: &Doors) -> Result<Look, JournalError> {
        let plan = &self.plan;
        let clock: Arc<dyn Clock> = Arc::new(Skewed {
            scene: self.scene.clone(),
            inner: self.scene.simulator.clock(),
        });
        let history: History = history(self.root, &plan.name)?;
        let connections = Connections::open(plan, &*self.secrets, &self.hidden, doors, &clock);
        let mut seen = observe(plan, &connections.readers, history, clock.now()).await;
        if let Some(approved) = &self.approved {
            approved.recall(plan, &mut seen);
        }
        let changes = compute(plan, &self.graph, &seen);
        Ok(Look {
            connections,
            clock,
            seen,
            changes,
        })
    }

    /// Saves a change set and has it reviewed: what `apply` reads again is what is in the file.
    pub(super) async fn review(&self) -> Result<Approved, JournalError> {
        let look = self.look(&Doors::of(&self.scene.simulator)).await?;
        let saved = Sealed::of(look.changes, Some("plan.yaml".into())).canonical();
        Ok(Approved::read(saved.as_bytes()).expect("what was saved is a change set"))
    }

    async fn work(&self, runner: &Runner, lock: &Lock) -> Result<RunEnd, JournalError> {
        let plan = &self.plan;
        let Look {
            connections,
            clock,
            seen,
            changes,
        } = self.look(&runner.doors).await?;
        let review = self.approved.as_ref();
        let objections = review.map(|approved| approved.objections(&changes, &seen));
        let objections: Vec<_> = objections.into_iter().flatten().collect();
        if !objections.is_empty() {
            let findings = objections.into_iter().map(|(_, finding)| finding);
            return Ok(RunEnd::Stale(findings.collect()));
        }
        let blocking: Vec<_> = changes
            .findings
            .iter()
            .filter(|it| it.blocks())
            .cloned()
            .collect();
        if !blocking.is_empty() {
            return Ok(RunEnd::Blocked(blocking));
        }
        if changes.is_empty() {
            return Ok(RunEnd::Nothing);
        }
        let run = RunId::new(clock.now(), self.random());
        let listener = {
            let scene = self.scene.clone();
            Arc::new(move |entry: &_| scene.line_written(entry))
        };
        let journal = Journal::create(lock, run, clock.clone(), Some(listener))?;
        self.scene.run_begins(journal.run());
        let reviewed = review.map(|approved| approved.digest.clone());
        journal.record(started(plan, journal.run(), reviewed))?;
        let people = Readers {
            scene: self.scene.clone(),
            is_there: runner.options.attended,
        };
        let secrets = &*self.secrets;
        let report = apply(
            &self.graph,
            &Scope::default(),
            &Context {
                source: &connections.readers.source,
                target: &connections.readers.target,
                plan,
                writer: &connections.writer,
                source_writer: &connections.source_writer,
                genesys: connections
                    .genesys
                    .as_ref()
                    .map(|(reader, writer)| Genesys { reader, writer }),
                journal: &journal,
                clock: &*clock,
                files: self.setting.files,
                secrets,
                ready_secrets: &ready_secrets(plan, secrets),
                people: &people,
                options: &runner.options,
                review: review.map(|approved| approved as &dyn Review),
                stop: &Stop::default(),
                silence: &Silence::default(),
                cut_overs: &CutOvers::of(&plan.policy),
                listing: &Listing::of(&seen),
                uploads: &Uploads::default(),
                seen: &Mutex::new(seen),
            },
        )
        .await;
        journal.record(Event::RunEnded { code: 0 })?;
        let told = events::summary(&report, changes.summary.done);
        self.scene.state().shown.push_str(&told);
        Ok(RunEnd::Ended(report))
    }

    /// Nobody can tell two runs apart that begin in one millisecond, so they are counted.
    fn random(&self) -> [u8; 10] {
        let [high, low] = (self.runs as u16).to_be_bytes();
        [0, 0, 0, 0, 0, 0, 0, 0, high, low]
    }
}

/// What a run left undone, in words.
pub(super) fn left(end: &RunEnd) -> String {
    let lines: Vec<_> = match end {
        RunEnd::Nothing => Vec::new(),
        RunEnd::Died => vec!["the process died".to_owned()],
        RunEnd::Blocked(findings) | RunEnd::Stale(findings) => {
            let findings = findings.iter();
            findings
                .map(|it| format!("{}: {}", it.rule, it.message))
                .collect()
        }
        RunEnd::Ended(report) => {
            let good = |end| matches!(end, StepEnd::Done | StepEnd::Already | StepEnd::NotStarted);
            let ended = report.ended.iter().filter(|ended| !good(ended.end));
            ended
                .map(|it| format!("{}: {}", it.step, it.note))
                .collect()
        }
    };
    lines.join("; ")
}

fn started(plan: &Plan, run: RunId, change_set: Option<String>) -> Event {
    Event::RunStarted {
        journal: VERSION,
        run,
        plan: plan.name.clone(),
        plan_digest: plan.digest.clone(),
        host: "rehearsal".into(),
        user: "rehearsal".into(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        change_set,
        ci_job: None,
        commit: None,
    }
}
