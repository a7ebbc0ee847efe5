//! What many plays come to. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::{faults::Kind, play::Played, rules::Breach};

/// A seed whose play broke a rule.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Its manner and its faults in words.
    pub faults: Vec<String>,
    /// What was broken.
    pub breaches: Vec<Breach>,
}

/// The sums of many plays.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many there were.
    pub plays: u32,
    /// How often each kind of fault has struck.
    pub struck: BTreeMap<Kind, u32>,
    /// How many plays needed how many runs.
    pub runs: BTreeMap<u32, u32>,
    /// The seed that needed the most runs.
    pub worst: Option<u64>,
    /// How many were carried out in a special manner.
    pub manners: BTreeMap<&'static str, u32>,
    /// Plays whose faults left a number waiting for another window.
    pub waiting: u32,
    /// Plays in which a template was rejected for good.
    pub rejected: u32,
    /// Seeds whose plays broke a rule.
    pub failures: Vec<Failure>,
}

impl Tally {
    /// Takes in one more play.
    pub fn add(&mut self, seed: u64, played: &Played) {
        let is_worst = self.runs.keys().all(|runs| played.runs > *runs);
        if is_worst {
            self.worst = Some(seed);
        }
        self.plays += 1;
        for (kind, times) in &played.struck {
            *self.struck.entry(*kind).or_default() += times;
        }
        for special in played.draw.manner.kinds() {
            *self.manners.entry(special).or_default() += 1;
        }
        *self.runs.entry(played.runs).or_default() += 1;
        self.waiting += u32::from(!played.waiting.is_empty());
        self.rejected += u32::from(!played.rejected.is_empty());
        if !played.breaches.is_empty() {
            self.failures.push(Failure {
                seed,
                faults: played.draw.words(),
                breaches: played.breaches.clone(),
            });
        }
    }

    /// Returns the most runs that a play needed.
    pub fn most_runs(&self) -> u32 {
        self.runs.keys().next_back().copied().unwrap_or_default()
    }

    /// Returns the same for programs.
    pub fn to_json(&self) -> Sums {
        let failures = self.failures.iter().map(|failure| Failed {
            seed: failure.seed,
            faults: failure.faults.clone(),
            broken: failure.breaches.iter().map(Broken::of).collect(),
        });
        let struck = self.struck.iter();
        Sums {
            event: ChaosTag::Chaos,
            plays: self.plays,
            struck: struck
                .map(|(kind, times)| (kind.as_str(), *times))
                .collect(),
            runs: self.runs.clone(),
            manners: self.manners.clone(),
            worst: self.worst,
            waiting: self.waiting,
            rejected: self.rejected,
            failures: failures.collect(),
        }
    }
}

/// What many plays come to, for programs: a line of its own after those of the rehearsal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Sums {
    event: ChaosTag,
    /// How many plays there were.
    plays: u32,
    /// How often each kind of fault has struck.
    struck: BTreeMap<&'static str, u32>,
    /// How many plays needed how many runs.
    runs: BTreeMap<u32, u32>,
    /// How many plays were carried out in a special manner: reviewed, unattended, without the journal.
    manners: BTreeMap<&'static str, u32>,
    /// The seed that needed the most runs.
    worst: Option<u64>,
    /// Plays whose faults left a number waiting for another window.
    waiting: u32,
    /// Plays in which a template was rejected for good.
    rejected: u32,
    /// Seeds whose plays broke a promise.
    failures: Vec<Failed>,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ChaosTag {
    Chaos,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Failed {
    /// `--chaos 1 --seed` plays it again.
    seed: u64,
    /// What was drawn from it, in words.
    faults: Vec<String>,
    /// The promises that it broke.
    broken: Vec<Broken>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Broken {
    /// Which.
    rule: &'static str,
    /// What happened.
    what: String,
}

impl Broken {
    fn of(breach: &Breach) -> Self {
        Self {
            rule: breach.rule.as_str(),
            what: breach.what.clone(),
        }
    }
}
