//! What Graph says of a template whose content has the wrong form.
//!
//! Codes and subcodes are documented; titles and texts are Meta's manner, not always its words. Where no
//! subcode is documented there is none.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

use crate::sim::error::GraphError;

/// 2388040: a text is longer than it may be.
pub(super) fn too_long(field: &str, most: usize) -> GraphError {
    GraphError::template(
        "Character Limit Exceeded",
        format!("The {field} field can have at most {most} characters."),
    )
    .subcode(2_388_040)
}

/// 2388043: a variable or a medium has no sample.
pub(super) fn no_sample(component: &str, field: &str) -> GraphError {
    GraphError::template(
        "Message template \"components\" param is missing expected field(s)",
        format!("component of type {component} is missing expected field(s) ({field})"),
    )
    .subcode(2_388_043)
}

/// 2388047: the header's form is wrong.
pub(super) fn header(text: impl Into<String>) -> GraphError {
    GraphError::template("Message Header Format Is Incorrect", text).subcode(2_388_047)
}

/// 2388072: the body's form is wrong.
pub(super) fn body(text: impl Into<String>) -> GraphError {
    GraphError::template("Message Body Format Is Incorrect", text).subcode(2_388_072)
}

/// 2388073: the footer's form is wrong.
pub(super) fn footer(text: impl Into<String>) -> GraphError {
    GraphError::template("Message Footer Format Is Incorrect", text).subcode(2_388_073)
}

/// 2388293: too many variables for so few words.
pub(super) fn too_many_variables() -> GraphError {
    GraphError::template(
        "Parameter-to-Words Ratio Exceeds Limit",
        "This template has too many variables for its length. Reduce the number of variables or increase the message length.",
    )
    .subcode(2_388_293)
}

/// 2388299: a variable stands at the start or at the end.
pub(super) fn variable_at_edge() -> GraphError {
    GraphError::template(
        "Leading or Trailing Params Not Allowed",
        "Variables can't be at the start or end of the template.",
    )
    .subcode(2_388_299)
}

/// 192: a button calls a number that is none.
pub(super) fn phone_number() -> GraphError {
    GraphError::new(192, "Invalid phone number").user(
        "Invalid Phone Number",
        "The phone number of a button is not a valid phone number.",
    )
}

/// 100: a button, or how buttons stand together, is wrong.
pub(super) fn buttons(text: impl Into<String>) -> GraphError {
    GraphError::template("Message Buttons Are Incorrect", text)
}

/// 100: the components do not go together.
pub(super) fn components(text: impl Into<String>) -> GraphError {
    GraphError::template("Message Components Are Incorrect", text)
}
