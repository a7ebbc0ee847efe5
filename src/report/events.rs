//! The progress of a run, one line per thing worth knowing, and its summary.

use super::{clean, count, style};
use crate::{
    apply::Report,
    ids::Address,
    journal::{Answer, Entry, Event, StepEnd},
};

/// Renders one journal line for people. `None`: nothing a person has to see.
pub fn line(entry: &Entry) -> Option<String> {
    match &entry.event {
        Event::Waiting { step, reason, next } => Some(format!(
            "  {} {step}  {}{}",
            style::faint("…"),
            style::faint(format!("waits for {}", clean(reason))),
            hint(next.as_deref())
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
        } => Some(ended(step, *end, note, hint.as_deref())),
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

fn ended(step: &Address, end: StepEnd, note: &str, hint: Option<&str>) -> String {
    let (sign, word) = match end {
        StepEnd::Done => (style::good("✓"), ""),
        StepEnd::Already => (style::good("="), ""),
        StepEnd::Parked => (style::notice("…"), "parked: "),
        StepEnd::Blocked => (style::bad("x"), "blocked: "),
        StepEnd::Failed => (style::bad("✗"), "failed: "),
        StepEnd::NotStarted => (style::faint("-"), "not started: "),
    };
    let note = clean(note);
    let note = match end {
        StepEnd::Done | StepEnd::Already | StepEnd::NotStarted => {
            style::faint(format!("{word}{note}")).to_string()
        }
        StepEnd::Parked | StepEnd::Blocked | StepEnd::Failed => format!("{word}{note}"),
    };
    format!("  {sign} {step}  {note}{}", self::hint(hint))
}

fn hint(hint: Option<&str>) -> String {
    let line = hint.map(|hint| format!("\n      {}: {}", style::hint("next"), clean(hint)));
    line.unwrap_or_default()
}

/// Renders the sums of a run.
pub fn summary(report: &Report, already_done: usize) -> String {
    let mut parts = vec![format!("{} done", report.count(StepEnd::Done))];
    let already = report.count(StepEnd::Already) + already_done;
    let others = [
        (already, "done before"),
        (report.count(StepEnd::Parked), "parked"),
        (report.count(StepEnd::Blocked), "blocked"),
        (report.count(StepEnd::Failed), "failed"),
        (report.count(StepEnd::NotStarted), "not started"),
    ];
    parts.extend(
        others
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, what)| format!("{number} {what}")),
    );
    let total = report.ended.len() + already_done;
    format!(
        "{} {} of {}.\n",
        style::heading("Apply:"),
        parts.join(", "),
        count(total, "step")
    )
}
