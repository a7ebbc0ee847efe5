//! What happens in the organization without a call: people in the user interface, and Genesys Cloud
//! itself.
//!
//! Nothing here answers anybody, so what cannot happen does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    integrations, life, objects,
    organization::{Integration, Organization, Shelf},
    popup::{self, Popup},
    words::{IntegrationStatus, SignupVersion},
};
use crate::{phone::Phone, sim::world::World};

/// Something that happens in the organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InGenesys {
    /// Somebody finishes the signup popup for a number; when that is refused, nothing happens.
    PopupFinished {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// The WABA's id.
        waba: String,
        /// The name of the integration; absent: the number's verified name.
        #[serde(default)]
        name: Option<String>,
        /// The version of the popup; absent: the organization's.
        #[serde(default)]
        signup: Option<SignupVersion>,
    },
    /// All tokens end.
    TokensExpired,
    /// The roles of all clients lose a permission.
    PermissionLost {
        /// The permission.
        permission: String,
    },
    /// The integrations of a number change their status.
    IntegrationStatus {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// `status` from now on.
        status: IntegrationStatus,
    },
    /// Somebody begins to delete the integrations of a number, with their routes.
    IntegrationDeleted {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
    },
    /// A second integration for a number is there, active like the first.
    IntegrationDuplicated {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
    },
    /// Somebody gives the recipients of a number another flow, or takes it.
    Routed {
        /// The number.
        #[schemars(with = "String")]
        phone: Phone,
        /// Name or id of the flow; absent: none from now on.
        #[serde(default)]
        flow: Option<String>,
    },
    /// Somebody deletes a flow; recipients keep it.
    FlowDeleted {
        /// Name or id of the flow.
        flow: String,
    },
    /// Somebody changes the description of a queue, campaign, rule set, library or canned response:
    /// its version is another.
    Edited {
        /// Its name or id.
        name: String,
    },
    /// A campaign changes its status.
    CampaignStatus {
        /// Its name or id.
        name: String,
        /// `campaignStatus` from now on.
        status: String,
    },
}

/// Lets something happen now.
pub(crate) fn happen(world: &mut World, org: &mut Organization, what: &InGenesys) {
    match what {
        InGenesys::PopupFinished {
            phone,
            waba,
            name,
            signup,
        } => {
            if let Ok(waba) = waba.parse() {
                let popup = Popup {
                    name: name.clone(),
                    version: *signup,
                    ..Popup::of(waba, phone.clone())
                };
                // A refusal has nobody to hear it.
                popup::finish(world, org, &popup).ok();
            }
        }
        InGenesys::TokensExpired => {
            let tokens = org.tokens.iter_mut();
            tokens.for_each(|token| token.expires = token.expires.min(world.now));
        }
        InGenesys::PermissionLost { permission } => {
            let clients = org.clients.iter_mut();
            clients.for_each(|client| {
                client.permissions.remove(permission);
            });
        }
        InGenesys::IntegrationStatus { phone, status } => {
            let now = world.now;
            each(org, phone, |it| it.turn(*status, now));
        }
        InGenesys::IntegrationDeleted { phone } => {
            route(org, phone, None);
            for id in ids(org, phone) {
                integrations::begin_deletion(world, org, &id);
            }
        }
        InGenesys::IntegrationDuplicated { phone } => duplicate(world, org, phone),
        InGenesys::Routed { phone, flow } => {
            let flow = flow.as_deref().and_then(|flow| org.flow(flow));
            let flow = flow.map(|flow| flow.id.clone());
            route(org, phone, flow);
        }
        InGenesys::FlowDeleted { flow } => {
            let flows = org.flows.iter_mut();
            flows
                .filter(|it| it.id == *flow || it.name == *flow)
                .for_each(|it| it.deleted = true);
        }
        InGenesys::Edited { name } => edit(world, org, name),
        InGenesys::CampaignStatus { name, status } => {
            if let Some(campaign) = org.campaigns.find(name).cloned() {
                let mut next = campaign.clone();
                next["campaignStatus"] = json!(status);
                objects::touch(&mut next, &campaign, world.now);
                replace(&mut org.campaigns, next);
            }
        }
    }
}

fn ids(org: &Organization, phone: &Phone) -> Vec<String> {
    let own = org.integrations_of(phone);
    own.map(|it| it.id.clone()).collect()
}

fn each(org: &mut Organization, phone: &Phone, change: impl FnMut(&mut Integration)) {
    let integrations = org.integrations.iter_mut();
    integrations
        .filter(|it| it.phone.as_ref() == Some(phone))
        .for_each(change);
}

fn route(org: &mut Organization, phone: &Phone, flow: Option<String>) {
    let own = ids(org, phone);
    let recipients = org.recipients.iter_mut();
    recipients
        .filter(|it| own.contains(&it.integration))
        .for_each(|it| it.flow.clone_from(&flow));
}

fn duplicate(world: &mut World, org: &mut Organization, phone: &Phone) {
    let Some(first) = org.integrations_of(phone).next().cloned() else {
        return;
    };
    let number = (first.waba.clone(), phone.clone());
    let name = format!("{} (2)", first.name);
    let id = integrations::add(world, org, number, name, first.signup);
    life::make_active(world, org, &id);
}

fn edit(world: &World, org: &mut Organization, name: &str) {
    let shelves = [
        &mut org.queues,
        &mut org.campaigns,
        &mut org.rule_sets,
        &mut org.libraries,
        &mut org.responses,
    ];
    for shelf in shelves {
        if let Some(object) = shelf.find(name).cloned() {
            let mut next = object.clone();
            next["description"] = json!("Somebody was here");
            objects::touch(&mut next, &object, world.now);
            replace(shelf, next);
        }
    }
}

fn replace(shelf: &mut Shelf, next: serde_json::Value) {
    let id = next["id"].as_str().unwrap_or_default().to_owned();
    if let Some(object) = shelf.get_mut(&id) {
        *object = next;
    }
}
