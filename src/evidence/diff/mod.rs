//! What differs between two runs: where they first parted, and every fact that is not the same.

mod moment;
mod parted;
mod path;
mod told;
mod volatile;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

pub use volatile::why_volatile;

use crate::gate::{Fact, SubtaskId, Verdict};
use crate::journal::{Folded, GateRef};
use moment::Moment;
use path::{Path, Values, collect, is_filled};
use volatile::{Excuse, excuse};

/// Why a value differs that is the same but for what is of the moment.
const OF_THE_MOMENT: &str = "it differs only in times, ids and ports";
/// Why a size differs.
const SIZE: &str = "the size of what differs only in times, ids and ports";

/// A recorded run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'r> {
    /// What its journal gives.
    pub folded: &'r Folded,
    /// Texts that it keeps beside its journal; see [`super::Recording::texts`]. Digests of others
    /// are compared as they are.
    pub texts: &'r Texts,
}

/// Texts beside a journal, by digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Its blobs. Each is what its digest says.
    pub blobs: BTreeMap<String, String>,
    /// The run's own files, as they are now. A digest that the journal holds is known to be of the
    /// moment by them; they never stand for what is recorded.
    pub files: BTreeMap<String, String>,
}

/// The comparison of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Both verdicts.
    pub verdicts: (Verdict, Verdict),
    /// What they did not begin with alike: gate, parameters, what was asked for, tools, version of
    /// the program.
    pub began_with: Vec<Difference>,
    /// Where the two runs first asked something else, or were answered otherwise.
    pub first: Option<Divergence>,
    /// Subtasks that ended otherwise: how in the one, how in the other.
    pub outcomes: Vec<(SubtaskId, String, String)>,
    /// Facts that only the one run published, and those that only the other did, by name.
    pub only: (Vec<String>, Vec<String>),
    /// Facts of both that differ, by path.
    pub facts: Vec<Difference>,
    /// Among them, how many are volatile.
    pub volatile: usize,
}

/// Where two runs parted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    /// In which subtask.
    pub subtask: SubtaskId,
    /// At which exchange of the one run, or of the other when the one has no more.
    pub exchange: u32,
    /// Whether the request or the answer differs.
    pub what: &'static str,
    /// In the one run; none when it made no such exchange.
    pub one: Option<Value>,
    /// In the other.
    pub other: Option<Value>,
    /// What in them differs and is not volatile, by path; empty when one of them is not there.
    pub parts: Vec<Difference>,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Path, such as `canary.runs[2].outcome`.
    pub path: String,
    /// In the one run; none when it is not there.
    pub one: Option<Value>,
    /// In the other.
    pub other: Option<Value>,
    /// Of two long texts the lines that differ, without what is of the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
    /// Why it says nothing that they differ, when it does not.
    pub volatile: Option<&'static str>,
}

/// Compares two runs.
#[must_use]
pub fn diff(one: &Run<'_>, other: &Run<'_>) -> Diff {
    let moments = Moments {
        one: Moment::of(one),
        other: Moment::of(other),
    };
    let (one, other) = (one.folded, other.folded);
    let (a, b) = (published(one), published(other));
    let only = |run: &BTreeSet<&str>, other: &BTreeSet<&str>| {
        let only = run.difference(other).copied().map(str::to_owned);
        only.collect::<Vec<String>>()
    };
    let of_both = |run: &Folded| leaves_of(run, |name| a.contains(name) && b.contains(name));
    let facts = moments.differences(&of_both(one), &of_both(other));
    Diff {
        only: (only(&a, &b), only(&b, &a)),
        verdicts: (one.verdict(), other.verdict()),
        began_with: began_with(one, other),
        first: parted::first(one, other, &moments),
        outcomes: outcomes(one, other),
        volatile: facts.iter().filter(|fact| fact.volatile.is_some()).count(),
        facts,
    }
}

impl Diff {
    /// Whether nothing differs but what always does.
    #[must_use]
    pub fn same(&self) -> bool {
        self.verdicts.0 == self.verdicts.1
            && self.began_with.is_empty()
            && self.first.is_none()
            && self.outcomes.is_empty()
            && self.only.0.is_empty()
            && self.only.1.is_empty()
            && self.facts.len() == self.volatile
    }

    /// The comparison in words; volatile values are only counted, unless asked for.
    #[must_use]
    pub fn text(&self, with_volatile: bool) -> String {
        told::text(self, with_volatile)
    }
}

/// The moments of both runs.
struct Moments<'r> {
    one: Moment<'r>,
    other: Moment<'r>,
}

