//! The real transport: HTTPS with keep-alive and gzip, plain HTTP on loopback only.
//!
//! Redirects are never followed, so no answer can send the token to another host. Files are fetched
//! by their links without any token. Errors never hold the query string, where tokens and signatures
//! may stand.

use std::time::Duration;

use futures_util::{
    StreamExt,
    future::{BoxFuture, FutureExt},
};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};
use url::Url;

use super::{
    link::{is_loopback, is_protected},
    transport::{
        Body, Download, Method, Param, Params, Request, Response, Scheme, Transport, TransportError,
    },
};

/// The longest body taken in. A page of 100 templates with all components stays far below.
const MAX_BODY: usize = 32 << 20;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a base URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaseUrlError {
    /// It is not a URL.
    #[error("`{url}` is not a URL")]
    NotAUrl {
        /// As it was given.
        url: String,
        /// What is wrong.
        source: url::ParseError,
    },
    /// A token would travel unprotected.
    #[error("`{0}` is not https (http is allowed on loopback only)")]
    Insecure(String),
    /// Something stands in it that does not belong into a base URL.
    #[error("`{0}` has a user, a query or a fragment; a base URL has none")]
    Extra(String),
    /// The TLS part of the system does not work.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Carries requests to one base URL.
#[derive(Debug)]
pub struct Http {
    base: String,
    host: String,
    is_local: bool,
    client: reqwest::Client,
}

impl Http {
    /// Checks the base URL (without API version) and sets the client up. Sends nothing.
    pub fn new(base: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(base).map_err(|source| BaseUrlError::NotAUrl {
            url: base.into(),
            source,
        })?;
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(BaseUrlError::Extra(format!(
                "{}://{}",
                url.scheme(),
                url.host_str().unwrap_or_default()
            )));
        }
        if !is_protected(&url) {
            return Err(BaseUrlError::Insecure(base.into()));
        }
        // Fails only when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("waba-migrate/", env!("CARGO_PKG_VERSION")))
            .referer(false);
        let is_local = is_loopback(&url);
        if is_local {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(BaseUrlError::Client)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            host,
            is_local,
            client,
        })
    }

    async fn exchange(&self, request: Request) -> Result<Response, TransportError> {
        let timeout = request.timeout;
        let builder = self.builder(request).timeout(timeout);
        let failed = |error| failed(&error, &self.host, timeout);
        let response = builder.send().await.map_err(failed)?;
        receive(response, MAX_BODY, failed).await
    }

    fn builder(&self, request: Request) -> reqwest::RequestBuilder {
        let mut url = format!("{}{}", self.base, request.path);
        if let Some(given) = &request.given_query {
            url = format!("{url}?{given}");
        }
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut builder = self
            .client
            .request(method, url)
            .query(&pairs(&request.query));
        if let Some(token) = &request.token {
            builder = match request.scheme {
                Scheme::Bearer => builder.bearer_auth(token.expose()),
                Scheme::OAuth => builder.header(AUTHORIZATION, format!("OAuth {}", token.expose())),
                Scheme::Basic => builder.header(AUTHORIZATION, format!("Basic {}", token.expose())),
            };
        }
        match &request.body {
            Body::Nothing => builder,
            Body::Json(params) => builder.json(&object(params)),
            Body::Form(params) => builder
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form(params)),
            Body::File(part) => builder
                .header("file_offset", part.offset())
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(part.bytes().to_vec()),
        }
    }

    async fn fetch(&self, download: Download) -> Result<Response, TransportError> {
        let Download {
            link,
            limit,
            timeout,
        } = download;
        if link.is_plain() && !self.is_local {
            return Err(TransportError::Unreachable {
                host: link.host().to_owned(),
                problem: "plain http is spoken only when the API itself is on loopback".into(),
            });
        }
        let failed = |error| failed(&error, link.host(), timeout);
        let asked = self.client.get(link.expose().clone()).timeout(timeout);
        let response = asked.send().await.map_err(failed)?;
        // The limit is the file's; an error page may be longer.
        if response.status().is_client_error() || response.status().is_server_error() {
            return Ok(head(&response));
        }
        receive(response, limit, failed).await
    }
}

