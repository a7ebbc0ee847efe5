//! Templates for one-time passwords: Meta writes their texts, the business chooses little.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/authentication-templates>

use serde_json::Value;

use super::{buttons, problem, text};
use crate::sim::{
    error::GraphError,
    words::{ButtonType, ComponentType, OtpType},
};

const MOST_APPS: usize = 5;
const PACKAGE_NAME: usize = 224;
const SIGNATURE_HASH: usize = 11;
const AUTOFILL_LABEL: usize = 25;

/// Checks one component of an authentication template.
pub(super) fn check(kind: ComponentType, component: &Value) -> Result<(), GraphError> {
    match kind {
        ComponentType::Body => body(component),
        ComponentType::Footer => footer(component),
        ComponentType::Buttons => one_time_password(component),
        ComponentType::Header
        | ComponentType::LimitedTimeOffer
        | ComponentType::Carousel
        | ComponentType::CallPermissionRequest => Err(problem::components(format!(
            "Templates of category AUTHENTICATION can't have a component of type {kind}."
        ))),
    }
}

fn body(component: &Value) -> Result<(), GraphError> {
    if component.get("text").is_some() {
        return Err(problem::body(
            "The body of templates of category AUTHENTICATION is fixed and can't have a text.",
        ));
    }
    match component.get("add_security_recommendation") {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(GraphError::parameter(
            "Param components['add_security_recommendation'] must be a boolean.",
        )),
    }
}

fn footer(component: &Value) -> Result<(), GraphError> {
    if component.get("text").is_some() {
        return Err(problem::footer(
            "The footer of templates of category AUTHENTICATION is fixed and can't have a text.",
        ));
    }
    match component.get("code_expiration_minutes").map(Value::as_u64) {
        None | Some(Some(1..=90)) => Ok(()),
        Some(_) => Err(problem::footer(
            "code_expiration_minutes must be between 1 and 90.",
        )),
    }
}

fn one_time_password(component: &Value) -> Result<(), GraphError> {
    let [button] = buttons::of(component)? else {
        return Err(only_otp());
    };
    if buttons::kind(button)? != ButtonType::Otp {
        return Err(only_otp());
    }
    buttons::optional_label(button)?;
    let word = button["otp_type"].as_str().unwrap_or_default();
    let kind = OtpType::from_word(word)
        .ok_or_else(|| GraphError::not_one_of("buttons['otp_type']", OtpType::WORDS, word))?;
    match kind {
        OtpType::CopyCode => Ok(()),
        OtpType::OneTap => autofill(button),
        OtpType::ZeroTap if button["zero_tap_terms_accepted"] == Value::Bool(true) => {
            autofill(button)
        }
        OtpType::ZeroTap => Err(problem::buttons(
            "zero_tap_terms_accepted must be true for buttons of type ZERO_TAP.",
        )),
    }
}

fn only_otp() -> GraphError {
    problem::buttons("Templates of category AUTHENTICATION have exactly one button, of type OTP.")
}

fn autofill(button: &Value) -> Result<(), GraphError> {
    if let Some(label) = button["autofill_text"].as_str() {
        text::limit("autofill_text", label, AUTOFILL_LABEL)?;
    }
    let apps = button["supported_apps"].as_array();
    let apps = apps.filter(|apps| (1..=MOST_APPS).contains(&apps.len()));
    let Some(apps) = apps else {
        return Err(problem::buttons(format!(
            "supported_apps must name 1 to {MOST_APPS} apps."
        )));
    };
    apps.iter().try_for_each(app)
}

fn app(app: &Value) -> Result<(), GraphError> {
    let package = app["package_name"].as_str().unwrap_or_default();
    let hash = app["signature_hash"].as_str().unwrap_or_default();
    if package.is_empty() || !package.contains('.') {
        return Err(problem::buttons(
            "package_name must be the name of an Android package.",
        ));
    }
    text::limit("package_name", package, PACKAGE_NAME)?;
    if hash.chars().count() != SIGNATURE_HASH {
        return Err(problem::buttons(format!(
            "signature_hash must have exactly {SIGNATURE_HASH} characters."
        )));
    }
    Ok(())
}
