//! For tests of this module: a valid plan, and what is found when it is changed.

use std::path::Path;

use crate::plan::load::{Loaded, Source, load};

/// A valid plan that uses most of what this release can do.
pub(crate) const VALID: &str = "\
version: 1
name: acme
graph: { api_version: v25.0, app_id: \"1\" }
source:
  waba: \"10\"
  token: { env: SOURCE }
target:
  waba: \"20\"
  token: { env: TARGET }
  subscription: { app: keep, callback: { url: https://a.example/x, verify_token: { env: V } } }
defaults:
  number:
    otp: { channel: sms, language: de }
numbers:
  - phone: \"+49 30 901820\"
    pin: { env: PIN_A }
    profile: { about: Hello, websites: [https://a.example], vertical: RETAIL }
  - phone: \"+33 1 42 68 53 00\"
    pin: { env: PIN_B }
    needs: [\"+49 30 901820\"]
templates:
  copy: [order_*, welcome]
  required: [welcome]
";

/// Reads a text as `plan.yaml` in `/plans`.
pub(crate) fn read(text: &str) -> Loaded {
    load(Source {
        name: "plan.yaml",
        path: Path::new("/plans/plan.yaml"),
        bytes: text.as_bytes(),
    })
}

/// Returns the valid plan with one text replaced.
#[track_caller]
pub(crate) fn edited(from: &str, to: &str) -> String {
    assert!(VALID.contains(from), "the plan has no {from:?}");
    VALID.replacen(from, to, 1)
}

/// Checks the findings of the valid plan with one text replaced. Each is written as
/// `line:column severity[rule] subject: message | hint`.
#[track_caller]
pub(crate) fn check(from: &str, to: &str, expected: &[&str]) {
    let loaded = read(&edited(from, to));
    let found: Vec<String> = loaded
        .findings
        .iter()
        .map(|finding| {
            let span = finding.span.as_ref().expect("every finding has a place");
            let severity = format!("{:?}", finding.severity).to_lowercase();
            let hint = finding.hint.as_deref().unwrap_or_default();
            format!(
                "{}:{} {severity}[{}] {}: {} | {hint}",
                span.line, span.column, finding.rule, finding.subject, finding.message
            )
        })
        .collect();
    assert_eq!(found, expected, "{from} -> {to}");
    let blocked = loaded.findings.iter().any(crate::finding::Finding::blocks);
    assert_eq!(
        loaded.plan.is_none(),
        blocked,
        "a plan exists exactly when nothing blocks"
    );
}
