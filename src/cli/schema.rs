//! `schema`: the JSON Schemas of what this program reads and writes.

use clap::{Args, ValueEnum};
use schemars::JsonSchema;

use super::{error::CliError, exit, ui::Ui};
use crate::{
    changeset::Sealed,
    chaos::tally::Sums,
    diff::Difference,
    finding::Finding,
    id_map::IdMap,
    journal::run::Summary,
    plan::{document, template_file},
    report::{events::Line, graph::json},
    status::Status,
};

/// Print a JSON Schema, for editors and programs
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which format
    #[arg(value_enum)]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The plan file
    Plan,
    /// What `plan -o` saves, and `plan --format json` prints
    ChangeSet,
    /// What `validate` and `preflight` print with `--format json`
    Findings,
    /// A line of what `apply --format json` prints
    Events,
    /// A line of what `rehearse --format json` prints
    Rehearsal,
    /// What `diff --format json` prints
    Differences,
    /// What `status --format json` prints
    Status,
    /// What `runs --format json` prints
    Runs,
    /// What `graph --format json` prints
    Graph,
    /// What `apply --map` writes
    Map,
    /// The world file of the simulator
    World,
    /// A template file
    Template,
}

/// One line of `rehearse --format json`, in this order: what preflight found, what is to be done, the
/// events of apply, what differs afterwards; with `--chaos` what the plays with faults come to.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "each is printed by the command that it is of")]
enum Rehearsed {
    /// What `preflight` prints.
    Findings(Vec<Finding>),
    /// What `plan` prints.
    ChangeSet(Box<Sealed>),
    /// A line of what `apply` prints.
    Event(Line),
    /// What `diff` prints.
    Differences(Vec<Difference>),
    /// What many plays come to.
    Chaos(Sums),
}

pub(super) fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    let schema = match arguments.kind {
        Kind::Plan => document::schema(),
        Kind::ChangeSet => schemars::schema_for!(Sealed).to_value(),
        Kind::Events => schemars::schema_for!(Line).to_value(),
        Kind::Rehearsal => schemars::schema_for!(Rehearsed).to_value(),
        Kind::Findings => schemars::schema_for!(Vec<Finding>).to_value(),
        Kind::Differences => schemars::schema_for!(Vec<Difference>).to_value(),
        Kind::Status => schemars::schema_for!(Status).to_value(),
        Kind::Runs => schemars::schema_for!(Vec<Summary>).to_value(),
        Kind::Graph => schemars::schema_for!(json::Document).to_value(),
        Kind::Map => schemars::schema_for!(IdMap).to_value(),
        Kind::World => crate::sim::file::schema(),
        Kind::Template => template_file::document::schema(),
    };
    ui.print_json(&schema)?;
    Ok(exit::OK)
}
