//! Identifiers: one newtype each, so that no bare string crosses a module and no id is mistaken
//! for another. Graph ids are numeric strings and stay strings: they pass 2^53.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::phone::Phone;

/// Why a text is not an id of the Graph API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 32 digits and nothing else")]
pub struct IdError;

macro_rules! graph_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
                if digits { Ok(Self(text.to_owned())) } else { Err(IdError) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

graph_ids! {
    /// A WhatsApp Business Account.
    WabaId;
    /// A business phone number: the id, not the digits. A number gets a new one on its target.
    PhoneNumberId;
    /// A message template in one language.
    TemplateId;
    /// A flow.
    FlowId;
    /// An app.
    AppId;
    /// A business portfolio.
    BusinessId;
    /// A Multi-Partner Solution: partners who serve one customer together.
    SolutionId;
    /// A partner's request that a customer moves an account's numbers to a solution.
    MigrationIntentId;
}

/// Why a text is not an id of Genesys Cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id of Genesys Cloud is a word of at most 255 characters that can stand in a URL")]
pub struct PlatformIdError;

macro_rules! platform_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the id as it came.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the id as it stands in the path of a URL.
            pub fn segment(&self) -> String {
                segment(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = PlatformIdError;

            fn from_str(text: &str) -> Result<Self, PlatformIdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = PlatformIdError;

            fn try_from(text: String) -> Result<Self, PlatformIdError> {
                if is_platform_id(&text) { Ok(Self(text)) } else { Err(PlatformIdError) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

platform_ids! {
    /// A WhatsApp integration of Genesys Cloud. A number that is taken up again gets a new one.
    IntegrationId;
    /// What Genesys Cloud routes the messages of an integration by.
    RecipientId;
    /// A flow of Genesys Cloud's Architect; not one of Meta's.
    ArchitectFlowId;
    /// A queue.
    QueueId;
    /// A messaging campaign.
    CampaignId;
    /// A digital rule set.
    RuleSetId;
    /// A canned response.
    ResponseId;
    /// A library of canned responses.
    LibraryId;
    /// A content profile: what media an integration takes and sends.
    SupportedContentId;
    /// A message setting: how an integration behaves.
    MessagingSettingId;
    /// A division of an organization.
    DivisionId;
}

/// Ids of Genesys Cloud are mostly UUIDs, but words like `webMessagingDefault` occur. Only what no
/// path can hold is refused: URLs make `.` and `..` vanish however they are written.
fn is_platform_id(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && !matches!(text, "." | "..")
        && !text.chars().any(char::is_control)
}

/// Percent-encodes everything that means something in a path.
fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(byte.into());
            }
            other => segment += &format!("%{other:02X}"),
        }
    }
    segment
}

/// Name and language: a template's key on every WABA. Ids differ between source and target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateKey {
    /// Its name.
    pub name: String,
    /// Its language, with an underscore.
    pub language: String,
}

impl TemplateKey {
    /// Makes a key. Webhooks and some answers write `en-US` for `en_US`.
    pub fn new(name: impl Into<String>, language: &str) -> Self {
        Self {
            name: name.into(),
            language: language.replace('-', "_"),
        }
    }
}

impl fmt::Display for TemplateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.language)
    }
}

/// Why a text is not the key of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a template's key is NAME/LANGUAGE")]
pub struct KeyError;

impl FromStr for TemplateKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, language) = text.rsplit_once('/').ok_or(KeyError)?;
        Ok(Self::new(name, language))
    }
}

