//! Which keys belong to what.

use super::super::document::{
    Button, ButtonKind, Component, ComponentKind, Example, HeaderFormat, Template,
};
use crate::plan::{decode::Spot, sink::Sink};

/// A key that is there, and where.
type Present = (&'static str, Spot);

/// What a kind of thing must have, and what it may have.
struct Keys {
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const fn keys(required: &'static [&'static str], optional: &'static [&'static str]) -> Keys {
    Keys { required, optional }
}

/// Components have the keys of their type. What is special to AUTHENTICATION is no matter here.
pub(super) fn of_components(template: &Template, sink: &mut Sink<'_>) {
    for component in template.everywhere() {
        let Some(kind) = &component.kind else {
            continue;
        };
        let format = component.header_format();
        let known = of_component(kind.value, format, template.is_authentication());
        let name = match format {
            Some(format) => format!("a {} of format {}", kind.value.as_str(), format.as_str()),
            None => format!("a {}", kind.value.as_str()),
        };
        check(&name, &known, &present(component), &component.spot, sink);
    }
}

fn of_component(
    kind: ComponentKind,
    format: Option<HeaderFormat>,
    is_authentication: bool,
) -> Keys {
    match (kind, format) {
        (ComponentKind::Header, None) => keys(&["format"], &["text", "example"]),
        (ComponentKind::Header, Some(HeaderFormat::Text)) => {
            keys(&["format", "text"], &["example"])
        }
        (ComponentKind::Header, Some(format)) if format.is_media() => {
            keys(&["format", "example"], &[])
        }
        (ComponentKind::Header, Some(_)) => keys(&["format"], &[]),
        (ComponentKind::Body, _) if is_authentication => {
            keys(&[], &["text", "example", "add_security_recommendation"])
        }
        (ComponentKind::Body, _) => keys(&["text"], &["example", "add_security_recommendation"]),
        (ComponentKind::Footer, _) if is_authentication => {
            keys(&["code_expiration_minutes"], &["text"])
        }
        (ComponentKind::Footer, _) => keys(&["text"], &["code_expiration_minutes"]),
        (ComponentKind::Buttons, _) => keys(&["buttons"], &[]),
        (ComponentKind::LimitedTimeOffer, _) => keys(&["limited_time_offer"], &[]),
        (ComponentKind::Carousel, _) => keys(&["cards"], &[]),
        (ComponentKind::CallPermissionRequest, _) => keys(&[], &[]),
    }
}

fn present(component: &Component) -> Vec<Present> {
    let Component {
        kind: _,
        format,
        text,
        example,
        add_security_recommendation,
        code_expiration_minutes,
        buttons,
        limited_time_offer,
        cards,
        spot,
    } = component;
    let first = |place: Option<&Spot>| place.unwrap_or(spot).clone();
    let mut keys: Vec<Present> = Vec::new();
    keys.extend(format.iter().map(|one| ("format", one.spot.clone())));
    keys.extend(text.iter().map(|one| ("text", one.spot.clone())));
    keys.extend(example.iter().map(|one| ("example", one.spot.clone())));
    let security = add_security_recommendation.iter();
    keys.extend(security.map(|one| ("add_security_recommendation", one.spot.clone())));
    let minutes = code_expiration_minutes.iter();
    keys.extend(minutes.map(|one| ("code_expiration_minutes", one.spot.clone())));
    let buttons = buttons.iter();
    keys.extend(buttons.map(|list| ("buttons", first(list.first().map(|one| &one.spot)))));
    let offer = limited_time_offer.iter();
    keys.extend(offer.map(|one| ("limited_time_offer", one.spot.clone())));
    let cards = cards.iter();
    keys.extend(cards.map(|list| ("cards", first(list.first().map(|one| &one.spot)))));
    keys
}

/// Buttons have the keys of their type.
pub(super) fn of_buttons(template: &Template, sink: &mut Sink<'_>) {
    for button in template.buttons() {
        let Some(known) = button.kind.as_ref().and_then(|kind| of_button(kind.value)) else {
            continue;
        };
        let kind = button.kind.as_ref().map_or("", |kind| kind.value.as_str());
        let name = format!("a {kind} button");
        check(&name, &known, &present_on(button), &button.spot, sink);
    }
}

