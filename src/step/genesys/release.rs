//! Releases the old integration of a number in Genesys Cloud: running campaigns are paused, messages are
//! led nowhere, the integration is deleted. From then on nobody hears the number until its new
//! integration is active, so this is the beginning of the cut-over, and the delete cannot be taken back.
//!
//! Before anything is touched, everything that the activation rests on is read once more, and what the
//! delete loses is kept in the journal: flow, content profile, message setting, identity resolution,
//! campaigns, everything that refers to it. When the delete is refused, or what it rests on does not hold
//! any more, flow and campaigns are put back at once.
//!
//! In doubt: the recipient shows its flow, a campaign its status, and an integration that is being deleted
//! or gone was deleted. All of it may be sent again.
//!
//! Source: <https://help.mypurecloud.com/?p=310549>; the limit of three minutes is that of
//! <https://registry.terraform.io/providers/MyPureCloud/genesyscloud/latest/docs>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Subject,
    attach::GenesysAttach,
    campaigns::{turn, wait_until_off},
    goal::label,
    stopped,
};
use crate::{
    api::{CallError, genesys::write},
    finding::{Finding, Who},
    ids::{AccountStep, Address, ArchitectFlowId, IntegrationId, NumberStep, RecipientId},
    phone::Phone,
    plan::{MessageFlow, Method, Number, Plan},
    preflight::genesys::integration_missing,
    resource::genesys::{
        campaign::CampaignStatus,
        integration::{Integration, IntegrationStatus},
        recipient::Recipient,
    },
    snapshot::{
        Snapshot,
        former::{FORMER, Former, KNOWN, PUT_BACK, kept_former, was_put_back},
    },
    step::{
        Action, Call, Change, Context, Decision, Outcome, StepError, StepKind,
        clearance::{Clearance, FRESH, may_release},
        context::{ATTEMPTS, Repeat},
        cut_over::{CutOver, attempts_used_up, closed},
        keepsakes::keep_source,
        register::too_slow,
        two_step_off,
    },
};

/// How often everything is read anew because it took too long.
const LOOKS: u32 = 3;

/// Deletes the old integration of a number.
#[derive(Clone, Debug)]
pub struct GenesysRelease {
    subject: Subject,
    number: Box<Number>,
    cut_over: CutOver,
    /// Those that must not be silent at the same time.
    others: Vec<GenesysAttach>,
}

impl GenesysRelease {
    pub(in crate::step) fn of(plan: &Plan, number: &Number) -> Option<Self> {
        let others = plan
            .numbers
            .iter()
            .filter(|other| other.phone != number.phone);
        let others = others.filter_map(|other| GenesysAttach::of(plan, other));
        Some(Self {
            subject: Subject::of(plan, number)?,
            number: Box::new(number.clone()),
            cut_over: CutOver::of(number),
            others: others.collect(),
        })
    }

    /// Says what is deleted, and what is lost with it.
    fn change(&self, seen: &Snapshot, old: &Integration, former: &Former) -> Change {
        let is_paused = self.subject.pauses_campaigns;
        let paused = former
            .campaigns
            .iter()
            .filter(|one| one.was_on && is_paused);
        let mut change = Change::new(Action::Delete, "its old integration holds the number; from here on nobody hears it until genesys_attach is done")
            .within(self.cut_over.window.as_ref())
            .field(
                "integration",
                label(&old.name, old.id.as_str()),
                Value::Null,
            );
        for campaign in paused {
            let path = format!("campaigns[{}].campaignStatus", campaign.id);
            change = change.field(&path, "on", "off").call(Call::put(format!(
                "/outbound/messagingcampaigns/{}",
                campaign.id
            )));
        }
        if let (Some(recipient), Some(flow)) = (&former.recipient, &former.flow) {
            change = change
                .field("flow", flow_label(seen, old, flow), Value::Null)
                .call(Call::put(format!(
                    "/routing/message/recipients/{recipient}"
                )));
        }
        let path = format!("/conversations/messaging/integrations/whatsapp/{}", old.id);
        let ids = |ids: Vec<&str>| Value::from(ids);
        change
            .call(Call::delete(path))
            .seen("integration", old.id.as_str())
            .seen("flow", former.flow.as_ref().map(ArchitectFlowId::as_str))
            .seen("supportedContent", json!(former.supported_content))
            .seen("messagingSetting", json!(former.messaging_setting))
            .seen("identityResolution", json!(former.identity))
            .seen(
                "queues",
                ids(former.queues.iter().map(|id| id.as_str()).collect()),
            )
            .seen(
                "campaigns",
                ids(former.campaigns.iter().map(|one| one.id.as_str()).collect()),
            )
            .seen(
                "digitalrulesets",
                ids(former.rule_sets.iter().map(|id| id.as_str()).collect()),
            )
            .keeps(json!(former))
    }

