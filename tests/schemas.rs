//! The committed schemas are those of the types, and the examples fit them.
//!
//! Examples are plans, and worlds (`*.world.yaml`) to rehearse them in.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use waba_migrate::{
    plan::{
        document,
        files::MemoryFiles,
        load::{Source, load_with},
        template_file,
    },
    sim,
};

/// How the names of world files end: `NAME.world.yaml`, or `world.yaml` in a folder of its own.
const WORLD: &str = "world.yaml";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where examples are.
const FOLDERS: [&str; 3] = ["examples", "examples/genesys", "examples/preconditions"];

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

/// Runs the program in the folder of the repository.
fn run(arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_waba-migrate"))
        .args(arguments)
        .current_dir(root())
        .env_clear()
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr))
}

/// The kinds of schemas that the program knows.
fn kinds() -> Vec<String> {
    let (_, told) = run(&["schema", "nothing"]);
    let (_, kinds) = told.split_once("[possible values: ").expect("kinds");
    let (kinds, _) = kinds.split_once(']').expect("an end");
    kinds.split(", ").map(str::to_owned).collect()
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
    let committed = files(&["schemas"], |name| name.ends_with(".v1.schema.json"));
    let kinds = kinds();
    assert_eq!(committed.len(), kinds.len(), "{kinds:?}");
    for kind in kinds {
        let file = format!("schemas/{kind}.v1.schema.json");
        let (schema, _) = run(&["schema", &kind]);
        let is_current = committed
            .iter()
            .any(|(path, bytes)| path.ends_with(&file) && *bytes == schema.as_bytes());
        assert!(is_current, "cargo run -- schema {kind} > {file}");
    }
}

#[test]
fn every_line_of_a_rehearsal_fits_its_schema() {
    let (schema, _) = run(&["schema", "rehearsal"]);
    let schema = serde_json::from_str(&schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let command = "rehearse examples/quickstart.yaml --format json --chaos 2";
    let (lines, _) = run(&command.split(' ').collect::<Vec<_>>());
    assert!(lines.lines().count() > 20, "{lines}");
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        assert!(validator.is_valid(&value), "{line}");
    }
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
