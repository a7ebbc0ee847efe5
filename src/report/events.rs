//! The progress of a run, one line per thing worth knowing, and its summary.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{clean, count, style, wrap};
use crate::{
    apply::Report,
    finding::Finding,
    ids::Address,
    journal::{Answer, Entry, Event, StepEnd},
};

/// The width that the facts under a step are wrapped to.
const COLUMNS: usize = 80;

/// Where they begin.
const INDENT: usize = 6;

/// How far a run is: a line of its own in the stream of events, no line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Progress {
    event: ProgressTag,
    /// When it was so.
    at: Timestamp,
    /// How many of them have ended in this run, in whatever way.
    ended: usize,
    /// Steps that had something to do when it began.
    to_do: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ProgressTag {
    Progress,
}

impl Progress {
    /// Tells how many of how many steps have ended.
    pub fn new(at: Timestamp, ended: usize, to_do: usize) -> Self {
        Self {
            event: ProgressTag::Progress,
            at,
            ended,
            to_do,
        }
    }
}

/// One line of `apply --format json`: what happened, as the journal keeps it, how far the run is,
/// or why it did not begin.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Line {
    /// A line of the journal.
    Entry(Box<Entry>),
    /// How far the run is.
    Progress(Progress),
    /// Why the run did not begin, or ended early: in place of all other lines, or the last one.
    Refused(Vec<Finding>),
}

/// Renders one journal line for programs, with what follows from it.
pub fn json(entry: &Entry, progress: Option<Progress>) -> Option<String> {
    let mut text = serde_json::to_string(entry).ok()?;
    if let Some(progress) = progress {
        text.push('\n');
        text += &serde_json::to_string(&progress).ok()?;
    }
    Some(text)
}

/// Renders one journal line for people. `None`: nothing a person has to see.
pub fn line(entry: &Entry) -> Option<String> {
    match &entry.event {
        Event::Waiting { step, reason, next } => Some(waits_for(step, reason, next.as_deref())),
        Event::Gate { step, reason, next } => Some(waits_for(step, reason, Some(next))),
        Event::Retrying {
            step,
            attempt,
            seconds,
            reason,
        } => Some(format!(
            "  {} {step}  {}",
            style::notice("↻"),
            style::faint(format!(
                "try {attempt} in {}: {}",
                count(usize::try_from(*seconds).unwrap_or(usize::MAX), "second"),
                clean(reason)
            ))
        )),
        Event::RateLimited { step, until } => Some(format!(
            "  {} {step}  {}",
            style::faint("…"),
            style::faint(format!("a rate limit holds calls back until {until:.0}"))
        )),
        Event::Answered {
            step,
            attempt,
            answer: Answer::InDoubt { message },
        } => Some(format!(
            "  {} {step}  try {attempt}: {}; looking what came of it",
            style::notice("?"),
            clean(message)
        )),
        Event::StepEnded {
            step,
            end,
            note,
            hint,
            findings,
        } => Some(ended(step, *end, note, hint.as_deref(), findings)),
        Event::RunStarted { .. }
        | Event::StepStarted { .. }
        | Event::Intent { .. }
        | Event::Answered { .. }
        | Event::LookedUp { .. }
        | Event::Kept { .. }
        | Event::RunEnded { .. }
        | Event::Other => None,
    }
}

fn waits_for(step: &Address, reason: &str, next: Option<&str>) -> String {
    let reason = style::faint(format!("waits for {}", clean(reason)));
    let next = next.map(|next| below("next", next)).unwrap_or_default();
    format!("  {} {step}  {reason}{next}", style::faint("…"))
}

fn ended(
    step: &Address,
    end: StepEnd,
    note: &str,
    hint: Option<&str>,
    findings: &[Finding],
) -> String {
    let mut text = head(step, end, note, findings);
    for finding in findings {
        if finding.message != note {
            text += &below(&finding.rule, &finding.message);
        }
        text += &facts(finding);
    }
    let is_said = |hint: &str| findings.iter().any(|it| it.hint.as_deref() == Some(hint));
    if let Some(hint) = hint.filter(|hint| !is_said(hint)) {
        text += &below("next", hint);
    }
    text
}

/// The line of the step itself; one finding alone is named by its rule.
fn head(step: &Address, end: StepEnd, note: &str, findings: &[Finding]) -> String {
    let (sign, word) = match end {
        StepEnd::Done => (style::good("✓"), ""),
        StepEnd::Already => (style::good("="), ""),
        StepEnd::Parked => (style::notice("…"), "parked"),
        StepEnd::Blocked => (style::bad("x"), "blocked"),
        StepEnd::Stale => (style::bad("≠"), "stale"),
        StepEnd::Failed => (style::bad("✗"), "failed"),
        StepEnd::NotStarted => (style::faint("-"), "not started"),
        StepEnd::LeftOut => (style::faint("-"), "left out"),
    };
    let shown = match (word, findings) {
        ("", _) => clean(note),
        (word, [finding]) => format!("{word}[{}]: {}", clean(&finding.rule), clean(note)),
        (word, _) => format!("{word}: {}", clean(note)),
    };
    let shown = match end {
        StepEnd::Done | StepEnd::Already | StepEnd::NotStarted | StepEnd::LeftOut => {
            style::faint(shown).to_string()
        }
        StepEnd::Parked | StepEnd::Blocked | StepEnd::Stale | StepEnd::Failed => shown,
    };
    format!("  {sign} {step}  {shown}")
}

