//! What waits for what. Owns the edges between subtasks; knows nothing of what they do.
//!
//! Subtasks that start together form a step. Between steps, and at both ends of a work package,
//! stands a barrier, so that many subtasks waiting for many others cost edges by the sum of
//! both, not by their product.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::model::SubtaskId;

/// The order of a gate's subtasks: an edge leads from what must be done before.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    edges: DiGraph<Node, ()>,
    nodes: HashMap<SubtaskId, NodeIndex>,
    /// Every node, each after all it waits for; subtasks in file order where free to choose.
    order: Vec<NodeIndex>,
    /// Place of each node in `order`.
    rank: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Node {
    Subtask(SubtaskId),
    /// A start or an end of a work package, or the end of a step.
    Barrier,
}

/// What the graph needs to know of a work package.
pub(super) struct Outline<'a> {
    pub(super) id: &'a str,
    pub(super) depends_on: &'a [String],
    pub(super) subtasks: Vec<SubtaskOutline<'a>>,
}

/// What the graph needs to know of a subtask.
pub(super) struct SubtaskOutline<'a> {
    pub(super) id: &'a SubtaskId,
    pub(super) parallel: bool,
    pub(super) after: Option<&'a [SubtaskId]>,
}

/// Subtasks that wait for each other in a circle, in order; the first follows the last.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("dependency cycle: {} → {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → "),
    .0.first().map_or("itself", SubtaskId::as_str))]
pub struct Cycle(pub Vec<SubtaskId>);

impl Graph {
    /// Builds the graph. Names that do not exist are left out: the loader reports them.
    ///
    /// # Errors
    /// If subtasks wait for each other in a circle.
    pub(super) fn build(packages: &[Outline<'_>]) -> Result<Self, Cycle> {
        let mut builder = Builder::default();
        builder.add_nodes(packages);
        for package in packages {
            builder.add_edges(package);
        }
        builder.finish()
    }

    /// All subtasks, each after all it waits for; in file order where there is a choice.
    #[must_use]
    pub fn plan_order(&self) -> Vec<SubtaskId> {
        self.order
            .iter()
            .filter_map(|node| self.subtask(*node))
            .cloned()
            .collect()
    }

    /// The subtasks it waits for directly, in plan order.
    #[must_use]
    pub fn predecessors(&self, id: &SubtaskId) -> Vec<SubtaskId> {
        let mut found = BTreeSet::new();
        let mut open: Vec<NodeIndex> = self.before(self.nodes.get(id).copied()).collect();
        let mut seen: BTreeSet<NodeIndex> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            if self.subtask(node).is_some() {
                found.insert(self.rank[node.index()]);
            } else {
                open.extend(self.before(Some(node)).filter(|next| seen.insert(*next)));
            }
        }
        self.named(found)
    }

    /// Whether one subtask is always done before the other starts.
    #[must_use]
    pub fn is_ancestor(&self, first: &SubtaskId, then: &SubtaskId) -> bool {
        self.look_back(first, then, usize::MAX).unwrap_or(false)
    }

    /// As [`Graph::is_ancestor`], but none after so many steps.
    pub(super) fn look_back(
        &self,
        first: &SubtaskId,
        then: &SubtaskId,
        mut steps: usize,
    ) -> Option<bool> {
        let (Some(&target), Some(&start)) = (self.nodes.get(first), self.nodes.get(then)) else {
            return Some(false);
        };
        let least = self.rank[target.index()];
        let mut open: Vec<NodeIndex> = self.before(Some(start)).collect();
        let mut seen = BTreeSet::new();
        while let Some(node) = open.pop() {
            if node == target {
                return Some(true);
            }
            steps = steps.checked_sub(1)?;
            // What stands earlier than the target in the order cannot come after it.
            if self.rank[node.index()] > least && seen.insert(node) {
                open.extend(self.before(Some(node)));
            }
        }
        Some(false)
    }

    /// Every subtask that starts only when this one is done.
    pub(super) fn descendants(&self, id: &SubtaskId) -> HashSet<SubtaskId> {
        let mut seen = HashSet::new();
        let mut open: Vec<NodeIndex> = self.nodes.get(id).copied().into_iter().collect();
        while let Some(node) = open.pop() {
            let next = self.edges.neighbors_directed(node, Direction::Outgoing);
            open.extend(next.filter(|next| seen.insert(*next)));
        }
        seen.into_iter()
            .filter_map(|node| self.subtask(node).cloned())
            .collect()
    }

    fn before(&self, node: Option<NodeIndex>) -> impl Iterator<Item = NodeIndex> {
        node.into_iter()
            .flat_map(|node| self.edges.neighbors_directed(node, Direction::Incoming))
    }

    fn subtask(&self, node: NodeIndex) -> Option<&SubtaskId> {
        match &self.edges[node] {
            Node::Subtask(id) => Some(id),
            Node::Barrier => None,
        }
    }

    fn named(&self, ranks: BTreeSet<usize>) -> Vec<SubtaskId> {
        ranks
            .into_iter()
            .filter_map(|rank| self.subtask(self.order[rank]).cloned())
            .collect()
    }
}

#[derive(Default)]
struct Builder {
    edges: DiGraph<Node, ()>,
    nodes: HashMap<SubtaskId, NodeIndex>,
    /// Start and end barrier of each work package.
    ends: HashMap<String, (NodeIndex, NodeIndex)>,
}

