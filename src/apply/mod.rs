//! Doing it: runs the graph, ready steps side by side, until nothing more can be done.
//!
//! A step that fails takes down only what needs it. Everything that happens is journaled first and
//! reported second. The loop makes no choices: each step decides from what is seen now whether
//! there is still something to do.

mod queue;
pub mod scope;

use futures_util::{StreamExt, stream::FuturesUnordered};
use tracing::debug;

pub use queue::Queue;
pub use scope::Scope;

use crate::{
    api::meta::CallError,
    changeset::StepGraph,
    finding::Finding,
    ids::Address,
    journal::{Event, JournalError, StepEnd},
    step::{
        Action, Context, Decision, Outcome, Review, Step, StepError, StepKind, keep_namespaces,
    },
};

/// How a step ended, for the summary.
#[derive(Debug)]
pub struct Ended {
    /// Which.
    pub step: Address,
    /// How.
    pub end: StepEnd,
    /// More about it.
    pub note: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What stood in its way, as preflight would say it.
    pub findings: Vec<Finding>,
    /// Whether a credential is to blame.
    pub credential: bool,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Every step that had something to do, in the order they ended.
    pub ended: Vec<Ended>,
    /// Why the run had to stop writing, if it had to.
    pub journal: Option<JournalError>,
}

impl Report {
    /// Counts the steps that ended so.
    pub fn count(&self, end: StepEnd) -> usize {
        self.ended.iter().filter(|ended| ended.end == end).count()
    }

    /// Returns whether some failure is to be blamed on a credential.
    pub fn is_credential(&self) -> bool {
        self.ended.iter().any(|ended| ended.credential)
    }
}

/// Runs every step of the graph that is in the scope and has something to do.
pub async fn apply(graph: &StepGraph, scope: &Scope, cx: &Context<'_>) -> Report {
    let steps: Vec<_> = graph.steps().collect();
    let was_done: Vec<_> = steps
        .iter()
        .map(|step| matches!(step.decide(&cx.seen()), Decision::Done(_)))
        .collect();
    let mut queue = Queue::new(graph.needs());
    let mut report = Report::default();
    if graph.direction().is_forward()
        && let Err(StepError::Journal(error)) = keep_namespaces(cx)
    {
        report.journal = Some(error);
    }
    let mut running = FuturesUnordered::new();
    loop {
        let may_start = cx.stop.asked().is_none() && report.journal.is_none();
        while let Some(at) = may_start.then(|| queue.take()).flatten() {
            let step = steps[at];
            let was_done = was_done[at];
            running.push(async move { (at, run(step, was_done, scope, cx).await) });
        }
        let Some((at, result)) = running.next().await else {
            break;
        };
        match result {
            Ok(ended) => {
                let end = ended.as_ref().map_or(StepEnd::Already, |ended| ended.end);
                cx.silence.ended(&steps[at].address(), end);
                let good = ended
                    .as_ref()
                    .is_none_or(|ended| matches!(ended.end, StepEnd::Done | StepEnd::Already));
                queue.finish(at, good);
                report.ended.extend(ended);
            }
            Err(error) => {
                cx.silence.ended(&steps[at].address(), StepEnd::Failed);
                queue.finish(at, false);
                report.journal.get_or_insert(error);
            }
        }
    }
    for (at, missing) in queue.never_started() {
        if let Err(error) = not_started(&mut report, &steps, (at, missing), scope, cx) {
            report.journal.get_or_insert(error);
        }
    }
    report
}

/// Runs one step. `None`: it had nothing to do from the beginning. `was_done`: it had nothing to do
/// when the run began.
async fn run(
    step: &Step,
    was_done: bool,
    scope: &Scope,
    cx: &Context<'_>,
) -> Result<Option<Ended>, JournalError> {
    let decision = step.decide(&cx.seen());
    let address = step.address();
    let left_alone = scope.left_alone(&address);
    // A change that was reviewed and is another now is told also where nothing is left to do.
    let counts = |(end, _): &&(StepEnd, String)| {
        *end == StepEnd::Stale || !matches!(decision, Decision::Done(_))
    };
    if let Some((end, reason)) = left_alone.filter(counts) {
        let ended = ended(address, *end, reason.clone(), None);
        record(cx, &ended)?;
        return Ok(Some(ended));
    }
    let outcome = match decision {
        Decision::Done(reason) => {
            debug!(step = %address, %reason, "nothing to do");
            return already(address, &reason, was_done, cx);
        }
        Decision::Blocked(findings) => Err(StepError::Blocked(findings)),
        Decision::Change(change) => {
            let by_us = cx.seen().history.done.contains(&address);
            let objection = |review: &dyn Review| review.objection(&address, &change, by_us);
            if let Some(finding) = cx.review.and_then(objection) {
                let ended = objected(address, StepEnd::Stale, vec![finding]);
                record(cx, &ended)?;
                return Ok(Some(ended));
            }
            if change.action == Action::None {
                debug!(step = %address, reason = %change.reason, "left alone");
                return Ok(None);
            }
            cx.journal.record(Event::StepStarted {
                step: address.clone(),
            })?;
            step.perform(cx).await
        }
    };
    let ended = match outcome {
        Ok(Outcome::Done(note)) => ended(address, StepEnd::Done, note, None),
        Ok(Outcome::Already(note)) => ended(address, StepEnd::Already, note, None),
        Ok(Outcome::Parked { reason, next }) => ended(address, StepEnd::Parked, reason, Some(next)),
        Err(StepError::Journal(error)) => return Err(error),
        Err(error) => failed(address, error),
    };
    record(cx, &ended)?;
    Ok(Some(ended))
}

