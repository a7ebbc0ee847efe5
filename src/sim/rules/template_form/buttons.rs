//! A template's buttons: each by itself, and how they stand together.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

use serde_json::Value;

use super::{Form, problem, text};
use crate::sim::{error::GraphError, rules::flows::flow_exists, words::ButtonType};

const MOST_BUTTONS: usize = 10;
const LABEL: usize = 25;
const URL: usize = 2000;
const PHONE_NUMBER: usize = 20;
const OFFER_CODE: usize = 15;

/// Words of a flow button's `flow_action`.
const FLOW_ACTIONS: &[&str] = &["navigate", "data_exchange"];
/// Words of a flow button's `icon`.
const FLOW_ICONS: &[&str] = &["DOCUMENT", "PROMOTION", "REVIEW"];

/// Returns the buttons of a component.
pub(super) fn of(component: &Value) -> Result<&[Value], GraphError> {
    match component["buttons"].as_array().map(Vec::as_slice) {
        Some(buttons @ [_, ..]) => Ok(buttons),
        Some([]) | None => Err(problem::no_sample("BUTTONS", "buttons")),
    }
}

/// Returns the type of a button.
pub(super) fn kind(button: &Value) -> Result<ButtonType, GraphError> {
    let word = button["type"].as_str().unwrap_or_default();
    ButtonType::from_word(word)
        .ok_or_else(|| GraphError::not_one_of("buttons['type']", ButtonType::WORDS, word))
}

/// Returns the types of buttons, in order.
pub(super) fn kinds(buttons: &[Value]) -> Result<Vec<ButtonType>, GraphError> {
    buttons.iter().map(kind).collect()
}

/// Checks the buttons of a template that is not for authentication.
pub(super) fn check(form: &Form<'_>, component: &Value) -> Result<(), GraphError> {
    let buttons = of(component)?;
    let kinds = kinds(buttons)?;
    check_together(&kinds)?;
    for (button, kind) in buttons.iter().zip(kinds) {
        check_one(form, button, kind)?;
    }
    Ok(())
}

fn check_together(kinds: &[ButtonType]) -> Result<(), GraphError> {
    if kinds.len() > MOST_BUTTONS {
        return Err(problem::buttons(format!(
            "A template can have at most {MOST_BUTTONS} buttons."
        )));
    }
    for kind in kinds {
        let count = kinds.iter().filter(|other| *other == kind).count();
        let most = most_of(*kind);
        if count > most {
            return Err(problem::buttons(format!(
                "A template can have at most {most} buttons of type {kind}."
            )));
        }
    }
    let is_reply = |kind: &ButtonType| *kind == ButtonType::QuickReply;
    let changes = kinds
        .windows(2)
        .filter(|pair| is_reply(&pair[0]) != is_reply(&pair[1]))
        .count();
    if changes > 1 {
        return Err(problem::buttons(
            "Quick reply buttons must be grouped together, before or after all other buttons.",
        ));
    }
    Ok(())
}

fn most_of(kind: ButtonType) -> usize {
    match kind {
        ButtonType::QuickReply => 10,
        ButtonType::Url => 2,
        ButtonType::PhoneNumber
        | ButtonType::CopyCode
        | ButtonType::Flow
        | ButtonType::Otp
        | ButtonType::Catalog
        | ButtonType::MultiProduct
        | ButtonType::SingleProduct
        | ButtonType::VoiceCall
        | ButtonType::App
        | ButtonType::RequestContactInfo => 1,
    }
}

fn check_one(form: &Form<'_>, button: &Value, kind: ButtonType) -> Result<(), GraphError> {
    match kind {
        ButtonType::CopyCode => return offer_code(button),
        ButtonType::RequestContactInfo => return optional_label(button),
        ButtonType::Otp => {
            return Err(problem::buttons(
                "Buttons of type OTP belong to templates of category AUTHENTICATION.",
            ));
        }
        ButtonType::Url => url(form, button)?,
        ButtonType::PhoneNumber => phone_number(button)?,
        ButtonType::Flow => flow(form, button)?,
        ButtonType::Catalog | ButtonType::MultiProduct | ButtonType::SingleProduct => {
            catalog(form)?;
        }
        ButtonType::QuickReply | ButtonType::VoiceCall | ButtonType::App => {}
    }
    label(button)
}

