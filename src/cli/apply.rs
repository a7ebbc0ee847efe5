//! `apply`: shows the plan, asks, and runs it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::Args;

use super::{
    Global,
    error::CliError,
    exit,
    files::DiskFiles,
    gate_text::GateText,
    map_file,
    session::{Seen, Session, Site, fetch, read_plan},
    terminal::{Terminal, stop_on_signals},
    ui::{Format, Ui},
};
use crate::{
    api::meta::Writer,
    apply::{Report, apply},
    finding::Finding,
    id_map::IdMap,
    ids::{Address, NumberStep, RunId, SolutionId},
    inventory::{Inventory, flows::Flows},
    journal::{Entry, Event, History, Journal, Lock, StepEnd, event::VERSION, file::Listener},
    phone::Phone,
    plan::{Method, Plan},
    report::{events, style, templates},
    secret::{Secret, SecretRef},
    snapshot::Snapshot,
    step::{Context, CutOvers, Listing, Options, People, Stop, Uploads, six_digits},
};

/// Do what plan shows, and nothing else
///
/// Everything is written to the journal before it is sent. Run it again at any time: what is done is
/// not done twice. On a terminal it asks first and waits for people; elsewhere it needs
/// --auto-approve, does all it can, and exits 5 when it has to wait.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// Do not ask
    #[arg(long, env = "WABA_MIGRATE_AUTO_APPROVE")]
    auto_approve: bool,
    /// Go on with the other numbers when a precondition of one number fails
    #[arg(long, env = "WABA_MIGRATE_PARTIAL")]
    partial: bool,
    /// How long to wait for copies, reviews, states and a window that opens soon [default: as long as it takes on a terminal, else 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration, env = "WABA_MIGRATE_WAIT")]
    wait: Option<Duration>,
    /// Wait for nothing and ask for nothing
    #[arg(long, conflicts_with = "wait", env = "WABA_MIGRATE_NO_WAIT")]
    no_wait: bool,
    /// The longest pause between two looks
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", env = "WABA_MIGRATE_POLL_INTERVAL")]
    poll_interval: Duration,
    /// Ask for another one-time code although one may be on its way (repeatable)
    #[arg(
        long,
        value_name = "PHONE",
        value_delimiter = ',',
        env = "WABA_MIGRATE_NEW_CODE"
    )]
    new_code: Vec<Phone>,
    /// Send the PIN of a number although Meta refused one before: it was corrected (repeatable)
    #[arg(
        long,
        value_name = "PHONE",
        value_delimiter = ',',
        env = "WABA_MIGRATE_NEW_PIN"
    )]
    new_pin: Vec<Phone>,
    /// Set another migration intent for a number of method solution_intent (repeatable)
    #[arg(
        long,
        value_name = "PHONE",
        value_delimiter = ',',
        env = "WABA_MIGRATE_NEW_INTENT"
    )]
    new_intent: Vec<Phone>,
    /// Have templates and flows copied or created again that Meta refused before
    #[arg(long, env = "WABA_MIGRATE_RETRY_TEMPLATES")]
    retry_templates: bool,
    /// Pass a gate two_step_off that the source cannot show, by its address (repeatable)
    #[arg(
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        env = "WABA_MIGRATE_CONFIRM"
    )]
    confirm: Vec<String>,
    /// Write old and new ids to a file at the end: numbers, templates, flows, namespaces
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_MAP")]
    map: Option<PathBuf>,
    #[command(flatten)]
    gates: GateText,
}

