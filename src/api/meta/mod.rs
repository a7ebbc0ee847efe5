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

pub use connection::{Connection, Patience};
pub use download::{DownloadError, Downloaded};
pub use error::{CallError, GraphError, Retry};
pub use reader::{Page, Reader};
pub use request::{Read, Side, Write};
pub use upload::{MediaHandle, Progress, SessionError, UploadSession};
pub use writer::{Sent, Writer};
