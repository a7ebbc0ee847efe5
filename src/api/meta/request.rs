//! Requests of the Graph API as plain values: a [`Read`] or a [`Write`], never both.
//!
//! Reads are built where the thing they read is described (`resource/`), writes in
//! [`write`](super::write).

use std::{marker::PhantomData, time::Duration};

use sha2::{Digest, Sha256};

use super::upload::UploadSession;
use crate::api::{
    request::{CALL_TIMEOUT, Content, Write},
    transport::{Body, FilePart, Method, Param, Params, Request, Scheme},
};

/// The slowest transfer of a file that is waited for.
const BYTES_A_SECOND: usize = 256 << 10;

/// Returns how long the transfer of a file may take.
pub(super) fn transfer_timeout(bytes: usize) -> Duration {
    let seconds = u64::try_from(bytes / BYTES_A_SECOND).unwrap_or(u64::MAX);
    CALL_TIMEOUT.saturating_add(Duration::from_secs(seconds))
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
