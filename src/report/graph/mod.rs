//! The step graph of a plan, to be looked at: what needs what, where people and Meta must act, where
//! there is no way back, and which steps decide how long it all takes.
//!
//! Made from the plan alone: it knows no world, so it says nothing of what is done already. No edge is
//! drawn that is not a need of a step.

pub mod dot;
pub mod json;
pub mod mermaid;
pub mod svg;
pub mod text;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::count;
use crate::{
    changeset::StepGraph,
    finding::Who,
    ids::Address,
    plan::{
        Plan,
        window::{CUT_OVER, GENESYS_CUT_OVER},
    },
    step::{Phase, Step, StepKind, Undo},
};

/// The phases, in reading order.
pub(super) const PHASES: [Phase; 4] =
    [Phase::Prepare, Phase::Verify, Phase::CutOver, Phase::Settle];

/// Steps of the critical path that are named in one line before those in the middle are only counted.
const NAMED: usize = 16;

/// Who or what moves a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// This program calls the API.
    Call,
    /// A person must act.
    Gate,
    /// Meta must act.
    Wait,
    /// This program calls the API, and from then on there is no way back.
    NoReturn,
}

impl Role {
    /// Every role, in the order of legends.
    pub(super) const ALL: [Self; 4] = [Self::Call, Self::Gate, Self::Wait, Self::NoReturn];

    /// Returns its sign, the same as in a change set.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Call => ">",
            Self::Gate => "?",
            Self::Wait => "…",
            Self::NoReturn => "!",
        }
    }

    /// Returns what its sign means.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Gate => "gate: a person acts",
            Self::Wait => "wait for Meta",
            Self::NoReturn => "point of no return",
        }
    }
}

/// How long a step may take: **planning estimates**, used for nothing but to find the critical path.
///
/// They are upper ends of what is documented or usual, so that what may take long counts as long.
/// A cut-over window adds nothing: when it opens depends on the day, not on the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Estimate {
    /// A call, or several: seconds in truth, and a minute at the API's slow times.
    Call,
    /// Meta copies templates or flows after it said yes: some minutes.
    Copy,
    /// Meta reviews templates: minutes to a day.
    Review,
    /// A one-time code comes to a phone and is read there: it lives about 10 minutes.
    Code,
    /// Somebody elsewhere, at the old partner or the customer, reads a mail and acts: two days.
    Person,
    /// An administrator finishes the signup popup of Genesys Cloud, and the integration is activated:
    /// what is left of the time of such a cut-over.
    Popup,
    /// A number turns live after its register: what is left of the time of a cut-over.
    Live,
}

impl Estimate {
    fn minutes(self) -> u64 {
        match self {
            Self::Call => 1,
            Self::Copy | Self::Code => 10,
            Self::Review => 24 * 60,
            Self::Person => 2 * 24 * 60,
            Self::Popup => {
                let rest = Self::Call.minutes() + Self::Live.minutes();
                GENESYS_CUT_OVER.as_mins().unsigned_abs() - rest
            }
            Self::Live => CUT_OVER.as_mins().unsigned_abs() - Self::Call.minutes(),
        }
    }
}

/// What a picture needs to know of every kind of step.
fn nature(step: &Step, plan: &Plan) -> (Role, Estimate) {
    match step {
        Step::TemplatesCopy(_) if plan.templates.copy.is_empty() => (Role::Call, Estimate::Call),
        Step::FlowsCopy(_) | Step::TemplatesCopy(_) => (Role::Call, Estimate::Copy),
        Step::TemplatesApproved(_) if waits_for_no_template(plan) => (Role::Wait, Estimate::Call),
        Step::TemplatesApproved(_) => (Role::Wait, Estimate::Review),
        Step::TwoStepOff(_) | Step::SolutionAccepted(_) | Step::Signup(_) | Step::NumberUndo(_) => {
            (Role::Gate, Estimate::Person)
        }
        Step::Verify(_) => (Role::Call, Estimate::Code),
        Step::Register(_) => (Role::NoReturn, Estimate::Call),
        Step::GenesysRelease(_) => (Role::NoReturn, Estimate::Call),
        Step::GenesysAttach(_) => (Role::NoReturn, Estimate::Popup),
        Step::Live(_) => (Role::Wait, Estimate::Live),
        Step::TargetSubscription(_)
        | Step::TemplateDefine(_)
        | Step::TemplatesRepoint(_)
        | Step::TemplatesRecreate(_)
        | Step::TemplatesPrune(_)
        | Step::SolutionIntent(_)
        | Step::Add(_)
        | Step::RequestCode(_)
        | Step::Profile(_)
        | Step::GenesysResponses(_)
        | Step::GenesysPlaceholder(_)
        | Step::SubscriptionCleanup(_)
        | Step::GenesysResponsesUndo(_)
        | Step::ProfileUndo(_)
        | Step::GenesysReleaseUndo(_)
        | Step::TemplateUndo(_)
        | Step::SubscriptionUndo(_) => (Role::Call, Estimate::Call),
    }
}

