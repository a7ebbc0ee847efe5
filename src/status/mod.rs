//! Where every number stands: its phase, its state on both sides, whom it waits for and since when.
//!
//! The types are here, in their JSON form; [`mod@compute`] fills them. The form is a promise:
//! additions raise the minor of [`FORMAT_VERSION`], anything else the major. Nothing here reads the
//! world or decides about it: that was done before, by the steps.

pub mod compute;
pub mod genesys;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub use compute::status;
pub use genesys::{GenesysStanding, GenesysStatus};

use crate::{
    changeset::{AccountRef, PlanRef, WindowRef},
    finding::Who,
    id_map::IdMap,
    inventory::{Inventory, flows::Flows},
    phone::Phone,
    plan::Opening,
    step::Action,
};

/// Version of the status's JSON form.
pub const FORMAT_VERSION: &str = "1.0";

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Status {
    /// Version of this format.
    pub format_version: &'static str,
    /// The plan.
    pub plan: PlanRef,
    /// The WABA the numbers leave.
    pub source: AccountRef,
    /// The WABA that receives them.
    pub target: AccountRef,
    /// When the world was looked at.
    pub seen_at: Timestamp,
    /// The sums.
    pub summary: Summary,
    /// One entry per number, in the plan's order.
    pub numbers: Vec<NumberStatus>,
    /// What is left to do for the accounts and their templates.
    pub steps: Vec<StepStatus>,
    /// The required templates.
    pub templates: TemplatesStatus,
    /// What becomes of every template of the source, where that can be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Inventory>,
    /// The same for selected flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flows: Option<Flows>,
    /// Old and new ids.
    pub map: IdMap,
    /// The migration intents, one per solution of the plan.
    pub intents: Vec<IntentStatus>,
}

/// The sums of a status. A number is done, ready, waiting or blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// All numbers.
    pub numbers: usize,
    /// Numbers that are live on the target.
    pub live: usize,
    /// Numbers with nothing left to do.
    pub done: usize,
    /// Numbers that `apply` would go on with now.
    pub ready: usize,
    /// Numbers that wait for somebody or something.
    pub waiting: usize,
    /// Numbers that a finding stops.
    pub blocked: usize,
}

/// Where one number stands.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NumberStatus {
    /// The number.
    #[schemars(with = "String")]
    pub phone: Phone,
    /// The name people see, if it could be read.
    pub name: Option<String>,
    /// How far it has come.
    pub phase: NumberPhase,
    /// Whether it can go on.
    pub turn: Turn,
    /// How it stands on the source.
    pub source: Side,
    /// How it stands on the target.
    pub target: Side,
    /// How it stands in Genesys Cloud, where it is used there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genesys: Option<GenesysStatus>,
    /// The address of the next thing to do; `null` when it is done.
    pub step: Option<String>,
    /// What kind of thing that is.
    pub action: Option<Action>,
    /// The same in one imperative sentence.
    pub next: Option<String>,
    /// What it waits for; `null` when it is done or ready.
    pub waiting: Option<Waiting>,
    /// When it may be cut over; `null` without a window, and after the register.
    pub window: Option<WindowStatus>,
    /// Register attempts, which Meta counts.
    pub attempts: AttemptsStatus,
}

/// How far a number has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NumberPhase {
    /// Nothing was done for it.
    NotStarted,
    /// No traffic is touched.
    Prepare,
    /// It is being proved.
    Verify,
    /// Its traffic moves.
    CutOver,
    /// It has moved; something follows.
    Settle,
    /// Nothing is left to do.
    Done,
}

/// Whether a number can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// A finding stops it.
    Blocked,
    /// It waits for somebody or something.
    Waiting,
    /// `apply` would go on with it now.
    Ready,
    /// Nothing is left to do.
    Done,
}

/// A number on one side. A field that is `null` on a side where the number is was not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Side {
    /// All in one word.
    pub standing: Standing,
    /// Its id on this side.
    pub phone_number_id: Option<String>,
    /// `status`, in the API's words.
    pub status: Option<String>,
    /// `platform_type`, in the API's words.
    pub platform_type: Option<String>,
    /// `code_verification_status`, in the API's words.
    pub code_verification_status: Option<String>,
}

