//! Templates that a plan counts on and that will not be there as it may expect.

use super::case::Case;
use crate::finding::{Finding, Who};

/// A mistyped pattern would let a number move without the templates it needs.
pub(super) fn required_match(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let (Some(source), Some(target)) = (
        case.seen.source.templates.present(),
        case.seen.target.templates.present(),
    ) else {
        return;
    };
    let patterns = case
        .plan
        .templates
        .required
        .iter()
        .flatten()
        .filter(|glob| !glob.is_name());
    for pattern in patterns {
        if !source
            .keys()
            .chain(target.keys())
            .any(|key| pattern.matches(&key.name))
        {
            let message = format!(
                "templates.required has `{}`, which no template matches",
                pattern.as_str()
            );
            findings.push(
                Finding::warn("template-required-unmatched", "templates.approved", message)
                    .ask(Who::Us, "correct the pattern, or take it out"),
            );
        }
    }
}

/// What Meta refused to copy is not asked for again, and nobody waits for it.
pub(super) fn refused(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for (key, reason) in case.seen.refused_copies() {
        let message = format!("Meta refused to copy template {key}: {reason}");
        findings.push(
            Finding::warn("template-refused", "templates.copy", message).ask(
                Who::Us,
                "mend it on the source, then: apply --retry-templates",
            ),
        );
    }
}
