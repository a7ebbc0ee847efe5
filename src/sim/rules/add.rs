//! `POST /{WABA}/phone_numbers`: adds a number to an account, or starts its migration there.
//!
//! The order of the checks is a model decision (Meta does not document it): already here, known
//! at all, source ready, same business, target approved, Messaging For, payment, name, webhooks,
//! maintenance, room.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/support/migrating-phone-numbers-among-solution-partners-programmatically>

use std::collections::BTreeMap;

use serde_json::json;

use super::{Answered, intents};
use crate::{
    ids::{PhoneNumberId, WabaId},
    phone::Phone,
    sim::{
        call::Params,
        error::GraphError,
        nodes::verification,
        switches::SecondAdd,
        words::{
            AccountMode, CodeVerification, NameStatus, NumberStatus, Platform, Quality, Review,
            Verification,
        },
        world::{Codes, Number, Waba, World},
    },
};

const TITLE: &str = "Cannot Migrate Phone Number";

/// Adds a number, or starts its migration.
pub fn add(world: &mut World, waba: &WabaId, params: &Params) -> Answered {
    let phone = phone(world, params)?;
    let migrates = params.flag("migrate_phone_number")?;
    let name = if migrates {
        None
    } else {
        Some(display_name(params)?)
    };
    if let Some((id, _)) = world.number_on(waba, &phone) {
        return match world.switches.second_add {
            SecondAdd::SameId => Ok(json!({"id": id})),
            SecondAdd::Refused => Err(GraphError::migration(
                2_388_012,
                "Phone Number Already Exists",
                "The phone number you are adding already exists in your list of phone numbers.",
            )),
        };
    }
    let name = match name {
        None => check_migration(world, waba, &phone)?,
        Some(name) => check_new(world, &phone, name)?,
    };
    check_room(world, waba)?;
    let source = world.live_number(&phone).map(|(_, live)| live.waba.clone());
    let is_verified = source.is_some_and(|source| intents::spares_code(world, &source, waba));
    let id = create(world, waba, phone, name, migrates);
    let now = world.now;
    if let Some(number) = world.numbers.get_mut(&id).filter(|_| is_verified) {
        number.verify(now);
    }
    Ok(json!({"id": id}))
}

/// The guide asks for `cc` and the national number, the OpenAPI document for E.164 without `+`.
fn phone(world: &World, params: &Params) -> Result<Phone, GraphError> {
    let national: String = params
        .required("phone_number")?
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
        .collect();
    let country = match params.text("cc")? {
        None if world.switches.accepts_e164_without_cc => String::new(),
        _ => params.required("cc")?,
    };
    let whole = format!("{country}{national}");
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return Err(GraphError::parameter(
            "Param phone_number and cc must have digits only.",
        ));
    }
    let phone: Phone = format!("+{whole}")
        .parse()
        .map_err(|_| GraphError::parameter("Param phone_number is not a valid phone number."))?;
    if !country.is_empty() && phone.split().0 != country {
        return Err(GraphError::parameter(
            "Param cc is not a valid country code.",
        ));
    }
    Ok(phone)
}

fn display_name(params: &Params) -> Result<String, GraphError> {
    let name = params.required("verified_name")?;
    if (2..=75).contains(&name.chars().count()) {
        Ok(name)
    } else {
        Err(GraphError::parameter(
            "Param verified_name must have 2 to 75 characters.",
        ))
    }
}

/// What a registered number answers when it is added without the flag is not documented.
fn check_new(
    world: &World,
    phone: &Phone,
    name: String,
) -> Result<(String, NameStatus), GraphError> {
    if world.live_number(phone).is_some() {
        return Err(GraphError::parameter("Invalid parameter")
            .details("The phone number is registered to another WhatsApp Business account; migrate it instead."));
    }
    Ok((name, NameStatus::PendingReview))
}

/// Returns the name the number keeps.
fn check_migration(
    world: &World,
    target: &WabaId,
    phone: &Phone,
) -> Result<(String, NameStatus), GraphError> {
    let Some((_, number)) = world.live_number(phone) else {
        return refuse("The phone number can be added directly and does not need to be migrated.");
    };
    check_source(world, number)?;
    check_target(
        world,
        account(world, &number.waba)?,
        account(world, target)?,
    )?;
    check_name(world, number)?;
    if account(world, target)?.subscriptions.is_empty() {
        return refuse("Webhooks are not set up on the destination WhatsApp Business account.");
    }
    if number.in_maintenance {
        return Err(GraphError::migration(
            2_494_100,
            "Phone Number In Maintenance",
            "The phone number is in maintenance mode. Try again in a few minutes.",
        )
        .transient());
    }
    Ok((number.name.clone(), number.name_status))
}

