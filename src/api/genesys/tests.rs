//! The connection against servers that misbehave: what is sent, how often, and what is never shown.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::{BoxFuture, FutureExt, join_all, ready};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::{
    api::{
        CallError, Patience, Retry, Sent, Write, Writes,
        transport::{Body, Param, Request, Response, Scheme, Transport, TransportError},
    },
    clock::Clock,
    ids::{Address, RunId},
    journal::{Journal, Lock},
    secret::Secret,
};

const CLIENT_ID: &str = "client-id-0001";
const CLIENT_SECRET: &str = "client-SECRET-0002";
const PIN: &str = "248163";

/// A clock on which waiting takes no time.
#[derive(Default)]
struct Skipping(Mutex<Duration>);

impl Skipping {
    fn passed(&self) -> u64 {
        self.0.lock().unwrap().as_secs()
    }

    fn pass(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Clock for Skipping {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(*self.0.lock().unwrap()).unwrap();
        Timestamp::UNIX_EPOCH + passed
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().unwrap() += duration;
        ready(()).boxed()
    }
}

type Answered = Result<Response, TransportError>;

/// Gives answers in order; the last one again and again. Keeps what it was sent.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Answered>>,
    heard: Mutex<Vec<Request>>,
}

impl Scripted {
    fn of(answers: impl IntoIterator<Item = Answered>) -> Arc<Self> {
        let answers = Mutex::new(answers.into_iter().collect());
        let heard = Mutex::default();
        Arc::new(Self { answers, heard })
    }

    fn heard(&self) -> Vec<Request> {
        self.heard.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> BoxFuture<'_, Answered> {
        self.heard.lock().unwrap().push(request);
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.len() {
            1 => answers.front().cloned(),
            _ => answers.pop_front(),
        };
        async {
            // Others get their turn before the answer comes.
            tokio::task::yield_now().await;
            answer.expect("an answer")
        }
        .boxed()
    }
}

/// Gives out `token-1`, `token-2`, … for a day each.
#[derive(Default)]
struct Office(AtomicUsize);

impl Transport for Office {
    fn send(&self, _: Request) -> BoxFuture<'_, Answered> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            tokio::task::yield_now().await;
            let token = format!("token-{number}");
            answer(
                200,
                json!({"access_token": token, "token_type": "bearer", "expires_in": 86400}),
            )
        }
        .boxed()
    }
}

fn answer(status: u16, body: Value) -> Answered {
    raw(status, &body.to_string())
}

fn raw(status: u16, body: &str) -> Answered {
    Ok(Response {
        status,
        headers: Vec::new(),
        body: body.into(),
    })
}

fn with(answered: Answered, headers: &[(&str, &str)]) -> Answered {
    let mut response = answered?;
    let named = headers.iter();
    let named = named.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    response.headers.extend(named);
    Ok(response)
}

fn refusal(status: u16, code: &str) -> Answered {
    answer(
        status,
        json!({"message": "no", "code": code, "status": status, "contextId": "c-1"}),
    )
}

struct Stage {
    api: Arc<Scripted>,
    clock: Arc<Skipping>,
    connection: Arc<Connection>,
}

impl Stage {
    fn new(answers: impl IntoIterator<Item = Answered>) -> Self {
        Self::with_login(answers, Arc::new(Office::default()))
    }

    fn with_login(answers: impl IntoIterator<Item = Answered>, login: Arc<dyn Transport>) -> Self {
        let api = Scripted::of(answers);
        let clock = Arc::new(Skipping::default());
        let connection = Arc::new(Connection::new(
            api.clone(),
            login,
            &Secret::new(CLIENT_ID),
            &Secret::new(CLIENT_SECRET),
            clock.clone(),
            Patience(Duration::from_secs(60)),
        ));
        Self {
            api,
            clock,
            connection,
        }
    }

    fn reader(&self) -> Reader {
        Reader::new(self.connection.clone())
    }