    /// Another number that nobody hears at the moment: one at a time.
    fn silent_one(&self, seen: &Snapshot) -> Option<&GenesysAttach> {
        self.others.iter().find(|other| other.is_silent(seen))
    }

    /// Returns the old integration and what is lost with it. `None`: there is none.
    fn old(&self, cx: &Context<'_>) -> Result<Option<(Integration, Former)>, StepError> {
        let seen = cx.seen();
        let found = self.subject.integrations(&seen).map_err(stopped)?;
        let Some(old) = found.staying().cloned() else {
            return Ok(None);
        };
        let former = self.subject.former(&seen).map_err(stopped)?;
        Ok(former.map(|former| (old, former)))
    }

    /// Reads everything that the cut-over rests on for the last time. An outcome: it may not begin.
    async fn clear(&self, cx: &Context<'_>) -> Result<Option<Outcome>, StepError> {
        let address = self.address();
        if let Some(parked) = cx
            .cut_overs
            .spent()
            .or_else(|| attempts_used_up(cx, &self.subject.phone))
        {
            return Ok(Some(parked));
        }
        if let Some(parked) = cx.enter(&address, &self.cut_over).await? {
            return Ok(Some(parked));
        }
        let mut looks = 1;
        loop {
            match may_release(cx, &address, &self.number).await? {
                // Somebody has moved it already; the old integration is a shell.
                Clearance::Registered => break,
                Clearance::GateClosed => {
                    return Ok(Some(two_step_off::closed_again(&self.subject.phone)));
                }
                Clearance::Refused(findings) => return Err(StepError::Blocked(findings)),
                Clearance::Cleared(proof) => {
                    keep_source(cx, &self.subject.phone, self.number.profile.is_none()).await?;
                    match proof.is_fresh(cx.clock.now()) {
                        true => break,
                        false if looks < LOOKS => looks += 1,
                        false => return Ok(Some(too_slow())),
                    }
                }
            }
        }
        Ok(closed(&self.cut_over, cx).or_else(|| cx.cut_overs.take()))
    }

    /// Looks again after a run that ended in the silence: what would make the activation fail now ends
    /// the silence instead.
    async fn clear_again(&self, cx: &Context<'_>) -> Result<Option<Outcome>, StepError> {
        match may_release(cx, &self.address(), &self.number).await? {
            Clearance::Cleared(_) | Clearance::Registered => Ok(None),
            Clearance::Refused(findings) => Err(StepError::Blocked(findings)),
            Clearance::GateClosed => {
                self.put_back(cx).await?;
                Ok(Some(two_step_off::closed_again(&self.subject.phone)))
            }
        }
    }

    /// Campaigns may take long to stop. What was seen before is looked at once more then; an outcome:
    /// the silence may not begin any more.
    async fn is_outdated(
        &self,
        cx: &Context<'_>,
        cleared: Timestamp,
    ) -> Result<Option<Outcome>, StepError> {
        if cx.clock.now().duration_since(cleared) <= FRESH {
            return Ok(None);
        }
        match closed(&self.cut_over, cx) {
            Some(parked) => {
                self.put_back(cx).await?;
                Ok(Some(parked))
            }
            None => self.clear_again(cx).await,
        }
    }

