//! What will be done: the ordered, reviewable list of changes computed from a plan and a snapshot.
//!
//! The JSON form is a promise: additions raise the minor of [`FORMAT_VERSION`], anything else the
//! major. It holds no clock and no run id, so the same plan and world give the same bytes.
//!
//! * [`mod@compute`]: from plan and snapshot.
//! * [`select`]: a part of it.
//! * [`sealed`]: as it is saved; [`approved`]: as it is read again, and judged.
//! * [`risk`]: what in it cannot be taken back, by name and amount.
//! * [`graph`]: the order of steps.
//! * [`undo`]: what is told of a change set that takes back.

pub mod approved;
pub mod compute;
pub mod graph;
pub mod risk;
pub mod sealed;
pub mod select;
pub mod undo;

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use approved::Approved;
pub use compute::{checked, compute, compute_part};
pub use graph::StepGraph;
pub use sealed::Sealed;
pub use select::{Choice, Selection};

use crate::{
    field::FieldChange,
    finding::Finding,
    ids::Address,
    inventory::{Inventory, flows::Flows},
    phone::Phone,
    plan::Window,
    step::{Action, Call, Gate, Phase, Undo},
};

/// Version of the change set's JSON form.
pub const FORMAT_VERSION: &str = "1.0";

/// Everything `apply` would do, in order.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChangeSet {
    /// Version of this format.
    pub format_version: &'static str,
    /// Which way it leads. Not there: the plan's way.
    #[serde(skip_serializing_if = "Direction::is_forward")]
    #[schemars(default)]
    pub direction: Direction,
    /// The plan it was computed from.
    pub plan: PlanRef,
    /// The WABA the numbers leave.
    pub source: AccountRef,
    /// The WABA that receives them.
    pub target: AccountRef,
    /// What stands in the way or deserves a look, worst first.
    pub findings: Vec<Finding>,
    /// One entry per step, in an order that respects every need.
    pub changes: Vec<ChangeEntry>,
    /// What becomes of every template of the source, where the plan asks for templates and both
    /// lists could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub templates: Option<Inventory>,
    /// The same for selected flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flows: Option<Flows>,
    /// The numbers of Genesys Cloud that nobody hears for a while.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub silent_periods: Vec<SilentPeriod>,
    /// What stays behind, and why; of an undo: what is not taken back.
    pub not_migrated: Vec<LeftBehind>,
    /// Of what it is a part, and what was left out. Not there: it is everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
    /// The sums.
    pub summary: Summary,
}

/// When nobody hears a number: its old integration in Genesys Cloud is gone, and its new one does not lead
/// messages to a flow yet. One number at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SilentPeriod {
    /// The number.
    #[schemars(with = "String")]
    pub number: Phone,
    /// The step it begins with; absent: it has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The step it ends with. In it, a person finishes the signup popup.
    pub until: String,
    /// How many minutes it lasts at most, if that person is there.
    pub minutes: i64,
}

/// Which way a change set leads. A reader that does not know one refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It does what the plan wants.
    #[default]
    Forward,
    /// It takes back what runs of the plan did.
    Undo,
}

impl Direction {
    /// Returns whether it does what the plan wants.
    pub fn is_forward(&self) -> bool {
        *self == Self::Forward
    }

    /// Returns what a change set that leads there is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forward => "Plan",
            Self::Undo => "Undo",
        }
    }
}

/// Names a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanRef {
    /// Its name.
    pub name: String,
    /// Where its file is, as seen from the change set's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// SHA-256 of its file, in hex; of all files where it names template files, with the media that
    /// they show.
    pub digest: String,
}

/// Names a WABA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccountRef {
    /// Its id.
    pub waba: String,
    /// Its name, if it could be read.
    pub name: Option<String>,
}

