//! What a run begins with: its parameters as they are recorded, and its journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{Options, RunDirectory, SessionError};
use crate::gate::{Gate, leaves};
use crate::journal::{FORMAT, Folded, GateRef, Header, Journal, Resumed};
use crate::world::redact::Redactor;

/// The gate with this machine's paths in its parameters turned into places, so that neither the
/// record nor what verbs ask for names them. The live world turns them back.
pub(super) fn placed(gate: &Arc<Gate>, redactor: &Arc<Redactor>) -> Arc<Gate> {
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

pub(super) fn open(
    options: &Options,
    directory: &RunDirectory,
    started: Timestamp,
) -> Result<Opened, SessionError> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let path = directory.path.as_std_path();
    let gate = GateRef {
        name: options.gate.name.clone(),
        sha256: options.gate.source.sha256.clone(),
    };
    if options.resume.is_some() {
        let resumed = Resumed {
            epoch: 0,
            started,
            version,
            tools: options.versions.clone(),
            asked: options.asked.clone(),
        };
        let (journal, folded) = Journal::resume(path, resumed)?;
        if folded.header.gate != gate {
            return Err(SessionError::OtherGate {
                run: directory.run.clone(),
                gate: folded.header.gate.name,
            });
        }
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
        started,
        plan: options
            .gate
            .subtasks()
            .map(|(_, subtask)| subtask.id.clone())
            .collect(),
    };
    Ok((Journal::create(path, header)?, None))
}

fn parameters(gate: &Gate) -> BTreeMap<String, Value> {
    leaves(&gate.parameters)
        .into_iter()
        .map(|(name, value)| (name, value.clone()))
        .collect()
}
