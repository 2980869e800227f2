//! The next command after a run.

use serde::Serialize;

use super::model::Report;
use crate::model::subject::{Subject, WorldKind};
use crate::model::{Scope, Verdict, quoted};

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Next {
    /// What the command does.
    pub what: &'static str,
    /// The command.
    pub command: String,
    /// A note, such as where to run it.
    pub note: &'static str,
}

/// The next command.
#[must_use]
pub fn next(report: &Report, subject: &Subject) -> Next {
    let passed = report.verdict == Some(Verdict::Passed);
    if passed && !subject.is_partial() && !subject.dry_run {
        return Next {
            what: "Nothing is left to do. To check it, anywhere:",
            command: "gate verify BUNDLE".to_owned(),
            note: "gate reproduce BUNDLE runs it again in its recorded world",
        };
    }
    let what = if passed {
        "The rest of it:"
    } else {
        "When that is put right:"
    };
    if let Some(WorldKind::Rehearsal { faults }) = &subject.world {
        let faults: Vec<String> = faults
            .iter()
            .map(|fault| format!(" --fault {}", quoted(fault)))
            .collect();
        return Next {
            what: "To rehearse it again:",
            command: format!("gate rehearse --yes{}", faults.concat()),
            note: "its world is gone; a rehearsal is not resumed",
        };
    }
    let mut words = vec![format!("gate run --resume {}", quoted(&subject.run))];
    match &subject.scope {
        Scope::Until(package) if !passed => words.push(format!("--until {}", quoted(package))),
        Scope::Only(package) if !passed => words.push(format!("--only {}", quoted(package))),
        Scope::Packages(all) if !passed => {
            words.push(format!("--only {}", quoted(&all.join(","))));
        }
        _ => {}
    }
    if report.unconfined {
        words.push("--no-sandbox".to_owned());
    }
    if subject.dry_run && !passed {
        words.push("--dry-run".to_owned());
    }
    Next {
        what,
        command: words.join(" "),
        note: "on the machine that ran it, with the same --set workspace=… as before",
    }
}
