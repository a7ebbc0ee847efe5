//! Saved change sets: what was reviewed, and only that, is done.

use serde_json::Value;

use crate::bench::{Bench, Server, assert_code, stderr, stdout};

/// One number with two templates, no window: it can be cut over at once.
pub(crate) const PLAN: &str = r#"
version: 1
name: acme
graph: { app_id: "2" }
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: META_TOKEN } }
numbers:
  - phone: "+49 30 901820"
    pin: { env: PIN }
    otp: { channel: sms, language: de, code: { file: code.txt } }
    profile: { about: We answer from 8 to 20 }
templates: { copy: ["*"] }
"#;

pub(crate) const WORLD: &str = r#"
version: 1
businesses: [{ id: "1", name: Acme }]
apps: [{ id: "2", name: Migration, secret: app-secret }]
tokens: [{ name: both, value: EAATOKEN, app: "2" }]
wabas:
  - { id: "102290129340398", name: Old, business: "1" }
  - { id: "215589313241560", name: New, business: "1" }
numbers: [{ phone: "+49 30 901820", waba: "102290129340398", name: Acme }]
templates:
  - { waba: "102290129340398", name: order, language: de }
  - { waba: "102290129340398", name: welcome, language: de }
"#;

pub(crate) const SECRETS: [(&str, &str); 2] = [("META_TOKEN", "EAATOKEN"), ("PIN", "135790")];

/// A folder with the plan, and a simulator.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) bench: Bench,
    pub(crate) server: Server,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::in_world(WORLD)
    }

    /// The same in another world.
    pub(crate) fn in_world(world: &str) -> Self {
        let bench = Bench::new();
        bench.write("acme.yaml", PLAN);
        bench.write("world.yaml", world);
        let server = Server::start(&bench, "world.yaml");
        Self { bench, server }
    }

    /// Runs a command against the simulator.
    #[track_caller]
    pub(crate) fn run(&self, code: i32, arguments: &[&str]) -> std::process::Output {
        let url = ["--graph-url", self.server.url()];
        let output = self.bench.run_with(&[arguments, &url].concat(), &SECRETS);
        assert_code(&output, code);
        output
    }

    /// Lets the code that came be read where the plan says.
    pub(crate) fn deliver_code(&self) {
        let answer = self.server.get("/__sim/code?phone=%2B4930901820");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        self.bench
            .write("code.txt", answer["code"].as_str().expect("a code came"));
    }

    /// Counts the writes so far to paths that end so.
    pub(crate) fn sent(&self, edge: &str) -> usize {
        let calls: Vec<Value> =
            serde_json::from_str(&self.server.get("/__sim/requests")).expect("JSON");
        let is = |call: &&Value| {
            let path = call["path"].as_str().unwrap_or_default();
            call["method"] == "POST" && path.ends_with(edge)
        };
        calls.iter().filter(is).count()
    }

    fn posts(&self) -> usize {
        self.sent("")
    }
}

#[test]
fn what_was_reviewed_is_done_without_a_word_more() {
    let site = Site::new();
    let planned = site.run(0, &["plan", "acme.yaml", "-o", "changes.json"]);
    assert!(stderr(&planned).contains("waba-migrate apply changes.json"));
    // The code is asked for by the first run and handed in by the second.
    site.run(5, &["apply", "changes.json", "--wait", "5s"]);
    site.deliver_code();
    let applied = site.run(0, &["apply", "changes.json", "--wait", "20s"]);
    let shown = stdout(&applied);
    assert!(shown.contains("= target.subscription"), "{shown}");
    assert!(shown.contains("done by an earlier run"), "{shown}");
    let again = site.run(0, &["apply", "changes.json"]);
    assert!(stdout(&again).contains("Everything is as the plan wants it"));
    site.run(0, &["diff", "acme.yaml"]);
}

