//! The right to change, whichever API it is about.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use super::{call::CallError, request::Write};
use crate::journal::Intent;

/// What came of a write.
#[derive(Debug)]
pub struct Sent {
    /// What the API answered, or why nobody knows.
    pub result: Result<Value, CallError>,
    /// The id that the header of the answer gave it, for the API's support.
    pub trace_id: Option<String>,
}

/// Sends writes, each once and only against an [`Intent`] that is already on disk. It never repeats
/// anything by itself: whether a write may be sent again is decided by the step that knows how to
/// look its effect up.
pub trait Writes: Send + Sync {
    /// Returns until when a rate limit holds writes back, if one does.
    fn rests_until(&self) -> Option<Timestamp>;

    /// Waits until no rate limit holds writes back, or gives up when that takes too long.
    fn rest(&self) -> BoxFuture<'_, Result<(), CallError>>;

    /// Makes everything ready for one write, with that write's patience. Nothing of it has left then.
    fn ready<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<(), CallError>>;

    /// Sends a write once. Takes the intent away: another attempt needs another line in the journal.
    fn send<'a>(&'a self, intent: Intent, write: &'a Write) -> BoxFuture<'a, Sent>;
}
