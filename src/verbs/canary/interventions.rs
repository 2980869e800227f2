//! What of all that was observed is somebody's intervention. Pure: compares, and says with both
//! values what happened and between which moments. `service` looks at the service's answers.

use jiff::Timestamp;
use serde_json::Value;

use crate::verbs::canary::found::{Found, Intervention};
use crate::verbs::canary::run::CanaryRun;
use crate::verbs::canary::shape::CanaryResult;
use crate::verbs::canary::{foreign, service};
use crate::world::{FileSeen, Incident, Noticed, Observation};

/// A file's time may lag behind the clock by a tick of the kernel's.
const GRAIN: jiff::SignedDuration = jiff::SignedDuration::from_millis(20);

/// Looks through everything. `results` are the runs' documents in order; `app` is the service's
/// name, for commands that name another one; `before` the health that the protocol began from.
pub(in crate::verbs) fn find(
    run: &CanaryRun,
    results: &[CanaryResult],
    app: &str,
    before: &[Value],
) -> Found {
    let all = &run.observations;
    let mut found = Found {
        not_observable: all
            .iter()
            .flat_map(|seen| seen.not_observable.clone())
            .collect(),
        ..Found::default()
    };
    let names: Vec<&str> = run.results.iter().map(|file| name_of(&file.path)).collect();
    for pair in protocol(all, &names).windows(2) {
        daemons(&pair[0], &pair[1], &mut found);
        deletions(&pair[0], &pair[1], &mut found);
    }
    for pair in all.windows(2) {
        fixed(&pair[0], &pair[1], &mut found);
        incidents(&pair[0], &pair[1], all, app, &mut found);
    }
    service::changes(all, &names, results, before, &mut found);
    documents(run, &names, &mut found);
    between_runs(all, &names, results, &mut found);
    found
}

/// The last part of a path.
pub(in crate::verbs) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// From the end of the first run to the end of the last.
pub(in crate::verbs) fn protocol<'a>(
    observations: &'a [Observation],
    names: &[&str],
) -> &'a [Observation] {
    let at = |name: &str| observations.iter().position(|seen| seen.boundary == name);
    let first = names.first().and_then(|name| at(name));
    let last = names.last().and_then(|name| at(name));
    match (first, last) {
        (Some(first), Some(last)) if first <= last => &observations[first..=last],
        _ => &[],
    }
}

fn note(
    before: &Observation,
    after: &Observation,
    what: impl Into<String>,
    values: [String; 2],
) -> Intervention {
    let [old, new] = values;
    Intervention {
        what: what.into(),
        between: [before, after].map(|seen| format!("{} {}", seen.boundary, seen.at)),
        before: old,
        after: new,
    }
}

/// The sync daemons live through all runs.
fn daemons(before: &Observation, after: &Observation, found: &mut Found) {
    let is_in = |seen: &Observation, daemon: &crate::world::ProcessSeen| {
        seen.processes
            .iter()
            .any(|other| other.identity == daemon.identity)
    };
    let pids = |seen: &Observation| {
        let pids: Vec<u32> = seen.processes.iter().map(|one| one.identity.pid).collect();
        format!("pids {pids:?}")
    };
    for daemon in before.processes.iter().filter(|one| !is_in(after, one)) {
        let values = [format!("pid {}", daemon.identity.pid), pids(after)];
        found
            .interventions
            .push(note(before, after, "sync daemon was ended", values));
    }
    let started = after.processes.iter().filter(|one| !is_in(before, one));
    for daemon in started.filter(|_| !before.processes.is_empty()) {
        let values = [pids(before), format!("pid {}", daemon.identity.pid)];
        found
            .interventions
            .push(note(before, after, "sync daemon was started", values));
    }
}

/// Nothing of the daemons' is ever deleted by the product, and its owner stays who it is.
fn deletions(before: &Observation, after: &Observation, found: &mut Found) {
    for file in &before.files {
        let digest = |file: &FileSeen| format!("sha256:{}", file.sha256);
        let path = file.path.as_str();
        match after.files.iter().find(|other| other.path == file.path) {
            // A write-ahead log goes when its database is closed.
            None if path.ends_with("-wal") => {}
            None => found.interventions.push(note(
                before,
                after,
                format!("{path} was deleted"),
                [digest(file), "–".to_owned()],
            )),
            // Written once, when the daemon starts; so its time says as much as its text.
            Some(other)
                if path.ends_with("/owner.json")
                    && (&other.sha256, other.modified) != (&file.sha256, file.modified) =>
            {
                let told = |file: &FileSeen| format!("{} of {}", digest(file), file.modified);
                found.interventions.push(note(
                    before,
                    after,
                    format!("{path} was changed"),
                    [told(file), told(other)],
                ));
            }
            Some(_) => {}
        }
    }
}

/// Candidate, harness and configuration are the same in all four runs, or they are not four
/// runs of one protocol.
fn fixed(before: &Observation, after: &Observation, found: &mut Found) {
    for old in &before.fixed {
        let new = after.fixed.iter().find(|new| new.name == old.name);
        let Some(new) = new.filter(|new| new.sha256 != old.sha256) else {
            continue;
        };
        let paths: Vec<&str> = new
            .changed
            .iter()
            .map(crate::world::Place::as_str)
            .collect();
        found.interventions.push(note(
            before,
            after,
            format!("the {} was changed ({})", old.name, paths.join(", ")),
            [&old.sha256, &new.sha256].map(|sha256| format!("sha256:{sha256}")),
        ));
    }
}

