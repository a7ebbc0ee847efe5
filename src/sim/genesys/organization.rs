//! The state of the Genesys Cloud side: one organization and what is in it.
//!
//! Integrations and recipients change in part and are kept in parts. What clients read, change and
//! send back whole (queues, campaigns, rule sets, libraries, canned responses) is kept as raw JSON:
//! who drops what they do not know, drops it here.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{
    switches::{GenesysSwitches, Since},
    words::{CreateStatus, IntegrationStatus, SignupVersion},
};
use crate::{ids::WabaId, phone::Phone, secret::Secret, sim::world::World};

/// An organization.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The domain of its region.
    pub region: String,
    /// What it has bought.
    pub products: BTreeSet<String>,
    /// The id of the user behind all that is there from the start.
    pub user: String,
    /// The id of its home division.
    pub division: String,
    /// OAuth clients.
    pub clients: Vec<OAuthClient>,
    /// Tokens that were handed out.
    pub tokens: Vec<IssuedToken>,
    /// Message flows and others.
    pub flows: Vec<MessageFlow>,
    /// WhatsApp integrations.
    pub integrations: Vec<Integration>,
    /// Integrations of other channels.
    pub channels: Shelf,
    /// Recipients of all channels.
    pub recipients: Vec<Recipient>,
    /// Supported content profiles.
    pub supported_content: Shelf,
    /// Messaging settings.
    pub messaging_settings: Shelf,
    /// Queues.
    pub queues: Shelf,
    /// Messaging campaigns.
    pub campaigns: Shelf,
    /// Digital rule sets.
    pub rule_sets: Shelf,
    /// Libraries of canned responses.
    pub libraries: Shelf,
    /// Canned responses.
    pub responses: Shelf,
    /// What a search for canned responses finds.
    #[serde(skip)]
    pub index: Index,
    /// Objects of shelves that are new.
    #[serde(skip)]
    pub fresh: Vec<Fresh>,
    /// Deleted integrations that lists still show, and until when.
    #[serde(skip)]
    pub ghosts: Vec<(Timestamp, Value)>,
    /// Tokens of finished popups that no integration was made of yet.
    #[serde(skip)]
    pub signups: Vec<Signup>,
    /// Accounts whose payment line is Genesys'.
    pub payment_lines: BTreeSet<WabaId>,
    /// Somebody who finishes the popup when an old integration is gone.
    pub admin: Option<Admin>,
    /// What is not documented.
    pub switches: GenesysSwitches,
    /// What was counted.
    pub tally: Tally,
}

/// What tests want to know and no answer tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Activations that were asked for.
    pub activations: u32,
    /// Those for an integration that was active or about to be: blind repeats.
    pub repeated_activations: u32,
    /// Integrations that ended in an error when they were created.
    pub failed_creates: u32,
    /// Integrations that could not be deleted.
    pub failed_deletions: u32,
    /// New canned responses that got 412.
    pub failed_preconditions: u32,
}

/// An OAuth client.
#[derive(Clone, Debug, Serialize)]
pub struct OAuthClient {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its secret.
    #[serde(serialize_with = "masked")]
    pub secret: Secret,
    /// How long its tokens work.
    pub token_seconds: u32,
    /// What its roles allow.
    pub permissions: BTreeSet<String>,
    /// Whether it was switched off.
    pub inactive: bool,
}

/// A token that was handed out.
#[derive(Clone, Debug, Serialize)]
pub struct IssuedToken {
    /// The token itself.
    #[serde(serialize_with = "masked")]
    pub value: Secret,
    /// The id of its client.
    pub client: String,
    /// When it ends.
    pub expires: Timestamp,
    /// Whether it was given back.
    pub revoked: bool,
    /// When the present minute began, and the calls in it.
    #[serde(skip)]
    pub minute: Option<(Timestamp, u32)>,
}

/// A flow of Architect.
#[derive(Clone, Debug, Serialize)]
pub struct MessageFlow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type; messages go to `INBOUNDSHORTMESSAGE` only.
    pub kind: String,
    /// Whether it was published.
    pub published: bool,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// The type of flow that messages can be routed to.
pub const MESSAGE_FLOW: &str = "INBOUNDSHORTMESSAGE";

