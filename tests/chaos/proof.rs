//! Seeds and exhaustive walks over the examples.

use std::{collections::BTreeMap, ops::Range};

use waba_migrate::chaos::{
    faults::{Dice, Extent, Fault, Kind, Place, Trouble},
    tally::Tally,
};

use crate::stage::Stage;

/// How many seeds, where the environment says nothing.
fn seeds(default: u64) -> Range<u64> {
    let said = std::env::var_os("WABA_MIGRATE_SEEDS");
    let said = said.map(|said| said.to_str().and_then(|said| said.parse().ok()));
    1..1 + said.map_or(default, |said| {
        said.expect("WABA_MIGRATE_SEEDS is a number")
    })
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
    check_seeds("quickstart", seeds(100));
}

#[test]
fn canary() {
    check_seeds("canary", seeds(60));
}

#[test]
fn partners() {
    check_seeds("partners", seeds(100));
}

#[test]
fn templates() {
    check_seeds("templates", seeds(12));
}

/// A death at every line, whole or torn, together with a fault of every kind.
#[test]
fn every_kind_of_fault_meets_a_death_at_every_line() {
    check("quickstart", |extent| {
        let mut plays = Vec::new();
        for nth in 1..=extent.lines {
            for (&kind, number) in Kind::ALL.iter().zip(0_u64..) {
                let seed = u64::from(nth) * 100 + number;
                let is_torn = (nth + number as u32) % 2 == 0;
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
