//! `/{PHONE}/whatsapp_business_profile`: what people see of a business.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/business-profiles/>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answered, register::check_product, success};
use crate::{
    ids::PhoneNumberId,
    sim::{call::Params, error::GraphError, world::World},
};

/// Text fields, and their shortest and longest length.
const TEXTS: [(&str, usize, usize); 4] = [
    ("about", 1, 139),
    ("address", 0, 256),
    ("description", 0, 512),
    ("email", 0, 128),
];
const VERTICALS: [&str; 23] = [
    "UNDEFINED",
    "OTHER",
    "AUTO",
    "BEAUTY",
    "APPAREL",
    "EDU",
    "ENTERTAIN",
    "EVENT_PLAN",
    "FINANCE",
    "GROCERY",
    "GOVT",
    "HOTEL",
    "HEALTH",
    "NONPROFIT",
    "PROF_SERVICES",
    "RETAIL",
    "TRAVEL",
    "RESTAURANT",
    "NOT_A_BIZ",
    "ALCOHOL",
    "ONLINE_GAMBLING",
    "PHYSICAL_GAMBLING",
    "OTC_DRUGS",
];
const FIELDS: [&str; 8] = [
    "about",
    "address",
    "description",
    "email",
    "profile_picture_url",
    "websites",
    "vertical",
    "messaging_product",
];

/// Reads the profile. Without `fields` only `messaging_product` comes back: unconfirmed.
pub fn read(world: &World, id: &PhoneNumberId, params: &Params) -> Answered {
    let profile = world
        .numbers
        .get(id)
        .map(|number| &number.profile)
        .ok_or_else(|| GraphError::no_object("GET", id.as_str()))?;
    let wanted = params.list("fields")?.unwrap_or_default().join(",");
    let mut shown = BTreeMap::from([("messaging_product".to_owned(), json!("whatsapp"))]);
    for name in wanted
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        if !FIELDS.contains(&name) {
            return Err(GraphError::parameter(format!(
                "Tried accessing nonexisting field ({name}) on node type (WhatsAppBusinessProfile)"
            )));
        }
        if let Some(value) = profile.get(name) {
            shown.insert(name.to_owned(), value.clone());
        }
    }
    Ok(json!({"data": [shown]}))
}

/// Changes what is given and leaves the rest. All is checked before anything changes.
pub fn write(world: &mut World, id: &PhoneNumberId, params: &Params) -> Answered {
    check_product(params)?;
    let mut changes: Vec<(&str, Value)> = Vec::new();
    for (name, shortest, longest) in TEXTS {
        if let Some(text) = params.text(name)? {
            check_length(name, &text, shortest, longest)?;
            changes.push((name, json!(text)));
        }
    }
    if let Some(sites) = params.list("websites")? {
        check_websites(&sites)?;
        changes.push(("websites", json!(sites)));
    }
    if let Some(vertical) = params.text("vertical")? {
        if !VERTICALS.contains(&vertical.as_str()) {
            return Err(GraphError::parameter(
                "Param vertical has an unknown value.",
            ));
        }
        changes.push(("vertical", json!(vertical)));
    }
    if let Some(handle) = params.text("profile_picture_handle")?
        && !handle.starts_with("4::")
    {
        return Err(GraphError::parameter(
            "Param profile_picture_handle is not an upload handle.",
        ));
    }
    let number = world
        .numbers
        .get_mut(id)
        .ok_or_else(|| GraphError::no_object("POST", id.as_str()))?;
    for (name, value) in changes {
        number.profile.insert(name.to_owned(), value);
    }
    success()
}

fn check_length(name: &str, text: &str, shortest: usize, longest: usize) -> Result<(), GraphError> {
    let length = text.chars().count();
    let is_email = name != "email" || text.is_empty() || text.contains('@');
    if (shortest..=longest).contains(&length) && is_email {
        return Ok(());
    }
    Err(GraphError::parameter(format!(
        "Param {name} must be a valid text of {shortest} to {longest} characters."
    )))
}

fn check_websites(sites: &[String]) -> Result<(), GraphError> {
    let is_site = |site: &String| {
        site.chars().count() <= 256 && (site.starts_with("https://") || site.starts_with("http://"))
    };
    if sites.len() <= 2 && sites.iter().all(is_site) {
        Ok(())
    } else {
        Err(GraphError::parameter(
            "Param websites must have at most 2 addresses of at most 256 characters.",
        ))
    }
}
