//! Plans, and template files beside them.

use std::path::Path;

use waba_migrate::{
    finding::Finding,
    plan::{
        files::MemoryFiles,
        load::{Loaded, Source, load, load_with},
    },
    report::findings::render,
};

use super::{check_spans, text_of};

/// A plan that takes its templates from one file.
const BESIDE: &str = "version: 1\nname: beside\nsource: { waba: \"1\" }\ntarget: { waba: \"2\", token: { env: T } }\ntemplates: { files: [one.yaml] }\nnumbers:\n  - phone: \"+49 30 901820\"\n";

/// Reads bytes as a plan, and as a template file beside one.
pub(crate) fn plan(bytes: &[u8]) {
    let loaded = read(bytes);
    check(&loaded, "plan.yaml", bytes);
    same(&loaded, &read(bytes));

    let loaded = read_beside(bytes);
    check(&loaded, "one.yaml", bytes);
    same(&loaded, &read_beside(bytes));
}

fn read(bytes: &[u8]) -> Loaded {
    load(source(bytes))
}

fn read_beside(bytes: &[u8]) -> Loaded {
    let files = MemoryFiles::default().with("one.yaml", bytes);
    load_with(source(BESIDE.as_bytes()), &files)
}

fn source(bytes: &[u8]) -> Source<'_> {
    let (name, path) = ("plan.yaml", Path::new("plan.yaml"));
    Source { name, path, bytes }
}

fn check(loaded: &Loaded, file: &str, bytes: &[u8]) {
    let blocked = loaded.findings.iter().any(Finding::blocks);
    assert_eq!(loaded.plan.is_none(), blocked);
    check_spans(&loaded.findings, file, text_of(bytes));
    let shown = render(&loaded.findings, false);
    let is_safe = |c: char| c == '\n' || !c.is_control();
    assert!(shown.chars().all(is_safe), "{shown:?}");
}

fn same(one: &Loaded, other: &Loaded) {
    assert_eq!(one.findings, other.findings);
    let words = |loaded: &Loaded| format!("{:?}", loaded.plan);
    assert_eq!(words(one), words(other));
}
