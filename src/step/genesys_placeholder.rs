//! Deletes the integration of the number that only carried the target's payment line.
//!
//! Genesys Cloud brings a payment line to an account with the first number that is signed up there. Once
//! the numbers of the plan are settled on it, the number that was signed up for that alone is needed no
//! more: its messages are led nowhere, and its integration is deleted. As long as no other integration
//! of the account is active, it stays, for the payment line could go with it.
//!
//! In doubt: the integration, read again, proves it: one that is gone or being deleted was deleted, and a
//! recipient shows its flow. Both may be sent again.
//!
//! Source: <https://help.mypurecloud.com/?p=310549>; the deletion goes on by itself, see
//! <https://registry.terraform.io/providers/MyPureCloud/genesyscloud/latest/docs/resources/conversations_messaging_integrations_whatsapp>

use serde_json::Value;

use super::{
    Action, Call, Change, Context, Decision, Outcome, Step, StepError, StepKind,
    context::Repeat,
    settled::{is_settled, those_of},
    those,
};
use crate::{
    api::{CallError, genesys::write},
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, ArchitectFlowId, IntegrationId, NumberStep, WabaId},
    phone::Phone,
    plan::{Number, Plan},
    resource::{
        Observed, Why,
        genesys::{
            integration::{Integration, IntegrationStatus},
            recipient::Recipient,
        },
    },
    snapshot::{Snapshot, organization::Organization},
};

/// How often the deletion is sent in one run: once more where it was refused because of a flow.
const TRIES: u32 = 2;

/// Deletes the placeholder's integration.
#[derive(Clone, Debug)]
pub struct GenesysPlaceholder {
    phone: Phone,
    target: WabaId,
    numbers: Vec<Number>,
    needs: Vec<Address>,
}

/// The integration, and the flow that its messages are led to.
struct Found<'a> {
    integration: &'a Integration,
    flow: Option<&'a ArchitectFlowId>,
}

/// What came of waiting for a deletion.
enum Deletion {
    Gone,
    Failed,
    GoesOn,
}

impl GenesysPlaceholder {
    /// `steps`: those that the plan has besides. `None`: the plan names no placeholder.
    pub(super) fn of(plan: &Plan, steps: &[Step]) -> Option<Self> {
        let organization = plan.genesys.as_ref()?;
        let wanted = [
            NumberStep::Live,
            NumberStep::GenesysAttach,
            NumberStep::Profile,
        ];
        let mut needs = those_of(steps, &plan.numbers, &wanted);
        needs.extend(those(plan, [AccountStep::GenesysResponses]));
        Some(Self {
            phone: organization.placeholder.clone()?,
            target: plan.target.waba.clone(),
            numbers: plan.numbers.clone(),
            needs,
        })
    }

    fn is_on_target(&self, one: &Integration) -> bool {
        one.waba.as_deref() == Some(self.target.as_str())
    }

