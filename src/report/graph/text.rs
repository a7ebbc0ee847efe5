//! The step graph as a tree for a terminal: phases, in them what steps belong to, and the steps, each
//! with what it needs.
//!
//! What is the same for many numbers (or templates) is said once, under the names of all of them.

use super::{Graph, Node, PHASES, Role, Subject};
use crate::report::{changes::phase_name, clean, count, style, wrap};

/// Columns of a terminal that nobody made wider.
const WIDTH: usize = 80;

/// Things that are alike and named before the rest is only counted.
const NAMED: usize = 12;

/// Needs of one step that are named before the rest is only counted.
const NEEDS: usize = 8;

/// A step as it stands in the tree, without its place in it.
#[derive(PartialEq, Eq)]
struct Entry {
    is_critical: bool,
    role: Role,
    name: String,
    details: String,
}

/// Steps of things that are alike.
struct Branch<'a> {
    subjects: Vec<&'a Subject>,
    entries: Vec<Entry>,
}

/// Renders the graph.
pub fn render(graph: &Graph) -> String {
    let mut text = format!(
        "{} {}\n{}\n",
        style::heading("Graph"),
        style::heading(clean(&graph.plan)),
        legend()
    );
    for phase in PHASES {
        let branches = branches(graph, &graph.of_phase(phase));
        if branches.is_empty() {
            continue;
        }
        text += &format!("{}\n", style::heading(phase_name(phase)));
        let last = branches.len() - 1;
        for (at, branch) in branches.iter().enumerate() {
            text += &tree(branch, at == last);
        }
        text.push('\n');
    }
    text + &sums(graph)
}

fn legend() -> String {
    let signs = Role::ALL.map(|role| format!("{} {}", sign(role), role.meaning()));
    let critical = format!("{} critical path", style::notice("*"));
    format!("  {}\n  {critical}\n", signs.join("   "))
}

fn sign(role: Role) -> style::Painted {
    match role {
        Role::Call => style::hint(role.sign()),
        Role::Gate => style::notice(role.sign()),
        Role::Wait => style::faint(role.sign()),
        Role::NoReturn => style::bad(role.sign()),
    }
}

/// Gathers steps by what they belong to, and things whose steps read the same.
fn branches<'a>(graph: &'a Graph, steps: &[usize]) -> Vec<Branch<'a>> {
    let mut by_subject: Vec<(Option<&Subject>, Vec<Entry>)> = Vec::new();
    for at in steps {
        let subject = graph.nodes[*at].subject.as_ref();
        let entry = entry(graph, &graph.nodes[*at]);
        match by_subject.iter_mut().find(|(known, _)| *known == subject) {
            Some((_, entries)) => entries.push(entry),
            None => by_subject.push((subject, vec![entry])),
        }
    }
    let mut branches: Vec<Branch<'_>> = Vec::new();
    for (subject, entries) in by_subject {
        let is_like = |branch: &&mut Branch<'_>| {
            let kind = branch.subjects.first().map(|subject| &subject.kind);
            kind.is_some()
                && kind == subject.map(|subject| &subject.kind)
                && branch.entries == entries
        };
        match (branches.iter_mut().find(is_like), subject) {
            (Some(branch), Some(subject)) => branch.subjects.push(subject),
            _ => branches.push(Branch {
                subjects: subject.into_iter().collect(),
                entries,
            }),
        }
    }
    branches
}

fn entry(graph: &Graph, node: &Node) -> Entry {
    let mut notes = Vec::new();
    notes.extend(node.owner.map(|owner| owner.to_string()));
    if node.role == Role::NoReturn {
        notes.push("point of no return".to_owned());
        notes.extend(
            node.window
                .as_ref()
                .map(|window| format!("window {window}")),
        );
    }
    let mut details = Vec::new();
    if !notes.is_empty() {
        details.push(format!("({})", notes.join(", ")));
    }
    if !node.drawn.is_empty() {
        details.push(format!("after {}", needs(graph, node)));
    }
    Entry {
        is_critical: node.is_critical,
        role: node.role,
        name: clean(&node.name),
        details: clean(&details.join(" ")),
    }
}

fn needs(graph: &Graph, node: &Node) -> String {
    let name = |at: &usize| {
        let need = &graph.nodes[*at];
        match &need.subject {
            Some(subject) if need.subject != node.subject => {
                format!("{} {}", subject.name, need.name)
            }
            _ => need.name.clone(),
        }
    };
    let mut names: Vec<_> = node.drawn.iter().take(NEEDS).map(name).collect();
    let hidden = node.drawn.len().saturating_sub(NEEDS);
    if hidden > 0 {
        names.push(format!("{hidden} more"));
    }
    names.join(", ")
}

