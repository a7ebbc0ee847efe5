//! A stage: a plan, a simulated world, a journal folder, and a person.
//!
//! Everything on it is the real thing but the transport, the clock and the person. It puts the parts
//! together as the command line does; what the terminal shows is tested elsewhere.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use waba_migrate::{
    api::{
        genesys,
        meta::{Connection, Patience, Reader, Writer},
        transport::{Method, Transport},
    },
    apply::{Report, Scope, apply},
    changeset::{Approved, ChangeSet, Choice, Sealed, StepGraph, compute_part},
    diff::{Comparison, Difference, diff},
    finding::{Finding, Severity},
    ids::RunId,
    journal::{Event, Journal, Lock, StepEnd, file::Listener, read::history},
    phone::Phone,
    plan::{
        Plan,
        files::MemoryFiles,
        load::{Source, load_with},
    },
    secret::{Secret, SecretRef, Secrets},
    sim::{Simulator, script::ScriptedError, seed, world::World},
    snapshot::{Readers, Snapshot, observe},
    status::{Status, status},
    step::{
        CodeAsked, Context, CutOvers, Genesys, Listing, Options, People, Review, Silence, StepKind,
        Stop, Uploads,
    },
};

/// The smallest plan of the examples.
pub(crate) const QUICKSTART: &str = include_str!("../../examples/quickstart.yaml");

/// One number, two templates, nothing else said.
pub(crate) const SMALL: &str = r#"
version: 1
name: small
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN } }
templates: { copy: [order, welcome] }
"#;

/// Three numbers: the second waits for the first, the third for nobody.
pub(crate) const THREE: &str = r#"
version: 1
name: three
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN } }
  - { phone: "+49 89 1234567", pin: { env: PIN }, needs: ["+49 30 901820"] }
  - { phone: "+33 1 42 68 53 00", pin: { env: PIN } }
templates: { copy: [order] }
"#;

/// Reads a plan that has to be right.
#[track_caller]
pub(crate) fn plan(text: &str) -> Plan {
    plan_with(text, &MemoryFiles::default())
}

/// Reads a plan that has to be right, with the files beside it.
#[track_caller]
pub(crate) fn plan_with(text: &str, files: &MemoryFiles) -> Plan {
    let source = Source {
        name: "plan.yaml",
        path: Path::new("plan.yaml"),
        bytes: text.as_bytes(),
    };
    let loaded = load_with(source, files);
    let findings = loaded.findings;
    loaded
        .plan
        .unwrap_or_else(|| panic!("the plan is not right: {findings:?}"))
}

/// Something Meta refuses and that trying again does not mend.
pub(crate) fn refusal() -> ScriptedError {
    ScriptedError {
        code: 100,
        subcode: None,
        message: "(#100) Invalid parameter".into(),
        details: None,
        transient: false,
        status: None,
    }
}

/// What the person does when a code is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Person {
    /// Reads it off the phone.
    ReadsPhone,
    /// Is not there.
    Away,
    /// Types this, whatever came.
    Types(&'static str),
}

struct Desk {
    person: Person,
    sim: Simulator,
}

impl People for Desk {
    fn code(&self, asked: CodeAsked) -> BoxFuture<'_, Option<Secret>> {
        let typed = match &self.person {
            Person::ReadsPhone => self.sim.code(&asked.phone).map(Secret::new),
            Person::Away => None,
            Person::Types(text) => Some(Secret::new(*text)),
        };
        std::future::ready(typed).boxed()
    }
}

/// A plan on a simulated world.
pub(crate) struct Stage {
    pub(crate) plan: Plan,
    pub(crate) sim: Simulator,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) genesys: Arc<dyn Transport>,
    pub(crate) listener: Option<Listener>,
    pub(crate) options: Options,
    pub(crate) patience: Duration,
    pub(crate) person: Person,
    /// Numbers that are left alone, with the reason.
    pub(crate) held: BTreeMap<Phone, String>,
    /// What was reviewed.
    pub(crate) approved: Option<Approved>,
    /// Which steps are wanted.
    pub(crate) choice: Choice,
    pub(crate) files: MemoryFiles,
    graph: StepGraph,
    secrets: Arc<dyn Secrets>,
    folder: tempfile::TempDir,
    runs: Cell<u8>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    /// What stopped it before the first write.
    pub(crate) blocking: Vec<Finding>,
    /// Empty when it was stopped before the first write.
    pub(crate) report: Report,
}

