//! The rules of numbers: one line per refusal, in the order the checks are made.

use serde_json::{Value, json};

use super::{
    script::Happening,
    switches::{DeregisterIdle, DisplaySpelling, Reregister, SecondAdd, SourceAfterMove},
    tests::{Bench, SOURCE, TARGET, TOKEN, add_params, phone, refused, register_params, waba},
    words::{CodeVerification, NameStatus, Review, Verification},
    world::{Number, OnBehalfOf, Waba, World},
};
use crate::secret::Secret;

fn live(world: &mut World) -> &mut Number {
    let live = |number: &&mut Number| number.is_live();
    world.numbers.values_mut().find(live).unwrap()
}

fn target(world: &mut World) -> &mut Waba {
    world.wabas.get_mut(&waba(TARGET)).unwrap()
}

fn source(world: &mut World) -> &mut Waba {
    world.wabas.get_mut(&waba(SOURCE)).unwrap()
}

/// Breaks everything from the n-th check on; the first broken one must answer.
#[test]
fn add_checks_in_order() {
    type Break = fn(&mut World);
    let checks: [(Break, u64, Option<u64>, &str); 14] = [
        (
            |world| world.tokens[0].revoked = true,
            190,
            Some(467),
            "invalidated",
        ),
        (
            |world| world.tokens[0].wabas = Some([waba(SOURCE)].into()),
            100,
            Some(33),
            "does not exist",
        ),
        (
            |world| world.tokens[0].scopes.clear(),
            200,
            None,
            "permission",
        ),
        (|world| exhaust(world), 80008, None, "too many calls"),
        (
            |world| world.numbers.clear(),
            100,
            Some(2_388_103),
            "added directly",
        ),
        (
            |world| live(world).is_on_biz_app = true,
            100,
            Some(2_388_103),
            "not set up for a migration",
        ),
        (
            |world| source(world).review = Review::Pending,
            100,
            Some(2_388_103),
            "source WhatsApp Business account",
        ),
        (
            belong_to_another,
            100,
            Some(2_388_103),
            "different Business Manager",
        ),
        (
            |world| target(world).review = Review::Rejected,
            100,
            Some(2_388_103),
            "is not approved",
        ),
        (messaging_for_pending, 100, Some(2_388_103), "Messaging For"),
        (
            |world| target(world).funding = None,
            100,
            Some(2_388_103),
            "payment account",
        ),
        (
            |world| live(world).name_status = NameStatus::Declined,
            100,
            Some(2_388_103),
            "display name of",
        ),
        (
            |world| target(world).subscriptions.clear(),
            100,
            Some(2_388_103),
            "Webhooks",
        ),
        (
            |world| live(world).in_maintenance = true,
            100,
            Some(2_494_100),
            "maintenance",
        ),
    ];
    for (from, (_, code, subcode, text)) in checks.iter().enumerate() {
        // Without its number a world has no other check to break.
        let only_later = |at: &usize| *at == from || (*at > from && *at != 4);
        let bench = Bench::with(|world| {
            (0..checks.len()).rev().filter(only_later).for_each(|at| {
                if from != 4 || at == 4 {
                    checks[at].0(world);
                }
            });
        });
        refused(
            &bench.post(&format!("{TARGET}/phone_numbers"), add_params()),
            *code,
            *subcode,
            text,
        );
    }
}

fn belong_to_another(world: &mut World) {
    let other = super::seed::add_business(world, "Somebody else");
    let target = target(world);
    target.owner = other.clone();
    if let Some(on_behalf_of) = &mut target.on_behalf_of {
        on_behalf_of.business = other;
    }
}

fn messaging_for_pending(world: &mut World) {
    let business = source(world).owner.clone();
    target(world).on_behalf_of = Some(OnBehalfOf {
        business,
        status: Review::Pending,
    });
}

fn exhaust(world: &mut World) {
    let app = world.tokens[0].app.clone();
    let now = world.now;
    world
        .calls
        .insert((app, waba(TARGET)), vec![now; 200].into());
}