    /// Returns the one integration on the target that claims the number.
    fn find<'a>(&self, seen: &'a Snapshot) -> Result<Option<Found<'a>>, Box<Finding>> {
        let Some(organization) = &seen.organization else {
            return Ok(None);
        };
        let all = match &organization.integrations {
            Observed::Present(all) => all.as_slice(),
            Observed::Absent => &[],
            Observed::Unknown(why) => return Err(Box::new(self.unreadable(why))),
        };
        let claims = |one: &&Integration| one.claims(&self.phone);
        let claiming: Vec<_> = all.iter().filter(claims).collect();
        if claiming.iter().any(|one| one.waba.is_none()) {
            return Err(Box::new(self.unplaced(&claiming)));
        }
        let on_target = claiming.into_iter().filter(|one| self.is_on_target(one));
        let (leaving, staying): (Vec<_>, Vec<_>) = on_target.partition(|one| leaves(one));
        let integration = match (staying.as_slice(), leaving.first()) {
            ([], None) => return Ok(None),
            ([], Some(leaving)) => leaving,
            ([one], _) => one,
            (several, _) => return Err(Box::new(self.contested(several))),
        };
        Ok(Some(Found {
            integration,
            flow: self.flow(organization, integration)?,
        }))
    }

    fn flow<'a>(
        &self,
        organization: &'a Organization,
        integration: &Integration,
    ) -> Result<Option<&'a ArchitectFlowId>, Box<Finding>> {
        if let Observed::Unknown(why) = &organization.recipients
            && integration.recipient.is_some()
        {
            return Err(Box::new(self.unreadable(why)));
        }
        let recipient = organization.recipient_of(integration);
        let flow = recipient.and_then(|one| one.flow.as_ref());
        Ok(flow.map(|flow| &flow.id))
    }

    /// Returns whether another integration of the target carries the payment line.
    fn has_another(&self, seen: &Snapshot) -> bool {
        let organization = seen.organization.as_ref();
        let all = organization.and_then(|one| one.integrations.present());
        let mut all = all.into_iter().flatten();
        let is_another = |one: &Integration| {
            one.is_active() && self.is_on_target(one) && !one.claims(&self.phone)
        };
        // Of those that do not show their account, those of the plan's numbers are known.
        let is_new = |number: &Number| {
            let found = seen.integrations(&self.target, &number.phone);
            found.is_ok_and(|found| found.new.iter().any(|new| new.is_active()))
        };
        all.any(is_another) || self.numbers.iter().any(is_new)
    }

    fn unreadable(&self, why: &Why) -> Finding {
        let message = format!("the integrations of Genesys Cloud cannot be read: {why}");
        let rule = "genesys-unreadable";
        Finding::unknown(rule, Severity::Error, self.address(), message)
            .ask(Who::Us, "see what it says; then run it again")
    }

    fn contested(&self, several: &[&Integration]) -> Finding {
        let message = format!(
            "several integrations of the target claim the placeholder's number {}",
            self.phone
        );
        Finding::fail("genesys-integration-contested", self.address(), message)
            .observed(listed(several))
            .ask(
                Who::GenesysAdmin,
                "delete those that are not in use, so that one is left",
            )
            .proof("GET /api/v2/conversations/messaging/integrations/whatsapp lists one for the number")
    }

    /// It is deleted for good, so that guessing is out of the question.
    fn unplaced(&self, claiming: &[&Integration]) -> Finding {
        let message = format!(
            "an integration claims the placeholder's number {} and does not show its account, so nobody knows whether it is the target's",
            self.phone
        );
        let rule = "genesys-integration-account";
        Finding::unknown(rule, Severity::Error, self.address(), message)
            .observed(listed(claiming))
            .ask(
                Who::GenesysAdmin,
                "delete the placeholder's integration by hand, and take genesys.placeholder from the plan",
            )
            .proof("GET /api/v2/conversations/messaging/integrations/whatsapp shows whatsAppBusinessAccountId")
    }

    fn undeletable(&self, one: &Integration) -> Finding {
        let message = format!(
            "Genesys Cloud cannot delete the integration `{}` ({}) of the placeholder's number {}",
            one.name, one.id, self.phone
        );
        Finding::fail("genesys-deletion-failed", self.address(), message)
            .observed("status: DeletionFailed, also after it was asked for once more")
            .ask(
                Who::GenesysAdmin,
                "delete it in Genesys Cloud, or ask its support; then run apply again",
            )
            .proof("GET /api/v2/conversations/messaging/integrations/whatsapp/{ID} answers 404")
    }

    fn removal(&self, found: &Found<'_>, reason: &str) -> Change {
        let Found { integration, flow } = found;
        let name = format!("{} ({})", integration.name, integration.id);
        let mut change = Change::new(Action::Delete, reason)
            .field("integration", name, Value::Null)
            .seen("integration", integration.id.as_str());
        if let (Some(flow), Some(recipient)) = (flow, &integration.recipient) {
            let recipient = recipient.id.segment();
            change = change
                .field("flow", flow.as_str(), Value::Null)
                .seen("flow", flow.as_str())
                .call(Call::put(format!(
                    "/routing/message/recipients/{recipient}"
                )));
        }
        change.call(Call::delete(format!(
            "/conversations/messaging/integrations/whatsapp/{}",
            integration.id.segment()
        )))
    }
}

fn leaves(one: &Integration) -> bool {
    one.status == Some(IntegrationStatus::Deleting)
}

