//! `PATCH …/whatsapp/embeddedsignup/{id}`: the number of a new integration is registered at Meta.
//!
//! Meta counts every attempt. Genesys Cloud does not say how it tells a failure; see the switches
//! whose names begin with `activation`.

use serde_json::{Value, json};

use super::{
    ask::{Answered, Ask, Reply},
    integrations::{add_recipient, find},
    life::{self, Due},
    organization::{Integration, Organization},
    refusal::Refusal,
    switches::{
        ActivatingStatus, ActivationError, ActivationFailure, ActivationForm, FailedStatus,
    },
    view,
    words::{CreateStatus, IntegrationStatus, SignupVersion},
};
use crate::{
    ids::WabaId,
    phone::Phone,
    secret::Secret,
    sim::{call::Params, error::GraphError, rules::register, world::World},
};

/// Begins to activate an integration.
pub fn activate(world: &mut World, org: &mut Organization, ask: &Ask) -> Answered {
    let id = ask.id();
    org.tally.activations += 1;
    let it = find(org, id, world.now)?.clone();
    let pin = pin(ask)?;
    if let Err(refusal) = check_state(org, &it) {
        org.tally.repeated_activations += u32::from(is_repeat(&it));
        return Err(refusal);
    }
    let (phone, name) = chosen(world, org, &it, ask)?;
    if !org.switches.second_integration && org.integrations_of(&phone).any(|other| other.id != id) {
        let message = format!("The phone number {phone} is used by another integration.");
        return Err(Refusal::conflict(message).about(id));
    }
    if !view::choosable(world, org, &it).any(|number| number.phone == phone) {
        let allowed = "availablePhoneNumbers";
        return Err(Refusal::value(&phone.to_string(), "phoneNumber", allowed).about(id));
    }
    begin(world, org, id, (phone, name, pin))?;
    let it = find(org, id, world.now)?;
    Reply::accepted(view::integration(world, org, it, ask))
}

fn pin(ask: &Ask) -> Result<Secret, Refusal> {
    let pin = ask.required("pin")?;
    if pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Secret::new(pin));
    }
    // The value is a secret and stays out of the answer.
    Err(Refusal::value("***", "pin", "6 digits"))
}

fn is_repeat(it: &Integration) -> bool {
    it.is_activating || it.status == IntegrationStatus::Active
}

fn check_state(org: &Organization, it: &Integration) -> Result<(), Refusal> {
    let refuse = |message: &str| Err(Refusal::conflict(message).about(&it.id));
    if it.status == IntegrationStatus::Deleting {
        return refuse("The integration is being deleted.");
    }
    if is_repeat(it) {
        return refuse("The integration is active already, or is being activated.");
    }
    if it.create_status != CreateStatus::Completed {
        return refuse("The integration has not been created yet.");
    }
    if it.activation_error.is_some() && !org.switches.failed_activation_repeats {
        return refuse("The activation of this integration has failed. Delete it and start again.");
    }
    Ok(())
}

/// Returns number and new name. A v2 signup needs the one, a v4 signup the other.
fn chosen(
    world: &World,
    org: &Organization,
    it: &Integration,
    ask: &Ask,
) -> Result<(Phone, Option<String>), Refusal> {
    let form = match (org.switches.activation_form, it.signup) {
        (ActivationForm::BySignup, SignupVersion::V2) | (ActivationForm::V2, _) => {
            SignupVersion::V2
        }
        (ActivationForm::BySignup, SignupVersion::V4) | (ActivationForm::V4, _) => {
            SignupVersion::V4
        }
    };
    match form {
        SignupVersion::V2 => {
            let given = ask.required("phoneNumber")?;
            let phone = Phone::from_display(given).filter(|_| given.trim().starts_with('+'));
            let phone = phone.ok_or_else(|| Refusal::value(given, "phoneNumber", "E.164"))?;
            Ok((phone, None))
        }
        SignupVersion::V4 => {
            let name = ask.required("name")?.to_owned();
            let known = it.phone.clone();
            let only = || {
                view::choosable(world, org, it)
                    .next()
                    .map(|number| number.phone.clone())
            };
            let phone = known
                .or_else(only)
                .ok_or_else(|| Refusal::bad("No phone number was chosen."))?;
            Ok((phone, Some(name)))
        }
    }
}

