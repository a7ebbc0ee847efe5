//! The pipelines in `examples/ci` and the workflows of this repository: what they say is checked, and
//! the shell in them runs against a simulator, with stand-ins for `gh` and `curl`.
//!
//! What a stand-in does not do is read `--jq` filters; they are the only part that no test runs.
//! The pipelines are for Linux, with GNU's tools and a current Bash, so the tests are, too.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "tests of the program use the rest")]
#[path = "../program/bench.rs"]
mod bench;
mod expression;
mod github_lint;
mod github_run;
mod github_runner;
mod gitlab_lint;
mod gitlab_run;
mod site;

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Returns the path of a file of the repository.
fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns a file of the repository.
#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn text_of(path: &str) -> String {
    fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns what Bash has against the syntax of a script.
fn syntax_errors(script: &str) -> String {
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut input = bash.stdin.take().expect("it is piped");
    input.write_all(script.as_bytes()).expect("bash reads");
    drop(input);
    let output = bash.wait_with_output().expect("bash ends");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
