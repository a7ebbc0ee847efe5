//! Buttons as a list: how many, in which order, with which labels.

use super::{
    super::{
        document::{Button, ButtonKind, Template},
        variables::Variables,
    },
    texts,
};
use crate::plan::sink::Sink;

/// The most buttons.
const MOST: usize = 10;
/// The most characters of a label.
const LONGEST_LABEL: usize = 25;
/// Kinds of which only so many may stand on one message.
const MOST_OF: [(ButtonKind, usize); 5] = [
    (ButtonKind::Url, 2),
    (ButtonKind::PhoneNumber, 1),
    (ButtonKind::CopyCode, 1),
    (ButtonKind::Flow, 1),
    (ButtonKind::Otp, 1),
];

fn is(button: &Button, kind: ButtonKind) -> bool {
    button.kind.as_ref().is_some_and(|own| own.value == kind)
}

/// At most ten.
pub(super) fn count(template: &Template, sink: &mut Sink<'_>) {
    for (_, buttons) in template.button_lists() {
        if let Some(extra) = buttons.get(MOST) {
            let message = format!(
                "there are {} buttons; at most {MOST} are allowed",
                buttons.len()
            );
            sink.fail(
                "template-buttons-count",
                &extra.spot,
                message,
                "take this one and those after it out",
            );
        }
    }
}

/// Quick replies stand next to each other, before or after all others.
pub(super) fn grouping(template: &Template, sink: &mut Sink<'_>) {
    for (_, buttons) in template.button_lists() {
        let groups: Vec<&[Button]> = buttons
            .chunk_by(|one, two| is(one, ButtonKind::QuickReply) == is(two, ButtonKind::QuickReply))
            .collect();
        if let [_, _, third, ..] = groups.as_slice() {
            let message = "quick replies and other buttons are mixed";
            let hint = "put all quick replies first, or all last";
            sink.fail("template-buttons-grouping", &third[0].spot, message, hint);
        }
    }
}

/// Of some kinds there may be only one or two.
pub(super) fn kinds_once(template: &Template, sink: &mut Sink<'_>) {
    for (_, buttons) in template.button_lists() {
        for (kind, most) in MOST_OF {
            if let Some(extra) = buttons.iter().filter(|one| is(one, kind)).nth(most) {
                let message = format!("there may be {most} {} button(s), not more", kind.as_str());
                sink.fail(
                    "template-buttons-kind",
                    &extra.spot,
                    message,
                    "take this one out",
                );
            }
        }
    }
}

/// Labels are short and the same for everybody.
pub(super) fn labels(template: &Template, sink: &mut Sink<'_>) {
    for button in template.buttons() {
        for label in [&button.text, &button.autofill_text].into_iter().flatten() {
            texts::length("template-button-label", "label", label, LONGEST_LABEL, sink);
            if !Variables::of(&label.value.0).names.is_empty() {
                let message = "a label with a variable: Meta documents none";
                sink.warn(
                    "template-button-label",
                    &label.spot,
                    message,
                    "write the label out",
                );
            }
        }
    }
}

/// Kinds that Meta knows but hardly documents.
pub(super) fn newer_kinds(template: &Template, sink: &mut Sink<'_>) {
    for button in template.buttons() {
        if let Some(kind) = &button.kind
            && matches!(kind.value, ButtonKind::App | ButtonKind::RequestContactInfo)
        {
            let message = format!(
                "what a {} button may have is not known to this release",
                kind.value.as_str()
            );
            let hint = "it is sent as it is; Meta may refuse it";
            sink.warn("template-button-newer", &kind.spot, message, hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{RICH, check};

    const REPLY: &str = "      - { type: QUICK_REPLY, text: Unsubscribe }\n";

    #[test]
    fn there_are_ten_at_most() {
        check(RICH, REPLY, &REPLY.repeat(6), &[]);
        check(
            RICH,
            REPLY,
            &REPLY.repeat(7),
            &["22:9 error[template-buttons-count]"],
        );
    }

    #[test]
    fn quick_replies_stand_together() {
        let last = "navigate_screen: A }\n";
        check(
            RICH,
            last,
            &format!("{last}{REPLY}"),
            &["17:9 error[template-buttons-grouping]"],
        );
        let moved = RICH.replace(REPLY, "");
        check(&moved, last, &format!("{last}{REPLY}{REPLY}"), &[]);
    }

    #[test]
    fn some_kinds_stand_once() {
        let phone = "      - { type: PHONE_NUMBER, text: Call, phone_number: \"+4930901820\" }\n";
        check(
            RICH,
            phone,
            &phone.repeat(2),
            &["15:9 error[template-buttons-kind]"],
        );
        let url = "      - { type: URL, text: Shop, url: \"https://ex.com/{{1}}\", example: [\"https://ex.com/a\"] }\n";
        check(RICH, url, &url.repeat(2), &[]);
        check(
            RICH,
            url,
            &url.repeat(3),
            &["15:9 error[template-buttons-kind]"],
        );
    }

    #[test]
    fn labels_are_short() {
        check(
            RICH,
            "text: Unsubscribe",
            "text: 1234567890123456789012345",
            &["12:36 warning[template-text-unquoted]"],
        );
        check(
            RICH,
            "text: Unsubscribe",
            "text: abcdefghijklmnopqrstuvwxy",
            &[],
        );
        check(
            RICH,
            "text: Unsubscribe",
            "text: abcdefghijklmnopqrstuvwxyz",
            &["12:36 error[template-button-label]"],
        );
        check(
            RICH,
            "text: Unsubscribe",
            "text: \"Bye {{1}}\"",
            &["12:36 warning[template-button-label]"],
        );
        check(
            RICH,
            "text: Unsubscribe",
            "text: No",
            &["12:36 error[type-wrong]"],
        );
        check(RICH, "text: Unsubscribe", "text: \"No\"", &[]);
    }

    #[test]
    fn newer_kinds_are_taken_with_a_warning() {
        check(
            RICH,
            "{ type: QUICK_REPLY, text: Unsubscribe }",
            "{ type: REQUEST_CONTACT_INFO }",
            &["12:17 warning[template-button-newer]"],
        );
        check(
            RICH,
            "type: QUICK_REPLY",
            "type: QUICK_REPLAY",
            &["12:17 error[choice-unknown]"],
        );
    }
}
