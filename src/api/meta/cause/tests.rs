//! Every code of Meta's error reference has a row, and every cause is found in its many wordings.

use std::collections::BTreeSet;

use super::*;
use crate::api::meta::Retry;

fn error(code: i64, subcode: Option<i64>) -> GraphError {
    GraphError {
        code,
        subcode,
        ..GraphError::default()
    }
}

fn refused(text: &str) -> GraphError {
    GraphError {
        message: "Invalid parameter".into(),
        title: Some("Cannot Migrate Phone Number".into()),
        user_message: Some(text.into()),
        ..error(100, Some(2_388_103))
    }
}

/// Codes and subcodes of Meta's error reference, as they come.
const KNOWN: &[(&[i64], Option<i64>)] = &[
    // Generic.
    (
        &[
            0, 1, 2, 3, 4, 10, 12, 17, 32, 33, 100, 102, 104, 190, 192, 200, 210, 299, 341, 368,
            506, 613, 803, 2_200, 2_500, 80_007, 80_008,
        ],
        None,
    ),
    (&[100], Some(33)),
    (&[190], Some(458)),
    (&[190], Some(459)),
    (&[190], Some(460)),
    (&[190], Some(463)),
    (&[190], Some(464)),
    (&[190], Some(467)),
    (&[190], Some(492)),
    // Messages and accounts.
    (
        &[
            130_403, 130_429, 130_472, 130_497, 131_000, 131_005, 131_008, 131_009, 131_016,
            131_021, 131_026, 131_031, 131_037, 131_042, 131_045, 131_047, 131_048, 131_049,
            131_050, 131_051, 131_052, 131_053, 131_056, 131_057, 131_063, 131_064, 132_000,
            132_001, 132_005, 132_007, 132_008, 132_012, 132_015, 132_016, 132_018, 132_068,
            132_069, 134_011, 135_000, 137_000, 139_000, 139_001, 139_002, 139_003, 139_004,
        ],
        None,
    ),
    (&[130_429], Some(2_494_055)),
    // Registration.
    (
        &[
            133_000, 133_004, 133_005, 133_006, 133_008, 133_009, 133_010, 133_015, 133_016,
            136_024, 136_025,
        ],
        None,
    ),
    (&[136_024], Some(2_388_367)),
    // Templates whose number comes as code.
    (&[200_002, 200_005, 200_006, 200_007, 4_233_041], None),
];

/// Numbers of migrations and templates, that come as code or as subcode of 100.
const EITHER: &[i64] = &[
    2_388_001, 2_388_012, 2_388_019, 2_388_023, 2_388_024, 2_388_039, 2_388_040, 2_388_043,
    2_388_046, 2_388_047, 2_388_072, 2_388_073, 2_388_091, 2_388_093, 2_388_103, 2_388_155,
    2_388_293, 2_388_299, 2_494_100, 2_593_107, 2_593_108, 1_752_041,
];

#[test]
fn every_code_of_the_reference_has_a_cause_and_says_what_to_do() {
    let as_code = KNOWN
        .iter()
        .flat_map(|(codes, subcode)| codes.iter().map(|code| error(*code, *subcode)));
    let either = EITHER
        .iter()
        .flat_map(|&number| [error(number, None), error(100, Some(number))]);
    for error in as_code.chain(either) {
        let number = (error.code, error.subcode);
        let cause = of(&error).unwrap_or_else(|| panic!("{number:?} has no row"));
        assert!(
            !cause.what.is_empty() && !cause.hint.is_empty(),
            "{number:?}"
        );
    }
}

#[test]
fn the_rows_keep_to_the_house_style() {
    for row in TABLES.into_iter().flatten() {
        let Cause { id, what, hint, .. } = row.cause;
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(id.chars().all(is_id), "{id}");
        for text in [what, hint] {
            assert!(!text.ends_with('.') && text.trim() == text, "{text}");
        }
        assert!(what.len() <= 70, "{id}: a long sentence: {what}");
        let words = row.words.iter().copied().flatten();
        for word in words {
            assert_eq!(*word, word.to_lowercase(), "{id}");
            assert!(
                !word.contains(['\'', '"', '-']),
                "{id}: {word} is never found"
            );
        }
    }
}

