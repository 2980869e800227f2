//! The layer that records each request before it is made, and each response before the caller sees
//! it. Never lets anything happen that could not be recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::journal::{Answer, Durability, Journal, JournalError, Record};
use crate::model::SubtaskId;
use crate::world::policy::{Reach, classify};
use crate::world::{Effect, Place, Program, Response, World, WorldError};

/// Numbers of requests, for the provenance of facts.
pub trait Exchanges: Send + Sync {
    /// The number of the subtask's last request; 0 before any.
    fn last_exchange(&self, by: &SubtaskId) -> u32;
}

/// Records every request and response of the inner world. Clones record into the same journal.
#[derive(Clone)]
pub struct RecordLayer {
    inner: Arc<dyn World>,
    journal: Journal,
    /// Numbers assigned so far, and which of them have no response yet.
    counts: Arc<Mutex<BTreeMap<SubtaskId, Count>>>,
}

#[derive(Debug, Clone, Default)]
struct Count {
    last: u32,
    open: BTreeSet<u32>,
}

impl RecordLayer {
    /// Records a new or resumed run: each process counts from 1.
    #[must_use]
    pub fn new(inner: Arc<dyn World>, journal: Journal) -> Self {
        Self {
            inner,
            journal,
            counts: Arc::default(),
        }
    }

    /// The number of the subtask's last request; 0 before any.
    #[must_use]
    pub fn last_exchange(&self, by: &SubtaskId) -> u32 {
        self.with_count(by, |count| count.last)
    }

    fn with_count<T>(&self, by: &SubtaskId, change: impl FnOnce(&mut Count) -> T) -> T {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry(by.clone()).or_default())
    }

    /// Records the request under the next number. Number and record are created under one lock, so
    /// that numbers in the journal are in order.
    fn intent(&self, by: &SubtaskId, effect: &Effect) -> Result<u32, JournalError> {
        let effect = self.journal.said(effect)?;
        self.with_count(by, |count| {
            let n = count.last + 1;
            let record = Record::Intent {
                by: by.clone(),
                n,
                open: count.open.iter().copied().collect(),
                strand: crate::world::strand::current(),
                effect,
            };
            self.journal.append(&record, Durability::Soon)?;
            count.last = n;
            count.open.insert(n);
            Ok(n)
        })
    }

    fn result(
        &self,
        by: &SubtaskId,
        n: u32,
        answer: &Result<Response, WorldError>,
    ) -> Result<(), JournalError> {
        let answer = match answer {
            Ok(response) => Answer::Ok(self.journal.said(response)?),
            Err(error) => Answer::Err(error.clone()),
        };
        let record = Record::Result {
            by: by.clone(),
            n,
            answer,
        };
        self.with_count(by, |count| {
            count.open.remove(&n);
            self.journal.append(&record, Durability::Soon)
        })
    }

    /// Answers from the journal itself: no other layer has it.
    async fn head(&self) -> Result<Response, WorldError> {
        let journal = self.journal.clone();
        match tokio::task::spawn_blocking(move || journal.anchor()).await {
            Ok(anchor) => anchor
                .map(Response::JournalHead)
                .map_err(|error| self.not_recorded(&error)),
            Err(error) => Err(self.not_recorded(&error)),
        }
    }

    /// Syncs in the background, so that no other subtask waits for the disk.
    async fn sync(&self) -> Result<(), WorldError> {
        let journal = self.journal.clone();
        match tokio::task::spawn_blocking(move || journal.sync()).await {
            Ok(synced) => synced.map_err(|error| self.not_recorded(&error)),
            Err(error) => Err(self.not_recorded(&error)),
        }
    }

    /// Starts a sync in the background, if enough has accumulated or the program may take an hour.
    /// If it fails, the next record does too.
    fn sync_meanwhile(&self, program: &Program) {
        const ENOUGH: u32 = 32;
        if program.watch.is_none() && self.journal.unsynced() < ENOUGH {
            return;
        }
        let journal = self.journal.clone();
        drop(tokio::task::spawn_blocking(move || journal.sync()));
    }

    /// The error of a failed record, without this machine's paths: if the disk accepts records
    /// again, it is recorded as the subtask's outcome.
    fn not_recorded(&self, error: &dyn std::fmt::Display) -> WorldError {
        let run = self.journal.directory().to_string_lossy();
        WorldError::NotRecorded {
            reason: error.to_string().replace(run.as_ref(), Place::RUN),
        }
    }
}

