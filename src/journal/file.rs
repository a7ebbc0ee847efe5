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
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    Intent,
    event::{Entry, Event, VERSION},
    history::History,
    lease::{Held, Lease},
    lock::Lock,
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
    /// A run on another host holds the lease.
    #[error(
        "another run works on this plan: {who}; its lease runs out at {until:.0} unless it is renewed",
        who = .0.who(),
        until = .0.until()
    )]
    Leased(Box<Lease>),
    /// Nobody can tell who holds the lease.
    #[error("{path} does not tell who works on this plan: {problem}")]
    LeaseUnreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
    /// This run does not hold the lease any more.
    #[error(
        "this run has lost the lease of its plan{}",
        .by.as_deref().map_or(": somebody removed it".to_owned(), |by| format!(" to {by}"))
    )]
    LeaseLost {
        /// Who holds it now.
        by: Option<String>,
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

impl JournalError {
    /// Returns whether somebody else works on the plan, or may.
    pub fn is_about_others(&self) -> bool {
        match self {
            Self::Locked { .. }
            | Self::Leased(_)
            | Self::LeaseUnreadable { .. }
            | Self::LeaseLost { .. } => true,
            Self::Io { .. } | Self::Damaged { .. } | Self::Newer { .. } | Self::Closed => false,
        }
    }
}

pub(super) fn io_error<'a>(
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

/// Reads what all earlier runs of a plan amount to. No folder is an empty history.
pub fn history(root: &Path, plan: &str) -> Result<History, JournalError> {
    let mut history = History::default();
    for (_, path) in files(&folder(root, plan))? {
        history = read(&path)?.iter().fold(history, History::after);
    }
    Ok(history)
}

/// The file of one run, as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFile {
    /// The plan's name.
    pub plan: String,
    /// The run.
    pub run: RunId,
    /// Where it is.
    pub path: PathBuf,
    /// Its lines: those before the first that does not fit.
    pub entries: Vec<Entry>,
    /// How it is.
    pub state: FileState,
}

/// Whether a file is as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum FileState {
    /// Every line follows from the one before.
    Whole,
    /// So does every line that has an end; the process was killed while it wrote another.
    Torn,
    /// Lines are missing or were changed.
    Damaged {
        /// The first line that does not fit, counted from 1.
        line: usize,
    },
    /// A newer release wrote it.
    Newer {
        /// Its version.
        version: u64,
    },
    /// The system does not let it be read.
    Unreadable {
        /// What it said.
        problem: String,
    },
}

impl FileState {
    /// Returns whether everything that was written is there and was seen.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Whole | Self::Torn)
    }
}

/// Returns the names of the plans that have a folder here, sorted. No folder has none.
pub fn plans(root: &Path) -> Result<Vec<String>, JournalError> {
    let mut plans = Vec::new();
    for path in names(root)? {
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|_| path.is_dir()) {
            plans.push(name.to_owned());
        }
    }
    plans.sort();
    Ok(plans)
}

/// Reads every run of a plan, the oldest first, whatever the files are like.
pub fn runs(root: &Path, plan: &str) -> Result<Vec<RunFile>, JournalError> {
    let files = files(&folder(root, plan))?.into_iter();
    let files = files.map(|(run, path)| {
        let (entries, state) = inspect(&path);
        let plan = plan.to_owned();
        RunFile {
            plan,
            run,
            path,
            entries,
            state,
        }
    });
    Ok(files.collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this file is one of the places of I/O"
)]
fn inspect(path: &Path) -> (Vec<Entry>, FileState) {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) => {
            let problem = error.to_string();
            return (Vec::new(), FileState::Unreadable { problem });
        }
    };
    if let Some(version) = version(&text).filter(|version| *version > u64::from(VERSION)) {
        return (Vec::new(), FileState::Newer { version });
    }
    let is_torn = text.last().is_some_and(|last| *last != b'\n');
    let (entries, damaged) = parse(&text);
    let state = match damaged {
        Some(line) => FileState::Damaged { line },
        None if is_torn => FileState::Torn,
        None => FileState::Whole,
    };
    (entries, state)
}

/// The files of runs in a folder, the oldest first.
fn files(folder: &Path) -> Result<Vec<(RunId, PathBuf)>, JournalError> {
    let is_run = |path: PathBuf| {
        let stem = path.file_stem()?.to_str()?;
        let run = stem.parse::<RunId>().ok()?;
        (path.extension()? == "jsonl").then_some((run, path))
    };
    let mut files: Vec<_> = names(folder)?.into_iter().filter_map(is_run).collect();
    files.sort();
    Ok(files)
}

