//! What is checked of every workflow and action.

use std::collections::BTreeSet;

use github_actions_models::{
    action::Action,
    common::{If, Permissions, Uses, expr::LoE},
    workflow::{
        Concurrency, Job, Workflow,
        job::{NormalJob, Step, UsesStep},
    },
};
use serde_yaml::Value;

use crate::{expression, syntax_errors, text_of};

const ACTION: &str = "examples/ci/github/action.yml";
const HERE: &str = "./.github/actions/waba-migrate";

const IN_WORKFLOW: &[&str] = &["name", "on", "permissions", "env", "concurrency", "jobs"];
const IN_JOB: &[&str] = &[
    "name",
    "needs",
    "if",
    "runs-on",
    "timeout-minutes",
    "permissions",
    "environment",
    "concurrency",
    "outputs",
    "env",
    "strategy",
    "steps",
];
const IN_STEP: &[&str] = &["id", "name", "if", "uses", "with", "run", "shell", "env"];
const IN_ACTION: &[&str] = &["name", "description", "inputs", "outputs", "runs"];

/// Where a key may use which contexts.
/// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#context-availability>
const JOB_KEYS: &[(&str, &[&str])] = &[
    ("if", &["github", "needs", "vars", "inputs"]),
    (
        "runs-on",
        &["github", "needs", "strategy", "matrix", "vars", "inputs"],
    ),
    (
        "environment",
        &["github", "needs", "strategy", "matrix", "vars", "inputs"],
    ),
    (
        "concurrency",
        &["github", "needs", "strategy", "matrix", "vars", "inputs"],
    ),
    (
        "name",
        &["github", "needs", "strategy", "matrix", "vars", "inputs"],
    ),
    (
        "outputs",
        &[
            "github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets",
            "steps", "inputs",
        ],
    ),
    (
        "env",
        &[
            "github", "needs", "strategy", "matrix", "vars", "secrets", "inputs",
        ],
    ),
];
const WORKFLOW_KEYS: &[(&str, &[&str])] = &[
    ("concurrency", &["github", "inputs", "vars"]),
    ("env", &["github", "secrets", "inputs", "vars"]),
];
const STEP: &[&str] = &[
    "github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "steps",
    "inputs",
];

/// The actions that are used, with the inputs that are used of them.
const INPUTS: &[(&str, &[&str])] = &[
    ("actions/checkout", &["persist-credentials"]),
    ("actions/cache/restore", &["path", "key", "restore-keys"]),
    ("actions/cache/save", &["path", "key"]),
    (
        "actions/upload-artifact",
        &[
            "name",
            "path",
            "if-no-files-found",
            "overwrite",
            "retention-days",
            "include-hidden-files",
        ],
    ),
    ("actions/download-artifact", &["name", "path"]),
    (
        "github/codeql-action/upload-sarif",
        &["sarif_file", "category"],
    ),
];

/// Everything that was found in one file.
struct Lint<'a> {
    path: &'a str,
    found: Vec<String>,
    /// What may be used after `steps.`, `needs.`, `env.` and `inputs.`.
    known: BTreeSet<String>,
}

