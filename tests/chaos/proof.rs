//! Seeds and exhaustive walks over the examples.
//!
//! Exhaustive for one number: a death at every line of the journal, whole and torn, with a fault of
//! every kind; and a fault of every kind at every write. 2,000 seeds for every example, each with a manner
//! of its own: reviewed or not, attended or not, with a journal that is lost or kept.
//!
//! ```text
//! WABA_MIGRATE_SEEDS=2000 cargo test --release --test chaos
//! ```
//!
//! All of them were played in 97 s on two cores, 190 s of processor time (the build takes longer). Time is
//! the simulator's, and the plays are spread over the cores. `cargo test` plays a part of them, about 30 s of
//! processor time in a debug build. A seed that breaks a promise is printed, and `rehearse PLAN --chaos 1
//! --seed SEED` plays it again.

use std::{collections::BTreeMap, ops::Range};

use waba_migrate::chaos::{
    faults::{Dice, Extent, Fault, Kind, Place, Trouble},
    manner::Draw,
    series::Drawn,
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
fn check(name: &str, plays: impl Fn(&Extent) -> Vec<Drawn>) -> BTreeMap<u32, u32> {
    let stage = match name {
        "genesys" => Stage::folder(name),
        _ => Stage::example(name),
    };
    let undisturbed = stage.undisturbed();
    let plays = plays(&undisturbed.extent);
    let tally = stage.series(&undisturbed, &plays);
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

#[test]
fn genesys() {
    check_seeds("genesys", seeds(30));
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
                plays.push((seed, Draw::of(faults)));
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
                plays.push((seed, Draw::of(faults.into_iter().collect())));
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
        // Without a wish for more every second one, so that each jump meets every eighth line.
        let is_played = |(nth, _): &(u32, i64)| wanted().is_some() || (nth + nth / 4) % 2 == 0;
        let deaths = deaths.filter(is_played);
        let play = |(nth, jump)| {
            let fault = |at, what| Fault { at, what };
            let faults = vec![
                fault(Place::Read(1), Trouble::ClockJump(jump)),
                fault(Place::Line(nth), Trouble::DeathAtLine { is_torn: false }),
                fault(Place::Line(nth + 9), Trouble::DeathAtLine { is_torn: true }),
            ];
            (nth.into(), Draw::of(faults))
        };
        deaths.map(play).collect()
    });
}