/// Reads `90s`, `10m`, `1h 30m`, or plain seconds.
fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "write it like 90s, 10m or 1h30m".to_owned())?;
    Duration::try_from(span).map_err(|_| "it cannot be negative".to_owned())
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let ui = Ui {
        json_lines: true,
        ..ui
    };
    let plan = read_plan(&arguments.plan, ui)?;
    if let Some(code) = arguments.gates.print(&plan, ui)? {
        return Ok(code);
    }
    let attended = Ui::is_attended();
    if !attended && !arguments.auto_approve {
        return Err(CliError::Usage(
            "nobody can be asked here, so apply needs --auto-approve (review the output of plan first)".into(),
        ));
    }
    let confirmed = confirmed(arguments, &plan)?;
    let site = Site::of(global, &plan)?;
    let waits = if attended {
        None
    } else {
        Some(Duration::from_secs(30))
    };
    let options = Options {
        wait: if arguments.no_wait {
            Some(Duration::ZERO)
        } else {
            arguments.wait.or(waits)
        },
        attended: attended && !arguments.no_wait,
        poll_interval: arguments.poll_interval,
        new_codes: coded(&arguments.new_code, &plan)?,
        new_pins: known("--new-pin", &arguments.new_pin, &plan)?,
        confirmed,
        user: user(),
    };
    let patience = options.wait.unwrap_or(Duration::from_secs(3600));
    let session = Session::open(plan, site, patience).await?;
    let terminal = Terminal::new(options.attended);
    let stop = Arc::new(Stop::default());
    stop_on_signals(&stop, ui);
    let ask = (!arguments.auto_approve).then_some(ask_to_go_on as Ask);
    let run = Run {
        session: &session,
        options: &options,
        people: &terminal,
        stop: &stop,
        partial: arguments.partial,
        map: arguments.map.as_deref(),
        forget: Forget {
            refused_templates: arguments.retry_templates,
            intents: solutions(&arguments.new_intent, &session.plan)?,
        },
    };
    run.start(ask, ui).await
}

/// Numbers named by a flag; a number that the plan does not know is a slip.
fn known(flag: &str, phones: &[Phone], plan: &Plan) -> Result<BTreeSet<Phone>, CliError> {
    match phones.iter().find(|phone| plan.number(phone).is_none()) {
        Some(unknown) => Err(CliError::Usage(format!(
            "{flag} {unknown}: the plan has no such number"
        ))),
        None => Ok(phones.iter().cloned().collect()),
    }
}

/// Numbers of `--new-code`: those that are verified by a code.
fn coded(phones: &[Phone], plan: &Plan) -> Result<BTreeSet<Phone>, CliError> {
    let known = known("--new-code", phones, plan)?;
    let has_code = |phone: &&Phone| {
        plan.number(phone)
            .is_some_and(|number| number.method == Method::Otp)
    };
    match known.iter().find(|phone| !has_code(phone)) {
        Some(phone) => Err(CliError::Usage(format!(
            "--new-code {phone}: the number needs no code, its method is not otp"
        ))),
        None => Ok(known),
    }
}

/// The solutions of numbers named by `--new-intent`.
fn solutions(phones: &[Phone], plan: &Plan) -> Result<Vec<SolutionId>, CliError> {
    let solution = |phone| match plan.number(phone).map(|number| &number.method) {
        Some(Method::SolutionIntent(solution)) => Ok(solution.clone()),
        Some(Method::Otp | Method::EmbeddedSignup) => Err(CliError::Usage(format!(
            "--new-intent {phone}: the number is not of method solution_intent"
        ))),
        None => Err(CliError::Usage(format!(
            "--new-intent {phone}: the plan has no such number"
        ))),
    };
    phones.iter().map(solution).collect()
}

fn confirmed(arguments: &Arguments, plan: &Plan) -> Result<BTreeSet<Address>, CliError> {
    let gates: BTreeSet<_> = plan
        .numbers
        .iter()
        .map(|number| Address::number(&number.phone, NumberStep::TwoStepOff))
        .collect();
    let find = |text: &String| {
        gates
            .iter()
            .find(|gate| gate.as_str() == text)
            .cloned()
            .ok_or_else(|| CliError::Usage(format!("--confirm {text}: the plan has no such gate")))
    };
    arguments.confirm.iter().map(find).collect()
}

/// A question, and the word that says yes.
pub(super) struct Question {
    text: String,
    word: String,
}

/// What is asked about what was seen, before anything is sent.
pub(super) type Ask = fn(&Seen) -> Question;