/// `None`: a newer kind, whose keys are not known.
fn of_button(kind: ButtonKind) -> Option<Keys> {
    Some(match kind {
        ButtonKind::QuickReply | ButtonKind::Catalog | ButtonKind::Mpm | ButtonKind::Spm => {
            keys(&["text"], &[])
        }
        ButtonKind::Url => keys(&["text", "url"], &["example", "app_deep_link"]),
        ButtonKind::PhoneNumber => keys(&["text", "phone_number"], &[]),
        // Answers show the label that Meta gives it.
        ButtonKind::CopyCode => keys(&["example"], &["text"]),
        ButtonKind::Flow => keys(
            &["text"],
            &[
                "flow_id",
                "flow_name",
                "flow_json",
                "flow_action",
                "navigate_screen",
                "icon",
            ],
        ),
        ButtonKind::Otp => keys(
            &["otp_type"],
            &[
                "text",
                "autofill_text",
                "supported_apps",
                "zero_tap_terms_accepted",
            ],
        ),
        ButtonKind::VoiceCall => keys(&["text"], &["ttl_minutes"]),
        ButtonKind::App | ButtonKind::RequestContactInfo => return None,
    })
}

fn present_on(button: &Button) -> Vec<Present> {
    let Button {
        kind: _,
        text,
        url,
        example,
        app_deep_link,
        phone_number,
        flow_id,
        flow_name,
        flow_json,
        flow_action,
        navigate_screen,
        icon,
        otp_type,
        autofill_text,
        supported_apps,
        zero_tap_terms_accepted,
        ttl_minutes,
        spot,
    } = button;
    let at = |found: Option<&Spot>| found.cloned();
    [
        ("text", at(text.as_ref().map(|one| &one.spot))),
        ("url", at(url.as_ref().map(|one| &one.spot))),
        ("example", at(example.as_ref().map(|one| &one.spot))),
        ("app_deep_link", at(app_deep_link.as_ref().map(|_| spot))),
        (
            "phone_number",
            at(phone_number.as_ref().map(|one| &one.spot)),
        ),
        ("flow_id", at(flow_id.as_ref().map(|one| &one.spot))),
        ("flow_name", at(flow_name.as_ref().map(|one| &one.spot))),
        ("flow_json", at(flow_json.as_ref().map(|one| &one.spot))),
        ("flow_action", at(flow_action.as_ref().map(|one| &one.spot))),
        (
            "navigate_screen",
            at(navigate_screen.as_ref().map(|one| &one.spot)),
        ),
        ("icon", at(icon.as_ref().map(|one| &one.spot))),
        ("otp_type", at(otp_type.as_ref().map(|one| &one.spot))),
        (
            "autofill_text",
            at(autofill_text.as_ref().map(|one| &one.spot)),
        ),
        ("supported_apps", at(supported_apps.as_ref().map(|_| spot))),
        (
            "zero_tap_terms_accepted",
            at(zero_tap_terms_accepted.as_ref().map(|one| &one.spot)),
        ),
        ("ttl_minutes", at(ttl_minutes.as_ref().map(|one| &one.spot))),
    ]
    .into_iter()
    .filter_map(|(key, spot)| Some((key, spot?)))
    .collect()
}

/// Samples have the key of what they are for. Whether they fit the variables is another rule.
pub(super) fn of_examples(template: &Template, sink: &mut Sink<'_>) {
    for component in template.everywhere() {
        let (Some(kind), Some(example)) = (&component.kind, &component.example) else {
            continue;
        };
        let allowed: &[&str] = match (kind.value, component.header_format()) {
            (ComponentKind::Header, Some(format)) if format.is_media() => &["header_handle"],
            (ComponentKind::Header, _) => &["header_text", "header_text_named_params"],
            (ComponentKind::Body, _) => &["body_text", "body_text_named_params"],
            _ => continue,
        };
        let name = format!("the example of a {}", kind.value.as_str());
        let known = keys(&[], allowed);
        check(&name, &known, &present_in(example), &example.spot, sink);
    }
}

