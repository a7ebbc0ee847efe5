//! The state of the simulated world: businesses, apps, tokens, WABAs, numbers, templates.
//!
//! It holds no rule of the API (see [`super::rules`]) and reads no clock: time is a field that its
//! owner moves. Ids, codes and trace ids come from a seed and a counter.
//!
//! Invariant: the same world and the same calls give the same answers, byte for byte.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{
    flow::Flow,
    genesys::organization::Organization,
    media::{Library, Upload},
    play::Logged,
    script::{Agenda, Script},
    switches::Switches,
    words::{
        AccountMode, Category, CodeVerification, IntentStatus, NameStatus, NumberStatus,
        ParameterFormat, Platform, Quality, Review, SubCategory, TemplateStatus, TokenKind,
        Verification,
    },
};
use crate::{
    ids::{
        AppId, BusinessId, FlowId, MigrationIntentId, PhoneNumberId, SolutionId, TemplateId, WabaId,
    },
    phone::Phone,
    secret::Secret,
};

/// Seconds of a day.
pub const DAY: u32 = 24 * 3600;
/// Days for which the name of a deleted template stays blocked that was approved.
///
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates>
pub const NAME_BLOCK_DAYS: u32 = 30;

/// A business portfolio.
#[derive(Clone, Debug, Serialize)]
pub struct Business {
    /// Its name.
    pub name: String,
    /// Whether Meta has verified it.
    pub verification: Verification,
}

/// An app.
#[derive(Clone, Debug, Serialize)]
pub struct App {
    /// Its name.
    pub name: String,
    /// Its secret.
    #[serde(serialize_with = "masked")]
    pub secret: Secret,
    /// Whether every call needs `appsecret_proof`.
    pub require_secret: bool,
}

/// An access token.
#[derive(Clone, Debug, Serialize)]
pub struct Token {
    /// The token itself.
    #[serde(serialize_with = "masked")]
    pub value: Secret,
    /// What the world file and events call it.
    pub name: String,
    /// The app that issued it.
    pub app: AppId,
    /// Whose it is.
    pub kind: TokenKind,
    /// The id of the user behind it.
    pub user: String,
    /// Its permissions.
    pub scopes: BTreeSet<String>,
    /// The WABAs it reaches; absent means all.
    pub wabas: Option<BTreeSet<WabaId>>,
    /// When it ends; absent means never.
    pub expires: Option<Timestamp>,
    /// When its access to data ends; absent means never.
    pub data_access_expires: Option<Timestamp>,
    /// Whether somebody took it back.
    pub revoked: bool,
}

/// A WhatsApp Business Account.
#[derive(Clone, Debug, Serialize)]
pub struct Waba {
    /// Its name.
    pub name: String,
    /// The portfolio that owns it.
    pub owner: BusinessId,
    /// `status`: only ACTIVE is known, so any word will do.
    pub status: String,
    /// `account_review_status`.
    pub review: Review,
    /// Whether Meta has banned it.
    pub is_banned: bool,
    /// `ownership_type`; absent means the one that suits its owner.
    pub ownership: Option<String>,
    /// `currency`, absent until a payment method exists.
    pub currency: Option<String>,
    /// `primary_funding_id`: absent means no payment method.
    pub funding: Option<String>,
    /// Whether its payment method does not work.
    pub payment_error: bool,
    /// `on_behalf_of_business_info`.
    pub on_behalf_of: Option<OnBehalfOf>,
    /// `message_template_namespace`.
    pub namespace: String,
    /// How many numbers it may hold.
    pub max_numbers: usize,
    /// How many templates it may hold; absent means Meta's own rule.
    pub template_limit: Option<usize>,
    /// Whether a catalog is connected to it.
    pub has_catalog: bool,
    /// Apps subscribed to its webhooks, and the callback override of each.
    pub subscriptions: BTreeMap<AppId, Option<String>>,
}

/// For whom a partner owns a WABA.
#[derive(Clone, Debug, Serialize)]
pub struct OnBehalfOf {
    /// The business it is for.
    pub business: BusinessId,
    /// Whether that business has agreed.
    pub status: Review,
}

/// A Multi-Partner Solution.
#[derive(Clone, Debug, Serialize)]
pub struct Solution {
    /// Its name.
    pub name: String,
}

/// A migration intent: a partner asks the customer to move an account's numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Intent {
    /// The account whose numbers shall move.
    pub waba: WabaId,
    /// Who shall serve them.
    pub partner: Partner,
    /// Where it stands.
    pub status: IntentStatus,
    /// The account that the customer chose.
    pub target: Option<WabaId>,
}

