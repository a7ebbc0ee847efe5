//! The journal's files: one folder a plan, one file a run, one lock.
//!
//! `<journal>/<plan name>/<run id>.jsonl` holds one JSON object a line. Each line carries the
//! SHA-256 of the line before it and itself (`hash`), so a lost or changed middle is seen; a torn
//! last line (the process was killed while writing) is dropped, because nothing was sent before
//! its line was whole. `<journal>/<plan name>/lock` is locked while a run is under way: the kernel
//! frees it when the process dies.
//!
//! Invariant: [`Journal::intend`] returns only after its line is on the disk.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    Intent,
    event::{Entry, Event, VERSION},
    history::History,
};
use crate::{clock::Clock, ids::Address, ids::RunId};

/// Why the journal cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A file or folder cannot be used.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another run holds the lock.
    #[error("another run works on this plan: {holder}")]
    Locked {
        /// Who, since when.
        holder: String,
    },
    /// Lines are missing or were changed.
    #[error("{path} was changed: line {line} does not follow from the lines before it")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first line that does not fit.
        line: usize,
    },
    /// A newer release wrote it.
    #[error("{path} was written by a newer release (journal version {version})")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// An earlier write failed, so nothing may be sent any more.
    #[error("the journal could not be written earlier in this run")]
    Closed,
}

fn io_error<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> JournalError + 'a {
    move |source| JournalError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// The folder of one plan.
fn folder(root: &Path, plan: &str) -> PathBuf {
    root.join(plan)
}

/// Holds the plan's lock until dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    folder: PathBuf,
}

impl Lock {
    /// Takes the lock, or says who holds it. `holder` is what others will read.
    pub fn take(root: &Path, plan: &str, holder: &str) -> Result<Self, JournalError> {
        Self::named("lock", root, plan, holder)
    }

    /// Takes the lock of those who hand in one-time codes. A run that waits for one does not keep
    /// them out; what both could send, both look at first.
    pub fn of_codes(root: &Path, plan: &str, holder: &str) -> Result<Self, JournalError> {
        Self::named("codes.lock", root, plan, holder)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this file is one of the places of I/O"
    )]
    fn named(name: &str, root: &Path, plan: &str, holder: &str) -> Result<Self, JournalError> {
        let folder = folder(root, plan);
        fs::create_dir_all(&folder).map_err(io_error("create the journal folder", &folder))?;
        // A new name lasts only when the folders above it are synced too.
        for above in folder
            .ancestors()
            .skip(1)
            .take(1)
            .filter(|above| !above.as_os_str().is_empty())
        {
            sync_folder(above)?;
        }
        let path = folder.join(name);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder);
                let known = read.is_ok() && !holder.trim().is_empty();
                let holder = if known {
                    holder.trim().to_owned()
                } else {
                    "unknown holder".into()
                };
                return Err(JournalError::Locked { holder });
            }
            Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .map_err(io_error("write", &path))?;
        writeln!(file, "{holder}")
            .and_then(|()| file.sync_data())
            .map_err(io_error("write", &path))?;
        Ok(Self {
            _file: file,
            folder,
        })
    }
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
    pub fn create(
        lock: &Lock,
        run: RunId,
        clock: Arc<dyn Clock>,
        listener: Option<Listener>,
    ) -> Result<Self, JournalError> {
        let path = lock.folder.join(format!("{run}.jsonl"));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(io_error("create", &path))?;
        sync_folder(&lock.folder)?;
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
        })
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

    /// Puts the intent to send a write on disk.
    pub fn intend(
        &self,
        step: &Address,
        attempt: u32,
        method: &str,
        path: &str,
        params: Map<String, Value>,
    ) -> Result<Intent, JournalError> {
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

fn chain(previous: &str, object: &Map<String, Value>) -> String {
    let text = serde_json::to_string(object).expect("JSON values always serialize");
    hex::encode(
        Sha256::new()
            .chain_update(previous)
            .chain_update(text)
            .finalize(),
    )
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), JournalError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a new name lasts only when its folder is synced"
    )]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io_error("sync", folder))
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<(), JournalError> {
    Ok(())
}

/// Reads what all earlier runs of a plan amount to. No folder is an empty history.
pub fn history(root: &Path, plan: &str) -> Result<History, JournalError> {
    let folder = folder(root, plan);
    let files = match fs::read_dir(&folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(History::default()),
        Err(error) => return Err(io_error("read", &folder)(error)),
    };
    let mut runs = Vec::new();
    for file in files {
        let path = file.map_err(io_error("read", &folder))?.path();
        let run = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| stem.parse::<RunId>().ok());
        if let Some(run) = run.filter(|_| path.extension().is_some_and(|ext| ext == "jsonl")) {
            runs.push((run, path));
        }
    }
    runs.sort();
    let mut history = History::default();
    for (_, path) in runs {
        history = read(&path)?.iter().fold(history, History::after);
    }
    Ok(history)
}

