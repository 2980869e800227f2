//! What happens to a waiting step: a function of the plan and of how other steps ended, never of
//! the order in which they ended.

use super::state::{RunState, Step};
use crate::gate::Start;
use crate::model::{Condition, Outcome, Stop, SubtaskId};

/// What becomes of a waiting step.
pub(super) enum Decision {
    Start,
    Skip(String),
    NotRun(Stop),
}

/// The effect of a subtask on those that wait for it.
enum Behind {
    /// Not known yet.
    Open,
    /// As far as this is concerned, they may start.
    Free,
    /// They must not, and why.
    Stop(Stop),
}

impl RunState {
    /// What to do with a waiting step; none while it has to wait on.
    pub(super) fn decide(&self, step: &Step) -> Option<Decision> {
        if !step.in_scope {
            return Some(Decision::NotRun(Stop::OutOfScope));
        }
        if self.interrupted {
            return Some(Decision::NotRun(Stop::Interrupted));
        }
        match step.start {
            Start::Failure => self.decide_on_failure(step),
            Start::Success => self.decide_on_success(step),
        }
    }

    /// The first of the steps it waits for, in plan order, that stops it is the reason not to run,
    /// whichever ended first: while another may still become the first, nothing is decided. So the
    /// reason depends only on plan and outcomes, and a replay finds the same.
    fn decide_on_success(&self, step: &Step) -> Option<Decision> {
        for id in &step.after {
            match self.behind(id) {
                Behind::Open => return None,
                Behind::Stop(because) => return Some(Decision::NotRun(because)),
                Behind::Free => {}
            }
        }
        Some(self.decide_condition(step))
    }

    /// What there is to handle is known when all that may fail before it has ended: something may
    /// still run beside what failed first.
    fn decide_on_failure(&self, step: &Step) -> Option<Decision> {
        let mut before = step.after.iter().chain(self.before_in_package(step));
        if !before.all(|id| self.outcome(id).is_some()) {
            return None;
        }
        if self.failure_before(step).is_some() {
            return Some(Decision::Start);
        }
        let because = step.after.iter().find_map(|id| match self.behind(id) {
            Behind::Stop(because) => Some(because),
            Behind::Open | Behind::Free => None,
        });
        Some(because.map_or_else(
            || Decision::Skip("not needed: nothing failed".to_owned()),
            Decision::NotRun,
        ))
    }

    fn decide_condition(&self, step: &Step) -> Decision {
        if let Some(would) = &step.dry_run_stop {
            return Decision::NotRun(Stop::DryRun(would.clone()));
        }
        if let Some(needed) = self.needed_and_not_done(step) {
            return Decision::NotRun(Stop::DryRunNeeds(needed));
        }
        let Some(path) = &step.only_if else {
            return Decision::Start;
        };
        if Condition::is_comparison(path) {
            return self.decide_comparison(path);
        }
        let fact = self.facts.value(path);
        match fact.and_then(|fact| fact["holds"].as_bool()) {
            Some(false) => {
                let why = fact
                    .and_then(|fact| fact["why"].as_str())
                    .unwrap_or("its condition does not hold");
                Decision::Skip(why.to_owned())
            }
            // Unknown is never a reason to leave something out.
            Some(true) | None => Decision::Start,
        }
    }

    /// The first that a step needs and a dry run has not done.
    fn needed_and_not_done(&self, step: &Step) -> Option<String> {
        let left_out = |id| {
            matches!(
                self.outcome(id),
                Some(Outcome::NotRun {
                    because: Stop::DryRun(_) | Stop::DryRunNeeds(_)
                })
            )
        };
        let needed = step.needs.iter().find(|(id, _)| left_out(id));
        needed.map(|(_, what)| what.clone())
    }

    fn decide_comparison(&self, text: &str) -> Decision {
        let Ok(condition) = Condition::parse(text) else {
            return Decision::Start;
        };
        match self.facts.value(&condition.path) {
            Some(found) if condition.holds(found) == Ok(false) => {
                Decision::Skip(format!("`{condition}` does not hold: it is {found}"))
            }
            // Unknown is never a reason to leave something out.
            Some(_) | None => Decision::Start,
        }
    }

    /// The effect of the end of `id` on the steps after it.
    fn behind(&self, id: &SubtaskId) -> Behind {
        match self.outcome(id) {
            None => Behind::Open,
            Some(outcome) if outcome.lets_on() => self.behind_handler(id),
            Some(Outcome::NotRun { because }) => match because {
                Stop::OutOfScope => Behind::Free,
                Stop::DryRun(_) | Stop::DryRunNeeds(_) if self.through => Behind::Free,
                Stop::DryRun(_) => Behind::Stop(Stop::Subtask(id.clone())),
                because => Behind::Stop(because.clone()),
            },
            Some(_) => Behind::Stop(Stop::Subtask(id.clone())),
        }
    }

    /// Storing evidence and re-opening issues does not make a gate pass, so the steps after a
    /// failure handler stop if there was a failure; other steps continue.
    fn behind_handler(&self, id: &SubtaskId) -> Behind {
        let handler = |step: &&Step| step.id == *id && step.start == Start::Failure;
        let Some(step) = self.steps.iter().find(handler) else {
            return Behind::Free;
        };
        let mut before = self.before_in_package(step);
        if !before.all(|id| self.outcome(id).is_some()) {
            return Behind::Open;
        }
        self.failure_before(step)
            .map_or(Behind::Free, |id| Behind::Stop(Stop::Subtask(id.clone())))
    }

    /// The failure that a step for failures is for.
    fn failure_before<'s>(&'s self, step: &'s Step) -> Option<&'s SubtaskId> {
        self.before_in_package(step)
            .find(|id| matches!(self.outcome(id), Some(Outcome::Failed(_))))
    }

    /// The steps of its work package that are planned before it.
    fn before_in_package<'s>(&'s self, step: &'s Step) -> impl Iterator<Item = &'s SubtaskId> {
        self.steps
            .iter()
            .take_while(|other| other.id != step.id)
            .filter(|other| other.work_package == step.work_package)
            .map(|other| &other.id)
    }
}

#[cfg(test)]
mod tests;
