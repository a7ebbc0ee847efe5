//! `--only` and `--skip`.

use clap::Args;

use super::error::CliError;
use crate::changeset::{Choice, StepGraph, select::Selector};

#[derive(Debug, Args)]
pub(super) struct Selected {
    /// Only these steps: an address pattern like 'templates.*', a phone number, or a phase (prepare, verify, cut-over, settle); repeatable
    #[arg(
        long,
        value_name = "STEPS",
        value_delimiter = ',',
        env = "WABA_MIGRATE_ONLY"
    )]
    only: Vec<Selector>,
    /// All but these steps; named like those of --only
    #[arg(
        long,
        value_name = "STEPS",
        value_delimiter = ',',
        env = "WABA_MIGRATE_SKIP"
    )]
    skip: Vec<Selector>,
}

impl Selected {
    /// Returns what is wanted. A selector that fits nothing is a slip.
    pub(super) fn choice(&self, graph: &StepGraph) -> Result<Choice, CliError> {
        let choice = Choice::new(self.only.clone(), self.skip.clone());
        match choice.stray(graph) {
            None => Ok(choice),
            Some(stray) => Err(CliError::Usage(format!(
                "`{stray}` names no step of this plan; `plan` and `graph` show their addresses"
            ))),
        }
    }
}
