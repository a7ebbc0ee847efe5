//! `--gate-text`: the mail that asks people to act, on every command that tells of gates.
//!
//! Nobody is talked to: it needs the plan alone.

use clap::{Args, ValueEnum};

use super::{error::CliError, exit, ui::Ui};
use crate::{
    phone::Phone,
    plan::Plan,
    report::gates::{self, Language},
};

#[derive(Debug, Args)]
pub(super) struct GateText {
    /// Print a mail that asks for what only people can do for this number, and do nothing else
    #[arg(long, value_name = "PHONE", env = "WABA_MIGRATE_GATE_TEXT")]
    gate_text: Option<Phone>,
    /// The language of that mail
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "LANGUAGE",
        env = "WABA_MIGRATE_GATE_LANGUAGE"
    )]
    gate_language: Written,
}

/// What languages are called on the command line.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Written {
    /// English
    #[default]
    En,
    /// German
    De,
}

impl GateText {
    /// Prints the mail, if one is asked for, and returns the exit code.
    pub(super) fn print(&self, plan: &Plan, ui: Ui) -> Result<Option<u8>, CliError> {
        let Some(phone) = &self.gate_text else {
            return Ok(None);
        };
        let number = plan.number(phone).ok_or_else(|| {
            CliError::Usage(format!("--gate-text {phone}: the plan has no such number"))
        })?;
        let language = match self.gate_language {
            Written::En => Language::En,
            Written::De => Language::De,
        };
        let texts = gates::texts(plan, number, language);
        ui.show(&texts, || gates::render(&texts))?;
        Ok(Some(exit::OK))
    }
}
