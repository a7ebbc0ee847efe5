//! `undo`: what can be taken back, as a change set to review. Holds no writer.

use std::path::PathBuf;

use clap::Args;

use super::{
    Global, change_set,
    error::CliError,
    exit, plan,
    reports::{Comment, PlanReports},
    selection::Selected,
    session::{PATIENCE, Seen, Session, Site, read_plan},
    ui::Ui,
    whole_file,
};
use crate::{phone::Phone, plan::reverse::reverse};

/// Show what of a migration can be taken back, and save it for review
///
/// Sends GETs only. What is taken back is what the journal proves that runs of this plan did, where it
/// still is as they left it: the subscription and its callback, business profiles, templates from
/// files. A number that was added and is not registered is for a person to delete. A registered number
/// has no way back but a migration in the other direction: --reverse-plan writes a plan of it.
/// `apply FILE` then does what was reviewed; `apply PLAN` never takes anything back.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// Save the change set, for review and for `apply FILE`
    // No variable: the one that `plan -o` reads would have an undo overwrite a change set.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write a plan that migrates the registered numbers back, to be read and completed by a person
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_REVERSE_PLAN")]
    reverse_plan: Option<PathBuf>,
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    comment: Comment,
    #[command(flatten)]
    reports: PlanReports,
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let ui = arguments.comment.on(ui)?;
    let (output, back) = (
        arguments.output.as_deref(),
        arguments.reverse_plan.as_deref(),
    );
    let plan_file = Some(arguments.plan.as_path());
    whole_file::distinct([
        ("the plan", plan_file),
        ("-o", output),
        ("--reverse-plan", back),
    ])?;
    arguments
        .reports
        .check([("-o", output), ("--reverse-plan", back)])?;
    let plan = read_plan(&arguments.plan, ui)?;
    for path in [output, back].into_iter().flatten() {
        whole_file::check(path)?;
    }
    let site = Site::of(global, &plan)?;
    let session = Session::to_undo(plan, site, PATIENCE, ui).await?;
    let choice = arguments.selected.choice(&session.graph)?;
    let seen = session.look_at(&choice, session.history()?).await;
    if seen.snapshot.history.is_empty() {
        let (name, place) = (&session.plan.name, session.site.journal.display());
        ui.say(&format!(
            "There is no journal of {name} in {place}, so nothing proves what was done: nothing can be taken back. Name its place with --journal."
        ));
    }
    plan::show(&session, &seen, ui)?;
    if let Some(file) = output {
        change_set::save(seen.changes.clone(), &session.plan, file)?;
        ui.say(&plan::saved(file));
    }
    if let Some(file) = back {
        match reverse(&session.plan, &registered(&session, &seen)) {
            Some(text) => {
                whole_file::write(file, &text)?;
                let file = file.display();
                ui.say(&format!("The way back of registered numbers: {file}. Read it, complete it, then validate and rehearse it."));
            }
            None => ui.say(
                "No number of this plan is registered on the target, so there is no plan to write.",
            ),
        }
    }
    let version = &session.plan.graph.api_version;
    arguments.reports.write(&seen.changes, version, ui)?;
    Ok(seen.stop_code().unwrap_or(exit::OK))
}

/// Numbers that a run of this plan moved and that are registered on the target.
fn registered(session: &Session, seen: &Seen) -> Vec<Phone> {
    let numbers = session.plan.numbers.iter().map(|number| &number.phone);
    let snapshot = &seen.snapshot;
    let moved = numbers.filter(|phone| {
        snapshot.history.number(phone).is_moved && snapshot.target.has_registered(phone)
    });
    moved.cloned().collect()
}