#[test]
fn add_refuses_wrong_parameters() {
    #[track_caller]
    fn check(params: Value, text: &str) {
        refused(
            &Bench::new().post(&format!("{TARGET}/phone_numbers"), params),
            100,
            None,
            text,
        );
    }
    check(json!({}), "phone_number is required");
    check(
        json!({"phone_number": "30901820", "migrate_phone_number": true}),
        "cc is required",
    );
    check(
        json!({"cc": "+49", "phone_number": "30901820"}),
        "digits only",
    );
    check(
        json!({"cc": "49", "phone_number": "1"}),
        "not a valid phone number",
    );
    check(
        json!({"cc": "49", "phone_number": "30901820", "migrate_phone_number": "yes"}),
        "a boolean",
    );
    check(
        json!({"cc": "49", "phone_number": "30901821"}),
        "verified_name is required",
    );
    check(
        json!({"cc": "49", "phone_number": "30901821", "verified_name": "x"}),
        "2 to 75",
    );
    check(
        json!({"cc": "49", "phone_number": "30901820", "verified_name": "Shrub"}),
        "migrate it instead",
    );
}

#[test]
fn add_follows_its_switches() {
    let again = |bench: &Bench| bench.post(&format!("{TARGET}/phone_numbers"), add_params());
    let bench = Bench::new();
    bench.add();
    refused(&again(&bench), 100, Some(2_388_012), "already exists");
    let bench = Bench::with(|world| world.switches.second_add = SecondAdd::SameId);
    let id = bench.add();
    assert_eq!(again(&bench)["id"], json!(id));
    let bench = Bench::with(|world| {
        world.switches.accepts_e164_without_cc = true;
        live(world).name_status = NameStatus::AvailableWithoutReview;
    });
    let e164 = json!({"phone_number": "4930901820", "migrate_phone_number": true});
    refused(
        &bench.post(&format!("{TARGET}/phone_numbers"), e164.clone()),
        100,
        Some(2_388_103),
        "display name",
    );
    bench
        .sim
        .edit(|world| world.switches.accepts_unreviewed_names = true);
    assert!(bench.post(&format!("{TARGET}/phone_numbers"), e164)["id"].is_string());
    let bench = Bench::with(|world| target(world).max_numbers = 0);
    refused(&again(&bench), 100, None, "maximum number");
}

#[test]
fn register_checks_in_order() {
    let register =
        |bench: &Bench, id: &str| bench.post(&format!("{id}/register"), register_params());
    let bench = Bench::new();
    let id = bench.add();
    bench.sim.edit(|world| {
        target(world).funding = None;
        live(world).pin = Some(Secret::new("111111"));
    });
    refused(&register(&bench, &id), 133_006, None, "verified before");
    bench.verify(&id);
    refused(&register(&bench, &id), 100, Some(2_388_001), "two-step");
    bench
        .sim
        .edit(|world| world.happen(&Happening::TwoStepOff { phone: phone() }));
    refused(&register(&bench, &id), 100, None, "payment method");
    for _ in 0..7 {
        register(&bench, &id);
    }
    refused(
        &register(&bench, &id),
        133_016,
        None,
        "too many registration attempts",
    );
    bench.sim.advance(std::time::Duration::from_secs(72 * 3600));
    bench
        .sim
        .edit(|world| target(world).funding = Some("1".into()));
    assert_eq!(register(&bench, &id), json!({"success": true}));
}

#[test]
fn register_refuses_wrong_parameters_and_permissions() {
    let bench = Bench::new();
    let id = bench.live_id();
    let path = format!("{id}/register");
    refused(
        &bench.post(&path, json!({"pin": "248163"})),
        100,
        None,
        "messaging_product is required",
    );
    refused(
        &bench.post(&path, json!({"messaging_product": "x", "pin": "248163"})),
        100,
        None,
        "one of {whatsapp}",
    );
    refused(
        &bench.post(&path, json!({"messaging_product": "whatsapp", "pin": "12"})),
        100,
        None,
        "6 digits",
    );
    let region =
        json!({"messaging_product": "whatsapp", "pin": "248163", "data_localization_region": "FR"});
    refused(
        &bench.post(&path, region),
        100,
        None,
        "data_localization_region",
    );
    bench
        .sim
        .edit(|world| world.tokens[0].scopes.remove("whatsapp_business_messaging"));
    refused(
        &bench.register(&id),
        200,
        None,
        "whatsapp_business_messaging",
    );
}

#[test]
fn a_pin_outlives_deregister_and_guesses_run_out() {
    let bench = Bench::with(|world| live(world).pin = Some(Secret::new("111111")));
    let id = bench.live_id();
    assert_eq!(
        bench.post(&format!("{id}/deregister"), json!({})),
        json!({"success": true})
    );
    assert_eq!(
        bench.get(&id, json!({"fields": "status"}))["status"],
        "DISCONNECTED"
    );
    refused(
        &bench.post(&format!("{id}/deregister"), json!({})),
        133_010,
        None,
        "not registered",
    );
    bench
        .sim
        .edit(|world| world.switches.deregister_idle = DeregisterIdle::InvalidParameter);
    refused(
        &bench.post(&format!("{id}/deregister"), json!({})),
        100,
        Some(2_207_051),
        "",
    );
    for _ in 0..5 {
        refused(&bench.register(&id), 133_005, None, "does not match");
    }
    refused(&bench.register(&id), 133_008, None, "Too many");
}

