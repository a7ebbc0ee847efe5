//! Fields before and after as a block of code in the colours of a diff.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::fence;
use crate::{
    field::FieldChange,
    report::changes::{is_long, value},
};

/// Renders fields as a block of at most so many lines.
pub(super) fn block(fields: &[FieldChange], most: usize) -> String {
    let mut lines: Vec<_> = fields
        .iter()
        .take(most.saturating_add(1))
        .flat_map(lines)
        .collect();
    let all = lines.len() > most || fields.len() > most;
    if all {
        lines.truncate(most);
        lines.push("… the rest is left out".to_owned());
    }
    fence("diff", &lines)
}

fn lines(field: &FieldChange) -> Vec<String> {
    let path = &field.path;
    match (&field.before, &field.after) {
        (Value::String(before), Value::String(after)) if is_long(before) || is_long(after) => {
            text_lines(path, before, after)
        }
        (Value::Null, Value::String(after)) if after.contains('\n') => text_lines(path, "", after),
        (before, after) => {
            let line = |sign, side: &Value| {
                (!side.is_null()).then(|| format!("{sign} {path}: {}", value(side)))
            };
            [line('-', before), line('+', after)]
                .into_iter()
                .flatten()
                .collect()
        }
    }
}

/// Both texts line by line, below the name of the field.
fn text_lines(path: &str, before: &str, after: &str) -> Vec<String> {
    let mut lines = vec![format!("@@ {path} @@")];
    let diff = TextDiff::from_lines(before, after);
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let line = change.value();
        let line = line.strip_suffix('\n').unwrap_or(line);
        lines.push(format!("{sign} {line}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_stand_below_each_other_and_long_texts_line_by_line() {
        let fields = [
            FieldChange::new("category", "UTILITY", "MARKETING"),
            FieldChange::new("footer.text", Value::Null, "Bye"),
            FieldChange::new("body.text", "Hi\n```\n::error::x", "Hi\n````\n::error::x"),
        ];
        insta::assert_snapshot!(block(&fields, 100).replace('\u{200b}', "ZW"), @r#"
        `````diff
        - category: UTILITY
        + category: MARKETING
        + footer.text: Bye
        @@ body.text @@
          Hi
        - ```
        + ````
          :ZW:error::x
        `````
        "#);
    }

    #[test]
    fn what_is_too_much_is_left_out() {
        let field = |at: usize| FieldChange::new(&format!("f{at}"), Value::Null, at);
        let fields: Vec<_> = (0..9).map(field).collect();
        insta::assert_snapshot!(block(&fields, 2), @r#"
        ```diff
        + f0: 0
        + f1: 1
        … the rest is left out
        ```
        "#);
    }
}
