//! A change set as it is saved and printed: with its own digest, in canonical JSON.
//!
//! Canonical is RFC 8785: one text for one value. Nothing in it tells when or by whom it was made,
//! so the same plan and the same world give the same bytes.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ChangeSet;

/// A change set with its digest.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Sealed {
    #[serde(flatten)]
    changes: ChangeSet,
    /// SHA-256, in hex, of the canonical JSON (RFC 8785) of everything but this member.
    digest: String,
}

impl Sealed {
    /// Seals a change set. `plan` is the path of its plan file from where it will be kept.
    pub fn of(mut changes: ChangeSet, plan: Option<String>) -> Self {
        changes.plan.path = plan;
        let digest = digest(value(&changes));
        Self { changes, digest }
    }

    /// Returns its canonical form, one line.
    pub fn canonical(&self) -> String {
        canonical(&value(self)) + "\n"
    }

    /// Returns its digest.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).expect("a change set is made of text, numbers and lists")
}

fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).expect("a JSON value has a canonical form")
}

/// Returns the digest of a change set without regard to the one that stands in it.
pub(super) fn digest(mut change_set: Value) -> String {
    if let Value::Object(members) = &mut change_set {
        members.remove("digest");
    }
    hex::encode(Sha256::digest(canonical(&change_set)))
}
