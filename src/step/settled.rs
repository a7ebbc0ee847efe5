//! Whether a migration has come to its end, as far as the world shows it.

use crate::{plan::Number, snapshot::Snapshot};

/// Returns whether every number is live on the target.
pub(super) fn is_settled(numbers: &[Number], seen: &Snapshot) -> bool {
    let mut numbers = numbers.iter();
    numbers.all(|number| seen.target.is_live(&number.phone))
}
