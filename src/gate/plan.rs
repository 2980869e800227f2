//! The plan of a gate, for people and for other programs. Makes texts; never prints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Gate, Start, WorkPackage};
use crate::model::SubtaskId;

/// The subtask index and the order of execution, as the runbook prints them.
#[must_use]
pub fn table(gate: &Gate) -> String {
    format!(
        "Subtask Index\n{}\nWhat Each Does\n{}\nExecution Order Summary\n{}",
        index(gate),
        doing(gate),
        order(gate)
    )
}

fn index(gate: &Gate) -> String {
    let mut text = "| ID | Description | WP | Parallel |\n|---|---|---|---|\n".to_owned();
    for (package, subtask) in gate.subtasks() {
        let parallel = if subtask.parallel { "[P]" } else { "—" };
        let title = subtask.title.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {} | {title} | {} | {parallel} |",
            subtask.id, package.id
        );
    }
    text
}

/// Each subtask's verb, what it waits for, publishes and may write.
fn doing(gate: &Gate) -> String {
    let mut text =
        "| ID | Verb | Waits for | Publishes | May write |\n|---|---|---|---|---|\n".to_owned();
    for (_, subtask) in gate.subtasks() {
        let before = gate.graph().predecessors(&subtask.id);
        let before: Vec<&str> = before.iter().map(SubtaskId::as_str).collect();
        let writes = gate.writes_of(subtask).join("; ").replace('|', "\\|");
        let or_none = |text: String| {
            if text.is_empty() {
                "—".to_owned()
            } else {
                text
            }
        };
        let publishes = subtask.verb.declares().publishes().unwrap_or("—");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {publishes} | {} |",
            subtask.id,
            subtask.verb.name(),
            or_none(before.join(", ")),
            or_none(writes.replace(['\n', '\r'], " "))
        );
    }
    text
}

/// The longest chain of work packages in one line, and each of the others below, at the one
/// that waits for it.
fn order(gate: &Gate) -> String {
    let chain = longest_chain(gate);
    let mut line = String::new();
    let mut columns = BTreeMap::new();
    for package in &chain {
        if !line.is_empty() {
            line.push_str(" ──► ");
        }
        columns.insert(package.id.as_str(), line.chars().count());
        line.push_str(&package.id);
        if package.hard_gate {
            line.push_str(" (gate)");
        }
    }
    line.push('\n');
    for package in &gate.work_packages {
        if columns.contains_key(package.id.as_str()) {
            continue;
        }
        let waiting = dependents(gate, &package.id);
        if let Some(column) = waiting.iter().find_map(|id| columns.get(id)) {
            let _ = writeln!(line, "{}↑", " ".repeat(*column));
        }
        let _ = writeln!(line, "{}", aside(package, &waiting));
    }
    for (package, beside) in concurrent(gate) {
        let _ = writeln!(
            line,
            "{package} can run in parallel with {}.",
            beside.join(", ")
        );
    }
    line
}

fn aside(package: &WorkPackage, waiting: &[&str]) -> String {
    let before = if package.depends_on.is_empty() {
        "runs independently".to_owned()
    } else {
        format!("runs after {}", package.depends_on.join(", "))
    };
    let after = if waiting.is_empty() {
        String::new()
    } else {
        format!(", must complete before {}", waiting.join(", "))
    };
    let gate = if package.hard_gate { " (gate)" } else { "" };
    format!("{}{gate} ({before}{after})", package.id)
}

fn dependents<'g>(gate: &'g Gate, id: &str) -> Vec<&'g str> {
    gate.work_packages
        .iter()
        .filter(|package| package.depends_on.iter().any(|dependency| dependency == id))
        .map(|package| package.id.as_str())
        .collect()
}

/// The longest chain of dependencies; of several, the one that begins first in the file.
fn longest_chain(gate: &Gate) -> Vec<&WorkPackage> {
    let by_id: BTreeMap<&str, &WorkPackage> = gate
        .work_packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let mut best: BTreeMap<&str, (usize, Option<&str>)> = BTreeMap::new();
    for package in in_order(gate) {
        let before = package
            .depends_on
            .iter()
            .filter_map(|id| best.get_key_value(id.as_str()))
            .map(|(id, (length, _))| (*length, *id))
            .reduce(|first, next| if next.0 > first.0 { next } else { first });
        let entry = before.map_or((1, None), |(length, id)| (length + 1, Some(id)));
        best.insert(&package.id, entry);
    }
    let last = gate
        .work_packages
        .iter()
        .filter_map(|package| Some((best.get(package.id.as_str())?.0, package.id.as_str())))
        .reduce(|first, next| if next.0 > first.0 { next } else { first });
    let mut chain = Vec::new();
    let mut next = last.map(|(_, id)| id);
    while let Some(id) = next {
        chain.extend(by_id.get(id));
        next = best.get(id).and_then(|(_, before)| *before);
    }
    chain.reverse();
    chain
}

/// Work packages, each after those it depends on.
fn in_order(gate: &Gate) -> Vec<&WorkPackage> {
    let mut seen = BTreeSet::new();
    gate.graph()
        .plan_order()
        .iter()
        .filter_map(|id| gate.work_package_of(id))
        .filter(|package| seen.insert(&package.id))
        .collect()
}

