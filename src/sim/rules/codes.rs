//! `POST /{PHONE}/request_code` and `/verify_code`: proves that somebody can receive on a number.
//!
//! Six digits, ten minutes, the newest only. How often one may ask and guess is not published.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers>

use super::{Answered, is_digits, success};
use crate::{
    ids::PhoneNumberId,
    secret::Secret,
    sim::{
        call::Params,
        error::GraphError,
        words::CodeVerification,
        world::{Codes, Number, World},
    },
};

/// Sends a new code; older ones stop working.
pub fn request(world: &mut World, id: &PhoneNumberId, params: &Params) -> Answered {
    let method = params.required("code_method")?;
    if !matches!(method.as_str(), "SMS" | "VOICE") {
        return Err(GraphError::parameter(
            "Param code_method must be one of {SMS, VOICE}.",
        ));
    }
    if !is_locale(&params.required("language")?) {
        return Err(GraphError::parameter(
            "Param language must be a valid locale.",
        ));
    }
    let asked = check_request(world, number(world, id)?)?;
    let code = format!("{:06}", world.invent() % 1_000_000);
    let now = world.now;
    let number = number_mut(world, id)?;
    let shown = Secret::new(format!("{}-{}", &code[..3], &code[3..]));
    let phone = number.phone.clone();
    number.codes = Codes {
        newest: Some((Secret::new(code), now)),
        asked: [asked, vec![now]].concat(),
        wrong: 0,
    };
    world.inbox.push((phone, shown));
    success()
}

/// Returns when codes were asked for during the last hour.
fn check_request(world: &World, number: &Number) -> Result<Vec<jiff::Timestamp>, GraphError> {
    if world.verification(number) == CodeVerification::Verified {
        return Err(GraphError::new(136_024, "Request code error").user(
            "Phone Number Already Verified",
            "The phone number is verified already.",
        ));
    }
    if number.is_live() {
        return Err(not_eligible(2_388_091, "Cannot Request Code"));
    }
    let asked: Vec<_> = number
        .codes
        .asked
        .iter()
        .copied()
        .filter(|at| world.is_within(*at, 3600))
        .collect();
    if asked.len() >= world.switches.max_code_requests as usize {
        return Err(GraphError::new(136_024, "Request code error")
            .subcode(2_388_367)
            .user(
                "Request Code Rate Limit",
                "You have requested a verification code too many times. Try again later.",
            ));
    }
    Ok(asked)
}

fn not_eligible(subcode: u32, title: &str) -> GraphError {
    GraphError::migration(
        subcode,
        title,
        "The phone number is not eligible for a registration code.",
    )
}

/// Takes a code.
pub fn verify(world: &mut World, id: &PhoneNumberId, params: &Params) -> Answered {
    let code = params.required("code")?;
    if !is_digits(&code, 6) {
        return Err(GraphError::parameter(
            "Param code must be a string of 6 digits.",
        ));
    }
    if number(world, id)?.is_live() {
        return Err(not_eligible(2_388_093, "Cannot Verify Code"));
    }
    let switches = world.switches.clone();
    let now = world.now;
    let number = number_mut(world, id)?;
    if number.codes.wrong >= switches.max_code_guesses {
        return Err(wrong_code(switches.wrong_code_error)
            .details("Too many wrong codes. Request a new one."));
    }
    let is_right = number.codes.newest.as_ref().is_some_and(|(newest, sent)| {
        let age = now.duration_since(*sent).as_secs();
        newest.expose() == code && age < i64::from(switches.code_seconds)
    });
    if !is_right {
        number.codes.wrong += 1;
        return Err(wrong_code(switches.wrong_code_error));
    }
    number.verify(now);
    number.codes.newest = None;
    success()
}

fn wrong_code(code: u32) -> GraphError {
    GraphError::new(code, "Verify code error").user(
        "Code couldn't be verified",
        "The code that was entered is incorrect or has expired.",
    )
}

fn number<'a>(world: &'a World, id: &PhoneNumberId) -> Result<&'a Number, GraphError> {
    world
        .numbers
        .get(id)
        .ok_or_else(|| GraphError::no_object("POST", id.as_str()))
}

fn number_mut<'a>(world: &'a mut World, id: &PhoneNumberId) -> Result<&'a mut Number, GraphError> {
    world
        .numbers
        .get_mut(id)
        .ok_or_else(|| GraphError::no_object("POST", id.as_str()))
}

/// `en`, `en_US`, `fil`: two or three small letters, and a region of two capitals.
fn is_locale(text: &str) -> bool {
    let (language, region) = text
        .split_once('_')
        .map_or((text, None), |(l, r)| (l, Some(r)));
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_lowercase())
        && region.is_none_or(|region| {
            region.len() == 2 && region.bytes().all(|b| b.is_ascii_uppercase())
        })
}
