//! `plan`: preflight, comparison and ordered changes. Holds no writer.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    Global, change_set,
    error::CliError,
    exit,
    gate_text::GateText,
    reports::{Comment, PlanReports},
    selection::Selected,
    session::{Seen, Session, read_plan},
    ui::{Format, Ui},
    whole_file,
};
use crate::report::{changes, markdown};

/// Show what apply would do, in order, and what stands in the way
///
/// Sends GETs only. The same plan and the same world give the same bytes. With -o the change set is
/// saved: `apply FILE` then does what was reviewed, and nothing else.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// Save the change set, for review and for `apply FILE`
    #[arg(short, long, value_name = "FILE", env = "WABA_MIGRATE_OUTPUT")]
    output: Option<PathBuf>,
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    gates: GateText,
    /// Exit 2 when there is something to do
    #[arg(long, env = "WABA_MIGRATE_DETAILED_EXITCODE")]
    detailed_exitcode: bool,
    #[command(flatten)]
    comment: Comment,
    #[command(flatten)]
    reports: PlanReports,
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let ui = arguments.comment.on(ui)?;
    let output = arguments.output.as_deref();
    arguments
        .reports
        .check([("the plan", Some(&arguments.plan)), ("-o", output)])?;
    let plan = read_plan(&arguments.plan, ui)?;
    if let Some(code) = arguments.gates.print(&plan, ui)? {
        return Ok(code);
    }
    arguments
        .output
        .as_deref()
        .map_or(Ok(()), whole_file::check)?;
    let session = Session::to_look(global, plan).await?;
    let choice = arguments.selected.choice(&session.graph)?;
    let seen = session.look_at(&choice, session.history()?).await;
    session.tell_lost_journal(&seen.snapshot, ui);
    show(&session, &seen, ui)?;
    if let Some(file) = &arguments.output {
        change_set::save(seen.changes.clone(), &session.plan, file)?;
        ui.say(&saved(file));
    }
    let version = &session.plan.graph.api_version;
    arguments.reports.write(&seen.changes, version, ui)?;
    if let Some(code) = seen.stop_code() {
        return Ok(code);
    }
    let changes = arguments.detailed_exitcode && !seen.changes.is_empty();
    Ok(if changes { exit::CHANGES } else { exit::OK })
}

/// Shows a change set; `apply` and the rehearsal do the same.
pub(super) fn show(session: &Session, seen: &Seen, ui: Ui) -> Result<(), CliError> {
    if ui.format == Format::Json {
        let here = Path::new("");
        return ui.print_json(&change_set::seal(seen.changes.clone(), &session.plan, here));
    }
    let version = &session.plan.graph.api_version;
    ui.show_any(
        &seen.changes,
        || changes::render(&seen.changes, version),
        |max_chars| markdown::plan::render(&seen.changes, version, max_chars),
    )
}

/// Says where a change set is, and what is next.
pub(super) fn saved(file: &Path) -> String {
    let file = file.display();
    format!(
        "Saved as {file}. After the review: waba-migrate apply {}",
        quoted(&file.to_string())
    )
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:@%".contains(c);
    match word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
