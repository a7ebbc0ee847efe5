//! House rules that no compiler checks: who may import whom, who may do what, how files look.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A module, and what it may know besides itself. Left of it in this list is not enough: what a
/// module has no business with is not in its row.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("phone", &[]),
    ("ids", &["phone"]),
    ("secret", &[]),
    ("clock", &[]),
    ("field", &[]),
    ("finding", &[]),
    ("yaml", &[]),
    ("journal", &["ids", "phone", "clock", "finding"]),
    (
        "api",
        &["ids", "phone", "secret", "clock", "finding", "journal"],
    ),
    ("template", &["ids", "finding"]),
    (
        "plan",
        &["ids", "phone", "secret", "finding", "yaml", "template"],
    ),
    (
        "resource",
        &[
            "ids", "field", "phone", "secret", "finding", "api", "template", "plan",
        ],
    ),
    (
        "snapshot",
        &[
            "ids", "phone", "api", "plan", "resource", "journal", "template",
        ],
    ),
    (
        "inventory",
        &[
            "ids", "field", "journal", "plan", "resource", "snapshot", "template",
        ],
    ),
    (
        "id_map",
        &["ids", "inventory", "journal", "phone", "plan", "snapshot"],
    ),
    (
        "preflight",
        &[
            "ids",
            "inventory",
            "phone",
            "finding",
            "journal",
            "plan",
            "resource",
            "snapshot",
        ],
    ),
    (
        "step",
        &[
            "ids",
            "field",
            "inventory",
            "phone",
            "secret",
            "clock",
            "finding",
            "journal",
            "api",
            "template",
            "plan",
            "resource",
            "snapshot",
            "preflight",
        ],
    ),
    (
        "changeset",
        &[
            "ids",
            "field",
            "inventory",
            "journal",
            "finding",
            "phone",
            "plan",
            "resource",
            "snapshot",
            "step",
            "preflight",
        ],
    ),
    (
        "diff",
        &[
            "ids",
            "field",
            "finding",
            "inventory",
            "phone",
            "plan",
            "resource",
            "snapshot",
            "step",
            "changeset",
        ],
    ),
    (
        "status",
        &[
            "id_map",
            "ids",
            "field",
            "inventory",
            "phone",
            "finding",
            "journal",
            "plan",
            "resource",
            "snapshot",
            "step",
            "changeset",
        ],
    ),
    (
        "apply",
        &[
            "phone",
            "ids",
            "finding",
            "journal",
            "api",
            "snapshot",
            "step",
            "changeset",
        ],
    ),
    (
        "report",
        &[
            "field",
            "inventory",
            "plan",
            "ids",
            "phone",
            "finding",
            "journal",
            "step",
            "preflight",
            "changeset",
            "diff",
            "status",
            "apply",
        ],
    ),
    (
        "sim",
        &[
            "ids", "phone", "secret", "clock", "finding", "yaml", "api", "plan", "template",
        ],
    ),
    (
        "chaos",
        &[
            "ids",
            "phone",
            "secret",
            "clock",
            "finding",
            "journal",
            "api",
            "plan",
            "snapshot",
            "step",
            "changeset",
            "apply",
            "report",
            "sim",
        ],
    ),
];

/// Crates that few files may name.
const KEPT_IN: &[(&str, &[&str])] = &[
    ("serde_saphyr", &["yaml.rs"]),
    ("rlibphonenumber", &["phone.rs"]),
    ("reqwest", &["api/http.rs"]),
    ("annotate_snippets", &["report/findings.rs"]),
    ("infer", &["plan/template_file/media.rs"]),
    (
        "unicode_properties",
        &["plan/template_file/rules/header.rs"],
    ),
    ("petgraph", &["changeset/graph.rs", "plan/rules/numbers.rs"]),
];

/// The longest file. The aim is 600; the rest is for tests beside the code.
const LONGEST: usize = 800;

struct Source {
    /// Relative to `src/`.
    name: String,
    text: String,
}