fn waits_for_no_template(plan: &Plan) -> bool {
    let templates = &plan.templates;
    match &templates.required {
        Some(required) => required.is_empty(),
        None => templates.copy.is_empty() && templates.definitions.is_empty(),
    }
}

/// One thing that steps belong to: a number, a template, a solution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// What it is, as it stands in addresses: `number`.
    pub kind: String,
    /// Which one: `+4930901820`.
    pub name: String,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its stable name.
    pub address: Address,
    /// What it belongs to; none for a step of the accounts as a whole.
    pub subject: Option<Subject>,
    /// Its name within what it belongs to, like `register` or `templates.copy`.
    pub name: String,
    /// The kind of step.
    pub kind: &'static str,
    /// One imperative sentence.
    pub description: String,
    /// Where it stands in the migration.
    pub phase: Phase,
    /// Who or what moves it.
    pub role: Role,
    /// Who has to act, for a gate.
    pub owner: Option<Who>,
    /// Whether it can be taken back.
    pub undo: Undo,
    /// The name of the window outside which it is not done.
    pub window: Option<String>,
    /// The positions of all steps it needs.
    pub needs: BTreeSet<usize>,
    /// Those of them that no other implies: the edges that are drawn.
    pub drawn: Vec<usize>,
    /// How long it may take, estimated.
    pub minutes: u64,
    /// Whether it is on the critical path.
    pub is_critical: bool,
}

/// One need that is drawn, by the positions of both steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The step that is needed.
    pub from: usize,
    /// The step that needs it.
    pub to: usize,
    /// Whether it is part of the critical path.
    pub is_critical: bool,
}

/// The step graph of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// The plan's name.
    pub plan: String,
    /// Every step, after all it needs.
    pub nodes: Vec<Node>,
    /// The longest path by the estimates, from its first step to its last.
    pub critical: Vec<usize>,
}

impl Graph {
    /// Makes the graph of a plan.
    pub fn of(plan: &Plan, graph: &StepGraph) -> Self {
        let steps = graph.steps().zip(graph.needs());
        let nodes = steps.map(|(step, needs)| Node::of(step, needs, plan));
        Self::new(plan.name.clone(), nodes.collect())
    }

    /// Takes edges away that others imply, and finds the critical path.
    fn new(plan: String, mut nodes: Vec<Node>) -> Self {
        let drawn: Vec<_> = (0..nodes.len()).map(|at| not_implied(&nodes, at)).collect();
        for (node, drawn) in nodes.iter_mut().zip(drawn) {
            node.drawn = drawn;
        }
        let critical = critical_path(&nodes);
        for at in &critical {
            nodes[*at].is_critical = true;
        }
        Self {
            plan,
            nodes,
            critical,
        }
    }

    /// Returns every edge that is drawn, by the step that needs.
    pub fn edges(&self) -> Vec<Edge> {
        let critical: BTreeSet<_> = self.critical.windows(2).map(|w| (w[0], w[1])).collect();
        let mut edges = Vec::new();
        for (to, node) in self.nodes.iter().enumerate() {
            edges.extend(node.drawn.iter().map(|from| Edge {
                from: *from,
                to,
                is_critical: critical.contains(&(*from, to)),
            }));
        }
        edges
    }

    /// Returns how long the critical path may take, estimated.
    pub fn minutes(&self) -> u64 {
        self.critical.iter().map(|at| self.nodes[*at].minutes).sum()
    }

    /// The positions of a phase's steps.
    fn of_phase(&self, phase: Phase) -> Vec<usize> {
        let nodes = self.nodes.iter().enumerate();
        let nodes = nodes.filter(|(_, node)| node.phase == phase);
        nodes.map(|(at, _)| at).collect()
    }

