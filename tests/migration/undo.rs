//! Undo: what runs of a plan did is taken back, as far as that goes; what was there before and what
//! others did since is not touched.

use std::time::Duration;

use serde_json::json;
use waba_migrate::{
    changeset::{ChangeEntry, Direction},
    diff::Class,
    ids::AppId,
    journal::StepEnd,
    plan::{files::MemoryFiles, reverse::reverse},
    sim::world::World,
    step::Action,
};

use crate::{
    crash::{Point, run_until},
    stage::{Person, SMALL, Stage, THREE, phone, table},
};

const TARGET: &str = "215589313241560";
const SUBSCRIPTION: &str = "target.subscription.undo";
const TEMPLATE: &str = "template[\"hello/de\"].undo";
const NUMBER: &str = "number[\"+4930901820\"].undo";
const PROFILE: &str = "number[\"+4930901820\"].profile.undo";

/// One number, a template from a file, a callback.
const PLAN: &str = r#"
version: 1
name: small
source: { waba: "102290129340398" }
target:
  waba: "215589313241560"
  token: { env: TOKEN }
  subscription: { app: keep, callback: { url: "https://hooks.acme.example/new", verify_token: { env: V } } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN } }
templates: { copy: [order], required: [order], files: ["t/*.yaml"] }
policy: { max_template_deletes: 1 }
"#;

fn hello(text: &str) -> MemoryFiles {
    let template = json!({"name": "hello", "language": "de", "category": "UTILITY", "components": [
        {"type": "body", "text": text}]});
    MemoryFiles::default().with("t/0.yaml", template.to_string())
}

/// A stage on which nobody reads codes: the number is added, and waits.
fn halfway(plan: &str, edit: impl FnOnce(&mut World)) -> Stage {
    let without = PLAN.replace(", files: [\"t/*.yaml\"]", "");
    let mut stage = Stage::with(&without, |world| {
        world
            .wabas
            .get_mut(&target())
            .expect("the target")
            .subscriptions
            .clear();
        edit(world);
    });
    stage.rewrite(plan, hello("Hello from the file."));
    stage.person = Person::Away;
    stage
}

pub(crate) fn target() -> waba_migrate::ids::WabaId {
    TARGET.parse().expect("an id")
}

pub(crate) fn our_app(world: &World) -> AppId {
    world.tokens.first().expect("a token").app.clone()
}

fn subscribe(world: &mut World, callback: Option<&str>) {
    let app = our_app(world);
    let target = world.wabas.get_mut(&target()).expect("the target");
    target
        .subscriptions
        .insert(app, callback.map(str::to_owned));
}

/// What a person does in WhatsApp Manager.
fn delete_number(stage: &Stage) {
    stage
        .sim
        .edit(|world| world.numbers.retain(|_, number| number.waba != target()));
}

#[track_caller]
fn change_of(stage: &Stage, address: &str) -> ChangeEntry {
    let changes = stage.plan().changes;
    let found = changes.into_iter().find(|change| change.address == address);
    found.expect("a step of the undo")
}

fn not_taken_back(stage: &Stage) -> Vec<String> {
    let left = stage.plan().not_migrated.into_iter();
    left.map(|left| format!("{}: {}", left.what, left.reason))
        .collect()
}

/// The end state without what stays: copies of templates, and what a deleted one leaves for a while.
fn without_copies(state: &str) -> String {
    let stays = |line: &&str| {
        line.contains(&format!("order/en_US on {TARGET}")) || line.ends_with("PENDING_DELETION")
    };
    let lines: Vec<_> = state.lines().filter(|line| !stays(line)).collect();
    lines.join("\n")
}

