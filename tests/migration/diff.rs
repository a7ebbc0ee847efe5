//! What differs after a migration, and by whose hand: told apart by the journal, honestly without it.

use serde_json::{Value, json};
use waba_migrate::{
    diff::{Class, Difference},
    plan::files::MemoryFiles,
    secret::Secret,
    sim::{
        script::{Effect, Event, Happening, Match, Verb, When},
        seed,
        words::{
            Category, CodeVerification, FlowStatus, NameStatus, NumberStatus, Platform, Quality,
            TemplateStatus,
        },
        world::{Number, Template, World},
    },
};

use crate::{
    stage::{Person, Stage, phone, refusal},
    templates::{SOURCE, TARGET, add},
};

/// One number with a profile and a callback, a copied template, a file, and a flow.
const FULL: &str = r#"
version: 1
name: full
graph: { app_id: "634974688087057" }
source: { waba: "102290129340398" }
target:
  waba: "215589313241560"
  token: { env: TOKEN }
  subscription: { callback: { url: https://hooks.acme.example/a, verify_token: { env: VERIFY } } }
numbers:
  - phone: "+49 30 901820"
    pin: { env: PIN }
    profile: { about: We answer, email: hallo@acme.example }
templates: { copy: [order], files: ["t/*.yaml"] }
flows: { copy: [signup] }
"#;

/// The same without number, templates and flows, but for another number.
const LEFT: &str = r#"
version: 1
name: full
graph: { app_id: "634974688087057" }
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 89 1234567", pin: { env: PIN } }
"#;

fn hello(text: &str) -> MemoryFiles {
    let hello = json!({"name": "hello", "language": "de", "category": "UTILITY",
        "components": [{"type": "body", "text": text}]});
    MemoryFiles::default().with("t/hello.yaml", hello.to_string())
}

fn fresh() -> Stage {
    let without = FULL.replace(", files: [\"t/*.yaml\"]", "");
    let mut stage = Stage::with(&without, |world| {
        world.templates.clear();
        world.template_order.clear();
        add(world, SOURCE, "order", |_| {});
        let munich = phone("+49 89 1234567");
        seed::add_live_number(world, &SOURCE.parse().expect("an id"), munich);
    });
    stage.rewrite(FULL, hello("Hello from us."));
    stage
}

/// After a whole migration.
fn done() -> Stage {
    let stage = fresh();
    let run = stage.apply();
    assert!(run.is_done(), "{:?} {}", run.blocking, run.ends());
    assert_eq!(stage.diff(), []);
    stage
}

/// Each difference in a line: class, address, and its fields or else its message.
fn lines(differences: &[Difference]) -> String {
    let line = |one: &Difference| {
        let fields: Vec<_> = one
            .fields
            .iter()
            .map(|field| format!("{} {} -> {}", field.path, field.before, field.after))
            .collect();
        let rule = one.rule.as_deref().map(|rule| format!(" by {rule}"));
        let what = match fields.is_empty() {
            true => one.message.clone(),
            false => fields.join(", "),
        };
        let class = one.class.as_str();
        format!(
            "{class}{} {}: {what}",
            rule.unwrap_or_default(),
            one.address
        )
    };
    differences.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn told(stage: &Stage) -> String {
    lines(&stage.diff())
}

fn on_target(world: &mut World) -> impl Iterator<Item = &mut Template> {
    let templates = world.templates.values_mut();
    templates.filter(|template| template.waba.as_str() == TARGET)
}

fn live(world: &mut World) -> &mut Number {
    let mut numbers = world.numbers.values_mut();
    let ours = phone("+49 30 901820");
    let found = numbers.find(|one| one.waba.as_str() == TARGET && one.phone == ours);
    found.expect("it has moved")
}

fn change(stage: &Stage, name: &str, edit: impl Fn(&mut Template)) {
    stage.sim.edit(|world| {
        on_target(world)
            .filter(|template| template.name == name)
            .for_each(edit)
    });
}

#[test]
fn a_plan_that_was_never_applied_is_pending() {
    let stage = fresh();
    let comparison = stage.compare();
    assert!(comparison.lacks_journal());
    assert_eq!(comparison.unread, Vec::<String>::new());
    insta::assert_snapshot!(lines(&comparison.differences), @r#"
    pending flows.copy: signup null -> "PUBLISHED"
    pending number["+4930901820"].add: not on the target
    pending number["+4930901820"].live: the number is not live on the target
    pending number["+4930901820"].profile: about null -> "We answer", email null -> "hallo@acme.example"
    pending number["+4930901820"].register: the number is not registered on the target
    pending number["+4930901820"].request_code: the number is not verified
    pending number["+4930901820"].verify: the number is not verified
    pending target.subscription: app null -> "634974688087057", override_callback_uri null -> "https://hooks.acme.example/a"
    pending template["hello/de"].define: body.text null -> "Hello from us."
    pending templates.approved: 2 of 2 not yet APPROVED
    pending templates.copy: order/de null -> "UTILITY"
    "#);
}

#[test]
fn what_somebody_changes_by_hand_has_drifted() {
    let stage = done();
    stage.sim.edit(|world| {
        let profile = &mut live(world).profile;
        profile.insert("about".into(), json!("Closed"));
        let target = world.wabas.get_mut(&TARGET.parse().expect("an id"));
        let subscriptions = &mut target.expect("it is there").subscriptions;
        for callback in subscriptions.values_mut() {
            *callback = Some("https://evil.example/".into());
        }
    });
    let body = json!([{"type": "BODY", "text": "Edited by hand."}]);
    change(&stage, "hello", |template| {
        template.components = body.clone()
    });
    change(&stage, "order", |template| {
        template.components = body.clone()
    });
    insta::assert_snapshot!(told(&stage), @r#"
    drift number["+4930901820"].profile: about "Closed" -> "We answer"
    drift target.subscription: override_callback_uri "https://evil.example/" -> "https://hooks.acme.example/a"
    drift template["hello/de"].define: body.text "Edited by hand." -> "Hello from us."
    drift template["order/de"]: body.text "Edited by hand." -> "Hello {{1}}, this is about order."
    "#);
}

#[test]
fn what_somebody_takes_away_has_drifted() {
    let stage = done();
    stage.sim.edit(|world| {
        let target = world.wabas.get_mut(&TARGET.parse().expect("an id"));
        target.expect("it is there").subscriptions.clear();
        let is_ours = |template: &Template| template.waba.as_str() == TARGET;
        world.templates.retain(|_, template| !is_ours(template));
        let left: Vec<_> = world.templates.keys().cloned().collect();
        world.template_order.retain(|id| left.contains(id));
        let number = live(world);
        number.platform = Platform::NotApplicable;
        number.status = NumberStatus::Pending;
        number.verification = CodeVerification::NotVerified;
    });
    insta::assert_snapshot!(told(&stage), @r#"
    pending number["+4930901820"].request_code: the number is not verified
    pending number["+4930901820"].two_step_off: the number is not on the source, so its two-step state cannot be seen
    drift number["+4930901820"].live: status "PENDING" -> "CONNECTED"
    drift number["+4930901820"].profile: about null -> "We answer", email null -> "hallo@acme.example"
    drift number["+4930901820"].register: platform_type "NOT_APPLICABLE" -> "CLOUD_API"
    drift number["+4930901820"].verify: code_verification_status "NOT_VERIFIED" -> "VERIFIED"
    drift target.subscription: app null -> "634974688087057", override_callback_uri null -> "https://hooks.acme.example/a"
    drift template["hello/de"].define: body.text null -> "Hello from us."
    drift templates.copy: order/de null -> "UTILITY"
    "#);
}

#[test]
fn without_the_journal_drift_is_pending_and_nothing_is_an_orphan() {
    let stage = done();
    stage.sim.edit(|world| {
        let profile = &mut live(world).profile;
        profile.insert("about".into(), json!("Closed"));
    });
    forget(&stage);
    let comparison = stage.compare();
    assert!(comparison.lacks_journal());
    let expected = r#"pending number["+4930901820"].profile: about "Closed" -> "We answer""#;
    assert_eq!(lines(&comparison.differences), expected);
}

#[test]
fn without_a_journal_a_finished_migration_needs_no_word_of_it() {
    let mut stage = done();
    forget(&stage);
    let comparison = stage.compare();
    assert_eq!(comparison.differences, []);
    assert!(!comparison.has_journal && !comparison.lacks_journal());
    stage.rewrite(LEFT, MemoryFiles::default());
    let orphans = stage.diff();
    assert!(orphans.iter().all(|one| one.class == Class::Pending));
}

fn forget(stage: &Stage) {
    std::fs::remove_dir_all(stage.journal_folder()).expect("a journal");
}

#[test]
fn what_the_plan_says_anew_is_pending() {
    let mut stage = done();
    let edited = FULL
        .replace("We answer,", "We answer all,")
        .replace("example/a", "example/b");
    stage.rewrite(&edited, hello("Hello from all of us."));
    insta::assert_snapshot!(told(&stage), @r#"
    pending number["+4930901820"].profile: about "We answer" -> "We answer all"
    pending target.subscription: override_callback_uri "https://hooks.acme.example/a" -> "https://hooks.acme.example/b"
    pending template["hello/de"].define: body.text "Hello from us." -> "Hello from all of us."
    "#);
    // Somebody else changes what the plan has left as it was.
    stage.sim.edit(|world| {
        let profile = &mut live(world).profile;
        profile.insert("email".into(), json!("spam@acme.example"));
    });
    let told = told(&stage);
    let profile: Vec<_> = told
        .lines()
        .filter(|line| line.contains(".profile"))
        .collect();
    insta::assert_snapshot!(profile.join("\n"), @r#"
    pending number["+4930901820"].profile: about "We answer" -> "We answer all"
    drift number["+4930901820"].profile: email "spam@acme.example" -> "hallo@acme.example"
    "#);
}

#[test]
fn a_new_template_of_the_source_is_pending_and_a_deleted_copy_has_drifted() {
    let mut stage = fresh();
    let all = FULL.replace("copy: [order]", "copy: [\"*\"]");
    stage.rewrite(&all, hello("Hello from us."));
    assert!(stage.apply().is_done());
    stage.sim.edit(|world| {
        add(world, SOURCE, "brand_new", |_| {});
        let gone =
            |template: &Template| template.waba.as_str() == TARGET && template.name == "order";
        world.templates.retain(|_, template| !gone(template));
        let left: Vec<_> = world.templates.keys().cloned().collect();
        world.template_order.retain(|id| left.contains(id));
    });
    insta::assert_snapshot!(told(&stage), @r#"
    pending templates.copy: brand_new/de null -> "UTILITY"
    drift templates.copy: order/de null -> "UTILITY"
    "#);
}

#[test]
fn a_gate_is_pending_and_two_step_verification_that_is_on_again_has_drifted() {
    let mut stage = fresh();
    stage.person = Person::Away;
    stage.options.attended = true;
    let ours = phone("+49 30 901820");
    stage.sim.edit(|world| {
        source_pin(world, Some(Secret::new("112233")));
        world.schedule(Event {
            when: When::AfterSeconds(600),
            what: Happening::TwoStepOff { phone: ours },
        });
    });
    let gate = "number[\"+4930901820\"].two_step_off: ";
    let pending = format!("pending {gate}two-step verification is on");
    assert!(told(&stage).contains(&pending), "{}", told(&stage));
    let run = stage.apply();
    assert!(!run.is_done(), "nobody reads the code");
    assert!(!told(&stage).contains(gate), "{}", told(&stage));
    let on = Some(Secret::new("112233"));
    stage.sim.edit(|world| source_pin(world, on));
    let drift = format!("drift {gate}is_pin_enabled true -> false");
    assert!(told(&stage).contains(&drift), "{}", told(&stage));
}

fn source_pin(world: &mut World, pin: Option<Secret>) {
    let mut numbers = world.numbers.values_mut();
    let ours = phone("+49 30 901820");
    let number = numbers.find(|one| one.phone == ours && one.waba.as_str() == SOURCE);
    number.expect("it is there").pin = pin;
}

#[test]
fn what_meta_changes_is_told_once_as_service() {
    let stage = done();
    let change_status = |name: &str, status| change(&stage, name, |one| one.status = status);
    for (status, word) in [
        (TemplateStatus::Paused, "PAUSED"),
        (TemplateStatus::Disabled, "DISABLED"),
        (TemplateStatus::Rejected, "REJECTED"),
        (TemplateStatus::Pending, "PENDING"),
    ] {
        change_status("order", status);
        change_status("hello", status);
        let expected = ["hello", "order"].map(|name| {
            format!("service template[\"{name}/de\"]: status \"{word}\" -> \"APPROVED\"")
        });
        assert_eq!(told(&stage), expected.join("\n"));
    }
    change_status("order", TemplateStatus::Approved);
    change_status("hello", TemplateStatus::Approved);
    for name in ["hello", "order"] {
        change(&stage, name, |one| {
            // That the file said so when it was created is proven by the journal.
            one.previous_category = (name == "order").then_some(one.category);
            one.category = Category::Marketing;
            one.quality = Quality::Red;
        });
    }
    stage.sim.edit(|world| {
        let number = live(world);
        number.status = NumberStatus::Flagged;
        number.quality = Quality::Yellow;
        number.name_status = NameStatus::Declined;
        let flows = world.flows.values_mut();
        for flow in flows.filter(|flow| flow.waba.as_str() == TARGET) {
            flow.status = FlowStatus::Blocked;
        }
    });
    insta::assert_snapshot!(told(&stage), @r#"
    service flow["signup"]: status "BLOCKED" -> "PUBLISHED"
    service number["+4930901820"]: status "FLAGGED" -> "CONNECTED", quality_rating "YELLOW" -> null, name_status "DECLINED" -> null
    service template["hello/de"]: category "MARKETING" -> "UTILITY", quality_score "RED" -> null
    service template["order/de"]: category "MARKETING" -> "UTILITY", quality_score "RED" -> null
    "#);
    stage
        .sim
        .edit(|world| live(world).status = NumberStatus::Restricted);
    assert!(told(&stage).contains("RESTRICTED"));
    assert!(stage.diff().iter().all(|one| one.class == Class::Service));
}

#[test]
fn a_required_template_that_meta_stops_before_the_cut_over_is_told_once() {
    let text = FULL
        .replace("numbers:", "numbers: []\nx:")
        .lines()
        .filter(|line| {
            !["x:", "  - phone", "    pin", "    profile"]
                .iter()
                .any(|start| line.starts_with(start))
        })
        .collect::<Vec<_>>()
        .join("\n");
    let mut stage = fresh();
    stage.rewrite(&text, hello("Hello from us."));
    assert!(stage.apply().is_done());
    assert_eq!(told(&stage), "");
    change(&stage, "order", |one| one.status = TemplateStatus::Paused);
    change(&stage, "hello", |one| one.status = TemplateStatus::Pending);
    insta::assert_snapshot!(told(&stage), @r#"
    service template["hello/de"]: status "PENDING" -> "APPROVED"
    service template["order/de"]: status "PAUSED" -> "APPROVED"
    "#);
    // What somebody edits besides is told besides.
    change(&stage, "hello", |one| {
        one.components = json!([{"type": "BODY", "text": "By hand."}]);
    });
    insta::assert_snapshot!(told(&stage), @r#"
    drift template["hello/de"].define: body.text "By hand." -> "Hello from us."
    service template["hello/de"]: status "PENDING" -> "APPROVED"
    service template["order/de"]: status "PAUSED" -> "APPROVED"
    "#);
}

#[test]
fn what_an_earlier_run_made_and_the_plan_no_longer_names_is_an_orphan() {
    let mut stage = done();
    stage.sim.edit(|world| {
        // These were not made by a run.
        add(world, TARGET, "somebodys", |_| {});
        seed::add_flow(world, &TARGET.parse().expect("an id"), "somebodys");
    });
    stage.rewrite(LEFT, MemoryFiles::default());
    let orphans: Vec<_> = stage
        .diff()
        .into_iter()
        .filter(|one| one.class == Class::Orphan)
        .collect();
    insta::assert_snapshot!(lines(&orphans), @r#"
    orphan flow["signup"]: an earlier run copied it (PUBLISHED), the plan no longer names it
    orphan number["+4930901820"]: an earlier run moved it (CONNECTED, CLOUD_API, VERIFIED), the plan no longer names it
    orphan template["hello/de"]: an earlier run created it (APPROVED), the plan no longer names it
    orphan template["order/de"]: an earlier run copied it (APPROVED), the plan no longer names it
    "#);
    // Those that are gone are no orphans.
    stage.sim.edit(|world| {
        world.templates.clear();
        world.template_order.clear();
        world.flows.clear();
        world.flow_order.clear();
    });
    let left = stage.diff().into_iter();
    let left = left.filter(|one| one.class == Class::Orphan).count();
    assert_eq!(left, 1, "the number");
}

#[test]
fn what_was_there_before_is_no_orphan() {
    let mut stage = fresh();
    stage.sim.edit(|world| {
        add(world, TARGET, "order", |_| {});
        seed::add_flow(world, &TARGET.parse().expect("an id"), "signup");
    });
    assert!(stage.apply().is_done());
    stage.rewrite(LEFT, MemoryFiles::default());
    let told = told(&stage);
    assert!(!told.contains("orphan template[\"order"), "{told}");
    assert!(!told.contains("orphan flow"), "{told}");
}

#[test]
fn the_plan_hides_what_it_ignores() {
    let mut stage = done();
    let ignore = r#"ignore: ["number[*].profile.about", 'number["+4930901820"].quality_rating', "template[order/*]*", "flow[*]"]"#;
    stage.sim.edit(|world| {
        let number = live(world);
        number.quality = Quality::Red;
        number.profile.insert("about".into(), json!("Closed"));
        number
            .profile
            .insert("email".into(), json!("no@acme.example"));
    });
    change(&stage, "order", |one| one.status = TemplateStatus::Paused);
    let changes = |stage: &Stage| {
        let changes = stage.plan().changes;
        serde_json::to_value(changes).expect("JSON")
    };
    let before: Value = changes(&stage);
    stage.rewrite(&format!("{FULL}{ignore}\n"), hello("Hello from us."));
    assert_eq!(changes(&stage), before, "apply ignores nothing");
    let comparison = stage.compare();
    assert_eq!(comparison.unused, ["flow[*]"]);
    insta::assert_snapshot!(lines(&comparison.differences), @r#"
    drift number["+4930901820"].profile: email "no@acme.example" -> "hallo@acme.example"
    ignored by number["+4930901820"].quality_rating number["+4930901820"]: quality_rating "RED" -> null
    ignored by number[*].profile.about number["+4930901820"].profile: about "Closed" -> "We answer"
    ignored by template[order/*]* template["order/de"]: status "PAUSED" -> "APPROVED"
    "#);
    assert_eq!(stage.compare(), comparison, "the same every time");
}

#[test]
fn what_cannot_be_read_is_no_difference_and_has_not_passed() {
    let stage = done();
    let refuse = |path: &str| {
        let on = Match::first(Verb::Get, path).times(99);
        stage.sim.fault(on, Effect::Error(refusal()));
    };
    refuse(&format!("{SOURCE}/*"));
    let comparison = stage.compare();
    assert_eq!(lines(&comparison.differences), "");
    assert!(!comparison.is_blind, "{:?}", comparison.unread);
    assert_eq!(comparison.unread.len(), 1, "{:?}", comparison.unread);
    refuse(&format!("{TARGET}/subscribed_apps"));
    refuse("*/whatsapp_business_profile");
    let comparison = stage.compare();
    assert_eq!(lines(&comparison.differences), "");
    assert!(comparison.is_blind);
    let unread = comparison.unread.join("\n");
    for what in ["target.subscription: ", "number[\"+4930901820\"].profile: "] {
        assert!(unread.contains(what), "{unread}");
    }
}

#[test]
fn what_was_created_anew_and_what_has_gone_again_is_told_apart() {
    let plan = r#"
version: 1
name: anew
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
templates: { copy: ["*"], recreate: true, required: [] }
"#;
    let mut stage = crate::templates::stage(plan, |world| {
        add(world, SOURCE, "yellow", |one| one.quality = Quality::Yellow);
        add(world, SOURCE, "yellow_too", |one| {
            one.quality = Quality::Yellow
        });
    });
    let run = stage.apply();
    assert!(run.is_done(), "{:?} {}", run.blocking, run.ends());
    stage.sim.edit(|world| {
        let is_gone = |one: &Template| one.waba.as_str() == TARGET && one.name == "yellow";
        world.templates.retain(|_, template| !is_gone(template));
        let left: Vec<_> = world.templates.keys().cloned().collect();
        world.template_order.retain(|id| left.contains(id));
    });
    let drifted: Vec<_> = stage.diff();
    assert_eq!(drifted.len(), 1, "{}", lines(&drifted));
    assert_eq!(drifted[0].class, Class::Drift);
    assert_eq!(drifted[0].address, "templates.recreate");
    let fewer = plan.replace("[\"*\"]", "[yellow]");
    stage.rewrite(&fewer, MemoryFiles::default());
    let told = told(&stage);
    assert!(
        told.contains("orphan template[\"yellow_too/de\"]: an earlier run re-created it"),
        "{told}"
    );
}
