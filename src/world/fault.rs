//! Fails chosen requests with an error, as if the outside had failed. All others pass unchanged.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::{Effect, FileFailure, Response, World, WorldError};
use crate::model::SubtaskId;

/// Kinds of effects, for choosing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectKind {
    /// [`Effect::Run`].
    Run,
    /// [`Effect::HttpGet`].
    HttpGet,
    /// [`Effect::ReadFile`].
    ReadFile,
    /// [`Effect::ListFiles`].
    ListFiles,
    /// [`Effect::WriteFile`].
    WriteFile,
    /// [`Effect::MakeDir`].
    MakeDir,
    /// [`Effect::RemoveDir`].
    RemoveDir,
    /// [`Effect::SealDir`].
    SealDir,
    /// [`Effect::KeepFiles`].
    KeepFiles,
    /// [`Effect::LeaveFile`].
    LeaveFile,
    /// [`Effect::Pack`].
    Pack,
    /// [`Effect::ListProcesses`].
    ListProcesses,
    /// [`Effect::EndProcesses`].
    EndProcesses,
    /// [`Effect::FindProgram`].
    FindProgram,
    /// [`Effect::HttpPost`].
    HttpPost,
    /// [`Effect::AskPerson`].
    AskPerson,
    /// [`Effect::Now`].
    Now,
    /// [`Effect::Sleep`].
    Sleep,
    /// [`Effect::FreshId`].
    FreshId,
    /// [`Effect::JournalHead`].
    JournalHead,
    /// [`Effect::Reserve`].
    Reserve,
    /// [`Effect::AskAgent`].
    AskAgent,
}

impl EffectKind {
    /// The kind of an effect.
    #[must_use]
    pub fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Run(_) => Self::Run,
            Effect::HttpGet(_) => Self::HttpGet,
            Effect::HttpPost(_) => Self::HttpPost,
            Effect::AskPerson(_) => Self::AskPerson,
            Effect::ReadFile(_) => Self::ReadFile,
            Effect::ListFiles(_) => Self::ListFiles,
            Effect::WriteFile(_) => Self::WriteFile,
            Effect::MakeDir { .. } => Self::MakeDir,
            Effect::RemoveDir { .. } => Self::RemoveDir,
            Effect::SealDir { .. } => Self::SealDir,
            Effect::KeepFiles(_) => Self::KeepFiles,
            Effect::LeaveFile(_) => Self::LeaveFile,
            Effect::Pack(_) => Self::Pack,
            Effect::ListProcesses => Self::ListProcesses,
            Effect::EndProcesses(_) => Self::EndProcesses,
            Effect::FindProgram { .. } => Self::FindProgram,
            Effect::Now => Self::Now,
            Effect::Sleep { .. } => Self::Sleep,
            Effect::FreshId => Self::FreshId,
            Effect::JournalHead => Self::JournalHead,
            Effect::Reserve(_) => Self::Reserve,
            Effect::AskAgent { .. } => Self::AskAgent,
        }
    }
}

/// Which requests fail, and how.
#[derive(Debug)]
pub struct Break {
    subtask: Option<SubtaskId>,
    kinds: Vec<EffectKind>,
    /// The first that breaks, counted among those that are chosen, from 0.
    from: u64,
    /// How many break.
    count: u64,
    error: WorldError,
    met: AtomicU64,
}

impl Break {
    /// Every effect of these kinds, with this error.
    #[must_use]
    pub fn every(kinds: &[EffectKind], error: WorldError) -> Self {
        Self {
            subtask: None,
            kinds: kinds.to_vec(),
            from: 0,
            count: u64::MAX,
            error,
            met: AtomicU64::new(0),
        }
    }

    /// Only on behalf of this subtask.
    #[must_use]
    pub fn of(mut self, subtask: SubtaskId) -> Self {
        self.subtask = Some(subtask);
        self
    }

    /// Only the chosen request with this number, counted from 0.
    #[must_use]
    pub fn only(mut self, number: u64) -> Self {
        self.from = number;
        self.count = 1;
        self
    }

    fn hits(&self, by: &SubtaskId, effect: &Effect) -> bool {
        let chosen = self.subtask.as_ref().is_none_or(|subtask| subtask == by)
            && self.kinds.contains(&EffectKind::of(effect));
        if !chosen {
            return false;
        }
        let number = self.met.fetch_add(1, Ordering::Relaxed);
        number >= self.from && number - self.from < self.count
    }
}

/// A world in which chosen requests fail.
pub struct FaultLayer<W> {
    inner: W,
    breaks: Vec<Break>,
}

impl<W> FaultLayer<W> {
    /// Wraps a world.
    pub fn new(inner: W, breaks: Vec<Break>) -> Self {
        Self { inner, breaks }
    }
}

#[async_trait]
impl<W: World> World for FaultLayer<W> {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        // Each break has its own counter, so all of them check each effect.
        let broken = self
            .breaks
            .iter()
            .filter(|one| one.hits(by, &effect))
            .last();
        match broken {
            Some(one) => Err(one.error.clone()),
            None => self.inner.perform(by, effect).await,
        }
    }
}

/// The error of a disk on which no space is left.
#[must_use]
pub fn no_space(operation: &str) -> WorldError {
    WorldError::File {
        operation: operation.to_owned(),
        path: "‹state›".to_owned(),
        kind: FileFailure::NoSpace,
        reason: "No space left on device (os error 28)".to_owned(),
    }
}
