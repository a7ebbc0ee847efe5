//! Requests of Genesys Cloud as plain values: a [`Read`] or a [`Write`](crate::api::Write), never both.
//!
//! Reads are built where the thing they read is described (`resource/genesys/`), writes in
//! [`write`](super::write).

use std::marker::PhantomData;

use crate::api::{
    request::CALL_TIMEOUT,
    transport::{Body, Method, Param, Params, Request, Scheme},
};

/// Where every path begins.
const ROOT: &str = "/api/v2";

/// A GET that answers a `T`.
#[derive(Clone, Debug)]
pub struct Read<T> {
    path: String,
    query: Params,
    answer: PhantomData<fn() -> T>,
}

impl<T> Read<T> {
    /// Reads `path` below `/api/v2`, like `/organizations/me`. Ids in it stand as their `segment()`.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            query: Params::new(),
            answer: PhantomData,
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
            path: below_root(&self.path),
            given_query: None,
            query: self.query.clone(),
            body: Body::Nothing,
            token: None,
            scheme: Scheme::Bearer,
            timeout: CALL_TIMEOUT,
        }
    }
}

/// Returns a path as it is sent.
pub(super) fn below_root(path: &str) -> String {
    format!("{ROOT}{path}")
}
