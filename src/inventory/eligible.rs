//! Which templates Meta's copy takes: APPROVED, of GREEN or UNKNOWN quality, of the same business.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>

use crate::resource::template::{Status, Template};

/// Why Meta's copy does not take a template.
pub(super) struct Obstacle {
    pub(super) why: String,
    pub(super) instead: &'static str,
    /// Whether creating it anew may work: what the review or Meta stopped would be stopped again.
    pub(super) can_recreate: bool,
}

const RECREATE: &str = "set templates.recreate to have it created anew from the source's content, or define it in a file (templates.files)";
const DEFINE: &str = "mend what it says and define it in a file (templates.files)";

/// Returns what keeps Meta's copy from taking a template; `None` when it will.
pub(super) fn obstacle(template: &Template, is_same_business: bool) -> Option<Obstacle> {
    let obstacle = |why: String, instead, can_recreate| {
        Some(Obstacle {
            why,
            instead,
            can_recreate,
        })
    };
    let only_approved = |note: &str| format!("{note}, and only APPROVED templates are copied");
    let word = template.status_word();
    match &template.status {
        Some(Status::Approved) => {}
        Some(Status::Paused | Status::Pending) => {
            return obstacle(
                only_approved(&format!("its status is {word}")),
                RECREATE,
                true,
            );
        }
        Some(Status::Rejected) => {
            let reason = template.rejected_reason.as_deref();
            let reason = reason
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            return obstacle(
                only_approved(&format!("it is REJECTED{reason}")),
                DEFINE,
                false,
            );
        }
        Some(Status::Archived) => {
            let instead = "unarchive it on the source, or define it in a file (templates.files)";
            return obstacle(only_approved("it is ARCHIVED"), instead, false);
        }
        Some(Status::PendingDeletion | Status::Deleted) => {
            return obstacle("it is being deleted on the source".into(), DEFINE, false);
        }
        _ => {
            return obstacle(
                only_approved(&format!("its status is {word}")),
                DEFINE,
                false,
            );
        }
    }
    if let Some(score @ ("YELLOW" | "RED")) = template.score() {
        let why = format!("its quality is {score}, only GREEN and UNKNOWN are copied");
        return obstacle(why, RECREATE, true);
    }
    if let Some(score) = template
        .score()
        .filter(|score| !matches!(*score, "GREEN" | "UNKNOWN"))
    {
        let why = format!("its quality is {score}, only GREEN and UNKNOWN are copied");
        return obstacle(why, DEFINE, false);
    }
    if let Some(correct) = template.drifted_category() {
        let category = template.category.as_deref().unwrap_or("unknown");
        let why = format!("its category is {category} and Meta finds {correct} right");
        return obstacle(why, RECREATE, true);
    }
    if !is_same_business {
        let why = "the accounts belong to different businesses, and Meta copies within one only";
        return obstacle(why.into(), RECREATE, true);
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(fields: Value, is_same_business: bool, expected: Option<(&str, bool)>) {
        let mut template = json!({"id": "1", "name": "a", "language": "de", "category": "UTILITY"});
        template
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        let template: Template = serde_json::from_value(template).unwrap();
        let found = obstacle(&template, is_same_business);
        let found = found
            .as_ref()
            .map(|found| (found.why.as_str(), found.can_recreate));
        match (found, expected) {
            (None, None) => {}
            (Some((why, can)), Some((words, expected))) => {
                assert!(why.contains(words), "{why}");
                assert_eq!(can, expected);
            }
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn only_approved_templates_of_good_or_unknown_quality_are_copied() {
        let scored =
            |score: Value| json!({"status": "APPROVED", "quality_score": {"score": score}});
        check(json!({"status": "APPROVED"}), true, None);
        check(scored(json!("GREEN")), true, None);
        check(scored(json!("UNKNOWN")), true, None);
        check(
            scored(json!("YELLOW")),
            true,
            Some(("quality is YELLOW", true)),
        );
        check(
            scored(json!("PURPLE")),
            true,
            Some(("quality is PURPLE", false)),
        );
        check(json!({"status": "PAUSED"}), true, Some(("PAUSED", true)));
        check(json!({"status": "FROBBED"}), true, Some(("FROBBED", false)));
        check(json!({}), true, Some(("unknown", false)));
        let rejected = json!({"status": "REJECTED", "rejected_reason": "SCAM"});
        check(rejected, true, Some(("REJECTED (SCAM)", false)));
    }

    #[test]
    fn a_wrong_category_and_another_business_stop_the_copy() {
        let drifted = json!({"status": "APPROVED", "correct_category": "MARKETING"});
        check(drifted, true, Some(("MARKETING", true)));
        check(
            json!({"status": "APPROVED"}),
            false,
            Some(("different businesses", true)),
        );
    }
}
