//! Checks single records of a bundle: each request and response can be read in only one way, and
//! each log that a program left is the one beside the journal.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::journal::{Answer, FILE, Folded, Line, Record, Said, on_all_cores};
use crate::store::Opened;
use crate::store::manifest::Summed;
use crate::world::Place;

/// A log as the record of a program's end has it.
#[derive(Debug, PartialEq)]
pub(super) struct Log {
    /// Number of the record.
    record: u64,
    /// The file that it is in the bundle.
    file: Summed,
}

/// Reads every request and response, and returns the logs that they name.
///
/// # Errors
/// The first record that can be read in more than one way. Checking the chain does not parse
/// records, so it is here that a forger's spaces, duplicate names and invalid numbers are detected.
pub(super) fn requests_and_answers(opened: &Opened, folded: &Folded) -> Result<Vec<Log>, String> {
    let journal = opened.kept.get(&format!("data/{FILE}"));
    let bytes = journal.map_or(0, Vec::len);
    let read = on_all_cores(&folded.lines, bytes, read_line);
    let logs: Vec<Vec<Log>> = read.into_iter().collect::<Result<_, _>>()?;
    Ok(logs.into_iter().flatten().collect())
}

fn read_line(line: &Line) -> Result<Vec<Log>, String> {
    let read = |what: &str, said: &Said| {
        said.as_written()
            .map_err(|why| format!("record {}: its {what} {why}", line.seq))
    };
    match &line.record {
        Record::Intent { effect, .. } => read("request", effect).map(|_| Vec::new()),
        Record::Result {
            answer: Answer::Ok(response),
            ..
        } => Ok(captured(line.seq, &read("answer", response)?)),
        _ => Ok(Vec::new()),
    }
}

/// The logs of a program's streams. Other files of a run are redacted when they are packed, so only
/// logs, which were redacted while they were written, have the recorded digest.
fn captured(record: u64, answer: &Value) -> Vec<Log> {
    if answer.get("response").and_then(Value::as_str) != Some("program") {
        return Vec::new();
    }
    let logs = format!("{}/logs/", Place::RUN);
    let log = |stream: &str| {
        let stream = answer.get("value")?.get(stream)?;
        let name = stream.get("log")?.as_str()?.strip_prefix(&logs)?;
        Some(Log {
            record,
            file: Summed {
                path: format!("data/files/logs/{name}"),
                bytes: stream.get("bytes").and_then(Value::as_u64)?,
                sha256: stream.get("sha256")?.as_str()?.to_owned(),
            },
        })
    };
    ["stdout", "stderr"].into_iter().filter_map(log).collect()
}

/// Each log on record is in the bundle, as it was when the program ended.
pub(super) fn logs(opened: &Opened, captured: &[Log]) -> Result<(), String> {
    let files = opened.files.iter().map(|file| (file.path.as_str(), file));
    let files: BTreeMap<&str, &Summed> = files.collect();
    for log in captured {
        let (record, path) = (log.record, log.file.path.as_str());
        match files.get(path) {
            Some(found) if **found == log.file => {}
            Some(_) => {
                return Err(format!(
                    "record {record}: `{path}` is not what the program wrote"
                ));
            }
            None => return Err(format!("record {record}: `{path}` is missing")),
        }
    }
    Ok(())
}
