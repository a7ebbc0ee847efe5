//! The intent to migrate an account to a Multi-Partner Solution: set by the partner, accepted by
//! the customer, and then no one-time code is needed.
//!
//! Source: Meta's generated SDK metadata (`set_solution_migration_intent`),
//! <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/>

use serde::Deserialize;

use super::words;
use crate::{api::meta::Read, ids::MigrationIntentId};

words! {
    /// `status` of an intent.
    IntentStatus {
        /// The customer has not answered.
        Initiated = "INITIATED",
        /// The customer has accepted.
        Accepted = "ACCEPTED",
        /// The migration is over.
        Completed = "COMPLETED",
        /// The customer has refused.
        Rejected = "REJECTED",
    }
}

/// An intent as it is seen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MigrationIntent {
    /// Its id.
    pub id: MigrationIntentId,
    /// What became of it.
    pub status: Option<IntentStatus>,
}

impl MigrationIntent {
    /// Reads one.
    pub fn read(id: &MigrationIntentId) -> Read<Self> {
        Read::new(format!("/{id}")).with("fields", "id,status,solution")
    }

    /// Returns whether the customer has accepted.
    pub fn is_accepted(&self) -> bool {
        matches!(
            self.status,
            Some(IntentStatus::Accepted | IntentStatus::Completed)
        )
    }
}