/// Defines the steps that something can have, with their names.
macro_rules! steps {
    ($($(#[$of:meta])* $kind:ident { $($(#[$doc:meta])* $name:ident = $word:literal,)+ })+) => {$(
        $(#[$of])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind { $($(#[$doc])* $name,)+ }

        impl $kind {
            /// Every step, in the order of a migration.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the name, as it stands in addresses.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

steps! {
    /// A step of the two accounts as a whole.
    AccountStep {
        /// Subscribes the app to the target.
        Subscription = "target.subscription",
        /// Copies flows.
        FlowsCopy = "flows.copy",
        /// Copies templates.
        TemplatesCopy = "templates.copy",
        /// Points buttons of copied templates to the target's flows.
        TemplatesRepoint = "templates.repoint",
        /// Creates templates anew that Meta's copy cannot take.
        TemplatesRecreate = "templates.recreate",
        /// Waits for the review of required templates.
        TemplatesApproved = "templates.approved",
        /// Deletes templates of the target that the plan does not know.
        TemplatesPrune = "templates.prune",
        /// Gives canned responses of Genesys Cloud the target's template namespace.
        GenesysResponses = "genesys.canned_responses",
        /// Deletes the integration of the number that only carried the payment line.
        GenesysPlaceholder = "genesys.placeholder",
        /// Removes a subscription that was wanted for the time of the migration.
        SubscriptionCleanup = "target.subscription.cleanup",
        /// Gives canned responses the namespace back that they had.
        GenesysResponsesUndo = "genesys.canned_responses.undo",
        /// Takes the subscription, or its override, back.
        SubscriptionUndo = "target.subscription.undo",
    }
    /// A step of one template.
    TemplateStep {
        /// Creates or edits it as a file of the plan has it.
        Define = "define",
        /// Creates it anew from the source's content. Part of `templates.recreate`.
        Recreate = "recreate",
        /// Points its buttons to the target's flows. Part of `templates.repoint`.
        Repoint = "repoint",
        /// Deletes it. Part of `templates.prune`.
        Delete = "delete",
        /// Takes back what `define` did.
        Undo = "undo",
    }
    /// A step of one number.
    NumberStep {
        /// Gate: the source's owner switches two-step verification off.
        TwoStepOff = "two_step_off",
        /// Gate: the customer finishes Meta's signup popup.
        Signup = "signup",
        /// Adds the number to the target.
        Add = "add",
        /// Has a one-time code sent.
        RequestCode = "request_code",
        /// Hands the one-time code in.
        Verify = "verify",
        /// Takes it off Genesys Cloud: campaigns paused, flow detached, old integration deleted.
        GenesysRelease = "genesys_release",
        /// Brings it back to Genesys Cloud: the signup popup, activation, and everything that points
        /// to it. The point of no return of a number that Genesys Cloud uses.
        GenesysAttach = "genesys_attach",
        /// The point of no return.
        Register = "register",
        /// Waits until it is live.
        Live = "live",
        /// Writes the business profile.
        Profile = "profile",
        /// Takes the business profile back.
        ProfileUndo = "profile.undo",
        /// Routes its messages again and restarts its campaigns, as long as its old integration is
        /// there.
        GenesysReleaseUndo = "genesys_release.undo",
        /// Gate: an admin takes a number off the target that was added and is not registered.
        Undo = "undo",
    }
}

/// Steps of the accounts that take another's writes back, and which. A clean-up is one: what it
/// removes is no deed any more.
const UNDONE: [(AccountStep, AccountStep); 3] = [
    (AccountStep::SubscriptionUndo, AccountStep::Subscription),
    (AccountStep::SubscriptionCleanup, AccountStep::Subscription),
    (
        AccountStep::GenesysResponsesUndo,
        AccountStep::GenesysResponses,
    ),
];

/// The stable name of a step, like `templates.copy` or `number["+4930901820"].register`: used by
/// the journal, `--confirm` and every JSON output.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Names a step of the accounts.
    pub fn account(step: AccountStep) -> Self {
        Self(step.as_str().to_owned())
    }

    /// Takes the text of an address that this program wrote.
    pub fn read(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Names a step of one template.
    pub fn template(key: &TemplateKey, step: TemplateStep) -> Self {
        Self(format!("template[\"{key}\"].{step}"))
    }

    /// Names the step that sets the migration intent of a solution.
    pub fn solution_intent(solution: &SolutionId) -> Self {
        Self(format!("solution[\"{solution}\"].intent"))
    }

    /// Names the gate of a solution's migration intent.
    pub fn solution_accepted(solution: &SolutionId) -> Self {
        Self(format!("solution[\"{solution}\"].accepted"))
    }

    /// Names a step of one number.
    pub fn number(phone: &Phone, step: NumberStep) -> Self {
        Self(format!("number[\"{phone}\"].{step}"))
    }

    /// Names the upload of a content, by its SHA-256 in hex. It belongs to every step that needs it.
    pub fn upload(sha256: &str) -> Self {
        Self(format!("upload[\"{sha256}\"]"))
    }

    /// Returns the number this step belongs to, if it belongs to one.
    pub fn phone(&self) -> Option<Phone> {
        Some(self.split()?.0)
    }

    /// Returns the number and which of its steps this is. `None` also for a step of a newer release.
    pub fn number_step(&self) -> Option<(Phone, NumberStep)> {
        let (phone, step) = self.split()?;
        let steps = NumberStep::ALL.iter().copied();
        Some((
            phone,
            steps.into_iter().find(|known| known.as_str() == step)?,
        ))
    }

    /// Returns the template and which of its steps this is.
    pub fn template_step(&self) -> Option<(TemplateKey, TemplateStep)> {
        let rest = self.0.strip_prefix("template[\"")?;
        let (key, step) = rest.rsplit_once("\"].")?;
        let mut steps = TemplateStep::ALL.iter().copied();
        Some((
            key.parse().ok()?,
            steps.find(|known| known.as_str() == step)?,
        ))
    }

    /// Returns the step whose writes this one takes back, if it takes any back.
    pub fn undone(&self) -> Option<Self> {
        let undone = |undo: &&(AccountStep, AccountStep)| *self == Self::account(undo.0);
        if let Some((_, step)) = UNDONE.iter().find(undone) {
            return Some(Self::account(*step));
        }
        if let Some((key, TemplateStep::Undo)) = self.template_step() {
            return Some(Self::template(&key, TemplateStep::Define));
        }
        match self.number_step()? {
            (phone, NumberStep::ProfileUndo) => Some(Self::number(&phone, NumberStep::Profile)),
            (phone, NumberStep::GenesysReleaseUndo) => {
                Some(Self::number(&phone, NumberStep::GenesysRelease))
            }
            _ => None,
        }
    }

    fn split(&self) -> Option<(Phone, &str)> {
        let rest = self.0.strip_prefix("number[\"")?;
        let (phone, step) = rest.split_once("\"].")?;
        Some((phone.parse().ok()?, step))
    }

    /// Returns the address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One execution of `apply`. Sorts by time of birth.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct RunId(#[schemars(with = "String")] uuid::Uuid);

impl RunId {
    /// Makes an id from the moment the run began and some randomness.
    pub fn new(at: jiff::Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Returns this id where it is the later one, else one that comes right after the other: born a
    /// millisecond later, as unlike every other id as this one.
    pub fn after(self, other: Self) -> Self {
        let millis = other.millis();
        if self > other || millis == MOST_MILLIS {
            return self;
        }
        let mut random = [0; 10];
        random.copy_from_slice(&self.0.as_bytes()[6..]);
        Self(uuid::Builder::from_unix_timestamp_millis(millis + 1, &random).into_uuid())
    }

    /// When it was born, in milliseconds since 1970: the first 48 bits.
    fn millis(self) -> u64 {
        self.0.as_u64_pair().0 >> 16
    }
}

/// The last millisecond that an id can hold; it is in the year 10889.
const MOST_MILLIS: u64 = (1 << 48) - 1;

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_digits() {
        assert_eq!(
            "0123".parse::<WabaId>().map(|id| id.to_string()),
            Ok("0123".into())
        );
        for bad in [
            "",
            "12 3",
            "12a",
            "../1",
            "123456789012345678901234567890123",
        ] {
            assert_eq!(bad.parse::<WabaId>(), Err(IdError), "{bad:?}");
        }
    }

    #[test]
    fn ids_of_genesys_cloud_are_any_word_that_a_path_can_hold() {
        #[track_caller]
        fn check(text: &str, segment: &str) {
            let id: IntegrationId = text.parse().unwrap();
            assert_eq!((id.as_str(), &*id.segment()), (text, segment));
        }
        let uuid = "34071108-1569-4cb0-9137-a326b8a9e815";
        check(uuid, uuid);
        check("webMessagingDefault", "webMessagingDefault");
        check("../../oauth?x=1#y", "..%2F..%2Foauth%3Fx%3D1%23y");
        check("a b%2Fü", "a%20b%252F%C3%BC");
        let long = "x".repeat(256);
        for bad in ["", ".", "..", "a\nb", "\u{7f}", &*long] {
            assert_eq!(bad.parse::<QueueId>(), Err(PlatformIdError), "{bad:?}");
            let json = serde_json::to_string(bad).unwrap();
            assert!(serde_json::from_str::<QueueId>(&json).is_err());
        }
    }

    #[test]
    fn an_address_names_its_number() {
        let phone: Phone = "+49 30 901820".parse().unwrap();
        let address = Address::number(&phone, NumberStep::Register);
        assert_eq!(address.as_str(), "number[\"+4930901820\"].register");
        assert_eq!(address.phone(), Some(phone.clone()));
        assert_eq!(
            address.number_step(),
            Some((phone.clone(), NumberStep::Register))
        );
        let newer: Address = serde_json::from_str("\"number[\\\"+4930901820\\\"].fly\"").unwrap();
        assert_eq!((newer.phone(), newer.number_step()), (Some(phone), None));
        assert_eq!(Address::account(AccountStep::TemplatesCopy).phone(), None);
    }

    #[test]
    fn an_address_names_its_template() {
        let key = TemplateKey::new("order_update", "en-US");
        let address = Address::template(&key, TemplateStep::Define);
        assert_eq!(address.as_str(), "template[\"order_update/en_US\"].define");
        assert_eq!(address.template_step(), Some((key, TemplateStep::Define)));
        assert_eq!("order".parse::<TemplateKey>(), Err(KeyError));
    }

    #[test]
    fn an_address_names_what_it_takes_back() {
        #[track_caller]
        fn check(address: &str, undone: Option<&str>) {
            let found = Address::read(address).undone();
            assert_eq!(found.as_ref().map(Address::as_str), undone);
        }
        check("target.subscription.undo", Some("target.subscription"));
        check("target.subscription.cleanup", Some("target.subscription"));
        check(
            "genesys.canned_responses.undo",
            Some("genesys.canned_responses"),
        );
        check(
            "number[\"+4930901820\"].genesys_release.undo",
            Some("number[\"+4930901820\"].genesys_release"),
        );
        check("template[\"a/de\"].undo", Some("template[\"a/de\"].define"));
        check(
            "number[\"+4930901820\"].profile.undo",
            Some("number[\"+4930901820\"].profile"),
        );
        check("number[\"+4930901820\"].undo", None);
        check("target.subscription", None);
    }

    #[test]
    fn an_upload_belongs_to_its_content_alone() {
        let address = Address::upload("ba7816bf");
        assert_eq!(address.as_str(), "upload[\"ba7816bf\"]");
        assert_eq!(address.phone(), None);
        assert_eq!(address.template_step(), None);
    }

    #[test]
    fn runs_sort_by_time() {
        let at = |second| RunId::new(jiff::Timestamp::from_second(second).unwrap(), [7; 10]);
        assert!(at(1_800_000_000) < at(1_800_000_001));
        assert!(at(1).to_string() < at(1_800_000_001).to_string());
    }

    #[test]
    fn a_run_under_a_clock_that_is_behind_comes_after_the_others_all_the_same() {
        let at = |second, random| {
            RunId::new(jiff::Timestamp::from_second(second).unwrap(), [random; 10])
        };
        let (ahead, behind) = (at(1_800_000_000, 7), at(1_700_000_000, 3));
        assert_eq!(ahead.after(behind), ahead);
        let after = behind.after(ahead);
        assert!(ahead < after && after < at(1_800_000_001, 0));
        assert_eq!(after.millis(), ahead.millis() + 1);
        assert_ne!(after, at(1_700_000_000, 4).after(ahead));
        let last: RunId = "ffffffff-ffff-7fff-bfff-ffffffffffff".parse().unwrap();
        assert_eq!(behind.after(last), behind);
    }
}
