//! `POST /{PHONE}`: the two-step PIN, the display name, the callback override of a number.
//!
//! A PIN can be set and changed here, never removed.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers>

use super::{Answered, is_digits, subscriptions, success};
use crate::{
    ids::PhoneNumberId,
    secret::Secret,
    sim::{
        call::Params,
        error::GraphError,
        words::NameStatus,
        world::{Number, World},
    },
};

/// Display names that may be asked for in [`NAME_SECONDS`].
const NAME_CHANGES: usize = 10;
const NAME_SECONDS: u32 = 30 * 24 * 3600;

/// Changes a number.
pub fn change(world: &mut World, id: &PhoneNumberId, params: &Params) -> Answered {
    let handshake = world.switches.callback_handshake;
    let now = world.now;
    let Some(number) = world.numbers.get_mut(id) else {
        return Err(GraphError::no_object("POST", id.as_str()));
    };
    if params.has("pin") {
        return set_pin(number, &params.required("pin")?);
    }
    if params.has("new_display_name") {
        return ask_name(number, params.required("new_display_name")?, now);
    }
    if let Some(callback) = params.json("webhook_configuration")? {
        let pairs = callback.as_object().cloned().unwrap_or_default();
        number.callback = subscriptions::callback(&Params(pairs.into_iter().collect()), handshake)?;
        return success();
    }
    Err(GraphError::parameter("Invalid parameter"))
}

fn set_pin(number: &mut Number, pin: &str) -> Answered {
    if !is_digits(pin, 6) {
        return Err(GraphError::parameter(
            "Param pin must be a string of 6 digits.",
        ));
    }
    if !number.is_live() {
        return Err(GraphError::new(133_010, "Phone number Not Registered")
            .details("Phone number not registered on the WhatsApp Business Platform."));
    }
    number.pin = Some(Secret::new(pin));
    success()
}

fn ask_name(number: &mut Number, name: String, now: jiff::Timestamp) -> Answered {
    number
        .name_changes
        .retain(|at| now.duration_since(*at).as_secs() < i64::from(NAME_SECONDS));
    if number.new_name.is_some() {
        return Err(GraphError::parameter("Invalid parameter")
            .details("A display name change is already in review."));
    }
    if number.name_changes.len() >= NAME_CHANGES {
        return Err(GraphError::parameter("Invalid parameter")
            .details("The display name was changed too often."));
    }
    number.name_changes.push(now);
    number.new_name = Some((name, NameStatus::PendingReview));
    success()
}