impl Lint<'_> {
    fn check(&mut self, holds: bool, problem: impl Into<String>) {
        if !holds {
            self.found
                .push(format!("{}: {}", self.path, problem.into()));
        }
    }

    fn keys(&mut self, value: &Value, allowed: &[&str], place: &str) {
        for (key, _) in value.as_mapping().into_iter().flatten() {
            let key = key.as_str().unwrap_or("on");
            self.check(
                allowed.contains(&key),
                format!("{place}: unknown key {key}"),
            );
        }
    }

    /// Checks every expression below a value.
    fn expressions(&mut self, value: &Value, contexts: &[&str], place: &str) {
        match value {
            Value::String(text) => {
                for inner in expression::within(text) {
                    self.expression(inner, contexts, place);
                }
            }
            Value::Sequence(values) => {
                for value in values {
                    self.expressions(value, contexts, place);
                }
            }
            Value::Mapping(values) => {
                for (_, value) in values {
                    self.expressions(value, contexts, place);
                }
            }
            _ => {}
        }
    }

    /// Checks an `if:`, which needs no fence.
    fn condition(&mut self, value: Option<&Value>, contexts: &[&str], place: &str) {
        let Some(text) = value.and_then(Value::as_str) else {
            return;
        };
        let fenced = text.contains("${{");
        let bare = [text];
        let all = if fenced {
            expression::within(text)
        } else {
            bare.to_vec()
        };
        for inner in all {
            self.expression(inner, contexts, place);
        }
    }

    fn expression(&mut self, inner: &str, allowed: &[&str], place: &str) {
        let used = match expression::contexts(inner) {
            Ok(used) => used,
            Err(error) => return self.check(false, format!("{place}: {inner}: {error}")),
        };
        for name in used {
            let parts: Vec<_> = name.split('.').collect();
            let known = match parts[..] {
                ["steps", id, "outputs", output] => format!("steps.{id}.outputs.{output}"),
                ["needs", job, "outputs", output] => format!("needs.{job}.outputs.{output}"),
                ["env" | "inputs" | "matrix", one] => format!("{}.{one}", parts[0]),
                ["steps" | "needs" | "env" | "inputs" | "matrix", ..] => name.clone(),
                _ => String::new(),
            };
            self.check(
                allowed.contains(&parts[0]),
                format!("{place}: {name} is not to be had here"),
            );
            let is_known = known.is_empty() || self.known.contains(&known);
            self.check(is_known, format!("{place}: {name} does not exist"));
        }
    }

    fn remember_env(&mut self, value: &Value) {
        for (key, _) in value["env"].as_mapping().into_iter().flatten() {
            let key = key.as_str().expect("a name");
            self.known.insert(format!("env.{key}"));
        }
    }

    /// Checks a step of a job or an action, and remembers what it gives to later ones.
    fn step(&mut self, step: &Value, place: &str) {
        self.keys(step, IN_STEP, place);
        let before = self.known.clone();
        self.remember_env(step);
        let no_secrets: Vec<_> = STEP
            .iter()
            .filter(|name| **name != "secrets")
            .copied()
            .collect();
        self.condition(step.get("if"), &no_secrets, &format!("{place}.if"));
        self.expressions(&step["env"], STEP, &format!("{place}.env"));
        self.expressions(&step["with"], STEP, &format!("{place}.with"));
        self.known = before;
        let run = step["run"].as_str().unwrap_or_default();
        self.shell(run, step["shell"].as_str(), place);
        if let Some(id) = step["id"].as_str() {
            self.outputs_of(id, run);
        }
    }

    fn shell(&mut self, run: &str, shell: Option<&str>, place: &str) {
        self.check(
            !run.contains("${{"),
            format!("{place}: an expression within run"),
        );
        let errors = syntax_errors(run);
        self.check(errors.is_empty(), format!("{place}: {errors}"));
        if run.trim().contains('\n') {
            self.check(
                run.starts_with("set -euo pipefail\n"),
                format!("{place}: goes on after errors"),
            );
            self.check(shell == Some("bash"), format!("{place}: shell is not bash"));
        }
    }

    /// Remembers what a script writes to GITHUB_OUTPUT.
    fn outputs_of(&mut self, id: &str, run: &str) {
        for line in run.lines().filter(|line| line.contains("GITHUB_OUTPUT")) {
            for part in line.split("echo \"").skip(1) {
                if let Some((name, _)) = part.split_once('=') {
                    self.known.insert(format!("steps.{id}.outputs.{name}"));
                }
            }
        }
    }

    /// Checks that what comes from elsewhere is a commit, and that its version is told.
    fn pins(&mut self, text: &str) {
        for line in text.lines() {
            let Some((_, used)) = line.split_once("uses: ") else {
                continue;
            };
            let (used, version) = used.split_once(" # ").unwrap_or((used, ""));
            let Some((action, commit)) = used.split_once('@') else {
                self.check(used == HERE, format!("{used} is not pinned"));
                continue;
            };
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            // This repository's own workflows hold no secret: a version of GitHub's actions will do.
            let is_version = !self.path.starts_with("examples/")
                && action.starts_with("actions/")
                && commit.starts_with('v');
            self.check(
                is_version || is_commit && version.starts_with('v'),
                format!("{used} is not pinned"),
            );
        }
    }

    fn uses(&mut self, step: &UsesStep, place: &str) {
        let with: Vec<String> = match &step.with {
            LoE::Literal(with) => with.keys().cloned().collect(),
            LoE::Expr(_) => Vec::new(),
        };
        match &step.uses {
            Uses::Local(local) if local.raw() == HERE && self.path.starts_with("examples/") => {
                let action: Action = serde_yaml::from_str(&text_of(ACTION)).expect("an action");
                for name in with {
                    self.check(
                        action.inputs.contains_key(&name),
                        format!("{place}: no input {name}"),
                    );
                }
            }
            Uses::Repository(used) => {
                let name = used.raw().split('@').next().unwrap_or_default();
                let inputs = INPUTS.iter().find(|(action, _)| *action == name);
                for input in &with {
                    let is_known = inputs.is_some_and(|(_, known)| known.contains(&input.as_str()));
                    self.check(is_known, format!("{place}: {name} has no input {input}"));
                }
                let is_checkout = used.slug() == "actions/checkout";
                let kept = !with.iter().any(|name| name == "persist-credentials");
                self.check(
                    !(is_checkout && kept),
                    format!("{place}: the checkout keeps its credentials"),
                );
            }
            other => self.check(false, format!("{place}: {other:?} is not known")),
        }
    }

    fn job(&mut self, name: &str, job: &NormalJob, value: &Value, whole: &Workflow) {
        self.keys(value, IN_JOB, name);
        self.check(
            job.timeout_minutes.is_some(),
            format!("{name}: no timeout-minutes"),
        );
        let explicit = |permissions: &Permissions| matches!(permissions, Permissions::Explicit(_));
        let limited = explicit(&job.permissions) || explicit(&whole.permissions);
        self.check(limited, format!("{name}: permissions are not limited"));
        let before = self.known.clone();
        for need in &job.needs {
            let Some(Job::NormalJob(needed)) = whole.jobs.get(need) else {
                self.check(false, format!("{name}: needs {need}, which does not exist"));
                continue;
            };
            for output in needed.outputs.keys() {
                self.known.insert(format!("needs.{need}.outputs.{output}"));
            }
        }
        for (key, _) in value["strategy"]["matrix"]
            .as_mapping()
            .into_iter()
            .flatten()
        {
            self.known
                .insert(format!("matrix.{}", key.as_str().expect("a name")));
        }
        self.remember_env(value);
        for (at, step) in value["steps"]
            .as_sequence()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let place = format!("{name}.steps[{at}]");
            self.step(step, &place);
            if let Some(Step::Uses(step)) = job.steps.get(at) {
                self.uses(step, &place);
            }
        }
        for (key, contexts) in JOB_KEYS {
            let place = format!("{name}.{key}");
            match *key {
                "if" => self.condition(value.get("if"), contexts, &place),
                _ => self.expressions(&value[*key], contexts, &place),
            }
        }
        self.known = before;
        self.secrets(name, job, value, whole);
        self.applies(name, job, value);
    }

    /// Pull requests of strangers get no secret, and no workflow runs their code with rights.
    fn secrets(&mut self, name: &str, job: &NormalJob, value: &Value, whole: &Workflow) {
        let text = serde_yaml::to_string(value).expect("YAML");
        let on = format!("{:?}", whole.on.syntax);
        self.check(!on.contains("PullRequestTarget"), "pull_request_target");
        let of_pull_request = !matches!(
            whole.on.events.pull_request,
            github_actions_models::workflow::event::OptionalBody::Missing
        );
        let only_own = match &job.r#if {
            Some(If::Expr(condition)) => {
                condition.contains("head.repo.full_name == github.repository")
            }
            _ => false,
        };
        let uses = text.contains("secrets.");
        self.check(
            !of_pull_request || !uses || only_own,
            format!("{name}: secrets for pull requests of strangers"),
        );
    }

    /// What writes is guarded: one at a time, approved, and with time to end.
    fn applies(&mut self, name: &str, job: &NormalJob, value: &Value) {
        let text = serde_yaml::to_string(value).expect("YAML");
        if !text.contains("waba-migrate apply") {
            return;
        }
        let alone = matches!(
            &job.concurrency,
            Some(Concurrency::Rich {
                cancel_in_progress: LoE::Literal(false),
                ..
            })
        );
        self.check(alone, format!("{name}: apply has no concurrency guard"));
        self.check(
            job.environment.is_some(),
            format!("{name}: apply has no environment"),
        );
        let deadline = text
            .split("DEADLINE: ")
            .nth(1)
            .and_then(|rest| rest.split('m').next());
        let deadline: Option<f64> = deadline.and_then(|minutes| minutes.parse().ok());
        let limit = match &job.timeout_minutes {
            Some(LoE::Literal(minutes)) => Some(*minutes),
            _ => None,
        };
        self.check(
            deadline.is_some() && deadline < limit,
            format!("{name}: the deadline is not below the time limit"),
        );
    }
}

