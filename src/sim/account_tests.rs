//! The rules of accounts: templates, webhooks, tokens, lists, batches.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    access::MANAGEMENT,
    script::{Effect, Match, Moment, Verb},
    seed,
    switches::{FailedShape, Handshake, LargePages, MigratedIds, RepeatedCopy},
    tests::{Bench, SOURCE, TARGET, TOKEN, refused, waba},
    words::{Quality, TemplateStatus},
    world::World,
};
use crate::api::transport::Method;

fn migrate(bench: &Bench, more: Value) -> Value {
    let mut params = json!({"source_waba_id": SOURCE});
    params
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    bench.post(&format!("{TARGET}/migrate_message_templates"), params)
}

/// Names and statuses of the target's templates.
fn copies(bench: &Bench) -> Vec<(String, TemplateStatus)> {
    bench.sim.world(|world| {
        let target = waba(TARGET);
        let copies = world.templates_of(&target);
        copies
            .map(|(_, copy)| (copy.name.clone(), copy.status))
            .collect()
    })
}

fn pass(bench: &Bench, seconds: u64) {
    bench.sim.advance(Duration::from_secs(seconds));
}

#[test]
fn copies_appear_later() {
    let bench = Bench::new();
    let answer = migrate(&bench, json!({}));
    assert_eq!(answer["migrated_templates"].as_array().unwrap().len(), 3);
    assert_eq!(answer["failed_templates"], json!({}));
    assert_eq!(copies(&bench), []);
    pass(&bench, 20);
    let names: Vec<String> = copies(&bench).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["order_shipped", "order_paid", "welcome"]);
    let quality = |world: &World| {
        world
            .templates_of(&waba(TARGET))
            .all(|(_, copy)| copy.quality == Quality::Unknown)
    };
    assert!(bench.sim.world(quality));
}

#[test]
fn only_good_templates_are_copied_and_pages_are_cut() {
    let bench = Bench::with(|world| {
        for (status, quality) in [
            (TemplateStatus::Approved, Quality::Red),
            (TemplateStatus::Paused, Quality::Green),
        ] {
            let mut template = seed::template(&waba(SOURCE), &format!("bad_{quality}"), "de");
            (template.status, template.quality) = (status, quality);
            let id = world.invent_id();
            world.add_template(id, template);
        }
    });
    let count = |page: usize| {
        let answer = migrate(&bench, json!({"page_number": page, "count": 2}));
        answer["migrated_templates"].as_array().unwrap().len()
    };
    assert_eq!([count(0), count(1), count(2)], [2, 1, 0]);
}

#[test]
fn what_cannot_be_copied_is_named_in_every_shape() {
    let with = |shape: FailedShape| {
        let bench = Bench::with(|world| {
            world.switches.failed_shape = shape;
            world
                .switches
                .refused_copies
                .insert("order_*".into(), "Incorrect category".into());
        });
        migrate(&bench, json!({}))["failed_templates"].clone()
    };
    assert_eq!(with(FailedShape::Object).as_object().unwrap().len(), 2);
    assert_eq!(with(FailedShape::List)[0]["reason"], "Incorrect category");
    let bench = Bench::with(|world| world.switches.failed_shape = FailedShape::PhpObject);
    assert_eq!(migrate(&bench, json!({}))["failed_templates"], json!([]));
}

#[test]
fn a_repeat_fails_or_is_skipped_even_before_copies_appear() {
    let bench = Bench::new();
    migrate(&bench, json!({}));
    let again = migrate(&bench, json!({}));
    assert_eq!(again["failed_templates"].as_object().unwrap().len(), 3);
    bench
        .sim
        .edit(|world| world.switches.repeated_copy = RepeatedCopy::Skipped);
    let again = migrate(&bench, json!({}));
    assert_eq!(
        again,
        json!({"migrated_templates": [], "failed_templates": {}})
    );
    pass(&bench, 20);
    assert_eq!(copies(&bench).len(), 3);
}