impl Run {
    /// Returns every step that had something to do and its end, a line each, sorted.
    pub(crate) fn ends(&self) -> String {
        let lines = self.report.ended.iter();
        let lines: BTreeSet<_> = lines
            .map(|ended| format!("{:?} {}: {}", ended.end, ended.step, ended.note))
            .collect();
        lines.into_iter().collect::<Vec<_>>().join("\n")
    }

    /// The same with a note only where something was not started: other notes hold ids.
    pub(crate) fn short_ends(&self) -> String {
        let short = |line: &str| match line.split_once(": ") {
            Some((end, _)) if !line.starts_with("NotStarted") => end.to_owned(),
            _ => line.to_owned(),
        };
        let ends = self.ends();
        ends.lines().map(short).collect::<Vec<_>>().join("\n")
    }

    /// Returns the rules that stopped it before the first write.
    pub(crate) fn rules(&self) -> Vec<String> {
        let blocking = self.blocking.iter();
        blocking.map(|finding| finding.rule.to_string()).collect()
    }

    /// Returns whether everything that was to do is done.
    pub(crate) fn is_done(&self) -> bool {
        let good = |end| matches!(end, StepEnd::Done | StepEnd::Already);
        self.blocking.is_empty()
            && self.report.journal.is_none()
            && self.report.ended.iter().all(|ended| good(ended.end))
    }

    /// Returns how a step ended, and its note.
    #[track_caller]
    pub(crate) fn end(&self, step: &str) -> (StepEnd, &str) {
        let mut ended = self.report.ended.iter();
        let ended = ended.find(|ended| ended.step.as_str() == step);
        let ended = ended.unwrap_or_else(|| panic!("{step} had nothing to do:\n{}", self.ends()));
        (ended.end, &ended.note)
    }
}

impl Stage {
    /// Sets up a world that suits the plan.
    pub(crate) fn new(text: &str) -> Self {
        Self::with(text, |_| {})
    }

    /// Sets up a world that suits the plan, an hour before its first window, and changes it.
    pub(crate) fn with(text: &str, edit: impl FnOnce(&mut World)) -> Self {
        let plan = plan(text);
        let mut world = seed::from_plan(&plan);
        if let Some(window) = plan.windows.first() {
            world.now = window.from.timestamp() - Duration::from_secs(3600);
        }
        edit(&mut world);
        Self::on(plan, world)
    }

    /// Reads the plan anew, with other files beside it: the world and the journal stay.
    pub(crate) fn rewrite(&mut self, text: &str, files: MemoryFiles) {
        self.plan = plan_with(text, &files);
        self.graph = StepGraph::of(&self.plan);
        self.files = files;
    }

    /// Turns the stage round: from now on its steps take back what runs of the plan did.
    pub(crate) fn turn_back(&mut self) {
        self.graph = StepGraph::undo(&self.plan, &self.seen().history);
        self.approved = None;
    }

    /// Turns it round again.
    pub(crate) fn turn_forward(&mut self) {
        self.graph = StepGraph::of(&self.plan);
        self.approved = None;
    }

    /// Sets up a plan on any world.
    pub(crate) fn on(mut plan: Plan, world: World) -> Self {
        // Codes are read off the simulated phones they came to.
        for number in &mut plan.numbers {
            number.otp.code = None;
        }
        let sim = Simulator::new(world);
        let options = Options {
            wait: Some(Duration::from_secs(24 * 3600)),
            attended: false,
            deadline: None,
            poll_interval: Duration::from_secs(30),
            new_codes: BTreeSet::new(),
            new_pins: BTreeSet::new(),
            confirmed: BTreeSet::new(),
            user: "tester".into(),
        };
        Self {
            graph: StepGraph::of(&plan),
            secrets: seed::RehearsalSecrets::of(&plan, sim.clone()),
            transport: sim.transport(),
            genesys: sim.genesys(),
            sim,
            plan,
            listener: None,
            files: MemoryFiles::default(),
            options,
            patience: Duration::from_secs(3600),
            person: Person::ReadsPhone,
            held: BTreeMap::new(),
            approved: None,
            choice: Choice::default(),
            folder: memory().expect("a temporary folder"),
            runs: Cell::new(0),
        }
    }

