//! The right to change: one attempt per intent, and the intent is on disk first.
//!
//! A writer never repeats anything by itself. Whether a write may be sent again is decided by the
//! step that knows how to look its effect up.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    connection::{Connection, Patience},
    error::CallError,
    error::Retry,
    request::Write,
};
use crate::journal::Intent;

/// What came of a write.
#[derive(Debug)]
pub struct Sent {
    /// What the API answered, or why nobody knows.
    pub result: Result<Value, CallError>,
    /// The id that the header of the answer gave it, for Meta's support.
    pub trace_id: Option<String>,
}

/// Sends writes over a connection. Only `apply` and `verify-code` make one.
#[derive(Clone, Debug)]
pub struct Writer {
    connection: Arc<Connection>,
}

impl Writer {
    /// Makes a writer of this connection's token.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// Returns until when a rate limit holds writes back, if one does.
    pub fn rests_until(&self) -> Option<jiff::Timestamp> {
        self.connection.rests_until()
    }

    /// Waits until no rate limit holds writes back, or gives up when that takes too long.
    pub async fn rest(&self) -> Result<(), CallError> {
        self.connection
            .wait_for_quota(self.connection.patience)
            .await
    }

    /// The same for one write, with that write's patience. Nothing has left then.
    pub async fn ready(&self, write: &Write) -> Result<(), CallError> {
        self.connection.wait_for_quota(self.patience(write)).await
    }

    fn patience(&self, write: &Write) -> Patience {
        match write.is_now_or_never {
            true => Patience(Duration::ZERO),
            false => self.connection.patience,
        }
    }

    /// Sends a write once. Takes the intent away: another attempt needs another line in the journal.
    pub async fn send(&self, intent: Intent, write: &Write) -> Sent {
        drop(intent);
        let mut trace_id = None;
        let answer = self
            .connection
            .call_traced(write.request(), self.patience(write), &mut trace_id)
            .await;
        if let Err(error) = &answer
            && let Retry::Later(pause) = error.retry()
        {
            self.connection.keep_quiet(pause);
        }
        Sent {
            result: answer.and_then(said_yes),
            trace_id,
        }
    }
}

/// A write that worked answers an object, and never `"success": false`.
fn said_yes(answer: Value) -> Result<Value, CallError> {
    let problem = match &answer {
        Value::Object(fields) if fields.get("success") == Some(&Value::Bool(false)) => {
            "it says that it had no success"
        }
        Value::Object(_) => return Ok(answer),
        _ => "it is not an object",
    };
    Err(CallError::Garbled {
        status: 200,
        problem: problem.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_without_a_no_is_a_yes() {
        #[track_caller]
        fn check(answer: Value, yes: bool) {
            assert_eq!(said_yes(answer.clone()).is_ok(), yes, "{answer}");
        }
        check(serde_json::json!({"success": true}), true);
        check(serde_json::json!({"id": "1"}), true);
        check(serde_json::json!({"success": false}), false);
        check(Value::Null, false);
        check(serde_json::json!([]), false);
    }
}
