//! Errors of WhatsApp accounts and of sending. Moving a number sends no message; those rows say so.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

use super::{
    Class::{Backoff, Never, ReadFirst, Rest},
    MINUTE,
    On::Either,
    Row, cause,
    generic::{LIMIT, PERMISSION, REQUEST, TROUBLE},
    migration,
};
use crate::finding::Who;

pub(super) const ROWS: &[Row] = &[
    Row::new(Either(&[131_000, 131_016]), TROUBLE),
    Row::new(
        Either(&[131_057]),
        cause(
            "account-maintenance",
            "the account is in maintenance",
            Backoff,
            Who::Us,
            "wait some minutes, then run apply again",
        ),
    ),
    Row::new(Either(&[130_429, 2_494_055]), LIMIT),
    Row::new(
        Either(&[131_056]),
        cause(
            "pair-limit",
            "too many messages went to one recipient",
            Rest(MINUTE),
            Who::Us,
            "send less to that recipient; moving a number sends no message",
        ),
    ),
    Row::new(
        Either(&[131_048]),
        cause(
            "spam-limit",
            "Meta holds messages back because people reported the number",
            Never,
            Who::BusinessAdmin,
            "look at the number's quality in WhatsApp Manager",
        ),
    ),
    Row::new(
        Either(&[130_403]),
        cause(
            "not-allowed",
            "Meta does not allow this",
            Never,
            Who::BusinessAdmin,
            "look at the account in Business Support Home, or give Meta's support the trace id",
        ),
    ),
    Row::new(
        Either(&[130_497]),
        cause(
            "country",
            "the business may not use WhatsApp in that country",
            Never,
            Who::BusinessAdmin,
            "look at WhatsApp's business policy for that country",
        ),
    ),
    Row::new(Either(&[131_005]), PERMISSION),
    Row::new(Either(&[131_008, 131_009, 135_000]), REQUEST),
    Row::new(
        Either(&[131_031]),
        cause(
            "account-locked",
            "the account is locked",
            Never,
            Who::BusinessAdmin,
            "appeal in Business Support Home, and check the PIN in the plan",
        ),
    ),
    Row::new(Either(&[131_037]), migration::NAME),
    Row::new(Either(&[131_042]), migration::PAYMENT),
    Row::new(
        Either(&[134_011]),
        cause(
            "payment-terms",
            "the terms for payments are not accepted",
            Never,
            Who::BusinessAdmin,
            "accept them in WhatsApp Manager",
        ),
    ),
    Row::new(
        Either(&[131_045]),
        cause(
            "certificate",
            "the number is not registered correctly",
            ReadFirst,
            Who::Us,
            "run plan to see how the number stands; register it again",
        ),
    ),
    Row::new(
        Either(&[131_052, 131_053]),
        cause(
            "media",
            "a media file could not be loaded",
            ReadFirst,
            Who::Us,
            "check that the file can be had and has a type that WhatsApp takes",
        ),
    ),
    Row::new(
        Either(&[132_001]),
        cause(
            "template-missing",
            "the account has no such template in that language",
            Never,
            Who::Us,
            "name the template under templates.copy and run apply again",
        )
        .proof("GET /{WABA}/message_templates lists it"),
    ),
    Row::new(
        Either(&[
            132_000, 132_005, 132_007, 132_008, 132_012, 132_015, 132_016, 132_018, 132_068,
            132_069,
        ]),
        cause(
            "template-send",
            "a template cannot be sent as it is",
            Never,
            Who::Us,
            "mend the template, or what fills it in; moving a number sends no message",
        ),
    ),
    Row::new(
        Either(&[
            130_472, 131_021, 131_026, 131_047, 131_049, 131_050, 131_051, 131_063, 131_064,
            137_000,
        ]),
        cause(
            "message-refused",
            "a message could not be sent",
            Never,
            Who::Us,
            "look at the program that sends messages; moving a number sends none",
        ),
    ),
    Row::new(
        Either(&[139_000, 139_001, 139_002, 139_003, 139_004]),
        cause(
            "flow-refused",
            "a flow cannot be used as it is",
            Never,
            Who::Us,
            "mend the flow in WhatsApp Manager",
        ),
    ),
];
