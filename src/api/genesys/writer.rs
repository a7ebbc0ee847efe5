//! The right to change: one attempt per intent, and the intent is on disk first.
//!
//! A writer never repeats anything by itself, with one exception: a request that is refused at the
//! door, because its token is not good any more, has changed nothing and goes out once more with a
//! new one. Not even that holds for what is sent now or never: it gets a fresh token beforehand.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    connection::{Answer, Connection, Manner},
    login::Wanted,
};
use crate::{
    api::{
        call::{CallError, Retry, TRIES, backoff},
        quiet::Patience,
        request::Write,
        writes::{Sent, Writes},
    },
    journal::Intent,
};

/// Sends writes over a connection. Only `apply` makes one.
#[derive(Clone, Debug)]
pub struct Writer {
    connection: Arc<Connection>,
}

impl Writer {
    /// Makes a writer over this connection.
    pub fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    fn manner(&self, write: &Write) -> Manner {
        Manner {
            patience: match write.is_now_or_never {
                true => Patience(Duration::ZERO),
                false => self.connection.patience,
            },
            gives_way: false,
            knocks_twice: !write.is_now_or_never,
        }
    }

    /// Logs in where that has to be, as patiently as anything is read.
    async fn log_in(&self, write: &Write) -> Result<(), CallError> {
        let mut tried = 1;
        loop {
            let wanted = match write.is_now_or_never {
                true => Wanted::Fresh,
                false => Wanted::Good,
            };
            let patience = self.connection.patience;
            let Err(error) = self.connection.login.token(wanted, patience).await else {
                return Ok(());
            };
            match error.retry() {
                Retry::Soon if tried < TRIES => self.connection.sleep(backoff(tried)).await,
                // The login waits by itself.
                Retry::Later(_) if tried < TRIES => {}
                Retry::Soon | Retry::Later(_) | Retry::Never => return Err(error),
            }
            tried += 1;
        }
    }

    async fn send_once(&self, write: &Write) -> Sent {
        let mut trace_id = None;
        let called = self
            .connection
            .call(write.request(), self.manner(write), &mut trace_id);
        let answer = called.await;
        if let Err(error) = &answer
            && let Retry::Later(pause) = error.retry()
        {
            self.connection.quiet.keep(pause);
        }
        Sent {
            result: answer.and_then(|answer| said(&answer)),
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
        async {
            self.log_in(write).await?;
            self.connection
                .quiet
                .wait(self.manner(write).patience)
                .await
        }
        .boxed()
    }

    fn send<'a>(&'a self, intent: Intent, write: &'a Write) -> BoxFuture<'a, Sent> {
        drop(intent);
        self.send_once(write).boxed()
    }
}

/// A write that worked answers an object, or nothing.
fn said(answer: &Answer) -> Result<Value, CallError> {
    if answer.body.trim_ascii().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
        Ok(_) => Err(answer.garbled("it is not an object")),
        Err(error) => Err(answer.garbled(error)),
    }
}
