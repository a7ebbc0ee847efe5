//! What an account may do, and what it says of itself, when something is wrong with it.

use serde_json::{Value, json};

use super::{
    rules::templates::duplicate_with_number,
    seed,
    tests::{Bench, SOURCE, TARGET, add_params, phone, refused, waba},
    words::{NameStatus, Verification},
    world::{Waba, World},
};

fn target(world: &mut World) -> &mut Waba {
    world.wabas.get_mut(&waba(TARGET)).unwrap()
}

/// What the target's `health_status` says of one kind of entity.
fn health(bench: &Bench, kind: &str) -> Value {
    let node = bench.get(TARGET, json!({"fields": "health_status"}));
    let entities = node["health_status"]["entities"].as_array().unwrap();
    let found = entities.iter().find(|it| it["entity_type"] == kind);
    found.unwrap().clone()
}

fn codes(entity: &Value) -> Vec<u64> {
    let errors = entity["errors"].as_array().into_iter().flatten();
    errors
        .map(|it| it["error_code"].as_u64().unwrap())
        .collect()
}

#[test]
fn health_names_every_trouble() {
    #[track_caller]
    fn check(kind: &str, can: &str, expected: &[u64], edit: impl FnOnce(&mut World)) {
        let entity = health(&Bench::with(edit), kind);
        assert_eq!(entity["can_send_message"], can, "{entity}");
        assert_eq!(codes(&entity), expected, "{entity}");
    }
    check("WABA", "AVAILABLE", &[], |_| {});
    check("WABA", "BLOCKED", &[141_014], |world| {
        target(world).is_banned = true
    });
    check("WABA", "BLOCKED", &[141_006], |world| {
        target(world).payment_error = true
    });
    check("WABA", "BLOCKED", &[141_014, 141_006], |world| {
        target(world).is_banned = true;
        target(world).funding = None;
    });
    check("BUSINESS", "AVAILABLE", &[], |_| {});
    check("BUSINESS", "LIMITED", &[141_010], |world| {
        let owner = target(world).owner.clone();
        world.businesses.get_mut(&owner).unwrap().verification = Verification::Pending;
    });
}

#[test]
fn a_payment_method_that_fails_is_still_one() {
    let bench = Bench::with(|world| target(world).payment_error = true);
    let node = bench.get(TARGET, json!({"fields": "primary_funding_id"}));
    assert!(node["primary_funding_id"].is_string());
}

#[test]
fn a_banned_account_is_read_and_not_changed() {
    let bench = Bench::new();
    let id = bench.add();
    bench.verify(&id);
    bench.sim.edit(|world| target(world).is_banned = true);
    let locked = |answer: Value| refused(&answer, 131_031, None, "locked");
    locked(bench.register(&id));
    locked(bench.post(&format!("{TARGET}/phone_numbers"), add_params()));
    locked(bench.post(
        &format!("{TARGET}/migrate_message_templates"),
        json!({"source_waba_id": SOURCE}),
    ));
    locked(bench.post(&format!("{TARGET}/subscribed_apps"), json!({})));
    assert_eq!(bench.get(TARGET, json!({"fields": "name"}))["name"], "New");
    let source = bench
        .sim
        .world(|world| world.live_number(&phone()).unwrap().1.waba.clone());
    assert_eq!(source.as_str(), SOURCE, "nothing moved");
}

#[test]
fn status_and_ownership_are_free_words() {
    let fields = json!({"fields": "status,ownership_type"});
    let bench = Bench::new();
    let node = bench.get(TARGET, fields.clone());
    assert_eq!(
        (&node["status"], &node["ownership_type"]),
        (&json!("ACTIVE"), &json!("SELF"))
    );
    bench.sim.edit(|world| {
        target(world).status = "DISABLED".into();
        target(world).ownership = Some("CLIENT_OWNED".into());
    });
    let node = bench.get(TARGET, fields);
    assert_eq!(
        (&node["status"], &node["ownership_type"]),
        (&json!("DISABLED"), &json!("CLIENT_OWNED"))
    );
}

/// What a list says of its account's limit.
fn template_limit(bench: &Bench, account: &str) -> Value {
    let asked = json!({"summary": "total_count,message_template_limit", "limit": 1});
    let list = bench.get(&format!("{account}/message_templates"), asked);
    list["summary"]["message_template_limit"].clone()
}

#[test]
fn the_template_limit_depends_on_verification_and_a_live_named_number() {
    #[track_caller]
    fn check(account: &str, expected: usize, edit: impl FnOnce(&mut World)) {
        let bench = Bench::with(edit);
        assert_eq!(template_limit(&bench, account), expected);
    }
    let unnamed = |world: &mut World| {
        let numbers = world.numbers.values_mut();
        numbers.for_each(|number| number.name_status = NameStatus::AvailableWithoutReview);
    };
    let unverified = |world: &mut World| {
        let businesses = world.businesses.values_mut();
        businesses.for_each(|business| business.verification = Verification::NotVerified);
    };
    check(SOURCE, 6000, |_| {});
    check(TARGET, 250, |_| {});
    check(SOURCE, 250, unnamed);
    check(SOURCE, 250, unverified);
    check(TARGET, 7, |world| target(world).template_limit = Some(7));
    let bench = Bench::new();
    let id = bench.add();
    bench.verify(&id);
    assert_eq!(template_limit(&bench, TARGET), 250, "it is not live yet");
    bench.register(&id);
    assert_eq!(template_limit(&bench, TARGET), 6000);
}

#[test]
fn copies_stop_at_the_limit() {
    let limited = || Bench::with(|world| target(world).template_limit = Some(2));
    let coming = |bench: &Bench| bench.sim.world(|world| world.agenda.copies().count());
    let bench = limited();
    let answer = bench.post(
        &format!("{TARGET}/migrate_message_templates"),
        json!({"source_waba_id": SOURCE}),
    );
    assert_eq!(answer["migrated_templates"].as_array().unwrap().len(), 2);
    let failed = answer["failed_templates"].as_object().unwrap();
    assert_eq!(failed.len(), 1);
    assert!(
        failed
            .values()
            .all(|reason| reason == "Template limit reached")
    );
    assert_eq!(coming(&bench), 2);

    let bench = limited();
    bench
        .sim
        .edit(|world| duplicate_with_number(world, &waba(SOURCE), &waba(TARGET)));
    assert_eq!(coming(&bench), 2);
}

#[test]
fn a_registered_number_makes_room_for_the_templates_it_brings() {
    let bench = Bench::with(|world| {
        for at in 0..250 {
            seed::add_template(world, &waba(TARGET), &format!("full_{at}"), "en_US");
        }
    });
    let id = bench.add();
    bench.verify(&id);
    bench.register(&id);
    assert_eq!(bench.sim.world(|world| world.agenda.copies().count()), 3);
}
