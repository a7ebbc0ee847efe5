//! What is checked of the pipeline for GitLab, and how its jobs are put together.

use serde_yaml::{Mapping, Value};

use crate::{syntax_errors, text_of};

const PIPELINE: &str = "examples/ci/gitlab/.gitlab-ci.yml";

/// Keys of a pipeline that are no jobs.
/// Source: <https://docs.gitlab.com/ci/yaml/>
const GLOBAL: &[&str] = &["default", "include", "stages", "variables", "workflow"];
const IN_JOB: &[&str] = &[
    "after_script",
    "allow_failure",
    "artifacts",
    "before_script",
    "cache",
    "environment",
    "extends",
    "image",
    "interruptible",
    "needs",
    "resource_group",
    "retry",
    "rules",
    "script",
    "services",
    "stage",
    "tags",
    "timeout",
    "variables",
    "when",
];
const INSIDE: &[(&str, &[&str])] = &[
    ("allow_failure", &["exit_codes"]),
    (
        "artifacts",
        &["access", "expire_in", "name", "paths", "reports", "when"],
    ),
    ("cache", &["key", "paths", "policy", "when"]),
    ("environment", &["name", "url", "action", "deployment_tier"]),
    (
        "rules",
        &[
            "if",
            "changes",
            "exists",
            "when",
            "allow_failure",
            "variables",
        ],
    ),
];

/// A job with all that it extends.
pub(crate) struct Job {
    pub(crate) keys: Mapping,
}

impl Job {
    fn text(&self, key: &str) -> Option<&str> {
        self.keys.get(key).and_then(Value::as_str)
    }

    /// Returns what runs, as one script: all lines share a shell.
    pub(crate) fn script(&self) -> String {
        let lines = ["before_script", "script"].map(|key| strings(self.keys.get(key)));
        lines.concat().join("\n")
    }

    /// Returns the variables of the job, as written.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        variables(self.keys.get("variables"))
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_sequence).into_iter().flatten();
    all.map(|line| {
        line.as_str()
            .expect("lines of a script are text")
            .to_owned()
    })
    .collect()
}

fn variables(value: Option<&Value>) -> Vec<(String, String)> {
    let all = value.and_then(Value::as_mapping).into_iter().flatten();
    all.map(|(name, value)| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        (text(name), text(value))
    })
    .collect()
}

/// The pipeline.
pub(crate) struct Pipeline {
    value: Mapping,
}

impl Pipeline {
    /// Reads it.
    pub(crate) fn read() -> Self {
        Self::parse(&text_of(PIPELINE))
    }

    fn parse(text: &str) -> Self {
        let value: Value = serde_yaml::from_str(text).expect("YAML");
        Self {
            value: value.as_mapping().expect("keys").clone(),
        }
    }

    /// Returns the variables of all jobs.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        variables(self.value.get("variables"))
    }

    /// Returns a job with what it extends: maps are joined, all else is replaced.
    pub(crate) fn job(&self, name: &str) -> Option<Job> {
        let own = self.value.get(name)?.as_mapping()?;
        let mut keys = Mapping::new();
        let parents = match own.get("extends") {
            Some(Value::String(one)) => vec![one.clone()],
            more => strings(more),
        };
        for parent in parents {
            join(&mut keys, &self.job(&parent)?.keys);
        }
        join(&mut keys, own);
        keys.remove("extends");
        Some(Job { keys })
    }

    fn names(&self) -> Vec<&str> {
        let names = self.value.keys().map(|name| name.as_str().expect("a name"));
        names.filter(|name| !GLOBAL.contains(name)).collect()
    }

    fn problems(&self) -> Vec<String> {
        let stages = strings(self.value.get("stages"));
        let mut found = Vec::new();
        for name in self.names() {
            let own = self.value.get(name).and_then(Value::as_mapping);
            for key in own
                .into_iter()
                .flat_map(Mapping::keys)
                .filter_map(Value::as_str)
            {
                if !IN_JOB.contains(&key) {
                    found.push(format!("{name}: unknown key {key}"));
                }
            }
            match self.job(name) {
                Some(job) if !name.starts_with('.') => job.check(name, &stages, self, &mut found),
                Some(_) => {}
                None => found.push(format!("{name}: extends what does not exist")),
            }
        }
        found
    }
}

fn join(keys: &mut Mapping, more: &Mapping) {
    for (key, value) in more {
        match (keys.get_mut(key), value) {
            (Some(Value::Mapping(old)), Value::Mapping(new)) => join(old, new),
            _ => {
                keys.insert(key.clone(), value.clone());
            }
        }
    }
}

