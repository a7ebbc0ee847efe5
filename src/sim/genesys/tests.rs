//! A desk to try the Genesys Cloud side at: a small world, a token, calls and their answers.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    organization::Organization,
    popup::{Finished, Popup},
    seed,
};
use crate::{
    api::transport::{Body, Method, Param, Params, Request, Response, Scheme, TransportError},
    secret::Secret,
    sim::{
        Simulator,
        tests::{SOURCE, TARGET, phone, small_world, waba},
        words::CodeVerification,
        world::World,
    },
};

pub(super) const INTEGRATIONS: &str = "api/v2/conversations/messaging/integrations/whatsapp";
pub(super) const RECIPIENTS: &str = "api/v2/routing/message/recipients";
pub(super) const PIN: &str = "248163";

/// The small world with an organization: one integration for the live number, with a flow.
pub(super) fn genesys_world() -> World {
    let mut world = small_world();
    let mut org = seed::organization(&mut world, "Lucky Shrub", "mypurecloud.de");
    seed::add_client(&mut org, "client", Secret::new("shh"));
    let flow = seed::add_flow(&mut world, &mut org, "Support");
    let number = (&waba(SOURCE), &phone());
    seed::add_integration(&mut world, &mut org, number, "Old", Some(&flow));
    world.genesys = Some(org);
    world
}

/// A simulator and a token.
pub(super) struct Desk {
    pub(super) sim: Simulator,
    pub(super) token: String,
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with(|_, _| {})
    }

    pub(super) fn with(edit: impl FnOnce(&mut World, &mut Organization)) -> Self {
        let mut world = genesys_world();
        world.in_genesys(edit);
        let mut desk = Self {
            sim: Simulator::new(world),
            token: String::new(),
        };
        desk.token = desk.new_token();
        desk
    }

    pub(super) fn new_token(&self) -> String {
        let answer = self.ask_token("client", "shh", "client_credentials");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        body["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{body}"))
            .to_owned()
    }

    pub(super) fn ask_token(&self, id: &str, secret: &str, grant: &str) -> Response {
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        let request = Request {
            body: Body::Form(vec![("grant_type".into(), grant.into())]),
            token: Some(Secret::new(basic)),
            scheme: Scheme::Basic,
            ..request(Method::Post, "oauth/token")
        };
        self.send(request).unwrap()
    }

    pub(super) fn send(&self, request: Request) -> Result<Response, TransportError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(self.sim.genesys().send(request))
    }

    /// Status and body.
    #[track_caller]
    pub(super) fn call(&self, method: Method, path: &str, params: &Value) -> (u16, Value) {
        let answer = self.send(self.request(method, path, params)).unwrap();
        let body = match answer.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&answer.body).unwrap(),
        };
        (answer.status, body)
    }

    pub(super) fn request(&self, method: Method, path: &str, params: &Value) -> Request {
        let params: Params = params
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone().into(), Param::Plain(value.clone())))
            .collect();
        let (query, body) = match method {
            Method::Get | Method::Delete => (params, Body::Nothing),
            Method::Post | Method::Put | Method::Patch => (vec![], Body::Json(params)),
        };
        Request {
            query,
            body,
            token: Some(Secret::new(&self.token[..])),
            ..request(method, path)
        }
    }

    #[track_caller]
    pub(super) fn get(&self, path: &str, params: Value) -> Value {
        let (status, body) = self.call(Method::Get, path, &params);
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Does not look at the answer's status.
    pub(super) fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::Put, path, body)
    }

    pub(super) fn patch(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::Patch, path, body)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(Method::Post, path, body)
    }

    pub(super) fn delete(&self, path: &str) -> (u16, Value) {
        self.call(Method::Delete, path, &Value::Null)
    }

    pub(super) fn wait(&self, seconds: u64) {
        self.sim.advance(Duration::from_secs(seconds));
    }

    /// The id of the integration that was there from the start.
    pub(super) fn old(&self) -> String {
        self.org(|org| org.integrations[0].id.clone())
    }

    pub(super) fn org<T>(&self, look: impl FnOnce(&Organization) -> T) -> T {
        self.sim
            .world(|world| look(world.genesys.as_ref().unwrap()))
    }

    pub(super) fn edit(&self, change: impl FnOnce(&mut World, &mut Organization)) {
        self.sim.edit(|world| world.in_genesys(change));
    }

    /// Takes the flow from the old integration and deletes it, to the end.
    #[track_caller]
    pub(super) fn remove_old(&self) {
        let old = self.old();
        let (status, told) = self.put(&format!("{RECIPIENTS}/{old}"), &json!({"flow": null}));
        assert_eq!(status, 200, "{told}");
        assert_eq!(self.delete(&format!("{INTEGRATIONS}/{old}")).0, 204);
        self.wait(10);
    }

    /// Puts the number on the target at Meta, verified.
    pub(super) fn bring_to_target(&self) {
        self.sim.finish_signup(&waba(TARGET), &phone()).unwrap();
    }

    #[track_caller]
    pub(super) fn popup(&self) -> Finished {
        let finished = self.sim.finish_popup(&Popup::of(waba(TARGET), phone()));
        finished.unwrap_or_else(|refused| panic!("{refused}"))
    }

    /// Has everything done until the new integration waits for its activation; returns its id.
    #[track_caller]
    pub(super) fn new_integration(&self) -> String {
        self.bring_to_target();
        self.remove_old();
        let id = self.popup().integration.unwrap();
        self.wait(5);
        id
    }

    pub(super) fn activate(&self, id: &str) -> (u16, Value) {
        let body = json!({"phoneNumber": "+4930901820", "pin": PIN, "name": "New"});
        self.patch(&format!("{INTEGRATIONS}/embeddedsignup/{id}"), &body)
    }

    /// Status and platform of the number on an account, and whether it is verified.
    pub(super) fn at_meta(&self, on: &str) -> Option<(&'static str, &'static str, bool)> {
        self.sim.world(|world| {
            let (_, number) = world.number_on(&waba(on), &phone())?;
            let verified = world.verification(number) == CodeVerification::Verified;
            Some((number.status.as_str(), number.platform.as_str(), verified))
        })
    }
}

fn request(method: Method, path: &str) -> Request {
    Request {
        method,
        path: format!("/{path}"),
        given_query: None,
        query: vec![],
        body: Body::Nothing,
        token: None,
        scheme: Scheme::Bearer,
        timeout: Duration::from_secs(60),
    }
}

/// Status, code and message of a refusal.
#[track_caller]
pub(super) fn refused(told: &(u16, Value), status: u16, code: &str, text: &str) {
    let (got, body) = told;
    assert_eq!(
        (*got, body["code"].as_str()),
        (status, Some(code)),
        "{body}"
    );
    assert_eq!(body["status"], status);
    assert!(body["contextId"].is_string(), "{body}");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains(text), "{message} does not say {text:?}");
}
