//! A few scripts per command.

use serde_json::Value;
use waba_migrate::journal::Lock;

use crate::bench::{Bench, Server, assert_code, stderr, stdout};

const QUICKSTART: &str = include_str!("../../examples/quickstart.yaml");

/// A world in which the smallest example can be applied.
const WORLD: &str = r#"
version: 1
businesses: [{ id: "1", name: Acme }]
apps: [{ id: "2", name: Migration, secret: app-secret }]
tokens: [{ name: both, value: EAATOKEN, app: "2" }]
wabas:
  - { id: "102290129340398", name: Old, business: "1" }
  - { id: "215589313241560", name: New, business: "1" }
numbers: [{ phone: "+49 30 901820", waba: "102290129340398", name: Acme }]
templates: [{ waba: "102290129340398", name: order_confirmation, language: de }]
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("quickstart.yaml", QUICKSTART);
    bench.write("world.yaml", WORLD);
    bench
}

#[test]
fn help_and_version_are_no_errors() {
    let bench = Bench::new();
    for arguments in [&["--version"][..], &["--help"], &["apply", "--help"]] {
        let output = bench.run(arguments);
        assert_code(&output, 0);
        assert!(output.stderr.is_empty());
    }
    let version = stdout(&bench.run(&["--version"]));
    assert_eq!(
        version,
        concat!("waba-migrate ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn wrong_usage_exits_1_and_says_so_on_stderr() {
    let bench = Bench::new();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["plan"],
        &["plan", "a", "--format", "xml"],
    ] {
        let output = bench.run(arguments);
        assert_code(&output, 1);
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn validate_tells_valid_from_invalid() {
    let bench = bench();
    assert_code(&bench.run(&["validate", "quickstart.yaml"]), 0);
    bench.write(
        "bad.yaml",
        &QUICKSTART.replace("version: 1", "version: 1\ncolour: red"),
    );
    let output = bench.run(&["validate", "quickstart.yaml", "bad.yaml"]);
    assert_code(&output, 3);
    assert!(stdout(&output).contains("colour"));
}

#[test]
fn validate_prints_findings_as_json() {
    let bench = bench();
    bench.write(
        "bad.yaml",
        &QUICKSTART.replace("version: 1", "version: 1\ncolour: red"),
    );
    let output = bench.run(&["validate", "bad.yaml", "--format", "json"]);
    assert_code(&output, 3);
    let findings: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let finding = &findings[0];
    assert_eq!(finding["verdict"], "fail");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["span"]["file"], "bad.yaml");
    assert!(finding["span"]["line"].as_u64().unwrap() > 1);
    let valid = bench.run(&["validate", "quickstart.yaml", "--format", "json"]);
    assert_eq!(stdout(&valid).trim(), "[]");
}

#[test]
fn validate_reads_template_files_and_shows_where_they_are_wrong() {
    let bench = bench();
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/templates.yaml");
    assert_code(&bench.run(&["validate", plan]), 0);
    let with_files = QUICKSTART.replace(
        "templates:\n",
        "templates:\n  files: [\"*.template.yaml\"]\n",
    );
    bench.write("files.yaml", &with_files);
    bench.write(
        "hello.template.yaml",
        "name: hello\nlanguage: en-US\ncategory: UTILITY\ncomponents:\n  - { type: BODY, text: \"Hi {{1}}\" }\n",
    );
    let output = bench.run(&["validate", "files.yaml"]);
    assert_code(&output, 3);
    let shown = stdout(&output);
    for expected in [
        " --> hello.template.yaml:2:11",
        "2 | language: en-US",
        "help: write en_US",
        "error[template-variable-edge]",
        "error[template-sample-missing]",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn templates_of_every_kind_are_rehearsed_to_an_empty_diff() {
    let bench = bench();
    let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/templates.yaml");
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/templates.world.yaml");
    let output = bench.run(&["rehearse", plan, "--world", world]);
    assert_code(&output, 0);
    let shown = stdout(&output);
    for expected in [
        "40 templates on the source",
        "32 copied, 4 re-created",
        "1 skipped: it is REJECTED",
        "Diff: nothing differs.",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn a_rehearsal_prints_the_same_bytes_each_time() {
    let bench = bench();
    let first = bench.run(&["rehearse", "quickstart.yaml"]);
    assert_code(&first, 0);
    assert!(!stdout(&first).is_empty());
    assert_eq!(
        first.stdout,
        bench.run(&["rehearse", "quickstart.yaml"]).stdout
    );
}

#[test]
fn a_rehearsal_leaves_no_journal_and_needs_no_secret() {
    let bench = bench();
    assert_code(&bench.run(&["rehearse", "quickstart.yaml"]), 0);
    assert!(!bench.path(".waba-migrate").exists());
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let bench = bench();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let all = [&["rehearse", "quickstart.yaml"], arguments].concat();
        stdout(&bench.run_with(&all, variables)).contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&["--color", "always"], &[]));
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(
        &[],
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn apply_asks_and_where_nobody_can_be_asked_it_refuses() {
    let bench = bench();
    let output = bench.run_with(&["apply", "quickstart.yaml"], &[("META_TOKEN", "EAATOKEN")]);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("--auto-approve"));
    assert!(!bench.path(".waba-migrate").exists());
}

#[test]
fn a_missing_token_is_a_missing_credential() {
    let bench = bench();
    let url = ["--graph-url", "http://127.0.0.1:9"];
    for command in [
        &["plan"][..],
        &["diff"],
        &["status"],
        &["preflight"],
        &["apply", "--auto-approve"],
    ] {
        let output = bench.run(&[command, &["quickstart.yaml"], &url].concat());
        assert_code(&output, 9);
        assert!(stderr(&output).contains("META_TOKEN"), "{command:?}");
    }
}

#[test]
fn a_plan_that_is_not_there_is_named() {
    let bench = Bench::new();
    for command in [
        "validate",
        "plan",
        "diff",
        "status",
        "rehearse",
        "preflight",
    ] {
        let output = bench.run(&[command, "no-such.yaml"]);
        assert_code(&output, 1);
        assert!(stderr(&output).contains("no-such.yaml"), "{command}");
    }
}

#[test]
fn the_simulator_listens_on_loopback_only() {
    let output = Bench::new().run(&["simulate", "--listen", "0.0.0.0:0"]);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("loopback"));
}

#[test]
fn a_token_is_not_sent_over_plain_http() {
    let bench = bench();
    let variables = [
        ("META_TOKEN", "EAATOKEN"),
        ("META_SOURCE_TOKEN", "EAATOKEN"),
    ];
    let url = "http://graph.example";
    let output = bench.run_with(&["plan", "quickstart.yaml", "--graph-url", url], &variables);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("https"));
}

const SECRETS: [(&str, &str); 3] = [
    ("META_TOKEN", "EAATOKEN"),
    ("META_SOURCE_TOKEN", "EAATOKEN"),
    ("PIN_BERLIN", "135790"),
];

#[test]
fn a_second_run_is_told_who_works_on_the_plan() {
    let bench = bench();
    let server = Server::start(&bench, "world.yaml");
    let lock = Lock::take(
        &bench.path(".waba-migrate"),
        "quickstart",
        "anna on build-7",
    );
    let arguments = [
        "apply",
        "quickstart.yaml",
        "--auto-approve",
        "--graph-url",
        server.url(),
    ];
    let output = bench.run_with(&arguments, &SECRETS);
    assert_code(&output, 8);
    assert!(
        stderr(&output).contains("anna on build-7"),
        "{}",
        stderr(&output)
    );
    drop(lock.expect("a free lock"));
    assert!(!server.get("/__sim/requests").contains("POST"));
}

#[test]
fn without_a_place_for_the_journal_nothing_is_sent() {
    let bench = bench();
    let server = Server::start(&bench, "world.yaml");
    let arguments = [
        "apply",
        "quickstart.yaml",
        "--auto-approve",
        "--graph-url",
        server.url(),
        "--journal",
        "world.yaml",
    ];
    let output = bench.run_with(&arguments, &SECRETS);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("--journal"), "{}", stderr(&output));
    assert!(!server.get("/__sim/requests").contains("POST"));
}

#[test]
fn a_pin_of_the_wrong_form_is_found_before_the_first_write() {
    let bench = bench();
    let server = Server::start(&bench, "world.yaml");
    let variables = [SECRETS[0], SECRETS[1], ("PIN_BERLIN", "13579")];
    let arguments = [
        "apply",
        "quickstart.yaml",
        "--auto-approve",
        "--graph-url",
        server.url(),
    ];
    let output = bench.run_with(&arguments, &variables);
    assert_code(&output, 3);
    assert!(stderr(&output).contains("six digits") && !stderr(&output).contains("13579"));
    assert!(!server.get("/__sim/requests").contains("POST"));
}

#[test]
fn a_migration_over_http_from_plan_to_diff() {
    let bench = bench();
    bench.write(
        "plan.yaml",
        &without_templates().replace("language: de }", "language: de, code: { file: code } }"),
    );
    let server = Server::start(&bench, "world.yaml");
    let run = |arguments: &[&str]| {
        bench.run_with(
            &[arguments, &["plan.yaml", "--graph-url", server.url()]].concat(),
            &SECRETS,
        )
    };
    assert_code(&run(&["plan", "--detailed-exitcode"]), 2);
    assert_code(&run(&["diff"]), 2);
    assert_code(&run(&["apply", "--auto-approve", "--no-wait"]), 5);
    let said: Value = serde_json::from_str(&server.get("/__sim/code?phone=4930901820")).unwrap();
    bench.write("code", said["code"].as_str().unwrap());
    let output = run(&["apply", "--auto-approve", "--format", "json"]);
    assert_code(&output, 0);
    for line in stdout(&output).lines() {
        assert!(serde_json::from_str::<Value>(line).unwrap()["event"].is_string());
    }
    assert_code(&run(&["plan", "--detailed-exitcode"]), 0);
    assert_code(&run(&["diff"]), 0);
}

/// A world whose first add is refused because the target cannot pay, in words that no rule quotes.
const REFUSING: &str = r#"
faults:
  - on: { method: POST, path: "*/phone_numbers" }
    effect:
      error:
        code: 100
        subcode: 2388103
        message: "(#100) Invalid parameter"
        details: "The account that takes the phone number over is not attached to a credit line."
"#;

/// The smallest example without templates, so that its simulator needs none, and at any hour.
fn without_templates() -> String {
    let copied = "copy: [order_confirmation, order_shipped, welcome]";
    QUICKSTART
        .replace(copied, "copy: []")
        .replace("required: [\"order_*\"]", "required: []")
        .replace("    window: night\n", "")
}

#[test]
fn a_refused_call_shows_the_finding_that_preflight_would_show() {
    let bench = bench();
    bench.write("plan.yaml", &without_templates());
    bench.write("refusing.yaml", &format!("{WORLD}{REFUSING}"));
    let apply = |format: &str| {
        let server = Server::start(&bench, "refusing.yaml");
        let (url, run) = (server.url(), ["apply", "plan.yaml", "--auto-approve"]);
        let options = ["--format", format, "--graph-url", url, "--journal", format];
        let output = bench.run_with(&[&run[..], &options].concat(), &SECRETS);
        assert_code(&output, 6);
        stdout(&output)
    };
    let text = apply("text");
    let (_, shown) = text.split_once("✗ ").expect("a failed step");
    let (shown, _) = shown
        .split_once("\n  -")
        .expect("a step that was not started");
    insta::with_settings!({filters => vec![(r"trace\s+\w+", "TRACE")]}, {
        insta::assert_snapshot!(shown, @r#"
        number["+4930901820"].add  failed[payment]: cannot add +4930901820 to the target: the target has no payment method
              observed: The account that takes the phone number over is not attached
                to a credit line. (#100) Invalid parameter (code 100/2388103, TRACE)
              help: an admin of the target's business: add a payment method in
                WhatsApp Manager > Billing, or attach a credit line
              proof: GET /{WABA}?fields=primary_funding_id is present
        "#);
    });
    let lines = apply("json");
    let ends = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut failed = ends.filter(|line| line["end"] == "failed");
    let finding = &failed.next().expect("a failed step")["findings"][0];
    assert_eq!(finding["rule"], "payment");
    assert_eq!(finding["who"], "business_admin");
    assert!(
        finding["observed"]
            .as_str()
            .is_some_and(|it| it.contains("credit line"))
    );
}

#[test]
fn a_code_that_is_refused_shows_a_finding() {
    let bench = bench();
    bench.write("plan.yaml", &without_templates());
    let server = Server::start(&bench, "world.yaml");
    let run = |arguments: &[&str]| {
        let url = ["--graph-url", server.url()];
        bench.run_with(&[arguments, &url].concat(), &SECRETS)
    };
    assert_code(
        &run(&["apply", "plan.yaml", "--auto-approve", "--no-wait"]),
        5,
    );
    let sent: Value = serde_json::from_str(&server.get("/__sim/code?phone=4930901820")).unwrap();
    let wrong = match sent["code"].as_str() {
        Some("000000") => "111111",
        _ => "000000",
    };
    let output = run(&["verify-code", "plan.yaml", "+49 30 901820", wrong]);
    assert_code(&output, 1);
    let said = stderr(&output);
    for part in [
        "error[code-wrong]: the code is wrong or too old",
        "subject: number[\"+4930901820\"].verify",
        "observed: ",
        "help: you: ask for another",
        "cannot verify +4930901820",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn a_code_is_handed_in_beside_a_run_that_waits() {
    let bench = bench();
    let at_any_time = QUICKSTART.replace("    window: night\n", "");
    bench.write("plan.yaml", &at_any_time);
    let server = Server::start(&bench, "world.yaml");
    let run = |arguments: &[&str]| {
        let url = ["--graph-url", server.url()];
        bench.run_with(&[arguments, &url].concat(), &SECRETS)
    };
    let apply = ["apply", "plan.yaml", "--auto-approve", "--no-wait"];
    assert_code(&run(&apply), 5);
    let waiting = Lock::take(
        &bench.path(".waba-migrate"),
        "quickstart",
        "anna at a prompt",
    );
    let sent: Value = serde_json::from_str(&server.get("/__sim/code?phone=4930901820")).unwrap();
    let code = sent["code"].as_str().expect("a code");
    assert_code(
        &run(&["verify-code", "plan.yaml", "+49 30 901820", code]),
        0,
    );
    assert_code(&run(&apply), 8);
    drop(waiting.expect("a free lock"));
}

#[test]
fn status_tells_where_a_plan_stands_and_leaves_nothing_behind() {
    let bench = bench();
    let at_any_time = QUICKSTART.replace("    window: night\n", "");
    bench.write("plan.yaml", &at_any_time);
    let server = Server::start(&bench, "world.yaml");
    let run = |arguments: &[&str]| {
        let all = [&["status", "plan.yaml"], arguments].concat();
        bench.run_with(
            &[&all, &["--graph-url", server.url()][..]].concat(),
            &SECRETS,
        )
    };
    let text = run(&[]);
    assert_code(&text, 0);
    let line = "  +4930901820  not started  live    target.subscription\n";
    assert!(stdout(&text).contains(line), "{}", stdout(&text));
    let markdown = run(&["--format", "markdown"]);
    assert_code(&markdown, 0);
    let row = "| +4930901820 | not started | live | target.subscription |\n";
    assert!(stdout(&markdown).contains(row), "{}", stdout(&markdown));
    let json = run(&["--format", "json"]);
    assert_code(&json, 0);
    let status: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(status["summary"]["ready"], 1);
    assert!(!bench.path(".waba-migrate").exists());
    assert!(!server.get("/__sim/requests").contains("POST"));
}

#[test]
fn a_target_that_cannot_be_read_has_no_status() {
    let bench = bench();
    let server = Server::start(&bench, "world.yaml");
    for command in ["diff", "status"] {
        let arguments = [command, "quickstart.yaml", "--graph-url", server.url()];
        let output = bench.run_with(&arguments, &[("META_TOKEN", "EAAREFUSED")]);
        assert_code(&output, 9);
        assert!(output.stdout.is_empty(), "{}", stdout(&output));
    }
}

#[test]
fn markdown_is_refused_where_there_is_none() {
    let bench = bench();
    for arguments in [
        &["verify-code", "quickstart.yaml", "+49 30 901820", "123456"][..],
        &["plan", "quickstart.yaml", "--gate-text", "+49 30 901820"],
        &["rehearse", "quickstart.yaml"],
        &["simulate"],
        &["schema", "plan"],
    ] {
        let output = bench.run(&[arguments, &["--format", "markdown"]].concat());
        assert_code(&output, 1);
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            stderr(&output).contains("no Markdown form"),
            "{arguments:?}"
        );
    }
}
