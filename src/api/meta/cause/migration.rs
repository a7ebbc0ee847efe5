//! Errors of migrating a number.
//!
//! 2388103 has ten causes, told apart by nothing but the text, so its rows are tried in order: what
//! names one thing only stands first, an account that is not ready after that, then "try again
//! later". The last row takes what is left, and every language but English: it is repeated only
//! when `is_transient` or the HTTP status says so.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

use super::{
    Account::{Source, Target},
    Cause,
    Class::{Backoff, Marked, Never, ReadFirst, Rest},
    HOUR,
    On::{self, Either},
    Row, cause,
    wording::READY,
};
use crate::finding::Who;

pub(super) const PAYMENT: Cause = cause(
    "payment",
    "the target has no payment method",
    Never,
    Who::BusinessAdmin,
    "add a payment method in WhatsApp Manager > Billing, or attach a credit line",
)
.proof("GET /{WABA}?fields=primary_funding_id is present");

pub(super) const NAME: Cause = cause(
    "display-name",
    "the display name is not approved",
    Never,
    Who::SourceOwner,
    "have the display name approved in WhatsApp Manager",
)
.proof("GET /{SOURCE_PHONE}?fields=name_status is APPROVED");

const NAME_PENDING: Cause = cause(
    "name-change",
    "a change of the display name is under way",
    Rest(HOUR),
    Who::Meta,
    "wait for the review of the new name, then run apply again",
)
.proof("GET /{SOURCE_PHONE}?fields=new_name_status is absent or NONE");

const MESSAGING_FOR: Cause = cause(
    "messaging-for",
    "the \"Messaging For\" request is not approved",
    Never,
    Who::BusinessAdmin,
    "approve the request in Business settings > Requests",
)
.proof("GET /{WABA}?fields=on_behalf_of_business_info: status is APPROVED");

const SUBSCRIPTION: Cause = cause(
    "subscription-missing",
    "no app is subscribed to the target's webhooks",
    Never,
    Who::Us,
    "run apply again: it subscribes the app; by hand it is POST /{WABA}/subscribed_apps",
)
.proof("GET /{WABA}/subscribed_apps lists an app");

const TWO_STEP: Cause = cause(
    "two-step",
    "two-step verification of the number is on",
    Never,
    Who::SourceOwner,
    "switch it off in WhatsApp Manager > Account tools > Phone numbers > Two-step verification",
)
.proof("GET /{SOURCE_PHONE}?fields=is_pin_enabled is false");

const BUSINESS_APP: Cause = cause(
    "number-business-app",
    "the number is used by a WhatsApp app",
    Never,
    Who::SourceOwner,
    "disconnect it from the app; such numbers cannot be migrated",
)
.proof("GET /{SOURCE_PHONE}?fields=is_on_biz_app is false");

const DIRECT: Cause = cause(
    "no-migration-needed",
    "the number needs no migration",
    Never,
    Who::Us,
    "add it to the target in WhatsApp Manager, without a migration, then run apply again",
)
.proof("GET /{WABA}/phone_numbers lists it");

const OTHER_BUSINESS: Cause = cause(
    "same-business",
    "the number belongs to a different business",
    Never,
    Who::BusinessAdmin,
    "move into an account of the same business, or migrate by Embedded Signup",
)
.proof("GET /{WABA}?fields=owner_business_info,on_behalf_of_business_info");

const SOURCE: Cause = cause(
    "source-not-ready",
    "the source is not set up properly",
    Never,
    Who::SourceOwner,
    "finish the account review and the business verification of the source",
)
.proof(
    "GET /{SOURCE}?fields=account_review_status,business_verification_status is APPROVED, verified",
);

const TARGET_UNVERIFIED: Cause = cause(
    "business-verification",
    "the target's business is not verified",
    Never,
    Who::BusinessAdmin,
    "finish business verification in Business settings > Security centre",
)
.proof("GET /{WABA}?fields=business_verification_status is verified");

const TARGET: Cause = cause(
    "account-review",
    "the target is not approved",
    Never,
    Who::BusinessAdmin,
    "finish the account review of the target in WhatsApp Manager",
)
.proof("GET /{WABA}?fields=account_review_status is APPROVED");

const SOME_ACCOUNT: Cause = cause(
    "account-not-ready",
    "one of the two accounts is not set up properly",
    Never,
    Who::Us,
    "run preflight: it shows the review and the verification of both accounts",
)
.proof(
    "GET /{WABA}?fields=account_review_status,business_verification_status is APPROVED, verified",
);

const TROUBLE: Cause = cause(
    "migration-trouble",
    "Meta could not migrate the number just now",
    Backoff,
    Who::Us,
    "run apply again in some minutes; it looks at the number first",
);

const REFUSED: Cause = cause(
    "migration-refused",
    "Meta refused the migration for a reason of its own",
    Marked,
    Who::Us,
    "look at what Meta says and run preflight; if neither helps, give Meta's support the trace id",
);