    /// "9 steps, 1 gate, 2 waits, 1 point of no return".
    fn sums(&self) -> String {
        let of = |role| self.nodes.iter().filter(|node| node.role == role).count();
        let no_return = match of(Role::NoReturn) {
            1 => "1 point of no return".to_owned(),
            points => format!("{points} points of no return"),
        };
        [
            count(self.nodes.len(), "step"),
            count(of(Role::Gate), "gate"),
            count(of(Role::Wait), "wait"),
            no_return,
        ]
        .join(", ")
    }

    /// The critical path as `a -> b -> c`; a number is named where the path comes to it.
    fn path(&self) -> String {
        let mut names = Vec::new();
        let mut before = None;
        for at in &self.critical {
            let node = &self.nodes[*at];
            let subject = node.subject.as_ref();
            names.push(match subject {
                Some(subject) if Some(subject) != before => {
                    format!("{} {}", subject.name, node.name)
                }
                _ => node.name.clone(),
            });
            before = subject;
        }
        if names.len() > NAMED {
            let (first, last) = (NAMED - 4, names.len() - 4);
            let hidden = format!("({} more)", last - first);
            names.splice(first..last, [hidden]);
        }
        names.join(" -> ")
    }

    /// "about 2 days".
    fn duration(&self) -> String {
        let minutes = self.minutes();
        let rounded = |unit: u64| (minutes + unit / 2) / unit;
        let (number, noun) = match minutes {
            0..120 => (minutes, "minute"),
            120..2880 => (rounded(60), "hour"),
            _ => (rounded(1440), "day"),
        };
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        format!("about {}", count(number, noun))
    }
}

impl Node {
    fn of(step: &Step, needs: BTreeSet<usize>, plan: &Plan) -> Self {
        let address = step.address();
        let (subject, name) = apart(address.as_str());
        let (role, estimate) = nature(step, plan);
        let number = address.phone().and_then(|phone| plan.number(&phone));
        let window = number.and_then(|number| number.window.as_ref());
        let window = window.filter(|_| step.phase() == Phase::CutOver);
        Self {
            subject,
            name,
            kind: step.kind(),
            description: step.describe(),
            phase: step.phase(),
            role,
            owner: step
                .gate()
                .filter(|_| role == Role::Gate)
                .map(|gate| gate.owner),
            undo: step.undo(),
            window: window.map(|window| window.name.clone()),
            needs,
            drawn: Vec::new(),
            minutes: estimate.minutes(),
            is_critical: false,
            address,
        }
    }

    /// A second line for boxes: who must act, or what it means.
    fn note(&self) -> Option<String> {
        match self.role {
            Role::Call => None,
            Role::Gate => self.owner.map(|owner| owner.to_string()),
            Role::Wait => Some("waits for Meta".to_owned()),
            Role::NoReturn => Some("point of no return".to_owned()),
        }
    }
}

/// Takes an address apart: what the step belongs to, and its name within.
fn apart(address: &str) -> (Option<Subject>, String) {
    let parts = address.split_once("[\"").and_then(|(kind, rest)| {
        let (name, step) = rest.rsplit_once("\"].")?;
        Some((kind, name, step))
    });
    match parts {
        Some((kind, name, step)) => {
            let (kind, name) = (kind.to_owned(), name.to_owned());
            (Some(Subject { kind, name }), step.to_owned())
        }
        None => (None, address.to_owned()),
    }
}

/// Those needs of a step that are not needs of its other needs.
fn not_implied(nodes: &[Node], at: usize) -> Vec<usize> {
    let needs = &nodes[at].needs;
    if needs.len() < 2 {
        return needs.iter().copied().collect();
    }
    let mut implied = vec![false; at];
    let mut open: Vec<_> = needs.iter().copied().collect();
    while let Some(need) = open.pop() {
        for further in &nodes[need].needs {
            if !implied[*further] {
                implied[*further] = true;
                open.push(*further);
            }
        }
    }
    let needs = needs.iter().copied();
    needs.filter(|need| !implied[*need]).collect()
}

