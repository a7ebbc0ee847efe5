//! How a number stands in Genesys Cloud: which integration holds it, and whether anybody hears it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    ids::WabaId,
    phone::Phone,
    resource::genesys::integration::{Integration, IntegrationStatus},
    snapshot::{Snapshot, former::kept_former, organization::Organization},
};

/// A number in Genesys Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GenesysStatus {
    /// All in one word.
    pub standing: GenesysStanding,
    /// Its integration of the account that it leaves; `null` when there is none (any more).
    pub old: Option<IntegrationState>,
    /// Its integration of the account that receives it.
    pub new: Option<IntegrationState>,
}

/// Who hears a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GenesysStanding {
    /// Its old integration leads messages to a flow.
    Old,
    /// Nobody: runs of this plan have begun to release it, and it is not attached again.
    Silent,
    /// Its new integration is active and leads messages to a flow.
    New,
    /// It has an integration, but its messages go nowhere, or it is not active.
    Unrouted,
    /// Several integrations claim it.
    Contested,
    /// It is not used there.
    Absent,
    /// The organization could not be read.
    Unknown,
}

/// An integration, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IntegrationState {
    /// Its id: callers outside of Genesys Cloud name it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `status`, in the API's words.
    pub status: String,
    /// The flow that its messages go to, by name, or by id where the name is not shown.
    pub flow: Option<String>,
}

impl GenesysStatus {
    /// Returns how a number stands that is used there.
    pub(super) fn of(target: &WabaId, phone: &Phone, seen: &Snapshot) -> Option<Self> {
        let organization = seen.organization.as_ref()?;
        let alone = |standing| Self {
            standing,
            old: None,
            new: None,
        };
        let Ok(found) = seen.integrations(target, phone) else {
            return Some(alone(GenesysStanding::Unknown));
        };
        let state = |one: Option<&Integration>| one.map(|one| state(organization, one));
        let (old, new) = (found.staying(), found.new.first().copied());
        let heard = |one: Option<&Integration>| one.is_some_and(|one| is_heard(organization, one));
        let has_begun = kept_former(&seen.history, phone).is_some();
        let standing = match (old, new) {
            _ if found.is_contested() => GenesysStanding::Contested,
            _ if heard(new) => GenesysStanding::New,
            _ if heard(old) => GenesysStanding::Old,
            _ if has_begun => GenesysStanding::Silent,
            (None, None) => GenesysStanding::Absent,
            _ => GenesysStanding::Unrouted,
        };
        Some(Self {
            standing,
            old: state(old),
            new: state(new),
        })
    }
}

fn is_heard(organization: &Organization, one: &Integration) -> bool {
    let recipient = organization.recipient_of(one);
    let leaves = one.status == Some(IntegrationStatus::Deleting);
    one.is_active() && !leaves && recipient.is_some_and(|recipient| recipient.flow.is_some())
}

fn state(organization: &Organization, one: &Integration) -> IntegrationState {
    let flow = organization
        .recipient_of(one)
        .and_then(|one| one.flow.as_ref());
    IntegrationState {
        id: one.id.to_string(),
        name: one.name.clone(),
        status: one.status_word().to_owned(),
        flow: flow.map(|flow| flow.name.clone().unwrap_or_else(|| flow.id.to_string())),
    }
}
