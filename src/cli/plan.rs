//! `plan`: preflight, comparison and ordered changes. Holds no writer.

use std::path::PathBuf;

use clap::Args;

use super::{
    Global,
    error::CliError,
    exit,
    gate_text::GateText,
    session::{Seen, Session, read_plan},
    ui::Ui,
};
use crate::report::changes;

/// Show what apply would do, in order, and what stands in the way
///
/// Sends GETs only. The same plan and the same world give the same bytes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    #[command(flatten)]
    gates: GateText,
    /// Exit 2 when there is something to do
    #[arg(long, env = "WABA_MIGRATE_DETAILED_EXITCODE")]
    detailed_exitcode: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let plan = read_plan(&arguments.plan, ui)?;
    if let Some(code) = arguments.gates.print(&plan, ui)? {
        return Ok(code);
    }
    let session = Session::to_look(global, plan).await?;
    let seen = session.look(session.history()?).await;
    show(&session, &seen, ui)?;
    if let Some(code) = seen.stop_code() {
        return Ok(code);
    }
    let changes = arguments.detailed_exitcode && !seen.changes.is_empty();
    Ok(if changes { exit::CHANGES } else { exit::OK })
}

/// Shows a change set; `apply` and the rehearsal do the same.
pub(super) fn show(session: &Session, seen: &Seen, ui: Ui) -> Result<(), CliError> {
    ui.show(&seen.changes, || {
        changes::render(&seen.changes, &session.plan.graph.api_version)
    })
}