#[test]
fn the_file_is_canonical_and_says_the_same_every_time() {
    let site = Site::new();
    site.run(0, &["plan", "acme.yaml", "-o", "one.json"]);
    site.run(0, &["plan", "acme.yaml", "--output", "two.json"]);
    let (one, two) = (site.bench.read("one.json"), site.bench.read("two.json"));
    assert_eq!(one, two);
    let value: Value = serde_json::from_str(&one).expect("JSON");
    assert_eq!(value["plan"]["path"], "acme.yaml");
    let printed = site.run(0, &["plan", "acme.yaml", "--format", "json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&stdout(&printed)).unwrap(),
        value
    );
    let canonical = serde_json_canonicalizer::to_string(&value).unwrap();
    assert_eq!(one, canonical + "\n");
}

#[test]
fn a_change_set_that_is_not_what_it_was_is_refused() {
    let site = Site::new();
    site.run(0, &["plan", "acme.yaml", "-o", "good.json"]);
    let good = site.bench.read("good.json");
    let check = |name: &str, text: &str, expected: &str| {
        site.bench.write(name, text);
        let output = site.run(7, &["apply", name]);
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(stderr(&output).contains("plan -o"), "{}", stderr(&output));
    };
    let edited = good.replace("\"irreversible\":2", "\"irreversible\":1");
    assert_ne!(edited, good);
    check(
        "edited.json",
        &edited,
        "its digest is not that of its content",
    );
    check("torn.json", &good[..good.len() / 2], "it is damaged");
    check("empty.json", "", "it is damaged");
    let newer = good.replace("\"format_version\":\"1.0\"", "\"format_version\":\"2.0\"");
    check("newer.json", &newer, "its format is 2.0");
    // A comment is a change too: it was not reviewed.
    site.bench.write("acme.yaml", &format!("{PLAN}# changed\n"));
    let output = site.run(7, &["apply", "good.json"]);
    assert!(stderr(&output).contains("is not what good.json was made from"));
    assert_eq!(site.posts(), 0);
}

#[test]
fn a_plan_that_moved_is_named() {
    let site = Site::new();
    site.run(0, &["plan", "acme.yaml", "-o", "changes.json"]);
    site.bench.write("moved/acme.yaml", PLAN);
    site.bench.remove("acme.yaml");
    assert!(stderr(&site.run(1, &["apply", "changes.json"])).contains("acme.yaml"));
    let plan = ["--plan", "moved/acme.yaml", "--only", "target.subscription"];
    let output = site.run(0, &[&["apply", "changes.json"][..], &plan].concat());
    assert!(stdout(&output).contains("✓ target.subscription"));
    let other = ["--plan", "elsewhere.yaml", "--auto-approve"];
    let output = site.run(1, &[&["apply", "moved/acme.yaml"][..], &other].concat());
    assert!(stderr(&output).contains("--plan goes with a change set"));
}

#[test]
fn nothing_is_written_over_the_plan_or_over_another_result() {
    let site = Site::new();
    let check = |arguments: &[&str], expected: &str| {
        let output = site.run(1, &[&["plan", "acme.yaml"], arguments].concat());
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    };
    check(&["-o", "acme.yaml"], "the plan and -o are the same file");
    check(&["-o", "./acme.yaml"], "the plan and -o are the same file");
    let both = ["--junit", "out.json", "-o", "out.json"];
    check(&both, "-o and --junit are the same file");
    check(&["-o", "-"], "`-` is no file");
    assert_eq!(site.bench.read("acme.yaml"), PLAN);
}

#[test]
fn a_refusal_is_one_line_of_json_and_no_plan_in_markdown() {
    let site = Site::new();
    let refused = [
        "apply",
        "acme.yaml",
        "--auto-approve",
        "--accept",
        "cut-over=0",
    ];
    let output = site.run(4, &[&refused[..], &["--format", "json"]].concat());
    let shown = stdout(&output);
    assert_eq!(shown.lines().count(), 1, "{shown}");
    let findings: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(findings[0]["rule"], "risk-not-accepted");
    let output = site.run(4, &[&refused[..], &["--format", "markdown"]].concat());
    let shown = stdout(&output);
    assert!(
        shown.starts_with("<!-- waba-migrate:apply:acme -->"),
        "{shown}"
    );
    assert!(shown.contains("**Nothing was sent.**"), "{shown}");
}

#[test]
fn a_world_that_changed_is_refused_before_the_first_write() {
    let site = Site::new();
    site.run(0, &["plan", "acme.yaml", "-o", "changes.json"]);
    // Somebody creates another template on the source.
    let body = r#"{"name":"late","language":"de","category":"UTILITY","components":[{"type":"BODY","text":"Late"}]}"#;
    site.server
        .post("/v25.0/102290129340398/message_templates", "EAATOKEN", body);
    site.server
        .post("/__sim/advance", "", r#"{"seconds": 86400}"#);
    let posts = site.posts();
    let output = site.run(7, &["apply", "changes.json"]);
    let told = stderr(&output);
    assert!(told.contains("changed-since-review"), "{told}");
    assert!(told.contains("late/de"), "{told}");
    assert_eq!(site.posts(), posts);
    // The rest goes on by name only, and the refused step takes its dependents with it.
    let output = site.run(6, &["apply", "changes.json", "--partial", "--wait", "1s"]);
    let shown = stdout(&output);
    assert!(shown.contains("templates.copy  stale"), "{shown}");
    assert!(
        shown.contains("number[\"+4930901820\"].register  not started"),
        "{shown}"
    );
    assert!(
        !site
            .server
            .get("/__sim/requests")
            .contains("migrate_message_templates")
    );
}

#[test]
fn risk_is_accepted_by_name_and_amount() {
    let site = Site::new();
    let apply = ["apply", "acme.yaml", "--auto-approve", "--wait", "1s"];
    let with = |more: &[&'static str]| [&apply[..], more].concat();
    let output = site.run(4, &with(&["--accept", "cut-over=0"]));
    assert!(stderr(&output).contains("cut-overs would be more than accepted: 1, accepted 0"));
    let output = site.run(4, &with(&["--accept", "delete-templates=0"]));
    assert!(stderr(&output).contains("risk-not-accepted"));
    let output = site.run(4, &with(&["--accept", "cut-over=1,delete-templates=1"]));
    assert!(stderr(&output).contains("exceeds policy.max_template_deletes: 0"));
    let output = site.run(1, &with(&["--accept", "everything=1"]));
    assert!(stderr(&output).contains("NAME=AMOUNT"));
    assert_eq!(site.posts(), 0);
    site.run(5, &with(&["--accept", "cut-over=1"]));
}

#[test]
fn a_part_is_planned_reviewed_and_done() {
    let site = Site::new();
    let plan = ["plan", "acme.yaml", "-o", "part.json"];
    let planned = site.run(0, &[&plan[..], &["--only", "prepare"]].concat());
    assert!(stdout(&planned).contains("incomplete: 5 steps left out"));
    let part: Value = serde_json::from_str(&site.bench.read("part.json")).unwrap();
    assert_eq!(part["selection"]["left_out"].as_array().unwrap().len(), 5);
    let output = site.run(0, &["apply", "part.json", "--wait", "10s"]);
    assert!(stdout(&output).contains("left out"), "{}", stdout(&output));
    assert!(!site.server.get("/__sim/requests").contains("request_code"));
    // What is done by now is missed by nobody.
    site.run(0, &[&plan[..2], &["--skip", "target.*"]].concat());
}

#[test]
fn a_selection_without_safety_steps_or_without_sense_is_refused() {
    let site = Site::new();
    let only = ["--only", "number[+4930901820].register", "--auto-approve"];
    let output = site.run(4, &[&["apply", "acme.yaml"][..], &only].concat());
    let told = stderr(&output);
    assert!(told.contains("selection-unsafe"), "{told}");
    assert!(told.contains("--only 'target.subscription'"), "{told}");
    let output = site.run(1, &["plan", "acme.yaml", "--only", "number[+49].register"]);
    assert!(stderr(&output).contains("names no step"));
    assert_eq!(site.posts(), 0);
}

#[test]
fn a_run_parks_before_its_deadline() {
    let site = Site::new();
    let run = ["apply", "acme.yaml", "--auto-approve", "--wait", "1h"];
    let output = site.run(5, &[&run[..], &["--deadline", "2s"]].concat());
    let shown = stdout(&output);
    assert!(shown.contains("parked"), "{shown}");
    // A cut-over takes minutes: with less left than that, none begins.
    site.deliver_code();
    let output = site.run(5, &[&run[..], &["--deadline", "4s"]].concat());
    let shown = stdout(&output);
    assert!(shown.contains("the run ends soon (--deadline)"), "{shown}");
    assert!(!site.server.get("/__sim/requests").contains("/register"));
}

#[test]
fn events_are_one_a_line_and_fit_their_schema() {
    let site = Site::new();
    let schema: Value =
        serde_json::from_str(&stdout(&site.bench.run(&["schema", "events"]))).unwrap();
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let run = ["apply", "acme.yaml", "--auto-approve", "--format", "json"];
    let output = site.run(5, &[&run[..], &["--wait", "3s"]].concat());
    let mut events = Vec::new();
    for line in stdout(&output).lines() {
        let line: Value = serde_json::from_str(line).expect("one JSON value a line");
        let errors: Vec<_> = validator
            .iter_errors(&line)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{line}");
        events.push(line["event"].as_str().expect("an event").to_owned());
    }
    for expected in [
        "run_started",
        "intent",
        "answered",
        "step_ended",
        "progress",
        "run_ended",
    ] {
        assert!(
            events.iter().any(|event| event == expected),
            "{expected}: {events:?}"
        );
    }
}

#[test]
fn the_same_plan_and_world_give_the_same_bytes_in_every_format() {
    let site = Site::new();
    let printed = |command: &str, code: i32, more: &[&str]| {
        let arguments = [&[command, "acme.yaml"], more].concat();
        stdout(&site.run(code, &arguments))
    };
    for (command, code) in [("plan", 0), ("preflight", 0), ("diff", 2)] {
        for format in ["text", "json", "markdown"] {
            let once = printed(command, code, &["--format", format]);
            let again = printed(command, code, &["--format", format]);
            assert_eq!(once, again, "{command} as {format}");
            assert!(!once.is_empty(), "{command} as {format}");
        }
    }
    for form in ["text", "dot", "mermaid", "svg"] {
        let once = stdout(&site.bench.run(&["graph", "acme.yaml", "--as", form]));
        let again = stdout(&site.bench.run(&["graph", "acme.yaml", "--as", form]));
        assert_eq!(once, again, "graph as {form}");
    }
    let files = |names: [&str; 3]| {
        let [set, junit, gitlab] = names;
        printed(
            "plan",
            0,
            &["-o", set, "--junit", junit, "--gitlab", gitlab],
        );
        names.map(|name| site.bench.read(name))
    };
    let once = files(["a.json", "a.xml", "a.gitlab.json"]);
    assert_eq!(once, files(["b.json", "b.xml", "b.gitlab.json"]));
}