impl Source {
    /// The first part of its path: the module it belongs to.
    fn module(&self) -> &str {
        let first = self.name.split('/').next().expect("a name");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Its code without comments and without the unit tests at its end.
    fn code(&self) -> String {
        if is_test(&self.name) {
            return String::new();
        }
        let before_tests = self.text.split("#[cfg(test)]\nmod tests {").next();
        let lines = before_tests.unwrap_or_default().lines();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        lines.filter(is_code).collect::<Vec<_>>().join("\n")
    }
}

fn is_test(name: &str) -> bool {
    name.ends_with("tests.rs") || name.ends_with("testing.rs")
}

fn sources() -> Vec<Source> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    found.sort_by(|one, two| one.name.cmp(&two.name));
    assert!(found.len() > 50, "only {} files under src", found.len());
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path
                .strip_prefix(root)
                .expect("it is below")
                .to_string_lossy();
            let text = fs::read_to_string(&path).expect("a readable file");
            found.push(Source {
                name: name.replace('\\', "/"),
                text,
            });
        }
    }
}

/// Returns the modules of this crate that a piece of code names: `use crate::a`,
/// `use crate::{a::x, b}`, and `crate::a::x` in the middle of things.
fn known(code: &str) -> Vec<String> {
    let mut known = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => known.extend(group_heads(group)),
            None => known.push(head(rest)),
        }
    }
    known.retain(|name| !name.is_empty());
    known
}

fn head(text: &str) -> String {
    let is_part = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    text.trim_start().chars().take_while(is_part).collect()
}

