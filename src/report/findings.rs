//! Findings as text for a terminal, in the look of rustc.
//!
//! Prints nothing itself, drops no finding and knows no secret: what must be masked is masked
//! before. Control characters are replaced by pictures, so that no plan steers the terminal.

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

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
    for finding in findings {
        text += &one(finding, &renderer);
        text += "\n\n";
    }
    text + &summary(findings) + "\n"
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
    let title = level.primary_title(visible(&message)).id(finding.rule);
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
            .message(format!("{name}: {}", visible(text)))
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
        notes.push(Level::HELP.message(visible(&hint)).into());
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
    let line = visible(&span.snippet);
    let offset = |chars: usize| {
        line.char_indices()
            .nth(chars)
            .map_or(line.len(), |(at, _)| at)
    };
    let marked = offset(start)..offset(start + width);
    let path = visible(&span.file);
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

/// Replaces every character that steers a terminal or turns the direction of text.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => ' ',
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {
                '\u{fffd}'
            }
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn summary(findings: &[Finding]) -> String {
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