impl Intent {
    /// Returns whether the customer agreed to move numbers from one account to another.
    pub fn allows(&self, source: &WabaId, target: &WabaId) -> bool {
        let is_agreed = match self.status {
            IntentStatus::Accepted | IntentStatus::Completed => true,
            IntentStatus::Initiated | IntentStatus::Rejected => false,
        };
        is_agreed && self.waba == *source && self.target.as_ref() == Some(target)
    }
}

/// Who shall serve numbers after a migration intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Partner {
    /// The partners of a solution.
    Solution(SolutionId),
    /// The owner of an app.
    App(AppId),
}

impl Partner {
    /// Returns the id of the solution or of the app.
    pub fn id(&self) -> &str {
        match self {
            Self::Solution(id) => id.as_str(),
            Self::App(id) => id.as_str(),
        }
    }
}

/// A number on one WABA: a node. The same digits may stand on two WABAs during a migration.
#[derive(Clone, Debug, Serialize)]
pub struct Number {
    /// The WABA it is on.
    pub waba: WabaId,
    /// The digits.
    pub phone: Phone,
    /// `verified_name`.
    pub name: String,
    /// `name_status`.
    pub name_status: NameStatus,
    /// `new_display_name` and `new_name_status`, while a change is in flight.
    pub new_name: Option<(String, NameStatus)>,
    /// When display names were asked for.
    #[serde(skip)]
    pub name_changes: Vec<Timestamp>,
    /// `status`.
    pub status: NumberStatus,
    /// `platform_type`.
    pub platform: Platform,
    /// `code_verification_status`, until it expires: see [`World::verification`].
    pub verification: CodeVerification,
    /// When it was verified, while it waits to be registered; absent means it does not expire.
    pub verified_at: Option<Timestamp>,
    /// `quality_rating`.
    pub quality: Quality,
    /// `account_mode`.
    pub mode: AccountMode,
    /// The two-step PIN; absent means two-step verification is off.
    #[serde(serialize_with = "is_set")]
    pub pin: Option<Secret>,
    /// Whether it is used in the WhatsApp Business app.
    pub is_on_biz_app: bool,
    /// Whether it has the official-account mark.
    pub is_official: bool,
    /// Whether Meta is working on it.
    pub in_maintenance: bool,
    /// Whether it was added to be migrated.
    pub is_migrating: bool,
    /// `last_onboarded_time`.
    pub onboarded: Option<Timestamp>,
    /// The business profile.
    pub profile: BTreeMap<String, Value>,
    /// Override of the callback URL for this number.
    pub callback: Option<String>,
    /// One-time codes asked for.
    #[serde(skip)]
    pub codes: Codes,
    /// Wrong PINs so far.
    pub wrong_pins: u32,
    /// Reads that will still flap.
    #[serde(skip)]
    pub flaps_left: u32,
}

impl Number {
    /// Takes a proof that somebody receives on it.
    pub fn verify(&mut self, at: Timestamp) {
        self.verification = CodeVerification::Verified;
        self.verified_at = Some(at);
    }

    /// Returns whether it sends and receives on the Cloud API.
    pub fn is_live(&self) -> bool {
        self.platform == Platform::CloudApi
    }
}

/// One-time codes of a number.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    /// The newest code, and when it was sent; older ones no longer work.
    pub newest: Option<(Secret, Timestamp)>,
    /// When codes were asked for.
    pub asked: Vec<Timestamp>,
    /// Wrong guesses at the newest.
    pub wrong: u32,
}

/// A template in one language.
#[derive(Clone, Debug, Serialize)]
pub struct Template {
    /// The WABA it belongs to.
    pub waba: WabaId,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Its category.
    pub category: Category,
    /// Its status.
    pub status: TemplateStatus,
    /// Its quality.
    pub quality: Quality,
    /// How parameters are written.
    pub parameter_format: ParameterFormat,
    /// `components`, as the API gives them.
    pub components: Value,
    /// Why it was refused.
    pub rejected_reason: Option<String>,
    /// The category it had before Meta changed it.
    pub previous_category: Option<Category>,
    /// The category it should have, as Meta has announced.
    pub correct_category: Option<Category>,
    /// `sub_category`.
    pub sub_category: Option<SubCategory>,
    /// `message_send_ttl_seconds`; −1 means 30 days.
    pub message_send_ttl_seconds: Option<i64>,
    /// `cta_url_link_tracking_opted_out`.
    pub cta_url_link_tracking_opted_out: Option<bool>,
    /// How often Meta has paused it.
    pub pauses: u32,
    /// When it was edited while it was approved.
    #[serde(skip)]
    pub edits: Vec<Timestamp>,
}

