//! Why a journal cannot be kept or read.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::lease::Lease;

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
