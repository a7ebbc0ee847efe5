//! Uploads of example media: each content once, whatever breaks on the way.
//!
//! The storage of this file plays the protocol of the guide and nothing kinder: an offset that does
//! not fit, another scheme or another query is refused.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, join, ready};
use serde_json::{Value, json};
use waba_migrate::{
    api::{
        meta::MediaHandle,
        transport::{
            Body, FilePart, Method, Param, Request, Response, Scheme, Transport, TransportError,
        },
    },
    ids::{AccountStep, Address},
    journal::{Entry, Event},
    resource::Observed,
    step::{Payload, StepError, upload},
};

use crate::{
    crash::die,
    stage::{SMALL, Stage},
};

/// What is uploaded.
const CONTENT: &[u8] = b"BYTES-OF-AN-EXAMPLE-IMAGE";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What goes wrong with the next part.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// So many of its bytes arrive, then the connection breaks.
    Cut(usize),
    /// So many of its bytes arrive, then the sender dies.
    Death(usize),
    /// It is refused for good.
    Refused,
}

struct Session {
    path: String,
    query: String,
    length: usize,
    mime: String,
    received: Vec<u8>,
    handles: Vec<String>,
}

#[derive(Default)]
struct State {
    sessions: Vec<Session>,
    troubles: VecDeque<Trouble>,
    log: Vec<String>,
}

/// Takes uploads, and hands everything else on.
struct Storage {
    inner: Arc<dyn Transport>,
    state: Mutex<State>,
}

impl Transport for Storage {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let path = request.path.strip_prefix("/v25.0/");
        let path = path.expect("a versioned path").to_owned();
        let mut state = self.state.lock().expect("no panic holds it");
        let answer = if path.ends_with("/uploads") {
            state.start(&path, &request)
        } else if path.starts_with("upload:") {
            match state.place(&path, &request) {
                Some(place) if request.method == Method::Get => state.tell(place),
                Some(place) => {
                    let (answer, dies) = state.take(place, &request.body);
                    drop(state);
                    if dies {
                        die();
                    }
                    answer
                }
                None => Ok(refusal(
                    "Unsupported request. Object does not exist",
                    Some(33),
                )),
            }
        } else {
            drop(state);
            return self.inner.send(request);
        };
        ready(answer).boxed()
    }
}

impl State {
    fn start(&mut self, path: &str, request: &Request) -> Result<Response, TransportError> {
        assert_eq!(request.method, Method::Post);
        assert_eq!(request.scheme, Scheme::Bearer);
        let param = |name: &str| {
            let mut query = request.query.iter();
            match query.find(|(known, _)| known == name) {
                Some((_, Param::Plain(Value::String(text)))) => text.clone(),
                Some((_, Param::Plain(value))) => value.to_string(),
                Some((_, Param::Secret(_))) | None => panic!("{name} is missing"),
            }
        };
        self.log
            .push(format!("start {path} {}", param("file_name")));
        let number = self.sessions.len();
        let session = Session {
            path: format!("upload:MTphdHRh+{number}=="),
            query: format!("sig=AR%2Bz_{number}&x=a+b"),
            length: param("file_length").parse().expect("a length"),
            mime: param("file_type"),
            received: Vec::new(),
            handles: Vec::new(),
        };
        let id = format!("{}?{}", session.path, session.query);
        self.sessions.push(session);
        Ok(answer(200, &json!({ "id": id })))
    }

    fn place(&self, path: &str, request: &Request) -> Option<usize> {
        assert_eq!(request.scheme, Scheme::OAuth);
        let mut sessions = self.sessions.iter();
        let meant = |session: &Session| {
            session.path == path && Some(&session.query) == request.given_query.as_ref()
        };
        sessions.position(meant)
    }

    fn tell(&mut self, place: usize) -> Result<Response, TransportError> {
        let offset = self.sessions[place].received.len();
        self.log.push(format!("ask {place}: {offset}"));
        Ok(answer(
            200,
            &json!({"id": "upload:x", "file_offset": offset}),
        ))
    }

