//! Links to media: what a reader of a template or a flow gets instead of the content.
//!
//! A link is signed, works without a token and expires. Its address and its refusals are Meta's
//! shape; how long it works is a switch.
//!
//! Sources: <https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/>,
//! <https://developers.facebook.com/docs/whatsapp/flows/reference/flowsapi>

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{
    call::{Answer, Call},
    media::{header_handles, link_id},
    world::World,
};

/// Returns a link to the media of that id, at the door the call came through.
pub fn link(world: &World, call: &Call, id: &str) -> String {
    let expiry = world.after(world.switches.media_link_seconds).as_second();
    let expiry = format!("{expiry:X}");
    let signature = signature(world.seed, id, &expiry);
    format!("{}/{id}?oe={expiry}&sig={signature}", call.media_base)
}

/// Puts links in the place of the header handles of a template that is about to be shown.
pub fn show(world: &World, call: &Call, template: &mut Value) {
    if let Some(components) = template.get_mut("components") {
        for (_, handle) in header_handles(components) {
            *handle = link(world, call, &link_id(handle));
        }
    }
}

/// Returns a signature of the world's own; `salt` keeps kinds of it apart.
pub fn signature(seed: u64, salt: &str, text: &str) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(&seed.to_be_bytes()).expect("HMAC takes keys of any length");
    mac.update(salt.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..15])
}

/// Answers a call that follows a link.
pub fn download(world: &World, call: &Call) -> Answer {
    let refuse = |status, text: &str| Answer::content(status, "text/plain", text);
    if call.method != "GET" {
        return refuse(405, "Method Not Allowed");
    }
    let parameter = |name| call.params.0.get(name).and_then(Value::as_str);
    let (Some(id), Some(expiry), Some(given)) =
        (call.path.get(1), parameter("oe"), parameter("sig"))
    else {
        return refuse(403, "Bad URL hash");
    };
    if given != signature(world.seed, id, expiry) {
        return refuse(403, "URL signature mismatch");
    }
    let has_expired =
        i64::from_str_radix(expiry, 16).map_or(true, |end| end <= world.now.as_second());
    if has_expired {
        return refuse(403, "URL signature expired");
    }
    match content(world, id) {
        Some((mime, bytes)) => Answer::content(200, &mime, bytes),
        None => refuse(404, "Not Found"),
    }
}

fn content(world: &World, id: &str) -> Option<(String, Vec<u8>)> {
    if let Some(media) = world.media.linked(id) {
        return Some((media.mime.clone(), media.bytes.clone()));
    }
    let json = world.flows.get(&id.parse().ok()?)?.json.as_ref()?;
    Some(("application/json".to_owned(), json.to_string().into_bytes()))
}
