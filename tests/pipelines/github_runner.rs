//! Runs a job of a workflow as GitHub's runner does, as far as the pipelines go: expressions, `env`,
//! `if`, outputs, the composite action, and GitHub's own actions on files.

use std::{fs, path::PathBuf};

use github_actions_models::{
    action::{Action, Runs, StepBody},
    common::{Env, EnvValue, If, expr::LoE},
    workflow::{
        Job, Workflow,
        job::{DeploymentEnvironment, NormalJob, SharedStepFields, Step, UsesStep},
    },
};

use crate::{
    bench::stdout,
    expression::Scope,
    site::{SECRETS, Site},
    text_of,
};

/// What a job came to.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// The exit code of the step that failed.
    pub(crate) failed: Option<i32>,
    pub(crate) environment: String,
    pub(crate) outputs: Vec<(String, String)>,
    pub(crate) log: String,
    pub(crate) summary: String,
}

/// A step's id, script and variables.
type Script = (Option<String>, String, Vec<(String, String)>);

/// A job that runs.
struct Running<'a> {
    site: &'a Site,
    scope: Scope,
    workspace: PathBuf,
    env: Vec<(String, String)>,
    ended: Ended,
}

/// Runs a job; nothing when its `if:` does not hold.
pub(crate) fn run(site: &Site, file: &str, job: &str, event: &[(&str, &str)]) -> Option<Ended> {
    let text = text_of(&format!("examples/ci/github/{file}"));
    let workflow: Workflow = serde_yaml::from_str(&text).expect("a workflow");
    let Job::NormalJob(steps) = &workflow.jobs[job] else {
        panic!("{job} has no steps");
    };
    let mut scope = Scope::default();
    for (name, value) in event {
        scope.set(*name, *value);
    }
    if !scope.holds(condition(steps.r#if.as_ref()).as_deref()) {
        return None;
    }
    let workspace = site.workspace("workspace");
    scope.workspace.clone_from(&workspace);
    for (name, value) in SECRETS {
        scope.set(format!("secrets.{name}"), value);
    }
    let temp = site.bench.path("temp").display().to_string();
    for (name, value) in [
        ("github.token", "ghs_token"),
        ("runner.temp", &temp),
        ("runner.os", "Linux"),
    ] {
        scope.set(name, value);
    }
    let (env, ended) = (Vec::new(), Ended::default());
    let mut running = Running {
        site,
        scope,
        workspace,
        env,
        ended,
    };
    running.job(&workflow, steps);
    Some(running.ended)
}

impl Running<'_> {
    fn job(&mut self, workflow: &Workflow, job: &NormalJob) {
        self.env = self.filled(&workflow.env);
        for (name, value) in self.env.clone() {
            self.scope.set(format!("env.{name}"), value);
        }
        self.env.extend(self.given());
        if let Some(DeploymentEnvironment::NameURL { name, .. }) = &job.environment {
            self.ended.environment = self.scope.fill(name);
        }
        for step in &job.steps {
            match step {
                Step::Run(step) if self.wanted(&step.shared) => {
                    let env = self.filled(&step.shared.env);
                    self.script(step.shared.id.as_deref(), &step.run, &env);
                }
                Step::Uses(step) if self.wanted(&step.shared) => self.uses(step),
                _ => {}
            }
        }
        let filled = job
            .outputs
            .iter()
            .map(|(name, value)| (name.clone(), self.scope.fill(&text(value))));
        self.ended.outputs = filled.collect();
        self.ended.summary = self.site.bench.read("summary");
    }

    /// The variables that every step has.
    fn given(&self) -> Vec<(String, String)> {
        let file = |name: &str| {
            self.site.bench.write(name, "");
            self.site.bench.path(name).display().to_string()
        };
        let of = |name: &str| self.scope.values.get(name).cloned().unwrap_or_default();
        vec![
            ("GITHUB_OUTPUT".to_owned(), file("output")),
            ("GITHUB_STEP_SUMMARY".to_owned(), file("summary")),
            ("GITHUB_PATH".to_owned(), file("path")),
            ("GITHUB_REPOSITORY".to_owned(), of("github.repository")),
            ("GITHUB_EVENT_NAME".to_owned(), of("github.event_name")),
            ("GITHUB_SHA".to_owned(), of("github.sha")),
        ]
    }

    fn wanted(&self, step: &SharedStepFields) -> bool {
        self.scope.holds(condition(step.r#if.as_ref()).as_deref())
    }

    fn filled(&self, env: &LoE<Env>) -> Vec<(String, String)> {
        match env {
            LoE::Literal(env) => env
                .iter()
                .map(|(name, value)| (name.clone(), self.scope.fill(&text(value))))
                .collect(),
            LoE::Expr(_) => panic!("the pipelines write env out"),
        }
    }

    fn script(&mut self, id: Option<&str>, script: &str, env: &[(String, String)]) {
        self.site.bench.write("output", "");
        let all = [&self.env, env].concat();
        let output = self.site.bash(&self.workspace, script, &all);
        self.ended.log += &stdout(&output);
        self.ended.log += &String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && !self.scope.failed {
            self.scope.failed = true;
            self.ended.failed = output.status.code();
        }
        let Some(id) = id else { return };
        for line in self.site.bench.read("output").lines() {
            let (name, value) = line.split_once('=').expect("a name and a value");
            self.scope.set(format!("steps.{id}.outputs.{name}"), value);
        }
    }

    fn uses(&mut self, step: &UsesStep) {
        let with = self.filled(&step.with);
        let of = |name: &str| {
            let found = with.iter().find(|(key, _)| key == name);
            found.map_or(String::new(), |(_, value)| value.clone())
        };
        let site = self.site;
        let artifact = site.bench.path("artifacts").join(of("name"));
        let (used, _) = step
            .uses
            .raw()
            .split_once('@')
            .unwrap_or((step.uses.raw(), ""));
        match used {
            "actions/checkout" => site.copy(&site.bench.path("repository"), &self.workspace),
            "./.github/actions/waba-migrate" => self.action(&with),
            "actions/cache/restore" => {
                let prefix = of("restore-keys");
                let fits = |name: &String| {
                    name.split_once('-')
                        .is_some_and(|(_, key)| key.starts_with(&prefix))
                };
                if let Some(newest) = site.files("cache").into_iter().rev().find(fits) {
                    site.copy(
                        &site.bench.path("cache").join(newest),
                        &self.workspace.join(of("path")),
                    );
                }
            }
            "actions/cache/save" => {
                let name = format!("{:03}-{}", site.files("cache").len(), of("key"));
                site.copy(
                    &self.workspace.join(of("path")),
                    &site.bench.path("cache").join(name),
                );
            }
            "actions/upload-artifact" => {
                for path in of("path").lines() {
                    let from = self.workspace.join(path);
                    if !from.exists() {
                        continue;
                    }
                    let name = from.file_name().expect("a name").to_owned();
                    site.copy(&from, &artifact.join(name));
                }
            }
            "actions/download-artifact" => site.copy(&artifact, &self.workspace.join(of("path"))),
            "github/codeql-action/upload-sarif" => {
                assert!(self.workspace.join(of("sarif_file")).exists());
                self.ended.log += "uploaded findings\n";
            }
            other => panic!("{other} is not known"),
        }
    }

    fn action(&mut self, with: &[(String, String)]) {
        let outside = self.scope.clone();
        for (name, value) in with {
            self.scope.set(format!("inputs.{name}"), value);
        }
        for (id, script, env) in self.steps_of_action() {
            self.script(id.as_deref(), &script, &env);
        }
        let failed = self.scope.failed;
        self.scope = outside;
        self.scope.failed = failed;
    }

    fn steps_of_action(&self) -> Vec<Script> {
        let action: Action =
            serde_yaml::from_str(&text_of("examples/ci/github/action.yml")).expect("an action");
        let Runs::Composite(composite) = action.runs else {
            panic!("it is composed of steps");
        };
        let wanted = composite
            .steps
            .into_iter()
            .filter(|step| self.scope.holds(condition(step.r#if.as_ref()).as_deref()));
        wanted
            .filter_map(|step| match step.body {
                StepBody::Run { run, .. } => Some((step.id, run, self.filled(&step.env))),
                StepBody::Uses { .. } => None,
            })
            .collect()
    }
}

/// Runs the action by itself and returns what it came to and its outputs.
pub(crate) fn run_action(
    site: &Site,
    with: &[(&str, &str)],
    env: &[(&str, &str)],
) -> (Ended, Scope) {
    let workspace = site.workspace("workspace");
    site.copy(&site.bench.path("repository"), &workspace);
    let mut scope = Scope::default();
    scope.set("runner.temp", site.bench.path("temp").display().to_string());
    scope.set("inputs.pass", "0");
    for (name, value) in with {
        scope.set(format!("inputs.{name}"), *value);
    }
    let (env, ended) = (
        env.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        Ended::default(),
    );
    let mut running = Running {
        site,
        scope,
        workspace,
        env,
        ended,
    };
    running.env.extend(running.given());
    for (id, script, env) in running.steps_of_action() {
        if !running.scope.failed {
            running.script(id.as_deref(), &script, &env);
        }
    }
    (running.ended, running.scope)
}

/// Returns a file that the last job left.
pub(crate) fn left(site: &Site, name: &str) -> String {
    let path = format!("workspace/{name}");
    if fs::exists(site.bench.path(&path)).unwrap_or(false) {
        site.bench.read(&path)
    } else {
        String::new()
    }
}

fn condition(condition: Option<&If>) -> Option<String> {
    match condition? {
        If::Bool(holds) => Some(holds.to_string()),
        If::Expr(text) => Some(text.clone()),
    }
}

fn text(value: &EnvValue) -> String {
    value.to_string()
}
