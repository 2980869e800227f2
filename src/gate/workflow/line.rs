//! Where a gate is cut into jobs. Pure.

use std::collections::BTreeSet;

use crate::gate::{Gate, WorkPackage};
use crate::verb::Write;

/// What a job may write to GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writes {
    /// Nothing.
    Nothing,
    /// Only what a failure calls for.
    OnFailure,
    /// Comments and closings.
    Yes,
}

/// Work packages that run on one machine, one after the other or side by side.
#[derive(Debug)]
pub(super) struct Job<'g> {
    pub(super) packages: Vec<&'g WorkPackage>,
    pub(super) writes: Writes,
    pub(super) runs_on: Option<&'g str>,
}

impl Job<'_> {
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|package| package.id.as_str())
    }
}

/// A cut before a work package that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--split: no work package `{name}`; the gate has {}", .known.join(", "))]
pub struct UnknownSplit {
    /// The name given.
    pub name: String,
    /// The names there are.
    pub known: Vec<String>,
}

/// The line of jobs: cut where what may be written changes, where another machine is wanted, and
/// before the work packages of `split`.
pub(super) fn line<'g>(gate: &'g Gate, split: &[String]) -> Result<Vec<Job<'g>>, UnknownSplit> {
    let known = || gate.work_packages.iter().map(|package| package.id.clone());
    if let Some(name) = split.iter().find(|name| !known().any(|id| id == **name)) {
        return Err(UnknownSplit {
            name: name.clone(),
            known: known().collect(),
        });
    }
    let mut jobs: Vec<Job<'g>> = Vec::new();
    for package in ordered(gate) {
        let (writes, runs_on) = (writes(package), package.runs_on.as_deref());
        let joins = |job: &&mut Job<'g>| {
            (job.writes, job.runs_on) == (writes, runs_on) && !split.contains(&package.id)
        };
        match jobs.last_mut().filter(joins) {
            Some(job) => job.packages.push(package),
            None => jobs.push(Job {
                packages: vec![package],
                writes,
                runs_on,
            }),
        }
    }
    Ok(jobs)
}

/// The work packages in an order in which each comes after all that it depends on; of those that
/// may come next, one that fits the job before, else the first of the file.
fn ordered(gate: &Gate) -> Vec<&WorkPackage> {
    let mut left: Vec<&WorkPackage> = gate.work_packages.iter().collect();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut ordered: Vec<&WorkPackage> = Vec::new();
    while !left.is_empty() {
        let free = |package: &&WorkPackage| {
            let mut before = package.depends_on.iter();
            before.all(|id| done.contains(id.as_str()))
        };
        let fits = |package: &&WorkPackage| {
            let kind = |one: &WorkPackage| (writes(one), one.runs_on.clone());
            ordered
                .last()
                .is_some_and(|last| kind(last) == kind(package))
        };
        let fitting = left.iter().position(|one| free(one) && fits(one));
        // A gate that was loaded has no cycle, so one is free.
        let next = fitting.or_else(|| left.iter().position(free));
        let package = left.remove(next.unwrap_or(0));
        done.insert(&package.id);
        ordered.push(package);
    }
    ordered
}

fn writes(package: &WorkPackage) -> Writes {
    let of = |write: &Write<'_>| match write {
        Write::TriagedIssues => Writes::OnFailure,
        Write::Comment(_) | Write::Close(_) | Write::Post(_) => Writes::Yes,
    };
    let subtasks = package.subtasks.iter();
    let all = subtasks.flat_map(|subtask| subtask.verb.declares().writes());
    all.map(|write| of(&write)).max().unwrap_or(Writes::Nothing)
}
