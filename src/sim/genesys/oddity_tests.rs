//! What goes wrong: answers that are lost, oddities of old integrations, people in between.

use serde_json::{Value, json};

use super::{
    happening::InGenesys,
    seed,
    tests::{Desk, INTEGRATIONS, PIN, RECIPIENTS, refused},
    words::IntegrationStatus,
};
use crate::{
    api::transport::Method,
    sim::{
        happening::Happening,
        script::{Effect, Match, Moment, Verb},
        tests::{TARGET, phone},
    },
};

fn happen(desk: &Desk, what: InGenesys) {
    desk.sim
        .edit(|world| world.happen(&Happening::Genesys(what)));
}

#[test]
fn point_14_the_answer_to_an_activation_is_lost() {
    let path = format!("{INTEGRATIONS}/embeddedsignup/*");
    for effect in [
        Effect::Cut(Moment::AfterEffect),
        Effect::ServerError(Moment::AfterEffect),
        Effect::Timeout(Moment::AfterEffect),
    ] {
        let desk = Desk::new();
        let id = desk.new_integration();
        desk.sim
            .fault(Match::first(Verb::Patch, &path), effect.clone());
        let body = json!({"name": "New", "pin": PIN});
        let path = format!("{INTEGRATIONS}/embeddedsignup/{id}");
        let request = desk.request(Method::Patch, &path, &body);
        let status = desk.send(request).map(|answer| answer.status);
        assert_ne!(status, Ok(202), "{effect:?}");
        desk.wait(8);
        let shown = desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}));
        assert_eq!(shown["status"], "Active", "{effect:?}");
    }
    let desk = Desk::new();
    let id = desk.new_integration();
    desk.sim.fault(
        Match::first(Verb::Patch, &path),
        Effect::ServerError(Moment::BeforeEffect),
    );
    refused(&desk.activate(&id), 500, "internal.server.error", "");
    desk.wait(8);
    let shown = desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}));
    assert_eq!(shown["status"], "Incomplete");
}

#[test]
fn point_14_a_token_ends_in_the_middle() {
    let mut desk = Desk::new();
    happen(&desk, InGenesys::TokensExpired);
    let one = format!("{INTEGRATIONS}/{}", desk.old());
    refused(
        &desk.patch(&one, &json!({"name": "X"})),
        401,
        "credentials.expired",
        "",
    );
    desk.token = desk.new_token();
    assert_eq!(desk.patch(&one, &json!({"name": "X"})).0, 200);
    let permission = "messaging:integration:edit".to_owned();
    happen(&desk, InGenesys::PermissionLost { permission });
    refused(
        &desk.patch(&one, &json!({"name": "Y"})),
        403,
        "missing.permissions",
        "integration:edit",
    );
}

#[test]
fn point_14_a_number_has_two_integrations() {
    let desk = Desk::new();
    happen(&desk, InGenesys::IntegrationDuplicated { phone: phone() });
    let listed = desk.get(INTEGRATIONS, json!({}));
    let numbers = [0, 1].map(|at| listed["entities"][at]["phoneNumber"].clone());
    assert_eq!(numbers, ["+4930901820", "+4930901820"]);
}

#[test]
fn people_change_things_in_between() {
    let desk = Desk::with(|world, org| {
        seed::add_flow(world, org, "Other");
        seed::add_campaign(world, org, ("Offers", "on"), (None, None));
    });
    let route = format!("{RECIPIENTS}/{}", desk.old());
    happen(
        &desk,
        InGenesys::Routed {
            phone: phone(),
            flow: Some("Other".into()),
        },
    );
    assert_eq!(desk.get(&route, json!({}))["flow"]["name"], "Other");
    happen(
        &desk,
        InGenesys::FlowDeleted {
            flow: "Other".into(),
        },
    );
    assert_eq!(desk.get(&route, json!({}))["flow"]["deleted"], true);
    let campaigns = "api/v2/outbound/messagingcampaigns";
    let version = |desk: &Desk| desk.get(campaigns, json!({}))["entities"][0]["version"].clone();
    happen(
        &desk,
        InGenesys::Edited {
            name: "Offers".into(),
        },
    );
    assert_eq!(version(&desk), 5);
    happen(
        &desk,
        InGenesys::CampaignStatus {
            name: "Offers".into(),
            status: "complete".into(),
        },
    );
    assert_eq!(version(&desk), 6);
    let status = IntegrationStatus::Inactive;
    happen(
        &desk,
        InGenesys::IntegrationStatus {
            phone: phone(),
            status,
        },
    );
    let one = format!("{INTEGRATIONS}/{}", desk.old());
    assert_eq!(desk.get(&one, json!({}))["status"], "Inactive");
    happen(&desk, InGenesys::IntegrationDeleted { phone: phone() });
    desk.wait(10);
    assert_eq!(desk.call(Method::Get, &one, &json!({})).0, 404);
}

#[test]
fn the_script_finishes_the_popup() {
    let desk = Desk::new();
    desk.remove_old();
    let what: Value = json!({"genesys": {"popup_finished": {"phone": "+4930901820", "waba": TARGET, "signup": "v2"}}});
    let what: Happening = serde_json::from_value(what).unwrap();
    desk.sim.edit(|world| world.happen(&what));
    desk.wait(5);
    let listed = desk.get(INTEGRATIONS, json!({}));
    assert_eq!(listed["entities"][0]["name"], "Lucky Shrub");
}
