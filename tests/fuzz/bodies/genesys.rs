//! Answers of Genesys Cloud, whatever they say. They are drawn as those of the Graph API are; what
//! stands where that has a usage header is every header of Genesys Cloud.

use std::{fmt::Debug, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, FutureExt, ready};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use waba_migrate::{
    api::{
        CallError, Patience,
        genesys::{Connection, Page, Read, Reader},
        transport::{Request, Response, Transport, TransportError},
    },
    ids::IntegrationId,
    phone::Phone,
    resource::{
        Observed,
        genesys::{
            campaign::Campaign,
            flow::Flow,
            identity::IdentityResolution,
            integration::Integration,
            library::Library,
            organization::{Organization, Products, TokenOf},
            queue::Queue,
            recipient::Recipient,
            response::Response as Canned,
            rule_set::RuleSet,
        },
    },
    secret::Secret,
};

use super::{Always, Skipping};

const SECRETS: [&str; 3] = ["genesysCLIENT", "genesysSECRET", "genesysTOKEN"];

/// A list, whatever is in it.
#[derive(Deserialize)]
struct List {
    entities: Option<Vec<IgnoredAny>>,
}

/// The same answer to everything, and what it can be taken for at most.
struct Case {
    reader: Reader,
    /// Whether it can hold a thing.
    is_object: bool,
    /// Whether it can say that a thing is gone.
    is_gone: bool,
    /// How many things it lists.
    listed: usize,
}

/// Lets everybody in.
struct Open;

impl Transport for Open {
    fn send(&self, _request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let body = format!(r#"{{"access_token":"{}"}}"#, SECRETS[2]);
        ready(Ok(Response {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
        }))
        .boxed()
    }
}

fn reader(api: Arc<dyn Transport>, login: Arc<dyn Transport>) -> Reader {
    let [id, secret, _] = SECRETS.map(Secret::new);
    let clock = Arc::new(Skipping::default());
    let patience = Patience(Duration::from_secs(3600));
    Reader::new(Arc::new(Connection::new(
        api, login, &id, &secret, clock, patience,
    )))
}

/// Takes an answer for that to everything, and for that of the login.
pub(super) async fn look(answer: Response, header: &str) {
    let names = [
        "retry-after",
        "inin-ratelimit-count",
        "inin-ratelimit-allowed",
        "inin-ratelimit-reset",
        "inin-correlation-id",
    ];
    let headers = names.map(|name| (name.to_owned(), header.to_owned()));
    let answer = Response {
        headers: headers.into(),
        ..answer
    };
    let body = answer.body.trim_ascii_start();
    let is_object = body.starts_with(b"{");
    let list: Option<List> = serde_json::from_slice(body).ok();
    let case = Case {
        is_object: is_object && (200..300).contains(&answer.status),
        is_gone: is_object && matches!(answer.status, 404 | 410),
        listed: list.and_then(|list| list.entities).map_or(0, |it| it.len()),
        reader: reader(Arc::new(Always(answer.clone())), Arc::new(Open)),
    };
    case.look().await;
    let refused = reader(Arc::new(Open), Arc::new(Always(answer)));
    let read: Read<TokenOf> = TokenOf::me();
    if let Err(error) = refused.get(&read).await {
        check_error(&error);
    }
}

impl Case {
    async fn look(&self) {
        let id: IntegrationId = "9a0c".parse().expect("an id");
        let phone: Phone = "+49 30 901820".parse().expect("a phone");
        self.one(TokenOf::me()).await;
        self.one(Organization::me()).await;
        self.one(Products::read()).await.map(|it| it.has_whatsapp());
        self.one(IdentityResolution::read(&id))
            .await
            .map(|it| it.settings());
        for seen in self.all(Integration::list()).await {
            seen.claims(&phone);
            seen.offers(&phone);
            seen.trouble();
        }
        for flow in self.all(Flow::named("x")).await {
            flow.objection();
        }
        self.all(Recipient::list()).await;
        self.all(Library::list()).await;
        for queue in self.all(Queue::list()).await {
            queue.with_recipient(&"new".parse().expect("an id"));
        }
        for campaign in self.all(Campaign::list()).await {
            campaign.with_integration(&id);
        }
        for rules in self.all(RuleSet::list()).await {
            let old = rules.integrations().first().map(|id| (*id).to_owned());
            let changed = rules.with_integration(old.as_deref().unwrap_or_default(), &id);
            assert_eq!(changed.is_some(), old.is_some());
        }
        for response in self.all(Canned::list(&"l".parse().expect("an id"))).await {
            response.repointed(Some("new"), Some(("9a0c", &id)));
        }
    }

    async fn one<T: DeserializeOwned + Debug>(&self, read: Read<T>) -> Option<T> {
        let answer = self.reader.find(&read).await;
        if let Err(error) = &answer {
            check_error(error);
        }
        match Observed::found(answer) {
            Observed::Present(thing) => {
                assert!(self.is_object, "{thing:?}");
                Some(thing)
            }
            Observed::Absent => {
                assert!(self.is_gone, "what an answer does not say is not absent");
                None
            }
            Observed::Unknown(why) => {
                check_hidden(&format!("{why:?}"));
                None
            }
        }
    }

    /// An answer is never taken for a shorter list than it is.
    async fn all<T: DeserializeOwned + Debug>(&self, read: Read<Page<T>>) -> Vec<T> {
        match self.reader.list(&read).await {
            Ok(listed) => {
                assert!(self.is_object && listed.len() >= self.listed, "{listed:?}");
                listed
            }
            Err(error) => {
                check_error(&error);
                Vec::new()
            }
        }
    }
}

/// An error can be shown in every way there is, and tells no secret.
fn check_error(error: &CallError) {
    check_hidden(&format!("{error} {error:?} {:?}", error.finding("genesys")));
    error.retry();
    error.leaves_doubt();
    error.is_answered();
    if let Some(genesys) = error.genesys() {
        genesys.judges();
        check_hidden(&genesys.words());
        check_hidden(&genesys.missing_permissions().join(" "));
    }
}

fn check_hidden(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}
