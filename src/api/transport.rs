//! What carries a request: real HTTPS, or the simulator in the same process.
//!
//! A [`Request`] is a plain value, so tests look at method, path and parameters without a server.
//! Parameters keep secrets apart from public values, so that the public part can be journaled,
//! logged and shown as it is.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt, ready};
use serde_json::Value;

use super::link::SignedLink;
use crate::secret::Secret;

/// The HTTP method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates or changes.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// Returns the method as HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
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

/// Named parameters: the query of a GET or DELETE, the body of any other.
pub type Params = Vec<(Cow<'static, str>, Param)>;

/// What is left of a file, from an offset to its end; never empty. Copies share the bytes.
#[derive(Clone)]
pub struct FilePart {
    bytes: Arc<[u8]>,
    offset: usize,
}

impl FilePart {
    /// Takes everything from `offset` on, in bytes. `None`: nothing stands there.
    pub fn rest(bytes: &Arc<[u8]>, offset: usize) -> Option<Self> {
        let bytes = bytes.clone();
        (offset < bytes.len()).then_some(Self { bytes, offset })
    }

    /// Returns where in the file it begins, in bytes.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the bytes to send.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.offset..]
    }
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (offset, end) = (self.offset, self.bytes.len());
        write!(f, "FilePart({offset}..{end})")
    }
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Body {
    /// None at all.
    Nothing,
    /// A JSON object, even when there are no parameters.
    Json(Params),
    /// Form fields (`application/x-www-form-urlencoded`): what OAuth token endpoints read.
    Form(Params),
    /// Raw bytes, with their offset in the header `file_offset`.
    File(FilePart),
}

impl Body {
    /// Returns the named parameters in it.
    pub fn params(&self) -> &[(Cow<'static, str>, Param)] {
        match self {
            Self::Json(params) | Self::Form(params) => params,
            Self::Nothing | Self::File(_) => &[],
        }
    }
}

/// How a token is presented in the header `Authorization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Everywhere but where the API asks for the other one.
    #[default]
    Bearer,
    /// Upload sessions take no other.
    OAuth,
    /// The token is a name and a password, joined by a colon, in base64: OAuth clients of Genesys
    /// Cloud present themselves so.
    Basic,
}

/// One HTTP request, relative to a base URL.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, with the API version, like `/v25.0/102290129340398/phone_numbers`.
    pub path: String,
    /// A query that the API made up, like the `sig=…` of an upload session. Sent before `query`,
    /// byte for byte as it came.
    pub given_query: Option<String>,
    /// Sent in the query string whatever the method is.
    pub query: Params,
    /// What is sent with it.
    pub body: Body,
    /// Sent in the header `Authorization`.
    pub token: Option<Secret>,
    /// The scheme of that header.
    pub scheme: Scheme,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
}

/// The wish to fetch a file by its link.
#[derive(Clone, Debug)]
pub struct Download {
    /// Where it is.
    pub link: SignedLink,
    /// The most bytes to take in.
    pub limit: usize,
    /// How long to wait for the whole file.
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

    /// Fetches a file by its link: without token, without following redirects, once. The body of an
    /// error is left out. A transport that knows no other hosts reaches none.
    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        let unreachable = TransportError::Unreachable {
            host: download.link.host().to_owned(),
            problem: "nothing but the API can be reached from here".into(),
        };
        ready(Err(unreachable)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_file_is_never_empty() {
        let bytes: Arc<[u8]> = Arc::from(*b"abc");
        let rest = |offset| FilePart::rest(&bytes, offset).map(|part| part.bytes().to_vec());
        assert_eq!(rest(0), Some(b"abc".to_vec()));
        assert_eq!(rest(2), Some(b"c".to_vec()));
        assert_eq!(rest(3), None);
        assert_eq!(rest(9), None);
        assert_eq!(FilePart::rest(&Arc::from([]), 0).map(|_| ()), None);
    }

    #[test]
    fn the_bytes_of_a_file_do_not_flood_logs() {
        let part = FilePart::rest(&Arc::from(*b"abc"), 1).unwrap();
        assert_eq!(format!("{part:?}"), "FilePart(1..3)");
    }
}