fn label(button: &Value) -> Result<(), GraphError> {
    let wrong = |text| problem::buttons(format!("A button has no label: {text}"));
    text::limit("button text", text::required(button, wrong)?, LABEL)
}

/// Checks the label of a button that Meta may label.
pub(super) fn optional_label(button: &Value) -> Result<(), GraphError> {
    if button["text"].is_null() {
        return Ok(());
    }
    label(button)
}

/// One variable is allowed, at the end.
fn url(form: &Form<'_>, button: &Value) -> Result<(), GraphError> {
    let url = button["url"].as_str().unwrap_or_default();
    if !["https://", "http://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err(problem::buttons("The URL of a button is not valid."));
    }
    text::limit("button url", url, URL)?;
    let variables = text::variables(url, crate::sim::words::ParameterFormat::Positional)
        .or_else(|_| text::variables(url, form.parameters))
        .map_err(problem::buttons)?;
    if variables.is_empty() {
        return Ok(());
    }
    if variables.len() > 1 || url.matches("{{").count() > 1 || !url.ends_with("}}") {
        return Err(problem::buttons(
            "The URL of a button can have one variable only, at its end.",
        ));
    }
    if text::row_of(&button["example"], 1) {
        Ok(())
    } else {
        Err(problem::no_sample("BUTTONS", "example"))
    }
}

fn phone_number(button: &Value) -> Result<(), GraphError> {
    let written = button["phone_number"].as_str().unwrap_or_default();
    text::limit("phone_number", written, PHONE_NUMBER)?;
    let digits = written.strip_prefix('+').unwrap_or(written);
    let is_number = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    if is_number {
        Ok(())
    } else {
        Err(problem::phone_number())
    }
}

/// The sample is a text, or a list of one.
fn offer_code(button: &Value) -> Result<(), GraphError> {
    let example = match &button["example"] {
        Value::Array(list) if list.len() == 1 => &list[0],
        other => other,
    };
    match example.as_str() {
        Some(code) if !code.is_empty() => text::limit("copy code example", code, OFFER_CODE),
        Some(_) | None => Err(problem::no_sample("BUTTONS", "example")),
    }
}

/// A flow button opens a flow of the same account.
fn flow(form: &Form<'_>, button: &Value) -> Result<(), GraphError> {
    let named = ["flow_id", "flow_name", "flow_json"]
        .into_iter()
        .filter(|key| !button[*key].is_null())
        .count();
    if named != 1 {
        return Err(problem::buttons(
            "A button of type FLOW needs exactly one of flow_id, flow_name and flow_json.",
        ));
    }
    word(button, "flow_action", FLOW_ACTIONS)?;
    word(button, "icon", FLOW_ICONS)?;
    for key in ["flow_id", "flow_name"] {
        if let Some(flow) = id_or_name(&button[key])
            && !flow_exists(form.world, form.waba, &flow)
        {
            return Err(problem::buttons(format!(
                "The account has no flow with the {key} {flow}."
            )));
        }
    }
    Ok(())
}

/// Ids come as texts and as numbers.
fn id_or_name(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn word(button: &Value, key: &str, words: &[&str]) -> Result<(), GraphError> {
    let Some(value) = button.get(key) else {
        return Ok(());
    };
    let given = value.as_str().unwrap_or_default();
    if words.iter().any(|word| word.eq_ignore_ascii_case(given)) {
        return Ok(());
    }
    let parameter = format!("buttons['{key}']");
    Err(GraphError::not_one_of(&parameter, words, given))
}

fn catalog(form: &Form<'_>) -> Result<(), GraphError> {
    let account = form.world.wabas.get(form.waba);
    if account.is_some_and(|account| account.has_catalog) {
        return Ok(());
    }
    Err(problem::buttons(
        "This button needs a catalog that is connected to the WhatsApp Business account.",
    ))
}
