//! Templates and flows: what is copied, what becomes of each, and what holds a number back.

use std::collections::BTreeMap;

use serde_json::json;
use waba_migrate::{
    diff::Class,
    finding::Finding,
    id_map::IdMap,
    inventory::{Fate, Inventory, Item},
    journal::StepEnd,
    sim::{
        script::{Effect, Match, Moment, Verb},
        seed,
        words::{Category, Quality, TemplateStatus},
        world::{Template, World},
    },
};

use crate::stage::Stage;

/// One number, and every template of the source.
pub(crate) const ALL: &str = r#"
version: 1
name: all
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN } }
templates: { copy: ["*"], required: [] }
"#;

pub(crate) const SOURCE: &str = "102290129340398";
pub(crate) const TARGET: &str = "215589313241560";

/// Adds a template to one of the accounts.
pub(crate) fn add(world: &mut World, waba: &str, name: &str, edit: impl FnOnce(&mut Template)) {
    let mut template = seed::template(&waba.parse().expect("an id"), name, "de");
    edit(&mut template);
    let id = world.invent_id();
    world.add_template(id, template);
}

/// A world whose source has only what the test adds.
pub(crate) fn stage(plan: &str, edit: impl FnOnce(&mut World)) -> Stage {
    Stage::with(plan, |world| {
        world.templates.clear();
        world.template_order.clear();
        world.flows.clear();
        world.flow_order.clear();
        edit(world);
    })
}

pub(crate) fn inventory(stage: &Stage) -> Inventory {
    stage.plan().templates.expect("both lists can be read")
}

pub(crate) fn fates(stage: &Stage) -> BTreeMap<String, Fate> {
    let items = inventory(stage).templates.into_iter();
    items.map(|item| (item.name, item.fate)).collect()
}

pub(crate) fn item(stage: &Stage, name: &str) -> Item {
    let mut items = inventory(stage).templates.into_iter();
    items
        .find(|item| item.name == name)
        .expect("it is on the source")
}

/// How many ids each copy call asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "the journal is the only place that tells the pages"
)]
fn pages(stage: &Stage) -> Vec<usize> {
    let mut pages = Vec::new();
    for path in stage.journals() {
        let text = std::fs::read_to_string(path).expect("a journal");
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if let Some(ids) = line["params"]["template_ids"].as_array() {
                pages.push(ids.len());
            }
        }
    }
    pages
}

/// One template of every fate before a copy.
pub(crate) fn mixed(world: &mut World) {
    add(world, SOURCE, "plain", |_| {});
    add(world, SOURCE, "equal", |_| {});
    add(world, TARGET, "equal", |_| {});
    add(world, SOURCE, "other_text", |_| {});
    add(world, TARGET, "other_text", |template| {
        template.components = json!([{"type": "BODY", "text": "Hi {{1}}, something else."}]);
    });
    add(world, SOURCE, "other_category", |_| {});
    add(world, TARGET, "other_category", |template| {
        template.category = Category::Marketing
    });
    add(world, SOURCE, "paused", |template| {
        template.status = TemplateStatus::Paused
    });
    add(world, SOURCE, "rejected", |template| {
        template.status = TemplateStatus::Rejected;
        template.rejected_reason = Some("SCAM".into());
    });
    add(world, SOURCE, "yellow", |template| {
        template.quality = Quality::Yellow
    });
}

#[test]
fn every_template_of_the_source_has_a_fate() {
    let stage = stage(ALL, mixed);
    let expected = [
        ("equal", Fate::Adopted),
        ("other_category", Fate::Different),
        ("other_text", Fate::Different),
        ("paused", Fate::Skipped),
        ("plain", Fate::Copy),
        ("rejected", Fate::Skipped),
        ("yellow", Fate::Skipped),
    ];
    assert_eq!(
        fates(&stage),
        expected.map(|(name, fate)| (name.to_owned(), fate)).into()
    );
    let paths = |name| -> Vec<_> {
        item(&stage, name)
            .changes
            .into_iter()
            .map(|change| change.path)
            .collect()
    };
    assert_eq!(paths("other_category"), ["category"]);
    assert_eq!(paths("other_text"), ["body.text"]);
    assert!(stage.apply().is_done());
    assert_eq!(item(&stage, "plain").fate, Fate::Copied);
    let after = inventory(&stage);
    assert_eq!(after.counts.values().sum::<usize>(), after.total);
    assert_eq!(after.total, 7);
    assert_eq!(stage.diff(), []);
}

