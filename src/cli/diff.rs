//! `diff`: the drift check.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    Global,
    error::CliError,
    exit,
    reports::{self, Comment},
    session::{Session, read_plan},
    ui::{Format, Ui},
};
use crate::{
    diff::{self, Class},
    report::{differences, github, markdown},
};

/// Report what differs between the plan and the world
///
/// Sends GETs only, and needs no secret but the target's token: without the source's nothing is
/// said of the source. `pending` was not applied so far, `drift` was so and is no longer, `service`
/// was changed by Meta, `orphan` was made by an earlier run and is no longer in the plan. Exits 2
/// when there is something of a class in --fail-on. What the plan ignores is listed and never fails.
/// A part of the target that cannot be read never passes: then it exits 1, 4, 5 or 9 as `plan` does.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// Classes that make it exit 2 (repeatable)
    #[arg(
        long,
        value_enum,
        value_name = "CLASS",
        value_delimiter = ',',
        default_values_t = [FailOn::Pending, FailOn::Drift],
        env = "WABA_MIGRATE_FAIL_ON"
    )]
    fail_on: Vec<FailOn>,
    #[command(flatten)]
    comment: Comment,
}

/// A class to fail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Not applied so far
    Pending,
    /// Was so, is no longer
    Drift,
    /// Changed by Meta
    Service,
    /// Made by an earlier run, no longer in the plan
    Orphan,
    /// Exit 0 whatever differs
    None,
}

impl FailOn {
    fn class(self) -> Option<Class> {
        match self {
            Self::Pending => Some(Class::Pending),
            Self::Drift => Some(Class::Drift),
            Self::Service => Some(Class::Service),
            Self::Orphan => Some(Class::Orphan),
            Self::None => None,
        }
    }
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let ui = arguments.comment.on(ui)?;
    let classes: Option<Vec<_>> = arguments.fail_on.iter().map(|on| on.class()).collect();
    let classes = match classes {
        Some(classes) => classes,
        None if arguments.fail_on.len() == 1 => Vec::new(),
        None => {
            let problem = "--fail-on none stands alone: name classes or none, not both";
            return Err(CliError::Usage(problem.into()));
        }
    };
    let plan = read_plan(&arguments.plan, ui)?;
    let session = Session::to_compare(global, plan, ui).await?;
    show(&session, &classes, ui).await
}

/// Compares and shows; the rehearsal does the same. Fails on the classes.
pub(super) async fn show(session: &Session, classes: &[Class], ui: Ui) -> Result<u8, CliError> {
    let seen = session.look(session.history()?).await.readable()?;
    let comparison = diff::diff(&session.plan, &seen.changes, &seen.snapshot);
    let templates = seen.changes.templates.as_ref();
    if ui.format == Format::Json {
        let remarks = differences::remarks(&comparison);
        remarks.iter().for_each(|remark| ui.say(remark));
    }
    let markdown = |max_chars| {
        let name = &session.plan.name;
        markdown::differences::render(&comparison, templates, name, max_chars)
    };
    let text = || differences::render(&comparison, templates);
    ui.show_any(&comparison.differences, text, markdown)?;
    if ui.github {
        ui.command(&github::differences(&comparison.differences));
    }
    reports::summarize(ui, markdown)?;
    if comparison.has(classes) {
        return Ok(exit::CHANGES);
    }
    // What could not be read has not passed.
    Ok(match comparison.is_blind {
        true => seen.stop_code().unwrap_or(exit::FAILED),
        false => exit::OK,
    })
}