    /// Looks at the world.
    pub(crate) fn seen(&self) -> Snapshot {
        block_on(async { self.look(&self.connect().await).await.0 })
    }

    /// Computes the change set.
    pub(crate) fn plan(&self) -> ChangeSet {
        block_on(async { self.look(&self.connect().await).await.1 })
    }

    /// Compares.
    pub(crate) fn diff(&self) -> Vec<Difference> {
        self.compare().differences
    }

    /// Compares, and tells what else there is to know.
    pub(crate) fn compare(&self) -> Comparison {
        let (seen, changes) = block_on(async { self.look(&self.connect().await).await });
        diff(&self.plan, &changes, &seen)
    }

    /// Tells where everything stands.
    pub(crate) fn status(&self) -> Status {
        let (seen, changes) = block_on(async { self.look(&self.connect().await).await });
        status(&self.plan, &changes, &seen)
    }

    /// Runs everything that is to do, in a new process so to speak.
    pub(crate) fn apply(&self) -> Run {
        block_on(self.run())
    }

    /// Returns the writes that had their effect, as `POST 102…/register`.
    pub(crate) fn writes(&self) -> Vec<String> {
        let line = |(method, path): (Method, String)| format!("{method} {path}");
        self.sim.writes().into_iter().map(line).collect()
    }

    /// Counts the writes that reached the simulator and end with `edge`, whatever came of them.
    pub(crate) fn sent(&self, edge: &str) -> usize {
        let requests = self.sim.requests();
        let meant = requests
            .iter()
            .filter(|call| call.method == "POST" && call.path.ends_with(edge));
        meant.count()
    }

    /// Counts the writes that may have had their effect as far as their sender can tell: all but
    /// those that were refused outright.
    pub(crate) fn doubtful(&self, edge: &str) -> usize {
        let requests = self.sim.requests();
        let meant = requests.iter().filter(|call| {
            call.method == "POST"
                && call.path.ends_with(edge)
                && !call
                    .status
                    .is_some_and(|status| (400..500).contains(&status))
        });
        meant.count()
    }

    /// Counts the writes that had their effect and end with `edge`.
    pub(crate) fn effects(&self, edge: &str) -> usize {
        self.writes()
            .iter()
            .filter(|write| write.ends_with(edge))
            .count()
    }

    /// Returns the folder of the plan's journals.
    pub(crate) fn journal_folder(&self) -> PathBuf {
        self.folder.path().join(&self.plan.name)
    }

