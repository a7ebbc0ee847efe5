//! Integrations: what is shown, changed and deleted, and when.

use serde_json::{Value, json};

use super::{
    seed,
    switches::{
        ActivatingStatus, ActivationError, ActivationFailure, DeleteAnswer, FailedStatus,
        NumberSpelling, RecipientId, Since,
    },
    tests::{Desk, INTEGRATIONS, PIN, RECIPIENTS, refused},
    words::SignupVersion,
};
use crate::{
    api::transport::Method,
    sim::{
        happening::Happening,
        tests::{SOURCE, TARGET, phone},
        world::World,
    },
};

fn with(switch: impl FnOnce(&mut super::switches::GenesysSwitches)) -> Desk {
    Desk::with(|_, org| switch(&mut org.switches))
}

#[test]
fn point_5_a_number_moves_from_one_integration_to_the_next() {
    let desk = Desk::new();
    let id = desk.new_integration();
    let one = format!("{INTEGRATIONS}/{id}");
    let shown = desk.get(&one, json!({}));
    assert_eq!(shown["status"], "Incomplete");
    assert_eq!(shown["createStatus"], "Completed");
    assert_eq!(shown["whatsAppBusinessAccountId"], TARGET);
    assert_eq!(shown["name"], "Lucky Shrub");
    assert_eq!(shown.get("phoneNumber"), None);
    assert_eq!(shown.get("recipient"), None);
    assert_eq!(
        shown["availablePhoneNumbers"],
        json!({"entities": [{"name": "Lucky Shrub", "phoneNumber": "+4930901820", "status": "PENDING"}]})
    );
    let (status, told) = desk.activate(&id);
    assert_eq!(
        (status, &told["status"]),
        (202, &json!("Starting")),
        "{told}"
    );
    assert_eq!(
        desk.at_meta(TARGET),
        Some(("PENDING", "NOT_APPLICABLE", true))
    );
    desk.wait(4);
    assert_eq!(desk.get(&one, json!({}))["status"], "Starting");
    assert_eq!(desk.at_meta(TARGET), Some(("CONNECTED", "CLOUD_API", true)));
    assert_eq!(desk.at_meta(SOURCE), None);
    desk.wait(4);
    let shown = desk.get(&one, json!({}));
    assert_eq!(shown["status"], "Active");
    assert_eq!(shown["name"], "New");
    assert_eq!(shown["phoneNumber"], "+4930901820");
    assert_eq!(
        shown["recipient"],
        json!({"id": id, "name": "New", "selfUri": format!("/{RECIPIENTS}/{id}")})
    );
    let pin = |world: &World| {
        let (_, number) = world.live_number(&phone()).unwrap();
        number.pin.as_ref().unwrap().expose().to_owned()
    };
    assert_eq!(desk.sim.world(pin), PIN);
}

#[test]
fn a_creation_can_fail() {
    let desk = with(|switches| switches.failing_creates = 1);
    let id = desk.new_integration();
    let shown = desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}));
    assert_eq!(
        (&shown["createStatus"], &shown["status"]),
        (&json!("Error"), &json!("Error"))
    );
    assert!(shown["createError"]["message"].is_string());
    refused(&desk.activate(&id), 409, "conflict", "not been created");
}

#[test]
fn an_activation_is_never_begun_twice() {
    let desk = Desk::new();
    let id = desk.new_integration();
    assert_eq!(desk.activate(&id).0, 202);
    refused(&desk.activate(&id), 409, "conflict", "being activated");
    desk.wait(8);
    refused(&desk.activate(&id), 409, "conflict", "active already");
    let tally = desk.org(|org| org.tally);
    assert_eq!((tally.activations, tally.repeated_activations), (3, 2));
}

/// What comes of an activation in a world with something wrong.
fn failed(
    switch: impl FnOnce(&mut super::switches::GenesysSwitches),
    what: Happening,
) -> (Desk, String) {
    let desk = with(switch);
    let id = desk.new_integration();
    desk.sim.edit(|world| world.happen(&what));
    assert_eq!(desk.activate(&id).0, 202);
    desk.wait(8);
    (desk, id)
}

fn two_step_on() -> Happening {
    Happening::TwoStepOn { phone: phone() }
}

