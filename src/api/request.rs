//! A write as a plain value: what would be sent, to whom, and what of it anybody may see.
//!
//! Writes are made in [`meta::write`](super::meta::write) and
//! [`genesys::write`](super::genesys::write), and nowhere else.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::transport::{Body, FilePart, Method, Param, Params, Request, Scheme};

/// How long an ordinary call may take. Template copies run into a 30 s limit on Meta's side.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(45);

/// Makes parameters of names and values.
pub(super) fn named<const N: usize>(pairs: [(&'static str, Param); N]) -> Params {
    pairs
        .into_iter()
        .map(|(name, param)| (name.into(), param))
        .collect()
}

/// Where a write goes: to one of the two ends of a migration at Meta, or to what uses the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The account that the numbers leave.
    Source,
    /// The account that receives them.
    Target,
    /// The Genesys Cloud organization that uses them.
    Genesys,
}

/// A request that changes something. The path carries no version of the Graph API.
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
    /// A whole object in a JSON body. Only a part of it is shown: what it changes.
    Whole {
        /// Everything.
        object: Map<String, Value>,
        /// What anybody may see.
        shown: Map<String, Value>,
    },
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
    pub(super) fn new(method: Method, path: String, content: Content) -> Self {
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
            Content::Whole { object: _, shown } => shown.clone(),
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
        let mut request = Request {
            method: self.method,
            path: self.path.clone(),
            given_query: None,
            query: Params::new(),
            body: Body::Nothing,
            token: None,
            scheme: Scheme::Bearer,
            timeout: self.timeout,
        };
        match &self.content {
            Content::Body(params) => request.body = Body::Json(params.clone()),
            Content::Query(params) => request.query = params.clone(),
            Content::Whole { object, shown: _ } => {
                let plain =
                    |(name, value): (&String, &Value)| (name.clone().into(), value.clone().into());
                request.body = Body::Json(object.iter().map(plain).collect());
            }
            Content::File {
                given_query,
                part,
                sha256: _,
            } => {
                request.given_query.clone_from(given_query);
                request.body = Body::File(part.clone());
                request.scheme = Scheme::OAuth;
            }
        }
        request
    }
}