#[test]
fn copies_can_be_chosen_reviewed_and_rejected() {
    let bench = Bench::with(|world| {
        world.switches.copy_status = TemplateStatus::Pending;
        world.switches.migrated_ids = MigratedIds::Copies;
        world
            .switches
            .rejected_copies
            .insert("welcome".into(), "PROMOTIONAL".into());
    });
    let ids = bench.sim.world(|world| {
        let source = waba(SOURCE);
        world
            .templates_of(&source)
            .map(|(id, _)| id.to_string())
            .collect::<Vec<_>>()
    });
    let answer = migrate(&bench, json!({"template_ids": [ids[1], ids[2], "99"]}));
    assert_eq!(
        answer["failed_templates"]["99"],
        "Template is not eligible for migration"
    );
    let copy = answer["migrated_templates"][1].as_str().unwrap().to_owned();
    assert!(!ids.contains(&copy));
    pass(&bench, 20);
    assert_eq!(
        copies(&bench)[0],
        ("order_paid".into(), TemplateStatus::Pending)
    );
    pass(&bench, 60);
    assert_eq!(
        copies(&bench)[0],
        ("order_paid".into(), TemplateStatus::Approved)
    );
    let rejected = bench.get(&copy, json!({"fields": "status,rejected_reason"}));
    assert_eq!(
        (&rejected["status"], &rejected["rejected_reason"]),
        (&json!("REJECTED"), &json!("PROMOTIONAL"))
    );
}

#[test]
fn migrating_templates_needs_one_business_and_both_accounts() {
    let path = format!("{TARGET}/migrate_message_templates");
    let bench = Bench::new();
    refused(
        &bench.post(&path, json!({})),
        100,
        None,
        "source_waba_id is required",
    );
    refused(
        &migrate(&bench, json!({"count": 501})),
        100,
        None,
        "between 1 and 500",
    );
    refused(
        &migrate(&bench, json!({"template_ids": ["x"]})),
        100,
        None,
        "array of ids",
    );
    refused(
        &bench.post(&path, json!({"source_waba_id": TARGET})),
        100,
        None,
        "another WhatsApp",
    );
    refused(
        &bench.post(&path, json!({"source_waba_id": "1"})),
        100,
        Some(33),
        "'1'",
    );
    bench.sim.edit(|world| {
        let other = seed::add_business(world, "Somebody else");
        world.wabas.get_mut(&waba(TARGET)).unwrap().owner = other;
    });
    refused(&migrate(&bench, json!({})), 100, None, "same Meta business");
    bench
        .sim
        .edit(|world| world.tokens[0].wabas = Some([waba(TARGET)].into()));
    refused(&migrate(&bench, json!({})), 100, Some(33), SOURCE);
}

#[test]
fn the_template_limit_stops_copies_and_a_number_brings_green_ones() {
    let bench = Bench::with(|world| {
        for at in 0..249 {
            seed::add_template(world, &waba(TARGET), &format!("full_{at}"), "en_US");
        }
    });
    let answer = migrate(&bench, json!({}));
    assert_eq!(answer["migrated_templates"].as_array().unwrap().len(), 1);
    assert!(
        answer["failed_templates"]
            .to_string()
            .contains("Template limit reached")
    );
    let bench = Bench::with(|world| {
        let unrated = world.template_order[0].clone();
        world.templates.get_mut(&unrated).unwrap().quality = Quality::Unknown;
        seed::add_template(world, &waba(TARGET), "welcome", "en_US");
    });
    let id = bench.add();
    bench.verify(&id);
    bench.register(&id);
    pass(&bench, 20);
    let names: Vec<String> = copies(&bench).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["welcome", "order_paid"]);
}

