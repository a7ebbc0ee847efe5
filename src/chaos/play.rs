//! One play: runs of the real applier on the simulator, each as a process of its own, until nothing
//! is left to do. Between two runs people act: they set right what a finding asks them to.
//!
//! It puts the parts of a run together as the command line does. A process that dies leaves its
//! journal as it stood at that moment, and nothing that it would have done afterwards happens.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::poll_fn,
    io,
    path::Path,
    pin::pin,
    sync::{Arc, Mutex, atomic::AtomicUsize},
    task::Poll,
    time::Duration,
};

use futures_util::future::FutureExt;
use jiff::Timestamp;

use super::{
    connections::{Connections, hidden, ready_secrets},
    disk::Disk,
    end::{End, Excuses, Yardstick},
    faults::{Extent, Fault, Kind},
    invariants::{Breach, Rule, Witness},
    scene::Scene,
    transport::{Disturbed, Forbidden, Readers as PhoneReaders, Skewed},
};
use crate::{
    api::transport::Transport,
    apply::{Report, Scope, apply},
    changeset::{StepGraph, compute},
    clock::Clock,
    finding::Finding,
    ids::{NumberStep, RunId, TemplateKey},
    journal::{Event, Journal, JournalError, Lock, StepEnd, event::VERSION, file::history},
    phone::Phone,
    plan::{Plan, SubscribeApp, files::Files, window::CUT_OVER},
    report::events,
    secret::{Secret, SecretError, Secrets},
    sim::{Simulator, seed::RehearsalSecrets, words::TemplateStatus, world::World},
    snapshot::observe,
    step::{Context, CutOvers, Listing, Options, Stop, Uploads},
};

/// Makes something that stands between the program and the wire.
pub type Between = dyn Fn(Arc<dyn Transport>) -> Arc<dyn Transport> + Sync;

/// What is played.
pub struct Setting<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The world at the beginning.
    pub world: &'a World,
    /// The files beside the plan.
    pub files: &'a (dyn Files + Sync),
    /// A folder for journals; each play has one of its own in it. In memory it is fast.
    pub folder: &'a Path,
    /// What stands between the program and the wire: for tests that break a promise on purpose.
    pub between: Option<&'a Between>,
}

/// Why nothing could be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The folder for journals cannot be used.
    #[error("the journal of a play cannot be kept")]
    Disk(#[from] io::Error),
    /// A secret of the rehearsal cannot be had.
    #[error("a secret of the rehearsal cannot be had")]
    Secret(#[from] SecretError),
    /// Without faults the plan does not come to its end.
    #[error("the undisturbed play does not come to its end: {0}")]
    NoEnd(String),
}

/// More runs than any play needs.
const MOST_RUNS: u32 = 24;

/// Runs in a row that change nothing, while nobody has anything to set right: it will not go on.
const FRUITLESS: u32 = 3;

/// The time between two runs.
const PAUSE: Duration = Duration::from_secs(45 * 60);

/// The longest pause between two looks. Days pass in a play, and every look costs.
const POLL: Duration = Duration::from_secs(300);

/// What a play came to.
#[derive(Clone, Debug)]
pub struct Played {
    /// What went wrong by intention.
    pub faults: Vec<Fault>,
    /// How often each kind has really struck.
    pub struck: BTreeMap<Kind, u32>,
    /// How many runs it took.
    pub runs: u32,
    /// Numbers that must wait, because a fault has cost them their window.
    pub waiting: BTreeSet<Phone>,
    /// Templates that were rejected for good.
    pub rejected: BTreeSet<TemplateKey>,
    /// What was broken.
    pub breaches: Vec<Breach>,
}

/// The undisturbed play, which all others are measured by.
#[derive(Clone, Debug)]
pub struct Undisturbed {
    /// How large it is.
    pub extent: Extent,
    yardstick: Yardstick,
}

/// How one run ended.
enum RunEnd {
    /// Nothing was to do.
    Nothing,
    /// Something stood in the way before the first write.
    Blocked(Vec<Finding>),
    /// It went to its end.
    Ended(Report),
    /// It was killed.
    Died,
}

/// One runner: what it sends through, and how it behaves.
struct Runner {
    transport: Arc<dyn Transport>,
    options: Options,
}

struct Play<'a> {
    setting: &'a Setting<'a>,
    graph: StepGraph,
    root: &'a Path,
    secrets: Arc<dyn Secrets>,
    /// Everything that must be seen nowhere, with what it is.
    hidden: Vec<(String, Secret)>,
    scene: Arc<Scene>,
    runs: u32,
    /// What the last run left undone, in words.
    left: String,
}

