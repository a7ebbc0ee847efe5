//! Change sets that somebody hands in as reviewed.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use waba_migrate::changeset::approved::{Approved, Unusable};

/// Reads bytes as a change set; where only the digest is wrong, also with the right one.
pub(crate) fn change_set(bytes: &[u8]) {
    check(bytes);
    if let Ok(Value::Object(mut members)) = serde_json::from_slice(bytes) {
        members.insert("digest".into(), digest(&members).into());
        check(Value::Object(members).to_string().as_bytes());
    }
}

fn check(bytes: &[u8]) {
    for is_json in [false, true] {
        let meant = Approved::is_meant_by(bytes, is_json);
        assert_eq!(meant, Approved::is_meant_by(bytes, is_json));
    }
    let Ok(approved) = Approved::read(bytes) else {
        return;
    };
    let value = serde_json::from_slice(bytes).expect("what was read is JSON");
    let Value::Object(mut members) = value else {
        panic!("what was read is no object");
    };
    assert_eq!(members["digest"], approved.digest.as_str());
    assert_eq!(digest(&members), approved.digest);
    let text = Value::Object(members.clone()).to_string();
    assert!(Approved::is_meant_by(text.as_bytes(), false), "{text}");

    members.insert("one more".into(), 1.into());
    if digest(&members) != approved.digest {
        let edited = Value::Object(members).to_string();
        let read = Approved::read(edited.as_bytes());
        assert!(matches!(read, Err(Unusable::Edited)), "{edited}");
    }
}

/// SHA-256 of the canonical JSON of everything but the digest, worked out here once more.
fn digest(members: &Map<String, Value>) -> String {
    let mut members = members.clone();
    members.remove("digest");
    let canonical = serde_json_canonicalizer::to_string(&members).expect("JSON");
    hex::encode(Sha256::digest(canonical))
}