/// A name that may not be used again for a while: a template of that name was deleted.
#[derive(Clone, Debug)]
pub struct NameBlock {
    /// The WABA it was on.
    pub waba: WabaId,
    /// The template's name.
    pub name: String,
    /// The language; absent means all languages.
    pub language: Option<String>,
    /// When it ends.
    pub until: Timestamp,
}

/// How a call ends that takes longer than Graph gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// Whether it had an effect all the same.
    pub took_effect: bool,
    /// Whether no answer comes at all.
    pub is_silent: bool,
}

/// The world.
#[derive(Clone, Debug, Serialize)]
pub struct World {
    /// The present moment.
    pub now: Timestamp,
    /// Where invented ids start from.
    pub seed: u64,
    /// How many ids were invented.
    #[serde(skip)]
    pub invented: u64,
    /// Undocumented behaviour.
    pub switches: Switches,
    /// Portfolios.
    pub businesses: BTreeMap<BusinessId, Business>,
    /// Apps.
    pub apps: BTreeMap<AppId, App>,
    /// Tokens.
    pub tokens: Vec<Token>,
    /// Accounts.
    pub wabas: BTreeMap<WabaId, Waba>,
    /// Numbers.
    pub numbers: BTreeMap<PhoneNumberId, Number>,
    /// Templates.
    pub templates: BTreeMap<TemplateId, Template>,
    /// The order in which templates came to be: lists keep it.
    #[serde(skip)]
    pub template_order: Vec<TemplateId>,
    /// Flows.
    pub flows: BTreeMap<FlowId, Flow>,
    /// The order in which flows came to be: lists keep it.
    #[serde(skip)]
    pub flow_order: Vec<FlowId>,
    /// Names of deleted templates.
    #[serde(skip)]
    pub name_blocks: Vec<NameBlock>,
    /// When templates were created, by WABA.
    #[serde(skip)]
    pub template_creations: BTreeMap<WabaId, VecDeque<Timestamp>>,
    /// How the call under way ends when it takes too long.
    #[serde(skip)]
    pub overrun: Option<Overrun>,
    /// What was uploaded.
    #[serde(skip)]
    pub media: Library,
    /// Uploads that were begun, by the id of their session.
    #[serde(skip)]
    pub uploads: BTreeMap<String, Upload>,
    /// Multi-Partner Solutions.
    pub solutions: BTreeMap<SolutionId, Solution>,
    /// Migration intents.
    pub intents: BTreeMap<MigrationIntentId, Intent>,
    /// The Genesys Cloud organization that uses numbers of these accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genesys: Option<Organization>,
    /// Faults and events to come.
    #[serde(skip)]
    pub script: Script,
    /// What will happen by itself, and when.
    #[serde(skip)]
    pub agenda: Agenda,
    /// One-time codes as phones show them, the newest last.
    #[serde(skip)]
    pub inbox: Vec<(Phone, Secret)>,
    /// Calls of the last hour, by app and WABA.
    #[serde(skip)]
    pub calls: BTreeMap<(AppId, WabaId), VecDeque<Timestamp>>,
    /// Other calls of the last hour, by app.
    #[serde(skip)]
    pub app_calls: BTreeMap<AppId, VecDeque<Timestamp>>,
    /// Register and deregister calls, by number.
    #[serde(skip)]
    pub registrations: BTreeMap<Phone, Vec<Timestamp>>,
    /// When numbers were deleted.
    #[serde(skip)]
    pub deleted: BTreeMap<Phone, Timestamp>,
    /// Every call so far.
    #[serde(skip)]
    pub log: Vec<Logged>,
}

