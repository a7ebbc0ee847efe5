//! One run: locks, looks, asks, does, sums up.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    approval::{Question, questions},
    progress::listener,
};
use crate::cli::{
    error::CliError,
    exit,
    files::DiskFiles,
    lease::Tenure,
    plan, reports,
    session::{Seen, Session, fetch},
    ui::{Format, Ui},
    whoami::{ci_job, commit, host, run_id},
    whole_file,
};
use crate::{
    api::{genesys, meta::Writer},
    apply::{
        Report, Scope, apply,
        scope::{held, number_of},
    },
    changeset::{
        Approved, Choice,
        risk::{Accepted, Risk},
    },
    finding::Finding,
    id_map::IdMap,
    ids::{Address, SolutionId},
    inventory::{Inventory, flows::Flows},
    journal::{Event, History, Journal, JournalError, Lock, StepEnd, event::VERSION},
    plan::Number,
    preflight,
    report::{changes, events, findings, style, templates},
    secret::{Secret, SecretRef},
    snapshot::Snapshot,
    step::{
        Context, CutOvers, Genesys, Listing, Options, People, Review, Silence, Stop, Uploads,
        six_digits,
    },
};

/// One run of `apply`, at Meta or on the simulator.
pub(in crate::cli) struct Run<'a> {
    pub(in crate::cli) session: &'a Session,
    pub(in crate::cli) options: &'a Options,
    pub(in crate::cli) people: &'a dyn People,
    pub(in crate::cli) stop: &'a Arc<Stop>,
    pub(in crate::cli) partial: bool,
    /// Where old and new ids go.
    pub(in crate::cli) map: Option<&'a Path>,
    /// Where the steps go as test results.
    pub(in crate::cli) junit: Option<&'a Path>,
    pub(in crate::cli) forget: Forget,
    /// What was reviewed: nothing else is done.
    pub(in crate::cli) approved: Option<&'a Approved>,
    /// Which steps are wanted.
    pub(in crate::cli) choice: Choice,
    /// How much of each risk is accepted.
    pub(in crate::cli) accepted: Accepted,
    /// Whether a person has to say yes first.
    pub(in crate::cli) asks: bool,
}

/// What of the history does not count in this run, by the user's word.
#[derive(Debug, Default)]
pub(in crate::cli) struct Forget {
    /// Which templates Meta refused to copy.
    pub(in crate::cli) refused_templates: bool,
    /// Migration intents that were set.
    pub(in crate::cli) intents: Vec<SolutionId>,
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
    pub(in crate::cli) async fn start(&self, ui: Ui) -> Result<u8, CliError> {
        let Session { plan, site, .. } = self.session;
        let holder = format!(
            "{} on {}, since {:.0}",
            self.options.user,
            host(),
            site.clock.now()
        );
        self.map.map_or(Ok(()), whole_file::check)?;
        let lock = Lock::take(&site.journal, &plan.name, &holder)?;
        let tenure = Tenure::begin(&lock, &self.options.user, self.stop, ui)?;
        let mut history = self.session.history()?;
        self.forget.in_history(&mut history);
        let seen = self.look(history).await;
        // A rehearsal, which alone shows times, begins with a journal of its own.
        if !ui.shows_time {
            self.session.tell_lost_journal(&seen.snapshot, ui);
        }
        if self.asks {
            self.show(&seen, ui)?;
        }
        if let Err(refusal) = self.admit(&seen, ui) {
            let version = &plan.graph.api_version;
            reports::refused(&refusal, &seen.changes, version, self.junit, ui)?;
            return Err(refusal);
        }
        if seen.changes.is_empty() {
            match ui.format {
                Format::Text if !self.asks => plan::show(self.session, &seen, ui)?,
                Format::Json => ui.print_json(&events::Progress::new(site.clock.now(), 0, 0))?,
                Format::Text | Format::Markdown => {}
            }
            self.write_map(&seen.snapshot)?;
            reports::applied(&Report::default(), &seen.changes, self.junit, ui)?;
            return Ok(exit::OK);
        }
        let secrets = self.ready_secrets(&seen).await?;
        secrets
            .values()
            .for_each(|secret| self.session.connection.hide(secret));
        if let Some(genesys) = &self.session.genesys {
            secrets.values().for_each(|secret| genesys.hide(secret));
        }
        self.hide_codes().await;
        let asked = self.asks.then(|| questions(&seen.changes, &self.accepted));
        for question in asked.into_iter().flatten() {
            if let Some(code) = self.refused(question, ui).await? {
                return Ok(code);
            }
        }
        let to_do = seen.changes.to_do();
        let to_do = to_do.map(|change| Address::read(&change.address)).collect();
        let journal = Journal::create(
            &lock,
            run_id(&*site.clock),
            site.clock.clone(),
            Some(listener(ui, self.options.attended, to_do)),
        )?
        .under(tenure.held().clone());
        tenure.held().begin(journal.run())?;
        self.execute(seen, &journal, &secrets, ui).await
    }