/// Starts the activation; nothing is checked but what Meta checks.
pub fn begin(
    world: &mut World,
    org: &mut Organization,
    id: &str,
    (phone, name, pin): (Phone, Option<String>, Secret),
) -> Result<(), Refusal> {
    let now = world.now;
    if let Some(it) = org.integration_mut(id) {
        it.phone = Some(phone);
        it.pin = Some(pin);
        it.outcome = None;
    }
    if org.switches.activation_failure == ActivationFailure::Refused {
        register_now(world, org, id);
        let outcome = org.integration(id).and_then(|it| it.outcome.clone());
        if let Some(Err(told)) = outcome {
            let text = told["message"].as_str().unwrap_or_default().to_owned();
            return Err(Refusal::bad(text).about(id));
        }
    }
    let activating = org.switches.activating_status;
    if let Some(it) = org.integration_mut(id) {
        it.name = name.unwrap_or_else(|| it.name.clone());
        it.activation_error = None;
        it.is_activating = true;
        match activating {
            ActivatingStatus::Starting => it.turn(IntegrationStatus::Starting, now),
            ActivatingStatus::Unchanged => it.touch(now),
        }
    }
    let seconds = org.switches.activation_seconds;
    let (middle, end) = (world.after(seconds / 2), world.after(seconds));
    life::plan(world, middle, Due::Registers(id.to_owned()));
    life::plan(world, end, Due::Activated(id.to_owned()));
    Ok(())
}

/// Registers the number at Meta, unless that was done.
pub fn register_now(world: &mut World, org: &mut Organization, id: &str) {
    let Some(it) = org.integration(id).filter(|it| it.outcome.is_none()) else {
        return;
    };
    let (Some(phone), Some(pin)) = (it.phone.clone(), it.pin.clone()) else {
        return;
    };
    let waba = it.waba.clone();
    let outcome = register(world, org, (&waba, &phone), &pin);
    let outcome = outcome.map_err(|error| told(world, org, &error));
    if let Some(it) = org.integration_mut(id) {
        it.outcome = Some(outcome);
        it.pin = None;
    }
}

fn register(
    world: &mut World,
    org: &mut Organization,
    (waba, phone): (&WabaId, &Phone),
    pin: &Secret,
) -> Result<(), GraphError> {
    let account = world.wabas.get(waba);
    if account.is_none_or(|account| account.is_banned) {
        return Err(GraphError::locked());
    }
    let number = world.number_on(waba, phone).map(|(id, _)| id.clone());
    let number = number.ok_or_else(|| GraphError::no_object("POST", phone.digits()))?;
    bring_payment(world, org, (waba, phone));
    let params: Params = [("messaging_product", "whatsapp"), ("pin", pin.expose())]
        .into_iter()
        .collect();
    register::register(world, &number, &params).map(|_| ())
}

/// A number that is new at Meta brings Genesys' payment line along; one that moves brings none.
fn bring_payment(world: &mut World, org: &mut Organization, (waba, phone): (&WabaId, &Phone)) {
    let moves = world
        .live_number(phone)
        .is_some_and(|(_, live)| live.waba != *waba);
    let needs = world
        .wabas
        .get(waba)
        .is_some_and(|account| account.funding.is_none());
    if moves || !needs || !org.switches.attaches_payment {
        return;
    }
    let line = world.invent().to_string();
    if let Some(account) = world.wabas.get_mut(waba) {
        account.funding = Some(line);
        account.currency.get_or_insert_with(|| "EUR".into());
        account.payment_error = false;
    }
    org.payment_lines.insert(waba.clone());
}

/// What an integration tells of a failure at Meta.
fn told(world: &mut World, org: &Organization, error: &GraphError) -> Value {
    let refusal = match org.switches.activation_error {
        ActivationError::Generic => Refusal::bad("Unknown error saving integration"),
        ActivationError::Meta => Refusal::from(error),
    };
    let context = world.invent_uuid();
    refusal.body(&context)
}

/// Ends an activation as Meta's answer has it.
pub fn end(world: &mut World, org: &mut Organization, id: &str) {
    let now = world.now;
    let failed = match org.switches.failed_status {
        FailedStatus::Error => IntegrationStatus::Error,
        FailedStatus::Failed => IntegrationStatus::Failed,
        FailedStatus::Incomplete => IntegrationStatus::Incomplete,
    };
    let Some(it) = org.integration_mut(id).filter(|it| it.is_activating) else {
        return;
    };
    it.is_activating = false;
    match it.outcome.take() {
        Some(Ok(())) => {
            it.was_active = true;
            it.turn(IntegrationStatus::Active, now);
            add_recipient(world, org, id);
        }
        Some(Err(told)) => {
            it.activation_error = Some(told);
            it.turn(failed, now);
        }
        None => {
            it.activation_error = Some(json!({"message": "Unknown error", "status": 500}));
            it.turn(failed, now);
        }
    }
}
