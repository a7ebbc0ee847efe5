//! `--only` and `--skip`: a part of a change set, by address, number or phase. Pure.
//!
//! What is left out is named, with everything that needs it. A selection that would cut a number
//! over without the steps that make that safe is refused by a finding.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt,
    str::FromStr,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChangeEntry, ChangeSet, StepGraph};
use crate::{
    finding::{Finding, Who},
    ids::{Address, NumberStep},
    phone::Phone,
    plan::Glob,
    step::{Action, Phase, StepKind},
};

/// Picks steps: all of a phase, all of a number, or those whose address fits a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    text: String,
    picks: Picks,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Picks {
    Phase(Phase),
    Number(Phone),
    Address(Glob),
}

impl FromStr for Selector {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let phase = match text {
            "prepare" => Some(Phase::Prepare),
            "verify" => Some(Phase::Verify),
            "cut_over" | "cut-over" => Some(Phase::CutOver),
            "settle" => Some(Phase::Settle),
            _ => None,
        };
        let is_digits = text.starts_with(|c: char| c == '+' || c.is_ascii_digit());
        let phone = text.parse().ok().filter(|_| is_digits);
        let picks = phase
            .map(Picks::Phase)
            .or(phone.map(Picks::Number))
            .unwrap_or_else(|| Picks::Address(Glob::new(without_quotes(text))));
        Ok(Self {
            text: text.to_owned(),
            picks,
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Shells eat quotes, so that they do not count in a pattern.
fn without_quotes(text: &str) -> String {
    text.replace('"', "")
}

impl Selector {
    fn fits(&self, address: &Address, phase: Phase) -> bool {
        match &self.picks {
            Picks::Phase(wanted) => *wanted == phase,
            Picks::Number(phone) => address.phone().as_ref() == Some(phone),
            Picks::Address(glob) => glob.matches(&without_quotes(address.as_str())),
        }
    }
}

/// Which steps are wanted: those that fit every list of `only`, and nothing of `skip`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    only: Vec<Vec<Selector>>,
    skip: Vec<Selector>,
}

impl Choice {
    /// Takes the selectors of a command line; no `only` means every step.
    pub fn new(only: Vec<Selector>, skip: Vec<Selector>) -> Self {
        let only = Some(only).filter(|only| !only.is_empty());
        Self {
            only: only.into_iter().collect(),
            skip,
        }
    }

    /// Returns what is wanted by both.
    pub fn and(mut self, other: Self) -> Self {
        self.only.extend(other.only);
        self.skip.extend(other.skip);
        self
    }

    /// Returns whether every step is wanted.
    pub fn is_everything(&self) -> bool {
        self.only.is_empty() && self.skip.is_empty()
    }

    /// Returns a selector that fits no step of the graph: most likely a slip.
    pub fn stray<'a>(&'a self, graph: &StepGraph) -> Option<&'a Selector> {
        let fits_none = |selector: &&Selector| {
            !graph
                .steps()
                .any(|step| selector.fits(&step.address(), step.phase()))
        };
        self.only.iter().flatten().chain(&self.skip).find(fits_none)
    }

    /// Returns whether a step is wanted.
    pub fn wants(&self, address: &Address, phase: Phase) -> bool {
        let fits = |selector: &Selector| selector.fits(address, phase);
        self.only.iter().all(|only| only.iter().any(fits)) && !self.skip.iter().any(fits)
    }
}

/// That a change set is a part, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// Lists of selectors; a step has to fit one of each.
    pub only: Vec<Vec<String>>,
    /// Selectors of steps that are not wanted.
    pub skip: Vec<String>,
    /// Steps with something to do that are not part of it, in their order.
    pub left_out: Vec<LeftOut>,
}

/// A step that is not part of a change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Its address.
    pub address: String,
    /// What would be done.
    pub action: Action,
    /// Why it is left out.
    pub why: String,
}

impl Selection {
    /// Returns the choice that made it.
    pub fn choice(&self) -> Choice {
        let read = |text: &String| {
            let Ok(selector) = text.parse();
            selector
        };
        Choice {
            only: self
                .only
                .iter()
                .map(|only| only.iter().map(read).collect())
                .collect(),
            skip: self.skip.iter().map(read).collect(),
        }
    }
}

/// Takes everything out of a change set that is not wanted, and says what. The sums are left to the
/// caller.
pub(super) fn narrow(changes: &mut ChangeSet, choice: &Choice) {
    if choice.is_everything() {
        return;
    }
    let mut part = Part::default();
    for change in std::mem::take(&mut changes.changes) {
        part.take(change, choice);
    }
    let Part {
        kept,
        left_out,
        missing: _,
        mut objections,
    } = part;
    objections.extend(
        kept.iter()
            .filter_map(|change| left_silent(change, &left_out)),
    );
    changes
        .findings
        .retain(|finding| concerns(&finding.subject, &kept, &left_out));
    changes.findings.extend(objections);
    changes.changes = kept;
    let texts = |selectors: &[Selector]| selectors.iter().map(ToString::to_string).collect();
    changes.selection = Some(Selection {
        only: choice.only.iter().map(|only| texts(only)).collect(),
        skip: texts(&choice.skip),
        left_out,
    });
}