#[test]
fn registering_again_keeps_or_matches_the_pin() {
    let bench = Bench::with(|world| live(world).pin = Some(Secret::new("111111")));
    let id = bench.live_id();
    assert_eq!(bench.register(&id), json!({"success": true}));
    let kept = bench
        .sim
        .world(|world| world.live_number(&phone()).unwrap().1.pin.clone().unwrap());
    assert_eq!(kept.expose(), "111111");
    bench
        .sim
        .edit(|world| world.switches.reregister = Reregister::MatchPin);
    refused(&bench.register(&id), 133_005, None, "does not match");
}

#[test]
fn the_source_is_gone_or_says_migrated() {
    let bench = Bench::with(|world| world.switches.source_after_move = SourceAfterMove::Migrated);
    let old = bench.live_id();
    let id = bench.add();
    bench.verify(&id);
    bench.register(&id);
    assert_eq!(
        bench.get(&old, json!({"fields": "status"}))["status"],
        "MIGRATED"
    );
}

#[test]
fn a_number_can_move_back() {
    let bench = Bench::with(|world| {
        let app = world.tokens[0].app.clone();
        world.switches.source_after_move = SourceAfterMove::Migrated;
        source(world).subscriptions.insert(app, None);
    });
    let id = bench.add();
    bench.verify(&id);
    bench.register(&id);
    bench
        .sim
        .edit(|world| world.happen(&Happening::TwoStepOff { phone: phone() }));
    let back = bench.post(&format!("{SOURCE}/phone_numbers"), add_params());
    let back = back["id"].as_str().unwrap();
    bench.verify(back);
    assert_eq!(bench.register(back), json!({"success": true}));
}

#[test]
fn codes_expire_and_only_the_newest_works() {
    let bench = Bench::new();
    let id = bench.add();
    let ask = || {
        bench.post(
            &format!("{id}/request_code"),
            json!({"code_method": "SMS", "language": "de"}),
        )
    };
    let verify = |code: &str| bench.post(&format!("{id}/verify_code"), json!({"code": code}));
    let newest = || bench.sim.code(&phone()).unwrap().replace('-', "");
    ask();
    let first = newest();
    ask();
    assert_ne!(first, newest());
    refused(&verify(&first), 136_025, None, "incorrect");
    refused(&verify("123-456"), 100, None, "6 digits");
    bench.sim.advance(std::time::Duration::from_secs(600));
    refused(&verify(&newest()), 136_025, None, "expired");
    ask();
    refused(&ask(), 136_024, Some(2_388_367), "too many times");
    for _ in 0..5 {
        verify("000000");
    }
    refused(&verify(&newest()), 136_025, None, "Too many");
    bench.sim.advance(std::time::Duration::from_secs(3600));
    ask();
    assert_eq!(verify(&newest()), json!({"success": true}));
    refused(&ask(), 136_024, None, "verified already");
}

#[test]
fn codes_are_asked_for_in_known_ways() {
    let bench = Bench::new();
    let id = bench.add();
    let ask = |method: &str, language: &str| {
        bench.post(
            &format!("{id}/request_code"),
            json!({"code_method": method, "language": language}),
        )
    };
    refused(&ask("FAX", "de"), 100, None, "code_method");
    refused(&ask("SMS", "german"), 100, None, "language");
    refused(&ask("SMS", "de_de"), 100, None, "language");
    bench
        .sim
        .edit(|world| live(world).verification = CodeVerification::Expired);
    let live = bench.live_id();
    let asked = bench.post(
        &format!("{live}/request_code"),
        json!({"code_method": "SMS", "language": "de"}),
    );
    refused(&asked, 100, Some(2_388_091), "not eligible");
}

#[test]
fn a_number_can_be_changed_but_not_deleted() {
    let bench = Bench::new();
    let id = bench.live_id();
    assert_eq!(
        bench.post(&id, json!({"pin": "222222"})),
        json!({"success": true})
    );
    refused(
        &bench.post(&id, json!({"pin": ""})),
        100,
        None,
        "pin is required",
    );
    refused(&bench.post(&id, json!({})), 100, None, "Invalid parameter");
    assert_eq!(
        bench.post(&id, json!({"new_display_name": "Shrub 2"})),
        json!({"success": true})
    );
    refused(
        &bench.post(&id, json!({"new_display_name": "Shrub 3"})),
        100,
        None,
        "already in review",
    );
    refused(
        &bench.post(&id, json!({"method": "delete"})),
        100,
        Some(33),
        "Unsupported delete request",
    );
    let added = bench.post(&format!("{TARGET}/phone_numbers"), add_params());
    refused(
        &added,
        100,
        Some(2_388_103),
        "change of the phone number is pending",
    );
}