/// Returns what is wrong with a workflow.
fn problems(path: &str, text: &str) -> Vec<String> {
    let (known, found) = (BTreeSet::new(), Vec::new());
    let mut lint = Lint { path, found, known };
    let value: Value = serde_yaml::from_str(text).expect("YAML");
    let whole: Workflow = match serde_yaml::from_str(text) {
        Ok(whole) => whole,
        Err(error) => return vec![format!("{path}: {error}")],
    };
    lint.pins(text);
    lint.keys(&value, IN_WORKFLOW, "workflow");
    lint.check(
        !matches!(whole.permissions, Permissions::Base(_)),
        "workflow: permissions are not limited",
    );
    for (key, contexts) in WORKFLOW_KEYS {
        lint.expressions(&value[*key], contexts, key);
    }
    lint.remember_env(&value);
    for (name, job) in &whole.jobs {
        match job {
            Job::NormalJob(job) => lint.job(name, job, &value["jobs"][name.as_str()], &whole),
            Job::ReusableWorkflowCallJob(_) => {
                lint.check(false, format!("{name}: calls a workflow"))
            }
        }
    }
    lint.found
}

fn workflows() -> Vec<String> {
    let folders = ["examples/ci/github", ".github/workflows"];
    let mut all = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(crate::root(folder)).into_iter().flatten() {
            let name = entry.expect("a readable folder").file_name();
            all.push(format!("{folder}/{}", name.to_str().expect("text")));
        }
    }
    all.retain(|path| path != ACTION);
    all.sort();
    all
}

