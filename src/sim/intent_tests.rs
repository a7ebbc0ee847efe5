//! Migration intents: a partner asks, the customer answers, numbers come without a code.

use serde_json::{Value, json};

use super::{
    happening::Happening,
    seed,
    signup::SignupRefused,
    switches::{AcceptedIntent, IntentOn},
    tests::{Bench, SOURCE, TARGET, add_params, phone, refused, waba},
    words::Decision,
    world::{Solution, World},
};
use crate::secret::Secret;

const SOLUTION: &str = "1715120619246906";
const APP: &str = "634974688087057";

fn bench(edit: impl FnOnce(&mut World)) -> Bench {
    Bench::with(|world| {
        let name = "Shrub Partners".into();
        let solution = Solution { name };
        world.solutions.insert(SOLUTION.parse().unwrap(), solution);
        edit(world);
    })
}

fn set(bench: &Bench, account: &str, params: Value) -> Value {
    bench.post(&format!("{account}/set_solution_migration_intent"), params)
}

/// Sets an intent on the source and returns its id.
fn asked(bench: &Bench) -> String {
    let set = set(bench, SOURCE, json!({"solution_id": SOLUTION}));
    set["id"].as_str().unwrap().to_owned()
}

fn decide(bench: &Bench, decision: Decision) -> Result<(), SignupRefused> {
    let solution = SOLUTION.parse().unwrap();
    bench
        .sim
        .decide_intents(&solution, decision, Some(&waba(TARGET)))
}

#[track_caller]
fn check_status(bench: &Bench, intent: &str, expected: &str) {
    let node = bench.get(intent, json!({}));
    assert_eq!(node, json!({"id": intent, "status": expected}));
}

/// Id and verification of the number on the target, if it is there.
fn on_target(bench: &Bench) -> Option<(String, String)> {
    bench.sim.world(|world| {
        let (id, number) = world.number_on(&waba(TARGET), &phone())?;
        Some((id.to_string(), world.verification(number).to_string()))
    })
}

#[test]
fn an_accepted_intent_brings_the_numbers() {
    let bench = bench(|_| {});
    let intent = asked(&bench);
    check_status(&bench, &intent, "INITIATED");
    let solution = bench.get(&intent, json!({"fields": "solution"}));
    assert_eq!(
        solution["solution"],
        json!({"id": SOLUTION, "name": "Shrub Partners"})
    );
    assert_eq!(decide(&bench, Decision::Accepted), Ok(()));
    check_status(&bench, &intent, "ACCEPTED");
    let (id, verification) = on_target(&bench).unwrap();
    assert_eq!(verification, "VERIFIED");
    assert_eq!(bench.register(&id), json!({"success": true}));
    check_status(&bench, &intent, "COMPLETED");
    assert_eq!(
        decide(&bench, Decision::Accepted),
        Err(SignupRefused::NoIntent)
    );
}

#[test]
fn two_step_verification_still_stops_register() {
    let bench = bench(|world| {
        let numbers = world.numbers.values_mut();
        numbers.for_each(|number| number.pin = Some(Secret::new("111111")));
    });
    let intent = asked(&bench);
    decide(&bench, Decision::Accepted).unwrap();
    let (id, _) = on_target(&bench).unwrap();
    refused(&bench.register(&id), 100, Some(2_388_001), "two-step");
    check_status(&bench, &intent, "ACCEPTED");
}

#[test]
fn an_accepted_intent_may_only_allow_to_add() {
    let bench = bench(|world| world.switches.accepted_intent = AcceptedIntent::AllowsAdd);
    let intent = asked(&bench);
    decide(&bench, Decision::Accepted).unwrap();
    assert_eq!(on_target(&bench), None);
    let added = bench.post(&format!("{TARGET}/phone_numbers"), add_params());
    let id = added["id"].as_str().unwrap();
    assert_eq!(on_target(&bench), Some((id.into(), "VERIFIED".into())));
    assert_eq!(bench.register(id), json!({"success": true}));
    check_status(&bench, &intent, "COMPLETED");
}