const CANNOT_MIGRATE: On = Either(&[2_388_103]);
const NO_CODE: On = Either(&[2_388_091, 2_388_093]);

/// What asks for patience.
const LATER: &[&str] = &[
    "later",
    "again in",
    "try again after",
    "temporar",
    "few minutes",
    "1 hour",
    "an hour",
];

const DISPLAY_NAME: &[&str] = &[
    "display name",
    "verified name",
    "name change",
    "name review",
    "new name",
    "name certificate",
    "name of the number",
    "name of the phone number",
];

pub(super) const ROWS: &[Row] = &[
    Row::new(CANNOT_MIGRATE, MESSAGING_FOR).says(&[&["messaging for"]]),
    Row::new(CANNOT_MIGRATE, SUBSCRIPTION).says(&[&["webhook", "subscri", "callback url"]]),
    Row::new(CANNOT_MIGRATE, PAYMENT).says(&[&["payment", "billing", "credit", "funding"]]),
    Row::new(CANNOT_MIGRATE, TWO_STEP).says(&[&["two step", "2 step", "two factor", "2fa"]]),
    Row::new(CANNOT_MIGRATE, BUSINESS_APP).says(&[&["business app ", "consumer app", "messenger"]]),
    Row::new(CANNOT_MIGRATE, DIRECT).says(&[&["direct"], &["add", "regist"]]),
    Row::new(CANNOT_MIGRATE, DIRECT).says(&[&[
        "no migration",
        "without migrat",
        "without a migrat",
        "not need to be migrat",
        "doesnt need to be migrat",
        "not need to migrat",
        "not need migrat",
        "neednt be migrat",
        "need not be migrat",
        "migration is not need",
        "migration isnt need",
        "migration is not requir",
        "migration isnt requir",
        "not require a migrat",
        "not require migrat",
        "eligible to be added",
        "not currently regist",
        "isnt currently regist",
        "not regist",
        "isnt regist",
        "not associated with any",
        "isnt associated with any",
        "not part of any",
    ]]),
    Row::new(CANNOT_MIGRATE, NAME)
        .says(&[DISPLAY_NAME, &["declin", "reject", "denied", "expired"]]),
    Row::new(CANNOT_MIGRATE, NAME_PENDING).says(&[
        DISPLAY_NAME,
        &[
            "pending",
            "in review",
            "under review",
            "being review",
            "still review",
            "in progress",
            "under way",
            "underway",
            "ongoing",
            "awaiting",
            "waiting",
            "change",
            "new name",
        ],
    ]),
    Row::new(CANNOT_MIGRATE, NAME).says(&[DISPLAY_NAME]),
    Row::new(CANNOT_MIGRATE, OTHER_BUSINESS).says(&[&[
        "different business",
        "another business",
        "other business",
        "same business",
        "different meta business",
        "another meta business",
        "same meta business",
        "different facebook business",
        "another facebook business",
    ]]),
    Row::new(CANNOT_MIGRATE, OTHER_BUSINESS).says(&[
        &["different", "another", "other", "same"],
        &["business manager", "portfolio", "compan", "organi", "owner"],
    ]),
    Row::new(CANNOT_MIGRATE, MESSAGING_FOR).says(&[&["on behalf"], READY]),
    Row::new(CANNOT_MIGRATE, SOURCE)
        .says(&[READY])
        .blames(Source),
    Row::new(CANNOT_MIGRATE, TARGET_UNVERIFIED)
        .says(&[&["verif", "unverif"]])
        .blames(Target),
    Row::new(CANNOT_MIGRATE, TARGET)
        .says(&[READY])
        .blames(Target),
    Row::new(CANNOT_MIGRATE, SOME_ACCOUNT).says(&[&["account", "waba", "business"], READY]),
    Row::new(CANNOT_MIGRATE, TROUBLE).says(&[LATER]),
    Row::new(CANNOT_MIGRATE, REFUSED),
    Row::new(Either(&[2_388_001]), TWO_STEP),
    Row::new(
        Either(&[2_388_012]),
        cause(
            "number-on-target",
            "the number is on the target already",
            Never,
            Who::Us,
            "run apply again: it goes on with the number that is there",
        )
        .proof("GET /{WABA}/phone_numbers lists it"),
    ),
    Row::new(
        NO_CODE,
        cause(
            "code-not-yet",
            "the number cannot be verified yet",
            Rest(HOUR),
            Who::Us,
            "wait an hour, then run apply again",
        ),
    )
    .says(&[&["try again", "wait", "later", "retry"]]),
    Row::new(
        NO_CODE,
        cause(
            "code-not-eligible",
            "the number cannot be verified, for it is not being migrated",
            ReadFirst,
            Who::Us,
            "make sure that no WhatsApp app uses the number; it must be added with migrate_phone_number, as apply does",
        ),
    ),
    Row::new(
        Either(&[2_494_100]),
        cause(
            "number-maintenance",
            "the number is in maintenance",
            Backoff,
            Who::Us,
            "wait some minutes, then run apply again",
        ),
    ),
];
