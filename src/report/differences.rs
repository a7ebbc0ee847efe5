//! What `diff` found, for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    changes::{FIELDS_SHOWN, field_change},
    clean, style, templates, wrap,
};
use crate::{
    diff::{Class, Comparison, Difference},
    field::FieldChange,
    inventory::Inventory,
};

/// What is said where nothing can be told to have been done.
pub const NO_JOURNAL: &str = "No journal of this plan is here: what an earlier run did cannot be told from what was never done.";

/// Columns of a line.
const WIDTH: usize = 80;

/// Renders what became of the source's templates, the differences class by class, and what has to
/// be known to read them.
pub fn render(comparison: &Comparison, inventory: Option<&Inventory>) -> String {
    let mut text = inventory.map(templates::paragraph).unwrap_or_default();
    for class in Class::ALL {
        let differences: Vec<_> = comparison.of(class).collect();
        if differences.is_empty() {
            continue;
        }
        text += &match class {
            Class::Ignored => ignored(&differences),
            _ => of_class(class, &differences),
        };
    }
    text += &unread(&comparison.unread);
    text += &notes(comparison);
    text + &format!("{} {}.\n", style::heading("Diff:"), sums(comparison))
}

/// Says what has to be known besides the differences, a line each, for those who read them as JSON.
pub fn remarks(comparison: &Comparison) -> Vec<String> {
    let unread = comparison.unread.iter();
    let mut remarks: Vec<_> = unread
        .map(|what| format!("Not compared: {}", clean(what)))
        .collect();
    remarks.extend(comparison.unused.iter().map(|pattern| unused(pattern)));
    if comparison.lacks_journal() {
        remarks.push(NO_JOURNAL.to_owned());
    }
    remarks
}

fn unused(pattern: &str) -> String {
    format!(
        "The plan ignores {}, and nothing that differs fits it: is it a slip?",
        clean(pattern)
    )
}

fn heading(class: Class) -> (style::Painted, &'static str) {
    match class {
        Class::Pending => (style::notice("Pending"), "not applied so far"),
        Class::Drift => (style::bad("Drift"), "was so once, and is no longer"),
        Class::Service => (
            style::hint("Service"),
            "changed by Meta; apply mends nothing of it",
        ),
        Class::Orphan => (
            style::plain("Orphan"),
            "made by an earlier run, no longer in the plan",
        ),
        Class::Ignored => (style::faint("Ignored"), "by the plan"),
    }
}

fn of_class(class: Class, differences: &[&Difference]) -> String {
    let (name, meaning) = heading(class);
    let number = differences.len();
    let mut text = format!("{name} ({number}): {}\n", style::faint(meaning));
    for difference in differences {
        let _ = writeln!(text, "  {}", clean(&difference.address));
        text += &indented(6, &clean(&difference.message), style::faint);
        for field in difference.fields.iter().take(FIELDS_SHOWN) {
            text += &match field.after {
                Value::Null if class == Class::Service => seen(field),
                _ => field_change(field),
            };
        }
        let hidden = difference.fields.len().saturating_sub(FIELDS_SHOWN);
        if hidden > 0 {
            let _ = writeln!(
                text,
                "        {}",
                style::faint(format!("and {hidden} more"))
            );
        }
    }
    text + "\n"
}

/// Nobody wants it otherwise: it is told, not taken away.
fn seen(field: &FieldChange) -> String {
    let value = field.before.as_str().unwrap_or_default();
    let sign = style::notice("~");
    format!("        {sign} {}: {}\n", clean(&field.path), clean(value))
}

/// Each pattern with what it hides. The differences come sorted by pattern.
fn ignored(differences: &[&Difference]) -> String {
    let mut text = format!("{}\n", style::heading("Ignored by the plan"));
    let mut last = None;
    for difference in differences {
        let rule = difference.rule.as_deref().unwrap_or_default();
        if last != Some(rule) {
            let _ = writeln!(text, "  {}", style::plain(clean(rule)));
            last = Some(rule);
        }
        let shown = difference.fields.iter().take(FIELDS_SHOWN);
        let mut fields: Vec<_> = shown.map(|field| field.path.clone()).collect();
        let hidden = difference.fields.len().saturating_sub(FIELDS_SHOWN);
        if hidden > 0 {
            fields.push(format!("and {hidden} more"));
        }
        let what = match fields.is_empty() {
            true => format!("{}: {}", difference.address, difference.message),
            false => format!("{}: {}", difference.address, fields.join(", ")),
        };
        text += &indented(6, &clean(&what), style::faint);
    }
    text + "\n"
}

