//! The start of a run: its parameters as they are recorded, and its journal.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use camino::Utf8Path;
use jiff::Timestamp;
use serde_json::Value;

use super::rerun::RecordedGate;
use super::{Options, RunDirectory, SessionError};
use crate::evidence::EvidenceError;
use crate::gate::{Gate, leaves};
use crate::journal::{
    self, BLOB_LIMIT, Exchange, FORMAT, Folded, GateRef, Header, Journal, JournalError, Resumed,
};
use crate::model::subject::{Circumstances, NO_SANDBOX, WorldKind};
use crate::model::{Outcome, SubtaskId, Verdict};
use crate::store::disk::{Disk, OsDisk};
use crate::store::held::HeldDisk;
use crate::world::redact::Redactor;

/// The gate in the form in which it is recorded.
pub(super) fn recorded(
    gate: &Arc<Gate>,
    redactor: &Arc<Redactor>,
) -> Result<Arc<Gate>, SessionError> {
    check_private(gate, redactor)?;
    Ok(placed(gate, redactor))
}

/// A gate's file and its templates are published unchanged: one that contains a secret or a path of
/// this machine is refused now, not when the bundle is created.
pub(super) fn check_private(gate: &Gate, redactor: &Arc<Redactor>) -> Result<(), SessionError> {
    let file = ("the gate file".to_owned(), &gate.source.text);
    let named = |(name, text)| (format!("the template `{name}`"), text);
    for (file, text) in gate.templates.iter().map(named).chain([file]) {
        if let Some(what) = redactor.first_in(text) {
            // A value of several lines is not contained in any single line.
            let line = text
                .lines()
                .position(|line| redactor.first_in(line).is_some());
            let file = match line {
                Some(line) => format!("{file}, line {},", line + 1),
                None => file,
            };
            return Err(SessionError::Private { file, what });
        }
    }
    Ok(())
}

/// The gate with this machine's paths in its parameters replaced by symbolic ones, so that neither
/// the record nor the requests of verbs contain them. The live world replaces them back.
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
        // Unchanged: then the last check of the bundle refuses the path.
        return Arc::clone(gate);
    }
    Arc::new(own)
}

pub(super) type Opened = (Journal, Option<Folded>);

/// Opens the journal. `keep` stores what is run beside it: before there is a journal, because a run
/// with one can be resumed; or on resume, after it is known to match.
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
        // Checked before anything is written: a refused run stays unchanged.
        let before = journal::read(path)?;
        let corrected = fits(&before, options, &gate, directory)?;
        let resumed = Resumed {
            epoch: 0,
            started,
            version,
            tools: options.versions.clone(),
            parameters: changed(&before, &options.gate),
            gate: corrected.then_some(gate),
            asked: options.asked.clone(),
            handed_on: options.handed_on.clone(),
            circumstances: Some(circumstances(options)),
        };
        let (journal, folded) = Journal::resume_on(held(path)?, path, resumed)?;
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
        circumstances: Some(circumstances(options)),
        blob_limit: BLOB_LIMIT,
        reports: crate::report::REPORTS,
        started,
        plan: options
            .gate
            .subtasks()
            .map(|(_, subtask)| subtask.id.clone())
            .collect(),
    };
    let disk = held(path)?;
    keep.await?;
    Ok((Journal::create_on(disk, path, header)?, None))
}

/// The run's directory, held: no program of the run can put another in its place.
fn held(path: &Path) -> Result<Arc<dyn Disk>, SessionError> {
    let disk = HeldDisk::open(path).map_err(JournalError::disk("open", path))?;
    Ok(Arc::new(disk))
}

/// Under what a process of this run works.
fn circumstances(options: &Options) -> Circumstances {
    let file = Utf8Path::new(&options.gate.source.name).file_name();
    Circumstances {
        world: options.world.clone(),
        gate_file: file.map(str::to_owned),
        sandbox: (options.sandbox.version.clone()).unwrap_or_else(|| NO_SANDBOX.to_owned()),
        flake: options.flake.clone(),
    }
}

