//! `schema`: the JSON Schemas of what this program reads and writes.

use clap::{Args, ValueEnum};

use super::{error::CliError, exit, ui::Ui};
use crate::{
    changeset::Sealed,
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

pub(super) fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    let schema = match arguments.kind {
        Kind::Plan => document::schema(),
        Kind::ChangeSet => schemars::schema_for!(Sealed).to_value(),
        Kind::Events => schemars::schema_for!(Line).to_value(),
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
