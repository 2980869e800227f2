//! What a verb has in its hands: the facts so far, and the door to the outside.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use super::trouble::Trouble;
use crate::gate::{Fact, Facts, Finding, Outcome, Source, SubtaskId};
use crate::world::{
    Effect, EndProcesses, FileSeen, Finished, HttpAnswer, HttpGet, KeepFiles, ListFiles, Pack,
    Place, ProcessIdentity, ProcessSeen, Program, ReadFile, Receipt, Response, World, WorldError,
    WriteFile,
};

/// One subtask's working context. Verbs reach the outside through it only.
pub struct Ctx {
    by: SubtaskId,
    world: Arc<dyn World>,
    setting: Arc<super::Setting>,
    facts: Arc<Facts>,
    limit: Duration,
    exchanges: AtomicU32,
    published: Mutex<Vec<Fact>>,
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
        setting: Arc<super::Setting>,
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
            // The executor has asked for the time before the verb acts.
            exchanges: AtomicU32::new(1),
            published: Mutex::new(Vec::new()),
            left: Mutex::default(),
            progress,
        }
    }

    /// The subtask.
    pub fn by(&self) -> &SubtaskId {
        &self.by
    }

    /// What the gate file says beside the subtasks.
    pub fn setting(&self) -> &super::Setting {
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

    /// Says in one line what is being done.
    pub fn progress(&self, line: impl Into<String>) {
        // Nobody listening is no reason to fail: progress is for people, events are the record.
        drop(self.progress.send((self.by.clone(), line.into())));
    }

    /// Publishes a fact; its source is the latest exchange of this subtask.
    pub fn publish(&self, name: &str, value: Value) {
        let exchange = Some(self.exchanges.load(Ordering::SeqCst)).filter(|n| *n > 0);
        let source = Source {
            by: self.by.clone(),
            exchange,
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

    /// What was published so far, leaving none.
    pub fn take_published(&self) -> Vec<Fact> {
        std::mem::take(
            &mut *self
                .published
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// The fact's value at a dotted path.
    ///
    /// # Errors
    /// If there is none: a gate that was checked can only get here after a skipped subtask.
    pub fn fact(&self, path: &str) -> Result<&Value, Trouble> {
        self.facts.value(path).ok_or_else(|| {
            Trouble::Stop(Outcome::Error(Finding::new(format!(
                "fact `{path}` is not known"
            ))))
        })
    }

    /// The fact's value at a dotted path, as a type.
    ///
    /// # Errors
    /// If there is none, or it has another shape.
    pub fn fact_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, Trouble> {
        serde_json::from_value(self.fact(path)?.clone()).map_err(|error| {
            Trouble::Stop(Outcome::Error(Finding::new(format!(
                "fact `{path}` has an unexpected shape: {error}"
            ))))
        })
    }

    /// Performs any effect.
    ///
    /// # Errors
    /// The world's.
    pub async fn perform(&self, effect: Effect) -> Result<Response, WorldError> {
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        self.world.perform(&self.by, effect).await
    }

    /// Runs a program to its end; its exit code is the caller's to judge.
    ///
    /// # Errors
    /// If it could not be started.
    pub async fn run(&self, program: Program) -> Result<Finished, WorldError> {
        match self.perform(Effect::Run(program)).await? {
            Response::Program(finished) => {
                let left = finished.leftovers.iter();
                let left = left.map(|process| (process.identity, process.program.clone()));
                self.left
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(left);
                Ok(*finished)
            }
            other => Err(unexpected(&other)),
        }
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
        let effect = Effect::HttpGet(HttpGet {
            url: url.to_owned(),
            limit,
        });
        match self.perform(effect).await? {
            Response::Http(answer) => Ok(answer),
            other => Err(unexpected(&other)),
        }
    }

    /// Reads a text file of at most `limit` bytes.
    ///
    /// # Errors
    /// If it is missing, larger, or not text.
    pub async fn read(&self, path: &Place, limit: u64) -> Result<String, WorldError> {
        match self
            .perform(Effect::ReadFile(ReadFile {
                path: path.clone(),
                limit,
            }))
            .await?
        {
            Response::Text(text) => Ok(text),
            other => Err(unexpected(&other)),
        }
    }

    /// Lists files below a directory.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn list(&self, files: ListFiles) -> Result<Vec<FileSeen>, WorldError> {
        self.files(Effect::ListFiles(files)).await
    }

    /// Writes a new text file.
    ///
    /// # Errors
    /// If it is there already, or cannot be written and synced.
    pub async fn write(&self, path: Place, text: String) -> Result<FileSeen, WorldError> {
        let effect = Effect::WriteFile(WriteFile {
            path,
            text,
            replace: false,
        });
        self.one_file(effect).await
    }

    /// Copies files into an evidence directory.
    ///
    /// # Errors
    /// If one is there already, or cannot be copied and synced.
    pub async fn keep(&self, from: ListFiles, to: Place) -> Result<Vec<FileSeen>, WorldError> {
        self.files(Effect::KeepFiles(KeepFiles { from, to })).await
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
        self.one_file(Effect::Pack(Pack { parts, to })).await
    }

    /// Makes a directory that must not be there yet.
    ///
    /// # Errors
    /// If it is, or cannot be made.
    pub async fn make_dir(&self, path: Place) -> Result<(), WorldError> {
        self.perform(Effect::MakeDir { path }).await.map(drop)
    }

    /// Ends the writing of an evidence directory, and gives it its name.
    ///
    /// # Errors
    /// If it has its manifest already, or the disk refuses.
    pub async fn seal_dir(&self, path: Place, to: Place) -> Result<(), WorldError> {
        let to = Some(to);
        self.perform(Effect::SealDir { path, to }).await.map(drop)
    }

    /// Lists all processes.
    ///
    /// # Errors
    /// If the system does not tell.
    pub async fn processes(&self) -> Result<Vec<ProcessSeen>, WorldError> {
        match self.perform(Effect::ListProcesses).await? {
            Response::Processes(seen) => Ok(seen),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends processes that were positively identified.
    ///
    /// # Errors
    /// If the system does not tell; what became of each is in its receipt.
    pub async fn end(&self, request: EndProcesses) -> Result<Vec<Receipt>, WorldError> {
        match self.perform(Effect::EndProcesses(request)).await? {
            Response::Ended(receipts) => Ok(receipts),
            other => Err(unexpected(&other)),
        }
    }

    /// Where a program is on PATH, every match in order.
    ///
    /// # Errors
    /// If PATH cannot be read.
    pub async fn find_program(&self, name: &str) -> Result<Vec<String>, WorldError> {
        match self
            .perform(Effect::FindProgram {
                name: name.to_owned(),
            })
            .await?
        {
            Response::Found(paths) => Ok(paths),
            other => Err(unexpected(&other)),
        }
    }

    /// The time of day.
    ///
    /// # Errors
    /// If a replayed recording does not tell.
    pub async fn now(&self) -> Result<Timestamp, WorldError> {
        match self.perform(Effect::Now).await? {
            Response::Now(time) => Ok(time),
            other => Err(unexpected(&other)),
        }
    }

    /// Waits.
    ///
    /// # Errors
    /// If the run is being stopped.
    pub async fn sleep(&self, duration: Duration) -> Result<(), WorldError> {
        self.perform(Effect::Sleep { duration }).await.map(drop)
    }

    async fn files(&self, effect: Effect) -> Result<Vec<FileSeen>, WorldError> {
        match self.perform(effect).await? {
            Response::Files(files) => Ok(files),
            other => Err(unexpected(&other)),
        }
    }

    async fn one_file(&self, effect: Effect) -> Result<FileSeen, WorldError> {
        let mut files = self.files(effect).await?;
        files
            .pop()
            .ok_or_else(|| unexpected(&Response::Files(files)))
    }
}

/// For code that speaks to a world itself, such as the audit: its exchanges are the subtask's.
#[async_trait]
impl World for Ctx {
    async fn perform(&self, _by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        Self::perform(self, effect).await
    }
}

/// A world that answers another question than was asked is as good as silent.
fn unexpected(response: &Response) -> WorldError {
    WorldError::NotInRecording {
        what: format!("an answer of this kind; got {response:?}"),
    }
}
