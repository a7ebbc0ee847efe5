//! Templates are edited, paused and deleted.

use serde_json::{Value, json};

use super::{
    happening::Happening,
    switches::DeletedTemplates,
    template_tests::{approved, create, created, pass, plain, status},
    tests::{Bench, TARGET, refused},
    words::TemplateStatus,
    world::DAY,
};
use crate::api::transport::Method;

fn delete(bench: &Bench, params: Value) -> Value {
    let path = format!("{TARGET}/message_templates");
    let response = bench.raw(Method::Delete, &path, &params).unwrap();
    serde_json::from_slice(&response.body).unwrap()
}

fn set_status(bench: &Bench, id: &str, status: TemplateStatus) {
    bench.sim.edit(|world| {
        let id = id.parse().unwrap();
        world.templates.get_mut(&id).unwrap().status = status;
    });
}

fn edited() -> Value {
    json!({"components": [{"type": "body", "text": "It is ready now."}, {"type": "footer", "text": "Bye"}]})
}

#[test]
fn an_edit_replaces_the_components_and_goes_to_review() {
    let bench = Bench::new();
    let id = approved(&bench, "order_ready");
    assert_eq!(bench.post(&id, edited()), json!({"success": true}));
    assert_eq!(
        bench.get(&id, json!({"fields": "status,components"})),
        json!({"id": id, "status": "PENDING", "components": [
            {"type": "BODY", "text": "It is ready now."}, {"type": "FOOTER", "text": "Bye"},
        ]})
    );
    pass(&bench, 60);
    assert_eq!(status(&bench, &id), "APPROVED");
}

#[test]
fn edits_are_refused_by_status_and_content() {
    let bench = Bench::new();
    let id = created(&bench, plain("order_ready"));
    let edit = |params: Value| bench.post(&id, params);
    for status in [
        TemplateStatus::Pending,
        TemplateStatus::Disabled,
        TemplateStatus::InAppeal,
        TemplateStatus::PendingDeletion,
    ] {
        set_status(&bench, &id, status);
        refused(&edit(edited()), 100, Some(2_388_039), status.as_str());
    }
    set_status(&bench, &id, TemplateStatus::Approved);
    refused(&edit(json!({})), 100, None, "required");
    refused(&edit(json!({"name": "other"})), 100, None, "Param name");
    refused(&edit(json!({"language": "de"})), 100, None, "language");
    refused(
        &edit(json!({"category": "MARKETING"})),
        100,
        Some(2_388_039),
        "category",
    );
    refused(
        &edit(json!({"components": [{"type": "BODY", "text": "{{1}} is ready"}]})),
        100,
        Some(2_388_043),
        "example",
    );
    assert_eq!(status(&bench, &id), "APPROVED", "nothing has changed");
    set_status(&bench, &id, TemplateStatus::Rejected);
    refused(
        &edit(json!({"category": "AUTHENTICATION"})),
        100,
        None,
        "components is required",
    );
    assert_eq!(
        edit(json!({"category": "MARKETING"})),
        json!({"success": true})
    );
    assert_eq!(
        bench.get(&id, json!({"fields": "category"}))["category"],
        "MARKETING"
    );
}

#[test]
fn an_approved_template_is_edited_once_a_day_and_ten_times_a_month() {
    let bench = Bench::new();
    let id = approved(&bench, "order_ready");
    for _ in 0..10 {
        assert_eq!(bench.post(&id, edited()), json!({"success": true}));
        pass(&bench, 60);
        refused(&bench.post(&id, edited()), 100, None, "once in 24 hours");
        pass(&bench, DAY);
    }
    bench
        .sim
        .edit(|world| world.switches.too_many_edits_subcode = Some(7));
    refused(&bench.post(&id, edited()), 100, Some(7), "10 times");
    set_status(&bench, &id, TemplateStatus::Paused);
    assert_eq!(bench.post(&id, edited()), json!({"success": true}));
}

#[test]
fn a_pause_can_be_taken_back() {
    let bench = Bench::new();
    let id = approved(&bench, "order_ready");
    let unpause = || bench.post(&format!("{id}/unpause"), json!({}));
    refused(&unpause(), 100, Some(2_388_039), "not paused");
    set_status(&bench, &id, TemplateStatus::Paused);
    assert_eq!(unpause(), json!({"success": true}));
    assert_eq!(status(&bench, &id), "APPROVED");
}

