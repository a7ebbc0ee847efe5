//! Errors of codes, PINs and registering.
//!
//! Wrong PINs and codes count against limits, so none of these is repeated by itself but 133004.
//! 136025 is known from third parties only. Where Meta names no time, an hour.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

use std::time::Duration;

use super::{
    Class::{Backoff, Never, ReadFirst, Rest},
    HOUR, MINUTE,
    On::Either,
    Row, cause,
};
use crate::finding::Who;

const MINUTES_5: Duration = MINUTE.saturating_mul(5);
const HOURS_72: Duration = HOUR.saturating_mul(72);

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Either(&[133_000]),
        cause(
            "deregister-unfinished",
            "an earlier deregistration is not finished",
            ReadFirst,
            Who::Us,
            "deregister the number again (POST /{PHONE}/deregister), then run apply again",
        ),
    ),
    Row::new(
        Either(&[133_004]),
        cause(
            "register-trouble",
            "Meta cannot register numbers for a moment",
            Backoff,
            Who::Us,
            "run apply again in some minutes; it looks at the number first",
        ),
    ),
    Row::new(
        Either(&[133_005]),
        cause(
            "pin-wrong",
            "the two-step PIN is wrong",
            Never,
            Who::Us,
            "correct it where the plan reads it and run apply --new-pin PHONE, or have two-step verification switched off; every wrong try counts",
        ),
    ),
    Row::new(
        Either(&[133_006]),
        cause(
            "number-not-verified",
            "the number has to be verified again",
            Never,
            Who::Us,
            "run apply --new-code PHONE and hand the code in",
        )
        .proof("GET /{PHONE}?fields=code_verification_status is VERIFIED"),
    ),
    Row::new(
        Either(&[133_008]),
        cause(
            "pin-locked",
            "too many wrong PINs were sent",
            Rest(HOUR),
            Who::Us,
            "wait as long as Meta says, correct the PIN, then run apply --new-pin PHONE",
        ),
    ),
    Row::new(
        Either(&[133_009]),
        cause(
            "pin-too-fast",
            "PINs were sent too fast",
            Rest(HOUR),
            Who::Us,
            "wait as long as Meta says, then run apply again",
        ),
    ),
    Row::new(
        Either(&[133_010]),
        cause(
            "number-not-registered",
            "the number is not registered",
            Never,
            Who::Us,
            "run plan to see which step is missing, then apply",
        )
        .proof("GET /{PHONE}?fields=status is CONNECTED"),
    ),
    Row::new(
        Either(&[133_015]),
        cause(
            "number-deleted",
            "the number was deleted a moment ago",
            Rest(MINUTES_5),
            Who::Us,
            "wait five minutes, then run apply again",
        ),
    ),
    Row::new(
        Either(&[133_016]),
        cause(
            "register-attempts",
            "the number was registered too often in 72 hours",
            Rest(HOURS_72),
            Who::Us,
            "wait 72 hours, then run apply again; trying sooner makes it longer",
        ),
    ),
    Row::new(
        Either(&[2_388_367]),
        cause(
            "code-requests",
            "a code was asked for too often",
            Rest(HOUR),
            Who::Us,
            "wait some hours, then run apply again",
        ),
    ),
    Row::new(
        Either(&[136_024]),
        cause(
            "code-refused",
            "Meta sends no code to the number",
            ReadFirst,
            Who::Us,
            "run apply again: it looks whether the number is verified; if not, try the other otp.channel",
        )
        .proof("GET /{PHONE}?fields=code_verification_status"),
    ),
    Row::new(
        Either(&[136_025]),
        cause(
            "code-wrong",
            "the code is wrong or too old",
            Never,
            Who::Us,
            "ask for another with apply --new-code PHONE, and hand it in within 10 minutes",
        ),
    ),
];
