//! Whether a migration has come to its end, as far as the world shows it.

use std::collections::BTreeSet;

use super::{Step, StepKind};
use crate::{
    ids::{Address, NumberStep},
    plan::Number,
    snapshot::Snapshot,
};

/// Returns whether every number is live on the target.
pub(super) fn is_settled(numbers: &[Number], seen: &Snapshot) -> bool {
    let mut numbers = numbers.iter();
    numbers.all(|number| seen.target.is_live(&number.phone))
}

/// Returns the addresses of these steps of these numbers, as far as a plan's steps have them.
pub(super) fn those_of<'a>(
    steps: &[Step],
    numbers: impl IntoIterator<Item = &'a Number>,
    wanted: &[NumberStep],
) -> Vec<Address> {
    let address = |number: &'a Number| {
        let wanted = wanted.iter();
        wanted.map(|step| Address::number(&number.phone, *step))
    };
    let known: BTreeSet<_> = steps.iter().map(StepKind::address).collect();
    let addresses = numbers.into_iter().flat_map(address);
    addresses.filter(|step| known.contains(step)).collect()
}
