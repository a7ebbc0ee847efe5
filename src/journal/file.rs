//! The journal's files: one folder a plan, one file a run. Beside them are a [lock](super::lock) and a
//! [lease](super::lease).
//!
//! `<journal>/<plan name>/<run id>.jsonl` holds one JSON object a line. Each line carries the
//! SHA-256 of the line before it and itself (`hash`), so a lost or changed middle is seen; a torn
//! last line (the process was killed while writing) is dropped, because nothing was sent before
//! its line was whole.
//!
//! Invariant: [`Journal::intend`] returns only after its line is on the disk.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    Intent, JournalError,
    error::io_error,
    event::{Entry, Event},
    lease::Held,
    lock::Lock,
    read::files,
};
use crate::{clock::Clock, ids::Address, ids::RunId};

/// The folder of one plan.
pub(super) fn folder(root: &Path, plan: &str) -> PathBuf {
    root.join(plan)
}

/// Something that hears every line after it is on disk.
pub type Listener = Arc<dyn Fn(&Entry) + Send + Sync>;

/// The journal of one run, open for appending.
pub struct Journal {
    run: RunId,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    tail: Mutex<Tail>,
    listener: Option<Listener>,
    lease: Option<Arc<Held>>,
}

struct Tail {
    file: Option<File>,
    seq: u64,
    hash: String,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Creates the file of a new run. The lock shows that no other run is under way.
    ///
    /// Runs are replayed in the order of their ids. So one that begins under a clock that is behind
    /// that of an earlier run gets a later id than `run` says: see [`Self::run`].
    pub fn create(
        lock: &Lock,
        run: RunId,
        clock: Arc<dyn Clock>,
        listener: Option<Listener>,
    ) -> Result<Self, JournalError> {
        let newest = files(lock.folder())?.last().map(|(newest, _)| *newest);
        let run = newest.map_or(run, |newest| run.after(newest));
        let path = lock.folder().join(format!("{run}.jsonl"));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(io_error("create", &path))?;
        sync_folder(lock.folder())?;
        let tail = Mutex::new(Tail {
            file: Some(file),
            seq: 0,
            hash: String::new(),
        });
        Ok(Self {
            run,
            path,
            clock,
            tail,
            listener,
            lease: None,
        })
    }

    /// Binds every intent to a lease: what lost it sends nothing.
    pub fn under(mut self, lease: Arc<Held>) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Returns the run this is the journal of.
    pub fn run(&self) -> RunId {
        self.run
    }

    /// Writes a line, makes it last, and tells the listener.
    ///
    /// After a failure the journal stays closed: a later line must not follow a torn one.
    pub fn record(&self, event: Event) -> Result<(), JournalError> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = tail.file.take().ok_or(JournalError::Closed)?;
        let entry = Entry {
            seq: tail.seq + 1,
            at: self.clock.now(),
            event,
        };
        let (line, hash) = seal(&tail.hash, &entry);
        file.write_all(line.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(io_error("write", &self.path))?;
        *tail = Tail {
            file: Some(file),
            seq: entry.seq,
            hash,
        };
        drop(tail);
        if let Some(listener) = &self.listener {
            listener(&entry);
        }
        Ok(())
    }

    /// Refuses when the lease is certainly lost. A run that waits asks this: whatever else may be the
    /// matter with the file is for the next intent to say.
    pub fn is_ours(&self) -> Result<(), JournalError> {
        match self.lease.as_ref().map(|lease| lease.check()) {
            Some(Err(error @ JournalError::LeaseLost { .. })) => Err(error),
            Some(Ok(()) | Err(_)) | None => Ok(()),
        }
    }

    /// Puts the intent to send a write on disk.
    pub fn intend(
        &self,
        step: &Address,
        attempt: u32,
        method: &str,
        path: &str,
        params: Map<String, Value>,
    ) -> Result<Intent, JournalError> {
        if let Some(lease) = &self.lease {
            lease.check()?;
        }
        self.record(Event::intent(step, attempt, method, path, params))?;
        Ok(Intent(()))
    }
}

/// The line of an entry, with its hash and the newline.
fn seal(previous: &str, entry: &Entry) -> (String, String) {
    let Ok(Value::Object(mut object)) = serde_json::to_value(entry) else {
        unreachable!("an entry is a JSON object")
    };
    let hash = chain(previous, &object);
    object.insert("hash".into(), hash.clone().into());
    (format!("{}\n", Value::Object(object)), hash)
}

pub(super) fn chain(previous: &str, object: &Map<String, Value>) -> String {
    let text = serde_json::to_string(object).expect("JSON values always serialize");
    hex::encode(
        Sha256::new()
            .chain_update(previous)
            .chain_update(text)
            .finalize(),
    )
}

#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a new name lasts only when its folder is synced"
    )]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_error("sync", folder))
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> Result<(), JournalError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::SystemClock, journal::read::runs};

    fn run() -> RunId {
        RunId::new(
            jiff::Timestamp::from_second(1_800_000_000).unwrap(),
            [1; 10],
        )
    }

    #[test]
    fn runs_are_replayed_in_the_order_they_began_whatever_the_clock_says() {
        let root = tempfile::tempdir().unwrap();
        let lock = Lock::take(root.path(), "acme", "me").unwrap();
        let clock = Arc::new(SystemClock);
        let begin = |hour: i64| {
            let at = jiff::Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap();
            let run = RunId::new(at, [7; 10]);
            let journal = Journal::create(&lock, run, clock.clone(), None).unwrap();
            journal.run()
        };
        // The second begins under a clock that is ahead; then it is set right.
        let begun = [begin(0), begin(9), begin(1), begin(1)];
        let runs = runs(root.path(), "acme").unwrap();
        let found: Vec<_> = runs.iter().map(|file| file.run).collect();
        assert_eq!(found, begun);
    }

    #[test]
    fn after_a_failed_write_nothing_is_written_any_more() {
        let root = tempfile::tempdir().unwrap();
        let lock = Lock::take(root.path(), "acme", "me").unwrap();
        let journal = Journal::create(&lock, run(), Arc::new(SystemClock), None).unwrap();
        journal.tail.lock().unwrap().file = None;
        let step = Address::account(crate::ids::AccountStep::TemplatesCopy);
        let refused = journal.intend(&step, 1, "POST", "/1/x", Map::new());
        assert!(matches!(refused, Err(JournalError::Closed)));
    }
}