#[test]
fn meta_refuses_what_it_refuses_elsewhere() {
    #[track_caller]
    fn check(what: Happening, text: &str) {
        let tells =
            |it: &mut super::switches::GenesysSwitches| it.activation_error = ActivationError::Meta;
        let (desk, id) = failed(tells, what);
        let shown = desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}));
        assert_eq!(shown["status"], "Error");
        assert_eq!(shown["activationStatusCode"], "ActivationFailed");
        assert_eq!(shown.get("phoneNumber"), None);
        let told = shown["activationErrorInfo"]["message"].as_str().unwrap();
        assert!(told.contains(text), "{told}");
        assert_eq!(
            desk.at_meta(SOURCE).unwrap().0,
            "CONNECTED",
            "nothing moved"
        );
    }
    check(two_step_on(), "two-step verification");
    check(
        Happening::PaymentRemoved {
            waba: TARGET.into(),
        },
        "payment method",
    );
    check(
        Happening::WabaBanned {
            waba: TARGET.into(),
        },
        "locked",
    );
    let status = crate::sim::words::CodeVerification::NotVerified;
    check(
        Happening::VerificationStatus {
            phone: phone(),
            status,
        },
        "verified before",
    );
}

#[test]
fn a_failure_is_told_in_different_ways() {
    let (desk, id) = failed(|_| {}, two_step_on());
    let one = format!("{INTEGRATIONS}/{id}");
    let told =
        |desk: &Desk, one: &str| desk.get(one, json!({}))["activationErrorInfo"]["message"].clone();
    assert_eq!(told(&desk, &one), "Unknown error saving integration");
    desk.sim
        .edit(|world| world.happen(&Happening::TwoStepOff { phone: phone() }));
    assert_eq!(desk.activate(&id).0, 202, "it may be tried again");
    desk.wait(8);
    assert_eq!(desk.get(&one, json!({}))["status"], "Active");
    assert_eq!(told(&desk, &one), Value::Null);

    let (desk, id) = failed(
        |it| it.failed_status = FailedStatus::Incomplete,
        two_step_on(),
    );
    let one = format!("{INTEGRATIONS}/{id}");
    assert_eq!(desk.get(&one, json!({}))["status"], "Incomplete");

    let (desk, id) = failed(|it| it.failed_activation_repeats = false, two_step_on());
    refused(&desk.activate(&id), 409, "conflict", "has failed");

    let desk = with(|it| it.activation_failure = ActivationFailure::Refused);
    let id = desk.new_integration();
    desk.sim.edit(|world| world.happen(&two_step_on()));
    refused(
        &desk.activate(&id),
        400,
        "bad.request",
        "Unknown error saving integration",
    );
    assert_eq!(
        desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}))["status"],
        "Incomplete"
    );
}

#[test]
fn meta_counts_every_attempt() {
    let desk = with(|it| it.activation_error = ActivationError::Meta);
    let id = desk.new_integration();
    desk.sim.edit(|world| world.happen(&two_step_on()));
    for _ in 0..10 {
        assert_eq!(desk.activate(&id).0, 202);
        desk.wait(8);
    }
    desk.sim
        .edit(|world| world.happen(&Happening::TwoStepOff { phone: phone() }));
    assert_eq!(desk.activate(&id).0, 202);
    desk.wait(8);
    let shown = desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}));
    assert_eq!(
        shown["activationErrorInfo"]["details"],
        json!([{"errorCode": "133016"}])
    );
    assert_eq!(shown["status"], "Error");
}

#[test]
fn each_signup_wants_its_own_body() {
    #[track_caller]
    fn check(version: SignupVersion, body: Value, expected: u16) {
        let desk = with(|it| it.signup_version = version);
        let id = desk.new_integration();
        let (status, told) = desk.patch(&format!("{INTEGRATIONS}/embeddedsignup/{id}"), &body);
        assert_eq!(status, expected, "{body}: {told}");
    }
    let number = json!({"phoneNumber": "+49 30 901820", "pin": PIN});
    let name = json!({"name": "New", "pin": PIN});
    check(SignupVersion::V2, number.clone(), 202);
    check(SignupVersion::V2, name.clone(), 400);
    check(SignupVersion::V4, name, 202);
    check(SignupVersion::V4, number, 400);
    check(
        SignupVersion::V2,
        json!({"phoneNumber": "+4930901820"}),
        400,
    );
    check(
        SignupVersion::V2,
        json!({"phoneNumber": "+4930901820", "pin": "12345"}),
        400,
    );
    check(
        SignupVersion::V2,
        json!({"phoneNumber": "4930901820", "pin": PIN}),
        400,
    );
    check(
        SignupVersion::V2,
        json!({"phoneNumber": "+33612345678", "pin": PIN}),
        400,
    );
}