    /// Returns the journal files of all runs, the oldest first.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        journals(&self.journal_folder())
    }

    /// Takes the journal away, as a machine that is gone does.
    pub(crate) fn forget_journal(&self) {
        for journal in self.journals() {
            std::fs::remove_file(journal).expect("a journal");
        }
    }

    /// Describes where the world has come to, an hour after all is said and done. Leaves out what
    /// depends on how often something was tried: ids and times.
    pub(crate) fn end_state(&self) -> String {
        self.sim.advance(Duration::from_secs(3600));
        self.sim.world(|world| {
            let numbers = world.numbers.values().map(|number| {
                let profile = serde_json::to_string(&number.profile).expect("JSON");
                format!(
                    "{} on {}: {} {} {} pin {} {profile}",
                    number.phone,
                    number.waba,
                    number.status,
                    number.platform,
                    number.verification,
                    number.pin.is_some(),
                )
            });
            let templates = world.templates.values().map(|template| {
                let (name, language) = (&template.name, &template.language);
                format!(
                    "{name}/{language} on {}: {}",
                    template.waba, template.status
                )
            });
            let subscriptions = world
                .wabas
                .iter()
                .map(|(id, waba)| format!("{id} subscribed: {:?}", waba.subscriptions));
            let mut lines: Vec<_> = numbers.chain(templates).chain(subscriptions).collect();
            lines.sort();
            lines.join("\n")
        })
    }

    async fn read(&self, reference: &SecretRef) -> Secret {
        self.secrets
            .read(reference)
            .await
            .expect("a rehearsal has every secret")
    }

    async fn connect(&self) -> Connections {
        let app_secret = match &self.plan.graph.app_secret {
            Some(reference) => Some(self.read(reference).await),
            None => None,
        };
        let connect = |token: Secret, app_secret: Option<Secret>| {
            let version = self.plan.graph.api_version.clone();
            let (transport, clock) = (self.transport.clone(), self.sim.clock());
            let patience = Patience(self.patience);
            Arc::new(Connection::new(
                transport, clock, version, token, app_secret, patience,
            ))
        };
        let writer = connect(self.read(&self.plan.target.token).await, app_secret.clone());
        let source = match &self.plan.source.token {
            Some(reference) => connect(self.read(reference).await, app_secret.clone()),
            None => writer.clone(),
        };
        let debug = match (&self.plan.graph.app_id, app_secret) {
            (Some(app), Some(secret)) => {
                let token = Secret::new(format!("{app}|{}", secret.expose()));
                Some(Reader::new(connect(token, None)))
            }
            _ => None,
        };
        let genesys = match &self.plan.genesys {
            None => None,
            Some(named) => {
                let (id, secret) = (
                    self.read(&named.client_id).await,
                    self.read(&named.client_secret).await,
                );
                let (door, clock) = (self.genesys.clone(), self.sim.clock());
                let patience = Patience(self.patience);
                let connection =
                    genesys::Connection::new(door.clone(), door, &id, &secret, clock, patience);
                let connection = Arc::new(connection);
                let reader = genesys::Reader::new(connection.clone());
                Some((reader, genesys::Writer::new(connection)))
            }
        };
        let source_has_own_token = self.plan.source.token.is_some();
        let readers = Readers {
            source: Reader::new(source.clone()),
            target: Reader::new(writer.clone()),
            debug,
            source_has_own_token,
            genesys: genesys.as_ref().map(|(reader, _)| Ok(reader.clone())),
        };
        Connections {
            readers,
            writer: Writer::new(writer),
            source_writer: Writer::new(source),
            genesys,
        }
    }

    async fn look(&self, connections: &Connections) -> (Snapshot, ChangeSet) {
        let look = async |history| {
            let (readers, now) = (&connections.readers, self.sim.clock().now());
            observe(&self.plan, readers, history, now).await
        };
        let history = history(self.folder.path(), &self.plan.name).expect("an unharmed journal");
        let mut seen = look(history).await;
        let mut recalls = |approved: &Approved| approved.recall(&self.plan, &mut seen);
        if self.approved.as_ref().is_some_and(&mut recalls) {
            seen = look(seen.history).await;
        }
        let changes = compute_part(&self.plan, &self.graph, &seen, &self.choice);
        (seen, changes)
    }

    async fn run(&self) -> Run {
        let connections = self.connect().await;
        let lock = Lock::take(self.folder.path(), &self.plan.name, "tester").expect("no other run");
        let (seen, changes) = self.look(&connections).await;
        let scope = self.scope(&changes);
        let findings = changes.findings.into_iter();
        let blocking: Vec<_> = findings.filter(Finding::blocks).collect();
        if !blocking.is_empty() {
            return Run {
                blocking,
                report: Report::default(),
            };
        }
        let report = self.within(&connections, &lock, seen, async |context| {
            let started = self.started(context.journal.run());
            context.journal.record(started).expect("a writable journal");
            apply(&self.graph, &scope, context).await
        });
        Run {
            blocking,
            report: report.await,
        }
    }

    fn started(&self, run: RunId) -> Event {
        Event::RunStarted {
            journal: 1,
            run,
            plan: self.plan.name.clone(),
            plan_digest: self.plan.digest.clone(),
            host: "stage".into(),
            user: "tester".into(),
            program: "test".into(),
            change_set: None,
            ci_job: None,
            commit: None,
        }
    }

    /// Does a piece of work that steps share, in a new process so to speak.
    pub(crate) fn in_run<T>(&self, work: impl AsyncFnOnce(&Context<'_>) -> T) -> T {
        block_on(async {
            let connections = self.connect().await;
            let lock =
                Lock::take(self.folder.path(), &self.plan.name, "tester").expect("no other run");
            let (seen, _) = self.look(&connections).await;
            self.within(&connections, &lock, seen, work).await
        })
    }

    async fn within<T>(
        &self,
        connections: &Connections,
        lock: &Lock,
        seen: Snapshot,
        work: impl AsyncFnOnce(&Context<'_>) -> T,
    ) -> T {
        self.runs.set(self.runs.get() + 1);
        let run = RunId::new(
            self.sim.clock().now(),
            [0, 0, 0, 0, 0, 0, 0, 0, 0, self.runs.get()],
        );
        let journal = Journal::create(lock, run, self.sim.clock(), self.listener.clone())
            .expect("a new journal");
        let people = Desk {
            person: self.person.clone(),
            sim: self.sim.clone(),
        };
        let context = Context {
            source: &connections.readers.source,
            target: &connections.readers.target,
            plan: &self.plan,
            writer: &connections.writer,
            source_writer: &connections.source_writer,
            genesys: connections
                .genesys
                .as_ref()
                .map(|(reader, writer)| Genesys { reader, writer }),
            journal: &journal,
            clock: &*self.sim.clock(),
            files: &self.files,
            secrets: &*self.secrets,
            ready_secrets: &self.ready_secrets().await,
            people: &people,
            options: &self.options,
            review: self
                .approved
                .as_ref()
                .map(|approved| approved as &dyn Review),
            stop: &Stop::default(),
            silence: &Silence::default(),
            cut_overs: &CutOvers::of(&self.plan.policy),
            listing: &Listing::of(&seen),
            uploads: &Uploads::default(),
            seen: &Mutex::new(seen),
        };
        work(&context).await
    }

    fn scope(&self, changes: &ChangeSet) -> Scope {
        let scope = Scope::of(&self.graph, changes, &self.choice);
        let steps = self.graph.steps().map(StepKind::address);
        steps.fold(scope, |scope, step| {
            let reason = step.phone().and_then(|phone| self.held.get(&phone));
            match reason.cloned() {
                Some(reason) => scope.without(step, StepEnd::Blocked, reason),
                None => scope,
            }
        })
    }

    /// Saves a change set of the world as it is, and reads it again as what was reviewed.
    pub(crate) fn review(&mut self) {
        let sealed = Sealed::of(self.plan(), Some("plan.yaml".into()));
        let read = Approved::read(sealed.canonical().as_bytes());
        self.approved = Some(read.expect("it was just saved"));
    }

    async fn ready_secrets(&self) -> BTreeMap<SecretRef, Secret> {
        let pins = self.plan.numbers.iter().map(|number| &number.pin);
        let callback = self.plan.target.subscription.callback.iter();
        let references = pins.chain(callback.map(|callback| &callback.verify_token));
        let mut ready = BTreeMap::new();
        for reference in references {
            ready.insert(reference.clone(), self.read(reference).await);
        }
        ready
    }
}

/// Makes a folder in memory where the system has one: syncing every line to a disk takes most of the
/// time of these tests and shows nothing, for no power is cut here.
fn memory() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

struct Connections {
    readers: Readers,
    writer: Writer,
    source_writer: Writer,
    genesys: Option<(genesys::Reader, genesys::Writer)>,
}

/// Runs a future to its end on this thread. Nothing on a stage really waits.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime of one thread")
        .block_on(work)
}

