//! `apply`: shows the plan, asks, and runs it.

mod approval;
mod progress;
mod run;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;

use super::{
    Global,
    error::CliError,
    gate_text::GateText,
    session::{Session, Site, read_plan},
    terminal::{Terminal, stop_on_signals},
    ui::Ui,
    whoami::user,
};
use crate::{
    ids::{Address, NumberStep, SolutionId},
    phone::Phone,
    plan::{Method, Plan},
    step::{Options, Stop},
};

use approval::{Ask, ask_to_go_on};
pub(super) use run::{Forget, Run};

/// Do what plan shows, and nothing else
///
/// Everything is written to the journal before it is sent. Run it again at any time: what is done is
/// not done twice. On a terminal it asks first and waits for people; elsewhere it needs
/// --auto-approve, does all it can, and exits 5 when it has to wait.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// Do not ask
    #[arg(long, env = "WABA_MIGRATE_AUTO_APPROVE")]
    auto_approve: bool,
    /// Go on with the other numbers when a precondition of one number fails
    #[arg(long, env = "WABA_MIGRATE_PARTIAL")]
    partial: bool,
    /// How long to wait for copies, reviews, states and a window that opens soon [default: as long as it takes on a terminal, else 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration, env = "WABA_MIGRATE_WAIT")]
    wait: Option<Duration>,
    /// Wait for nothing and ask for nothing
    #[arg(long, conflicts_with = "wait", env = "WABA_MIGRATE_NO_WAIT")]
    no_wait: bool,
    /// The longest pause between two looks
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s", env = "WABA_MIGRATE_POLL_INTERVAL")]
    poll_interval: Duration,
    /// Ask for another one-time code although one may be on its way (repeatable)
    #[arg(
        long,
        value_name = "PHONE",
        value_delimiter = ',',
        env = "WABA_MIGRATE_NEW_CODE"
    )]
    new_code: Vec<Phone>,
    /// Send the PIN of a number although Meta refused one before: it was corrected (repeatable)
    #[arg(
        long,
        value_name = "PHONE",
        value_delimiter = ',',
        env = "WABA_MIGRATE_NEW_PIN"
    )]
    new_pin: Vec<Phone>,
    /// Set another migration intent for a number of method solution_intent (repeatable)
    #[arg(
        long,
        value_name = "PHONE",
        value_delimiter = ',',
        env = "WABA_MIGRATE_NEW_INTENT"
    )]
    new_intent: Vec<Phone>,
    /// Have templates and flows copied or created again that Meta refused before
    #[arg(long, env = "WABA_MIGRATE_RETRY_TEMPLATES")]
    retry_templates: bool,
    /// Pass a gate two_step_off that the source cannot show, by its address (repeatable)
    #[arg(
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        env = "WABA_MIGRATE_CONFIRM"
    )]
    confirm: Vec<String>,
    /// Write old and new ids to a file at the end: numbers, templates, flows, namespaces
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_MAP")]
    map: Option<PathBuf>,
    #[command(flatten)]
    gates: GateText,
}

/// Reads `90s`, `10m`, `1h 30m`, or plain seconds.
fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "write it like 90s, 10m or 1h30m".to_owned())?;
    Duration::try_from(span).map_err(|_| "it cannot be negative".to_owned())
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let ui = Ui {
        json_lines: true,
        ..ui
    };
    let plan = read_plan(&arguments.plan, ui)?;
    if let Some(code) = arguments.gates.print(&plan, ui)? {
        return Ok(code);
    }
    let attended = Ui::is_attended();
    if !attended && !arguments.auto_approve {
        return Err(CliError::Usage(
            "nobody can be asked here, so apply needs --auto-approve (review the output of plan first)".into(),
        ));
    }
    let confirmed = confirmed(arguments, &plan)?;
    let site = Site::of(global, &plan)?;
    let waits = if attended {
        None
    } else {
        Some(Duration::from_secs(30))
    };
    let options = Options {
        wait: if arguments.no_wait {
            Some(Duration::ZERO)
        } else {
            arguments.wait.or(waits)
        },
        attended: attended && !arguments.no_wait,
        poll_interval: arguments.poll_interval,
        new_codes: coded(&arguments.new_code, &plan)?,
        new_pins: known("--new-pin", &arguments.new_pin, &plan)?,
        confirmed,
        user: user(),
    };
    let patience = options.wait.unwrap_or(Duration::from_secs(3600));
    let session = Session::open(plan, site, patience).await?;
    let terminal = Terminal::new(options.attended);
    let stop = Arc::new(Stop::default());
    stop_on_signals(&stop, ui);
    let ask = (!arguments.auto_approve).then_some(ask_to_go_on as Ask);
    let run = Run {
        session: &session,
        options: &options,
        people: &terminal,
        stop: &stop,
        partial: arguments.partial,
        map: arguments.map.as_deref(),
        forget: Forget {
            refused_templates: arguments.retry_templates,
            intents: solutions(&arguments.new_intent, &session.plan)?,
        },
    };
    run.start(ask, ui).await
}

/// Numbers named by a flag; a number that the plan does not know is a slip.
fn known(flag: &str, phones: &[Phone], plan: &Plan) -> Result<BTreeSet<Phone>, CliError> {
    match phones.iter().find(|phone| plan.number(phone).is_none()) {
        Some(unknown) => Err(CliError::Usage(format!(
            "{flag} {unknown}: the plan has no such number"
        ))),
        None => Ok(phones.iter().cloned().collect()),
    }
}

/// Numbers of `--new-code`: those that are verified by a code.
fn coded(phones: &[Phone], plan: &Plan) -> Result<BTreeSet<Phone>, CliError> {
    let known = known("--new-code", phones, plan)?;
    let has_code = |phone: &&Phone| {
        plan.number(phone)
            .is_some_and(|number| number.method == Method::Otp)
    };
    match known.iter().find(|phone| !has_code(phone)) {
        Some(phone) => Err(CliError::Usage(format!(
            "--new-code {phone}: the number needs no code, its method is not otp"
        ))),
        None => Ok(known),
    }
}

/// The solutions of numbers named by `--new-intent`.
fn solutions(phones: &[Phone], plan: &Plan) -> Result<Vec<SolutionId>, CliError> {
    let solution = |phone| match plan.number(phone).map(|number| &number.method) {
        Some(Method::SolutionIntent(solution)) => Ok(solution.clone()),
        Some(Method::Otp | Method::EmbeddedSignup) => Err(CliError::Usage(format!(
            "--new-intent {phone}: the number is not of method solution_intent"
        ))),
        None => Err(CliError::Usage(format!(
            "--new-intent {phone}: the plan has no such number"
        ))),
    };
    phones.iter().map(solution).collect()
}

fn confirmed(arguments: &Arguments, plan: &Plan) -> Result<BTreeSet<Address>, CliError> {
    let gates: BTreeSet<_> = plan
        .numbers
        .iter()
        .map(|number| Address::number(&number.phone, NumberStep::TwoStepOff))
        .collect();
    let find = |text: &String| {
        gates
            .iter()
            .find(|gate| gate.as_str() == text)
            .cloned()
            .ok_or_else(|| CliError::Usage(format!("--confirm {text}: the plan has no such gate")))
    };
    arguments.confirm.iter().map(find).collect()
}
