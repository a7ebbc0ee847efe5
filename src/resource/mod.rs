//! What can be seen: one file per kind of thing at Meta, with its observed type and how it is read;
//! what Genesys Cloud has stands in [`genesys`].
//!
//! [`Observed`] keeps three answers apart: it is there, it is not there, it could not be read.
//! What could not be read is never treated as missing.

pub mod flow;
pub mod genesys;
pub mod migration_intent;
pub mod phone_number;
pub mod profile;
pub mod subscription;
pub mod template;
pub mod token;
pub mod waba;

use std::fmt;

use crate::api::{
    CallError, Retry,
    meta::{GraphError, cause},
};

/// What looking for something came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed<T> {
    /// It is there.
    Present(T),
    /// It is certainly not there.
    Absent,
    /// Nobody knows.
    Unknown(Why),
}

/// Why something could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// In words, with the API's own numbers.
    pub reason: String,
    /// Everything the API said.
    pub said: String,
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// The permissions that the API named as missing.
    pub lacks: Vec<String>,
}

/// What keeps something from being read. Later ones outweigh earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// The API says that it is not there or not ours to see; it does not say which.
    Missing,
    /// A rate limit is reached.
    Limit,
    /// The API cannot be reached or does not answer sensibly.
    Failure,
    /// The token is refused.
    Credential,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl From<&CallError> for Why {
    fn from(error: &CallError) -> Self {
        Self {
            reason: match error {
                CallError::Refused(error) => plainly(error),
                error => said(error),
            },
            said: said(error),
            trouble: Trouble::of(error),
            lacks: match error {
                CallError::Declined(error) => error.missing_permissions(),
                _ => Vec::new(),
            },
        }
    }
}

/// Says what the API said, without what is another with every call.
fn said(error: &CallError) -> String {
    match error {
        CallError::Refused(error) => error.words(),
        CallError::Declined(error) => error.words(),
        error => error.to_string(),
    }
}

/// Says what a refusal means where that is known, else what the API said.
fn plainly(error: &GraphError) -> String {
    match cause::of(error) {
        Some(cause) => format!("the API refused: {} ({})", cause.what, error.numbers()),
        None => error.words(),
    }
}

impl Trouble {
    fn of(error: &CallError) -> Self {
        match error {
            error if error.is_credential() => Self::Credential,
            error if error.is_limit() => Self::Limit,
            CallError::Refused(graph) if graph.retry() == Retry::Never => Self::Missing,
            CallError::Declined(error) if error.is_missing_object() => Self::Missing,
            _ => Self::Failure,
        }
    }
}

impl<T> Observed<T> {
    /// Returns why it could not be read.
    pub fn unknown(&self) -> Option<&Why> {
        match self {
            Self::Unknown(why) => Some(why),
            Self::Present(_) | Self::Absent => None,
        }
    }

    /// Returns the thing if it is there.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(thing) => Some(thing),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Returns the same answer about a reference.
    pub fn as_ref(&self) -> Observed<&T> {
        match self {
            Self::Present(thing) => Observed::Present(thing),
            Self::Absent => Observed::Absent,
            Self::Unknown(why) => Observed::Unknown(why.clone()),
        }
    }

    /// Takes what came of looking for something of which the API says for sure when it is gone.
    pub fn found(read: Result<Option<T>, CallError>) -> Self {
        match read {
            Ok(found) => Self::from(found),
            Err(error) => Self::Unknown(Why::from(&error)),
        }
    }

    /// Takes a field of something that was read. A field the API leaves out is unknown, not absent.
    pub fn shown(field: Option<T>, name: &str) -> Self {
        match field {
            Some(field) => Self::Present(field),
            None => Self::Unknown(Why {
                reason: format!("{name} is not shown"),
                said: String::new(),
                trouble: Trouble::Missing,
                lacks: Vec::new(),
            }),
        }
    }

    /// Looks further into a thing that is there.
    pub fn and_then<U>(self, look: impl FnOnce(T) -> Observed<U>) -> Observed<U> {
        match self {
            Self::Present(thing) => look(thing),
            Self::Absent => Observed::Absent,
            Self::Unknown(why) => Observed::Unknown(why),
        }
    }
}

impl<T> From<Option<T>> for Observed<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Absent, Self::Present)
    }
}

/// Turns a read into an observation. An error is never an absence: the API gives one answer for
/// "does not exist" and "not yours to see" (code 100, subcode 33).
impl<T> From<Result<T, CallError>> for Observed<T> {
    fn from(read: Result<T, CallError>) -> Self {
        match read {
            Ok(thing) => Self::Present(thing),
            Err(error) => Self::Unknown(Why::from(&error)),
        }
    }
}

/// Defines an enum over words of the API that keeps words it does not know.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
        #[serde(from = "String")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A word this release does not know.
            Other(String),
        }

        impl $name {
            /// Returns the API's word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                $(if word.eq_ignore_ascii_case($word) {
                    return Self::$variant;
                })+
                Self::Other(word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_read_is_unknown_even_when_the_object_may_not_exist() {
        let error = GraphError {
            code: 100,
            subcode: Some(33),
            ..GraphError::default()
        };
        let seen: Observed<u8> = Err(CallError::Refused(Box::new(error))).into();
        assert!(matches!(seen, Observed::Unknown(_)));
    }

    #[test]
    fn trouble_with_genesys_cloud_is_told_by_its_status() {
        #[track_caller]
        fn check(status: u16, trouble: Trouble) {
            let error = crate::api::genesys::ApiError {
                status,
                message: "no".into(),
                correlation_id: Some("c-1".into()),
                ..Default::default()
            };
            let why = Why::from(&CallError::Declined(Box::new(error)));
            assert_eq!(why.trouble, trouble, "{status}");
            assert_eq!(
                why.reason,
                format!("Genesys Cloud refused: no (HTTP {status})")
            );
            assert_eq!(why.said, why.reason);
        }
        check(401, Trouble::Credential);
        check(404, Trouble::Missing);
        check(410, Trouble::Missing);
        check(429, Trouble::Limit);
        check(400, Trouble::Failure);
        check(503, Trouble::Failure);
    }

    #[test]
    fn permissions_that_the_api_names_are_kept() {
        let error = crate::api::genesys::ApiError {
            status: 403,
            code: "missing.permissions".into(),
            message: "You are missing the following permission(s): routing:queue:view".into(),
            ..Default::default()
        };
        let why = Why::from(&CallError::Declined(Box::new(error)));
        assert_eq!(why.trouble, Trouble::Credential);
        assert_eq!(why.lacks, ["routing:queue:view"]);
    }

    #[test]
    fn a_look_into_the_unknown_stays_unknown() {
        let why = Why {
            reason: "no access".into(),
            said: String::new(),
            trouble: Trouble::Credential,
            lacks: Vec::new(),
        };
        let seen: Observed<u8> = Observed::Unknown(why.clone());
        assert_eq!(
            seen.and_then(|_| Observed::<u8>::Absent),
            Observed::Unknown(why)
        );
        assert_eq!(
            Observed::Present(1).and_then(|_| Observed::<u8>::Absent),
            Observed::Absent
        );
    }
}