#[test]
fn webhooks_are_subscribed_with_or_without_override() {
    let path = format!("{TARGET}/subscribed_apps");
    let bench = Bench::new();
    let url = "https://hooks.acme.example/wa";
    let both = json!({"override_callback_uri": url, "verify_token": "v"});
    let shown = || bench.get(&path, json!({}))["data"][0]["override_callback_uri"].clone();
    assert_eq!(bench.post(&path, both.clone()), json!({"success": true}));
    assert_eq!(shown(), url);
    bench.post(&path, json!({}));
    assert_eq!(shown(), Value::Null);
    refused(
        &bench.post(&path, json!({"override_callback_uri": url})),
        100,
        None,
        "verify_token",
    );
    refused(
        &bench.post(&path, json!({"verify_token": "v"})),
        100,
        None,
        "override_callback_uri",
    );
    refused(
        &bench.post(
            &path,
            json!({"override_callback_uri": "http://a.example", "verify_token": "v"}),
        ),
        100,
        None,
        "https",
    );
    bench
        .sim
        .edit(|world| world.switches.callback_handshake = Handshake::Fail);
    refused(
        &bench.post(&path, both),
        2200,
        None,
        "Callback verification failed",
    );
    assert_eq!(
        bench.post(&path, json!({"method": "delete"})),
        json!({"success": true})
    );
    assert_eq!(bench.get(&path, json!({})), json!({"data": []}));
}

