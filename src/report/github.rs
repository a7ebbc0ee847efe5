//! Annotations of GitHub Actions: the worst findings beside the lines of the files they are about.
//! And the other way round: nothing else that is printed is taken for one.
//!
//! Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::borrow::Cow;

use super::{clean, count};
use crate::{
    diff::{Class, Difference},
    finding::{Finding, Severity, Span, Verdict},
};

/// Annotations that are written: GitHub shows ten of each kind and step, and drops the rest silently.
const SHOWN: usize = 10;

/// One line beside a file, or beside the run.
struct Annotation<'a> {
    severity: Severity,
    title: &'a str,
    message: String,
    span: Option<&'a Span>,
}

/// Renders the worst findings as workflow commands, one a line.
pub fn findings(findings: &[Finding]) -> String {
    let open = findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass);
    let mut open: Vec<_> = open.collect();
    open.sort_by_key(|finding| (!finding.blocks(), finding.severity, finding.verdict));
    let open = open.into_iter().map(|finding| Annotation {
        severity: finding.severity,
        title: &finding.rule,
        message: message(finding),
        span: finding.span.as_ref(),
    });
    render(&open.collect::<Vec<_>>(), "finding")
}

/// Renders the worst differences as workflow commands, one a line.
pub fn differences(differences: &[Difference]) -> String {
    let severity = |class| match class {
        Class::Drift => Severity::Error,
        Class::Pending | Class::Service => Severity::Warning,
        Class::Orphan | Class::Ignored => Severity::Info,
    };
    let counts = |difference: &&Difference| difference.class != Class::Ignored;
    let mut worst: Vec<_> = differences.iter().filter(counts).collect();
    worst.sort_by_key(|difference| severity(difference.class));
    let worst = worst.into_iter().map(|difference| Annotation {
        severity: severity(difference.class),
        title: difference.class.as_str(),
        message: clean(&format!("{}: {}", difference.address, difference.message)),
        span: None,
    });
    render(&worst.collect::<Vec<_>>(), "difference")
}

/// The message on lines of its own: what, then what to do.
fn message(finding: &Finding) -> String {
    let unknown = match finding.verdict {
        Verdict::Unknown => "unknown: ",
        Verdict::Fail | Verdict::Pass => "",
    };
    let mut message = format!("{unknown}{}", clean(&finding.message));
    if finding.span.is_none() && !finding.subject.is_empty() {
        message = format!("{}: {message}", clean(&finding.subject));
    }
    if let Some(hint) = &finding.hint {
        let who = finding
            .who
            .map(|who| format!("{who}: "))
            .unwrap_or_default();
        message += &format!("\nHelp: {who}{}", clean(hint));
    }
    message
}

