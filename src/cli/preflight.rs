//! `preflight`: every precondition, as pass, fail or unknown.

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
use crate::{changeset, preflight, report::findings};

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
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
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
    if ui.format == Format::Json {
        ui.print_json(&all)?;
    } else {
        ui.print(&findings::preflight(&all, seen.changes.summary.gates))?;
    }
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
