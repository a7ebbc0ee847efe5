//! `rehearse`: the whole migration on the embedded simulator: preflight, plan, apply, diff.
//!
//! The planner, the applier and the client are the real ones; only the transport, the clock and the
//! people are the simulator's. The user's secrets are not read, and nobody is talked to. With
//! `--chaos` the same is played again and again, with faults: see [`super::chaos`].

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use futures_util::future::{BoxFuture, FutureExt};

use super::{
    apply::{Forget, Run},
    chaos::{self, Wanted},
    error::CliError,
    exit,
    session::{Doors, Session, Site, read_file, read_plan},
    ui::{Format, Ui},
};
use crate::{
    changeset::{Choice, risk::Accepted},
    diff::Class,
    plan::Plan,
    report::{findings, style},
    secret::Secret,
    sim::{Simulator, file, seed, world::World},
    step::{CodeAsked, Options, People, Stop},
};

/// Play the whole migration on the built-in simulator
///
/// Talks to nobody and reads none of your secrets. Without --world the simulated accounts are made
/// from the plan: its numbers are live on the source, its templates approved. With --format json
/// every line is one JSON value: findings, change set, the events of apply, differences.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// A world file: accounts, numbers, templates, oddities, faults
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_WORLD")]
    world: Option<PathBuf>,
    /// Play it so many times more, each time with other faults, and check every promise
    #[arg(long, value_name = "N", env = "WABA_MIGRATE_CHAOS", value_parser = clap::value_parser!(u32).range(1..))]
    chaos: Option<u32>,
    /// The seed of the first play with faults; the next ones follow
    #[arg(
        long,
        value_name = "S",
        env = "WABA_MIGRATE_SEED",
        default_value_t = 1,
        requires = "chaos"
    )]
    seed: u64,
}

impl Arguments {
    /// What was typed, without the wish for faults.
    fn command(&self) -> String {
        let plan = self.plan.display();
        match &self.world {
            Some(world) => format!("waba-migrate rehearse {plan} --world {}", world.display()),
            None => format!("waba-migrate rehearse {plan}"),
        }
    }
}

pub(super) async fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    let ui = Ui {
        shows_time: true,
        ..ui
    };
    let mut plan = read_plan(&arguments.plan, ui)?;
    // In a rehearsal every code is read off the simulated phone it came to.
    plan.numbers
        .iter_mut()
        .for_each(|number| number.otp.code = None);
    let world = world(arguments, &plan, ui)?;
    let simulator = Simulator::new(world.clone());
    let journal = folder()?;
    let site = Site {
        transport: simulator.transport(),
        genesys: Some(Doors {
            api: simulator.genesys(),
            login: simulator.genesys(),
        }),
        clock: simulator.clock(),
        secrets: seed::RehearsalSecrets::of(&plan, simulator.clone()),
        journal: journal.path().to_owned(),
    };
    let options = Options {
        wait: Some(Duration::from_secs(24 * 3600)),
        // The people of a rehearsal are there and do what is asked of them, in their time.
        attended: true,
        deadline: None,
        poll_interval: Duration::from_secs(30),
        new_codes: BTreeSet::new(),
        new_pins: BTreeSet::new(),
        confirmed: BTreeSet::new(),
        user: "rehearsal".into(),
    };
    let session = Session::open(plan, site, Duration::from_secs(3600)).await?;
    let code = play(&session, &simulator, &options, ui).await?;
    if ui.format == Format::Text {
        ui.print(&ending(&simulator, code))?;
    }
    match arguments.chaos {
        Some(plays) if code == exit::OK => {
            act("chaos", ui)?;
            let (folder, seed) = (folder()?, arguments.seed);
            let command = arguments.command();
            let wanted = Wanted {
                plays,
                seed,
                command: &command,
            };
            chaos::run(&session.plan, &world, folder.path(), wanted, ui).await
        }
        _ => Ok(code),
    }
}

/// A folder for journals, in memory where the system has one: they are gone afterwards.
fn folder() -> Result<tempfile::TempDir, CliError> {
    let made = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    made.map_err(|source| CliError::File {
        doing: "create a folder in",
        path: std::env::temp_dir(),
        source,
    })
}

pub(super) fn world(arguments: &Arguments, plan: &Plan, ui: Ui) -> Result<World, CliError> {
    let Some(path) = &arguments.world else {
        return Ok(seed::rehearsal(plan));
    };
    read_world(path, ui)
}

/// Reads a world file and shows its problems.
pub(super) fn read_world(path: &std::path::Path, ui: Ui) -> Result<World, CliError> {
    let bytes = read_file(path)?;
    file::parse(&path.display().to_string(), &bytes).or_else(|problems| {
        ui.print(&findings::render(&problems, true))?;
        Err(CliError::Invalid)
    })
}

/// The four acts; a failing one ends the play.
async fn play(
    session: &Session,
    simulator: &Simulator,
    options: &Options,
    ui: Ui,
) -> Result<u8, CliError> {
    act("preflight", ui)?;
    let code = super::preflight::show(session, ui).await?;
    if !matches!(code, exit::OK | exit::PARKED) {
        return Ok(code);
    }
    act("plan", ui)?;
    let seen = session.look(session.history()?).await;
    super::plan::show(session, &seen, ui)?;
    act("apply", ui)?;
    let people = Stage {
        simulator: simulator.clone(),
    };
    let stop = Arc::new(Stop::default());
    let run = Run {
        session,
        options,
        people: &people,
        stop: &stop,
        partial: false,
        map: None,
        junit: None,
        forget: Forget::default(),
        approved: None,
        choice: Choice::default(),
        accepted: Accepted::default(),
        asks: false,
    };
    let code = run.start(ui).await?;
    if code != exit::OK {
        return Ok(code);
    }
    act("diff", ui)?;
    let classes: Vec<_> = Class::ALL
        .into_iter()
        .filter(|class| class.fails())
        .collect();
    super::diff::show(session, &classes, ui).await
}

fn act(name: &str, ui: Ui) -> Result<(), CliError> {
    if ui.format == Format::Json {
        return Ok(());
    }
    let rule = "─".repeat(66_usize.saturating_sub(name.len()));
    ui.print(&format!(
        "\n{} {} {}\n\n",
        style::faint("──"),
        style::heading(name),
        style::faint(rule)
    ))
}

fn ending(simulator: &Simulator, code: u8) -> String {
    let (calls, writes) = (simulator.requests().len(), simulator.writes().len());
    let verdict = match code {
        exit::OK => style::good("The rehearsal went well: nothing is left to do."),
        _ => style::bad(format!(
            "The rehearsal did not reach its end (exit code {code})."
        )),
    };
    format!(
        "\n{verdict}\n{}\n",
        style::faint(format!(
            "{calls} simulated API calls, {writes} of them writes."
        ))
    )
}

/// People in a rehearsal: they read the code off the simulated phone.
struct Stage {
    simulator: Simulator,
}

impl People for Stage {
    fn code(&self, asked: CodeAsked) -> BoxFuture<'_, Option<Secret>> {
        async move { self.simulator.code(&asked.phone).map(Secret::new) }.boxed()
    }
}
