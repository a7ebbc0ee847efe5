//! Moves WhatsApp Business phone numbers and message templates between WABAs.
pub mod api;
pub mod apply;
pub mod changeset;
pub mod clock;
pub mod diff;
pub mod finding;
pub mod ids;
pub mod journal;
pub mod phone;
pub mod plan;
pub mod preflight;
pub mod resource;
pub mod secret;
pub mod snapshot;
pub mod step;
pub mod report;
pub mod yaml;
