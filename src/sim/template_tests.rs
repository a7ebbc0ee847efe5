//! Templates are created, reviewed, changed by Meta, listed and counted.

use serde_json::{Value, json};

use super::{
    happening::Happening,
    seed,
    switches::{CategoryChange, ReviewRule},
    tests::{Bench, SOURCE, TARGET, refused, waba},
    words::{Category, Quality, RejectedReason, TemplateStatus},
    world::World,
};

/// A template with a plain body.
pub(super) fn plain(name: &str) -> Value {
    json!({
        "name": name, "language": "en_US", "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Your order is ready."}],
    })
}

pub(super) fn create(bench: &Bench, template: Value) -> Value {
    bench.post(&format!("{TARGET}/message_templates"), template)
}

#[track_caller]
pub(super) fn created(bench: &Bench, template: Value) -> String {
    let answer = create(bench, template);
    let id = answer["id"].as_str();
    id.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

pub(super) fn status(bench: &Bench, id: &str) -> Value {
    bench.get(id, json!({"fields": "status"}))["status"].clone()
}

pub(super) fn pass(bench: &Bench, seconds: u32) {
    let end = bench.sim.world(|world| world.after(seconds));
    bench.sim.edit(|world| world.advance_to(end));
}

/// Creates a template and waits until it is approved.
#[track_caller]
pub(super) fn approved(bench: &Bench, name: &str) -> String {
    let id = created(bench, plain(name));
    pass(bench, 60);
    assert_eq!(status(bench, &id), "APPROVED");
    id
}

fn rule(name: &str) -> ReviewRule {
    ReviewRule {
        name: name.into(),
        status: TemplateStatus::Approved,
        reason: None,
        category: None,
        after_seconds: None,
    }
}

#[test]
fn a_template_is_created_reviewed_and_read() {
    let bench = Bench::new();
    let answer = create(&bench, plain("order_ready"));
    let id = answer["id"].as_str().unwrap();
    assert_eq!(
        answer,
        json!({"id": id, "status": "PENDING", "category": "UTILITY"})
    );
    pass(&bench, 60);
    assert_eq!(
        bench.get(id, json!({})),
        json!({
            "id": id, "name": "order_ready", "language": "en_US", "status": "APPROVED", "category": "UTILITY",
            "parameter_format": "POSITIONAL", "components": [{"type": "BODY", "text": "Your order is ready."}],
        })
    );
}

#[test]
fn parameters_are_checked_before_the_content() {
    #[track_caller]
    fn check(change: Value, subcode: Option<u64>, text: &str) {
        let mut template = plain("order_ready");
        for (key, value) in change.as_object().unwrap() {
            template[key] = value.clone();
        }
        refused(&create(&Bench::new(), template), 100, subcode, text);
    }
    check(json!({"name": null}), None, "name is required");
    check(json!({"name": "Order ready"}), Some(2_388_046), "lowercase");
    check(
        json!({"name": "o".repeat(513)}),
        Some(2_388_046),
        "lowercase",
    );
    check(json!({"language": null}), None, "language is required");
    check(json!({"language": "english"}), None, "language");
    check(json!({"language": "en-US"}), None, "language");
    check(json!({"category": null}), None, "category is required");
    check(
        json!({"category": "OTP"}),
        None,
        "must be one of {AUTHENTICATION, MARKETING, UTILITY} - got \"OTP\"",
    );
    check(json!({"components": null}), None, "components is required");
    check(json!({"components": []}), None, "non-empty");
    check(
        json!({"parameter_format": "MIXED"}),
        None,
        "parameter_format",
    );
    check(json!({"sub_category": "X"}), None, "sub_category");
    check(json!({"send_type": "X"}), None, "DIRECT, CAMPAIGN");
    check(json!({"display_format": "X"}), None, "ORDER_DETAILS");
    check(
        json!({"message_send_ttl_seconds": 29}),
        None,
        "between 30 and 43200",
    );
    check(
        json!({"category": "MARKETING", "message_send_ttl_seconds": -1}),
        None,
        "between 43200",
    );
    check(
        json!({"cta_url_link_tracking_opted_out": "maybe"}),
        None,
        "boolean",
    );
}

#[test]
fn components_may_come_as_text() {
    let bench = Bench::new();
    let mut template = plain("order_ready");
    template["components"] = json!(template["components"].to_string());
    let id = created(&bench, template);
    let node = bench.get(&id, json!({"fields": "components"}));
    assert_eq!(node["components"], plain("order_ready")["components"]);
    let mut broken = plain("order_paid");
    broken["components"] = json!("[{");
    refused(&create(&bench, broken), 100, None, "valid JSON");
}

#[test]
fn a_wrong_name_is_blamed() {
    let answer = create(&Bench::new(), plain("Wrong"));
    assert_eq!(
        answer["error"]["error_data"],
        json!({"blame_field_specs": [["name"]]})
    );
}

#[test]
fn names_of_samples_are_kept() {
    let bench = Bench::with(|world| {
        world.switches.sample_names.insert("hello_world".into());
    });
    refused(
        &create(&bench, plain("hello_world")),
        100,
        Some(2_388_155),
        "sample",
    );
}

#[test]
fn what_the_simulator_has_no_library_for_is_said() {
    let mut template = plain("order_ready");
    template["library_template_name"] = json!("delivery_update_1");
    refused(
        &create(&Bench::new(), template),
        3,
        None,
        "library_template_name",
    );
}

#[test]
fn options_are_read_back_when_they_are_set() {
    let bench = Bench::new();
    let mut template = plain("order_ready");
    template["sub_category"] = json!("ORDER_STATUS");
    template["message_send_ttl_seconds"] = json!(-1);
    template["cta_url_link_tracking_opted_out"] = json!(true);
    let id = created(&bench, template);
    let fields = "sub_category,message_send_ttl_seconds,cta_url_link_tracking_opted_out,quality_score,previous_category,correct_category,library_template_name";
    assert_eq!(
        bench.get(&id, json!({"fields": fields})),
        json!({
            "id": id, "sub_category": "ORDER_STATUS", "message_send_ttl_seconds": -1,
            "cta_url_link_tracking_opted_out": true,
        })
    );
    bench
        .sim
        .edit(|world| world.switches.hides_unknown_quality = false);
    let node = bench.get(&id, json!({"fields": "quality_score"}));
    assert_eq!(node["quality_score"]["score"], "UNKNOWN");
}

#[test]
fn a_name_is_taken_once_in_a_language() {
    let bench = Bench::new();
    created(&bench, plain("order_ready"));
    refused(
        &create(&bench, plain("order_ready")),
        100,
        Some(2_388_024),
        "already English (US) content",
    );
    let mut german = plain("order_ready");
    german["language"] = json!("de");
    created(&bench, german);
}

#[test]
fn a_copy_on_its_way_takes_its_name_too() {
    let bench = Bench::new();
    let copied = json!({"source_waba_id": SOURCE});
    bench.post(&format!("{TARGET}/migrate_message_templates"), copied);
    refused(
        &create(&bench, plain("welcome")),
        100,
        Some(2_388_024),
        "already",
    );
}

#[test]
fn an_account_has_room_for_so_many_templates() {
    let bench = Bench::with(|world| {
        world.wabas.get_mut(&waba(TARGET)).unwrap().template_limit = Some(1);
    });
    created(&bench, plain("order_ready"));
    refused(
        &create(&bench, plain("order_paid")),
        100,
        Some(2_388_019),
        "limit",
    );
}

#[test]
fn an_hour_allows_a_hundred_creations() {
    let bench = Bench::with(|world| world.switches.rate_limits = false);
    for at in 0..100 {
        created(&bench, plain(&format!("order_{at}")));
    }
    let one_more = plain("order_100");
    refused(
        &create(&bench, one_more.clone()),
        80008,
        None,
        "too many calls",
    );
    bench
        .sim
        .edit(|world| world.switches.too_many_creations_error = 613);
    refused(&create(&bench, one_more.clone()), 613, None, "Too many");
    pass(&bench, 3600);
    created(&bench, one_more);
}

#[test]
fn reviews_follow_their_rules() {
    #[track_caller]
    fn check(edit: fn(&mut World), answer: [&str; 2], later: Value) {
        let bench = Bench::with(|world| {
            world.switches.reviews = vec![ReviewRule {
                status: TemplateStatus::Rejected,
                reason: Some(RejectedReason::InvalidFormat),
                after_seconds: Some(10),
                ..rule("bad_*")
            }];
            edit(world);
        });
        let told = create(&bench, plain("bad_order"));
        assert_eq!([&told["status"], &told["category"]], answer, "{told}");
        pass(&bench, 10);
        let id = told["id"].as_str().unwrap();
        let mut node = bench.get(id, json!({"fields": "status,category,rejected_reason"}));
        node.as_object_mut().unwrap().remove("id");
        assert_eq!(node, later);
        let good = approved(&bench, "good_order");
        assert_eq!(status(&bench, &good), "APPROVED");
    }
    let rejected = |reason: &str| json!({"status": "REJECTED", "category": "UTILITY", "rejected_reason": reason});
    let category = |world: &mut World| {
        world.switches.reviews = vec![ReviewRule {
            category: Some(Category::Marketing),
            after_seconds: Some(5),
            ..rule("bad_*")
        }];
    };
    check(|_| {}, ["PENDING", "UTILITY"], rejected("INVALID_FORMAT"));
    check(
        |world| world.switches.reviews_at_once = true,
        ["REJECTED", "UTILITY"],
        rejected("INVALID_FORMAT"),
    );
    check(
        category,
        ["PENDING", "MARKETING"],
        json!({"status": "APPROVED", "category": "MARKETING"}),
    );
}

#[test]
fn a_category_changes_only_when_allowed_where_that_is_so() {
    let bench = Bench::with(|world| {
        world.switches.category_change = CategoryChange::WhenAllowed;
        world.switches.reviews = vec![ReviewRule {
            category: Some(Category::Marketing),
            ..rule("*")
        }];
    });
    let id = created(&bench, plain("order_ready"));
    pass(&bench, 60);
    assert_eq!(
        bench.get(&id, json!({"fields": "status,rejected_reason"})),
        json!({"id": id, "status": "REJECTED", "rejected_reason": "INCORRECT_CATEGORY"})
    );
    let mut willing = plain("order_paid");
    willing["allow_category_change"] = json!(true);
    assert_eq!(create(&bench, willing)["category"], "MARKETING");
}

#[test]
fn meta_changes_templates_by_itself() {
    #[track_caller]
    fn check(event: Value, expected: Value) {
        let bench = Bench::new();
        let id = approved(&bench, "order_ready");
        let event: Happening = serde_json::from_value(event).unwrap();
        bench.sim.edit(|world| world.happen(&event));
        let fields = "status,category,previous_category,correct_category,quality_score{score}";
        let mut node = bench.get(&id, json!({"fields": fields}));
        node.as_object_mut().unwrap().remove("id");
        assert_eq!(node, expected);
    }
    let of = |key: &str, mut what: Value| {
        what["waba"] = json!(TARGET);
        what["name"] = json!("order_ready");
        json!({key: what})
    };
    check(
        of("template_quality", json!({"quality": "RED"})),
        json!({"status": "APPROVED", "category": "UTILITY", "quality_score": {"score": "RED"}}),
    );
    check(
        of(
            "template_category_announced",
            json!({"category": "MARKETING"}),
        ),
        json!({"status": "APPROVED", "category": "UTILITY", "correct_category": "MARKETING"}),
    );
    check(
        of("template_category", json!({"category": "MARKETING"})),
        json!({"status": "APPROVED", "category": "MARKETING", "previous_category": "UTILITY"}),
    );
    check(
        of("template_status", json!({"status": "DISABLED"})),
        json!({"status": "DISABLED", "category": "UTILITY"}),
    );
}

#[test]
fn templates_are_filtered_by_what_they_are() {
    #[track_caller]
    fn check(filter: Value, expected: &[&str]) {
        let bench = Bench::with(|world| {
            let mut bad = seed::template(&waba(TARGET), "order_bad", "de");
            bad.category = Category::Marketing;
            bad.quality = Quality::Red;
            bad.status = TemplateStatus::Paused;
            let id = world.invent_id();
            world.add_template(id, bad);
        });
        created(&bench, plain("order_ready"));
        let mut params = filter.clone();
        params["fields"] = json!("name");
        let list = bench.get(&format!("{TARGET}/message_templates"), params);
        let names: Vec<&str> = list["data"]
            .as_array()
            .unwrap_or_else(|| panic!("{list}"))
            .iter()
            .filter_map(|item| item["name"].as_str())
            .collect();
        assert_eq!(names, expected, "{filter}");
    }
    check(json!({"name": "order"}), &["order_bad", "order_ready"]);
    check(json!({"name_or_content": "ready"}), &["order_ready"]);
    check(json!({"content": "about order"}), &["order_bad"]);
    check(json!({"language": ["de"]}), &["order_bad"]);
    check(json!({"category": "MARKETING"}), &["order_bad"]);
    check(json!({"status": "PENDING"}), &["order_ready"]);
    check(json!({"quality_score": "RED"}), &["order_bad"]);
}

#[test]
fn a_summary_counts_templates() {
    let bench = Bench::new();
    created(&bench, plain("order_ready"));
    let fields =
        "total_count,message_template_count,message_template_limit,are_translations_complete";
    let list = bench.get(
        &format!("{TARGET}/message_templates"),
        json!({"name": "none", "summary": fields}),
    );
    assert_eq!(
        list["summary"],
        json!({
            "total_count": 0, "message_template_count": 1, "message_template_limit": 250,
            "are_translations_complete": true,
        })
    );
}
