//! What the lines of one run amount to, for people who look at a list of runs. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    event::{Entry, Event, StepEnd},
    lease::Lease,
    read::{FileState, RunFile},
};
use crate::ids::{Address, RunId};

/// One run, in short.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Summary {
    /// The run.
    pub run: RunId,
    /// The plan's name.
    pub plan: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When its last line was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// The user who ran it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Version of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// SHA-256 of the plan file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// The digest of the change set that it carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_set: Option<String>,
    /// The CI job that ran it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci_job: Option<String>,
    /// The commit that the CI service had checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// How it ended.
    pub end: End,
    /// The exit code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// How its steps ended.
    pub steps: Steps,
    /// The whole lines of its file.
    pub lines: usize,
    /// How its file is.
    pub file: FileState,
}

/// How a run ended: its exit code as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// 0.
    Done,
    /// 1, and codes that this release does not know.
    Failed,
    /// 4: a person has to change the world first.
    Blocked,
    /// 5: it waits.
    Parked,
    /// 6: some steps failed.
    Partial,
    /// 7: the world was not as it was reviewed.
    Stale,
    /// 8: it lost its lease.
    LostLease,
    /// 9.
    Credential,
    /// 130 and 143: somebody stopped it.
    Stopped,
    /// It holds a lease that counts, so it may be under way.
    Open,
    /// It has no end: it was killed, or its machine is gone.
    DidNotEnd,
}

impl End {
    fn of(code: u8) -> Self {
        match code {
            0 => Self::Done,
            4 => Self::Blocked,
            5 => Self::Parked,
            6 => Self::Partial,
            7 => Self::Stale,
            8 => Self::LostLease,
            9 => Self::Credential,
            130 | 143 => Self::Stopped,
            _ => Self::Failed,
        }
    }
}

/// How many steps ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Steps {
    /// Did their work.
    pub done: usize,
    /// Had nothing left to do.
    pub already: usize,
    /// Wait.
    pub parked: usize,
    /// Stopped by a precondition.
    pub blocked: usize,
    /// Not as they were reviewed.
    pub stale: usize,
    /// Failed.
    pub failed: usize,
    /// Needed something that did not end well.
    pub not_started: usize,
    /// Were no part of what was asked for.
    pub left_out: usize,
}

impl Steps {
    fn count(&mut self, end: StepEnd) {
        let counted = match end {
            StepEnd::Done => &mut self.done,
            StepEnd::Already => &mut self.already,
            StepEnd::Parked => &mut self.parked,
            StepEnd::Blocked => &mut self.blocked,
            StepEnd::Stale => &mut self.stale,
            StepEnd::Failed => &mut self.failed,
            StepEnd::NotStarted => &mut self.not_started,
            StepEnd::LeftOut => &mut self.left_out,
        };
        *counted += 1;
    }
}

impl Summary {
    /// Sums a run up. `lease` is its plan's lease, if somebody holds one that counts.
    pub fn of(file: &RunFile, lease: Option<&Lease>) -> Self {
        let entries = &file.entries;
        let is_held = lease.and_then(|lease| lease.run) == Some(file.run);
        let mut summary = Self {
            run: file.run,
            plan: file.plan.clone(),
            started: entries.first().map(|entry| entry.at),
            last: entries.last().map(|entry| entry.at),
            user: None,
            host: None,
            program: None,
            plan_digest: None,
            change_set: None,
            ci_job: None,
            commit: None,
            end: if is_held { End::Open } else { End::DidNotEnd },
            code: None,
            steps: steps(entries),
            lines: entries.len(),
            file: file.state.clone(),
        };
        entries
            .iter()
            .for_each(|entry| summary.take(entry.event.clone()));
        summary
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::RunStarted {
                journal: _,
                run: _,
                plan: _,
                plan_digest,
                host,
                user,
                program,
                change_set,
                ci_job,
                commit,
            } => {
                self.user = Some(user);
                self.host = Some(host);
                self.program = Some(program);
                self.plan_digest = Some(plan_digest);
                self.change_set = change_set;
                self.ci_job = ci_job;
                self.commit = commit;
            }
            Event::RunEnded { code } => {
                self.code = Some(code);
                self.end = End::of(code);
            }
            _ => {}
        }
    }
}

/// Counts every step once, by its last end.
fn steps(entries: &[Entry]) -> Steps {
    let mut ends: BTreeMap<&Address, StepEnd> = BTreeMap::new();
    for entry in entries {
        if let Event::StepEnded { step, end, .. } = &entry.event {
            ends.insert(step, *end);
        }
    }
    let mut steps = Steps::default();
    ends.into_values().for_each(|end| steps.count(end));
    steps
}

/// Finds the run that an id, or the beginning of one, names.
pub fn find<'a>(files: &'a [RunFile], prefix: &str) -> Found<'a> {
    let prefix = prefix.to_ascii_lowercase();
    let fits = |file: &&RunFile| file.run.to_string().starts_with(&prefix);
    let fitting: Vec<_> = files.iter().filter(fits).collect();
    match fitting.as_slice() {
        [] => Found::None,
        [one] => Found::One(one),
        _ => Found::Several(fitting.iter().map(|file| file.run).collect()),
    }
}

/// What the beginning of an id names.
#[derive(Debug)]
pub enum Found<'a> {
    /// Nothing.
    None,
    /// One run.
    One(&'a RunFile),
    /// More than one.
    Several(Vec<RunId>),
}