    /// Returns the answer, and whether the sender dies before it comes.
    fn take(&mut self, place: usize, body: &Body) -> (Result<Response, TransportError>, bool) {
        let Body::File(part) = body else {
            panic!("no bytes");
        };
        let session = &mut self.sessions[place];
        let (from, length) = (part.offset(), part.bytes().len());
        self.log.push(format!("bytes {place}: {from}+{length}"));
        if from != session.received.len() || from + length != session.length {
            return (Ok(refusal("The offset does not fit", None)), false);
        }
        match self.troubles.pop_front() {
            Some(Trouble::Refused) => (Ok(refusal("This type is not taken", None)), false),
            Some(Trouble::Cut(arrived)) => {
                session.receive(part, arrived);
                let cut = TransportError::Cut("connection reset by peer".into());
                (Err(cut), false)
            }
            Some(Trouble::Death(arrived)) => {
                session.receive(part, arrived);
                (Err(TransportError::Cut("nobody sees this".into())), true)
            }
            None => {
                session.receive(part, length);
                let handle = session.handles.join("\n");
                (Ok(answer(200, &json!({ "h": handle }))), false)
            }
        }
    }
}

impl Session {
    fn receive(&mut self, part: &FilePart, arrived: usize) {
        self.received.extend(&part.bytes()[..arrived]);
        let number = self.handles.len();
        self.handles
            .push(format!("4::{}:{}:{number}", self.mime, self.path));
    }
}

fn answer(status: u16, body: &Value) -> Response {
    Response {
        status,
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}

fn refusal(message: &str, subcode: Option<i64>) -> Response {
    let error = json!({"message": message, "type": "GraphMethodException", "code": 100, "error_subcode": subcode});
    answer(400, &json!({ "error": error }))
}

/// A stage with a storage.
struct Depot {
    stage: Stage,
    storage: Arc<Storage>,
    journal: Arc<Mutex<Vec<Event>>>,
}

impl Depot {
    fn new(troubles: &[Trouble]) -> Self {
        let mut stage = Stage::new(SMALL);
        let troubles = troubles.iter().copied().collect();
        let state = State {
            troubles,
            ..State::default()
        };
        let storage = Arc::new(Storage {
            inner: stage.transport.clone(),
            state: Mutex::new(state),
        });
        stage.transport = storage.clone();
        let journal: Arc<Mutex<Vec<Event>>> = Arc::default();
        let heard = journal.clone();
        stage.listener = Some(Arc::new(move |entry: &Entry| {
            heard
                .lock()
                .expect("no panic holds it")
                .push(entry.event.clone());
        }));
        Self {
            stage,
            storage,
            journal,
        }
    }

    /// Uploads in a run of its own.
    fn upload(&self, media: &Payload) -> Result<MediaHandle, StepError> {
        let step = step();
        self.stage.in_run(async |cx| upload(cx, &step, media).await)
    }

    /// Returns whether the run died.
    fn dies(&self) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.upload(&image()))).is_err()
    }

    fn log(&self) -> Vec<String> {
        let state = self.storage.state.lock().expect("no panic holds it");
        state.log.clone()
    }

    /// Counts what the storage heard that begins so.
    fn heard(&self, kind: &str) -> usize {
        let log = self.log();
        log.iter().filter(|line| line.starts_with(kind)).count()
    }

    /// Fails unless this handle is one for the whole content.
    #[track_caller]
    fn check(&self, handle: &MediaHandle, case: &str) {
        let state = self.storage.state.lock().expect("no panic holds it");
        let mut sessions = state.sessions.iter();
        let is_meant = |session: &&Session| session.handles.join("\n") == handle.as_str();
        let session = sessions.find(is_meant);
        let session = session.unwrap_or_else(|| panic!("{case}: {handle:?}"));
        assert_eq!(session.received, CONTENT, "{case}: {:?}", state.log);
    }
}

fn image() -> Payload {
    Payload::new("example.png", "image/png", CONTENT)
}

fn step() -> Address {
    Address::account(AccountStep::TemplatesRecreate)
}

