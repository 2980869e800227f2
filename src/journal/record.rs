//! The content of one journal line, and how it is written and checked.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Said;
use super::blobs::BLOB_LIMIT_UNSAID;
use crate::model::subject::Circumstances;
use crate::model::{Asked, Event, SubtaskId, Verdict};
use crate::store::sha256_hex;
use crate::world::WorldError;

/// Version of the journal's format. Journals of every released version stay readable; see
/// `tests/in_process/evidence/`.
///
/// 1: the first format. 2: the header records the circumstances of the run, and the record before
/// the seal commits to every file of the bundle. 3: the idempotency key of a comment names gate and
/// candidate, and before a comment is posted, the comment of another run for the same candidate is
/// looked for.
pub const FORMAT: u32 = 3;

/// The `prev` of the first record.
pub(crate) const NO_PREVIOUS: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// `,"sum":"` + 64 digits + `"}`.
const SUM_LENGTH: usize = 8 + 64 + 2;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Number of the record, from 0.
    pub seq: u64,
    /// The `sum` of the record before.
    pub prev: String,
    /// What it records.
    pub record: Record,
}

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The run began; always the first record, and only the first.
    Header(Box<Header>),
    /// The run was resumed in another process, after a crash or a stop.
    Resumed(Resumed),
    /// A request is about to be made.
    Intent {
        /// On behalf of which subtask.
        by: SubtaskId,
        /// Number of the request within the subtask, from 1; each process starts again.
        n: u32,
        /// Requests of this subtask without a response at the time of this request. Only
        /// overlapping ones may come in another order when the recording is replayed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        open: Vec<u32>,
        /// The concurrent branch it belongs to, if the subtask has several at the same time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strand: Option<String>,
        /// The request, its long texts as references to blobs.
        effect: Said,
    },
    /// A request was answered.
    Result {
        /// The subtask that made the request.
        by: SubtaskId,
        /// Number of the request.
        n: u32,
        /// The response.
        answer: Answer,
    },
    /// A subtask started or ended, a fact was published, the operator interrupted.
    Event(Event),
    /// All files of the bundle but the journal; the record before the seal.
    Committed(Committed),
    /// The run ended; nothing follows unless it is resumed.
    Sealed(Sealed),
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The response, its long texts as references to blobs.
    Ok(Said),
    /// The error, if there is no response.
    Err(WorldError),
}

/// The first record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format; see [`FORMAT`].
    pub format: u32,
    /// Id of the run.
    pub run: String,
    /// The gate.
    pub gate: GateRef,
    /// Parameters of the run by name, with symbolic paths.
    pub parameters: BTreeMap<String, Value>,
    /// Versions of the tools by name.
    pub tools: BTreeMap<String, String>,
    /// Version of the program that wrote this.
    pub version: String,
    /// Revision of the flake it was built from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flake: Option<String>,
    /// The requested scope.
    #[serde(default, skip_serializing_if = "Asked::is_everything")]
    pub asked: Asked,
    /// The circumstances of the run; none in journals of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circumstances: Option<Circumstances>,
    /// When the run began.
    pub started: Timestamp,
    /// Longest text, in bytes, that is stored in a record itself; a longer one is a blob.
    #[serde(default = "unsaid", skip_serializing_if = "is_unsaid")]
    pub blob_limit: usize,
    /// Version of the run's reports; those in its bundle are rendered again when it is verified.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub reports: u32,
    /// All subtasks in the plan's order, which is the order of the bundled records.
    pub plan: Vec<SubtaskId>,
}

fn unsaid() -> usize {
    BLOB_LIMIT_UNSAID
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_unsaid(limit: &usize) -> bool {
    *limit == BLOB_LIMIT_UNSAID
}

fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_first(number: &u32) -> bool {
    *number == first()
}

/// The exact identity of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRef {
    /// Its name.
    pub name: String,
    /// SHA-256 of the gate file.
    pub sha256: String,
    /// SHA-256 of each comment template, by name. Empty in journals from before this was recorded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, String>,
}

/// The run was resumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Number of the process, from 2; the writer fills it in.
    #[serde(default)]
    pub epoch: u32,
    /// When it was resumed.
    pub started: Timestamp,
    /// Version of the program that resumed it.
    pub version: String,
    /// Versions of the tools by name.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// Parameters that have changed, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// The gate file and templates it is resumed with, if they were corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateRef>,
    /// The scope requested this time.
    #[serde(default, skip_serializing_if = "Asked::is_everything")]
    pub asked: Asked,
    /// The circumstances of this process; none in journals of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circumstances: Option<Circumstances>,
    /// The bundle that it was imported from, if it had been run on another machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_on: Option<HandedOn>,
}

/// How a run was moved to another machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOn {
    /// SHA-256 of its bundle.
    pub bundle: String,
}

/// The content of a bundle beside its journal, so that the journal's head covers all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// How many files.
    pub files: usize,
    /// SHA-256 of their list, as `sha256sum` writes it, sorted by name.
    pub sha256: String,
}

/// The last record of a run that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The gate's verdict.
    pub verdict: Verdict,
    /// Head of the canonical chain of all records before: it does not depend on the order in which
    /// parallel subtasks ended. See [`super::canonical`].
    pub digest: String,
}

#[derive(Serialize)]
struct LineRef<'a> {
    seq: u64,
    prev: &'a str,
    record: &'a Record,
}

/// Writes one record as a line without its end, and gives the line's `sum`.
pub(crate) fn encode(
    seq: u64,
    prev: &str,
    record: &Record,
) -> Result<(String, String), serde_json::Error> {
    let mut line = serde_json::to_string(&LineRef { seq, prev, record })?;
    line.pop();
    let sum = sha256_hex(line.as_bytes());
    line.push_str(",\"sum\":\"");
    line.push_str(&sum);
    line.push_str("\"}");
    Ok((line, sum))
}

/// Reads one line without its line end, and returns its `sum`.
///
/// # Errors
/// The check that failed, as a message.
pub(crate) fn decode(line: &[u8]) -> Result<(Line, String), String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
    let (body, sum) = split_sum(text).ok_or("it does not end in its sum")?;
    if sha256_hex(body.as_bytes()) != sum {
        return Err("its sum does not match its bytes".to_owned());
    }
    let line = serde_json::from_str(&format!("{body}}}"))
        .map_err(|error| format!("it is not a record: {error}"))?;
    Ok((line, sum.to_owned()))
}

fn split_sum(text: &str) -> Option<(&str, &str)> {
    let at = text.len().checked_sub(SUM_LENGTH)?;
    let (body, tail) = (text.get(..at)?, text.get(at..)?);
    let sum = tail.strip_prefix(",\"sum\":\"")?.strip_suffix("\"}")?;
    Some((body, sum))
}
