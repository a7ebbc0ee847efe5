//! The Genesys Cloud side over a real socket, as official clients use it.

use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

use super::tests::{INTEGRATIONS, RECIPIENTS, genesys_world};
use crate::sim::{
    http_tests::Running,
    tests::{SOURCE, TARGET, TOKEN},
};

async fn start() -> (Running, String) {
    let running = Running::start().await;
    running.simulator.edit(|world| *world = genesys_world());
    let request = running.client.post(running.url("oauth/token"));
    let answer = request
        .basic_auth("client", Some("shh"))
        .form(&[("grant_type", "client_credentials")])
        .send();
    let body: Value = answer.await.unwrap().json().await.unwrap();
    let token = body["access_token"].as_str().unwrap().to_owned();
    (running, token)
}

fn call(running: &Running, token: &str, method: Method, path: &str) -> RequestBuilder {
    let client: &Client = &running.client;
    client
        .request(method, running.url(path))
        .bearer_auth(token)
        .header(header::ACCEPT, "application/json,*/*")
}

async fn popup(running: &Running, form: &[(&str, &str)]) -> (StatusCode, Value) {
    let request = running.client.post(running.url("__sim/popup")).form(form);
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn an_official_client_is_understood() {
    let (running, token) = start().await;
    let list = format!("{INTEGRATIONS}?pageSize=100&pageNumber=1&colour=red");
    let answer = call(&running, &token, Method::GET, &list)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["inin-ratelimit-count"], "1");
    assert!(answer.headers().contains_key("inin-correlation-id"));
    let listed: Value = answer.json().await.unwrap();
    let old = listed["entities"][0]["id"].as_str().unwrap().to_owned();

    let route = format!("{RECIPIENTS}/{old}");
    let request = call(&running, &token, Method::PUT, &route)
        .header(header::CONTENT_TYPE, "application/json; charset=UTF-8")
        .body(r#"{"flow":null}"#);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let head = call(&running, &token, Method::HEAD, "api/v2/tokens/me");
    assert_eq!(head.send().await.unwrap().status(), 200);

    let number = [("waba", TARGET), ("phone", "+4930901820")];
    let (status, told) = popup(&running, &number).await;
    assert_eq!(status, StatusCode::CONFLICT, "{told}");
    assert!(told["error"].as_str().unwrap().contains(&old), "{told}");
    let gone = call(
        &running,
        &token,
        Method::DELETE,
        &format!("{INTEGRATIONS}/{old}"),
    );
    assert_eq!(gone.send().await.unwrap().status(), 204);
    running
        .client
        .post(running.url("__sim/advance"))
        .json(&json!({"seconds": 10}))
        .send()
        .await
        .unwrap();
    let (status, told) = popup(
        &running,
        &[("version", "v2"), ("name", "Mine"), number[0], number[1]],
    )
    .await;
    assert_eq!(status, 200, "{told}");
    running
        .client
        .post(running.url("__sim/advance"))
        .json(&json!({"seconds": 5}))
        .send()
        .await
        .unwrap();
    let new = format!(
        "{INTEGRATIONS}/{}",
        told["integration_id"].as_str().unwrap()
    );
    let shown: Value = call(&running, &token, Method::GET, &new)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&shown["name"], &shown["createStatus"]),
        (&json!("Mine"), &json!("Completed"))
    );
    running.end().await;
}

#[tokio::test]
async fn wrong_bodies_are_refused_over_http_as_well() {
    let (running, token) = start().await;
    let path = format!("{RECIPIENTS}/9");
    let put = |kind: &'static str, body: String| {
        let request = call(&running, &token, Method::PUT, &path);
        request.header(header::CONTENT_TYPE, kind).body(body).send()
    };
    assert_eq!(put("text/plain", "{}".into()).await.unwrap().status(), 415);
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(512_000));
    assert_eq!(put("application/json", large).await.unwrap().status(), 413);
    assert_eq!(
        put("application/json", "{".into()).await.unwrap().status(),
        400
    );
    assert_eq!(
        put("application/json", "[]".into()).await.unwrap().status(),
        404
    );
    let bare = running
        .client
        .get(running.url("api/v2/tokens/me"))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), 401);
    running.end().await;
}

#[tokio::test]
async fn the_two_sides_share_one_listener_and_one_world() {
    let (running, _) = start().await;
    let node = running
        .get(&format!("{SOURCE}?fields=name&access_token={TOKEN}"))
        .await;
    assert_eq!(node["name"], "Old");
    let number = [
        ("waba", TARGET),
        ("phone", "+4930901820"),
        ("organization", "false"),
    ];
    let (status, told) = popup(&running, &number).await;
    assert_eq!(
        (status, told.get("integration_id")),
        (StatusCode::OK, None),
        "Meta's own popup"
    );
    running.simulator.edit(|world| world.genesys = None);
    let answer = running
        .client
        .get(running.url("api/v2/tokens/me"))
        .send()
        .await
        .unwrap();
    assert!(
        answer.headers().contains_key("x-fb-trace-id"),
        "Graph answers"
    );
    running.end().await;
}