impl Setting<'_> {
    /// Plays without any fault.
    ///
    /// # Errors
    ///
    /// It does not come to its end, breaks a rule, or cannot keep a journal.
    pub async fn undisturbed(&self) -> Result<Undisturbed, PlayError> {
        let (end, play) = self.play(Vec::new(), &BTreeSet::new()).await?;
        if let Some(breach) = end.breaches.first() {
            return Err(PlayError::NoEnd(breach.what.clone()));
        }
        let reached = play.scene.state().reached;
        let simulator = &play.scene.simulator;
        let extent = Extent {
            writes: reached.writes,
            reads: reached.reads,
            lines: reached.lines,
            tokens: self
                .world
                .tokens
                .iter()
                .map(|token| token.name.clone())
                .collect(),
            phones: self
                .plan
                .numbers
                .iter()
                .map(|number| number.phone.clone())
                .collect(),
            templates: simulator.world(|world| self.required(world)),
            subscribes: self.plan.target.subscription.app != SubscribeApp::Unmanaged,
        };
        let yardstick = Yardstick {
            source: Some(self.plan.source.waba.clone()),
            target: Some(self.plan.target.waba.clone()),
            beginning: End::of(self.world),
            expected: simulator.world(End::of),
        };
        Ok(Undisturbed { extent, yardstick })
    }

    /// Plays with faults, and measures what comes of it.
    ///
    /// # Errors
    ///
    /// It cannot keep a journal.
    pub async fn disturbed(
        &self,
        undisturbed: &Undisturbed,
        faults: Vec<Fault>,
    ) -> Result<Played, PlayError> {
        let required = undisturbed.extent.templates.iter().cloned().collect();
        let (mut played, play) = self.play(faults, &required).await?;
        let end = play.scene.simulator.world(End::of);
        let excuses = Excuses {
            waiting: played.waiting.clone(),
            rejected: played.rejected.clone(),
        };
        let different = undisturbed.yardstick.differences(&end, &excuses);
        let different = different.into_iter();
        played
            .breaches
            .extend(different.map(|what| Breach::new(Rule::OtherEnd, what)));
        Ok(played)
    }

    async fn play(
        &self,
        faults: Vec<Fault>,
        required: &BTreeSet<TemplateKey>,
    ) -> Result<(Played, Play<'_>), PlayError> {
        let simulator = Simulator::new(self.world.clone());
        let disk = Disk::new(self.folder.join(&self.plan.name));
        disk.clear()?;
        let witness = Witness::new(self.plan, required.clone());
        let target = self.plan.target.waba.clone();
        let secrets = RehearsalSecrets::of(self.plan, simulator.clone());
        let hidden = hidden(self.plan, &*secrets).await?;
        let scene = Scene::new(simulator, disk, target, faults.clone(), witness);
        let mut play = Play {
            setting: self,
            graph: StepGraph::of(self.plan),
            root: self.folder,
            secrets,
            hidden,
            scene,
            runs: 0,
            left: String::new(),
        };
        let is_over = play.run_until_done().await?;
        let played = play.account(faults, is_over);
        Ok((played, play))
    }

    /// The required templates that stand approved on the target.
    fn required(&self, world: &World) -> Vec<TemplateKey> {
        let templates = &self.plan.templates;
        let is_required = |key: &TemplateKey| match &templates.required {
            Some(globs) => globs.iter().any(|glob| glob.matches(&key.name)),
            None => {
                templates.definition(key).is_some()
                    || templates.copy.iter().any(|glob| glob.matches(&key.name))
            }
        };
        let on_target = world.templates_of(&self.plan.target.waba);
        on_target
            .filter(|(_, template)| template.status == TemplateStatus::Approved)
            .map(|(_, template)| TemplateKey::new(&*template.name, &template.language))
            .filter(is_required)
            .collect()
    }
}