/// The path that takes longest. Of several, the one through the steps that stand first.
fn critical_path(nodes: &[Node]) -> Vec<usize> {
    let mut ends: Vec<u64> = Vec::with_capacity(nodes.len());
    let mut before: Vec<Option<usize>> = Vec::with_capacity(nodes.len());
    let latest = |ends: &[u64], of: &mut dyn Iterator<Item = usize>| {
        of.max_by_key(|at| (ends[*at], std::cmp::Reverse(*at)))
    };
    for node in nodes {
        let need = latest(&ends, &mut node.drawn.iter().copied());
        ends.push(node.minutes + need.map_or(0, |need| ends[need]));
        before.push(need);
    }
    let last = latest(&ends, &mut (0..nodes.len()));
    let mut path: Vec<_> = std::iter::successors(last, |at| before[*at]).collect();
    path.reverse();
    path
}

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests {
    use super::{testing::*, *};

    #[test]
    fn no_edge_is_drawn_that_others_imply() {
        let graph = made(&[
            ("a", &[], 1),
            ("b", &[0], 1),
            ("c", &[0, 1], 1),
            ("d", &[0, 1, 2], 1),
            ("e", &[0, 2], 1),
        ]);
        let drawn: Vec<_> = graph.nodes.iter().map(|node| node.drawn.clone()).collect();
        assert_eq!(drawn, [vec![], vec![0], vec![1], vec![2], vec![2]]);
    }

    #[test]
    fn the_critical_path_is_the_longest_and_ties_go_to_the_first() {
        let graph = made(&[
            ("a", &[], 5),
            ("b", &[], 5),
            ("c", &[0, 1], 1),
            ("d", &[], 2),
            ("e", &[3, 2], 1),
            ("f", &[2], 1),
        ]);
        assert_eq!(graph.path(), "a -> c -> e");
        assert_eq!(graph.minutes(), 7);
        assert_eq!(made(&[]).path(), "");
    }

    #[test]
    fn every_example_keeps_its_needs_and_draws_its_critical_path() {
        for (name, graph) in examples() {
            let edges = graph.edges();
            for Edge { from, to, .. } in &edges {
                assert!(graph.nodes[*to].needs.contains(from), "{name}");
            }
            let critical = edges.iter().filter(|edge| edge.is_critical).count();
            assert_eq!(critical + 1, graph.critical.len(), "{name}");
            for (at, node) in graph.nodes.iter().enumerate() {
                for need in &node.needs {
                    assert!(leads(&edges, *need, at), "{name}: {}", node.address);
                }
            }
        }
    }

    fn leads(edges: &[Edge], from: usize, to: usize) -> bool {
        let mut needs = edges.iter().filter(|edge| edge.to == to);
        from == to || needs.any(|edge| edge.from >= from && leads(edges, from, edge.from))
    }

    #[test]
    fn numbers_wait_for_the_numbers_they_need() {
        let graph = example("canary.yaml");
        insta::assert_snapshot!(graph.sums(), @"24 steps, 3 gates, 4 waits, 3 points of no return");
        insta::assert_snapshot!(graph.path(), @"+4930901820 two_step_off -> register -> live -> +49891234567 register -> live -> +33142685300 register -> live -> profile");
        insta::assert_snapshot!(graph.duration(), @"about 2 days");
    }

    #[test]
    fn a_plan_without_templates_waits_for_no_review() {
        let with = example("quickstart.yaml");
        let without = plan(
            &include_str!("../../../examples/quickstart.yaml")
                .replace("[order_confirmation, order_shipped, welcome]", "[]")
                .replace("[\"order_*\"]", "[]"),
        );
        let minutes = |graph: &Graph| {
            let mut nodes = graph.nodes.iter();
            nodes
                .find(|node| node.kind == "templates_approved")
                .map(|node| node.minutes)
        };
        assert_eq!(minutes(&with), Some(1440));
        assert_eq!(minutes(&without), Some(1));
    }

    #[test]
    fn a_long_critical_path_is_cut_in_the_middle() {
        let steps: Vec<_> = (0..30).map(|at| vec![at]).collect();
        let mut all: Vec<(&str, &[usize], u64)> = vec![("s", &[], 1)];
        all.extend(steps.iter().map(|need| ("s", need.as_slice(), 1)));
        let path = made(&all).path();
        assert_eq!(path.matches("s").count(), 16);
        assert!(path.contains(" -> (15 more) -> "), "{path}");
    }
}