/// Reads one run's entries and checks that each line follows from the one before.
#[expect(
    clippy::disallowed_methods,
    reason = "this file is one of the places of I/O"
)]
fn read(path: &Path) -> Result<Vec<Entry>, JournalError> {
    let text = fs::read(path).map_err(io_error("read", path))?;
    if let Some(version) = version(&text).filter(|version| *version > u64::from(VERSION)) {
        return Err(JournalError::Newer {
            path: path.to_owned(),
            version,
        });
    }
    entries(&text).map_err(|line| JournalError::Damaged {
        path: path.to_owned(),
        line,
    })
}

/// The version that the first line of a journal names.
fn version(text: &[u8]) -> Option<u64> {
    let first = text.split(|&byte| byte == b'\n').next()?;
    serde_json::from_slice::<Value>(first)
        .ok()?
        .get("journal")?
        .as_u64()
}

/// Parses whole lines; what stands after the last newline was torn off by a crash.
fn entries(text: &[u8]) -> Result<Vec<Entry>, usize> {
    let whole = text
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(&text[..0], |end| &text[..end]);
    let mut previous = String::new();
    let mut entries = Vec::new();
    if whole.is_empty() {
        return Ok(entries);
    }
    for (index, line) in whole.split(|&byte| byte == b'\n').enumerate() {
        let damaged = index + 1;
        let mut object: Map<String, Value> = serde_json::from_slice(line).map_err(|_| damaged)?;
        let Some(Value::String(hash)) = object.remove("hash") else {
            return Err(damaged);
        };
        if chain(&previous, &object) != hash {
            return Err(damaged);
        }
        previous = hash;
        entries.push(serde_json::from_value(Value::Object(object)).map_err(|_| damaged)?);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::SystemClock, journal::StepEnd};

    fn run() -> RunId {
        RunId::new(
            jiff::Timestamp::from_second(1_800_000_000).unwrap(),
            [1; 10],
        )
    }

    fn three_lines(root: &Path) -> PathBuf {
        let lock = Lock::take(root, "acme", "me").unwrap();
        let journal = Journal::create(&lock, run(), Arc::new(SystemClock), None).unwrap();
        let step = Address::account(crate::ids::AccountStep::Subscription);
        let intent = journal
            .intend(&step, 1, "POST", "/1/subscribed_apps", Map::new())
            .unwrap();
        drop(intent);
        let answer = super::super::Answer::Accepted { trace_id: None };
        journal
            .record(Event::Answered {
                step: step.clone(),
                attempt: 1,
                answer,
            })
            .unwrap();
        let ended = Event::StepEnded {
            step,
            end: StepEnd::Done,
            note: String::new(),
            hint: None,
            findings: Vec::new(),
        };
        journal.record(ended).unwrap();
        journal.path.clone()
    }

    #[test]
    fn what_was_written_is_read_again() {
        let root = tempfile::tempdir().unwrap();
        three_lines(root.path());
        let history = history(root.path(), "acme").unwrap();
        assert_eq!(history.done.len(), 1);
        assert!(history.in_doubt.is_empty());
    }

    #[test]
    fn no_folder_is_no_history() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(history(root.path(), "acme").unwrap(), History::default());
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test looks at what was written"
    )]
    fn a_torn_last_line_is_dropped_and_every_other_damage_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let text = fs::read(three_lines(root.path())).unwrap();
        let newlines: Vec<_> = (0..text.len()).filter(|&at| text[at] == b'\n').collect();
        for end in 0..text.len() {
            let whole = newlines.iter().filter(|&&at| at < end).count();
            assert_eq!(
                entries(&text[..end]).map(|entries| entries.len()),
                Ok(whole),
                "cut at {end}"
            );
        }
        let second = newlines[0] + 1..newlines[1] + 1;
        let without_middle = [&text[..second.start], &text[second.end..]].concat();
        assert_eq!(entries(&without_middle).map(|_| ()), Err(2));
        let mut edited = text.clone();
        edited[newlines[0] - 80] ^= 1;
        assert!(entries(&edited).is_err());
    }

    #[test]
    fn the_version_stands_in_the_first_line() {
        assert_eq!(version(b"{\"journal\":2,\"seq\":1}\n{}\n"), Some(2));
        assert_eq!(version(b"{\"seq\":1}\n"), None);
        assert_eq!(version(b""), None);
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let lock = Lock::take(root.path(), "acme", "anna on build-7 since 14:03").unwrap();
        let error = Lock::take(root.path(), "acme", "ben").unwrap_err();
        assert_eq!(
            error.to_string(),
            "another run works on this plan: anna on build-7 since 14:03"
        );
        drop(lock);
        assert!(Lock::take(root.path(), "acme", "ben").is_ok());
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
