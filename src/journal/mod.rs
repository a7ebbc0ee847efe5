//! What was done: the append-only record of every run.
//!
//! * [`event`]: the lines of the record, as data.
//! * [`history`]: what all lines together amount to, by one pure transition function.
//! * [`number`]: what they tell of one number.
//! * [`templates`]: what they tell of templates.
//! * [`flows`]: what they tell of flows.
//! * [`deeds`]: what steps set, and what stood there before.
//! * [`proof`]: what they prove of a step that was done.
//! * [`run`]: what the lines of one run amount to.
//! * [`lock`] and [`lease`]: who works on a plan.
//! * [`mod@file`]: writing the files; [`read`]: reading them.
//!
//! The API is the state: a lost journal costs history, never correctness. What cannot be seen in
//! the API is remembered here: whether a one-time code is on its way, what a source profile said
//! before its number left, which templates Meta refused to copy.

pub mod deeds;
mod error;
pub mod event;
pub mod file;
pub mod flows;
pub mod history;
pub mod lease;
pub mod lock;
pub mod number;
pub mod proof;
pub mod read;
pub mod run;
pub mod templates;

pub use error::JournalError;
pub use event::{Answer, Entry, Event, StepEnd};
pub use file::Journal;
pub use history::History;
pub use lock::Lock;
pub use number::NumberHistory;

/// Proof that the intent to send a write is on disk. Made by [`Journal::intend`] only, and used up
/// by the one attempt it was made for.
#[derive(Debug)]
#[must_use = "an intent without an attempt leaves a doubt in the journal"]
pub struct Intent(());
