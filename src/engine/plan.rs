//! From a gate to the dispatcher's steps: edges, scope, and which stops count.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::dispatcher::Step;
use crate::gate::{Gate, WorkPackage};

/// Which part of a gate to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of it.
    #[default]
    All,
    /// A work package and all that it depends on.
    Until(String),
    /// One work package; what it depends on is taken as given.
    Only(String),
}

/// What the operator asked for; recorded, because a replay has to ask for the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which part of the gate.
    #[serde(default)]
    pub scope: Scope,
    /// Whether whatever touches the outside is left out.
    #[serde(default)]
    pub dry_run: bool,
}

impl Asked {
    /// Whether it is the whole gate, writes included.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

/// A scope that names no work package of the gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no work package `{name}`")]
pub struct UnknownWorkPackage {
    /// The name given.
    pub name: String,
    /// The names there are.
    pub known: Vec<String>,
}

impl Scope {
    /// Checks that the work package is there.
    ///
    /// # Errors
    /// If it is not; the error lists those that are.
    pub fn check(&self, gate: &Gate) -> Result<(), UnknownWorkPackage> {
        let (Self::Until(name) | Self::Only(name)) = self else {
            return Ok(());
        };
        let known: Vec<String> = gate
            .work_packages
            .iter()
            .map(|package| package.id.clone())
            .collect();
        if known.contains(name) {
            Ok(())
        } else {
            Err(UnknownWorkPackage {
                name: name.clone(),
                known,
            })
        }
    }

    fn packages<'g>(&self, gate: &'g Gate) -> BTreeSet<&'g str> {
        match self {
            Self::All => gate
                .work_packages
                .iter()
                .map(|package| package.id.as_str())
                .collect(),
            Self::Only(name) => gate
                .work_packages
                .iter()
                .map(|package| package.id.as_str())
                .filter(|id| id == name)
                .collect(),
            Self::Until(name) => closure(gate, name),
        }
    }
}

/// A work package and, recursively, those that it depends on.
fn closure<'g>(gate: &'g Gate, name: &str) -> BTreeSet<&'g str> {
    let by_id: BTreeMap<&str, &WorkPackage> = gate
        .work_packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let mut found = BTreeSet::new();
    let mut open = vec![name];
    while let Some(id) = open.pop() {
        if let Some(package) = by_id
            .get(id)
            .filter(|package| found.insert(package.id.as_str()))
        {
            open.extend(package.depends_on.iter().map(String::as_str));
        }
    }
    found
}

/// The dispatcher's steps, in plan order.
#[must_use]
pub fn steps(gate: &Gate, scope: &Scope, dry_run: bool) -> Vec<Step> {
    let packages = scope.packages(gate);
    gate.subtasks()
        .map(|(package, subtask)| Step {
            id: subtask.id.clone(),
            work_package: package.id.clone(),
            after: gate.graph().predecessors(&subtask.id),
            start: subtask.on,
            only_if: subtask.only_if.clone(),
            publishes: subtask.verb.declares().publishes().map(str::to_owned),
            dry_run_stop: subtask.verb.declares().touches().filter(|_| dry_run),
            in_scope: packages.contains(package.id.as_str()),
        })
        .collect()
}