/// Whether it is a program that is watched while it runs: an hour's result must not be lost with
/// the power.
fn is_watched(effect: &Effect) -> bool {
    matches!(effect, Effect::Run(program) if program.watch.is_some())
}

impl Exchanges for RecordLayer {
    fn last_exchange(&self, by: &SubtaskId) -> u32 {
        Self::last_exchange(self, by)
    }
}

#[async_trait]
impl World for RecordLayer {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        let write = classify(&effect) == Reach::Outside;
        let n = self
            .intent(by, &effect)
            .map_err(|error| self.not_recorded(&error))?;
        if write {
            // Invariants: evidence first, at most once. Nothing outside is touched before
            // everything that led to it is on disk.
            self.sync().await?;
        } else if let Effect::Run(program) = &effect {
            self.sync_meanwhile(program);
        }
        let dear = write || is_watched(&effect);
        let answer = match effect {
            Effect::JournalHead => self.head().await,
            effect => self.inner.perform(by, effect).await,
        };
        self.result(by, n, &answer)
            .map_err(|error| self.not_recorded(&error))?;
        if dear {
            self.sync().await?;
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::journal::{BLOB_LIMIT, FORMAT, GateRef, Header};
    use crate::model::Asked;
    use crate::world::{ProcessRule, Watch};

    fn header() -> Header {
        Header {
            format: FORMAT,
            run: "01KS1W46000000000000000000".to_owned(),
            gate: GateRef {
                name: "gate".to_owned(),
                sha256: String::new(),
                templates: BTreeMap::new(),
            },
            parameters: BTreeMap::new(),
            tools: BTreeMap::new(),
            version: "0.1.0".to_owned(),
            flake: None,
            asked: Asked::default(),
            blob_limit: BLOB_LIMIT,
            reports: 1,
            circumstances: None,
            started: Timestamp::UNIX_EPOCH,
            plan: vec![SubtaskId::new("T001")],
        }
    }

    /// A world that answers once everything recorded before is synced.
    struct Slow(Journal);

    #[async_trait]
    impl World for Slow {
        async fn perform(&self, _: &SubtaskId, _: Effect) -> Result<Response, WorldError> {
            while self.0.unsynced() > 0 {
                tokio::task::yield_now().await;
            }
            Ok(Response::Done)
        }
    }

    #[tokio::test]
    async fn the_result_of_a_watched_program_is_on_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::create(directory.path(), header()).unwrap();
        journal.sync().unwrap();
        let world = RecordLayer::new(Arc::new(Slow(journal.clone())), journal.clone());
        let mut program = Program::new(["canary.sh"]);
        program.watch = Some(Box::new(Watch {
            boundaries: Vec::new(),
            processes: ProcessRule {
                name: String::new(),
                program: Vec::new(),
                argv: Vec::new(),
                homes: Vec::new(),
            },
            files: Vec::new(),
            addresses: Vec::new(),
            ask_every: None,
            fixed: Vec::new(),
            programs: Vec::new(),
        }));
        let by = SubtaskId::new("T001");
        world.perform(&by, Effect::Run(program)).await.unwrap();
        assert_eq!(journal.unsynced(), 0);
    }

    #[tokio::test]
    async fn what_could_not_be_recorded_names_no_path_of_this_machine() {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::create(directory.path(), header()).unwrap();
        let world = RecordLayer::new(Arc::new(Slow(journal.clone())), journal);
        directory.close().unwrap();
        let by = SubtaskId::new("T001");
        let error = world.perform(&by, Effect::JournalHead).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("`‹run›/journal.jsonl`"), "{text}");
    }
}