#[test]
fn accounts_are_read_with_their_lists() {
    let bench = Bench::new();
    let fields = "name,primary_funding_id,owner_business_info{name},phone_numbers.limit(1){id,status},message_templates.limit(2){name}";
    let node = bench.get(SOURCE, json!({"fields": fields}));
    assert_eq!(node["phone_numbers"]["data"][0]["status"], "CONNECTED");
    assert_eq!(
        node["message_templates"]["data"].as_array().unwrap().len(),
        2
    );
    assert!(
        node["message_templates"]["paging"]["next"]
            .as_str()
            .unwrap()
            .contains("/message_templates?")
    );
    assert_eq!(node["owner_business_info"]["name"], "Lucky Shrub");
    refused(
        &bench.get(SOURCE, json!({"fields": "phone_numbers{foo}"})),
        100,
        None,
        "(foo) on node type (WhatsAppBusinessPhoneNumber)",
    );
    let named = json!({"name": "order", "status": "APPROVED", "fields": "name", "summary": "total_count,message_template_limit"});
    let list = bench.get(&format!("{SOURCE}/message_templates"), named);
    assert_eq!(
        list["summary"],
        json!({"total_count": 2, "message_template_limit": 6000})
    );
    let large = json!({"limit": "500"});
    refused(
        &bench.get(&format!("{SOURCE}/message_templates"), large.clone()),
        1,
        None,
        "reduce the amount",
    );
    bench
        .sim
        .edit(|world| world.switches.large_pages = LargePages::Clamped);
    assert_eq!(
        bench.get(&format!("{SOURCE}/message_templates"), large)["data"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    refused(
        &bench.get(&format!("{SOURCE}/nothing"), json!({})),
        100,
        None,
        "nonexisting field (nothing)",
    );
}

#[test]
fn a_portfolio_lists_its_accounts() {
    let bench = Bench::new();
    let owner = bench.get(SOURCE, json!({"fields": "owner_business_info"}));
    let owner = owner["owner_business_info"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        bench.get(&owner, json!({"fields": "verification_status"}))["verification_status"],
        "verified"
    );
    let owned = bench.get(
        &format!("{owner}/owned_whatsapp_business_accounts"),
        json!({"fields": "id"}),
    );
    let ids: Vec<&Value> = owned["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["id"])
        .collect();
    assert_eq!(ids, [SOURCE, TARGET]);
}

#[test]
fn tokens_say_what_they_are_worth() {
    let bench = Bench::new();
    let debug = bench.get("debug_token", json!({"input_token": TOKEN}));
    assert_eq!(
        (&debug["data"]["is_valid"], &debug["data"]["expires_at"]),
        (&json!(true), &json!(0))
    );
    bench.sim.edit(|world| {
        world.tokens[0].wabas = Some([waba(TARGET)].into());
    });
    let debug = bench.get("debug_token", json!({"input_token": TOKEN}));
    let first = &debug["data"]["granular_scopes"][0];
    assert_eq!(first, &json!({"scope": MANAGEMENT, "target_ids": [TARGET]}));
    let unknown = bench.get("debug_token", json!({"input_token": "x"}));
    assert_eq!(
        (
            &unknown["data"]["is_valid"],
            &unknown["data"]["error"]["code"]
        ),
        (&json!(false), &json!(190))
    );
    assert_eq!(bench.get("me", json!({}))["name"], "test");
    assert_eq!(bench.get("app", json!({}))["id"], "634974688087057");
    let exchange = json!({"client_id": "634974688087057", "client_secret": "shh", "grant_type": "client_credentials"});
    let own = bench.get("oauth/access_token", exchange)["access_token"].clone();
    assert_eq!(own, "634974688087057|shh");
    refused(
        &bench.get("me", json!({"access_token": own})),
        2500,
        None,
        "active access token",
    );
    bench
        .sim
        .edit(|world| world.tokens[0].expires = Some(world.now));
    refused(&bench.get("me", json!({})), 190, Some(463), "expired");
    refused(
        &bench.get("me", json!({"access_token": "x"})),
        190,
        None,
        "Cannot parse",
    );
}

#[test]
fn an_app_may_demand_proof() {
    let bench = Bench::with(|world| {
        world
            .apps
            .values_mut()
            .for_each(|app| app.require_secret = true)
    });
    refused(
        &bench.get("me", json!({})),
        100,
        None,
        "require an appsecret_proof",
    );
    refused(
        &bench.get("me", json!({"appsecret_proof": "00"})),
        100,
        None,
        "Invalid appsecret_proof",
    );
    // echo -n EAATEST | openssl dgst -sha256 -hmac shh
    let proof = "a89f6a40b2092497af8ac84fbe519e07ea07a12705444b1fe2e13db12c547f98";
    assert_eq!(
        bench.get("me", json!({"appsecret_proof": proof}))["name"],
        "test"
    );
}

#[test]
fn removed_features_and_missing_endpoints_are_refused() {
    let bench = Bench::new();
    refused(&bench.get("me", json!({"pretty": "1"})), 12, None, "pretty");
    refused(&bench.get("", json!({"ids": "1,2"})), 12, None, "ids");
    refused(
        &bench.get(&format!("{SOURCE}/assigned_users"), json!({})),
        3,
        None,
        "does not offer",
    );
    refused(
        &bench.post(&format!("{SOURCE}/upsert_message_templates"), json!({})),
        3,
        None,
        "does not offer",
    );
    bench
        .sim
        .edit(|world| world.switches.legacy_protocol = true);
    assert_eq!(bench.get("me", json!({"pretty": "1"}))["name"], "test");
}

#[test]
fn a_batch_runs_its_parts_in_order() {
    let bench = Bench::new();
    let batch = json!([
        {"method": "GET", "relative_url": format!("v25.0/{SOURCE}?fields=name")},
        {"method": "GET", "relative_url": "1"},
        {"method": "POST", "name": "add", "omit_response_on_success": false,
         "relative_url": format!("{TARGET}/phone_numbers"), "body": "cc=49&phone_number=30901820&migrate_phone_number=true"},
        {"method": "GET", "depends_on": "add", "relative_url": "{result=add:$.id}?fields=status"},
    ]);
    bench.sim.fault(
        Match::first(Verb::Get, "1"),
        Effect::Cut(Moment::BeforeEffect),
    );
    let answers = bench.post(
        "",
        json!({"batch": batch.to_string(), "include_headers": "false"}),
    );
    let body = |at: usize| -> Value {
        serde_json::from_str(answers[at]["body"].as_str().unwrap()).unwrap()
    };
    assert_eq!(body(0), json!({"id": SOURCE, "name": "Old"}));
    assert_eq!(answers[1], Value::Null);
    assert_eq!(body(3)["status"], "PENDING");
    let many = vec![json!({"method": "GET", "relative_url": "me"}); 51];
    refused(
        &bench.post("", json!({"batch": many})),
        0,
        None,
        "Too many requests in batch",
    );
    assert_eq!(
        bench.sim.writes(),
        [(Method::Post, format!("{TARGET}/phone_numbers"))]
    );
}

#[test]
fn only_results_that_are_awaited_are_left_out_of_a_batch() {
    let bench = Bench::new();
    let batch = json!([
        {"method": "GET", "name": "first", "relative_url": format!("{SOURCE}?fields=name")},
        {"method": "GET", "relative_url": "{result=first:$.id}?fields=id"},
        {"method": "GET", "name": "last", "relative_url": format!("{TARGET}?fields=name")},
        {"method": "GET", "relative_url": "{result=first:$.nothing}?fields=id"},
        {"method": "GET", "name": "wrong", "relative_url": "1?fields=id"},
        {"method": "GET", "depends_on": "wrong", "relative_url": "me"},
        {"method": "POST", "relative_url": "", "body": "batch=[]"},
    ]);
    let answers = bench.post("", json!({"batch": batch}));
    let codes: Vec<Option<u64>> = (0..7).map(|at| answers[at]["code"].as_u64()).collect();
    let expected = [
        None,
        Some(200),
        Some(200),
        Some(400),
        Some(400),
        None,
        Some(400),
    ];
    assert_eq!(codes, expected, "{answers}");
}

#[test]
fn a_malformed_batch_does_nothing() {
    let bench = Bench::new();
    let good = json!({"method": "DELETE", "relative_url": format!("{TARGET}/subscribed_apps")});
    let answer = bench.post("", json!({"batch": [good, {"method": "GET"}]}));
    refused(&answer, 100, None, "relative_url");
    assert_eq!(bench.sim.writes(), []);
    bench.sim.edit(|world| world.tokens[0].revoked = true);
    refused(&bench.post("", json!({"batch": []})), 190, Some(467), "");
}

#[test]
fn lists_are_filtered_by_known_words_only() {
    let bench = Bench::new();
    let numbers = |filter: Value| {
        bench.get(
            &format!("{SOURCE}/phone_numbers"),
            json!({"filtering": filter.to_string()}),
        )
    };
    let mode = |mode: &str| json!({"field": "account_mode", "operator": "EQUAL", "value": mode});
    let count = |list: &Value| list["data"].as_array().map(Vec::len);
    assert_eq!(count(&numbers(json!([mode("LIVE")]))), Some(1));
    assert_eq!(
        count(&numbers(json!([mode("LIVE"), mode("SANDBOX")]))),
        Some(0)
    );
    refused(&numbers(json!([mode("DEAD")])), 100, None, "filtering");
    refused(&numbers(mode("LIVE")), 100, None, "array");
    let templates = |filter: Value| bench.get(&format!("{SOURCE}/message_templates"), filter);
    assert_eq!(
        count(&templates(json!({"name_or_content": "paid"}))),
        Some(1)
    );
    assert_eq!(
        count(&templates(json!({"content": "no such text"}))),
        Some(0)
    );
    refused(&templates(json!({"status": "GOOD"})), 100, None, "status");
    refused(&templates(json!({"since": "2026-01-01"})), 3, None, "since");
}

#[test]
fn calls_on_no_account_count_for_the_app() {
    let bench = Bench::new();
    let headers = |path: &str| bench.raw(Method::Get, path, &json!({})).unwrap().headers;
    let has = |path: &str, name: &str| headers(path).iter().any(|(it, _)| it == name);
    assert!(has("me", "x-app-usage") && !has("me", "x-business-use-case-usage"));
    assert!(has(SOURCE, "x-business-use-case-usage") && !has(SOURCE, "x-app-usage"));
}

#[test]
fn what_a_token_says_of_itself_can_be_selected() {
    let bench = Bench::new();
    let me = bench.get("me", json!({"fields": "id"}));
    assert_eq!(me.as_object().unwrap().len(), 1);
    refused(
        &bench.get("me", json!({"fields": "id,foo"})),
        100,
        None,
        "nonexisting field (foo)",
    );
    assert_eq!(
        bench.get("app", json!({"fields": "name"}))["category"],
        Value::Null
    );
}

#[test]
fn a_token_says_its_kind_and_when_its_data_ends() {
    let bench = Bench::new();
    let debug = || bench.get("debug_token", json!({"input_token": TOKEN}));
    let data = debug()["data"].clone();
    assert_eq!(
        (&data["type"], &data["data_access_expires_at"]),
        (&json!("SYSTEM_USER"), &json!(0))
    );
    let end = bench.sim.edit(|world| {
        world.tokens[0].data_access_expires = Some(world.after(60));
        world.after(60).as_second()
    });
    assert_eq!(debug()["data"]["data_access_expires_at"], end);
}
