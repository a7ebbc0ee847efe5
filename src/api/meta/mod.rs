//! The Graph API: what is sent, what comes back, and who may send what.
//!
//! A [`Reader`] can only send [`Read`]s. A [`Writer`] sends [`Write`]s, and only against an
//! [`Intent`](crate::journal::Intent) that is already on disk. `plan`, `diff` and `preflight` never
//! hold a `Writer`.

pub mod cause;
mod connection;
mod download;
mod error;
mod reader;
mod request;
mod upload;
mod usage;
pub mod write;
mod writer;

pub use super::{CallError, Patience, Retry, Sent, Side, Write};
pub use connection::Connection;
pub use download::{DownloadError, Downloaded};
pub use error::GraphError;
pub use reader::{Page, Reader};
pub use request::Read;
pub use upload::{MediaHandle, Progress, SessionError, UploadSession};
pub use writer::Writer;
