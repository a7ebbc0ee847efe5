//! Gives a number its new integration in Genesys Cloud. A person makes it, in the signup popup of Genesys
//! Cloud's user interface, which no API opens; everything after that is done here: it is activated, which
//! registers the number at Meta (**the point of no return**, see `activation`), gets what the old one had,
//! leads messages to the flow, and whatever referred to the old one refers to it.
//!
//! Messages come first: what fails besides them is told when they arrive again.
//!
//! In doubt: the integration shows whether it is there and active; what it is given says so too, see
//! `furnish`.
//!
//! Source: <https://help.mypurecloud.com/?p=310549>,
//! <https://developer.genesys.cloud/commdigital/digital/whatsapp/>

use super::{
    Subject,
    activation::{Activated, Activation},
    find_new,
    goal::Goal,
    release::has_lost_its_flow,
    stopped,
};
use crate::{
    finding::{Finding, Who},
    ids::{Address, IntegrationId, NumberStep},
    plan::{MessageFlow, Number, Plan},
    resource::{
        Observed,
        genesys::integration::{CreateStatus, Integration, IntegrationStatus},
    },
    secret::SecretRef,
    snapshot::{Snapshot, former::kept_former},
    step::{
        Action, Call, Change, Context, Decision, Gate, Outcome, StepError, StepKind,
        cut_over::{CutOver, closed},
        keepsakes::keep_source,
    },
};

/// Gives a number its new integration.
#[derive(Clone, Debug)]
pub struct GenesysAttach {
    pub(super) subject: Subject,
    pin: SecretRef,
    carries_profile: bool,
    cut_over: CutOver,
}

pub(super) const PROOF: &str = "GET /api/v2/conversations/messaging/integrations/whatsapp lists an integration of the target that has or offers the number";

impl GenesysAttach {
    pub(in crate::step) fn of(plan: &Plan, number: &Number) -> Option<Self> {
        Some(Self {
            subject: Subject::of(plan, number)?,
            pin: number.pin.clone(),
            carries_profile: number.profile.is_none(),
            cut_over: CutOver::of(number),
        })
    }

    /// Returns whether nobody hears the number: runs of this plan have taken it from its flow or its
    /// integration, and it has no other yet.
    pub(super) fn is_silent(&self, seen: &Snapshot) -> bool {
        let address = self.address();
        if kept_former(&seen.history, &self.subject.phone).is_none() {
            return false;
        }
        let (Ok(found), Ok(goal), Some(organization)) = (
            self.subject.integrations(seen),
            Goal::of(&self.subject, seen, &address),
            &seen.organization,
        ) else {
            return false;
        };
        if let Some(old) = found.staying() {
            let is_leaving = old.status == Some(IntegrationStatus::Deleting);
            return is_leaving || has_lost_its_flow(seen, &self.subject.phone, old);
        }
        let new = found.new.first().copied();
        let is_heard = new.is_some_and(Integration::is_active)
            && goal.flow_to_set(&self.subject, organization, new).is_none();
        !is_heard
    }

    /// What to tell a number that has to wait for this one.
    pub(super) fn goes_first(&self) -> Outcome {
        Outcome::Parked {
            reason: format!(
                "nobody hears {} at the moment, and only one number is silent at a time",
                self.subject.phone
            ),
            next: format!(
                "have the signup popup finished for {}, then run apply again",
                self.subject.phone
            ),
        }
    }

    fn asks(&self, name: Option<&str>) -> Gate {
        let Subject { phone, target, .. } = &self.subject;
        let name = name.map_or_else(String::new, |name| format!(", and call it `{name}`"));
        Gate {
            owner: Who::GenesysAdmin,
            instructions: format!(
                "in Genesys Cloud, add a WhatsApp integration with the embedded signup: log in at Meta as an admin of the business, choose the WhatsApp account {target} and the number {phone}{name}; do not choose another account or number. Everything after the popup is done by apply"
            ),
            proof: PROOF,
        }
    }

