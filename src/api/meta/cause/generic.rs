//! Errors of any Graph call: tokens, permissions, limits, requests that make no sense.
//!
//! Only `code` counts here; the same small number as a subcode means something else. A bare 100
//! is "invalid parameter"; with a subcode that no table has, it is an error we do not know.
//!
//! Source: <https://developers.facebook.com/docs/graph-api/guides/error-handling>

use super::{
    Cause,
    Class::{Backoff, Limit, Marked, Never, ReadFirst},
    On::{Code, CodeAlone, CodeFrom, Subcode},
    Row, cause, migration,
};
use crate::finding::Who;

pub(super) const LIMIT: Cause = cause(
    "rate-limit",
    "a rate limit of Meta is reached",
    Limit,
    Who::Us,
    "run apply again when the limit has passed; it goes on where it stopped",
);

pub(super) const TROUBLE: Cause = cause(
    "api-trouble",
    "Meta has trouble for a moment",
    Backoff,
    Who::Us,
    "run apply again in some minutes; it looks at the world before it sends anything",
);

pub(super) const PERMISSION: Cause = cause(
    "token-permission",
    "the token may not do this",
    Never,
    Who::BusinessAdmin,
    "assign the account to the system user and grant whatsapp_business_management and whatsapp_business_messaging",
)
.proof("GET /debug_token: scopes and granular_scopes");

pub(super) const REQUEST: Cause = cause(
    "request-invalid",
    "Meta does not take a value that was sent",
    Marked,
    Who::Us,
    "look for the value in what Meta says, correct it in the plan and run apply again",
);

const fn token(what: &'static str, hint: &'static str) -> Cause {
    cause("token-invalid", what, Never, Who::Us, hint).proof("GET /debug_token: is_valid is true")
}

const NEW_TOKEN: &str = "make a new system-user token and put it where the plan reads it";

const INVALID: Cause = token("the token is not valid", NEW_TOKEN);

const MISSING: Cause = cause(
    "object-missing",
    "it does not exist, or the token does not reach it",
    Never,
    Who::Us,
    "check the id in the plan, and that its account is assigned to the token's system user",
);

/// The signature of a call, `appsecret_proof`, does not fit. Seen as 104, and as 100 with that word.
const APP_SECRET: Cause = cause(
    "app-secret",
    "the app secret does not belong to the token",
    Never,
    Who::Us,
    "check graph.app_secret: it must be the secret of the app that made the token",
);

pub(super) const ROWS: &[Row] = &[
    Row::new(
        Subcode(190, &[458]),
        token(
            "the token's app is not installed any more",
            "make a new system-user token of an installed app and put it where the plan reads it",
        ),
    ),
    Row::new(
        Subcode(190, &[459, 464]),
        token(
            "the token's user has to log in at Meta first",
            "log in as that user and confirm what Meta asks, or use a system-user token",
        ),
    ),
    Row::new(
        Subcode(190, &[460]),
        token("the token's user changed the password", NEW_TOKEN),
    ),
    Row::new(
        Subcode(190, &[463]),
        token("the token has expired", NEW_TOKEN),
    ),
    Row::new(Code(&[0, 102, 190]), INVALID),
    Row::new(Code(&[104]), APP_SECRET),
    Row::new(Code(&[3, 10]), PERMISSION),
    Row::new(CodeFrom(200, 299), PERMISSION),
    Row::new(Code(&[1, 2]), TROUBLE),
    Row::new(Code(&[4, 17, 32, 341, 613, 80_007, 80_008]), LIMIT),
    Row::new(
        Code(&[12, 2_500]),
        cause(
            "api-version",
            "this version of the API does not know the call",
            Never,
            Who::Us,
            "check graph.api_version and --graph-url, or use a newer release of this program",
        ),
    ),
    Row::new(
        Code(&[33]),
        cause(
            "number-gone",
            "the number was deleted, or its id is wrong",
            Never,
            Who::Us,
            "look for the number in WhatsApp Manager, then run plan again",
        ),
    ),
    Row::new(Subcode(100, &[33]), MISSING),
    Row::new(Code(&[803]), MISSING),
    Row::new(Code(&[100]), APP_SECRET).says(&[&["appsecret proof"]]),
    // Seen at register instead of a code of its own.
    Row::new(Code(&[100]), migration::PAYMENT).says(&[&["payment method", "payment account"]]),
    Row::new(CodeAlone(100), REQUEST),
    Row::new(
        Code(&[192]),
        cause(
            "button-number",
            "a phone number in a template's button is not valid",
            Never,
            Who::Us,
            "correct the button of the template on the source",
        ),
    ),
    Row::new(
        Code(&[368]),
        cause(
            "account-blocked",
            "Meta blocks this because a policy was broken",
            Never,
            Who::BusinessAdmin,
            "appeal in Business Support Home",
        ),
    ),
    Row::new(
        Code(&[506]),
        cause(
            "duplicate",
            "Meta takes this for a call it has had before",
            Never,
            Who::Us,
            "run apply again: it looks whether that call did its work",
        ),
    ),
    Row::new(
        Code(&[2_200]),
        cause(
            "webhook-handshake",
            "the callback URL failed Meta's handshake",
            ReadFirst,
            Who::Us,
            "check that target.subscription.callback has the right URL and verify token, then run apply again",
        ),
    ),
];