#[test]
fn workflows_have_no_problem() {
    let all = workflows();
    assert!(all.len() >= 5, "{all:?}");
    let found: Vec<_> = all
        .iter()
        .flat_map(|path| problems(path, &text_of(path)))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_action_has_no_problem() {
    let text = text_of(ACTION);
    let action: Action = serde_yaml::from_str(&text).expect("an action");
    let value: Value = serde_yaml::from_str(&text).expect("YAML");
    let known = action.inputs.keys().map(|name| format!("inputs.{name}"));
    let mut lint = Lint {
        path: ACTION,
        found: Vec::new(),
        known: known.collect(),
    };
    lint.pins(&text);
    lint.keys(&value, IN_ACTION, "action");
    for (at, step) in value["runs"]["steps"]
        .as_sequence()
        .expect("steps")
        .iter()
        .enumerate()
    {
        lint.step(step, &format!("steps[{at}]"));
    }
    lint.expressions(&value["outputs"], STEP, "outputs");
    assert!(lint.found.is_empty(), "{:#?}", lint.found);
}

#[test]
fn every_rule_finds_what_it_is_for() {
    let bad = r#"
on: { pull_request: }
jobs:
  one:
    runs-on: ubuntu-${{ env.OS }}
    needs: none
    timeout-minute: 5
    steps:
      - uses: actions/checkout@v4
      - uses: somebody/something@v1
        with: { x: y }
      - uses: ./.github/actions/waba-migrate
        with: { plans: x }
      - run: echo ${{ github.event.pull_request.title }}
      - shell: sh
        run: |
          waba-migrate apply x
          if
      - run: echo "${{ secrets.TOKEN }}"
        if: steps.nothing.outputs.x == inputs.
      - run: echo
        env: { A: "${{ steps.nothing.outputs.x }}", B: "${{ env.C }}" }
"#;
    let found = problems("examples/bad.yml", bad).join("\n");
    let expected = [
        "workflow: permissions are not limited",
        "one: unknown key timeout-minute",
        "one: no timeout-minutes",
        "one: permissions are not limited",
        "one: needs none, which does not exist",
        "one.runs-on: env.OS is not to be had here",
        "steps[0]: the checkout keeps its credentials",
        "bad.yml: actions/checkout@v4 is not pinned",
        "bad.yml: somebody/something@v1 is not pinned",
        "steps[1]: somebody/something has no input x",
        "steps[2]: no input plans",
        "steps[3]: an expression within run",
        "steps[4]: goes on after errors",
        "steps[4]: shell is not bash",
        "steps[4]: bash: line",
        "steps[5].if: steps.nothing.outputs.x == inputs.: invalid",
        "steps[6].env: steps.nothing.outputs.x does not exist",
        "steps[6].env: env.C does not exist",
        "one: secrets for pull requests of strangers",
        "one: apply has no concurrency guard",
        "one: apply has no environment",
        "one: the deadline is not below the time limit",
    ];
    for problem in expected {
        assert!(
            found.contains(problem),
            "{problem} was not found in\n{found}"
        );
    }
}