/// A change set in one line per finding and step, for snapshots. Notes, which stop nobody, are left
/// out.
pub(crate) fn table(changes: &ChangeSet) -> String {
    let word = |value: serde_json::Value| value.as_str().expect("a word").to_owned();
    let findings = changes.findings.iter();
    let findings = findings.filter(|finding| finding.severity != Severity::Info);
    let findings = findings.map(|finding| {
        let verdict = word(serde_json::to_value(finding.verdict).expect("JSON"));
        let mark = if finding.blocks() { "!!" } else { "!" };
        format!("{mark} {verdict} {} {}", finding.rule, finding.subject)
    });
    let steps = changes.changes.iter().map(|change| {
        let action = word(serde_json::to_value(change.action).expect("JSON"));
        // What the API says in an error is its own affair.
        let reason = match change.reason.split_once("the API refused") {
            Some((before, _)) => format!("{before}the API refused"),
            None => change.reason.clone(),
        };
        format!("{action:<6} {}: {reason}", change.address)
    });
    findings.chain(steps).collect::<Vec<_>>().join("\n")
}

/// Returns the journal files in a folder, the oldest first.
pub(crate) fn journals(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let is_run = |path: &PathBuf| path.extension().is_some_and(|end| end == "jsonl");
    let mut paths: Vec<_> = paths.filter(is_run).collect();
    paths.sort();
    paths
}

/// Reads a phone number that has to be one.
pub(crate) fn phone(text: &str) -> Phone {
    text.parse().expect("a phone number")
}
