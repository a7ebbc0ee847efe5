//! Seeds and exhaustive walks over the examples.

use waba_migrate::chaos::tally::Tally;

use crate::stage::Stage;

fn seeds(name: &str, seeds: std::ops::Range<u64>) -> Tally {
    let stage = Stage::example(name);
    let undisturbed = stage.undisturbed();
    let mut tally = Tally::default();
    for seed in seeds {
        let faults = undisturbed.extent.draw(seed);
        tally.add(seed, &stage.play(&undisturbed, faults));
    }
    tally
}

#[track_caller]
fn check(name: &str, range: std::ops::Range<u64>) {
    let tally = seeds(name, range);
    let failures: Vec<_> = tally.failures.iter().collect();
    assert!(
        failures.is_empty(),
        "{name}: {} of {} {failures:#?}",
        failures.len(),
        tally.plays
    );
    eprintln!("{name}: {:?}", tally.runs);
}

#[test]
fn quickstart() {
    check("quickstart", 0..300);
}

#[test]
fn canary() {
    check("canary", 0..60);
}

#[test]
fn partners() {
    check("partners", 0..100);
}

#[test]
fn templates() {
    check("templates", 0..20);
}
