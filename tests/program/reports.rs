//! What other programs get: Markdown, annotations, summaries, test results, code scanning.

use serde_json::{Value, json};

use crate::bench::{Bench, Server, assert_code, stderr, stdout};

const QUICKSTART: &str = include_str!("../../examples/quickstart.yaml");

/// A world in which the smallest example can be applied; a name in it wants out of its place.
const WORLD: &str = r#"
version: 1
businesses: [{ id: "1", name: Acme }]
apps: [{ id: "2", name: Migration, secret: app-secret }]
tokens: [{ name: both, value: EAATOKEN, app: "2" }]
wabas:
  - { id: "102290129340398", name: "Old <b> | `x` @all #1", business: "1" }
  - { id: "215589313241560", name: New, business: "1" }
numbers: [{ phone: "+49 30 901820", waba: "102290129340398", name: Acme }]
templates: [{ waba: "102290129340398", name: order_confirmation, language: de }]
"#;

/// The same, where nobody pays.
fn unpaid() -> String {
    WORLD.replace("name: New,", "name: New, payment: false,")
}

struct Stage {
    bench: Bench,
    server: Server,
}

impl Stage {
    fn new(world: &str) -> Self {
        let bench = Bench::new();
        // A window would be over one day.
        let is_open = |line: &&str| *line != "windows:" && !line.contains("night");
        let lines: Vec<_> = QUICKSTART.lines().filter(is_open).collect();
        bench.write("quickstart.yaml", &(lines.join("\n") + "\n"));
        bench.write("world.yaml", world);
        let server = Server::start(&bench, "world.yaml");
        Self { bench, server }
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> std::process::Output {
        let url = ["quickstart.yaml", "--graph-url", self.server.url()];
        let secrets = [
            ("META_TOKEN", "EAATOKEN"),
            ("META_SOURCE_TOKEN", "EAATOKEN"),
            ("PIN_BERLIN", "123456"),
        ];
        let (command, flags) = arguments.split_first().expect("a command");
        self.bench.run_with(
            &[&[*command][..], &url, flags].concat(),
            &[&secrets, variables].concat(),
        )
    }

    fn file(&self, name: &str) -> String {
        String::from_utf8(self.bench.everything_below(name)).expect("text")
    }
}

#[test]
fn plan_is_a_comment_for_a_pull_request() {
    let stage = Stage::new(WORLD);
    let output = stage.run(&["plan", "--format", "markdown"], &[]);
    assert_code(&output, 0);
    let report = stdout(&output);
    let order = [
        "<!-- waba-migrate:plan:",
        "## Plan ",
        " to do, ",
        "Old \\<b\\> \\| \\`x\\` \\@&#8203;all \\#&#8203;1",
        "### Risk",
        "**1 cut-over: ",
        "### Changes",
        "<details><summary>",
        "Not migrated",
    ];
    let mut from = 0;
    for part in order {
        let at = report[from..].find(part);
        from += at.unwrap_or_else(|| panic!("{part} is not there in its turn\n{report}"));
    }
    let again = stage.run(&["plan", "--format", "markdown"], &[]);
    assert_eq!(output.stdout, again.stdout);
    let short = stage.run(&["plan", "--format", "markdown", "--max-chars", "900"], &[]);
    let short = stdout(&short);
    assert!(short.contains("].register` "), "{short}");
    assert!(short.contains("Details were left out"), "{short}");
    assert!(!short.contains("<details>"), "{short}");
    let by_variable = stage.run(
        &["plan", "--format", "markdown"],
        &[("WABA_MIGRATE_MAX_CHARS", "900")],
    );
    assert_eq!(stdout(&by_variable), short);
}

#[test]
fn every_command_that_looks_has_markdown() {
    let stage = Stage::new(&unpaid());
    let preflight = stage.run(&["preflight", "--format", "markdown"], &[]);
    assert_code(&preflight, 4);
    let shown = stdout(&preflight);
    assert!(shown.starts_with("<!-- waba-migrate:preflight:"), "{shown}");
    assert!(shown.contains("* **error** `payment` "), "{shown}");
    let diff = stage.run(&["diff", "--format", "markdown"], &[]);
    assert_code(&diff, 2);
    let shown = stdout(&diff);
    assert!(shown.starts_with("<!-- waba-migrate:diff:"), "{shown}");
    assert!(
        shown.contains("| **pending** | `templates.copy` |"),
        "{shown}"
    );
    let apply = stage.run(&["apply", "--auto-approve", "--format", "markdown"], &[]);
    assert_code(&apply, 4);
    assert!(stdout(&apply).contains("### Risk"), "{}", stdout(&apply));
}

#[test]
fn apply_tells_github_and_ci_what_it_came_to() {
    let stage = Stage::new(WORLD);
    let summary = stage.bench.path("summary.md");
    let summary = summary.to_str().expect("text");
    stage.bench.write("summary.md", "# Before\n");
    let output = stage.run(
        &[
            "apply",
            "--auto-approve",
            "--no-wait",
            "--format",
            "markdown",
            "--github",
            "--junit",
            "junit.xml",
        ],
        &[("GITHUB_STEP_SUMMARY", summary)],
    );
    assert_code(&output, 5);
    let shown = stdout(&output);
    assert!(shown.starts_with("<!-- waba-migrate:apply:"), "{shown}");
    assert!(shown.contains("### Parked"), "{shown}");
    assert_eq!(stage.file("summary.md"), format!("# Before\n{shown}\n"));
    let xml = stage.file("junit.xml");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let suite = document
        .descendants()
        .find(|node| node.has_tag_name("testsuite"));
    let suite = suite.expect("a suite");
    assert_eq!(suite.attribute("failures"), Some("0"));
    assert_ne!(suite.attribute("skipped"), Some("0"));
}

#[test]
fn plan_writes_what_it_is_asked_for_beside_its_result() {
    let stage = Stage::new(WORLD);
    let plain = stage.run(&["plan"], &[]);
    let output = stage.run(
        &[
            "plan",
            "--github",
            "--junit",
            "junit.xml",
            "--gitlab",
            "gitlab.json",
        ],
        &[],
    );
    assert_code(&output, 0);
    assert_eq!(stdout(&output), stdout(&plain));
    assert!(stderr(&output).contains("GITHUB_STEP_SUMMARY is not set"));
    assert!(
        stderr(&output).contains("::notice title="),
        "{}",
        stderr(&output)
    );
    let gitlab: Value = serde_json::from_str(&stage.file("gitlab.json")).expect("JSON");
    assert_eq!(gitlab["delete"], 0);
    assert!(gitlab["create"].as_u64() > Some(0), "{gitlab}");
    let xml = stage.file("junit.xml");
    let document = roxmltree::Document::parse(&xml).expect("XML");
    let cases = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    assert!(cases.count() > 5, "{xml}");
}

#[test]
fn a_blocked_plan_is_an_error_everywhere() {
    let stage = Stage::new(&unpaid());
    let output = stage.run(&["plan", "--github", "--junit", "junit.xml"], &[]);
    assert_code(&output, 4);
    assert!(
        stderr(&output).contains("::error title=payment::"),
        "{}",
        stderr(&output)
    );
    assert!(stage.file("junit.xml").contains("<failure message="));
    let apply = stage.run(
        &[
            "apply",
            "--auto-approve",
            "--github",
            "--junit",
            "apply.xml",
        ],
        &[],
    );
    assert_code(&apply, 4);
    assert!(stderr(&apply).contains("::error title=payment::"));
    assert!(stage.file("apply.xml").contains("<failure message="));
}

#[test]
fn a_refused_run_says_why_wherever_it_is_looked_for() {
    let stage = Stage::new(WORLD);
    let flags = ["--auto-approve", "--accept", "cut-over=0", "--github"];
    let more = ["--format", "markdown", "--junit", "junit.xml"];
    let output = stage.run(&[&["apply"], &flags[..], &more].concat(), &[]);
    assert_code(&output, 4);
    let (shown, said) = (stdout(&output), stderr(&output));
    let line = said.lines().find(|line| line.starts_with("::error title="));
    let rule = line.and_then(|line| line["::error title=".len()..].split_once(':'));
    let rule = rule.unwrap_or_else(|| panic!("{said}")).0;
    assert!(shown.contains(&format!("* **error** `{rule}` ")), "{shown}");
    let xml = stage.file("junit.xml");
    assert!(xml.contains("<failure message="), "{xml}");
    assert!(xml.contains(rule), "{xml}");
}

#[test]
fn validate_writes_annotations_and_sarif_beside_the_lines() {
    let bench = Bench::new();
    let folder = bench.path("");
    let workspace = folder
        .parent()
        .expect("it is in a folder")
        .to_str()
        .expect("text");
    let here = folder.file_name().expect("a name").to_str().expect("text");
    bench.write(
        "bad plan.yaml",
        &QUICKSTART.replace("version: 1", "version: 1\ncolour: red"),
    );
    let arguments = [
        "validate",
        "bad plan.yaml",
        "--github",
        "--sarif",
        "scan.sarif",
    ];
    let output = bench.run_with(&arguments, &[("GITHUB_WORKSPACE", workspace)]);
    assert_code(&output, 3);
    let expected = format!("::error file={here}/bad plan.yaml,line=");
    assert!(stderr(&output).contains(&expected), "{}", stderr(&output));
    let log = bench.everything_below("scan.sarif");
    let log: Value = serde_json::from_slice(&log).expect("JSON");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        format!("{here}/bad%20plan.yaml")
    );
    let markdown = bench.run(&["validate", "bad plan.yaml", "--format", "markdown"]);
    assert_code(&markdown, 3);
    assert!(stdout(&markdown).starts_with("<!-- waba-migrate:validate -->\n## Validate\n"));
    let plan = bench.run(&["plan", "bad plan.yaml", "--github"]);
    assert_code(&plan, 3);
    assert!(stderr(&plan).contains("::error file=bad plan.yaml,line="));
    bench.write("quickstart.yaml", QUICKSTART);
    assert_code(
        &bench.run(&["validate", "quickstart.yaml", "--sarif", "scan.sarif"]),
        0,
    );
    let log: Value = serde_json::from_slice(&bench.everything_below("scan.sarif")).expect("JSON");
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn a_summary_without_room_stays_as_it_is() {
    let stage = Stage::new(WORLD);
    let summary = stage.bench.path("summary.md");
    let full = "x".repeat(1024 * 1024 - 100);
    stage.bench.write("summary.md", &full);
    let variables = [("GITHUB_STEP_SUMMARY", summary.to_str().expect("text"))];
    let output = stage.run(&["diff", "--github"], &variables);
    assert_code(&output, 2);
    let said = stderr(&output);
    assert!(said.contains("no room for this report"), "{said}");
    assert!(said.contains("::warning title=pending::"), "{said}");
    assert_eq!(stage.file("summary.md"), full);
}

#[test]
fn a_file_that_cannot_be_written_is_named_before_anything_is_sent() {
    let stage = Stage::new(WORLD);
    let missing = stage.bench.path("no/such/summary.md");
    let missing = missing.to_str().expect("text");
    for flag in ["--junit", "--gitlab"] {
        let output = stage.run(&["plan", flag, "no/such/file"], &[]);
        assert_code(&output, 1);
        assert!(
            stderr(&output).contains("cannot write no/such/file"),
            "{}",
            stderr(&output)
        );
    }
    let output = stage.run(&["plan", "--github"], &[("GITHUB_STEP_SUMMARY", missing)]);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("summary.md"));
}