/// The facts of a finding in the words of `findings::render`, without what the line above them says.
fn facts(finding: &Finding) -> String {
    let help = match (finding.who, &finding.hint) {
        (Some(who), Some(hint)) => Some(format!("{who}: {hint}")),
        (None, hint) => hint.clone(),
        (Some(_), None) => None,
    };
    let facts = [
        ("observed", finding.observed.as_ref()),
        ("help", help.as_ref()),
        ("proof", finding.proof.as_ref()),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(name, text)| Some(below(name, text?)));
    facts.collect()
}

/// One fact under a step's line, on as many lines as it takes.
fn below(name: &str, text: &str) -> String {
    let name = clean(name);
    let lines = wrap(&format!("{name}: {}", clean(text)), COLUMNS - INDENT - 2);
    let lines = lines.join(&format!("\n{:1$}", "", INDENT + 2));
    let text = lines.strip_prefix(&name).unwrap_or(&lines);
    format!("\n{:INDENT$}{}{text}", "", style::hint(&*name))
}

/// What a parked run waits for, in one place: its lines stand between many others.
fn waits(report: &Report) -> String {
    let parked = report.ended.iter();
    let parked: Vec<_> = parked
        .filter(|ended| ended.end == StepEnd::Parked)
        .map(|ended| format!("  {}  {}\n", ended.step, style::faint(clean(&ended.note))))
        .collect();
    match parked.is_empty() {
        true => String::new(),
        false => format!("{}\n{}\n", style::heading("Waits for"), parked.concat()),
    }
}

/// Renders the sums of a run, and what it waits for.
pub fn summary(report: &Report, already_done: usize) -> String {
    let (waits, heading) = (waits(report), style::heading("Apply:"));
    format!("{waits}{heading} {}\n", sums(report, already_done))
}

/// The sums of a run in one sentence.
pub(super) fn sums(report: &Report, already_done: usize) -> String {
    let mut parts = vec![format!("{} done", report.count(StepEnd::Done))];
    let already = report.count(StepEnd::Already) + already_done;
    let others = [
        (already, "done before"),
        (report.count(StepEnd::Parked), "parked"),
        (report.count(StepEnd::Blocked), "blocked"),
        (report.count(StepEnd::Stale), "changed since the review"),
        (report.count(StepEnd::Failed), "failed"),
        (report.count(StepEnd::NotStarted), "not started"),
        (report.count(StepEnd::LeftOut), "left out"),
    ];
    parts.extend(
        others
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}")),
    );
    let total = report.ended.len() + already_done;
    format!("{} of {}.", parts.join(", "), count(total, "step"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Who;

    #[track_caller]
    fn shown(hint: &str, note: &str, findings: Vec<Finding>) -> String {
        let entry = Entry {
            seq: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            event: Event::StepEnded {
                step: Address::account(crate::ids::AccountStep::Subscription),
                end: StepEnd::Failed,
                note: note.into(),
                hint: Some(hint.into()),
                findings,
            },
        };
        let line = line(&entry).expect("a step's end is shown");
        anstream::adapter::strip_str(&line).to_string()
    }

    fn payment() -> Finding {
        Finding::fail("payment", "target 1", "the target has no payment method")
            .observed("Cannot Migrate Phone Number. The destination account has no payment\naccount (code 100/2388103, trace AdG3x)")
            .ask(Who::BusinessAdmin, "add a payment method")
            .proof("GET /{WABA}?fields=primary_funding_id is present")
    }

    #[test]
    fn a_finding_is_shown_below_its_step_in_80_columns() {
        let shown = shown(
            "add a payment method",
            "the target has no payment method",
            vec![payment()],
        );
        insta::assert_snapshot!(shown, @r#"
          ✗ target.subscription  failed[payment]: the target has no payment method
              observed: Cannot Migrate Phone Number. The destination account has no
                payment account (code 100/2388103, trace AdG3x)
              help: an admin of the target's business: add a payment method
              proof: GET /{WABA}?fields=primary_funding_id is present
        "#);
    }

    #[test]
    fn several_findings_and_another_hint_are_told_apart() {
        let other = Finding::fail("two-step", "", "two-step verification is on");
        let shown = shown("run apply again", "two things", vec![payment(), other]);
        insta::assert_snapshot!(shown, @r#"
          ✗ target.subscription  failed: two things
              payment: the target has no payment method
              observed: Cannot Migrate Phone Number. The destination account has no
                payment account (code 100/2388103, trace AdG3x)
              help: an admin of the target's business: add a payment method
              proof: GET /{WABA}?fields=primary_funding_id is present
              two-step: two-step verification is on
              next: run apply again
        "#);
    }
}