/// What one step would do.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChangeEntry {
    /// The step's stable name.
    pub address: String,
    /// The kind of step.
    pub kind: &'static str,
    /// Where it stands in the migration.
    pub phase: Phase,
    /// What kind of thing it is; `none` when there is nothing to do.
    pub action: Action,
    /// One imperative sentence.
    pub description: String,
    /// Why, or why not.
    pub reason: String,
    /// The steps that must have ended well before it.
    pub needs: Vec<String>,
    /// Whether it can be taken back.
    pub undo: Undo,
    /// Whether a finding stops it.
    pub blocked: bool,
    /// What it asks of a person, for a gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// When alone it may be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowRef>,
    /// What differs.
    pub fields: Vec<FieldChange>,
    /// The writes it will send.
    pub calls: Vec<Call>,
    /// What the decision rests on, thing by thing, as it was seen: `absent` where it was not there,
    /// `null` where it could not be seen so far. `apply` refuses a change of which something here is
    /// another now, or that rests on something that does not stand here.
    pub precondition: BTreeMap<String, Value>,
    /// What is lost with it, and what a later step needs of that. The journal keeps it too; where that
    /// is lost, this tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keeps: Option<Value>,
}

/// A window of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WindowRef {
    /// Its name.
    pub name: String,
    /// When it opens.
    #[schemars(with = "String")]
    pub from: jiff::Zoned,
    /// When it closes.
    #[schemars(with = "String")]
    pub to: jiff::Zoned,
    /// Its time zone, like `Europe/Berlin`.
    pub time_zone: String,
    /// The opening in words.
    pub opens: String,
    /// Both ends in words.
    pub span: String,
    /// How many minutes before it closes the last cut-over may begin.
    pub minutes: i64,
}

impl WindowRef {
    /// Takes a window for a cut-over that takes so long.
    pub fn of(window: &Window, takes: SignedDuration) -> Self {
        Self {
            name: window.name.clone(),
            from: window.from.clone(),
            to: window.to.clone(),
            time_zone: window.zone().to_owned(),
            opens: window.opens(),
            span: window.span(),
            minutes: takes.as_mins(),
        }
    }
}

/// Returns one change for every number that is cut over: the first of them, with which it begins.
fn cut_overs<'a>(changes: impl Iterator<Item = &'a ChangeEntry>) -> Vec<&'a ChangeEntry> {
    let mut numbers = BTreeSet::new();
    let all = changes.filter(|change| change.is_cut_over() && !change.blocked);
    all.filter(|change| numbers.insert(Address::read(&change.address).phone()))
        .collect()
}

/// Something that stays behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct LeftBehind {
    /// What.
    pub what: String,
    /// Why.
    pub reason: String,
}

/// The sums of a change set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Steps with something to do, gates and waits included.
    pub to_do: usize,
    /// Steps with nothing to do.
    pub done: usize,
    /// Steps that need a person.
    pub gates: usize,
    /// Steps that wait for Meta.
    pub waits: usize,
    /// Writes that will be sent.
    pub calls: usize,
    /// Changes that cannot be taken back.
    pub irreversible: usize,
    /// Steps that a finding stops.
    pub blocked: usize,
    /// When the first cut-over can be, in words, when each of them has to wait for a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest_cut_over: Option<String>,
    /// The most cut-overs that one run begins: `policy.max_cut_overs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cut_overs: Option<u64>,
}

impl ChangeSet {
    /// Returns whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.summary.to_do == 0
    }

    /// Returns the entries with something to do.
    pub fn to_do(&self) -> impl Iterator<Item = &ChangeEntry> {
        self.changes
            .iter()
            .filter(|change| change.action != Action::None)
    }
}

impl ChangeEntry {
    /// Returns whether it is part of moving a number's traffic: the register, or, of a number of Genesys
    /// Cloud, releasing its old integration and attaching the new one.
    pub fn is_cut_over(&self) -> bool {
        matches!(self.kind, "register" | "genesys_release" | "genesys_attach")
    }

    /// Returns whether there is no way back from it to how the number was.
    pub fn is_point_of_no_return(&self) -> bool {
        matches!(self.kind, "register" | "genesys_release") && !self.blocked
    }

    /// Returns whether running it cannot be taken back.
    pub fn is_irreversible(&self) -> bool {
        self.undo == Undo::No && self.action.writes()
    }
}