/// A WhatsApp integration.
#[derive(Clone, Debug, Serialize)]
pub struct Integration {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The number it is for. It is shown once it was active.
    pub phone: Option<Phone>,
    /// The account that number is on.
    pub waba: WabaId,
    /// How it came to be.
    pub signup: SignupVersion,
    /// `version`.
    pub version: u64,
    /// `status`.
    pub status: IntegrationStatus,
    /// `createStatus`.
    pub create_status: CreateStatus,
    /// `createError`.
    pub create_error: Option<Value>,
    /// `activationErrorInfo`.
    pub activation_error: Option<Value>,
    /// Whether it was ever active.
    pub was_active: bool,
    /// Whether an activation is under way.
    #[serde(skip)]
    pub is_activating: bool,
    /// The PIN of the activation under way.
    #[serde(skip)]
    pub pin: Option<Secret>,
    /// What Meta said to the activation under way: the error, if it is one.
    #[serde(skip)]
    pub outcome: Option<Result<(), Value>>,
    /// `supportedContent`.
    pub supported_content: Option<String>,
    /// `messagingSetting`.
    pub messaging_setting: Option<String>,
    /// Whether contacts are looked up, and in which division.
    pub identity: Value,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed.
    pub modified: Timestamp,
    /// When a read begins to find it.
    pub found_from: Timestamp,
    /// When lists begin to show it.
    pub listed_from: Timestamp,
    /// Properties that are shown as they stand here, over what would be shown; null leaves one out.
    pub raw: Map<String, Value>,
}

impl Integration {
    /// Changes `status`. What the world file said of it is over.
    pub fn turn(&mut self, status: IntegrationStatus, now: Timestamp) {
        self.status = status;
        self.raw.remove("status");
        self.touch(now);
    }

    /// Counts a change.
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.modified = now;
    }

    /// Returns whether something that is there since a certain state is there.
    pub fn is_since(&self, since: Since) -> bool {
        match since {
            Since::Create => true,
            Since::Completed => self.create_status == CreateStatus::Completed,
            Since::Active => self.was_active,
        }
    }
}

/// Where messages of an integration go.
#[derive(Clone, Debug, Serialize)]
pub struct Recipient {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its integration.
    pub integration: String,
    /// `messengerType`.
    pub channel: String,
    /// The id of its flow.
    pub flow: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed.
    pub modified: Timestamp,
}

/// A finished popup whose token waits for an integration.
#[derive(Clone, Debug)]
pub struct Signup {
    /// The token.
    pub token: Secret,
    /// The account that was chosen.
    pub waba: WabaId,
    /// The number that was chosen.
    pub phone: Phone,
    /// Whether an integration was made of it.
    pub used: bool,
    /// When it ends.
    pub expires: Timestamp,
}

/// Somebody who finishes popups in the user interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Admin {
    /// How many minutes they take.
    pub minutes: u32,
    /// The account they were told to choose for numbers that wait nowhere.
    pub waba: Option<WabaId>,
}

/// Raw JSON objects with ids, in the order they came.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Shelf(pub Vec<Value>);

impl Shelf {
    /// Returns the object with that id.
    pub fn get(&self, id: &str) -> Option<&Value> {
        self.0.iter().find(|object| object["id"] == id)
    }

    /// Returns the object with that id.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|object| object["id"] == id)
    }

    /// Returns the object with that id or, where there is none, that name.
    pub fn find(&self, id_or_name: &str) -> Option<&Value> {
        let named = || self.0.iter().find(|object| object["name"] == id_or_name);
        self.get(id_or_name).or_else(named)
    }

    /// Removes the object with that id.
    pub fn remove(&mut self, id: &str) {
        self.0.retain(|object| object["id"] != id);
    }
}

/// An object that is not found at once.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Its id.
    pub id: String,
    /// When a read begins to find it.
    pub found_from: Timestamp,
    /// When lists begin to show it.
    pub listed_from: Timestamp,
}

/// What a search finds: it learns of writes late.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// What it knows.
    pub known: Shelf,
    /// What it will know, and when; nothing for what was deleted.
    pub coming: Vec<(Timestamp, String, Option<Value>)>,
}

impl Index {
    /// Learns what is due.
    pub fn learn(&mut self, now: Timestamp) {
        let coming = std::mem::take(&mut self.coming);
        let (due, later) = coming.into_iter().partition(|(at, ..)| *at <= now);
        self.coming = later;
        for (_, id, object) in due {
            match (self.known.get_mut(&id), object) {
                (Some(known), Some(object)) => *known = object,
                (None, Some(object)) => self.known.0.push(object),
                (_, None) => self.known.remove(&id),
            }
        }
    }
}

