//! What a run came to, as Markdown: what failed and what waits first. Cut-overs are always named.

use super::{code, cut, fitting, folded, left_out, marker, text};
use crate::{
    apply::{Ended, Report},
    ids::{AccountStep, Address, NumberStep},
    journal::StepEnd,
    report::events::sums,
};

/// Characters for each list of steps; 0: what is done is only counted.
const LEVELS: [usize; 4] = [usize::MAX, 20_000, 8_000, 0];

/// Renders what a run came to in at most so many characters, as UTF-16 counts them.
pub fn render(report: &Report, already_done: usize, plan: &str, max_chars: usize) -> String {
    fitting(&LEVELS, max_chars, |room| {
        let mut told = marker("apply", Some(plan));
        told += &format!("## Apply {}\n\n", text(plan));
        told += &format!("**{}**\n", text(&sums(report, already_done)));
        told += &for_good(report);
        for (heading, end) in [
            ("Failed", StepEnd::Failed),
            ("Blocked", StepEnd::Blocked),
            ("Changed since the review", StepEnd::Stale),
            ("Parked", StepEnd::Parked),
        ] {
            let steps: Vec<_> = with(report, &[end]).map(open).collect();
            if !steps.is_empty() {
                told += &format!("\n### {heading}\n\n{}", cut(&steps, room.max(1_000)));
            }
        }
        for (heading, ends) in [
            ("Not started", &[StepEnd::NotStarted][..]),
            ("Left out", &[StepEnd::LeftOut][..]),
            ("Done", &[StepEnd::Done, StepEnd::Already][..]),
        ] {
            let steps: Vec<_> = with(report, ends).map(line).collect();
            if !steps.is_empty() && room > 0 {
                let summary = format!("{heading}: {}", steps.len());
                told += &format!("\n{}", folded(&summary, &cut(&steps, room)));
            }
        }
        match room == usize::MAX {
            true => told,
            false => told + &left_out("waba-migrate status"),
        }
    })
}

/// Steps that ended so, by their names: the order in which they end is chance.
fn with<'a>(report: &'a Report, ends: &[StepEnd]) -> impl Iterator<Item = &'a Ended> {
    let ended = report.ended.iter();
    let mut ended: Vec<_> = ended.filter(|ended| ends.contains(&ended.end)).collect();
    ended.sort_by(|one, two| one.step.as_str().cmp(two.step.as_str()));
    ended.into_iter()
}

/// What this run did that cannot be taken back: numbers that were cut over, templates that are gone.
fn for_good(report: &Report) -> String {
    let is_for_good = |step: &Address| {
        *step == Address::account(AccountStep::TemplatesPrune)
            || matches!(
                step.number_step(),
                Some((
                    _,
                    NumberStep::Register | NumberStep::GenesysRelease | NumberStep::GenesysAttach
                ))
            )
    };
    let done = with(report, &[StepEnd::Done]).filter(|ended| is_for_good(&ended.step));
    let done: String = done.map(line).collect();
    match done.is_empty() {
        true => done,
        false => format!("\n### Done for good\n\n{done}"),
    }
}

fn line(ended: &Ended) -> String {
    format!("* {} {}\n", code(ended.step.as_str()), text(&ended.note))
}

/// A step that did not end well, with what to do.
fn open(ended: &Ended) -> String {
    let mut item = line(ended);
    for finding in &ended.findings {
        if let Some(observed) = &finding.observed {
            item += &format!("  * Observed: {}\n", text(observed));
        }
    }
    if let Some(hint) = &ended.hint {
        item += &format!("  * Help: {}\n", text(hint));
    }
    item
}
