//! Errors as the command line shows them: what was tried, why it failed, what to do, which code.

use std::{error::Error, fmt, io, path::PathBuf};

use super::exit;
use crate::{
    api::{http::BaseUrlError, meta::CallError},
    changeset::approved::Unusable,
    finding::Finding,
    ids::Address,
    journal::JournalError,
    secret::SecretError,
};

/// Why a command ends early.
#[derive(Debug)]
pub(super) enum CliError {
    /// The command line does not make sense.
    Usage(String),
    /// A file cannot be read or written.
    File {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The plan (or world) file has problems. They are shown already.
    Invalid,
    /// Findings that stop the command.
    Findings {
        /// The findings.
        findings: Vec<Finding>,
        /// The exit code they mean.
        code: u8,
    },
    /// A file is no change set that can be applied.
    ChangeSet {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Unusable,
    },
    /// A plan file is not the one that a change set was made from.
    PlanChanged {
        /// The plan file.
        plan: PathBuf,
        /// The change set.
        change_set: PathBuf,
    },
    /// A base URL cannot be used.
    BaseUrl(BaseUrlError),
    /// A secret cannot be read.
    Secret {
        /// What it is for.
        what: String,
        /// Why not.
        source: SecretError,
    },
    /// A secret has the wrong form. Holds no part of it.
    SecretForm {
        /// What it is for.
        what: String,
        /// What form it must have.
        form: &'static str,
    },
    /// A call failed.
    Call {
        /// What was tried.
        doing: String,
        /// The finding's subject.
        subject: Address,
        /// Why it failed.
        source: CallError,
        /// The exit code it means.
        code: u8,
    },
    /// The journal cannot be used.
    Journal(JournalError),
    /// Nothing could be printed.
    Output(io::Error),
    /// Nothing could be read from standard input.
    Input(io::Error),
    /// Something inside went wrong.
    Internal(String),
}

impl CliError {
    /// Says that what is asked for has no Markdown form.
    pub(super) fn no_markdown() -> Self {
        let problem = "there is no Markdown form of this; use --format text or json here";
        Self::Usage(problem.to_owned())
    }

    /// Returns the exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Invalid | Self::SecretForm { .. } => exit::INVALID,
            Self::Findings { code, findings: _ } | Self::Call { code, .. } => *code,
            Self::Secret { .. } => exit::CREDENTIAL,
            Self::ChangeSet { .. } | Self::PlanChanged { .. } => exit::STALE,
            Self::Journal(error) if error.is_about_others() => exit::LOCKED,
            Self::Usage(_)
            | Self::File { .. }
            | Self::BaseUrl(_)
            | Self::Journal(_)
            | Self::Output(_)
            | Self::Input(_)
            | Self::Internal(_) => exit::FAILED,
        }
    }

    /// Returns what it says as findings, to be shown first.
    pub(super) fn findings(&self) -> Vec<Finding> {
        match self {
            Self::Findings { findings, code: _ } => findings.clone(),
            Self::Call {
                subject, source, ..
            } => vec![source.finding(subject)],
            _ => Vec::new(),
        }
    }

    /// Returns what to do about it.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Secret { .. } => Some("set it, or change the reference in the plan"),
            Self::ChangeSet { .. } => {
                Some("make a new one with plan -o, and have it reviewed; nothing was sent")
            }
            Self::PlanChanged { .. } => Some(
                "make a new change set with plan -o, and have it reviewed; if the plan is elsewhere, name it with --plan",
            ),
            Self::SecretForm { .. } => Some("correct the value at the place the plan refers to"),
            Self::Journal(JournalError::Locked { .. }) => {
                Some("wait until it has ended, then run again")
            }
            Self::Journal(JournalError::Leased(_)) => Some(
                "wait until it has ended, then run again; if it is dead for certain: runs --break-lease NAME",
            ),
            Self::Journal(JournalError::LeaseUnreadable { .. }) => Some(
                "find out whether a run is under way; if none is for certain: runs --break-lease NAME",
            ),
            Self::Journal(JournalError::LeaseLost { .. }) => Some(
                "nothing was sent after that; when nobody else works on the plan, run again: it goes on",
            ),
            Self::Journal(JournalError::Io { .. }) => Some(
                "nothing was sent after that; make room or make the place writable, or name another with --journal",
            ),
            Self::Journal(JournalError::Newer { .. }) => Some("use that release, or a newer one"),
            Self::Journal(JournalError::Damaged { .. }) => Some(
                "move the file away to go on without its history; the world is read again anyway",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Internal(message) => f.write_str(message),
            Self::File {
                doing,
                path,
                source: _,
            } => write!(f, "cannot {doing} {}", path.display()),
            Self::Invalid => f.write_str("the file has problems"),
            Self::Findings { code, findings: _ } => f.write_str(match *code {
                exit::STALE => "the world is not as it was when the change set was reviewed",
                _ => "the migration is blocked",
            }),
            Self::ChangeSet { path, source: _ } => {
                write!(f, "{} cannot be applied", path.display())
            }
            Self::PlanChanged { plan, change_set } => write!(
                f,
                "{}, with its template files and media, is not what {} was made from",
                plan.display(),
                change_set.display()
            ),
            Self::BaseUrl(error) => error.fmt(f),
            Self::Secret { what, source: _ } => write!(f, "{what} cannot be read"),
            Self::SecretForm { what, form } => write!(f, "{what} must be {form}"),
            Self::Call { doing, .. } => write!(f, "cannot {doing}"),
            Self::Journal(error) => error.fmt(f),
            Self::Output(_) => f.write_str("cannot write the output"),
            Self::Input(_) => f.write_str("cannot read standard input"),
        }
    }
}

impl Error for CliError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Output(source) | Self::Input(source) => Some(source),
            Self::Secret { source, .. } => Some(source),
            Self::ChangeSet { source, .. } => Some(source),
            Self::BaseUrl(error) => error.source(),
            Self::Journal(error) => error.source(),
            Self::Usage(_)
            | Self::Invalid
            | Self::Findings { .. }
            | Self::PlanChanged { .. }
            | Self::Call { .. }
            | Self::SecretForm { .. }
            | Self::Internal(_) => None,
        }
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<BaseUrlError> for CliError {
    fn from(error: BaseUrlError) -> Self {
        Self::BaseUrl(error)
    }
}