#[test]
fn what_did_not_cut_over_is_taken_back_and_the_world_is_as_before() {
    let mut stage = halfway(PLAN, |_| {});
    let before = stage.end_state();
    stage.apply();
    assert_ne!(without_copies(&stage.end_state()), before);
    let sent = stage.writes().len();

    stage.turn_back();
    stage.review();
    let plan = stage.plan();
    assert_eq!(plan.direction, Direction::Undo);
    insta::assert_snapshot!(table(&plan), @r#"
    none   number["+4930901820"].profile.undo: no run of this plan set its profile
    gate   number["+4930901820"].undo: a run of this plan added it, and it is not registered
    delete template["hello/de"].undo: a run of this plan created it; a deleted template's name stays blocked for 30 days
    delete target.subscription.undo: a run of this plan subscribed our app, and no number of it needs that
    "#);
    insta::assert_snapshot!(not_taken_back(&stage).join("\n"), @"template order/en_US: copied by a run of this plan; it stays, for a deleted name is blocked for 30 days");
    let run = stage.apply();
    assert_eq!(run.end(NUMBER).0, StepEnd::Parked, "{}", run.ends());
    assert_eq!(run.end(TEMPLATE).0, StepEnd::Done, "{}", run.ends());
    assert_eq!(run.end(SUBSCRIPTION).0, StepEnd::Done, "{}", run.ends());

    // The same change set goes on once a person has acted.
    delete_number(&stage);
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(without_copies(&stage.end_state()), before);
    assert!(stage.plan().is_empty(), "{}", table(&stage.plan()));
    let writes = stage.writes();
    let expected = [
        format!("DELETE /{TARGET}/message_templates"),
        format!("DELETE /{TARGET}/subscribed_apps"),
    ];
    let mut undone: Vec<_> = writes[sent..]
        .iter()
        .map(|write| {
            let (method, path) = write.split_once(' ').expect("a method");
            format!("{method} /{}", path.trim_start_matches('/'))
        })
        .collect();
    undone.sort();
    assert_eq!(undone, expected);
}

#[test]
fn what_is_taken_back_can_be_done_again() {
    let mut stage = halfway(PLAN, |_| {});
    stage.apply();
    stage.turn_back();
    stage.review();
    stage.apply();
    delete_number(&stage);
    assert!(stage.apply().is_done());
    stage.turn_forward();
    let differs = stage.diff().into_iter();
    let drift: Vec<_> = differs
        .filter(|one| one.class == Class::Drift)
        .map(|one| one.address)
        .collect();
    assert_eq!(drift, Vec::<String>::new());
    // The name of a deleted template is blocked for 30 days.
    stage.sim.advance(Duration::from_secs(31 * 24 * 3600));
    stage.person = Person::ReadsPhone;
    stage
        .sim
        .edit(|world| subscribe(world, Some("https://other.example/x")));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    // What stood there the second time counts.
    stage.turn_back();
    let change = change_of(&stage, SUBSCRIPTION);
    assert!(
        change.reason.contains("https://other.example/x"),
        "{}",
        change.reason
    );
}

#[test]
fn a_moved_number_keeps_what_it_lives_on_and_gets_its_profile_back() {
    let text = SMALL.replace(
        "pin: { env: PIN } }",
        "pin: { env: PIN }, profile: { about: New, email: new@acme.example } }",
    );
    let mut stage = Stage::with(&text, |world| {
        world
            .wabas
            .get_mut(&target())
            .expect("the target")
            .subscriptions
            .clear();
        for number in world.numbers.values_mut() {
            number.profile.insert("about".into(), json!("Old"));
            number.profile.insert("description".into(), json!("Shrubs"));
        }
    });
    assert!(stage.apply().is_done());
    // A migrated number begins with what it said before it was set.
    stage.turn_back();
    stage.review();
    insta::assert_snapshot!(table(&stage.plan()), @r#"
    update number["+4930901820"].profile.undo: it says what a run of this plan set; about was empty before, and Meta takes no empty one
    none   number["+4930901820"].undo: it is registered on the target: the way back is a migration in the other direction (--reverse-plan writes a plan of it)
    none   target.subscription.undo: numbers of this plan are registered on the target: without a subscription their messages reach nobody
    "#);
    insta::assert_snapshot!(not_taken_back(&stage).join("\n"), @r#"
    number["+4930901820"].undo: it is registered on the target: the way back is a migration in the other direction (--reverse-plan writes a plan of it)
    target.subscription.undo: numbers of this plan are registered on the target: without a subscription their messages reach nobody
    template order/en_US: copied by a run of this plan; it stays, for a deleted name is blocked for 30 days
    template welcome/en_US: copied by a run of this plan; it stays, for a deleted name is blocked for 30 days
    "#);
    let fields = change_of(&stage, PROFILE).fields;
    assert!(!fields.is_empty());
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert!(stage.plan().is_empty(), "{}", table(&stage.plan()));
    stage.sim.world(|world| {
        let number = world
            .numbers
            .values()
            .find(|number| number.waba == target());
        let profile = &number.expect("it has moved").profile;
        for field in &fields {
            assert_eq!(
                profile.get(&field.path),
                Some(&field.after),
                "{}",
                field.path
            );
        }
        assert!(number.expect("it has moved").is_live());
    });
    assert_eq!(stage.effects("/register"), 1);
    assert_eq!(stage.effects("/deregister"), 0);
}

#[test]
fn what_was_there_before_is_not_ours_to_take_back() {
    let mut stage = halfway(PLAN, |world| {
        subscribe(world, Some("https://hooks.acme.example/new"))
    });
    stage
        .sim
        .edit(|world| world.wabas.get_mut(&target()).expect("the target").name = "Ours".into());
    stage.apply();
    stage.turn_back();
    assert_eq!(change_of(&stage, SUBSCRIPTION).action, Action::None);
    let reason = change_of(&stage, SUBSCRIPTION).reason;
    assert_eq!(reason, "no run of this plan subscribed an app");
    let mut stage = halfway(PLAN, |_| {});
    stage.turn_back();
    assert!(stage.plan().is_empty(), "{}", table(&stage.plan()));
    assert!(stage.plan().not_migrated.is_empty());
}

#[test]
fn an_override_goes_and_an_earlier_one_is_named() {
    for earlier in [None, Some("https://hooks.acme.example/old")] {
        let mut stage = halfway(PLAN, |world| subscribe(world, earlier));
        stage.apply();
        stage.turn_back();
        stage.review();
        let change = change_of(&stage, SUBSCRIPTION);
        assert_eq!(change.action, Action::Update);
        assert_eq!(
            earlier.is_some(),
            change.reason.contains("set it by hand"),
            "{}",
            change.reason
        );
        stage.apply();
        stage.sim.world(|world| {
            let subscriptions = &world.wabas[&target()].subscriptions;
            assert_eq!(subscriptions.get(&our_app(world)), Some(&None));
        });
        assert_eq!(change_of(&stage, SUBSCRIPTION).action, Action::None);
    }
}

#[test]
fn what_others_did_since_is_left_alone() {
    let mut stage = halfway(PLAN, |_| {});
    stage.apply();
    stage.turn_back();
    stage.review();
    let foreign = |stage: &Stage| {
        stage.sim.edit(|world| {
            subscribe(world, Some("https://other.example/x"));
            for template in world.templates.values_mut() {
                if template.name == "hello" {
                    template.components = json!([{"type": "BODY", "text": "By hand."}]);
                }
            }
        });
    };
    foreign(&stage);
    let sent = stage.writes().len();
    let approved = stage.approved.as_ref().expect("a review");
    let objections = approved.objections(&stage.plan(), &stage.seen());
    let stale: Vec<_> = objections.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(stale, [TEMPLATE, SUBSCRIPTION]);
    let run = stage.apply();
    assert_eq!(run.end(TEMPLATE).0, StepEnd::Stale, "{}", run.ends());
    assert_eq!(run.end(SUBSCRIPTION).0, StepEnd::Stale, "{}", run.ends());
    assert_eq!(stage.writes().len(), sent);
    // A new look leaves both alone, and says so.
    stage.review();
    let left = not_taken_back(&stage).join("\n");
    assert!(left.contains("another callback by now"), "{left}");
    assert!(left.contains("says something else by now"), "{left}");
    stage.apply();
    assert_eq!(stage.writes().len(), sent);
}

#[test]
fn deletions_are_held_to_the_policy() {
    let plan = PLAN.replace("max_template_deletes: 1", "max_template_deletes: 0");
    let mut stage = halfway(&plan, |_| {});
    stage.apply();
    stage.turn_back();
    let run = stage.apply();
    assert_eq!(run.rules(), ["template-deletes-limit"]);
    let skip = "template*.undo".parse().expect("a selector");
    stage.choice = waba_migrate::changeset::Choice::new(Vec::new(), vec![skip]);
    let run = stage.apply();
    assert_eq!(run.end(SUBSCRIPTION).0, StepEnd::Done, "{}", run.ends());
    assert_eq!(
        stage.effects("/message_templates"),
        1,
        "created, not deleted"
    );
}

#[test]
fn an_edited_template_says_again_what_it_said() {
    let mut stage = halfway(PLAN, |_| {});
    stage.apply();
    // Somebody else's template, so to speak.
    stage.forget_journal();
    stage.sim.advance(Duration::from_secs(25 * 3600));
    let before = stage.end_state();
    stage.rewrite(PLAN, hello("Hello from another file."));
    stage.apply();
    stage.sim.advance(Duration::from_secs(3600));
    stage.turn_back();
    let waits = change_of(&stage, TEMPLATE);
    assert_eq!(waits.action, Action::Wait, "{}", waits.reason);
    stage.sim.advance(Duration::from_secs(25 * 3600));
    stage.review();
    let back = change_of(&stage, TEMPLATE);
    assert_eq!(back.action, Action::Update, "{}", back.reason);
    assert_eq!(back.fields[0].after, json!("Hello from the file."));
    let run = stage.apply();
    assert_eq!(run.end(TEMPLATE).0, StepEnd::Done, "{}", run.ends());
    let says = |stage: &Stage| {
        stage.sim.world(|world| {
            let mut templates = world.templates.values();
            let hello = templates.find(|template| template.name == "hello");
            serde_json::to_string(&hello.expect("it is there").components).expect("JSON")
        })
    };
    assert!(
        says(&stage).contains("Hello from the file."),
        "{}",
        says(&stage)
    );
    assert_eq!(stage.end_state(), before);
    assert_eq!(change_of(&stage, TEMPLATE).action, Action::None);
}

#[test]
fn an_undo_that_dies_anywhere_goes_on_and_takes_back_once() {
    let ready = || {
        let mut stage = halfway(PLAN, |_| {});
        stage.apply();
        delete_number(&stage);
        stage.turn_back();
        stage.review();
        stage
    };
    let undisturbed = ready();
    assert!(undisturbed.apply().is_done());
    let expected = undisturbed.end_state();
    let points: [fn(usize) -> Point; 3] = [Point::Line, Point::TornLine, Point::Sent];
    for point in points {
        let mut deaths = 0;
        for nth in 1..100 {
            let mut stage = ready();
            if !run_until(&mut stage, point(nth)) {
                break;
            }
            deaths += 1;
            let case = format!("{:?}", point(nth));
            let run = stage.apply();
            assert!(run.is_done(), "{case}: {}", run.ends());
            assert_eq!(stage.end_state(), expected, "{case}");
            let deletes = |edge: &str| {
                let writes = stage.writes().into_iter();
                writes
                    .filter(|write| write.starts_with("DELETE") && write.ends_with(edge))
                    .count()
            };
            assert_eq!(deletes("/message_templates"), 1, "{case}");
            assert!((1..=2).contains(&deletes("/subscribed_apps")), "{case}");
            assert!(stage.plan().is_empty(), "{case}: {}", table(&stage.plan()));
        }
        assert!(deaths > 1, "{:?}", point(0));
    }
}

#[test]
fn what_a_run_did_that_died_is_taken_back_too() {
    let undisturbed = halfway(PLAN, |_| {});
    let before = undisturbed.end_state();
    undisturbed.apply();
    let points: [fn(usize) -> Point; 2] = [Point::Line, Point::Sent];
    for point in points {
        for nth in 1..100 {
            let mut stage = halfway(PLAN, |_| {});
            if !run_until(&mut stage, point(nth)) {
                break;
            }
            let case = format!("{:?}", point(nth));
            // Half of them are taken back right after the death.
            if nth % 2 == 0 {
                stage.apply();
            }
            stage.sim.advance(Duration::from_secs(3600));
            delete_number(&stage);
            stage.turn_back();
            stage.review();
            let run = stage.apply();
            assert!(run.is_done(), "{case}: {}", run.ends());
            assert_eq!(without_copies(&stage.end_state()), before, "{case}");
        }
    }
}

#[test]
fn a_plan_of_the_way_back_rehearses() {
    let stage = Stage::new(THREE);
    assert!(stage.apply().is_done());
    let phones = [phone("+49 30 901820"), phone("+33 1 42 68 53 00")];
    let text = reverse(&stage.plan, &phones).expect("numbers to move back");
    let back = Stage::new(&text);
    let run = back.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(back.effects("/register"), 2);
    assert_eq!(back.plan.target.waba, stage.plan.source.waba);
}
