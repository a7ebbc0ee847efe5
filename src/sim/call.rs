//! A call as the simulator sees it, whichever door it came through, and its answer.
//!
//! Here parameters become typed values; a wrong type is Graph's error 100. What the parameters
//! mean is the rules' business.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/overview>

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::GraphError;
use crate::secret::Secret;

/// Where Meta shows media of templates.
const MEDIA_BASE: &str = "https://scontent.whatsapp.net/v/t61.29466-34";

/// Whom a call is addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The Graph API.
    Graph,
    /// The servers that links to media lead to; they ask for no token.
    Media,
    /// The API of Genesys Cloud, and the host that hands out its tokens.
    Genesys,
}

/// How the `Authorization` header hands in its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// `Bearer`.
    Bearer,
    /// `OAuth`.
    OAuth,
    /// `Basic`.
    Basic,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Whom it is addressed to.
    pub host: Host,
    /// `GET`, `POST`, `DELETE`; of Genesys Cloud also `PUT`, `PATCH`, `HEAD`.
    pub method: String,
    /// The version as it stood in the path, like `v25.0`.
    pub version: Option<String>,
    /// The path without version.
    pub path: Vec<String>,
    /// The parameters of query and body, without the token.
    pub params: Params,
    /// The token.
    pub token: Option<Secret>,
    /// How the token came; absent when no header brought it.
    pub auth_scheme: Option<AuthScheme>,
    /// The `file_offset` header, as it was written.
    pub file_offset: Option<String>,
    /// A body as raw bytes: the content of an upload, any body of Genesys Cloud.
    pub bytes: Option<Vec<u8>>,
    /// The content type of a body of Genesys Cloud.
    pub content_type: Option<String>,
    /// Scheme and host of the door, for `paging.next`.
    pub base: String,
    /// What links to media begin with.
    pub media_base: String,
    /// Whether the caller sent `If-None-Match`.
    pub has_etag: bool,
}

impl Call {
    /// Makes a call of its parts. A `method` parameter on a POST overrides the method, and an
    /// `access_token` parameter wins over the header.
    pub fn new(method: &str, path: &str, mut params: Params, token: Option<Secret>) -> Self {
        let mut path: Vec<String> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        let is_version = path.first().is_some_and(|part| looks_like_version(part));
        let version = is_version.then(|| path.remove(0));
        let token = match params.0.remove("access_token") {
            Some(Value::String(text)) if !text.is_empty() => Some(Secret::new(text)),
            _ => token,
        };
        let mut method = method.to_ascii_uppercase();
        if method == "POST"
            && let Some(Value::String(other)) = params.0.remove("method")
        {
            method = other.to_ascii_uppercase();
        }
        Self {
            host: Host::Graph,
            method,
            version,
            path,
            params,
            token,
            auth_scheme: None,
            file_offset: None,
            bytes: None,
            content_type: None,
            base: "https://graph.facebook.com".to_owned(),
            media_base: MEDIA_BASE.to_owned(),
            has_etag: false,
        }
    }

    /// Makes a call of Genesys Cloud; `params` are its query.
    pub fn genesys(method: &str, path: &str, params: Params) -> Self {
        let parts = path.split('/').filter(|part| !part.is_empty());
        Self {
            host: Host::Genesys,
            method: method.to_ascii_uppercase(),
            version: None,
            path: parts.map(str::to_owned).collect(),
            params,
            ..Self::new(method, "", Params::default(), None)
        }
    }

    /// Makes the call that follows a link to media: `name` and query are the link's.
    pub fn download(name: &str, query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let params = pairs.map(|(key, value)| (key, value.into_owned()));
        let path = format!("media/{name}");
        Self {
            host: Host::Media,
            ..Self::new("GET", &path, params.collect(), None)
        }
    }

    /// Reads a link to media as Meta writes it; nothing when it leads elsewhere.
    pub fn of_link(url: &str) -> Option<Self> {
        let tail = url.strip_prefix(MEDIA_BASE)?.strip_prefix('/')?;
        let (name, query) = tail.split_once('?').unwrap_or((tail, ""));
        Some(Self::download(name, query))
    }

    /// Sets scheme and host of the door.
    pub fn at(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self.media_base = format!("{}/media", self.base);
        self
    }

    /// Returns the call as it looks when the connection breaks after so many bytes of its content.
    pub fn broken_after(&self, bytes: usize) -> Self {
        let content = self.bytes.as_ref();
        let arrived = content.map(|all| all.iter().copied().take(bytes).collect());
        Self {
            bytes: arrived,
            ..self.clone()
        }
    }

    /// Returns the path without version, as one text.
    pub fn route(&self) -> String {
        self.path.join("/")
    }
}

fn looks_like_version(part: &str) -> bool {
    let Some((major, minor)) = part.strip_prefix('v').and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(major) && digits(minor)
}

