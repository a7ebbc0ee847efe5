//! The committed schemas are those of the types, and the examples fit them.
//!
//! Examples are plans, and worlds (`*.world.yaml`) to rehearse them in.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use waba_migrate::{
    changeset::Sealed,
    diff::Difference,
    finding::Finding,
    journal::run::Summary,
    plan::{
        document,
        files::MemoryFiles,
        load::{Source, load_with},
        template_file,
    },
    report::{events::Line, graph::json::Document},
    sim,
    status::Status,
};

const WORLD: &str = ".world.yaml";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where examples are.
const FOLDERS: [&str; 2] = ["examples", "examples/preconditions"];

/// Where template files of examples are, and their media.
const BESIDE: [&str; 2] = ["examples/templates", "examples/templates/media"];

/// Returns path and bytes of every file in these folders whose path is `wanted`.
#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn files(folders: &[&str], wanted: impl Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root().join(folder)).expect("a folder of examples"))
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| (path.display().to_string(), path))
        .filter(|(name, _)| wanted(name))
        .map(|(name, path)| (name, fs::read(path).expect("a readable file")))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "the examples are gone");
    found
}

fn examples() -> Vec<(String, Vec<u8>)> {
    files(&FOLDERS, |name| {
        name.ends_with(".yaml") && !name.ends_with(WORLD)
    })
}

fn worlds() -> Vec<(String, Vec<u8>)> {
    files(&FOLDERS, |name| name.ends_with(WORLD))
}

fn definitions() -> Vec<(String, Vec<u8>)> {
    files(&BESIDE, |name| name.ends_with(".yaml"))
}

/// The files beside the examples, as plans find them.
fn beside_examples() -> MemoryFiles {
    let all = files(&BESIDE, |name| {
        name.ends_with(".yaml") || name.ends_with(".png")
    });
    all.into_iter()
        .fold(MemoryFiles::default(), |files, (path, bytes)| {
            files.with(path, bytes)
        })
}

#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn check_current(kind: &str, schema: &Value) {
    let expected = serde_json::to_string_pretty(schema).expect("a schema is JSON") + "\n";
    let path = format!("schemas/{kind}.v1.schema.json");
    let committed = fs::read_to_string(root().join(&path)).expect("a committed schema");
    assert!(
        committed == expected,
        "regenerate it: cargo run -- schema {kind} > {path}"
    );
}

#[track_caller]
fn check_fits(schema: &Value, files: Vec<(String, Vec<u8>)>) {
    let validator = jsonschema::validator_for(schema).expect("our schemas are valid");
    for (name, bytes) in files {
        let value: Value = serde_yaml::from_slice(&bytes).expect("examples are YAML");
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_committed_schemas_are_current() {
    check_current("plan", &document::schema());
    check_current("change-set", &schemars::schema_for!(Sealed).to_value());
    check_current("events", &schemars::schema_for!(Line).to_value());
    check_current("findings", &schemars::schema_for!(Vec<Finding>).to_value());
    check_current("graph", &schemars::schema_for!(Document).to_value());
    check_current(
        "differences",
        &schemars::schema_for!(Vec<Difference>).to_value(),
    );
    check_current("status", &schemars::schema_for!(Status).to_value());
    check_current("runs", &schemars::schema_for!(Vec<Summary>).to_value());
    check_current("world", &sim::file::schema());
    check_current("template", &template_file::document::schema());
}

#[test]
fn every_example_fits_its_schema() {
    check_fits(&document::schema(), examples());
    check_fits(&sim::file::schema(), worlds());
    check_fits(&template_file::document::schema(), definitions());
}

#[test]
fn every_example_world_can_be_made() {
    for (name, bytes) in worlds() {
        let problems = sim::file::parse(&name, &bytes).err();
        assert_eq!(problems, None, "{name}");
    }
}

#[test]
fn every_example_is_a_valid_plan() {
    for (name, bytes) in examples() {
        let source = Source {
            name: &name,
            path: Path::new(&name),
            bytes: &bytes,
        };
        let loaded = load_with(source, &beside_examples());
        assert_eq!(loaded.findings, Vec::new(), "{name}");
        assert!(loaded.plan.is_some(), "{name}");
    }
}
