//! Rules about what `diff` leaves out.

use std::collections::BTreeSet;

use crate::plan::{document::Document, sink::Sink};

/// A check that ignores everything tells nothing any more.
pub fn everything(document: &Document, sink: &mut Sink<'_>) {
    for pattern in document.ignore.iter().flatten() {
        if pattern.value.bare().chars().all(|c| c == '*') {
            sink.warn(
                "ignore-everything",
                &pattern.spot,
                "this pattern hides every difference, so `diff` tells nothing any more",
                "name what may differ, like number[*].profile",
            );
        }
    }
}

/// Quotes do not count.
pub fn duplicate(document: &Document, sink: &mut Sink<'_>) {
    let mut known = BTreeSet::new();
    for pattern in document.ignore.iter().flatten() {
        if !known.insert(pattern.value.bare()) {
            sink.fail(
                "ignore-duplicate",
                &pattern.spot,
                format!("`{}` stands here a second time", pattern.value.0.as_str()),
                "keep one of the two",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::check;

    #[track_caller]
    fn ignoring(list: &str, expected: &[&str]) {
        let ignore = format!("ignore: {list}\ntemplates:\n");
        check("templates:\n", &ignore, expected);
    }

    #[test]
    fn addresses_and_fields_may_be_ignored() {
        ignoring("[]", &[]);
        ignoring(
            r#"['number["+4930901820"].profile', "number[*].profile.about", "*.quality_rating"]"#,
            &[],
        );
        ignoring(
            r#"["template[order/*]*", "templates.copy", "templates.copy.order/de", "t*", "flow[Sign up]"]"#,
            &[],
        );
    }

    #[test]
    fn a_pattern_can_fit_something() {
        let copy = "copy an address from `diff`, like number[+4930901820].profile, template[\"order/*\"] or templates.copy";
        let empty = "the pattern is empty, too long or has control characters | copy an address from `diff`, like number[*].profile";
        ignoring(
            "[\"\"]",
            &[&format!("21:10 error[ignore-form] ignore[0]: {empty}")],
        );
        ignoring(
            "['\"\"']",
            &[&format!("21:10 error[ignore-form] ignore[0]: {empty}")],
        );
        for slip in ["numbers[*].profile", "templates.copies", "3"] {
            let expected = format!(
                "21:10 error[ignore-form] ignore[0]: no address begins like `{slip}` | {copy}"
            );
            ignoring(&format!("['{slip}']"), &[&expected]);
        }
        ignoring(
            "[\"number[+49 30 901820]\"]",
            &[
                "21:10 error[ignore-form] ignore[0]: no address has the spaces of `number[+49 30 901820]` | write the digits without spaces, like number[+4930901820].profile",
            ],
        );
        ignoring(
            "[{}]",
            &[
                "21:10 error[type-wrong] ignore[0]: a mapping stands where an address of `diff` with wildcards, like number[*].profile is wanted | give `ignore[0]` an address of `diff` with wildcards, like number[*].profile",
            ],
        );
    }

    #[test]
    fn a_pattern_stands_once_and_leaves_something() {
        ignoring(
            r#"["number[*].profile", 'number["*"].profile', "**"]"#,
            &[
                "21:31 error[ignore-duplicate] ignore[1]: `number[\"*\"].profile` stands here a second time | keep one of the two",
                "21:54 warning[ignore-everything] ignore[2]: this pattern hides every difference, so `diff` tells nothing any more | name what may differ, like number[*].profile",
            ],
        );
    }
}
