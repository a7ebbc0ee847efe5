//! Gives an active integration what the old one had, and the old one's place wherever that was named.
//!
//! In doubt: the integration, its recipient and every object show what they hold; each of these writes
//! says how it is to be, so it may be sent again.

use std::time::Duration;

use serde_json::Map;

use super::{
    attach::{GenesysAttach, PROOF},
    campaigns::turn,
    find_new,
    goal::Goal,
    release::lead,
    replace::replace,
    stopped,
};
use crate::{
    api::{
        CallError,
        genesys::write::{self, IntegrationChange},
    },
    finding::{Finding, Who},
    ids::IntegrationId,
    resource::genesys::{
        campaign::{Campaign, CampaignStatus},
        identity::IdentityResolution,
        integration::Integration,
        queue::Queue,
        raw::Changed,
        rule_set::RuleSet,
    },
    step::{Context, Decision, Outcome, StepError, StepKind, context::Repeat},
};

/// How long lists may show what was before.
const LAG: Duration = Duration::from_secs(30);

impl GenesysAttach {
    /// Gives an active integration what the old one had, and the old one's place everywhere. What
    /// fails does not keep the rest from being done.
    pub(super) async fn furnish(
        &self,
        cx: &Context<'_>,
        id: &IntegrationId,
    ) -> Result<Outcome, StepError> {
        cx.look_at_organization().await?;
        if let Some(finding) = self.is_of_another(Self::shown(cx, id).as_ref()) {
            return Err(StepError::Failed(vec![finding]));
        }
        let mut failures = Failures::default();
        failures.note(self.configure(cx, id).await)?;
        failures.note(self.identify(cx, id).await)?;
        let routed = self.route(cx, id).await;
        let is_heard = routed.is_ok();
        failures.note(routed)?;
        failures.note(self.repoint(cx, id).await)?;
        cx.look_at_organization().await?;
        // Nobody would hear the answers to what it sends.
        if is_heard {
            failures.note(self.restart(cx, id).await)?;
            cx.look_at_organization().await?;
        }
        if let Some(error) = failures.first {
            return Err(error);
        }
        // Lists show a write some moments later.
        let look = || async {
            cx.look_at_organization().await?;
            let is_done = matches!(self.decide(&cx.seen()), Decision::Done(_));
            Ok(is_done.then_some(()))
        };
        let waiting_for = "Genesys Cloud to show all of it";
        let patience = cx.options.wait.map_or(LAG, |wait| wait.min(LAG));
        cx.poll(&self.address(), waiting_for, Some(patience), look)
            .await?;
        self.outcome(cx)
    }

    /// An integration may show its number only when it is active.
    fn is_of_another(&self, new: Option<&Integration>) -> Option<Finding> {
        let phone = &self.subject.phone;
        let shown = new?.phone_number.as_deref()?;
        let has_digits = shown.bytes().any(|byte| byte.is_ascii_digit());
        (has_digits && !new?.claims(phone)).then(|| {
            let message = format!(
                "the popup was finished for another number than {phone}, which nobody hears"
            );
            Finding::fail("genesys-activation", self.address(), message)
                .observed(shown)
                .ask(
                    Who::GenesysAdmin,
                    format!("delete that integration, and finish the signup popup for {phone}"),
                )
                .proof(PROOF)
        })
    }

    /// Looks once more at what came of it.
    fn outcome(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        match self.decide(&cx.seen()) {
            Decision::Done(note) => Ok(Outcome::Done(note)),
            Decision::Blocked(findings) => Err(StepError::Blocked(findings)),
            Decision::Change(change) => {
                let paths: Vec<_> = change
                    .fields
                    .iter()
                    .map(|field| field.path.as_str())
                    .collect();
                let message = format!(
                    "Genesys Cloud accepted the changes, but does not show them: {}",
                    paths.join(", ")
                );
                let finding = Finding::fail("genesys-ignored", self.address(), message).ask(
                    Who::GenesysAdmin,
                    "set them in Genesys Cloud, or run apply again",
                );
                Err(StepError::Failed(vec![finding]))
            }
        }
    }

