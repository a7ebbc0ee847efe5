//! `apply`: shows the plan, asks, and runs it.

mod approval;
mod progress;
mod run;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;

use jiff::Timestamp;

use super::{
    Global,
    change_set::{self, Reviewed},
    error::CliError,
    exit,
    gate_text::GateText,
    reports::{Comment, Junit},
    selection::Selected,
    session::{Session, Site},
    terminal::{Terminal, stop_on_signals},
    ui::Ui,
    whoami::user,
};
use crate::{
    changeset::{
        Direction,
        risk::{Acceptance, Accepted},
    },
    clock::Clock,
    ids::{Address, NumberStep, SolutionId},
    phone::Phone,
    plan::{Method, Plan},
    step::{Options, Stop},
};

pub(super) use run::{Forget, Run};

/// Do what plan shows, and nothing else
///
/// Takes a plan, or a change set that `plan -o` or `undo -o` saved and somebody reviewed: then only what was
/// reviewed is done, and what is no longer as it was seen is refused (exit 7). Everything is written
/// to the journal before it is sent. Run it again at any time: what is done is not done twice. On a
/// terminal it asks first and waits for people; elsewhere it needs a change set or --auto-approve,
/// does all it can, and exits 5 when it has to wait.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file, or a saved change set
    #[arg(value_name = "PLAN|CHANGESET")]
    file: PathBuf,
    /// Where the plan of the change set is [default: where the change set says]
    #[arg(long, value_name = "FILE", env = "WABA_MIGRATE_PLAN")]
    plan: Option<PathBuf>,
    /// Do not ask
    #[arg(long, env = "WABA_MIGRATE_AUTO_APPROVE")]
    auto_approve: bool,
    /// Accept what cannot be taken back, by name and amount: cut-over=2, delete-templates=3; more is refused, and so is what is not named (repeatable)
    #[arg(
        long,
        value_name = "NAME=AMOUNT",
        value_delimiter = ',',
        env = "WABA_MIGRATE_ACCEPT"
    )]
    accept: Vec<Acceptance>,
    #[command(flatten)]
    selected: Selected,
    /// Go on with the rest when a precondition of one number fails, or when a change is no longer what was reviewed
    #[arg(long, env = "WABA_MIGRATE_PARTIAL")]
    partial: bool,
    /// How long to wait for copies, reviews, states and a window that opens soon [default: as long as it takes on a terminal, else 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration, env = "WABA_MIGRATE_WAIT")]
    wait: Option<Duration>,
    /// Wait for nothing and ask for nothing
    #[arg(long, conflicts_with = "wait", env = "WABA_MIGRATE_NO_WAIT")]
    no_wait: bool,
    /// When the run has to be over, counted from now: shortly before, nothing is started any more; no cut-over begins that might not end; the rest parks
    #[arg(long, value_name = "DURATION", value_parser = duration, env = "WABA_MIGRATE_DEADLINE")]
    deadline: Option<Duration>,
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
    #[command(flatten)]
    comment: Comment,
    #[command(flatten)]
    tests: Junit,
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
    let ui = arguments.comment.on(ui)?;
    let junit = arguments.tests.check()?;
    let Reviewed { plan, approved } =
        change_set::read(&arguments.file, arguments.plan.as_deref(), ui)?;
    if let Some(code) = arguments.gates.print(&plan, ui)? {
        return Ok(code);
    }
    let is_approved = arguments.auto_approve || approved.is_some();
    if !Ui::is_attended() && !is_approved {
        return Err(CliError::Usage(
            "nobody can be asked here, so apply needs a change set that was reviewed (plan -o FILE, then apply FILE) or --auto-approve".into(),
        ));
    }
    let site = Site::of(global, &plan)?;
    let options = options(arguments, &plan, site.clock.now())?;
    let patience = options.wait.unwrap_or(Duration::from_secs(3600));
    let direction = approved.as_ref().map(|one| one.direction);
    let session = match direction.unwrap_or_default() {
        Direction::Forward => Session::open(plan, site, patience).await?,
        Direction::Undo => Session::to_undo(plan, site, patience, ui).await?,
    };
    let mut choice = arguments.selected.choice(&session.graph)?;
    if let Some(selection) = approved.as_ref().and_then(|one| one.selection.as_ref()) {
        choice = choice.and(selection.choice());
    }
    let terminal = Terminal::new(options.attended);
    let stop = Arc::new(Stop::default());
    stop_on_signals(&stop, ui);
    if let (Some(deadline), Some(whole)) = (options.deadline, arguments.deadline) {
        stop_in_time(&stop, &session.site.clock, deadline, whole);
    }
    let run = Run {
        session: &session,
        options: &options,
        people: &terminal,
        stop: &stop,
        partial: arguments.partial,
        map: arguments.map.as_deref(),
        junit,
        forget: Forget {
            refused_templates: arguments.retry_templates,
            intents: solutions(&arguments.new_intent, &session.plan)?,
        },
        approved: approved.as_ref(),
        choice,
        accepted: Accepted::new(&arguments.accept),
        asks: !is_approved,
    };
    run.start(ui).await
}

fn options(arguments: &Arguments, plan: &Plan, now: Timestamp) -> Result<Options, CliError> {
    let attended = Ui::is_attended();
    let wait = match (arguments.no_wait, attended) {
        (true, _) => Some(Duration::ZERO),
        (false, true) => arguments.wait,
        (false, false) => arguments.wait.or(Some(Duration::from_secs(30))),
    };
    let deadline = arguments.deadline.map(|left| now.saturating_add(left));
    Ok(Options {
        wait,
        attended: attended && !arguments.no_wait,
        deadline: deadline.map(|deadline| deadline.unwrap_or(Timestamp::MAX)),
        poll_interval: arguments.poll_interval,
        new_codes: coded(&arguments.new_code, plan)?,
        new_pins: known("--new-pin", &arguments.new_pin, plan)?,
        confirmed: confirmed(arguments, plan)?,
        user: user(),
    })
}

/// How long before its deadline a run starts nothing any more: a register has 90 s for its answer,
/// other calls have less. Only an upload of a large file may take longer.
const MARGIN: Duration = Duration::from_secs(120);

/// Has the run stop so early before its deadline that what is under way then can end. Of a short
/// time it takes a tenth at the most.
fn stop_in_time(stop: &Arc<Stop>, clock: &Arc<dyn Clock>, deadline: Timestamp, whole: Duration) {
    let margin = MARGIN.min(whole / 10);
    let left = Duration::try_from(clock.now().duration_until(deadline)).unwrap_or_default();
    let (stop, clock) = (stop.clone(), clock.clone());
    tokio::spawn(async move {
        clock.sleep(left.saturating_sub(margin)).await;
        stop.ask(exit::PARKED);
    });
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
