//! The old and the new value of one field.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Old and new value of one field. `null` before means absent or not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// The field, in the API's words.
    pub path: String,
    /// What was seen.
    pub before: Value,
    /// What is wanted.
    pub after: Value,
}

impl FieldChange {
    /// Makes a change of a field.
    pub fn new(path: &str, before: impl Into<Value>, after: impl Into<Value>) -> Self {
        let (path, before, after) = (path.to_owned(), before.into(), after.into());
        Self {
            path,
            before,
            after,
        }
    }
}