    /// Does it from where it stands.
    async fn release(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let address = self.address();
        cx.look_at_organization().await?;
        cx.as_reviewed(self)?;
        let Some((old, former)) = self.old(cx)? else {
            return Ok(Outcome::Already(
                "no old integration holds the number".into(),
            ));
        };
        if let Some(silent) = self.silent_one(&cx.seen()) {
            return Ok(silent.goes_first());
        }
        let is_leaving = old.status == Some(IntegrationStatus::Deleting);
        let is_silent = is_leaving || has_lost_its_flow(&cx.seen(), &self.subject.phone, &old);
        let parked = match (is_leaving, is_silent) {
            (true, _) => None,
            (false, true) => self.clear_again(cx).await?,
            (false, false) => self.clear(cx).await?,
        };
        if let Some(parked) = parked {
            // An earlier run may have paused its campaigns.
            self.put_back(cx).await?;
            return Ok(parked);
        }
        if kept_former(&cx.seen().history, &self.subject.phone).as_ref() != Some(&former) {
            let known = known(&cx.seen());
            cx.keep(&address, KNOWN, known)?;
            cx.keep(&address, FORMER, json!(former))?;
        }
        if was_put_back(&cx.seen().history, &self.subject.phone) {
            cx.keep(&address, PUT_BACK, false.into())?;
        }
        if is_leaving {
            return self.wait_until_gone(cx, &former, &old.id).await;
        }
        let cleared = cx.clock.now();
        if let Some(parked) = self.pause(cx, &former).await? {
            return Ok(parked);
        }
        if !is_silent && let Some(parked) = self.is_outdated(cx, cleared).await? {
            return Ok(parked);
        }
        self.detach(cx, &former).await?;
        self.delete(cx, &old.id).await?;
        self.wait_until_gone(cx, &former, &old.id).await
    }

    /// Stops the campaigns that are on.
    async fn pause(&self, cx: &Context<'_>, former: &Former) -> Result<Option<Outcome>, StepError> {
        if !self.subject.pauses_campaigns {
            return Ok(None);
        }
        let was_on = former.campaigns.iter().filter(|one| one.was_on);
        let ids: Vec<_> = was_on.map(|one| one.id.clone()).collect();
        for id in &ids {
            turn(cx, &self.address(), id, &CampaignStatus::Off).await?;
        }
        wait_until_off(cx, &self.address(), &ids).await
    }

    async fn detach(&self, cx: &Context<'_>, former: &Former) -> Result<(), StepError> {
        match &former.recipient {
            Some(recipient) => lead(cx, &self.address(), recipient, None).await,
            None => Ok(()),
        }
    }

