//! The rules of the world: one file per subject, each a function from world and parameters to an
//! answer or a refusal.
//!
//! Who may call, and whether the hour's calls are used up, is settled before a rule is asked.

pub mod add;
pub mod codes;
pub mod flows;
pub mod intents;
pub mod profile;
pub mod register;
pub mod settings;
pub mod subscriptions;
pub mod template_create;
pub mod template_delete;
pub mod template_edit;
pub mod template_form;
mod template_language;
pub mod template_review;
pub mod templates;
pub mod tokens;
pub mod uploads;

use serde_json::{Value, json};

use super::error::GraphError;

/// What a rule comes to.
pub type Answered = Result<Value, GraphError>;

/// Returns `{"success":true}`.
pub fn success() -> Answered {
    Ok(json!({"success": true}))
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
}