impl Moments<'_> {
    /// Two values without what is of their moment.
    fn steady<'v>(
        &self,
        names: &[&'v str],
        one: Option<&'v Value>,
        other: Option<&'v Value>,
    ) -> (Option<Value>, Option<Value>) {
        (
            one.map(|value| self.one.steady(value, &mut names.to_vec())),
            other.map(|value| self.other.steady(value, &mut names.to_vec())),
        )
    }

    /// Whether two values are the same but for what is of the moment.
    fn same(&self, one: Option<&Value>, other: Option<&Value>) -> bool {
        let (one, other) = self.steady(&[], one, other);
        one == other
    }

    /// The differences between two sets of values by path.
    fn differences(&self, a: &Values, b: &Values) -> Vec<Difference> {
        let paths: BTreeSet<&Path> = a.keys().chain(b.keys()).collect();
        paths
            .into_iter()
            .filter(|path| a.get(*path) != b.get(*path))
            // Of an empty list and a filled one the items are told.
            .filter(|path| !is_filled(path, a, b) && !is_filled(path, b, a))
            .map(|path| self.difference(path, a, b))
            .collect()
    }

    fn difference(&self, path: &Path, a: &Values, b: &Values) -> Difference {
        let (one, other) = (a.get(path), b.get(path));
        let names = path.names();
        let steady = self.steady(&names, one, other);
        let of_the_moment = || (steady.0 == steady.1).then_some(OF_THE_MOMENT);
        let size = || self.is_size_of_the_moment(path, a, b).then_some(SIZE);
        let volatile = excused(&names, one, other)
            .or_else(of_the_moment)
            .or_else(size);
        let lines = || {
            let (one, other) = (self.one.whole(one?)?, self.other.whole(other?)?);
            told::lines(&one, &other)
        };
        let lines = volatile.is_none().then(lines).flatten();
        Difference {
            path: path.to_string(),
            one: one.cloned(),
            other: other.cloned(),
            lines,
            volatile,
        }
    }

    fn is_size_of_the_moment(&self, path: &Path, a: &Values, b: &Values) -> bool {
        let Some(digest) = path.beside("bytes", "sha256") else {
            return false;
        };
        let (one, other) = (a.get(&digest), b.get(&digest));
        one != other && self.same(one, other)
    }
}

/// Why it says nothing, by its name, that a value differs. That it is there in the one run only
/// does say something, unless it lies in something that says nothing as a whole.
fn excused(names: &[&str], one: Option<&Value>, other: Option<&Value>) -> Option<&'static str> {
    let there = |value: Option<&Value>| value.is_some_and(|value| !value.is_null());
    match excuse(names)? {
        Excuse::Within(why) => Some(why),
        Excuse::Itself(why) => (there(one) && there(other)).then_some(why),
    }
}

/// All subtasks of both runs, in the plan's order.
fn subtasks<'a>(one: &'a Folded, other: &'a Folded) -> Vec<&'a SubtaskId> {
    let mut seen = BTreeSet::new();
    let plans = one.header.plan.iter().chain(&other.header.plan);
    let others = one.courses().chain(other.courses()).map(|(id, _)| id);
    plans.chain(others).filter(|id| seen.insert(*id)).collect()
}

/// Compared as it is: what somebody asked for is never of the moment, not even a time.
fn began_with(one: &Folded, other: &Folded) -> Vec<Difference> {
    let (a, b) = (beginning(one), beginning(other));
    // Journals from before they were kept hold none.
    let kept = [one, other].map(|run| !run.header.gate.templates.is_empty());
    let compared = |path: &&Path| kept == [true, true] || !path.to_string().starts_with(TEMPLATE);
    let paths: BTreeSet<&Path> = a.keys().chain(b.keys()).collect();
    let differing = paths
        .into_iter()
        .filter(|path| a.get(*path) != b.get(*path))
        .filter(compared);
    let told = |path: &Path| Difference {
        path: path.to_string(),
        one: a.get(path).cloned(),
        other: b.get(path).cloned(),
        lines: None,
        volatile: None,
    };
    differing.map(told).collect()
}

/// What the digests of templates are listed under.
const TEMPLATE: &str = "template";

fn beginning(run: &Folded) -> Values {
    let header = &run.header;
    let GateRef {
        name,
        sha256,
        templates,
    } = &header.gate;
    // The process that came to the end is the one that its verdict is from.
    let last = run.resumptions.last();
    let tools = last.map_or(&header.tools, |last| &last.tools);
    let version = last.map_or(&header.version, |last| &last.version);
    let asked = last.map_or(&header.asked, |last| &last.asked);
    let mut all = Values::new();
    let mut add = |what: &str, value: Value| collect(&Path::of(what), &value, &mut all);
    add("gate", name.as_str().into());
    add("gate file, sha256", sha256.as_str().into());
    add("version", version.as_str().into());
    add("asked for", serde_json::to_value(asked).unwrap_or_default());
    if let Some(flake) = &header.flake {
        add("flake", flake.as_str().into());
    }
    for (what, texts) in [(TEMPLATE, templates), ("tool", tools)] {
        for (name, text) in texts {
            add(&format!("{what} {name}"), text.as_str().into());
        }
    }
    for (name, value) in run.parameters() {
        add(&format!("parameter {name}"), value.clone());
    }
    all
}

fn outcomes(one: &Folded, other: &Folded) -> Vec<(SubtaskId, String, String)> {
    let (a, b) = (one.outcomes(), other.outcomes());
    let told = |outcome: Option<&crate::gate::Outcome>| {
        let value = outcome.and_then(|outcome| serde_json::to_value(outcome).ok());
        let kind = value
            .as_ref()
            .and_then(|value| value.get("outcome")?.as_str());
        kind.unwrap_or("not ended").to_owned()
    };
    subtasks(one, other)
        .into_iter()
        .filter_map(|id| {
            let (a, b) = (told(a.get(id)), told(b.get(id)));
            (a != b).then(|| (id.clone(), a, b))
        })
        .collect()
}

/// The facts of a run that count.
fn facts(run: &Folded) -> impl Iterator<Item = &Fact> {
    let last = run.courses().filter_map(|(_, courses)| courses.last());
    last.flat_map(|course| &course.facts)
}

/// Their names.
fn published(run: &Folded) -> BTreeSet<&str> {
    facts(run).map(|fact| fact.name.as_str()).collect()
}

/// All values of all facts, by path.
fn leaves(run: &Folded) -> Values {
    leaves_of(run, |_| true)
}

fn leaves_of(run: &Folded, wanted: impl Fn(&str) -> bool) -> Values {
    let mut found = Values::new();
    for fact in facts(run).filter(|fact| wanted(&fact.name)) {
        collect(&Path::of(&fact.name), &fact.value, &mut found);
    }
    found
}
