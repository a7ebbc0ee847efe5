//! Cards to swipe through: two to ten, all alike.

use super::super::document::{ButtonKind, Card, Component, ComponentKind, HeaderFormat, Template};
use crate::plan::sink::Sink;

/// The fewest cards; general knowledge.
const FEWEST: usize = 2;
/// The most cards.
const MOST: usize = 10;

/// Two to ten.
pub(super) fn count(template: &Template, sink: &mut Sink<'_>) {
    for carousel in template.own() {
        let Some(cards) = &carousel.cards else {
            continue;
        };
        if !(FEWEST..=MOST).contains(&cards.len())
            && !sink.has_reported_below(&carousel.spot, "cards")
        {
            let spot = cards.get(MOST).map_or(&carousel.spot, |extra| &extra.spot);
            let message = format!("the carousel has {} card(s)", cards.len());
            let hint = format!("use {FEWEST} to {MOST}");
            sink.fail("template-cards-count", spot, message, hint);
        }
    }
}

/// A card has a header with a picture, a video or a product, and no parts that only templates have.
pub(super) fn parts(template: &Template, sink: &mut Sink<'_>) {
    for card in template.cards() {
        for kind in card.own().iter().filter_map(|one| one.kind.as_ref()) {
            let fits = matches!(
                kind.value,
                ComponentKind::Header | ComponentKind::Body | ComponentKind::Buttons
            );
            if !fits {
                let message = format!("a card has no {}", kind.value.as_str());
                let hint = "a card has HEADER, BODY and BUTTONS";
                sink.fail("template-card-part", &kind.spot, message, hint);
            }
        }
        header(card, sink);
    }
}

fn header(card: &Card, sink: &mut Sink<'_>) {
    let is_broken = card.own().iter().any(|one| one.kind.is_none()) || card.components.is_none();
    let hint = "give it a HEADER of format IMAGE, VIDEO or PRODUCT";
    let Some(header) = card.own().iter().find(|one| one.is(ComponentKind::Header)) else {
        if !is_broken {
            sink.fail(
                "template-card-header",
                &card.spot,
                "the card has no HEADER",
                hint,
            );
        }
        return;
    };
    match header.header_format() {
        Some(HeaderFormat::Image | HeaderFormat::Video) | None => {}
        Some(HeaderFormat::Product) => {
            let is_spm = |button: &ButtonKind| *button == ButtonKind::Spm;
            if !buttons(card).iter().any(is_spm) {
                let message = "a card that shows a PRODUCT has an SPM button";
                sink.fail(
                    "template-card-product",
                    &card.spot,
                    message,
                    "add a button of type SPM",
                );
            }
        }
        Some(other) => {
            let message = format!("the header of a card cannot be {}", other.as_str());
            sink.fail("template-card-header", &header.spot, message, hint);
        }
    }
}

/// What has to be the same on all cards.
#[derive(PartialEq, Eq)]
struct Structure {
    parts: Vec<(ComponentKind, Option<HeaderFormat>)>,
    buttons: Vec<ButtonKind>,
}

impl Structure {
    /// `None`: something could not be read.
    fn of(card: &Card) -> Option<Self> {
        let part = |one: &Component| {
            let kind = one.kind.as_ref()?.value;
            Some((kind, one.header_format()))
        };
        let mut parts: Vec<_> = card.own().iter().map(part).collect::<Option<_>>()?;
        parts.sort_unstable();
        let buttons = buttons(card);
        Some(Self { parts, buttons })
    }
}

fn buttons(card: &Card) -> Vec<ButtonKind> {
    let buttons = card
        .own()
        .iter()
        .flat_map(|one| one.buttons.iter().flatten());
    buttons
        .filter_map(|one| Some(one.kind.as_ref()?.value))
        .collect()
}

/// All cards have the parts and buttons of the first.
pub(super) fn structure(template: &Template, sink: &mut Sink<'_>) {
    for carousel in template.own() {
        let mut cards = carousel.cards.iter().flatten();
        let Some(first) = cards.next().and_then(Structure::of) else {
            continue;
        };
        for card in cards {
            if Structure::of(card).is_some_and(|structure| structure != first) {
                let message = "the card has other parts or buttons than the first one";
                let hint =
                    "give all cards the same header format, parts and buttons in the same order";
                sink.fail("template-cards-alike", &card.spot, message, hint);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{CARDS, check};

    const SECOND: &str = "      - components:
          - { type: HEADER, format: IMAGE, example: { header_handle: [media/second.png] } }
          - { type: BODY, text: Crassula }
          - { type: BUTTONS, buttons: [{ type: QUICK_REPLY, text: More }] }
";

    #[test]
    fn there_are_two_to_ten_cards() {
        check(CARDS, SECOND, "", &["6:5 error[template-cards-count]"]);
        check(CARDS, SECOND, &SECOND.repeat(9), &[]);
        check(
            CARDS,
            SECOND,
            &SECOND.repeat(10),
            &["48:9 error[template-cards-count]"],
        );
    }

    #[test]
    fn cards_are_alike() {
        check(
            CARDS,
            "text: Crassula }\n          - { type: BUTTONS, buttons: [{ type: QUICK_REPLY, text: More }] }\n",
            "text: Crassula }\n",
            &["12:9 error[template-cards-alike]"],
        );
        check(CARDS, "text: Crassula", "text: Crassula ovata", &[]);
    }

    #[test]
    fn a_card_has_its_parts() {
        check(
            CARDS,
            "- { type: BODY, text: Aloe }",
            "- { type: BODY, text: Aloe }\n          - { type: FOOTER, text: Hi }",
            &[
                "11:21 error[template-card-part]",
                "13:9 error[template-cards-alike]",
            ],
        );
        check(
            CARDS,
            "- { type: HEADER, format: IMAGE, example: { header_handle: [media/offer.png] } }\n          ",
            "",
            &[
                "8:9 error[template-card-header]",
                "11:9 error[template-cards-alike]",
            ],
        );
        let places = CARDS.replace(
            "format: IMAGE, example: { header_handle: [media/second.png] }",
            "format: LOCATION",
        );
        check(
            &places,
            "format: IMAGE, example: { header_handle: [media/offer.png] }",
            "format: LOCATION",
            &[
                "9:13 error[template-card-header]",
                "13:13 error[template-card-header]",
            ],
        );
    }

    #[test]
    fn a_card_with_a_product_has_its_button() {
        let products = CARDS
            .replace(
                "format: IMAGE, example: { header_handle: [media/second.png] }",
                "format: PRODUCT",
            )
            .replace(
                "format: IMAGE, example: { header_handle: [media/offer.png] }",
                "format: PRODUCT",
            );
        check(
            &products,
            "name: carousel_media",
            "name: products",
            &[
                "8:9 error[template-card-product]",
                "12:9 error[template-card-product]",
            ],
        );
        let with = products.replace(
            "{ type: QUICK_REPLY, text: More }",
            "{ type: SPM, text: View }",
        );
        check(&with, "name: carousel_media", "name: products", &[]);
    }
}
