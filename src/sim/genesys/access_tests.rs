//! Tokens, permissions, limits and what every answer has.

use std::time::Duration;

use serde_json::{Value, json};

use super::tests::{Desk, INTEGRATIONS, refused};
use crate::{
    api::transport::{Body, Method, Request, Scheme},
    secret::Secret,
    sim::script::{Effect, Match, Moment, ScriptedError, Verb},
};

const ME: &str = "api/v2/tokens/me";

#[test]
fn point_1_a_client_gets_tokens_that_end() {
    let mut desk = Desk::new();
    let answer = desk.ask_token("client", "shh", "client_credentials");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("bearer"), &json!(86400))
    );
    let me = desk.get(ME, json!({}));
    assert_eq!(me["organization"]["name"], "Lucky Shrub");
    assert_eq!(me["OAuthClient"]["id"], "client");
    desk.wait(86_400);
    refused(
        &desk.call(Method::Get, ME, &json!({})),
        401,
        "credentials.expired",
        "",
    );
    desk.edit(|_, org| org.switches.tells_expired_tokens = false);
    refused(
        &desk.call(Method::Get, ME, &json!({})),
        401,
        "bad.credentials",
        "",
    );
    desk.token = desk.new_token();
    assert_eq!(desk.delete(ME).0, 200);
    refused(
        &desk.call(Method::Get, ME, &json!({})),
        401,
        "bad.credentials",
        "",
    );
}

#[test]
fn a_token_request_fails_in_its_own_shape() {
    #[track_caller]
    fn check(desk: &Desk, given: (&str, &str, &str), status: u16, error: &str) {
        let answer = desk.ask_token(given.0, given.1, given.2);
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, &body["error"]), (status, &json!(error)));
        assert_eq!(body["description"], body["error_description"]);
        assert!(answer.header("inin-correlation-id").is_some());
    }
    let desk = Desk::new();
    check(
        &desk,
        ("client", "no", "client_credentials"),
        400,
        "invalid_client",
    );
    check(
        &desk,
        ("nobody", "shh", "client_credentials"),
        400,
        "invalid_client",
    );
    check(
        &desk,
        ("client", "shh", "password"),
        400,
        "unsupported_grant_type",
    );
    desk.edit(|_, org| {
        org.switches.oauth_error_status = 401;
        org.clients[0].inactive = true;
    });
    check(
        &desk,
        ("client", "shh", "client_credentials"),
        401,
        "invalid_client",
    );
}

#[test]
fn point_2_every_call_needs_token_and_permission() {
    let desk = Desk::new();
    let with = |token: Option<Secret>, scheme: Scheme| {
        let request = Request {
            token,
            scheme,
            ..desk.request(Method::Get, ME, &json!({}))
        };
        let answer = desk.send(request).unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    };
    refused(
        &with(None, Scheme::Bearer),
        401,
        "authentication.required",
        "",
    );
    refused(
        &with(Some(Secret::new("x")), Scheme::Bearer),
        401,
        "bad.credentials",
        "",
    );
    let good = Some(Secret::new(&desk.token[..]));
    refused(
        &with(good, Scheme::OAuth),
        401,
        "authentication.required",
        "",
    );
    desk.edit(|_, org| {
        org.clients[0]
            .permissions
            .remove("messaging:integration:view");
    });
    let told = desk.call(Method::Get, INTEGRATIONS, &json!({}));
    refused(
        &told,
        403,
        "missing.permissions",
        "messaging:integration:view",
    );
    assert_eq!(
        told.1["messageParams"],
        json!({"permissions": "messaging:integration:view"})
    );
    assert_eq!(desk.call(Method::Get, ME, &json!({})).0, 200);
}

#[test]
fn point_3_calls_are_counted_by_the_minute() {
    let desk = Desk::with(|_, org| org.switches.calls_per_minute = 3);
    let ask = || {
        desk.send(desk.request(Method::Get, ME, &json!({})))
            .unwrap()
    };
    let headers = [
        "inin-ratelimit-count",
        "inin-ratelimit-allowed",
        "inin-ratelimit-reset",
    ];
    let shown = |answer: &crate::api::transport::Response| {
        headers.map(|name| answer.header(name).unwrap().to_owned())
    };
    assert_eq!(shown(&ask()), ["1", "3", "60"]);
    desk.wait(20);
    assert_eq!(shown(&ask()), ["2", "3", "40"]);
    ask();
    let over = ask();
    assert_eq!((over.status, over.header("retry-after")), (429, Some("40")));
    assert_eq!(shown(&over), ["3", "3", "40"]);
    let body: Value = serde_json::from_slice(&over.body).unwrap();
    assert_eq!(body["code"], "too.many.requests.retry.after");
    assert_eq!(body["limit"]["value"], 3);
    desk.edit(|_, org| org.switches.retry_after = false);
    let over = ask();
    assert_eq!((over.status, over.header("retry-after")), (429, None));
    desk.wait(40);
    assert_eq!(ask().status, 200);
}