#[test]
fn a_deleted_name_stays_blocked_for_thirty_days() {
    let bench = Bench::new();
    let id = approved(&bench, "order_ready");
    assert_eq!(
        delete(&bench, json!({"name": "order_ready"})),
        json!({"success": true})
    );
    assert_eq!(status(&bench, &id), "PENDING_DELETION");
    let again = || create(&bench, plain("order_ready"));
    refused(&again(), 100, Some(2_388_023), "4 weeks");
    let mut german = plain("order_ready");
    german["language"] = json!("de");
    refused(&create(&bench, german), 100, Some(2_388_023), "German");
    refused(
        &delete(&bench, json!({"name": "order_ready"})),
        100,
        None,
        "does not exist",
    );
    pass(&bench, 30 * DAY);
    refused(
        &bench.get(&id, json!({})),
        100,
        Some(33),
        "Unsupported get request",
    );
    assert_eq!(again()["status"], "PENDING");
}

#[test]
fn a_deleted_template_can_be_gone_at_once_and_its_name_still_blocked() {
    let bench = Bench::with(|world| world.switches.deleted_templates = DeletedTemplates::Gone);
    let id = approved(&bench, "order_ready");
    delete(&bench, json!({"name": "order_ready", "hsm_id": id}));
    refused(&bench.get(&id, json!({})), 100, Some(33), "Unsupported");
    refused(
        &create(&bench, plain("order_ready")),
        100,
        Some(2_388_023),
        "4 weeks",
    );
    let mut german = plain("order_ready");
    german["language"] = json!("de");
    created(&bench, german);
}

#[test]
fn a_template_that_never_was_approved_goes_at_once() {
    let bench = Bench::new();
    let id = created(&bench, plain("order_ready"));
    delete(&bench, json!({"name": "order_ready"}));
    refused(
        &create(&bench, plain("order_ready")),
        100,
        Some(2_388_023),
        "less than 1 minute",
    );
    pass(&bench, 60);
    refused(&bench.get(&id, json!({})), 100, Some(33), "Unsupported");
    created(&bench, plain("order_ready"));
}

#[test]
fn a_review_does_not_bring_back_what_was_deleted() {
    let bench = Bench::new();
    let id = approved(&bench, "order_ready");
    bench.post(&id, edited());
    set_status(&bench, &id, TemplateStatus::Approved);
    delete(&bench, json!({"name": "order_ready"}));
    pass(&bench, 60);
    assert_eq!(status(&bench, &id), "PENDING_DELETION");
}

#[test]
fn deletions_are_all_or_nothing() {
    let bench = Bench::new();
    let one = approved(&bench, "order_ready");
    let two = approved(&bench, "order_paid");
    refused(
        &delete(&bench, json!({"hsm_ids": [one, "77"]})),
        100,
        None,
        "77",
    );
    set_status(&bench, &two, TemplateStatus::Disabled);
    refused(
        &delete(&bench, json!({"hsm_ids": [one, two]})),
        100,
        Some(2_388_039),
        "DISABLED",
    );
    assert_eq!(status(&bench, &one), "APPROVED");
    refused(
        &delete(&bench, json!({"hsm_ids": [one], "name": "order_ready"})),
        100,
        None,
        "combined",
    );
    refused(
        &delete(&bench, json!({"hsm_ids": []})),
        100,
        None,
        "1 to 100",
    );
    refused(
        &delete(&bench, json!({"hsm_id": one})),
        100,
        None,
        "name is required",
    );
    refused(
        &delete(&bench, json!({"hsm_id": one, "name": "order_paid"})),
        100,
        None,
        "does not exist",
    );
    assert_eq!(
        delete(&bench, json!({"hsm_ids": [one, one]})),
        json!({"success": true})
    );
    assert_eq!(status(&bench, &one), "PENDING_DELETION");
}

#[test]
fn the_third_pause_is_the_last() {
    let bench = Bench::new();
    let id = approved(&bench, "order_ready");
    let pause = || {
        let event = json!({"template_paused": {"waba": TARGET, "name": "order_ready"}});
        let event: Happening = serde_json::from_value(event).unwrap();
        bench.sim.edit(|world| world.happen(&event));
        status(&bench, &id)
    };
    assert_eq!(pause(), "PAUSED");
    pass(&bench, 3 * 3600 - 1);
    assert_eq!(status(&bench, &id), "PAUSED");
    pass(&bench, 1);
    assert_eq!(status(&bench, &id), "APPROVED");
    assert_eq!(pause(), "PAUSED");
    pass(&bench, 6 * 3600);
    assert_eq!(status(&bench, &id), "APPROVED");
    assert_eq!(pause(), "DISABLED");
    pass(&bench, DAY);
    assert_eq!(status(&bench, &id), "DISABLED");
}
