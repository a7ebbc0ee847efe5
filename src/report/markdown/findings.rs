//! Findings as Markdown: what `preflight` and `validate` found, and what stands in a plan's way.

use super::{code, cut, fitting, folded, left_out, marker, text};
use crate::{
    finding::{Finding, Severity, Verdict},
    report::{
        count,
        findings::{fold, preflight_sums, summary},
    },
};

/// How much is told of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Detail {
    /// Whether everything that a finding holds is shown.
    pub(super) facts: bool,
    /// Characters that may be used for them before the rest is only counted.
    pub(super) room: usize,
}

/// Everything.
pub(super) const FULL: Detail = Detail {
    facts: true,
    room: usize::MAX,
};

/// Characters of what a finding is about, where it has one line.
const SUBJECT: usize = 80;

const LEVELS: [Detail; 5] = [
    FULL,
    short(usize::MAX),
    short(50_000),
    short(10_000),
    short(1_000),
];

/// One line for each, in so much room.
pub(super) const fn short(room: usize) -> Detail {
    Detail { facts: false, room }
}

/// Renders what `preflight` found.
pub fn preflight(checked: &[Finding], plan: &str, gates: usize, max_chars: usize) -> String {
    let is_open = |finding: &&Finding| finding.verdict != Verdict::Pass;
    let open: Vec<_> = checked.iter().filter(is_open).cloned().collect();
    let passed = checked.iter().filter(|finding| !is_open(finding));
    let passed: Vec<_> = passed
        .map(|finding| {
            let (rule, message) = (code(&finding.rule), text(&finding.message));
            format!("* {rule} {message}{}\n", about(finding))
        })
        .collect();
    fitting(&LEVELS, max_chars, |detail| {
        let mut report = marker("preflight", Some(plan));
        report += &format!("## Preflight {}\n\n", text(plan));
        report += &format!("**{}**\n", preflight_sums(checked, gates));
        if !open.is_empty() {
            report += &format!("\n### Open\n\n{}", list(&open, detail));
        }
        if !passed.is_empty() && detail.room == usize::MAX {
            let sum = format!("{} passed", count(passed.len(), "check"));
            report += &format!("\n{}", folded(&sum, &passed.concat()));
        }
        report + &gap(detail, "waba-migrate preflight")
    })
}

/// Renders what `validate` found in so many plans.
pub fn validate(findings: &[Finding], plans: usize, invalid: usize, max_chars: usize) -> String {
    let sums = match (invalid, findings.is_empty()) {
        (0, true) => format!("{}: valid.", count(plans, "plan")),
        (0, false) => format!("{}: valid; {}.", count(plans, "plan"), summary(findings)),
        _ => format!(
            "{invalid} of {} not valid: {}.",
            count(plans, "plan"),
            summary(findings)
        ),
    };
    fitting(&LEVELS, max_chars, |detail| {
        let mut report = format!("{}## Validate\n\n**{sums}**\n", marker("validate", None));
        if !findings.is_empty() {
            report += &format!("\n{}", list(findings, detail));
        }
        report + &gap(detail, "waba-migrate validate")
    })
}

fn gap(detail: Detail, command: &str) -> String {
    match detail == FULL {
        true => String::new(),
        false => left_out(command),
    }
}

/// Renders findings as a list, worst first.
pub(super) fn list(findings: &[Finding], detail: Detail) -> String {
    let mut findings = fold(findings);
    findings.sort_by_key(|finding| (!finding.blocks(), finding.severity));
    let items = findings.iter().map(|finding| match detail.facts {
        true => head(finding) + &facts(finding),
        false => format!("{}{}\n", head(finding).trim_end(), about(finding)),
    });
    cut(&items.collect::<Vec<_>>(), detail.room)
}

fn head(finding: &Finding) -> String {
    let level = match (finding.verdict, finding.severity) {
        (Verdict::Pass, _) => "pass",
        (_, Severity::Error) => "error",
        (_, Severity::Warning) => "warning",
        (_, Severity::Info) => "note",
    };
    let unknown = match finding.verdict {
        Verdict::Unknown => " unknown:",
        Verdict::Fail | Verdict::Pass => "",
    };
    let (rule, message) = (code(&finding.rule), text(&finding.message));
    format!("* **{level}** {rule}{unknown} {message}\n")
}

/// What it is about, in brackets.
fn about(finding: &Finding) -> String {
    let subject = &finding.subject;
    let shown: String = subject.chars().take(SUBJECT).collect();
    let more = if shown.len() < subject.len() {
        "…"
    } else {
        ""
    };
    match code(&format!("{shown}{more}")) {
        none if none.is_empty() => none,
        subject => format!(" ({subject})"),
    }
}

fn facts(finding: &Finding) -> String {
    let place = finding.span.as_ref().map(|span| {
        let place = format!("{}:{}:{}", span.file, span.line, span.column);
        let snippet = code(span.snippet.trim());
        (
            "At",
            format!("{} {snippet}", code(&place)).trim_end().to_owned(),
        )
    });
    let about = (!finding.subject.is_empty()).then(|| ("About", code(&finding.subject)));
    let help = finding.hint.as_ref().map(|hint| match finding.who {
        Some(who) => text(&format!("{who}: {hint}")),
        None => text(hint),
    });
    let observed = finding
        .observed
        .as_ref()
        .map(|seen| ("Observed", text(seen)));
    let proof = finding.proof.as_ref().map(|proof| ("Proof", code(proof)));
    [
        place.or(about),
        observed,
        help.map(|help| ("Help", help)),
        proof,
    ]
    .into_iter()
    .flatten()
    .map(|(name, fact)| format!("  * {name}: {fact}\n"))
    .collect()
}
