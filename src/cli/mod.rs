//! The terminal: arguments in, exit code out. One file per command.
//!
//! Commands decide nothing about a migration. They read files and secrets, connect, call the
//! library and show what it says.

mod apply;
mod change_set;
mod chaos;
mod diff;
mod error;
pub mod exit;
mod files;
mod gate_text;
mod graph;
mod lease;
mod plan;
mod preflight;
mod rehearse;
mod reports;
mod runs;
mod schema;
mod secrets;
mod selection;
mod session;
mod simulate;
mod status;
mod terminal;
mod ui;
mod undo;
mod validate;
mod verify_code;
mod whoami;
mod whole_file;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use error::CliError;
use ui::{Color, Format, Ui};

/// Moves WhatsApp Business phone numbers and message templates from one WhatsApp Business Account
/// (WABA) to another, as infrastructure-as-code.
///
/// A YAML plan says what is wanted. `plan` shows what would be done, `apply` does exactly that,
/// `diff` reports drift, and `rehearse` plays the whole migration on a built-in simulator first.
#[derive(Debug, Parser)]
#[command(name = "waba-migrate", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

const AFTER_HELP: &str = "\
Exit codes:
  0 done, nothing to do          5 parked: run again later
  1 failed, wrong usage          6 partial: some steps failed
  2 diff: there are changes      7 stale: not what was reviewed
  3 the plan is invalid          8 locked by another run
  4 blocked: a person must act   9 a credential is missing or refused
                                 130, 143 interrupted

Start with:  waba-migrate rehearse examples/quickstart.yaml";

/// Flags of every command.
#[derive(Clone, Debug, Args)]
struct Global {
    /// What results look like
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "WABA_MIGRATE_FORMAT"
    )]
    format: Format,
    /// When to colour
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        env = "WABA_MIGRATE_COLOR"
    )]
    color: Color,
    /// Log more, on stderr (-v requests, -vv details, -vvv everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, env = "WABA_MIGRATE_VERBOSE")]
    verbose: u8,
    /// Show results only
    #[arg(short, long, global = true, env = "WABA_MIGRATE_QUIET")]
    quiet: bool,
    /// What logs look like
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        env = "WABA_MIGRATE_LOG_FORMAT"
    )]
    log_format: LogFormat,
    /// Base URL of the Graph API, without a version; https, or http on loopback
    #[arg(
        long,
        global = true,
        value_name = "URL",
        default_value = "https://graph.facebook.com",
        env = "WABA_MIGRATE_GRAPH_URL"
    )]
    graph_url: String,
    /// Base URL of Genesys Cloud, for logins and the API [default: the hosts of the plan's region]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "WABA_MIGRATE_GENESYS_URL"
    )]
    genesys_url: Option<String>,
    /// Folder of the journal [default: .waba-migrate beside the plan file]
    #[arg(long, global = true, value_name = "DIR", env = "WABA_MIGRATE_JOURNAL")]
    journal: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Validate(validate::Arguments),
    Preflight(preflight::Arguments),
    Plan(plan::Arguments),
    Graph(graph::Arguments),
    Apply(apply::Arguments),
    Diff(diff::Arguments),
    Status(status::Arguments),
    Undo(undo::Arguments),
    VerifyCode(verify_code::Arguments),
    Runs(runs::Arguments),
    Rehearse(rehearse::Arguments),
    Simulate(simulate::Arguments),
    Schema(schema::Arguments),
}

/// Runs the program with these arguments (the first is its name) and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody can be told when even this cannot be printed.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() {
                exit::FAILED
            } else {
                exit::OK
            });
        }
    };
    let Cli { command, global } = cli;
    let ui = Ui {
        json_lines: command.is_stream(),
        ..Ui::new(global.format, global.color, global.quiet)
    };
    log_to_stderr(&global);
    let code = match execute(command, &global, ui) {
        Ok(code) => code,
        Err(error) => {
            ui.fail(&error);
            error.code()
        }
    };
    ExitCode::from(code)
}

impl Command {
    /// Whether several JSON values follow each other, a line each.
    fn is_stream(&self) -> bool {
        matches!(self, Self::Apply(_) | Self::Rehearse(_))
    }

    fn has_markdown(&self) -> bool {
        match self {
            Self::Validate(_)
            | Self::Preflight(_)
            | Self::Plan(_)
            | Self::Apply(_)
            | Self::Diff(_)
            | Self::Graph(_)
            | Self::Status(_)
            | Self::Undo(_)
            | Self::Runs(_) => true,
            Self::VerifyCode(_) | Self::Rehearse(_) | Self::Simulate(_) | Self::Schema(_) => false,
        }
    }
}

fn execute(command: Command, global: &Global, ui: Ui) -> Result<u8, CliError> {
    if ui.format == Format::Markdown && !command.has_markdown() {
        return Err(CliError::no_markdown());
    }
    match command {
        Command::Validate(arguments) => return validate::run(&arguments, ui),
        Command::Graph(arguments) => return graph::run(&arguments, ui),
        Command::Schema(arguments) => return schema::run(&arguments, ui),
        Command::Runs(arguments) => return runs::run(&arguments, global, ui),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CliError::Internal(format!("cannot start the runtime: {error}")))?;
    let code = runtime.block_on(async {
        match command {
            Command::Preflight(arguments) => preflight::run(&arguments, global, ui).await,
            Command::Plan(arguments) => plan::run(&arguments, global, ui).await,
            Command::Apply(arguments) => apply::run(&arguments, global, ui).await,
            Command::Diff(arguments) => diff::run(&arguments, global, ui).await,
            Command::Status(arguments) => status::run(&arguments, global, ui).await,
            Command::Undo(arguments) => undo::run(&arguments, global, ui).await,
            Command::VerifyCode(arguments) => verify_code::run(&arguments, global, ui).await,
            Command::Rehearse(arguments) => rehearse::run(&arguments, ui).await,
            Command::Simulate(arguments) => simulate::run(&arguments, ui).await,
            Command::Validate(_) | Command::Graph(_) | Command::Schema(_) | Command::Runs(_) => {
                unreachable!("handled without a runtime")
            }
        }
    });
    // A prompt that nobody answers must not hold the process.
    runtime.shutdown_background();
    code
}

/// Logs of this program only: those of the HTTP stack hold whole headers, and with them tokens.
fn log_to_stderr(global: &Global) {
    use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    let ours = Targets::new().with_target("waba_migrate", level);
    let registry = tracing_subscriber::registry().with(ours);
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    // A second call in one process (tests) keeps the first subscriber.
    let _ = match global.log_format {
        LogFormat::Text => registry.with(layer.without_time()).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
}
