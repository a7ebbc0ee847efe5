//! The right to change: one attempt per intent, and the intent is on disk first.
//!
//! A writer never repeats anything by itself. Whether a write may be sent again is decided by the
//! step that knows how to look its effect up.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt};
use jiff::Timestamp;
use serde_json::Value;

use super::connection::Connection;
use crate::{
    api::{
        call::{CallError, Retry},
        quiet::Patience,
        request::Write,
        writes::{Sent, Writes},
    },
    journal::Intent,
};

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

    fn patience(&self, write: &Write) -> Patience {
        match write.is_now_or_never {
            true => Patience(Duration::ZERO),
            false => self.connection.patience,
        }
    }

    async fn send_once(&self, write: &Write) -> Sent {
        let mut trace_id = None;
        let answer = self
            .connection
            .call_traced(write.request(), self.patience(write), &mut trace_id)
            .await;
        if let Err(error) = &answer
            && let Retry::Later(pause) = error.retry()
        {
            self.connection.quiet.keep(pause);
        }
        Sent {
            result: answer.and_then(said_yes),
            trace_id,
        }
    }
}

impl Writes for Writer {
    fn rests_until(&self) -> Option<Timestamp> {
        self.connection.quiet.until()
    }

    fn rest(&self) -> BoxFuture<'_, Result<(), CallError>> {
        let patience = self.connection.patience;
        self.connection.quiet.wait(patience).boxed()
    }

    fn ready<'a>(&'a self, write: &'a Write) -> BoxFuture<'a, Result<(), CallError>> {
        self.connection.quiet.wait(self.patience(write)).boxed()
    }

    fn send<'a>(&'a self, intent: Intent, write: &'a Write) -> BoxFuture<'a, Sent> {
        drop(intent);
        self.send_once(write).boxed()
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
