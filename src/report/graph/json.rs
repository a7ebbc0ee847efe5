//! The step graph for programs.
//!
//! The JSON form is a promise: additions raise the minor of [`FORMAT_VERSION`], anything else the
//! major.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Graph, Role};
use crate::{
    finding::Who,
    step::{Phase, Undo},
};

/// Version of the JSON form.
pub const FORMAT_VERSION: &str = "1.0";

/// The step graph of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Graph")]
pub struct Document {
    /// Version of this format.
    pub format_version: &'static str,
    /// The plan's name.
    pub plan: String,
    /// Every step, after all it needs.
    pub nodes: Vec<Node>,
    /// The needs that no others imply.
    pub edges: Vec<Edge>,
    /// The addresses of the path that takes longest, by the estimates.
    pub critical_path: Vec<String>,
    /// How long it may take: an estimate for planning.
    pub critical_minutes: u64,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Node {
    /// The step's stable name.
    pub address: String,
    /// The kind of step.
    pub kind: &'static str,
    /// Where it stands in the migration.
    pub phase: Phase,
    /// Who or what moves it.
    pub role: Role,
    /// One imperative sentence.
    pub description: String,
    /// All steps that must have ended well before it.
    pub needs: Vec<String>,
    /// Whether it can be taken back.
    pub undo: Undo,
    /// Who has to act, for a gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Who>,
    /// The name of the window outside which it is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// How long it may take: an estimate for planning.
    pub minutes: u64,
    /// Whether it is on the critical path.
    pub critical: bool,
}

/// A need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Edge {
    /// The address of the step that is needed.
    pub from: String,
    /// The address of the step that needs it.
    pub to: String,
    /// Whether it is part of the critical path.
    pub critical: bool,
}

impl From<&Graph> for Document {
    fn from(graph: &Graph) -> Self {
        let address = |at: usize| graph.nodes[at].address.to_string();
        let node = |node: &super::Node| Node {
            address: node.address.to_string(),
            kind: node.kind,
            phase: node.phase,
            role: node.role,
            description: node.description.clone(),
            needs: node.needs.iter().map(|need| address(*need)).collect(),
            undo: node.undo,
            owner: node.owner,
            window: node.window.clone(),
            minutes: node.minutes,
            critical: node.is_critical,
        };
        let edge = |edge: super::Edge| Edge {
            from: address(edge.from),
            to: address(edge.to),
            critical: edge.is_critical,
        };
        Self {
            format_version: FORMAT_VERSION,
            plan: graph.plan.clone(),
            nodes: graph.nodes.iter().map(node).collect(),
            edges: graph.edges().into_iter().map(edge).collect(),
            critical_path: graph.critical.iter().map(|at| address(*at)).collect(),
            critical_minutes: graph.minutes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn edges_and_needs_are_told_by_address() {
        let document = Document::from(&example("quickstart.yaml"));
        let register = document.nodes.iter().find(|node| node.kind == "register");
        insta::assert_json_snapshot!(register, @r#"
        {
          "address": "number[\"+4930901820\"].register",
          "kind": "register",
          "phase": "cut_over",
          "role": "no_return",
          "description": "Register +4930901820 on the target: traffic and billing move",
          "needs": [
            "target.subscription",
            "templates.approved",
            "number[\"+4930901820\"].two_step_off",
            "number[\"+4930901820\"].verify"
          ],
          "undo": "no",
          "window": "night",
          "minutes": 1,
          "critical": true
        }
        "#);
        let into = "number[\"+4930901820\"].register";
        let edges: Vec<_> = document
            .edges
            .iter()
            .filter(|edge| edge.to == into)
            .collect();
        insta::assert_json_snapshot!(edges, @r#"
        [
          {
            "from": "templates.approved",
            "to": "number[\"+4930901820\"].register",
            "critical": false
          },
          {
            "from": "number[\"+4930901820\"].two_step_off",
            "to": "number[\"+4930901820\"].register",
            "critical": true
          },
          {
            "from": "number[\"+4930901820\"].verify",
            "to": "number[\"+4930901820\"].register",
            "critical": false
          }
        ]
        "#);
    }
}
