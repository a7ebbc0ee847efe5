//! The world file: YAML that describes a world for `simulate` and `rehearse`.
//!
//! It checks form and references and makes a [`World`]; it does not check whether the world could
//! exist at Meta. What is left out is as good as can be: verified, approved, paid for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{
    build,
    script::{Event, Fault},
    switches::Switches,
    words::{
        AccountMode, Category, CodeVerification, NameStatus, NumberStatus, ParameterFormat,
        Platform, Quality, Review, TemplateStatus, TokenKind, Verification,
    },
    world::World,
};
use crate::{
    finding::Finding,
    plan::text::Text,
    yaml::{self, Node, Place, Problem},
};

/// A world.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    /// The version of this format: 1.
    pub version: u32,
    /// Where invented ids and codes start from.
    #[serde(default = "one")]
    pub seed: u64,
    /// When the world begins; absent: a fixed Monday morning.
    #[serde(default)]
    pub now: Option<Timestamp>,
    /// Business portfolios.
    pub businesses: Vec<BusinessEntry>,
    /// Apps.
    pub apps: Vec<AppEntry>,
    /// Access tokens.
    pub tokens: Vec<TokenEntry>,
    /// WhatsApp Business Accounts.
    pub wabas: Vec<WabaEntry>,
    /// Phone numbers.
    #[serde(default)]
    pub numbers: Vec<NumberEntry>,
    /// Message templates.
    #[serde(default)]
    pub templates: Vec<TemplateEntry>,
    /// Multi-Partner Solutions.
    #[serde(default)]
    pub solutions: Vec<SolutionEntry>,
    /// Choices where Meta's behaviour is not documented.
    #[serde(default)]
    pub switches: Switches,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What happens by itself.
    #[serde(default)]
    pub events: Vec<Event>,
}

/// A business portfolio.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether Meta has verified it.
    #[serde(default = "verified")]
    pub verification: Verification,
}

/// An app.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its secret: made up, like everything here.
    pub secret: String,
    /// Whether every call needs `appsecret_proof`.
    #[serde(default)]
    pub require_app_secret: bool,
}

/// An access token.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenEntry {
    /// What events call it.
    pub name: String,
    /// The token: made up, like everything here.
    pub value: String,
    /// The id of the app that issued it.
    pub app: String,
    /// Whose it is.
    #[serde(default = "system_user")]
    pub kind: TokenKind,
    /// Permissions; absent: all that this program ever needs.
    #[serde(default)]
    pub scopes: Option<BTreeSet<String>>,
    /// The ids of the accounts it reaches; absent: all.
    #[serde(default)]
    pub target_ids: Option<Vec<String>>,
    /// When it ends; absent: never.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// When its access to data ends; absent: never.
    #[serde(default)]
    pub data_access_expires: Option<Timestamp>,
    /// Whether it was taken back.
    #[serde(default)]
    pub revoked: bool,
}

/// A WhatsApp Business Account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WabaEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of the portfolio that owns it.
    pub business: String,
    /// `status`. Words other than ACTIVE are unconfirmed.
    #[serde(default = "active")]
    pub status: String,
    /// `account_review_status`.
    #[serde(default = "approved")]
    pub review: Review,
    /// Whether Meta has banned it.
    #[serde(default)]
    pub banned: bool,
    /// `ownership_type`; absent: `SELF`, or `ON_BEHALF_OF` when a partner owns it for somebody.
    #[serde(default)]
    pub ownership_type: Option<String>,
    /// Whether it has a payment method.
    #[serde(default = "yes")]
    pub payment: bool,
    /// Whether its payment method does not work.
    #[serde(default)]
    pub payment_error: bool,
    /// For whom a partner owns it.
    #[serde(default)]
    pub on_behalf_of: Option<OnBehalfOfEntry>,
    /// How many numbers it may hold.
    #[serde(default = "twenty")]
    pub max_numbers: usize,
    /// How many templates it may hold; absent: 6,000 for a verified portfolio when the account has
    /// a registered number with an approved name, else 250.
    #[serde(default)]
    pub template_limit: Option<usize>,
    /// Apps subscribed to its webhooks.
    #[serde(default)]
    pub subscriptions: Vec<SubscriptionEntry>,
}

/// For whom a partner owns an account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnBehalfOfEntry {
    /// The id of the business it is for.
    pub business: String,
    /// Whether that business has agreed.
    #[serde(default = "approved")]
    pub status: Review,
}

/// An app that is subscribed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionEntry {
    /// The app's id.
    pub app: String,
    /// Override of the callback URL.
    #[serde(default)]
    pub callback: Option<String>,
}

