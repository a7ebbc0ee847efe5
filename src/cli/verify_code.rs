//! `verify-code`: hands a one-time code in, from anywhere.

use std::path::PathBuf;

use clap::Args;

use super::{
    Global,
    error::CliError,
    exit,
    session::{Session, read_plan},
    ui::Ui,
    whoami::{ci_job, commit, host, run_id, user},
};
use crate::{
    api::{
        Writes,
        meta::{GraphError, Writer, write},
    },
    ids::{Address, NumberStep},
    journal::{Event, Journal, Lock, StepEnd, event::VERSION},
    phone::Phone,
    plan::Method,
    report::style,
    resource::phone_number::PhoneNumber,
    secret::Secret,
    step::{answer, refused_code, six_digits},
};

/// Hand in the one-time code of a number
///
/// One POST. The code is sent once: a wrong one counts against a limit.
#[derive(Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// The number, like "+49 30 901820"
    phone: Phone,
    /// The six digits that came, with or without a hyphen; `-` reads them from standard input
    code: String,
}

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments")
            .field("plan", &self.plan)
            .field("phone", &self.phone)
            .finish_non_exhaustive()
    }
}

impl Arguments {
    fn code(&self) -> Result<Secret, CliError> {
        let mut typed = self.code.clone();
        if typed == "-" {
            typed.clear();
            std::io::stdin()
                .read_line(&mut typed)
                .map_err(CliError::Input)?;
        }
        six_digits(&Secret::new(typed))
            .ok_or_else(|| CliError::Usage("a code has six digits".into()))
    }
}

pub(super) async fn run(arguments: &Arguments, global: &Global, ui: Ui) -> Result<u8, CliError> {
    let phone = &arguments.phone;
    let plan = read_plan(&arguments.plan, ui)?;
    match plan.number(phone).map(|number| &number.method) {
        None => return Err(CliError::Usage(format!("the plan has no number {phone}"))),
        Some(Method::Otp) => {}
        Some(Method::EmbeddedSignup | Method::SolutionIntent(_)) => {
            return Err(CliError::Usage(format!(
                "{phone} needs no code here: its method is not otp"
            )));
        }
    }
    let code = arguments.code()?;
    let session = Session::to_look(global, plan).await?;
    hand_in(&session, phone, code, ui).await
}

async fn hand_in(session: &Session, phone: &Phone, code: Secret, ui: Ui) -> Result<u8, CliError> {
    let Session {
        plan,
        site,
        connection,
        ..
    } = session;
    let since = site.clock.now();
    let lock = Lock::of_codes(
        &site.journal,
        &plan.name,
        &format!("{} on {}, since {since:.0}", user(), host()),
    )?;
    let seen = session.look(session.history()?).await.readable()?;
    let Some(number) = seen.snapshot.target.known(phone) else {
        return Err(CliError::Usage(format!(
            "{phone} is not on the target yet: run apply first"
        )));
    };
    if number.is_verified() {
        show(phone, "verified already", ui)?;
        return Ok(exit::OK);
    }
    let journal = Journal::create(&lock, run_id(&*site.clock), site.clock.clone(), None)?;
    journal.record(Event::RunStarted {
        journal: VERSION,
        run: journal.run(),
        plan: plan.name.clone(),
        plan_digest: plan.digest.clone(),
        host: host(),
        user: user(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        change_set: None,
        ci_job: ci_job(),
        commit: commit(),
    })?;
    let step = Address::number(phone, NumberStep::Verify);
    let write = write::verify_code(&number.id, code);
    let intent = journal.intend(
        &step,
        1,
        write.method.as_str(),
        &write.path,
        write.public_params(),
    )?;
    let sent = Writer::new(connection.clone()).send(intent, &write).await;
    journal.record(Event::Answered {
        step: step.clone(),
        attempt: 1,
        answer: answer(&sent),
    })?;
    let sent = sent.result;
    let verified = match &sent {
        Ok(_) => true,
        Err(error) if error.leaves_doubt() => {
            let looked = session
                .readers
                .target
                .get(&PhoneNumber::read(&number.id))
                .await;
            looked.is_ok_and(|number| number.is_verified())
        }
        Err(_) => false,
    };
    if verified {
        journal.record(Event::StepEnded {
            step: step.clone(),
            end: StepEnd::Done,
            note: "verified".into(),
            hint: None,
            findings: Vec::new(),
        })?;
    }
    let code = match &sent {
        _ if verified => exit::OK,
        Err(error) if error.is_credential() => exit::CREDENTIAL,
        Err(error) if error.is_limit() => exit::PARKED,
        _ => exit::FAILED,
    };
    journal.record(Event::RunEnded { code })?;
    match sent.err().filter(|_| !verified) {
        None => show(phone, "verified", ui)?,
        Some(error) => {
            let before = seen.snapshot.history.number(phone).codes.tried;
            let is_judged = error.graph().is_some_and(GraphError::judges);
            return Err(CliError::Call {
                doing: match is_judged {
                    true => refused_code(phone, before),
                    false => format!("verify {phone}"),
                },
                subject: step,
                source: error,
                code,
            });
        }
    }
    Ok(code)
}

fn show(phone: &Phone, state: &str, ui: Ui) -> Result<(), CliError> {
    let value = serde_json::json!({ "phone": phone, "state": state });
    ui.show(&value, || {
        format!("{} {phone} is {state}.\n", style::good("✓"))
    })
}
