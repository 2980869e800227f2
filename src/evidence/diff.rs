//! What differs between two runs: where they first parted, and every fact that is not the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::plain::plain;
use super::volatile::{FreshIds, steady, why_volatile};
use crate::gate::{SubtaskId, Verdict};
use crate::journal::{Answer, Exchange, Folded};

/// The comparison of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Both verdicts.
    pub verdicts: (Verdict, Verdict),
    /// Where the two runs first asked something else, or were answered otherwise.
    pub first: Option<Divergence>,
    /// Subtasks that ended otherwise: how in the one, how in the other.
    pub outcomes: Vec<(SubtaskId, String, String)>,
    /// Values that differ, by path.
    pub facts: Vec<FactDiff>,
    /// Among them, how many are volatile.
    pub volatile: usize,
}

/// Where two runs parted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    /// In which subtask.
    pub subtask: SubtaskId,
    /// At which exchange.
    pub exchange: u32,
    /// Whether the request or the answer differs.
    pub what: &'static str,
    /// In the one run; none when it made no such exchange.
    pub one: Option<Value>,
    /// In the other.
    pub other: Option<Value>,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactDiff {
    /// Path, such as `canary.runs[2].outcome`.
    pub path: String,
    /// In the one run; none when it is not there.
    pub one: Option<Value>,
    /// In the other.
    pub other: Option<Value>,
    /// Why it says nothing that they differ, when it does not.
    pub volatile: Option<&'static str>,
}

/// The fresh ids of both runs.
struct Ids {
    one: FreshIds,
    other: FreshIds,
}

impl Ids {
    /// Whether two values are the same but for what is of the moment.
    fn same(&self, one: Option<&Value>, other: Option<&Value>) -> bool {
        let one = one.map(|value| steady(value, &self.one));
        one == other.map(|value| steady(value, &self.other))
    }
}

/// Compares two runs.
#[must_use]
pub fn diff(one: &Folded, other: &Folded) -> Diff {
    let ids = Ids {
        one: FreshIds::of(one),
        other: FreshIds::of(other),
    };
    let facts = facts(one, other, &ids);
    Diff {
        verdicts: (one.verdict(), other.verdict()),
        first: first(one, other, &ids),
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
            && self.first.is_none()
            && self.outcomes.is_empty()
            && self.facts.len() == self.volatile
    }

    /// The comparison in words; volatile values are only counted, unless asked for.
    #[must_use]
    pub fn text(&self, with_volatile: bool) -> String {
        Text {
            diff: self,
            with_volatile,
        }
        .to_string()
    }
}

/// All subtasks of both runs, in the plan's order.
fn subtasks<'a>(one: &'a Folded, other: &'a Folded) -> Vec<&'a SubtaskId> {
    let mut seen = BTreeSet::new();
    let plans = one.header.plan.iter().chain(&other.header.plan);
    let others = one.courses().chain(other.courses()).map(|(id, _)| id);
    plans.chain(others).filter(|id| seen.insert(*id)).collect()
}

fn first(one: &Folded, other: &Folded, ids: &Ids) -> Option<Divergence> {
    let none = BTreeMap::new();
    subtasks(one, other).into_iter().find_map(|id| {
        let exchanges = |run: &'_ Folded| run.course(id).map(|course| course.exchanges.clone());
        let a = exchanges(one).unwrap_or_else(|| none.clone());
        let b = exchanges(other).unwrap_or_else(|| none.clone());
        let numbers: BTreeSet<u32> = a.keys().chain(b.keys()).copied().collect();
        numbers
            .into_iter()
            .find_map(|n| parted(id, n, (a.get(&n), b.get(&n)), ids))
    })
}

fn parted(
    subtask: &SubtaskId,
    exchange: u32,
    (one, other): (Option<&Exchange>, Option<&Exchange>),
    ids: &Ids,
) -> Option<Divergence> {
    let request = |exchange: Option<&Exchange>| exchange.map(|it| it.effect.shown());
    let answer = |exchange: Option<&Exchange>| exchange.and_then(|it| it.answer.as_ref()).map(said);
    let differ = |what, one: Option<Value>, other: Option<Value>| {
        let same = ids.same(one.as_ref(), other.as_ref());
        (!same).then(|| Divergence {
            subtask: subtask.clone(),
            exchange,
            what,
            one,
            other,
        })
    };
    differ("request", request(one), request(other))
        .or_else(|| differ("answer", answer(one), answer(other)))
}

fn said(answer: &Answer) -> Value {
    match answer {
        Answer::Ok(response) => response.shown(),
        Answer::Err(error) => Value::from(error.to_string()),
    }
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

fn facts(one: &Folded, other: &Folded, ids: &Ids) -> Vec<FactDiff> {
    let (a, b) = (leaves(one), leaves(other));
    let paths: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    paths
        .into_iter()
        .filter(|path| a.get(*path) != b.get(*path))
        .map(|path| {
            let (one, other) = (a.get(path), b.get(path));
            let of_ids = || ids.same(one, other).then_some("it holds a fresh id");
            let named = path.rsplit(['.', '[', ']']).find_map(why_volatile);
            FactDiff {
                one: one.cloned(),
                other: other.cloned(),
                volatile: named.or_else(of_ids),
                path: path.clone(),
            }
        })
        .collect()
}

/// All values of all facts, by path.
fn leaves(run: &Folded) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (_, courses) in run.courses() {
        for fact in courses.last().iter().flat_map(|course| &course.facts) {
            collect(&fact.name, &fact.value, &mut found);
        }
    }
    found
}

fn collect(path: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                collect(&format!("{path}[{at}]"), item, found);
            }
        }
        Value::Object(table) if !table.is_empty() => {
            for (name, item) in table {
                collect(&format!("{path}.{name}"), item, found);
            }
        }
        leaf => drop(found.insert(path.to_owned(), leaf.clone())),
    }
}

struct Text<'a> {
    diff: &'a Diff,
    with_volatile: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diff = self.diff;
        let (one, other) = diff.verdicts;
        if one == other {
            writeln!(f, "verdict: {one} in both")?;
        } else {
            writeln!(f, "verdict: {one} / {other}")?;
        }
        if let Some(first) = &diff.first {
            let (subtask, n) = (&first.subtask, first.exchange);
            writeln!(
                f,
                "first divergence: {subtask} exchange {n}, the {}",
                first.what
            )?;
            writeln!(
                f,
                "  - {}\n  + {}",
                shown(first.one.as_ref()),
                shown(first.other.as_ref())
            )?;
        }
        for (id, one, other) in &diff.outcomes {
            writeln!(f, "{id}: {one} / {other}")?;
        }
        for fact in &diff.facts {
            let why = match fact.volatile {
                Some(_) if !self.with_volatile => continue,
                Some(why) => format!(" (volatile: {why})"),
                None => String::new(),
            };
            writeln!(f, "{}{why}", fact.path)?;
            writeln!(
                f,
                "  - {}\n  + {}",
                shown(fact.one.as_ref()),
                shown(fact.other.as_ref())
            )?;
        }
        if diff.volatile > 0 && !self.with_volatile {
            writeln!(
                f,
                "and {} values that always differ (times, pids, ids)",
                diff.volatile
            )?;
        }
        f.write_str(if diff.same() {
            "no difference that says anything"
        } else {
            "the runs differ"
        })
    }
}

fn shown(value: Option<&Value>) -> String {
    const LENGTH: usize = 300;
    let text = value.map_or("nothing".to_owned(), |value| plain(&value.to_string()));
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
