//! Journals: what a crash, a disk or a person left of one.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use waba_migrate::journal::{Entry, History, read::entries};

/// Reads bytes as the journal of a run; also as if each line had been written after the one before.
pub(crate) fn journal(bytes: &[u8]) {
    check(bytes);
    check(&chained(bytes));
}

fn check(bytes: &[u8]) {
    let whole = bytes.iter().rposition(|&byte| byte == b'\n');
    let whole = &bytes[..whole.map_or(0, |end| end + 1)];
    let count = whole.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(entries(bytes), entries(whole), "a torn tail is dropped");
    match entries(whole) {
        Ok(entries) => accepted(whole, count, &entries),
        Err(line) => assert!((1..=count).contains(&line), "line {line} of {count}"),
    }
}

/// What holds for a journal whose lines follow from each other.
fn accepted(whole: &[u8], count: usize, read: &[Entry]) {
    assert_eq!(read.len(), count);
    let torn = [whole, b"{\"seq\":"].concat();
    assert_eq!(entries(&torn).as_deref(), Ok(read));

    let (first, second) = read.split_at(count / 2);
    let half = ends(whole).nth((count / 2).wrapping_sub(1)).unwrap_or(0);
    assert_eq!(entries(&whole[..half]).as_deref(), Ok(first));
    if count > 1 {
        let start = ends(whole).next().expect("there are two");
        assert_eq!(entries(&whole[start..]), Err(1), "a lost beginning is seen");
    }

    let history = History::replay(read);
    let resumed = second.iter().fold(History::replay(first), History::after);
    assert_eq!(resumed, history);
    let written = read
        .iter()
        .map(|entry| serde_json::to_value(entry).expect("JSON"));
    let again = written.map(|entry| serde_json::from_value(entry).expect("an entry"));
    let again: Vec<Entry> = again.collect();
    assert_eq!(again, read);
}

/// Where each line ends, its newline included.
fn ends(text: &[u8]) -> impl Iterator<Item = usize> {
    let newlines = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    newlines.map(|(at, _)| at + 1)
}

/// The same lines with the hashes that make them follow from each other.
fn chained(bytes: &[u8]) -> Vec<u8> {
    let mut previous = String::new();
    let mut lines = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        match serde_json::from_slice::<Map<String, Value>>(line) {
            Ok(mut object) => {
                object.remove("hash");
                let text = serde_json::to_string(&object).expect("JSON");
                let chain = Sha256::new().chain_update(&previous).chain_update(text);
                previous = hex::encode(chain.finalize());
                object.insert("hash".into(), previous.clone().into());
                lines.push(Value::Object(object).to_string().into_bytes());
            }
            Err(_) => lines.push(line.to_vec()),
        }
    }
    lines.join(&b'\n')
}