    /// The writes it will send, as far as they are known.
    fn calls(&self, goal: &Goal, seen: &Snapshot, new: Option<&Integration>) -> Vec<Call> {
        const INTEGRATIONS: &str = "/conversations/messaging/integrations/whatsapp";
        let Some(organization) = &seen.organization else {
            return Vec::new();
        };
        let id = new.map_or("{integration_id}", |new| new.id.as_str());
        let mut calls = Vec::new();
        if !new.is_some_and(Integration::is_active) {
            calls.push(Call::patch(format!("{INTEGRATIONS}/embeddedsignup/{id}")));
        }
        if !goal.settings(new).is_empty() {
            calls.push(Call::patch(format!("{INTEGRATIONS}/{id}")));
        }
        if goal.identity_to_set(organization, new).is_some() {
            calls.push(Call::put(format!(
                "/conversations/messaging/identityresolution/integrations/whatsapp/{id}"
            )));
        }
        if goal.flow_to_set(&self.subject, organization, new).is_some() {
            let recipient = new.and_then(|new| new.recipient.as_ref());
            let recipient = recipient.map_or("{recipient_id}", |one| one.id.as_str());
            calls.push(Call::put(format!(
                "/routing/message/recipients/{recipient}"
            )));
        }
        let (queues, campaigns, rule_sets) = goal.holders(organization);
        let restarted = goal.to_restart(organization).map(|one| one.id.clone());
        let queues = queues.iter().map(|id| format!("/routing/queues/{id}"));
        calls.extend(queues.map(Call::put));
        let campaigns = campaigns.into_iter().chain(restarted);
        let campaigns = campaigns.map(|id| format!("/outbound/messagingcampaigns/{id}"));
        calls.extend(campaigns.map(Call::put));
        let rule_sets = rule_sets
            .iter()
            .map(|id| format!("/outbound/digitalrulesets/{id}"));
        calls.extend(rule_sets.map(Call::put));
        calls
    }

    /// Why the flow that was kept cannot be given to the new integration: nobody knows it any more.
    fn lost_flow(
        &self,
        seen: &Snapshot,
        goal: &Goal,
        new: Option<&Integration>,
    ) -> Option<Finding> {
        let organization = seen.organization.as_ref()?;
        let has_flow = new
            .and_then(|new| organization.recipient_of(new)?.flow.as_ref())
            .is_some();
        let is_kept = self.subject.wanted.flow == MessageFlow::Keep;
        (is_kept && goal.former.is_none() && !has_flow).then(|| {
            let message = format!(
                "nothing tells which flow the messages of {} went to: its old integration is gone, and no journal knows it",
                self.subject.phone
            );
            Finding::fail("genesys-flow-unknown", self.address(), message)
                .ask(
                    Who::Us,
                    "run it with the journal or the change set of the migration, or name the flow in the plan: genesys: { flow: NAME }",
                )
        })
    }

    /// Waits for the popup. `Err`: an outcome, nobody has finished it.
    async fn new_one(&self, cx: &Context<'_>) -> Result<Result<IntegrationId, Outcome>, StepError> {
        let address = self.address();
        let look = || async {
            cx.look_at_integrations().await?;
            let seen = cx.seen();
            let found = self.subject.integrations(&seen);
            let found = found.map_err(stopped)?;
            Ok(found.new.first().map(|new| new.id.clone()))
        };
        if let Some(id) = look().await? {
            return Ok(Ok(id));
        }
        let name = Goal::of(&self.subject, &cx.seen(), &address)
            .map_err(stopped)?
            .name;
        let next = self.asks(name.as_deref()).next();
        let waiting_for = "the signup popup in Genesys Cloud";
        let patience = cx.options.wait;
        let found = cx
            .gate_for(&address, waiting_for, &next, patience, look)
            .await?;
        Ok(found.ok_or_else(|| Outcome::Parked {
            reason: format!(
                "the signup popup for {} is not finished; nobody hears the number",
                self.subject.phone
            ),
            next,
        }))
    }

    /// Waits until the popup's integration is there as a whole.
    async fn created(&self, cx: &Context<'_>, id: &IntegrationId) -> Result<bool, StepError> {
        let look = || async {
            // It is listed, and may be found a moment later.
            let found = find_new(cx, id).await?;
            let is_made = |one: &Integration| {
                one.create_status != Some(CreateStatus::Initiated) || one.is_active()
            };
            Ok(found.filter(is_made).map(|_| ()))
        };
        let waiting_for = "the new integration to be created";
        let made = cx
            .poll(&self.address(), waiting_for, cx.options.wait, look)
            .await?;
        Ok(made.is_some())
    }

    /// What a number rests on that had nothing to release, and so was not judged before.
    async fn begin(&self, cx: &Context<'_>) -> Result<Option<Outcome>, StepError> {
        if kept_former(&cx.seen().history, &self.subject.phone).is_some() {
            return Ok(None);
        }
        if let Some(parked) = cx.enter(&self.address(), &self.cut_over).await? {
            return Ok(Some(parked));
        }
        keep_source(cx, &self.subject.phone, self.carries_profile).await?;
        Ok(closed(&self.cut_over, cx).or_else(|| cx.cut_overs.take()))
    }

