//! A canary's run as a fact: how the script ended, and which result files it wrote.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::verb::{Ctx, VerbError};
use crate::verbs::canary::result;
use crate::verbs::canary::shape::{self, CanaryResult};
use crate::world::{Ended, FileFailure, Observation, Place, WorldError};

/// What `canary-environment` publishes: the canary's variables, and the names of the operator's
/// that pass through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct CanaryVariables {
    pub(in crate::verbs) variables: BTreeMap<String, String>,
    pub(in crate::verbs) pass: BTreeSet<String>,
}

/// What `canary` publishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::verbs) struct CanaryRun {
    pub(in crate::verbs) ended: Ended,
    pub(in crate::verbs) started_at: Timestamp,
    pub(in crate::verbs) finished_at: Timestamp,
    /// One an expected result file, in order.
    pub(in crate::verbs) results: Vec<ResultFile>,
    /// Where the copies are that nobody can change any more.
    pub(in crate::verbs) kept: Place,
    /// Logs of the script.
    pub(in crate::verbs) logs: Vec<Place>,
    pub(in crate::verbs) observations: Vec<Observation>,
    /// What the observed addresses answered just before, in their order; recordings of before it was
    /// noted have none.
    #[serde(default)]
    pub(in crate::verbs) before: Vec<serde_json::Value>,
    /// What the runs were made with; recordings of before it was noted have none.
    #[serde(default)]
    pub(in crate::verbs) pinned: Option<Pinned>,
}

/// What a protocol's runs are made with, as it was when they began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct Pinned {
    /// The harness's commit; none where it is no repository.
    pub(in crate::verbs) harness_commit: Option<String>,
    /// SHA-256 over command line, variables and what is observed.
    pub(in crate::verbs) configuration: String,
}

/// An expected result file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct ResultFile {
    /// Path in the project.
    pub(in crate::verbs) path: String,
    pub(in crate::verbs) state: Written,
    pub(in crate::verbs) sha256: Option<String>,
    /// When it was last changed; recordings of before it was noted have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::verbs) modified: Option<Timestamp>,
}

/// Whether a result file is this run's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::verbs) enum Written {
    /// Written while the script ran.
    Fresh,
    /// It was there before and has not changed: an older run's.
    Stale,
    Missing,
}

/// A result file read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) enum ReadBack {
    Result(Box<CanaryResult>),
    Refused(String),
}

impl CanaryRun {
    /// Reads the kept copy of a result. A file that is not there, not fresh or not a result is
    /// refused with the reason; other troubles are errors.
    pub(in crate::verbs) async fn read(
        &self,
        ctx: &Ctx,
        file: &ResultFile,
    ) -> Result<ReadBack, VerbError> {
        match file.state {
            Written::Missing => return Ok(refused("was not written")),
            Written::Stale => {
                return Ok(refused("was not written by this run; it is an older one"));
            }
            Written::Fresh => {}
        }
        let read = ctx.read(&self.kept.join(&file.path), result::LIMIT).await;
        let text = match read {
            Ok(text) => text,
            Err(WorldError::File {
                kind: FileFailure::TooLarge | FileFailure::NotText,
                reason,
                ..
            }) => {
                return Ok(refused(&reason));
            }
            Err(error) => return Err(error.into()),
        };
        let written = shape::Written {
            path: &file.path,
            modified: file.modified,
        };
        Ok(match CanaryResult::parse(&text, written) {
            Ok(result) => ReadBack::Result(Box::new(result)),
            Err(unreadable) => refused(&format!("is no result document: {unreadable}")),
        })
    }
}

fn refused(reason: &str) -> ReadBack {
    ReadBack::Refused(reason.to_owned())
}