#[test]
fn a_rejected_intent_brings_nothing() {
    for switch in [AcceptedIntent::BringsNumbers, AcceptedIntent::AllowsAdd] {
        let bench = bench(|world| world.switches.accepted_intent = switch);
        let intent = asked(&bench);
        assert_eq!(decide(&bench, Decision::Rejected), Ok(()));
        check_status(&bench, &intent, "REJECTED");
        assert_eq!(on_target(&bench), None);
        bench.add();
        assert_eq!(on_target(&bench).unwrap().1, "NOT_VERIFIED");
    }
}

#[test]
fn numbers_without_room_stay_and_no_account_is_no_answer() {
    let bench = bench(|world| {
        world.wabas.get_mut(&waba(TARGET)).unwrap().max_numbers = 1;
        let other = "+33 6 12 34 56 78".parse().unwrap();
        seed::add_live_number(world, &waba(SOURCE), other);
    });
    let intent = asked(&bench);
    let nowhere = bench
        .sim
        .decide_intents(&SOLUTION.parse().unwrap(), Decision::Accepted, None);
    assert_eq!(nowhere, Err(SignupRefused::UnknownAccount));
    check_status(&bench, &intent, "INITIATED");
    decide(&bench, Decision::Accepted).unwrap();
    let held = |world: &World| {
        let numbers = world.numbers.values();
        numbers.filter(|number| number.waba == waba(TARGET)).count()
    };
    assert_eq!(bench.sim.world(held), 1);
}

#[test]
fn an_intent_names_a_solution_or_an_app() {
    let bench = bench(|_| {});
    let one = "Exactly one";
    refused(&set(&bench, SOURCE, json!({})), 100, None, one);
    let both = json!({"solution_id": SOLUTION, "app_id": APP});
    refused(&set(&bench, SOURCE, both), 100, None, one);
    for (name, id) in [("solution_id", "7"), ("solution_id", "x"), ("app_id", "7")] {
        refused(&set(&bench, SOURCE, json!({ name: id })), 100, None, name);
    }
    let set = set(&bench, SOURCE, json!({"app_id": APP}));
    let intent = set["id"].as_str().unwrap();
    let node = bench.get(intent, json!({"fields": "status,solution"}));
    assert_eq!(node, json!({"id": intent, "status": "INITIATED"}));
    let decided = Happening::IntentDecided {
        solution: APP.into(),
        status: Decision::Rejected,
        waba: None,
    };
    bench.sim.edit(|world| world.happen(&decided));
    check_status(&bench, intent, "REJECTED");
    refused(
        &bench.get(intent, json!({"fields": "foo"})),
        100,
        None,
        "nonexisting field (foo)",
    );
    refused(
        &bench.post(intent, json!({})),
        100,
        Some(33),
        "Unsupported post",
    );
}

#[test]
fn an_intent_is_set_where_numbers_are_unless_switched() {
    let bench = bench(|_| {});
    let params = json!({"solution_id": SOLUTION});
    refused(
        &set(&bench, TARGET, params.clone()),
        100,
        None,
        "no phone number",
    );
    bench
        .sim
        .edit(|world| world.switches.intent_on = IntentOn::AnyAccount);
    assert!(set(&bench, TARGET, params.clone())["id"].is_string());
    bench.sim.edit(|world| world.tokens[0].scopes.clear());
    refused(
        &set(&bench, SOURCE, params.clone()),
        200,
        None,
        "management",
    );
    bench
        .sim
        .edit(|world| world.tokens[0].wabas = Some([waba(TARGET)].into()));
    refused(&set(&bench, SOURCE, params), 100, Some(33), SOURCE);
}

#[test]
fn solutions_are_listed() {
    let bench = bench(|_| {});
    let list = bench.get(&format!("{SOURCE}/solutions"), json!({}));
    assert_eq!(
        list["data"],
        json!([{"id": SOLUTION, "name": "Shrub Partners"}])
    );
}
