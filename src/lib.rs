//! Moves WhatsApp Business phone numbers and message templates between WABAs.

pub mod ids;
pub mod phone;
pub mod secret;

pub mod clock;
pub mod finding;

pub mod yaml;

pub mod journal;

pub mod api;

pub mod plan;

pub mod resource;

pub mod snapshot;

pub mod step;

pub mod preflight;

pub mod changeset;

pub mod diff;

pub mod apply;

pub mod sim;

pub mod cli;
pub mod report;
