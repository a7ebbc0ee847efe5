//! What a change set does that cannot be taken back, by name and amount. Pure.
//!
//! A person types these amounts, a pipeline names them (`--accept`) or carries out what was reviewed;
//! once any is named, more is refused, and so is what is not named. The plan's `policy` limits them
//! in any case; what was accepted cannot exceed it.

use std::{collections::BTreeMap, fmt, str::FromStr};

use super::ChangeSet;
use crate::{
    finding::{Finding, Who},
    plan::Policy,
    step::Action,
};

/// A kind of thing that cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Numbers that are registered, by us or by Genesys Cloud: traffic and billing move.
    CutOver,
    /// Templates that are deleted: their names stay blocked for 30 days.
    DeleteTemplates,
}

impl Risk {
    /// Every kind, the gravest first.
    pub const ALL: [Self; 2] = [Self::CutOver, Self::DeleteTemplates];

    /// Returns the name it is accepted by.
    pub fn name(self) -> &'static str {
        match self {
            Self::CutOver => "cut-over",
            Self::DeleteTemplates => "delete-templates",
        }
    }

    /// Returns what is counted, in the plural.
    pub fn counted(self) -> &'static str {
        match self {
            Self::CutOver => "cut-overs",
            Self::DeleteTemplates => "deleted templates",
        }
    }

    /// Returns how often one run of a change set does it at most.
    pub fn amount(self, changes: &ChangeSet) -> u64 {
        let of_kind = |kind: &'static str| {
            changes
                .to_do()
                .filter(move |change| change.kind == kind && !change.blocked)
        };
        match self {
            Self::CutOver => {
                let all = super::cut_overs(changes.to_do()).len() as u64;
                let most = changes.summary.max_cut_overs;
                most.map_or(all, |most| most.min(all))
            }
            Self::DeleteTemplates => {
                let of_kinds = of_kind("templates_prune").chain(of_kind("template_undo"));
                let deletes = of_kinds.filter(|change| change.action == Action::Delete);
                deletes.map(|change| change.fields.len() as u64).sum()
            }
        }
    }

    fn limit(self, policy: &Policy) -> Option<(&'static str, u64)> {
        match self {
            Self::CutOver => Some(("policy.max_cut_overs", policy.max_cut_overs?)),
            Self::DeleteTemplates => {
                let most = policy.max_template_deletes.unwrap_or_default();
                Some(("policy.max_template_deletes", most))
            }
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much of one risk is accepted, like `cut-over=2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acceptance {
    risk: Risk,
    amount: u64,
}

/// Why a text accepts nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write NAME=AMOUNT, like cut-over=2; names are cut-over and delete-templates")]
pub struct AcceptanceError;

impl FromStr for Acceptance {
    type Err = AcceptanceError;

    fn from_str(text: &str) -> Result<Self, AcceptanceError> {
        let (name, amount) = text.split_once('=').ok_or(AcceptanceError)?;
        let risk = Risk::ALL.into_iter().find(|risk| risk.name() == name);
        let amount = amount.parse().map_err(|_| AcceptanceError)?;
        Ok(Self {
            risk: risk.ok_or(AcceptanceError)?,
            amount,
        })
    }
}

/// What is accepted of every risk. What is not named is not accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted(Option<BTreeMap<Risk, u64>>);

impl Accepted {
    /// Takes what was named; nothing named means that the amounts are approved in another way: by a
    /// person who types them, or who reviewed the change set.
    pub fn new(named: &[Acceptance]) -> Self {
        let mut amounts: BTreeMap<Risk, u64> = BTreeMap::new();
        for one in named {
            // Of two words the more careful one counts.
            let amount = amounts.entry(one.risk).or_insert(one.amount);
            *amount = (*amount).min(one.amount);
        }
        Self((!named.is_empty()).then_some(amounts))
    }

    /// Returns how much of a risk is accepted. `None`: nothing was said of any.
    pub fn of(&self, risk: Risk) -> Option<u64> {
        let named = self.0.as_ref()?;
        Some(named.get(&risk).copied().unwrap_or_default())
    }

    /// Returns what a change set does beyond what is accepted, and what is accepted beyond the policy.
    pub fn judge(&self, changes: &ChangeSet, policy: &Policy) -> Vec<Finding> {
        let judge = |risk: Risk| {
            let accepted = self.of(risk)?;
            if let Some((name, most)) = risk.limit(policy).filter(|(_, most)| accepted > *most) {
                return Some(beyond_policy(risk, accepted, name, most));
            }
            let amount = risk.amount(changes);
            (amount > accepted).then(|| not_accepted(risk, amount, accepted))
        };
        Risk::ALL.into_iter().filter_map(judge).collect()
    }
}

fn not_accepted(risk: Risk, amount: u64, accepted: u64) -> Finding {
    let message = format!(
        "{} would be more than accepted: {amount}, accepted {accepted}",
        risk.counted()
    );
    Finding::fail("risk-not-accepted", "plan", message).ask(
        Who::Us,
        format!("look at the plan; if that is what you want: --accept {risk}={amount}"),
    )
}

fn beyond_policy(risk: Risk, accepted: u64, name: &str, most: u64) -> Finding {
    let message = format!("--accept {risk}={accepted} exceeds {name}: {most}");
    Finding::fail("risk-beyond-policy", "plan", message).ask(
        Who::Us,
        format!("accept {most} at most, or have {name} raised in the plan"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risks_are_accepted_by_name_and_amount() {
        let read = |text: &str| text.parse::<Acceptance>();
        assert_eq!(
            read("cut-over=2").map(|one| (one.risk, one.amount)),
            Ok((Risk::CutOver, 2))
        );
        assert_eq!(
            read("delete-templates=0").map(|one| one.risk),
            Ok(Risk::DeleteTemplates)
        );
        for bad in [
            "",
            "cut-over",
            "cut-over=",
            "cut-over=-1",
            "cut-over=all",
            "register=1",
            "=1",
        ] {
            assert_eq!(read(bad), Err(AcceptanceError), "{bad}");
        }
    }

    #[test]
    fn what_is_not_named_beside_others_is_not_accepted() {
        let accepted = Accepted::new(&["cut-over=2".parse().unwrap()]);
        assert_eq!(accepted.of(Risk::CutOver), Some(2));
        assert_eq!(accepted.of(Risk::DeleteTemplates), Some(0));
        assert_eq!(Accepted::new(&[]).of(Risk::CutOver), None);
    }
}
