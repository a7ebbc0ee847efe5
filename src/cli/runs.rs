//! `runs`: what the journal holds. Talks to nobody, and changes nothing but a lease that is broken.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Global,
    error::CliError,
    exit,
    session::{beside, read_plan},
    ui::{Format, Ui},
};
use crate::{
    clock::{Clock, SystemClock},
    journal::{
        lease::{self, Lease},
        read::{self, FileState, RunFile},
        run::{Found, Summary, find},
    },
    report::{clean, runs as report},
};

/// Show what was done, when, by whom, with which trace ids
///
/// Reads the journal and talks to nobody. Without RUN it lists every run in .waba-migrate of the
/// current folder (or in --journal); with --plan those of that plan, from the folder beside it.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Show everything that this run did: its id, or the beginning of it
    #[arg(conflicts_with_all = ["verify", "break_lease"])]
    run: Option<String>,
    /// Only the runs of this plan file
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_PLAN")]
    plan: Option<PathBuf>,
    /// Check that no line was lost or changed: exits 1 when one was
    #[arg(long, conflicts_with = "break_lease", env = "WABA_MIGRATE_VERIFY")]
    verify: bool,
    /// Take the lease of this plan away from whoever holds it: NAME as the plan has it; a run that loses its lease sends nothing more
    #[arg(long, value_name = "NAME")]
    break_lease: Option<String>,
}

/// A journal's folder, and which plans of it are meant.
struct Place {
    root: PathBuf,
    plans: Vec<String>,
}

impl Place {
    fn of(arguments: &Arguments, global: &Global, ui: Ui) -> Result<Self, CliError> {
        let here = || PathBuf::from(super::session::JOURNAL);
        let Some(path) = &arguments.plan else {
            let root = global.journal.clone().unwrap_or_else(here);
            let plans = read::plans(&root)?;
            return Ok(Self { root, plans });
        };
        let plan = read_plan(path, ui)?;
        let root = global.journal.clone();
        Ok(Self {
            root: root.unwrap_or_else(|| beside(&plan)),
            plans: vec![plan.name],
        })
    }

    fn files(&self) -> Result<Vec<RunFile>, CliError> {
        let mut files = Vec::new();
        for plan in &self.plans {
            files.extend(read::runs(&self.root, plan)?);
        }
        files.sort_by_key(|file| file.run);
        Ok(files)
    }

    /// The leases that can be read. One that cannot is told.
    fn leases(&self, ui: Ui) -> Vec<(&str, Lease)> {
        let of = |plan| match lease::read(&self.root, plan) {
            Ok(found) => found.map(|lease| (plan, lease)),
            Err(error) => {
                ui.say(&clean(&error.to_string()));
                None
            }
        };
        self.plans
            .iter()
            .filter_map(|plan| of(plan.as_str()))
            .collect()
    }
}

/// What `runs --verify --format json` prints of one file.
#[derive(Serialize, JsonSchema)]
struct Verified<'a> {
    plan: &'a str,
    run: String,
    file: String,
    lines: usize,
    #[serde(flatten)]
    state: &'a FileState,
}

pub(super) fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    if let Some(plan) = &arguments.break_lease {
        let place = Place::of(arguments, global, ui)?;
        return break_lease(&place, plan, ui);
    }
    let place = Place::of(arguments, global, ui)?;
    let files = place.files()?;
    if arguments.verify {
        return verify(&files, ui);
    }
    let leases = place.leases(ui);
    let now = SystemClock.now();
    match &arguments.run {
        Some(prefix) => show(&files, prefix, &leases, now, ui),
        None => list(&files, &leases, now, ui),
    }
}

/// A run, summed up with the lease of its plan where that counts.
fn summary(file: &RunFile, leases: &[(&str, Lease)], now: Timestamp) -> Summary {
    let lease = leases.iter().find(|(plan, _)| *plan == file.plan);
    let lease = lease.map(|(_, lease)| lease);
    Summary::of(file, lease.filter(|lease| lease.until() > now))
}

fn list(
    files: &[RunFile],
    leases: &[(&str, Lease)],
    now: Timestamp,
    ui: Ui,
) -> Result<u8, CliError> {
    let runs: Vec<_> = files
        .iter()
        .map(|file| summary(file, leases, now))
        .collect();
    let held: Vec<_> = leases.iter().map(|(plan, lease)| (*plan, lease)).collect();
    ui.show_any(
        &runs,
        || report::list(&runs, &held),
        |max_chars| report::list_markdown(&runs, max_chars),
    )?;
    Ok(exit::OK)
}

fn show(
    files: &[RunFile],
    prefix: &str,
    leases: &[(&str, Lease)],
    now: Timestamp,
    ui: Ui,
) -> Result<u8, CliError> {
    let found = match find(files, prefix) {
        Found::One(found) => found,
        Found::None => return Err(CliError::Usage(format!("there is no run {prefix}"))),
        Found::Several(runs) => {
            let runs: Vec<_> = runs.iter().map(ToString::to_string).collect();
            return Err(CliError::Usage(format!(
                "several runs begin with {prefix}: {}",
                runs.join(", ")
            )));
        }
    };
    let summary = summary(found, leases, now);
    ui.show_any(
        &found.entries,
        || report::run(&summary, &found.entries),
        |max_chars| report::run_markdown(&summary, &found.entries, max_chars),
    )?;
    if found.state.is_good() {
        return Ok(exit::OK);
    }
    // A part of a run must not pass for the whole of it.
    ui.say("The file of this run cannot be read to its end; runs --verify tells why.");
    Ok(exit::FAILED)
}

fn verify(files: &[RunFile], ui: Ui) -> Result<u8, CliError> {
    let verified: Vec<_> = files
        .iter()
        .map(|file| Verified {
            plan: &file.plan,
            run: file.run.to_string(),
            file: file.path.display().to_string(),
            lines: file.entries.len(),
            state: &file.state,
        })
        .collect();
    ui.show_any(
        &verified,
        || report::verify(files),
        |max_chars| report::verify_markdown(files, max_chars),
    )?;
    Ok(match files.iter().all(|file| file.state.is_good()) {
        true => exit::OK,
        false => exit::FAILED,
    })
}

/// Says who holds a lease, and takes it away.
fn break_lease(place: &Place, plan: &str, ui: Ui) -> Result<u8, CliError> {
    let Place { root, plans } = place;
    if !plans.iter().any(|known| known == plan) {
        return Err(CliError::Usage(format!(
            "{} has no plan {plan}, but: {}",
            root.display(),
            plans.join(", ")
        )));
    }
    let found = lease::read(root, plan);
    match &found {
        Ok(Some(lease)) => ui.say(&clean(&report::lease_line(plan, lease))),
        Ok(None) => {}
        Err(error) => ui.say(&clean(&error.to_string())),
    }
    let was_there = lease::break_lease(root, plan)?;
    let told = match was_there {
        true => format!(
            "The lease of {plan} is broken. If its run is still alive, it sends nothing more.\n"
        ),
        false => format!("Nobody holds the lease of {plan}.\n"),
    };
    match ui.format {
        Format::Json => ui.print_json(&serde_json::json!({
            "plan": plan,
            "broken": was_there,
            "lease": found.ok().flatten(),
        }))?,
        Format::Text | Format::Markdown => ui.print(&clean_lines(&told))?,
    }
    Ok(exit::OK)
}

fn clean_lines(text: &str) -> String {
    clean(text.trim_end()) + "\n"
}
