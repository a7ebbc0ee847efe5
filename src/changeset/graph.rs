//! The order of steps: edges from every step's needs, one full order, the same every time.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    Direction as Edges,
    algo::tarjan_scc,
    graph::{DiGraph, NodeIndex},
};

use super::Direction;
use crate::{
    ids::Address,
    journal::History,
    plan::Plan,
    step::{self, Step, StepKind},
};

/// Steps and what each of them needs.
#[derive(Clone, Debug)]
pub struct StepGraph {
    graph: DiGraph<Step, ()>,
    order: Vec<NodeIndex>,
    direction: Direction,
}

impl StepGraph {
    /// Builds the graph of a plan.
    pub fn of(plan: &Plan) -> Self {
        Self::from_steps(step::steps(plan), Direction::Forward)
    }

    /// Builds the graph of what takes back what runs of a plan did.
    pub fn undo(plan: &Plan, history: &History) -> Self {
        Self::from_steps(step::undo_steps(plan, history), Direction::Undo)
    }

    /// Returns which way it leads.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    fn from_steps(steps: Vec<Step>, direction: Direction) -> Self {
        let mut graph = DiGraph::new();
        let mut index = BTreeMap::new();
        for step in steps {
            let address = step.address();
            index.insert(address, graph.add_node(step));
        }
        for node in graph.node_indices().collect::<Vec<_>>() {
            for need in graph[node].needs() {
                let need = index
                    .get(&need)
                    .expect("a valid plan's steps need only its own steps");
                graph.update_edge(*need, node, ());
            }
        }
        debug_assert!(
            tarjan_scc(&graph).iter().all(|cycle| cycle.len() == 1),
            "a valid plan has no cycle"
        );
        let order = full_order(&graph);
        Self {
            graph,
            order,
            direction,
        }
    }

    /// Returns all steps in a full order: every step after all it needs, else by phase and by the
    /// order of the plan.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = &Step> {
        self.order.iter().map(|node| &self.graph[*node])
    }

    /// Returns, for every step in order, the positions of the steps it needs.
    pub fn needs(&self) -> Vec<BTreeSet<usize>> {
        let position: BTreeMap<_, _> = self
            .order
            .iter()
            .zip(0..)
            .map(|(node, at)| (*node, at))
            .collect();
        let needs = |node: &NodeIndex| {
            self.graph
                .neighbors_directed(*node, Edges::Incoming)
                .map(|need| position[&need])
                .collect()
        };
        self.order.iter().map(needs).collect()
    }

    /// Returns the step of an address.
    pub fn step(&self, address: &Address) -> Option<&Step> {
        self.steps().find(|step| step.address() == *address)
    }
}

/// Takes the ready step of the earliest phase, and among those the first of the plan, again and
/// again. `petgraph::algo::toposort` gives an order too, but one that jumps between numbers.
fn full_order(graph: &DiGraph<Step, ()>) -> Vec<NodeIndex> {
    let rank = |node: NodeIndex| (graph[node].phase(), node);
    let mut missing: BTreeMap<_, _> = graph
        .node_indices()
        .map(|node| {
            (
                node,
                graph.neighbors_directed(node, Edges::Incoming).count(),
            )
        })
        .collect();
    let free = missing.iter().filter(|(_, needs)| **needs == 0);
    let mut ready: BTreeSet<_> = free.map(|(node, _)| rank(*node)).collect();
    let mut order = Vec::with_capacity(graph.node_count());
    while let Some((_, node)) = ready.pop_first() {
        order.push(node);
        for next in graph.neighbors(node) {
            let needs = missing.get_mut(&next).expect("every node is counted");
            *needs -= 1;
            if *needs == 0 {
                ready.insert(rank(next));
            }
        }
    }
    order
}
