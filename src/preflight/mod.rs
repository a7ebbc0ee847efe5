//! What stands in the way: rules over plan and snapshot, one file per subject.
//!
//! A rule is a pure function and a line in `RULES`, the table of this file. It says `pass`, `fail` or `unknown`; unknown
//! is never pass. It blocks where going on could cost a number, and warns where only the source
//! cannot be read.
//!
//! Source of the rules: the prerequisites in Meta's migration guides,
//! <https://developers.facebook.com/docs/whatsapp/business-management-api/guides/migrating-phone-numbers-between-wabas-programmatically>.

mod account;
mod capacity;
mod case;
pub(crate) mod genesys;
mod health;
mod ledger;
mod lost;
mod name;
mod number;
mod payment;
pub mod quota;
mod subscription;
mod templates;
mod token;
mod two_step;
mod window;

use case::Case;
pub use lost::without_journal;

use crate::{
    finding::{Finding, Verdict},
    phone::Phone,
    plan::Plan,
    resource::{Trouble, Why},
    snapshot::{Account, Snapshot},
};

/// A precondition.
struct Rule {
    check: fn(&Case<'_>, &mut Vec<Finding>),
    /// Whether a register rests on it, so that it is judged once more right before.
    again: bool,
}

const fn once(check: fn(&Case<'_>, &mut Vec<Finding>)) -> Rule {
    Rule {
        check,
        again: false,
    }
}

const fn again(check: fn(&Case<'_>, &mut Vec<Finding>)) -> Rule {
    Rule { check, again: true }
}

/// Every rule, in the order people read them.
const RULES: &[Rule] = &[
    once(token::target_valid),
    once(token::source_valid),
    once(token::of_our_app),
    once(token::of_a_system_user),
    once(token::lasts),
    once(token::permissions),
    again(account::target_readable),
    once(account::source_readable),
    again(account::reviewed),
    again(account::verified),
    again(account::same_business),
    again(account::messaging_for),
    once(account::active),
    once(account::owned),
    again(health::healthy),
    again(payment::payment),
    once(subscription::subscribed),
    again(number::on_source_once),
    again(number::spelled_alike),
    again(number::connected),
    again(number::not_on_business_app),
    again(number::not_a_test_number),
    again(number::not_banned),
    again(name::approved),
    again(name::settled),
    once(two_step::off),
    once(ledger::reachable),
    once(ledger::few_codes),
    once(ledger::verified_in_time),
    once(ledger::attempts_left),
    once(window::open_in_time),
    once(capacity::numbers),
    once(capacity::templates),
    once(quota::fits),
    once(quota::creations_fit),
    once(templates::required_match),
    once(templates::refused),
    once(templates::no_collision),
    once(templates::category_announced),
    once(templates::name_free),
    once(genesys::access::let_in),
    once(genesys::access::readable),
    once(genesys::access::permitted),
    once(genesys::access::may_change),
    once(genesys::access::product),
    again(genesys::number::integration),
    again(genesys::number::flow),
    once(genesys::number::holders),
    once(genesys::account::payment),
    once(genesys::account::responses),
    once(genesys::number::callers),
];

/// What steps of the plan see to, so that it may be missing before a run, but not at a register.
const AT_REGISTER: &[Rule] = &[again(subscription::still_subscribed)];

/// Rules whose failure means that a credential has to be mended.
const CREDENTIAL_RULES: [&str; 7] = [
    "genesys-credential",
    "genesys-permission",
    "token-invalid",
    "token-app",
    "token-expiry",
    "token-permission",
    "target-no-access",
];

/// Tokens, and what the rules say that need them when an account cannot be read.
const FOLLOWS: [(&str, AccountOf, &[&str]); 2] = [
    (
        "target.token",
        |seen| &seen.target,
        &["target-no-access", "target-readable"],
    ),
    ("source.token", |seen| &seen.source, &["source-readable"]),
];

type AccountOf = fn(&Snapshot) -> &Account;

/// Checks everything and returns the findings, worst first.
pub fn check(plan: &Plan, seen: &Snapshot) -> Vec<Finding> {
    let mut findings = judge(RULES.iter(), plan, seen);
    leave_out_what_follows(seen, &mut findings);
    sort(&mut findings);
    findings
}

/// What an undo rests on: the target's token and what it shows.
const OF_UNDO: &[Rule] = &[
    once(token::target_valid),
    once(token::of_our_app),
    once(account::target_readable),
];

/// Checks what an undo rests on and returns the findings, worst first.
pub fn before_undo(plan: &Plan, seen: &Snapshot) -> Vec<Finding> {
    let mut findings = judge(OF_UNDO.iter(), plan, seen);
    leave_out_what_follows(seen, &mut findings);
    sort(&mut findings);
    findings
}

/// Leaves out that an account cannot be read where it was refused and the finding about its token
/// has said why.
fn leave_out_what_follows(seen: &Snapshot, findings: &mut Vec<Finding>) {
    for (token, account, rules) in FOLLOWS {
        let account = account(seen);
        let whys = [account.waba.unknown(), account.numbers.unknown()];
        let is_refused = |why: &Why| matches!(why.trouble, Trouble::Credential | Trouble::Missing);
        let says_why = |finding: &Finding| {
            finding.verdict == Verdict::Fail
                && finding.subject == token
                && matches!(&*finding.rule, "token-invalid" | "token-permission")
        };
        if whys.into_iter().flatten().all(is_refused) && findings.iter().any(says_why) {
            let follows = |finding: &Finding| {
                finding.verdict != Verdict::Pass && rules.contains(&&*finding.rule)
            };
            findings.retain(|finding| !follows(finding));
        }
    }
}

/// Judges once more, right before a number is registered, what that rests on, and returns what
/// blocks it. Other numbers do not count, and neither do two-step verification, the proof of the
/// number and templates: the steps of the plan see to those.
pub fn before_register(plan: &Plan, fresh: &Snapshot, phone: &Phone) -> Vec<Finding> {
    let mut only = plan.clone();
    only.numbers.retain(|number| number.phone == *phone);
    let mut findings = judge(
        RULES.iter().filter(|rule| rule.again).chain(AT_REGISTER),
        &only,
        fresh,
    );
    findings.retain(Finding::blocks);
    sort(&mut findings);
    findings
}

fn judge<'a>(rules: impl Iterator<Item = &'a Rule>, plan: &Plan, seen: &Snapshot) -> Vec<Finding> {
    let case = Case::new(plan, seen);
    let mut findings = Vec::new();
    for rule in rules {
        (rule.check)(&case, &mut findings);
    }
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
            .then_with(|| one.rule.cmp(&two.rule))
    });
}

/// Rules whose failure parks a number: nothing is wrong at Meta, but it cannot be registered now.
const WAIT_RULES: [&str; 3] = ["window-past", "window-short", "register-attempts"];

/// Returns whether a finding says that a number has to wait for us or for time to pass.
pub fn is_a_wait(finding: &Finding) -> bool {
    finding.verdict == Verdict::Fail && WAIT_RULES.contains(&&*finding.rule)
}

/// Returns whether a finding says that a Genesys Cloud organization cannot be read.
pub fn is_about_genesys(finding: &Finding) -> bool {
    finding.rule == genesys::READABLE
}

/// Returns whether a finding is about a credential.
pub fn is_credential(finding: &Finding) -> bool {
    finding.blocks() && CREDENTIAL_RULES.contains(&&*finding.rule)
}
