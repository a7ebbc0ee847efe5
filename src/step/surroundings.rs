//! What surrounds the steps of a run: how it behaves, the people who may be asked, the wish to stop.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use futures_util::future::{BoxFuture, Either, select};
use jiff::Timestamp;
use tokio::sync::Notify;

use super::{Action, Change};
use crate::{finding::Finding, ids::Address, phone::Phone, plan::OtpChannel, secret::Secret};

/// How a run behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long copies, reviews, states and, without a person, windows are waited for; `None` is as
    /// long as it takes.
    pub wait: Option<Duration>,
    /// Whether somebody sits there: then gates are waited for too.
    pub attended: bool,
    /// When the run has to be over: no cut-over begins that might not end before.
    pub deadline: Option<Timestamp>,
    /// The longest pause between two looks.
    pub poll_interval: Duration,
    /// Numbers for which another code is asked for although one may be on its way.
    pub new_codes: BTreeSet<Phone>,
    /// Numbers whose PIN was corrected after it had been refused.
    pub new_pins: BTreeSet<Phone>,
    /// Gates passed by name.
    pub confirmed: BTreeSet<Address>,
    /// Who runs this, for the journal.
    pub user: String,
}

/// A one-time code that a person is asked for.
#[derive(Clone, Debug)]
pub struct CodeAsked {
    /// The number that gets the code.
    pub phone: Phone,
    /// How.
    pub channel: OtpChannel,
}

/// The people around a run.
pub trait People: Send + Sync {
    /// Asks for a one-time code. `None`: nobody is there.
    fn code(&self, asked: CodeAsked) -> BoxFuture<'_, Option<Secret>>;
}

/// What somebody reviewed before the run: nothing else is done.
pub trait Review: Sync {
    /// Returns what a step was to do when it was reviewed. `None`: it was no part of it.
    fn action(&self, step: &Address) -> Option<Action>;

    /// Returns what is not as it was reviewed in what a step would do now. `None`: it may be done.
    /// `was_done`: an earlier run has done it, so that what could not be seen at the review could
    /// be seen since.
    fn objection(&self, step: &Address, now: &Change, was_done: bool) -> Option<Finding>;
}

/// A request to stop: nothing new is started, what is in flight is finished.
#[derive(Debug, Default)]
pub struct Stop {
    code: AtomicU8,
    asked: Notify,
}

impl Stop {
    /// Asks to stop, naming the exit code that tells why. A signal, which has the higher code, weighs
    /// more than a deadline, whichever came first.
    pub fn ask(&self, code: u8) {
        self.code.fetch_max(code, Ordering::SeqCst);
        self.asked.notify_waiters();
    }

    /// Returns the exit code of the request, if there is one.
    pub fn asked(&self) -> Option<u8> {
        Some(self.code.load(Ordering::SeqCst)).filter(|&code| code != 0)
    }

    /// Runs `work` to its end, or leaves it when somebody asks to stop. Only for work that may be
    /// left at any point: waiting, and asking people.
    pub async fn or_leave<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut asked = pin!(self.asked.notified());
        asked.as_mut().enable();
        if self.asked().is_some() {
            return None;
        }
        match select(pin!(work), asked).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}
