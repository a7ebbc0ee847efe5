//! What was seen of a Genesys Cloud organization, and which of it belongs to a number.
//!
//! A number gets a new integration, with new ids, by every signup. The old one is told from the new
//! one by the account at Meta; where the API does not show that, by what runs of this plan kept
//! ([`Former`]), and by where the number is registered. Never by name.

use futures_util::future::{join, join_all};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    api::{CallError, genesys::Reader},
    ids::{
        ArchitectFlowId, CampaignId, IntegrationId, MessagingSettingId, QueueId, RecipientId,
        RuleSetId, SupportedContentId, WabaId,
    },
    phone::Phone,
    resource::{
        Observed, Why,
        genesys::{
            campaign::Campaign,
            identity::IdentityResolution,
            integration::{Integration, IntegrationStatus},
            library::Library,
            organization::{Products, TokenOf},
            queue::Queue,
            recipient::Recipient,
            response::Response,
            rule_set::RuleSet,
        },
    },
};

/// Everything of an organization that a migration touches or looks at.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Whose token it is.
    pub token: Observed<TokenOf>,
    /// What the organization has bought.
    pub products: Observed<Products>,
    /// Its WhatsApp integrations.
    pub integrations: Observed<Vec<Integration>>,
    /// Where their messages arrive.
    pub recipients: Observed<Vec<Recipient>>,
    /// All queues.
    pub queues: Observed<Vec<Queue>>,
    /// All WhatsApp campaigns.
    pub campaigns: Observed<Vec<Campaign>>,
    /// All digital rule sets.
    pub rule_sets: Observed<Vec<RuleSet>>,
    /// The canned responses of all libraries that hold WhatsApp templates.
    pub responses: Observed<Vec<Response>>,
}

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

/// The integrations of one number. More than one of a kind is for a person to clear up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Integrations<'a> {
    /// Those of the account it leaves.
    pub old: Vec<&'a Integration>,
    /// Those of the account that receives it.
    pub new: Vec<&'a Integration>,
}

/// What tells the old integrations of a number from the new ones.
#[derive(Clone, Copy, Debug)]
pub struct Marks<'a> {
    /// The account that receives the number.
    pub target: &'a WabaId,
    /// The integration that runs of this plan have begun to release.
    pub released: Option<&'a IntegrationId>,
    /// Whether the number is registered on the target at Meta.
    pub is_registered: bool,
}

impl Organization {
    /// Reads everything. Never fails: what could not be read is [`Observed::Unknown`].
    pub async fn observe(reader: &Reader) -> Self {
        let token = async { reader.get(&TokenOf::me()).await.into() };
        let products = async { reader.get(&Products::read()).await.into() };
        let integrations = async { reader.list(&Integration::list()).await.into() };
        let recipients = async { reader.list(&Recipient::list()).await.into() };
        let queues = async { reader.list(&Queue::list()).await.into() };
        let campaigns = async { reader.list(&Campaign::list()).await.into() };
        let rule_sets = async { reader.list(&RuleSet::list()).await.into() };
        let responses = async { responses(reader).await.into() };
        let ((token, products), (integrations, recipients)) =
            join(join(token, products), join(integrations, recipients)).await;
        let ((queues, campaigns), (rule_sets, responses)) =
            join(join(queues, campaigns), join(rule_sets, responses)).await;
        Self {
            token,
            products,
            integrations,
            recipients,
            queues,
            campaigns,
            rule_sets,
            responses,
        }
    }

    /// Returns why parts of it could not be read.
    pub fn unknown(&self) -> impl Iterator<Item = &Why> {
        let Self {
            token,
            products,
            integrations,
            recipients,
            queues,
            campaigns,
            rule_sets,
            responses,
        } = self;
        [
            token.unknown(),
            products.unknown(),
            integrations.unknown(),
            recipients.unknown(),
            queues.unknown(),
            campaigns.unknown(),
            rule_sets.unknown(),
            responses.unknown(),
        ]
        .into_iter()
        .flatten()
    }

    /// Sorts the integrations of a number.
    pub fn integrations_of(
        &self,
        phone: &Phone,
        marks: Marks<'_>,
    ) -> Result<Integrations<'_>, &Why> {
        let all = match &self.integrations {
            Observed::Present(all) => all.as_slice(),
            Observed::Absent => &[],
            Observed::Unknown(why) => return Err(why),
        };
        let mut sorted = Integrations::default();
        for one in all {
            match marks.place(one, phone) {
                Some(Place::Old) => sorted.old.push(one),
                Some(Place::New) => sorted.new.push(one),
                None => {}
            }
        }
        Ok(sorted)
    }

    /// Returns the recipient of an integration, by what the integration says of it.
    pub fn recipient_of(&self, integration: &Integration) -> Option<&Recipient> {
        let id = &integration.recipient.as_ref()?.id;
        let mut recipients = self.recipients.present()?.iter();
        recipients.find(|recipient| recipient.id == *id)
    }

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
        Ok(Former {
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
        })
    }
}

