//! The journal, for people: a list of runs, everything one run did, and whether the files are whole.
//!
//! Names, notes and messages are from outside, and so is what stands in a journal's file.

mod list;
mod one;
mod verify;

#[cfg(test)]
mod testing;

pub use list::{Leased, lease_line, list, list_markdown};
pub use one::{run, run_markdown};
pub use verify::{verify, verify_markdown};

use super::{clean, count, markdown, style, wrap};
use crate::{
    ids::RunId,
    journal::{
        read::FileState,
        run::{End, Steps, Summary},
    },
};

/// The width that texts are wrapped to.
const COLUMNS: usize = 80;

/// Where the facts of a run, and what an event tells, begin.
const INDENT: usize = 4;

/// The least of an id that is shown: the time of its birth to the millisecond.
const SHORT: usize = 13;

/// How much of a digest is shown.
const DIGEST: usize = 12;

/// What else is known of a run, a line each.
fn facts(run: &Summary) -> Vec<String> {
    let by = by(run);
    let change_set = run.change_set.as_deref();
    let change_set = change_set.map(|digest| format!(", change set {}", digest_of(digest)));
    let first = format!(
        "{}{}: {}",
        by.as_deref().unwrap_or("nobody known"),
        change_set.unwrap_or_default(),
        steps(&run.steps)
    );
    let job = run.ci_job.as_ref().map(|job| format!("job {job}"));
    let commit = run.commit.as_ref().map(|commit| format!("commit {commit}"));
    let file = match &run.file {
        FileState::Whole => None,
        other => Some(format!("its file: {}", state(other))),
    };
    [Some(first), job, commit, file]
        .into_iter()
        .flatten()
        .collect()
}

fn by(run: &Summary) -> Option<String> {
    let (user, host) = (run.user.as_deref()?, run.host.as_deref()?);
    Some(format!("{user} on {host}"))
}

/// Leaves out the first rows until the rest fits, and says so.
fn fitting_table(head: &str, heads: &[&str], rows: &[Vec<String>], max_chars: usize) -> String {
    // Room for the sentence about what is missing.
    const TAIL: usize = 80;
    let length = |row: &Vec<String>| {
        let cells = row
            .iter()
            .map(|cell| markdown::length(&markdown::text(cell)) + 3);
        cells.sum::<usize>() + 2
    };
    let mut room = max_chars.saturating_sub(markdown::length(head) + TAIL + 20 * heads.len());
    let mut first = rows.len();
    for (at, row) in rows.iter().enumerate().rev() {
        let Some(left) = room.checked_sub(length(row)) else {
            break;
        };
        (room, first) = (left, at);
    }
    let missing = match first {
        0 => String::new(),
        missing => format!(
            "\n_{} left out to fit; `--format json` has all._\n",
            count(missing, "earlier row")
        ),
    };
    format!("{head}{}{missing}", markdown::table(heads, &rows[first..]))
}

fn state(state: &FileState) -> String {
    match state {
        FileState::Whole => "whole".into(),
        FileState::Torn => {
            "whole, but for a torn last line: the run was killed while it wrote".into()
        }
        FileState::Damaged { line } => format!("damaged at line {line}"),
        FileState::Newer { version } => format!("of a newer release (version {version})"),
        FileState::Unreadable { problem } => format!("cannot be read: {problem}"),
    }
}

fn word(run: &Summary) -> String {
    let word = match run.end {
        End::Done => "done",
        End::Failed => "failed",
        End::Blocked => "blocked",
        End::Parked => "parked",
        End::Partial => "done in part",
        End::Stale => "stale",
        End::LostLease => "lost its lease",
        End::Credential => "stopped by a credential",
        End::Stopped => "interrupted",
        End::Open => "no end yet: it holds the lease",
        End::DidNotEnd => "did not end",
    };
    match run.code {
        Some(code) => format!("{word} ({code})"),
        None => word.to_owned(),
    }
}

fn ended(run: &Summary) -> style::Painted {
    let word = word(run);
    match run.end {
        End::Done => style::good(word),
        End::Parked | End::Stopped | End::Open => style::notice(word),
        End::Failed
        | End::Blocked
        | End::Partial
        | End::Stale
        | End::LostLease
        | End::Credential
        | End::DidNotEnd => style::bad(word),
    }
}

fn steps(steps: &Steps) -> String {
    let Steps {
        done,
        already,
        parked,
        blocked,
        stale,
        failed,
        not_started,
        left_out,
    } = *steps;
    let parts = [
        (done, "done"),
        (already, "done before"),
        (parked, "parked"),
        (blocked, "blocked"),
        (stale, "stale"),
        (failed, "failed"),
        (not_started, "not started"),
        (left_out, "left out"),
    ];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    match parts.is_empty() {
        true => "no steps ended".to_owned(),
        false => parts.join(", "),
    }
}

fn short(run: RunId, length: usize) -> String {
    run.to_string().chars().take(length).collect()
}

fn digest_of(digest: &str) -> &str {
    digest.get(..DIGEST).unwrap_or(digest)
}

/// A fact on as many lines as it takes.
fn below(text: &str) -> String {
    let lines = wrap(&clean(text), COLUMNS - INDENT);
    let lines = lines.iter();
    lines
        .map(|line| format!("{:INDENT$}{line}\n", ""))
        .collect()
}
