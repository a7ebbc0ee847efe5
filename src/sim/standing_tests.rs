//! What an account may do, and what it says of itself, when something is wrong with it.

use serde_json::{Value, json};

use super::{
    tests::{Bench, SOURCE, TARGET, add_params, phone, refused, waba},
    words::Verification,
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
