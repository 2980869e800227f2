//! The run's state, and what follows from each thing that happens. No tasks, no clock, no I/O:
//! tested as a state machine.

mod decision;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use decision::Decision;

use super::EventKind;
use crate::gate::{Fact, Facts, Finding, Outcome, Source, Start, Stop, SubtaskId, Verdict};

/// A subtask as the dispatcher sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub id: SubtaskId,
    /// Its work package.
    pub work_package: String,
    /// Subtasks that must let on before it starts.
    pub after: Vec<SubtaskId>,
    /// When it starts.
    pub start: Start,
    /// Fact that must hold, or it is skipped.
    pub only_if: Option<String>,
    /// The fact it publishes; a skipped one publishes why.
    pub publishes: Option<String>,
    /// Whether `--until` and `--only` leave it in.
    pub in_scope: bool,
    /// What a dry run leaves it at: what it would do to the outside.
    pub dry_run_stop: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The run begins.
    Begin,
    /// A subtask came to its end.
    Ended {
        /// Which.
        id: SubtaskId,
        /// How.
        outcome: Outcome,
        /// What it published.
        facts: Vec<Fact>,
        /// How long it took.
        took: Duration,
    },
    /// The operator asked to stop.
    Interrupt,
    /// The operator insists.
    InterruptAgain,
}

/// What the run's loop has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Tell the reporters.
    Emit(EventKind),
    /// Start a subtask; it is registered already.
    Start(SubtaskId),
    /// End everything that runs, gracefully.
    Cancel,
    /// Stop waiting for what runs.
    Abandon,
    /// The run is over.
    Finish(Verdict),
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    Waiting,
    Running,
    Ended(Outcome),
}

/// The run's state.
#[derive(Debug)]
pub struct Dispatcher {
    steps: Vec<Step>,
    states: BTreeMap<SubtaskId, State>,
    facts: Arc<Facts>,
    interrupted: bool,
    done: usize,
}

impl Dispatcher {
    /// A run that has not begun. Steps are in plan order.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        let states = steps
            .iter()
            .map(|step| (step.id.clone(), State::Waiting))
            .collect();
        Self {
            steps,
            states,
            facts: Arc::default(),
            interrupted: false,
            done: 0,
        }
    }

    /// Puts in what an earlier part of this run found out, before [`Input::Begin`].
    pub fn resume_with(&mut self, id: &SubtaskId, outcome: Outcome, facts: Vec<Fact>) {
        for fact in facts {
            // A recorded run published each of them once.
            drop(Arc::make_mut(&mut self.facts).publish(fact));
        }
        self.done += 1;
        self.states.insert(id.clone(), State::Ended(outcome));
    }

    /// All facts so far.
    #[must_use]
    pub fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.facts)
    }

    /// How each subtask ended, in plan order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<(SubtaskId, Outcome)> {
        let ended = |step: &Step| match &self.states[&step.id] {
            State::Ended(outcome) => Some((step.id.clone(), outcome.clone())),
            State::Waiting | State::Running => None,
        };
        self.steps.iter().filter_map(ended).collect()
    }

    /// What follows from something that happened.
    pub fn handle(&mut self, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Begin => {}
            Input::Ended {
                id,
                outcome,
                facts,
                took,
            } => {
                let outcome = self.publish(facts, outcome, &mut actions);
                self.end(&id, outcome, took, &mut actions);
            }
            Input::Interrupt => {
                self.interrupted = true;
                actions.extend([Action::Emit(EventKind::Interrupted), Action::Cancel]);
            }
            Input::InterruptAgain => {
                self.interrupted = true;
                actions.push(Action::Abandon);
                self.abandon(&mut actions);
            }
        }
        self.advance(&mut actions);
        self.finish_when_over(&mut actions);
        actions
    }

    /// Two facts of one name are a mistake of the gate; the second one's subtask did not pass.
    fn publish(
        &mut self,
        facts: Vec<Fact>,
        outcome: Outcome,
        actions: &mut Vec<Action>,
    ) -> Outcome {
        let mut result = outcome;
        for fact in facts {
            match Arc::make_mut(&mut self.facts).publish(fact.clone()) {
                Ok(()) => actions.push(Action::Emit(EventKind::FactPublished(fact))),
                Err(error) => result = Outcome::Error(Finding::new(error.to_string())),
            }
        }
        result
    }

    fn end(&mut self, id: &SubtaskId, outcome: Outcome, took: Duration, actions: &mut Vec<Action>) {
        self.states
            .insert(id.clone(), State::Ended(outcome.clone()));
        if !matches!(
            outcome,
            Outcome::NotRun {
                because: Stop::OutOfScope
            }
        ) {
            self.done += 1;
        }
        let done = self.done;
        actions.push(Action::Emit(EventKind::SubtaskEnded {
            subtask: id.clone(),
            outcome,
            took,
            done,
        }));
    }

    fn abandon(&mut self, actions: &mut Vec<Action>) {
        let running: Vec<SubtaskId> = self
            .steps
            .iter()
            .filter(|step| self.states[&step.id] == State::Running)
            .map(|step| step.id.clone())
            .collect();
        for id in running {
            self.end(
                &id,
                Outcome::NotRun {
                    because: Stop::Interrupted,
                },
                Duration::ZERO,
                actions,
            );
        }
    }

    /// Starts, skips or gives up whatever can be decided, until nothing more can.
    fn advance(&mut self, actions: &mut Vec<Action>) {
        while let Some((step, decision)) = self.next_decision() {
            match decision {
                Decision::Start => {
                    self.states.insert(step.id.clone(), State::Running);
                    actions.push(Action::Emit(EventKind::SubtaskStarted {
                        subtask: step.id.clone(),
                    }));
                    actions.push(Action::Start(step.id));
                }
                Decision::Skip(why) => {
                    let facts = skipped_fact(&step, &why);
                    let outcome = self.publish(facts, Outcome::Skipped { why }, actions);
                    self.end(&step.id, outcome, Duration::ZERO, actions);
                }
                Decision::NotRun(because) => {
                    self.end(
                        &step.id,
                        Outcome::NotRun { because },
                        Duration::ZERO,
                        actions,
                    );
                }
            }
        }
    }

    fn next_decision(&self) -> Option<(Step, Decision)> {
        self.steps.iter().find_map(|step| {
            if self.states[&step.id] != State::Waiting {
                return None;
            }
            self.decide(step).map(|decision| (step.clone(), decision))
        })
    }

    fn outcome(&self, id: &SubtaskId) -> Option<&Outcome> {
        match self.states.get(id)? {
            State::Ended(outcome) => Some(outcome),
            State::Waiting | State::Running => None,
        }
    }

    fn finish_when_over(&self, actions: &mut Vec<Action>) {
        let over = self
            .states
            .values()
            .all(|state| matches!(state, State::Ended(_)));
        if !over {
            return;
        }
        let in_scope = self.steps.iter().filter(|step| step.in_scope);
        let outcomes: Vec<&Outcome> = in_scope.filter_map(|step| self.outcome(&step.id)).collect();
        let verdict = Verdict::of(outcomes);
        actions.push(Action::Emit(EventKind::RunEnded { verdict }));
        actions.push(Action::Finish(verdict));
    }
}

/// What a skipped subtask publishes in place of its fact, so that reports can say why.
fn skipped_fact(step: &Step, why: &str) -> Vec<Fact> {
    let value: Value = json!({ "skipped": why });
    let source = Source {
        by: step.id.clone(),
        exchange: None,
    };
    step.publishes
        .iter()
        .map(|name| Fact {
            name: name.clone(),
            value: value.clone(),
            source: source.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
