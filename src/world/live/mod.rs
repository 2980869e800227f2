//! The real world: the only place that spawns, opens, connects, signals or reads a clock.
//!
//! Turns symbolic paths into this machine's paths in requests, and paths and secrets into tokens in
//! responses. It decides nothing: the policy decides what may happen.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place behind the door where effects really happen"
)]

mod agent;
mod common;
mod drain;
mod elsewhere;
mod ending;
mod environ;
mod environment;
mod files;
mod group;
mod held;
mod home_of;
mod http;
mod include;
mod index_settings;
mod isolation;
mod killed;
mod leave;
mod live_world;
mod observe;
mod operator;
mod pack;
mod person;
mod plain;
mod platform;
mod prepare;
mod process;
mod program;
mod reserve;
mod sandbox;
mod target;
mod unhidden;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use environ::{environment, take_environment};
pub use environment::{Places, ToolPath};
pub use isolation::Isolation;
pub use killed::{end_by_identity, processes_of_run};
pub use live_world::LiveWorld;
pub use observe::Clock;
pub use operator::Operator;
pub use platform::is_ignored;
pub use sandbox::{Enforcer, NoSandbox, SandboxChoice, find_sandbox};
pub use unhidden::unhidden;

use common::{blocking, is_executable};

use super::{Effect, HttpAnswer, HttpGet, HttpPost, Receipt, Response, World, WorldError};
use crate::model::SubtaskId;

/// Isolates the programs that this process is going to start, as far as the system can, and returns
/// the isolation in force. The program calls it once.
#[must_use]
pub fn isolate() -> Isolation {
    platform::isolate()
}

#[async_trait]
impl World for LiveWorld {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        match effect {
            Effect::Run(program) => program::run(self, by, &program)
                .await
                .map(|finished| Response::Program(Box::new(finished))),
            Effect::HttpGet(get) => self.get(&get).await.map(Response::Http),
            Effect::HttpPost(post) => self.post(&post).await.map(Response::Http),
            Effect::AskPerson(ask) => Ok(Response::Typed(person::ask(&ask).await)),
            Effect::ReadFile(_)
            | Effect::ListFiles(_)
            | Effect::WriteFile(_)
            | Effect::MakeDir { .. }
            | Effect::RemoveDir { .. }
            | Effect::SealDir { .. }
            | Effect::KeepFiles(_)
            | Effect::LeaveFile(_)
            | Effect::Pack(_) => self.file_effect(effect).await,
            Effect::ListProcesses => process::list(self).await.map(Response::Processes),
            Effect::EndProcesses(end) => ending::end(&end, &self.redactor, &self.places)
                .await
                .map(Response::Ended),
            Effect::FindProgram { name } => Ok(Response::Found(self.find(&name))),
            Effect::Now => Ok(Response::Now(jiff::Timestamp::now())),
            Effect::Sleep { duration } => {
                tokio::time::sleep(duration).await;
                Ok(Response::Done)
            }
            Effect::JournalHead => Err(WorldError::Refused {
                what: "the journal's head where there is no journal".to_owned(),
            }),
            Effect::Reserve(what) => {
                let reserved = &self.reserved;
                let answer = reserved.reserve(&what, &self.places, &self.redactor).await;
                answer.map(Response::Reserved)
            }
            Effect::FreshId => Ok(Response::Id(ulid::Ulid::generate().to_string())),
            Effect::AskAgent { message } => agent::ask(&self.operator, &message)
                .await
                .map(Response::Text),
        }
    }
}

impl LiveWorld {
    /// Ends processes that the programs of this world left behind.
    pub async fn end_leftovers(&self, grace: Duration) -> Vec<Receipt> {
        ending::end_leftovers(&self.groups, grace).await
    }

    async fn get(&self, get: &HttpGet) -> Result<HttpAnswer, WorldError> {
        let answer = self.http.get(get).await;
        answer.map(|answer| self.clean(answer))
    }

    /// Posts, with the operator's variables in the address; each becomes a secret first.
    async fn post(&self, post: &HttpPost) -> Result<HttpAnswer, WorldError> {
        let mut url = post.url.clone();
        for name in &post.pass {
            let value = self.operator.var(name).unwrap_or_default();
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.~/%=".contains(letter);
            if value.is_empty() || value.contains("..") || !value.chars().all(plain) {
                return Err(WorldError::NoAnswer {
                    url: post.url.clone(),
                    timed_out: false,
                    reason: format!("the variable `{name}` is not set, or no part of an address"),
                });
            }
            self.redactor.add_secret(name, value);
            url = url.replace(&format!("${name}"), value);
        }
        let answer = self.http.post(post, &url).await;
        answer.map(|answer| self.clean(answer))
    }

    fn clean(&self, answer: HttpAnswer) -> HttpAnswer {
        HttpAnswer {
            body: self.redactor.text(&answer.body),
            headers: answer
                .headers
                .into_iter()
                .map(|(name, value)| (name, self.redactor.text(&value)))
                .collect(),
            ..answer
        }
    }

    /// File effects block, so they run on a thread of their own.
    async fn file_effect(&self, effect: Effect) -> Result<Response, WorldError> {
        let desk = files::Desk {
            places: self.places.clone(),
            redactor: Arc::clone(&self.redactor),
            held: Arc::clone(&self.held),
        };
        blocking(move || match effect {
            Effect::Pack(parts) => pack::pack(&desk, &parts).map(Response::Files),
            Effect::LeaveFile(file) => {
                leave::leave(&desk, &file).map(|seen| Response::Files(vec![seen]))
            }
            other => desk.perform(other),
        })
        .await?
    }

    fn find(&self, name: &str) -> Vec<String> {
        let all = self.tools().around(&self.operator, &self.places);
        let mut found: Vec<String> = Vec::new();
        for directory in all {
            let path = self.redactor.text(directory.join(name).as_str());
            if is_executable(&directory.join(name)) && !found.contains(&path) {
                found.push(path);
            }
        }
        found
    }
}
