//! What the rules look at: the plan, what was seen, and the numbers that still have to move.
//!
//! It judges nothing. Numbers are looked up once here, because every rule asks for the same ones.

use crate::{
    plan::{Number, Plan},
    resource::phone_number::PhoneNumber,
    snapshot::Snapshot,
};

/// One plan against one snapshot.
pub(super) struct Case<'a> {
    pub(super) plan: &'a Plan,
    pub(super) seen: &'a Snapshot,
    /// Numbers that still have to move, in the plan's order. The rest is past every precondition.
    pub(super) moving: Vec<Moving<'a>>,
}

/// A number that still has to move, with what both accounts show of it.
pub(super) struct Moving<'a> {
    pub(super) number: &'a Number,
    pub(super) on_source: Option<&'a PhoneNumber>,
    pub(super) on_target: Option<&'a PhoneNumber>,
}

impl<'a> Case<'a> {
    pub(super) fn new(plan: &'a Plan, seen: &'a Snapshot) -> Self {
        let moving = plan.numbers.iter().filter_map(|number| {
            let on_target = seen.target.known(&number.phone);
            let is_past = on_target.is_some_and(PhoneNumber::is_registered);
            (!is_past).then(|| Moving {
                number,
                on_source: seen.source.known(&number.phone),
                on_target,
            })
        });
        let moving = moving.collect();
        Self { plan, seen, moving }
    }

    /// Returns whether nothing is left to move.
    pub(super) fn is_over(&self) -> bool {
        self.moving.is_empty()
    }

    /// Names the source in findings.
    pub(super) fn source(&self) -> String {
        format!("source {}", self.plan.source.waba)
    }

    /// Names the target in findings.
    pub(super) fn target(&self) -> String {
        format!("target {}", self.plan.target.waba)
    }

    /// Returns the moving numbers that the source shows.
    pub(super) fn on_source(&self) -> impl Iterator<Item = (&Moving<'a>, &'a PhoneNumber)> {
        self.moving
            .iter()
            .filter_map(|moving| Some((moving, moving.on_source?)))
    }
}

impl Moving<'_> {
    /// Names the number in findings.
    pub(super) fn subject(&self) -> String {
        format!("number[\"{}\"]", self.number.phone)
    }
}
