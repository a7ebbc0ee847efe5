//! The client against a server that misbehaves, over a real socket on loopback.
//!
//! The server is a few lines of the standard library: it answers what a test scripted, in order, and
//! keeps what it was sent.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use waba_migrate::{
    api::{
        genesys,
        http::Http,
        meta::{
            CallError, Connection, DownloadError, Downloaded, Page, Patience, Read as ReadOf,
            Reader, UploadSession,
        },
        transport::{
            Body, Download, FilePart, Method, Request, Response, Scheme, Transport, TransportError,
        },
    },
    clock::Clock,
    resource::genesys::organization::Organization,
    secret::Secret,
};

const TOKEN: &str = "EAAclientTOKEN";

/// A clock on which waiting takes no time.
#[derive(Default)]
struct Skipping(Mutex<Duration>);

impl Clock for Skipping {
    fn now(&self) -> Timestamp {
        let passed = *self.0.lock().expect("no panic holds it");
        let passed = SignedDuration::try_from(passed).expect("a short time");
        Timestamp::UNIX_EPOCH + passed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().expect("no panic holds it") += duration;
        std::future::ready(()).boxed()
    }
}

/// A scripted server.
struct Server {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers the n-th connection with the n-th answer, then no more.
    fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = heard.clone();
        thread::spawn(move || {
            for answer in answers {
                let (stream, _) = listener.accept().expect("a client");
                hears
                    .lock()
                    .expect("no panic holds it")
                    .push(request(&stream));
                // A client that has seen enough hangs up.
                let _ = (&stream).write_all(&answer);
            }
        });
        Self { url, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no panic holds it").clone()
    }

    fn reader(&self, patience: Duration, app_secret: Option<&str>) -> Reader {
        let transport = Arc::new(Http::new(&self.url).expect("loopback"));
        let connection = Connection::new(
            transport,
            Arc::new(Skipping::default()),
            "v25.0",
            Secret::new(TOKEN),
            app_secret.map(Secret::new),
            Patience(patience),
        );
        Reader::new(Arc::new(connection))
    }

    fn get(&self) -> Result<Value, CallError> {
        let reader = self.reader(Duration::from_secs(60), None);
        wait(async { reader.get(&ReadOf::new("/1").with("fields", "id")).await })
    }

    /// Sends a request as it is.
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let http = Http::new(&self.url).expect("loopback");
        wait(http.send(request))
    }

    /// Fetches a file that this server has.
    fn download(&self, path: &str, limit: usize) -> Result<Downloaded, DownloadError> {
        let link = format!("{}{path}", self.url).parse().expect("a link");
        let reader = self.reader(Duration::from_secs(60), Some("key"));
        wait(reader.download(&link, limit))
    }

    fn list(&self) -> Result<Vec<Value>, CallError> {
        let reader = self.reader(Duration::from_secs(60), None);
        let read: ReadOf<Page<Value>> = ReadOf::new("/1/phone_numbers");
        wait(async { reader.list(&read).await })
    }
}

/// Reads a request: its head, an empty line where a body follows, and the body as text.
fn request(stream: &TcpStream) -> String {
    let mut stream = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("text");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().expect("a length");
        }
        head += line;
        head.push('\n');
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("the whole body");
    match length {
        0 => head,
        _ => format!("{head}\n{}", String::from_utf8_lossy(&body)),
    }
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn ok(body: &str) -> Vec<u8> {
    answer(
        "200 OK",
        "Content-Type: application/json\r\n",
        body.as_bytes(),
    )
}

fn refused(body: &str) -> Vec<u8> {
    answer(
        "400 Bad Request",
        "Content-Type: application/json\r\n",
        body.as_bytes(),
    )
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = format!("Location: http://{}/1\r\n", elsewhere.local_addr().unwrap());
    let server = Server::start(vec![answer("302 Found", &location, b"")]);
    let error = server.get().unwrap_err();
    assert!(
        matches!(error, CallError::Transport(TransportError::Redirect(_))),
        "{error}"
    );
    assert_eq!(server.heard().len(), 1, "it is not tried again either");
    assert!(elsewhere.accept().is_err(), "somebody called there");
}

