//! Which components there are.

use std::collections::BTreeSet;

use super::super::document::{Component, ComponentKind, Template};
use crate::plan::{decode::Spot, sink::Sink};

/// There is one component of each kind.
pub(super) fn duplicates(template: &Template, sink: &mut Sink<'_>) {
    among(template.own(), sink);
    for card in template.cards() {
        among(card.own(), sink);
    }
}

fn among(components: &[Component], sink: &mut Sink<'_>) {
    let mut seen = BTreeSet::new();
    for component in components {
        let Some(kind) = &component.kind else {
            continue;
        };
        if !seen.insert(kind.value) {
            let message = format!("a second {} stands here", kind.value.as_str());
            sink.fail(
                "template-component-duplicate",
                &kind.spot,
                message,
                "keep one of the two",
            );
        }
    }
}

/// Every template has a body.
pub(super) fn body_missing(template: &Template, sink: &mut Sink<'_>) {
    let Some(components) = &template.components else {
        return;
    };
    let may_be = |one: &Component| one.kind.is_none() || one.is(ComponentKind::Body);
    if !components.iter().any(may_be) {
        let spot = components_spot(template);
        let hint = "add `- { type: BODY, text: … }` to `components`";
        sink.fail(
            "template-body-missing",
            &spot,
            "the template has no BODY",
            hint,
        );
    }
}

/// The first component, or the file where there is none.
fn components_spot(template: &Template) -> Spot {
    let place = template.own().first().map(|one| &one.spot.place);
    template
        .spot
        .key("components", place.unwrap_or(&template.spot.place))
}

/// A list that says nothing is a mistake.
pub(super) fn empty_lists(template: &Template, sink: &mut Sink<'_>) {
    for (component, buttons) in template.button_lists() {
        if buttons.is_empty() && !sink.has_reported_below(&component.spot, "buttons") {
            let message = "BUTTONS has no button";
            sink.fail(
                "template-buttons-none",
                &component.spot,
                message,
                "add one, or take BUTTONS out",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{CARDS, CODE, RICH, check};

    #[test]
    fn there_is_one_of_each_kind() {
        let footer = "  - { type: FOOTER, text: Manage your subscriptions below }\n";
        check(
            RICH,
            footer,
            &format!("{footer}{footer}"),
            &["10:13 error[template-component-duplicate]"],
        );
        check(
            CARDS,
            "- { type: BODY, text: Aloe }",
            "- { type: BODY, text: Aloe }\n          - { type: BODY, text: Aloe }",
            &[
                "11:21 error[template-component-duplicate]",
                "13:9 error[template-cards-alike]",
            ],
        );
    }

    #[test]
    fn every_template_has_a_body() {
        check(
            CODE,
            "  - { type: BODY, add_security_recommendation: true }\n",
            "",
            &["6:5 error[template-body-missing]"],
        );
        let none = "name: a\nlanguage: de\ncategory: UTILITY\ncomponents: []\n";
        check(
            none,
            "name: a",
            "name: b",
            &["1:1 error[template-body-missing]"],
        );
    }

    #[test]
    fn buttons_are_some() {
        check(
            CARDS,
            "buttons: [{ type: QUICK_REPLY, text: More }]",
            "buttons: []",
            &[
                "11:13 error[template-buttons-none]",
                "12:9 error[template-cards-alike]",
            ],
        );
    }
}
