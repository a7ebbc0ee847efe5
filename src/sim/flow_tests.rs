//! Flows: reading, copying, creating, publishing, deprecating and deleting.

use serde_json::{Value, json};

use super::{
    flow::Flow,
    http_tests::Running,
    play::Outcome,
    rules::flows::flow_exists,
    seed,
    switches::CopiedFlowIds,
    tests::{Bench, SOURCE, TARGET, TOKEN, refused, waba},
    words::FlowStatus,
    world::World,
};
use crate::{api::transport::Method, ids::FlowId};

/// Changes a flow by its name.
fn edit(world: &mut World, name: &str, change: impl FnOnce(&mut Flow)) {
    let mut flows = world.flows.values_mut();
    change(flows.find(|flow| flow.name == name).unwrap());
}

/// A world with two flows on the source: `booking` is published, `survey` a draft.
fn two_flows() -> Bench {
    Bench::with(|world| {
        seed::add_flow(world, &waba(SOURCE), "booking");
        seed::add_flow(world, &waba(SOURCE), "survey");
        edit(world, "survey", |flow| flow.status = FlowStatus::Draft);
    })
}

fn id_of(bench: &Bench, account: &str, name: &str) -> String {
    bench.sim.world(|world| {
        let account = waba(account);
        let mut flows = world.flows_of(&account);
        let (id, _) = flows.find(|(_, flow)| flow.name == name).unwrap();
        id.to_string()
    })
}

fn copy(bench: &Bench, names: Value) -> Value {
    let params = json!({"source_waba_id": SOURCE, "source_flow_names": names});
    bench.post(&format!("{TARGET}/migrate_flows"), params)
}

fn statuses(bench: &Bench, account: &str) -> Vec<(String, String)> {
    let list = bench.get(
        &format!("{account}/flows"),
        json!({"fields": "name,status"}),
    );
    let items = list["data"].as_array().unwrap_or_else(|| panic!("{list}"));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let read = |item: &Value| (text(&item["name"]), text(&item["status"]));
    items.iter().map(read).collect()
}

