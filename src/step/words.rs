//! What several steps say.

use crate::{
    finding::{Finding, Severity, Who},
    ids::Address,
    inventory::Item,
    snapshot::Snapshot,
};

/// "1 template", "2 templates".
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// What every step that brings a template over rests on: the category it has on the source.
pub(super) fn source_category<'a>(seen: &'a Snapshot, item: &Item) -> &'a str {
    let source = seen.source.template(&item.key());
    let category = source.and_then(|source| source.category.as_deref());
    category.unwrap_or_default()
}

/// The finding of a step that cannot go on without a list of templates. `or` is what to do when no
/// token reaches the account.
pub(super) fn unreadable_templates(step: Address, message: String, or: &str) -> Finding {
    Finding::unknown("templates-unreadable", Severity::Error, step, message)
        .ask(
            Who::Us,
            format!("name a token that reaches the account, or {or}"),
        )
        .proof("GET /{WABA}/message_templates answers")
}
