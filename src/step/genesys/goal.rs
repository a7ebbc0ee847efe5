//! What the new integration of a number is to be: what the plan says, else what the old one was.
//!
//! Once a run has come to its end with it, what was carried over is the organization's own again: only
//! what the plan names is compared from then on, and that nothing refers to the old integration.

use serde_json::{Map, Value, json};

use super::Subject;
use crate::{
    field::FieldChange,
    finding::{Finding, Severity, Who},
    ids::{
        Address, ArchitectFlowId, CampaignId, MessagingSettingId, QueueId, RecipientId, RuleSetId,
        SupportedContentId,
    },
    plan::MessageFlow,
    resource::genesys::{
        campaign::{Campaign, CampaignStatus},
        identity::IdentityResolution,
        integration::Integration,
        queue::Queue,
        rule_set::RuleSet,
    },
    snapshot::{
        Snapshot,
        former::Former,
        organization::{NoFlow, Organization},
    },
};

/// What a new integration is to be.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    /// The old one; `None`: nobody knows of one.
    pub(super) former: Option<Former>,
    /// Its name.
    pub(super) name: Option<String>,
    /// Where its messages are to go; `None`: where they go.
    pub(super) flow: Option<ArchitectFlowId>,
    pub(super) supported_content: Option<SupportedContentId>,
    pub(super) messaging_setting: Option<MessagingSettingId>,
    pub(super) identity: Option<Map<String, Value>>,
    pauses_campaigns: bool,
    /// Whether a run has come to its end with it.
    is_settled: bool,
}

impl Goal {
    pub(super) fn of(
        subject: &Subject,
        seen: &Snapshot,
        address: &Address,
    ) -> Result<Self, Box<Finding>> {
        let former = subject.former(seen)?;
        let is_settled = seen.history.done.contains(address);
        let carried = former.as_ref().filter(|_| !is_settled);
        let named = subject.wanted.integration_name.clone();
        let flow = match &subject.wanted.flow {
            MessageFlow::Named(word) => Some(named_flow(seen, word, address)?),
            MessageFlow::Keep => former.as_ref().and_then(|former| former.flow.clone()),
        };
        Ok(Self {
            name: named.or_else(|| carried.map(|former| former.name.clone())),
            flow,
            supported_content: carried.and_then(|former| former.supported_content.clone()),
            messaging_setting: carried.and_then(|former| former.messaging_setting.clone()),
            identity: carried.and_then(|former| former.identity.clone()),
            pauses_campaigns: subject.pauses_campaigns,
            is_settled,
            former,
        })
    }

    /// Returns whether the flow was chosen by the organization after all was settled, which is its
    /// right where the plan names none.
    fn flow_is_free(&self, subject: &Subject) -> bool {
        self.is_settled && subject.wanted.flow == MessageFlow::Keep
    }

    /// Returns the flow that the new integration's messages have to be led to. `None`: they go where
    /// they have to.
    pub(super) fn flow_to_set(
        &self,
        subject: &Subject,
        organization: &Organization,
        new: Option<&Integration>,
    ) -> Option<&ArchitectFlowId> {
        let wanted = self.flow.as_ref()?;
        let now = new.and_then(|new| organization.recipient_of(new)?.flow.as_ref());
        match now {
            Some(now) if now.id == *wanted || self.flow_is_free(subject) => None,
            _ => Some(wanted),
        }
    }

    /// Returns what of the integration itself is to be another.
    pub(super) fn settings(&self, new: Option<&Integration>) -> Vec<FieldChange> {
        let mut fields = Vec::new();
        let mut compare = |path: &str, now: Option<&str>, wanted: Option<&str>| {
            if let Some(wanted) = wanted.filter(|wanted| now != Some(*wanted)) {
                fields.push(FieldChange::new(path, now, wanted));
            }
        };
        compare("name", new.map(|new| &*new.name), self.name.as_deref());
        compare(
            "supportedContent",
            new.and_then(|new| Some(new.supported_content.as_ref()?.id.as_str())),
            self.supported_content
                .as_ref()
                .map(SupportedContentId::as_str),
        );
        compare(
            "messagingSetting",
            new.and_then(|new| Some(new.messaging_setting.as_ref()?.id.as_str())),
            self.messaging_setting
                .as_ref()
                .map(MessagingSettingId::as_str),
        );
        fields
    }

