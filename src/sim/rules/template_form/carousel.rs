//! Cards side by side: each a little template, all with the same structure.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

use std::ops::RangeInclusive;

use serde_json::Value;

use super::{Form, buttons, header, kind, problem, text};
use crate::sim::{
    error::GraphError,
    words::{ButtonType, ComponentType, HeaderFormat},
};

const CARDS: RangeInclusive<usize> = 2..=10;
/// Characters of a card's body.
const BODY: usize = 160;

/// What all cards must have in common.
#[derive(PartialEq, Eq)]
struct Structure {
    header: HeaderFormat,
    has_body: bool,
    buttons: Vec<ButtonType>,
}

/// Checks a carousel.
pub(super) fn check(form: &Form<'_>, component: &Value) -> Result<(), GraphError> {
    let cards = component["cards"].as_array();
    let cards = cards.filter(|cards| CARDS.contains(&cards.len()));
    let Some(cards) = cards else {
        return Err(problem::components(format!(
            "A carousel has {} to {} cards.",
            CARDS.start(),
            CARDS.end()
        )));
    };
    let structures = cards
        .iter()
        .map(|card| check_card(form, card))
        .collect::<Result<Vec<_>, _>>()?;
    if structures.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err(problem::components(
            "All cards of a carousel must have the same components and the same buttons.",
        ));
    }
    Ok(())
}

fn check_card(form: &Form<'_>, card: &Value) -> Result<Structure, GraphError> {
    let mut format = None;
    let mut has_body = false;
    let mut shown = None;
    for component in card["components"].as_array().into_iter().flatten() {
        match kind(component)? {
            ComponentType::Header if format.is_none() => {
                format = Some(card_header(form, component)?);
            }
            ComponentType::Body if !has_body => {
                text::body(form, component, BODY)?;
                has_body = true;
            }
            ComponentType::Buttons if shown.is_none() => {
                buttons::check(form, component)?;
                shown = Some(buttons::kinds(buttons::of(component)?)?);
            }
            other => {
                return Err(problem::components(format!(
                    "A card has one header, one body and one set of buttons; {other} does not fit."
                )));
            }
        }
    }
    let (Some(header), Some(buttons)) = (format, shown) else {
        return Err(problem::components("A card needs a header and buttons."));
    };
    Ok(Structure {
        header,
        has_body,
        buttons,
    })
}

fn card_header(form: &Form<'_>, component: &Value) -> Result<HeaderFormat, GraphError> {
    header::check(form, component)?;
    match header::format(component)? {
        format @ (HeaderFormat::Image | HeaderFormat::Video | HeaderFormat::Product) => Ok(format),
        HeaderFormat::Text
        | HeaderFormat::Document
        | HeaderFormat::Gif
        | HeaderFormat::Location => Err(problem::header(
            "The header of a card is an image, a video or a product.",
        )),
    }
}
