//! The body: the text of the message.

use super::{
    super::{
        document::{Component, ComponentKind, Template, Wording},
        variables::Variables,
    },
    texts,
};
use crate::plan::{decode::Sp, sink::Sink};

/// The most characters of a body.
const LONGEST: usize = 1_024;
/// Beside an offer that ends. General knowledge.
const LONGEST_WITH_OFFER: usize = 600;
/// On a card. General knowledge.
const LONGEST_ON_CARD: usize = 160;

/// The text of every body, also on cards.
pub(super) fn text(template: &Template, sink: &mut Sink<'_>) {
    if template.is_authentication() {
        return;
    }
    let most = match template.first(ComponentKind::LimitedTimeOffer) {
        Some(_) => LONGEST_WITH_OFFER,
        None => LONGEST,
    };
    of(template, template.own(), most, sink);
    for card in template.cards() {
        of(template, card.own(), LONGEST_ON_CARD, sink);
    }
}

fn of(template: &Template, components: &[Component], most: usize, sink: &mut Sink<'_>) {
    for body in components.iter().filter(|one| one.is(ComponentKind::Body)) {
        let Some(text) = &body.text else {
            continue;
        };
        texts::length("template-body-length", "body", text, most, sink);
        texts::variables(template, text, sink);
        edges(text, sink);
    }
}

/// A body does not begin or end with a variable, and has more to say than its variables. Meta checks
/// the share of variables; its number is not documented, so only what is surely too many is shown.
fn edges(text: &Sp<Wording>, sink: &mut Sink<'_>) {
    let found = Variables::of(&text.value.0);
    let edge = match (found.at_start, found.at_end) {
        (true, true) => "begins and ends",
        (true, false) => "begins",
        (false, true) => "ends",
        (false, false) => "",
    };
    if !edge.is_empty() {
        let message = format!("the body {edge} with a variable");
        let hint = "put a word or a full stop beside it";
        sink.fail("template-variable-edge", &text.spot, message, hint);
    }
    if !found.names.is_empty() && found.words <= found.names.len() {
        let message = format!(
            "{} of {} words are variables; Meta may refuse that as too many",
            found.names.len(),
            found.names.len() + found.words
        );
        sink.warn(
            "template-variable-ratio",
            &text.spot,
            message,
            "write more words around them",
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{CARDS, OFFER, RICH, check};

    #[test]
    fn a_body_is_not_too_long() {
        let text = "Shop through {{1}} with code {{2}} to get more.";
        let long = |count: usize| format!("Take {{{{1}}}} and {{{{2}}}} {}", "é".repeat(count));
        check(RICH, text, &long(1_003), &[]);
        check(
            RICH,
            text,
            &long(1_004),
            &["7:11 error[template-body-length]"],
        );
        check(
            RICH,
            "    text: \"Shop through {{1}} with code {{2}} to get more.\"\n    example: { body_text: [[August, 25OFF]] }",
            "    text: \" \"",
            &["7:11 error[template-body-length]"],
        );
        let offer = "Good news, {{1}}! Use code {{2}}.";
        check(OFFER, offer, &long(579), &[]);
        check(
            OFFER,
            offer,
            &long(580),
            &["7:25 error[template-body-length]"],
        );
        check(
            CARDS,
            "text: Aloe",
            &format!("text: {}", "a".repeat(160)),
            &[],
        );
        check(
            CARDS,
            "text: Aloe",
            &format!("text: {}", "a".repeat(161)),
            &["10:33 error[template-body-length]"],
        );
    }

    #[test]
    fn a_body_does_not_begin_or_end_with_a_variable() {
        let text = "Shop through {{1}} with code {{2}} to get more.";
        check(
            RICH,
            text,
            "{{1}}, shop more with code {{2}}.",
            &["7:11 error[template-variable-edge]"],
        );
        check(
            RICH,
            text,
            "Shop {{1}} more with code {{2}} ",
            &["7:11 error[template-variable-edge]"],
        );
        check(RICH, text, "Shop {{1}} more with code {{2}}.", &[]);
    }

    #[test]
    fn a_body_says_more_than_its_variables() {
        let text = "Shop through {{1}} with code {{2}} to get more.";
        check(
            RICH,
            text,
            "Get {{1}} {{2}} now.",
            &["7:11 warning[template-variable-ratio]"],
        );
    }
}
