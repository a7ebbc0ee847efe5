//! Reviewed change sets: own progress never makes one stale, foreign change always does, and only
//! what was reviewed is done.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use waba_migrate::{
    changeset::{Approved, Choice, Sealed, StepGraph, compute_part, select::Selector},
    finding::Finding,
    journal::{Entry, Event, StepEnd},
    plan::{
        files::MemoryFiles,
        load::{Source, load_with},
    },
    sim::{Simulator, file, seed, switches::CopiedFlowIds, world::World},
};

use crate::stage::{Person, QUICKSTART, SMALL, Stage, THREE, phone};

/// The target of every plan here.
const TARGET: &str = "215589313241560";

/// Steps that are not as they were reviewed, each with what is said of it.
fn stale(stage: &Stage) -> BTreeMap<String, String> {
    let approved = stage.approved.as_ref().expect("something was reviewed");
    let objections = approved.objections(&stage.plan(), &stage.seen());
    let told = objections.into_iter();
    told.map(|(step, finding)| (step.to_string(), finding.message))
        .collect()
}

fn reviewed(plan: &str, edit: impl FnOnce(&mut World)) -> Stage {
    let mut stage = Stage::with(plan, edit);
    stage.review();
    assert_eq!(stale(&stage), BTreeMap::new(), "nothing has happened");
    stage
}

#[test]
fn a_target_that_cannot_be_read_is_no_changed_one() {
    let mut stage = reviewed(SMALL, |_| {});
    stage.apply();
    // Much is done, and reviewed as such.
    stage.review();
    let tokens = |revoked| {
        let revoke = |world: &mut World| {
            let tokens = world.tokens.iter_mut();
            tokens.for_each(|token| token.revoked = revoked);
        };
        stage.sim.edit(revoke);
    };
    tokens(true);
    assert_eq!(stale(&stage), BTreeMap::new());
    assert!(stage.plan().findings.iter().any(Finding::blocks));
    tokens(false);
    assert_eq!(stale(&stage), BTreeMap::new());
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a readable file")
}

/// The files in a folder, as plans find them.
fn beside(folder: &Path) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).expect("a readable folder");
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => files = files.with(path.clone(), read(&path)),
            }
        }
    }
    files
}

/// Every example, with its world where it has one.
fn examples() -> Vec<(String, Stage)> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "examples"].iter().collect();
    let files = beside(&folder);
    let mut examples = Vec::new();
    for name in ["quickstart", "canary", "partners", "templates"] {
        let path = folder.join(format!("{name}.yaml"));
        let bytes = read(&path);
        let source = Source {
            name,
            path: &path,
            bytes: &bytes,
        };
        let plan = load_with(source, &files).plan.expect("a valid example");
        let world = folder.join(format!("{name}.world.yaml"));
        let world = match world.exists() {
            true => file::parse(name, &read(&world)).expect("a valid world"),
            false => seed::rehearsal(&plan),
        };
        let mut stage = Stage::on(plan, world);
        stage.files = files.clone();
        stage.options.attended = true;
        stage.options.wait = Some(Duration::from_secs(14 * 24 * 3600));
        examples.push((name.to_owned(), stage));
    }
    examples
}

/// Goes on in many small runs until nothing is left: nobody sits there, nothing is waited for.
fn go_on_in_small_runs(name: &str, stage: &mut Stage, mut between: impl FnMut(&Stage)) -> usize {
    stage.options.attended = false;
    stage.options.wait = Some(Duration::ZERO);
    for runs in 1..40 {
        let run = stage.apply();
        assert_eq!(
            run.report.count(StepEnd::Stale),
            0,
            "{name}: {}",
            run.ends()
        );
        if stage.plan().is_empty() {
            return runs;
        }
        between(stage);
        assert_eq!(stale(stage), BTreeMap::new(), "{name} after run {runs}");
        stage.sim.advance(Duration::from_secs(6 * 3600));
        assert_eq!(stale(stage), BTreeMap::new(), "{name} before run {runs}");
    }
    panic!("{name}: no end:\n{}", stage.apply().ends());
}

#[test]
fn own_progress_never_makes_a_change_set_stale() {
    for kept in [CopiedFlowIds::Mapped, CopiedFlowIds::Kept] {
        for (name, mut stage) in examples() {
            stage
                .sim
                .edit(|world| world.switches.copied_flow_ids = kept);
            stage.review();
            let runs = go_on_in_small_runs(&name, &mut stage, |_| {});
            assert!(runs > 1, "{name} was over at once, which shows little");
        }
    }
}

