//! The client against a server that misbehaves, over a real socket on loopback.
//!
//! The server is a few lines of the standard library: it answers what a test scripted, in order, and
//! keeps what it was sent.

use std::{
    io::{BufRead, BufReader, Write},
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
        http::Http,
        meta::{CallError, Connection, Page, Patience, Read as ReadOf, Reader},
        transport::TransportError,
    },
    clock::Clock,
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

    fn list(&self) -> Result<Vec<Value>, CallError> {
        let reader = self.reader(Duration::from_secs(60), None);
        let read: ReadOf<Page<Value>> = ReadOf::new("/1/phone_numbers");
        wait(async { reader.list(&read).await })
    }
}

/// Reads the head of a request that has no body.
fn request(stream: &TcpStream) -> String {
    let mut head = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.expect("text");
        if line.is_empty() {
            break;
        }
        head += &line;
        head.push('\n');
    }
    head
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