#[test]
fn what_the_plan_does_not_name_is_counted_too() {
    let plan = ALL.replace(r#"["*"]"#, "[plain, other_*]");
    let stage = stage(&plan, mixed);
    let after = inventory(&stage);
    assert_eq!((after.total, after.count(Fate::Skipped)), (7, 4));
    let left: Vec<_> = stage
        .plan()
        .not_migrated
        .into_iter()
        .map(|left| left.what)
        .collect();
    assert!(!left.contains(&"template paused/de".into()), "{left:?}");
}

#[test]
fn another_language_of_the_same_name_is_another_template() {
    let stage = stage(ALL, |world| {
        add(world, SOURCE, "order", |_| {});
        add(world, SOURCE, "order", |template| {
            template.language = "en_US".into()
        });
        add(world, TARGET, "order", |template| {
            template.language = "en_US".into()
        });
        add(world, TARGET, "my_order", |_| {});
    });
    assert!(stage.apply().is_done());
    assert_eq!(pages(&stage), [1]);
    let fates: Vec<_> = inventory(&stage)
        .templates
        .into_iter()
        .map(|item| item.fate)
        .collect();
    assert_eq!(fates, [Fate::Copied, Fate::Adopted]);
}

#[test]
fn a_page_that_runs_into_the_limit_is_halved() {
    for moment in [Moment::BeforeEffect, Moment::AfterEffect] {
        let stage = stage(ALL, |world| {
            for at in 0..60 {
                add(world, SOURCE, &format!("t_{at:02}"), |_| {});
            }
            let page = Match::first(Verb::Post, "*/migrate_message_templates");
            world
                .script
                .add_fault(page.times(2), Effect::Timeout(moment));
        });
        let run = stage.apply();
        assert!(run.is_done(), "{moment:?}: {}", run.ends());
        let pages = pages(&stage);
        match moment {
            Moment::BeforeEffect => assert_eq!(pages, [60, 30, 15, 15, 15, 15]),
            Moment::AfterEffect => assert_eq!(pages, [60], "nothing is sent twice"),
        }
        assert_eq!(inventory(&stage).count(Fate::Copied), 60);
    }
}

#[test]
fn copies_that_come_late_are_not_asked_for_again() {
    let mut stage = stage(ALL, |world| {
        for at in 0..5 {
            add(world, SOURCE, &format!("t_{at}"), |_| {});
        }
        world.switches.copy_seconds = 50;
        let page = Match::first(Verb::Post, "*/migrate_message_templates");
        world
            .script
            .add_fault(page, Effect::ServerError(Moment::AfterEffect));
    });
    stage.options.wait = Some(std::time::Duration::from_secs(90));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(pages(&stage), [5]);
}

#[test]
fn a_copy_of_which_nothing_ever_comes_ends() {
    let stage = stage(ALL, |world| {
        for at in 0..40 {
            add(world, SOURCE, &format!("t_{at:02}"), |_| {});
        }
        let page = Match::first(Verb::Post, "*/migrate_message_templates");
        world
            .script
            .add_fault(page.times(99), Effect::ServerError(Moment::BeforeEffect));
    });
    let run = stage.apply();
    assert_eq!(
        run.end("templates.copy").0,
        StepEnd::Failed,
        "{}",
        run.ends()
    );
    assert_eq!(pages(&stage), [40, 20, 10, 5, 2, 1]);
    assert_eq!(stage.sent("/register"), 0);
}

#[test]
fn the_target_is_listed_after_every_page() {
    let stage = stage(ALL, |world| {
        for at in 0..510 {
            add(world, SOURCE, &format!("t_{at:03}"), |_| {});
        }
        let target = world
            .wabas
            .get_mut(&TARGET.parse().expect("an id"))
            .expect("the target");
        target.template_limit = Some(6000);
    });
    assert!(stage.apply().is_done());
    assert_eq!(pages(&stage), [500, 10]);
    let requests = stage.sim.requests();
    let mut calls = requests
        .iter()
        .filter(|call| call.path.contains(TARGET) && call.path.ends_with("message_templates"))
        .map(|call| call.path.ends_with("migrate_message_templates"));
    let first = calls.by_ref().position(|is_copy| is_copy);
    assert!(first.is_some());
    assert_eq!(calls.next(), Some(false), "a list, not the next page");
}

#[test]
fn a_required_template_that_is_rejected_or_recategorised_after_the_copy_holds_the_number_back() {
    type Break = fn(&mut Template);
    let breaks: [(&str, Break); 2] = [
        ("template-not-approved", |template| {
            template.status = TemplateStatus::Rejected;
            template.rejected_reason = Some("ABUSIVE_CONTENT".into());
        }),
        ("template-category-changed", |template| {
            template.category = Category::Marketing
        }),
    ];
    for (rule, edit) in breaks {
        let plan = ALL.replace("required: []", "required: [plain]");
        let mut stage = stage(&plan, mixed);
        stage.person = crate::stage::Person::Away;
        stage.options.wait = Some(std::time::Duration::from_secs(60));
        stage.apply();
        assert_eq!(item(&stage, "plain").fate, Fate::Copied);
        stage.sim.edit(|world| {
            let mut copies = world.templates.values_mut();
            let copy = copies.find(|one| one.name == "plain" && one.waba.as_str() == TARGET);
            edit(copy.expect("it was copied"));
        });
        stage.person = crate::stage::Person::ReadsPhone;
        let run = stage.apply();
        let rules = run.rules();
        assert_eq!(rules, [rule]);
        assert!(run.blocking.iter().all(Finding::blocks));
        assert_eq!(stage.sent("/register"), 0);
    }
}

#[test]
fn a_review_parks_the_run_and_says_what_waits_since_when() {
    let plan = ALL.replace("required: []", "required: [plain]");
    let mut stage = stage(&plan, |world| {
        mixed(world);
        world.switches.copy_status = TemplateStatus::Pending;
        world.switches.review_seconds = 24 * 3600;
    });
    stage.options.wait = Some(std::time::Duration::from_secs(60));
    let run = stage.apply();
    let (end, note) = run.end("templates.approved");
    assert_eq!(end, StepEnd::Parked);
    assert!(note.contains("plain/de since 2026-11-23"), "{note}");
    let pending = stage.status().templates.pending;
    assert_eq!(pending.keys().collect::<Vec<_>>(), ["plain/de"]);
    stage.sim.advance(std::time::Duration::from_secs(3600));
    stage.apply();
    assert_eq!(
        stage.status().templates.pending,
        pending,
        "since the first time"
    );
}

#[test]
fn a_copy_that_somebody_edits_has_drifted() {
    let stage = stage(ALL, mixed);
    assert!(stage.apply().is_done());
    stage.sim.edit(|world| {
        for template in world.templates.values_mut() {
            if template.waba.as_str() == TARGET {
                template.components = json!([{"type": "BODY", "text": "Edited {{1}} by hand."}]);
            }
        }
    });
    let drifted: Vec<_> = stage
        .diff()
        .into_iter()
        .map(|one| (one.class, one.address))
        .collect();
    assert_eq!(
        drifted,
        [(Class::Drift, "template[\"plain/de\"]".to_owned())]
    );
}

#[test]
fn flows_are_copied_before_the_templates_that_open_them() {
    let plan = ALL.to_owned() + "flows: { copy: [\"sign*\", old] }\n";
    let stage = stage(&plan, |world| {
        let source = SOURCE.parse().expect("an id");
        let flow = seed::add_flow(world, &source, "signup");
        seed::add_flow(world, &source, "old");
        seed::add_flow(world, &source, "unselected");
        seed::add_flow(world, &TARGET.parse().expect("an id"), "old");
        add(world, SOURCE, "join", |template| {
            template.components = json!([{"type": "BODY", "text": "Join us"}, {"type": "BUTTONS", "buttons": [
                {"type": "FLOW", "text": "Open", "flow_id": flow.as_str()}]}]);
        });
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(stage.effects("/migrate_flows"), 1);
    let map = stage.status().map;
    let names: Vec<_> = map.flows.iter().map(|flow| flow.name.as_str()).collect();
    assert_eq!(names, ["old", "signup"]);
    assert!(map.flows.iter().all(|flow| flow.target_id.is_some()));
    assert_eq!(item(&stage, "join").changes, []);
    assert_eq!(stage.diff(), []);
}

#[test]
fn the_map_leads_from_every_old_id_to_the_new_one() {
    let stage = stage(ALL, mixed);
    let before: IdMap = stage.status().map;
    let source_number = before.phone_numbers[0]
        .source_id
        .clone()
        .expect("it is there");
    assert_eq!(before.phone_numbers[0].target_id, None);
    assert!(stage.apply().is_done());
    let map = stage.status().map;
    assert_eq!(
        map.phone_numbers[0].source_id,
        Some(source_number),
        "kept before it was gone"
    );
    assert!(map.phone_numbers[0].target_id.is_some());
    let names: Vec<_> = map.templates.iter().map(|ids| ids.name.as_str()).collect();
    assert_eq!(names, ["equal", "other_category", "other_text", "plain"]);
    assert!(map.templates.iter().all(|ids| ids.target_id.is_some()));
    let namespaces = [map.source, map.target].map(|account| account.message_template_namespace);
    assert!(namespaces[0].is_some() && namespaces[0] != namespaces[1]);
}
