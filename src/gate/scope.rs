//! Which work packages a scope takes in. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{Gate, WorkPackage};
use crate::model::Scope;

/// A scope that names no work package of the gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no work package `{name}`")]
pub struct UnknownWorkPackage {
    /// The name given.
    pub name: String,
    /// The names there are.
    pub known: Vec<String>,
}

impl Gate {
    /// Checks that the work package of a scope is there.
    ///
    /// # Errors
    /// If it is not; the error lists those that are.
    pub fn check_scope(&self, scope: &Scope) -> Result<(), UnknownWorkPackage> {
        let names = match scope {
            Scope::Until(name) => vec![name.as_str()],
            _ => scope.alone().unwrap_or_default(),
        };
        let known: Vec<String> = self
            .work_packages
            .iter()
            .map(|package| package.id.clone())
            .collect();
        let unknown = |name: &&str| !known.iter().any(|one| one == name);
        match names.into_iter().find(unknown) {
            None => Ok(()),
            Some(name) => Err(UnknownWorkPackage {
                name: name.to_owned(),
                known,
            }),
        }
    }

    /// The work packages that a scope takes in.
    pub(crate) fn packages_in(&self, scope: &Scope) -> BTreeSet<&str> {
        match scope {
            Scope::All => self
                .work_packages
                .iter()
                .map(|package| package.id.as_str())
                .collect(),
            Scope::Only(_) | Scope::Packages(_) => {
                let alone = scope.alone().unwrap_or_default();
                let ids = self.work_packages.iter().map(|package| package.id.as_str());
                ids.filter(|id| alone.contains(id)).collect()
            }
            Scope::Until(name) => closure(self, name),
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