/// One run of `apply`, at Meta or on the simulator.
pub(super) struct Run<'a> {
    pub(super) session: &'a Session,
    pub(super) options: &'a Options,
    pub(super) people: &'a dyn People,
    pub(super) stop: &'a Stop,
    pub(super) partial: bool,
    /// Where old and new ids go.
    pub(super) map: Option<&'a Path>,
    pub(super) forget: Forget,
}

/// What of the history does not count in this run, by the user's word.
#[derive(Debug, Default)]
pub(super) struct Forget {
    /// Which templates Meta refused to copy.
    refused_templates: bool,
    /// Migration intents that were set.
    intents: Vec<SolutionId>,
}

impl Forget {
    fn in_history(&self, history: &mut History) {
        if self.refused_templates {
            history.forget_refused_templates();
        }
        for solution in &self.intents {
            history.forget_intent(&Address::solution_intent(solution));
        }
    }
}

impl Run<'_> {
    /// Locks, looks, asks, runs, sums up.
    pub(super) async fn start(&self, ask: Option<Ask>, ui: Ui) -> Result<u8, CliError> {
        let Session { plan, site, .. } = self.session;
        let holder = format!(
            "{} on {}, since {:.0}",
            self.options.user,
            host(),
            site.clock.now()
        );
        self.map.map_or(Ok(()), map_file::check)?;
        let lock = Lock::take(&site.journal, &plan.name, &holder)?;
        let mut history = self.session.history()?;
        self.forget.in_history(&mut history);
        let seen = self.session.look(history).await;
        if ui.format == Format::Text && ask.is_some() {
            super::plan::show(self.session, &seen, ui)?;
        }
        if let Some(code) = self.blocked(&seen) {
            return Err(CliError::Findings {
                findings: seen.changes.findings,
                code,
            });
        }
        if seen.changes.is_empty() {
            if ui.format == Format::Text && ask.is_none() {
                super::plan::show(self.session, &seen, ui)?;
            }
            self.write_map(&seen.snapshot)?;
            return Ok(exit::OK);
        }
        let secrets = self.ready_secrets(&seen).await?;
        secrets
            .values()
            .for_each(|secret| self.session.connection.hide(secret));
        self.hide_codes().await;
        if let Some(ask) = ask
            && let Some(code) = self.refused(ask(&seen), ui).await?
        {
            return Ok(code);
        }
        let journal = Journal::create(
            &lock,
            run_id(&*site.clock),
            site.clock.clone(),
            Some(listener(ui)),
        )?;
        self.execute(seen, &journal, &secrets, ui).await
    }

    async fn execute(
        &self,
        seen: Seen,
        journal: &Journal,
        secrets: &BTreeMap<SecretRef, Secret>,
        ui: Ui,
    ) -> Result<u8, CliError> {
        let Session {
            plan,
            graph,
            site,
            readers,
            connection,
            source_connection,
        } = self.session;
        journal.record(Event::RunStarted {
            journal: VERSION,
            run: journal.run(),
            plan: plan.name.clone(),
            plan_digest: plan.digest.clone(),
            host: host(),
            user: self.options.user.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        })?;
        let already_done = seen.changes.summary.done;
        let held = held(&seen);
        let listing = Listing::of(&seen.snapshot);
        let snapshot = Mutex::new(seen.snapshot);
        let writer = Writer::new(connection.clone());
        let source_writer = Writer::new(source_connection.clone());
        let context = Context {
            source: &readers.source,
            target: &readers.target,
            plan,
            writer: &writer,
            source_writer: &source_writer,
            journal,
            clock: &*site.clock,
            files: &DiskFiles,
            secrets: &*site.secrets,
            ready_secrets: secrets,
            people: self.people,
            options: self.options,
            stop: self.stop,
            cut_overs: &CutOvers::of(&plan.policy),
            listing: &listing,
            uploads: &Uploads::default(),
            seen: &snapshot,
        };
        let mut report = apply(graph, &held, &context).await;
        if let Some(error) = report.journal.take() {
            return Err(error.into());
        }
        let code = self.code(&report);
        journal.record(Event::RunEnded { code })?;
        let seen = snapshot
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if ui.format == Format::Text {
            ui.print(&format!("\n{}", self.account(&seen)))?;
            ui.print(&events::summary(&report, already_done))?;
        }
        self.write_map(&seen)?;
        Ok(code)
    }

    /// What became of every template and flow.
    fn account(&self, seen: &Snapshot) -> String {
        let Session { plan, site, .. } = self.session;
        let inventory = Inventory::of(&plan.templates, seen, site.clock.now());
        let told = inventory.as_ref().map(|inventory| {
            let paragraph = templates::paragraph(inventory);
            format!(
                "{}\n{}",
                paragraph.trim_end(),
                templates::reasons(inventory)
            )
        });
        let flows = Flows::of(&plan.flows, seen);
        let flows = flows.map(|flows| {
            let line = templates::flows_line(&flows);
            let reasons = templates::flow_reasons(&flows);
            format!("{}\n  {line}\n{reasons}", style::heading("Flows"))
        });
        let told = [told, flows].into_iter().flatten();
        told.map(|part| part + "\n").collect()
    }

    fn write_map(&self, seen: &Snapshot) -> Result<(), CliError> {
        let Session { plan, site, .. } = self.session;
        let Some(path) = self.map else { return Ok(()) };
        match IdMap::gap(plan, seen) {
            None => map_file::write(path, &IdMap::of(plan, seen, site.clock.now())),
            // A map of an earlier run that is there stays as it is.
            Some(gap) => Err(CliError::File {
                doing: "write the map to",
                path: path.to_owned(),
                source: std::io::Error::other(gap),
            }),
        }
    }

    /// Asks, and returns the exit code of a no. A signal at the question is one.
    async fn refused(&self, question: Question, ui: Ui) -> Result<Option<u8>, CliError> {
        let Question { text, word } = question;
        let typed = tokio::task::spawn_blocking(move || Ui::ask(&text));
        let Some(typed) = self.stop.or_leave(typed).await else {
            return Ok(self.stop.asked());
        };
        let typed = typed.map_err(|error| CliError::Internal(error.to_string()))?;
        if typed.map_err(CliError::Input)?.trim() == word {
            return Ok(None);
        }
        ui.say("Nothing was changed.");
        Ok(Some(exit::FAILED))
    }

    /// Accounts that are not ready stop everything; a number stops everything unless `--partial`.
    fn blocked(&self, seen: &Seen) -> Option<u8> {
        seen.stops(|finding| !(self.partial && number_of(finding).is_some()))
    }

    /// Reads every PIN and verify token this run will need, before the first write.
    async fn ready_secrets(&self, seen: &Seen) -> Result<BTreeMap<SecretRef, Secret>, CliError> {
        let Session { plan, site, .. } = self.session;
        let mut secrets = BTreeMap::new();
        let held = held(seen);
        for number in &plan.numbers {
            if seen.snapshot.target.has_registered(&number.phone)
                || held.contains_key(&number.phone)
                || secrets.contains_key(&number.pin)
            {
                continue;
            }
            let what = format!("the PIN of {}", number.phone);
            let pin = fetch(&*site.secrets, &number.pin, &what).await?;
            if pin.expose().len() != 6 || !pin.expose().bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(CliError::SecretForm {
                    what,
                    form: "six digits",
                });
            }
            secrets.insert(number.pin.clone(), pin);
        }
        let subscribes = seen
            .changes
            .to_do()
            .any(|change| change.kind == "target_subscription");
        if let Some(callback) = plan
            .target
            .subscription
            .callback
            .as_ref()
            .filter(|_| subscribes)
        {
            let what = "target.subscription.callback.verify_token";
            let token = fetch(&*site.secrets, &callback.verify_token, what).await?;
            secrets.insert(callback.verify_token.clone(), token);
        }
        Ok(secrets)
    }

    /// Codes that lie about in variables and files are masked from the beginning: an answer may
    /// quote one that an earlier run handed in.
    async fn hide_codes(&self) {
        let Session {
            plan,
            site,
            connection,
            ..
        } = self.session;
        for reference in plan
            .numbers
            .iter()
            .filter_map(|number| number.otp.code.as_ref())
        {
            if matches!(reference, SecretRef::Command { .. }) {
                continue;
            }
            if let Ok(code) = site.secrets.read(reference).await {
                six_digits(&code)
                    .iter()
                    .chain([&code])
                    .for_each(|code| connection.hide(code));
            }
        }
    }

    fn code(&self, report: &Report) -> u8 {
        let has = |end| report.count(end) > 0;
        if let Some(code) = self.stop.asked() {
            return code;
        }
        if report.is_credential() {
            return exit::CREDENTIAL;
        }
        match (
            has(StepEnd::Failed),
            has(StepEnd::Blocked),
            has(StepEnd::Parked),
        ) {
            (true, _, _) => exit::PARTIAL,
            (_, true, _) if has(StepEnd::Done) || self.partial => exit::PARTIAL,
            (_, true, _) => exit::BLOCKED,
            (_, _, true) => exit::PARKED,
            _ => exit::OK,
        }
    }
}

