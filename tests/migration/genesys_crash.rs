//! A death at every line of the journal and right after every write of a migration in Genesys Cloud: apply
//! again, same end.

use std::time::Duration;

use crate::{
    crash::{Point, run_until},
    organization::{End, apply_to_the_end, play, stage, watch, world},
};

/// More runs than any death should need.
const RUNS: usize = 4;

/// How long nobody notices a death: meanwhile the admin finishes the popup, or does not.
const UNNOTICED: [Duration; 2] = [Duration::ZERO, Duration::from_secs(1800)];

/// How many lines an undisturbed migration writes, and how many calls that are no reads it sends.
fn extent() -> (usize, usize) {
    let stage = stage();
    assert!(stage.apply().is_done());
    let journals = stage.journals();
    let [journal] = journals.as_slice() else {
        panic!("one run: {journals:?}");
    };
    #[expect(clippy::disallowed_methods, reason = "a test looks at what is on disk")]
    let journal = std::fs::read_to_string(journal).expect("a journal");
    let calls = stage.sim.requests();
    let writes = calls.iter().filter(|call| call.method != "GET");
    (journal.lines().count(), writes.count())
}

fn check(points: impl Iterator<Item = Point>) {
    let (before, expected) = (world(), End::undisturbed());
    let unnoticed = UNNOTICED.into_iter().cycle();
    let cases: Vec<_> = points
        .zip(unnoticed)
        .map(|(point, unnoticed)| (format!("{point:?}, {unnoticed:?}"), (point, unnoticed)))
        .collect();
    let failed = play(cases, |name, (point, unnoticed)| {
        let mut stage = stage();
        watch(&mut stage);
        assert!(run_until(&mut stage, point), "{name}: nobody died");
        stage.sim.advance(unnoticed);
        apply_to_the_end(&mut stage, RUNS, name);
        expected.check(&stage, &before, name);
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Every line is the last one of a process, and of every second one a half is written after it.
#[test]
fn a_death_at_any_line_of_the_journal_costs_nothing() {
    let (lines, _) = extent();
    assert!(lines > 90, "{lines}");
    check((1..lines).map(|nth| match nth % 4 {
        0 | 1 => Point::Line(nth),
        _ => Point::TornLine(nth),
    }));
}

#[test]
fn a_death_right_after_any_write_costs_nothing() {
    let (_, writes) = extent();
    assert!(writes > 30, "{writes}");
    check((1..=writes).map(Point::Sent));
}