fn present_in(example: &Example) -> Vec<Present> {
    let Example {
        header_text,
        header_text_named_params,
        header_handle,
        body_text,
        body_text_named_params,
        spot,
    } = example;
    [
        ("header_text", header_text.is_some()),
        (
            "header_text_named_params",
            header_text_named_params.is_some(),
        ),
        ("header_handle", header_handle.is_some()),
        ("body_text", body_text.is_some()),
        ("body_text_named_params", body_text_named_params.is_some()),
    ]
    .into_iter()
    .filter(|(_, is_there)| *is_there)
    .map(|(key, _)| (key, spot.key(key, &spot.place)))
    .collect()
}

fn check(name: &str, known: &Keys, present: &[Present], spot: &Spot, sink: &mut Sink<'_>) {
    for key in known.required {
        let is_there = present.iter().any(|(there, _)| there == key);
        if !is_there && !sink.has_reported_below(spot, key) {
            let hint = format!("add `{key}: …`");
            let spot = spot.key(key, &spot.place);
            sink.fail(
                "template-key-missing",
                &spot,
                format!("{name} has no `{key}`"),
                hint,
            );
        }
    }
    for (key, spot) in present {
        if known.required.contains(key) || known.optional.contains(key) {
            continue;
        }
        let all: Vec<&str> = known
            .required
            .iter()
            .chain(known.optional)
            .copied()
            .collect();
        let hint = match all.as_slice() {
            [] => format!("take `{key}` out: it has no other keys than `type`"),
            all => format!("take it out; known here: {}", all.join(", ")),
        };
        sink.fail(
            "template-key-misplaced",
            spot,
            format!("{name} has no use for `{key}`"),
            hint,
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{OFFER, RICH, check};

    #[test]
    fn components_have_the_keys_of_their_type() {
        check(
            RICH,
            "{ type: FOOTER, text: Manage your subscriptions below }",
            "{ type: FOOTER, format: TEXT, text: Below }",
            &["9:29 error[template-key-misplaced]"],
        );
        check(
            RICH,
            "{ type: FOOTER, text: Manage your subscriptions below }",
            "{ type: FOOTER }",
            &["9:5 error[template-key-missing]"],
        );
        check(
            OFFER,
            "format: image,",
            "format: image, text: Hi,",
            &["5:42 error[template-key-misplaced]"],
        );
        check(
            OFFER,
            "format: image,",
            "",
            &[
                "5:5 error[template-key-missing]",
                "5:31 error[template-key-misplaced]",
            ],
        );
        check(
            RICH,
            "{ type: FOOTER, text: Manage your subscriptions below }",
            "{ type: CALL_PERMISSION_REQUEST }",
            &[],
        );
        check(
            RICH,
            "{ type: FOOTER, text: Manage",
            "{ type: CALL_PERMISSION_REQUEST, text: Manage",
            &["9:44 error[template-key-misplaced]"],
        );
    }

    #[test]
    fn headers_of_places_have_no_other_keys() {
        let header = "{ type: HEADER, format: TEXT, text: \"Our {{1}} is on!\", example: { header_text: [Summer Sale] } }";
        check(RICH, header, "{ type: HEADER, format: LOCATION }", &[]);
        check(
            RICH,
            header,
            "{ type: HEADER, format: LOCATION, text: Here }",
            &["5:45 error[template-key-misplaced]"],
        );
    }

    #[test]
    fn buttons_have_the_keys_of_their_type() {
        let reply = "{ type: QUICK_REPLY, text: Unsubscribe }";
        check(
            RICH,
            reply,
            "{ type: QUICK_REPLY, text: Go, url: \"https://a.example\" }",
            &["12:45 error[template-key-misplaced]"],
        );
        check(
            RICH,
            reply,
            "{ type: QUICK_REPLY }",
            &["12:9 error[template-key-missing]"],
        );
        check(RICH, reply, "{ type: CATALOG, text: View catalog }", &[]);
        check(
            RICH,
            reply,
            "{ type: VOICE_CALL, text: Call us, ttl_minutes: 100 }",
            &[],
        );
        check(
            RICH,
            "{ type: COPY_CODE, example: 25OFF }",
            "{ type: COPY_CODE }",
            &["15:9 error[template-key-missing]"],
        );
    }

    #[test]
    fn samples_have_the_key_of_what_they_are_for() {
        check(
            RICH,
            "example: { header_text: [Summer Sale] }",
            "example: { body_text: [[Summer Sale]] }",
            &["5:70 error[template-key-misplaced]"],
        );
    }
}
