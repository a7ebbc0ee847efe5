//! `diff`: the drift check.

use std::path::PathBuf;

use clap::Args;

use super::{
    Global,
    error::CliError,
    exit,
    reports::{self, Comment},
    session::{Session, read_plan},
    ui::Ui,
};
use crate::{
    diff,
    report::{differences, github, markdown},
};

/// Report what differs between the plan and the world
///
/// Sends GETs only. `pending` was not applied so far, `drift` was so and is no longer, `service`
/// was changed by Meta, `orphan` was made by an earlier run and is no longer in the plan. Exits 2
/// when there is something pending or drifted.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    #[command(flatten)]
    comment: Comment,
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let ui = arguments.comment.on(ui)?;
    let plan = read_plan(&arguments.plan, ui)?;
    let session = Session::to_look(global, plan).await?;
    show(&session, ui).await
}

/// Compares and shows; the rehearsal does the same.
pub(super) async fn show(session: &Session, ui: Ui) -> Result<u8, CliError> {
    let seen = session.look(session.history()?).await.readable()?;
    let differences = diff::diff(&session.plan, &seen.changes, &seen.snapshot);
    let templates = seen.changes.templates.as_ref();
    let markdown = |max_chars| {
        let name = &session.plan.name;
        markdown::differences::render(&differences, templates, name, max_chars)
    };
    let text = || differences::render(&differences, templates);
    ui.show_any(&differences, text, markdown)?;
    if ui.github {
        ui.command(&github::differences(&differences));
    }
    reports::summarize(ui, markdown)?;
    let fails = differences
        .iter()
        .any(|difference| difference.class.fails());
    Ok(if fails { exit::CHANGES } else { exit::OK })
}
