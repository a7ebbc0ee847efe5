//! Templates that are created anew, pointed to other flows, or deleted: with their limits.

use serde_json::json;
use waba_migrate::{
    inventory::Fate,
    journal::StepEnd,
    sim::{
        script::{Effect, Match, Moment, Pending, Verb},
        seed,
        switches::CopiedFlowIds,
        words::{Category, Quality, TemplateStatus},
        world::Template,
    },
};

use crate::templates::{ALL, SOURCE, TARGET, add, fates, inventory, item, mixed, stage};

/// The same plan, which creates anew what cannot be copied.
fn recreating() -> String {
    ALL.replace("copy:", "recreate: true, copy:")
}

#[test]
fn what_cannot_be_copied_is_created_anew_from_what_it_says() {
    let stage = stage(&recreating(), |world| {
        let source = SOURCE.parse().expect("an id");
        let flow = seed::add_flow(world, &source, "signup");
        add(world, SOURCE, "picture", |template| {
            template.quality = Quality::Red;
            template.category = Category::Marketing;
            template.components = json!([
                {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::picture"]}},
                {"type": "BODY", "text": "A shrub for {{1}}!", "example": {"body_text": [["Pablo"]]}},
            ]);
        });
        add(world, SOURCE, "code", |template| {
            template.status = TemplateStatus::Paused;
            template.category = Category::Authentication;
            template.components = json!([
                {"type": "BODY", "add_security_recommendation": true},
                {"type": "FOOTER", "code_expiration_minutes": 5},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": "Copy code"}]},
            ]);
        });
        add(world, SOURCE, "drifted", |template| {
            template.correct_category = Some(Category::Marketing);
        });
        add(world, SOURCE, "join", |template| {
            template.quality = Quality::Yellow;
            template.components = json!([{"type": "BODY", "text": "Join us today"}, {"type": "BUTTONS", "buttons": [
                {"type": "FLOW", "text": "Open", "flow_id": flow.as_str()}]}]);
        });
        add(world, SOURCE, "plain", |_| {});
        world.switches.shows_otp_as_url = true;
        world.switches.escapes_text = true;
        world.switches.reorders_components = true;
    });
    assert_eq!(inventory(&stage).count(Fate::Recreate), 4);
    let run = stage.apply();
    let (end, note) = run.end("templates.recreate");
    assert_eq!(end, StepEnd::Failed, "nobody copies the flow of join");
    assert!(
        note.contains("join/de") && note.contains("flows.copy"),
        "{note}"
    );
    let expected = [
        ("code", Fate::Recreated),
        ("drifted", Fate::Recreated),
        ("join", Fate::Recreate),
        ("picture", Fate::Recreated),
        ("plain", Fate::Copied),
    ];
    assert_eq!(
        fates(&stage),
        expected.map(|(name, fate)| (name.to_owned(), fate)).into()
    );
    assert_eq!(stage.effects("/message_templates"), 3);
    let left = stage.diff().into_iter().map(|one| one.address);
    let left: Vec<_> = left
        .filter(|address| address.starts_with("template"))
        .collect();
    assert_eq!(left, ["templates.recreate"], "the others are equal");
    // The same fails again, and nothing that is done is done twice.
    assert_eq!(stage.apply().end("templates.recreate").0, StepEnd::Failed);
    assert_eq!(stage.sent("/message_templates"), 3);
}

#[test]
fn media_that_cannot_be_fetched_now_are_fetched_by_the_next_run() {
    let plan = recreating().replace(", required: []", "");
    let stage = stage(&plan, |world| {
        add(world, SOURCE, "picture", |template| {
            template.quality = Quality::Red;
            template.components = json!([
                {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::picture"]}},
                {"type": "BODY", "text": "A shrub for you"},
            ]);
        });
        let link = Match::first(Verb::Get, "media/*").times(5);
        world
            .script
            .add_fault(link, Effect::ServerError(Moment::BeforeEffect));
    });
    let run = stage.apply();
    assert_eq!(
        run.end("templates.recreate").0,
        StepEnd::Failed,
        "{}",
        run.ends()
    );
    assert_eq!(stage.sent("/register"), 0, "a template is missing");
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(item(&stage, "picture").fate, Fate::Recreated);
}

#[test]
fn copies_that_open_the_sources_flows_are_pointed_to_the_targets() {
    for kept in [CopiedFlowIds::Mapped, CopiedFlowIds::Kept] {
        let plan = ALL.replace("required: []", "required: [join]") + "flows: { copy: [\"*\"] }\n";
        let stage = stage(&plan, |world| {
            world.switches.copied_flow_ids = kept;
            let source = SOURCE.parse().expect("an id");
            let flow = seed::add_flow(world, &source, "signup");
            add(world, SOURCE, "join", |template| {
                template.components = json!([
                    {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::picture"]}},
                    {"type": "BODY", "text": "Join us today"}, {"type": "BUTTONS", "buttons": [
                    {"type": "FLOW", "text": "Open", "flow_id": flow.as_str()}]}]);
            });
        });
        let run = stage.apply();
        assert!(run.is_done(), "{kept:?}: {}", run.ends());
        assert_eq!(stage.diff(), [], "{kept:?}");
        assert_eq!(item(&stage, "join").changes, [], "{kept:?}");
        stage.sim.world(|world| {
            let target = |waba: &waba_migrate::ids::WabaId| waba.as_str() == TARGET;
            let flows = world.flows.iter().filter(|(_, flow)| target(&flow.waba));
            let flow = flows
                .map(|(id, _)| id.as_str())
                .next()
                .expect("it was copied");
            let mut copies = world.templates.values().filter(|one| target(&one.waba));
            let copy = copies
                .find(|one| one.name == "join")
                .expect("it was copied");
            let opens = copy.components.to_string();
            assert!(opens.contains(flow), "{kept:?}: {opens}");
        });
        let again = stage.apply();
        assert!(again.report.ended.is_empty(), "{kept:?}: {}", again.ends());
    }
}

#[test]
fn buttons_of_templates_created_anew_open_the_targets_flows() {
    let plan = recreating() + "flows: { copy: [\"*\"] }\n";
    let stage = stage(&plan, |world| {
        let source = SOURCE.parse().expect("an id");
        let flow = seed::add_flow(world, &source, "signup");
        add(world, SOURCE, "join", |template| {
            template.quality = Quality::Yellow;
            template.components = json!([{"type": "BODY", "text": "Join us today"}, {"type": "BUTTONS", "buttons": [
                {"type": "FLOW", "text": "Open", "flow_id": flow.as_str()}]}]);
        });
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    let map = stage.status().map;
    let flow = map.flows[0].target_id.clone().expect("it was copied");
    let opened = stage.sim.world(|world| {
        let mut templates = world.templates.values();
        let made = templates
            .find(|one| one.waba.as_str() == TARGET)
            .expect("it was created");
        made.components[1]["buttons"][0]["flow_id"].clone()
    });
    assert_eq!(opened, json!(flow));
    assert_eq!(stage.diff(), []);
}

#[test]
fn accounts_of_different_businesses_get_their_templates_anew() {
    let plan = recreating().replace(
        "pin: { env: PIN }",
        "pin: { env: PIN }, method: embedded_signup",
    );
    let mut stage = stage(&plan, |world| {
        let business = seed::add_business(world, "Somebody else");
        let target = world.wabas.get_mut(&TARGET.parse().expect("an id"));
        target.expect("the target").owner = business;
        add(world, SOURCE, "plain", |_| {});
    });
    stage.options.wait = Some(std::time::Duration::from_secs(600));
    let run = stage.apply();
    assert_eq!(
        run.end("templates.recreate").0,
        StepEnd::Done,
        "{}",
        run.ends()
    );
    assert_eq!(item(&stage, "plain").fate, Fate::Recreated);
    assert_eq!(stage.sent("/migrate_message_templates"), 0);
}

#[test]
fn a_hundred_templates_are_created_in_an_hour_and_the_rest_later() {
    let mut stage = stage(&recreating(), |world| {
        for at in 0..130 {
            add(world, SOURCE, &format!("t_{at:03}"), |template| {
                template.quality = Quality::Red
            });
        }
    });
    stage.options.wait = Some(std::time::Duration::from_secs(30));
    let run = stage.apply();
    assert_eq!(
        run.end("templates.recreate").0,
        StepEnd::Parked,
        "{}",
        run.ends()
    );
    assert_eq!(stage.effects("/message_templates"), 100);
    assert_eq!(stage.sent("/message_templates"), 100, "none was refused");
    stage.sim.advance(std::time::Duration::from_secs(3600));
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    assert_eq!(inventory(&stage).count(Fate::Recreated), 130);
}

#[test]
fn a_creation_that_meta_refuses_is_told_and_not_sent_again() {
    let stage = stage(&recreating(), |world| {
        add(world, SOURCE, "plain", |_| {});
        add(world, SOURCE, "long", |template| {
            template.quality = Quality::Red;
            template.components = json!([{"type": "BODY", "text": "x".repeat(1025)}]);
        });
    });
    let run = stage.apply();
    assert!(
        run.end("templates.recreate")
            .1
            .contains("long/de was refused"),
        "{}",
        run.ends()
    );
    let long = item(&stage, "long");
    assert_eq!(long.fate, Fate::Failed);
    assert!(long.instead.is_some());
    stage.apply();
    assert_eq!(stage.sent("/message_templates"), 1);
}

#[test]
fn creations_survive_every_fault_without_a_second_one() {
    let moments = [Moment::BeforeEffect, Moment::AfterEffect];
    let faults = moments.into_iter().flat_map(|moment| {
        [
            Effect::Cut(moment),
            Effect::Timeout(moment),
            Effect::ServerError(moment),
        ]
    });
    for fault in faults {
        let stage = stage(&recreating(), |world| {
            for name in ["one", "two"] {
                add(world, SOURCE, name, |template| {
                    template.quality = Quality::Red
                });
            }
            let create = Match::first(Verb::Post, "*/message_templates");
            world.script.add_fault(create, fault.clone());
        });
        let run = stage.apply();
        assert!(run.is_done(), "{fault:?}: {}", run.ends());
        assert_eq!(stage.effects("/message_templates"), 2, "{fault:?}");
        assert_eq!(inventory(&stage).count(Fate::Recreated), 2, "{fault:?}");
    }
}

/// The same plan, which deletes what it does not know.
fn pruning(most: &str) -> String {
    ALL.replace("copy:", "prune: true, copy:") + most
}

#[test]
fn only_what_the_plan_does_not_know_is_deleted() {
    let plan = pruning("policy: { max_template_deletes: 2 }\n")
        .replace("required: []", "required: [kept_*]");
    let stage = stage(&plan, |world| {
        mixed(world);
        for name in ["kept_one", "stray", "stray_too"] {
            add(world, TARGET, name, |_| {});
        }
        add(world, TARGET, "disabled", |template| {
            template.status = TemplateStatus::Disabled
        });
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    let left: Vec<_> = stage
        .seen()
        .target
        .templates
        .present()
        .cloned()
        .unwrap_or_default()
        .into_keys()
        .collect();
    let left: Vec<_> = left.into_iter().map(|key| key.name).collect();
    assert_eq!(
        left,
        [
            "disabled",
            "equal",
            "kept_one",
            "other_category",
            "other_text",
            "plain"
        ]
    );
    assert_eq!(stage.diff(), []);
}

#[test]
fn what_this_plan_brought_over_outlives_the_source() {
    let stage = stage(&pruning("policy: { max_template_deletes: 9 }\n"), |world| {
        for name in ["one", "two", "three"] {
            add(world, SOURCE, name, |_| {});
        }
    });
    assert!(stage.apply().is_done());
    let map = stage.status().map.templates;
    stage.sim.edit(|world| {
        let gone = |one: &Template| one.waba.as_str() == SOURCE && one.name != "one";
        world.templates.retain(|_, template| !gone(template));
    });
    let run = stage.apply();
    assert!(run.report.ended.is_empty(), "{}", run.ends());
    assert_eq!(
        stage.status().map.templates,
        map,
        "the map keeps what was moved"
    );
}

#[test]
fn what_somebody_creates_during_a_run_is_not_deleted_by_it() {
    let stage = stage(&pruning("policy: { max_template_deletes: 9 }\n"), |world| {
        add(world, SOURCE, "plain", |_| {});
        add(world, TARGET, "stray", |_| {});
        world.switches.copy_seconds = 60;
        let late = seed::template(&TARGET.parse().expect("an id"), "late", "de");
        let id = world.invent_id();
        let appears = world.after(30);
        world.agenda.add(appears, Pending::Copy(id, Box::new(late)));
    });
    let run = stage.apply();
    assert!(
        run.end("templates.prune").1.contains("1 template deleted"),
        "{}",
        run.ends()
    );
    let names: Vec<_> = stage
        .seen()
        .target
        .templates
        .present()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.name.clone())
        .collect();
    assert!(names.contains(&"late".to_owned()), "{names:?}");
}

#[test]
fn a_required_template_of_the_source_that_is_not_selected_holds_the_number_back() {
    let plan = ALL
        .replace(r#"["*"]"#, "[promo_*]")
        .replace("required: []", "required: [\"order_*\"]");
    let stage = stage(&plan, |world| {
        add(world, SOURCE, "promo_one", |_| {});
        add(world, SOURCE, "order_one", |_| {});
    });
    let run = stage.apply();
    let rules = run.rules();
    assert_eq!(rules, ["template-not-coming"]);
    assert_eq!(stage.sent("/register"), 0);
}

#[test]
fn a_refusal_because_of_a_deletion_is_told() {
    let stage = stage(ALL, |world| {
        add(world, SOURCE, "plain", |_| {});
        let reason = "Content in this language already exists and is being deleted";
        world
            .switches
            .refused_copies
            .insert("plain".into(), reason.into());
    });
    let run = stage.apply();
    assert!(
        run.end("templates.copy").1.contains("being deleted"),
        "{}",
        run.ends()
    );
    stage.apply();
    assert_eq!(stage.sent("/migrate_message_templates"), 1);
}

#[test]
fn more_deletions_than_the_policy_allows_stop_everything_before_the_first_write() {
    for policy in ["", "policy: { max_template_deletes: 1 }\n"] {
        let stage = stage(&pruning(policy), |world| {
            mixed(world);
            add(world, TARGET, "stray", |_| {});
            add(world, TARGET, "stray_too", |_| {});
        });
        let run = stage.apply();
        let rules = run.rules();
        assert_eq!(rules, ["template-deletes-limit"], "{policy}");
        assert_eq!(stage.writes(), [""; 0]);
    }
}

#[test]
fn a_source_that_was_cleared_deletes_nothing() {
    let stage = stage(&pruning(""), |world| {
        add(world, TARGET, "copied_long_ago", |_| {})
    });
    let run = stage.apply();
    let rules = run.rules();
    assert_eq!(rules, ["template-prune-source"]);
}
