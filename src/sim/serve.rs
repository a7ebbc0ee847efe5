//! The door on the network: the simulated Graph API over HTTP, for any client, and on the same
//! listener Genesys Cloud's (`/oauth/token`, `/api/v2/`) where the world has an organization.
//!
//! It reads parameters from query, form, multipart text fields and JSON, takes the content of uploads
//! as it comes, shows media under `/media/`, and moves the world's clock with real time. It does not look at whom it serves: the caller binds loopback only.

use std::{
    future::Future,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    response::Response,
};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, time::Instant};

use super::{
    Simulator,
    call::{Answer, AuthScheme, Call, Params},
    control,
    door::latency,
    error::GraphError,
    genesys, graph,
    play::Outcome,
    rules::uploads,
};
use crate::secret::Secret;

/// Graph itself refuses bodies far smaller than this.
const MOST_BYTES: usize = 16 << 20;
/// How long a silent connection is held when the client does not give up.
const SILENCE: Duration = Duration::from_secs(120);
/// How long a client may go on sending after the server was asked to end.
const GRACE: Duration = Duration::from_secs(1);

/// Serves until `shutdown` is ready.
pub async fn serve(
    listener: TcpListener,
    simulator: Simulator,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (closing, closed) = watch::channel(false);
    let shutdown = async move {
        shutdown.await;
        // Nobody listens when every connection is closed already.
        let _ = closing.send(true);
    };
    let mut ending = closed.clone();
    let served = axum::serve(listener, router(simulator, closed)).with_graceful_shutdown(shutdown);
    let too_slow = async move {
        // An error means that the sender is gone, which is an end as well.
        let _ = ending.wait_for(|closed| *closed).await;
        let _ = tokio::time::timeout(GRACE, std::future::pending::<()>()).await;
    };
    tokio::select! {
        end = served => end,
        () = too_slow => Ok(()),
    }
}

/// Returns the routes of the Graph API and of the stand-ins for people.
pub fn router(simulator: Simulator, closed: watch::Receiver<bool>) -> Router {
    let served = Served {
        simulator,
        seen: Arc::new(Mutex::new(Instant::now())),
        closed,
    };
    control::routes().fallback(answer).with_state(served)
}

/// What every handler shares.
#[derive(Clone)]
pub struct Served {
    simulator: Simulator,
    seen: Arc<Mutex<Instant>>,
    closed: watch::Receiver<bool>,
}

impl Served {
    /// Returns the simulator, after its clock was moved on by the time since the last call.
    pub fn simulator(&self) -> &Simulator {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        self.simulator.advance(now - *seen);
        *seen = now;
        &self.simulator
    }

    async fn wait(mut self, duration: Duration) {
        // Either end of the wait is fine.
        let _ = tokio::time::timeout(duration, self.closed.wait_for(|closed| *closed)).await;
    }
}

/// An upload is read to its end in a task of its own: what arrived stays, even when the client is
/// gone and nobody waits for the answer.
async fn answer(State(served): State<Served>, request: Request) -> Response {
    if !is_upload(request.method(), request.uri().path()) {
        return carry(served, request).await;
    }
    let carried = tokio::spawn(carry(served, request));
    carried.await.unwrap_or_else(|_| broken())
}

async fn carry(served: Served, request: Request) -> Response {
    latency(served.simulator.world(|world| world.switches.latency_ms)).await;
    let has_genesys = served.simulator.world(|world| world.genesys.is_some());
    let (call, readable) = if has_genesys && genesys::front::owns(request.uri().path()) {
        (read_genesys(request).await, Ok(()))
    } else {
        read(request).await
    };
    let simulator = served.simulator();
    let outcome = match readable {
        Ok(()) => simulator.play(&call),
        Err(error) => {
            let refused = simulator.edit(|world| graph::refuse(world, &call, &error, None));
            Outcome::Answered(refused)
        }
    };
    match outcome {
        Outcome::Answered(answer) => respond(answer),
        Outcome::Late(answer, seconds) => {
            served.wait(Duration::from_secs(seconds.into())).await;
            respond(answer)
        }
        Outcome::Cut => broken(),
        Outcome::Silent => {
            served.wait(SILENCE).await;
            broken()
        }
    }
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(answer.body))
        .expect("status and headers are our own and well-formed")
}

/// A body that fails makes the server close the connection in the middle of the answer.
fn broken() -> Response {
    let failure = Err::<Vec<u8>, _>(io::Error::other("cut by the script"));
    Response::new(Body::from_stream(stream::iter([failure])))
}

/// Returns the call, and whether its body could be read.
async fn read(request: Request) -> (Call, Result<(), GraphError>) {
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    if let Some(name) = head.uri.path().strip_prefix("/media/") {
        let call = Call::download(name, query);
        let method = head.method.as_str().to_owned();
        return (Call { method, ..call }, Ok(()));
    }
    let mut params = Params::default();
    params.0.extend(form(query.as_bytes()));
    let content_type = text(&head.headers, header::CONTENT_TYPE);
    let mut bytes = None;
    let readable = if is_upload(&head.method, head.uri.path()) {
        content(body).await.map(|content| bytes = Some(content))
    } else {
        match to_bytes(body, MOST_BYTES).await {
            // The body of a GET means nothing.
            Ok(_) if head.method == Method::GET => Ok(()),
            Err(_) => Err(too_large()),
            Ok(bytes) => fields(&content_type, &bytes)
                .map(|fields| params.0.extend(fields))
                .ok_or_else(|| {
                    GraphError::parameter("The request body does not fit its content type.")
                }),
        }
    };
    let (auth_scheme, token) = token(&head.headers).unzip();
    let host = text(&head.headers, header::HOST);
    let mut call = Call::new(head.method.as_str(), head.uri.path(), params, token);
    call.has_etag = head.headers.contains_key(header::IF_NONE_MATCH);
    call.auth_scheme = auth_scheme;
    call.file_offset = head
        .headers
        .get("file_offset")
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    call.bytes = bytes;
    (call.at(format!("http://{host}")), readable)
}