#[test]
fn the_token_stands_in_one_header_and_nowhere_else() {
    let server = Server::start(vec![ok(r#"{"id":"1"}"#)]);
    server.get().unwrap();
    let heard = server.heard().remove(0);
    let with_token: Vec<_> = heard.lines().filter(|line| line.contains(TOKEN)).collect();
    assert_eq!(with_token, [format!("authorization: Bearer {TOKEN}")]);
    assert_eq!(
        heard.lines().next(),
        Some("GET /v25.0/1?fields=id HTTP/1.1")
    );
}

#[test]
fn calls_are_signed_when_the_app_secret_is_known() {
    let server = Server::start(vec![ok("{}")]);
    let reader = server.reader(Duration::ZERO, Some("key"));
    wait(async { reader.get::<Value>(&ReadOf::new("/1")).await }).unwrap();
    // printf EAAclientTOKEN | openssl dgst -sha256 -hmac key
    let proof = "21c70c0943bc323fe9be7adb2f409a9662d7e7257494a14022d0f5a67cf244e7";
    let first = server.heard().remove(0).lines().next().unwrap().to_owned();
    assert_eq!(
        first,
        format!("GET /v25.0/1?appsecret_proof={proof} HTTP/1.1")
    );
}

#[test]
fn answers_may_be_compressed() {
    // printf '{"id":"77"}' | gzip -9 -n
    let body =
        hex::decode("1f8b0800000000000203ab56ca4c51b252323757aa0500be2651da0b000000").unwrap();
    let headers = "Content-Encoding: gzip\r\nContent-Type: application/json\r\n";
    let server = Server::start(vec![answer("200 OK", headers, &body)]);
    assert_eq!(server.get().unwrap()["id"], "77");
    assert!(server.heard()[0].contains("accept-encoding: gzip"));
}

#[test]
fn an_empty_page_is_not_the_end_and_another_host_is_not_asked() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let next = format!(
        "http://{}/v25.0/1/phone_numbers?access_token={TOKEN}&after=abc",
        elsewhere.local_addr().unwrap()
    );
    let server = Server::start(vec![
        ok(&format!(r#"{{"data":[],"paging":{{"next":"{next}"}}}}"#)),
        ok(r#"{"data":[{"id":"7"}],"paging":{"cursors":{"after":"zzz"}}}"#),
    ]);
    assert_eq!(server.list().unwrap().len(), 1);
    let heard = server.heard();
    assert_eq!(heard.len(), 2);
    assert!(
        heard[1].starts_with("GET /v25.0/1/phone_numbers?after=abc HTTP/1.1\n"),
        "{}",
        heard[1]
    );
    assert!(elsewhere.accept().is_err(), "somebody called there");
}

#[test]
fn a_list_that_does_not_end_is_left() {
    let page = ok(
        r#"{"data":[{}],"paging":{"cursors":{"after":"a"},"next":"https://x.example/?after=a"}}"#,
    );
    let server = Server::start(vec![page.clone(), page]);
    let error = server.list().unwrap_err();
    assert!(error.to_string().contains("does not end"), "{error}");
}

#[test]
fn a_read_is_tried_again_when_a_proxy_stumbles() {
    let page = answer(
        "502 Bad Gateway",
        "Content-Type: text/html\r\n",
        b"<html>oops</html>",
    );
    let server = Server::start(vec![page, ok(r#"{"id":"1"}"#)]);
    assert_eq!(server.get().unwrap()["id"], "1");
    assert_eq!(server.heard().len(), 2);
}

#[test]
fn a_read_is_tried_again_when_the_connection_breaks() {
    let server = Server::start(vec![Vec::new(), ok(r#"{"id":"1"}"#)]);
    assert_eq!(server.get().unwrap()["id"], "1");
}

#[test]
fn an_error_number_may_stand_in_either_place() {
    for body in [
        r#"{"error":{"code":2388103,"message":"no"}}"#,
        r#"{"error":{"code":100,"error_subcode":2388103,"message":"no"}}"#,
        r#"{"error":{"code":"100","error_subcode":"2388103","message":"no"}}"#,
    ] {
        let server = Server::start(vec![refused(body)]);
        let error = server.get().unwrap_err();
        assert!(error.graph().unwrap().is(2_388_103), "{body}");
        assert_eq!(server.heard().len(), 1, "it is not tried again");
    }
}

#[test]
fn an_error_in_a_good_answer_is_an_error() {
    let server = Server::start(vec![ok(r#"{"error":{"code":190,"message":"expired"}}"#)]);
    assert!(server.get().unwrap_err().is_credential());
}

#[test]
fn an_error_that_quotes_the_token_is_masked() {
    let body = format!(r#"{{"error":{{"code":190,"message":"Malformed access token {TOKEN}"}}}}"#);
    let error = Server::start(vec![refused(&body)]).get().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    let garbled = format!("<html>{TOKEN}</html>");
    let error = Server::start(vec![ok(&garbled)]).get().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
}

#[test]
fn a_full_limit_holds_the_next_call_back() {
    let usage = r#"X-Business-Use-Case-Usage: {"1":[{"type":"whatsapp_business_management","call_count":100,"estimated_time_to_regain_access":5}]}"#;
    let headers = format!("Content-Type: application/json\r\n{usage}\r\n");
    let server = Server::start(vec![answer("200 OK", &headers, b"{}"), ok("{}")]);
    let read = ReadOf::<Value>::new("/1");
    let hasty = server.reader(Duration::from_secs(60), None);
    wait(async {
        hasty.get(&read).await.unwrap();
        let error = hasty.get(&read).await.unwrap_err();
        assert!(matches!(error, CallError::Throttled { .. }), "{error}");
    });
    assert_eq!(server.heard().len(), 1, "the second one never left");

    let server = Server::start(vec![answer("200 OK", &headers, b"{}"), ok("{}")]);
    let patient = server.reader(Duration::from_secs(600), None);
    wait(async {
        patient.get(&read).await.unwrap();
        patient.get(&read).await.unwrap();
    });
    assert_eq!(server.heard().len(), 2);
}

#[test]
fn an_answer_without_end_is_refused() {
    let huge = answer(
        "200 OK",
        "Content-Type: application/json\r\n",
        &vec![b' '; 40 << 20],
    );
    let error = Server::start(vec![huge]).get().unwrap_err();
    assert!(
        matches!(error, CallError::Transport(TransportError::TooLarge(_))),
        "{error}"
    );
}

#[test]
fn nobody_there_is_known_not_to_have_been_reached() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let heard = Arc::default();
    let server = Server {
        url: format!("http://{free}"),
        heard,
    };
    let CallError::Transport(error) = server.get().unwrap_err() else {
        panic!("there was an answer");
    };
    assert!(!error.may_have_arrived(), "{error}");
}

#[test]
fn http_is_for_loopback_only() {
    for base in [
        "http://graph.facebook.com",
        "http://192.0.2.1",
        "http://127.0.0.1.example",
    ] {
        assert!(Http::new(base).is_err(), "{base}");
    }
}

/// A request with some bytes for an upload session.
fn upload() -> Request {
    let bytes = Arc::from(*b"0123456789");
    Request {
        method: Method::Post,
        path: "/v25.0/upload:MTph+YQ==".into(),
        given_query: Some("sig=AR%2Bz_x-y&a=b+c".into()),
        query: vec![("appsecret_proof".into(), Secret::new("proof").into())],
        body: Body::File(FilePart::rest(&bytes, 4).expect("bytes are left")),
        token: Some(Secret::new(TOKEN)),
        scheme: Scheme::OAuth,
        timeout: Duration::from_secs(60),
    }
}

#[test]
fn bytes_are_sent_raw_with_their_offset_and_the_session_as_it_was_given() {
    let server = Server::start(vec![ok(r#"{"h":"4::x"}"#)]);
    server.send(upload()).unwrap();
    let heard = server.heard().remove(0);
    let (head, body) = heard.split_once("\n\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    assert_eq!(
        lines.remove(0),
        "POST /v25.0/upload:MTph+YQ==?sig=AR%2Bz_x-y&a=b+c&appsecret_proof=proof HTTP/1.1"
    );
    for line in [
        "authorization: OAuth EAAclientTOKEN",
        "content-type: application/octet-stream",
        "content-length: 6",
        "file_offset: 4",
    ] {
        assert!(lines.contains(&line), "{line}: {head}");
    }
    assert_eq!(body, "456789");
}

#[test]
fn a_session_is_asked_with_its_own_query_and_scheme() {
    let server = Server::start(vec![ok(
        r#"{"id":"upload:MTph?sig=AR%2Bz","file_offset":42}"#,
    )]);
    let session: UploadSession = "upload:MTph?sig=AR%2Bz".parse().unwrap();
    let reader = server.reader(Duration::ZERO, None);
    let progress = wait(reader.get(&session.progress())).unwrap();
    assert_eq!(progress.file_offset, 42);
    let heard = server.heard().remove(0);
    assert!(
        heard.starts_with("GET /v25.0/upload:MTph?sig=AR%2Bz HTTP/1.1\n"),
        "{heard}"
    );
    assert!(
        heard.contains("authorization: OAuth EAAclientTOKEN\n"),
        "{heard}"
    );
}

#[test]
fn a_delete_says_what_in_its_query_and_has_no_body() {
    let server = Server::start(vec![ok(r#"{"success":true}"#)]);
    let request = Request {
        method: Method::Delete,
        path: "/v25.0/1/message_templates".into(),
        given_query: None,
        query: vec![("hsm_id".into(), "7".into()), ("name".into(), "a".into())],
        body: Body::Nothing,
        scheme: Scheme::Bearer,
        ..upload()
    };
    server.send(request).unwrap();
    let heard = server.heard().remove(0);
    let first = heard.lines().next();
    let expected = "DELETE /v25.0/1/message_templates?hsm_id=7&name=a HTTP/1.1";
    assert_eq!(first, Some(expected));
    assert!(!heard.contains("content-type"), "{heard}");
}

/// Expects that nothing of the link's query is told.
#[track_caller]
fn check_hidden(error: &DownloadError) {
    let told = format!("{error} {error:?}");
    assert!(!told.contains("SIGNED"), "{told}");
}

#[test]
fn a_file_is_fetched_without_token_and_proof() {
    let headers = "Content-Type: Image/PNG; charset=binary\r\n";
    let server = Server::start(vec![answer("200 OK", headers, b"\x89PNG")]);
    let file = server.download("/v/a.png?oh=SIGNED%2B&oe=1", 4).unwrap();
    assert_eq!(file.mime.as_deref(), Some("image/png"));
    assert_eq!(file.bytes, b"\x89PNG");
    let heard = server.heard().remove(0);
    assert!(
        heard.starts_with("GET /v/a.png?oh=SIGNED%2B&oe=1 HTTP/1.1\n"),
        "{heard}"
    );
    for secret in [TOKEN, "authorization", "appsecret_proof"] {
        assert!(!heard.contains(secret), "{heard}");
    }
}

#[test]
fn a_file_that_is_too_large_is_left() {
    let server = Server::start(vec![answer("200 OK", "", b"12345")]);
    let error = server.download("/v/a.png?oh=SIGNED", 4).unwrap_err();
    check_hidden(&error);
    let too_large = |error: &DownloadError| matches!(error, DownloadError::Transport { source, .. } if *source == TransportError::TooLarge(4));
    assert!(too_large(&error), "{error:?}");
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn a_link_that_expired_says_so_and_is_not_tried_again() {
    let page = answer("403 Forbidden", "", b"URL signature expired");
    let error = Server::start(vec![page])
        .download("/v/a.png?oh=SIGNED", 4)
        .unwrap_err();
    check_hidden(&error);
    assert_eq!(
        error.to_string(),
        "127.0.0.1 answers with HTTP 403: the link may have expired, so read it again"
    );
}

#[test]
fn a_file_that_moved_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let to = elsewhere.local_addr().unwrap();
    let location = format!("Location: http://{to}/a.png?oh=SIGNED\r\n");
    let server = Server::start(vec![answer("302 Found", &location, b"")]);
    let error = server.download("/v/a.png?oh=SIGNED", 4).unwrap_err();
    check_hidden(&error);
    assert!(elsewhere.accept().is_err(), "somebody called there");
}

#[test]
fn a_fetch_that_breaks_is_tried_again() {
    let busy = answer("503 Service Unavailable", "", b"");
    let server = Server::start(vec![Vec::new(), busy, answer("200 OK", "", b"ok")]);
    let file = server.download("/v/a.png?oh=SIGNED", 4).unwrap();
    assert_eq!((file.mime, file.bytes), (None, b"ok".to_vec()));
}

#[test]
fn a_plain_link_is_not_fetched_when_the_api_is_not_on_loopback() {
    let local = TcpListener::bind("127.0.0.1:0").unwrap();
    local.set_nonblocking(true).unwrap();
    let link = format!("http://{}/a.png", local.local_addr().unwrap());
    let download = Download {
        link: link.parse().unwrap(),
        limit: 4,
        timeout: Duration::from_secs(60),
    };
    let http = Http::new("https://graph.facebook.com").unwrap();
    let error = wait(http.download(download)).unwrap_err();
    assert!(error.to_string().contains("on loopback"), "{error}");
    assert!(local.accept().is_err(), "somebody called there");
}

#[test]
fn an_upload_that_breaks_in_the_middle_may_have_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.read_exact(&mut [0; 1 << 20]).expect("a part");
    });
    let bytes = Arc::from(vec![7; 16 << 20]);
    let request = Request {
        body: Body::File(FilePart::rest(&bytes, 0).unwrap()),
        ..upload()
    };
    let error = wait(Http::new(&url).unwrap().send(request)).unwrap_err();
    assert!(matches!(error, TransportError::Cut(_)), "{error}");
    assert!(error.may_have_arrived());
    server.join().unwrap();
}

#[test]
fn genesys_cloud_is_logged_in_to_with_a_form_and_asked_with_the_token_that_comes_of_it() {
    let server = Server::start(vec![
        ok(r#"{"access_token":"genesysTOKEN","token_type":"bearer","expires_in":86400}"#),
        ok(r#"{"id":"o","name":"Acme"}"#),
        answer(
            "403 Forbidden",
            "ININ-Correlation-Id: c-1\r\n",
            br#"{"code":"missing.permissions","message":"missing the following permission(s): routing:queue:view","contextId":"c-2"}"#,
        ),
    ]);
    let hosts = genesys::Hosts::at(&server.url);
    let transport = |base: &str| Arc::new(Http::new(base).expect("loopback"));
    let connection = genesys::Connection::new(
        transport(&hosts.api),
        transport(&hosts.login),
        &Secret::new("client"),
        &Secret::new("s3cret"),
        Arc::new(Skipping::default()),
        Patience(Duration::from_secs(60)),
    );
    let reader = genesys::Reader::new(Arc::new(connection));
    let seen = wait(reader.get(&Organization::me())).expect("an organization");
    assert_eq!((&*seen.id, seen.name.as_deref()), ("o", Some("Acme")));
    let error = wait(reader.get(&Organization::me())).unwrap_err();
    let error = error.genesys().expect("an error of Genesys Cloud");
    assert_eq!(error.correlation_id.as_deref(), Some("c-1"));
    assert_eq!(error.missing_permissions(), ["routing:queue:view"]);

    let heard = server.heard();
    let login = &heard[0];
    assert!(login.starts_with("POST /oauth/token HTTP/1.1\n"), "{login}");
    assert!(
        login.ends_with("\ngrant_type=client_credentials"),
        "{login}"
    );
    for line in [
        "content-type: application/x-www-form-urlencoded\n",
        "authorization: Basic Y2xpZW50OnMzY3JldA==\n",
    ] {
        assert!(login.contains(line), "{login}");
    }
    for asked in &heard[1..] {
        assert!(
            asked.starts_with("GET /api/v2/organizations/me HTTP/1.1\n"),
            "{asked}"
        );
        assert!(
            asked.contains("authorization: Bearer genesysTOKEN\n"),
            "{asked}"
        );
    }
}
