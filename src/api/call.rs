//! What can go wrong with a call to either API, and what may be done about it.

use std::{fmt, time::Duration};

use jiff::Timestamp;

use super::{
    genesys::{self, ApiError},
    meta::{GraphError, cause},
    transport::TransportError,
};
use crate::finding::{Finding, Who};

/// Tries of one read, the first included.
pub(super) const TRIES: u32 = 5;

/// 1 s, 2 s, 4 s, 8 s: the pause after the `tried`th try.
pub(super) fn backoff(tried: u32) -> Duration {
    Duration::from_secs(1 << tried.saturating_sub(1).min(5))
}

/// What the kind of an error allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It may go away by itself within a minute. Writes look at the state first.
    Soon,
    /// A limit is reached; later calls will work.
    Later(Duration),
    /// Somebody has to act.
    Never,
}

/// Why a call gave no usable answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// There was no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The Graph API answered with an error.
    #[error(transparent)]
    Refused(Box<GraphError>),
    /// Genesys Cloud answered with an error.
    #[error(transparent)]
    Declined(Box<ApiError>),
    /// The answer is not what the API sends.
    #[error("the answer (HTTP {status}) cannot be understood: {problem}")]
    Garbled {
        /// HTTP status.
        status: u16,
        /// What is wrong with it, with the beginning of the body.
        problem: String,
    },
    /// A rate limit is reached, and the wait is longer than anybody here wants to wait.
    #[error("the rate limit is reached until {until:.0}")]
    Throttled {
        /// When calls work again.
        until: Timestamp,
    },
}

impl CallError {
    /// Returns the Graph API's own error, if it is one.
    pub fn graph(&self) -> Option<&GraphError> {
        match self {
            Self::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Returns Genesys Cloud's own error, if it is one.
    pub fn genesys(&self) -> Option<&ApiError> {
        match self {
            Self::Declined(error) => Some(error),
            _ => None,
        }
    }

    /// Returns whether a write that ended so may have had its effect.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::Transport(error) => error.may_have_arrived(),
            Self::Refused(error) => error.retry() == Retry::Soon,
            Self::Declined(error) => !error.at_login && error.retry() == Retry::Soon,
            Self::Garbled { .. } => true,
            Self::Throttled { .. } => false,
        }
    }

    /// Returns what this error allows.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Transport(TransportError::Redirect(_) | TransportError::TooLarge(_)) => {
                Retry::Never
            }
            Self::Transport(_) => Retry::Soon,
            Self::Refused(error) => error.retry(),
            Self::Declined(error) => error.retry(),
            Self::Garbled { status, problem: _ } if *status >= 500 => Retry::Soon,
            Self::Garbled { .. } | Self::Throttled { .. } => Retry::Never,
        }
    }

    /// Returns whether the server is done with the call: it answered, however badly.
    pub fn is_answered(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Declined(_)
            | Self::Garbled { .. }
            | Self::Throttled { .. } => true,
            Self::Transport(_) => false,
        }
    }

    /// Returns the finding of a call that failed so.
    pub fn finding(&self, subject: impl fmt::Display) -> Finding {
        let (rule, what, hint) = match self {
            Self::Refused(error) => return cause::finding(subject, error),
            Self::Declined(error) => return genesys::finding(subject, error),
            Self::Transport(TransportError::Redirect(_) | TransportError::TooLarge(_))
            | Self::Garbled { .. } => (
                "api-garbled",
                "the answer is not one that the API gives",
                "look for a proxy that answers in its place, and at --graph-url and --genesys-url; then run it again",
            ),
            Self::Transport(
                TransportError::Unreachable { .. }
                | TransportError::Cut(_)
                | TransportError::Timeout(_),
            ) => (
                "api-unreachable",
                "no answer came from the API",
                "check the network, then run it again: it looks at the world before it sends anything",
            ),
            Self::Throttled { until: _ } => (
                "rate-limit",
                "a rate limit of the API is reached",
                cause::AFTER_LIMIT,
            ),
        };
        Finding::fail(rule, subject, what)
            .observed(self)
            .ask(Who::Us, hint)
    }

    /// Returns whether a rate limit is reached.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Throttled { .. }) || matches!(self.retry(), Retry::Later(_))
    }

    /// Returns whether the token, or who asked for it, is to blame.
    pub fn is_credential(&self) -> bool {
        match self {
            Self::Refused(error) => error.is_credential(),
            Self::Declined(error) => error.is_credential(),
            Self::Transport(_) | Self::Garbled { .. } | Self::Throttled { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_without_a_usable_answer_makes_a_finding_too() {
        #[track_caller]
        fn check(error: CallError, rule: &str) {
            let finding = error.finding("target.subscription");
            assert_eq!((&*finding.rule, finding.who), (rule, Some(Who::Us)));
            assert_eq!(finding.observed, Some(error.to_string()));
            assert!(finding.hint.is_some());
        }
        check(
            TransportError::Cut("reset".into()).into(),
            "api-unreachable",
        );
        let hour = Duration::from_secs(3600);
        check(TransportError::Timeout(hour).into(), "api-unreachable");
        check(TransportError::TooLarge(1).into(), "api-garbled");
        let until = Timestamp::UNIX_EPOCH;
        check(CallError::Throttled { until }, "rate-limit");
        let (status, problem) = (502, "<html>".to_owned());
        check(CallError::Garbled { status, problem }, "api-garbled");
    }

    #[test]
    fn a_login_that_failed_leaves_no_doubt_about_what_was_never_sent() {
        let failed = |at_login| {
            CallError::Declined(Box::new(ApiError {
                status: 503,
                at_login,
                ..ApiError::default()
            }))
        };
        assert!(failed(false).leaves_doubt());
        assert!(!failed(true).leaves_doubt());
        assert_eq!(failed(true).retry(), Retry::Soon);
    }
}
