//! `rehearse --chaos`, as it is typed.

use assert_cmd::Command;
use serde_json::Value;

fn rehearse(arguments: &[&str]) -> std::process::Output {
    let mut command = Command::cargo_bin("waba-migrate").expect("the program is built");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.arg("rehearse").args(arguments);
    command.output().expect("it runs")
}

fn told(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn a_seed_plays_the_same_again_and_is_told_in_one_line() {
    let play = || {
        let arguments = "examples/quickstart.yaml --chaos 3 --seed 7 --format json";
        let arguments: Vec<_> = arguments.split(' ').collect();
        let output = rehearse(&arguments);
        assert_eq!(output.status.code(), Some(0));
        told(&output).lines().last().expect("a line").to_owned()
    };
    let line = play();
    let sums: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(sums["event"], "chaos");
    assert_eq!(sums["plays"], 3);
    assert_eq!(sums["failures"], serde_json::json!([]));
    assert_eq!(play(), line);
}

#[test]
fn people_read_what_went_wrong_and_how_often() {
    let output = rehearse(&["examples/quickstart.yaml", "--chaos", "2"]);
    let told = told(&output);
    for part in [
        "2 plays with faults, seeds 1 to 2: the end was right, and every promise was kept.",
        "Runs until all was done",
        "Faults that struck",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!String::from_utf8_lossy(&output.stderr).contains("WARN"));
}

#[test]
fn a_seed_without_plays_means_nothing() {
    let output = rehearse(&["examples/quickstart.yaml", "--seed", "2"]);
    assert_eq!(output.status.code(), Some(1));
}
