//! `status`: where every number stands. Holds no writer, takes no lock, leaves no line.

use std::path::PathBuf;

use clap::Args;

use super::{
    Global,
    error::CliError,
    exit,
    gate_text::GateText,
    session::{Session, read_plan},
    ui::{Format, Ui},
};
use crate::{report::status as report, status::status};

/// Show where every number stands, what it waits for and since when
///
/// Sends GETs only. One line per number, then what is left for accounts and templates; since when
/// something waits is known from the journal. Exits 0 when it could be told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    #[command(flatten)]
    gates: GateText,
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let plan = read_plan(&arguments.plan, ui)?;
    if let Some(code) = arguments.gates.print(&plan, ui)? {
        return Ok(code);
    }
    let session = Session::to_compare(global, plan, ui).await?;
    let seen = session.look(session.history()?).await.readable()?;
    session.tell_lost_journal(&seen.snapshot, ui);
    let status = status(&session.plan, &seen.changes, &seen.snapshot);
    match ui.format {
        Format::Json => ui.print_json(&status)?,
        Format::Text => ui.print(&report::render(&status, Ui::width()))?,
        Format::Markdown => ui.print(&report::render_markdown(&status))?,
    }
    Ok(exit::OK)
}
