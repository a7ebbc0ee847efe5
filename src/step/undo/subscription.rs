//! Takes back that our app was subscribed to the target, or its callback override.
//!
//! An earlier override cannot be set again: that takes its verify token, which nobody kept. Then the
//! override is removed, and the app's own callback gets the events. As long as a number of the plan
//! is registered on the target, our app stays subscribed: its messages would reach nobody.
//!
//! In doubt: the target's list of subscribed apps, with the override, proves it. Both writes may be
//! repeated: what is gone stays gone.

use serde_json::{Value, json};

use super::{super::Call, KEPT_NOTHING, fresh, is_over, stays, unreadable};
use crate::{
    api::meta::{CallError, write},
    ids::{AccountStep, Address, WabaId},
    journal::deeds::Deed,
    phone::Phone,
    plan::Plan,
    resource::{Observed, phone_number::PhoneNumber, subscription::Subscription},
    snapshot::Snapshot,
    step::{Action, Change, Context, Decision, Outcome, StepError, StepKind, context::Repeat},
};

const CALLBACK: &str = "override_callback_uri";

/// Unsubscribes our app, or removes its override.
#[derive(Clone, Debug)]
pub struct SubscriptionUndo {
    waba: WabaId,
    phones: Vec<Phone>,
}

impl SubscriptionUndo {
    pub(super) fn of(plan: &Plan) -> Self {
        let phones = plan.numbers.iter().map(|number| number.phone.clone());
        Self {
            waba: plan.target.waba.clone(),
            phones: phones.collect(),
        }
    }

    /// Numbers that need the events.
    fn registered(&self, numbers: &[PhoneNumber]) -> Vec<String> {
        let is_registered = |phone: &&Phone| {
            PhoneNumber::find(numbers, phone).is_some_and(PhoneNumber::is_registered)
        };
        let phones = self.phones.iter().filter(is_registered);
        phones.map(ToString::to_string).collect()
    }

    fn judge(&self, deed: &Deed<'_>, callback: Option<&str>, numbers: &[PhoneNumber]) -> Change {
        let set = deed.set.get(CALLBACK).and_then(Value::as_str);
        if callback != set {
            let reason = "our app has another callback by now, which this plan did not set";
            return stays(reason).seen(CALLBACK, callback);
        }
        let Some(before) = deed.before else {
            return stays(KEPT_NOTHING).seen(CALLBACK, callback);
        };
        if before.get("subscribed") == Some(&json!(true)) {
            return self.without_override(callback, before.get(CALLBACK));
        }
        let registered = self.registered(numbers);
        if !registered.is_empty() {
            let reason = "numbers of this plan are registered on the target: without a subscription their messages reach nobody";
            return stays(reason).seen("registered", registered);
        }
        let change = Change::new(
            Action::Delete,
            "a run of this plan subscribed our app, and no number of it needs that",
        );
        change
            .field("subscribed", true, Value::Null)
            .seen("subscribed", true)
            .seen(CALLBACK, callback)
            .call(Call::delete(self.path()))
    }

    /// Our app was subscribed before, with another override or none.
    fn without_override(&self, callback: Option<&str>, before: Option<&Value>) -> Change {
        let reason = match before.and_then(Value::as_str) {
            Some(before) => format!(
                "a run of this plan replaced the override {before}; setting that again takes its verify token, so the override is removed and the app's own callback gets the events: set it by hand"
            ),
            None => "a run of this plan set the override; there was none before".to_owned(),
        };
        Change::new(Action::Update, reason)
            .field(CALLBACK, callback, Value::Null)
            .seen("subscribed", true)
            .seen(CALLBACK, callback)
            .call(Call::post(self.path()))
    }

    fn path(&self) -> String {
        format!("/{}/subscribed_apps", self.waba)
    }
}

impl StepKind for SubscriptionUndo {
    fn address(&self) -> Address {
        Address::account(AccountStep::SubscriptionUndo)
    }

    fn describe(&self) -> String {
        format!(
            "Take our app's subscription to webhooks of {} back",
            self.waba
        )
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let step = Address::account(AccountStep::Subscription);
        let Some(deed) = seen.history.deeds.of(&step) else {
            return Decision::done("no run of this plan subscribed an app");
        };
        let subscribed = match &seen.subscriptions {
            Observed::Present(subscribed) => subscribed.as_slice(),
            Observed::Absent => &[],
            Observed::Unknown(why) => {
                let what = "the list of the target's subscriptions";
                return unreadable("subscription-unreadable", self.address(), what, why);
            }
        };
        let numbers = match &seen.target.numbers {
            Observed::Present(numbers) => numbers.as_slice(),
            Observed::Absent => &[],
            Observed::Unknown(why) => {
                let what = "the list of the target's numbers";
                return unreadable("numbers-unreadable", self.address(), what, why);
            }
        };
        let Some(app) = seen.app.present() else {
            let reason = "which app is ours cannot be told: name graph.app_id in the plan";
            return Decision::Change(stays(reason).seen("app", "unknown"));
        };
        let ours = subscribed
            .iter()
            .find(|one| one.whatsapp_business_api_data.id == *app);
        match ours {
            None => Decision::done("our app is not subscribed"),
            Some(ours) => {
                let callback = ours.override_callback_uri.as_deref();
                let before = deed.before;
                let was_so = before.is_some_and(|before| {
                    before.get("subscribed") == Some(&json!(true))
                        && before.get(CALLBACK).and_then(Value::as_str) == callback
                });
                match was_so {
                    true => Decision::done("the subscription is as it was before"),
                    false => Decision::Change(self.judge(&deed, callback, numbers)),
                }
            }
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let subscriptions = Subscription::list(&self.waba);
        let look = || async {
            let subscribed = cx.target.list(&subscriptions).await?;
            cx.seen().subscriptions = Observed::Present(subscribed);
            Ok::<_, CallError>(is_over(self, cx).then_some(()))
        };
        cx.listing.target_numbers(cx).await?;
        look().await.map_err(|source| StepError::Call {
            doing: "read the target's subscriptions".to_owned(),
            source,
        })?;
        let change = match fresh(self, cx)? {
            Ok(change) => change,
            Err(outcome) => return Ok(outcome),
        };
        let (write, done) = match change.action {
            Action::Delete => (write::unsubscribe_app(&self.waba), "unsubscribed"),
            _ => (
                write::subscribe_app(&self.waba, None),
                "the override is removed",
            ),
        };
        cx.write(
            &self.address(),
            "take our app's subscription back",
            &write,
            Repeat::AfterLookup,
            look,
        )
        .await?;
        Ok(Outcome::Done(done.into()))
    }
}
