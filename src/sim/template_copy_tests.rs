//! Copies of templates that Graph refuses for their category or their name, or does not manage in time.

use serde_json::{Value, json};

use super::{
    switches::{SlowCopy, SlowCopyEnd},
    template_tests::plain,
    tests::{Bench, SOURCE, TARGET, error, waba},
    words::Category,
    world::World,
};
use crate::api::transport::{Method, TransportError};

fn path() -> String {
    format!("{TARGET}/migrate_message_templates")
}

fn migrate(bench: &Bench) -> Value {
    bench.post(&path(), json!({"source_waba_id": SOURCE}))
}

fn copies(bench: &Bench) -> usize {
    let soon = bench.sim.world(|world| world.after(10));
    bench.sim.edit(|world| world.advance_to(soon));
    bench
        .sim
        .world(|world| world.templates_of(&waba(TARGET)).count())
}

fn announce(world: &mut World) {
    let id = world.template_order[0].clone();
    let template = world.templates.get_mut(&id).unwrap();
    template.correct_category = Some(Category::Marketing);
}

#[test]
fn a_template_of_a_wrong_category_is_not_copied() {
    let bench = Bench::with(announce);
    let first = bench.sim.world(|world| world.template_order[0].clone());
    let expected = json!({first.as_str(): "Incorrect category"});
    assert_eq!(migrate(&bench)["failed_templates"], expected);
    let bench = Bench::with(announce);
    bench
        .sim
        .edit(|world| world.switches.refuses_incorrect_category = false);
    assert_eq!(migrate(&bench)["failed_templates"], json!({}));
    assert_eq!(copies(&bench), 3);
}

#[test]
fn a_copy_does_not_get_the_name_of_a_deleted_template() {
    let bench = Bench::with(|world| world.switches.reviews_at_once = true);
    let templates = format!("{TARGET}/message_templates");
    let created = bench.post(&templates, plain("welcome"));
    assert_eq!(created["status"], "APPROVED");
    bench
        .raw(Method::Delete, &templates, &json!({"name": "welcome"}))
        .unwrap();
    let failed = migrate(&bench)["failed_templates"].clone();
    assert_eq!(failed.as_object().unwrap().len(), 1, "{failed}");
}

#[test]
fn a_copy_of_too_many_ends_with_an_error_whatever_it_did() {
    #[track_caller]
    fn check(effect: SlowCopy, expected: usize) {
        let bench = Bench::with(|world| {
            world.switches.copies_per_call = 2;
            world.switches.slow_copy = effect;
        });
        let before = bench.sim.world(|world| world.now);
        let (code, subcode, text) = error(&migrate(&bench));
        assert_eq!((code, subcode), (1, None));
        assert_eq!(
            text,
            "Please reduce the amount of data you're asking for, then retry your request"
        );
        let after = bench.sim.world(|world| world.now);
        assert_eq!(after.duration_since(before).as_secs(), 30);
        assert_eq!(bench.sim.writes().len(), usize::from(expected > 0));
        assert_eq!(copies(&bench), expected);
    }
    check(SlowCopy::Nothing, 0);
    check(SlowCopy::Part, 2);
    check(SlowCopy::All, 3);
}

#[test]
fn a_copy_of_too_many_may_never_answer() {
    let bench = Bench::with(|world| {
        world.switches.copies_per_call = 2;
        world.switches.slow_copy = SlowCopy::All;
        world.switches.slow_copy_end = SlowCopyEnd::Silence;
    });
    let answer = bench.raw(Method::Post, &path(), &json!({"source_waba_id": SOURCE}));
    assert!(
        matches!(answer, Err(TransportError::Timeout(_))),
        "{answer:?}"
    );
    assert_eq!(copies(&bench), 3);
}

#[test]
fn pages_that_are_small_enough_are_copied_in_time() {
    let bench = Bench::with(|world| world.switches.copies_per_call = 2);
    for page in 0..2 {
        let params = json!({"source_waba_id": SOURCE, "count": 2, "page_number": page});
        let answer = bench.post(&path(), params);
        assert!(answer["migrated_templates"].is_array(), "{answer}");
    }
    assert_eq!(copies(&bench), 3);
}
