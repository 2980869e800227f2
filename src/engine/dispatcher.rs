//! The run's state, and the reaction to each event. No tasks, no clock, no I/O: tested as a state
//! machine.

mod decision;
mod state;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

pub use state::Step;

use decision::Decision;
use state::{RunState, StepState};

use crate::model::{EventKind, Fact, Facts, Finding, Outcome, Source, Stop, SubtaskId, Verdict};

/// An event that the dispatcher handles.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The run begins.
    Begin,
    /// A subtask ended.
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
    /// The operator asked again.
    InterruptAgain,
}

/// An action for the run's loop.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Inform the reporters.
    Emit(EventKind),
    /// Start a subtask, which is already registered.
    Start(SubtaskId),
    /// End everything that runs, gracefully.
    Cancel,
    /// Stop waiting for running subtasks.
    Abandon,
    /// The run is over.
    Finish(Verdict),
}

/// The run's state.
#[derive(Debug)]
pub struct Dispatcher {
    run: RunState,
    done: usize,
}

impl Dispatcher {
    /// A run that has not begun. Steps are in plan order.
    #[must_use]
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            run: RunState::new(steps),
            done: 0,
        }
    }

    /// Lets a step that a dry run leaves out stop only the steps that need it.
    #[must_use]
    pub fn through(mut self, through: bool) -> Self {
        self.run.through = through;
        self
    }

    /// Adds a result of an earlier part of this run, before [`Input::Begin`].
    pub fn resume_with(&mut self, id: &SubtaskId, outcome: Outcome, facts: Vec<Fact>) {
        for fact in facts {
            // A recorded run published each of them once.
            drop(Arc::make_mut(&mut self.run.facts).publish(fact));
        }
        self.done += 1;
        self.run
            .states
            .insert(id.clone(), StepState::Ended(outcome));
    }

    /// All facts so far.
    #[must_use]
    pub fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.run.facts)
    }

    /// How each subtask ended, in plan order.
    #[must_use]
    pub fn outcomes(&self) -> Vec<(SubtaskId, Outcome)> {
        let ended = |step: &Step| match &self.run.states[&step.id] {
            StepState::Ended(outcome) => Some((step.id.clone(), outcome.clone())),
            StepState::Waiting | StepState::Running => None,
        };
        self.run.steps.iter().filter_map(ended).collect()
    }

    /// Handles an event, and returns the resulting actions.
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
                self.run.interrupted = true;
                actions.extend([Action::Emit(EventKind::Interrupted), Action::Cancel]);
            }
            Input::InterruptAgain => {
                self.run.interrupted = true;
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
            match Arc::make_mut(&mut self.run.facts).publish(fact.clone()) {
                Ok(()) => actions.push(Action::Emit(EventKind::FactPublished(fact))),
                Err(error) => result = Outcome::Error(Finding::new(error.to_string())),
            }
        }
        result
    }

    fn end(&mut self, id: &SubtaskId, outcome: Outcome, took: Duration, actions: &mut Vec<Action>) {
        self.run
            .states
            .insert(id.clone(), StepState::Ended(outcome.clone()));
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
            // The run's loop fills them in.
            inputs: std::collections::BTreeMap::new(),
        }));
    }

    fn abandon(&mut self, actions: &mut Vec<Action>) {
        let running: Vec<SubtaskId> = self
            .run
            .steps
            .iter()
            .filter(|step| self.run.states[&step.id] == StepState::Running)
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
                    self.run.states.insert(step.id.clone(), StepState::Running);
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
        self.run.steps.iter().find_map(|step| {
            if self.run.states[&step.id] != StepState::Waiting {
                return None;
            }
            self.run
                .decide(step)
                .map(|decision| (step.clone(), decision))
        })
    }

    fn finish_when_over(&self, actions: &mut Vec<Action>) {
        let over = self
            .run
            .states
            .values()
            .all(|state| matches!(state, StepState::Ended(_)));
        if !over {
            return;
        }
        let in_scope = self.run.steps.iter().filter(|step| step.in_scope);
        let outcomes: Vec<&Outcome> = in_scope
            .filter_map(|step| self.run.outcome(&step.id))
            .collect();
        let verdict = Verdict::of(outcomes);
        actions.push(Action::Emit(EventKind::RunEnded { verdict }));
        actions.push(Action::Finish(verdict));
    }
}

/// What a skipped subtask publishes instead of its fact, so that reports can show the reason.
fn skipped_fact(step: &Step, why: &str) -> Vec<Fact> {
    let value: Value = json!({ "skipped": why });
    let source = Source {
        by: step.id.clone(),
        exchange: None,
        facts: Vec::new(),
        origins: Vec::new(),
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
