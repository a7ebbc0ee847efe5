//! `preflight`: every precondition, as pass, fail or unknown.

use std::path::PathBuf;

use clap::Args;

use super::{
    Global,
    error::CliError,
    exit,
    gate_text::GateText,
    reports::{self, Comment},
    session::{Session, read_plan},
    ui::Ui,
};
use crate::{
    changeset, preflight,
    report::{findings, markdown},
};

/// Check every precondition and say who has to do what
///
/// Sends GETs only. Exits 0 when ready, 5 when only people are waited for, 4 when something fails
/// that no step of the plan handles, 9 when a credential is to blame.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    #[command(flatten)]
    gates: GateText,
    #[command(flatten)]
    comment: Comment,
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let ui = arguments.comment.on(ui)?;
    let plan = read_plan(&arguments.plan, ui)?;
    if let Some(code) = arguments.gates.print(&plan, ui)? {
        return Ok(code);
    }
    let session = Session::to_look(global, plan).await?;
    show(&session, ui).await
}

/// Checks and shows; the rehearsal does the same.
pub(super) async fn show(session: &Session, ui: Ui) -> Result<u8, CliError> {
    let history = session.history()?;
    let seen = session.look(history).await;
    let all = changeset::checked(&session.plan, &seen.snapshot, &seen.changes);
    let (name, gates) = (&session.plan.name, seen.changes.summary.gates);
    let markdown = |max_chars| markdown::findings::preflight(&all, name, gates, max_chars);
    ui.show_any(&all, || findings::preflight(&all, gates), markdown)?;
    reports::annotate(&all, ui);
    reports::summarize(ui, markdown)?;
    if let Some(code) = seen.stop_code() {
        return Ok(code);
    }
    let waits = all.iter().any(preflight::is_a_wait);
    Ok(if waits || seen.changes.summary.gates > 0 {
        exit::PARKED
    } else {
        exit::OK
    })
}
