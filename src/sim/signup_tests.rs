//! Numbers that are verified, how they come to be, and how long it lasts.

use std::time::Duration;

use serde_json::json;

use super::{
    script::{Event, Happening, Match, Verb, When},
    seed,
    signup::SignupRefused,
    tests::{Bench, TARGET, add_params, phone, refused, waba},
    words::CodeVerification,
    world::World,
};
use crate::secret::Secret;

#[test]
fn a_verification_expires_unless_it_is_used() {
    let two_weeks = Duration::from_secs(14 * 24 * 3600);
    let status = |bench: &Bench, id: &str| {
        bench.get(id, json!({"fields": "code_verification_status"}))["code_verification_status"]
            .clone()
    };
    let bench = Bench::new();
    let id = bench.add();
    bench.verify(&id);
    bench.sim.advance(two_weeks - Duration::from_secs(1));
    assert_eq!(status(&bench, &id), "VERIFIED");
    bench.sim.advance(Duration::from_secs(1));
    assert_eq!(status(&bench, &id), "EXPIRED");
    refused(&bench.register(&id), 133_006, None, "verified before");
    bench.verify(&id);
    assert_eq!(bench.register(&id), json!({"success": true}));
    bench.sim.advance(two_weeks);
    assert_eq!(status(&bench, &id), "VERIFIED");
    bench.post(&format!("{id}/deregister"), json!({}));
    assert_eq!(status(&bench, &id), "VERIFIED", "it was used");

    let bench = Bench::with(|world| world.switches.verification_days = 0);
    let id = bench.add();
    bench.verify(&id);
    bench.sim.advance(two_weeks * 10);
    assert_eq!(bench.register(&id), json!({"success": true}));
}

fn finish(bench: &Bench) -> Result<String, SignupRefused> {
    let finished = bench.sim.finish_signup(&waba(TARGET), &phone());
    finished.map(|id| id.to_string())
}

#[test]
fn the_popup_brings_a_verified_number() {
    let bench = Bench::with(|world| {
        let other = seed::add_business(world, "Somebody else");
        let target = world.wabas.get_mut(&waba(TARGET)).unwrap();
        target.owner = other;
        target.funding = None;
        target.subscriptions.clear();
    });
    let id = finish(&bench).unwrap();
    let fields = json!({"fields": "status,platform_type,code_verification_status,verified_name"});
    assert_eq!(
        bench.get(&id, fields),
        json!({
            "id": id, "status": "PENDING", "platform_type": "NOT_APPLICABLE",
            "code_verification_status": "VERIFIED", "verified_name": "Lucky Shrub",
        })
    );
    refused(&bench.register(&id), 100, None, "payment method");
    bench.sim.edit(|world| {
        let target = world.wabas.get_mut(&waba(TARGET)).unwrap();
        target.funding = Some("1".into());
    });
    assert_eq!(bench.register(&id), json!({"success": true}));
    assert_eq!(finish(&bench), Ok(id), "it is there");
}

#[test]
fn a_number_that_is_there_keeps_its_id() {
    let bench = Bench::new();
    let id = bench.add();
    assert_eq!(finish(&bench).as_ref(), Ok(&id));
    let verification = |world: &World| {
        let (_, number) = world.number_on(&waba(TARGET), &phone()).unwrap();
        world.verification(number)
    };
    assert_eq!(bench.sim.world(verification), CodeVerification::Verified);
    assert_eq!(finish(&bench).as_ref(), Ok(&id));
    bench.sim.advance(Duration::from_secs(14 * 24 * 3600));
    assert_eq!(bench.sim.world(verification), CodeVerification::Expired);
    assert_eq!(finish(&bench), Ok(id.clone()));
    assert_eq!(bench.register(&id), json!({"success": true}));
    refused(
        &bench.post(&format!("{TARGET}/phone_numbers"), add_params()),
        100,
        Some(2_388_012),
        "already exists",
    );
}

#[test]
fn the_popup_refuses_what_cannot_move() {
    #[track_caller]
    fn check(expected: SignupRefused, edit: impl FnOnce(&mut World)) {
        let bench = Bench::with(edit);
        assert_eq!(finish(&bench), Err(expected));
    }
    check(SignupRefused::UnknownAccount, |world| {
        world.wabas.remove(&waba(TARGET));
    });
    check(SignupRefused::AccountBanned, |world| {
        world.wabas.get_mut(&waba(TARGET)).unwrap().is_banned = true;
    });
    check(SignupRefused::UnknownNumber, |world| world.numbers.clear());
    check(SignupRefused::TwoStepOn, |world| {
        let numbers = world.numbers.values_mut();
        numbers.for_each(|number| number.pin = Some(Secret::new("111111")));
    });
    check(SignupRefused::NoRoom, |world| {
        world.wabas.get_mut(&waba(TARGET)).unwrap().max_numbers = 0;
    });
}

#[test]
fn the_script_can_finish_the_popup() {
    let what = || Happening::SignupFinished {
        phone: phone(),
        waba: TARGET.into(),
    };
    let bench = Bench::with(|world| {
        world.schedule(Event {
            when: When::BeforeCall(Match::nth(Verb::Get, "me", 2)),
            what: what(),
        });
        world.happen(&Happening::TwoStepOn { phone: phone() });
        world.happen(&what());
    });
    let is_there = || {
        bench.get("me", json!({}));
        let on_target = |world: &World| world.number_on(&waba(TARGET), &phone()).is_some();
        bench.sim.world(on_target)
    };
    assert!(!is_there(), "two-step verification was on");
    bench
        .sim
        .edit(|world| world.happen(&Happening::TwoStepOff { phone: phone() }));
    assert!(is_there());
}