/// How a number stands on one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It sends and receives.
    Live,
    /// It was registered, and is not CONNECTED.
    Registered,
    /// Its owner has proved it.
    Verified,
    /// It is there.
    Added,
    /// It is there, but neither live nor on its way.
    Offline,
    /// It is banned.
    Banned,
    /// It is not here any more, but on the target.
    MovedAway,
    /// It is not here.
    Absent,
    /// This side could not be read.
    Unknown,
}

/// What a number waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// For whom.
    #[serde(rename = "for")]
    pub party: Party,
    /// The number that has to be live first.
    #[schemars(with = "Option<String>")]
    pub number: Option<Phone>,
    /// For what.
    pub what: String,
    /// Since when; `null` when no run has begun to wait.
    pub since: Option<Timestamp>,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}

/// For whom or what a number waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The person who runs this program.
    Us,
    /// The owner of the source WABA.
    SourceOwner,
    /// The customer whose number it is.
    Customer,
    /// An administrator of the target's business portfolio.
    BusinessAdmin,
    /// An administrator of the Genesys Cloud organization.
    GenesysAdmin,
    /// Meta.
    Meta,
    /// Another number of the plan.
    Number,
    /// Its window.
    Window,
}

impl From<Who> for Party {
    fn from(who: Who) -> Self {
        match who {
            Who::Us => Self::Us,
            Who::SourceOwner => Self::SourceOwner,
            Who::Customer => Self::Customer,
            Who::BusinessAdmin => Self::BusinessAdmin,
            Who::GenesysAdmin => Self::GenesysAdmin,
            Who::Meta => Self::Meta,
        }
    }
}

/// A window, and whether it is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WindowStatus {
    /// The window.
    #[serde(flatten)]
    pub window: WindowRef,
    /// Where the moment of the look lies in it.
    pub opening: WindowOpening,
}

/// Where the moment of a look lies in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowOpening {
    /// The window is not open yet.
    Before,
    /// It is open.
    Open,
    /// It is open, but what is left of it is too short for a cut-over.
    TooShort,
    /// It is over.
    Over,
}

impl From<Opening> for WindowOpening {
    fn from(opening: Opening) -> Self {
        match opening {
            Opening::Before => Self::Before,
            Opening::Open => Self::Open,
            Opening::TooShort => Self::TooShort,
            Opening::Over => Self::Over,
        }
    }
}

/// The register attempts of a number in the last 72 hours, as far as the journal knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AttemptsStatus {
    /// Attempts that count.
    pub used: usize,
    /// Attempts that Meta allows.
    pub of: usize,
    /// When the next may be used; `null`: now.
    pub free_from: Option<Timestamp>,
}

/// The required templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TemplatesStatus {
    /// Whether nothing about them keeps a number from its cut-over.
    pub ready: bool,
    /// Where they stand, in words.
    pub what: String,
    /// Since when they are waited for; `null` when no run has begun to wait.
    pub since: Option<Timestamp>,
    /// Each template that is waited for, and since when runs have seen it wait.
    pub pending: BTreeMap<String, Timestamp>,
}

/// A step of the accounts or of a template with something left to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepStatus {
    /// The step.
    pub address: String,
    /// What kind of thing it is.
    pub action: Action,
    /// Why it is needed, or what it waited for when it was tried last.
    pub reason: String,
    /// Whether a finding stops it.
    pub blocked: bool,
    /// Since when it waits; `null` when no run has begun to wait.
    pub since: Option<Timestamp>,
}

/// A migration intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IntentStatus {
    /// The solution it leads to.
    pub solution: String,
    /// Its id; `null` when no run has set it.
    pub id: Option<String>,
    /// Its status in the API's words; `null` when it is not set or not shown.
    pub status: Option<String>,
}

impl Status {
    /// Returns the window that opens next for a number of the plan.
    pub fn next_window(&self) -> Option<&WindowStatus> {
        let windows = self
            .numbers
            .iter()
            .filter_map(|number| number.window.as_ref());
        windows
            .filter(|window| window.opening == WindowOpening::Before)
            .min_by_key(|window| window.window.from.timestamp())
    }
}