fn unread(unread: &[String]) -> String {
    if unread.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", style::heading("Not compared"));
    for what in unread {
        text += &indented(2, &clean(what), style::plain);
    }
    text + "\n"
}

fn notes(comparison: &Comparison) -> String {
    let patterns = comparison.unused.iter();
    let mut notes: Vec<_> = patterns.map(|pattern| unused(pattern)).collect();
    if comparison.lacks_journal() {
        notes.push(NO_JOURNAL.to_owned());
    }
    notes
        .iter()
        .map(|note| indented(0, note, style::notice))
        .collect()
}

fn indented<T: std::fmt::Display>(
    indent: usize,
    text: &str,
    paint: impl Fn(String) -> T,
) -> String {
    let lines = wrap(text, WIDTH - indent).into_iter();
    let lines = lines.map(|line| format!("{:indent$}{}\n", "", paint(line)));
    lines.collect()
}

/// Counts differences by class, without an end of the sentence.
pub(super) fn sums(comparison: &Comparison) -> String {
    let count = |class| comparison.of(class).count();
    let counts = Class::ALL.map(|class| (count(class), class.as_str()));
    let parts = counts.iter().filter(|(number, _)| *number > 0);
    let mut parts: Vec<_> = parts
        .map(|(number, class)| format!("{number} {class}"))
        .collect();
    match (comparison.is_clean(), comparison.is_blind) {
        (true, false) => parts.insert(0, "nothing differs".into()),
        (true, true) => parts.insert(0, "nothing differs of what could be read".into()),
        (false, _) => {}
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(class: Class, address: &str, fields: &[(&str, &str, Value)]) -> Difference {
        let fields = fields.iter();
        let fields =
            fields.map(|(path, before, after)| FieldChange::new(path, *before, after.clone()));
        Difference {
            class,
            address: address.into(),
            message: "the reason".into(),
            fields: fields.collect(),
            rule: None,
        }
    }

    fn plain(comparison: &Comparison) -> String {
        let text = render(comparison, None);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn differences_stand_by_class_with_what_hides_the_rest() {
        let number = "number[\"+4930901820\"]";
        let hidden = Difference {
            rule: Some("number[*].profile.about".into()),
            ..difference(
                Class::Ignored,
                &format!("{number}.profile"),
                &[("about", "a", "b".into())],
            )
        };
        let long = "We answer every question about your orders, day and night, as fast as we can.";
        let comparison = Comparison {
            differences: vec![
                difference(Class::Pending, "templates.copy", &[]),
                difference(
                    Class::Drift,
                    "template[\"order/de\"]",
                    &[("body.text", long, "We answer.".into())],
                ),
                difference(
                    Class::Service,
                    number,
                    &[("quality_rating", "RED", Value::Null)],
                ),
                difference(Class::Orphan, "flow[\"a\u{1b}[2Jb\"]", &[]),
                hidden,
            ],
            unused: vec!["flow[*]".into()],
            unread: vec!["the source's templates: no token".into()],
            is_blind: false,
            has_journal: false,
            different: 0,
        };
        insta::assert_snapshot!(plain(&comparison), @r#"
        Pending (1): not applied so far
          templates.copy
              the reason

        Drift (1): was so once, and is no longer
          template["order/de"]
              the reason
                ~ body.text
                  - We answer every question about your orders, day and night, as fast as we can.
                  + We answer.

        Service (1): changed by Meta; apply mends nothing of it
          number["+4930901820"]
              the reason
                ~ quality_rating: RED

        Orphan (1): made by an earlier run, no longer in the plan
          flow["a␛[2Jb"]
              the reason

        Ignored by the plan
          number[*].profile.about
              number["+4930901820"].profile: about

        Not compared
          the source's templates: no token

        The plan ignores flow[*], and nothing that differs fits it: is it a slip?
        No journal of this plan is here: what an earlier run did cannot be told from
        what was never done.
        Diff: 1 pending, 1 drift, 1 service, 1 orphan, 1 ignored.
        "#);
    }

    #[test]
    fn nothing_to_tell_is_one_line() {
        let nothing = Comparison::default();
        assert_eq!(plain(&nothing), "Diff: nothing differs.\n");
        assert!(remarks(&nothing).is_empty());
    }
}