/// A phone number on an account.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// The id of its account.
    pub waba: String,
    /// E.164, spaces allowed.
    pub phone: String,
    /// `verified_name`.
    pub name: String,
    /// `name_status`.
    #[serde(default = "name_approved")]
    pub name_status: NameStatus,
    /// A display name in review.
    #[serde(default)]
    pub new_name: Option<String>,
    /// `status`.
    #[serde(default = "connected")]
    pub status: NumberStatus,
    /// `platform_type`: only `CLOUD_API` is registered.
    #[serde(default = "cloud_api")]
    pub platform: Platform,
    /// `code_verification_status`.
    #[serde(default = "code_verified")]
    pub verification: CodeVerification,
    /// When it was verified, for a number that is not registered; absent: it does not expire.
    #[serde(default)]
    pub verified_at: Option<Timestamp>,
    /// `quality_rating`.
    #[serde(default = "green")]
    pub quality: Quality,
    /// `account_mode`.
    #[serde(default = "live")]
    pub mode: AccountMode,
    /// The two-step PIN; absent: two-step verification is off.
    #[serde(default)]
    pub pin: Option<String>,
    /// Whether it is used in the WhatsApp Business app.
    #[serde(default)]
    pub is_on_biz_app: bool,
    /// Whether it has the official-account mark.
    #[serde(default)]
    pub is_official: bool,
    /// Whether Meta is working on it.
    #[serde(default)]
    pub in_maintenance: bool,
    /// The business profile, in the API's words.
    #[serde(default)]
    pub profile: BTreeMap<String, Value>,
}

/// A template in one language.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// The id of its account.
    pub waba: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its category.
    #[serde(default = "utility")]
    pub category: Category,
    /// Its status.
    #[serde(default = "template_approved")]
    pub status: TemplateStatus,
    /// Its quality.
    #[serde(default = "green")]
    pub quality: Quality,
    /// How parameters are written.
    #[serde(default = "positional")]
    pub parameter_format: ParameterFormat,
    /// Its components, in the API's words; absent: a body with one variable.
    #[serde(default)]
    pub components: Option<Vec<Value>>,
    /// Why it was refused.
    #[serde(default)]
    pub rejected_reason: Option<String>,
}

/// A Multi-Partner Solution.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SolutionEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

fn one() -> u64 {
    1
}
fn twenty() -> usize {
    20
}
fn yes() -> bool {
    true
}
fn verified() -> Verification {
    Verification::Verified
}
fn system_user() -> TokenKind {
    TokenKind::SystemUser
}
fn active() -> String {
    "ACTIVE".to_owned()
}
fn approved() -> Review {
    Review::Approved
}
fn name_approved() -> NameStatus {
    NameStatus::Approved
}
fn connected() -> NumberStatus {
    NumberStatus::Connected
}
fn cloud_api() -> Platform {
    Platform::CloudApi
}
fn code_verified() -> CodeVerification {
    CodeVerification::Verified
}
fn green() -> Quality {
    Quality::Green
}
fn live() -> AccountMode {
    AccountMode::Live
}
fn utility() -> Category {
    Category::Utility
}
fn template_approved() -> TemplateStatus {
    TemplateStatus::Approved
}
fn positional() -> ParameterFormat {
    ParameterFormat::Positional
}

/// Reads a world file. `name` is what findings call it.
pub fn parse(name: &str, bytes: &[u8]) -> Result<World, Vec<Finding>> {
    let file: WorldFile =
        yaml::read(bytes).map_err(|problem| vec![misread(name, bytes, problem)])?;
    let world = if file.version == 1 {
        build::build(file)
    } else {
        let message = format!(
            "this program reads world files of version 1, not {}",
            file.version
        );
        Err(vec![Finding::fail("world-version", "version", message)])
    };
    world.map_err(|findings| placed(name, bytes, findings))
}

fn misread(name: &str, bytes: &[u8], problem: Problem) -> Finding {
    let finding = Finding::fail(problem.rule, name, problem.message)
        .hint("`waba-migrate schema world` describes this file");
    match problem.place {
        Some(place) => finding.at(Text::new(name, readable(bytes), None).span(&place)),
        None => finding,
    }
}

/// Adds to findings about routes like `numbers[0].waba` where these stand.
fn placed(name: &str, bytes: &[u8], findings: Vec<Finding>) -> Vec<Finding> {
    let Ok(tree) = yaml::parse(bytes) else {
        return findings;
    };
    let text = Text::new(name, readable(bytes), Some(&tree));
    let place = |finding: Finding| {
        let span = text.span(&place_of(&tree, &finding.subject));
        finding.at(span)
    };
    findings.into_iter().map(place).collect()
}

/// Returns the place of a route, or of the innermost part of it that is there.
fn place_of(tree: &Node, route: &str) -> Place {
    let steps = route
        .split(['.', '['])
        .map(|step| step.trim_end_matches(']'));
    let mut node = tree;
    for step in steps {
        let inner = match &node.value {
            yaml::Value::Mapping(pairs) => {
                let pair = pairs.iter().find(|(key, _)| *key.text == *step);
                pair.map(|(_, value)| value)
            }
            yaml::Value::Sequence(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
            yaml::Value::Null | yaml::Value::Scalar(_) => None,
        };
        match inner {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node.place.clone()
}

fn readable(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Returns the world of `simulate` without a file.
pub fn default_world() -> World {
    parse("default-world.yaml", include_bytes!("default-world.yaml"))
        .expect("the world in this folder is right; a test reads it")
}

/// Returns the JSON Schema of world files.
pub fn schema() -> Value {
    schemars::schema_for!(WorldFile).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
version: 1
businesses: [{ id: "1", name: A }]
apps: [{ id: "2", name: B, secret: s }]
tokens: [{ name: t, value: EAA, app: "2" }]
wabas: [{ id: 102290129340398, name: W, business: "1" }]
"#;

    /// Returns the rules and subjects of all findings.
    fn problems(text: &str) -> Vec<(&'static str, String)> {
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
            .map(|(rule, subject)| (*rule, subject.as_str()))
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
                world.templates.len()
            ),
            (2, 3, 12)
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
}
