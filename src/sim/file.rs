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
    genesys::file::OrganizationEntry,
    script::{Event, Fault},
    seed,
    switches::Switches,
    words::{
        AccountMode, Category, CodeVerification, FlowCategory, FlowStatus, IntentStatus,
        NameStatus, NumberStatus, ParameterFormat, Platform, Quality, Review, SubCategory,
        TemplateStatus, TokenKind, Verification,
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
    /// Flows.
    #[serde(default)]
    pub flows: Vec<FlowEntry>,
    /// Multi-Partner Solutions.
    #[serde(default)]
    pub solutions: Vec<SolutionEntry>,
    /// Migration intents that were set before the world begins.
    #[serde(default)]
    pub intents: Vec<IntentEntry>,
    /// A Genesys Cloud organization that uses numbers of these accounts.
    #[serde(default)]
    pub genesys: Option<OrganizationEntry>,
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
    /// Whether a catalog is connected to it.
    #[serde(default = "yes")]
    pub catalog: bool,
    /// Apps subscribed to its webhooks.
    #[serde(default)]
    pub subscriptions: Vec<SubscriptionEntry>,
    /// Calls that each app has made on it right before the world begins; they count for an hour.
    #[serde(default)]
    pub calls_made: usize,
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

/// A phone number on an account. One account may hold the same number a second time as long as only
/// one of the two is registered: a stale entry.
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
    /// The category it had before Meta changed it.
    #[serde(default)]
    pub previous_category: Option<Category>,
    /// The category it should have, as Meta has announced.
    #[serde(default)]
    pub correct_category: Option<Category>,
    /// `sub_category`.
    #[serde(default)]
    pub sub_category: Option<SubCategory>,
    /// `message_send_ttl_seconds`; -1 means 30 days.
    #[serde(default)]
    pub message_send_ttl_seconds: Option<i64>,
    /// `cta_url_link_tracking_opted_out`.
    #[serde(default)]
    pub cta_url_link_tracking_opted_out: Option<bool>,
}

/// A flow with one screen.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// The id of its account.
    pub waba: String,
    /// Its name.
    pub name: String,
    /// Its status.
    #[serde(default = "published")]
    pub status: FlowStatus,
    /// What it is for.
    #[serde(default = "other")]
    pub categories: Vec<FlowCategory>,
    /// The server that it exchanges data with.
    #[serde(default)]
    pub endpoint_uri: Option<String>,
    /// The version of the protocol with that server.
    #[serde(default)]
    pub data_api_version: Option<String>,
    /// The version of its flow JSON.
    #[serde(default = "flow_json")]
    pub json_version: String,
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

/// A migration intent, for a solution or for an app.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntentEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// The id of the account whose numbers shall move.
    pub waba: String,
    /// The solution's id.
    #[serde(default)]
    pub solution: Option<String>,
    /// The app's id.
    #[serde(default)]
    pub app: Option<String>,
    /// `status`.
    #[serde(default = "initiated")]
    pub status: IntentStatus,
    /// The id of the account that the customer chose, once it is accepted. Numbers that it brought
    /// are listed with the others.
    #[serde(default)]
    pub target: Option<String>,
}

fn initiated() -> IntentStatus {
    IntentStatus::Initiated
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
fn published() -> FlowStatus {
    FlowStatus::Published
}
fn other() -> Vec<FlowCategory> {
    vec![FlowCategory::Other]
}
fn flow_json() -> String {
    seed::FLOW_JSON.to_owned()
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