#[test]
fn profiles_are_checked_before_they_change() {
    let bench = Bench::new();
    let path = format!("{}/whatsapp_business_profile", bench.live_id());
    #[track_caller]
    fn check(bench: &Bench, path: &str, field: &str, value: Value) {
        let mut params = json!({"messaging_product": "whatsapp", "address": "changed"});
        params[field] = value;
        refused(&bench.post(path, params), 100, None, field);
    }
    check(&bench, &path, "about", json!(""));
    check(&bench, &path, "about", json!("x".repeat(140)));
    check(&bench, &path, "email", json!("nobody"));
    check(
        &bench,
        &path,
        "websites",
        json!([
            "https://a.example",
            "https://b.example",
            "https://c.example"
        ]),
    );
    check(&bench, &path, "websites", json!(["a.example"]));
    check(&bench, &path, "vertical", json!("SHOP"));
    check(
        &bench,
        &path,
        "profile_picture_handle",
        json!("https://a.example/a.png"),
    );
    let read = |fields: &str| bench.get(&path, json!({"fields": fields}));
    assert_eq!(
        read("address"),
        json!({"data": [{"messaging_product": "whatsapp"}]})
    );
    bench.post(
        &path,
        json!({"messaging_product": "whatsapp", "vertical": "OTHER"}),
    );
    let kept = read("about,vertical")["data"][0].clone();
    assert_eq!(
        (&kept["about"], &kept["vertical"]),
        (&json!("We answer from 8 to 20"), &json!("OTHER"))
    );
    refused(&read("foo"), 100, None, "nonexisting field (foo)");
}

#[test]
fn fields_depend_on_the_version_and_the_spelling_on_a_switch() {
    let bench = Bench::with(|world| world.switches.display_spelling = DisplaySpelling::Digits);
    let id = bench.live_id();
    let node = bench.get(
        &id,
        json!({"fields": "display_phone_number,whatsapp_business_manager_messaging_limit"}),
    );
    assert_eq!(node["display_phone_number"], "4930901820");
    refused(
        &bench.get(&id, json!({"fields": "messaging_limit_tier"})),
        100,
        None,
        "nonexisting field",
    );
}

#[test]
fn an_unverified_source_business_and_a_deleted_number_are_refused() {
    let bench = Bench::with(|world| {
        let owner = source(world).owner.clone();
        world.businesses.get_mut(&owner).unwrap().verification = Verification::Pending;
    });
    let add = bench.post(&format!("{TARGET}/phone_numbers"), add_params());
    refused(
        &add,
        100,
        Some(2_388_103),
        "source WhatsApp Business account",
    );
    let bench = Bench::new();
    bench.add();
    bench
        .sim
        .edit(|world| world.happen(&Happening::NumberDeleted { phone: phone() }));
    let id = bench.add();
    bench.verify(&id);
    refused(&bench.register(&id), 133_015, None, "recently deleted");
    bench.sim.advance(std::time::Duration::from_secs(300));
    assert_eq!(bench.register(&id), json!({"success": true}));
    assert!(!bench.sim.world_json().to_string().contains(TOKEN));
}

#[test]
fn an_expired_verification_does_not_register() {
    let bench = Bench::new();
    let id = bench.add();
    bench.verify(&id);
    bench.sim.edit(|world| {
        world.happen(&Happening::VerificationStatus {
            phone: phone(),
            status: CodeVerification::Expired,
        });
    });
    refused(&bench.register(&id), 133_006, None, "verified");
    bench.verify(&id);
    assert_eq!(bench.register(&id), json!({"success": true}));
}

#[test]
fn the_country_code_is_one_by_itself() {
    let bench = Bench::new();
    let add = |cc: &str, number: &str| {
        bench.post(
            &format!("{TARGET}/phone_numbers"),
            json!({"cc": cc, "phone_number": number, "migrate_phone_number": true}),
        )
    };
    refused(&add("4", "930901820"), 100, None, "country code");
    refused(&add("493", "0901820"), 100, None, "country code");
    assert!(add("49", "30 901-820")["id"].is_string());
}
