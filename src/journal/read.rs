//! Reads what runs have left behind, whatever their files are like. Changes nothing.
//!
//! A torn last line is dropped: the process was killed while it wrote, and nothing was sent before a
//! line was whole. Any other line that does not follow from the one before it is damage.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    JournalError,
    error::io_error,
    event::{Entry, VERSION},
    file::{chain, folder},
    history::History,
};
use crate::ids::RunId;

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
pub(super) fn files(folder: &Path) -> Result<Vec<(RunId, PathBuf)>, JournalError> {
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
    use std::sync::Arc;

    use super::*;
    use crate::{
        clock::SystemClock,
        ids::Address,
        journal::{Answer, Event, Journal, Lock, StepEnd},
    };

    fn three_lines(root: &Path) -> PathBuf {
        let lock = Lock::take(root, "acme", "me").unwrap();
        let run = RunId::new(
            jiff::Timestamp::from_second(1_800_000_000).unwrap(),
            [1; 10],
        );
        let journal = Journal::create(&lock, run, Arc::new(SystemClock), None).unwrap();
        let step = Address::account(crate::ids::AccountStep::Subscription);
        let intent = journal
            .intend(&step, 1, "POST", "/1/subscribed_apps", Map::new())
            .unwrap();
        drop(intent);
        let answer = Answer::Accepted { trace_id: None };
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
        root.join("acme").join(format!("{}.jsonl", journal.run()))
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
}