#[test]
fn steps_that_need_the_same_content_at_the_same_time_upload_it_once() {
    let depot = Depot::new(&[]);
    let (one, other) = depot.stage.in_run(async |cx| {
        let (one, other) = (image(), Payload::new("other.png", "image/png", CONTENT));
        let step = step();
        join(upload(cx, &step, &one), upload(cx, &step, &other)).await
    });
    let handle = one.unwrap();
    depot.check(&handle, "once");
    assert_eq!(handle, other.unwrap());
    assert_eq!((depot.heard("start"), depot.heard("bytes")), (1, 1));
}

#[test]
fn a_later_run_uses_the_handle_as_long_as_it_is_fresh() {
    let depot = Depot::new(&[]);
    let handle = depot.upload(&image()).unwrap();
    depot.stage.sim.advance(DAY - Duration::from_secs(60));
    assert_eq!(depot.upload(&image()).unwrap(), handle);
    assert_eq!(depot.heard("start"), 1);
    depot.stage.sim.advance(Duration::from_secs(60));
    assert_ne!(depot.upload(&image()).unwrap(), handle);
    assert_eq!((depot.heard("start"), depot.heard("bytes")), (2, 2));
}

#[test]
fn a_handle_serves_only_its_own_content_and_type() {
    let depot = Depot::new(&[]);
    depot.upload(&image()).unwrap();
    depot
        .upload(&Payload::new("example.png", "image/png", *b"other"))
        .unwrap();
    depot
        .upload(&Payload::new("example.jpg", "image/jpeg", CONTENT))
        .unwrap();
    assert_eq!(depot.heard("start"), 3);
}

#[test]
fn after_a_cut_the_rest_is_sent() {
    let third = CONTENT.len() / 3;
    for arrived in [0, third, 2 * third, CONTENT.len()] {
        let depot = Depot::new(&[Trouble::Cut(arrived)]);
        let handle = depot.upload(&image()).unwrap();
        let case = format!("{arrived}: {:?}", depot.log());
        depot.check(&handle, &case);
        // Where everything had arrived, its handle is told nowhere.
        let starts = if arrived == CONTENT.len() { 2 } else { 1 };
        assert_eq!(
            (depot.heard("start"), depot.heard("bytes")),
            (starts, 2),
            "{case}"
        );
    }
}

#[test]
fn several_cuts_make_a_handle_of_several_parts() {
    let depot = Depot::new(&[Trouble::Cut(5), Trouble::Cut(5), Trouble::Cut(5)]);
    let handle = depot.upload(&image()).unwrap();
    depot.check(&handle, "four parts");
    assert_eq!(handle.as_str().lines().count(), 4);
    assert_eq!((depot.heard("start"), depot.heard("bytes")), (1, 4));
}

#[test]
fn a_connection_that_never_holds_is_left_and_gone_on_with_by_the_next_run() {
    let depot = Depot::new(&[Trouble::Cut(1); 20]);
    let error = depot.upload(&image()).unwrap_err();
    assert!(error.to_string().contains("run apply again"), "{error}");
    let handle = depot.upload(&image()).unwrap();
    depot.check(&handle, "second run");
    assert_eq!(depot.heard("start"), 1);
    assert_eq!(
        depot.log().last().map(String::as_str),
        Some("bytes 0: 20+5")
    );
}

#[test]
fn a_whole_file_is_sent_three_times_at_most() {
    let depot = Depot::new(&[Trouble::Cut(CONTENT.len()); 20]);
    let error = depot.upload(&image()).unwrap_err();
    assert!(error.to_string().contains("run apply again"), "{error}");
    assert_eq!((depot.heard("start"), depot.heard("bytes")), (3, 3));
}

#[test]
fn after_a_death_in_the_middle_the_rest_is_sent() {
    let third = CONTENT.len() / 3;
    for arrived in [0, third, 2 * third, CONTENT.len()] {
        let depot = Depot::new(&[Trouble::Death(arrived)]);
        assert!(depot.dies());
        let handle = depot.upload(&image()).unwrap();
        let case = format!("{arrived}: {:?}", depot.log());
        depot.check(&handle, &case);
        let starts = if arrived == CONTENT.len() { 2 } else { 1 };
        assert_eq!(
            (depot.heard("start"), depot.heard("bytes")),
            (starts, 2),
            "{case}"
        );
    }
}

