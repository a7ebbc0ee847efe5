//! What is lost with a number's old integration: taken down before it is touched, and kept in the
//! journal, so that any later run can give it to the new one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::organization::Organization;
use crate::{
    ids::{
        Address, ArchitectFlowId, CampaignId, IntegrationId, MessagingSettingId, NumberStep,
        QueueId, RecipientId, RuleSetId, SupportedContentId,
    },
    journal::History,
    phone::Phone,
    resource::{
        Observed, Why,
        genesys::{identity::IdentityResolution, integration::Integration, queue::Queue},
    },
};

/// A [`Former`] is kept in the journal under this name.
pub const FORMER: &str = "integration";

/// The ids of all integrations that are there when a release begins are kept in the journal under this
/// name: whatever comes later is new.
pub const KNOWN: &str = "known_integrations";

/// What is lost with a number's old integration, kept before it is touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// The integration.
    pub integration: IntegrationId,
    /// Its name.
    pub name: String,
    /// Where its messages arrived.
    pub recipient: Option<RecipientId>,
    /// The flow they were routed to.
    pub flow: Option<ArchitectFlowId>,
    /// Which media it let through.
    pub supported_content: Option<SupportedContentId>,
    /// Its messaging setting.
    pub messaging_setting: Option<MessagingSettingId>,
    /// How contacts were found.
    pub identity: Option<Map<String, Value>>,
    /// The queues that sent from it.
    pub queues: Vec<QueueId>,
    /// The campaigns that sent from it, and whether each was on.
    pub campaigns: Vec<FormerCampaign>,
    /// The rule sets that name it.
    pub rule_sets: Vec<RuleSetId>,
}

/// A campaign that sent from an old integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerCampaign {
    /// Its id.
    pub id: CampaignId,
    /// Whether it was on.
    pub was_on: bool,
}

/// Returns what runs of this plan kept of a number's old integration.
pub fn kept_former(history: &History, phone: &Phone) -> Option<Former> {
    let step = Address::number(phone, NumberStep::GenesysRelease);
    let kept = history.kept(&step, FORMER)?;
    serde_json::from_value(kept.clone()).ok()
}

/// Returns which integrations were there when runs of this plan began to release a number's old one.
/// `None`: nobody knows.
pub fn kept_known(history: &History, phone: &Phone) -> Option<BTreeSet<IntegrationId>> {
    let step = Address::number(phone, NumberStep::GenesysRelease);
    let kept = history.kept(&step, KNOWN)?;
    serde_json::from_value(kept.clone()).ok()
}

/// Whether what was taken from a number's old integration was given back is kept under this name.
pub const PUT_BACK: &str = "put_back";

/// Returns whether the old integration has back what runs of this plan took from it.
pub fn was_put_back(history: &History, phone: &Phone) -> bool {
    let step = Address::number(phone, NumberStep::GenesysRelease);
    history.kept(&step, PUT_BACK) == Some(&Value::Bool(true))
}

impl Former {
    /// Takes over what an earlier run kept of the same integration and has taken from it since: the
    /// flow, and which campaigns were on. What is seen counts more.
    pub fn renewed(mut self, kept: Option<&Self>) -> Self {
        let Some(kept) = kept.filter(|kept| kept.integration == self.integration) else {
            return self;
        };
        if self.flow.is_none() {
            self.flow.clone_from(&kept.flow);
        }
        for campaign in &mut self.campaigns {
            let mut known = kept.campaigns.iter();
            campaign.was_on |= known.any(|known| known.id == campaign.id && known.was_on);
        }
        self
    }
}

