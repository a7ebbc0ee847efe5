//! Collects the problems of one file, with places, up to a limit.

use crate::{
    finding::{Finding, Severity},
    plan::{decode::Spot, text::Text},
    yaml::Place,
};

/// The most findings that are returned.
pub const MOST_FINDINGS: usize = 100;
/// The most findings that are kept to choose these from: those first met.
const MOST_KEPT: usize = 300;

/// Where rules report to.
pub struct Sink<'t> {
    text: &'t Text<'t>,
    noun: &'static str,
    kept: Vec<(Place, Finding)>,
    dropped: usize,
    blocked: bool,
}

impl<'t> Sink<'t> {
    /// Makes an empty sink for a plan file.
    pub fn new(text: &'t Text<'t>) -> Self {
        Self::about("the plan", text)
    }

    /// Makes an empty sink for a file that people call by another noun, like `the template`.
    pub fn about(noun: &'static str, text: &'t Text<'t>) -> Self {
        Self {
            text,
            noun,
            kept: Vec::new(),
            dropped: 0,
            blocked: false,
        }
    }

    /// Returns what people call the file as a whole.
    pub fn noun(&self) -> &'static str {
        self.noun
    }

    /// Reports a broken rule.
    pub fn fail(
        &mut self,
        rule: &'static str,
        spot: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.blocked = true;
        self.keep(spot, || {
            Finding::fail(rule, &spot.route, message).hint(hint)
        });
    }

    /// Reports something worth a look.
    pub fn warn(
        &mut self,
        rule: &'static str,
        spot: &Spot,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.keep(spot, || {
            Finding::warn(rule, &spot.route, message).hint(hint)
        });
    }

    fn keep(&mut self, spot: &Spot, finding: impl FnOnce() -> Finding) {
        if self.kept.len() < MOST_KEPT {
            self.kept.push((spot.place.clone(), finding()));
        } else {
            self.dropped += 1;
        }
    }

    /// Returns the line of a place, for messages that name a second one.
    pub fn line_of(&self, place: &Place) -> usize {
        self.text.line_number(place)
    }

    /// Returns whether reading on is of no use: the plan is invalid, and what else is found would
    /// not be shown.
    pub fn is_done(&self) -> bool {
        self.blocked && self.kept.len() == MOST_KEPT
    }

    /// Returns whether a finding reported now is likely to be shown, so that a costly hint pays.
    pub fn has_room(&self) -> bool {
        self.kept.len() < MOST_FINDINGS
    }

    /// Returns whether a problem of the field `key` of a mapping is known already.
    pub fn has_reported(&self, mapping: &Spot, key: &str) -> bool {
        let route = mapping.key(key, &mapping.place).route;
        self.kept
            .iter()
            .any(|(_, finding)| finding.subject == *route)
    }

    /// Returns whether a problem of the field `key` of a mapping, or of anything in it, is known
    /// already.
    pub fn has_reported_below(&self, mapping: &Spot, key: &str) -> bool {
        let route = mapping.key(key, &mapping.place).route;
        let is_below = |subject: &str| {
            let rest = subject.strip_prefix(&*route);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.kept
            .iter()
            .any(|(_, finding)| is_below(&finding.subject))
    }

    /// Returns whether a literal secret was reported that covers this place.
    pub fn has_literal(&self, place: &Place) -> bool {
        let covers = |one: &Place| one.start <= place.start && place.end <= one.end;
        self.kept
            .iter()
            .any(|(one, finding)| finding.rule == "secret-literal" && covers(one))
    }

    /// Returns whether an error was reported.
    pub fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Returns the findings in the order of the file, with spans, secrets masked.
    pub fn into_findings(mut self) -> Vec<Finding> {
        self.kept.sort_by(|(place, finding), (other, than)| {
            (place.start, &finding.rule).cmp(&(other.start, &than.rule))
        });
        let rest = self.kept.split_off(self.kept.len().min(MOST_FINDINGS));
        let more = rest.len() + self.dropped;
        let text = self.text;
        let mut findings: Vec<Finding> = self
            .kept
            .into_iter()
            .map(|(place, finding)| shown(finding, &place, text))
            .collect();
        if more > 0 {
            let hides_error = self.blocked && !findings.iter().any(Finding::blocks);
            findings.push(cut(more, hides_error, text));
        }
        findings
    }
}

/// The last finding, which stands for those that are not shown.
fn cut(more: usize, hides_error: bool, text: &Text<'_>) -> Finding {
    let message = format!("{more} or more findings are not shown");
    let mut last = Finding::warn("too-many-findings", "", message).hint("mend these first");
    if hides_error {
        last.severity = Severity::Error;
    }
    shown(last, &(usize::MAX..usize::MAX), text)
}

/// Cuts the middle out of a text that quotes something very long.
fn short(text: String) -> String {
    const LONGEST: usize = 600;
    if text.len() <= LONGEST {
        return text;
    }
    let (start, end) = (
        text.floor_char_boundary(LONGEST / 2),
        text.ceil_char_boundary(text.len() - LONGEST / 2),
    );
    format!("{} … {}", &text[..start], &text[end..])
}

fn shown(finding: Finding, place: &Place, text: &Text<'_>) -> Finding {
    let Finding {
        rule,
        verdict,
        severity,
        subject,
        message,
        observed,
        who,
        hint,
        proof,
        span: _,
    } = finding;
    Finding {
        rule,
        verdict,
        severity,
        subject: short(text.masked(&subject)),
        message: short(text.masked(&message)),
        observed: observed.map(|observed| text.masked(&observed)),
        who,
        hint: hint.map(|hint| short(text.masked(&hint))),
        proof,
        span: Some(text.span(place)),
    }
}