    fn get(&self) -> Result<Value, CallError> {
        wait(self.reader().get(&Read::new("/organizations/me")))
    }

    fn list(&self) -> Result<Vec<Value>, CallError> {
        let read: Read<Page<Value>> = Read::new("/routing/queues").with("name", "a b");
        wait(self.reader().list(&read))
    }

    /// Gets ready, and sends, through a journal.
    fn write(&self, write: &Write) -> Sent {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path(), "acme", "me").unwrap();
        let run = RunId::new(Timestamp::UNIX_EPOCH, [0; 10]);
        let journal = Journal::create(&lock, run, self.clock.clone(), None).unwrap();
        let writer = Writer::new(self.connection.clone());
        wait(async {
            if let Err(error) = writer.ready(write).await {
                return Sent {
                    result: Err(error),
                    trace_id: None,
                };
            }
            let step = Address::read("genesys");
            let method = write.method.as_str();
            let params = write.public_params();
            let intent = journal.intend(&step, 1, method, &write.path, params);
            writer.send(intent.unwrap(), write).await
        })
    }

    /// The tokens that were presented, in order.
    fn tokens(&self) -> Vec<String> {
        let heard = self.api.heard();
        let token = |request: &Request| request.token.as_ref().map(|it| it.expose().to_owned());
        heard.iter().filter_map(token).collect()
    }

    fn pages(&self) -> Vec<BTreeMap<String, String>> {
        let text = |param: &Param| match param {
            Param::Plain(Value::String(text)) => text.clone(),
            Param::Plain(value) => value.to_string(),
            Param::Secret(_) => panic!("a secret"),
        };
        let query = |request: &Request| {
            let query = request.query.iter();
            query
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect()
        };
        self.api.heard().iter().map(query).collect()
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn release() -> Write {
    write::set_flow(&"9a0c".parse().unwrap(), None)
}

fn activation() -> Write {
    write::activate(
        &"9a0c".parse().unwrap(),
        None,
        Some("Berlin"),
        Secret::new(PIN),
    )
}

fn declined(result: Result<Value, CallError>) -> ApiError {
    match result {
        Err(CallError::Declined(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_logs_in_with_its_name_and_password_and_keeps_its_token() {
    let login = Scripted::of([answer(
        200,
        json!({"access_token": "t-1", "token_type": "bearer", "expires_in": 300, "new": 1}),
    )]);
    let stage = Stage::with_login([answer(200, json!({"id": "1"}))], login.clone());
    for _ in 0..3 {
        assert_eq!(stage.get().unwrap(), json!({"id": "1"}));
    }
    let [asked] = &*login.heard() else {
        panic!("one login")
    };
    assert_eq!(
        (asked.method.as_str(), &*asked.path),
        ("POST", "/oauth/token")
    );
    assert_eq!(asked.scheme, Scheme::Basic);
    // base64("client-id-0001:client-SECRET-0002")
    let basic = asked.token.as_ref().unwrap().expose();
    assert_eq!(basic, "Y2xpZW50LWlkLTAwMDE6Y2xpZW50LVNFQ1JFVC0wMDAy");
    assert!(matches!(&asked.body, Body::Form(params) if params.len() == 1));
    let heard = stage.api.heard();
    assert!(heard.iter().all(|it| it.path == "/api/v2/organizations/me"));
    assert_eq!(stage.tokens(), ["t-1", "t-1", "t-1"]);

    // It is given up before it ends: a minute of five, or half of less than two.
    stage.clock.pass(239);
    stage.get().unwrap();
    assert_eq!(login.count(), 1);
    stage.clock.pass(1);
    stage.get().unwrap();
    assert_eq!(login.count(), 2);
}

#[test]
fn requests_at_the_same_time_share_one_login() {
    let office = Arc::new(Office::default());
    let stage = Stage::with_login([answer(200, json!({}))], office.clone());
    let reader = stage.reader();
    let read: Read<Value> = Read::new("/organizations/me");
    let all = wait(join_all((0..20).map(|_| reader.get(&read))));
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(office.0.load(Ordering::SeqCst), 1);
    assert_eq!(stage.api.count(), 20);
}

#[test]
fn a_token_that_is_refused_is_replaced_once_a_request() {
    let ok = answer(200, json!({"id": "1"}));
    let stage = Stage::new([refusal(401, "credentials.expired"), ok.clone()]);
    assert!(stage.get().is_ok());
    assert_eq!(stage.tokens(), ["token-1", "token-2"]);

    let stage = Stage::new([refusal(401, "bad.credentials")]);
    let error = declined(stage.get());
    assert!(error.is_credential());
    assert_eq!(stage.tokens(), ["token-1", "token-2"]);

    // Another token has no other permissions.
    for (status, code) in [(401, "missing.permissions"), (403, "missing.permissions")] {
        let stage = Stage::new([refusal(status, code)]);
        assert!(declined(stage.get()).is_credential());
        assert_eq!(stage.tokens(), ["token-1"]);
    }

    // Somebody on the way may answer so, too.
    let stage = Stage::new([raw(401, "<html>"), ok]);
    assert!(stage.get().is_ok());
}

#[test]
fn refused_tokens_of_several_requests_make_one_new_login() {
    let office = Arc::new(Office::default());
    let mut answers = vec![refusal(401, "credentials.expired"); 5];
    answers.push(answer(200, json!({})));
    let stage = Stage::with_login(answers, office.clone());
    let reader = stage.reader();
    let read: Read<Value> = Read::new("/organizations/me");
    let all = wait(join_all((0..5).map(|_| reader.get(&read))));
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(office.0.load(Ordering::SeqCst), 2);
}

#[test]
fn a_login_that_is_refused_says_what_the_answer_said_and_is_not_asked_again() {
    let body = json!({"error": "invalid_client", "description": "client not found: client-SECRET-0002",
        "error_description": "client not found"});
    for status in [400, 401] {
        let login = Scripted::of([answer(status, body.clone())]);
        let stage = Stage::with_login([], login.clone());
        for _ in 0..4 {
            let error = declined(stage.get());
            assert!(error.is_credential() && error.at_login);
            let text = error.to_string();
            let said = format!("refused: client not found: *** (HTTP {status}, invalid_client)");
            assert!(text.contains(&said), "{text}");
            let finding = finding("genesys", &error);
            assert!(finding.hint.unwrap().contains("one region"));
        }
        assert_eq!((login.count(), stage.api.count()), (1, 0));
        stage.clock.pass(31);
        declined(stage.get());
        assert_eq!(login.count(), 2);
    }
}

#[test]
fn a_login_in_trouble_is_tried_again() {
    let granted = answer(200, json!({"access_token": "t", "expires_in": "soon"}));
    let login = Scripted::of([
        Err(TransportError::Cut("reset".into())),
        raw(503, "<html>busy"),
        with(raw(429, ""), &[("retry-after", "30")]),
        answer(200, json!({"access_token": "t"})),
    ]);
    let stage = Stage::with_login([answer(200, json!({}))], login.clone());
    assert!(stage.get().is_ok());
    assert_eq!((login.count(), stage.clock.passed()), (4, 33));

    // What cannot be understood is no token, and is not shown: a token may stand in it.
    for odd in [
        granted,
        raw(200, "[\"s3cretT0ken\"]"),
        raw(200, r#"{"access_token":"a b"}"#),
    ] {
        let stage = Stage::with_login([], Scripted::of([odd]));
        let error = stage.get().unwrap_err();
        assert!(!error.is_credential() && !error.leaves_doubt());
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}

#[test]
fn a_write_whose_login_fails_has_not_left() {
    for trouble in [
        Err(TransportError::Cut("reset".into())),
        Err(TransportError::Timeout(Duration::from_secs(45))),
        Err(TransportError::Redirect("evil.example".into())),
        raw(502, "<html>"),
        raw(200, "x"),
        answer(401, json!({"error": "invalid_client"})),
    ] {
        let stage = Stage::with_login([], Scripted::of([trouble.clone()]));
        let error = stage.write(&release()).result.unwrap_err();
        assert!(!error.leaves_doubt(), "{trouble:?}: {error}");
        assert_eq!(stage.api.count(), 0);
    }
}

#[test]
fn reads_slow_down_before_the_limit_and_writes_do_not() {
    let used = |count| {
        let headers = [
            ("inin-ratelimit-count", count),
            ("inin-ratelimit-allowed", "300"),
            ("inin-ratelimit-reset", "20"),
        ];
        with(answer(200, json!({})), &headers)
    };
    let stage = Stage::new([used("292"), used("293"), used("1")]);
    stage.get().unwrap();
    assert!(stage.write(&release()).result.is_ok());
    assert_eq!(stage.clock.passed(), 0);
    stage.get().unwrap();
    assert_eq!(stage.clock.passed(), 20);

    let stage = Stage::new([used("300"), used("1")]);
    stage.get().unwrap();
    let now_or_never = stage.write(&activation());
    assert!(matches!(
        now_or_never.result,
        Err(CallError::Throttled { .. })
    ));
    assert_eq!(stage.api.count(), 1);
    assert!(stage.write(&release()).result.is_ok());
    assert_eq!(stage.clock.passed(), 20);
}

#[test]
fn a_limit_is_waited_for_as_long_as_anybody_wants_to_wait() {
    let ok = answer(200, json!({}));
    let limit = |seconds| {
        with(
            refusal(429, "too.many.requests"),
            &[("retry-after", seconds)],
        )
    };
    let stage = Stage::new([limit("7"), ok.clone()]);
    assert!(stage.get().is_ok());
    assert_eq!(stage.clock.passed(), 7);

    let stage = Stage::new([limit("3600"), ok.clone()]);
    let error = stage.get().unwrap_err();
    assert!(matches!(error, CallError::Throttled { .. }), "{error}");
    assert!(error.is_limit());
    assert_eq!(stage.api.count(), 1);

    let stage = Stage::new([raw(429, ""), ok]);
    assert!(stage.get().is_ok());
    assert_eq!(stage.clock.passed(), 60);

    // A write is not repeated, but the next one waits.
    let stage = Stage::new([limit("7")]);
    let writer = Writer::new(stage.connection.clone());
    let error = stage.write(&release()).result.unwrap_err();
    assert_eq!(error.retry(), Retry::Later(Duration::from_secs(7)));
    assert!(!error.leaves_doubt());
    assert_eq!(stage.api.count(), 1);
    assert!(writer.rests_until().is_some());
    wait(writer.rest()).unwrap();
    assert_eq!(stage.clock.passed(), 7);
}

#[test]
fn reads_are_repeated_and_writes_are_not() {
    let troubles = [
        Err(TransportError::Cut("reset".into())),
        Err(TransportError::Timeout(Duration::from_secs(45))),
        refusal(408, "client.timeout"),
        refusal(500, "internal.server.error"),
        refusal(503, "service.unavailable"),
        refusal(504, "request.timeout"),
        raw(502, "<html>bad gateway"),
    ];
    for trouble in troubles {
        let stage = Stage::new([trouble.clone(), trouble.clone(), answer(200, json!({}))]);
        assert!(stage.get().is_ok(), "{trouble:?}");
        assert_eq!((stage.api.count(), stage.clock.passed()), (3, 3));
        let stage = Stage::new([trouble.clone()]);
        assert!(stage.get().is_err());
        assert_eq!(stage.api.count(), 5);
        for write in [release(), activation()] {
            let stage = Stage::new([trouble.clone()]);
            let error = stage.write(&write).result.unwrap_err();
            assert!(error.leaves_doubt(), "{trouble:?}");
            assert_eq!(stage.api.count(), 1);
        }
    }
    for definite in [refusal(400, "x"), refusal(409, "x"), refusal(501, "x")] {
        let stage = Stage::new([definite.clone()]);
        assert!(stage.get().is_err());
        assert_eq!(stage.api.count(), 1);
        assert!(!stage.write(&release()).result.unwrap_err().leaves_doubt());
    }
}

#[test]
fn a_write_is_let_in_with_a_new_token_and_an_activation_gets_a_fresh_one_beforehand() {
    let expired = refusal(401, "credentials.expired");
    let stage = Stage::new([expired.clone(), answer(200, json!({"id": "1"}))]);
    assert_eq!(stage.write(&release()).result.unwrap(), json!({"id": "1"}));
    assert_eq!(stage.tokens(), ["token-1", "token-2"]);

    let ok = answer(200, json!({}));
    let stage = Stage::new([ok.clone(), ok, expired]);
    stage.get().unwrap();
    stage.clock.pass(59);
    assert!(stage.write(&activation()).result.is_ok());
    stage.clock.pass(1);
    assert!(
        stage
            .write(&activation())
            .result
            .unwrap_err()
            .is_credential()
    );
    assert_eq!(stage.tokens(), ["token-1", "token-1", "token-2"]);
}

#[test]
fn success_is_an_object_or_nothing() {
    #[track_caller]
    fn check(answered: Answered, expected: Option<Value>) {
        let stage = Stage::new([with(answered, &[("inin-correlation-id", "c-9")])]);
        let sent = stage.write(&release());
        assert_eq!(sent.trace_id.as_deref(), Some("c-9"));
        match (sent.result, expected) {
            (Ok(answer), Some(expected)) => assert_eq!(answer, expected),
            (Err(error), None) => assert!(error.leaves_doubt(), "{error}"),
            (result, _) => panic!("{result:?}"),
        }
    }
    check(raw(204, ""), Some(json!({})));
    check(raw(202, " \n"), Some(json!({})));
    check(answer(202, json!({"id": "1"})), Some(json!({"id": "1"})));
    check(answer(200, json!({"id": "1"})), Some(json!({"id": "1"})));
    check(answer(200, json!([])), None);
    check(raw(200, "null"), None);
    check(raw(200, "<html>"), None);
}

#[test]
fn what_is_gone_is_absent_only_when_genesys_cloud_says_so() {
    let find = |answered: Answered| {
        let stage = Stage::new([answered]);
        let read: Read<Value> = Read::new("/flows/1");
        wait(stage.reader().find(&read))
    };
    assert_eq!(find(refusal(404, "not.found")).unwrap(), None);
    assert_eq!(find(refusal(410, "architect.flow.deleted")).unwrap(), None);
    assert_eq!(
        find(answer(200, json!({"id": "1"}))).unwrap(),
        Some(json!({"id": "1"}))
    );
    for other in [
        raw(404, "<html>not here"),
        raw(404, ""),
        raw(404, "[]"),
        refusal(403, "not.authorized"),
        refusal(408, "x"),
        answer(200, json!([])),
        raw(204, ""),
    ] {
        assert!(find(other.clone()).is_err(), "{other:?}");
    }
}

#[test]
fn a_list_is_read_to_its_end() {
    let page = |number: u64, entities: Value| {
        answer(
            200,
            json!({"entities": entities, "pageNumber": number, "pageSize": 100, "pageCount": 3, "total": 3}),
        )
    };
    let stage = Stage::new([
        page(1, json!([1])),
        page(2, json!([2])),
        page(3, json!([3])),
    ]);
    assert_eq!(stage.list().unwrap(), [json!(1), json!(2), json!(3)]);
    let pages = stage.pages();
    assert_eq!(pages.len(), 3);
    for (page, number) in pages.iter().zip(["1", "2", "3"]) {
        assert_eq!(page["pageNumber"], number);
        assert_eq!((&*page["pageSize"], &*page["name"]), ("100", "a b"));
    }

    let stage = Stage::new([page(1, json!([1])), page(2, json!([]))]);
    assert_eq!(stage.list().unwrap(), [json!(1)]);
    let stage = Stage::new([answer(
        200,
        json!({"pageNumber": 1, "pageCount": 0, "total": 0}),
    )]);
    assert_eq!(stage.list().unwrap(), Vec::<Value>::new());
}

#[test]
fn what_is_no_list_is_never_taken_for_an_empty_one() {
    for odd in [
        json!([]),
        json!({}),
        json!(null),
        json!({"entities": {}}),
        json!({"entities": [1], "pageNumber": 2}),
        json!({"total": 4, "pageNumber": 1}),
        json!({"entities": "x"}),
    ] {
        let stage = Stage::new([answer(200, odd.clone())]);
        let error = stage.list().unwrap_err();
        assert!(matches!(error, CallError::Garbled { .. }), "{odd}: {error}");
        assert_eq!(stage.api.count(), 1);
    }
    for trouble in [refusal(404, "not.found"), raw(204, "")] {
        assert!(Stage::new([trouble]).list().is_err());
    }
}

#[test]
fn a_list_that_never_ends_is_an_error() {
    let stage = Stage::new([answer(
        200,
        json!({"entities": [1], "pageCount": 1_000_000}),
    )]);
    let error = stage.list().unwrap_err().to_string();
    assert!(error.contains("the list does not end"), "{error}");
    assert_eq!(stage.api.count(), 1000);
}

#[test]
fn a_limit_between_two_pages_loses_none() {
    let page = |number: u64| {
        answer(
            200,
            json!({"entities": [number], "pageNumber": number, "pageCount": 2}),
        )
    };
    let limit = with(refusal(429, "x"), &[("retry-after", "3")]);
    let cut = Err(TransportError::Cut("reset".into()));
    let stage = Stage::new([page(1), limit, cut, page(2)]);
    assert_eq!(stage.list().unwrap(), [json!(1), json!(2)]);
    assert_eq!(stage.clock.passed(), 3 + 2);
}

#[test]
fn an_error_names_its_correlation_id_and_hides_every_secret() {
    let basic = "Y2xpZW50LWlkLTAwMDE6Y2xpZW50LVNFQ1JFVC0wMDAy";
    let quoting = format!("bad {CLIENT_ID} {CLIENT_SECRET} {basic} token-1 {PIN}");
    let body = json!({"message": quoting, "code": quoting, "entityId": quoting, "contextId": "c-1",
        "messageParams": {&quoting: quoting}, "details": [{"errorCode": quoting, "fieldName": quoting}],
        "errors": [{"message": quoting}], "limit": {"key": quoting, "namespace": quoting}});
    let header = [("inin-correlation-id", "from-header")];
    let secrets = [CLIENT_ID, CLIENT_SECRET, basic, "token-1", PIN];
    for answered in [
        with(answer(400, body), &header),
        raw(400, &format!("<html>{quoting}")),
        raw(200, &format!("<html>{quoting}")),
        answer(200, json!([quoting])),
    ] {
        let stage = Stage::new([answered]);
        let error = stage.write(&activation()).result.unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.finding("genesys"));
        for secret in secrets {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        let whole = format!("{:?} {:?}", stage.connection, stage.reader());
        assert!(secrets.iter().all(|secret| !whole.contains(secret)));
        assert_eq!(stage.reader().mask("PIN 248163 token-1"), "PIN *** ***");
    }
    let stage = Stage::new([with(refusal(400, "x"), &header)]);
    let text = stage.get().unwrap_err().to_string();
    assert!(text.ends_with("[correlation id from-header]"), "{text}");
    let stage = Stage::new([with(
        refusal(400, "x"),
        &[("inin-correlation-id", "\u{1b}[31m")],
    )]);
    let text = stage.get().unwrap_err().to_string();
    assert!(text.ends_with("[correlation id c-1]"), "{text}");
}
