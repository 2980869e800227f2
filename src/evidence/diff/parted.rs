//! Where two runs diverged: the first request or response that differs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::difference::{Difference, Divergence};
use super::moments::Moments;
use super::path::{Path, Values, collect};
use super::recorded::subtasks;
use crate::journal::{Answer, Exchange, Folded};
use crate::model::SubtaskId;

/// The first request or response, in the plan's order, that differs.
pub(super) fn first(one: &Folded, other: &Folded, moments: &Moments<'_>) -> Option<Divergence> {
    subtasks(one, other).into_iter().find_map(|id| {
        let (mut a, mut b) = (strands(one, id), strands(other, id));
        let names: BTreeSet<_> = a.keys().chain(b.keys()).copied().collect();
        let mut parted: Vec<Divergence> = names
            .into_iter()
            .filter_map(|name| {
                let (a, b) = (a.remove(&name), b.remove(&name));
                strand_parted(id, &a.unwrap_or_default(), &b.unwrap_or_default(), moments)
            })
            .collect();
        parted.sort_by_key(|one| one.exchange);
        parted.into_iter().next()
    })
}

/// The requests of a subtask by concurrent branch: their order has a meaning only within a branch.
fn strands<'r>(run: &'r Folded, id: &SubtaskId) -> BTreeMap<Option<&'r str>, Vec<&'r Exchange>> {
    let mut strands: BTreeMap<_, Vec<&Exchange>> = BTreeMap::new();
    for exchange in run
        .course(id)
        .into_iter()
        .flat_map(|it| it.exchanges.values())
    {
        strands
            .entry(exchange.strand.as_deref())
            .or_default()
            .push(exchange);
    }
    strands
}

fn strand_parted(
    subtask: &SubtaskId,
    one: &[&Exchange],
    other: &[&Exchange],
    moments: &Moments<'_>,
) -> Option<Divergence> {
    let count = one.len().max(other.len());
    (0..count).find_map(|n| {
        let (one, other) = (one.get(n).copied(), other.get(n).copied());
        parted(subtask, one, other, moments)
    })
}

fn parted(
    subtask: &SubtaskId,
    one: Option<&Exchange>,
    other: Option<&Exchange>,
    moments: &Moments<'_>,
) -> Option<Divergence> {
    let request = |exchange: &Exchange| exchange.effect.shown();
    let answer = |exchange: &Exchange| exchange.answer.as_ref().map(said);
    let differ = |what, sides: [Option<Value>; 2]| {
        let [one_side, other_side] = sides;
        let both = (one_side.as_ref(), other_side.as_ref());
        (!moments.same(both.0, both.1)).then(|| Divergence {
            subtask: subtask.clone(),
            exchange: one.or(other).map_or(0, |exchange| exchange.n),
            what,
            parts: parts(both.0, both.1, moments),
            one: one_side.clone(),
            other: other_side.clone(),
        })
    };
    let both = [one, other];
    differ("request", both.map(|exchange| exchange.map(request)))
        .or_else(|| differ("answer", both.map(|exchange| exchange.and_then(answer))))
}

/// Differences within two requests or responses, by path.
fn parts(one: Option<&Value>, other: Option<&Value>, moments: &Moments<'_>) -> Vec<Difference> {
    let (Some(one), Some(other)) = (one, other) else {
        return Vec::new();
    };
    let leaves = |value: &Value| {
        let mut found = Values::new();
        collect(&Path::default(), value, &mut found);
        found
    };
    let mut parts = moments.differences(&leaves(one), &leaves(other));
    parts.retain(|part| part.volatile.is_none());
    parts
}

fn said(answer: &Answer) -> Value {
    match answer {
        Answer::Ok(response) => response.shown(),
        Answer::Err(error) => Value::from(error.to_string()),
    }
}
