//! `/{WABA}/subscribed_apps`: which apps get an account's webhooks, and where.
//!
//! The simulator has no network: whether the handshake with a callback succeeds is a switch.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/embedded-signup/webhooks/override>

use super::{Answered, success};
use crate::{
    ids::{AppId, WabaId},
    sim::{
        call::Params,
        error::GraphError,
        switches::Handshake,
        world::{Waba, World},
    },
};

/// Subscribes the caller's app. Without parameters, a callback override is removed.
pub fn subscribe(world: &mut World, waba: &WabaId, app: &AppId, params: &Params) -> Answered {
    let callback = callback(params, world.switches.callback_handshake)?;
    account(world, waba, "POST")?
        .subscriptions
        .insert(app.clone(), callback);
    success()
}

/// Unsubscribes the caller's app; one that is not subscribed stays so.
pub fn unsubscribe(world: &mut World, waba: &WabaId, app: &AppId) -> Answered {
    account(world, waba, "DELETE")?.subscriptions.remove(app);
    success()
}

/// Reads `override_callback_uri` and `verify_token`: both or none. An empty address is none.
pub fn callback(params: &Params, handshake: Handshake) -> Result<Option<String>, GraphError> {
    let url = params
        .text("override_callback_uri")?
        .filter(|url| !url.is_empty());
    let proof = params
        .text("verify_token")?
        .filter(|proof| !proof.is_empty());
    match (url, proof) {
        (None, None) => Ok(None),
        (Some(url), Some(_)) if !url.starts_with("https://") => Err(GraphError::parameter(
            format!("Param override_callback_uri must be an https URL, got {url}."),
        )),
        (Some(url), Some(_)) => match handshake {
            Handshake::Accept => Ok(Some(url)),
            Handshake::Fail => Err(GraphError::new(
                2200,
                "Callback verification failed with the following errors: HTTP Status Code = 404; HTTP Message = Not Found",
            )),
        },
        (Some(_), None) => Err(GraphError::parameter(
            "The parameter verify_token is required.",
        )),
        (None, Some(_)) => Err(GraphError::parameter(
            "The parameter override_callback_uri is required.",
        )),
    }
}

fn account<'a>(
    world: &'a mut World,
    id: &WabaId,
    method: &str,
) -> Result<&'a mut Waba, GraphError> {
    world
        .wabas
        .get_mut(id)
        .ok_or_else(|| GraphError::no_object(method, id.as_str()))
}
