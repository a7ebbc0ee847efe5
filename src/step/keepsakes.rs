//! What the source will not show any more once a number has moved: its profile, and the id it had there.
//! Both are kept in the journal before the call that moves it.

use serde_json::{Value, json};

use super::{Context, StepError};
use crate::{
    finding::{Finding, Severity, Who},
    ids::{Address, NumberStep},
    journal::history::SOURCE_NUMBER,
    phone::Phone,
    resource::{Observed, Why},
    snapshot::profile,
};

/// The profile of the source is kept in the journal under this name.
pub(super) const PROFILE: &str = "profile";

/// Keeps what is not kept yet. The profile only where it is to be carried over.
pub(super) async fn keep_source(
    cx: &Context<'_>,
    phone: &Phone,
    carries_profile: bool,
) -> Result<(), StepError> {
    keep_id(cx, phone)?;
    match carries_profile {
        true => keep_profile(cx, phone).await,
        false => Ok(()),
    }
}

/// The id is kept under the address of the register, whoever registers the number.
fn keep_id(cx: &Context<'_>, phone: &Phone) -> Result<(), StepError> {
    let step = Address::number(phone, NumberStep::Register);
    let id = {
        let seen = cx.seen();
        let kept = seen.history.kept(&step, SOURCE_NUMBER).is_some();
        let known = seen.source.known(phone).filter(|_| !kept);
        known.map(|number| number.id.clone())
    };
    match id {
        Some(id) => cx.keep(&step, SOURCE_NUMBER, json!({ "id": id })),
        None => Ok(()),
    }
}

async fn keep_profile(cx: &Context<'_>, phone: &Phone) -> Result<(), StepError> {
    let step = Address::number(phone, NumberStep::Profile);
    let id = {
        let seen = cx.seen();
        let kept = seen.history.kept(&step, PROFILE).is_some();
        let known = seen.source.known(phone).filter(|_| !kept);
        known.map(|number| number.id.clone())
    };
    let Some(id) = id else { return Ok(()) };
    let profile = match profile(cx.source, &id).await {
        Observed::Present(profile) => profile,
        Observed::Absent => return Ok(()),
        Observed::Unknown(why) => return Err(StepError::Blocked(vec![unread(phone, &why)])),
    };
    cx.keep(&step, PROFILE, Value::Object(profile.fields().clone()))
}

/// Without the profile the move would lose it for good.
fn unread(phone: &Phone, why: &Why) -> Finding {
    let message = format!("the profile of {phone} on the source cannot be read: {why}");
    let subject = Address::number(phone, NumberStep::Profile);
    Finding::unknown("profile-unreadable", Severity::Error, subject, message)
        .ask(
            Who::Us,
            "run apply again, or write the wanted profile into the plan",
        )
        .proof("GET /{SOURCE_PHONE}/whatsapp_business_profile answers")
}
