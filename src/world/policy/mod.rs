//! What may happen: reads each effect as it will be carried out, and refuses what the gate file
//! does not list, before anything is started.
//!
//! It believes no claim: a program is judged by its argument list, a comment by its text, a
//! process rule by its patterns. What it does not understand, it refuses. It never performs,
//! changes or delays an effect.

mod fly;
mod gh;
mod git;
mod graphql;
mod programs;
mod words;

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Effect, EndProcesses, HttpGet, Place, ProcessRule, Response, World, WorldError};
use crate::gate::{ResolvedPolicy, SubtaskId};

/// Why an effect is refused: what was asked, and which list would have to name it.
type Refusal = String;

/// The gate file's policy, ready to judge effects.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    lists: ResolvedPolicy,
    rules: BTreeMap<String, ProcessRule>,
    writable: Vec<String>,
}

impl Policy {
    /// The policy of a gate with its named process rules.
    #[must_use]
    pub fn new(lists: ResolvedPolicy, rules: BTreeMap<String, ProcessRule>) -> Self {
        Self {
            lists,
            rules,
            writable: [Place::RUN, Place::STATE, Place::CACHE]
                .map(str::to_owned)
                .into(),
        }
    }

    /// One more place below which files may be written.
    #[must_use]
    pub fn writing_below(mut self, place: &Place) -> Self {
        self.writable.push(place.as_str().to_owned());
        self
    }

    /// Whether the effect may happen.
    ///
    /// # Errors
    /// [`WorldError::Refused`] with what was asked, and which list would have to name it.
    pub fn check(&self, effect: &Effect) -> Result<(), WorldError> {
        self.judge(effect)
            .map_err(|what| WorldError::Refused { what })
    }

    /// Whether a program of this name may be started at all, whatever its arguments.
    ///
    /// # Errors
    /// As [`Policy::check`].
    pub fn check_program(&self, name: &str) -> Result<(), WorldError> {
        programs::judge_name(&self.lists, name).map_err(|what| WorldError::Refused { what })
    }

    fn judge(&self, effect: &Effect) -> Result<(), Refusal> {
        match effect {
            Effect::Run(program) => {
                let mut watched = program.watch.iter().flat_map(|watch| &watch.addresses);
                watched.try_for_each(|address| self.address(address))?;
                programs::judge(&self.lists, program)
            }
            Effect::HttpGet(get) => self.address(get),
            Effect::EndProcesses(end) => self.end(end),
            Effect::WriteFile(write) => self.target(&write.path),
            Effect::MakeDir { path } => self.target(path),
            Effect::SealDir { path, to } => {
                self.target(path)?;
                to.iter().try_for_each(|to| self.target(to))
            }
            Effect::KeepFiles(keep) => self.target(&keep.to),
            Effect::Pack(pack) => self.target(&pack.to),
            Effect::ReadFile(_)
            | Effect::ListFiles(_)
            | Effect::ListProcesses
            | Effect::FindProgram { .. }
            | Effect::Now
            | Effect::Sleep { .. }
            | Effect::FreshId => Ok(()),
        }
    }

    fn address(&self, get: &HttpGet) -> Result<(), Refusal> {
        if !is_address(&get.url) {
            return Err(format!(
                "reading `{}`: it is no address such as `https://service.example/health/`",
                get.url
            ));
        }
        let below = |prefix: &String| {
            get.url.strip_prefix(prefix.as_str()).is_some_and(|rest| {
                // `https://saas.example` is not the start of `https://saas.example.org`.
                prefix.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?'])
            })
        };
        let plain = !get.url.contains("..") && !get.url.to_ascii_lowercase().contains("%2e");
        if plain && self.lists.read_addresses.iter().any(below) {
            return Ok(());
        }
        Err(format!(
            "reading `{}`: not below any of policy.read_addresses",
            get.url
        ))
    }

    fn end(&self, end: &EndProcesses) -> Result<(), Refusal> {
        let name = &end.rule.name;
        if !self.lists.end_processes.contains(name) {
            return Err(format!(
                "ending processes by rule `{name}`: not in policy.end_processes"
            ));
        }
        if self.rules.get(name) != Some(&end.rule) {
            return Err(format!(
                "ending processes by rule `{name}`: its patterns are not those of [process.{name}]"
            ));
        }
        Ok(())
    }

    fn target(&self, place: &Place) -> Result<(), Refusal> {
        let text = place.as_str();
        let below = |root: &String| {
            text.strip_prefix(root.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if text.split('/').all(|part| part != "..") && self.writable.iter().any(below) {
            return Ok(());
        }
        Err(format!(
            "writing `{place}`: not below {}",
            self.writable.join(" or ")
        ))
    }
}

fn is_address(text: &str) -> bool {
    reqwest::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A world in which only what the policy lists happens.
pub struct PolicyLayer<W> {
    inner: W,
    policy: Policy,
}

impl<W> PolicyLayer<W> {
    /// Wraps a world.
    pub fn new(inner: W, policy: Policy) -> Self {
        Self { inner, policy }
    }
}

#[async_trait]
impl<W: World> World for PolicyLayer<W> {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        self.policy.check(&effect)?;
        self.inner.perform(by, effect).await
    }
}