/// Reads the canned responses of every library that holds WhatsApp templates, each once.
async fn responses(reader: &Reader) -> Result<Vec<Response>, CallError> {
    let libraries = reader.list(&Library::list()).await?;
    let lists = libraries.iter().map(|library| {
        let read = Response::list(&library.id);
        async move { reader.list(&read).await }
    });
    let mut all: Vec<Response> = Vec::new();
    for listed in join_all(lists).await {
        all.extend(listed?);
    }
    // One may be in several libraries.
    all.sort_by(|one, two| one.id.cmp(&two.id));
    all.dedup_by(|one, two| one.id == two.id);
    Ok(all)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Old,
    New,
}

impl Marks<'_> {
    /// Returns whether an integration is an old or a new one of the number. `None`: it is none of it.
    fn place(&self, one: &Integration, phone: &Phone) -> Option<Place> {
        let is_on_target = one.waba.as_deref() == Some(self.target.as_str());
        if !one.claims(phone) {
            // Every account that a signup has read offers all its numbers, the old account too, and
            // goes on to do so when another was chosen.
            let chosen = one.phone_number.as_deref().unwrap_or_default();
            let has_chosen = chosen.bytes().any(|byte| byte.is_ascii_digit());
            let is_offered = is_on_target && !has_chosen && one.offers(phone);
            return is_offered.then_some(Place::New);
        }
        Some(match (&one.waba, self.released) {
            (_, Some(released)) if *released == one.id => Place::Old,
            (Some(_), _) if is_on_target => Place::New,
            (Some(_), _) => Place::Old,
            // The one that was there is known, so this is another.
            (None, Some(_)) => Place::New,
            // As long as the number is not registered on the target, none there can be active.
            (None, None) if self.is_registered && one.is_active() => Place::New,
            (None, None) => Place::Old,
        })
    }
}

impl Integrations<'_> {
    /// Returns whether a person has to clear up first.
    pub fn is_contested(&self) -> bool {
        let leaves = |one: &&&Integration| one.status == Some(IntegrationStatus::Deleting);
        let staying = self.old.iter().filter(|one| !leaves(one)).count();
        staying > 1 || self.new.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OURS: &str = "+49 30 901820";

    fn integration(fields: Value) -> Integration {
        serde_json::from_value(fields).unwrap()
    }

    /// Sorts one integration: `old`, `new` or `none`.
    fn sorted(fields: Value, released: Option<&str>, is_registered: bool) -> &'static str {
        let target: WabaId = "20".parse().unwrap();
        let released: Option<IntegrationId> = released.map(|id| id.parse().unwrap());
        let marks = Marks {
            target: &target,
            released: released.as_ref(),
            is_registered,
        };
        match marks.place(&integration(fields), &OURS.parse().unwrap()) {
            Some(Place::Old) => "old",
            Some(Place::New) => "new",
            None => "none",
        }
    }

    #[test]
    fn old_and_new_are_told_apart_by_the_account() {
        let of = |waba: Value| json!({"id": "i", "name": "x", "phoneNumber": "4930901820", "status": "Active", "whatsAppBusinessAccountId": waba});
        assert_eq!(sorted(of(json!("10")), None, false), "old");
        assert_eq!(sorted(of(json!("10")), None, true), "old");
        assert_eq!(sorted(of(json!("20")), None, false), "new");
        // What a run has begun to release is the old one, whatever it says.
        assert_eq!(sorted(of(json!("20")), Some("i"), true), "old");
    }

    #[test]
    fn without_an_account_what_is_known_of_the_number_tells() {
        let of = |id: &str| json!({"id": id, "name": "x", "phoneNumber": "+49 30 901820", "status": "Active"});
        assert_eq!(sorted(of("i"), None, false), "old");
        assert_eq!(sorted(of("i"), None, true), "new");
        assert_eq!(sorted(of("i"), Some("i"), true), "old");
        assert_eq!(sorted(of("i"), Some("other"), false), "new");
    }

    #[test]
    fn an_offer_counts_on_the_target_alone() {
        let of = |waba: &str, phone: Value| {
            json!({"id": "i", "name": "x", "phoneNumber": phone, "status": "Incomplete",
            "whatsAppBusinessAccountId": waba,
            "availablePhoneNumbers": {"entities": [{"name": "A", "phoneNumber": OURS, "status": "PENDING"}]}})
        };
        assert_eq!(sorted(of("20", json!(null)), None, false), "new");
        assert_eq!(sorted(of("10", json!(null)), None, false), "none");
        // It has chosen another number.
        assert_eq!(sorted(of("20", json!("+4940123456")), None, false), "none");
    }

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
        };
        seen.queues = Observed::Unknown(why.clone());
        let one = seen.integrations.present().unwrap()[0].clone();
        assert_eq!(seen.former(&one, &Observed::Absent), Err(why.clone()));
        assert_eq!(seen.unknown().collect::<Vec<_>>(), [&why]);
    }

    #[test]
    fn two_of_a_kind_are_contested_unless_one_leaves() {
        let one =
            |id: &str, status: &str| integration(json!({"id": id, "name": "x", "status": status}));
        let (active, other, leaving) =
            (one("a", "Active"), one("b", "Error"), one("c", "Deleting"));
        let contested = |old: Vec<&Integration>, new: Vec<&Integration>| {
            Integrations { old, new }.is_contested()
        };
        assert!(!contested(vec![&active], vec![&other]));
        assert!(contested(vec![&active, &other], vec![]));
        assert!(!contested(vec![&active, &leaving], vec![]));
        assert!(contested(vec![], vec![&active, &other]));
    }
}