/// Says of a step that was reviewed as something to do that it is done: by us or by somebody else.
/// `None`: there was nothing to do from the beginning.
fn already(
    step: Address,
    reason: &str,
    was_done: bool,
    cx: &Context<'_>,
) -> Result<Option<Ended>, JournalError> {
    let (by_us, is_known) = {
        let history = &cx.seen().history;
        let by_us = history.done.contains(&step) || history.sent.contains_key(&step);
        (by_us, !history.is_empty())
    };
    let reviewed = cx.review.and_then(|review| review.action(&step));
    let note = match reviewed {
        None | Some(Action::None) => return Ok(None),
        Some(Action::Gate | Action::Wait) => reason.to_owned(),
        // What this run did before has settled it.
        Some(_) if !was_done => reason.to_owned(),
        Some(_) if by_us => format!("{reason}; done by an earlier run"),
        Some(_) if is_known => format!("{reason}; somebody else did it"),
        // Without a journal nobody can tell who it was.
        Some(_) => format!("{reason}; done since the review"),
    };
    let ended = ended(step, StepEnd::Already, note, None);
    record(cx, &ended)?;
    Ok(Some(ended))
}

fn ended(step: Address, end: StepEnd, note: String, hint: Option<String>) -> Ended {
    Ended {
        step,
        end,
        note,
        hint,
        findings: Vec::new(),
        credential: false,
    }
}

/// Says what an error means for the step.
fn failed(step: Address, error: StepError) -> Ended {
    match error {
        StepError::Call { doing, source } => refused(step, &doing, &source),
        StepError::InDoubt { ref source, .. } => Ended {
            findings: vec![source.finding(&step)],
            credential: source.is_credential(),
            ..ended(
                step,
                StepEnd::Failed,
                error.to_string(),
                Some(LOOKS_FIRST.into()),
            )
        },
        StepError::Resting(_) => {
            let next = "run apply again then; trying sooner makes it longer".to_owned();
            ended(step, StepEnd::Parked, error.to_string(), Some(next))
        }
        StepError::Stopped => {
            let next = "run apply again; it goes on where it stopped".to_owned();
            ended(step, StepEnd::Parked, error.to_string(), Some(next))
        }
        StepError::Blocked(findings) => objected(step, StepEnd::Blocked, findings),
        StepError::Failed(findings) => objected(step, StepEnd::Failed, findings),
        StepError::Stale(finding) => objected(step, StepEnd::Stale, vec![*finding]),
        StepError::Secret(_) => Ended {
            credential: true,
            ..ended(step, StepEnd::Failed, chain(&error), None)
        },
        StepError::Journal(_) | StepError::Unexpected(_) => {
            ended(step, StepEnd::Failed, chain(&error), None)
        }
    }
}

/// The most findings that the note of a step repeats; of more it repeats the first. All of them stand
/// beside it.
const MOST_TOLD: usize = 3;

const LOOKS_FIRST: &str = "run apply again: it looks at the world before it sends anything";

/// A call that a limit stands against, or that has to rest, is only put off.
fn refused(step: Address, doing: &str, error: &CallError) -> Ended {
    let rests = error.graph().is_some_and(|graph| graph.rest().is_some());
    let end = match error.is_limit() || rests {
        true => StepEnd::Parked,
        false => StepEnd::Failed,
    };
    let credential = error.is_credential();
    let mut finding = error.finding(&step);
    finding.message = format!("cannot {doing}: {}", finding.message);
    let (note, hint) = (finding.message.clone(), finding.hint.clone());
    Ended {
        findings: vec![finding],
        credential,
        ..ended(step, end, note, hint)
    }
}

fn objected(step: Address, end: StepEnd, findings: Vec<Finding>) -> Ended {
    let messages = findings.iter().map(|finding| finding.message.as_str());
    let mut told: Vec<_> = messages.map(str::to_owned).collect();
    if told.len() > MOST_TOLD {
        told.truncate(1);
        told.push(format!("and {} more", findings.len() - 1));
    }
    let note = told.join("; ");
    let hint = findings.iter().find_map(|finding| finding.hint.clone());
    Ended {
        findings,
        ..ended(step, end, note, hint)
    }
}

/// An error with everything that led to it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// Reports a step that could not start, and names what it waits for.
fn not_started(
    report: &mut Report,
    steps: &[&Step],
    (at, missing): (usize, Vec<usize>),
    scope: &Scope,
    cx: &Context<'_>,
) -> Result<(), JournalError> {
    if matches!(steps[at].decide(&cx.seen()), Decision::Done(_)) {
        return Ok(());
    }
    let names: Vec<_> = missing
        .iter()
        .map(|&need| steps[need].address().to_string())
        .collect();
    let address = steps[at].address();
    let (end, note) = match (scope.left_alone(&address), names.is_empty()) {
        (Some((end, why)), _) => (*end, why.clone()),
        (None, true) => (StepEnd::NotStarted, "the run was stopped".to_owned()),
        (None, false) => (
            StepEnd::NotStarted,
            format!("it needs {}", names.join(", ")),
        ),
    };
    let ended = ended(address, end, note, None);
    let recorded = if report.journal.is_none() {
        record(cx, &ended)
    } else {
        Ok(())
    };
    report.ended.push(ended);
    recorded
}

fn record(cx: &Context<'_>, ended: &Ended) -> Result<(), JournalError> {
    cx.journal.record(Event::StepEnded {
        step: ended.step.clone(),
        end: ended.end,
        note: ended.note.clone(),
        hint: ended.hint.clone(),
        findings: ended.findings.clone(),
    })
}