/// Reads a call of Genesys Cloud. A body that is too large is cut: it is refused for its size.
async fn read_genesys(request: Request) -> Call {
    let (head, body) = request.into_parts();
    let query = form(head.uri.query().unwrap_or_default().as_bytes());
    let mut bytes = Vec::new();
    let mut parts = body.into_data_stream();
    while let Some(Ok(part)) = parts.next().await {
        bytes.extend_from_slice(&part);
        if bytes.len() > MOST_BYTES {
            break;
        }
    }
    let content_type = text(&head.headers, header::CONTENT_TYPE);
    let (auth_scheme, token) = token(&head.headers).unzip();
    Call {
        content_type: Some(content_type).filter(|kind| !kind.is_empty()),
        bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
        auth_scheme,
        token,
        ..Call::genesys(
            head.method.as_str(),
            head.uri.path(),
            query.into_iter().collect(),
        )
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn token(headers: &HeaderMap) -> Option<(AuthScheme, Secret)> {
    let value = text(headers, header::AUTHORIZATION);
    let (scheme, token) = value.split_once(' ')?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => AuthScheme::Bearer,
        "oauth" => AuthScheme::OAuth,
        "basic" => AuthScheme::Basic,
        _ => return None,
    };
    Some((scheme, Secret::new(token.trim())))
}

/// Whether the body is the content of an upload: bytes, whatever its content type says.
fn is_upload(method: &Method, path: &str) -> bool {
    let last = path.rsplit('/').next();
    method == Method::POST && last.is_some_and(|last| last.starts_with(uploads::PREFIX))
}

/// Returns the content of an upload, or as much of it as arrived before the connection broke.
async fn content(body: Body) -> Result<Vec<u8>, GraphError> {
    let mut parts = body.into_data_stream();
    let mut content = Vec::new();
    while let Some(Ok(part)) = parts.next().await {
        if content.len() + part.len() > uploads::MOST_BYTES {
            return Err(too_large());
        }
        content.extend_from_slice(&part);
    }
    Ok(content)
}

fn too_large() -> GraphError {
    GraphError::parameter("The request body is too large.")
}

type Fields = Vec<(String, Value)>;

/// Reads a body; nothing when it is not what its content type says. Types that Graph does not
/// read hold no parameters.
pub fn fields(content_type: &str, body: &[u8]) -> Option<Fields> {
    if body.is_empty() {
        return Some(Vec::new());
    }
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/json" => match serde_json::from_slice(body).ok()? {
            Value::Object(object) => Some(object.into_iter().collect()),
            _ => None,
        },
        "multipart/form-data" => multipart(parameters, body),
        "application/x-www-form-urlencoded" => Some(form(body)),
        _ => Some(Vec::new()),
    }
}

fn form(text: &[u8]) -> Fields {
    url::form_urlencoded::parse(text)
        .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
        .collect()
}

/// Text fields only; a part with a file name is left out.
fn multipart(parameters: &str, body: &[u8]) -> Option<Fields> {
    let boundary = parameters
        .split(';')
        .find_map(|part| part.trim().strip_prefix("boundary="))?;
    let text = String::from_utf8_lossy(body);
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let mut fields = Vec::new();
    for part in text.split(delimiter.as_str()).skip(1) {
        if part.starts_with("--") {
            return Some(fields);
        }
        let (head, value) = part.split_once("\r\n\r\n")?;
        let name = head.split_once("name=\"")?.1.split_once('"')?.0;
        if !head.contains("filename=") {
            let value = value.strip_suffix("\r\n")?;
            fields.push((name.to_owned(), Value::from(value)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(content_type: &str, body: &str, expected: Option<&[(&str, &str)]>) {
        let expected = expected.map(|pairs| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
                .collect::<Fields>()
        });
        assert_eq!(fields(content_type, body.as_bytes()), expected, "{body}");
    }

    #[test]
    fn bodies_are_read_by_their_content_type() {
        let two = Some(&[("a", "1"), ("b", "x y")][..]);
        check(
            "application/json; charset=utf-8",
            r#"{"a":"1","b":"x y"}"#,
            two,
        );
        check("application/x-www-form-urlencoded", "a=1&b=x+y", two);
        check("Application/JSON", r#"{"a":"1","b":"x y"}"#, two);
        check("", "a=1&b=x%20y", Some(&[]));
        check("text/plain", r#"{"a":"1"}"#, Some(&[]));
        let parts = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                     --X\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\nx y\r\n--X--\r\n";
        check("multipart/form-data; boundary=X", parts, two);
        check("application/json", "", Some(&[]));
        check("application/json", "[1]", None);
        check("application/json", "{", None);
        check("multipart/form-data; boundary=X", "--X\r\nno end", None);
    }
}