    /// Returns how contacts are to be found, where that is another way than they are.
    pub(super) fn identity_to_set(
        &self,
        organization: &Organization,
        new: Option<&Integration>,
    ) -> Option<&Map<String, Value>> {
        let wanted = self.identity.as_ref()?;
        let now = new.and_then(|new| organization.identities.get(&new.id)?.present());
        let now = now.and_then(IdentityResolution::settings);
        (now.as_ref() != Some(wanted)).then_some(wanted)
    }

    /// Returns the queues that send from the old integration, and those whose address went with it.
    pub(super) fn queues<'a>(
        &'a self,
        organization: &'a Organization,
    ) -> impl Iterator<Item = &'a Queue> {
        let queues = organization.queues.present().into_iter().flatten();
        queues.filter(|queue| self.sends_from_old(queue))
    }

    /// Returns whether a queue has to send from the new integration instead.
    pub(super) fn sends_from_old(&self, queue: &Queue) -> bool {
        let Some(former) = &self.former else {
            return false;
        };
        match queue.recipient() {
            Some(now) => former.recipient.as_ref().map(RecipientId::as_str) == Some(now),
            None => !self.is_settled && former.queues.contains(&queue.id),
        }
    }

    /// Returns the campaigns that send from the old integration, unless they are to be left alone.
    pub(super) fn campaigns<'a>(
        &'a self,
        organization: &'a Organization,
    ) -> impl Iterator<Item = &'a Campaign> {
        let old = self
            .former
            .as_ref()
            .map(|former| former.integration.as_str());
        let old = old.filter(|_| self.pauses_campaigns);
        let campaigns = organization.campaigns.present().into_iter().flatten();
        campaigns.filter(move |one| old.is_some() && one.integration() == old)
    }

    /// Returns the rule sets that choose the old integration.
    pub(super) fn rule_sets<'a>(
        &'a self,
        organization: &'a Organization,
    ) -> impl Iterator<Item = &'a RuleSet> {
        let old = self
            .former
            .as_ref()
            .map(|former| former.integration.as_str());
        let rule_sets = organization.rule_sets.present().into_iter().flatten();
        rule_sets.filter(move |rules| old.is_some_and(|old| rules.integrations().contains(&old)))
    }

    /// Returns the campaigns that were on before the number was released, and are not.
    pub(super) fn to_restart<'a>(
        &'a self,
        organization: &'a Organization,
    ) -> impl Iterator<Item = &'a Campaign> {
        let former = self
            .former
            .as_ref()
            .filter(|_| self.pauses_campaigns && !self.is_settled);
        let was_on = move |id: &CampaignId| {
            let mut known = former.into_iter().flat_map(|former| &former.campaigns);
            known.any(|known| known.id == *id && known.was_on)
        };
        let campaigns = organization.campaigns.present().into_iter().flatten();
        campaigns.filter(move |one| was_on(&one.id) && has_stopped(one))
    }

    /// Returns everything that differs from what is wanted.
    pub(super) fn missing(
        &self,
        subject: &Subject,
        organization: &Organization,
        new: Option<&Integration>,
    ) -> Vec<FieldChange> {
        let state = new.map(Integration::status_word);
        let mut fields = Vec::new();
        if !new.is_some_and(Integration::is_active) {
            fields.push(FieldChange::new("status", state, "Active"));
        }
        fields.extend(self.settings(new));
        if let Some(wanted) = self.identity_to_set(organization, new) {
            let now = new.and_then(|new| organization.identities.get(&new.id)?.present());
            let now = now.and_then(IdentityResolution::settings);
            fields.push(FieldChange::new(
                "identityResolution",
                json!(now),
                json!(wanted),
            ));
        }
        if let Some(flow) = self.flow_to_set(subject, organization, new) {
            let now = new.and_then(|new| organization.recipient_of(new)?.flow.as_ref());
            let now = now.map(|flow| flow_label(organization, &flow.id));
            fields.push(FieldChange::new(
                "flow",
                now,
                flow_label(organization, flow),
            ));
        }
        let new_one = new.map_or("the new integration".to_owned(), |new| new.id.to_string());
        for queue in self.queues(organization) {
            let path = format!("queues[{}]", label(&queue.name, queue.id.as_str()));
            let recipient = new.and_then(|new| new.recipient.as_ref());
            let recipient = recipient.map_or("its recipient", |one| one.id.as_str());
            fields.push(FieldChange::new(&path, queue.recipient(), recipient));
        }
        let old = self
            .former
            .as_ref()
            .map(|former| former.integration.as_str());
        let mut repoint = |kind: &str, name: &str, id: &str| {
            let path = format!("{kind}[{}]", label(name, id));
            fields.push(FieldChange::new(&path, old, new_one.as_str()));
        };
        for campaign in self.campaigns(organization) {
            repoint("campaigns", &campaign.name, campaign.id.as_str());
        }
        for rules in self.rule_sets(organization) {
            repoint("digitalrulesets", &rules.name, rules.id.as_str());
        }
        for campaign in self.to_restart(organization) {
            let path = format!(
                "campaigns[{}].campaignStatus",
                label(&campaign.name, campaign.id.as_str())
            );
            let now = campaign.status_word();
            fields.push(FieldChange::new(&path, now, CampaignStatus::On.as_str()));
        }
        fields
    }

    /// Returns the ids of everything that refers to the old integration.
    pub(super) fn holders(
        &self,
        organization: &Organization,
    ) -> (Vec<QueueId>, Vec<CampaignId>, Vec<RuleSetId>) {
        let queues = self.queues(organization).map(|queue| queue.id.clone());
        let campaigns = self.campaigns(organization).map(|one| one.id.clone());
        let rule_sets = self.rule_sets(organization).map(|rules| rules.id.clone());
        (queues.collect(), campaigns.collect(), rule_sets.collect())
    }
}