#[test]
fn every_row_can_be_reached() {
    let mut tried = BTreeSet::new();
    for (at, row) in TABLES.into_iter().flatten().enumerate() {
        let numbers: Vec<(i64, Option<i64>)> = match row.on {
            On::Code(codes) | On::Either(codes) => codes.iter().map(|code| (*code, None)).collect(),
            On::CodeAlone(code) | On::CodeFrom(code, _) => vec![(code, None)],
            On::Subcode(code, subcodes) => subcodes.iter().map(|sub| (code, Some(*sub))).collect(),
        };
        for number in numbers {
            let is_last = row.words.is_empty();
            assert!(
                !tried.contains(&number),
                "row {at} is behind one that takes all of {number:?}"
            );
            if is_last {
                tried.insert(number);
            }
        }
    }
}

#[track_caller]
fn check(id: &str, class: Class, texts: &[&str]) {
    assert!(texts.len() >= 4, "{id}: only {} wordings", texts.len());
    for text in texts {
        let cause = of(&refused(text)).expect("2388103 has a last row");
        assert_eq!((cause.id, cause.class), (id, class), "{text}");
    }
}

#[test]
fn webhooks_that_are_not_set() {
    check(
        "subscription-missing",
        Class::Never,
        &[
            "Webhooks are not set up on the destination WhatsApp Business account.",
            "The target WABA has no webhook configured. Set-up a webhook and try again.",
            "No app is subscribed to your WhatsApp Business Account.",
            "Your destination account doesn't have any subscribed apps.",
            "Configure a callback URL for the new account before migrating.",
        ],
    );
}

#[test]
fn numbers_that_need_no_migration() {
    check(
        "no-migration-needed",
        Class::Never,
        &[
            "The phone number can be added directly and does not need to be migrated.",
            "This phone number is eligible to be added directly to your WhatsApp Business account.",
            "No migration needed: add this number without the migrate flag.",
            "The number isn't currently registered with WhatsApp, so it can't be migrated.",
            "You can directly register this phone number.",
            "Migration is not required for a number that is not associated with any account.",
        ],
    );
}

#[test]
fn display_names_that_are_not_approved() {
    check(
        "display-name",
        Class::Never,
        &[
            "The display name of the phone number is not approved.",
            "Display-name hasn't been approved yet on the source account.",
            "The phone number's verified name was declined.",
            "Your display name change has been rejected. Submit another name.",
            "Only numbers with an approved display name can be migrated.",
        ],
    );
}

#[test]
fn display_names_that_are_about_to_change() {
    check(
        "name-change",
        Class::Rest(HOUR),
        &[
            "A display name change of the phone number is pending.",
            "Name change in review. Wait until it has been approved.",
            "The phone number has a new display name under review.",
            "There is an ongoing display-name update; migration isn't possible while it's in progress.",
            "The new name of the number has not been approved yet.",
        ],
    );
}

#[test]
fn sources_that_are_not_set_up() {
    check(
        "source-not-ready",
        Class::Never,
        &[
            "The source WhatsApp Business account is not set up properly.",
            "Source WABA has not completed verification.",
            "The phone number's current WhatsApp account isn't approved.",
            "Source account setup is incomplete; it cannot be moved to the destination account.",
            "Account review of the source WABA is pending. The target is fine.",
            "The business that owns the original account must be verified first.",
        ],
    );
}

#[test]
fn targets_that_cannot_pay() {
    check(
        "payment",
        Class::Never,
        &[
            "The destination WhatsApp Business account does not have a payment account.",
            "No valid payment method on the target account.",
            "Your WABA isn't attached to a credit line.",
            "Set up billing for the destination business portfolio, then try again.",
            "The target has no funding source that is approved.",
        ],
    );
}

#[test]
fn numbers_of_another_business() {
    check(
        "same-business",
        Class::Never,
        &[
            "The phone number belongs to a different Business Manager account.",
            "This number is owned by another business portfolio.",
            "Source and destination accounts must belong to the same business.",
            "The phone number is part of a different Meta Business Account.",
            "The source account is in another company's portfolio, and cannot be approved.",
        ],
    );
}

#[test]
fn targets_that_are_not_approved() {
    check(
        "account-review",
        Class::Never,
        &[
            "The destination WhatsApp Business account is not approved.",
            "Target WABA has not been approved by Meta yet.",
            "Your WhatsApp Business Account is still pending review.",
            "The review of the destination account was rejected; the source is not affected.",
            "Cannot migrate from source to target because the target hasn't been approved.",
        ],
    );
    check(
        "business-verification",
        Class::Never,
        &[
            "The destination business is not verified.",
            "Target: business verification is missing.",
            "Your WABA's business must be verified.",
            "Verification of the destination portfolio is not complete.",
        ],
    );
}

