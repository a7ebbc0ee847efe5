//! The committed schemas are those of the types, and the examples fit them.

use std::{fs, path::PathBuf};

use waba_migrate::plan::{
    document,
    load::{Source, load},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns name and bytes of every example plan.
#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn examples() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = fs::read_dir(root().join("examples"))
        .expect("a folder of examples")
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| {
            (
                path.file_name()
                    .expect("an entry has a name")
                    .to_string_lossy()
                    .into_owned(),
                path,
            )
        })
        .filter(|(name, _)| name.ends_with(".yaml") && !name.ends_with(".world.yaml"))
        .map(|(name, path)| (name, fs::read(path).expect("a readable file")))
        .collect();
    found.sort();
    assert!(found.len() >= 2, "the examples are gone");
    found
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn the_committed_schema_of_plans_is_current() {
    let expected = serde_json::to_string_pretty(&document::schema()).unwrap() + "\n";
    let committed = fs::read_to_string(root().join("schemas/plan.v1.schema.json")).unwrap();
    assert!(
        committed == expected,
        "regenerate it: cargo run -- schema plan > schemas/plan.v1.schema.json"
    );
}

#[test]
fn every_example_fits_the_schema() {
    let validator = jsonschema::validator_for(&document::schema()).unwrap();
    for (name, bytes) in examples() {
        let value: serde_json::Value = serde_yaml::from_slice(&bytes).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_example_is_a_valid_plan() {
    for (name, bytes) in examples() {
        let path = root().join("examples").join(&name);
        let loaded = load(Source {
            name: &name,
            path: &path,
            bytes: &bytes,
        });
        assert_eq!(loaded.findings, Vec::new(), "{name}");
        assert!(loaded.plan.is_some(), "{name}");
    }
}