/// Whether a campaign was stopped, and did not come to its own end.
pub(in crate::step) fn has_stopped(campaign: &Campaign) -> bool {
    matches!(
        campaign.status,
        Some(CampaignStatus::Off | CampaignStatus::Invalid | CampaignStatus::ForcedOff)
    )
}

/// A name with the id that tells it from others of that name.
pub(super) fn label(name: &str, id: &str) -> String {
    match name.is_empty() {
        true => id.to_owned(),
        false => format!("{name} ({id})"),
    }
}

fn flow_label(organization: &Organization, flow: &ArchitectFlowId) -> String {
    let mut known = organization
        .flows
        .values()
        .filter_map(|read| read.present());
    let name = known.find_map(|flows| flows.iter().find(|known| known.id == *flow));
    label(name.map_or("", |flow| &flow.name), flow.as_str())
}

fn named_flow(
    seen: &Snapshot,
    word: &str,
    address: &Address,
) -> Result<ArchitectFlowId, Box<Finding>> {
    const RULE: &str = "genesys-flow";
    let found = seen.organization.as_ref().map(|all| all.flow(word));
    let (message, hint) = match found {
        Some(Ok(flow)) => return Ok(flow.id.clone()),
        Some(Err(NoFlow::Unknown(why))) => {
            let message = format!("the message flow `{word}` cannot be read: {why}");
            let finding = Finding::unknown(RULE, Severity::Error, address, message);
            return Err(Box::new(
                finding.ask(Who::Us, "see what it says; then run it again"),
            ));
        }
        Some(Err(NoFlow::Several(count))) => (
            format!("{count} message flows are called `{word}`"),
            "write the flow's id into the plan instead of its name",
        ),
        None | Some(Err(NoFlow::Missing)) => (
            format!("Genesys Cloud has no message flow `{word}`"),
            "correct `genesys.flow` in the plan, or create and publish the flow in Architect",
        ),
    };
    let finding = Finding::fail(RULE, address, message)
        .ask(Who::Us, hint)
        .proof("GET /api/v2/flows?type=inboundshortmessage lists it");
    Err(Box::new(finding))
}
