//! World files: what is refused, where, and that the schema tells the same.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    file::{default_world, parse, schema},
    words::{Category, Quality, TemplateStatus},
};

const SMALL: &str = r#"
version: 1
businesses: [{ id: "1", name: A }]
apps: [{ id: "2", name: B, secret: s }]
tokens: [{ name: t, value: EAA, app: "2" }]
wabas: [{ id: 102290129340398, name: W, business: "1" }]
"#;

/// Returns the rules and subjects of all findings.
fn problems(text: &str) -> Vec<(Cow<'static, str>, String)> {
    match parse("w.yaml", text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(findings) => findings
            .into_iter()
            .map(|it| (it.rule, it.subject))
            .collect(),
    }
}

#[track_caller]
fn check(more: &str, expected: &[(&str, &str)]) {
    let problems = problems(&format!("{SMALL}{more}"));
    let found: Vec<(&str, &str)> = problems
        .iter()
        .map(|(rule, subject)| (&**rule, subject.as_str()))
        .collect();
    assert_eq!(found, expected, "{more}");
}

#[test]
fn every_problem_is_named() {
    check("", &[]);
    check("colour: red", &[("yaml-value", "w.yaml")]);
    check(
        "numbers: [{waba: '9', phone: '+49 30 901820', name: N}]",
        &[("world-reference", "numbers[0].waba")],
    );
    check(
        "numbers: [{waba: '102290129340398', phone: '030', name: N}]",
        &[("world-phone", "numbers[0].phone")],
    );
    check(
        "templates: [{waba: x, name: n, language: de}]",
        &[("world-id", "templates[0].waba")],
    );
    check(
        "numbers: [{waba: '102290129340398', phone: '+49 30 901820', name: N, pin: '12'}, {id: '1', waba: '102290129340398', phone: '+49 30 901820', name: N}]",
        &[
            ("world-pin", "numbers[0].pin"),
            ("world-duplicate", "numbers[1].id"),
            ("world-duplicate", "numbers[1].phone"),
        ],
    );
    check(
        "numbers: [{waba: '102290129340398', phone: '+49 30 901820', name: N}, {waba: '102290129340398', phone: '+49 30 901820', name: N, status: UNVERIFIED, platform: NOT_APPLICABLE}]",
        &[],
    );
    check(
        "flows: [{waba: '102290129340398', name: f}, {waba: '102290129340398', name: f, status: DRAFT}, {waba: '9', name: g}]",
        &[
            ("world-duplicate", "flows[1].name"),
            ("world-reference", "flows[2].waba"),
        ],
    );
    check(
        "faults: [{on: {path: 'upload:*'}, effect: {cut_upload: {after_bytes: 9}}}]",
        &[],
    );
    check(
        "faults: [{on: {path: '*/register'}, effect: {cut: after_effect}}]",
        &[],
    );
    check(
        "faults: [{on: {}, effect: {throttle: {minutes: 5}}}]\nevents: [{when: {after_seconds: 5}, what: {two_step_on: {phone: '+49 30 901820'}}}]",
        &[],
    );
    check(
        "switches: { empty_pages: true, failed_shape: php_object }",
        &[],
    );
    check(
        "solutions: [{id: '7', name: S}, {id: '1', name: T}]\nevents: [{when: {after_seconds: 5}, what: {intent_decided: {solution: '7', status: ACCEPTED, waba: '102290129340398'}}}]",
        &[("world-duplicate", "solutions[1].id")],
    );
    check(
        "switches: { empty_page: true }",
        &[("yaml-value", "w.yaml")],
    );
}

#[test]
fn an_organization_names_what_is_there() {
    let org = |more: &str| {
        let number = "{waba: '102290129340398', phone: '+49 30 901820', name: N}";
        format!("numbers: [{number}]\ngenesys:\n  name: O\n  {more}")
    };
    check(&org("region: mypurecloud.ie"), &[]);
    check(
        &org(
            "flows: [{name: F}]\n  integrations: [{phone: '+49 30 901820', flow: F, raw: {phoneNumber: null}}]\n  queues: [{name: Q, number: '+4930901820'}]",
        ),
        &[],
    );
    check(
        &org("integrations: [{phone: '+49 30 901821', flow: F}, {phone: '030', waba: '9'}]"),
        &[
            ("world-reference", "genesys.integrations[0].flow"),
            ("world-reference", "genesys.integrations[0].phone"),
            ("world-phone", "genesys.integrations[1].phone"),
        ],
    );
    check(
        &org(
            "queues: [{id: q, name: Q, number: '+49 30 901820'}]\n  campaigns: [{id: q, name: C, response: R}]\n  switches: {oauth_error_status: 500}",
        ),
        &[
            ("world-status", "genesys.switches.oauth_error_status"),
            ("world-reference", "genesys.queues[0].number"),
            ("world-reference", "genesys.campaigns[0].response"),
            ("world-duplicate", "genesys.campaigns[0].id"),
        ],
    );
    check(&org("switches: {colour: red}"), &[("yaml-value", "w.yaml")]);
    check(
        "events: [{when: {after_seconds: 5}, what: {genesys: {edited: {name: Q}}}}]",
        &[],
    );
}