/// What is wanted of a change set, as far as its entries were looked at: every step after those it
/// needs.
#[derive(Default)]
struct Part {
    kept: Vec<ChangeEntry>,
    left_out: Vec<LeftOut>,
    /// Steps that cannot be reached, each with what is left out before it. One with nothing to do
    /// hides nothing: what it needs is missed by those that need it.
    missing: BTreeMap<String, BTreeSet<String>>,
    objections: Vec<Finding>,
}

impl Part {
    fn take(&mut self, change: ChangeEntry, choice: &Choice) {
        let before = change.needs.iter();
        let missing = before.filter_map(|need| self.missing.get(need));
        let missing: BTreeSet<String> = missing.flatten().cloned().collect();
        let is_wanted = choice.wants(&Address::read(&change.address), change.phase);
        let is_open = change.action != Action::None;
        match (is_wanted, is_open) {
            (false, true) => self.leave_out(&change, "not selected".to_owned()),
            (true, true) if missing.is_empty() => self.kept.push(change),
            (true, true) if change.is_cut_over() => {
                self.objections.push(without_safety(&change, &missing));
                self.kept.push(change);
            }
            (true, true) => {
                let needs: Vec<_> = missing.into_iter().collect();
                self.leave_out(&change, format!("it needs {}", needs.join(", ")));
            }
            (_, false) => {
                if !missing.is_empty() {
                    self.missing.insert(change.address.clone(), missing);
                }
                if is_wanted {
                    self.kept.push(change);
                }
            }
        }
    }

    fn leave_out(&mut self, change: &ChangeEntry, why: String) {
        let (address, action) = (change.address.clone(), change.action);
        let itself = BTreeSet::from([address.clone()]);
        self.missing.insert(address.clone(), itself);
        self.left_out.push(LeftOut {
            address,
            action,
            why,
        });
    }
}

/// What is wrong with a step or a number that is left out stops nobody.
fn concerns(subject: &str, kept: &[ChangeEntry], left_out: &[LeftOut]) -> bool {
    let of_subject = |address: &str| {
        address
            .strip_prefix(subject)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let is_left = left_out.iter().any(|left| of_subject(&left.address));
    let is_needed = kept
        .iter()
        .any(|change| change.action != Action::None && of_subject(&change.address));
    !is_left || is_needed
}

fn without_safety(change: &ChangeEntry, missing: &BTreeSet<String>) -> Finding {
    let names: Vec<_> = missing.iter().map(String::as_str).collect();
    let message = format!(
        "this selection would cut a number over without {}",
        names.join(", ")
    );
    let missing: Vec<_> = names
        .iter()
        .map(|address| format!("--only '{}'", without_quotes(address)))
        .collect();
    let hint = format!(
        "select what it rests on too ({}), or leave the cut-over out (--skip cut-over)",
        missing.join(" ")
    );
    Finding::fail("selection-unsafe", &change.address, message).ask(Who::Us, hint)
}

/// A number is not released without the step that lets it be heard again.
fn left_silent(change: &ChangeEntry, left_out: &[LeftOut]) -> Option<Finding> {
    let (phone, step) = Address::read(&change.address).number_step()?;
    if step != NumberStep::GenesysRelease || change.action == Action::None {
        return None;
    }
    let attach = Address::number(&phone, NumberStep::GenesysAttach);
    let is_left = left_out.iter().any(|left| left.address == attach.as_str());
    is_left.then(|| without_safety(change, &BTreeSet::from([attach.to_string()])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::AccountStep;

    fn address() -> Address {
        Address::number(&"+4930901820".parse().unwrap(), NumberStep::Register)
    }

    #[test]
    fn steps_are_picked_by_phase_number_and_pattern() {
        #[track_caller]
        fn check(selector: &str, number_step: bool, account_step: bool) {
            let Ok(selector) = selector.parse::<Selector>();
            let copy = Address::account(AccountStep::TemplatesCopy);
            assert_eq!(
                (
                    selector.fits(&address(), Phase::CutOver),
                    selector.fits(&copy, Phase::Prepare)
                ),
                (number_step, account_step),
                "{selector}"
            );
        }
        check("cut-over", true, false);
        check("cut_over", true, false);
        check("prepare", false, true);
        check("+49 30 901820", true, false);
        check("+49 30 901821", false, false);
        check("number[\"+4930901820\"].register", true, false);
        check("number[+4930901820].*", true, false);
        check("templates.*", false, true);
        check("*", true, true);
        check("register", false, false);
    }

    #[test]
    fn choices_narrow_each_other() {
        let read = |text: &str| -> Vec<Selector> {
            let Ok(selector) = text.parse();
            vec![selector]
        };
        let saved = Choice::new(read("+4930901820"), Vec::new());
        let narrower = saved.and(Choice::new(read("prepare"), read("*.add")));
        assert!(!narrower.wants(&address(), Phase::CutOver));
        assert!(narrower.wants(&address(), Phase::Prepare));
        let add = Address::number(&"+4930901820".parse().unwrap(), NumberStep::Add);
        assert!(!narrower.wants(&add, Phase::Prepare));
        assert!(Choice::default().wants(&add, Phase::Prepare));
    }
}