    /// Looks at the world and decides every step. What no journal tells any more, the review may.
    async fn look(&self, history: History) -> Seen {
        let mut seen = self.session.look_at(&self.choice, history).await;
        let plan = &self.session.plan;
        let recalls = |approved: &Approved| approved.recall(plan, &mut seen.snapshot);
        if self.approved.is_some_and(recalls) {
            // What was recalled names things that were not looked at.
            let history = seen.snapshot.history.clone();
            return self.session.look_at(&self.choice, history).await;
        }
        seen
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
            genesys,
            no_source: _,
        } = self.session;
        let genesys = genesys.as_ref().and_then(|connection| {
            let reader = readers.genesys.as_ref()?.as_ref().ok()?;
            Some((reader, genesys::Writer::new(connection.clone())))
        });
        journal.record(Event::RunStarted {
            journal: VERSION,
            run: journal.run(),
            plan: plan.name.clone(),
            plan_digest: plan.digest.clone(),
            host: host(),
            user: self.options.user.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            change_set: self.approved.map(|approved| approved.digest.clone()),
            ci_job: ci_job(),
            commit: commit(),
        })?;
        let stale = self.stale(&seen);
        let changes = &seen.changes;
        let mut scope = Scope::of(graph, changes, &self.choice);
        if let Some(approved) = self.approved {
            scope = scope.reviewed(approved, &stale);
        }
        // What a person has seen and agreed to is a review, too.
        let shown = self.asks.then(|| Approved::from(changes));
        let review = self.approved.or(shown.as_ref());
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
            genesys: genesys
                .as_ref()
                .map(|(reader, writer)| Genesys { reader, writer }),
            journal,
            clock: &*site.clock,
            files: &DiskFiles,
            secrets: &*site.secrets,
            ready_secrets: secrets,
            people: self.people,
            options: self.options,
            review: review.map(|approved| approved as &dyn Review),
            stop: self.stop,
            silence: &Silence::default(),
            cut_overs: &CutOvers::of(&plan.policy).at_most(self.accepted.of(Risk::CutOver)),
            listing: &listing,
            uploads: &Uploads::default(),
            seen: &snapshot,
        };
        let mut report = apply(graph, &scope, &context).await;
        // Whoever waits for nothing but people leaves without asking for the lease.
        let is_lost = self.stop.asked() == Some(exit::LOCKED);
        let lost = || journal.is_ours().err().filter(|_| is_lost);
        if let Some(error) = report.journal.take().or_else(lost) {
            if let JournalError::LeaseLost { .. } = error {
                journal.record(Event::RunEnded { code: exit::LOCKED })?;
            }
            return Err(error.into());
        }
        let code = self.code(&report);
        journal.record(Event::RunEnded { code })?;
        let snapshot = snapshot
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if ui.format == Format::Text {
            if changes.direction.is_forward() {
                ui.print(&format!("\n{}", self.account(&snapshot)))?;
            }
            ui.print(&events::summary(&report, changes.summary.done))?;
        }
        self.write_map(&snapshot)?;
        reports::applied(&report, changes, self.junit, ui)?;
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
            None => whole_file::write_json(path, &IdMap::of(plan, seen, site.clock.now())),
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

    /// Shows what a person is asked about; beside the result where that is for programs.
    fn show(&self, seen: &Seen, ui: Ui) -> Result<(), CliError> {
        if ui.format == Format::Text {
            return plan::show(self.session, seen, ui);
        }
        let version = &self.session.plan.graph.api_version;
        ui.say(changes::render(&seen.changes, version).trim_end());
        Ok(())
    }

    /// Refuses, before the first write, what was not reviewed, what is not ready and what was not
    /// accepted.
    fn admit(&self, seen: &Seen, ui: Ui) -> Result<(), CliError> {
        let refuse = |findings, code| Err(CliError::Findings { findings, code });
        let stale: Vec<_> = self.stale(seen).into_iter().map(|(_, one)| one).collect();
        if !stale.is_empty() {
            if !self.partial {
                return refuse(stale, exit::STALE);
            }
            ui.say(findings::render(&stale, true).trim_end());
        }
        if let Some(code) = self.blocked(seen) {
            return refuse(seen.changes.findings.clone(), code);
        }
        let risks = self
            .accepted
            .judge(&seen.changes, &self.session.plan.policy);
        match risks.is_empty() {
            true => Ok(()),
            false => refuse(risks, exit::BLOCKED),
        }
    }

    /// What is not as it was reviewed.
    fn stale(&self, seen: &Seen) -> Vec<(Address, Finding)> {
        let objections = |approved: &Approved| approved.objections(&seen.changes, &seen.snapshot);
        self.approved.map(objections).unwrap_or_default()
    }

    /// Accounts that are not ready stop everything; a number stops everything unless `--partial`.
    fn blocked(&self, seen: &Seen) -> Option<u8> {
        seen.stops(|finding| !(self.partial && number_of(finding).is_some()))
    }

    /// Reads every PIN and verify token this run will need, before the first write.
    async fn ready_secrets(&self, seen: &Seen) -> Result<BTreeMap<SecretRef, Secret>, CliError> {
        let Session { plan, site, .. } = self.session;
        let mut secrets = BTreeMap::new();
        // Nothing is registered or subscribed by what takes back.
        if !seen.changes.direction.is_forward() {
            return Ok(secrets);
        }
        let held = held(&seen.changes);
        for number in &plan.numbers {
            if !is_to_move(seen, number)
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
        // A deadline only parks what is left.
        if let Some(code) = self.stop.asked().filter(|code| *code != exit::PARKED) {
            return code;
        }
        let findings = report.ended.iter().flat_map(|ended| &ended.findings);
        if report.is_credential() || findings.into_iter().any(preflight::is_credential) {
            return exit::CREDENTIAL;
        }
        match (
            has(StepEnd::Failed),
            has(StepEnd::Blocked),
            has(StepEnd::Parked),
        ) {
            (true, _, _) => exit::PARTIAL,
            _ if has(StepEnd::Stale) && self.partial => exit::PARTIAL,
            _ if has(StepEnd::Stale) => exit::STALE,
            (_, true, _) if has(StepEnd::Done) || self.partial => exit::PARTIAL,
            (_, true, _) => exit::BLOCKED,
            (_, _, true) => exit::PARKED,
            _ if has(StepEnd::NotStarted) && self.stop.asked().is_some() => exit::PARKED,
            _ if has(StepEnd::NotStarted) => exit::PARTIAL,
            _ => exit::OK,
        }
    }
}

/// Returns whether the number's PIN is needed: it is not registered, or Genesys Cloud does not use it yet.
fn is_to_move(seen: &Seen, number: &Number) -> bool {
    let moves = Address::number(&number.phone, number.moved_by());
    let is_open = || {
        seen.changes
            .to_do()
            .any(|change| change.address == moves.as_str())
    };
    match number.genesys {
        Some(_) => is_open(),
        None => !seen.snapshot.target.has_registered(&number.phone),
    }
}
