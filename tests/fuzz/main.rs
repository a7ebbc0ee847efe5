//! A bounded run of the fuzz targets: every file of `fuzz/corpus`, and changes to it that are the same
//! every time. `cargo fuzz run TARGET` searches on, see CONTRIBUTING.md.

mod bodies;
mod mutation;

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use mutation::{Random, mutated};

/// One input a reader might meet.
struct Input {
    name: String,
    bytes: Vec<u8>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn corpus(target: &str) -> Vec<Input> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let files = fs::read_dir(folder.join(target)).expect("a corpus");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.retain(|file| !is_of_a_search(file));
    files.sort();
    assert!(!files.is_empty(), "there is no corpus for {target}");
    let input = |path: &PathBuf| Input {
        name: format!("{target}/{}", path.file_name().expect("a name").display()),
        bytes: fs::read(path).expect("a readable file"),
    };
    files.iter().map(input).collect()
}

/// Whether a search left it, and nobody has given it a name: 40 hexadecimal digits.
fn is_of_a_search(file: &Path) -> bool {
    let name = file.file_name().expect("a name").as_encoded_bytes();
    name.len() == 40 && name.iter().all(u8::is_ascii_hexdigit)
}

/// Runs every input of a target, and `rounds` changed ones of each.
#[track_caller]
fn run(target: &str, rounds: u64, body: fn(&[u8])) {
    let inputs = corpus(target);
    for (at, input) in inputs.iter().enumerate() {
        try_out(body, &input.name, None, &input.bytes);
        for round in 0..rounds {
            let seed = (at as u64) << 32 | round;
            let mut random = Random(seed);
            let other = &inputs[(at + 1 + round as usize) % inputs.len()];
            let changed = mutated(&input.bytes, &other.bytes, &mut random);
            try_out(body, &input.name, Some(seed), &changed);
        }
    }
}

/// Runs one input. One that fails is printed, so that it can be kept.
#[track_caller]
fn try_out(body: fn(&[u8]), name: &str, seed: Option<u64>, bytes: &[u8]) {
    if catch_unwind(|| body(bytes)).is_err() {
        let seed = seed.map_or("as it is".to_owned(), |seed| format!("seed {seed:#x}"));
        panic!("{name} fails, {seed}; in hex: {}", hex::encode(bytes));
    }
}

#[test]
fn plans_and_template_files() {
    run("plan", 30, bodies::plan);
}

#[test]
fn worlds() {
    run("world", 40, bodies::world);
}

#[test]
fn change_sets() {
    run("change_set", 100, bodies::change_set);
}

#[test]
fn journals() {
    run("journal", 50, bodies::journal);
}

#[test]
fn answers_of_the_api() {
    run("answers", 40, bodies::answers);
}

#[test]
fn the_corpus_stays_small() {
    let targets = ["plan", "world", "change_set", "journal", "answers"];
    let inputs: Vec<Input> = targets.into_iter().flat_map(corpus).collect();
    for input in &inputs {
        assert!(input.bytes.len() <= 16 * 1024, "{} is large", input.name);
    }
    let whole: usize = inputs.iter().map(|input| input.bytes.len()).sum();
    assert!(whole < 500 * 1024, "the corpus has {whole} bytes");
}
