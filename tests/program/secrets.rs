//! No secret comes out again: not on a terminal, not in a log, not in the journal, not in JSON.

use std::process::Output;

use serde_json::Value;

use crate::bench::{Bench, Server};

const TOKEN: &str = "EAAplantedTARGETtoken77";
const SOURCE_TOKEN: &str = "EAAplantedSOURCEtoken88";
const APP_SECRET: &str = "plantedappsecret99";
const VERIFY_TOKEN: &str = "plantedverifytoken55";
const PIN: &str = "918273";
const PLAN: &str = r#"
version: 1
name: secrets
graph: { app_id: "2", app_secret: { file: app-secret } }
source: { waba: "102290129340398", token: { env: SOURCE_TOKEN } }
target:
  waba: "215589313241560"
  token: { env: TOKEN }
  subscription: { callback: { url: https://hooks.acme.example, verify_token: { env: VERIFY_TOKEN } } }
numbers:
  - { phone: "+49 30 901820", pin: { file: pin }, otp: { code: { file: code } } }
templates: { copy: [order] }
"#;

fn world(faults: &str) -> String {
    format!(
        r#"
version: 1
businesses: [{{ id: "1", name: Acme }}]
apps: [{{ id: "2", name: Migration, secret: {APP_SECRET} }}]
tokens:
  - {{ name: target, value: {TOKEN}, app: "2" }}
  - {{ name: source, value: {SOURCE_TOKEN}, app: "2" }}
wabas:
  - {{ id: "102290129340398", name: Old, business: "1" }}
  - {{ id: "215589313241560", name: New, business: "1" }}
numbers: [{{ phone: "+49 30 901820", waba: "102290129340398", name: Acme }}]
templates: [{{ waba: "102290129340398", name: order, language: de }}]
switches: {{ copy_seconds: 0 }}
faults: [{faults}]
"#
    )
}

/// Everything that came out of a whole migration: plan, apply up to the code, apply, diff.
fn everything(faults: &str) -> (Vec<u8>, Vec<i32>, String) {
    let bench = Bench::new();
    bench.write("plan.yaml", PLAN);
    bench.write("world.yaml", &world(faults));
    bench.write("app-secret", APP_SECRET);
    bench.write("pin", PIN);
    let server = Server::start(&bench, "world.yaml");
    let variables = [
        ("TOKEN", TOKEN),
        ("SOURCE_TOKEN", SOURCE_TOKEN),
        ("VERIFY_TOKEN", VERIFY_TOKEN),
    ];
    let (mut bytes, mut codes) = (Vec::new(), Vec::new());
    let mut run = |arguments: &[&str]| {
        let always = [
            "plan.yaml",
            "-vvv",
            "--log-format",
            "json",
            "--graph-url",
            server.url(),
        ];
        let output = bench.run_with(&[arguments, &always].concat(), &variables);
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        codes.push(status.code().expect("no signal"));
        bytes.extend(stdout);
        bytes.extend(stderr);
    };
    run(&["preflight"]);
    run(&["plan"]);
    run(&["plan", "--format", "json"]);
    run(&["apply", "--auto-approve", "--no-wait"]);
    let code = serde_json::from_str::<Value>(&server.get("/__sim/code?phone=4930901820"))
        .ok()
        .and_then(|said| said["code"].as_str().map(str::to_owned))
        .unwrap_or_else(|| "606-707".to_owned());
    bench.write("code", &code);
    run(&["apply", "--auto-approve", "--format", "json", "--wait", "0"]);
    run(&["apply", "--auto-approve", "--wait", "0"]);
    run(&["diff"]);
    run(&["diff", "--format", "json"]);
    bytes.extend(bench.everything_below(".waba-migrate"));
    (bytes, codes, code)
}

/// Takes the fractions of seconds out of times: six digits that may be those of a code by chance.
fn without_fractions(text: &str) -> String {
    let pieces = text.split('Z').map(|piece| {
        let whole = piece.trim_end_matches(|c: char| c.is_ascii_digit());
        whole.strip_suffix('.').unwrap_or(piece)
    });
    pieces.collect::<Vec<_>>().join("Z")
}

/// Takes SHA-256 digests out: among their digits are those of a code by chance, and no secret can be
/// read off them.
fn without_digests(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_hexdigit());
        let (run, after) = from.split_at(end.unwrap_or(from.len()));
        kept += before;
        kept += if run.len() == 64 { "digest" } else { run };
        rest = after;
    }
    kept + rest
}

#[track_caller]
fn check(faults: &str, last: i32) {
    let (bytes, codes, code) = everything(faults);
    let text = without_fractions(&String::from_utf8_lossy(&bytes));
    let text = without_digests(&text);
    assert_eq!(codes.last(), Some(&last), "{codes:?}\n{text}");
    assert!(
        text.contains("\"event\":\"intent\""),
        "the journal was not looked at"
    );
    assert!(text.contains("\"level\":\"DEBUG\""), "there are no logs");
    let digits = code.replace('-', "");
    for secret in [
        TOKEN,
        SOURCE_TOKEN,
        APP_SECRET,
        VERIFY_TOKEN,
        PIN,
        &code,
        &digits,
    ] {
        let shown = text.find(secret).map(|at| {
            let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
            text[start..].lines().next().unwrap_or_default().to_owned()
        });
        assert_eq!(shown, None, "{secret} came out");
    }
}

#[test]
fn a_good_migration_shows_no_secret() {
    check("", 0);
}

#[test]
fn errors_that_quote_secrets_are_masked() {
    let quote = |path: &str, method: &str, secret: &str| {
        format!(
            "{{ on: {{ method: {method}, path: \"{path}\", times: 9 }}, effect: {{ error: {{ code: 100, message: \"bad value {secret} given\", details: \"it was {secret}\" }} }} }}"
        )
    };
    check(&quote("*/register", "POST", PIN), 2);
    check(&quote("*/subscribed_apps", "POST", VERIFY_TOKEN), 2);
    check(&quote("*/phone_numbers", "POST", TOKEN), 2);
    check(&quote("102290129340398", "GET", SOURCE_TOKEN), 0);
}