impl Play<'_> {
    /// Runs again and again. Returns whether nothing is left to do.
    async fn run_until_done(&mut self) -> Result<bool, PlayError> {
        let (mut people, mut fruitless) = (Wishes::default(), 0);
        while self.runs < MOST_RUNS {
            self.runs += 1;
            let (effects, struck) = (self.effects(), self.struck());
            let options = self.options(&people);
            self.scene.state().witness.run_begins(&people.new_codes);
            let runner = Runner {
                transport: self.transport(),
                options,
            };
            let run = self.run(&runner).await;
            self.scene.run_ended()?;
            let end = match run {
                Ok(end) => end,
                Err(error) => {
                    let breach = Breach::new(Rule::JournalUnreadable, error.to_string());
                    self.scene.state().witness.breaches.push(breach);
                    return Ok(false);
                }
            };
            self.look_for_secrets();
            // What happens after the last look is for the next run to see.
            let is_quiet = self.struck() == struck && !self.scene.has_mends();
            if matches!(end, RunEnd::Nothing) && is_quiet {
                return Ok(true);
            }
            self.left = left(&end);
            let has_changed = self.effects() > effects || matches!(end, RunEnd::Died);
            fruitless = match has_changed || !is_quiet {
                true => 0,
                false => fruitless + 1,
            };
            if fruitless >= FRUITLESS {
                return Ok(false);
            }
            people = self.people_act(&end);
        }
        Ok(false)
    }

    fn transport(&self) -> Arc<dyn Transport> {
        let wire = Arc::new(Disturbed {
            scene: self.scene.clone(),
            inner: self.scene.simulator.transport(),
        });
        match self.setting.between {
            Some(between) => between(wire),
            None => wire,
        }
    }

    fn struck(&self) -> u32 {
        self.scene.state().struck.values().sum()
    }

    fn effects(&self) -> usize {
        self.scene.simulator.writes().len()
    }

    fn options(&self, people: &Wishes) -> Options {
        Options {
            wait: Some(Duration::from_secs(24 * 3600)),
            attended: true,
            deadline: None,
            poll_interval: POLL,
            new_codes: people.new_codes.clone(),
            new_pins: people.new_pins.clone(),
            confirmed: BTreeSet::new(),
            user: "rehearsal".into(),
        }
    }

    /// One process, from its lock to its end or death.
    async fn run(&self, runner: &Runner) -> Result<RunEnd, JournalError> {
        let plan = self.setting.plan;
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
            transport: forbidden.clone(),
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

    async fn work(&self, runner: &Runner, lock: &Lock) -> Result<RunEnd, JournalError> {
        let plan = self.setting.plan;
        let clock: Arc<dyn Clock> = Arc::new(Skewed {
            scene: self.scene.clone(),
            inner: self.scene.simulator.clock(),
        });
        let history = history(self.root, &plan.name)?;
        let secrets = &*self.secrets;
        let connections = Connections::open(plan, secrets, &self.hidden, &runner.transport, &clock);
        let seen = observe(plan, &connections.readers, history, clock.now()).await;
        let changes = compute(plan, &self.graph, &seen);
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
        journal.record(started(plan, journal.run()))?;
        let people = PhoneReaders {
            scene: self.scene.clone(),
        };
        let report = apply(
            &self.graph,
            &Scope::default(),
            &Context {
                source: &connections.readers.source,
                target: &connections.readers.target,
                plan,
                writer: &connections.writer,
                source_writer: &connections.source_writer,
                journal: &journal,
                clock: &*clock,
                files: self.setting.files,
                secrets,
                ready_secrets: &ready_secrets(plan, secrets),
                people: &people,
                options: &runner.options,
                review: None,
                stop: &Stop::default(),
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

    /// Nothing secret may stand in the journal or in what was shown.
    fn look_for_secrets(&self) {
        let mut hidden = self.hidden.clone();
        self.scene.simulator.world(|world| {
            for (_, code) in &world.inbox {
                let typed = code.expose().replace('-', "");
                hidden.push(("a one-time code".into(), code.clone()));
                hidden.push(("a one-time code".into(), Secret::new(typed)));
            }
        });
        let journal = self.scene.disk.all().unwrap_or_default();
        let mut state = self.scene.state();
        let shown = std::mem::take(&mut state.shown);
        state.witness.judge_bytes(&hidden, "what was shown", &shown);
        state.witness.judge_bytes(&hidden, "the journal", &journal);
    }

    /// People set right what went wrong, read the report, and start the next run some time later.
    fn people_act(&self, end: &RunEnd) -> Wishes {
        self.scene.mend(|_| true);
        self.scene.state().skew = jiff::SignedDuration::ZERO;
        self.scene.simulator.advance(PAUSE);
        let mut wishes = Wishes::default();
        let report = match end {
            RunEnd::Ended(report) => report,
            RunEnd::Nothing | RunEnd::Blocked(_) | RunEnd::Died => return wishes,
        };
        for ended in &report.ended {
            let is_good = matches!(
                ended.end,
                StepEnd::Done | StepEnd::Already | StepEnd::NotStarted
            );
            match ended.step.number_step().filter(|_| !is_good) {
                Some((phone, NumberStep::Verify | NumberStep::RequestCode)) => {
                    wishes.new_codes.insert(phone);
                }
                Some((phone, NumberStep::Register)) => {
                    wishes.new_pins.insert(phone);
                }
                _ => {}
            }
        }
        wishes
    }

    /// Sums the play up, an hour after its last run: what Meta does by itself is done by then.
    fn account(&self, faults: Vec<Fault>, is_over: bool) -> Played {
        let now = self.scene.now();
        self.scene.simulator.advance(Duration::from_secs(3600));
        let waiting = match is_over {
            true => BTreeSet::new(),
            false => self.waiting(now),
        };
        let mut state = self.scene.state();
        let rejected: BTreeSet<_> = state.rejected.iter().cloned().collect();
        let mut breaches = std::mem::take(&mut state.witness.breaches);
        if !is_over && waiting.is_empty() && rejected.is_empty() {
            let what = format!("after {} runs this is left: {}", self.runs, self.left);
            breaches.push(Breach::new(Rule::NoEnd, what));
        }
        Played {
            faults,
            struck: state.struck.clone(),
            runs: self.runs,
            waiting,
            rejected,
            breaches,
        }
    }

    /// Numbers whose window is over before they were registered, and those that need them.
    fn waiting(&self, now: Timestamp) -> BTreeSet<Phone> {
        let plan = self.setting.plan;
        let is_live = |phone: &Phone| {
            self.scene.simulator.world(|world| {
                let number = world.number_on(&plan.target.waba, phone);
                number.is_some_and(|(_, number)| number.is_live())
            })
        };
        let left = plan.numbers.iter().filter(|number| !is_live(&number.phone));
        let left: Vec<_> = left.collect();
        let is_late = |number: &&&crate::plan::Number| {
            let window = number.window.as_ref();
            window.is_some_and(|window| window.to.timestamp().duration_since(now) < CUT_OVER)
        };
        let late = left.iter().filter(is_late);
        let mut waiting: BTreeSet<_> = late.map(|number| number.phone.clone()).collect();
        for _ in &left {
            let more = left
                .iter()
                .filter(|number| number.needs.iter().any(|need| waiting.contains(need)));
            let more: Vec<_> = more.map(|number| number.phone.clone()).collect();
            waiting.extend(more);
        }
        waiting
    }
}

/// What a run left undone, in words.
fn left(end: &RunEnd) -> String {
    let lines: Vec<_> = match end {
        RunEnd::Nothing => Vec::new(),
        RunEnd::Died => vec!["the process died".to_owned()],
        RunEnd::Blocked(findings) => {
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

/// What people want of the next run.
#[derive(Debug, Default)]
struct Wishes {
    new_codes: BTreeSet<Phone>,
    new_pins: BTreeSet<Phone>,
}

fn started(plan: &Plan, run: RunId) -> Event {
    Event::RunStarted {
        journal: VERSION,
        run,
        plan: plan.name.clone(),
        plan_digest: plan.digest.clone(),
        host: "rehearsal".into(),
        user: "rehearsal".into(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        change_set: None,
        ci_job: None,
        commit: None,
    }
}
