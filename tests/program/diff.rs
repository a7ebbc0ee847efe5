//! `diff` as a scheduled job runs it: a token that can only read, classes to fail on, JSON.

use std::process::Output;

use serde_json::{Value, json};
use waba_migrate::diff::Difference;

use crate::bench::{Bench, Server, assert_code, stderr, stdout};

const PLAN: &str = r#"
version: 1
name: scheduled
graph: { app_id: "2", app_secret: { env: META_APP_SECRET } }
source: { waba: "102290129340398", token: { env: META_SOURCE_TOKEN } }
target:
  waba: "215589313241560"
  token: { env: META_TOKEN }
  subscription: { callback: { url: https://hooks.acme.example, verify_token: { env: VERIFY_TOKEN } } }
numbers:
  - phone: "+49 30 901820"
    pin: { env: PIN }
    otp: { code: { file: code } }
    profile: { about: We answer }
templates: { copy: [order] }
"#;

const WORLD: &str = r#"
version: 1
businesses: [{ id: "1", name: Acme }]
apps: [{ id: "2", name: Migration, secret: app-secret }]
tokens:
  - { name: target, value: EAATARGET, app: "2" }
  - { name: source, value: EAASOURCE, app: "2" }
  - { name: reader, value: EAAREADER, app: "2", scopes: [whatsapp_business_management], target_ids: ["215589313241560"] }
wabas:
  - { id: "102290129340398", name: Old, business: "1" }
  - { id: "215589313241560", name: New, business: "1" }
numbers: [{ phone: "+49 30 901820", waba: "102290129340398", name: Acme }]
templates: [{ waba: "102290129340398", name: order, language: de }]
switches: { copy_seconds: 0 }
"#;

const ALL: [(&str, &str); 5] = [
    ("META_TOKEN", "EAATARGET"),
    ("META_SOURCE_TOKEN", "EAASOURCE"),
    ("META_APP_SECRET", "app-secret"),
    ("VERIFY_TOKEN", "verify"),
    ("PIN", "123456"),
];

const READER: [(&str, &str); 1] = [("META_TOKEN", "EAAREADER")];

/// A folder and a world after a whole migration.
struct Moved {
    bench: Bench,
    server: Server,
}

impl Moved {
    fn new() -> Self {
        let bench = Bench::new();
        bench.write("plan.yaml", PLAN);
        bench.write("world.yaml", WORLD);
        let server = Server::start(&bench, "world.yaml");
        let moved = Self { bench, server };
        let apply = ["apply", "--auto-approve", "--no-wait"];
        moved.run(&apply, &ALL);
        let said = moved.server.get("/__sim/code?phone=4930901820");
        let said: Value = serde_json::from_str(&said).expect("a code was asked for");
        let code = said["code"].as_str().expect("a code");
        moved.bench.write("code", code);
        assert_code(&moved.run(&["apply", "--auto-approve"], &ALL), 0);
        moved
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let always = ["plan.yaml", "--graph-url", self.server.url()];
        self.bench
            .run_with(&[arguments, &always].concat(), variables)
    }

    /// The scheduled job.
    fn diff(&self, arguments: &[&str]) -> Output {
        self.run(&[&["diff"], arguments].concat(), &READER)
    }

    fn happens(&self, what: &Value) {
        let answer = self.server.post("/__sim/happen", "", &what.to_string());
        assert!(answer.contains("true"), "{answer}");
    }

    /// Meta stops a template.
    fn pauses(&self) {
        self.happens(&json!({"template_paused": {"waba": "215589313241560", "name": "order"}}));
    }

    /// Somebody unsubscribes the app.
    fn unsubscribes(&self) {
        self.happens(&json!({"unsubscribed": {"waba": "215589313241560"}}));
    }

    fn posts(&self) -> usize {
        self.server
            .get("/__sim/requests")
            .matches("\"POST\"")
            .count()
    }
}

#[test]
fn a_scheduled_job_needs_a_token_that_reads_and_nothing_else() {
    let moved = Moved::new();
    let posts = moved.posts();
    let output = moved.diff(&[]);
    assert_code(&output, 0);
    let (text, said) = (stdout(&output), stderr(&output));
    assert!(text.ends_with("Diff: nothing differs.\n"), "{text}");
    let lines = [
        "graph.app_secret cannot be read (environment variable META_APP_SECRET gives nothing)",
        "source.token cannot be read (environment variable META_SOURCE_TOKEN gives nothing): nothing is said of the source",
    ];
    for line in lines {
        assert!(said.contains(line), "{said}");
    }
    assert!(
        text.contains("Not compared\n  the source's numbers, templates, flows: "),
        "{text}"
    );
    assert_eq!(stdout(&moved.diff(&[])), text, "the same every time");
    let status = moved.run(&["status"], &READER);
    assert_code(&status, 0);
    // What could change something wants to have everything.
    for strict in ["plan", "preflight"] {
        assert_code(&moved.run(&[strict], &READER), 9);
    }
    assert_code(&moved.run(&["apply", "--auto-approve"], &READER), 9);
    assert_code(&moved.run(&["diff"], &[]), 9);
    moved.unsubscribes();
    assert_code(&moved.diff(&[]), 2);
    assert_eq!(moved.posts(), posts, "only GETs");
}

#[test]
fn it_fails_on_the_classes_that_are_named() {
    let moved = Moved::new();
    moved.pauses();
    for (fail_on, code) in [
        (&[][..], 0),
        (&["--fail-on", "service"], 2),
        (&["--fail-on", "pending,service"], 2),
        (&["--fail-on", "pending", "--fail-on", "service"], 2),
        (&["--fail-on", "pending,drift,orphan"], 0),
        (&["--fail-on", "none"], 0),
        (&["--fail-on", "none,drift"], 1),
        (&["--fail-on", "ignored"], 1),
    ] {
        assert_code(&moved.diff(fail_on), code);
    }
    moved.unsubscribes();
    assert_code(&moved.diff(&[]), 2);
    assert_code(&moved.diff(&["--fail-on", "none"]), 0);
    assert_code(&moved.diff(&["--fail-on", "service"]), 2);
    let variables = [READER[0], ("WABA_MIGRATE_FAIL_ON", "pending,orphan")];
    assert_code(&moved.run(&["diff"], &variables), 0);
    let text = stdout(&moved.diff(&[]));
    assert!(text.ends_with("Diff: 1 drift, 1 service.\n"), "{text}");
}

#[test]
fn json_is_a_list_that_fits_its_schema() {
    let moved = Moved::new();
    moved.pauses();
    moved.unsubscribes();
    let ignore = "ignore: [target.subscription.app, \"*.quality_rating\"]\n";
    moved.bench.write("plan.yaml", &format!("{PLAN}{ignore}"));
    let output = moved.diff(&["--format", "json"]);
    assert_code(&output, 2);
    let list: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let schema = schemars::schema_for!(Vec<Difference>).to_value();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<_> = validator.iter_errors(&list).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let classes: Vec<_> = list
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (
                one["class"].as_str(),
                one["rule"].as_str(),
                one["address"].as_str(),
            )
        })
        .collect();
    let (step, template) = ("target.subscription", "template[\"order/de\"]");
    let expected = [
        (Some("drift"), None, Some(step)),
        (Some("service"), None, Some(template)),
        (Some("ignored"), Some("target.subscription.app"), Some(step)),
    ];
    assert_eq!(classes, expected, "{list}");
    let said = stderr(&output);
    assert!(said.contains("The plan ignores *.quality_rating"), "{said}");
    assert!(!said.contains("No journal"), "{said}");
    let text = stdout(&moved.diff(&[]));
    assert!(
        text.contains("Ignored by the plan\n  target.subscription.app\n"),
        "{text}"
    );
}

#[test]
fn where_no_journal_is_that_is_said_when_something_differs() {
    let moved = Moved::new();
    let elsewhere = ["--journal", "nowhere"];
    let said = |arguments: &[&str]| {
        let output = moved.diff(&[&elsewhere, arguments].concat());
        (stdout(&output), stderr(&output))
    };
    let word = "No journal of this plan is here";
    let (text, more) = said(&[]);
    assert!(!text.contains(word) && !more.contains(word), "{text}{more}");
    moved.unsubscribes();
    let (text, _) = said(&[]);
    assert!(text.contains(word) && text.contains("1 pending"), "{text}");
    let (json, more) = said(&["--format", "json"]);
    assert!(!json.contains(word) && more.contains(word), "{json}{more}");
}
