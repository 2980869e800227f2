//! A recorded run in the form in which it is compared: its subtasks and its facts.

use std::collections::{BTreeMap, BTreeSet};

use super::path::{Path, Values, collect};
use crate::journal::Folded;
use crate::model::{Fact, SubtaskId};

/// A recorded run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'r> {
    /// The state that its journal gives.
    pub folded: &'r Folded,
    /// Texts that it stores beside its journal; see [`crate::evidence::Recording::texts`]. Digests
    /// of other texts are compared as they are.
    pub texts: &'r Texts,
}

/// Texts beside a journal, by digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Its blobs. Each matches its digest.
    pub blobs: BTreeMap<String, String>,
    /// The run's own files, as they are now. They show that a digest in the journal is
    /// nondeterministic; they never replace what is recorded.
    pub files: BTreeMap<String, String>,
}

/// All subtasks of both runs, in the plan's order.
pub(super) fn subtasks<'a>(one: &'a Folded, other: &'a Folded) -> Vec<&'a SubtaskId> {
    let mut seen = BTreeSet::new();
    let plans = one.header.plan.iter().chain(&other.header.plan);
    let others = one.courses().chain(other.courses()).map(|(id, _)| id);
    plans.chain(others).filter(|id| seen.insert(*id)).collect()
}

/// The facts of a run that count.
fn facts(run: &Folded) -> impl Iterator<Item = &Fact> {
    let last = run.courses().filter_map(|(_, courses)| courses.last());
    last.flat_map(|course| &course.facts)
}

/// Their names.
pub(super) fn published(run: &Folded) -> BTreeSet<&str> {
    facts(run).map(|fact| fact.name.as_str()).collect()
}

/// All values of all facts, by path.
pub(super) fn leaves(run: &Folded) -> Values {
    leaves_of(run, |_| true)
}

pub(super) fn leaves_of(run: &Folded, wanted: impl Fn(&str) -> bool) -> Values {
    let mut found = Values::new();
    for fact in facts(run).filter(|fact| wanted(&fact.name)) {
        collect(&Path::of(&fact.name), &fact.value, &mut found);
    }
    found
}