#[test]
fn an_intent_names_what_is_there() {
    let intent = |more: &str| {
        format!(
            "solutions: [{{id: '7', name: S}}]\nintents: [{{id: '8', waba: '102290129340398'{more}}}]"
        )
    };
    check(&intent(", solution: '7'"), &[]);
    check(
        &intent(", app: '2', status: ACCEPTED, target: '102290129340398'"),
        &[],
    );
    check(&intent(""), &[("world-intent", "intents[0]")]);
    check(
        &intent(", solution: '9', target: '9'"),
        &[
            ("world-reference", "intents[0].solution"),
            ("world-reference", "intents[0].target"),
        ],
    );
}

#[test]
fn only_a_number_that_waits_says_when_it_was_verified() {
    let number = |more: &str| {
        format!(
            "numbers: [{{waba: '102290129340398', phone: '+49 30 901820', name: N, verified_at: 2026-11-01T00:00:00Z{more}}}]"
        )
    };
    let idle = ", platform: NOT_APPLICABLE, status: PENDING";
    check(&number(idle), &[]);
    let refused = [("world-verified-at", "numbers[0].verified_at")];
    check(&number(""), &refused);
    check(
        &number(&format!("{idle}, verification: NOT_VERIFIED")),
        &refused,
    );
}

#[test]
fn every_problem_has_a_place() {
    #[track_caller]
    fn check(more: &str, column: usize, message: &str) {
        let text = format!("{SMALL}{more}");
        let findings = parse("w.yaml", text.as_bytes()).unwrap_err();
        let span = findings[0].span.as_ref().expect("a place");
        assert_eq!(
            (span.line, span.column),
            (7, column),
            "{more}: {}",
            findings[0].message
        );
        assert_eq!(findings[0].message, message);
    }
    check("seed: x", 7, "invalid u64");
    check("numbers: 3", 10, "expected sequence start");
    check("version: 1", 1, "duplicate mapping key: version");
    check(
        "faults: [{on: {}, effect: {cut: later}}]",
        33,
        "unknown variant `later`, expected one of before_effect, after_effect",
    );
    check(
        "faults: [{on: {}, effect: {error: {code: 1, message: x, status: 99}}}]",
        65,
        "the status of an error is 400 to 599, not 99",
    );
    check(
        "numbers: [{waba: '9', phone: '+49 30 901820', name: N}]",
        18,
        "nothing here has the id 9",
    );
    check("a: [", 4, "this is not YAML: unclosed bracket '['");
}

#[test]
fn an_unknown_key_is_named_with_those_that_exist() {
    let findings = parse("w.yaml", b"colour: red").unwrap_err();
    assert!(
        findings[0]
            .message
            .starts_with("unknown field `colour`, expected one of version, ")
    );
    let span = findings[0].span.as_ref().unwrap();
    assert_eq!((span.line, span.column), (1, 1));
}

#[test]
fn the_default_world_has_something_of_everything() {
    let world = default_world();
    assert_eq!(
        (
            world.wabas.len(),
            world.numbers.len(),
            world.templates.len(),
            world.flows.len()
        ),
        (2, 3, 13, 2)
    );
}

#[test]
fn the_schema_admits_the_default_world() {
    let yaml = include_str!("default-world.yaml");
    let world: Value = serde_yaml::from_str(yaml).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema())
        .unwrap()
        .iter_errors(&world)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn a_world_file_scripts_reviews_and_describes_templates() {
    let more = r#"
templates:
  - { id: "77", waba: "102290129340398", name: offer, language: de, category: MARKETING, previous_category: UTILITY,
      correct_category: AUTHENTICATION, sub_category: ORDER_STATUS, message_send_ttl_seconds: 43200, cta_url_link_tracking_opted_out: true }
switches:
  reviews: [{ name: "promo_*", status: REJECTED, reason: INVALID_FORMAT, after_seconds: 5 }, { name: "*", category: MARKETING }]
  category_change: when_allowed
  deleted_templates: gone
  slow_copy: all
  slow_copy_end: silence
  too_many_edits_subcode: 7
events:
  - { when: { after_seconds: 5 }, what: { template_paused: { waba: "102290129340398", name: offer } } }
  - { when: { after_seconds: 6 }, what: { template_category: { waba: "102290129340398", name: offer, language: de, category: UTILITY } } }
  - { when: { after_seconds: 7 }, what: { template_quality: { waba: "102290129340398", name: offer, quality: RED } } }
"#;
    let mut world = parse("w.yaml", format!("{SMALL}{more}").as_bytes()).unwrap();
    let id = "77".parse().unwrap();
    let before = world.templates[&id].clone();
    assert_eq!(before.previous_category, Some(Category::Utility));
    assert_eq!(before.correct_category, Some(Category::Authentication));
    assert_eq!(before.message_send_ttl_seconds, Some(43_200));
    assert_eq!(world.switches.reviews.len(), 2);
    world.advance_to(world.after(10));
    let after = &world.templates[&id];
    assert_eq!(after.status, TemplateStatus::Paused);
    assert_eq!(after.category, Category::Utility);
    assert_eq!(after.quality, Quality::Red);
    assert_eq!(after.correct_category, None);
}
