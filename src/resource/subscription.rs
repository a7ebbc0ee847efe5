//! The apps subscribed to a WABA's webhooks.
//!
//! The list names apps, not fields: which events an app gets is set on the app itself.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/subscribed_apps/>

use serde::Deserialize;

use super::Why;
use crate::{
    api::meta::{Page, Read},
    finding::{Finding, Severity, Who},
    ids::{AppId, WabaId},
};

/// What findings about subscriptions are about.
pub const SUBJECT: &str = "target.subscription";

/// What shows that an app is subscribed.
pub const PROOF: &str = "GET /{WABA}/subscribed_apps: data is not empty";

/// One subscribed app.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    /// The app.
    pub whatsapp_business_api_data: App,
    /// Where this WABA's events go instead of the app's own callback URL.
    pub override_callback_uri: Option<String>,
}

/// An app, as a subscription names it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its name.
    pub name: Option<String>,
}

impl App {
    /// Reads the app that issued the token.
    pub fn of_token() -> Read<Self> {
        Read::new("/app")
    }
}

impl Subscription {
    /// Reads the subscribed apps of a WABA.
    pub fn list(waba: &WabaId) -> Read<Page<Self>> {
        Read::new(format!("/{waba}/subscribed_apps"))
    }
}

/// The finding of a target without any app, where the plan leaves that to somebody else.
pub fn missing() -> Finding {
    let message =
        "no app is subscribed to the target's webhooks, and the plan leaves that to somebody else";
    Finding::fail("subscription-missing", SUBJECT, message)
        .observed("data is empty")
        .ask(
            Who::Us,
            "subscribe an app, or set target.subscription.app to keep",
        )
        .proof(PROOF)
}

/// The finding of a target that does not show its apps.
pub fn unreadable(why: &Why) -> Finding {
    let message = format!("the target's subscriptions cannot be read: {why}");
    Finding::unknown("subscription-unreadable", Severity::Error, SUBJECT, message)
        .ask(Who::Us, "check that target.token reaches the target")
        .proof(PROOF)
}
