//! What several steps say.

use sha2::{Digest, Sha256};

use crate::{
    finding::{Finding, Severity, Who},
    ids::Address,
    inventory::Item,
    snapshot::Snapshot,
    template::Content,
};

/// "1 template", "2 templates".
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// The category that a template has on the source.
pub(super) fn source_category<'a>(seen: &'a Snapshot, item: &Item) -> &'a str {
    let source = seen.source.template(&item.key());
    let category = source.and_then(|source| source.category.as_deref());
    category.unwrap_or_default()
}

/// What every step that brings a template over rests on: its category on the source, and what it
/// says there, by a short digest.
pub(super) fn on_source(seen: &Snapshot, item: &Item) -> String {
    let category = source_category(seen, item);
    let source = seen.source.template(&item.key());
    match source.and_then(|source| source.content.as_ref()) {
        Some(content) => format!("{category}, content {}", short_digest(content)),
        None => category.to_owned(),
    }
}

/// Enough of a digest to tell one text from another by eye.
pub(super) fn short_digest(content: &Content) -> String {
    let mut all = Sha256::new();
    for (path, value) in content.lines() {
        all.update(format!("{}:{path}{}:{value}", path.len(), value.len()));
    }
    let digest = hex::encode(all.finalize());
    digest[..12].to_owned()
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
