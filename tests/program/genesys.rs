//! Plans with Genesys Cloud, checked by the program: two APIs, one world, one exit code.

use crate::bench::{Bench, Server, assert_code, stdout};

const PLAN: &str = r#"
version: 1
name: centre
source: { waba: "102290129340398" }
target: { waba: "215589313241560", token: { env: TOKEN } }
genesys:
  region: mypurecloud.de
  client_id: { env: CLIENT_ID }
  client_secret: { env: CLIENT_SECRET }
numbers:
  - { phone: "+49 30 901820", pin: { env: PIN }, genesys: { flow: keep } }
templates: { copy: [order] }
"#;

/// The client's lines and the integrations are put in.
const WORLD: &str = r#"
version: 1
now: 2026-12-05T20:00:00Z
businesses:
  - { id: "2729063490586005", name: Acme GmbH }
apps:
  - { id: "634974688087057", name: Acme Messaging, secret: made-up-app-secret }
tokens:
  - { name: system user, value: EAAMADEUP, app: "634974688087057" }
wabas:
  - { id: "102290129340398", name: Acme (old partner), business: "2729063490586005" }
  - { id: "215589313241560", name: Acme, business: "2729063490586005" }
numbers:
  - { phone: "+49 30 901820", waba: "102290129340398", name: Acme Berlin }
templates:
  - { waba: "102290129340398", name: order, language: en_US }
genesys:
  name: Acme
  clients:
    - { id: client, secret: made-up-client-secret }
  flows: [{ name: Inbound }]
  integrations:
    - { id: 0f3c1d6e, phone: "+49 30 901820", name: WA Berlin, flow: Inbound, raw: { phoneNumber: "+49 (0)30 901-820", whatsAppBusinessAccountId: null } }
  libraries: [{ name: Texts, responses: [{ name: Order, template: order }] }]
  queues: [{ name: Support, number: "+49 30 901820" }]
"#;

/// Runs a command against a world. Returns its exit code's check to the caller.
#[track_caller]
fn check(world: &str, secret: &str, command: &[&str], code: i32) -> String {
    let bench = Bench::new();
    bench.write("plan.yaml", PLAN);
    bench.write("world.yaml", world);
    let server = Server::start(&bench, "world.yaml");
    let url = server.url();
    let flags = ["plan.yaml", "--graph-url", url, "--genesys-url", url];
    let arguments: Vec<_> = command.iter().copied().chain(flags).collect();
    let variables = [
        ("TOKEN", "EAAMADEUP"),
        ("CLIENT_ID", "client"),
        ("CLIENT_SECRET", secret),
        ("PIN", "123456"),
    ];
    let output = bench.run_with(&arguments, &variables);
    assert_code(&output, code);
    let text = stdout(&output);
    assert!(!text.contains("made-up-client-secret"), "{text}");
    text
}

const SECRET: &str = "made-up-client-secret";

/// What looks, and does not change anything.
const LOOKS: [&[&str]; 2] = [&["preflight"], &["plan"]];

#[test]
fn a_missing_permission_is_a_credential_and_named() {
    let client = "secret: made-up-client-secret";
    let lacks = format!("{client}, without: [\"routing:queue:view\", \"architect:flow:view\"]");
    let world = WORLD.replace(client, &lacks);
    for command in LOOKS {
        let text = check(&world, SECRET, command, 9);
        for permission in ["routing:queue:view", "architect:flow:view"] {
            let message = format!("the OAuth client lacks {permission}, so");
            assert!(text.contains(&message), "{text}");
        }
    }
}

#[test]
fn an_oauth_client_that_is_not_let_in_is_a_credential() {
    for command in LOOKS {
        let text = check(WORLD, "another", command, 9);
        assert_eq!(text.matches("error[genesys-").count(), 1, "{text}");
        assert!(text.contains("genesys.region"), "{text}");
    }
}

#[test]
fn two_integrations_that_claim_a_number_block() {
    let second = "  libraries:";
    let world = WORLD.replace(
        second,
        &format!("    - {{ id: 7a7a7a7a, phone: \"+49 30 901820\", waba: \"102290129340398\", name: Left over }}\n{second}"),
    );
    for command in LOOKS {
        let text = check(&world, SECRET, command, 4);
        assert!(text.contains("genesys-contested"), "{text}");
        assert!(
            text.contains("7a7a7a7a") && text.contains("0f3c1d6e"),
            "{text}"
        );
    }
}

#[test]
fn the_inventory_is_in_the_json() {
    let text = check(WORLD, SECRET, &["preflight", "--format", "json"], 5);
    let all: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let all = all.as_array().expect("findings");
    let observed = |rule: &str| {
        let mut those = all.iter().filter(|one| one["rule"] == rule);
        let finding = those.next().expect("a finding");
        assert_eq!(finding["verdict"], "pass", "{finding}");
        finding["observed"]
            .as_str()
            .expect("what was seen")
            .to_owned()
    };
    let integration = observed("genesys-integration");
    assert!(
        integration.starts_with("WA Berlin (0f3c1d6e), status Active, account not shown"),
        "{integration}"
    );
    assert!(observed("genesys-holders").starts_with("queue Support ("));
    assert!(observed("genesys-responses").starts_with("Order ("));
}

#[test]
fn the_walk_through_is_rehearsed_to_an_empty_diff() {
    let bench = Bench::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/genesys");
    let (plan, world) = (
        format!("{folder}/plan.yaml"),
        format!("{folder}/world.yaml"),
    );
    for arguments in [
        vec!["rehearse", &plan],
        vec!["rehearse", &plan, "--world", &world],
    ] {
        let output = bench.run(&arguments);
        assert_code(&output, 0);
        let text = stdout(&output);
        for line in [
            "the old integration is gone",
            "its new integration is active and leads messages to the flow",
            "Nobody hears",
            "Diff: nothing differs.",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