fn delete(bench: &Bench, id: &str) -> Value {
    let answer = bench.raw(Method::Delete, id, &json!({})).unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn an_account_lists_its_flows() {
    let bench = two_flows();
    let id = id_of(&bench, SOURCE, "booking");
    let list = bench.get(&format!("{SOURCE}/flows"), json!({"limit": 1}));
    let first = json!({"id": id, "name": "booking", "status": "PUBLISHED", "categories": ["OTHER"], "validation_errors": []});
    assert_eq!(list["data"], json!([first]));
    assert!(list["paging"]["next"].is_string());
    assert_eq!(statuses(&bench, TARGET), []);
    let nested = bench.get(SOURCE, json!({"fields": "flows.limit(5){name}"}));
    assert_eq!(nested["flows"]["data"][1]["name"], "survey");
}

#[test]
fn lists_may_show_fewer_fields_than_one_flow() {
    let bench = two_flows();
    let read = |fields: &str| bench.get(&format!("{SOURCE}/flows"), json!({"fields": fields}));
    assert!(read("id,endpoint_uri")["data"].is_array());
    bench
        .sim
        .edit(|world| world.switches.full_flow_lists = false);
    let refusal = "nonexisting field (endpoint_uri)";
    refused(&read("id,endpoint_uri"), 100, None, refusal);
    assert!(read("id,name,status")["data"].is_array());
}

#[test]
fn a_flow_has_the_documented_fields() {
    let bench = two_flows();
    let id = id_of(&bench, SOURCE, "booking");
    let fields = "id,name,categories,preview,status,validation_errors,json_version,data_api_version,\
                  endpoint_uri,health_status,whatsapp_business_account,application";
    let node = bench.get(&id, json!({"fields": fields}));
    assert_eq!(node["json_version"], "7.0");
    assert_eq!(node["whatsapp_business_account"]["id"], SOURCE);
    assert_eq!(node["health_status"]["entities"][0]["entity_type"], "FLOW");
    assert!(node["preview"]["preview_url"].is_string());
    for unset in ["data_api_version", "endpoint_uri", "application"] {
        assert!(node.get(unset).is_none(), "{unset}");
    }
    refused(
        &bench.get(&id, json!({"fields": "x"})),
        100,
        None,
        "nonexisting field (x)",
    );
    refused(&bench.get("77", json!({})), 100, Some(33), "does not exist");
}

#[test]
fn copies_have_new_ids_and_published_ones_stay_published() {
    let bench = two_flows();
    let answer = copy(&bench, json!(["booking", "nope", "survey"]));
    let expected = json!({
        "migrated_flows": [
            {"source_name": "booking", "source_id": id_of(&bench, SOURCE, "booking"), "migrated_id": id_of(&bench, TARGET, "booking")},
            {"source_name": "survey", "source_id": id_of(&bench, SOURCE, "survey"), "migrated_id": id_of(&bench, TARGET, "survey")},
        ],
        "failed_flows": [
            {"source_name": "nope", "error_code": "4233041", "error_message": "Flows Migration Error: Flow name not found in source WABA."},
        ],
    });
    assert_eq!(answer, expected);
    assert_ne!(
        id_of(&bench, SOURCE, "booking"),
        id_of(&bench, TARGET, "booking")
    );
    let both = [("booking", "PUBLISHED"), ("survey", "DRAFT")];
    let both = both.map(|(name, status)| (name.to_owned(), status.to_owned()));
    assert_eq!(statuses(&bench, TARGET), both);
    assert_eq!(statuses(&bench, SOURCE), both);
    let again = copy(&bench, json!(["booking"]));
    assert_eq!(again["migrated_flows"], json!([]));
    assert_eq!(
        again["failed_flows"][0]["error_message"],
        "Flows Migration Error: Flow with the same name exists in destination WABA."
    );
}

#[test]
fn every_status_but_published_becomes_a_draft() {
    #[track_caller]
    fn check(status: FlowStatus, copied: &str) {
        let bench = two_flows();
        bench
            .sim
            .edit(|world| edit(world, "survey", |flow| flow.status = status));
        copy(&bench, json!(["survey"]));
        assert_eq!(statuses(&bench, TARGET)[0].1, copied, "{status}");
    }
    check(FlowStatus::Published, "PUBLISHED");
    check(FlowStatus::Draft, "DRAFT");
    check(FlowStatus::Deprecated, "DRAFT");
    check(FlowStatus::Throttled, "DRAFT");
    check(FlowStatus::Blocked, "DRAFT");
}

#[test]
fn without_names_all_flows_are_copied() {
    let bench = two_flows();
    let path = format!("{TARGET}/migrate_flows");
    let answer = bench.post(&path, json!({"source_waba_id": SOURCE}));
    assert_eq!(answer["migrated_flows"].as_array().unwrap().len(), 2);
    assert_eq!(answer["failed_flows"], json!([]));
}

#[test]
fn a_copy_can_be_refused() {
    let bench = two_flows();
    let many: Vec<String> = (0..101).map(|at| format!("f{at}")).collect();
    refused(&copy(&bench, json!(many)), 100, None, "at most 100");
    let path = format!("{TARGET}/migrate_flows");
    refused(
        &bench.post(&path, json!({})),
        100,
        None,
        "source_waba_id is required",
    );
    let unknown = bench.post(&path, json!({"source_waba_id": "77"}));
    refused(&unknown, 100, Some(33), "does not exist");
    bench.sim.edit(|world| {
        let refused = (
            "boo*".to_owned(),
            "Flows Migration Error: Try later.".to_owned(),
        );
        world.switches.refused_flows.extend([refused]);
    });
    let answer = copy(&bench, json!(["booking", "survey"]));
    assert_eq!(
        answer["failed_flows"][0]["error_message"],
        "Flows Migration Error: Try later."
    );
    assert_eq!(answer["migrated_flows"].as_array().unwrap().len(), 1);
    bench.sim.edit(|world| {
        let other = seed::add_business(world, "Other");
        world.wabas.get_mut(&waba(TARGET)).unwrap().owner = other;
    });
    refused(&copy(&bench, json!([])), 100, None, "same Meta business");
}

#[test]
fn the_endpoint_of_a_copy_is_a_switch() {
    let endpoint = |keeps: bool| {
        let bench = two_flows();
        bench.sim.edit(|world| {
            world.switches.copied_flow_endpoints = keeps;
            let uri = Some("https://shrub.example/flow".to_owned());
            edit(world, "booking", |flow| flow.endpoint_uri = uri);
        });
        copy(&bench, json!(["booking"]));
        let id = id_of(&bench, TARGET, "booking");
        bench.get(&id, json!({"fields": "endpoint_uri"}))["endpoint_uri"].clone()
    };
    assert_eq!(endpoint(false), Value::Null);
    assert_eq!(endpoint(true), "https://shrub.example/flow");
}

/// Copies a template with a FLOW button and returns where the button of the copy leads.
fn copied_button(bench: &Bench) -> Value {
    let id = id_of(bench, SOURCE, "booking");
    bench.sim.edit(|world| {
        let mut template = seed::template(&waba(SOURCE), "book_now", "en_US");
        let button = json!({"type": "FLOW", "text": "Open", "flow_id": id});
        template.components = json!([{"type": "BUTTONS", "buttons": [button]}]);
        let id = world.invent_id();
        world.add_template(id, template);
    });
    let path = format!("{TARGET}/migrate_message_templates");
    bench.post(&path, json!({"source_waba_id": SOURCE}));
    bench.sim.advance(std::time::Duration::from_secs(5));
    let list = bench.get(
        &format!("{TARGET}/message_templates"),
        json!({"name": "book_now", "fields": "components"}),
    );
    list["data"][0]["components"][0]["buttons"][0]["flow_id"].clone()
}

#[test]
fn buttons_of_copied_templates_lead_to_the_copied_flow() {
    let bench = two_flows();
    copy(&bench, json!(["booking"]));
    assert_eq!(copied_button(&bench), id_of(&bench, TARGET, "booking"));
}

#[test]
fn buttons_stay_without_a_copied_flow_and_by_switch() {
    let bench = two_flows();
    assert_eq!(copied_button(&bench), id_of(&bench, SOURCE, "booking"));
    let bench = two_flows();
    copy(&bench, json!(["booking"]));
    bench
        .sim
        .edit(|world| world.switches.copied_flow_ids = CopiedFlowIds::Kept);
    assert_eq!(copied_button(&bench), id_of(&bench, SOURCE, "booking"));
}

#[test]
fn flows_are_known_by_id_and_by_name() {
    let bench = two_flows();
    let id = id_of(&bench, SOURCE, "booking");
    let exists = |account: &str, text: &str| {
        bench
            .sim
            .world(|world| flow_exists(world, &waba(account), text))
    };
    assert!(exists(SOURCE, &id) && exists(SOURCE, "booking"));
    assert!(!exists(TARGET, &id) && !exists(TARGET, "booking") && !exists(SOURCE, "77"));
}

fn create(bench: &Bench, more: Value) -> Value {
    let mut params = json!({"name": "new", "categories": ["SURVEY"]});
    let more = more.as_object().unwrap().clone();
    params.as_object_mut().unwrap().extend(more);
    bench.post(&format!("{SOURCE}/flows"), params)
}

#[test]
fn a_flow_is_created_as_a_draft_or_published() {
    let bench = two_flows();
    let answer = create(&bench, json!({}));
    let id = answer["id"].as_str().unwrap();
    assert_eq!(
        answer,
        json!({"id": id, "success": true, "validation_errors": []})
    );
    let node = bench.get(id, json!({"fields": "status,categories,application"}));
    assert_eq!(
        (&node["status"], &node["categories"]),
        (&json!("DRAFT"), &json!(["SURVEY"]))
    );
    assert_eq!(node["application"]["name"], "Migration");
    assert_eq!(
        bench.get(&format!("{id}/assets"), json!({}))["data"],
        json!([])
    );
    let from = id_of(&bench, SOURCE, "booking");
    let more = json!({"name": "clone", "clone_flow_id": from, "publish": true});
    let answer = create(&bench, more);
    let node = bench.get(
        answer["id"].as_str().unwrap(),
        json!({"fields": "status,json_version"}),
    );
    assert_eq!(
        (&node["status"], &node["json_version"]),
        (&json!("PUBLISHED"), &json!("7.0"))
    );
}

#[test]
fn a_create_can_be_refused() {
    #[track_caller]
    fn check(more: Value, code: u64, text: &str) {
        let bench = two_flows();
        refused(&create(&bench, more), code, None, text);
        assert_eq!(
            bench.sim.world(|world| world.flows.len()),
            2,
            "nothing is left behind"
        );
    }
    check(json!({"name": "booking"}), 100, "unique");
    check(json!({"name": ""}), 100, "name is required");
    check(json!({"categories": []}), 100, "categories is required");
    check(json!({"categories": ["X"]}), 100, "unknown value X");
    check(json!({"endpoint_uri": "x"}), 100, "valid URL");
    check(json!({"flow_json": "{"}), 100, "valid JSON");
    check(json!({"flow_json": "[]"}), 100, "JSON object");
    check(
        json!({"flow_json": "{}", "clone_flow_id": "1"}),
        100,
        "Only one",
    );
    check(json!({"clone_flow_id": "77"}), 100, "Confirm the ID");
    check(json!({"publish": true}), 139_002, "no Flow JSON");
    check(
        json!({"publish": true, "flow_json": "{}"}),
        139_002,
        "validation errors",
    );
}

#[test]
fn what_is_wrong_with_the_json_is_told() {
    let bench = two_flows();
    let answer = create(
        &bench,
        json!({"flow_json": {"version": "7.0", "screens": []}}),
    );
    let errors = answer["validation_errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1);
    assert!(errors[0]["message"].as_str().unwrap().contains("screens"));
}

#[test]
fn a_draft_is_published_then_deprecated() {
    let bench = two_flows();
    let id = id_of(&bench, SOURCE, "survey");
    let done = json!({"success": true});
    let post = |action: &str| bench.post(&format!("{id}/{action}"), json!({}));
    refused(&post("deprecate"), 139_003, None, "Only a published");
    assert_eq!(post("publish"), done);
    refused(&post("publish"), 139_002, None, "Only a draft");
    refused(&delete(&bench, &id), 139_004, None, "Deprecate the Flow");
    assert_eq!(post("deprecate"), done);
    refused(&post("deprecate"), 139_003, None, "nothing to do");
}

#[test]
fn publishing_has_its_needs() {
    let bench = two_flows();
    copy(&bench, json!(["survey"]));
    let id = id_of(&bench, TARGET, "survey");
    let publish = || bench.post(&format!("{id}/publish"), json!({}));
    refused(&publish(), 139_002, None, "Add a phone number");
    bench.sim.edit(|world| {
        let id: FlowId = id.parse().unwrap();
        let json = super::flow::one_screen("7.0", Some("3.0"));
        world.flows.get_mut(&id).unwrap().json = Some(json);
    });
    refused(&publish(), 139_002, None, "Set endpoint_uri");
}

#[test]
fn a_draft_can_be_deleted() {
    let bench = two_flows();
    let id = id_of(&bench, SOURCE, "survey");
    assert_eq!(delete(&bench, &id), json!({"success": true}));
    refused(&bench.get(&id, json!({})), 100, Some(33), "does not exist");
    assert_eq!(statuses(&bench, SOURCE).len(), 1);
}

#[test]
fn the_json_of_a_flow_can_be_downloaded() {
    let bench = two_flows();
    let id = id_of(&bench, SOURCE, "booking");
    let assets = bench.get(&format!("{id}/assets"), json!({}));
    let asset = &assets["data"][0];
    assert_eq!(
        (&asset["name"], &asset["asset_type"]),
        (&json!("flow.json"), &json!("FLOW_JSON"))
    );
    let Outcome::Answered(answer) = bench.sim.fetch(asset["download_url"].as_str().unwrap()) else {
        panic!("no answer");
    };
    let json: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(json["screens"][0]["id"], "WELCOME_SCREEN");
}

#[test]
fn flows_out_of_reach_and_of_banned_accounts_are_refused() {
    let bench = two_flows();
    let id = id_of(&bench, SOURCE, "survey");
    let uploaded = bench.post(&format!("{id}/assets"), json!({}));
    refused(&uploaded, 3, None, "does not offer");
    bench.sim.edit(|world| {
        world.wabas.get_mut(&waba(SOURCE)).unwrap().is_banned = true;
    });
    let published = bench.post(&format!("{id}/publish"), json!({}));
    refused(&published, 131_031, None, "locked");
    bench.sim.edit(|world| {
        world.tokens[0].wabas = Some([waba(TARGET)].into());
    });
    refused(&bench.get(&id, json!({})), 100, Some(33), "does not exist");
    refused(
        &copy(&bench, json!(["survey"])),
        100,
        Some(33),
        "does not exist",
    );
}

#[test]
fn a_flow_can_be_throttled_by_the_script() {
    let bench = two_flows();
    let event = json!({"flow_status": {"waba": SOURCE, "name": "booking", "status": "THROTTLED"}});
    let event: super::happening::Happening = serde_json::from_value(event).unwrap();
    bench.sim.edit(|world| world.happen(&event));
    assert_eq!(statuses(&bench, SOURCE)[0].1, "THROTTLED");
}

#[tokio::test]
async fn flows_are_copied_over_http() {
    let running = Running::start().await;
    running.simulator.edit(|world| {
        seed::add_flow(world, &waba(SOURCE), "booking");
    });
    let form = [
        ("source_waba_id", SOURCE),
        ("source_flow_names", r#"["booking"]"#),
    ];
    let request = running
        .client
        .post(running.url(&format!("v25.0/{TARGET}/migrate_flows")))
        .bearer_auth(TOKEN)
        .form(&form);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    let id = answer["migrated_flows"][0]["migrated_id"].as_str().unwrap();
    let assets = running
        .get(&format!("{id}/assets?access_token={TOKEN}"))
        .await;
    let url = assets["data"][0]["download_url"].as_str().unwrap();
    let json: Value = running
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(json["version"], "7.0");
    running.end().await;
}
