//! `graph`: every form of every example, files that are whole, and plans that are not valid.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::bench::{Bench, assert_code, stderr, stdout};

const QUICKSTART: &str = include_str!("../../examples/quickstart.yaml");

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("quickstart.yaml", QUICKSTART);
    bench
}

/// The plans among the examples.
fn examples() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = fs::read_dir(folder).expect("the examples");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    let names = paths.map(|path| path.display().to_string());
    let is_plan = |name: &String| name.ends_with(".yaml") && !name.ends_with(".world.yaml");
    let mut plans: Vec<_> = names.filter(is_plan).collect();
    plans.sort();
    assert!(plans.len() >= 4, "the examples are gone");
    plans
}

#[test]
fn every_form_of_every_example_is_the_same_each_time() {
    let bench = bench();
    for plan in examples() {
        for (flags, begins) in [
            (&["--as", "text"][..], "Graph "),
            (&["--as", "dot"], "digraph \""),
            (&["--as", "mermaid"], "flowchart LR\n"),
            (
                &["--as", "svg"],
                "<svg xmlns=\"http://www.w3.org/2000/svg\"",
            ),
            (&["--format", "markdown"], "```mermaid\nflowchart LR\n"),
            (&["--format", "json"], "{\n  \"format_version\": \"1.0\""),
        ] {
            let arguments = [&["graph", plan.as_str()][..], flags].concat();
            let first = bench.run(&arguments);
            assert_code(&first, 0);
            assert!(stdout(&first).starts_with(begins), "{plan} {flags:?}");
            assert_eq!(first.stderr, b"", "{plan} {flags:?}");
            assert_eq!(first.stdout, bench.run(&arguments).stdout, "{plan}");
        }
    }
}

#[test]
fn the_tree_marks_gates_the_point_of_no_return_and_the_critical_path() {
    let shown = stdout(&bench().run(&["graph", "quickstart.yaml"]));
    for expected in [
        "Prepare (no traffic is touched)\n",
        "*    ├─ ? two_step_off (the source's owner)\n",
        "*    ├─ ! register (point of no return, window night) after",
        "10 steps, 1 gate, 2 waits, 1 point of no return.\n",
        "+4930901820 two_step_off -> register\n  -> live -> profile\n",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn programs_get_nodes_and_edges() {
    let output = bench().run(&["graph", "quickstart.yaml", "--format", "json"]);
    let graph: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let addresses: Vec<_> = graph["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["address"])
        .collect();
    for edge in graph["edges"].as_array().unwrap() {
        assert!(addresses.contains(&&edge["from"]), "{edge}");
        assert!(addresses.contains(&&edge["to"]), "{edge}");
    }
    let path = graph["critical_path"].as_array().unwrap();
    assert_eq!(path[0], "number[\"+4930901820\"].two_step_off");
    assert_eq!(path.len(), 4);
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test looks at what was written"
)]
fn a_file_is_written_whole_and_without_colours_or_not_at_all() {
    let bench = bench();
    let plain = bench.run(&["graph", "quickstart.yaml"]);
    let arguments = ["graph", "quickstart.yaml", "--color", "always", "-o"];
    let output = bench.run(&[&arguments[..], &["graph.txt"]].concat());
    assert_code(&output, 0);
    assert_eq!(output.stdout, b"");
    assert_eq!(fs::read(bench.path("graph.txt")).unwrap(), plain.stdout);
    let nowhere = bench.run(&[&arguments[..], &["nowhere/graph.txt"]].concat());
    assert_code(&nowhere, 1);
    assert!(stderr(&nowhere).contains("cannot write nowhere/graph.txt"));
    let left = fs::read_dir(bench.path("")).unwrap().count();
    assert_eq!(left, 2, "nothing but the plan and the graph");
}

#[test]
fn an_invalid_plan_has_no_graph() {
    let bench = bench();
    bench.write(
        "bad.yaml",
        &QUICKSTART.replace("version: 1", "version: 1\ncolour: red"),
    );
    let output = bench.run(&["graph", "bad.yaml", "--as", "svg", "-o", "graph.svg"]);
    assert_code(&output, 3);
    assert!(stdout(&output).contains("colour"));
    assert!(!bench.path("graph.svg").exists());
    assert_code(&bench.run(&["graph", "quickstart.yaml", "--as", "png"]), 1);
}
