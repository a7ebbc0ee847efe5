//! Somebody finishes the popup: what comes of it, and what keeps it from its end.

use serde_json::json;

use super::{
    organization::Organization,
    popup::{Popup, PopupRefused},
    tests::{Desk, INTEGRATIONS, PIN, refused},
    words::SignupVersion,
};
use crate::{
    secret::Secret,
    sim::{
        happening::Happening,
        signup::SignupRefused,
        tests::{TARGET, phone, waba},
        world::World,
    },
};

fn two_step_on() -> Happening {
    Happening::TwoStepOn { phone: phone() }
}

#[test]
fn the_token_of_a_popup_makes_one_integration() {
    let desk = Desk::new();
    desk.bring_to_target();
    desk.remove_old();
    let popup = Popup {
        only_token: true,
        ..Popup::of(waba(TARGET), phone())
    };
    let token = desk.sim.finish_popup(&popup).unwrap().token.unwrap();
    let path = format!("{INTEGRATIONS}/embeddedsignup");
    let body = json!({"name": "By token", "embeddedSignupAccessToken": token.expose()});
    refused(
        &desk.post(&path, &json!({"name": "X"})),
        400,
        "bad.request",
        "embeddedSignupAccessToken",
    );
    let (status, made) = desk.post(&path, &body);
    assert_eq!((status, &made["createStatus"]), (202, &json!("Initiated")));
    refused(&desk.post(&path, &body), 400, "bad.request", "not valid");
    refused(
        &desk.post(INTEGRATIONS, &body),
        400,
        "bad.request",
        "embedded signup",
    );
    desk.wait(5);
    let shown = desk.get(
        &format!("{INTEGRATIONS}/{}", made["id"].as_str().unwrap()),
        json!({}),
    );
    assert!(shown["availablePhoneNumbers"]["entities"].is_array());
}

#[test]
fn point_13_somebody_finishes_the_popup() {
    let refusal = |desk: &Desk| {
        desk.sim
            .finish_popup(&Popup::of(waba(TARGET), phone()))
            .unwrap_err()
    };
    let desk = Desk::new();
    assert_eq!(refusal(&desk), PopupRefused::OldIntegration(desk.old()));
    desk.remove_old();
    desk.sim.edit(|world| world.happen(&two_step_on()));
    assert_eq!(
        refusal(&desk),
        PopupRefused::Signup(SignupRefused::TwoStepOn)
    );
    desk.sim
        .edit(|world| world.happen(&Happening::TwoStepOff { phone: phone() }));
    let popup = Popup {
        name: Some("Mine".into()),
        version: Some(SignupVersion::V2),
        ..Popup::of(waba(TARGET), phone())
    };
    let id = desk.sim.finish_popup(&popup).unwrap().integration.unwrap();
    assert_eq!(
        desk.at_meta(TARGET),
        Some(("PENDING", "NOT_APPLICABLE", true)),
        "the popup verified it"
    );
    desk.wait(5);
    assert_eq!(
        desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}))["name"],
        "Mine"
    );
    assert_eq!(refusal(&desk), PopupRefused::OldIntegration(id));

    let desk = Desk::with(|_, org| org.products.clear());
    assert_eq!(refusal(&desk), PopupRefused::NoProduct);
}

#[test]
fn two_step_verification_keeps_a_verified_number_from_being_integrated() {
    let desk = Desk::new();
    desk.bring_to_target();
    desk.remove_old();
    desk.sim.edit(|world| world.happen(&two_step_on()));
    let refusal = desk
        .sim
        .finish_popup(&Popup::of(waba(TARGET), phone()))
        .unwrap_err();
    assert_eq!(refusal, PopupRefused::Signup(SignupRefused::TwoStepOn));
}

#[test]
fn the_popup_may_activate_as_well() {
    let desk = Desk::with(|_, org| org.switches.popup_activates = true);
    let id = desk.new_integration();
    desk.wait(8);
    assert_eq!(
        desk.get(&format!("{INTEGRATIONS}/{id}"), json!({}))["status"],
        "Active"
    );

    let desk = Desk::new();
    desk.bring_to_target();
    desk.remove_old();
    let popup = Popup {
        pin: Some(Secret::new(PIN)),
        ..Popup::of(waba(TARGET), phone())
    };
    desk.sim.finish_popup(&popup).unwrap();
    desk.wait(13);
    assert_eq!(desk.at_meta(TARGET).unwrap().0, "CONNECTED");
}

#[test]
fn an_admin_finishes_the_popup_after_a_while() {
    let admin = |minutes| {
        move |_: &mut World, org: &mut Organization| {
            org.admin = Some(super::organization::Admin {
                minutes,
                waba: None,
            });
        }
    };
    let desk = Desk::with(admin(3));
    desk.bring_to_target();
    desk.remove_old();
    desk.wait(179);
    assert_eq!(desk.org(|org| org.integrations.len()), 0);
    desk.sim.edit(|world| world.happen(&two_step_on()));
    desk.wait(60);
    assert_eq!(
        desk.org(|org| org.integrations.len()),
        0,
        "it cannot be done"
    );
    desk.sim
        .edit(|world| world.happen(&Happening::TwoStepOff { phone: phone() }));
    desk.wait(180);
    assert_eq!(
        desk.org(|org| org.integrations.len()),
        1,
        "they tried again"
    );

    let desk = Desk::with(admin(3));
    desk.remove_old();
    desk.wait(600);
    assert_eq!(
        desk.org(|org| org.integrations.len()),
        0,
        "the number waits nowhere"
    );
}

#[test]
fn a_placeholder_carries_the_payment_line() {
    let placeholder = "+4930555000".parse::<crate::phone::Phone>().unwrap();
    let desk = Desk::new();
    let funding = |world: &World| world.wabas[&waba(TARGET)].funding.is_some();
    desk.sim.edit(|world| {
        world.happen(&Happening::PaymentRemoved {
            waba: TARGET.into(),
        })
    });
    let popup = Popup {
        is_new: true,
        pin: Some(Secret::new(PIN)),
        ..Popup::of(waba(TARGET), placeholder)
    };
    let id = desk.sim.finish_popup(&popup).unwrap().integration.unwrap();
    assert!(!desk.sim.world(funding));
    desk.wait(13);
    assert!(desk.sim.world(funding), "it came with the first number");
    assert_eq!(desk.delete(&format!("{INTEGRATIONS}/{id}")).0, 204);
    desk.wait(10);
    assert!(!desk.sim.world(funding), "it went with the last");
}