fn tree(branch: &Branch<'_>, is_last: bool) -> String {
    let (fork, stem) = if is_last {
        ("└─ ", "   ")
    } else {
        ("├─ ", "│  ")
    };
    let mut text = String::new();
    for (at, line) in wrap(&title(branch), WIDTH - 10).iter().enumerate() {
        let (fork, line) = match at {
            0 => (fork, line.clone()),
            _ => (stem, format!("│    {line}")),
        };
        text += &format!("  {}{line}\n", style::faint(fork));
    }
    let last = branch.entries.len() - 1;
    for (at, entry) in branch.entries.iter().enumerate() {
        let (fork, further) = if at == last {
            ("└─", "  ")
        } else {
            ("├─", "│ ")
        };
        let mark = if entry.is_critical {
            style::notice("* ")
        } else {
            style::plain("  ")
        };
        let lines = wrap(&format!("{} {}", entry.name, entry.details), WIDTH - 10);
        for (at, line) in lines.iter().enumerate() {
            text += &match at {
                0 => {
                    let rest = line.strip_prefix(&entry.name);
                    let name = if rest.is_some() { &entry.name } else { line };
                    let rest = style::faint(rest.unwrap_or_default());
                    let fork = style::faint(format!("{stem}{fork}"));
                    format!("{mark}{fork} {} {name}{rest}\n", sign(entry.role))
                }
                _ => format!(
                    "  {}\n",
                    style::faint(format!("{stem}{further}     {line}"))
                ),
            };
        }
    }
    text
}

fn title(branch: &Branch<'_>) -> String {
    let names = branch.subjects.iter().take(NAMED);
    let mut names: Vec<_> = names.map(|subject| clean(&subject.name)).collect();
    let hidden = branch.subjects.len() - names.len();
    if hidden > 0 {
        names.push(format!("and {hidden} more"));
    }
    match branch.subjects.as_slice() {
        [] => "accounts".to_owned(),
        [one] => format!("{} {}", clean(&one.kind), clean(&one.name)),
        [first, ..] => format!(
            "{}: {}",
            count(branch.subjects.len(), &clean(&first.kind)),
            names.join(", ")
        ),
    }
}

