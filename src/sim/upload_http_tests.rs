//! Uploads and links to media over a real socket.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    http_tests::Running,
    script::{Effect, Match, Verb},
    tests::{SOURCE, TOKEN},
    upload_tests::{APP, add_media_template},
};

async fn begin(running: &Running, length: usize) -> String {
    let query = format!("file_name=a.png&file_length={length}&file_type=image/png");
    let request = running
        .client
        .post(running.url(&format!("v25.0/{APP}/uploads?{query}")))
        .bearer_auth(TOKEN);
    let begun = json_of(request).await;
    begun["id"].as_str().unwrap().to_owned()
}

async fn json_of(request: RequestBuilder) -> Value {
    request.send().await.unwrap().json().await.unwrap()
}

fn with_oauth(request: RequestBuilder) -> RequestBuilder {
    request.header("authorization", format!("OAuth {TOKEN}"))
}

fn append(running: &Running, upload: &str, offset: usize, bytes: Vec<u8>) -> RequestBuilder {
    with_oauth(running.client.post(running.url(&format!("v25.0/{upload}"))))
        .header("file_offset", offset.to_string())
        .body(bytes)
}

async fn offset(running: &Running, upload: &str) -> u64 {
    let state = json_of(with_oauth(running.client.get(running.url(upload)))).await;
    state["file_offset"]
        .as_u64()
        .unwrap_or_else(|| panic!("{state}"))
}

#[tokio::test]
async fn bytes_arrive_as_they_are() {
    let running = Running::start().await;
    // More than a form may hold, and nothing that could be one.
    let content: Vec<u8> = (0..20_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let upload = begin(&running, content.len()).await;
    let sent = append(&running, &upload, 0, content.clone())
        .header("content-type", "application/x-www-form-urlencoded");
    let done = json_of(sent).await;
    let handle = done["h"].as_str().unwrap_or_else(|| panic!("{done}"));
    let is_same = running
        .simulator
        .world(|world| world.media.get(handle).unwrap().bytes == content);
    assert!(is_same);
    let log = running.get("__sim/requests").await.to_string();
    assert!(log.len() < 2000 && !log.contains("sig"), "{log}");
    running.end().await;
}

#[tokio::test]
async fn bearer_is_refused_for_content() {
    let running = Running::start().await;
    let upload = begin(&running, 4).await;
    let request = running
        .client
        .post(running.url(&upload))
        .bearer_auth(TOKEN)
        .header("file_offset", "0")
        .body("1234");
    assert_eq!(json_of(request).await["error"]["code"], 104);
    let in_query = format!("{upload}&access_token={TOKEN}");
    let request = running.client.post(running.url(&in_query));
    let request = request.header("file_offset", "0").body("1234");
    assert_eq!(json_of(request).await["error"]["code"], 104);
    assert_eq!(offset(&running, &upload).await, 0);
    running.end().await;
}

#[tokio::test]
async fn what_a_scripted_cut_let_through_can_be_resumed() {
    let running = Running::start().await;
    let upload = begin(&running, 4).await;
    let on = Match::first(Verb::Post, "upload:*");
    let effect = Effect::CutUpload { after_bytes: 1 };
    running.simulator.fault(on, effect);
    let answer = append(&running, &upload, 0, b"1234".to_vec()).send().await;
    assert!(is_lost(answer).await);
    assert_eq!(offset(&running, &upload).await, 1);
    let done = json_of(append(&running, &upload, 1, b"234".to_vec())).await;
    assert!(done["h"].is_string(), "{done}");
    running.end().await;
}

async fn is_lost(answer: reqwest::Result<Response>) -> bool {
    match answer {
        Err(_) => true,
        Ok(answer) => answer.bytes().await.is_err(),
    }
}

#[tokio::test]
async fn what_a_client_sent_before_it_left_stays() {
    let running = Running::start().await;
    // It asks until the bytes are there.
    running
        .simulator
        .edit(|world| world.switches.rate_limits = false);
    let upload = begin(&running, 9).await;
    let address = running.base.strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /{upload} HTTP/1.1\r\nhost: x\r\nauthorization: OAuth {TOKEN}\r\n\
         file_offset: 0\r\ncontent-length: 9\r\n\r\nhalf"
    );
    client.write_all(head.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    drop(client);
    let arrived = async { while offset(&running, &upload).await != 4 {} };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, arrived).await.unwrap();
    running.end().await;
}

#[tokio::test]
async fn links_lead_to_the_simulator_and_need_no_token() {
    let running = Running::start().await;
    running.simulator.edit(add_media_template);
    let path = format!("v25.0/{SOURCE}/message_templates?name=offer&access_token={TOKEN}");
    let list = running.get(&path).await;
    let link = &list["data"][0]["components"][0]["example"]["header_handle"][0];
    let link = link.as_str().unwrap().to_owned();
    assert!(
        link.starts_with(&format!("{}/media/", running.base)),
        "{link}"
    );
    let get = async |url: &str| {
        let answer = running.client.get(url).send().await.unwrap();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (answer.status().as_u16(), kind)
    };
    assert_eq!(get(&link).await, (200, "image/jpeg".to_owned()));
    assert_eq!(get(&format!("{link}x")).await.0, 403);
    let posted = running.client.post(&link).json(&json!({})).send().await;
    assert_eq!(posted.unwrap().status(), 405);
    running
        .simulator
        .advance(std::time::Duration::from_secs(3601));
    assert_eq!(get(&link).await.0, 403);
    running.end().await;
}

#[tokio::test]
async fn links_of_a_batch_lead_to_the_simulator() {
    let running = Running::start().await;
    running.simulator.edit(add_media_template);
    let part = json!([{"method": "GET", "relative_url": format!("{SOURCE}/message_templates?name=offer")}]);
    let request = running
        .client
        .post(running.url("v25.0/"))
        .bearer_auth(TOKEN);
    let parts = json_of(request.json(&json!({"batch": part}))).await;
    let body = parts[0]["body"].as_str().unwrap();
    assert!(body.contains(&format!("{}/media/", running.base)), "{body}");
    running.end().await;
}
