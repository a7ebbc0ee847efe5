//! The Platform API of Genesys Cloud: what is sent, what comes back, and who may send what.

mod cause;
mod error;

pub use cause::finding;
pub use error::{ApiError, Detail, Limit};