#[test]
fn a_death_after_any_line_of_the_journal_costs_at_most_one_more_upload() {
    let mut died = 0;
    for nth in 1.. {
        let mut depot = Depot::new(&[]);
        let lines = Mutex::new(0);
        let listener = depot.stage.listener.replace(Arc::new(move |_: &Entry| {
            let mut lines = lines
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            *lines += 1;
            if *lines == nth {
                drop(lines);
                die();
            }
        }));
        if !depot.dies() {
            break;
        }
        died += 1;
        depot.stage.listener = listener;
        let handle = depot.upload(&image()).unwrap();
        depot.check(&handle, &format!("line {nth}"));
        assert!(depot.heard("bytes") <= 2, "line {nth}: {:?}", depot.log());
    }
    assert_eq!(
        died, 6,
        "start, its answer, session, bytes, their answer, handle"
    );
}

#[test]
fn a_session_that_is_too_old_or_unknown_is_left() {
    let depot = Depot::new(&[Trouble::Death(5)]);
    assert!(depot.dies());
    depot.stage.sim.advance(DAY);
    depot.check(&depot.upload(&image()).unwrap(), "old");
    assert_eq!((depot.heard("start"), depot.heard("ask")), (2, 0));

    let depot = Depot::new(&[Trouble::Death(5)]);
    assert!(depot.dies());
    let state = || depot.storage.state.lock().expect("no panic holds it");
    state().sessions[0].path += "gone";
    depot.check(&depot.upload(&image()).unwrap(), "unknown");
    assert_eq!((depot.heard("start"), depot.heard("bytes")), (2, 2));
}

#[test]
fn what_is_refused_from_the_start_is_not_sent_again() {
    let depot = Depot::new(&[Trouble::Refused]);
    let error = depot.upload(&image()).unwrap_err();
    assert!(matches!(error, StepError::Call { .. }), "{error}");
    assert_eq!((depot.heard("start"), depot.heard("bytes")), (1, 1));
}

#[test]
fn what_is_refused_in_the_middle_begins_anew() {
    let depot = Depot::new(&[Trouble::Cut(5), Trouble::Refused]);
    depot.check(&depot.upload(&image()).unwrap(), "refused");
    assert_eq!((depot.heard("start"), depot.heard("bytes")), (2, 3));
}

#[test]
fn without_a_known_app_nothing_is_sent_and_the_plan_can_name_it() {
    let depot = Depot::new(&[]);
    let step = step();
    let error = depot.stage.in_run(async |cx| {
        cx.seen().app = Observed::Absent;
        upload(cx, &step, &image()).await.unwrap_err()
    });
    assert!(error.to_string().contains("set graph.app_id"), "{error}");
    assert_eq!(depot.log(), Vec::<String>::new());
}

#[test]
fn an_empty_file_is_not_sent() {
    let depot = Depot::new(&[]);
    let empty = Payload::new("example.png", "image/png", *b"");
    let error = depot.upload(&empty).unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");
    assert_eq!(depot.log(), Vec::<String>::new());
}

#[test]
fn the_session_is_on_disk_before_the_first_byte_leaves_and_the_bytes_never_are() {
    let depot = Depot::new(&[]);
    depot.upload(&image()).unwrap();
    let journal = depot.journal.lock().expect("no panic holds it");
    let kinds: Vec<_> = journal
        .iter()
        .map(|event| match event {
            Event::Intent { path, params, .. } => {
                let names: Vec<_> = params.keys().map(String::as_str).collect();
                let path = path.split([':', '/']).nth(1).unwrap_or_default();
                let path = if path.bytes().all(|b| b.is_ascii_digit()) {
                    "uploads"
                } else {
                    path
                };
                format!("{path} {}", names.join(", "))
            }
            Event::Answered { .. } => "answered".into(),
            Event::Kept { what, .. } => what.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "uploads file_length, file_name, file_type",
            "answered",
            "upload_session",
            "upload file_offset, length, sha256",
            "answered",
            "upload_handle",
        ]
    );
    let text = serde_json::to_string(&*journal).unwrap();
    assert!(!text.contains("BYTES-OF"), "{text}");
}
