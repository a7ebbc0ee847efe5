//! `undo`: shows, saves, and is carried out by `apply` alone.

use serde_json::Value;

use crate::{
    bench::{stderr, stdout},
    change_sets::{PLAN, Site},
};

#[test]
fn what_was_done_is_shown_saved_and_taken_back() {
    let site = Site::new();
    let nothing = site.run(0, &["undo", "acme.yaml"]);
    assert!(stdout(&nothing).contains("Nothing is left to take back"));
    assert!(stderr(&nothing).contains("There is no journal of acme"));

    site.run(5, &["apply", "acme.yaml", "--auto-approve", "--wait", "5s"]);
    let saved = [
        "undo",
        "acme.yaml",
        "-o",
        "undo.json",
        "--reverse-plan",
        "back.yaml",
    ];
    let shown = site.run(0, &saved);
    let text = stdout(&shown);
    assert!(text.starts_with("Undo acme"), "{text}");
    assert!(text.contains("Take back\n"), "{text}");
    assert!(text.contains("- target.subscription.undo"), "{text}");
    assert!(text.contains("? number[\"+4930901820\"].undo"), "{text}");
    assert!(text.contains("Not taken back"), "{text}");
    assert!(stderr(&shown).contains("there is no plan to write"));
    let again = site.run(0, &["undo", "acme.yaml", "--format", "json"]);
    let json: Value = serde_json::from_str(&stdout(&again)).expect("JSON");
    assert_eq!(json["direction"], "undo");
    let markdown = site.run(0, &["undo", "acme.yaml", "--format", "markdown"]);
    assert!(
        stdout(&markdown).contains("## Undo acme"),
        "{}",
        stdout(&markdown)
    );
    assert_eq!(
        site.bench
            .read("undo.json")
            .matches("\"direction\":\"undo\"")
            .count(),
        1
    );

    // The gate waits for a person; the rest is done.
    let applied = site.run(5, &["apply", "undo.json"]);
    assert!(
        stdout(&applied).contains("target.subscription.undo"),
        "{}",
        stdout(&applied)
    );
    let again = site.run(5, &["apply", "undo.json"]);
    assert!(!stdout(&again).contains("- target.subscription.undo"));
    // A plan is never undone by itself.
    let planned = site.run(0, &["plan", "acme.yaml"]);
    assert!(
        stdout(&planned).contains("+ target.subscription"),
        "{}",
        stdout(&planned)
    );
}

#[test]
fn a_changed_undo_is_refused() {
    let site = Site::new();
    site.run(5, &["apply", "acme.yaml", "--auto-approve", "--wait", "5s"]);
    site.run(0, &["undo", "acme.yaml", "-o", "undo.json"]);
    let saved = site.bench.read("undo.json");
    // Without the word it would be carried out as a migration.
    let forward = saved.replace("\"direction\":\"undo\",", "");
    assert_ne!(forward, saved);
    site.bench.write("forward.json", &forward);
    site.run(7, &["apply", "forward.json"]);
    site.bench.write(
        "sideways.json",
        &saved.replace("\"direction\":\"undo\"", "\"direction\":\"sideways\""),
    );
    site.run(7, &["apply", "sideways.json"]);
}

#[test]
fn the_way_back_of_moved_numbers_is_a_plan_to_review() {
    let site = Site::new();
    site.run(5, &["apply", "acme.yaml", "--auto-approve", "--wait", "5s"]);
    site.deliver_code();
    site.run(
        0,
        &["apply", "acme.yaml", "--auto-approve", "--wait", "20s"],
    );
    let shown = site.run(0, &["undo", "acme.yaml", "--reverse-plan", "back.yaml"]);
    let text = stdout(&shown);
    assert!(text.contains("registered"), "{text}");
    site.run(0, &["validate", "back.yaml"]);
    site.run(0, &["rehearse", "back.yaml"]);
    let same = site.run(1, &["undo", "acme.yaml", "--reverse-plan", "acme.yaml"]);
    assert!(stderr(&same).contains("the same file"), "{}", stderr(&same));
}

#[test]
fn deleting_templates_has_to_be_accepted_by_its_amount() {
    let site = Site::new();
    let plan = PLAN.replace(
        "templates: { copy: [\"*\"] }",
        "templates: { copy: [\"*\"], files: [late.yaml] }\npolicy: { max_template_deletes: 1 }",
    );
    assert_ne!(plan, PLAN);
    site.bench.write("acme.yaml", &plan);
    let late = "name: late\nlanguage: de\ncategory: UTILITY\ncomponents: [{ type: BODY, text: We are late. }]\n";
    site.bench.write("late.yaml", late);
    site.run(5, &["apply", "acme.yaml", "--auto-approve", "--wait", "5s"]);
    let deletes = || {
        let calls = site.server.get("/__sim/requests");
        calls.matches("\"DELETE\"").count()
    };
    site.run(0, &["undo", "acme.yaml", "-o", "undo.json"]);
    let apply = |code: i32, accept: &str| {
        let output = site.run(code, &["apply", "undo.json", "--accept", accept]);
        format!("{}{}", stdout(&output), stderr(&output))
    };
    let refused = apply(4, "cut-over=0");
    assert!(
        refused.contains("deleted templates would be more than accepted: 1, accepted 0"),
        "{refused}"
    );
    assert!(refused.contains("--accept delete-templates=1"), "{refused}");
    let beyond = apply(4, "delete-templates=2");
    assert!(
        beyond.contains("exceeds policy.max_template_deletes: 1"),
        "{beyond}"
    );
    assert_eq!(deletes(), 0);
    // The number waits for a person; the rest is done.
    let applied = apply(5, "delete-templates=1");
    assert!(applied.contains("template[\"late/de\"].undo"), "{applied}");
    assert!(deletes() > 0);
}