/// Named parameters. Values from a query or a form are strings; nested ones hold JSON.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(pub BTreeMap<String, Value>);

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
        )
    }
}

impl Params {
    /// Returns whether the parameter was given, with whatever value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns a text; numbers count as their digits.
    pub fn text(&self, name: &str) -> Result<Option<String>, GraphError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong_type(name, "a string")),
        }
    }

    /// Returns a text that has to be there.
    pub fn required(&self, name: &str) -> Result<String, GraphError> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| GraphError::parameter(format!("The parameter {name} is required.")))
    }

    /// Returns a truth value; absent means false.
    pub fn flag(&self, name: &str) -> Result<bool, GraphError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => match value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
                .as_str()
            {
                "true" | "1" => Ok(true),
                "false" | "0" | "" => Ok(false),
                _ => Err(wrong_type(name, "a boolean")),
            },
        }
    }

    /// Returns a whole number that is not negative.
    pub fn uint(&self, name: &str) -> Result<Option<usize>, GraphError> {
        self.text(name)?
            .map(|text| {
                text.parse()
                    .map_err(|_| wrong_type(name, "a non-negative integer"))
            })
            .transpose()
    }

    /// Returns a list of texts; a single text that is no JSON list counts as a list of one.
    pub fn list(&self, name: &str) -> Result<Option<Vec<String>>, GraphError> {
        let value = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.trim_start().starts_with('[') => {
                serde_json::from_str(text).map_err(|_| wrong_type(name, "an array"))?
            }
            Some(value) => value.clone(),
        };
        let items = match value {
            Value::Array(items) => items,
            other => vec![other],
        };
        items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Ok(text),
                Value::Number(number) => Ok(number.to_string()),
                _ => Err(wrong_type(name, "an array of strings")),
            })
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Returns an object or array, which a query or form carries as JSON text.
    pub fn json(&self, name: &str) -> Result<Option<Value>, GraphError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => serde_json::from_str(text)
                .map(Some)
                .map_err(|_| wrong_type(name, "valid JSON")),
            Some(value) => Ok(Some(value.clone())),
        }
    }
}

fn wrong_type(name: &str, wanted: &str) -> GraphError {
    GraphError::parameter(format!("Param {name} must be {wanted}."))
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, and their values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Makes an answer of JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        let content_type = "application/json; charset=UTF-8".to_owned();
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type)],
            body: body.to_string().into_bytes(),
        }
    }

    /// Makes an answer of media, or of the text with which its servers refuse.
    pub fn content(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// Makes the page of HTML with which a proxy in front of Graph says that something broke.
    pub fn broken() -> Self {
        Self {
            status: 500,
            headers: vec![(
                "content-type".to_owned(),
                "text/html; charset=utf-8".to_owned(),
            )],
            body: b"<!DOCTYPE html><html><body><h1>Sorry, something went wrong.</h1></body></html>"
                .to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn params(value: Value) -> Params {
        Params(value.as_object().unwrap().clone().into_iter().collect())
    }

    #[test]
    fn the_version_is_not_part_of_the_path() {
        #[track_caller]
        fn check(path: &str, version: Option<&str>, route: &str) {
            let call = Call::new("GET", path, Params::default(), None);
            assert_eq!(
                (call.version.as_deref(), call.route().as_str()),
                (version, route)
            );
        }
        check("/v25.0/1/phone_numbers", Some("v25.0"), "1/phone_numbers");
        check("/1", None, "1");
        check("/", None, "");
        check("/v25/1", None, "v25/1");
    }

    #[test]
    fn a_post_may_stand_for_another_method() {
        let call = Call::new("POST", "/1", params(json!({"method": "delete"})), None);
        assert_eq!(call.method, "DELETE");
        let call = Call::new("GET", "/1", params(json!({"method": "delete"})), None);
        assert_eq!(call.method, "GET");
    }

    #[test]
    fn flags_come_in_many_spellings() {
        let given =
            params(json!({"a": true, "b": "true", "c": "1", "d": 1, "e": "false", "f": "yes"}));
        for name in ["a", "b", "c", "d"] {
            assert_eq!(given.flag(name), Ok(true), "{name}");
        }
        assert_eq!(given.flag("e"), Ok(false));
        assert_eq!(given.flag("absent"), Ok(false));
        assert!(given.flag("f").is_err());
    }

    #[test]
    fn lists_come_as_arrays_and_as_text() {
        let given =
            params(json!({"a": ["1", 2], "b": "[\"1\",\"2\"]", "c": "1", "d": "[1", "e": [{}]}));
        let two = Ok(Some(vec!["1".to_owned(), "2".to_owned()]));
        assert_eq!(given.list("a"), two);
        assert_eq!(given.list("b"), two);
        assert_eq!(given.list("c"), Ok(Some(vec!["1".to_owned()])));
        assert!(given.list("d").is_err());
        assert!(given.list("e").is_err());
    }
}