impl Builder {
    fn add_nodes(&mut self, packages: &[Outline<'_>]) {
        for package in packages {
            let start = self.edges.add_node(Node::Barrier);
            for subtask in &package.subtasks {
                let node = self.edges.add_node(Node::Subtask(subtask.id.clone()));
                self.nodes.entry(subtask.id.clone()).or_insert(node);
            }
            let end = self.edges.add_node(Node::Barrier);
            self.ends
                .entry(package.id.to_owned())
                .or_insert((start, end));
        }
    }

    fn add_edges(&mut self, package: &Outline<'_>) {
        let Some(&(start, end)) = self.ends.get(package.id) else {
            return;
        };
        for dependency in package.depends_on {
            if let Some(&(_, before)) = self.ends.get(dependency) {
                self.edges.add_edge(before, start, ());
            }
        }
        let mut last = start;
        let mut index = 0;
        while index < package.subtasks.len() {
            let together = 1 + package.subtasks[index + 1..]
                .iter()
                .take_while(|subtask| subtask.parallel && subtask.after.is_none())
                .count();
            last = self.add_step(package, index..index + together, start, last);
            index += together;
        }
        self.edges.add_edge(last, end, ());
    }

    /// Adds subtasks that start together; returns the barrier behind them.
    fn add_step(
        &mut self,
        package: &Outline<'_>,
        members: std::ops::Range<usize>,
        start: NodeIndex,
        last: NodeIndex,
    ) -> NodeIndex {
        let waits_for = match package.subtasks[members.start].after {
            None => vec![last],
            Some(named) => named
                .iter()
                .filter_map(|id| self.nodes.get(id).copied())
                .chain([start])
                .collect(),
        };
        let barrier = self.edges.add_node(Node::Barrier);
        if waits_for != [last] {
            // What comes next waits for all before it, also where `after` leads past some of it.
            self.edges.add_edge(last, barrier, ());
        }
        for subtask in &package.subtasks[members] {
            let Some(&node) = self.nodes.get(subtask.id) else {
                continue;
            };
            for before in &waits_for {
                self.edges.add_edge(*before, node, ());
            }
            self.edges.add_edge(node, barrier, ());
        }
        barrier
    }

    fn finish(self) -> Result<Graph, Cycle> {
        let order = topological(&self.edges);
        if order.len() < self.edges.node_count() {
            return Err(shortest_cycle(&self.edges));
        }
        let mut rank = vec![0; order.len()];
        for (place, node) in order.iter().enumerate() {
            rank[node.index()] = place;
        }
        Ok(Graph {
            edges: self.edges,
            nodes: self.nodes,
            order,
            rank,
        })
    }
}

/// Kahn's order; among those that are free, the one that was written first.
fn topological(edges: &DiGraph<Node, ()>) -> Vec<NodeIndex> {
    let mut waiting: Vec<usize> = edges
        .node_indices()
        .map(|node| edges.neighbors_directed(node, Direction::Incoming).count())
        .collect();
    let mut free: BinaryHeap<Reverse<(bool, NodeIndex)>> = BinaryHeap::new();
    let key = |node: NodeIndex| Reverse((matches!(edges[node], Node::Subtask(_)), node));
    free.extend(
        edges
            .node_indices()
            .filter(|node| waiting[node.index()] == 0)
            .map(key),
    );
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(Reverse((_, node))) = free.pop() {
        order.push(node);
        for next in edges.neighbors_directed(node, Direction::Outgoing) {
            waiting[next.index()] -= 1;
            if waiting[next.index()] == 0 {
                free.push(key(next));
            }
        }
    }
    order
}

/// One circle, found by walking back inside a strongly connected component.
fn shortest_cycle(edges: &DiGraph<Node, ()>) -> Cycle {
    let looped = |nodes: &Vec<NodeIndex>| {
        nodes.len() > 1 || nodes.iter().any(|node| edges.contains_edge(*node, *node))
    };
    let Some(component) = tarjan_scc(edges).into_iter().find(looped) else {
        return Cycle(Vec::new());
    };
    let inside: BTreeSet<NodeIndex> = component.iter().copied().collect();
    let first = inside
        .iter()
        .copied()
        .find(|node| matches!(edges[*node], Node::Subtask(_)));
    let Some(first) = first else {
        return Cycle(Vec::new());
    };
    let mut came_from = HashMap::new();
    let mut open = std::collections::VecDeque::from([first]);
    while let Some(node) = open.pop_front() {
        for next in edges.neighbors_directed(node, Direction::Outgoing) {
            if next == first {
                return path_back(edges, &came_from, first, node);
            }
            if inside.contains(&next) && !came_from.contains_key(&next) {
                came_from.insert(next, node);
                open.push_back(next);
            }
        }
    }
    Cycle(Vec::new())
}

fn path_back(
    edges: &DiGraph<Node, ()>,
    came_from: &HashMap<NodeIndex, NodeIndex>,
    first: NodeIndex,
    last: NodeIndex,
) -> Cycle {
    let mut path = vec![last];
    while path.last() != Some(&first) {
        match path.last().and_then(|node| came_from.get(node)) {
            Some(&before) => path.push(before),
            None => break,
        }
    }
    Cycle(
        path.iter()
            .rev()
            .filter_map(|node| match &edges[*node] {
                Node::Subtask(id) => Some(id.clone()),
                Node::Barrier => None,
            })
            .collect(),
    )
}
