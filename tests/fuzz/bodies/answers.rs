//! Answers of the API, whatever they say.
//!
//! The first byte draws the status; what follows up to the first line break is a usage header; the
//! rest is the body.

use std::{fmt::Debug, sync::Arc, time::Duration};

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use waba_migrate::{
    api::{
        meta::{CallError, Connection, Page, Patience, Read, Reader},
        transport::Response,
    },
    ids::WabaId,
    resource::{
        Observed,
        flow::Flow,
        migration_intent::MigrationIntent,
        phone_number::PhoneNumber,
        profile::Profile,
        subscription::{App, Subscription},
        template::{Room, Template},
        token::Token,
        waba::Waba,
    },
    secret::Secret,
};

use super::{Always, Skipping, genesys, wait};

const TOKEN: &str = "EAAfuzzTOKEN";
const APP_SECRET: &str = "fuzzAPPSECRET";

const STATUSES: [u16; 12] = [200, 200, 200, 201, 204, 400, 401, 403, 404, 429, 500, 503];

/// Takes bytes for the answer to everything that is read.
pub(crate) fn answers(bytes: &[u8]) {
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let end = rest.iter().position(|&byte| byte == b'\n');
    let (usage, body) = match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (&[][..], rest),
    };
    let usage = String::from_utf8_lossy(usage).into_owned();
    let headers = ["x-business-use-case-usage", "x-app-usage"];
    let headers = headers.map(|name| (name.to_owned(), usage.clone()));
    let answer = Response {
        status,
        headers: headers.into(),
        body: body.to_vec(),
    };
    wait(async {
        look(&Case::of(answer.clone())).await;
        genesys::look(answer, &usage).await;
    });
}

/// An answer, as little of it as tells whether it is an error.
#[derive(Deserialize)]
struct Outline {
    error: Option<IgnoredAny>,
}

/// A list, whatever is in it.
#[derive(Deserialize)]
struct List {
    data: Vec<IgnoredAny>,
}

/// The same answer to everything, and what it can be taken for at most.
struct Case {
    reader: Reader,
    /// Whether it can hold a thing: it reports success, and no error.
    is_object: bool,
    /// How many things it lists.
    listed: Option<usize>,
}

impl Case {
    fn of(answer: Response) -> Self {
        let success = (200..300).contains(&answer.status);
        let body = answer.body.trim_ascii_start();
        let outline: Option<Outline> = serde_json::from_slice(body).ok();
        let outline = outline.filter(|outline| outline.error.is_none());
        let is_object = success && body.starts_with(b"{") && outline.is_some();
        let list: Option<List> = serde_json::from_slice(body).ok();
        let listed = list.filter(|_| is_object).map(|list| list.data.len());
        let connection = Connection::new(
            Arc::new(Always(answer)),
            Arc::new(Skipping::default()),
            "v25.0",
            Secret::new(TOKEN),
            Some(Secret::new(APP_SECRET)),
            Patience(Duration::from_secs(3600)),
        );
        Self {
            reader: Reader::new(Arc::new(connection)),
            is_object,
            listed,
        }
    }

    async fn get<T: DeserializeOwned + Debug>(&self, read: Read<T>) -> Option<T> {
        let answer = self.reader.get(&read).await;
        check_error(answer.as_ref().err());
        assert!(answer.is_err() || self.is_object, "{answer:?}");
        match Observed::from(answer) {
            Observed::Present(thing) => Some(thing),
            Observed::Unknown(why) => {
                check_hidden(&format!("{why:?}"));
                None
            }
            Observed::Absent => panic!("what an answer does not say is not absent"),
        }
    }

    /// An answer is never taken for a shorter list than it is.
    async fn list<T: DeserializeOwned + Debug>(&self, read: Read<Page<T>>) -> Option<Vec<T>> {
        let answer = self.reader.list(&read).await;
        check_error(answer.as_ref().err());
        let listed = answer.as_ref().ok().map(Vec::len);
        assert!(listed.is_none() || listed == self.listed, "{answer:?}");
        answer.ok()
    }
}

async fn look(case: &Case) {
    let waba: WabaId = "102290129340398".parse().expect("an id");
    case.get(Waba::read(&waba, true)).await;
    case.get(Waba::read_details(&waba)).await;
    case.get(App::of_token()).await;
    case.get(PhoneNumber::read(
        &"106540352242922".parse().expect("an id"),
    ))
    .await;
    case.get(MigrationIntent::read(&"1".parse().expect("an id")))
        .await;
    case.get(Template::whole(&"1".parse().expect("an id")))
        .await;
    case.get(Room::read(&waba)).await.map(Room::of);
    case.get(Token::read(&Secret::new(TOKEN))).await;

    let numbers = case.list(PhoneNumber::list(&waba)).await;
    let phone = "+49 30 901820".parse().expect("a phone");
    PhoneNumber::find(&numbers.unwrap_or_default(), &phone);
    for template in case.list(Template::list(&waba)).await.unwrap_or_default() {
        template.key();
        template.is_approved();
    }
    case.list(Flow::list(&waba)).await;
    case.list(Subscription::list(&waba)).await;
    let profile = Profile::read(&"106540352242922".parse().expect("an id"));
    case.list(profile).await.map(Profile::of);
}

/// An error can be shown in every way there is, and tells no secret.
fn check_error(error: Option<&CallError>) {
    let Some(error) = error else { return };
    check_hidden(&format!("{error} {error:?}"));
    error.retry();
    error.leaves_doubt();
    error.is_answered();
    if let Some(graph) = error.graph() {
        graph.rest();
        graph.judges();
        check_hidden(&graph.words());
        check_hidden(&graph.whole());
    }
}

fn check_hidden(text: &str) {
    for secret in [TOKEN, APP_SECRET] {
        assert!(!text.contains(secret), "{text}");
    }
}
