//! Secrets: tokens, PINs, one-time codes, verify tokens.
//!
//! One type holds every secret value; it cannot be printed, compared or serialized. A plan holds
//! only a [`SecretRef`], which says where the value is read when it is needed.
//!
//! Invariant: the only way to the text is [`Secret::expose`], so `grep expose` lists every place
//! where a secret leaves this type.

use std::{fmt, path::PathBuf};

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

/// A secret value. `Debug` prints `Secret(***)`; there is no `Display` and no `Serialize`.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a value into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// Returns the text, for the one place that has to send or hash it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Where a secret is read from when it is needed. Holds no secret itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretRef {
    /// The environment variable of that name.
    Env(String),
    /// The text of a file; the path is already resolved against the plan file's folder.
    File(PathBuf),
    /// The standard output of a program, started without a shell.
    Command {
        /// Program and arguments.
        argv: Vec<String>,
        /// The folder it runs in: the plan file's.
        folder: PathBuf,
    },
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Command { argv, folder: _ } => {
                let program = argv.first().map_or("(empty)", String::as_str);
                write!(f, "command {program}")
            }
        }
    }
}

/// Why a secret could not be had. Never holds any part of the value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set, the file is not there, or nothing stands in it.
    #[error("{0} gives nothing")]
    Missing(SecretRef),
    /// The file could not be read.
    #[error("{reference} cannot be read")]
    Unreadable {
        /// Where it should have come from.
        reference: SecretRef,
        /// What the system said.
        source: std::io::Error,
    },
    /// The command failed or took too long.
    #[error("{reference} {problem}")]
    Command {
        /// Where it should have come from.
        reference: SecretRef,
        /// What went wrong, without its output.
        problem: String,
    },
}

/// Something that can fetch secrets: the real one reads environment, files and commands, the
/// rehearsal's makes them up.
pub trait Secrets: Send + Sync {
    /// Reads one secret; one trailing newline is dropped.
    fn read<'a>(&'a self, reference: &'a SecretRef) -> BoxFuture<'a, Result<Secret, SecretError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(
            format!("{:?}", Secret::new("EAAG-very-secret")),
            "Secret(***)"
        );
    }

    #[test]
    fn a_reference_names_its_place_but_not_the_arguments() {
        let command = SecretRef::Command {
            argv: vec!["./read-code.sh".into(), "--key=abc".into()],
            folder: "/plans".into(),
        };
        assert_eq!(command.to_string(), "command ./read-code.sh");
        assert_eq!(
            SecretRef::Env("META_TOKEN".into()).to_string(),
            "environment variable META_TOKEN"
        );
    }
}
