//! The step graph as Mermaid, which GitHub and many wikis draw.
//!
//! Of texts only letters, digits and a few harmless signs stay as they are; all else becomes a
//! Mermaid entity (`#34;`), so that no name ends a label, begins a directive or closes a fence.

use std::fmt::Write as _;

use super::{Graph, Node, PHASES, Role};
use crate::report::{changes::phase_name, clean};

const STYLES: &str = "  classDef gate fill:#fef3c7,stroke:#b45309,color:#451a03
  classDef wait fill:#f1f5f9,stroke:#64748b,color:#0f172a,stroke-dasharray:4 3
  classDef noReturn fill:#fee2e2,stroke:#b91c1c,color:#7f1d1d,stroke-width:2px
  classDef critical stroke:#7c3aed,stroke-width:3px
";

/// Renders the graph as a Mermaid flowchart.
pub fn render(graph: &Graph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (at, phase) in PHASES.into_iter().enumerate() {
        let steps = graph.of_phase(phase);
        if steps.is_empty() {
            continue;
        }
        let _ = writeln!(text, "  subgraph p{at}[\"{}\"]", phase_name(phase));
        for step in steps {
            let _ = writeln!(text, "    n{step}{}", shape(&graph.nodes[step]));
        }
        text += "  end\n";
    }
    let mut critical = Vec::new();
    for (at, edge) in graph.edges().into_iter().enumerate() {
        let arrow = if edge.is_critical { "==>" } else { "-->" };
        let _ = writeln!(text, "  n{} {arrow} n{}", edge.from, edge.to);
        if edge.is_critical {
            critical.push(at.to_string());
        }
    }
    text += STYLES;
    text += &classes(graph);
    if !critical.is_empty() {
        let critical = critical.join(",");
        let _ = writeln!(
            text,
            "  linkStyle {critical} stroke:#7c3aed,stroke-width:3px"
        );
    }
    text
}

/// Renders the graph for Markdown, in a fence.
pub fn render_markdown(graph: &Graph) -> String {
    format!("```mermaid\n{}```\n", render(graph))
}

fn classes(graph: &Graph) -> String {
    let class = |name: &str, has: &dyn Fn(&Node) -> bool| {
        let nodes = graph.nodes.iter().enumerate();
        let nodes = nodes.filter(|(_, node)| has(node));
        let ids: Vec<_> = nodes.map(|(at, _)| format!("n{at}")).collect();
        match ids.is_empty() {
            true => String::new(),
            false => format!("  class {} {name}\n", ids.join(",")),
        }
    };
    class("gate", &|node| node.role == Role::Gate)
        + &class("wait", &|node| node.role == Role::Wait)
        + &class("noReturn", &|node| node.role == Role::NoReturn)
        + &class("critical", &|node| node.is_critical)
}

fn shape(node: &Node) -> String {
    let subject = node.subject.as_ref().map(|subject| subject.name.clone());
    let lines = [subject, Some(node.name.clone()), node.note()];
    let lines: Vec<_> = lines
        .into_iter()
        .flatten()
        .map(|line| escaped(&line))
        .collect();
    let label = lines.join("<br>");
    match node.role {
        Role::Call => format!("[\"{label}\"]"),
        Role::Gate => format!("{{{{\"{label}\"}}}}"),
        Role::Wait => format!("([\"{label}\"])"),
        Role::NoReturn => format!("[[\"{label}\"]]"),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if c.is_alphanumeric() || " .,:_/+-'".contains(c) {
            escaped.push(c);
        } else {
            let _ = write!(escaped, "#{};", u32::from(c));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    #[test]
    fn a_small_plan() {
        insta::assert_snapshot!(render_markdown(&example("quickstart.yaml")), @r#"
        ```mermaid
        flowchart LR
          subgraph p0["Prepare (no traffic is touched)"]
            n0["target.subscription"]
            n1["templates.copy"]
            n2(["templates.approved<br>waits for Meta"])
            n3{{"+4930901820<br>two_step_off<br>the source's owner"}}
            n4["+4930901820<br>add"]
          end
          subgraph p1["Verify"]
            n5["+4930901820<br>request_code"]
            n6["+4930901820<br>verify"]
          end
          subgraph p2["Cut over"]
            n7[["+4930901820<br>register<br>point of no return"]]
            n8(["+4930901820<br>live<br>waits for Meta"])
          end
          subgraph p3["Settle"]
            n9["+4930901820<br>profile"]
          end
          n1 --> n2
          n0 --> n4
          n4 --> n5
          n5 --> n6
          n2 --> n7
          n3 ==> n7
          n6 --> n7
          n7 ==> n8
          n8 ==> n9
          classDef gate fill:#fef3c7,stroke:#b45309,color:#451a03
          classDef wait fill:#f1f5f9,stroke:#64748b,color:#0f172a,stroke-dasharray:4 3
          classDef noReturn fill:#fee2e2,stroke:#b91c1c,color:#7f1d1d,stroke-width:2px
          classDef critical stroke:#7c3aed,stroke-width:3px
          class n3 gate
          class n2,n8 wait
          class n7 noReturn
          class n3,n7,n8,n9 critical
          linkStyle 5,7,8 stroke:#7c3aed,stroke-width:3px
        ```
        "#);
    }

    #[test]
    fn no_name_breaks_out() {
        assert_eq!(escaped("Grüße +49"), "Grüße +49");
        assert_eq!(escaped("\"]\n```%%{"), "#34;#93; #96;#96;#96;#37;#37;#123;");
        for (name, graph) in examples().chain([("hostile", hostile())]) {
            let text = render_markdown(&graph);
            assert_eq!(text, render_markdown(&graph), "{name}");
            assert_eq!(text.matches("```").count(), 2, "{name}");
            assert!(!text.contains('%') && !text.contains("<s"), "{name}");
            for line in text.lines() {
                assert!(
                    [0, 2].contains(&line.matches('"').count()),
                    "{name}: {line}"
                );
                for (open, close) in [('[', ']'), ('{', '}'), ('(', ')')] {
                    let count = |c: char| line.matches(c).count();
                    assert_eq!(count(open), count(close), "{name}: {line}");
                }
            }
            let ends = text.lines().filter(|line| line.trim() == "end").count();
            assert_eq!(ends, text.matches("subgraph ").count(), "{name}");
        }
    }
}
