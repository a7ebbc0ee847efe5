//! A message template in one language, as it is seen on one WABA.
//!
//! What it says is kept in the form it is compared by; what is needed to write it is read once more
//! when it is written. A list that only has to show reviews comes without content, in far smaller
//! answers.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/>

use serde::Deserialize;
use serde_json::{Map, Value};

use super::words;
use crate::{
    api::meta::{Page, Read},
    ids::{TemplateId, TemplateKey, WabaId},
    template::Content,
};

/// The fields that show where a template stands.
const STATE: &str = "id,name,language,status,category,correct_category,previous_category,quality_score,rejected_reason,message_send_ttl_seconds";

/// The fields that show what it says.
const CONTENT: &str = "components";

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
        /// Unused for a year.
        Archived = "ARCHIVED",
        /// Refused because the account has no room.
        LimitExceeded = "LIMIT_EXCEEDED",
    }
}

/// A template in one language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Listed")]
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
    /// The category that Meta finds right, where it is another.
    pub correct_category: Option<String>,
    /// The category it had before Meta changed it.
    pub previous_category: Option<String>,
    /// Meta's rating.
    pub quality_score: Option<Quality>,
    /// Why the review refused it.
    pub rejected_reason: Option<String>,
    /// How long a message may wait for its recipient, in seconds.
    pub send_ttl: Option<i64>,
    /// What it says; `None` where it was not asked for or not shown.
    pub content: Option<Content>,
}

/// A template as an answer has it.
#[derive(Deserialize)]
struct Listed {
    id: TemplateId,
    name: String,
    language: String,
    status: Option<Status>,
    category: Option<String>,
    correct_category: Option<String>,
    previous_category: Option<String>,
    quality_score: Option<Quality>,
    rejected_reason: Option<String>,
    message_send_ttl_seconds: Option<i64>,
    components: Option<Vec<Value>>,
}

impl From<Listed> for Template {
    fn from(listed: Listed) -> Self {
        let category = listed.category.unwrap_or_default().to_uppercase();
        let components = listed.components.as_deref();
        Self {
            content: components.map(|components| Content::read(&category, components)),
            id: listed.id,
            name: listed.name,
            language: listed.language,
            status: listed.status,
            category: Some(category).filter(|category| !category.is_empty()),
            previous_category: listed
                .previous_category
                .filter(|category| !category.is_empty()),
            correct_category: listed
                .correct_category
                .filter(|category| !category.is_empty()),
            quality_score: listed.quality_score,
            rejected_reason: listed.rejected_reason.filter(|reason| reason != "NONE"),
            send_ttl: listed.message_send_ttl_seconds,
        }
    }
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

impl Template {
    /// The largest page that never runs into "reduce the amount of data".
    pub const PAGE: u32 = 100;

    /// Reads all templates of a WABA with what they say.
    pub fn list(waba: &WabaId) -> Read<Page<Self>> {
        Self::list_of(waba, &format!("{STATE},{CONTENT}"))
    }

    /// Reads all templates of a WABA without what they say.
    pub fn list_states(waba: &WabaId) -> Read<Page<Self>> {
        Self::list_of(waba, STATE)
    }

    /// Reads the templates of a WABA whose name contains this one: the API's filter finds parts of
    /// names, so callers compare the key.
    pub fn find(waba: &WabaId, name: &str) -> Read<Page<Self>> {
        Self::list(waba).with("name", name)
    }

    /// Reads everything that is needed to create one anew.
    pub fn whole(id: &TemplateId) -> Read<Map<String, Value>> {
        let fields = "name,language,category,parameter_format,message_send_ttl_seconds,cta_url_link_tracking_opted_out,components";
        Read::new(format!("/{id}")).with("fields", fields)
    }

    fn list_of(waba: &WabaId, fields: &str) -> Read<Page<Self>> {
        Read::new(format!("/{waba}/message_templates"))
            .with("fields", fields)
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

    /// Returns the rating's word.
    pub fn score(&self) -> Option<&str> {
        self.quality_score.as_ref()?.score.as_deref()
    }

    /// Returns the status's word.
    pub fn status_word(&self) -> &str {
        self.status.as_ref().map_or("unknown", Status::as_str)
    }

    /// Returns the category it should have, where Meta says that it has a wrong one.
    pub fn drifted_category(&self) -> Option<&str> {
        let correct = self.correct_category.as_deref()?;
        (self.category.as_deref() != Some(correct)).then_some(correct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(fields: Value) -> Template {
        let mut template = serde_json::json!({"id": "1", "name": "a", "language": "en-US"});
        let all = template.as_object_mut().unwrap();
        all.extend(fields.as_object().unwrap().clone());
        serde_json::from_value(template).unwrap()
    }

    #[test]
    fn a_key_has_one_spelling_of_the_language() {
        assert_eq!(template(serde_json::json!({})).key().to_string(), "a/en_US");
    }

    #[test]
    fn a_category_drifts_when_meta_finds_another_one_right() {
        #[track_caller]
        fn check(category: &str, correct: Option<&str>, drifted: Option<&str>) {
            let fields = serde_json::json!({"category": category, "correct_category": correct});
            assert_eq!(template(fields).drifted_category(), drifted);
        }
        check("UTILITY", None, None);
        check("UTILITY", Some("UTILITY"), None);
        check("UTILITY", Some("MARKETING"), Some("MARKETING"));
        check("UTILITY", Some(""), None);
    }

    #[test]
    fn what_was_not_asked_for_is_not_empty() {
        assert_eq!(template(serde_json::json!({})).content, None);
        let fields = serde_json::json!({"components": [{"type": "BODY", "text": "Hi"}]});
        let content = template(fields).content.unwrap();
        assert_eq!(content.get("body.text"), Some("Hi"));
    }
}