    fn goal(&self, cx: &Context<'_>) -> Result<Goal, StepError> {
        Goal::of(&self.subject, &cx.seen(), &self.address()).map_err(stopped)
    }

    fn shown(cx: &Context<'_>, id: &IntegrationId) -> Option<Integration> {
        let seen = cx.seen();
        let all = seen.organization.as_ref()?.integrations.present()?;
        all.iter().find(|one| one.id == *id).cloned()
    }

    /// Name, content profile and message setting.
    async fn configure(&self, cx: &Context<'_>, id: &IntegrationId) -> Result<(), StepError> {
        let goal = self.goal(cx)?;
        let differs = |now: &Integration| goal.settings(Some(now));
        let Some(now) = Self::shown(cx, id) else {
            return Ok(());
        };
        let fields = differs(&now);
        if fields.is_empty() {
            return Ok(());
        }
        let has = |path: &str| fields.iter().any(|field| field.path == path);
        let change = IntegrationChange {
            name: goal.name.clone().filter(|_| has("name")),
            supported_content: goal
                .supported_content
                .clone()
                .filter(|_| has("supportedContent")),
            messaging_setting: goal
                .messaging_setting
                .clone()
                .filter(|_| has("messagingSetting")),
        };
        let reader = cx.organization()?.reader;
        let lookup = || async {
            let found = reader.find(&Integration::read(id)).await?;
            Ok::<_, CallError>(found.filter(|now| differs(now).is_empty()).map(|_| ()))
        };
        let write = write::update_integration(id, &change);
        let doing = "give the new integration name and settings of the old one";
        cx.write(&self.address(), doing, &write, Repeat::AfterLookup, lookup)
            .await?;
        // It may be accepted only: a moment is given to it, and the last look tells.
        let look = || async {
            let found = lookup().await;
            found.map_err(|source| StepError::Call {
                doing: doing.to_owned(),
                source,
            })
        };
        let waiting_for = "name and settings to be taken over";
        cx.poll(&self.address(), waiting_for, cx.options.wait, look)
            .await?;
        Ok(())
    }

    async fn identify(&self, cx: &Context<'_>, id: &IntegrationId) -> Result<(), StepError> {
        let goal = self.goal(cx)?;
        let wanted: Option<Map<_, _>> = {
            let new = Self::shown(cx, id);
            let seen = cx.seen();
            let organization = seen.organization.as_ref();
            organization.and_then(|all| goal.identity_to_set(all, new.as_ref()).cloned())
        };
        let Some(wanted) = wanted else { return Ok(()) };
        let reader = cx.organization()?.reader;
        let lookup = || async {
            let found = reader.find(&IdentityResolution::read(id)).await?;
            let is_there = found.is_some_and(|now| now.settings().as_ref() == Some(&wanted));
            Ok::<_, CallError>(is_there.then_some(()))
        };
        let write = write::set_identity_resolution(id, wanted.clone());
        let doing = "have the new integration find contacts as the old one did";
        cx.write(&self.address(), doing, &write, Repeat::AfterLookup, lookup)
            .await?;
        Ok(())
    }

    /// Leads messages to the flow: from then on the number is heard. The recipient may come a moment
    /// after the integration.
    async fn route(&self, cx: &Context<'_>, id: &IntegrationId) -> Result<(), StepError> {
        let Some(flow) = self.goal(cx)?.flow else {
            return Ok(());
        };
        let look = || async {
            let found = find_new(cx, id).await?;
            Ok(found.and_then(|one| one.recipient).map(|one| one.id))
        };
        let waiting_for = "the new integration's recipient";
        let found = cx
            .poll(&self.address(), waiting_for, cx.options.wait, look)
            .await?;
        let Some(recipient) = found else {
            return Err(StepError::Unexpected(
                "the new integration has no recipient that messages could be led by; nobody hears the number: run apply again".into(),
            ));
        };
        let is_free = {
            let new = Self::shown(cx, id);
            let seen = cx.seen();
            let goal = Goal::of(&self.subject, &seen, &self.address());
            let organization = seen.organization.as_ref();
            organization.zip(goal.ok()).is_some_and(|(all, goal)| {
                goal.flow_to_set(&self.subject, all, new.as_ref()).is_none()
            })
        };
        match is_free {
            true => Ok(()),
            false => lead(cx, &self.address(), &recipient, Some(&flow)).await,
        }
    }

