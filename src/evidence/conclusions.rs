//! What a run concluded (its outcomes and facts), held beside what it concluded the time before.

use std::collections::BTreeMap;

use super::Rerunned;
use crate::engine::EventKind;
use crate::gate::Fact;
use crate::journal::{Folded, Line, Record};

/// The first subtask, in the plan's order, that ended otherwise or published something else.
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
        Some(n) => format!("{} from exchange {n}", fact.value),
        None => fact.value.to_string(),
    };
    fact.map_or("nothing".to_owned(), said)
}

/// Records of conclusions that this time are written otherwise, though their values are equal, by
/// their place; nearly always none.
pub(super) fn concluded(lines: &[Line], again: &Rerunned) -> BTreeMap<usize, EventKind> {
    let anew = |kind: &EventKind| {
        let mut kind = kind.clone();
        match &mut kind {
            EventKind::FactPublished(fact) => {
                *fact = again
                    .facts
                    .get(&fact.name)
                    .filter(|now| *now == fact)?
                    .clone();
            }
            EventKind::SubtaskEnded {
                subtask, outcome, ..
            } => {
                let now = again.outcomes.get(subtask);
                *outcome = now.filter(|now| *now == outcome)?.clone();
            }
            _ => return None,
        }
        Some(kind)
    };
    let written = |kind: &EventKind| serde_json::to_vec(kind).ok();
    let changed = |(at, line): (usize, &Line)| {
        let Record::Event(event) = &line.record else {
            return None;
        };
        let now = anew(&event.kind)?;
        (written(&now) != written(&event.kind)).then_some((at, now))
    };
    lines.iter().enumerate().filter_map(changed).collect()
}

/// The records with other conclusions at their places.
pub(super) fn with(lines: &[Line], conclusions: BTreeMap<usize, EventKind>) -> Vec<Line> {
    let mut lines = lines.to_vec();
    for (at, kind) in conclusions {
        if let Record::Event(event) = &mut lines[at].record {
            event.kind = kind;
        }
    }
    lines
}
