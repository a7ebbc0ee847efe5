//! An account of the selected flows: what becomes of each, and what has to be set again by hand.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/flows/reference/flowsapi#migrate>

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    ids::{AccountStep, FlowId},
    plan,
    resource::flow::{Flow, Status},
    snapshot::Snapshot,
};

/// What becomes of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowFate {
    /// Will be copied.
    Copy,
    /// Is on the target.
    There,
    /// Meta refused to copy it.
    Failed,
    /// Cannot be copied.
    Skipped,
}

/// One flow of the source.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FlowItem {
    /// Its name: the key on both accounts.
    pub name: String,
    /// What becomes of it.
    pub fate: FlowFate,
    /// Why it does not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its id on the source.
    #[schemars(with = "String")]
    pub source_id: FlowId,
    /// `status` on the source.
    pub source_status: String,
    /// Its id on the target, once it is there.
    #[schemars(with = "Option<String>")]
    pub target_id: Option<FlowId>,
    /// `status` on the target, once it is there.
    pub target_status: Option<String>,
    /// The server that the source's flow asks for data.
    pub endpoint_uri: Option<String>,
    /// Whether the target's flow lacks that server.
    pub needs_endpoint: bool,
}

/// The selected flows, and what becomes of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Flows {
    /// Each of them, by name.
    pub flows: Vec<FlowItem>,
}

impl Flows {
    /// Takes stock. `None`: one of the two lists could not be read, or the plan copies no flows.
    pub fn of(plan: &plan::Flows, seen: &Snapshot) -> Option<Self> {
        let source = seen.source.flows.present()?;
        let target = seen.target.flows.present()?;
        let refused = seen.refused(AccountStep::FlowsCopy);
        let is_other_business = seen.same_business() == Some(false);
        let selected = source
            .values()
            .filter(|flow| plan.copy.iter().any(|glob| glob.matches(&flow.name)));
        let flows = selected.map(|flow| {
            let refused = refused.get(&flow.name);
            let verdict = match (target.get(&flow.name), refused) {
                (Some(_), _) => (FlowFate::There, None),
                (None, _) if is_other_business => (FlowFate::Skipped, Some(OTHER_BUSINESS)),
                (None, Some(reason)) => (FlowFate::Failed, Some(reason.as_str())),
                (None, None) => (FlowFate::Copy, None),
            };
            item(flow, target.get(&flow.name), verdict)
        });
        let flows: Vec<_> = flows.collect();
        (!plan.copy.is_empty()).then_some(Self { flows })
    }

    /// Returns the flows of one fate.
    pub fn with(&self, fate: FlowFate) -> impl Iterator<Item = &FlowItem> {
        self.flows.iter().filter(move |item| item.fate == fate)
    }
}

/// Why no flow can be copied.
const OTHER_BUSINESS: &str = "the accounts belong to different businesses, and Meta copies within one only; create it on the target by hand";

fn item(
    source: &Flow,
    target: Option<&Flow>,
    (fate, reason): (FlowFate, Option<&str>),
) -> FlowItem {
    FlowItem {
        name: source.name.clone(),
        fate,
        reason: reason.map(str::to_owned),
        source_id: source.id.clone(),
        source_status: source.status_word().to_owned(),
        target_id: target.map(|flow| flow.id.clone()),
        target_status: target.map(|flow| flow.status_word().to_owned()),
        endpoint_uri: source.endpoint_uri.clone(),
        needs_endpoint: source.endpoint_uri.is_some()
            && target.is_none_or(|flow| flow.endpoint_uri.is_none()),
    }
}

impl FlowItem {
    /// Returns what a person has to set again on the target, in words.
    pub fn to_set_again(&self) -> Vec<String> {
        let name = &self.name;
        let mut to_set = Vec::new();
        if let Some(endpoint) = self.endpoint_uri.as_deref().filter(|_| self.needs_endpoint) {
            to_set.push(format!("endpoint of {name} ({endpoint})"));
        }
        if self.endpoint_uri.is_some() {
            let key = "the public key (whatsapp_business_encryption) on every number that sends it";
            to_set.push(format!("{key}, for {name}"));
        }
        let published = Status::Published.as_str();
        let draft = self.target_status.as_deref() == Some(Status::Draft.as_str());
        if self.source_status == published && draft {
            to_set.push(format!("publish {name}: it is a DRAFT on the target"));
        }
        to_set
    }
}