    /// Whatever refers to the old integration refers to the new one.
    async fn repoint(&self, cx: &Context<'_>, id: &IntegrationId) -> Result<(), StepError> {
        let goal = self.goal(cx)?;
        let (queues, campaigns, rule_sets) = {
            let seen = cx.seen();
            seen.organization
                .as_ref()
                .map(|organization| goal.holders(organization))
                .unwrap_or_default()
        };
        let Some(former) = &goal.former else {
            return Ok(());
        };
        let (step, old) = (self.address(), former.integration.as_str());
        let recipient = match queues.is_empty() {
            true => None,
            false => self.recipient(cx, id).await?,
        };
        let mut failures = Failures::default();
        for queue in queues {
            let Some(recipient) = &recipient else { break };
            let doing = format!("have the queue {queue} send from the new integration");
            let change = |now: &Queue| {
                let is_old = goal.sends_from_old(now);
                is_old.then(|| now.with_recipient(recipient)).flatten()
            };
            let write = |changed: Changed| {
                let paths = changed.paths();
                write::replace_queue(&queue, changed.object, &paths)
            };
            failures.note(replace(cx, &step, &doing, &Queue::read(&queue), change, write).await)?;
        }
        for campaign in campaigns {
            let doing = format!("have the campaign {campaign} send from the new integration");
            let is_old = |now: &Campaign| now.integration() == Some(old);
            let change = |now: &Campaign| is_old(now).then(|| now.with_integration(id)).flatten();
            let write = |changed: Changed| {
                let paths = changed.paths();
                write::replace_campaign(&campaign, changed.object, &paths)
            };
            let read = Campaign::read(&campaign);
            failures.note(replace(cx, &step, &doing, &read, change, write).await)?;
        }
        for rules in rule_sets {
            let doing = format!("have the rule set {rules} choose the new integration");
            let change = |now: &RuleSet| now.with_integration(old, id);
            let write = |changed: Changed| {
                let paths = changed.paths();
                write::replace_rule_set(&rules, changed.object, &paths)
            };
            failures
                .note(replace(cx, &step, &doing, &RuleSet::read(&rules), change, write).await)?;
        }
        failures.first.map_or(Ok(()), Err)
    }

    async fn recipient(
        &self,
        cx: &Context<'_>,
        id: &IntegrationId,
    ) -> Result<Option<crate::ids::RecipientId>, StepError> {
        let found = find_new(cx, id).await?;
        Ok(found.and_then(|one| one.recipient).map(|one| one.id))
    }

    /// Campaigns that were on are on again, once they send from the new integration.
    async fn restart(&self, cx: &Context<'_>, new: &IntegrationId) -> Result<(), StepError> {
        let goal = self.goal(cx)?;
        let ids: Vec<_> = {
            let seen = cx.seen();
            let organization = seen.organization.as_ref();
            let all = organization
                .into_iter()
                .flat_map(|all| goal.to_restart(all));
            let ready = all.filter(|one| one.integration() == Some(new.as_str()));
            ready.map(|one| one.id.clone()).collect()
        };
        let mut failures = Failures::default();
        for id in ids {
            let turned = turn(cx, &self.address(), &id, &CampaignStatus::On).await;
            failures.note(turned)?;
        }
        failures.first.map_or(Ok(()), Err)
    }
}

/// The first of several failures. What ends a run ends it at once.
#[derive(Default)]
struct Failures {
    first: Option<StepError>,
}

impl Failures {
    fn note<T>(&mut self, result: Result<T, StepError>) -> Result<(), StepError> {
        match result {
            Ok(_) => Ok(()),
            Err(error @ (StepError::Journal(_) | StepError::Stopped)) => Err(error),
            Err(error) => {
                self.first.get_or_insert(error);
                Ok(())
            }
        }
    }
}
