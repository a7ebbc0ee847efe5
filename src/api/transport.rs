//! What carries a request: real HTTPS, or the simulator in the same process.
//!
//! A [`Request`] is a plain value, so tests look at method, path and parameters without a server.
//! Parameters keep secrets apart from public values, so that the public part can be journaled,
//! logged and shown as it is.

use std::{fmt, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::secret::Secret;

/// The HTTP method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or changes.
    Post,
    /// Removes.
    Delete,
}

impl Method {
    /// Returns the method as HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The value of one parameter.
#[derive(Clone, Debug)]
pub enum Param {
    /// Anybody may see it.
    Plain(Value),
    /// Nobody may see it.
    Secret(Secret),
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Plain(Value::from(text))
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Plain(Value::from(text))
    }
}

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        Self::Plain(value)
    }
}

impl From<bool> for Param {
    fn from(value: bool) -> Self {
        Self::Plain(Value::from(value))
    }
}

impl From<Secret> for Param {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

/// Named parameters: the query of a GET or DELETE, the JSON body of a POST.
pub type Params = Vec<(&'static str, Param)>;

/// One HTTP request, relative to a base URL.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, with the API version, like `/v25.0/102290129340398/phone_numbers`.
    pub path: String,
    /// Sent in the query string whatever the method is.
    pub query: Params,
    /// Sent as a JSON object; empty means no body.
    pub body: Params,
    /// Sent as `Authorization: Bearer …`.
    pub token: Option<Secret>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
}

/// An HTTP answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, and their values.
    pub headers: Vec<(String, String)>,
    /// The body as it came, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns the first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection came about, so nothing was sent.
    #[error("cannot connect to {host}: {problem}")]
    Unreachable {
        /// Where to.
        host: String,
        /// What the system said.
        problem: String,
    },
    /// The connection broke after the request may have left.
    #[error("the connection broke before an answer came: {0}")]
    Cut(String),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The answer points to another place. It is never followed: the token would go with it.
    #[error("the server answered with a redirect to {0}, which is not followed")]
    Redirect(String),
    /// The answer is larger than anything the API sends.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl TransportError {
    /// Returns whether the request may have reached the server and had its effect.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unreachable { .. } => false,
            Self::Cut(_) | Self::Timeout(_) | Self::Redirect(_) | Self::TooLarge(_) => true,
        }
    }
}

/// Something that carries a request to an API and brings the answer back.
pub trait Transport: Send + Sync {
    /// Sends one request and waits for the whole answer. Never retries, never follows redirects.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}