    async fn attach(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let address = self.address();
        cx.look_at_organization().await?;
        cx.as_reviewed(self)?;
        let id = match self.new_one(cx).await? {
            Ok(id) => id,
            Err(parked) => return Ok(parked),
        };
        if !self.created(cx, &id).await? {
            return Ok(Outcome::Parked {
                reason:
                    "Genesys Cloud is still creating the new integration; nobody hears the number"
                        .into(),
                next: "run apply again at once".into(),
            });
        }
        // Now it shows whose it is, if it ever does before it is active.
        let id = match self.new_one(cx).await? {
            Ok(id) => id,
            Err(parked) => return Ok(parked),
        };
        let name = self.name(cx, &id)?;
        let activation = Activation {
            subject: &self.subject,
            step: &address,
            id: &id,
            name: &name,
            pin: &self.pin,
        };
        if let Activated::Not(parked) = activation.run(cx, || self.begin(cx)).await? {
            return Ok(parked);
        }
        // The popup may have brought the number to the target.
        let is_known = cx.seen().target.known(&self.subject.phone).is_some();
        if !is_known {
            cx.listing.target_numbers(cx).await?;
        }
        self.furnish(cx, &id).await
    }

    /// The name the new integration will have: the wanted one, else its own.
    fn name(&self, cx: &Context<'_>, id: &IntegrationId) -> Result<String, StepError> {
        let seen = cx.seen();
        let goal = Goal::of(&self.subject, &seen, &self.address()).map_err(stopped)?;
        let integrations = seen
            .organization
            .as_ref()
            .and_then(|all| all.integrations.present());
        let own = integrations.and_then(|all| all.iter().find(|one| one.id == *id));
        let own = own
            .map(|one| one.name.clone())
            .filter(|name| !name.is_empty());
        Ok(goal
            .name
            .or(own)
            .unwrap_or_else(|| self.subject.phone.to_string()))
    }
}

impl Context<'_> {
    /// Reads the list of integrations again, and remembers it.
    async fn look_at_integrations(&self) -> Result<(), StepError> {
        let reader = self.organization()?.reader;
        let listed = reader.list(&Integration::list()).await;
        let listed = listed.map_err(|source| StepError::Call {
            doing: "list the integrations of Genesys Cloud".to_owned(),
            source,
        })?;
        if let Some(organization) = &mut self.seen().organization {
            organization.integrations = Observed::Present(listed);
        }
        Ok(())
    }
}

impl StepKind for GenesysAttach {
    fn address(&self) -> Address {
        Address::number(&self.subject.phone, NumberStep::GenesysAttach)
    }

    fn describe(&self) -> String {
        format!(
            "Give {} its new integration in Genesys Cloud: signup popup, activation, flow, everything that referred to the old one",
            self.subject.phone
        )
    }

    fn needs(&self) -> Vec<Address> {
        vec![Address::number(
            &self.subject.phone,
            NumberStep::GenesysRelease,
        )]
    }

    fn gate(&self) -> Option<Gate> {
        Some(self.asks(self.subject.wanted.integration_name.as_deref()))
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let address = self.address();
        let found = self.subject.integrations(seen);
        let goal = Goal::of(&self.subject, seen, &address);
        let (found, goal) = match (found, goal) {
            (Ok(found), Ok(goal)) => (found, goal),
            (Err(finding), _) | (_, Err(finding)) => return Decision::blocked(*finding),
        };
        let Some(organization) = &seen.organization else {
            return Decision::done("the plan names no Genesys Cloud organization");
        };
        let new = found.new.first().copied();
        if found.staying().is_none()
            && let Some(finding) = self.lost_flow(seen, &goal, new)
        {
            return Decision::blocked(finding);
        }
        let fields = goal.missing(&self.subject, organization, new);
        if fields.is_empty() {
            return Decision::done("its new integration is active and leads messages to the flow");
        }
        let (action, reason) = match new {
            None => (Action::Gate, "nobody has finished the signup popup for it"),
            Some(new) if !new.is_active() => (Action::Call, "its new integration is not active"),
            Some(_) => (
                Action::Call,
                "its new integration is not as the old one was",
            ),
        };
        let change = Change {
            fields,
            calls: self.calls(&goal, seen, new),
            ..Change::new(action, reason)
        };
        // What was released goes on at any time.
        let change = match found.staying().is_none() && goal.former.is_none() {
            true => change.within(self.cut_over.window.as_ref()),
            false => change,
        };
        Decision::Change(match new {
            None => change.unseen("integration"),
            Some(new) => change.seen("integration", new.id.as_str()),
        })
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let entered = cx
            .stop
            .or_leave(cx.silence.enter(&self.subject.phone))
            .await;
        match entered {
            Some(()) => self.attach(cx).await,
            None => Err(StepError::Stopped),
        }
    }
}
