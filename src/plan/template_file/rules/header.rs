//! The header: a line of text, a file, a place or a product.

use unicode_properties::{EmojiStatus, UnicodeEmoji};

use super::{
    super::{
        document::{Component, HeaderFormat, Template, Wording},
        variables::Variables,
    },
    texts,
};
use crate::plan::{decode::Sp, sink::Sink};

/// The most characters.
const LONGEST: usize = 60;
/// Makes the character before it an emoji.
const EMOJI_SELECTOR: char = '\u{fe0f}';
/// Makes a key of the character before it.
const KEYCAP: char = '\u{20e3}';

/// A text header is one short plain line with one variable at most.
pub(super) fn text(template: &Template, sink: &mut Sink<'_>) {
    for header in template.everywhere() {
        if header.header_format() != Some(HeaderFormat::Text) {
            continue;
        }
        let Some(text) = &header.text else {
            continue;
        };
        texts::length("template-header-length", "header", text, LONGEST, sink);
        let variables = texts::variables(template, text, sink);
        if variables.is_some_and(|found| found.len() > 1) {
            let message = "the header has more than one variable";
            sink.fail("template-header-variables", &text.spot, message, "keep one");
        }
        plain(text, sink);
    }
}

/// "The message header can't have any new lines, formatting characters, emojis or asterisks."
fn plain(text: &Sp<Wording>, sink: &mut Sink<'_>) {
    let words = &text.value.0;
    let mut refuse = |what: &str| {
        let message = format!("the header has {what}");
        let hint = "use plain text on one line, or move it into the body";
        sink.fail("template-header-plain", &text.spot, message, hint);
    };
    if words.contains(['\n', '\r']) {
        refuse("a line break");
    }
    if let Some(mark) = mark_of(words) {
        refuse(&format!("the formatting `{mark}`"));
    }
    match emoji_of(words) {
        Some((emoji, true)) => refuse(&format!("the emoji {emoji}")),
        Some((symbol, false)) => sink.warn(
            "template-header-plain",
            &text.spot,
            format!("the header has {symbol}, which Meta may take for an emoji"),
            "leave it out to be sure",
        ),
        None => {}
    }
}

/// Returns a mark that WhatsApp reads as formatting: any `*`, and pairs of the others around words.
fn mark_of(text: &str) -> Option<char> {
    if text.contains('*') {
        return Some('*');
    }
    let words = Variables::filled(text);
    ['_', '~', '`'].into_iter().find(|mark| {
        let opens = words.split(*mark).count() > 2;
        let begins = words
            .split_whitespace()
            .any(|word| word.len() > 1 && word.starts_with(*mark));
        opens && begins
    })
}

/// Returns the first emoji and whether it surely is one: some signs are shown either way.
fn emoji_of(text: &str) -> Option<(char, bool)> {
    let following = text.chars().skip(1).map(Some).chain([None]);
    let mut symbol = None;
    for (c, next) in text.chars().zip(following) {
        if !c.is_emoji_char() {
            continue;
        }
        let becomes = next == Some(EMOJI_SELECTOR) || next == Some(KEYCAP);
        if becomes || is_shown_as_emoji(c) {
            return Some((c, true));
        }
        if !c.is_ascii() && !"©®™".contains(c) {
            symbol = Some((c, false));
        }
    }
    symbol
}

/// Returns whether a character is an emoji without anything that makes it one.
fn is_shown_as_emoji(c: char) -> bool {
    matches!(
        c.emoji_status(),
        EmojiStatus::EmojiPresentation
            | EmojiStatus::EmojiPresentationAndModifierBase
            | EmojiStatus::EmojiPresentationAndEmojiComponent
            | EmojiStatus::EmojiPresentationAndModifierAndEmojiComponent
    )
}

/// A header of media shows one file.
pub(super) fn file(template: &Template, sink: &mut Sink<'_>) {
    for header in template.everywhere().filter(|one| has_sample_file(one)) {
        let Some(example) = &header.example else {
            continue;
        };
        let count = example.header_handle.as_ref().map_or(0, Vec::len);
        if count != 1 && !sink.has_reported_below(&example.spot, "header_handle") {
            let spot = example.spot.key("header_handle", &example.spot.place);
            let message = format!("a header shows one file; {count} are named");
            let hint = "write `header_handle: [media/offer.png]`, relative to this file";
            sink.fail("template-header-file", &spot, message, hint);
        }
    }
}

/// Returns whether a component is a header that shows a file.
pub(in super::super) fn has_sample_file(component: &Component) -> bool {
    component
        .header_format()
        .is_some_and(HeaderFormat::is_media)
}

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{OFFER, RICH, check};

    #[test]
    fn a_text_header_is_short_and_plain() {
        let text = "Our {{1}} is on!";
        check(RICH, text, &format!("Our {{{{1}}}}{}", "x".repeat(51)), &[]);
        check(
            RICH,
            text,
            &format!("Our {{{{1}}}}{}", "x".repeat(52)),
            &["5:41 error[template-header-length]"],
        );
        check(
            RICH,
            text,
            "Our *{{1}}* is on!",
            &["5:41 error[template-header-plain]"],
        );
        check(
            RICH,
            text,
            "Our _{{1}}_ is on!",
            &["5:41 error[template-header-plain]"],
        );
        check(RICH, text, "Our {{1}} snake_case_is on!", &[]);
        check(
            RICH,
            text,
            "Our {{1}} \\n is on!",
            &["5:41 error[template-header-plain]"],
        );
        check(
            RICH,
            text,
            "Our {{1}} 🎉",
            &["5:41 error[template-header-plain]"],
        );
        check(
            RICH,
            text,
            "Our {{1}} ❤\u{fe0f}",
            &["5:41 error[template-header-plain]"],
        );
        check(
            RICH,
            text,
            "Our {{1}} ❤",
            &["5:41 warning[template-header-plain]"],
        );
        check(RICH, text, "Our {{1}} #1 © ™", &[]);
        check(
            RICH,
            "text: \"Our {{1}} is on!\"",
            "text: \"\"",
            &[
                "5:41 error[template-header-length]",
                "5:54 warning[template-sample-unused]",
            ],
        );
    }

    #[test]
    fn a_text_header_has_one_variable() {
        check(
            RICH,
            "Our {{1}} is on!",
            "Our {{1}} {{2}} is on!",
            &[
                "5:41 error[template-header-variables]",
                "5:76 error[template-sample-count]",
            ],
        );
    }

    #[test]
    fn a_header_of_media_shows_one_file() {
        let file = "[media/offer.png]";
        check(OFFER, file, "[]", &["5:45 error[template-header-file]"]);
        check(
            OFFER,
            file,
            "[media/offer.png, media/second.png]",
            &["5:45 error[template-header-file]"],
        );
        check(
            OFFER,
            file,
            "[\"4::aW1hZ2UvcG5n\"]",
            &["5:63 error[template-media-path]"],
        );
        check(
            OFFER,
            file,
            "[\"https://scontent.whatsapp.net/v/t61\"]",
            &["5:63 error[template-media-path]"],
        );
        check(OFFER, file, "media/offer.png", &["5:62 error[type-wrong]"]);
        check(
            OFFER,
            ", example: { header_handle: [media/offer.png] }",
            "",
            &["5:5 error[template-key-missing]"],
        );
    }
}