impl Organization {
    /// Takes down what would be lost with an integration. `Err`: why a part of it cannot be read, so
    /// that nobody knows what would be lost.
    pub fn former(
        &self,
        integration: &Integration,
        identity: &Observed<IdentityResolution>,
    ) -> Result<Former, Why> {
        let known = |why: Option<&Why>| why.map_or(Ok(()), |why| Err(why.clone()));
        known(self.recipients.unknown())?;
        known(self.queues.unknown())?;
        known(self.campaigns.unknown())?;
        known(self.rule_sets.unknown())?;
        known(identity.unknown())?;
        let id = &integration.id;
        let recipient = integration.recipient.as_ref().map(|one| one.id.clone());
        let queues = self.queues.present().into_iter().flatten();
        let sends_from = |queue: &&Queue| {
            recipient.is_some() && queue.recipient() == recipient.as_ref().map(RecipientId::as_str)
        };
        let campaigns = self.campaigns.present().into_iter().flatten();
        let rule_sets = self.rule_sets.present().into_iter().flatten();
        let flow = self.recipient_of(integration);
        let mut former = Former {
            integration: id.clone(),
            name: integration.name.clone(),
            flow: flow.and_then(|one| Some(one.flow.as_ref()?.id.clone())),
            supported_content: integration
                .supported_content
                .as_ref()
                .map(|one| one.id.clone()),
            messaging_setting: integration
                .messaging_setting
                .as_ref()
                .map(|one| one.id.clone()),
            identity: identity.present().and_then(IdentityResolution::settings),
            queues: queues
                .filter(sends_from)
                .map(|queue| queue.id.clone())
                .collect(),
            campaigns: campaigns
                .filter(|campaign| campaign.integration() == Some(id.as_str()))
                .map(|campaign| FormerCampaign {
                    id: campaign.id.clone(),
                    was_on: campaign.is_on(),
                })
                .collect(),
            rule_sets: rule_sets
                .filter(|rules| rules.integrations().contains(&id.as_str()))
                .map(|rules| rules.id.clone())
                .collect(),
            recipient,
        };
        // The API promises no order, and the same world is told in the same words.
        former.queues.sort();
        former.campaigns.sort_by(|one, two| one.id.cmp(&two.id));
        former.rule_sets.sort();
        Ok(former)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OURS: &str = "+49 30 901820";

    fn organization(parts: &Value) -> Organization {
        fn all<T: serde::de::DeserializeOwned>(parts: &Value, name: &str) -> Observed<Vec<T>> {
            let list = parts.get(name).cloned().unwrap_or_else(|| json!([]));
            Observed::Present(serde_json::from_value(list).unwrap())
        }
        Organization {
            token: Observed::Absent,
            products: Observed::Absent,
            integrations: all(parts, "integrations"),
            recipients: all(parts, "recipients"),
            queues: all(parts, "queues"),
            campaigns: all(parts, "campaigns"),
            rule_sets: all(parts, "rule_sets"),
            responses: all(parts, "responses"),
            identities: std::collections::BTreeMap::new(),
            flows: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn everything_that_names_the_old_integration_is_taken_down() {
        let recipient = |id: &str| json!({"outboundMessagingAddresses": {"whatsAppRecipient": {"id": id}}, "id": format!("q-{id}"), "name": "q"});
        let campaign = |id: &str, status: &str, integration: &str| {
            json!({"id": id, "name": id, "campaignStatus": status, "version": 3,
            "whatsAppConfig": {"whatsAppIntegration": {"id": integration}}})
        };
        let rules = |id: &str, integration: &str| json!({"id": id, "name": id, "version": 1, "rules": [{"actions": [{"setWhatsAppIntegrationActionSettings": {"whatsAppIntegrationId": integration}}]}]});
        let seen = organization(&json!({
            "integrations": [{"id": "i", "name": "Berlin", "phoneNumber": OURS, "status": "Active",
                "recipient": {"id": "r"}, "supportedContent": {"id": "webMessagingDefault"}}],
            "recipients": [{"id": "r", "name": "Berlin", "flow": {"id": "f", "name": "Inbound"}}, {"id": "other", "name": "x"}],
            "queues": [recipient("r"), recipient("other"), {"id": "q0", "name": "none"}],
            "campaigns": [campaign("c1", "on", "i"), campaign("c2", "off", "i"), campaign("c3", "on", "j")],
            "rule_sets": [rules("s1", "i"), rules("s2", "j")],
        }));
        let integrations = seen.integrations.present().unwrap();
        let identity =
            json!({"id": "i", "resolveIdentities": true, "division": {"id": "d", "name": "Home"}});
        let identity = Observed::Present(serde_json::from_value(identity).unwrap());
        let former = seen.former(&integrations[0], &identity).unwrap();
        assert_eq!(
            serde_json::to_value(&former).unwrap(),
            json!({"integration": "i", "name": "Berlin", "recipient": "r", "flow": "f",
                "supported_content": "webMessagingDefault", "messaging_setting": null,
                "identity": {"resolveIdentities": true, "division": {"id": "d"}},
                "queues": ["q-r"],
                "campaigns": [{"id": "c1", "was_on": true}, {"id": "c2", "was_on": false}],
                "rule_sets": ["s1"]})
        );
        let again: Former = serde_json::from_value(serde_json::to_value(&former).unwrap()).unwrap();
        assert_eq!(again, former);
    }

    #[test]
    fn what_cannot_be_read_is_not_nothing() {
        let mut seen = organization(&json!({"integrations": [{"id": "i", "name": "x"}]}));
        let why = Why {
            reason: "missing routing:queue:view".into(),
            said: String::new(),
            trouble: crate::resource::Trouble::Credential,
            lacks: Vec::new(),
        };
        seen.queues = Observed::Unknown(why.clone());
        let one = seen.integrations.present().unwrap()[0].clone();
        assert_eq!(seen.former(&one, &Observed::Absent), Err(why.clone()));
        assert_eq!(seen.unknown().collect::<Vec<_>>(), [&why]);
    }
}
