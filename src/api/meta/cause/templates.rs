//! Errors of templates, and of what is near them. Nearly all come as a subcode of 100.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

use std::time::Duration;

use super::{
    Cause,
    Class::{Never, Rest},
    HOUR, MINUTE,
    On::Either,
    Row, cause,
};
use crate::finding::Who;

const DAYS_30: Duration = HOUR.saturating_mul(30 * 24);

const fn deleting(rest: Duration, hint: &'static str) -> Cause {
    let what = "this language of the template is being deleted";
    cause("template-deleting", what, Rest(rest), Who::Us, hint)
}

const fn form(what: &'static str, hint: &'static str) -> Cause {
    cause("template-form", what, Never, Who::Us, hint)
}

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Either(&[2_388_019]),
        cause(
            "template-limit",
            "the account has as many templates as it may have",
            Never,
            Who::BusinessAdmin,
            "delete templates that nobody uses, or have the business verified",
        ),
    ),
    Row::new(
        Either(&[2_388_023]),
        deleting(MINUTE, "wait a minute, then run apply again"),
    )
    .says(&[&["1 minute", "a minute", "one minute"]]),
    Row::new(
        Either(&[2_388_023]),
        deleting(
            DAYS_30,
            "give the template another name, or wait 30 days and run apply again",
        ),
    ),
    Row::new(
        Either(&[2_388_024]),
        cause(
            "template-exists",
            "the template exists in this language already",
            Never,
            Who::Us,
            "run diff: it compares the template with the plan",
        ),
    ),
    Row::new(
        Either(&[2_388_039]),
        cause(
            "template-status",
            "the template's status does not allow this change",
            Never,
            Who::Us,
            "look at its status in WhatsApp Manager; a template under review cannot be changed",
        )
        .proof("GET /{TEMPLATE}?fields=status"),
    ),
    Row::new(
        Either(&[2_388_040]),
        form("a text of the template is too long", "shorten it"),
    ),
    Row::new(
        Either(&[2_388_043]),
        form(
            "the template has variables without examples",
            "give an example for every variable",
        ),
    ),
    Row::new(
        Either(&[2_388_046]),
        form(
            "the template's name has a wrong form",
            "use small letters, digits and underscores",
        ),
    ),
    Row::new(
        Either(&[2_388_047]),
        form("the template's header has a wrong form", "correct it"),
    ),
    Row::new(
        Either(&[2_388_072]),
        form("the template's body has a wrong form", "correct it"),
    ),
    Row::new(
        Either(&[2_388_073]),
        form("the template's footer has a wrong form", "correct it"),
    ),
    Row::new(
        Either(&[2_388_155]),
        form(
            "one of Meta's sample templates has that name",
            "give the template another name",
        ),
    ),
    Row::new(
        Either(&[2_388_293]),
        form(
            "the template has too many variables for its length",
            "use fewer variables, or more words around them",
        ),
    ),
    Row::new(
        Either(&[2_388_299]),
        form(
            "a variable stands at the beginning or end of the template",
            "put words around it",
        ),
    ),
    Row::new(
        Either(&[200_002]),
        cause(
            "template-refused",
            "Meta refused to create the template",
            Never,
            Who::Us,
            "mend what Meta names, then run apply again",
        ),
    ),
    Row::new(
        Either(&[4_233_041]),
        cause(
            "flow-migration",
            "Meta refused to migrate a flow",
            Never,
            Who::Us,
            "mend what Meta names; flows are not moved by this release",
        ),
    ),
    Row::new(
        Either(&[200_005, 200_006, 200_007]),
        cause(
            "template-insights",
            "template insights are not switched on",
            Never,
            Who::BusinessAdmin,
            "switch them on in WhatsApp Manager; moving a number does not need them",
        ),
    ),
    Row::new(
        Either(&[2_593_107, 2_593_108]),
        cause(
            "coexistence-sync",
            "a limit of sharing with the WhatsApp Business app is reached",
            Never,
            Who::Us,
            "nothing is to do; moving a number does not need it",
        ),
    ),
    Row::new(
        Either(&[1_752_041]),
        cause(
            "onboarding-duplicate",
            "the account was asked to join marketing messages before",
            Never,
            Who::BusinessAdmin,
            "nothing is to do; moving a number does not need it",
        ),
    ),
];
