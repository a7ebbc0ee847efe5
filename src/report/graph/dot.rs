//! The step graph for Graphviz: `waba-migrate graph PLAN --as dot | dot -Tsvg`.
//!
//! One cluster a phase. Every sort of step has a shape of its own, so colour only helps.

use std::fmt::Write as _;

use super::{Graph, Node, PHASES, Role};
use crate::report::{changes::phase_name, clean};

const HEAD: &str = "  rankdir=LR; newrank=true; ranksep=0.5; nodesep=0.2;
  graph [fontname=\"Helvetica\", style=\"rounded\", color=\"#94a3b8\"];
  node [fontname=\"Helvetica\", fontsize=11, shape=box, style=\"rounded,filled\", color=\"#64748b\", fillcolor=\"#ffffff\"];
  edge [color=\"#64748b\", arrowsize=0.7];
";

const CRITICAL: &str = "color=\"#6d28d9\", penwidth=2.5";

/// Renders the graph in the DOT language.
pub fn render(graph: &Graph) -> String {
    let mut text = format!("digraph {} {{\n{HEAD}", quoted(&graph.plan));
    for (at, phase) in PHASES.into_iter().enumerate() {
        let steps = graph.of_phase(phase);
        if steps.is_empty() {
            continue;
        }
        let label = quoted(phase_name(phase));
        let _ = writeln!(text, "  subgraph cluster_{at} {{\n    label={label};");
        for step in steps {
            let _ = writeln!(text, "    n{step} [{}];", attributes(&graph.nodes[step]));
        }
        text += "  }\n";
    }
    for edge in graph.edges() {
        let critical = if edge.is_critical {
            format!(" [{CRITICAL}]")
        } else {
            String::new()
        };
        let _ = writeln!(text, "  n{} -> n{}{critical};", edge.from, edge.to);
    }
    text + "}\n"
}

fn attributes(node: &Node) -> String {
    let subject = node.subject.as_ref().map(|subject| subject.name.clone());
    let lines = [subject, Some(node.name.clone()), node.note()];
    let lines: Vec<_> = lines
        .into_iter()
        .flatten()
        .map(|line| escaped(&line))
        .collect();
    let mut attributes = format!(
        "label=\"{}\", tooltip={}",
        lines.join("\\n"),
        quoted(&node.description)
    );
    attributes += match node.role {
        Role::Call => "",
        Role::Gate => ", shape=hexagon, style=filled, fillcolor=\"#fef3c7\"",
        Role::Wait => ", style=\"rounded,filled,dashed\", fillcolor=\"#f1f5f9\"",
        Role::NoReturn => ", shape=doubleoctagon, style=filled, fillcolor=\"#fee2e2\"",
    };
    if node.is_critical {
        attributes += ", ";
        attributes += CRITICAL;
    }
    attributes
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Within quotes a quote ends the string, a backslash begins an escape, and `&` an entity.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '"' => escaped += "\\\"",
            '\\' => escaped += "\\\\",
            '&' => escaped += "&amp;",
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_small_plan() {
        insta::assert_snapshot!(render(&example("quickstart.yaml")), @r##"
        digraph "quickstart" {
          rankdir=LR; newrank=true; ranksep=0.5; nodesep=0.2;
          graph [fontname="Helvetica", style="rounded", color="#94a3b8"];
          node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", color="#64748b", fillcolor="#ffffff"];
          edge [color="#64748b", arrowsize=0.7];
          subgraph cluster_0 {
            label="Prepare (no traffic is touched)";
            n0 [label="target.subscription", tooltip="Subscribe our app to webhooks of 215589313241560"];
            n1 [label="templates.copy", tooltip="Copy templates from 102290129340398 to 215589313241560"];
            n2 [label="templates.approved\nwaits for Meta", tooltip="Wait until every required template is APPROVED on the target", style="rounded,filled,dashed", fillcolor="#f1f5f9"];
            n3 [label="+4930901820\ntwo_step_off\nthe source's owner", tooltip="Have the source's owner switch two-step verification of +4930901820 off", shape=hexagon, style=filled, fillcolor="#fef3c7", color="#6d28d9", penwidth=2.5];
            n4 [label="+4930901820\nadd", tooltip="Add +49 30 901820 to 215589313241560"];
          }
          subgraph cluster_1 {
            label="Verify";
            n5 [label="+4930901820\nrequest_code", tooltip="Request a one-time code for +4930901820 by text message (de)"];
            n6 [label="+4930901820\nverify", tooltip="Hand in the one-time code of +4930901820"];
          }
          subgraph cluster_2 {
            label="Cut over";
            n7 [label="+4930901820\nregister\npoint of no return", tooltip="Register +4930901820 on the target: traffic and billing move", shape=doubleoctagon, style=filled, fillcolor="#fee2e2", color="#6d28d9", penwidth=2.5];
            n8 [label="+4930901820\nlive\nwaits for Meta", tooltip="Wait until +4930901820 is CONNECTED on the Cloud API", style="rounded,filled,dashed", fillcolor="#f1f5f9", color="#6d28d9", penwidth=2.5];
          }
          subgraph cluster_3 {
            label="Settle";
            n9 [label="+4930901820\nprofile", tooltip="Set the business profile of +4930901820", color="#6d28d9", penwidth=2.5];
          }
          n1 -> n2;
          n0 -> n4;
          n4 -> n5;
          n5 -> n6;
          n2 -> n7;
          n3 -> n7 [color="#6d28d9", penwidth=2.5];
          n6 -> n7;
          n7 -> n8 [color="#6d28d9", penwidth=2.5];
          n8 -> n9 [color="#6d28d9", penwidth=2.5];
        }
        "##);
    }

    #[test]
    fn quotes_and_brackets_are_balanced_whatever_a_name_says() {
        for (name, graph) in examples().chain([("hostile", hostile())]) {
            let text = render(&graph);
            let mut depth = 0_i32;
            for line in text.lines() {
                let outside = outside_quotes(line);
                assert!(!outside.contains("evil"), "{name}: {line}");
                let of = |open: char| outside.matches(open).count();
                assert_eq!(of('['), of(']'), "{name}: {line}");
                depth += i32::try_from(of('{')).unwrap() - i32::try_from(of('}')).unwrap();
            }
            assert_eq!(depth, 0, "{name}");
            assert_eq!(text, render(&graph), "{name}");
        }
    }

    /// What stands outside quoted strings, every one of which ends on its line.
    fn outside_quotes(line: &str) -> String {
        let (mut outside, mut is_inside, mut chars) = (String::new(), false, line.chars());
        while let Some(c) = chars.next() {
            match c {
                '\\' if is_inside => drop(chars.next()),
                '"' => is_inside = !is_inside,
                c if !is_inside => outside.push(c),
                _ => {}
            }
        }
        assert!(!is_inside, "{line}");
        outside
    }
}