#[test]
fn what_is_shown_when_is_a_switch() {
    let desk = with(|it| {
        it.waba_shown = Since::Active;
        it.v4_lists_numbers = false;
        it.recipient_since = Since::Create;
        it.recipient_id = RecipientId::Other;
        it.number_spelling = NumberSpelling::Spaced;
        it.odd_status = Some("Warming".into());
    });
    let id = desk.new_integration();
    let one = format!("{INTEGRATIONS}/{id}");
    let shown = desk.get(&one, json!({}));
    assert_eq!(shown.get("whatsAppBusinessAccountId"), None);
    assert_eq!(shown.get("availablePhoneNumbers"), None);
    assert!(shown["recipient"]["id"].is_string());
    assert_ne!(shown["recipient"]["id"], id);
    desk.activate(&id);
    assert_eq!(desk.get(&one, json!({}))["status"], "Warming");
    desk.wait(8);
    let shown = desk.get(&one, json!({}));
    assert_eq!(shown["whatsAppBusinessAccountId"], TARGET);
    assert_eq!(shown["phoneNumber"], "+49 30 901820");
}

#[test]
fn point_6_a_deletion_takes_its_time() {
    let desk = Desk::new();
    let old = desk.old();
    let one = format!("{INTEGRATIONS}/{old}");
    refused(&desk.delete(&one), 409, "conflict", "flow is assigned");
    let route = format!("{RECIPIENTS}/{old}");
    assert_eq!(desk.put(&route, &json!({"flow": null})).0, 200);
    assert_eq!(desk.delete(&one), (204, Value::Null));
    assert_eq!(desk.get(&one, json!({}))["status"], "Deleting");
    assert_eq!(desk.delete(&one), (204, Value::Null), "as good as once");
    refused(
        &desk.patch(&one, &json!({"name": "X"})),
        409,
        "conflict",
        "being deleted",
    );
    refused(&desk.activate(&old), 409, "conflict", "being deleted");
    desk.wait(10);
    refused(
        &desk.call(Method::Get, &one, &json!({})),
        404,
        "not.found",
        "",
    );
    refused(
        &desk.call(Method::Get, &route, &json!({})),
        404,
        "not.found",
        "",
    );
    refused(&desk.delete(&one), 404, "not.found", "");
    assert_eq!(
        desk.at_meta(SOURCE).unwrap().0,
        "CONNECTED",
        "Meta knows nothing of it"
    );
}

#[test]
fn deletions_differ() {
    let desk = with(|it| {
        it.deletes_routed = true;
        it.delete_answer = DeleteAnswer::Entity;
        it.failing_deletions = 1;
        it.deletion_deregisters = true;
        it.ghost_ms = 3000;
    });
    let one = format!("{INTEGRATIONS}/{}", desk.old());
    let (status, body) = desk.delete(&one);
    assert_eq!((status, &body["status"]), (200, &json!("Deleting")));
    desk.wait(10);
    assert_eq!(desk.get(&one, json!({}))["status"], "DeletionFailed");
    assert_eq!(desk.delete(&one).0, 200, "it may be tried again");
    desk.wait(10);
    assert_eq!(desk.call(Method::Get, &one, &json!({})).0, 404);
    assert_eq!(desk.at_meta(SOURCE).unwrap().0, "DISCONNECTED");
    assert_eq!(
        desk.get(INTEGRATIONS, json!({}))["total"],
        1,
        "a list still shows it"
    );
    desk.wait(3);
    assert_eq!(desk.get(INTEGRATIONS, json!({}))["total"], 0);
}

#[test]
fn point_12_what_is_new_is_found_late() {
    let desk = Desk::new();
    desk.bring_to_target();
    desk.remove_old();
    let id = desk.popup().integration.unwrap();
    let one = format!("{INTEGRATIONS}/{id}");
    let listed = |desk: &Desk| desk.get(INTEGRATIONS, json!({}))["total"].clone();
    assert_eq!(desk.call(Method::Get, &one, &json!({})).0, 404);
    desk.wait(1);
    assert_eq!(desk.get(&one, json!({}))["createStatus"], "Initiated");
    assert_eq!(listed(&desk), 0);
    desk.wait(1);
    assert_eq!(listed(&desk), 1);
}