/// The number that a finding is about.
fn number_of(finding: &Finding) -> Option<Phone> {
    finding
        .subject
        .strip_prefix("number[\"")?
        .split_once('"')?
        .0
        .parse()
        .ok()
}

/// Numbers that `--partial` leaves alone, with the reason.
fn held(seen: &Seen) -> BTreeMap<Phone, String> {
    let blocking = seen
        .changes
        .findings
        .iter()
        .filter(|finding| finding.blocks());
    blocking
        .filter_map(|finding| Some((number_of(finding)?, finding.message.clone())))
        .collect()
}

fn time(at: jiff::Timestamp) -> String {
    at.strftime("%a %e %b %H:%MZ").to_string()
}

/// Shows every line of the journal after it is on disk.
fn listener(ui: Ui) -> Listener {
    Arc::new(move |entry: &Entry| {
        let text = match ui.format {
            Format::Json => serde_json::to_string(entry).ok(),
            Format::Text | Format::Markdown => {
                events::line(entry).map(|line| match ui.shows_time {
                    // A rehearsal plays days in a moment; only the clock tells.
                    true => format!("  {}{line}", style::faint(time(entry.at))),
                    false => line,
                })
            }
        };
        if let Some(text) = text {
            // A full disk on the other side of a pipe must not stop a migration half way.
            if let Err(error) = ui.print(&format!("{text}\n")) {
                tracing::warn!(%error, "progress cannot be shown");
            }
        }
    })
}