impl Job {
    fn check(&self, name: &str, stages: &[String], whole: &Pipeline, found: &mut Vec<String>) {
        let mut check = |holds: bool, problem: &str| {
            if !holds {
                found.push(format!("{name}: {problem}"));
            }
        };
        let stage = self.text("stage").unwrap_or("test");
        check(
            stages.iter().any(|one| one == stage),
            &format!("stage {stage} does not exist"),
        );
        for need in strings(self.keys.get("needs")) {
            check(
                whole.job(&need).is_some(),
                &format!("needs {need}, which does not exist"),
            );
        }
        check(self.keys.contains_key("rules"), "no rules");
        check(self.keys.contains_key("timeout"), "no timeout");
        let script = self.script();
        check(
            script.starts_with("set -euo pipefail\n"),
            "goes on after errors",
        );
        let errors = syntax_errors(&script);
        check(errors.is_empty(), &errors);
        for (key, allowed) in INSIDE {
            for unknown in unknown_keys(self.keys.get(*key), allowed) {
                check(false, &format!("{key}: unknown key {unknown}"));
            }
        }
        // Titles and branch names come from strangers; all that the scripts use is made of digits.
        for hostile in [
            "$CI_MERGE_REQUEST_TITLE",
            "$CI_COMMIT_MESSAGE",
            "$CI_COMMIT_REF_NAME",
            "eval ",
        ] {
            check(!script.contains(hostile), &format!("{hostile} in a script"));
        }
        if script.contains("waba-migrate apply") {
            check(
                self.text("resource_group").is_some(),
                "apply has no resource group",
            );
            check(
                self.keys.contains_key("environment"),
                "apply has no environment",
            );
            let deadline = self
                .variables()
                .into_iter()
                .find(|(name, _)| name == "DEADLINE");
            let deadline = deadline.and_then(|(_, value)| minutes(&value, "m"));
            let limit = self
                .text("timeout")
                .and_then(|value| minutes(value, " minutes"));
            check(
                deadline.is_some() && deadline < limit,
                "the deadline is not below the time limit",
            );
        }
    }
}

fn minutes(text: &str, unit: &str) -> Option<u32> {
    text.strip_suffix(unit)?.parse().ok()
}

fn unknown_keys(value: Option<&Value>, allowed: &[&str]) -> Vec<String> {
    let parts = match value {
        Some(Value::Sequence(parts)) => parts.clone(),
        Some(part @ Value::Mapping(_)) => vec![part.clone()],
        _ => Vec::new(),
    };
    let keys = parts
        .iter()
        .filter_map(Value::as_mapping)
        .flat_map(Mapping::keys);
    let keys = keys
        .filter_map(Value::as_str)
        .filter(|key| !allowed.contains(key));
    keys.map(str::to_owned).collect()
}

#[test]
fn the_pipeline_has_no_problem() {
    let pipeline = Pipeline::read();
    let found = pipeline.problems();
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(
        strings(pipeline.value.get("stages")),
        ["validate", "plan", "apply", "drift"]
    );
    let job = |name| pipeline.job(name).expect("a job");
    // Parked is no failure; the approval is the manual start; both jobs that write share a guard.
    for name in ["apply", "continue"] {
        let codes = &job(name).keys["allow_failure"]["exit_codes"];
        assert_eq!(codes[0].as_i64(), Some(5), "{name}");
        assert_eq!(job(name).text("resource_group"), Some("waba-migrate-acme"));
    }
    assert_eq!(
        job("apply").keys["rules"][0]["when"].as_str(),
        Some("manual")
    );
    let reports = &job("plan").keys["artifacts"]["reports"];
    assert!(reports.get("terraform").is_some() && reports.get("junit").is_some());
}

#[test]
fn every_rule_finds_what_it_is_for() {
    let bad = r#"
stages: [one]
.base: { imag: x }
first:
  extends: .base
  stage: two
  needs: [nobody]
  artifacts: { path: [x] }
  script: ["waba-migrate apply $CI_MERGE_REQUEST_TITLE", "if"]
second: { extends: .nothing }
"#;
    let found = Pipeline::parse(bad).problems().join("\n");
    let expected = [
        ".base: unknown key imag",
        "first: stage two does not exist",
        "first: needs nobody, which does not exist",
        "first: no rules",
        "first: no timeout",
        "first: goes on after errors",
        "first: bash: line",
        "first: artifacts: unknown key path",
        "first: $CI_MERGE_REQUEST_TITLE in a script",
        "first: apply has no resource group",
        "first: apply has no environment",
        "first: the deadline is not below the time limit",
        "second: extends what does not exist",
    ];
    for problem in expected {
        assert!(
            found.contains(problem),
            "{problem} was not found in\n{found}"
        );
    }
}