#[test]
fn a_change_touches_what_it_names() {
    let desk = Desk::with(|world, org| {
        seed::add_content(world, org, "Images");
    });
    let one = format!("{INTEGRATIONS}/{}", desk.old());
    let content = desk.org(|org| org.supported_content.find("Images").unwrap()["id"].clone());
    let before = desk.get(&one, json!({}));
    let (status, after) = desk.patch(&one, &json!({"supportedContent": {"id": content}}));
    assert_eq!(status, 200);
    assert_eq!(after["supportedContent"]["id"], content);
    assert_eq!(after["messagingSetting"], before["messagingSetting"]);
    assert_eq!(after["name"], "Old");
    assert_eq!(
        after["version"].as_u64(),
        Some(before["version"].as_u64().unwrap() + 1)
    );
    let (_, renamed) = desk.patch(&one, &json!({"name": "Shop"}));
    assert_eq!(renamed["recipient"]["name"], "Shop");
    refused(
        &desk.patch(&one, &json!({"supportedContent": {"id": ""}})),
        400,
        "bad.request",
        "required",
    );
    refused(
        &desk.patch(&one, &json!({"supportedContent": {"id": "9"}})),
        400,
        "bad.request",
        "Could not find",
    );
    refused(
        &desk.patch(&one, &json!({"name": " "})),
        400,
        "bad.request",
        "name",
    );
    let expanded = desk.get(
        &one,
        json!({"expand": "supportedContent,identityresolution"}),
    );
    assert_eq!(expanded["supportedContent"]["name"], "Images");
    assert_eq!(expanded["identityResolution"]["resolveIdentities"], false);
    let filtered = desk.get(INTEGRATIONS, json!({"supportedContent.id": content}));
    assert_eq!(filtered["entities"][0]["id"], desk.old());
    let none = desk.get(INTEGRATIONS, json!({"messagingSetting.id": "9"}));
    assert_eq!(none.get("entities"), None);
}

#[test]
fn open_questions_have_other_answers() {
    let desk = with(|it| {
        it.activating_status = ActivatingStatus::Unchanged;
        it.available_status = Some("VERIFIED".into());
        it.routed_deletion_status = 400;
    });
    let one = format!("{INTEGRATIONS}/{}", desk.old());
    refused(&desk.delete(&one), 400, "bad.request", "flow is assigned");
    let id = desk.new_integration();
    let one = format!("{INTEGRATIONS}/{id}");
    let entry = &desk.get(&one, json!({}))["availablePhoneNumbers"]["entities"][0];
    assert_eq!(entry["status"], "VERIFIED");
    assert_eq!(desk.activate(&id).1["status"], "Incomplete");
    refused(&desk.activate(&id), 409, "conflict", "being activated");
    desk.wait(8);
    assert_eq!(desk.get(&one, json!({}))["status"], "Active");
}

#[test]
fn oddities_are_shown_as_the_world_has_them() {
    let desk = Desk::with(|_, org| {
        let raw = json!({"status": "Paused", "phoneNumber": "+49 30 901820", "whatsAppBusinessAccountId": null});
        org.integrations[0].raw = raw.as_object().cloned().unwrap();
    });
    let shown = desk.get(&format!("{INTEGRATIONS}/{}", desk.old()), json!({}));
    assert_eq!(
        (&shown["status"], &shown["phoneNumber"]),
        (&json!("Paused"), &json!("+49 30 901820"))
    );
    assert_eq!(shown.get("whatsAppBusinessAccountId"), None);
}

#[test]
fn all_channels_stand_in_one_list() {
    let desk = Desk::with(|_, org| {
        org.channels
            .0
            .push(json!({"id": "7", "messengerType": "open"}))
    });
    let all = desk.get("api/v2/conversations/messaging/integrations", json!({}));
    let kinds = [
        &all["entities"][0]["messengerType"],
        &all["entities"][1]["messengerType"],
    ];
    assert_eq!(kinds, ["whatsapp", "open"]);
}

#[test]
fn a_second_integration_for_a_number_is_a_switch() {
    let desk = with(|it| it.second_integration = true);
    desk.bring_to_target();
    let id = desk.popup().integration.unwrap();
    desk.wait(5);
    assert_eq!(desk.activate(&id).0, 202);
    desk.wait(8);
    assert_eq!(desk.get(INTEGRATIONS, json!({}))["total"], 2);

    let desk = with(|it| it.second_integration = true);
    desk.bring_to_target();
    let id = desk.popup().integration.unwrap();
    desk.wait(5);
    desk.edit(|_, org| org.switches.second_integration = false);
    refused(&desk.activate(&id), 409, "conflict", "another integration");
}