/// Work packages off the longest chain, with those that neither wait for them nor they for.
fn concurrent(gate: &Gate) -> Vec<(&str, Vec<&str>)> {
    let chain: BTreeSet<&str> = longest_chain(gate).iter().map(|p| p.id.as_str()).collect();
    let before = all_before(gate);
    gate.work_packages
        .iter()
        .filter(|package| !chain.contains(package.id.as_str()))
        .map(|package| {
            let id = package.id.as_str();
            let beside = gate
                .work_packages
                .iter()
                .map(|other| other.id.as_str())
                .filter(|other| {
                    *other != id && !before[id].contains(other) && !before[other].contains(id)
                });
            (id, beside.collect::<Vec<_>>())
        })
        .filter(|(_, beside)| !beside.is_empty())
        .collect()
}

fn all_before(gate: &Gate) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in in_order(gate) {
        let mut all = BTreeSet::new();
        for id in &package.depends_on {
            all.insert(id.as_str());
            all.extend(before.get(id.as_str()).into_iter().flatten());
        }
        before.insert(&package.id, all);
    }
    before
}

/// The plan for other programs. Its `format` changes when a field changes its meaning.
#[must_use]
pub fn json(gate: &Gate) -> Value {
    let packages: Vec<Value> = gate
        .work_packages
        .iter()
        .map(|p| package_json(gate, p))
        .collect();
    json!({
        "format": 1,
        "name": gate.name,
        "title": gate.title,
        "mission": gate.mission,
        "sha256": gate.source.sha256,
        "parameters": gate.parameters,
        "policy": gate.resolved_policy(),
        "work_packages": packages,
        "order": gate.graph().plan_order(),
    })
}

fn package_json(gate: &Gate, package: &WorkPackage) -> Value {
    let subtasks: Vec<Value> = package
        .subtasks
        .iter()
        .map(|subtask| {
            json!({
                "id": subtask.id,
                "title": subtask.title,
                "parallel": subtask.parallel,
                "uses": subtask.verb.name(),
                "waits_for": gate.graph().predecessors(&subtask.id),
                "on": subtask.on,
                "only_if": subtask.only_if,
                "writes": gate.writes_of(subtask),
                "publishes": subtask.verb.declares().publishes(),
                "timeout": subtask.timeout,
                "max_age": subtask.max_age,
            })
        })
        .collect();
    json!({
        "id": package.id,
        "title": package.title,
        "priority": package.priority,
        "hard_gate": package.hard_gate,
        "depends_on": package.depends_on,
        "goal": package.goal,
        "subtasks": subtasks,
    })
}

/// The plan as a Mermaid flow chart.
#[must_use]
pub fn mermaid(gate: &Gate) -> String {
    let mut text = "flowchart LR\n".to_owned();
    let numbers = numbers(gate);
    for (at, package) in gate.work_packages.iter().enumerate() {
        let title = mermaid_text(&format!("{} {}", package.id, package.title));
        let _ = writeln!(text, "  subgraph p{at}[\"{title}\"]");
        for subtask in &package.subtasks {
            let title = mermaid_text(&format!("{} {}", subtask.id, subtask.title));
            let node = numbers[subtask.id.as_str()];
            let (open, close) = match subtask.on {
                Start::Success => ("[", "]"),
                Start::Failure => ("{{", "}}"),
            };
            let _ = writeln!(text, "    s{node}{open}\"{title}\"{close}");
        }
        text.push_str("  end\n");
    }
    for (before, after) in edges(gate, &numbers) {
        let _ = writeln!(text, "  s{before} --> s{after}");
    }
    text
}

fn mermaid_text(text: &str) -> String {
    text.replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('`', "'")
}

/// The plan in Graphviz's language.
#[must_use]
pub fn dot(gate: &Gate) -> String {
    let numbers = numbers(gate);
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [shape=box];\n",
        dot_text(&gate.name)
    );
    for (at, package) in gate.work_packages.iter().enumerate() {
        let title = dot_text(&format!("{} {}", package.id, package.title));
        let _ = writeln!(text, "  subgraph cluster_{at} {{\n    label={title};");
        for subtask in &package.subtasks {
            let title = dot_text(&format!("{} {}", subtask.id, subtask.title));
            let shape = match subtask.on {
                Start::Success => "",
                Start::Failure => ", style=dashed",
            };
            let node = numbers[subtask.id.as_str()];
            let _ = writeln!(text, "    s{node} [label={title}{shape}];");
        }
        text.push_str("  }\n");
    }
    for (before, after) in edges(gate, &numbers) {
        let _ = writeln!(text, "  s{before} -> s{after};");
    }
    text.push_str("}\n");
    text
}

fn dot_text(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Ids may hold letters that neither language takes in names; numbers are always fine.
fn numbers(gate: &Gate) -> BTreeMap<&str, usize> {
    gate.subtasks()
        .enumerate()
        .map(|(number, (_, subtask))| (subtask.id.as_str(), number))
        .collect()
}

fn edges(gate: &Gate, numbers: &BTreeMap<&str, usize>) -> Vec<(usize, usize)> {
    gate.subtasks()
        .flat_map(|(_, subtask)| {
            let after = numbers[subtask.id.as_str()];
            let before = gate.graph().predecessors(&subtask.id);
            before
                .into_iter()
                .map(move |id| (numbers[id.as_str()], after))
        })
        .collect()
}
