//! Requests as plain values: a [`Read`] or a [`Write`], never both.
//!
//! Reads are built where the thing they read is described (`resource/`), writes in
//! [`write`](super::write).

use std::{marker::PhantomData, time::Duration};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::upload::UploadSession;
use crate::api::transport::{Body, FilePart, Method, Param, Params, Request, Scheme};

/// How long an ordinary call may take. Template copies run into a 30 s limit on Meta's side.
const CALL_TIMEOUT: Duration = Duration::from_secs(45);

/// The slowest transfer of a file that is waited for.
const BYTES_A_SECOND: usize = 256 << 10;

/// Returns how long the transfer of a file may take.
pub(super) fn transfer_timeout(bytes: usize) -> Duration {
    let seconds = u64::try_from(bytes / BYTES_A_SECOND).unwrap_or(u64::MAX);
    CALL_TIMEOUT.saturating_add(Duration::from_secs(seconds))
}

/// Makes parameters of names and values.
pub(super) fn named<const N: usize>(pairs: [(&'static str, Param); N]) -> Params {
    pairs
        .into_iter()
        .map(|(name, param)| (name.into(), param))
        .collect()
}

/// A GET that answers a `T`. The path carries no API version.
#[derive(Clone, Debug)]
pub struct Read<T> {
    path: String,
    given_query: Option<String>,
    query: Params,
    scheme: Scheme,
    timeout: Duration,
    answer: PhantomData<fn() -> T>,
}

impl<T> Read<T> {
    /// Reads `path`, like `/debug_token`.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            given_query: None,
            query: Params::new(),
            scheme: Scheme::Bearer,
            timeout: CALL_TIMEOUT,
            answer: PhantomData,
        }
    }

    /// Reads an upload session.
    pub(super) fn session(session: &UploadSession) -> Self {
        Self {
            given_query: session.query().map(str::to_owned),
            scheme: Scheme::OAuth,
            ..Self::new(format!("/{}", session.path()))
        }
    }

    /// Adds a query parameter.
    pub fn with(mut self, name: &'static str, value: impl Into<Param>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Returns what is sent, without token.
    pub(super) fn request(&self) -> Request {
        Request {
            method: Method::Get,
            path: self.path.clone(),
            given_query: self.given_query.clone(),
            query: self.query.clone(),
            body: Body::Nothing,
            token: None,
            scheme: self.scheme,
            timeout: self.timeout,
        }
    }
}

/// The two ends of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The account that the numbers leave.
    Source,
    /// The account that receives them.
    Target,
}

/// A POST or DELETE. The path carries no API version.
#[derive(Clone, Debug)]
pub struct Write {
    /// How.
    pub method: Method,
    /// Where, like `/102290129340398/phone_numbers`.
    pub path: String,
    /// Whose token sends it.
    pub side: Side,
    /// Whether it is sent at once or not at all, and never repeated without a new decision.
    pub is_now_or_never: bool,
    pub(super) timeout: Duration,
    pub(super) content: Content,
}

/// What a write says, and where.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Parameters in a JSON body.
    Body(Params),
    /// Parameters in the query.
    Query(Params),
    /// A file for an upload session.
    File {
        /// The session's own query.
        given_query: Option<String>,
        part: FilePart,
        /// Of the part, in hex.
        sha256: String,
    },
}

impl Write {
    pub(super) fn post(path: String, params: Params) -> Self {
        Self::new(Method::Post, path, Content::Body(params))
    }

    /// A POST of parameters that the API documents in the query.
    pub(super) fn post_query(path: String, params: Params) -> Self {
        Self::new(Method::Post, path, Content::Query(params))
    }

    /// A DELETE; its parameters stand in the query.
    pub(super) fn delete(path: String, params: Params) -> Self {
        Self::new(Method::Delete, path, Content::Query(params))
    }

    /// The rest of a file.
    pub(super) fn file(session: &UploadSession, part: FilePart) -> Self {
        let timeout = transfer_timeout(part.bytes().len());
        let content = Content::File {
            given_query: session.query().map(str::to_owned),
            sha256: hex::encode(Sha256::digest(part.bytes())),
            part,
        };
        Self {
            timeout,
            ..Self::new(Method::Post, format!("/{}", session.path()), content)
        }
    }

    fn new(method: Method, path: String, content: Content) -> Self {
        Self {
            method,
            path,
            side: Side::Target,
            is_now_or_never: false,
            timeout: CALL_TIMEOUT,
            content,
        }
    }

    /// Returns the parameters anybody may see; the names of the others stand with `***`, and bytes as
    /// their length and digest.
    pub fn public_params(&self) -> Map<String, Value> {
        let shown = |param: &Param| match param {
            Param::Plain(value) => value.clone(),
            Param::Secret(_) => "***".into(),
        };
        match &self.content {
            Content::Body(params) | Content::Query(params) => params
                .iter()
                .map(|(name, param)| (name.to_string(), shown(param)))
                .collect(),
            Content::File {
                given_query: _,
                part,
                sha256,
            } => [
                ("file_offset".to_owned(), json!(part.offset())),
                ("length".to_owned(), json!(part.bytes().len())),
                ("sha256".to_owned(), json!(sha256)),
            ]
            .into_iter()
            .collect(),
        }
    }

    /// Returns what is sent, without token.
    pub(super) fn request(&self) -> Request {
        let (given_query, query, body, scheme) = match &self.content {
            Content::Body(params) => (
                None,
                Params::new(),
                Body::Json(params.clone()),
                Scheme::Bearer,
            ),
            Content::Query(params) => (None, params.clone(), Body::Nothing, Scheme::Bearer),
            Content::File {
                given_query,
                part,
                sha256: _,
            } => (
                given_query.clone(),
                Params::new(),
                Body::File(part.clone()),
                Scheme::OAuth,
            ),
        };
        Request {
            method: self.method,
            path: self.path.clone(),
            given_query,
            query,
            body,
            token: None,
            scheme,
            timeout: self.timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_file_may_take_longer() {
        #[track_caller]
        fn check(bytes: usize, seconds: u64) {
            assert_eq!(transfer_timeout(bytes), Duration::from_secs(seconds));
        }
        check(0, 45);
        check(1 << 20, 49);
        check(100 << 20, 445);
        assert!(transfer_timeout(usize::MAX) > Duration::from_secs(1 << 40));
    }
}
