//! Findings as text for a terminal, in the look of rustc.
//!
//! Prints nothing itself, drops no finding and knows no secret: what must be masked is masked
//! before. Control characters are replaced by pictures, so that no plan steers the terminal.

use std::collections::HashMap;

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::{clean, count, style};
use crate::{
    finding::{Finding, Severity, Span, Verdict},
    plan::text::LEAD,
};

/// Renders findings in their order, and a line that counts them; nothing for no findings.
pub fn render(findings: &[Finding], color: bool) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for finding in &fold(findings) {
        text += &one(finding, &renderer);
        text += "\n\n";
    }
    text + &summary(findings) + "\n"
}

/// Renders what `preflight` found: all that is open, and a line that counts the rest.
pub fn preflight(checked: &[Finding], gates: usize) -> String {
    let is_open = |finding: &&Finding| finding.verdict != Verdict::Pass;
    let open: Vec<_> = checked.iter().filter(is_open).cloned().collect();
    let heading = style::heading("Preflight:");
    let sums = preflight_sums(checked, gates);
    render(&open, true) + &format!("{heading} {sums}\n")
}

/// The sums of a preflight in one sentence.
pub(super) fn preflight_sums(checked: &[Finding], gates: usize) -> String {
    let is_open = |finding: &&Finding| finding.verdict != Verdict::Pass;
    let open = checked.iter().filter(is_open).count();
    let mut text = format!("{} passed", count(checked.len() - open, "check"));
    if open > 0 {
        text += &format!(", {open} open");
    }
    if gates > 0 {
        text += &format!(", {} to wait for", count(gates, "gate"));
    }
    text + "."
}

/// Takes findings together that differ in their number alone, so that what is wrong with two hundred
/// numbers is read once. The first one's hint stands for all.
pub(super) fn fold(findings: &[Finding]) -> Vec<Finding> {
    let mut folded: Vec<(Finding, Vec<&str>)> = Vec::new();
    let mut places = HashMap::new();
    for finding in findings {
        let number = number_of(finding);
        let place = number.map(|number| {
            *places
                .entry(likeness(finding, number))
                .or_insert(folded.len())
        });
        match (number, place) {
            (Some(number), Some(place)) if place < folded.len() => folded[place].1.push(number),
            _ => folded.push((finding.clone(), Vec::new())),
        }
    }
    let name = |(mut finding, others): (Finding, Vec<&str>)| {
        if !others.is_empty() {
            finding.subject += &format!(", and {} more: {}", others.len(), others.join(", "));
        }
        finding
    };
    folded.into_iter().map(name).collect()
}

/// The number of a finding that is about a whole number and stands in no file.
fn number_of(finding: &Finding) -> Option<&str> {
    let number = finding.subject.strip_prefix("number[\"")?;
    number
        .strip_suffix("\"]")
        .filter(|_| finding.span.is_none())
}

/// Everything a finding says, without its number.
fn likeness(finding: &Finding, number: &str) -> String {
    let Finding {
        rule,
        verdict,
        severity,
        subject: _,
        message,
        observed,
        who,
        hint,
        proof,
        span: _,
    } = finding;
    format!("{rule} {verdict:?} {severity:?} {message} {observed:?} {who:?} {hint:?} {proof:?}")
        .replace(number, "")
}

fn one(finding: &Finding, renderer: &Renderer) -> String {
    let level = match (finding.verdict, finding.severity) {
        (Verdict::Pass, _) => Level::NOTE.with_name("pass"),
        (Verdict::Fail | Verdict::Unknown, Severity::Error) => Level::ERROR,
        (Verdict::Fail | Verdict::Unknown, Severity::Warning) => Level::WARNING,
        (Verdict::Fail | Verdict::Unknown, Severity::Info) => Level::INFO,
    };
    let message = match finding.verdict {
        Verdict::Unknown => format!("unknown: {}", finding.message),
        Verdict::Fail | Verdict::Pass => finding.message.clone(),
    };
    let title = level.primary_title(clean(&message)).id(&*finding.rule);
    let mut elements: Vec<Element<'_>> = Vec::new();
    if let Some(span) = &finding.span {
        elements.extend(excerpt(span));
    }
    elements.extend(notes(finding));
    let report = [title.elements(elements)];
    let text = renderer.render(&report);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn notes(finding: &Finding) -> Vec<Element<'static>> {
    let note = |name: &str, text: &str| {
        Level::NOTE
            .message(format!("{name}: {}", clean(text)))
            .into()
    };
    let mut notes: Vec<Element<'static>> = Vec::new();
    if finding.span.is_none() && !finding.subject.is_empty() {
        notes.push(note("subject", &finding.subject));
    }
    if let Some(observed) = &finding.observed {
        notes.push(note("observed", observed));
    }
    if let Some(hint) = &finding.hint {
        let hint = match finding.who {
            Some(who) => format!("{who}: {hint}"),
            None => hint.clone(),
        };
        notes.push(Level::HELP.message(clean(&hint)).into());
    }
    if let Some(proof) = &finding.proof {
        notes.push(note("proof", proof));
    }
    notes
}