/// Whether a run can be resumed with this gate: yes with its own, and, if one was given to correct
/// it, with one that has the same name and subtasks. Returns whether it is a corrected one. A run
/// that was killed between its seal and its bundle has passed without a bundle: it is resumed in
/// order to create it.
fn fits(
    folded: &Folded,
    options: &Options,
    file: &GateRef,
    directory: &RunDirectory,
) -> Result<bool, SessionError> {
    let run = folded.header.run.clone();
    same_world(folded, &options.world)?;
    if passed(folded) && !directory.lacks_its_bundle(folded.epoch) {
        return Err(SessionError::Passed { run });
    }
    if same_gate(folded.gate(), file) {
        return Ok(false);
    }
    if options.corrected && corrects(folded, &options.gate) {
        return Ok(true);
    }
    Err(SessionError::OtherGate {
        run,
        gate: folded.header.gate.name.clone(),
    })
}

/// Invariant: a rehearsal and a real run never share a result. If a run's world is not recorded, it
/// cannot be assumed to be this one.
fn same_world(folded: &Folded, now: &WorldKind) -> Result<(), SessionError> {
    let begun = folded.circumstances().map(|all| all.world.clone());
    if begun
        .as_ref()
        .is_some_and(|begun| begun.shares_results_with(now))
    {
        return Ok(());
    }
    Err(SessionError::OtherWorld {
        run: folded.header.run.clone(),
        begun,
        now: now.clone(),
    })
}

/// Whether a gate file corrects the run's: it has its name, its subtasks in their order, and a
/// value for each of its parameters. Which results are still valid depends on their inputs, so
/// these must have been recorded.
fn corrects(folded: &Folded, gate: &Gate) -> bool {
    let plan = gate.subtasks().map(|(_, subtask)| &subtask.id);
    let names = parameters(gate);
    folded.header.gate.name == gate.name
        && plan.eq(&folded.header.plan)
        && folded
            .parameters()
            .keys()
            .all(|name| names.contains_key(name))
        && folded.all_inputs_are_noted()
}

/// Whether the gate is the one that the run was started with. What a journal does not contain about
/// it was not recorded at that time.
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

/// Whether everything has passed: what was not requested, or left out by a dry run, is still to be
/// done.
fn passed(folded: &Folded) -> bool {
    let seal = folded.sealed.as_ref();
    let left_out = |outcome: &Outcome| matches!(outcome, Outcome::NotRun { .. });
    seal.is_some_and(|sealed| sealed.verdict == Verdict::Passed)
        && !folded.outcomes().values().any(left_out)
}

/// A run that is to be resumed.
#[derive(Debug)]
pub struct Earlier {
    /// Its gate, with the parameters it was started with.
    pub gate: Gate,
    /// Those of them that differ from the gate file.
    pub set: BTreeMap<String, Value>,
    /// Writes that were pending when it was interrupted, as `T031: gh issue comment …`.
    pub outstanding: Vec<String>,
}

/// The run to be resumed.
///
/// # Errors
/// If there is no such run, it cannot be read any more, or it was made in another kind of world.
pub fn earlier(state: &Utf8Path, name: &str, now: &WorldKind) -> Result<Earlier, SessionError> {
    let directory = super::find_run(state, name)?;
    let path = directory.path.as_std_path();
    let folded = journal::read(path)?;
    same_world(&folded, now)?;
    let file = RecordedGate::of_run(&OsDisk, path)?;
    let gate = file.as_run(&folded).map_err(EvidenceError::format)?;
    let written = parameters(file.as_written());
    let mut set = parameters(&gate);
    set.retain(|name, value| written.get(name) != Some(value));
    let outstanding = folded.outstanding_writes();
    Ok(Earlier {
        gate,
        set,
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
