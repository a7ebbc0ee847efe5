//! `validate`: all problems of plan files at once.

use std::path::PathBuf;

use clap::Args;

use super::{
    error::CliError,
    exit,
    files::DiskFiles,
    session::read_file,
    ui::{Format, Ui},
};
use crate::{
    plan::load::{Source, load_with},
    report::{count, findings, style},
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
}

pub(super) fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    let mut all = Vec::new();
    let mut invalid = 0;
    for path in &arguments.plans {
        let bytes = read_file(path)?;
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
    if ui.format == Format::Json {
        ui.print_json(&all)?;
    } else {
        ui.print(&findings::render(&all, true))?;
        if invalid == 0 {
            let valid = style::good("valid").to_string();
            ui.print(&format!(
                "{}: {valid}\n",
                count(arguments.plans.len(), "plan")
            ))?;
        }
    }
    Ok(if invalid == 0 {
        exit::OK
    } else {
        exit::INVALID
    })
}