fn listed(all: &[&Integration]) -> String {
    let all = all.iter();
    let names = all.map(|one| format!("`{}` ({}, {})", one.name, one.id, one.status_word()));
    names.collect::<Vec<_>>().join(", ")
}

impl StepKind for GenesysPlaceholder {
    fn address(&self) -> Address {
        Address::account(AccountStep::GenesysPlaceholder)
    }

    fn describe(&self) -> String {
        format!(
            "Delete the integration of {}, which only carried the payment line",
            self.phone
        )
    }

    fn needs(&self) -> Vec<Address> {
        self.needs.clone()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let found = match self.find(seen) {
            Ok(Some(found)) => found,
            Ok(None) => return Decision::done("no integration of the target claims the number"),
            Err(finding) => return Decision::blocked(*finding),
        };
        let waits = |reason: &str| {
            let id = found.integration.id.as_str();
            Decision::Change(Change::new(Action::Wait, reason).seen("integration", id))
        };
        if leaves(found.integration) {
            return waits("Genesys Cloud is deleting its integration");
        }
        if !is_settled(&self.numbers, seen) {
            let reason = "it carries the payment line until every number is settled";
            return Decision::Change(self.removal(&found, reason));
        }
        match self.has_another(seen) {
            true => Decision::Change(self.removal(&found, "every number is settled")),
            false => waits(
                "no other integration of the target is active; the payment line could go with this one",
            ),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        self.look(cx).await?;
        cx.as_reviewed(self)?;
        let look = || async {
            self.look_at_integrations(cx).await?;
            let seen = cx.seen();
            let found = self.find(&seen).map_err(stopped)?;
            let Some(found) = found else {
                return Ok(Some(None));
            };
            let may_go = leaves(found.integration) || self.has_another(&seen);
            Ok(may_go.then(|| Some(found.integration.clone())))
        };
        let waiting_for = "another integration of the target to be active";
        let patience = cx.options.wait;
        match cx.poll(&self.address(), waiting_for, patience, look).await? {
            Some(Some(integration)) => self.remove(cx, &integration).await,
            Some(None) => Ok(Outcome::Already(
                "no integration of the target claims the number".into(),
            )),
            None => Ok(Outcome::Parked {
                reason: "no other integration of the target is active; the payment line could go with this one".into(),
                next: "activate another number of the target in Genesys Cloud, then run apply again; or take genesys.placeholder from the plan".into(),
            }),
        }
    }
}

impl GenesysPlaceholder {
    /// Reads integrations and recipients again, and remembers them.
    async fn look(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let recipients = cx.organization()?.reader.list(&Recipient::list()).await;
        let recipients = recipients.map_err(unread)?;
        if let Some(organization) = &mut cx.seen().organization {
            organization.recipients = Observed::Present(recipients);
        }
        self.look_at_integrations(cx).await
    }

    async fn look_at_integrations(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let integrations = cx.organization()?.reader.list(&Integration::list()).await;
        let integrations = integrations.map_err(unread)?;
        if let Some(organization) = &mut cx.seen().organization {
            organization.integrations = Observed::Present(integrations);
        }
        Ok(())
    }

    /// Deletes it and waits until it is gone. A deletion that failed is asked for once more.
    async fn remove(&self, cx: &Context<'_>, one: &Integration) -> Result<Outcome, StepError> {
        let now = self.read(cx, &one.id).await?;
        let mut is_last = now.as_ref().and_then(|one| one.status.as_ref())
            == Some(&IntegrationStatus::DeletionFailed);
        if now.as_ref().is_some_and(|one| !leaves(one)) {
            self.delete(cx, one).await?;
        }
        loop {
            match self.wait_until_gone(cx, &one.id).await? {
                Deletion::Gone => {
                    forget(cx, &one.id);
                    return Ok(Outcome::Done(format!("deleted `{}`", one.name)));
                }
                Deletion::GoesOn => {
                    return Ok(Outcome::Parked {
                        reason: format!("Genesys Cloud is still deleting `{}`", one.name),
                        next: "run apply again in some minutes".into(),
                    });
                }
                Deletion::Failed if is_last => {
                    return Err(StepError::Failed(vec![self.undeletable(one)]));
                }
                Deletion::Failed => {
                    is_last = true;
                    self.delete(cx, one).await?;
                }
            }
        }
    }

