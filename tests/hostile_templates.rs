//! Template files: Meta's own examples are right, and files that were written to break the reader do
//! not.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use waba_migrate::{
    finding::Finding,
    plan::{
        files::MemoryFiles,
        load::{Loaded, Source, load_with},
    },
    report::findings::render,
};

const PLAN: &str = "version: 1\nname: acme\nsource: { waba: \"10\" }\n\
    target: { waba: \"20\", token: { env: T } }\ntemplates: { files: [\"t/*.yaml\"] }\n";
/// The smallest beginning that tells a PNG.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

const EXAMPLES: [&str; 3] = [
    include_str!("../examples/templates/delivery_delay.en_US.yaml"),
    include_str!("../examples/templates/welcome_pack.de.yaml"),
    include_str!("../examples/templates/login_code.fr.yaml"),
];

fn read(template: &[u8]) -> Loaded {
    let files = MemoryFiles::default()
        .with("/p/t/a.yaml", template)
        .with("/p/t/media/welcome.png", PNG);
    let source = Source {
        name: "plan.yaml",
        path: Path::new("/p/plan.yaml"),
        bytes: PLAN.as_bytes(),
    };
    load_with(source, &files)
}

/// Reads anything and checks what always holds: a plan exists exactly when nothing blocks, and every
/// finding stands in its file.
#[track_caller]
fn survive(template: &[u8]) -> Loaded {
    let loaded = read(template);
    let blocked = loaded.findings.iter().any(Finding::blocks);
    assert_eq!(loaded.plan.is_none(), blocked);
    assert!(loaded.findings.len() <= 102);
    let text = String::from_utf8_lossy(template);
    let lines: Vec<&str> = text.split('\n').collect();
    for finding in &loaded.findings {
        let span = finding.span.as_ref().expect("every finding has a place");
        if span.file == "/p/t/a.yaml" {
            let line = lines.get(span.line - 1).expect("the line is in the file");
            assert!(span.column <= line.chars().count() + 1, "{finding:?}");
        }
        assert!(!finding.message.is_empty() && finding.hint.is_some());
    }
    assert!(render(&loaded.findings, true).len() < 200_000);
    loaded
}

/// Request bodies as Meta shows them. Source:
/// <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>
fn of_meta() -> Vec<Value> {
    let picture = json!({ "type": "HEADER", "format": "IMAGE", "example": { "header_handle": ["media/welcome.png"] } });
    let card = |name: &str, code: &str| {
        json!({ "components": [picture, { "type": "BODY", "text": name }, { "type": "BUTTONS", "buttons": [
            { "type": "QUICK_REPLY", "text": "More" },
            { "type": "URL", "text": "Shop", "url": "https://ex.com/{{1}}", "example": [code] },
        ] }] })
    };
    vec![
        json!({ "name": "seasonal_promotion", "language": "en", "category": "MARKETING", "components": [
            { "type": "HEADER", "format": "TEXT", "text": "Our {{1}} is on!", "example": { "header_text": ["Summer Sale"] } },
            { "type": "BODY", "text": "Shop through {{1}} with code {{2}} to get {{3}} off.", "example": { "body_text": [["August", "25OFF", "25%"]] } },
            { "type": "FOOTER", "text": "Manage your subscriptions below" },
            { "type": "BUTTONS", "buttons": [{ "type": "QUICK_REPLY", "text": "Unsubscribe" }] },
        ] }),
        json!({ "name": "welcome_named", "language": "en_US", "category": "UTILITY", "parameter_format": "NAMED", "components": [
            { "type": "BODY", "text": "Hi {{first_name}}, your order {{order_id}} is ready.", "example": { "body_text_named_params": [
                { "param_name": "first_name", "example": "Pablo" }, { "param_name": "order_id", "example": "860198" },
            ] } },
        ] }),
        json!({ "name": "auth_copy", "language": "en_US", "category": "AUTHENTICATION", "message_send_ttl_seconds": 60, "components": [
            { "type": "BODY", "add_security_recommendation": true }, { "type": "FOOTER", "code_expiration_minutes": 5 },
            { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "COPY_CODE", "text": "Copy Code" }] },
        ] }),
        json!({ "name": "auth_one_tap", "category": "AUTHENTICATION", "language": "en_US", "components": [
            { "type": "BODY", "add_security_recommendation": true }, { "type": "FOOTER", "code_expiration_minutes": 10 },
            { "type": "BUTTONS", "buttons": [{ "type": "OTP", "otp_type": "ONE_TAP", "text": "Copy Code", "autofill_text": "Autofill",
                "supported_apps": [{ "package_name": "com.example.shrub", "signature_hash": "K8a/AINcGX7" }] }] },
        ] }),
        json!({ "name": "offer_2026", "category": "MARKETING", "language": "en_US", "components": [
            picture,
            { "type": "LIMITED_TIME_OFFER", "limited_time_offer": { "text": "Expiring offer!", "has_expiration": true } },
            { "type": "BODY", "text": "Good news, {{1}}! Use code {{2}}.", "example": { "body_text": [["Pablo", "CARIBE25"]] } },
            { "type": "BUTTONS", "buttons": [
                { "type": "COPY_CODE", "example": "CARIBE25" },
                { "type": "URL", "text": "Book now!", "url": "https://ex.com/offers?code={{1}}", "example": ["https://ex.com/offers?code=n3mtql"] },
            ] },
        ] }),
        json!({ "name": "carousel_media", "category": "MARKETING", "language": "en_US", "components": [
            { "type": "BODY", "text": "Rare succulents for {{1}}!", "example": { "body_text": [["Pablo"]] } },
            { "type": "CAROUSEL", "cards": [card("Aloe", "ALOE"), card("Crassula", "CRAS")] },
        ] }),
        json!({ "name": "catalog_offer", "category": "MARKETING", "language": "en_US", "components": [
            { "type": "BODY", "text": "Get {{1}} off!", "example": { "body_text": [["100"]] } },
            { "type": "BUTTONS", "buttons": [{ "type": "CATALOG", "text": "View catalog" }] },
        ] }),
        json!({ "name": "flow_tpl", "category": "MARKETING", "language": "en_US", "components": [
            { "type": "BODY", "text": "Check out this new offer" },
            { "type": "BUTTONS", "buttons": [{ "type": "FLOW", "text": "Open", "flow_id": "1234567890", "flow_action": "navigate", "navigate_screen": "WELCOME_SCREEN" }] },
        ] }),
    ]
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).expect("it is plain data")
}