    async fn delete(&self, cx: &Context<'_>, old: &IntegrationId) -> Result<(), StepError> {
        let reader = cx.organization()?.reader;
        let lookup = || async {
            let found = reader.find(&Integration::read(old)).await?;
            let is_there = found.is_some_and(|one| one.status != Some(IntegrationStatus::Deleting));
            Ok::<_, CallError>((!is_there).then_some(()))
        };
        let write = write::delete_integration(old);
        let doing = format!("delete the old integration of {}", self.subject.phone);
        match cx
            .write(&self.address(), &doing, &write, Repeat::AfterLookup, lookup)
            .await
        {
            Ok(_) => Ok(()),
            Err(StepError::Call { source, .. })
                if source
                    .genesys()
                    .is_some_and(|error| error.is_missing_object()) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until it is gone. A deletion that fails is asked for once more.
    async fn wait_until_gone(
        &self,
        cx: &Context<'_>,
        former: &Former,
        old: &IntegrationId,
    ) -> Result<Outcome, StepError> {
        let reader = cx.organization()?.reader;
        let look = || async {
            let found = reader.find(&Integration::read(old)).await;
            let found = found.map_err(|source| StepError::Call {
                doing: format!("read the old integration of {}", self.subject.phone),
                source,
            })?;
            Ok(match found.map(|one| one.status) {
                None => Some(true),
                Some(Some(IntegrationStatus::DeletionFailed)) => Some(false),
                Some(_) => None,
            })
        };
        for is_last in [false, true] {
            let waiting_for = "the old integration to be gone";
            match cx
                .poll(&self.address(), waiting_for, cx.options.wait, look)
                .await?
            {
                Some(true) => {
                    cx.look_at_organization().await?;
                    return Ok(Outcome::Done("the old integration is gone".into()));
                }
                Some(false) if is_last => break,
                Some(false) => self.delete(cx, old).await?,
                None => {
                    return Ok(Outcome::Parked {
                        reason: "Genesys Cloud is still deleting the old integration; nobody hears the number".into(),
                        next: "run apply again at once; it goes on where it stopped".into(),
                    });
                }
            }
        }
        let message = format!(
            "Genesys Cloud cannot delete the old integration `{}`: its status is DeletionFailed",
            former.name
        );
        let finding = Finding::fail("genesys-deletion-failed", self.address(), message)
            .observed("status: DeletionFailed")
            .ask(
                Who::GenesysAdmin,
                "delete it in Genesys Cloud, or ask its support; then run apply again",
            )
            .proof("GET /api/v2/conversations/messaging/integrations/whatsapp/{ID} answers 404");
        Err(StepError::Blocked(vec![finding]))
    }

    /// Gives an integration that stays what was taken from it. What it was is no longer kept then.
    async fn put_back(&self, cx: &Context<'_>) -> Result<(), StepError> {
        let kept = {
            let seen = cx.seen();
            let phone = &self.subject.phone;
            let is_back = was_put_back(&seen.history, phone);
            kept_former(&seen.history, phone).filter(|_| !is_back)
        };
        let Some(former) = kept else {
            return Ok(());
        };
        cx.look_at_organization().await?;
        let Some((old, _)) = self.old(cx)? else {
            return Ok(());
        };
        if old.id != former.integration || old.status == Some(IntegrationStatus::Deleting) {
            return Ok(());
        }
        give_back(cx, &self.address(), &former).await?;
        // What it was stays known: a deletion that was asked for may still come.
        cx.keep(&self.address(), PUT_BACK, true.into())?;
        cx.look_at_organization().await
    }
}

/// Leads an integration's messages to the flow they went to, and turns its campaigns on again.
pub(in crate::step) async fn give_back(
    cx: &Context<'_>,
    step: &Address,
    former: &Former,
) -> Result<(), StepError> {
    if let (Some(recipient), Some(flow)) = (&former.recipient, &former.flow) {
        lead(cx, step, recipient, Some(flow)).await?;
    }
    for campaign in former.campaigns.iter().filter(|one| one.was_on) {
        // One that is still stopping cannot be started.
        wait_until_off(cx, step, std::slice::from_ref(&campaign.id)).await?;
        turn(cx, step, &campaign.id, &CampaignStatus::On).await?;
    }
    Ok(())
}

/// Leads the messages of a recipient to a flow, or nowhere.
pub(super) async fn lead(
    cx: &Context<'_>,
    step: &Address,
    recipient: &RecipientId,
    flow: Option<&ArchitectFlowId>,
) -> Result<(), StepError> {
    let reader = cx.organization()?.reader;
    let is_there = || async {
        let found = reader.find(&Recipient::read(recipient)).await?;
        let leads = found.map(|one| one.flow.map(|flow| flow.id));
        Ok::<_, CallError>(match leads {
            // Without a recipient nothing is led anywhere.
            None => flow.is_none().then_some(()),
            Some(now) => (now.as_ref() == flow).then_some(()),
        })
    };
    let doing = match flow {
        Some(flow) => format!("lead messages to the flow {flow}"),
        None => "take the flow from the recipient".to_owned(),
    };
    let failed = |source| StepError::Call {
        doing: doing.clone(),
        source,
    };
    if is_there().await.map_err(failed)?.is_some() {
        return Ok(());
    }
    // A new one is found a moment after its integration shows it.
    let found = || async {
        let found = reader.find(&Recipient::read(recipient)).await;
        Ok(found.map_err(failed)?.map(|_| ()))
    };
    cx.poll(step, "the recipient", cx.options.wait, found)
        .await?;
    let write = write::set_flow(recipient, flow);
    cx.write(step, &doing, &write, Repeat::AfterLookup, is_there)
        .await?;
    Ok(())
}

/// The ids of all integrations that are there.
fn known(seen: &Snapshot) -> Value {
    let organization = seen.organization.as_ref();
    let all = organization.and_then(|all| all.integrations.present());
    let ids: Vec<_> = all.into_iter().flatten().map(|one| &one.id).collect();
    json!(ids)
}

/// Whether an earlier run has taken the flow from an integration that is still there.
pub(in crate::step) fn has_lost_its_flow(
    seen: &Snapshot,
    phone: &Phone,
    old: &Integration,
) -> bool {
    let Some(organization) = &seen.organization else {
        return false;
    };
    let Some(recipient) = organization.recipient_of(old) else {
        return false;
    };
    let taken = |phone: &Phone| {
        let kept = kept_former(&seen.history, phone).filter(|former| former.integration == old.id);
        kept.is_some_and(|former| former.flow.is_some()) && !was_put_back(&seen.history, phone)
    };
    recipient.flow.is_none() && taken(phone)
}

fn flow_label(seen: &Snapshot, old: &Integration, flow: &ArchitectFlowId) -> String {
    let recipient = seen
        .organization
        .as_ref()
        .and_then(|all| all.recipient_of(old));
    let shown = recipient.and_then(|one| one.flow.as_ref()?.name.clone());
    label(&shown.unwrap_or_default(), flow.as_str())
}

impl StepKind for GenesysRelease {
    fn address(&self) -> Address {
        Address::number(&self.subject.phone, NumberStep::GenesysRelease)
    }

    fn describe(&self) -> String {
        format!(
            "Release {} in Genesys Cloud: pause its campaigns, detach its flow, delete its old integration",
            self.subject.phone
        )
    }

    fn needs(&self) -> Vec<Address> {
        let own = |step| Address::number(&self.subject.phone, step);
        let proved = match self.number.method {
            Method::Otp => Some(own(NumberStep::Verify)),
            Method::SolutionIntent(_) => Some(own(NumberStep::Add)),
            // The popup proves it, and comes after this.
            Method::EmbeddedSignup => None,
        };
        let others = self.number.needs.iter();
        let others = others.map(|phone| Address::number(phone, NumberStep::Live));
        proved
            .into_iter()
            .chain([
                own(NumberStep::TwoStepOff),
                Address::account(AccountStep::Subscription),
                Address::account(AccountStep::TemplatesApproved),
            ])
            .chain(others)
            .collect()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let found = match self.subject.integrations(seen) {
            Ok(found) => found,
            Err(finding) => return Decision::blocked(*finding),
        };
        let Some(old) = found.staying() else {
            let is_known = kept_former(&seen.history, &self.subject.phone).is_some();
            let is_named = self.subject.wanted.flow != MessageFlow::Keep;
            return match found.new.is_empty() && !is_known && !is_named {
                true => Decision::blocked(integration_missing(
                    self.subject.name(),
                    &self.subject.phone,
                )),
                false => Decision::done("no old integration holds the number"),
            };
        };
        match self.subject.former(seen) {
            Ok(Some(former)) => Decision::Change(self.change(seen, old, &former)),
            Ok(None) => Decision::done("no old integration holds the number"),
            Err(finding) => Decision::blocked(*finding),
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        // Nobody is kept from being released by one that waits for its window.
        let has_begun = kept_former(&cx.seen().history, &self.subject.phone).is_some();
        if !has_begun && let Some(parked) = cx.enter(&self.address(), &self.cut_over).await? {
            return Ok(parked);
        }
        let entered = cx
            .stop
            .or_leave(cx.silence.enter(&self.subject.phone))
            .await;
        if entered.is_none() {
            return Err(StepError::Stopped);
        }
        let mut attempt = 1;
        let ended = loop {
            match self.release(cx).await {
                Err(error)
                    if attempt < ATTEMPTS
                        && cx.may_try_again(&self.address(), &error, attempt).await? =>
                {
                    attempt += 1;
                }
                ended => break ended,
            }
        };
        match &ended {
            Ok(_) | Err(StepError::Journal(_) | StepError::Stopped) => ended,
            // Silence is worth its price only as long as it leads somewhere.
            Err(_) => match self.put_back(cx).await {
                Err(StepError::Journal(error)) => Err(error.into()),
                Ok(()) => ended,
                Err(error) => {
                    tracing::warn!(%error, "flow and campaigns could not be put back");
                    ended
                }
            },
        }
    }
}
