//! What other programs get besides the result: the comment's budget, GitHub's annotations and job
//! summary, GitLab's report, test results, code scanning.
//!
//! Files are checked before anything else happens, and written whole or not at all.

use std::{
    io::Write,
    path::{Component, Path, PathBuf},
};

use clap::Args;

use super::{error::CliError, ui::Ui, whole_file};
use crate::{
    apply::Report,
    changeset::ChangeSet,
    finding::Finding,
    report::{github, gitlab, junit, markdown, sarif},
};

/// What GitHub takes for the summary of one step, in bytes.
/// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>
const SUMMARY_LIMIT: usize = 1024 * 1024;

/// No UTF-16 unit, by which reports are measured, takes more bytes.
const BYTES_OF_UNIT: usize = 3;

/// What reviewers get to see.
#[derive(Debug, Args)]
pub(super) struct Comment {
    /// The most characters of --format markdown; details go first, what cannot be undone never
    #[arg(
        long,
        value_name = "N",
        default_value_t = Ui::MAX_CHARS,
        env = "WABA_MIGRATE_MAX_CHARS"
    )]
    max_chars: usize,
    /// In GitHub Actions: annotate the ten worst findings, and add the report to the job summary
    #[arg(long, env = "WABA_MIGRATE_GITHUB")]
    github: bool,
}

impl Comment {
    /// Returns a terminal that does so; says so where there is no job summary to write to.
    pub(super) fn on(&self, ui: Ui) -> Result<Ui, CliError> {
        if self.github {
            match step_summary() {
                Some(path) => drop(open_summary(&path)?),
                None => ui.say(
                    "GITHUB_STEP_SUMMARY is not set, so --github writes annotations and no job summary.",
                ),
            }
        }
        Ok(Ui {
            max_chars: self.max_chars,
            github: self.github,
            ..ui
        })
    }
}

/// Test results.
#[derive(Debug, Args)]
pub(super) struct Junit {
    /// Write a JUnit report to a file: one case per step
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_JUNIT")]
    junit: Option<PathBuf>,
}

impl Junit {
    /// Finds out whether the file can be written.
    pub(super) fn check(&self) -> Result<Option<&Path>, CliError> {
        check(self.junit.as_deref())?;
        Ok(self.junit.as_deref())
    }
}

/// What a plan can be written as.
#[derive(Debug, Args)]
pub(super) struct PlanReports {
    #[command(flatten)]
    tests: Junit,
    /// Write GitLab's Terraform report to a file: how much is created, updated and deleted
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_GITLAB")]
    gitlab: Option<PathBuf>,
}

impl PlanReports {
    /// Finds out whether the files can be written, each to a place of its own beside these.
    pub(super) fn check<'a>(
        &'a self,
        others: [(&'a str, Option<&'a Path>); 2],
    ) -> Result<(), CliError> {
        let own = [
            ("--junit", self.tests.junit.as_deref()),
            ("--gitlab", self.gitlab.as_deref()),
        ];
        whole_file::distinct(others.into_iter().chain(own))?;
        self.tests.check()?;
        check(self.gitlab.as_deref())
    }

    /// Writes what was asked for.
    pub(super) fn write(
        &self,
        changes: &ChangeSet,
        api_version: &str,
        ui: Ui,
    ) -> Result<(), CliError> {
        if let Some(path) = &self.gitlab {
            whole_file::write_json(path, &gitlab::sums(changes))?;
        }
        let render = |max_chars| markdown::plan::render(changes, api_version, max_chars);
        planned(changes, self.tests.junit.as_deref(), ui, render)
    }
}

/// Code scanning.
#[derive(Debug, Args)]
pub(super) struct Sarif {
    /// Write the findings to a file as SARIF 2.1.0, for code scanning
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_SARIF")]
    sarif: Option<PathBuf>,
}

impl Sarif {
    /// Finds out whether the file can be written.
    pub(super) fn check(&self) -> Result<(), CliError> {
        check(self.sarif.as_deref())
    }

    /// Writes findings, if they are asked for.
    pub(super) fn write(&self, findings: &[Finding]) -> Result<(), CliError> {
        let Some(path) = &self.sarif else {
            return Ok(());
        };
        whole_file::write_json(path, &sarif::log(&from_root(findings)))
    }
}

