//! A world for unit tests: answers given in order, and a list of the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;

use crate::model::{Fact, Facts, Source, SubtaskId};
use crate::verb::{Ctx, Setting};
use crate::world::{Captured, Effect, Ended, Finished, Response, World, WorldError};

/// A program that ended with this code and these outputs.
pub(crate) fn ended(code: i32, stdout: &str, stderr: &str) -> Finished {
    let captured = |text: &str| Captured {
        text: text.to_owned(),
        bytes: text.len() as u64,
        ..Captured::default()
    };
    Finished {
        ended: Ended::Code(code),
        stdout: captured(stdout),
        stderr: captured(stderr),
        elapsed: Duration::from_millis(10),
        leftovers: Vec::new(),
        observations: Vec::new(),
        confined: None,
    }
}

#[derive(Default)]
struct Script {
    answers: VecDeque<(Option<String>, Result<Response, WorldError>)>,
    asked: Vec<Effect>,
}

/// The scripted world. Asking for more than was scripted, or for another program, panics.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    script: Arc<Mutex<Script>>,
    facts: Facts,
    setting: Setting,
}

impl Scripted {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The next effect runs a program whose command line begins like this.
    pub(crate) fn run(self, beginning: &str, finished: Finished) -> Self {
        self.add(
            Some(beginning.to_owned()),
            Ok(Response::Program(Box::new(finished))),
        )
    }

    /// Answers the next effect, whatever it is, with this response.
    pub(crate) fn answer(self, response: Response) -> Self {
        self.add(None, Ok(response))
    }

    /// Answers the next effect with an error.
    pub(crate) fn fail(self, error: WorldError) -> Self {
        self.add(None, Err(error))
    }

    pub(crate) fn fact(mut self, name: &str, value: Value) -> Self {
        let source = Source {
            by: SubtaskId::new("T000"),
            exchange: None,
            facts: Vec::new(),
            origins: Vec::new(),
        };
        let fact = Fact {
            name: name.to_owned(),
            value,
            source,
        };
        self.facts.publish(fact).unwrap();
        self
    }

    pub(crate) fn setting(mut self, setting: Setting) -> Self {
        self.setting = setting;
        self
    }

    pub(crate) fn ctx(&self) -> Ctx {
        Ctx::new(
            SubtaskId::new("T001"),
            Arc::new(self.clone()),
            Arc::new(self.setting.clone()),
            Arc::new(self.facts.clone()),
            Duration::from_mins(1),
            tokio::sync::mpsc::unbounded_channel().0,
        )
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Effect> {
        self.script.lock().unwrap().asked.clone()
    }

    /// Command lines of the programs that were requested.
    pub(crate) fn commands(&self) -> Vec<String> {
        let asked = self.asked();
        let programs = asked.iter().filter_map(|effect| match effect {
            Effect::Run(program) => Some(program.argv.join(" ")),
            _ => None,
        });
        programs.collect()
    }

    /// Whether every answer was used.
    pub(crate) fn is_done(&self) -> bool {
        self.script.lock().unwrap().answers.is_empty()
    }

    fn add(self, beginning: Option<String>, answer: Result<Response, WorldError>) -> Self {
        self.script
            .lock()
            .unwrap()
            .answers
            .push_back((beginning, answer));
        self
    }
}

#[async_trait]
impl World for Scripted {
    async fn perform(&self, _by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        let mut script = self.script.lock().unwrap();
        script.asked.push(effect.clone());
        let Some((beginning, answer)) = script.answers.pop_front() else {
            panic!("nothing scripted for {effect:?}");
        };
        if let Some(beginning) = beginning {
            let Effect::Run(program) = &effect else {
                panic!("`{beginning}` was scripted, not {effect:?}");
            };
            let line = program.argv.join(" ");
            assert!(
                line.starts_with(&beginning),
                "`{beginning}` was scripted, not `{line}`"
            );
        }
        answer
    }
}
