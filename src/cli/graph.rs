//! `graph`: the step graph of a plan as a tree, for Graphviz, as Mermaid or as a picture.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    error::CliError,
    exit,
    session::read_plan,
    ui::{Format, Ui},
    whole_file,
};
use crate::{
    changeset::StepGraph,
    report::graph::{Graph, dot, json::Document, mermaid, svg, text},
};

/// Show which step needs which, who must act, and where there is no way back
///
/// Reads the plan and talks to nobody. The critical path is the longest by planning estimates: a call
/// takes a minute, a review by Meta a day, a person elsewhere two days. With --format json it prints
/// nodes and edges, with --format markdown a Mermaid diagram in a fence. Exits 3 when the plan is
/// invalid.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The plan file
    plan: PathBuf,
    /// What the graph looks like; wins over --format [default: text]
    #[arg(long = "as", value_enum, value_name = "FORM", env = "WABA_MIGRATE_AS")]
    form: Option<Form>,
    /// Write it to a file, whole or not at all
    // No variable: the one that `plan -o` reads would have every graph overwrite a change set.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What a graph can look like.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// A tree for people
    Text,
    /// For Graphviz
    Dot,
    /// For Markdown that draws Mermaid
    Mermaid,
    /// A picture
    Svg,
}

pub(super) fn run(arguments: &Arguments, ui: Ui) -> Result<u8, CliError> {
    let plan = read_plan(&arguments.plan, ui)?;
    let graph = Graph::of(&plan, &StepGraph::of(&plan));
    let shown = match (arguments.form, ui.format) {
        (Some(Form::Text), _) | (None, Format::Text) => text::render(&graph),
        (Some(Form::Dot), _) => dot::render(&graph),
        (Some(Form::Mermaid), _) => mermaid::render(&graph),
        (Some(Form::Svg), _) => svg::render(&graph),
        (None, Format::Markdown) => mermaid::render_markdown(&graph),
        (None, Format::Json) => json(&graph)?,
    };
    match &arguments.output {
        None => ui.print(&shown)?,
        Some(path) => {
            // A file has no colours.
            let plain = anstream::adapter::strip_str(&shown).to_string();
            whole_file::write(path, &plain)?;
        }
    }
    Ok(exit::OK)
}

fn json(graph: &Graph) -> Result<String, CliError> {
    let json = serde_json::to_string_pretty(&Document::from(graph));
    let json = json.map_err(|error| CliError::Internal(format!("cannot write JSON: {error}")))?;
    Ok(json + "\n")
}