/// The first names of a group's members; groups within are theirs.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0_usize, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(head(&group[start..at]));
                return heads;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(head(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    heads
}

#[test]
fn groups_are_taken_apart() {
    let code = "use crate::{\n    api::{http::Http, meta},\n    ids::Address, journal,\n};\nlet x = crate::plan::Plan;";
    assert_eq!(known(code), ["api", "ids", "journal", "plan"]);
}

#[test]
fn modules_know_only_what_they_may() {
    let rules: BTreeMap<_, _> = MAY_KNOW.iter().copied().collect();
    let mut broken = Vec::new();
    for source in sources() {
        let module = source.module();
        if ["cli", "lib", "main"].contains(&module) {
            continue;
        }
        let Some(may) = rules.get(module) else {
            broken.push(format!("{} belongs to no module of the list", source.name));
            continue;
        };
        for other in known(&source.code()) {
            if other != module && !may.contains(&other.as_str()) {
                broken.push(format!("{} knows {other}", source.name));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn the_simulator_knows_plans_and_transports_only_where_it_must() {
    for source in sources().iter().filter(|source| source.module() == "sim") {
        let code = source.code();
        // World files are shown with the same excerpts as plans.
        let excerpts = code.replace("plan::text::Text,", "");
        let plan = known(&excerpts).iter().any(|module| module == "plan");
        assert!(
            !plan || source.name == "sim/seed.rs",
            "{} knows plans",
            source.name
        );
        assert!(
            !code.contains("api::meta") && !code.contains("api::http"),
            "{}",
            source.name
        );
    }
}

#[test]
fn some_crates_stay_in_few_files() {
    for (name, home) in KEPT_IN {
        let uses = |source: &&Source| source.code().contains(&format!("{name}::"));
        let users: Vec<_> = sources()
            .iter()
            .filter(uses)
            .map(|source| source.name.clone())
            .collect();
        assert_eq!(users, *home, "{name}");
    }
}

#[test]
fn few_files_touch_the_disk_and_the_environment() {
    let allowed = [
        "chaos/disk.rs",
        "cli/files.rs",
        "cli/rehearse.rs",
        "cli/reports.rs",
        "cli/secrets.rs",
        "cli/session.rs",
        "cli/whoami.rs",
        "cli/whole_file.rs",
        "journal/file.rs",
        "journal/lease.rs",
        "journal/lock.rs",
        "journal/read.rs",
    ];
    for source in sources() {
        let code = source.code();
        let touches = [
            "std::fs",
            "std::env",
            "fs::{self",
            "tokio::fs",
            "File::",
            "tempfile::",
        ];
        let touches = touches.iter().any(|word| code.contains(word));
        let is_main = source.name == "main.rs";
        assert!(
            !touches || is_main || allowed.contains(&source.name.as_str()),
            "{}",
            source.name
        );
    }
}

#[test]
fn few_files_hold_the_right_to_change() {
    let mut holders: Vec<_> = sources()
        .iter()
        .filter(|source| {
            ["Writer", "Writes"]
                .iter()
                .any(|word| source.code().contains(word))
        })
        .map(|source| source.name.clone())
        .collect();
    holders.retain(|name| !name.starts_with("api/"));
    assert_eq!(
        holders,
        [
            "chaos/connections.rs",
            "cli/apply/run.rs",
            "cli/verify_code.rs",
            "step/context.rs"
        ]
    );
}

#[test]
fn one_file_registers_numbers() {
    let calls = |source: &&Source| {
        let code = source.code();
        code.contains("write::register(") || code.contains("write::activate(")
    };
    let callers: Vec<_> = sources()
        .iter()
        .filter(calls)
        .map(|source| source.name.clone())
        .collect();
    assert_eq!(callers, ["step/clearance.rs"]);
}

/// A write whose answer was lost is looked up before anything is repeated. How, or which rule holds
/// where nothing can be looked up, stands at the top of the file that sends it.
#[test]
fn every_step_that_writes_says_what_holds_in_doubt() {
    let header = |source: &Source| {
        let lines = source.text.lines();
        let header = lines.take_while(|line| line.starts_with("//!"));
        header.collect::<Vec<_>>().join("\n")
    };
    let writes = |source: &&Source| {
        let code: String = source.code().split_whitespace().collect();
        source.module() == "step" && (code.contains("write::") || code.contains("cx.write("))
    };
    let sources = sources();
    let writing: Vec<_> = sources.iter().filter(writes).collect();
    assert!(writing.len() >= 14, "only {} steps write", writing.len());
    for source in writing {
        // The call is made there, and decided on here.
        let name = match source.name.as_str() {
            "step/clearance.rs" => "step/register.rs",
            name => name,
        };
        let says = sources.iter().find(|source| source.name == name);
        let header = says.map(header).unwrap_or_default();
        assert!(header.contains("\n//! In doubt: "), "{}", source.name);
    }
}

/// Every test that the README names beside a promise, as `file::name`.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that reads the repository's own files"
)]
fn every_promise_names_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("a README");
    let (_, promises) = readme.split_once("## What it promises").expect("promises");
    let (promises, _) = promises.split_once("\n## ").expect("more after it");
    let rows = promises.lines().filter(|line| line.starts_with("| **"));
    let mut named = 0;
    for row in rows {
        let (_, tests) = row
            .trim_end_matches(" |")
            .rsplit_once(" | ")
            .expect("a table");
        for test in tests.split(", ") {
            let (file, name) = test.trim_matches('`').split_once("::").expect("file::name");
            let places = ["", "migration/", "program/", "chaos/"];
            let found = places.iter().any(|place| {
                let files = [format!("{place}{file}.rs"), format!("{file}/main.rs")];
                files.iter().any(|file| {
                    let text = fs::read_to_string(root.join("tests").join(file));
                    text.is_ok_and(|text| text.contains(&format!("fn {name}()")))
                })
            });
            assert!(found, "{test} is no test");
            named += 1;
        }
    }
    assert!(named > 15, "only {named} tests are named");
}

#[test]
fn the_library_prints_nothing() {
    for source in sources().iter().filter(|source| source.module() != "cli") {
        let code = source.code();
        for word in ["println!", "eprintln!", "print!(", "stdout()", "stderr()"] {
            assert!(!code.contains(word), "{} has {word}", source.name);
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    for source in sources() {
        assert!(
            source.text.starts_with("//! "),
            "{} does not say what it is for",
            source.name
        );
        let lines = source.text.lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", source.name);
    }
}
