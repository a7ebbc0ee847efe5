//! The HTTP door over a real socket, as clients of the Graph API use it.

use std::net::SocketAddr;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use super::{
    Simulator,
    script::{Effect, Match, Moment, Verb},
    serve::serve,
    tests::{SOURCE, TARGET, TOKEN, add_params, phone, register_params, small_world},
    world::Solution,
};

pub(super) struct Running {
    pub(super) simulator: Simulator,
    pub(super) base: String,
    pub(super) client: Client,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
            .await
            .unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let simulator = Simulator::new(small_world());
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let server = tokio::spawn(serve(listener, simulator.clone(), shutdown));
        // Another test of this process may have installed it first.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().no_proxy().build().unwrap();
        Self {
            simulator,
            base,
            client,
            stop,
            server,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(self.url(path)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self
            .client
            .post(self.url(path))
            .bearer_auth(TOKEN)
            .json(body);
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(super) async fn end(self) {
        drop(self.stop);
        self.server.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_number_moves_over_http() {
    let running = Running::start().await;
    let form = [
        ("cc", "49"),
        ("phone_number", "30 901820"),
        ("migrate_phone_number", "true"),
    ];
    let request = running
        .client
        .post(running.url(&format!(
            "v25.0/{TARGET}/phone_numbers?access_token={TOKEN}"
        )))
        .form(&form);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["facebook-api-version"], "v25.0");
    assert_eq!(
        answer.headers()["content-type"],
        "application/json; charset=UTF-8"
    );
    assert!(answer.headers().contains_key("x-business-use-case-usage"));
    let added: Value = answer.json().await.unwrap();
    let id = added["id"].as_str().unwrap();
    let asked = json!({"code_method": "VOICE", "language": "en_US"});
    assert_eq!(
        running
            .post(&format!("v25.0/{id}/request_code"), &asked)
            .await,
        json!({"success": true})
    );
    let received = running.get("__sim/code?phone=+4930901820").await;
    let code = received["code"].as_str().unwrap();
    assert_eq!(code.len(), 6);
    assert_eq!(received["shown"], format!("{}-{}", &code[..3], &code[3..]));
    running
        .post(&format!("v25.0/{id}/verify_code"), &json!({"code": code}))
        .await;
    assert_eq!(
        running
            .post(&format!("v25.0/{id}/register"), &register_params())
            .await,
        json!({"success": true})
    );
    let node = running
        .get(&format!("{id}?fields=status&access_token={TOKEN}"))
        .await;
    assert_eq!(node["status"], "CONNECTED");
    running.end().await;
}

#[tokio::test]
async fn lists_link_to_their_next_page() {
    let running = Running::start().await;
    let mut url =
        format!("v25.0/{SOURCE}/message_templates?fields=name&limit=2&access_token={TOKEN}");
    let mut names = Vec::new();
    loop {
        let page = running.get(&url).await;
        names.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["name"].clone()),
        );
        match page["paging"]["next"].as_str() {
            Some(next) => {
                url = next
                    .strip_prefix(&format!("{}/", running.base))
                    .unwrap()
                    .to_owned()
            }
            None => break,
        }
    }
    assert_eq!(names, ["order_shipped", "order_paid", "welcome"]);
    running.end().await;
}

#[tokio::test]
async fn people_have_stand_ins() {
    let running = Running::start().await;
    let none = running
        .client
        .get(running.url("__sim/code?phone=4930901820"))
        .send()
        .await
        .unwrap();
    assert_eq!(none.status(), 404);
    running.simulator.edit(|world| {
        world.happen(&super::script::Happening::TwoStepOn { phone: phone() });
    });
    let off = running
        .client
        .post(running.url("__sim/two_step_off"))
        .form(&[("phone", "+49 30 901820")]);
    assert_eq!(off.send().await.unwrap().status(), 200);
    assert!(
        running
            .simulator
            .world(|world| world.live_number(&phone()).unwrap().1.pin.is_none())
    );
    let as_curl_sends_it = running
        .client
        .post(running.url("__sim/two_step_off"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(r#"{"phone": "+49 30 901820"}"#);
    assert_eq!(as_curl_sends_it.send().await.unwrap().status(), 200);
    let before = running.simulator.world(|world| world.now);
    running.post("__sim/advance", &json!({"seconds": 60})).await;
    let passed = running
        .simulator
        .world(|world| world.now)
        .duration_since(before);
    assert!(passed.as_secs() >= 60);
    let world = running.get("__sim/world").await.to_string();
    assert!(world.contains(SOURCE) && !world.contains(TOKEN) && !world.contains("shh"));
    running.end().await;
}

#[tokio::test]
async fn the_popup_has_a_stand_in() {
    let running = Running::start().await;
    let finish = async |waba: &str, phone: &str| {
        let request = running
            .client
            .post(running.url("__sim/popup"))
            .json(&json!({"waba": waba, "phone": phone}));
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    let (status, body) = finish(TARGET, "+49 30 901820").await;
    assert_eq!((status, &body["waba_id"]), (200, &json!(TARGET)));
    assert!(body["phone_number_id"].is_string());
    assert_eq!(finish(TARGET, "4930901820").await, (200, body));
    let (status, body) = finish(TARGET, "+49 30 901821").await;
    assert_eq!(status, 409);
    assert_eq!(
        body["error"],
        "this number is registered on no WhatsApp Business account"
    );
    assert_eq!(finish("x", "+49 30 901820").await.0, 400);
    assert_eq!(finish(TARGET, "x").await.0, 400);
    running.end().await;
}

#[tokio::test]
async fn an_intent_is_answered_by_a_stand_in() {
    let running = Running::start().await;
    running.simulator.edit(|world| {
        let name = "Shrub Partners".into();
        world
            .solutions
            .insert("7".parse().unwrap(), Solution { name });
    });
    let answer = async |body: Value| {
        let request = running.client.post(running.url("__sim/intent")).json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    let accepted = || json!({"solution_id": "7", "status": "ACCEPTED", "waba": TARGET});
    assert_eq!(answer(accepted()).await, 409);
    let path = format!("v25.0/{SOURCE}/set_solution_migration_intent");
    let set = running.post(&path, &json!({"solution_id": "7"})).await;
    assert_eq!(answer(json!({"solution_id": "7"})).await, 400);
    assert_eq!(answer(accepted()).await, 200);
    let intent = set["id"].as_str().unwrap();
    let node = running.get(&format!("{intent}?access_token={TOKEN}")).await;
    assert_eq!(node["status"], "ACCEPTED");
    let world = running.get("__sim/world").await;
    assert_eq!(world["intents"][intent]["partner"]["solution"], "7");
    assert_eq!(world["solutions"]["7"]["name"], "Shrub Partners");
    running.end().await;
}

#[tokio::test]
async fn a_cut_connection_is_an_error_and_keeps_its_effect() {
    let running = Running::start().await;
    let on = Match::first(Verb::Post, "*/phone_numbers");
    running
        .simulator
        .fault(on, Effect::Cut(Moment::AfterEffect));
    let request = running
        .client
        .post(running.url(&format!("v25.0/{TARGET}/phone_numbers")));
    let answer = request.bearer_auth(TOKEN).json(&add_params()).send().await;
    let is_lost = match answer {
        Err(_) => true,
        Ok(answer) => answer.bytes().await.is_err(),
    };
    assert!(is_lost);
    assert_eq!(running.simulator.writes().len(), 1);
    running.end().await;
}

#[tokio::test]
async fn a_silent_connection_ends_with_the_client_or_the_server() {
    let running = Running::start().await;
    let on = Match::first(Verb::Get, "me");
    running
        .simulator
        .fault(on, Effect::Timeout(Moment::BeforeEffect));
    let request = running.client.get(running.url("me")).bearer_auth(TOKEN);
    let answer = request
        .timeout(std::time::Duration::from_millis(50))
        .send()
        .await;
    assert!(answer.is_err_and(|error| error.is_timeout()));
    running.end().await;
}

#[tokio::test]
async fn what_is_no_parameter_is_refused() {
    let running = Running::start().await;
    let post = |body: &'static str| {
        running
            .client
            .post(running.url(&format!("v25.0/{TARGET}/phone_numbers")))
            .bearer_auth(TOKEN)
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    assert_eq!(post("[").await.unwrap().status(), 400);
    let etag = running
        .client
        .get(running.url("me"))
        .bearer_auth(TOKEN)
        .header("if-none-match", "x");
    let refused: Value = etag.send().await.unwrap().json().await.unwrap();
    assert_eq!(refused["error"]["code"], 12);
    let head = running
        .client
        .head(running.url("v25.0/me"))
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 400);
    running.end().await;
}

#[tokio::test]
async fn a_client_that_never_finishes_does_not_hold_up_the_end() {
    let running = Running::start().await;
    let address = running.base.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).await.unwrap();
    let half = b"POST /v25.0/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhal";
    slow.write_all(half).await.unwrap();
    // The server has begun to read: it answers others after it.
    running.get("me").await;
    running.end().await;
    drop(slow);
}

#[tokio::test]
async fn a_scripted_status_is_an_error_status() {
    let running = Running::start().await;
    let fault = |status: u16| json!({"on": {}, "effect": {"error": {"code": 1, "message": "x", "status": status}}});
    assert!(running.post("__sim/fault", &fault(99)).await["error"].is_string());
    assert_eq!(
        running.post("__sim/fault", &fault(599)).await,
        json!({"success": true})
    );
    let answer = running.client.get(running.url("me")).send().await.unwrap();
    assert_eq!(answer.status(), 599);
    running.end().await;
}

#[tokio::test]
async fn only_bodies_that_graph_reads_hold_parameters() {
    let running = Running::start().await;
    let subscribe = |kind: &'static str, body: String| {
        running
            .client
            .post(running.url(&format!("v25.0/{TARGET}/subscribed_apps")))
            .header("content-type", kind)
            .body(body)
            .send()
    };
    let form = format!("access_token={TOKEN}");
    let read = subscribe("application/x-www-form-urlencoded", form.clone());
    assert_eq!(read.await.unwrap().status(), 200);
    let ignored: Value = subscribe("text/plain", form)
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(ignored["error"]["code"], 104);
    running.end().await;
}