/// Asks for the number of cut-overs, so that a yes is never given by habit.
fn ask_to_go_on(seen: &Seen) -> Question {
    let cut_overs = seen
        .changes
        .to_do()
        .filter(|change| change.kind == "register");
    let cut_overs = cut_overs.count();
    let most = seen.changes.summary.max_cut_overs;
    let most = most.and_then(|most| usize::try_from(most).ok());
    match most.map_or(cut_overs, |most| most.min(cut_overs)) {
        0 => Question {
            text: "Type yes to go on: ".to_owned(),
            word: "yes".to_owned(),
        },
        cut_overs => Question {
            text: format!(
                "This cuts over {cut_overs} of your numbers, for good. Type that number to go on: "
            ),
            word: cut_overs.to_string(),
        },
    }
}

/// A run id from this clock's time and the system's randomness.
pub(super) fn run_id(clock: &dyn crate::clock::Clock) -> RunId {
    let mut random = [0; 10];
    random.copy_from_slice(&uuid::Uuid::now_v7().as_bytes()[6..]);
    RunId::new(clock.now(), random)
}

#[expect(clippy::disallowed_methods, reason = "the journal says who ran what")]
pub(super) fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".into())
}

#[expect(clippy::disallowed_methods, reason = "the journal says who ran what")]
pub(super) fn host() -> String {
    let name = ["HOSTNAME", "COMPUTERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    let file = || std::fs::read_to_string("/etc/hostname").ok();
    let name = name.or_else(file).map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".into())
}