#[test]
fn point_4_answers_name_themselves() {
    let desk = Desk::new();
    let answer = desk
        .send(desk.request(Method::Get, "api/v2/nothing/here", &json!({})))
        .unwrap();
    let id = answer.header("inin-correlation-id").unwrap().to_owned();
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["contextId"], id);
    refused(&(answer.status, body), 404, "not.found", "");
    let good = desk
        .send(desk.request(Method::Get, ME, &json!({})))
        .unwrap();
    assert_ne!(good.header("inin-correlation-id"), Some(&*id));
}

#[test]
fn bodies_have_a_type_and_a_size() {
    let desk = Desk::new();
    let path = format!("{INTEGRATIONS}/{}", desk.old());
    let send = |body: Body| {
        let request = Request {
            body,
            ..desk.request(Method::Patch, &path, &json!({}))
        };
        let answer = desk.send(request).unwrap();
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    };
    let form = Body::Form(vec![("name".into(), "x".into())]);
    refused(&send(form), 415, "unsupported.media.type", "");
    let large = Body::Json(vec![("name".into(), "x".repeat(512_000).into())]);
    refused(&send(large), 413, "request.entity.too.large", "512000");
    refused(&send(Body::Nothing), 400, "bad.request", "malformed");
    let list = Body::Json(vec![("name".into(), json!(["x"]).into())]);
    refused(&send(list), 400, "invalid.value", "String");
    refused(&desk.put(ME, &json!({})), 405, "method.not.allowed", "PUT");
    refused(
        &desk.post("api/v2/users", &json!({})),
        501,
        "not.simulated",
        "",
    );
}

#[test]
fn the_script_strikes_calls_of_genesys_cloud() {
    let desk = Desk::new();
    let old = desk.old();
    let path = format!("{INTEGRATIONS}/{old}");
    let strike = |verb: Verb, effect: Effect| {
        desk.sim
            .fault(Match::first(verb, &format!("{INTEGRATIONS}/*")), effect)
    };
    let name = |desk: &Desk| desk.org(|org| org.integrations[0].name.clone());
    strike(Verb::Patch, Effect::ServerError(Moment::BeforeEffect));
    refused(
        &desk.patch(&path, &json!({"name": "A"})),
        500,
        "internal.server.error",
        "",
    );
    assert_eq!(name(&desk), "Old");
    strike(Verb::Patch, Effect::ServerError(Moment::AfterEffect));
    refused(
        &desk.patch(&path, &json!({"name": "B"})),
        500,
        "internal.server.error",
        "",
    );
    assert_eq!(name(&desk), "B");
    strike(Verb::Patch, Effect::Cut(Moment::AfterEffect));
    desk.send(desk.request(Method::Patch, &path, &json!({"name": "C"})))
        .unwrap_err();
    assert_eq!(name(&desk), "C");
    strike(Verb::Get, Effect::Throttle { minutes: 2 });
    let answer = desk
        .send(desk.request(Method::Get, &path, &json!({})))
        .unwrap();
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("120"))
    );
    strike(
        Verb::Get,
        Effect::Error(ScriptedError {
            code: 503,
            subcode: None,
            message: "busy".into(),
            details: None,
            transient: true,
            status: None,
        }),
    );
    refused(
        &desk.call(Method::Get, &path, &json!({})),
        503,
        "service.unavailable",
        "busy",
    );
    let writes = desk.sim.writes();
    assert_eq!(
        writes,
        vec![(Method::Patch, path.clone()), (Method::Patch, path)]
    );
    let logged = desk.sim.requests();
    assert_eq!(logged[0].path, "oauth/token");
}

#[test]
fn a_world_without_an_organization_has_no_such_door() {
    let desk = Desk::new();
    desk.sim.edit(|world| world.genesys = None);
    let request = Request {
        timeout: Duration::from_secs(1),
        ..desk.request(Method::Get, ME, &json!({}))
    };
    let error = desk.send(request).unwrap_err();
    assert!(!error.may_have_arrived(), "{error}");
}

#[test]
fn secrets_stay_out_of_the_world_that_is_shown() {
    let desk = Desk::new();
    let shown = desk.sim.world_json().to_string();
    assert!(
        !shown.contains(&desk.token) && !shown.contains("shh"),
        "{shown}"
    );
}
