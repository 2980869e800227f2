//! Compares two runs: their inputs, where they diverged, what they concluded.

use std::collections::BTreeSet;

use serde_json::Value;

use super::difference::{Diff, Difference};
use super::moment::Moment;
use super::moments::Moments;
use super::parted;
use super::path::{Path, Values, collect};
use super::recorded::{Run, leaves_of, published, subtasks};
use crate::journal::{Folded, GateRef};
use crate::model::SubtaskId;

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

/// Compares the inputs literally: what somebody requested is never nondeterministic, not even a
/// time.
fn began_with(one: &Folded, other: &Folded) -> Vec<Difference> {
    let (a, b) = (beginning(one), beginning(other));
    // Journals from before they were recorded contain none.
    let kept = [one, other].map(|run| !run.gate().templates.is_empty());
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
    } = run.gate();
    // The process that reached the end is the one that gave the verdict.
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
    let told = |outcome: Option<&crate::model::Outcome>| {
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
