//! The gate in a bundle, and what the bundle's verdict applies to.

use super::EvidenceError;
use super::listed::kept;
use std::path::Path;

use crate::gate::{Gate, subject_without_gate};
use crate::journal::{FILE, Folded, fold, scan};
use crate::model::subject::Subject;
use crate::store::{Opened, TEMPLATES};

/// The key of the machine among the versions of its tools.
pub const PLATFORM: &str = "platform";

/// What a bundle's verdict applies to, from its journal and its gate file. For a bundle of an
/// earlier format, or with a gate file that this version cannot read, only the known parts are
/// filled in.
///
/// # Errors
/// If its journal cannot be read.
pub fn subject_of(opened: &Opened) -> Result<Subject, EvidenceError> {
    let folded = read_journal(opened).map_err(EvidenceError::format)?;
    Ok(subject_of_journal(opened, &folded))
}

/// The machine on which the bundle's run ended, such as `linux x86_64`; none if it is not recorded.
#[must_use]
pub fn platform_of(opened: &Opened) -> Option<String> {
    let folded = read_journal(opened).ok()?;
    let last = folded.resumptions.last();
    let tools = last.map_or(&folded.header.tools, |resumed| &resumed.tools);
    tools.get(PLATFORM).cloned()
}

/// The same of a bundle whose journal was read.
pub(super) fn subject_of_journal(opened: &Opened, folded: &Folded) -> Subject {
    match gate_of(opened) {
        Ok(gate) => gate.subject(folded),
        Err(_) => subject_without_gate(folded),
    }
}

/// The gate of a bundle that was read with [`super::open_to_verify`].
///
/// # Errors
/// If the bundle contains none, or it is no longer valid.
pub fn gate_of(opened: &Opened) -> Result<Gate, EvidenceError> {
    let text = opened
        .kept
        .get("data/gate.toml")
        .ok_or_else(|| EvidenceError::format("it holds no gate file"))?;
    load_gate(text, &|name| {
        let bytes = opened.kept.get(&format!("{TEMPLATES}{name}"))?;
        String::from_utf8(bytes.clone()).ok()
    })
}

/// A gate that was stored with a run.
///
/// # Errors
/// If it is not valid for this version of the program.
pub fn load_gate(
    text: &[u8],
    template: &dyn Fn(&str) -> Option<String>,
) -> Result<Gate, EvidenceError> {
    let text = std::str::from_utf8(text)
        .map_err(|_| EvidenceError::format("its gate file is not UTF-8"))?;
    Gate::load("gate.toml", text, template).map_err(|problems| {
        let first = problems.iter().next().map(ToString::to_string);
        EvidenceError::format(format!(
            "its gate file has {} problems for this version of the program, the first: {}",
            problems.len(),
            first.unwrap_or_default()
        ))
    })
}

/// Reads a bundle's journal.
///
/// # Errors
/// The check that failed, as a message.
pub(crate) fn read_journal(opened: &Opened) -> Result<Folded, String> {
    let bytes = kept(opened, &format!("data/{FILE}"))?;
    let scanned = scan(bytes, Path::new(FILE)).map_err(|error| error.to_string())?;
    if scanned.torn > 0 {
        return Err("its last line is torn".to_owned());
    }
    fold(scanned.lines).map_err(|error| error.to_string())
}
