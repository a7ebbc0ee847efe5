//! Markdown that no text from outside can break: GitHub's dialect, as pull requests show it.
//!
//! This file escapes texts, lines up cells and keeps to a budget; the reports are in files of their
//! own. Mentions, references and bare links of outside texts reach nobody: a character without width
//! stands in each. What a marker of a comment is made of comes from here, too.

pub mod apply;
mod diff;
pub mod differences;
pub mod findings;
mod gates;
pub mod plan;
mod risk;
#[cfg(test)]
pub(in crate::report) mod testing;
#[cfg(test)]
mod tests;

use super::clean;

/// Characters that mean something within a line or a cell.
const MEANT: &str = "\\`*_[]<>|&~#!@$";

/// A character without width. Backslashes stop no mention, because those are looked for in what was
/// rendered.
const GAP: &str = "&#8203;";

/// The same where nothing is rendered: in code.
const RAW_GAP: char = '\u{200b}';

/// Escapes a text, so that it stands there as it is, on one line. Something else of the same line
/// has to stand before it.
pub fn text(text: &str) -> String {
    let text = clean(text);
    let mut escaped = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if MEANT.contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        if reaches(&text[..at], c, &text[at + c.len_utf8()..]) {
            escaped.push_str(GAP);
        }
    }
    escaped
}

/// Whether a mention, a reference or a link begins around a character.
fn reaches(before: &str, c: char, after: &str) -> bool {
    let next = after.chars().next().unwrap_or(' ');
    match c {
        '@' => !next.is_whitespace(),
        '#' | '!' | '&' | '$' | '%' => next.is_ascii_digit(),
        ':' => after.starts_with("//"),
        '-' => next.is_ascii_digit() && ends_with(before, "gh"),
        '.' => ends_with(before, "www"),
        _ => false,
    }
}

fn ends_with(text: &str, end: &str) -> bool {
    let start = text.len().checked_sub(end.len());
    let tail = start.and_then(|start| text.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

/// Renders a text as code within a line. Not for cells of a table: see [`cell`].
pub fn code(text: &str) -> String {
    let text = inert(text);
    if text.trim().is_empty() {
        return String::new();
    }
    let marks = "`".repeat(longest_run(&text, '`') + 1);
    let is_edge = |c: char| c == '`' || c == ' ';
    match text.starts_with(is_edge) || text.ends_with(is_edge) {
        true => format!("{marks} {text} {marks}"),
        false => format!("{marks}{text}{marks}"),
    }
}

/// Renders a text as code within a cell, where a bar ends even code.
pub fn cell(outside: &str) -> String {
    match outside.contains(['|', '\\']) {
        true => text(outside),
        false => code(outside),
    }
}

/// Renders lines as a block of code that none of them can end.
pub fn fence(language: &str, lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line_of_code(line)).collect();
    let longest = lines.iter().map(|line| longest_run(line, '`')).max();
    let marks = "`".repeat(longest.unwrap_or_default().max(2) + 1);
    format!("{marks}{language}\n{}\n{marks}\n", lines.join("\n"))
}

/// One line of a block, which may look like a command of a CI runner from its beginning.
fn line_of_code(line: &str) -> String {
    let line = inert(line);
    let starts = line.len() - line.trim_start().len();
    match line[starts..].starts_with("::") {
        true => format!("{}:{RAW_GAP}{}", &line[..starts], &line[starts + 1..]),
        false => line,
    }
}

/// Cleans a text for code. What a CI runner takes for a command is taken apart: it reads every line
/// that is printed.
fn inert(text: &str) -> String {
    clean(text).replace("##[", &format!("##{RAW_GAP}["))
}

fn longest_run(text: &str, of: char) -> usize {
    let runs = text.split(|c| c != of).map(|run| run.chars().count());
    runs.max().unwrap_or_default()
}

/// Renders a section that is folded until somebody opens it. The body is Markdown.
pub fn folded(summary: &str, body: &str) -> String {
    let summary = html(summary);
    let body = body.trim_end();
    format!("<details><summary>{summary}</summary>\n\n{body}\n\n</details>\n")
}

/// Escapes a text between tags, where Markdown is not read.
fn html(text: &str) -> String {
    let mut escaped = String::new();
    for c in clean(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' | '#' => {
                escaped.push(c);
                escaped.push_str(GAP);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Renders the hidden line by which a bot finds its comment again.
pub fn marker(command: &str, plan: Option<&str>) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    let plain = |text: &str| text.chars().filter(is_plain).collect::<String>();
    let plan = plan.map(|plan| format!(":{}", plain(plan)));
    format!(
        "<!-- waba-migrate:{command}{} -->\n",
        plan.unwrap_or_default()
    )
}

/// Renders a table, every cell escaped.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let rows = rows.iter();
    let rows: Vec<Vec<_>> = rows
        .map(|row| row.iter().map(|cell| text(cell)).collect())
        .collect();
    table_of(heads, &rows)
}

/// Renders a table of cells that are Markdown already.
fn table_of(heads: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads: Vec<_> = heads.iter().map(|head| text(head)).collect();
    let mut table = line(&heads) + &line(&vec!["---".to_owned(); heads.len()]);
    for row in rows {
        table += &line(row);
    }
    table
}

/// Counts a text as those count who limit it, or more: in UTF-16 units, never fewer than characters.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Returns the fullest form that fits, or the last one.
fn fitting<Level: Copy>(
    levels: &[Level],
    max_chars: usize,
    render: impl Fn(Level) -> String,
) -> String {
    let mut text = String::new();
    for level in levels {
        text = render(*level);
        if length(&text) <= max_chars {
            break;
        }
    }
    text
}

/// Cuts a list of whole lines to what fits, and says how many are missing.
fn cut(lines: &[String], room: usize) -> String {
    const TAIL: usize = 40;
    let mut text = String::new();
    let mut used = 0;
    let all: usize = lines.iter().map(|line| length(line)).sum();
    for (shown, line) in lines.iter().enumerate() {
        used += length(line);
        if all > room && used + TAIL > room {
            let hidden = lines.len() - shown;
            return text + &format!("* and {hidden} more\n");
        }
        text += line;
    }
    text
}

/// Says that not everything is here, and where it is.
fn left_out(command: &str) -> String {
    format!("\n_Details were left out to fit; `{command}` shows all._\n")
}
