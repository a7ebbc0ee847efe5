//! Markdown that no text from outside can break: GitHub's dialect, as pull requests show it.
//!
//! Knows no report: it escapes texts and lines up cells.

use super::clean;

/// Characters that mean something within a line or a cell.
const MEANT: &str = "\\`*_[]<>|&~#";

/// Escapes a text, so that it stands there as it is, on one line.
pub fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if MEANT.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Renders a table, every cell escaped.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut table = line(heads.iter().map(|head| text(head)).collect());
    table += &line(vec!["---".to_owned(); heads.len()]);
    for row in rows {
        table += &line(row.iter().map(|cell| text(cell)).collect());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_out_of_its_place() {
        #[track_caller]
        fn check(outside: &str, expected: &str) {
            assert_eq!(text(outside), expected);
        }
        check("Grüße & mehr", "Grüße \\& mehr");
        check("a|b\n| c", "a\\|b \\| c");
        check("`x` <b>y</b>", "\\`x\\` \\<b\\>y\\</b\\>");
        check("[a](https://b)", "\\[a\\](https://b)");
        check("a\\|b", "a\\\\\\|b");
        check("\u{1b}[31m\r", "␛\\[31m␍");
    }

    #[test]
    fn a_row_stays_one_line_of_its_cells() {
        let rows = [vec!["a|b".to_owned(), "c\nd".to_owned()]];
        assert_eq!(
            table(&["One", "Two"], &rows),
            "| One | Two |\n| --- | --- |\n| a\\|b | c d |\n"
        );
    }
}
