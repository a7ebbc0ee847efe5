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
use crate::finding::{Finding, Span};

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
    /// `account_review_status`.
    #[serde(default = "approved")]
    pub review: Review,
    /// Whether it has a payment method.
    #[serde(default = "yes")]
    pub payment: bool,
    /// For whom a partner owns it.
    #[serde(default)]
    pub on_behalf_of: Option<OnBehalfOfEntry>,
    /// How many numbers it may hold.
    #[serde(default = "twenty")]
    pub max_numbers: usize,
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
    let text = std::str::from_utf8(bytes).map_err(|_| {
        vec![Finding::fail(
            "world-syntax",
            name,
            "the file is not UTF-8 text",
        )]
    })?;
    let file: WorldFile = read(name, text)?;
    if file.version != 1 {
        let message = format!(
            "this program reads world files of version 1, not {}",
            file.version
        );
        return Err(vec![Finding::fail("world-version", "version", message)]);
    }
    build::build(file)
}

fn read(name: &str, text: &str) -> Result<WorldFile, Vec<Finding>> {
    let options = serde_saphyr::options! { with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let finding = Finding::fail("world-syntax", name, error.to_string());
        let place = error.location();
        vec![match place {
            Some(at) => finding.at(point(name, text, at.line() as usize, at.column() as usize)),
            None => finding,
        }]
    })
}

fn point(name: &str, text: &str, line: usize, column: usize) -> Span {
    Span {
        file: name.to_owned(),
        line,
        column,
        end_line: line,
        end_column: column + 1,
        snippet: text
            .lines()
            .nth(line.saturating_sub(1))
            .unwrap_or_default()
            .to_owned(),
    }
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
        check("colour: red", &[("world-syntax", "w.yaml")]);
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
            "switches: { empty_page: true }",
            &[("world-syntax", "w.yaml")],
        );
    }

    #[test]
    fn a_syntax_problem_has_a_place() {
        let findings = parse("w.yaml", b"version: 1\nversion: 1\n").unwrap_err();
        let span = findings[0].span.as_ref().unwrap();
        assert_eq!((span.line, span.file.as_str()), (2, "w.yaml"));
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
