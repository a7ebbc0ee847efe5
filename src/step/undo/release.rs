//! Gives a number's old integration in Genesys Cloud back what a run took from it: its flow, and the
//! campaigns that were on. Only as long as that integration is there: what was deleted does not come back.
//!
//! In doubt: the recipient shows its flow, and a campaign its status; both may be sent again.

use serde_json::{Value, json};

use super::{
    super::{
        Action, Call, Change, Context, Decision, Outcome, StepError, StepKind,
        genesys::{give_back, has_lost_its_flow, has_stopped},
    },
    fresh, stays,
};
use crate::{
    ids::{Address, NumberStep, WabaId},
    phone::Phone,
    plan::{Number, Plan},
    preflight::genesys::unreadable,
    resource::genesys::{
        campaign::Campaign,
        integration::{Integration, IntegrationStatus},
    },
    snapshot::{
        Snapshot,
        former::{Former, PUT_BACK, kept_former},
        organization::Organization,
    },
};

/// Gives an old integration its flow and its campaigns back.
#[derive(Clone, Debug)]
pub struct GenesysReleaseUndo {
    phone: Phone,
    target: WabaId,
}

impl GenesysReleaseUndo {
    pub(super) fn of(plan: &Plan, number: &Number) -> Option<Self> {
        number.genesys.as_ref()?;
        Some(Self {
            phone: number.phone.clone(),
            target: plan.target.waba.clone(),
        })
    }

    /// What was taken from an integration that is still there.
    fn change(
        &self,
        seen: &Snapshot,
        organization: &Organization,
        old: &Integration,
        former: &Former,
    ) -> Option<Change> {
        let mut change = Change::new(
            Action::Update,
            "a run took its flow or paused its campaigns",
        );
        if let (Some(recipient), Some(flow)) = (&former.recipient, &former.flow)
            && has_lost_its_flow(seen, &self.phone, old)
        {
            change = change
                .field("flow", Value::Null, flow.as_str())
                .call(Call::put(format!(
                    "/routing/message/recipients/{recipient}"
                )));
        }
        for campaign in paused(organization, former) {
            let path = format!("campaigns[{}].campaignStatus", campaign.id);
            let call = Call::put(format!("/outbound/messagingcampaigns/{}", campaign.id));
            change = change.field(&path, campaign.status_word(), "on").call(call);
        }
        (!change.fields.is_empty()).then(|| change.seen("integration", old.id.as_str()))
    }
}

/// The campaigns that were on before, and are off.
fn paused<'a>(
    organization: &'a Organization,
    former: &'a Former,
) -> impl Iterator<Item = &'a Campaign> {
    let was_on = former.campaigns.iter().filter(|one| one.was_on);
    was_on.filter_map(|one| {
        let mut campaigns = organization.campaigns.present()?.iter();
        campaigns.find(|known| known.id == one.id && has_stopped(known))
    })
}

impl StepKind for GenesysReleaseUndo {
    fn address(&self) -> Address {
        Address::number(&self.phone, NumberStep::GenesysReleaseUndo)
    }

    fn describe(&self) -> String {
        format!(
            "Give the old integration of {} in Genesys Cloud its flow and its campaigns back",
            self.phone
        )
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let Some(former) = kept_former(&seen.history, &self.phone) else {
            return Decision::done("no run of this plan took anything from its integration");
        };
        let (organization, found) = (
            seen.organization.as_ref(),
            seen.integrations(&self.target, &self.phone),
        );
        let (organization, found) = match (organization, found) {
            (Some(organization), Ok(found)) => (organization, found),
            (None, _) => return Decision::done("the plan names no Genesys Cloud organization"),
            (_, Err(why)) => {
                return Decision::blocked(unreadable(self.address(), &why));
            }
        };
        let stays_there = |one: &&&Integration| {
            one.id == former.integration && one.status != Some(IntegrationStatus::Deleting)
        };
        let Some(old) = found.old.iter().find(stays_there) else {
            let reason = "its old integration in Genesys Cloud was deleted and does not come back; its new one, and what refers to it, stays";
            let id = json!(former.integration);
            return Decision::Change(stays(reason).seen("integration", id));
        };
        match self.change(seen, organization, old, &former) {
            Some(change) => Decision::Change(change),
            None => Decision::done("its integration is as it was"),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        cx.look_at_organization().await?;
        if let Err(over) = fresh(self, cx)? {
            return Ok(over);
        }
        let Some(former) = kept_former(&cx.seen().history, &self.phone) else {
            return Ok(Outcome::Already("nothing was taken from it".into()));
        };
        give_back(cx, &self.address(), &former).await?;
        let release = Address::number(&self.phone, NumberStep::GenesysRelease);
        cx.keep(&release, PUT_BACK, true.into())?;
        Ok(Outcome::Done("its messages go where they went".into()))
    }
}
