//! Files that released versions wrote: they load forever. Never change what lies in
//! `tests/formats/`; a new form gets a new folder.

use std::path::Path;

use waba_migrate::{
    ids::{Address, NumberStep},
    journal::read::history,
    phone::Phone,
};

/// Two runs of one plan, as the first journals were: without fingerprints, trace ids of accepted
/// calls, CI jobs and commits. The first lost an answer and waited for a code.
#[test]
fn a_journal_of_the_first_form_tells_what_it_always_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/journal.v1");
    let history = history(&root, "acme").expect("it loads");
    let phone: Phone = "+49 30 901820".parse().expect("a number");
    assert_eq!(history.moved().collect::<Vec<_>>(), [&phone]);
    assert!(history.in_doubt.is_empty() && history.sent.is_empty());
    assert_eq!(history.done.len(), 9);
    let register = Address::number(&phone, NumberStep::Register);
    assert!(history.done.contains(&register));
    assert_eq!(
        history.kept(&register, "source_number").unwrap()["id"],
        "1886400068060533"
    );
    let number = history.number(&phone);
    assert_eq!(number.codes.out, None);
    assert_eq!(number.codes.requests.len(), 1);
    let registered = "2026-11-27T23:30:47.649359678Z".parse().expect("a time");
    assert_eq!(number.attempts.used(registered), 1);
    assert_eq!(history.templates.sources().count(), 2);
    assert_eq!(history.templates.proven().count(), 2);
}
