//! The Platform API of Genesys Cloud: what is sent, what comes back, and who may send what.
//!
//! A [`Reader`] can only send [`Read`]s. A [`Writer`] sends [`Write`](super::Write)s, and only against
//! an [`Intent`](crate::journal::Intent) that is already on disk. Both share one [`Connection`], which
//! logs in by itself.

mod cause;
mod connection;
mod error;
mod hosts;
mod login;
mod pace;
mod reader;
mod request;
pub mod write;
mod writer;

pub use cause::finding;
pub use connection::Connection;
pub use error::{ApiError, Detail, Limit};
pub use hosts::Hosts;
pub use reader::{Page, Reader};
pub use request::Read;
pub use writer::Writer;

#[cfg(test)]
mod tests;