fn incidents(
    before: &Observation,
    after: &Observation,
    all: &[Observation],
    app: &str,
    found: &mut Found,
) {
    for Noticed { at, what } in &after.noticed {
        let (what, value) = match what {
            // What had ended when it was looked at has no command line left: no more is known of
            // it than of one that was not seen at all.
            Incident::UnseenProgram { program } => {
                found.unseen.push(too_late(program, *at));
                continue;
            }
            Incident::ForeignProgram { program, argv, .. } if argv.is_empty() => {
                found.unseen.push(too_late(program, *at));
                continue;
            }
            Incident::ForeignProgram { program, pid, argv } => {
                if !foreign::concerns(program, argv, all, app) {
                    continue;
                }
                let what = format!("somebody ran `{program}`");
                (what, format!("pid {pid} at {at}: {}", argv.join(" ")))
            }
            Incident::TerminalInput { bytes } => (
                "somebody typed on the terminal".to_owned(),
                format!("{bytes} bytes at {at}"),
            ),
            Incident::ClockStep { milliseconds } => (
                "the clock was set, or the machine slept".to_owned(),
                format!("{milliseconds:+} ms at {at}"),
            ),
            Incident::FileChanged { .. } => continue,
        };
        let values = ["–".to_owned(), value];
        found.interventions.push(note(before, after, what, values));
    }
}

fn too_late(program: &str, at: Timestamp) -> String {
    format!("what `{program}` did at {at}: it had ended before it could be looked at")
}

/// A result is written once, and is at the end what it was when it appeared.
fn documents(run: &CanaryRun, names: &[&str], found: &mut Found) {
    for (file, name) in run.results.iter().zip(names) {
        let written: Vec<&Observation> = run
            .observations
            .iter()
            .filter(|seen| seen.boundary == *name)
            .collect();
        for pair in written.windows(2) {
            let values = [pair[0], pair[1]].map(|seen| digest(seen.document.as_ref()));
            let what = format!("{name} was written again");
            found
                .interventions
                .push(note(pair[0], pair[1], what, values));
        }
        if let (Some(last), Some(end)) = (written.last(), run.observations.last())
            && last.document.is_some()
            && last.document != file.sha256
        {
            let values = [&last.document, &file.sha256].map(|sha256| digest(sha256.as_ref()));
            let what = format!("{name} was changed after it appeared");
            found.interventions.push(note(last, end, what, values));
        }
    }
}

/// Files that were changed after one run had ended and before the next began.
fn between_runs(all: &[Observation], names: &[&str], results: &[CanaryResult], found: &mut Found) {
    for (index, pair) in names.windows(2).enumerate() {
        let seen = |name: &str| all.iter().find(|seen| seen.boundary == name);
        let (Some(before), Some(after)) = (seen(pair[0]), seen(pair[1])) else {
            continue;
        };
        let Some(began) = results.get(index + 1).and_then(|result| result.started_at) else {
            found.unseen.push(format!(
                "queue files before {}: it does not say when it began",
                pair[1]
            ));
            continue;
        };
        let pause = |at: Timestamp| before.at < at && at + GRAIN < began;
        for noticed in &after.noticed {
            let Incident::FileChanged {
                path,
                before: old,
                after: new,
                replaced,
            } = &noticed.what
            else {
                continue;
            };
            let how = match (new, replaced) {
                // The product never takes its database away, nor puts another in its place.
                (None, _) if is_database(path) => "deleted",
                (Some(_), true) if is_database(path) => "deleted and made anew",
                _ if pause(noticed.at) => "changed between the runs",
                _ => continue,
            };
            let what = format!("{path} was {how}, at {}", noticed.at);
            let values = [old, new].map(|sha256| digest(sha256.as_ref()));
            found.interventions.push(note(before, after, what, values));
        }
    }
}

fn is_database(path: &crate::world::Place) -> bool {
    let extension = std::path::Path::new(path.as_str()).extension();
    extension.is_some_and(|extension| extension == "db")
}

fn digest(sha256: Option<&String>) -> String {
    sha256.map_or_else(|| "–".to_owned(), |sha256| format!("sha256:{sha256}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(boundary: &str, noticed: Vec<Incident>) -> Observation {
        let at = Timestamp::UNIX_EPOCH;
        Observation {
            boundary: boundary.to_owned(),
            at,
            document: None,
            processes: Vec::new(),
            files: Vec::new(),
            answers: Vec::new(),
            asked: Vec::new(),
            fixed: Vec::new(),
            noticed: noticed
                .into_iter()
                .map(|what| Noticed { at, what })
                .collect(),
            not_observable: Vec::new(),
        }
    }

    #[test]
    fn a_program_that_had_ended_when_it_was_looked_at_is_told_as_unseen() {
        let program = |argv: &[&str]| Incident::ForeignProgram {
            program: "pkill".into(),
            pid: 7,
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
        };
        let told = |noticed: Vec<Incident>| {
            let all = [
                observed("run-1.json", Vec::new()),
                observed("run-2.json", noticed),
            ];
            let mut found = Found::default();
            incidents(&all[0], &all[1], &all, "app", &mut found);
            (found.interventions.len(), found.unseen.len())
        };
        let unseen = Incident::UnseenProgram {
            program: "pkill".into(),
        };
        assert_eq!(told(vec![unseen]), (0, 1));
        assert_eq!(told(vec![program(&[])]), (0, 1));
        assert_eq!(told(vec![program(&["pkill", "-U", "root"])]), (1, 0));
    }
}