#[test]
fn a_change_set_is_good_on_a_machine_without_the_journal() {
    for (name, mut stage) in examples() {
        stage.review();
        // A job that ended half way, on a machine that is gone.
        stage.person = Person::Away;
        stage.options.attended = false;
        stage.options.wait = Some(Duration::from_secs(3600));
        stage.apply();
        stage.forget_journal();
        assert_eq!(stale(&stage), BTreeMap::new(), "{name}");
    }
}

#[test]
fn a_park_of_days_leaves_a_change_set_as_good_as_new() {
    let mut stage = reviewed(SMALL, |_| {});
    stage.person = Person::Away;
    let run = stage.apply();
    assert_eq!(run.report.count(StepEnd::Parked), 1, "{}", run.ends());
    stage.sim.advance(Duration::from_secs(3 * 24 * 3600));
    assert_eq!(stale(&stage), BTreeMap::new());
    stage.person = Person::ReadsPhone;
    stage.options.new_codes.insert(phone("+49 30 901820"));
    assert!(stage.apply().is_done());
    assert_eq!(stage.effects("/migrate_message_templates"), 1);
}

#[test]
fn what_somebody_else_did_to_the_same_end_is_skipped_and_said_so() {
    let stage = reviewed(SMALL, |_| {});
    stage.sim.edit(|world| {
        let app = world.apps.keys().next().expect("an app").clone();
        let target = world.wabas.get_mut(&TARGET.parse().unwrap()).unwrap();
        target.subscriptions.insert(app, None);
    });
    let run = stage.apply();
    assert!(run.is_done(), "{}", run.ends());
    let (end, note) = run.end("target.subscription");
    assert_eq!(end, StepEnd::Already);
    assert!(note.ends_with("done since the review"), "{note}");
    assert_eq!(stage.effects("/subscribed_apps"), 0);
    let again = stage.apply();
    assert!(
        again.ends().contains("done by an earlier run"),
        "{}",
        again.ends()
    );
}

const CALLBACK: &str = "https://hooks.acme.example/whatsapp";

fn with_callback() -> String {
    let callback = format!(
        "token: {{ env: TOKEN }}, subscription: {{ app: keep, callback: {{ url: \"{CALLBACK}\", verify_token: {{ env: V }} }} }}"
    );
    SMALL.replace("token: { env: TOKEN }", &callback)
}

