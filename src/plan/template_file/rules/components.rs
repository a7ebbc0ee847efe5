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
