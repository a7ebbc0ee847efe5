//! Moves WhatsApp Business phone numbers and message templates between WABAs.
pub mod api;
pub mod clock;
pub mod finding;
pub mod ids;
pub mod phone;
pub mod plan;
pub mod report;
pub mod secret;
pub mod yaml;
