//! What an error of the API means for a migration, and what to do about it.
//!
//! One row per meaning. Code 2388103 has many causes and is told apart only by its text, which is
//! not stable, so a row names a word or two of it; the last row of a code has none.
//!
//! Source: <https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes>

use super::error::GraphError;

/// A known meaning of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    number: i64,
    words: &'static [&'static str],
    /// What to do.
    pub hint: &'static str,
}

const fn cause(number: i64, words: &'static [&'static str], hint: &'static str) -> Cause {
    Cause {
        number,
        words,
        hint,
    }
}

const CAUSES: &[Cause] = &[
    cause(
        2_388_103,
        &["webhook"],
        "subscribe an app to the target's webhooks: POST /{WABA}/subscribed_apps",
    ),
    cause(
        2_388_103,
        &["payment"],
        "add a payment method or a credit line to the target",
    ),
    cause(
        2_388_103,
        &["added directly"],
        "the number needs no migration: add it to the target by hand",
    ),
    cause(
        2_388_103,
        &["eligible to be added"],
        "the number needs no migration: add it to the target by hand",
    ),
    cause(
        2_388_103,
        &["display name", "pending"],
        "wait for the review of the new display name",
    ),
    cause(
        2_388_103,
        &["display name"],
        "have the display name approved on the source",
    ),
    cause(
        2_388_103,
        &["messaging for"],
        "the business has to approve the \"Messaging For\" request",
    ),
    cause(
        2_388_103,
        &["different business"],
        "both accounts must stand for the same business; else use Embedded Signup",
    ),
    cause(
        2_388_103,
        &["business manager"],
        "both accounts must stand for the same business; else use Embedded Signup",
    ),
    cause(
        2_388_103,
        &["source"],
        "the source's owner has to finish account review and business verification",
    ),
    cause(
        2_388_103,
        &["approved"],
        "finish the account review of the target",
    ),
    cause(
        2_388_103,
        &[],
        "Meta refused the migration: read its text above, run preflight, or ask its support with the trace id",
    ),
    cause(
        2_388_001,
        &[],
        "two-step verification is still on: the source's owner has to switch it off",
    ),
    cause(
        133_005,
        &[],
        "the PIN is wrong: set the right one in the plan's pin, or have two-step verification switched off; every wrong try counts",
    ),
    cause(
        133_006,
        &[],
        "the number has to be verified again: run apply --new-code",
    ),
    cause(
        133_008,
        &[],
        "too many wrong PINs: wait as long as the text says",
    ),
    cause(
        133_009,
        &[],
        "PINs came too fast: wait as long as the text says",
    ),
    cause(133_010, &[], "the number is not registered"),
    cause(
        133_015,
        &[],
        "the number was deleted a moment ago: wait five minutes",
    ),
    cause(
        133_016,
        &[],
        "more than 10 register calls in 72 hours: the number is locked for 72 hours",
    ),
    cause(
        136_025,
        &[],
        "the code is wrong or too old: ask for another with --new-code",
    ),
    cause(
        2_388_367,
        &[],
        "a code was asked for too often: wait some hours",
    ),
    cause(
        2_388_367,
        &[],
        "a code was asked for too often: wait some hours",
    ),
    cause(
        136_024,
        &[],
        "Meta sends no code: wait, or try the other channel",
    ),
    cause(
        2_388_091,
        &[],
        "the number cannot get a code: wait an hour; it must be added with migrate_phone_number",
    ),
    cause(
        2_388_093,
        &[],
        "the number cannot be verified: wait an hour; it must be added with migrate_phone_number",
    ),
    cause(
        2_200,
        &[],
        "the callback URL did not answer Meta's handshake: check the URL and the verify token",
    ),
    cause(
        131_031,
        &[],
        "the account is locked: appeal in Business Support Home",
    ),
    cause(
        368,
        &[],
        "the account is restricted: appeal in Business Support Home",
    ),
    cause(190, &[], "the token is not valid: make a new one"),
    cause(102, &[], "the token is not valid: make a new one"),
    cause(10, &[], "the token lacks a permission"),
    cause(
        200,
        &[],
        "the token lacks a permission, or the account is not assigned to it",
    ),
    cause(33, &[], "the id is wrong, or the token does not reach it"),
    cause(
        100,
        &["payment method"],
        "add a payment method or a credit line to the target",
    ),
];

/// Returns what is known about an error.
pub fn of(error: &GraphError) -> Option<&'static Cause> {
    let said = [
        Some(&error.message),
        error.title.as_ref(),
        error.user_message.as_ref(),
        error.details.as_ref(),
    ];
    let said = said
        .into_iter()
        .flatten()
        .map(|text| text.to_lowercase())
        .collect::<Vec<_>>()
        .join("\n");
    CAUSES
        .iter()
        .find(|cause| error.is(cause.number) && cause.words.iter().all(|word| said.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_causes_of_one_code_are_told_apart_by_their_text() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let user_message = Some(text.to_owned());
            let error = GraphError {
                code: 100,
                subcode: Some(2_388_103),
                user_message,
                ..GraphError::default()
            };
            let hint = of(&error).unwrap().hint;
            assert!(hint.contains(expected), "{text}: {hint}");
        }
        check(
            "Webhooks are not set up on the destination account.",
            "subscribe an app",
        );
        check("The account has no Payment method.", "payment method");
        check(
            "A display name change is pending review.",
            "wait for the review",
        );
        check("The display name is not approved.", "display name approved");
        check(
            "The number belongs to a different Business Manager account.",
            "same business",
        );
        check("Source WABA is not set up properly.", "source's owner");
        check("Something went wrong.", "Meta refused");
    }

    #[test]
    fn an_unknown_code_has_no_cause() {
        assert_eq!(
            of(&GraphError {
                code: 999,
                ..GraphError::default()
            }),
            None
        );
    }
}
