//! The rules, one call at a time: a world, a call, an answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Simulator, seed, world::World};
use crate::{
    api::transport::{Body, Method, Param, Params, Request, Response, Scheme, TransportError},
    ids::WabaId,
    phone::Phone,
    secret::Secret,
};

pub(super) const SOURCE: &str = "102290129340398";
pub(super) const TARGET: &str = "215589313241560";
pub(super) const TOKEN: &str = "EAATEST";

pub(super) fn phone() -> Phone {
    "+49 30 901820".parse().unwrap()
}

pub(super) fn waba(id: &str) -> WabaId {
    id.parse().unwrap()
}

/// One business, two accounts, one live number, three templates, webhooks on the target.
pub(super) fn small_world() -> World {
    let mut world = World::empty(1, seed::BEGINNING);
    let business = seed::add_business(&mut world, "Lucky Shrub");
    let app = seed::add_app(
        &mut world,
        Some("634974688087057".parse().unwrap()),
        Some(Secret::new("shh")),
    );
    seed::add_token(&mut world, "test", Secret::new(TOKEN), &app);
    for (id, name) in [(SOURCE, "Old"), (TARGET, "New")] {
        seed::add_waba(&mut world, waba(id), &business, name);
    }
    seed::add_live_number(&mut world, &waba(SOURCE), phone());
    for name in ["order_shipped", "order_paid", "welcome"] {
        seed::add_template(&mut world, &waba(SOURCE), name, "en_US");
    }
    let target = world.wabas.get_mut(&waba(TARGET)).unwrap();
    target.subscriptions.insert(app, None);
    world
}

/// A simulator and the calls of a test.
pub(super) struct Bench {
    pub(super) sim: Simulator,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(edit: impl FnOnce(&mut World)) -> Self {
        let mut world = small_world();
        edit(&mut world);
        Self {
            sim: Simulator::new(world),
        }
    }

    pub(super) fn raw(
        &self,
        method: Method,
        path: &str,
        params: &Value,
    ) -> Result<Response, TransportError> {
        let params: Params = params
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone().into(), Param::Plain(value.clone())))
            .collect();
        let (query, body) = if method == Method::Post {
            (vec![], Body::Json(params))
        } else {
            (params, Body::Nothing)
        };
        let request = Request {
            method,
            path: format!("/v25.0/{path}"),
            given_query: None,
            query,
            body,
            token: Some(Secret::new(TOKEN)),
            scheme: Scheme::Bearer,
            timeout: Duration::from_secs(60),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(self.sim.transport().send(request))
    }

    #[track_caller]
    fn call(&self, method: Method, path: &str, params: &Value) -> Value {
        let response = self.raw(method, path, params).unwrap();
        serde_json::from_slice(&response.body).unwrap()
    }

    #[track_caller]
    pub(super) fn get(&self, path: &str, params: Value) -> Value {
        self.call(Method::Get, path, &params)
    }

    #[track_caller]
    pub(super) fn post(&self, path: &str, params: Value) -> Value {
        self.call(Method::Post, path, &params)
    }

    #[track_caller]
    pub(super) fn add(&self) -> String {
        let added = self.post(&format!("{TARGET}/phone_numbers"), add_params());
        added["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{added}"))
            .to_owned()
    }

    #[track_caller]
    pub(super) fn verify(&self, id: &str) {
        let asked = self.post(
            &format!("{id}/request_code"),
            json!({"code_method": "SMS", "language": "de"}),
        );
        assert_eq!(asked, json!({"success": true}));
        let code = self.sim.code(&phone()).unwrap().replace('-', "");
        assert_eq!(
            self.post(&format!("{id}/verify_code"), json!({"code": code})),
            json!({"success": true})
        );
    }

    pub(super) fn live_id(&self) -> String {
        self.sim
            .world(|world| world.live_number(&phone()).unwrap().0.to_string())
    }

    pub(super) fn register(&self, id: &str) -> Value {
        self.post(&format!("{id}/register"), register_params())
    }
}

pub(super) fn add_params() -> Value {
    json!({"cc": "49", "phone_number": "30901820", "migrate_phone_number": true})
}

pub(super) fn register_params() -> Value {
    json!({"messaging_product": "whatsapp", "pin": "248163"})
}

/// Code, subcode and the text that tells causes apart.
pub(super) fn error(answer: &Value) -> (u64, Option<u64>, String) {
    let error = &answer["error"];
    let text = error["error_data"]["details"]
        .as_str()
        .or_else(|| error["error_user_msg"].as_str())
        .or_else(|| error["message"].as_str());
    let code = error["code"].as_u64().unwrap_or_else(|| panic!("{answer}"));
    (
        code,
        error["error_subcode"].as_u64(),
        text.unwrap_or_default().to_owned(),
    )
}

#[track_caller]
pub(super) fn refused(answer: &Value, code: u64, subcode: Option<u64>, text: &str) {
    let (got, got_subcode, got_text) = error(answer);
    assert_eq!((got, got_subcode), (code, subcode), "{answer}");
    assert!(got_text.contains(text), "{got_text} does not say {text:?}");
}

#[track_caller]
fn check_state(bench: &Bench, id: &str, expected: [&str; 4]) {
    let node = bench.get(
        id,
        json!({"fields": "status,platform_type,code_verification_status,throughput{level},is_pin_enabled"}),
    );
    let state = [
        &node["status"],
        &node["platform_type"],
        &node["code_verification_status"],
        &node["throughput"]["level"],
    ];
    assert_eq!(state, expected, "{node}");
}

#[test]
fn a_number_moves() {
    let bench = Bench::new();
    let source = bench.live_id();
    let id = bench.add();
    check_state(
        &bench,
        &id,
        [
            "PENDING",
            "NOT_APPLICABLE",
            "NOT_VERIFIED",
            "NOT_APPLICABLE",
        ],
    );
    bench.verify(&id);
    check_state(
        &bench,
        &id,
        ["PENDING", "NOT_APPLICABLE", "VERIFIED", "NOT_APPLICABLE"],
    );
    check_state(
        &bench,
        &source,
        ["CONNECTED", "CLOUD_API", "VERIFIED", "STANDARD"],
    );
    assert_eq!(bench.register(&id), json!({"success": true}));
    check_state(
        &bench,
        &id,
        ["CONNECTED", "CLOUD_API", "VERIFIED", "STANDARD"],
    );
    refused(
        &bench.get(&source, json!({})),
        100,
        Some(33),
        "does not exist",
    );
    let pin = bench.get(&id, json!({"fields": "is_pin_enabled"}));
    assert_eq!(pin["is_pin_enabled"], true);
    let paths: Vec<String> = bench
        .sim
        .writes()
        .into_iter()
        .map(|(_, path)| path.replace(&id, "NEW"))
        .collect();
    let add = format!("{TARGET}/phone_numbers");
    assert_eq!(
        paths,
        [&*add, "NEW/request_code", "NEW/verify_code", "NEW/register"]
    );
}