    async fn read(
        &self,
        cx: &Context<'_>,
        id: &IntegrationId,
    ) -> Result<Option<Integration>, StepError> {
        let found = cx.organization()?.reader.find(&Integration::read(id)).await;
        found.map_err(|source| StepError::Call {
            doing: format!("read the integration of {}", self.phone),
            source,
        })
    }

    /// Leads its messages nowhere and deletes it. A deletion that is refused because somebody gave it a
    /// flow meanwhile is tried once more.
    async fn delete(&self, cx: &Context<'_>, one: &Integration) -> Result<(), StepError> {
        let mut tried = 1;
        loop {
            self.detach(cx, one).await?;
            match self.send_deletion(cx, &one.id).await {
                Err(StepError::Call { source, .. }) if is_gone(&source) => return Ok(()),
                Err(StepError::Call { source, .. }) if tried < TRIES && is_routed(&source) => {
                    tried += 1;
                }
                ended => return ended,
            }
        }
    }

    async fn detach(&self, cx: &Context<'_>, one: &Integration) -> Result<(), StepError> {
        let Some(recipient) = &one.recipient else {
            return Ok(());
        };
        let reader = cx.organization()?.reader;
        let leads_nowhere = || async {
            let found = reader.find(&Recipient::read(&recipient.id)).await?;
            Ok::<_, CallError>(found.is_none_or(|one| one.flow.is_none()).then_some(()))
        };
        let doing = format!("take the flow from the recipient of {}", self.phone);
        let found = leads_nowhere().await.map_err(|source| StepError::Call {
            doing: doing.clone(),
            source,
        })?;
        if found.is_some() {
            return Ok(());
        }
        let write = write::set_flow(&recipient.id, None);
        let step = self.address();
        cx.write(&step, &doing, &write, Repeat::AfterLookup, leads_nowhere)
            .await?;
        Ok(())
    }

    async fn send_deletion(&self, cx: &Context<'_>, id: &IntegrationId) -> Result<(), StepError> {
        let reader = cx.organization()?.reader;
        let is_leaving = || async {
            let found = reader.find(&Integration::read(id)).await?;
            Ok::<_, CallError>(found.is_none_or(|one| leaves(&one)).then_some(()))
        };
        let write = write::delete_integration(id);
        let doing = format!("delete the integration of {}", self.phone);
        let step = self.address();
        cx.write(&step, &doing, &write, Repeat::AfterLookup, is_leaving)
            .await?;
        Ok(())
    }

    async fn wait_until_gone(
        &self,
        cx: &Context<'_>,
        id: &IntegrationId,
    ) -> Result<Deletion, StepError> {
        let look = || async {
            Ok(match self.read(cx, id).await?.map(|one| one.status) {
                None => Some(Deletion::Gone),
                Some(Some(IntegrationStatus::DeletionFailed)) => Some(Deletion::Failed),
                Some(_) => None,
            })
        };
        let waiting_for = "the integration to be gone";
        let patience = cx.options.wait;
        let found = cx
            .poll(&self.address(), waiting_for, patience, look)
            .await?;
        Ok(found.unwrap_or(Deletion::GoesOn))
    }
}

fn unread(source: CallError) -> StepError {
    StepError::Call {
        doing: "read the integrations of Genesys Cloud".to_owned(),
        source,
    }
}

fn stopped(finding: Box<Finding>) -> StepError {
    StepError::Blocked(vec![*finding])
}

fn is_gone(error: &CallError) -> bool {
    error
        .genesys()
        .is_some_and(|error| error.is_missing_object())
}

/// What a deletion is refused with while messages are routed is documented nowhere.
fn is_routed(error: &CallError) -> bool {
    let error = error.genesys();
    error.is_some_and(|error| matches!(error.status, 400 | 409))
}

/// A list may show it a while longer.
fn forget(cx: &Context<'_>, id: &IntegrationId) {
    let mut seen = cx.seen();
    let Some(organization) = &mut seen.organization else {
        return;
    };
    if let Observed::Present(known) = &mut organization.integrations {
        known.retain(|one| one.id != *id);
    }
}
