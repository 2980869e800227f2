//! The context of a verb: the facts so far, and access to the outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::error::VerbError;
use super::setting::Setting;
use crate::model::{Fact, Facts, Finding, Origin, Outcome, Source, SubtaskId};
use crate::world::{
    Effect, EndProcesses, FileSeen, FindProgram, Finished, HttpAnswer, HttpGet, KeepFiles,
    LeaveFile, ListFiles, ListProcesses, MakeDir, Now, Pack, Place, ProcessIdentity, ProcessSeen,
    Program, ReadFile, Receipt, Request, Response, SealDir, Sleep, World, WorldError, WriteFile,
    ask,
};

/// One subtask's working context. Verbs reach the outside through it only.
pub struct Ctx {
    by: SubtaskId,
    world: Arc<dyn World>,
    setting: Arc<Setting>,
    facts: Arc<Facts>,
    limit: Duration,
    exchanges: AtomicU32,
    published: Mutex<Vec<Fact>>,
    /// Names of the facts that were read so far.
    read: Mutex<BTreeSet<String>>,
    /// Processes that programs of this subtask left running.
    left: Mutex<BTreeMap<ProcessIdentity, String>>,
    progress: UnboundedSender<(SubtaskId, String)>,
}

impl Ctx {
    /// A context for one subtask. `facts` are those published so far; `limit` is the subtask's
    /// time limit; progress lines go to `progress`.
    pub fn new(
        by: SubtaskId,
        world: Arc<dyn World>,
        setting: Arc<Setting>,
        facts: Arc<Facts>,
        limit: Duration,
        progress: UnboundedSender<(SubtaskId, String)>,
    ) -> Self {
        Self {
            by,
            world,
            setting,
            facts,
            limit,
            // The executor has read the clock before the verb acts.
            exchanges: AtomicU32::new(1),
            published: Mutex::new(Vec::new()),
            read: Mutex::default(),
            left: Mutex::default(),
            progress,
        }
    }

    /// The subtask.
    pub fn by(&self) -> &SubtaskId {
        &self.by
    }

    /// The settings of the gate file outside the subtasks.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// All facts published so far.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The subtask's time limit.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Reports in one line what is being done.
    pub fn progress(&self, line: impl Into<String>) {
        // A missing listener is no reason to fail: progress is for people, events are the record.
        drop(self.progress.send((self.by.clone(), line.into())));
    }

    /// The number of this subtask's latest request, as the origin of values in its response.
    pub fn latest(&self) -> u32 {
        self.exchanges.load(Ordering::SeqCst)
    }

    /// Publishes a fact. Its source is the latest request of this subtask, and all facts that it
    /// has read.
    pub fn publish(&self, name: &str, value: Value) {
        self.publish_from(name, value, Vec::new());
    }

