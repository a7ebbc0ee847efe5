//! The variables of a text, and the texts that may hold them.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates/components>

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Form, problem};
use crate::sim::{error::GraphError, words::ParameterFormat};

/// Returns what stands between each pair of double braces, in order; nothing when braces dangle.
fn placeholders(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        if before.contains("}}") {
            return None;
        }
        let (name, tail) = after.split_once("}}")?;
        if name.is_empty() || name.contains(['{', '}']) {
            return None;
        }
        found.push(name);
        rest = tail;
    }
    (!rest.contains("}}")).then_some(found)
}

/// Returns the different variables of a text, or what is wrong with them.
pub(super) fn variables(
    text: &str,
    format: ParameterFormat,
) -> Result<BTreeSet<&str>, &'static str> {
    let found: BTreeSet<&str> = placeholders(text)
        .ok_or("A variable is not closed: dangling parameter.")?
        .into_iter()
        .collect();
    match format {
        ParameterFormat::Positional => {
            let is_counted = (1..=found.len()).all(|at| found.contains(at.to_string().as_str()));
            if !is_counted {
                return Err("Variables must be {{1}}, {{2}} and so on, without a gap.");
            }
        }
        ParameterFormat::Named => {
            let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if !found.iter().all(is_name) {
                return Err("Names of variables have lower-case letters and underscores only.");
            }
        }
    }
    Ok(found)
}

/// Returns a text of a component, which must not be empty.
pub(super) fn required(
    component: &Value,
    wrong: impl FnOnce(&'static str) -> GraphError,
) -> Result<&str, GraphError> {
    match component["text"].as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text),
        Some(_) | None => Err(wrong("The text is missing.")),
    }
}

/// Refuses a text of more characters than `most`.
pub(super) fn limit(field: &str, text: &str, most: usize) -> Result<(), GraphError> {
    if text.chars().count() > most {
        return Err(problem::too_long(field, most));
    }
    Ok(())
}

/// Checks a body or a card's body: length, variables, their samples, their places, their number.
pub(super) fn body(form: &Form<'_>, component: &Value, most: usize) -> Result<(), GraphError> {
    let text = required(component, problem::body)?;
    limit("body", text, most)?;
    let variables = variables(text, form.parameters).map_err(problem::body)?;
    if variables.is_empty() {
        return Ok(());
    }
    let sampled = match form.parameters {
        ParameterFormat::Positional => rows(&component["example"]["body_text"], variables.len()),
        ParameterFormat::Named => {
            are_named(&component["example"]["body_text_named_params"], &variables)
        }
    };
    if !sampled {
        return Err(problem::no_sample("BODY", "example"));
    }
    let trimmed = text.trim();
    if trimmed.starts_with("{{") || trimmed.ends_with("}}") {
        return Err(problem::variable_at_edge());
    }
    let needed = variables
        .len()
        .saturating_mul(form.world.switches.words_per_variable);
    if words(text) < needed {
        return Err(problem::too_many_variables());
    }
    Ok(())
}

/// `body_text` holds rows, each with a sample for every variable.
fn rows(example: &Value, variables: usize) -> bool {
    let rows = example.as_array();
    rows.is_some_and(|rows| !rows.is_empty() && rows.iter().all(|row| row_of(row, variables)))
}

/// Returns whether a list has exactly so many samples.
pub(super) fn row_of(row: &Value, variables: usize) -> bool {
    row.as_array()
        .is_some_and(|samples| samples.len() == variables && samples.iter().all(is_sample))
}

fn is_sample(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// Returns whether a list of named samples has one for every variable and no other.
pub(super) fn are_named(example: &Value, variables: &BTreeSet<&str>) -> bool {
    let Some(samples) = example.as_array() else {
        return false;
    };
    let named: BTreeSet<&str> = samples
        .iter()
        .filter(|sample| is_sample(&sample["example"]))
        .filter_map(|sample| sample["param_name"].as_str())
        .collect();
    named == *variables && samples.len() == variables.len()
}

/// Returns how many words stand beside the variables.
fn words(text: &str) -> usize {
    let mut rest = text;
    let mut count = 0;
    loop {
        let (before, after) = rest.split_once("{{").unwrap_or((rest, ""));
        let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
        count += before.split_whitespace().filter(is_word).count();
        match after.split_once("}}") {
            Some((_, tail)) => rest = tail,
            None => return count,
        }
    }
}

/// Returns whether a header's text holds what only bodies may: line breaks, markup, emoji.
pub(super) fn is_decorated(text: &str) -> bool {
    let plain = without_variables(text);
    plain.contains(['\n', '\r', '*', '~', '`'])
        || plain.matches('_').count() > 1
        || plain.chars().any(is_emoji)
}

fn without_variables(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        plain.push_str(before);
        rest = after.split_once("}}").map_or("", |(_, tail)| tail);
    }
    plain + rest
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B50}'..='\u{2B55}' | '\u{FE0F}' | '\u{20E3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_counted_or_named() {
        #[track_caller]
        fn check(text: &str, format: ParameterFormat, expected: Option<&[&str]>) {
            let found = variables(text, format).ok();
            let found: Option<Vec<&str>> = found.map(|found| found.into_iter().collect());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        let positional = ParameterFormat::Positional;
        check("plain {text}", positional, Some(&[]));
        check("a {{1}} b {{2}} c {{1}}", positional, Some(&["1", "2"]));
        check("a {{2}} b", positional, None);
        check("a {{name}} b", positional, None);
        check("a {{1} b", positional, None);
        check("a 1}} b {{1}}", positional, None);
        check("a {{}} b", positional, None);
        check("a {{{1}}} b", positional, None);
        let named = ParameterFormat::Named;
        check("a {{first_name}} b", named, Some(&["first_name"]));
        check("a {{First}} b", named, None);
        check("a {{1}} b", named, None);
    }

    #[test]
    fn words_beside_variables_count() {
        #[track_caller]
        fn check(text: &str, expected: usize) {
            assert_eq!(words(text), expected, "{text}");
        }
        check("Good news, {{1}}! Use code {{2}}.", 4);
        check("Get {{1}} off!", 2);
        check("- {{1}} : {{2}} -", 0);
    }

    #[test]
    fn headers_are_plain() {
        #[track_caller]
        fn check(text: &str, decorated: bool) {
            assert_eq!(is_decorated(text), decorated, "{text}");
        }
        check("Our {{first_name_x}} sale", false);
        check("*Sale*", true);
        check("_Sale_", true);
        check("snake_case", false);
        check("Sale 🎉", true);
        check("Two\nlines", true);
    }
}
