//! What Meta counts and the API does not show: register calls, codes, the age of a verification.
//! The journal tells of those of this plan.

use jiff::{SignedDuration, Timestamp};

use super::case::{Case, Moving, utc};
use crate::{
    finding::{Finding, Severity, Who},
    ids::{Address, NumberStep},
    journal::number::Attempts,
    plan::{Method, OtpChannel, Window},
    resource::phone_number::PhoneNumber,
};

/// Codes after which another is likely to be refused. Meta publishes no limit.
const MANY_CODES: usize = 3;

/// The time in which they are counted.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How long a verified number may wait for its register. Only help pages of partners say so; Meta
/// says nothing: unconfirmed.
const VERIFIED_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers>
pub(super) fn attempts_left(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "register-attempts";
    const PROOF: &str = "the journal; at Meta only error 133016 shows it";
    let (limit, most) = (Attempts::LIMIT, Attempts::MOST);
    for moving in &case.moving {
        let phone = &moving.number.phone;
        let attempts = &case.seen.history.number(phone).attempts;
        let used = attempts.used(case.seen.at);
        let add = Address::number(phone, NumberStep::Add);
        let by_us = case.seen.history.done.contains(&add);
        let subject = moving.subject();
        findings.push(match (attempts.free_from(case.seen.at), moving.on_target) {
            (Some(free), _) => {
                let message = format!(
                    "{used} of {limit} register calls in 72 hours are used; from {most} on no more is sent"
                );
                Finding::warn(RULE, subject, message)
                    .observed(format!("{used} of {limit}"))
                    .ask(
                        Who::Us,
                        format!("mend what made register fail; the next call is free at {}", utc(free)),
                    )
                    .proof(PROOF)
            }
            (None, Some(_)) if !by_us && moving.number.method == Method::Otp => {
                let message = "somebody else added it to the target, and perhaps tried to register it: how often is not shown";
                Finding::unknown(RULE, Severity::Info, subject, message)
                    .ask(
                        Who::Us,
                        format!("ask who added it; Meta locks a number after {limit} register calls in 72 hours"),
                    )
                    .proof(PROOF)
            }
            (None, None) if used == 0 => continue,
            (None, _) => {
                let message = format!("{used} of {limit} register calls in 72 hours are used");
                Finding::pass(RULE, subject, message)
            }
        });
    }
}

pub(super) fn few_codes(case: &Case<'_>, findings: &mut Vec<Finding>) {
    const RULE: &str = "code-requests";
    for moving in unverified(case) {
        let requests = &case
            .seen
            .history
            .number(&moving.number.phone)
            .codes
            .requests;
        let is_recent = |at: &&Timestamp| case.seen.at.duration_since(**at) < DAY;
        let recent: Vec<_> = requests.iter().filter(is_recent).collect();
        let Some(first) = recent.first() else {
            continue;
        };
        findings.push(if recent.len() < MANY_CODES {
            let message = format!("{} codes were asked for in 24 hours", recent.len());
            Finding::pass(RULE, moving.subject(), message)
        } else {
            let message = format!(
                "{} codes were asked for in 24 hours, and Meta refuses more at some point",
                recent.len()
            );
            let other = match moving.number.otp.channel {
                OtpChannel::Sms => "voice",
                OtpChannel::Voice => "sms",
            };
            let hint = format!(
                "find out why no code was taken, try otp.channel {other}, or wait until {}",
                utc(after(**first, DAY))
            );
            Finding::warn(RULE, moving.subject(), message)
                .ask(Who::Us, hint)
                .proof("GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED")
        });
    }
}

/// A verification that ends before the window opens costs the night.
pub(super) fn verified_in_time(case: &Case<'_>, findings: &mut Vec<Finding>) {
    for moving in &case.moving {
        let window = moving.number.window.as_ref();
        let ahead = window.filter(|window| window.from.timestamp() > case.seen.at);
        let by_code = moving.number.method == Method::Otp;
        if let Some(window) = ahead.filter(|_| by_code) {
            findings.push(judge_age(case, moving, window));
        }
    }
}

fn judge_age(case: &Case<'_>, moving: &Moving<'_>, window: &Window) -> Finding {
    const RULE: &str = "verification-expires";
    const PROOF: &str = "GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED";
    let subject = moving.subject();
    let opens = window.from.timestamp();
    let earliest = after(opens, -VERIFIED_FOR);
    let is_verified = moving.on_target.is_some_and(PhoneNumber::is_verified);
    let at = case.seen.history.number(&moving.number.phone).verified;
    let finding = match (is_verified, at) {
        (true, None) => {
            let message = format!(
                "it was verified, nobody knows when, and its window opens {}; partners report that a verification holds 14 days",
                window.opens()
            );
            Finding::unknown(RULE, Severity::Info, subject, message)
                .ask(Who::Us, "look at it again the day before the window")
        }
        (true, Some(at)) if at < earliest => {
            let message = format!(
                "it was verified at {}, and its window opens {}; partners report that a verification holds 14 days",
                utc(at),
                window.opens()
            );
            let hint = format!(
                "look at it again the day before the window; a new code makes sense from {} on",
                utc(earliest)
            );
            Finding::warn(RULE, subject, message).ask(Who::Us, hint)
        }
        (false, _) if case.seen.at < earliest => {
            let message = format!(
                "its window opens {}, and partners report that a verification holds 14 days",
                window.opens()
            );
            Finding::warn(RULE, subject, message)
                .ask(Who::Us, format!("verify it not before {}", utc(earliest)))
        }
        (true | false, _) => {
            return Finding::pass(RULE, subject, "its verification will hold until the window");
        }
    };
    finding.proof(PROOF)
}

/// Whether somebody can receive the codes cannot be seen from here: one reminder for all numbers.
pub(super) fn reachable(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let by = |channel| {
        let mine = unverified(case).filter(|moving| moving.number.otp.channel == channel);
        mine.count()
    };
    let ways = [
        (by(OtpChannel::Sms), "by text message"),
        (by(OtpChannel::Voice), "by voice call"),
    ];
    let ways = ways.into_iter().filter(|(count, _)| *count > 0);
    let ways: Vec<_> = ways.map(|(count, way)| format!("{count} {way}")).collect();
    if ways.is_empty() {
        return;
    }
    let message = format!(
        "whether somebody receives the one-time codes cannot be checked ({})",
        ways.join(", ")
    );
    findings.push(
        Finding::unknown("code-reachable", Severity::Info, "numbers", message)
            .ask(
                Who::Us,
                "have somebody at every number; a phone menu without forwarding cannot take the call",
            )
            .proof("GET /{TARGET_PHONE}?fields=code_verification_status is VERIFIED"),
    );
}

/// The moving numbers that still need a code.
fn unverified<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a Moving<'a>> {
    case.moving.iter().filter(|moving| {
        let is_verified = moving.on_target.is_some_and(PhoneNumber::is_verified);
        moving.number.method == Method::Otp && !is_verified
    })
}

fn after(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.saturating_add(duration).unwrap_or(at)
}
