//! What a run may do of all that a graph has. Pure.

use std::collections::BTreeMap;

use crate::{
    changeset::{Approved, ChangeSet, Choice, StepGraph},
    finding::Finding,
    ids::Address,
    journal::StepEnd,
    phone::Phone,
    step::StepKind,
};

/// Steps that a run leaves alone. The default leaves none.
#[derive(Debug, Default)]
pub struct Scope {
    /// Each with how it counts and why.
    left_alone: BTreeMap<Address, (StepEnd, String)>,
}

impl Scope {
    /// Leaves alone what the choice does not want, also where there is nothing to do so far; what
    /// cannot be reached without it; and every number with a finding that blocks it.
    pub fn of(graph: &StepGraph, changes: &ChangeSet, choice: &Choice) -> Self {
        let left_out = changes
            .selection
            .iter()
            .flat_map(|selection| &selection.left_out);
        let mut left_alone: BTreeMap<_, _> = left_out
            .map(|left| {
                let step = Address::read(&left.address);
                (step, (StepEnd::LeftOut, left.why.clone()))
            })
            .collect();
        let held = held(changes);
        for step in graph.steps() {
            let address = step.address();
            if let Some(reason) = address.phone().and_then(|phone| held.get(&phone)) {
                left_alone.insert(address, (StepEnd::Blocked, reason.clone()));
            } else if !choice.wants(&address, step.phase()) {
                let why = "not selected".to_owned();
                left_alone.entry(address).or_insert((StepEnd::LeftOut, why));
            }
        }
        Self { left_alone }
    }

    /// Leaves alone what a reviewed change set had left out, and what is no longer as it was reviewed.
    pub fn reviewed(mut self, approved: &Approved, stale: &[(Address, Finding)]) -> Self {
        let selection = approved.selection.iter();
        for left in selection.flat_map(|selection| &selection.left_out) {
            let step = Address::read(&left.address);
            let end = (StepEnd::LeftOut, left.why.clone());
            self.left_alone.entry(step).or_insert(end);
        }
        for (step, finding) in stale {
            let end = (StepEnd::Stale, finding.message.clone());
            self.left_alone.insert(step.clone(), end);
        }
        self
    }

    /// Leaves a step alone.
    pub fn without(mut self, step: Address, end: StepEnd, why: String) -> Self {
        self.left_alone.insert(step, (end, why));
        self
    }

    pub(super) fn left_alone(&self, step: &Address) -> Option<&(StepEnd, String)> {
        self.left_alone.get(step)
    }
}

/// Returns the numbers that a finding blocks, with the reason: `--partial` goes on without them.
pub fn held(changes: &ChangeSet) -> BTreeMap<Phone, String> {
    let blocking = changes.findings.iter().filter(|finding| finding.blocks());
    blocking
        .filter_map(|finding| Some((number_of(finding)?, finding.message.clone())))
        .collect()
}

/// Returns the number that a finding is about.
pub fn number_of(finding: &Finding) -> Option<Phone> {
    let rest = finding.subject.strip_prefix("number[\"")?;
    rest.split_once('"')?.0.parse().ok()
}