/// Takes in an answer without its body.
fn head(response: &reqwest::Response) -> Response {
    let headers = response.headers().iter();
    let headers = headers
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    Response {
        status: response.status().as_u16(),
        headers,
        body: Vec::new(),
    }
}

/// Takes in an answer, up to a limit.
async fn receive(
    response: reqwest::Response,
    limit: usize,
    failed: impl Fn(reqwest::Error) -> TransportError,
) -> Result<Response, TransportError> {
    if response.status().is_redirection() {
        return Err(TransportError::Redirect(redirect_host(&response)));
    }
    let mut answer = head(&response);
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(&failed)?;
        if answer.body.len() + chunk.len() > limit {
            return Err(TransportError::TooLarge(limit));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn failed(error: &reqwest::Error, host: &str, timeout: Duration) -> TransportError {
    if error.is_connect() {
        return TransportError::Unreachable {
            host: host.to_owned(),
            problem: innermost(error),
        };
    }
    if error.is_timeout() {
        return TransportError::Timeout(timeout);
    }
    TransportError::Cut(innermost(error))
}

impl Transport for Http {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.exchange(request).boxed()
    }

    fn download(&self, download: Download) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.fetch(download).boxed()
    }
}

/// What lies at the bottom of an error: the outer texts quote the URL, and with it secrets.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if std::ptr::addr_eq(cause, error) {
        "unexpected end".into()
    } else {
        cause.to_string()
    }
}

/// The host a redirect points to, without path and query.
fn redirect_host(response: &reqwest::Response) -> String {
    let location = response.headers().get(reqwest::header::LOCATION);
    let target = location
        .and_then(|value| value.to_str().ok())
        .and_then(|text| response.url().join(text).ok());
    target.map_or_else(
        || "nowhere".into(),
        |url| url.host_str().unwrap_or("nowhere").to_owned(),
    )
}

fn pairs(params: &Params) -> Vec<(&str, String)> {
    let text = |param: &Param| match param {
        Param::Plain(Value::String(text)) => text.clone(),
        Param::Plain(value) => value.to_string(),
        Param::Secret(secret) => secret.expose().to_owned(),
    };
    params
        .iter()
        .map(|(name, param)| (&**name, text(param)))
        .collect()
}

fn form(params: &Params) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs(params))
        .finish()
}

fn object(params: &Params) -> Map<String, Value> {
    let value = |param: &Param| match param {
        Param::Plain(value) => value.clone(),
        Param::Secret(secret) => Value::from(secret.expose()),
    };
    params
        .iter()
        .map(|(name, param)| (name.clone().into_owned(), value(param)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_is_spoken_to() {
        #[track_caller]
        fn check(base: &str, allowed: bool) {
            assert_eq!(Http::new(base).is_ok(), allowed, "{base}");
        }
        check("https://graph.facebook.com", true);
        check("http://127.0.0.1:8080", true);
        check("http://[::1]:8080/", true);
        check("http://localhost", true);
        check("http://graph.facebook.com", false);
        check("http://127.0.0.1.evil.example", false);
        check("http://localhost.evil.example", false);
        check("https://user:pass@graph.facebook.com", false);
        check("ftp://127.0.0.1", false);
        check("graph.facebook.com", false);
    }

    #[test]
    fn nested_values_of_a_query_are_json() {
        let params: Params = vec![
            ("ids".into(), serde_json::json!(["1"]).into()),
            ("fields".into(), "id,name".into()),
        ];
        assert_eq!(
            pairs(&params),
            [
                ("ids", r#"["1"]"#.to_owned()),
                ("fields", "id,name".to_owned())
            ]
        );
    }
}