#[test]
fn requests_that_the_business_has_not_approved() {
    check(
        "messaging-for",
        Class::Never,
        &[
            "The \"Messaging For\" request of the destination account is not approved.",
            "'Messaging for' request is still pending.",
            "The client hasn't accepted your messaging-for request.",
            "The on-behalf-of request has not been approved by the business.",
        ],
    );
}

#[test]
fn trouble_that_passes() {
    check(
        "migration-trouble",
        Class::Backoff,
        &[
            "Something went wrong while migrating the phone number. Please try again later.",
            "We couldn't migrate this number. Try again in a few minutes.",
            "Migration is temporarily unavailable.",
            "An error occurred. Please retry later.",
        ],
    );
}

/// A user in another language gets texts that no row knows; so may everybody tomorrow.
#[test]
fn a_text_that_nothing_knows_is_not_repeated_unless_the_error_is_marked_so() {
    check(
        "migration-refused",
        Class::Marked,
        &[
            "Die Telefonnummer kann nicht migriert werden.",
            "Bitte versuche es später erneut.",
            "This phone number cannot be migrated. Try again with another one.",
            "",
        ],
    );
    let unclear = refused("Quelque chose s'est mal passé.");
    assert_eq!(unclear.retry(), Retry::Never);
    let marked = GraphError {
        is_transient: true,
        ..unclear
    };
    assert_eq!(marked.retry(), Retry::Soon);
}

#[test]
fn an_account_that_nothing_names_is_looked_for_by_preflight() {
    let cause = of(&refused("The account is not set-up properly.")).unwrap();
    assert_eq!(cause.id, "account-not-ready");
}

/// Small numbers mean something else as a subcode.
#[test]
fn a_small_number_counts_as_code_only() {
    assert_eq!(of(&error(100, Some(190))), None);
    assert_eq!(of(&error(999, Some(4))), None);
    assert_eq!(of(&error(100, Some(33))).unwrap().id, "object-missing");
}

#[test]
fn a_wait_that_meta_names_is_told_from_one_that_it_does_not() {
    #[track_caller]
    fn check(number: i64, text: &str, rest: Option<Duration>) {
        let error = GraphError {
            user_message: Some(text.into()),
            ..error(100, Some(number))
        };
        assert_eq!(
            (error.retry(), error.rest()),
            (Retry::Never, rest),
            "{text}"
        );
    }
    check(2_388_091, "Please wait 1 hour.", Some(HOUR));
    check(
        2_388_093,
        "Not possible now, try again in some time.",
        Some(HOUR),
    );
    check(
        2_388_091,
        "The number is not eligible for a registration code.",
        None,
    );
    check(2_388_023, "Try again in less than 1 minute.", Some(MINUTE));
    check(2_388_023, "Try again in 4 weeks.", Some(HOUR * 24 * 30));
}

#[test]
fn a_known_error_makes_the_finding_that_preflight_would_make() {
    let finding = finding("number[\"+4930901820\"].add", &refused("Set up payment."));
    assert!(finding.blocks());
    assert_eq!(finding.rule, "payment");
    assert_eq!(finding.message, "the target has no payment method");
    assert_eq!(
        finding.observed.as_deref(),
        Some("Cannot Migrate Phone Number. Set up payment. Invalid parameter (code 100/2388103)")
    );
    assert_eq!(finding.who, Some(Who::BusinessAdmin));
    assert!(finding.hint.is_some() && finding.proof.is_some());
}

#[test]
fn an_unknown_error_is_shown_whole() {
    let error = GraphError {
        message: "(#987654) Nobody has heard of this".into(),
        details: Some("Not even here.\nReally.".into()),
        title: Some("New".into()),
        user_message: Some("nobody has heard of this".into()),
        trace_id: Some("AdG3x".into()),
        ..error(987_654, Some(12))
    };
    let number = finding("number[\"+4930901820\"].add", &error);
    assert_eq!(number.rule, "api-error");
    assert_eq!(
        number.observed.as_deref(),
        Some(
            "New. Not even here. Really. (#987654) Nobody has heard of this (code 987654/12, trace AdG3x)"
        )
    );
    let hint = number.hint.expect("a hint");
    assert!(
        hint.contains("trace id") && hint.contains("only this number stops"),
        "{hint}"
    );
    let account = finding("templates.copy", &error).hint.expect("a hint");
    assert!(account.contains("the rest goes on"), "{account}");
}

#[test]
fn a_wrong_proof_is_told_by_its_word() {
    let error = GraphError {
        message: "Invalid appsecret_proof provided in the API argument".into(),
        ..error(100, None)
    };
    assert_eq!(of(&error).map(|cause| cause.id), Some("app-secret"));
}
