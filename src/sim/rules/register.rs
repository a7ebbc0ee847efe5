//! `POST /{PHONE}/register` and `/deregister`: the point of no return of a migration.
//!
//! The order of the checks is a model decision (Meta does not document it): budget, verified,
//! source's two-step verification, PIN, payment. Then everything changes at once.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers>

use super::{Answered, intents, is_digits, success, templates};
use crate::{
    ids::{PhoneNumberId, WabaId},
    phone::Phone,
    secret::Secret,
    sim::{
        call::Params,
        error::GraphError,
        switches::{DeregisterIdle, Reregister, SourceAfterMove},
        words::{CodeVerification, NumberStatus, Platform},
        world::{Number, World},
    },
};

/// Register and deregister calls of one number in [`BUDGET_SECONDS`].
const BUDGET: usize = 10;
const BUDGET_SECONDS: u32 = 72 * 3600;
/// A deleted number rests this long.
const REST_SECONDS: u32 = 300;
const REGIONS: [&str; 14] = [
    "AE", "AU", "BH", "BR", "CA", "CH", "DE", "GB", "ID", "IN", "JP", "KR", "SG", "ZA",
];

/// Registers a number on the Cloud API.
pub fn register(world: &mut World, id: &PhoneNumberId, params: &Params) -> Answered {
    let pin = check_parameters(params)?;
    let number = find(world, id)?.clone();
    spend(world, &number.phone)?;
    check_state(world, &number)?;
    if number.is_live() {
        return register_again(world, id, &number, &pin);
    }
    check_pin(world, id, &pin)?;
    check_payment(world, &number)?;
    go_live(world, id, &number, pin);
    success()
}

fn check_parameters(params: &Params) -> Result<Secret, GraphError> {
    check_product(params)?;
    let pin = params.required("pin")?;
    if !is_digits(&pin, 6) {
        return Err(GraphError::parameter(
            "Param pin must be a string of 6 digits.",
        ));
    }
    if let Some(region) = params.text("data_localization_region")?
        && !REGIONS.contains(&region.as_str())
    {
        return Err(GraphError::parameter(
            "Param data_localization_region has an unsupported value.",
        ));
    }
    if params.has("backup") {
        return Err(GraphError::parameter(
            "Param backup is no longer supported.",
        ));
    }
    Ok(Secret::new(pin))
}

pub(super) fn check_product(params: &Params) -> Result<(), GraphError> {
    match params.required("messaging_product")?.as_str() {
        "whatsapp" => Ok(()),
        _ => Err(GraphError::parameter(
            "Param messaging_product must be one of {whatsapp}.",
        )),
    }
}

fn find<'a>(world: &'a World, id: &PhoneNumberId) -> Result<&'a Number, GraphError> {
    world
        .numbers
        .get(id)
        .ok_or_else(|| GraphError::no_object("POST", id.as_str()))
}

/// Counts a call against the number's budget; refused calls count as well.
fn spend(world: &mut World, phone: &Phone) -> Result<(), GraphError> {
    let now = world.now;
    let calls = world.registrations.entry(phone.clone()).or_default();
    calls.retain(|at| now.duration_since(*at).as_secs() < i64::from(BUDGET_SECONDS));
    if calls.len() >= BUDGET {
        return Err(GraphError::new(133_016, "Account register deregister rate limit exceeded")
            .details("There were too many registration attempts for this phone number in a short period of time."));
    }
    calls.push(now);
    Ok(())
}

fn check_state(world: &World, number: &Number) -> Result<(), GraphError> {
    let is_resting = world
        .deleted
        .get(&number.phone)
        .is_some_and(|at| world.is_within(*at, REST_SECONDS));
    if is_resting {
        return Err(GraphError::new(
            133_015,
            "Please wait a few minutes before attempting to register this phone number",
        )
        .details("The phone number was recently deleted."));
    }
    if !number.is_live() && world.verification(number) != CodeVerification::Verified {
        return Err(
            GraphError::new(133_006, "Phone number re-verification needed")
                .details("Phone number needs to be verified before registering"),
        );
    }
    let source = world.live_number(&number.phone);
    if source.is_some_and(|(_, source)| source.waba != number.waba && source.pin.is_some()) {
        return Err(GraphError::migration(
            2_388_001,
            "Cannot Create Certificate",
            "The certificate could not be created. Turn off two-step verification of the phone number and try again.",
        ));
    }
    Ok(())
}