impl World {
    /// Makes a world with nothing in it.
    pub fn empty(seed: u64, now: Timestamp) -> Self {
        Self {
            now,
            seed,
            invented: 0,
            switches: Switches::default(),
            businesses: BTreeMap::new(),
            apps: BTreeMap::new(),
            tokens: Vec::new(),
            wabas: BTreeMap::new(),
            numbers: BTreeMap::new(),
            templates: BTreeMap::new(),
            template_order: Vec::new(),
            flows: BTreeMap::new(),
            flow_order: Vec::new(),
            name_blocks: Vec::new(),
            template_creations: BTreeMap::new(),
            overrun: None,
            media: Library::default(),
            uploads: BTreeMap::new(),
            solutions: BTreeMap::new(),
            intents: BTreeMap::new(),
            genesys: None,
            script: Script::default(),
            agenda: Agenda::default(),
            inbox: Vec::new(),
            calls: BTreeMap::new(),
            app_calls: BTreeMap::new(),
            registrations: BTreeMap::new(),
            deleted: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    /// Returns a number nobody has seen before.
    pub fn invent(&mut self) -> u64 {
        self.invented += 1;
        mix(self
            .seed
            .wrapping_add(self.invented.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// Returns a new id: 16 digits.
    pub fn invent_id<T: std::str::FromStr<Err = crate::ids::IdError>>(&mut self) -> T {
        let digits = 1_000_000_000_000_000 + self.invent() % 9_000_000_000_000_000;
        digits
            .to_string()
            .parse()
            .expect("sixteen digits are an id")
    }

    /// Adds a template. Media of its headers that nobody uploaded is made up.
    pub fn add_template(&mut self, id: TemplateId, mut template: Template) {
        self.media.make_up(&mut template.components);
        self.template_order.push(id.clone());
        self.templates.insert(id, template);
    }

    /// Returns the templates of a WABA in the order they came to be.
    pub fn templates_of<'a>(
        &'a self,
        waba: &'a WabaId,
    ) -> impl Iterator<Item = (&'a TemplateId, &'a Template)> {
        self.template_order
            .iter()
            .filter_map(|id| Some((id, self.templates.get(id)?)))
            .filter(move |(_, template)| template.waba == *waba)
    }

    /// Adds a flow and returns its id.
    pub fn add_flow(&mut self, id: FlowId, flow: Flow) -> FlowId {
        self.flow_order.push(id.clone());
        self.flows.insert(id.clone(), flow);
        id
    }

    /// Returns the flows of a WABA in the order they came to be.
    pub fn flows_of<'a>(
        &'a self,
        waba: &'a WabaId,
    ) -> impl Iterator<Item = (&'a FlowId, &'a Flow)> {
        self.flow_order
            .iter()
            .filter_map(|id| Some((id, self.flows.get(id)?)))
            .filter(move |(_, flow)| flow.waba == *waba)
    }

    /// Removes a template.
    pub fn remove_template(&mut self, id: &TemplateId) {
        self.template_order.retain(|listed| listed != id);
        self.templates.remove(id);
    }

    /// Returns until when deleted templates keep others from taking their name, if they do.
    pub fn name_blocked_until(
        &self,
        waba: &WabaId,
        name: &str,
        language: &str,
    ) -> Option<Timestamp> {
        let is_meant = |block: &&NameBlock| {
            block.waba == *waba
                && block.name == name
                && block.language.as_deref().is_none_or(|it| it == language)
        };
        let ends = self.name_blocks.iter().filter(is_meant);
        ends.map(|block| block.until)
            .filter(|until| *until > self.now)
            .max()
    }

    /// Returns the node of a number on a WABA, unless it has left.
    pub fn number_on(&self, waba: &WabaId, phone: &Phone) -> Option<(&PhoneNumberId, &Number)> {
        self.numbers.iter().find(|(_, number)| {
            number.waba == *waba
                && number.phone == *phone
                && number.status != NumberStatus::Migrated
        })
    }

    /// Returns the node on which a number is registered, if it is.
    pub fn live_number(&self, phone: &Phone) -> Option<(&PhoneNumberId, &Number)> {
        self.numbers
            .iter()
            .find(|(_, number)| number.phone == *phone && number.is_live())
    }

    /// Returns `code_verification_status` as it is now: a number that waits too long to be
    /// registered has to be verified again.
    pub fn verification(&self, number: &Number) -> CodeVerification {
        let seconds = self.switches.verification_days.saturating_mul(DAY);
        let is_old = |at| seconds > 0 && !self.is_within(at, seconds);
        let has_expired = !number.is_live() && number.verified_at.is_some_and(is_old);
        match number.verification {
            CodeVerification::Verified if has_expired => CodeVerification::Expired,
            verification => verification,
        }
    }

    /// Returns the moment `seconds` from now.
    pub fn after(&self, seconds: u32) -> Timestamp {
        self.now
            .checked_add(SignedDuration::from_secs(seconds.into()))
            .unwrap_or(Timestamp::MAX)
    }

    /// Returns whether `moment` lies less than `seconds` back.
    pub fn is_within(&self, moment: Timestamp, seconds: u32) -> bool {
        self.now.duration_since(moment) < SignedDuration::from_secs(seconds.into())
    }
}

/// Spreads a counter over 64 bits (SplitMix64's finalizer).
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

fn masked<S: Serializer>(_: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("***")
}

fn is_set<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(secret.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_ids_are_new_and_repeatable() {
        let make = || {
            let mut world = World::empty(7, Timestamp::UNIX_EPOCH);
            (0..1000)
                .map(|_| world.invent_id::<WabaId>())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(make().len(), 1000);
        assert_eq!(make(), make());
        assert!(make().iter().all(|id| id.as_str().len() == 16));
    }
}
