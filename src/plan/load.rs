//! Bytes of a plan file become a [`Plan`] and findings: the only way to get a `Plan`.
//!
//! Opens no file and no secret: bytes come in, references go out.
//!
//! Invariant: there is a plan if and only if no finding blocks.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::{
    finding::Finding,
    plan::{
        Plan, build,
        decode::{At, Decode, Spot},
        document::Document,
        rules,
        sink::Sink,
        text::Text,
    },
    yaml::{self, Node, Problem},
};

/// A plan file.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What people know it by: as it was named on the command line.
    pub name: &'a str,
    /// Where it is; relative paths of the plan start in its folder.
    pub path: &'a Path,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// What became of a plan file.
#[derive(Debug)]
pub struct Loaded {
    /// The plan, unless a finding blocks it.
    pub plan: Option<Plan>,
    /// All that was found, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads a plan and finds all its problems at once.
pub fn load(source: Source<'_>) -> Loaded {
    match yaml::parse(source.bytes) {
        Ok(tree) => read(source, &tree),
        Err(problem) => Loaded {
            plan: None,
            findings: refuse(source, &problem),
        },
    }
}

fn read(source: Source<'_>, tree: &Node) -> Loaded {
    let text = Text::new(source.name, readable(source.bytes), Some(tree));
    let mut sink = Sink::new(&text);
    report_mark(source.bytes, &mut sink);
    let spot = Spot {
        route: "".into(),
        place: tree.place.clone(),
    };
    let document = Document::decode(At { node: tree, spot }, &mut sink);
    rules::supported::check(tree, &mut sink);
    if let Some(document) = &document {
        rules::check(document, &mut sink);
    }
    let plan = match document {
        Some(document) if !sink.is_blocked() => {
            let plan = build::plan(document, source.path, digest(source.bytes));
            Some(plan.expect("a required part that is absent was reported as an error"))
        }
        _ => None,
    };
    Loaded {
        plan,
        findings: sink.into_findings(),
    }
}

fn refuse(source: Source<'_>, problem: &Problem) -> Vec<Finding> {
    let text = Text::new(source.name, readable(source.bytes), None);
    let mut sink = Sink::new(&text);
    let Problem {
        rule,
        message,
        hint,
        place,
    } = problem;
    let spot = Spot {
        route: "".into(),
        place: place.clone().unwrap_or_default(),
    };
    sink.fail(rule, &spot, message, *hint);
    sink.into_findings()
}

/// Returns what can be shown: the text up to the first byte that is none; of a file that is too
/// large, nothing.
fn readable(bytes: &[u8]) -> &str {
    let bytes = if bytes.len() > yaml::MAX_BYTES {
        &[]
    } else {
        bytes
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

fn report_mark(bytes: &[u8], sink: &mut Sink<'_>) {
    if bytes.starts_with("\u{feff}".as_bytes()) {
        sink.warn(
            "byte-order-mark",
            &Spot::default(),
            "the file begins with a byte order mark",
            "save it as UTF-8 without it: some tools take it for a part of the first key",
        );
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
