//! What stands in the way: rules over plan and snapshot, one file per subject.
//!
//! A rule is a pure function and a line in `RULES`. It says `pass`, `fail` or `unknown`; unknown
//! is never pass. It blocks where going on could cost a number, and warns where only the source
//! cannot be read.
//!
//! Source of the rules: the prerequisites in Meta's migration guides,
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/guides/migrating-phone-numbers-between-wabas-programmatically>.

mod account;
mod number;
mod templates;
mod token;

use crate::{
    finding::{Finding, Verdict},
    plan::{Number, Plan},
    snapshot::Snapshot,
};

type Rule = fn(&Plan, &Snapshot, &mut Vec<Finding>);

/// Every rule, in the order people read them.
const RULES: &[Rule] = &[
    token::target_valid,
    token::source_valid,
    token::permissions,
    account::target_readable,
    account::source_readable,
    account::reviewed,
    account::verified,
    account::same_business,
    account::messaging_for,
    account::payment,
    number::on_source_once,
    number::connected,
    number::not_elsewhere,
    number::name_approved,
    number::not_banned,
    templates::required_match,
    templates::refused,
];

/// Rules whose failure means that a credential has to be mended.
const CREDENTIAL_RULES: [&str; 3] = ["token-invalid", "token-permission", "target-no-access"];

/// Checks everything and returns the findings, worst first.
pub fn check(plan: &Plan, seen: &Snapshot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        rule(plan, seen, &mut findings);
    }
    sort(&mut findings);
    findings
}

/// Sorts findings for people: what stops the migration first, then by what they are about.
pub fn sort(findings: &mut [Finding]) {
    let rank = |finding: &Finding| {
        (
            !finding.blocks(),
            finding.verdict == Verdict::Pass,
            finding.severity,
        )
    };
    findings.sort_by(|one, two| {
        let key = |finding: &Finding| (rank(finding), finding.verdict);
        key(one)
            .cmp(&key(two))
            .then_with(|| one.subject.cmp(&two.subject))
            .then_with(|| one.rule.cmp(two.rule))
    });
}

/// Returns whether a finding is about a credential.
pub fn is_credential(finding: &Finding) -> bool {
    finding.blocks() && CREDENTIAL_RULES.contains(&finding.rule)
}

/// Numbers that still have to move. The rest is past every precondition.
fn moving<'a>(plan: &'a Plan, seen: &Snapshot) -> impl Iterator<Item = &'a Number> {
    plan.numbers
        .iter()
        .filter(move |number| !seen.target.has_registered(&number.phone))
}
