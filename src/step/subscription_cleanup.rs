//! Removes our app's subscription to webhooks of the target, where the plan wants it for the time of
//! the migration only (`app: temporary`). The last step of all.
//!
//! A subscription that was there before any run of this plan stays. As long as somebody has to hear
//! what arrives, it stays too: without any other subscribed app the messages of a number would reach
//! nobody. Numbers of Genesys Cloud are heard by Genesys, whose subscription the list may not show.
//!
//! In doubt: the target's list of subscribed apps proves it. What is gone stays gone, so it may be sent
//! again.

use serde_json::json;

use super::{
    Action, Call, Change, Context, Decision, Outcome, StepError, StepKind, context::Repeat,
    settled::is_settled,
};
use crate::{
    api::meta::{CallError, write},
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, NumberStep, WabaId},
    phone::Phone,
    plan::{Number, Plan},
    resource::{
        Observed,
        subscription::{Subscription, unreadable},
    },
    snapshot::Snapshot,
};

/// Unsubscribes our app.
#[derive(Clone, Debug)]
pub struct SubscriptionCleanup {
    waba: WabaId,
    numbers: Vec<Number>,
}

impl SubscriptionCleanup {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            waba: plan.target.waba.clone(),
            numbers: plan.numbers.clone(),
        }
    }

    /// Numbers that nobody but a subscribed app hears.
    fn heard_by_apps(&self) -> impl Iterator<Item = &Phone> {
        let numbers = self.numbers.iter();
        let ours = numbers.filter(|number| number.genesys.is_none());
        ours.map(|number| &number.phone)
    }

    /// Why our subscription was there before, if it was.
    fn was_there(seen: &Snapshot) -> Option<&'static str> {
        let step = Address::account(AccountStep::Subscription);
        match seen.history.deeds.of(&step) {
            Some(deed) => deed
                .before
                .is_some_and(|before| before.get("subscribed") == Some(&json!(true)))
                .then_some("our app was subscribed before this plan, so it stays"),
            // Without a journal the plan's word counts.
            None if seen.history.is_empty() => None,
            None => Some("no run of this plan subscribed our app, so it stays"),
        }
    }

    fn removal(&self, reason: &str) -> Change {
        Change::new(Action::Delete, reason)
            .field("subscribed", true, serde_json::Value::Null)
            .call(Call::delete(format!("/{}/subscribed_apps", self.waba)))
    }
}

impl StepKind for SubscriptionCleanup {
    fn address(&self) -> Address {
        Address::account(AccountStep::SubscriptionCleanup)
    }

    fn describe(&self) -> String {
        format!(
            "Remove our app's temporary subscription to webhooks of {}",
            self.waba
        )
    }

    fn needs(&self) -> Vec<Address> {
        let subscription = Address::account(AccountStep::Subscription);
        let profile = |number: &Number| Address::number(&number.phone, NumberStep::Profile);
        let profiles = self.numbers.iter().map(profile);
        profiles.chain([subscription]).collect()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let subscribed = match &seen.subscriptions {
            Observed::Present(subscribed) => subscribed.as_slice(),
            Observed::Absent => &[],
            Observed::Unknown(why) => return Decision::blocked(unreadable(why)),
        };
        if !is_settled(&self.numbers, seen) {
            let reason = "it is needed until every number is settled";
            return Decision::Change(self.removal(reason).unseen("subscribed"));
        }
        let Some(app) = seen.app.present() else {
            let message = "whether our app is subscribed cannot be told: the API does not say which app the token belongs to";
            return Decision::blocked(
                Finding::unknown("subscription-app", Severity::Error, self.address(), message)
                    .ask(Who::Us, "name graph.app_id in the plan"),
            );
        };
        let is_ours = |one: &&Subscription| one.whatsapp_business_api_data.id == *app;
        if !subscribed.iter().any(|one| is_ours(&one)) {
            return Decision::done("our app is not subscribed");
        }
        if let Some(reason) = Self::was_there(seen) {
            return Decision::done(reason);
        }
        let is_heard = subscribed.iter().any(|one| !is_ours(&one));
        if let (false, Some(phone)) = (is_heard, self.heard_by_apps().next()) {
            let reason = format!(
                "no other app is subscribed: without ours the messages of {phone} would reach nobody"
            );
            return Decision::Change(Change::new(Action::Wait, reason));
        }
        Decision::Change(
            self.removal("every number is settled")
                .seen("subscribed", true),
        )
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let subscriptions = Subscription::list(&self.waba);
        let look = || async {
            let subscribed = cx.target.list(&subscriptions).await?;
            cx.seen().subscriptions = Observed::Present(subscribed);
            let decision = self.decide(&cx.seen());
            Ok::<_, CallError>(matches!(decision, Decision::Done(_)).then_some(()))
        };
        look().await.map_err(|source| StepError::Call {
            doing: "read the target's subscriptions".to_owned(),
            source,
        })?;
        cx.as_reviewed(self)?;
        let decision = self.decide(&cx.seen());
        match decision {
            Decision::Done(reason) => return Ok(Outcome::Already(reason)),
            Decision::Blocked(findings) => return Err(StepError::Blocked(findings)),
            Decision::Change(change) if change.action == Action::Wait => {
                return Ok(Outcome::Parked {
                    reason: change.reason,
                    next: "subscribe the app that is to hear them, then run apply again; or write `app: keep` into the plan".into(),
                });
            }
            Decision::Change(_) => {}
        }
        let write = write::unsubscribe_app(&self.waba);
        let doing = "remove our app's temporary subscription";
        cx.write(&self.address(), doing, &write, Repeat::AfterLookup, look)
            .await?;
        Ok(Outcome::Done("unsubscribed".into()))
    }
}
