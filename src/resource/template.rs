//! A message template in one language, as it is seen on one WABA.
//!
//! Its content is not read here: whether a template has to be copied follows from name and
//! language, and a list without content comes in far smaller answers.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/>

use std::collections::BTreeMap;

use serde::Deserialize;

use super::words;
use crate::{
    api::meta::{Page, Read},
    ids::{TemplateId, TemplateKey, WabaId},
    plan::Glob,
};

words! {
    /// `status`. Only an approved template can be sent.
    Status {
        /// Can be sent.
        Approved = "APPROVED",
        /// Under review.
        Pending = "PENDING",
        /// Refused by the review.
        Rejected = "REJECTED",
        /// Stopped for a while by bad quality.
        Paused = "PAUSED",
        /// Stopped for good.
        Disabled = "DISABLED",
        /// Its review is contested.
        InAppeal = "IN_APPEAL",
        /// Being deleted.
        PendingDeletion = "PENDING_DELETION",
        /// Deleted.
        Deleted = "DELETED",
    }
}

/// A template in one language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Template {
    /// Its id on this WABA.
    pub id: TemplateId,
    /// Its name.
    pub name: String,
    /// Its language; webhooks and some answers write `en-US` for `en_US`.
    pub language: String,
    /// Where its review stands.
    pub status: Option<Status>,
    /// AUTHENTICATION, MARKETING or UTILITY.
    pub category: Option<String>,
    /// Meta's rating.
    pub quality_score: Option<Quality>,
    /// Why the review refused it.
    pub rejected_reason: Option<String>,
}

/// How many templates a WABA has and may have; each language counts. Both may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Room {
    /// How many it has.
    pub total_count: Option<usize>,
    /// How many it may have.
    pub message_template_limit: Option<usize>,
}

/// The answer that holds a [`Room`].
#[derive(Clone, Debug, Deserialize)]
pub struct RoomAnswer {
    summary: Option<Room>,
}

impl Room {
    /// Reads the room of a WABA, and as little else as possible.
    pub fn read(waba: &WabaId) -> Read<RoomAnswer> {
        Read::new(format!("/{waba}/message_templates"))
            .with("fields", "id")
            .with("limit", "1")
            .with("summary", "total_count,message_template_limit")
    }

    /// Takes the answer; one without a summary shows nothing.
    pub fn of(answer: RoomAnswer) -> Self {
        answer.summary.unwrap_or_default()
    }
}

/// `quality_score`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Quality {
    /// GREEN, YELLOW, RED or UNKNOWN.
    pub score: Option<String>,
}

/// What the plan's `copy` comes to, template by template.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    /// Will be copied.
    pub missing: Vec<&'a Template>,
    /// On the target already, by name and language.
    pub there: Vec<&'a Template>,
    /// Meta's copy does not take these; with the reason.
    pub not_copyable: Vec<(&'a Template, String)>,
}

impl<'a> Selection<'a> {
    /// Sorts the templates of the source that `copy` names.
    pub fn of(
        copy: &[Glob],
        source: &'a BTreeMap<TemplateKey, Template>,
        target: &BTreeMap<TemplateKey, Template>,
        refused: &BTreeMap<String, String>,
    ) -> Self {
        let mut selection = Self::default();
        for (key, template) in source {
            if !copy.iter().any(|glob| glob.matches(&template.name)) {
                continue;
            }
            if target.contains_key(key) {
                selection.there.push(template);
            } else if let Some(reason) = template.not_copyable() {
                selection.not_copyable.push((template, reason));
            } else if let Some(reason) = refused.get(&key.to_string()) {
                selection
                    .not_copyable
                    .push((template, format!("Meta refused to copy it: {reason}")));
            } else {
                selection.missing.push(template);
            }
        }
        selection
    }
}

impl Template {
    /// The largest page that never runs into "reduce the amount of data".
    pub const PAGE: u32 = 100;

    /// Reads all templates of a WABA.
    pub fn list(waba: &WabaId) -> Read<Page<Self>> {
        Read::new(format!("/{waba}/message_templates"))
            .with(
                "fields",
                "id,name,language,status,category,quality_score,rejected_reason",
            )
            .with("limit", Self::PAGE.to_string())
    }

    /// Returns its key.
    pub fn key(&self) -> TemplateKey {
        TemplateKey::new(&*self.name, &self.language)
    }

    /// Returns whether it can be sent.
    pub fn is_approved(&self) -> bool {
        self.status == Some(Status::Approved)
    }

    /// Returns whether the API still counts it among the templates of its WABA. A language that is
    /// being deleted is listed but gone for every purpose.
    pub fn is_there(&self) -> bool {
        !matches!(self.status, Some(Status::PendingDeletion | Status::Deleted))
    }

    /// Returns why Meta's copy will not take it; `None` when it will. Eligible are APPROVED
    /// templates of GREEN or UNKNOWN quality.
    ///
    /// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/template-migration>
    pub fn not_copyable(&self) -> Option<String> {
        if !self.is_approved() {
            let status = self.status.as_ref().map_or("unknown", Status::as_str);
            return Some(format!(
                "its status is {status}, only APPROVED templates are copied"
            ));
        }
        let score = self
            .quality_score
            .as_ref()
            .and_then(|quality| quality.score.as_deref());
        match score {
            None | Some("GREEN" | "UNKNOWN") => None,
            Some(score) => Some(format!(
                "its quality is {score}, only GREEN and UNKNOWN are copied"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_approved_templates_of_good_or_unknown_quality_are_copied() {
        #[track_caller]
        fn check(status: &str, score: Option<&str>, copyable: bool) {
            let template: Template = serde_json::from_value(serde_json::json!({
                "id": "1", "name": "a", "language": "en-US", "status": status,
                "quality_score": score.map(|score| serde_json::json!({"score": score})),
            }))
            .unwrap();
            assert_eq!(
                template.not_copyable().is_none(),
                copyable,
                "{status} {score:?}"
            );
            assert_eq!(template.key().to_string(), "a/en_US");
        }
        check("APPROVED", None, true);
        check("APPROVED", Some("GREEN"), true);
        check("APPROVED", Some("UNKNOWN"), true);
        check("APPROVED", Some("YELLOW"), false);
        check("PAUSED", Some("GREEN"), false);
        check("FROBBED", None, false);
    }
}
