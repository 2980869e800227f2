//! What a run begins with: its parameters as they are recorded, and its journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8Path;
use jiff::Timestamp;
use serde_json::Value;

use super::rerun::RecordedGate;
use super::{Options, RunDirectory, SessionError};
use crate::evidence::EvidenceError;
use crate::gate::{Gate, Outcome, SubtaskId, Verdict, leaves};
use crate::journal::disk::{Disk, OsDisk};
use crate::journal::{
    self, BLOB_LIMIT, Exchange, FORMAT, Folded, GateRef, Header, Journal, JournalError, Resumed,
};
use crate::world::redact::Redactor;

/// The gate as it is recorded.
pub(super) fn recorded(
    gate: &Arc<Gate>,
    redactor: &Arc<Redactor>,
) -> Result<Arc<Gate>, SessionError> {
    check_private(gate, redactor)?;
    Ok(placed(gate, redactor))
}

/// A gate's file and its templates go out as they are: one that holds a secret or a path of this
/// machine is refused now, not when the bundle is made.
pub(super) fn check_private(gate: &Gate, redactor: &Arc<Redactor>) -> Result<(), SessionError> {
    let file = ("the gate file".to_owned(), &gate.source.text);
    let named = |(name, text)| (format!("the template `{name}`"), text);
    for (file, text) in gate.templates.iter().map(named).chain([file]) {
        if let Some(what) = redactor.first_in(text) {
            return Err(SessionError::Private { file, what });
        }
    }
    Ok(())
}

/// The gate with this machine's paths in its parameters turned into places, so that neither the
/// record nor what verbs ask for names them. The live world turns them back.
fn placed(gate: &Arc<Gate>, redactor: &Arc<Redactor>) -> Arc<Gate> {
    let changed: BTreeMap<String, Value> = leaves(&gate.parameters)
        .into_iter()
        .filter_map(|(name, value)| {
            let text = value.as_str()?;
            let placed = redactor.text(text);
            (placed != text).then(|| (name, Value::String(placed)))
        })
        .collect();
    let mut own = (**gate).clone();
    if changed.is_empty() || own.set(&changed).is_err() {
        // As it was: then the last look at the bundle refuses the path.
        return Arc::clone(gate);
    }
    Arc::new(own)
}

pub(super) type Opened = (Journal, Option<Folded>);

/// Opens the journal. `keep` puts beside it what is run: before there is a journal, because a run
/// with one can be gone on with; after that is known to fit, where it is gone on with.
pub(super) async fn open(
    options: &Options,
    directory: &RunDirectory,
    started: Timestamp,
    keep: impl Future<Output = Result<(), SessionError>>,
) -> Result<Opened, SessionError> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let path = directory.path.as_std_path();
    let gate = GateRef::of(&options.gate);
    if options.resume.is_some() {
        // Looked at before it is written to: what is refused is left as it was.
        let before = journal::read(path)?;
        fits(&before, &gate, directory)?;
        let resumed = Resumed {
            epoch: 0,
            started,
            version,
            tools: options.versions.clone(),
            parameters: changed(&before, &options.gate),
            asked: options.asked.clone(),
        };
        let (journal, folded) = Journal::resume(path, resumed)?;
        keep.await?;
        return Ok((journal, Some(folded)));
    }
    let header = Header {
        format: FORMAT,
        run: directory.run.clone(),
        gate,
        parameters: parameters(&options.gate),
        tools: options.versions.clone(),
        version,
        flake: options.flake.clone(),
        asked: options.asked.clone(),
        blob_limit: BLOB_LIMIT,
        started,
        plan: options
            .gate
            .subtasks()
            .map(|(_, subtask)| subtask.id.clone())
            .collect(),
    };
    OsDisk
        .make_dirs(path)
        .map_err(JournalError::disk("make", path))?;
    keep.await?;
    Ok((Journal::create(path, header)?, None))
}

/// Whether a run can go on with this gate. One that was killed between its seal and its bundle
/// has passed without anything to show for it: it goes on, to make that.
fn fits(folded: &Folded, file: &GateRef, directory: &RunDirectory) -> Result<(), SessionError> {
    let run = folded.header.run.clone();
    if passed(folded) && !directory.lacks_its_bundle(folded.epoch) {
        return Err(SessionError::Passed { run });
    }
    if !same_gate(&folded.header.gate, file) {
        return Err(SessionError::OtherGate {
            run,
            gate: folded.header.gate.name.clone(),
        });
    }
    Ok(())
}

/// Whether the gate is the one that was begun with. What a journal does not hold of it was not
/// kept when it was begun.
fn same_gate(begun: &GateRef, now: &GateRef) -> bool {
    let templates = begun.templates.is_empty() || begun.templates == now.templates;
    templates && (&begun.name, &begun.sha256) == (&now.name, &now.sha256)
}

/// The parameters that are not what they were when the run stopped.
pub(super) fn changed(folded: &Folded, gate: &Gate) -> BTreeMap<String, Value> {
    let then = folded.parameters();
    let mut now = parameters(gate);
    now.retain(|name, value| then.get(name) != Some(value));
    now
}

/// Whether all of it has passed: what was not asked for, or left out of a dry run, is still to do.
fn passed(folded: &Folded) -> bool {
    let seal = folded.sealed.as_ref();
    let left_out = |outcome: &Outcome| matches!(outcome, Outcome::NotRun { .. });
    seal.is_some_and(|sealed| sealed.verdict == Verdict::Passed)
        && !folded.outcomes().values().any(left_out)
}

/// A run that is to go on.
#[derive(Debug)]
pub struct Earlier {
    /// Its gate, with the parameters it was started with.
    pub gate: Gate,
    /// Writes it was making when it was cut off, as `T031: gh issue comment …`.
    pub outstanding: Vec<String>,
}

/// What is to be gone on with.
///
/// # Errors
/// If there is no such run, or it cannot be read any more.
pub fn earlier(state: &Utf8Path, name: &str) -> Result<Earlier, SessionError> {
    let directory = super::find_run(state, name)?;
    let path = directory.path.as_std_path();
    let folded = journal::read(path)?;
    let gate = RecordedGate::of_run(&OsDisk, path)?.as_run(&folded);
    let outstanding = folded.outstanding_writes();
    Ok(Earlier {
        gate: gate.map_err(EvidenceError::format)?,
        outstanding: outstanding.iter().map(cut_off).collect(),
    })
}

fn cut_off((by, exchange): &(SubtaskId, Exchange)) -> String {
    let effect = exchange.effect.shown();
    let words = effect.get("argv").and_then(Value::as_array);
    let words = words.into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = words.take(5).collect();
    let kind = effect.get("effect").and_then(Value::as_str);
    match (words.is_empty(), kind) {
        (false, _) => format!("{by}: {} …", words.join(" ")),
        (true, kind) => format!("{by}: {}", kind.unwrap_or("a write")),
    }
}

fn parameters(gate: &Gate) -> BTreeMap<String, Value> {
    leaves(&gate.parameters)
        .into_iter()
        .map(|(name, value)| (name, value.clone()))
        .collect()
}