#[test]
fn the_examples_of_meta_are_right() {
    for template in of_meta() {
        for text in [yaml(&template), template.to_string()] {
            let loaded = survive(text.as_bytes());
            assert_eq!(loaded.findings, Vec::new(), "{text}");
            let definitions = loaded.plan.expect("a plan").templates.definitions;
            assert_eq!(json!(definitions[0].components), template["components"]);
        }
    }
}

#[test]
fn our_own_examples_are_right() {
    for text in EXAMPLES {
        assert_eq!(survive(text.as_bytes()).findings, Vec::new(), "{text}");
    }
}

#[test]
fn what_is_no_template_is_refused() {
    #[track_caller]
    fn check(bytes: impl AsRef<[u8]>, rule: &str) {
        let loaded = survive(bytes.as_ref());
        assert!(loaded.plan.is_none());
        assert_eq!(loaded.findings[0].rule, rule);
    }
    check("", "yaml-syntax");
    check("- a\n", "type-wrong");
    check(vec![b'x'; 20 * 1024 * 1024], "yaml-too-large");
    check(b"name: \xff\n", "yaml-not-utf8");
    check("[".repeat(100_000), "yaml-too-complex");
    check("name: a\n---\nname: b\n", "yaml-syntax");
}

#[test]
fn large_and_odd_texts_are_survived() {
    let body = |text: &str| {
        let text = json!(text);
        format!(
            "name: a\nlanguage: de\ncategory: UTILITY\ncomponents: [{{ type: BODY, text: {text} }}]\n"
        )
    };
    for text in [
        "{{".repeat(1_000_000),
        "{{a".repeat(500_000) + "}}",
        "{{1}}".repeat(3_000),
        "}}".repeat(8_000),
        "*_~`".repeat(4_000),
        "😀\u{fe0f}\u{20e3}".repeat(1_000),
        "\u{202e}\u{1b}[31m".to_owned(),
    ] {
        survive(body(&text).as_bytes());
        let header = body(&text).replace("BODY", "HEADER, format: TEXT");
        survive(header.as_bytes());
    }
}

#[test]
fn aliases_do_not_multiply_work() {
    let long = "x".repeat(1024 * 1024);
    let many = "*a, ".repeat(900);
    let text = format!(
        "name: a\nlanguage: de\ncategory: UTILITY\n\
         components: [{{ &a {{ type: BODY, text: \"{long}\" }}: 1 }}]\nx: [{many}]\n"
    );
    survive(text.as_bytes());
    let text = format!(
        "name: a\nlanguage: de\ncategory: UTILITY\ncomponents:\n  - &a {{ type: BODY, text: \"{long}\" }}\n{}",
        "  - *a\n".repeat(900)
    );
    assert!(survive(text.as_bytes()).plan.is_none());
    let deep = "{ type: CAROUSEL, cards: [{ components: [".repeat(12);
    survive(format!("components: [{deep}").as_bytes());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn any_edit_of_a_template_is_survived(
        which in 0_usize..8,
        at in any::<prop::sample::Index>(),
        length in 0_usize..20,
        text in "[ \n{}\\[\\],:&*|>'\"#a-z0-9\u{1f600}-]{0,6}",
    ) {
        let mut bytes = yaml(&of_meta()[which]).into_bytes();
        let start = at.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, text.bytes());
        survive(&bytes);
    }

    #[test]
    fn any_value_in_the_place_of_another_is_survived(
        which in 0_usize..8,
        at in any::<prop::sample::Index>(),
        value in prop_oneof![
            Just(json!(null)), Just(json!(true)), Just(json!(-1)), Just(json!([])), Just(json!({})),
            Just(json!("")), Just(json!("{{1}}")), Just(json!([[]])), Just(json!("BODY")),
        ],
    ) {
        let mut template = of_meta().swap_remove(which);
        let mut pointers = Vec::new();
        pointers_of(&template, "", &mut pointers);
        let pointer = &pointers[at.index(pointers.len())];
        *template.pointer_mut(pointer).expect("it is there") = value;
        survive(yaml(&template).as_bytes());
    }

    #[test]
    fn texts_of_a_template_are_unchanged(text in "[^\\p{C}{}]{1,60}", sample in "[^\\p{C}{}]{1,30}") {
        prop_assume!(!text.trim().is_empty() && !sample.trim().is_empty());
        let template = json!({ "name": "a", "language": "de", "category": "UTILITY", "components": [
            { "type": "BODY", "text": format!("Some words {text} and {{{{1}}}} {text}."), "example": { "body_text": [[sample]] } },
        ] });
        // As JSON: the writer of YAML takes more characters for line breaks than its newest version.
        let loaded = survive(template.to_string().as_bytes());
        let plan = loaded.plan.expect("nothing blocks");
        assert_eq!(json!(plan.templates.definitions[0].components), template["components"]);
    }
}

/// The places of all values in a value.
fn pointers_of(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                pointers_of(item, &format!("{pointer}/{at}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                pointers_of(value, &format!("{pointer}/{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