/// Shows why a run does not begin, beside all that it would have done, wherever it is shown.
pub(super) fn refused(
    refusal: &CliError,
    changes: &ChangeSet,
    api_version: &str,
    junit_file: Option<&Path>,
    ui: Ui,
) -> Result<(), CliError> {
    let mut changes = changes.clone();
    let mut findings = refusal.findings();
    findings.retain(|finding| !changes.findings.contains(finding));
    changes.findings.splice(0..0, findings);
    let render = |max_chars| markdown::plan::refused(&changes, api_version, max_chars);
    ui.print_markdown(render)?;
    planned(&changes, junit_file, ui, render)
}

/// Tells GitHub of a change set, and writes it as test results.
fn planned(
    changes: &ChangeSet,
    junit_file: Option<&Path>,
    ui: Ui,
    render: impl Fn(usize) -> String,
) -> Result<(), CliError> {
    if let Some(path) = junit_file {
        whole_file::write(path, &junit::plan(changes))?;
    }
    annotate(&changes.findings, ui);
    summarize(ui, render)
}

/// Shows what a run came to as Markdown, tells GitHub, and writes it as test results.
pub(super) fn applied(
    report: &Report,
    changes: &ChangeSet,
    junit_file: Option<&Path>,
    ui: Ui,
) -> Result<(), CliError> {
    let render = |max_chars| {
        let (done, name) = (changes.summary.done, &changes.plan.name);
        markdown::apply::render(report, done, name, max_chars)
    };
    ui.print_markdown(render)?;
    if let Some(path) = junit_file {
        whole_file::write(path, &junit::apply(report, changes))?;
    }
    // The order in which steps end is chance.
    let mut ended: Vec<_> = report.ended.iter().collect();
    ended.sort_by(|one, two| one.step.as_str().cmp(two.step.as_str()));
    let findings = ended.into_iter().flat_map(|ended| &ended.findings);
    annotate(&findings.cloned().collect::<Vec<_>>(), ui);
    summarize(ui, render)
}

/// Annotates the worst findings, where `--github` was given.
pub(super) fn annotate(findings: &[Finding], ui: Ui) {
    if ui.github {
        ui.command(&github::findings(&from_root(findings)));
    }
}

/// Adds a report to the job's summary, where `--github` was given and there is one.
pub(super) fn summarize(ui: Ui, render: impl Fn(usize) -> String) -> Result<(), CliError> {
    let Some(path) = step_summary().filter(|_| ui.github) else {
        return Ok(());
    };
    let failed = |source| cannot_write(&path, source);
    let mut file = open_summary(&path)?;
    let used = file.metadata().map_err(failed)?.len();
    let room = SUMMARY_LIMIT.saturating_sub(usize::try_from(used).unwrap_or(SUMMARY_LIMIT));
    let text = render(room / BYTES_OF_UNIT);
    if text.len() + 1 > room {
        ui.say("The job summary has no room for this report (1 MiB for each step), so it is not in it.");
        return Ok(());
    }
    file.write_all(format!("{text}\n").as_bytes())
        .map_err(failed)
}

fn check(path: Option<&Path>) -> Result<(), CliError> {
    path.map_or(Ok(()), whole_file::check)
}

#[expect(
    clippy::disallowed_methods,
    reason = "GitHub names the summary's file and the repository's folder"
)]
fn variable(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os(name).map(PathBuf::from);
    path.filter(|path| !path.as_os_str().is_empty())
}

fn step_summary() -> Option<PathBuf> {
    variable("GITHUB_STEP_SUMMARY")
}

fn open_summary(path: &Path) -> Result<std::fs::File, CliError> {
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    file.map_err(|source| cannot_write(path, source))
}

fn cannot_write(path: &Path, source: std::io::Error) -> CliError {
    CliError::File {
        doing: "write",
        path: path.to_owned(),
        source,
    }
}

/// Names files as seen from the root of the repository: where the job checked it out, or here.
fn from_root(findings: &[Finding]) -> Vec<Finding> {
    let root = variable("GITHUB_WORKSPACE").or_else(|| std::env::current_dir().ok());
    let mut findings = findings.to_vec();
    for span in findings
        .iter_mut()
        .filter_map(|finding| finding.span.as_mut())
    {
        if let Some(file) = root.as_deref().and_then(|root| below(root, &span.file)) {
            span.file = file;
        }
    }
    findings
}

/// The path of a file below a folder, with slashes; none where it is elsewhere.
fn below(root: &Path, file: &str) -> Option<String> {
    let mut path = PathBuf::new();
    for part in std::path::absolute(file).ok()?.components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    let path = path.strip_prefix(root).ok()?;
    let parts = path.iter().map(|part| part.to_str());
    Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
}
