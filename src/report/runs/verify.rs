//! Whether the files are as they were written.

use super::{INDENT, fitting_table, state};
use crate::{
    journal::read::{FileState, RunFile},
    report::{clean, count, style},
};

/// Renders whether every file is as it was written, a line each.
pub fn verify(files: &[RunFile]) -> String {
    let line = |file: &RunFile| {
        let shown = clean(&state(&file.state));
        let shown = match &file.state {
            FileState::Whole => style::good(shown),
            FileState::Torn => style::notice(shown),
            FileState::Damaged { .. } | FileState::Newer { .. } | FileState::Unreadable { .. } => {
                style::bad(shown)
            }
        };
        let path = clean(&file.path.display().to_string());
        format!(
            "{path}\n{:INDENT$}{shown} ({})\n",
            "",
            count(file.entries.len(), "line")
        )
    };
    let lines: String = files.iter().map(line).collect();
    let bad = files.iter().filter(|file| !file.state.is_good()).count();
    let verdict = match bad {
        0 => "every chain is whole.".to_owned(),
        bad => format!("{bad} not as written."),
    };
    format!(
        "{lines}{} {}, {verdict}\n",
        style::heading("Journal:"),
        count(files.len(), "file")
    )
}

/// The same as Markdown.
pub fn verify_markdown(files: &[RunFile], max_chars: usize) -> String {
    let row = |file: &RunFile| {
        let path = file.path.display().to_string();
        vec![path, file.entries.len().to_string(), state(&file.state)]
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    fitting_table(
        "# Journal files\n\n",
        &["File", "Lines", "State"],
        &rows,
        max_chars,
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file, plain, started, whole};
    use super::*;

    #[test]
    fn verifying_names_the_line_that_does_not_fit() {
        let damaged = RunFile {
            state: FileState::Damaged { line: 3 },
            ..file(2, vec![started(2)])
        };
        insta::assert_snapshot!(plain(&verify(&[whole(""), damaged])), @r"
        .waba-migrate/acme/1.jsonl
            whole (5 lines)
        .waba-migrate/acme/2.jsonl
            damaged at line 3 (1 line)
        Journal: 2 files, 1 not as written.
        ");
    }
}