/// A line that was cut begins with `…`, and its place after [`LEAD`] characters: there the
/// renderer cannot count the column itself.
fn excerpt(span: &Span) -> Vec<Element<'static>> {
    let cut = span.snippet.starts_with('…');
    let start = if cut {
        LEAD
    } else {
        span.column.saturating_sub(1)
    };
    let width = span.end_column.saturating_sub(span.column).max(1);
    let line = clean(&span.snippet);
    let offset = |chars: usize| {
        line.char_indices()
            .nth(chars)
            .map_or(line.len(), |(at, _)| at)
    };
    let marked = offset(start)..offset(start + width);
    let path = clean(&span.file);
    let snippet = Snippet::source(line)
        .line_start(span.line)
        .annotation(AnnotationKind::Primary.span(marked));
    if cut {
        let origin = Origin::path(path).line(span.line).char_column(span.column);
        vec![origin.into(), snippet.into()]
    } else {
        vec![snippet.path(path).into()]
    }
}

/// The sums of findings in one line.
pub(super) fn summary(findings: &[Finding]) -> String {
    let open = |finding: &&Finding| finding.verdict != Verdict::Pass;
    let count = |severity| {
        findings
            .iter()
            .filter(open)
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let unknown = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Unknown)
        .count();
    let passed = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Pass)
        .count();
    let parts = [
        counted(count(Severity::Error), "error", "errors"),
        counted(count(Severity::Warning), "warning", "warnings"),
        counted(count(Severity::Info), "note", "notes"),
        counted(passed, "passed", "passed"),
    ];
    let line = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    match unknown {
        0 => line,
        _ => format!("{line} ({unknown} could not be checked)"),
    }
}

fn counted(count: usize, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Who;

    fn at(line: usize, column: usize, end_column: usize, snippet: &str) -> Span {
        Span {
            file: "plan.yaml".into(),
            line,
            column,
            end_line: line,
            end_column,
            snippet: snippet.into(),
        }
    }

    #[track_caller]
    fn check(finding: Finding, expected: &str) {
        assert_eq!(render(&[finding], false), expected);
    }

    #[test]
    fn a_finding_shows_its_place() {
        check(
            Finding::fail("name-form", "name", "`A` is not a name")
                .hint("use small letters")
                .at(at(2, 7, 8, "name: A")),
            "error[name-form]: `A` is not a name
 --> plan.yaml:2:7
  |
2 | name: A
  |       ^
  |
  = help: use small letters

1 error
",
        );
    }

    #[test]
    fn a_line_that_was_cut_keeps_its_column() {
        let snippet = format!("…{}bad, good", "x".repeat(LEAD - 1));
        let shown = render(
            &[Finding::fail("r", "", "m").at(at(7, 5_000, 5_003, &snippet))],
            false,
        );
        assert!(shown.contains(" --> plan.yaml:7:5000\n"), "{shown}");
        assert!(shown.contains("xbad, good\n"), "{shown}");
        let marked = shown
            .lines()
            .find(|line| line.contains('^'))
            .expect("a mark");
        assert_eq!(marked.find('^'), Some("7 | ".len() + LEAD), "{shown}");
        assert!(marked.ends_with(" ^^^"), "{shown}");
    }

    #[test]
    fn a_finding_without_a_place_says_what_it_is_about() {
        check(
            Finding::unknown(
                "payment",
                Severity::Warning,
                "target",
                "funding cannot be read",
            )
            .observed("(#10) no permission")
            .ask(Who::BusinessAdmin, "grant whatsapp_business_management")
            .proof("primary_funding_id"),
            "warning[payment]: unknown: funding cannot be read
 |
 = note: subject: target
 = note: observed: (#10) no permission
 = help: an admin of the target's business: grant whatsapp_business_management
 = note: proof: primary_funding_id

1 warning (1 could not be checked)
",
        );
    }

    #[test]
    fn what_is_wrong_with_many_numbers_is_said_once() {
        let on = |phone: &str| {
            Finding::warn("two-step", format!("number[\"{phone}\"]"), "it is on")
                .hint(format!("switch {phone} off"))
        };
        let other = Finding::warn("two-step", "number[\"+4913\"]", "it is not known");
        let shown = render(&[on("+4911"), other, on("+4912"), on("+4914")], false);
        assert_eq!(
            shown,
            "warning[two-step]: it is on
 |
 = note: subject: number[\"+4911\"], and 2 more: +4912, +4914
 = help: switch +4911 off

warning[two-step]: it is not known
 |
 = note: subject: number[\"+4913\"]

4 warnings
"
        );
    }

    #[test]
    fn characters_that_steer_a_terminal_become_pictures() {
        check(
            Finding::fail("r", "s", "a\u{1b}[31m\u{202e}b\nc").at(at(1, 1, 2, "\u{1b}]0;x\u{7}")),
            "error[r]: a␛[31m\u{fffd}b c
 --> plan.yaml:1:1
  |
1 | ␛]0;x␇
  | ^

1 error
",
        );
    }

    #[test]
    fn the_last_line_counts() {
        #[track_caller]
        fn check(findings: &[Finding], expected: &str) {
            assert_eq!(render(findings, false).lines().last(), Some(expected));
        }
        let (fail, warn) = (Finding::fail("a", "", ""), Finding::warn("b", "", ""));
        let pass = Finding::pass("c", "", "");
        check(&[fail.clone(), fail.clone(), warn], "2 errors, 1 warning");
        check(&[pass.clone(), fail, pass], "1 error, 2 passed");
        assert_eq!(render(&[], true), "");
    }
}