impl Organization {
    /// Makes an organization with nothing in it but a WhatsApp product.
    pub fn empty(world: &mut World, name: &str, region: &str) -> Self {
        Self {
            id: world.invent_uuid(),
            name: name.to_owned(),
            region: region.to_owned(),
            products: ["messagingPlatformWhatsApp".to_owned()].into(),
            user: world.invent_uuid(),
            division: world.invent_uuid(),
            clients: Vec::new(),
            tokens: Vec::new(),
            flows: Vec::new(),
            integrations: Vec::new(),
            channels: Shelf::default(),
            recipients: Vec::new(),
            supported_content: Shelf::default(),
            messaging_settings: Shelf::default(),
            queues: Shelf::default(),
            campaigns: Shelf::default(),
            rule_sets: Shelf::default(),
            libraries: Shelf::default(),
            responses: Shelf::default(),
            index: Index::default(),
            fresh: Vec::new(),
            ghosts: Vec::new(),
            signups: Vec::new(),
            payment_lines: BTreeSet::new(),
            admin: None,
            switches: GenesysSwitches::default(),
            tally: Tally::default(),
        }
    }

    /// Notes that an object is new.
    pub fn appears(&mut self, world: &World, id: &str) {
        self.fresh.push(Fresh {
            id: id.to_owned(),
            found_from: world.after_ms(self.switches.read_lag_ms),
            listed_from: world.after_ms(self.switches.list_lag_ms),
        });
    }

    /// Returns an integration, however new it is.
    pub fn integration(&self, id: &str) -> Option<&Integration> {
        self.integrations.iter().find(|it| it.id == id)
    }

    /// Returns an integration, however new it is.
    pub fn integration_mut(&mut self, id: &str) -> Option<&mut Integration> {
        self.integrations.iter_mut().find(|it| it.id == id)
    }

    /// Returns the integrations of a number, those that are being deleted among them.
    pub fn integrations_of<'a>(
        &'a self,
        phone: &'a Phone,
    ) -> impl Iterator<Item = &'a Integration> {
        let is_meant = move |it: &&Integration| it.phone.as_ref() == Some(phone);
        self.integrations.iter().filter(is_meant)
    }

    /// Returns the recipient with that id.
    pub fn recipient(&self, id: &str) -> Option<&Recipient> {
        self.recipients.iter().find(|it| it.id == id)
    }

    /// Returns the recipient of an integration.
    pub fn recipient_of(&self, integration: &str) -> Option<&Recipient> {
        let is_meant = |it: &&Recipient| it.integration == integration;
        self.recipients.iter().find(is_meant)
    }

    /// Returns a flow by its id or its name.
    pub fn flow(&self, id_or_name: &str) -> Option<&MessageFlow> {
        let with_id = self.flows.iter().find(|flow| flow.id == id_or_name);
        with_id.or_else(|| self.flows.iter().find(|flow| flow.name == id_or_name))
    }
}

/// Where the API finds WhatsApp integrations.
pub const INTEGRATIONS: &str = "/api/v2/conversations/messaging/integrations/whatsapp";

/// Returns a reference as most answers have it.
pub fn reference(folder: &str, id: &str) -> Value {
    json!({"id": id, "selfUri": format!("{folder}/{id}")})
}

/// Returns a moment as the API writes it.
pub fn stamp(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

impl World {
    /// Returns a new id as Genesys Cloud makes them.
    pub fn invent_uuid(&mut self) -> String {
        let hex = format!("{:016x}{:016x}", self.invent(), self.invent());
        let (a, b, c, d) = (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20]);
        format!("{a}-{b}-4{c}-a{d}-{}", &hex[20..32])
    }

    /// Returns the moment so many milliseconds from now.
    pub fn after_ms(&self, milliseconds: u32) -> Timestamp {
        let delay = SignedDuration::from_millis(milliseconds.into());
        self.now.checked_add(delay).unwrap_or(Timestamp::MAX)
    }

    /// Does something with the world and its organization; nothing when it has none.
    pub fn in_genesys<T>(
        &mut self,
        act: impl FnOnce(&mut Self, &mut Organization) -> T,
    ) -> Option<T> {
        let mut organization = self.genesys.take()?;
        let outcome = act(self, &mut organization);
        self.genesys = Some(organization);
        Some(outcome)
    }
}

fn masked<S: Serializer>(_: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("***")
}
