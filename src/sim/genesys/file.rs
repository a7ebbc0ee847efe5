//! The section `genesys` of a world file. Every list may be left out.
//!
//! Flows, profiles, settings and canned responses are named by id or by name, integrations by their
//! number. Properties under `raw` are shown as they stand there; null leaves one out.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    organization::MESSAGE_FLOW,
    switches::GenesysSwitches,
    words::{IntegrationStatus, SignupVersion},
};

/// A Genesys Cloud organization.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationEntry {
    /// Its name.
    pub name: String,
    /// The domain of its region.
    #[serde(default = "germany")]
    pub region: String,
    /// What it has bought; absent: WhatsApp.
    #[serde(default)]
    pub products: Option<BTreeSet<String>>,
    /// OAuth clients; absent: `simulator` with the secret `simulated-client-secret`.
    #[serde(default)]
    pub clients: Option<Vec<ClientEntry>>,
    /// Flows of Architect.
    #[serde(default)]
    pub flows: Vec<MessageFlowEntry>,
    /// Supported content profiles, after the default one.
    #[serde(default)]
    pub supported_content: Vec<NamedEntry>,
    /// Messaging settings, after the default one.
    #[serde(default)]
    pub messaging_settings: Vec<NamedEntry>,
    /// WhatsApp integrations.
    #[serde(default)]
    pub integrations: Vec<IntegrationEntry>,
    /// Recipients of other channels.
    #[serde(default)]
    pub other_recipients: Vec<RecipientEntry>,
    /// Libraries of canned responses.
    #[serde(default)]
    pub libraries: Vec<LibraryEntry>,
    /// Queues.
    #[serde(default)]
    pub queues: Vec<QueueEntry>,
    /// Messaging campaigns.
    #[serde(default)]
    pub campaigns: Vec<CampaignEntry>,
    /// Digital rule sets.
    #[serde(default)]
    pub rule_sets: Vec<RuleSetEntry>,
    /// The ids of accounts whose payment line Genesys brought with its first number there.
    #[serde(default)]
    pub payment_lines: Vec<String>,
    /// Somebody who finishes the popup a while after the old integration of a number is gone;
    /// absent: nobody does.
    #[serde(default)]
    pub admin: Option<AdminEntry>,
    /// Choices where the behaviour of Genesys Cloud is not documented.
    #[serde(default)]
    pub switches: GenesysSwitches,
}

/// An OAuth client.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientEntry {
    /// Its id.
    pub id: String,
    /// Its secret: made up, like everything here.
    pub secret: String,
    /// How long its tokens work, in seconds.
    #[serde(default = "a_day")]
    pub token_seconds: u32,
    /// What its roles allow; absent: all that this program ever needs.
    #[serde(default)]
    pub permissions: Option<BTreeSet<String>>,
    /// Permissions of those that its roles lack.
    #[serde(default)]
    pub without: BTreeSet<String>,
    /// Whether it was switched off.
    #[serde(default)]
    pub inactive: bool,
}

/// A flow of Architect.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageFlowEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(default = "message_flow", rename = "type")]
    pub kind: String,
    /// Whether it was published.
    #[serde(default = "yes")]
    pub published: bool,
    /// Whether it was deleted.
    #[serde(default)]
    pub deleted: bool,
}

/// Something with a name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Properties as the API has them.
    #[serde(default)]
    pub raw: Map<String, Value>,
}

/// A WhatsApp integration.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntegrationEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its number: E.164, spaces allowed.
    pub phone: String,
    /// The id of the account that the number is on; absent: the one where it is registered.
    #[serde(default)]
    pub waba: Option<String>,
    /// Its name; absent: made of the number.
    #[serde(default)]
    pub name: Option<String>,
    /// The flow that its messages go to; absent: none.
    #[serde(default)]
    pub flow: Option<String>,
    /// Its content profile; absent: the default one.
    #[serde(default)]
    pub supported_content: Option<String>,
    /// Its messaging setting; absent: the default one.
    #[serde(default)]
    pub messaging_setting: Option<String>,
    /// Whether contacts are looked up.
    #[serde(default)]
    pub resolve_identities: bool,
    /// `status`. `Incomplete` and `Starting` were never active.
    #[serde(default = "active")]
    pub status: IntegrationStatus,
    /// How it came to be.
    #[serde(default = "v2")]
    pub signup: SignupVersion,
    /// Properties as the API has them: oddities.
    #[serde(default)]
    pub raw: Map<String, Value>,
}

/// A recipient of another channel.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientEntry {
    /// Its name.
    pub name: String,
    /// `messengerType`.
    #[serde(default = "open")]
    pub messenger: String,
    /// The flow that its messages go to.
    #[serde(default)]
    pub flow: Option<String>,
}

/// A library of canned responses.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LibraryEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// What is in it.
    #[serde(default)]
    pub responses: Vec<ResponseEntry>,
    /// Properties as the API has them.
    #[serde(default)]
    pub raw: Map<String, Value>,
}

/// A canned response.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// The WhatsApp template that it sends; absent: it is plain text.
    #[serde(default)]
    pub template: Option<String>,
    /// The template's language.
    #[serde(default = "english")]
    pub language: String,
    /// The template's namespace: `source` for that of the first integration's account, the id of an
    /// account for its own, `none`, or the namespace itself.
    #[serde(default = "source")]
    pub namespace: String,
    /// Properties as the API has them.
    #[serde(default)]
    pub raw: Map<String, Value>,
}

/// A queue.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// The number that its agents send from.
    #[serde(default)]
    pub number: Option<String>,
    /// Properties as the API has them.
    #[serde(default)]
    pub raw: Map<String, Value>,
}

/// A messaging campaign.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// The number that it sends from.
    #[serde(default)]
    pub number: Option<String>,
    /// The canned response that it sends.
    #[serde(default)]
    pub response: Option<String>,
    /// `campaignStatus`.
    #[serde(default = "off")]
    pub status: String,
    /// Properties as the API has them.
    #[serde(default)]
    pub raw: Map<String, Value>,
}

/// A digital rule set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSetEntry {
    /// Its id; absent: invented.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// The number that one of its rules sends from.
    #[serde(default)]
    pub number: Option<String>,
    /// The canned response that one of its rules sends.
    #[serde(default)]
    pub response: Option<String>,
    /// Properties as the API has them.
    #[serde(default)]
    pub raw: Map<String, Value>,
}

/// Somebody who finishes popups.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminEntry {
    /// How many minutes after the old integration is gone.
    #[serde(default = "three")]
    pub minutes: u32,
    /// The id of the account to choose for numbers that wait on none.
    #[serde(default)]
    pub waba: Option<String>,
}

fn germany() -> String {
    "mypurecloud.de".to_owned()
}
fn a_day() -> u32 {
    86_400
}
fn yes() -> bool {
    true
}
fn message_flow() -> String {
    MESSAGE_FLOW.to_owned()
}
fn active() -> IntegrationStatus {
    IntegrationStatus::Active
}
fn v2() -> SignupVersion {
    SignupVersion::V2
}
fn open() -> String {
    "open".to_owned()
}
fn english() -> String {
    "en_US".to_owned()
}
fn source() -> String {
    "source".to_owned()
}
fn off() -> String {
    "off".to_owned()
}
fn three() -> u32 {
    3
}