fn sums(graph: &Graph) -> String {
    let sums = format!("Graph: {}.", graph.sums());
    if graph.critical.is_empty() {
        return sums + "\n";
    }
    let path = clean(&graph.path());
    let critical = format!("Critical path, {} as estimated: {path}", graph.duration());
    let mut text = sums + "\n";
    for (at, line) in wrap(&critical, WIDTH - 2).iter().enumerate() {
        let indent = if at == 0 { "" } else { "  " };
        text += &format!("{indent}{line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{super::testing::*, *};

    fn plain(graph: &Graph) -> String {
        anstream::adapter::strip_str(&render(graph)).to_string()
    }

    #[test]
    fn a_small_plan() {
        insta::assert_snapshot!(plain(&example("quickstart.yaml")), @"
        Graph quickstart
          > call   ? gate: a person acts   … wait for Meta   ! point of no return
          * critical path

        Prepare (no traffic is touched)
          ├─ accounts
          │  ├─ > target.subscription
          │  ├─ > templates.copy
          │  └─ … templates.approved after templates.copy
          └─ number +4930901820
        *    ├─ ? two_step_off (the source's owner)
             └─ > add after target.subscription

        Verify
          └─ number +4930901820
             ├─ > request_code after add
             └─ > verify after request_code

        Cut over
          └─ number +4930901820
        *    ├─ ! register (point of no return, window night) after templates.approved,
             │      two_step_off, verify
        *    └─ … live after register

        Settle
          └─ number +4930901820
        *    └─ > profile after live

        Graph: 10 steps, 1 gate, 2 waits, 1 point of no return.
        Critical path, about 2 days as estimated: +4930901820 two_step_off -> register
          -> live -> profile
        ");
    }

    #[test]
    fn numbers_that_wait_for_each_other() {
        insta::assert_snapshot!(plain(&example("canary.yaml")), @"
        Graph acme-canary
          > call   ? gate: a person acts   … wait for Meta   ! point of no return
          * critical path

        Prepare (no traffic is touched)
          ├─ accounts
          │  ├─ > target.subscription
          │  ├─ > templates.copy
          │  └─ … templates.approved after templates.copy
          ├─ number +4930901820
        * │  ├─ ? two_step_off (the source's owner)
          │  └─ > add after target.subscription
          └─ 2 numbers: +49891234567, +33142685300
             ├─ ? two_step_off (the source's owner)
             └─ > add after target.subscription

        Verify
          └─ 3 numbers: +4930901820, +49891234567, +33142685300
             ├─ > request_code after add
             └─ > verify after request_code

        Cut over
          ├─ number +4930901820
        * │  ├─ ! register (point of no return) after templates.approved, two_step_off,
          │  │      verify
        * │  └─ … live after register
          ├─ number +49891234567
        * │  ├─ ! register (point of no return) after two_step_off, verify, +4930901820
          │  │      live
        * │  └─ … live after register
          └─ number +33142685300
        *    ├─ ! register (point of no return) after two_step_off, verify, +49891234567
             │      live
        *    └─ … live after register

        Settle
          ├─ 2 numbers: +4930901820, +49891234567
          │  └─ > profile after live
          └─ number +33142685300
        *    └─ > profile after live

        Graph: 24 steps, 3 gates, 4 waits, 3 points of no return.
        Critical path, about 2 days as estimated: +4930901820 two_step_off -> register
          -> live -> +49891234567 register -> live -> +33142685300 register -> live ->
          profile
        ");
    }

    #[test]
    fn two_hundred_numbers_that_are_alike_take_two_screens() {
        insta::assert_snapshot!(plain(&many(200, false)), @"
        Graph many
          > call   ? gate: a person acts   … wait for Meta   ! point of no return
          * critical path

        Prepare (no traffic is touched)
          ├─ accounts
          │  ├─ > target.subscription
          │  ├─ > templates.copy
          │  └─ … templates.approved after templates.copy
          ├─ number +493090180000
        * │  ├─ ? two_step_off (the source's owner)
          │  └─ > add after target.subscription
          └─ 199 numbers: +493090180001, +493090180002, +493090180003,
             │    +493090180004, +493090180005, +493090180006, +493090180007,
             │    +493090180008, +493090180009, +493090180010, +493090180011,
             │    +493090180012, and 187 more
             ├─ ? two_step_off (the source's owner)
             └─ > add after target.subscription

        Verify
          └─ 200 numbers: +493090180000, +493090180001, +493090180002,
             │    +493090180003, +493090180004, +493090180005, +493090180006,
             │    +493090180007, +493090180008, +493090180009, +493090180010,
             │    +493090180011, and 188 more
             ├─ > request_code after add
             └─ > verify after request_code

        Cut over
          ├─ number +493090180000
        * │  ├─ ! register (point of no return) after templates.approved, two_step_off,
          │  │      verify
        * │  └─ … live after register
          ├─ number +493090180001
        * │  ├─ ! register (point of no return) after two_step_off, verify,
          │  │      +493090180000 live
        * │  └─ … live after register
          └─ 198 numbers: +493090180002, +493090180003, +493090180004,
             │    +493090180005, +493090180006, +493090180007, +493090180008,
             │    +493090180009, +493090180010, +493090180011, +493090180012,
             │    +493090180013, and 186 more
             ├─ ! register (point of no return) after two_step_off, verify,
             │      +493090180000 live
             └─ … live after register

        Settle
          ├─ 199 numbers: +493090180000, +493090180002, +493090180003,
          │  │    +493090180004, +493090180005, +493090180006, +493090180007,
          │  │    +493090180008, +493090180009, +493090180010, +493090180011,
          │  │    +493090180012, and 187 more
          │  └─ > profile after live
          └─ number +493090180001
        *    └─ > profile after live

        Graph: 1403 steps, 200 gates, 201 waits, 200 points of no return.
        Critical path, about 2 days as estimated: +493090180000 two_step_off ->
          register -> live -> +493090180001 register -> live -> profile
        ");
    }

    #[test]
    fn lines_fit_a_terminal_and_names_do_not_steer_it() {
        let many = [("many", many(200, true)), ("hostile", hostile())];
        for (name, graph) in examples().chain(many) {
            let text = plain(&graph);
            assert_eq!(text, plain(&graph), "{name}");
            for line in text.lines() {
                let fits = line.chars().count() <= WIDTH;
                assert!(fits || name == "hostile", "{name}: {line}");
                assert!(!line.chars().any(char::is_control), "{name}: {line:?}");
            }
        }
    }
}
