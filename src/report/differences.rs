//! What `diff` found, for people.

use std::fmt::Write as _;

use super::{changes::field_change, clean, count, style, templates};
use crate::{
    diff::{Class, Difference},
    inventory::Inventory,
};

/// Renders differences, the ones that fail a check first, and what became of the source's templates.
pub fn render(differences: &[Difference], inventory: Option<&Inventory>) -> String {
    let templates = inventory.map(templates::paragraph).unwrap_or_default();
    if differences.is_empty() {
        return format!("{templates}{} nothing differs.\n", style::heading("Diff:"));
    }
    let mut text = templates;
    for difference in differences {
        let class = match difference.class {
            Class::Drift => style::bad("drift"),
            Class::Pending => style::notice("pending"),
            Class::Service => style::hint("service"),
            Class::Orphan => style::faint("orphan"),
        };
        let _ = writeln!(text, "  {class:<8} {}", difference.address);
        let _ = writeln!(
            text,
            "           {}",
            style::faint(clean(&difference.message))
        );
        for field in &difference.fields {
            text += &field_change(field);
        }
    }
    let heading = style::heading("Diff:");
    text + &format!("\n{heading} {}\n", sums(differences))
}

/// The sums of differences in one sentence.
pub(super) fn sums(differences: &[Difference]) -> String {
    let classes = [Class::Drift, Class::Pending, Class::Service, Class::Orphan].map(|class| {
        let number = differences
            .iter()
            .filter(|difference| difference.class == class)
            .count();
        (number, format!("{class:?}").to_lowercase())
    });
    let parts: Vec<_> = classes
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, class)| format!("{number} {class}"))
        .collect();
    let total = count(differences.len(), "difference");
    format!("{total}: {}.", parts.join(", "))
}
