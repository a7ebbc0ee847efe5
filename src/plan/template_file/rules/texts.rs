//! What holds for every text: length and variables.

use std::collections::BTreeSet;

use super::super::{
    document::{Template, Wording},
    variables::Variables,
};
use crate::plan::{decode::Sp, sink::Sink};

/// Reports a text that is empty or too long. Meta counts characters, not bytes.
pub(super) fn length(
    rule: &'static str,
    what: &str,
    text: &Sp<Wording>,
    most: usize,
    sink: &mut Sink<'_>,
) {
    let length = text.value.0.chars().count();
    if text.value.0.trim().is_empty() {
        let message = format!("the {what} is empty");
        sink.fail(
            rule,
            &text.spot,
            message,
            format!("use 1 to {most} characters"),
        );
    } else if length > most {
        let message = format!("the {what} has {length} characters; at most {most} are allowed");
        let hint = format!("take out {}", length - most);
        sink.fail(rule, &text.spot, message, hint);
    }
}

/// Reports a text that may hold no variable and does.
pub(super) fn no_variables(
    rule: &'static str,
    what: &str,
    text: &Sp<Wording>,
    sink: &mut Sink<'_>,
) {
    let found = Variables::of(&text.value.0);
    if let Some(name) = found.names.first() {
        let message = format!("the {what} holds the variable {{{{{name}}}}}");
        sink.fail(
            rule,
            &text.spot,
            message,
            format!("a {what} is the same for everybody: take it out"),
        );
    }
}

/// Reports what is wrong with the spelling, the kind and the numbering of variables. Returns them
/// if nothing is, each once.
pub(super) fn variables<'t>(
    template: &Template,
    text: &'t Sp<Wording>,
    sink: &mut Sink<'_>,
) -> Option<BTreeSet<&'t str>> {
    let found = Variables::of(&text.value.0);
    let is_sound = if template.is_named() {
        named(text, &found, sink)
    } else {
        positional(text, &found, sink)
    };
    if let Some(piece) = found.malformed.first() {
        let hint = if template.is_named() {
            "write it like {{first_name}}, without spaces"
        } else {
            "write it like {{1}}, without spaces"
        };
        let message = format!("`{piece}` is not a variable");
        sink.fail("template-variable-form", &text.spot, message, hint);
        return None;
    }
    is_sound.then(|| found.names.into_iter().collect())
}

fn positional(text: &Sp<Wording>, found: &Variables<'_>, sink: &mut Sink<'_>) -> bool {
    if let Some(name) = found
        .names
        .iter()
        .find(|name| !Variables::is_position(name))
    {
        let message =
            format!("{{{{{name}}}}} is a name, but the variables of this template are numbers");
        let hint = "add `parameter_format: NAMED` and name all of them, or number them from 1";
        sink.fail("template-variable-mixed", &text.spot, message, hint);
        return false;
    }
    let numbers: BTreeSet<&str> = found.names.iter().copied().collect();
    let wanted: BTreeSet<String> = (1..=numbers.len()).map(|n| n.to_string()).collect();
    let Some(missing) = wanted.iter().find(|n| !numbers.contains(n.as_str())) else {
        return true;
    };
    let shown: Vec<String> = numbers.iter().map(|n| format!("{{{{{n}}}}}")).collect();
    let message = format!(
        "the variables are {}: {{{{{missing}}}}} is missing",
        shown.join(", ")
    );
    sink.fail(
        "template-variable-numbering",
        &text.spot,
        message,
        "number them from 1 without gaps",
    );
    false
}

/// Source: "lower case characters and underscores". Digits in a name are not documented either way.
fn named(text: &Sp<Wording>, found: &Variables<'_>, sink: &mut Sink<'_>) -> bool {
    let mut seen = BTreeSet::new();
    let mut is_sound = true;
    for name in &found.names {
        let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
        if Variables::is_position(name) {
            let message = format!(
                "{{{{{name}}}}} is a number, but the variables of this template have names"
            );
            let hint =
                "give it a name, or take `parameter_format: NAMED` out and number all of them";
            sink.fail("template-variable-mixed", &text.spot, message, hint);
            is_sound = false;
        } else if name.bytes().any(|b| b.is_ascii_uppercase()) {
            let message = format!("{{{{{name}}}}} has capitals");
            let hint = format!("write {{{{{}}}}}", name.to_lowercase());
            sink.fail("template-variable-name", &text.spot, message, hint);
            is_sound = false;
        } else if !name.bytes().all(plain) {
            let message =
                format!("{{{{{name}}}}} has digits; Meta documents lower-case letters and `_`");
            sink.warn(
                "template-variable-name",
                &text.spot,
                message,
                "use letters and `_` to be sure",
            );
        }
        if !seen.insert(*name) {
            let message = format!("{{{{{name}}}}} stands twice in this text");
            sink.fail(
                "template-variable-name",
                &text.spot,
                message,
                "give every variable its own name",
            );
            is_sound = false;
        }
    }
    is_sound
}