fn check_pin(world: &mut World, id: &PhoneNumberId, pin: &Secret) -> Result<(), GraphError> {
    let most = world.switches.max_pin_guesses;
    let Some(number) = world.numbers.get_mut(id) else {
        return Ok(());
    };
    let Some(set) = &number.pin else {
        return Ok(());
    };
    if number.wrong_pins >= most {
        return Err(
            GraphError::new(133_008, "Too Many two step verification PIN Guesses")
                .details("Too many incorrect PINs. Try again in 12 hours."),
        );
    }
    if set.expose() != pin.expose() {
        number.wrong_pins += 1;
        return Err(
            GraphError::new(133_005, "Two step verification PIN Mismatch")
                .details("Two step verification PIN does not match"),
        );
    }
    number.wrong_pins = 0;
    Ok(())
}

fn register_again(
    world: &mut World,
    id: &PhoneNumberId,
    number: &Number,
    pin: &Secret,
) -> Answered {
    match world.switches.reregister {
        Reregister::KeepPin if number.pin.is_some() => {}
        Reregister::KeepPin => set_pin(world, id, pin.clone()),
        Reregister::MatchPin => {
            check_pin(world, id, pin)?;
            set_pin(world, id, pin.clone());
        }
    }
    success()
}

fn set_pin(world: &mut World, id: &PhoneNumberId, pin: Secret) {
    if let Some(number) = world.numbers.get_mut(id) {
        number.pin = Some(pin);
    }
}

fn check_payment(world: &World, number: &Number) -> Result<(), GraphError> {
    let has_payment = world
        .wabas
        .get(&number.waba)
        .is_some_and(|waba| waba.funding.is_some());
    if has_payment {
        return Ok(());
    }
    Err(GraphError::parameter("Invalid parameter")
        .details("The WhatsApp Business account doesn't have a payment method set up."))
}

fn go_live(world: &mut World, id: &PhoneNumberId, number: &Number, pin: Secret) {
    let source = world
        .live_number(&number.phone)
        .map(|(id, source)| (id.clone(), source.waba.clone()));
    if let Some((source_id, _)) = &source {
        leave(world, source_id);
    }
    let flaps = world.switches.flapping_reads;
    let now = world.now;
    if let Some(number) = world.numbers.get_mut(id) {
        number.status = NumberStatus::Connected;
        number.platform = Platform::CloudApi;
        number.pin = Some(pin);
        number.is_migrating = false;
        number.verified_at = None;
        number.onboarded = Some(now);
        number.flaps_left = flaps;
    }
    // The number counts for the limit of the templates that it brings.
    if let Some((_, source_waba)) = source {
        duplicate(world, &source_waba, &number.waba);
        intents::complete(world, &source_waba, &number.waba);
    }
}

fn leave(world: &mut World, source: &PhoneNumberId) {
    match world.switches.source_after_move {
        SourceAfterMove::Gone => {
            world.numbers.remove(source);
        }
        SourceAfterMove::Migrated => {
            if let Some(number) = world.numbers.get_mut(source) {
                number.status = NumberStatus::Migrated;
                number.platform = Platform::NotApplicable;
            }
        }
    }
}

/// A number takes copies of the source's approved templates of high quality along.
fn duplicate(world: &mut World, source: &WabaId, target: &WabaId) {
    if source != target {
        templates::duplicate_with_number(world, source, target);
    }
}

/// Takes a number off the Cloud API.
pub fn deregister(world: &mut World, id: &PhoneNumberId) -> Answered {
    let number = find(world, id)?.clone();
    spend(world, &number.phone)?;
    if number.is_on_biz_app {
        return Err(GraphError::parameter("Invalid parameter").details(
            "A number that is used in the WhatsApp Business app cannot be deregistered.",
        ));
    }
    if !number.is_live() {
        return Err(match world.switches.deregister_idle {
            DeregisterIdle::NotRegistered => {
                GraphError::new(133_010, "Phone number Not Registered")
                    .details("Phone number not registered on the WhatsApp Business Platform.")
            }
            DeregisterIdle::InvalidParameter => {
                GraphError::parameter("Invalid parameter").subcode(2_207_051)
            }
        });
    }
    if let Some(number) = world.numbers.get_mut(id) {
        number.status = NumberStatus::Disconnected;
        number.platform = Platform::NotApplicable;
    }
    success()
}