/// What is in a folder. One that is not there is empty.
fn names(folder: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let names = match fs::read_dir(folder) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("read", folder)(error)),
    };
    let path = |name: io::Result<fs::DirEntry>| name.map(|name| name.path());
    let names: io::Result<Vec<_>> = names.map(path).collect();
    names.map_err(io_error("read", folder))
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
    match parse(&text) {
        (entries, None) => Ok(entries),
        (_, Some(line)) => Err(JournalError::Damaged {
            path: path.to_owned(),
            line,
        }),
    }
}

/// The version that the first line of a journal names.
fn version(text: &[u8]) -> Option<u64> {
    let first = text.split(|&byte| byte == b'\n').next()?;
    serde_json::from_slice::<Value>(first)
        .ok()?
        .get("journal")?
        .as_u64()
}

/// Reads whole lines; what stands after the last newline was torn off by a crash.
///
/// # Errors
///
/// The first line, counted from 1, that does not follow from the lines before it.
pub fn entries(text: &[u8]) -> Result<Vec<Entry>, usize> {
    match parse(text) {
        (entries, None) => Ok(entries),
        (_, Some(line)) => Err(line),
    }
}

/// Parses whole lines, up to the first that does not fit, and says which that is. What stands after
/// the last newline was torn off by a crash.
fn parse(text: &[u8]) -> (Vec<Entry>, Option<usize>) {
    let mut previous = String::new();
    let mut entries = Vec::new();
    let Some(end) = text.iter().rposition(|&byte| byte == b'\n') else {
        return (entries, None);
    };
    for (index, line) in text[..end].split(|&byte| byte == b'\n').enumerate() {
        match next(&previous, line) {
            Some((entry, hash)) => {
                entries.push(entry);
                previous = hash;
            }
            None => return (entries, Some(index + 1)),
        }
    }
    (entries, None)
}

/// One line, if it follows from the hash of the line before it.
fn next(previous: &str, line: &[u8]) -> Option<(Entry, String)> {
    let mut object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let Some(Value::String(hash)) = object.remove("hash") else {
        return None;
    };
    if chain(previous, &object) != hash {
        return None;
    }
    let entry = serde_json::from_value(Value::Object(object)).ok()?;
    Some((entry, hash))
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
            let (entries, damaged) = parse(&text[..end]);
            assert_eq!((entries.len(), damaged), (whole, None), "cut at {end}");
        }
        let second = newlines[0] + 1..newlines[1] + 1;
        let without_middle = [&text[..second.start], &text[second.end..]].concat();
        assert_eq!(parse(&without_middle).1, Some(2));
        let mut edited = text.clone();
        edited[newlines[0] - 80] ^= 1;
        assert!(parse(&edited).1.is_some());
        assert_eq!(parse(b"\n").1, Some(1));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test damages what was written")]
    fn every_run_is_listed_whatever_its_file_is_like() {
        let root = tempfile::tempdir().unwrap();
        let path = three_lines(root.path());
        let text = fs::read(&path).unwrap();
        let seen = |text: &[u8]| {
            fs::write(&path, text).unwrap();
            let runs = runs(root.path(), "acme").unwrap();
            let [one] = runs.as_slice() else {
                panic!("{runs:?}")
            };
            (one.entries.len(), one.state.clone())
        };
        assert_eq!(plans(root.path()).unwrap(), ["acme"]);
        assert_eq!(seen(&text), (3, FileState::Whole));
        assert_eq!(seen(b""), (0, FileState::Whole));
        assert_eq!(seen(&text[..text.len() - 1]), (2, FileState::Torn));
        let edited = String::from_utf8_lossy(&text).replace("accepted", "acceptes");
        assert_eq!(seen(edited.as_bytes()), (1, FileState::Damaged { line: 2 }));
        let newer = FileState::Newer { version: 2 };
        assert_eq!(seen(b"{\"journal\":2}\n"), (0, newer));
        assert!(runs(root.path(), "other").unwrap().is_empty());
    }

    #[test]
    fn the_version_stands_in_the_first_line() {
        assert_eq!(version(b"{\"journal\":2,\"seq\":1}\n{}\n"), Some(2));
        assert_eq!(version(b"{\"seq\":1}\n"), None);
        assert_eq!(version(b""), None);
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
