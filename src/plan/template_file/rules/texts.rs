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

#[cfg(test)]
mod tests {
    use crate::plan::template_file::testing::{NAMED, RICH, check};

    #[test]
    fn variables_are_written_in_one_way() {
        let body = "code {{2}} to";
        check(
            RICH,
            body,
            "code {{ 2 }} to",
            &["7:11 error[template-variable-form]"],
        );
        check(
            RICH,
            body,
            "code {{2} to",
            &["7:11 error[template-variable-form]"],
        );
        check(
            RICH,
            body,
            "code 2}} to",
            &["7:11 error[template-variable-form]"],
        );
        check(
            RICH,
            body,
            "code {{}} to",
            &["7:11 error[template-variable-form]"],
        );
        check(RICH, body, "code {2} {{2}} to", &[]);
    }

    #[test]
    fn numbers_have_no_gap() {
        check(
            RICH,
            "code {{2}} to",
            "code {{3}} to",
            &["7:11 error[template-variable-numbering]"],
        );
        check(
            RICH,
            "code {{2}} to",
            "code {{0}} to",
            &["7:11 error[template-variable-numbering]"],
        );
        check(
            RICH,
            "code {{2}} to",
            "code {{02}} to",
            &["7:11 error[template-variable-numbering]"],
        );
        check(
            RICH,
            "through {{1}} with code {{2}}",
            "through {{2}} with code {{1}}",
            &[],
        );
    }

    #[test]
    fn numbers_and_names_are_not_mixed() {
        check(
            RICH,
            "code {{2}} to",
            "code {{code}} to",
            &["7:11 error[template-variable-mixed]"],
        );
        check(
            NAMED,
            "parameter_format: NAMED\n",
            "",
            &["7:11 error[template-variable-mixed]"],
        );
        check(
            NAMED,
            "{{order_id}}",
            "{{1}}",
            &["8:11 error[template-variable-mixed]"],
        );
    }

    #[test]
    fn names_are_small_letters_and_unique() {
        check(
            NAMED,
            "{{order_id}}",
            "{{Order_id}}",
            &[
                "8:11 error[template-variable-name]",
                "10:7 error[template-sample-count]",
                "12:25 error[template-sample-name]",
            ],
        );
        check(
            NAMED,
            "{{order_id}}",
            "{{first_name}}",
            &[
                "8:11 error[template-variable-name]",
                "12:25 error[template-sample-name]",
            ],
        );
        let digits = NAMED.replace("order_id", "order_2");
        check(
            &digits,
            "name: welcome_named",
            "name: welcome",
            &["8:11 warning[template-variable-name]"],
        );
    }
}