fn check_source(world: &World, number: &Number) -> Result<(), GraphError> {
    if !is_movable(number) {
        return refuse("The source account of the phone number is not set up for a migration.");
    }
    if !is_set_up(world, account(world, &number.waba)?) {
        return refuse("The source WhatsApp Business account is not set up properly.");
    }
    Ok(())
}

fn check_target(world: &World, source: &Waba, target: &Waba) -> Result<(), GraphError> {
    if !is_same_business(source, target) {
        return refuse("The phone number belongs to a different Business Manager account.");
    }
    if target.review != Review::Approved {
        return refuse("The destination WhatsApp Business account is not approved.");
    }
    if verification(world, target) != Verification::Verified {
        return refuse("The destination business is not verified.");
    }
    if !messaging_for_approved(target) {
        return refuse("The \"Messaging For\" request of the destination account is not approved.");
    }
    if target.funding.is_none() && world.switches.payment_checked_at_add {
        return refuse(
            "The destination WhatsApp Business account does not have a payment account.",
        );
    }
    Ok(())
}

fn check_name(world: &World, number: &Number) -> Result<(), GraphError> {
    if !is_name_approved(world, number) {
        return refuse("The display name of the phone number is not approved.");
    }
    if number.new_name.is_some() {
        return refuse("A display name change of the phone number is pending.");
    }
    Ok(())
}

fn refuse<T>(text: &str) -> Result<T, GraphError> {
    Err(GraphError::migration(2_388_103, TITLE, text))
}

fn account<'a>(world: &'a World, id: &WabaId) -> Result<&'a Waba, GraphError> {
    world
        .wabas
        .get(id)
        .ok_or_else(|| GraphError::no_object("POST", id.as_str()))
}

fn is_movable(number: &Number) -> bool {
    number.status == NumberStatus::Connected
        && number.mode == AccountMode::Live
        && !number.is_on_biz_app
}

fn is_set_up(world: &World, source: &Waba) -> bool {
    source.review == Review::Approved && verification(world, source) == Verification::Verified
}

/// A partner's account counts as the business it is for.
fn is_same_business(source: &Waba, target: &Waba) -> bool {
    end_business(source) == end_business(target)
}

fn end_business(waba: &Waba) -> &crate::ids::BusinessId {
    waba.on_behalf_of
        .as_ref()
        .map_or(&waba.owner, |other| &other.business)
}

fn messaging_for_approved(waba: &Waba) -> bool {
    waba.on_behalf_of
        .as_ref()
        .is_none_or(|other| other.status == Review::Approved)
}

fn is_name_approved(world: &World, number: &Number) -> bool {
    match number.name_status {
        NameStatus::Approved => true,
        NameStatus::AvailableWithoutReview => world.switches.accepts_unreviewed_names,
        NameStatus::Declined
        | NameStatus::Expired
        | NameStatus::PendingReview
        | NameStatus::None
        | NameStatus::NonExists => false,
    }
}

/// The limit is documented (2, then 20 numbers), its error code is not: unconfirmed.
fn check_room(world: &World, waba: &WabaId) -> Result<(), GraphError> {
    if has_room(world, waba) {
        return Ok(());
    }
    Err(GraphError::parameter("Invalid parameter")
        .details("The business has reached the maximum number of phone numbers."))
}

/// Returns whether an account may hold one more number.
pub fn has_room(world: &World, waba: &WabaId) -> bool {
    let held = world
        .numbers
        .values()
        .filter(|number| number.waba == *waba && number.status != NumberStatus::Migrated)
        .count();
    world
        .wabas
        .get(waba)
        .is_some_and(|account| held < account.max_numbers)
}

/// Puts a number on an account: pending, not verified. Of its live node it takes quality and mark.
pub fn create(
    world: &mut World,
    waba: &WabaId,
    phone: Phone,
    name: (String, NameStatus),
    migrates: bool,
) -> PhoneNumberId {
    world
        .numbers
        .retain(|_, number| number.waba != *waba || number.phone != phone);
    let (name, name_status) = name;
    let (quality, is_official) = world
        .live_number(&phone)
        .map_or((Quality::Unknown, false), |(_, source)| {
            (source.quality, source.is_official)
        });
    let id: PhoneNumberId = world.invent_id();
    let number = Number {
        waba: waba.clone(),
        phone,
        name,
        name_status,
        new_name: None,
        name_changes: Vec::new(),
        status: NumberStatus::Pending,
        platform: Platform::NotApplicable,
        verification: CodeVerification::NotVerified,
        verified_at: None,
        quality,
        mode: AccountMode::Live,
        pin: None,
        is_on_biz_app: false,
        is_official,
        in_maintenance: false,
        is_migrating: migrates,
        onboarded: Some(world.now),
        profile: BTreeMap::new(),
        callback: None,
        codes: Codes::default(),
        wrong_pins: 0,
        flaps_left: 0,
    };
    world.numbers.insert(id.clone(), number);
    id
}
