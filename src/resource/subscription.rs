//! The apps subscribed to a WABA's webhooks.
//!
//! The list names apps, not fields: which events an app gets is set on the app itself.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/subscribed_apps/>

use serde::Deserialize;

use crate::{
    api::meta::{Page, Read},
    ids::{AppId, WabaId},
};

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
