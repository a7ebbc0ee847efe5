//! Seeds and exhaustive walks over the examples.
//!
//! `cargo test` plays a part of them, about a minute of processor time in a debug build (62 s measured
//! for the whole file, on two busy cores). All of them, 2,000 seeds for every example among them:
//!
//! ```text
//! WABA_MIGRATE_SEEDS=2000 cargo test --release --test chaos
//! ```

use std::{collections::BTreeMap, ops::Range};

use waba_migrate::chaos::{
    faults::{Dice, Extent, Fault, Kind, Place, Trouble},
    tally::Tally,
};

use crate::stage::Stage;

/// How many seeds are wanted. `None`: nobody says, so a part of everything is played.
#[expect(
    clippy::disallowed_methods,
    reason = "a person chooses how long the proof takes"
)]
fn wanted() -> Option<u64> {
    let said = std::env::var("WABA_MIGRATE_SEEDS").ok()?;
    Some(said.parse().expect("WABA_MIGRATE_SEEDS is a number"))
}

fn seeds(part: u64) -> Range<u64> {
    1..1 + wanted().unwrap_or(part)
}

/// Plays all of them and expects that no promise is broken.
#[track_caller]
fn check(name: &str, plays: impl Fn(&Extent) -> Vec<(u64, Vec<Fault>)>) -> BTreeMap<u32, u32> {
    let stage = Stage::example(name);
    let undisturbed = stage.undisturbed();
    let mut tally = Tally::default();
    for (seed, faults) in plays(&undisturbed.extent) {
        tally.add(seed, &stage.play(&undisturbed, faults));
    }
    let failures = tally.failures.iter().map(|failure| {
        let broken = failure.breaches.iter();
        let broken =
            broken.map(|breach| format!("\n    {}: {}", breach.rule.as_str(), breach.what));
        let faults = failure.faults.join("; ");
        format!(
            "seed {}: {faults}{}",
            failure.seed,
            broken.collect::<String>()
        )
    });
    let failures: Vec<_> = failures.collect();
    assert!(
        failures.is_empty(),
        "{name}: {} of {} plays break a promise\n{}",
        failures.len(),
        tally.plays,
        failures.join("\n")
    );
    tally.runs
}

#[track_caller]
fn check_seeds(name: &str, seeds: Range<u64>) {
    let runs = check(name, |extent| {
        seeds
            .clone()
            .map(|seed| (seed, extent.draw(seed)))
            .collect()
    });
    assert!(
        runs.keys().any(|runs| *runs > 2),
        "{name}: nothing was disturbed: {runs:?}"
    );
}

#[test]
fn quickstart() {
    check_seeds("quickstart", seeds(60));
}

#[test]
fn canary() {
    check_seeds("canary", seeds(40));
}

#[test]
fn partners() {
    check_seeds("partners", seeds(60));
}

#[test]
fn templates() {
    check_seeds("templates", seeds(8));
}

/// Without a wish for more, one in so many pairs of a death and a fault is played: over three lines
/// in a row a death still meets every kind.
const PART: u64 = 3;

/// A death at every line, whole or torn, together with a fault of every kind.
#[test]
fn every_kind_of_fault_meets_a_death_at_every_line() {
    check("quickstart", |extent| {
        let mut plays = Vec::new();
        for nth in 1..=extent.lines {
            for (&kind, number) in Kind::ALL.iter().zip(0_u64..) {
                let seed = u64::from(nth) * 100 + number;
                if wanted().is_none() && seed % PART != 0 {
                    continue;
                }
                let is_torn = seed.is_multiple_of(2);
                let death = Fault {
                    at: Place::Line(nth),
                    what: Trouble::DeathAtLine { is_torn },
                };
                let mut faults = vec![death];
                faults.extend(extent.fault(kind, &mut Dice::new(seed)));
                plays.push((seed, faults));
            }
        }
        plays
    });
}

/// A fault of every kind at every write.
#[test]
fn every_kind_of_fault_strikes_every_write() {
    check("quickstart", |extent| {
        let mut plays = Vec::new();
        for nth in 1..=extent.writes {
            for (&kind, number) in Kind::ALL.iter().zip(0_u64..) {
                let seed = u64::from(nth) * 100 + number;
                let fault = extent.fault(kind, &mut Dice::new(seed));
                let at = Place::Write(nth);
                let faults = fault.map(|fault| Fault { at, ..fault });
                plays.push((seed, faults.into_iter().collect()));
            }
        }
        plays
    });
}

/// A clock that is wrong from the beginning of a run, which then dies: what it wrote bears times, and
/// its run an id, that do not fit those of the runs after it.
#[test]
fn a_wrong_clock_meets_a_death_at_every_line() {
    check("canary", |extent| {
        let jumps = [90_000, -90_000, 3_600, -3_600];
        let deaths = (1..=extent.lines).zip(jumps.into_iter().cycle());
        let play = |(nth, jump)| {
            let fault = |at, what| Fault { at, what };
            let faults = vec![
                fault(Place::Read(1), Trouble::ClockJump(jump)),
                fault(Place::Line(nth), Trouble::DeathAtLine { is_torn: false }),
                fault(Place::Line(nth + 9), Trouble::DeathAtLine { is_torn: true }),
            ];
            (nth.into(), faults)
        };
        deaths.map(play).collect()
    });
}
