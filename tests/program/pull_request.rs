//! The life of a pull request: validated, planned, commented on, reviewed, merged, applied, killed,
//! applied again, held up at a gate, finished, compared, and edited by hand.

use std::process::Stdio;

use serde_json::Value;

use crate::{
    bench::{stderr, stdout},
    change_sets::{SECRETS, Site},
};

/// The number has two-step verification, so that its owner is waited for.
const WORLD: &str = r#"
version: 1
businesses: [{ id: "1", name: Acme }]
apps: [{ id: "2", name: Migration, secret: app-secret }]
tokens: [{ name: both, value: EAATOKEN, app: "2" }]
wabas:
  - { id: "102290129340398", name: Old, business: "1" }
  - { id: "215589313241560", name: New, business: "1" }
numbers: [{ phone: "+49 30 901820", waba: "102290129340398", name: Acme, pin: "246810" }]
templates:
  - { waba: "102290129340398", name: order, language: de }
  - { waba: "102290129340398", name: welcome, language: de }
"#;

/// What the steps came to, sorted: they end in any order. Without ids and times; and without the
/// copy, of which nobody knows how far it was when the runner died.
fn settled(output: &str) -> String {
    let scrub = |line: &str| {
        let cut = [" as ", " at 20"].iter().find_map(|at| line.split_once(at));
        cut.map_or(line.to_owned(), |(before, _)| format!("{before} […]"))
    };
    let mut lines: Vec<_> = output
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.contains("waits for") && !line.contains("templates."))
        .map(scrub)
        .collect();
    lines.sort();
    lines.join("\n")
}

/// The template of that name on the target.
fn template_id(site: &Site, name: &str) -> String {
    let world: Value = serde_json::from_str(&site.server.get("/__sim/world")).expect("JSON");
    let templates = world["templates"].as_object().expect("templates by id");
    let (id, _) = templates
        .iter()
        .find(|(_, one)| one["name"] == name && one["waba"] == "215589313241560")
        .expect("it was copied");
    id.clone()
}

#[test]
fn the_life_of_a_pull_request() {
    let site = Site::in_world(WORLD);

    // Validated on every push, without a secret.
    let output = site.bench.run(&["validate", "acme.yaml"]);
    insta::assert_snapshot!("1_validate", stdout(&output));

    // Planned, saved and shown to the reviewer; the same bytes on every run.
    let plan = [
        "plan",
        "acme.yaml",
        "-o",
        "changes.json",
        "--format",
        "markdown",
    ];
    let comment = stdout(&site.run(0, &plan));
    insta::assert_snapshot!("2_comment", comment);
    let saved = site.bench.read("changes.json");
    assert_eq!(comment, stdout(&site.run(0, &plan)));
    assert_eq!(saved, site.bench.read("changes.json"));

    // Merged and applied; the runner dies in the middle of a write.
    let hang =
        r#"{"on":{"method":"POST","path":"*/phone_numbers"},"effect":{"timeout":"after_effect"}}"#;
    site.server.post("/__sim/fault", "", hang);
    let url = site.server.url().to_owned();
    let mut killed = site
        .bench
        .command(&["apply", "changes.json", "--graph-url", &url])
        .envs(SECRETS)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let is_sent = || site.sent("/phone_numbers") > 0;
    assert!((0..20_000).any(|_| is_sent()), "the number was never added");
    killed.kill().expect("it runs");
    killed.wait().expect("it is dead");

    // Applied again: goes on, asks for the code, waits for the owner.
    let gate = site.run(5, &["apply", "changes.json", "--wait", "20s"]);
    insta::assert_snapshot!("3_gate", settled(&stdout(&gate)));
    site.deliver_code();
    let phone = r#"{"phone":"+4930901820"}"#;
    site.server.post("/__sim/two_step_off", "", phone);

    // Applied again: to the end, with nothing done twice.
    let applied = site.run(0, &["apply", "changes.json", "--wait", "30s"]);
    insta::assert_snapshot!("4_applied", settled(&stdout(&applied)));
    for once in [
        "/phone_numbers",
        "/register",
        "/request_code",
        "/verify_code",
        "/migrate_message_templates",
    ] {
        assert_eq!(site.sent(once), 1, "{once}");
    }

    // Compared every night.
    let clean = site.run(0, &["diff", "acme.yaml"]);
    insta::assert_snapshot!("5_clean", stdout(&clean));

    // Somebody edits a template by hand.
    let id = template_id(&site, "order");
    let edit = r#"{"components":[{"type":"BODY","text":"Edited by hand."}]}"#;
    site.server.post(&format!("/v25.0/{id}"), "EAATOKEN", edit);
    site.server
        .post("/__sim/advance", "", r#"{"seconds": 86400}"#);
    let drift = site.run(2, &["diff", "acme.yaml", "--github"]);
    insta::assert_snapshot!("6_drift", stdout(&drift));
    assert!(
        stderr(&drift).contains("::error title=drift::"),
        "{}",
        stderr(&drift)
    );
    let report = site.run(2, &["diff", "acme.yaml", "--format", "markdown"]);
    insta::assert_snapshot!("7_drift_report", stdout(&report));
}
