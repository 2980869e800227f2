//! Compares what a run concluded (its outcomes and facts) with what it concluded before.

use serde::Serialize;

use super::rerun::Rerunned;
use crate::journal::{Folded, Line, Record};
use crate::model::{EventKind, Fact};

/// The first subtask, in the plan's order, with a different outcome or different facts.
pub(super) fn conclusions_differ(recorded: &Folded, again: &Rerunned) -> Option<String> {
    let before = recorded.outcomes();
    let ids = recorded
        .header
        .plan
        .iter()
        .chain(before.keys())
        .chain(again.outcomes.keys());
    for id in ids {
        let (one, other) = (before.get(id), again.outcomes.get(id));
        if one != other {
            return Some(format!(
                "subtask {id}: recorded: {one:?}; this time: {other:?}"
            ));
        }
    }
    let before = recorded.facts().map_err(|error| error.to_string());
    let before = match before {
        Ok(facts) => facts,
        Err(error) => return Some(error),
    };
    for fact in before.iter().chain(again.facts.iter()) {
        let (one, other) = (before.get(&fact.name), again.facts.get(&fact.name));
        if one != other {
            let (by, name) = (&fact.source.by, &fact.name);
            return Some(format!(
                "subtask {by}: fact `{name}`: recorded: {}; this time: {}",
                told(one),
                told(other)
            ));
        }
    }
    None
}

fn told(fact: Option<&Fact>) -> String {
    let said = |fact: &Fact| match fact.source.exchange {
        Some(n) => format!("{} from request {n}", fact.value),
        None => fact.value.to_string(),
    };
    fact.map_or("nothing".to_owned(), said)
}

/// The first conclusion that is written differently this time although its value is equal; nearly
/// always none.
pub(super) fn written_otherwise(lines: &[Line], again: &Rerunned) -> Option<String> {
    fn differ<T: Serialize + PartialEq>(before: &T, now: Option<&T>) -> bool {
        let written = |value: &T| serde_json::to_string(value).ok();
        now.is_some_and(|now| now == before && written(now) != written(before))
    }
    lines.iter().find_map(|line| {
        let Record::Event(event) = &line.record else {
            return None;
        };
        let what = match &event.kind {
            EventKind::FactPublished(fact) => differ(fact, again.facts.get(&fact.name))
                .then(|| format!("fact `{}` of {}", fact.name, fact.source.by)),
            EventKind::SubtaskEnded {
                subtask, outcome, ..
            } => differ(outcome, again.outcomes.get(subtask))
                .then(|| format!("the outcome of {subtask}")),
            _ => None,
        };
        Some(format!(
            "{} is written otherwise than in record {}",
            what?, line.seq
        ))
    })
}