#[test]
fn what_was_changed_to_something_else_is_refused_with_all_that_hangs_on_it() {
    let set = |world: &mut World, url: &str| {
        let app = world.apps.keys().next().expect("an app").clone();
        let target = world.wabas.get_mut(&TARGET.parse().unwrap()).unwrap();
        target.subscriptions.insert(app, Some(url.to_owned()));
    };
    let stage = reviewed(&with_callback(), |world| set(world, "https://old.example/"));
    stage.sim.edit(|world| set(world, "https://other.example/"));
    insta::assert_debug_snapshot!(stale(&stage), @r#"
    {
        "target.subscription": "since it was reviewed, override_callback_uri went from `https://old.example/` to `https://other.example/`",
    }
    "#);
    // As with --partial: what needs it is not started, the rest goes on.
    let run = stage.apply();
    insta::assert_snapshot!(run.short_ends(), @r#"
    Already templates.approved
    Done templates.copy
    NotStarted number["+4930901820"].add: it needs target.subscription
    NotStarted number["+4930901820"].live: it needs number["+4930901820"].register
    NotStarted number["+4930901820"].profile: it needs number["+4930901820"].live
    NotStarted number["+4930901820"].register: it needs target.subscription, number["+4930901820"].verify
    NotStarted number["+4930901820"].request_code: it needs number["+4930901820"].add
    NotStarted number["+4930901820"].verify: it needs number["+4930901820"].request_code
    Stale target.subscription
    "#);
    assert_eq!(stage.effects("/subscribed_apps"), 0);
    assert_eq!(stage.effects("/register"), 0);
    assert_eq!(stage.effects("/migrate_message_templates"), 1);
}

#[test]
fn what_was_done_when_it_was_reviewed_and_is_no_longer_is_refused() {
    let stage = reviewed(SMALL, |world| {
        let app = world.apps.keys().next().expect("an app").clone();
        let target = world.wabas.get_mut(&TARGET.parse().unwrap()).unwrap();
        target.subscriptions.insert(app, None);
    });
    stage.sim.edit(|world| {
        let target = world.wabas.get_mut(&TARGET.parse().unwrap()).unwrap();
        target.subscriptions.clear();
    });
    insta::assert_debug_snapshot!(stale(&stage), @r#"
    {
        "target.subscription": "since it was reviewed, state went from `our app is subscribed` to `no app is subscribed`",
    }
    "#);
    stage.apply();
    assert_eq!(stage.effects("/subscribed_apps"), 0);
}

#[test]
fn a_template_that_came_to_the_source_after_the_review_is_not_copied() {
    let all = SMALL.replace("copy: [order, welcome]", "copy: [\"*\"]");
    let stage = reviewed(&all, |_| {});
    stage.sim.edit(|world| {
        let (id, template) = world.templates.iter().next().expect("a template");
        let new: waba_migrate::ids::TemplateId = format!("{id}7").parse().unwrap();
        let mut template = template.clone();
        template.name = "brand_new".into();
        template.components = json!([{"type": "BODY", "text": "New"}]);
        world.template_order.push(new.clone());
        world.templates.insert(new, template);
    });
    let stale = stale(&stage);
    assert_eq!(stale.len(), 1, "{stale:?}");
    assert!(
        stale["templates.copy"].contains("brand_new/en_US went from no part of it to `UTILITY"),
        "{stale:?}"
    );
    stage.apply();
    assert_eq!(stage.effects("/migrate_message_templates"), 0);
    assert_eq!(stage.effects("/register"), 0);
}

#[test]
fn a_template_in_place_of_a_reviewed_copy_or_gone_is_no_progress_of_ours() {
    let edit = |stage: &Stage, edit: &dyn Fn(&mut World)| stage.sim.edit(|world| edit(world));
    // Somebody creates one of that name with other words on the target.
    let stage = reviewed(SMALL, |_| {});
    edit(&stage, &|world| {
        let (id, template) = world.templates.iter().next().expect("a template");
        let id: waba_migrate::ids::TemplateId = format!("{id}7").parse().unwrap();
        let mut other = template.clone();
        other.waba = TARGET.parse().unwrap();
        other.components = json!([{"type": "BODY", "text": "Buy now"}]);
        world.template_order.push(id.clone());
        world.templates.insert(id, other);
    });
    let told = stale(&stage);
    assert!(
        told["templates.copy"].contains("`on the target, with other words`"),
        "{told:?}"
    );
    // Somebody deletes one on the source.
    let stage = reviewed(SMALL, |_| {});
    edit(&stage, &|world| {
        let id = world.templates.keys().next().expect("a template").clone();
        world.templates.remove(&id);
        world.template_order.retain(|known| *known != id);
    });
    let told = stale(&stage);
    assert!(
        told["templates.copy"].contains("`gone from the source`"),
        "{told:?}"
    );
    // Somebody edits the words on the source.
    let stage = reviewed(SMALL, |_| {});
    edit(&stage, &|world| {
        let template = world.templates.values_mut().next().expect("a template");
        template.components = json!([{"type": "BODY", "text": "Nobody has reviewed this"}]);
    });
    let told = stale(&stage);
    assert!(told["templates.copy"].contains(", content "), "{told:?}");
}

#[test]
fn what_we_have_set_and_somebody_changed_is_not_set_again() {
    let mut stage = Stage::new(QUICKSTART);
    stage.review();
    assert!(stage.apply().is_done());
    set_about(&stage.sim, "Theirs");
    let told = stale(&stage);
    let profile = &told["number[\"+4930901820\"].profile"];
    assert!(
        profile.contains("from `set by us` to `Theirs`"),
        "{profile}"
    );
}

#[test]
fn a_copy_that_somebody_edited_is_not_overwritten_to_mend_its_button() {
    let plan =
        SMALL.replace("copy: [order, welcome]", "copy: [join]") + "flows: { copy: [\"*\"] }\n";
    let mut stage = Stage::with(&plan, |world| {
        world.switches.copied_flow_ids = CopiedFlowIds::Kept;
        let source = "102290129340398".parse().expect("an id");
        let flow = seed::add_flow(world, &source, "signup");
        let template = world.templates.values_mut().next().expect("a template");
        template.name = "join".into();
        template.components = json!([
            {"type": "BODY", "text": "Join us today"},
            {"type": "BUTTONS", "buttons": [{"type": "FLOW", "text": "Open", "flow_id": flow.as_str()}]},
        ]);
    });
    stage.review();
    let sim = stage.sim.clone();
    stage.listener = Some(Arc::new(move |entry: &Entry| {
        let is_copied = matches!(&entry.event, Event::StepEnded { step, .. } if step.as_str() == "templates.copy");
        if is_copied {
            sim.edit(|world| {
                let mut copies = world.templates.values_mut();
                let copy = copies
                    .find(|one| one.waba.as_str() == TARGET)
                    .expect("it was copied");
                copy.components[0]["text"] = "Edited by hand".into();
            });
        }
    }));
    let run = stage.apply();
    let (end, note) = run.end("templates.repoint");
    assert_eq!(end, StepEnd::Stale, "{note}");
    assert!(
        note.contains("join/de body.text") || note.contains("body.text"),
        "{note}"
    );
    assert_eq!(stage.sent("/register"), 0, "{}", run.ends());
}

/// Writes the profile of the number that has moved.
fn set_about(sim: &Simulator, about: &str) {
    sim.edit(|world| {
        let mut numbers = world.numbers.values_mut();
        let moved = numbers.find(|number| number.waba.as_str() == TARGET);
        let profile = &mut moved.expect("it moved").profile;
        profile.insert("about".into(), json!(about));
    });
}

#[test]
fn a_profile_that_somebody_edited_after_the_review_is_not_overwritten() {
    let mut stage = Stage::new(QUICKSTART);
    assert!(stage.apply().is_done());
    set_about(&stage.sim, "edited once");
    stage.review();
    set_about(&stage.sim, "edited twice");
    insta::assert_debug_snapshot!(stale(&stage), @r#"
    {
        "number[\"+4930901820\"].profile": "since it was reviewed, about went from `edited once` to `edited twice`",
    }
    "#);
}

#[test]
fn what_is_edited_after_the_run_has_looked_is_seen_before_it_is_overwritten() {
    let mut stage = Stage::new(QUICKSTART);
    assert!(stage.apply().is_done());
    set_about(&stage.sim, "edited once");
    stage.review();
    let sim = stage.sim.clone();
    stage.listener = Some(Arc::new(move |entry: &Entry| {
        if matches!(entry.event, Event::StepStarted { .. }) {
            set_about(&sim, "edited twice");
        }
    }));
    let run = stage.apply();
    let (end, note) = run.end("number[\"+4930901820\"].profile");
    assert_eq!(end, StepEnd::Stale, "{note}");
    assert_eq!(
        stage.effects("/whatsapp_business_profile"),
        1,
        "that of the first run"
    );
}

/// Computes a part of what is to do.
fn part(stage: &Stage, only: &[&str], skip: &[&str]) -> waba_migrate::changeset::ChangeSet {
    let read = |texts: &[&str]| -> Vec<Selector> {
        let read = |text: &&str| {
            let Ok(selector) = text.parse();
            selector
        };
        texts.iter().map(read).collect()
    };
    let choice = Choice::new(read(only), read(skip));
    compute_part(
        &stage.plan,
        &StepGraph::of(&stage.plan),
        &stage.seen(),
        &choice,
    )
}

#[test]
fn a_selection_says_what_it_leaves_out_and_never_cuts_over_without_its_safety_steps() {
    let stage = Stage::new(THREE);
    let tell = |only: &[&str], skip: &[&str]| {
        let part = part(&stage, only, skip);
        let selection = part.selection.as_ref().expect("a part");
        let left = selection.left_out.iter();
        let left: Vec<_> = left
            .map(|left| format!("{}: {}", left.address, left.why))
            .collect();
        let blocking = part.findings.iter().filter(|finding| finding.blocks());
        let blocking: Vec<_> = blocking
            .map(|finding| format!("!! {} {}", finding.rule, finding.message))
            .collect();
        format!(
            "{} to do, {} calls\n{}\n{}",
            part.summary.to_do,
            part.summary.calls,
            blocking.join("\n"),
            left.join("\n")
        )
    };
    insta::assert_snapshot!(tell(&["prepare", "verify"], &[]), @r#"
    12 to do, 11 calls

    number["+4930901820"].register: not selected
    number["+4930901820"].live: not selected
    number["+49891234567"].register: not selected
    number["+49891234567"].live: not selected
    number["+33142685300"].register: not selected
    number["+33142685300"].live: not selected
    number["+4930901820"].profile: not selected
    number["+49891234567"].profile: not selected
    number["+33142685300"].profile: not selected
    "#);
    insta::assert_snapshot!(tell(&[], &["number[+4930901820].*"]), @r#"
    15 to do, 12 calls
    !! selection-unsafe this selection would cut a number over without number["+4930901820"].live
    number["+4930901820"].add: not selected
    number["+4930901820"].request_code: not selected
    number["+4930901820"].verify: not selected
    number["+4930901820"].register: not selected
    number["+4930901820"].live: not selected
    number["+4930901820"].profile: not selected
    "#);
    insta::assert_snapshot!(tell(&[], &["templates.approved"]), @r#"
    20 to do, 17 calls
    !! selection-unsafe this selection would cut a number over without templates.approved
    !! selection-unsafe this selection would cut a number over without templates.approved
    !! selection-unsafe this selection would cut a number over without templates.approved
    templates.approved: not selected
    "#);
    let alone = part(&stage, &["number[+4930901820].register"], &[]);
    let finding = alone.findings.iter().find(|finding| finding.blocks());
    insta::assert_snapshot!(finding.and_then(|finding| finding.hint.as_deref()).unwrap(), @"select what it rests on too (--only 'number[+4930901820].verify' --only 'target.subscription' --only 'templates.approved'), or leave the cut-over out (--skip cut-over)");
}

/// Has a part reviewed and applied.
fn review_part(stage: &mut Stage, only: &[&str]) {
    let sealed = Sealed::of(part(stage, only, &[]), None);
    let approved = Approved::read(sealed.canonical().as_bytes()).expect("it was just made");
    stage.choice = approved.selection.as_ref().expect("a part").choice();
    stage.approved = Some(approved);
}

#[test]
fn a_part_is_done_and_the_rest_is_left_alone() {
    let mut stage = Stage::new(THREE);
    review_part(&mut stage, &["prepare"]);
    let wanted = Choice::new(vec!["prepare".parse().unwrap()], Vec::new());
    assert_eq!(stage.choice, wanted);
    let run = stage.apply();
    assert!(run.report.count(StepEnd::LeftOut) > 0, "{}", run.ends());
    assert_eq!(run.report.count(StepEnd::NotStarted), 0, "{}", run.ends());
    assert_eq!(stage.effects("/request_code"), 0, "{}", run.ends());
    assert_eq!(stage.effects("/phone_numbers"), 3, "{}", run.ends());
    // What was not reviewed is refused even by a run that forgets to leave it alone.
    stage.choice = Choice::default();
    let run = stage.apply();
    assert_eq!(stage.effects("/request_code"), 0, "{}", run.ends());
}

#[test]
fn what_is_not_selected_is_left_alone_also_where_it_gets_something_to_do_later() {
    let recreating = SMALL.replace("copy: [order, welcome]", "copy: [order], recreate: true");
    let mut stage = Stage::new(&recreating);
    // The copy is refused, and so the template could be created anew.
    stage.sim.edit(|world| {
        for template in world.templates.values_mut() {
            template.components = json!([
                {"type": "HEADER", "format": "TEXT", "text": "Too new for a copy"},
                {"type": "BODY", "text": "Hello"},
                {"type": "BUTTONS", "buttons": [{"type": "COPY_CODE", "example": "SALE"}]},
            ]);
        }
    });
    review_part(&mut stage, &["templates.copy"]);
    stage.apply();
    stage.apply();
    assert_eq!(stage.effects("/message_templates"), 0);
}

#[test]
fn a_selection_is_judged_through_steps_that_have_nothing_to_do() {
    // Nothing is required, so that the wait for approval is over before the copy has begun.
    let plan = SMALL.replace("copy: [order, welcome]", "copy: [order], required: []");
    let stage = Stage::new(&plan);
    let unsafe_part = part(&stage, &["number[*].*", "target.subscription"], &[]);
    let rules: Vec<_> = unsafe_part.findings.iter().map(|one| &*one.rule).collect();
    assert!(rules.contains(&"selection-unsafe"), "{rules:?}");
}

#[test]
fn the_same_world_gives_the_same_bytes_at_any_time() {
    let stage = Stage::new(QUICKSTART);
    let sealed = || Sealed::of(stage.plan(), Some("plan.yaml".into())).canonical();
    let first = sealed();
    stage.sim.advance(Duration::from_secs(61));
    assert_eq!(first, sealed());
    assert!(first.ends_with("}\n") && first.lines().count() == 1);
}
