//! `validate`: all problems of plan files at once.

use std::path::PathBuf;

use clap::Args;

use super::{
    error::CliError,
    exit,
    files::DiskFiles,
    reports::{self, Comment, Sarif},
    session::read_file,
    ui::Ui,
};
use crate::{
    finding::Finding,
    plan::load::{Source, load_with},
    report::{count, findings, markdown, style},
};

/// Check plan files and report every problem at once
///
/// Reads the template files and media that a plan names, too. Talks to nobody and needs no secrets.
/// Exits 3 when a plan is invalid.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Plan files
    #[arg(required = true, value_name = "PLAN")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    comment: Comment,
    #[command(flatten)]
    sarif: Sarif,
}

pub(super) fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    let ui = arguments.comment.on(ui)?;
    arguments.sarif.check()?;
    let mut all = Vec::new();
    let mut invalid = 0;
    let mut unread = None;
    for path in &arguments.plans {
        let bytes = match read_file(path) {
            Ok(bytes) => bytes,
            // The others are looked at all the same.
            Err(error) => {
                if let Some(first) = unread.replace(error) {
                    ui.fail(&first);
                }
                continue;
            }
        };
        let name = path.display().to_string();
        let source = Source {
            name: &name,
            path,
            bytes: &bytes,
        };
        let loaded = load_with(source, &DiskFiles);
        invalid += usize::from(loaded.plan.is_none());
        all.extend(loaded.findings);
    }
    let plans = arguments.plans.len();
    let markdown = |max_chars| markdown::findings::validate(&all, plans, invalid, max_chars);
    ui.show_any(&all, || text(&all, plans, invalid), markdown)?;
    arguments.sarif.write(&all)?;
    reports::annotate(&all, ui);
    reports::summarize(ui, markdown)?;
    match unread {
        Some(error) => Err(error),
        None if invalid == 0 => Ok(exit::OK),
        None => Ok(exit::INVALID),
    }
}

fn text(all: &[Finding], plans: usize, invalid: usize) -> String {
    let mut text = findings::render(all, true);
    if invalid == 0 {
        text += &format!("{}: {}\n", count(plans, "plan"), style::good("valid"));
    }
    text
}