    /// The same, with where its parts were read.
    pub fn publish_from(&self, name: &str, value: Value, origins: Vec<Origin>) {
        let exchange = Some(self.exchanges.load(Ordering::SeqCst)).filter(|n| *n > 0);
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let source = Source {
            by: self.by.clone(),
            exchange,
            facts: read.iter().cloned().collect(),
            origins,
        };
        let fact = Fact {
            name: name.to_owned(),
            value,
            source,
        };
        self.published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fact);
    }

    /// Takes all facts published so far.
    pub fn take_published(&self) -> Vec<Fact> {
        std::mem::take(
            &mut *self
                .published
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Records that later conclusions may depend on these facts, each named by a path.
    pub fn reads<'p>(&self, paths: impl IntoIterator<Item = &'p str>) {
        let facts = paths.into_iter();
        let facts = facts.filter_map(|path| Some(self.facts.containing(path)?.0.name.clone()));
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.extend(facts);
    }

    /// The fact's value at a dotted path.
    ///
    /// # Errors
    /// If there is none: in a checked gate this is only possible after a skipped subtask.
    pub fn fact(&self, path: &str) -> Result<&Value, VerbError> {
        self.reads([path]);
        self.facts.value(path).ok_or_else(|| {
            VerbError::Stop(Outcome::Error(Finding::new(format!(
                "fact `{path}` is not known"
            ))))
        })
    }

    /// The fact's value at a dotted path, as a type.
    ///
    /// # Errors
    /// If there is none, or it has another structure.
    pub fn fact_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, VerbError> {
        serde_json::from_value(self.fact(path)?.clone()).map_err(|error| {
            VerbError::Stop(Outcome::Error(Finding::new(format!(
                "fact `{path}` has an unexpected shape: {error}"
            ))))
        })
    }

    /// Performs any effect.
    ///
    /// # Errors
    /// Those of the world.
    pub async fn perform(&self, effect: Effect) -> Result<Response, WorldError> {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        self.world.perform(&self.by, effect).await
    }

    /// Performs a request, and returns the response in its own type.
    ///
    /// # Errors
    /// Those of the world.
    pub async fn ask<R: Request>(&self, request: R) -> Result<R::Answer, WorldError> {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        ask(self.world.as_ref(), &self.by, request).await
    }

    /// Runs a program to its end; the caller judges its exit code.
    ///
    /// # Errors
    /// If it could not be started.
    pub async fn run(&self, program: Program) -> Result<Finished, WorldError> {
        let finished = self.ask(program).await?;
        let left = finished.leftovers.iter();
        let left = left.map(|process| (process.identity, process.program.clone()));
        self.left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(left);
        Ok(finished)
    }

    /// What programs of this subtask left running, one line each.
    pub fn left_running(&self) -> Vec<String> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.iter()
            .map(|(identity, program)| format!("left running: pid {} {program}", identity.pid))
            .collect()
    }

    /// Reads an address.
    ///
    /// # Errors
    /// If there was no HTTP answer in time.
    pub async fn get(&self, url: &str, limit: Duration) -> Result<HttpAnswer, WorldError> {
        self.ask(HttpGet::new(url, limit)).await
    }

    /// Reads a text file of at most `limit` bytes.
    ///
    /// # Errors
    /// If it is missing, larger, or not text.
    pub async fn read(&self, path: &Place, limit: u64) -> Result<String, WorldError> {
        let path = path.clone();
        self.ask(ReadFile { path, limit }).await
    }

    /// Lists files below a directory.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn list(&self, files: ListFiles) -> Result<Vec<FileSeen>, WorldError> {
        self.ask(files).await
    }

    /// Writes a new text file.
    ///
    /// # Errors
    /// If it already exists, or cannot be written and synced.
    pub async fn write(&self, path: Place, text: String) -> Result<FileSeen, WorldError> {
        let replace = false;
        self.ask(WriteFile {
            path,
            text,
            replace,
        })
        .await
    }

    /// Copies files into an evidence directory.
    ///
    /// # Errors
    /// If one already exists, or cannot be copied and synced.
    pub async fn keep(&self, from: ListFiles, to: Place) -> Result<Vec<FileSeen>, WorldError> {
        self.ask(KeepFiles { from, to }).await
    }

    /// Leaves a copy of a file of the run for readers.
    ///
    /// # Errors
    /// If something already exists there, the path contains a link, or it cannot be written.
    pub async fn leave(&self, from: Place, to: Place) -> Result<FileSeen, WorldError> {
        self.ask(LeaveFile { from, to }).await
    }

    /// Packs directories into one archive.
    ///
    /// # Errors
    /// If it cannot be written and synced.
    pub async fn pack(
        &self,
        parts: Vec<(String, ListFiles)>,
        to: Place,
    ) -> Result<FileSeen, WorldError> {
        self.ask(Pack { parts, to }).await
    }

    /// Creates a directory that must not exist yet.
    ///
    /// # Errors
    /// If it exists, or cannot be created.
    pub async fn make_dir(&self, path: Place) -> Result<(), WorldError> {
        self.ask(MakeDir { path }).await
    }

    /// Finalizes an evidence directory, and gives it its name.
    ///
    /// # Errors
    /// If it already has its manifest, or a file operation fails.
    pub async fn seal_dir(&self, path: Place, to: Place) -> Result<(), WorldError> {
        let to = Some(to);
        self.ask(SealDir { path, to }).await
    }

    /// Lists all processes.
    ///
    /// # Errors
    /// If the processes cannot be listed.
    pub async fn processes(&self) -> Result<Vec<ProcessSeen>, WorldError> {
        self.ask(ListProcesses).await
    }

    /// Ends processes that were positively identified.
    ///
    /// # Errors
    /// If the processes cannot be listed or signalled; the result of each is in its termination
    /// record.
    pub async fn end(&self, request: EndProcesses) -> Result<Vec<Receipt>, WorldError> {
        self.ask(request).await
    }

    /// Where a program is on PATH, every match in order.
    ///
    /// # Errors
    /// If PATH cannot be read.
    pub async fn find_program(&self, name: &str) -> Result<Vec<String>, WorldError> {
        let name = name.to_owned();
        self.ask(FindProgram { name }).await
    }

    /// The time of day.
    ///
    /// # Errors
    /// If a replayed recording does not contain it.
    pub async fn now(&self) -> Result<Timestamp, WorldError> {
        self.ask(Now).await
    }

    /// Waits.
    ///
    /// # Errors
    /// If the run is being stopped.
    pub async fn sleep(&self, duration: Duration) -> Result<(), WorldError> {
        self.ask(Sleep(duration)).await
    }
}

/// For code that uses a world directly, such as the audit: its requests are the subtask's.
#[async_trait]
impl World for Ctx {
    async fn perform(&self, _by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        Self::perform(self, effect).await
    }
}
