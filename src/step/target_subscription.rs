//! Subscribes our app to the webhooks of the target, so that no event of a moved number is lost.
//!
//! A number cannot even be added while no app is subscribed. Subscriptions of other apps, and an
//! override that the plan does not name, are left alone.
//!
//! In doubt: the target's list of subscribed apps, with the override, proves it. Subscribing twice is
//! subscribing once, so what is not there is sent again.

use serde_json::{Map, Value, json};

use super::{
    Action, Change, Context, Decision, Outcome, StepError, StepKind, context::Repeat,
    settled::is_settled,
};
use crate::{
    api::meta::write,
    finding::{Finding, Severity, Who},
    ids::{AccountStep, Address, WabaId},
    plan::{Number, Plan, SubscribeApp, Subscription as Wanted},
    resource::{
        Observed,
        subscription::{Subscription, missing, unreadable},
    },
    snapshot::Snapshot,
    step::Call,
};

/// Subscribes our app and sets the callback override.
#[derive(Clone, Debug)]
pub struct TargetSubscription {
    waba: WabaId,
    wanted: Wanted,
    numbers: Vec<Number>,
}

impl TargetSubscription {
    pub(super) fn of(plan: &Plan) -> Self {
        let waba = plan.target.waba.clone();
        Self {
            waba,
            wanted: plan.target.subscription.clone(),
            numbers: plan.numbers.clone(),
        }
    }

    fn callback(&self) -> Option<&str> {
        self.wanted
            .callback
            .as_ref()
            .map(|callback| callback.url.as_str())
    }

    /// Some app is subscribed, and nobody can tell whether it is ours. Subscribing again would
    /// remove an override that is perhaps ours, so nothing is sent.
    fn without_identity(&self, subscribed: &[Subscription]) -> Decision {
        let Some(url) = self.callback() else {
            return Decision::done("an app is subscribed; whether it is ours cannot be told");
        };
        let is_set = |one: &Subscription| one.override_callback_uri.as_deref() == Some(url);
        if subscribed.iter().any(is_set) {
            return Decision::done("an app is subscribed with this callback");
        }
        let message = "whether our app is subscribed cannot be told: the API does not say which app the token belongs to";
        Decision::blocked(
            Finding::unknown("subscription-app", Severity::Error, self.address(), message)
                .ask(Who::Us, "name graph.app_id in the plan"),
        )
    }

    /// How our app was subscribed, for whoever takes it back.
    fn before(&self, seen: &Snapshot) -> Map<String, Value> {
        let subscribed = seen.subscriptions.present().into_iter().flatten();
        let app = seen.app.present();
        let mut ours = subscribed.filter(|one| Some(&one.whatsapp_business_api_data.id) == app);
        let ours = ours.next();
        let callback = ours.and_then(|ours| ours.override_callback_uri.as_deref());
        [
            ("subscribed", json!(ours.is_some())),
            ("override_callback_uri", json!(callback)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
    }

    fn unmanaged(&self, subscribed: &[Subscription]) -> Decision {
        if !subscribed.is_empty() {
            return Decision::done("an app is subscribed");
        }
        Decision::blocked(missing())
    }
}

impl StepKind for TargetSubscription {
    fn address(&self) -> Address {
        Address::account(AccountStep::Subscription)
    }

    fn describe(&self) -> String {
        match self.callback() {
            Some(url) => format!("Subscribe our app to webhooks of {} at {url}", self.waba),
            None => format!("Subscribe our app to webhooks of {}", self.waba),
        }
    }

    fn needs(&self) -> Vec<Address> {
        Vec::new()
    }

    fn decide(&self, seen: &Snapshot) -> Decision {
        let subscribed = match &seen.subscriptions {
            Observed::Present(subscribed) => subscribed.as_slice(),
            Observed::Absent => &[],
            Observed::Unknown(why) => return Decision::blocked(unreadable(why)),
        };
        if self.wanted.app == SubscribeApp::Unmanaged {
            return self.unmanaged(subscribed);
        }
        if self.wanted.app == SubscribeApp::Temporary && is_settled(&self.numbers, seen) {
            return Decision::done("every number is live, so no temporary subscription is needed");
        }
        let app = seen.app.present();
        let ours = subscribed.iter().find(|subscription| {
            app.is_some_and(|app| subscription.whatsapp_business_api_data.id == *app)
        });
        if let (None, false) = (app, subscribed.is_empty()) {
            return self.without_identity(subscribed);
        }
        let call = || Call::post(format!("/{}/subscribed_apps", self.waba));
        let before = ours.and_then(|ours| ours.override_callback_uri.as_deref());
        match (ours, self.callback()) {
            (Some(_), None) => Decision::done("our app is subscribed"),
            (Some(_), Some(url)) if before == Some(url) => {
                Decision::done("our app is subscribed with this callback")
            }
            (Some(_), Some(url)) => Decision::Change(
                Change::new(
                    Action::Update,
                    "our app is subscribed with another callback",
                )
                .field("override_callback_uri", before, url)
                .seen("override_callback_uri", before)
                .call(call()),
            ),
            (None, url) => {
                let reason = if subscribed.is_empty() {
                    "no app is subscribed"
                } else {
                    "other apps are subscribed, ours is not"
                };
                let mut change = Change::new(Action::Create, reason)
                    .seen("subscribed", false)
                    .call(call());
                if let Some(app) = app {
                    change = change.field("app", Value::Null, app.as_str());
                }
                if let Some(url) = url {
                    change = change
                        .field("override_callback_uri", Value::Null, url)
                        .seen("override_callback_uri", Value::Null);
                }
                Decision::Change(change)
            }
        }
    }

    async fn perform(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let callback = match &self.wanted.callback {
            Some(callback) => Some((callback.url.as_str(), cx.ready(&callback.verify_token)?)),
            None => None,
        };
        let write = write::subscribe_app(&self.waba, callback);
        let subscriptions = Subscription::list(&self.waba);
        let lookup = || async {
            let subscribed = cx.target.list(&subscriptions).await?;
            let mut seen = cx.seen();
            seen.subscriptions = Observed::Present(subscribed);
            Ok(matches!(self.decide(&seen), Decision::Done(_)).then_some(()))
        };
        let unread = |source| StepError::Call {
            doing: "read the target's subscriptions".to_owned(),
            source,
        };
        // Subscribing replaces an override: somebody may have set one since everything was read.
        if cx.review.is_some() {
            lookup().await.map_err(unread)?;
            let decision = self.decide(&cx.seen());
            if let Decision::Done(reason) = decision {
                return Ok(Outcome::Already(reason));
            }
            cx.as_reviewed(self)?;
        }
        let before = self.before(&cx.seen());
        cx.keep_before(&self.address(), &before)?;
        // Subscribing twice is subscribing once, so a lookup that finds nothing allows another try.
        cx.write(
            &self.address(),
            "subscribe our app to the target",
            &write,
            Repeat::AfterLookup,
            lookup,
        )
        .await?;
        lookup().await.map_err(unread)?;
        Ok(Outcome::Done("subscribed".into()))
    }
}
