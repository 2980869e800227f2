//! Recreates on this machine what earlier parts of a run left on another: the installed candidate
//! from its recorded lock, the harness's environment, a machine without orphan daemons. A result
//! that differs from the record is reported and never used.
//!
//! Its requests depend only on the journal and the gate, so that a replay of the resumed run makes
//! the same ones.

use std::sync::Arc;

use super::look::{Looker, look};
use super::resume::{Changed, Home};
use crate::gate::{Gate, Subtask};
use crate::journal::{Course, Folded};
use crate::model::{Asked, Fact, SubtaskId};
use crate::verb::OnMachine;
use crate::world::World;

/// Which results of an earlier part of a run exist here, and are still valid.
#[derive(Debug)]
pub(super) struct Found {
    /// Whether the throwaway home exists; none if this has to be determined.
    pub(super) home: Option<Home>,
    /// What was recreated, in plan order.
    pub(super) made: Vec<SubtaskId>,
    /// What has changed, and why.
    pub(super) changed: Changed,
}

/// Recreates what a run that was passed on needs on its machine, and checks whether the inputs of
/// earlier results are unchanged.
pub(super) async fn found(
    gate: &Arc<Gate>,
    before: &Folded,
    handed_on: bool,
    asked: &Asked,
    world: &Arc<dyn World>,
) -> Found {
    if !handed_on {
        return Found {
            home: None,
            made: Vec::new(),
            changed: look(gate, before, Home::There, Arc::clone(world)).await,
        };
    }
    let remade = remake(gate, before, asked, Arc::clone(world)).await;
    let mut changed = look(gate, before, remade.home, Arc::clone(world)).await;
    changed.extend(remade.changed);
    Found {
        home: Some(remade.home),
        made: remade.made,
        changed,
    }
}

/// The result of recreating.
struct Remade {
    /// Whether the throwaway home exists, and whether anything needs it.
    home: Home,
    /// What was recreated, in plan order.
    made: Vec<SubtaskId>,
    /// What is different from the record, and why.
    changed: Changed,
}

/// Recreates it, if a remaining subtask uses it.
async fn remake(gate: &Arc<Gate>, before: &Folded, asked: &Asked, world: Arc<dyn World>) -> Remade {
    let mut remade = Remade {
        home: Home::Elsewhere,
        made: Vec::new(),
        changed: Changed::new(),
    };
    if !is_needed(gate, before, asked) {
        return remade;
    }
    remade.home = Home::There;
    let looker = Looker::new(gate, before, world);
    for (_, subtask) in gate.subtasks() {
        let Some(same) = subtask.verb.declares().on_machine().made() else {
            continue;
        };
        let Some(course) = let_on(before, &subtask.id) else {
            continue;
        };
        match again(&looker, subtask, course, same).await {
            None => remade.made.push(subtask.id.clone()),
            Some(why) => {
                let why = format!("on this machine it is another: {why}");
                remade.changed.insert(subtask.id.clone(), why);
                // Everything after it is run again, too.
                break;
            }
        }
    }
    remade
}

/// Whether a subtask that is in scope and still to be done works with what lives on a machine.
fn is_needed(gate: &Gate, before: &Folded, asked: &Asked) -> bool {
    let packages = gate.packages_in(&asked.scope);
    gate.subtasks().any(|(package, subtask)| {
        packages.contains(package.id.as_str())
            && let_on(before, &subtask.id).is_none()
            && subtask.verb.declares().on_machine() != OnMachine::Nothing
            && subtask.verb.declares().left_out(asked).is_none()
    })
}

fn let_on<'f>(before: &'f Folded, id: &SubtaskId) -> Option<&'f Course> {
    let course = before.course(id)?;
    let ended = course.ended.as_ref()?;
    ended.outcome.lets_on().then_some(course)
}

/// Does it once more; why it is not the same, or cannot be.
async fn again(
    looker: &Looker<'_>,
    subtask: &Subtask,
    course: &Course,
    same: &[&str],
) -> Option<String> {
    let Some(verb) = looker.filled_in(subtask) else {
        return Some("its definition cannot be filled in any more".to_owned());
    };
    let ctx = looker.ctx();
    match verb.acts().remake(&ctx).await {
        Ok(outcome) if outcome.lets_on() => other_field(&course.facts, &ctx.take_published(), same),
        Ok(outcome) => {
            let what = outcome.finding().map(|finding| finding.what.clone());
            Some(what.unwrap_or_else(|| outcome.verdict().to_string()))
        }
        Err(error) => {
            let outcome = error.outcome();
            let what = outcome.finding().map(|finding| finding.what.clone());
            Some(what.unwrap_or_default())
        }
    }
}

/// The first of these fields that has changed.
fn other_field(then: &[Fact], now: &[Fact], same: &[&str]) -> Option<String> {
    for old in then {
        let Some(new) = now.iter().find(|new| new.name == old.name) else {
            return Some(format!("`{}` is not found any more", old.name));
        };
        let differs = |field: &&&str| old.value[**field] != new.value[**field];
        if let Some(field) = same.iter().find(differs) {
            return Some(format!(
                "`{}.{field}` was {}, is {}",
                old.name, old.value[*field], new.value[*field]
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Source;

    fn fact(value: serde_json::Value) -> Fact {
        Fact {
            name: "install".into(),
            value,
            source: Source {
                by: SubtaskId::new("T010"),
                exchange: None,
                facts: Vec::new(),
                origins: Vec::new(),
            },
        }
    }

    #[test]
    fn only_what_makes_it_the_same_is_compared() {
        let then = [fact(json!({"closure_sha256": "a", "looked_at": 3}))];
        let now = |closure: &str| [fact(json!({"closure_sha256": closure, "looked_at": 9}))];
        let same = ["closure_sha256"];
        assert_eq!(other_field(&then, &now("a"), &same), None);
        let other = other_field(&then, &now("b"), &same).unwrap();
        assert_eq!(other, r#"`install.closure_sha256` was "a", is "b""#);
        let gone = other_field(&then, &[], &same).unwrap();
        assert!(gone.contains("not found"), "{gone}");
    }
}