fn render(annotations: &[Annotation<'_>], noun: &str) -> String {
    let mut text: String = annotations.iter().take(SHOWN).map(command).collect();
    let hidden = annotations.len().saturating_sub(SHOWN);
    if hidden > 0 {
        let more = count(hidden, &format!("more {noun}"));
        let verb = if hidden == 1 { "is" } else { "are" };
        text += &format!("::notice title=waba-migrate::{more} {verb} not shown here\n");
    }
    text
}

fn command(annotation: &Annotation<'_>) -> String {
    let name = match annotation.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let place = annotation.span.map(|span| {
        let file = property(&clean(&span.file));
        let (line, column, end) = (span.line, span.column, span.end_line);
        let columns = match line == end {
            // Columns of more than one line mean nothing to GitHub.
            true => format!("col={column},endColumn={},", span.end_column),
            false => format!("col={column},"),
        };
        format!("file={file},line={line},{columns}endLine={end},")
    });
    let title = property(&clean(annotation.title));
    let message = data(&annotation.message);
    format!(
        "::{name} {}title={title}::{message}\n",
        place.unwrap_or_default()
    )
}

/// Takes apart what a runner would obey: it reads every line of a log, and a text from outside may
/// stand at its beginning.
pub fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let line = line.replace("##[", "##\u{200b}[");
        let plain = anstream::adapter::strip_str(&line).to_string();
        match plain.trim_start().starts_with("::") {
            true => line.replacen("::", ":\u{200b}:", 1),
            false => line,
        }
    });
    Cow::Owned(lines.collect())
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        finding::Who,
        report::markdown::testing::{difference, findings as saying, hostile},
    };

    fn span(file: &str) -> Span {
        Span {
            file: file.into(),
            line: 2,
            column: 7,
            end_line: 2,
            end_column: 8,
            snippet: "name: A".into(),
        }
    }

    #[test]
    fn a_finding_stands_beside_its_line_or_names_what_it_is_about() {
        let placed = Finding::fail("name-form", "name", "`A` is 100% wrong\n::error::x")
            .hint("use\rsmall letters")
            .at(span("a,b:c%.yaml"));
        let unplaced = Finding::unknown("payment", Severity::Warning, "target", "not readable")
            .ask(Who::BusinessAdmin, "grant it");
        insta::assert_snapshot!(findings(&[unplaced, placed, Finding::pass("x", "", "")]), @"
        ::error file=a%2Cb%3Ac%25.yaml,line=2,col=7,endColumn=8,endLine=2,title=name-form::`A` is 100%25 wrong ::error::x%0AHelp: use␍small letters
        ::warning title=payment::target: unknown: not readable%0AHelp: an admin of the target's business: grant it
        ");
    }

    #[test]
    fn the_worst_ten_are_shown_and_the_rest_is_counted() {
        let warn = |at: usize| Finding::warn("w", at, "m");
        let mut many: Vec<_> = (0..10).map(warn).collect();
        many.push(Finding::fail("worst", "", "m"));
        let shown = findings(&many);
        assert!(shown.starts_with("::error title=worst::m\n"), "{shown}");
        let last = shown.lines().last();
        assert_eq!(
            last,
            Some("::notice title=waba-migrate::1 more finding is not shown here")
        );
        assert_eq!(shown.lines().count(), 11);
        assert_eq!(findings(&[]), "");
    }

    proptest! {
        #[test]
        fn every_text_stays_in_its_command(text in hostile()) {
            let shown = findings(&saying(&text)) + &differences(&[difference(&text)]);
            let lines: Vec<_> = shown.lines().collect();
            prop_assert_eq!(lines.len(), 3);
            prop_assert!(!shown.contains(|c: char| c != '\n' && c.is_control()));
            for (line, name) in lines.iter().zip(["error", "warning", "error"]) {
                let rest = line.strip_prefix("::").and_then(|line| line.strip_prefix(name));
                let properties = rest.and_then(|rest| rest.split_once("::")).expect("a command").0;
                for property in properties.trim_start().split(',') {
                    let name = property.split_once('=').map(|(name, _)| name);
                    let known = ["file", "line", "col", "endColumn", "endLine", "title"];
                    prop_assert!(name.is_some_and(|name| known.contains(&name)), "{}", line);
                }
            }
        }
    }

    #[test]
    fn no_other_line_is_a_command() {
        let shown = inert("a::b\n  \u{1b}[2m::error::x\u{1b}[0m\nc ##[group]\n").into_owned();
        let expected = "a::b\n  \u{1b}[2m:\u{200b}:error::x\u{1b}[0m\nc ##\u{200b}[group]\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn differences_are_as_bad_as_their_class() {
        let of = |class| Difference {
            class,
            address: "number[\"+4930901820\"]".into(),
            message: "a\nb".into(),
            fields: Vec::new(),
            rule: None,
        };
        insta::assert_snapshot!(differences(&[of(Class::Orphan), of(Class::Drift)]), @r#"
        ::error title=drift::number["+4930901820"]: a b
        ::notice title=orphan::number["+4930901820"]: a b
        "#);
    }
}
