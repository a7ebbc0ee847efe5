//! Keeps every call of a connection back while a rate limit is reached.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::call::CallError;
use crate::clock::Clock;

/// How long a call may be held back by a rate limit before it gives up.
#[derive(Clone, Copy, Debug)]
pub struct Patience(pub Duration);

/// Until when a connection keeps quiet.
pub(super) struct Quiet {
    pub(super) clock: Arc<dyn Clock>,
    until: Mutex<Option<Timestamp>>,
}

impl Quiet {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            until: Mutex::default(),
        }
    }

    /// Waits while a limit is reached, or gives up at once when that takes too long.
    pub(super) async fn wait(&self, patience: Patience) -> Result<(), CallError> {
        while let Some(until) = self.until() {
            let pause = self.clock.now().duration_until(until).unsigned_abs();
            if pause > patience.0 {
                return Err(CallError::Throttled { until });
            }
            self.clock.sleep(pause).await;
        }
        Ok(())
    }

    /// Returns until when a limit holds every call back, if one does.
    pub(super) fn until(&self) -> Option<Timestamp> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > self.clock.now())
    }

    /// Holds every later call back for `pause`.
    pub(super) fn keep(&self, pause: Duration) {
        let until = self.clock.now().saturating_add(pause);
        let until = until.unwrap_or(Timestamp::MAX);
        let mut known = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *known = (*known).max(Some(until));
    }
}
