//! Genesys Cloud's own words, as the simulator's organization uses them. They carry no rules.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sim::words::words;

words! {
    /// `status` of a WhatsApp integration.
    IntegrationStatus {
        /// Its number sends and receives.
        Active = "Active",
        /// Its number does not, for a reason that is not documented.
        Inactive = "Inactive",
        /// Something went wrong.
        Error = "Error",
        /// Its number is being activated.
        Starting = "Starting",
        /// Its number was not chosen yet.
        Incomplete = "Incomplete",
        /// It is being deleted.
        Deleting = "Deleting",
        /// It could not be deleted.
        DeletionFailed = "DeletionFailed",
        /// Something went wrong for good.
        Failed = "Failed",
    }
    /// `createStatus` of a WhatsApp integration.
    CreateStatus {
        /// It is being created.
        Initiated = "Initiated",
        /// It was created.
        Completed = "Completed",
        /// It could not be created.
        Error = "Error",
    }
    /// The version of the embedded signup popup.
    SignupVersion {
        /// The number is chosen afterwards.
        V2 = "v2",
        /// The number is chosen in the popup, the name afterwards.
        V4 = "v4",
    }
}
