//! A run on GitHub Actions: its step's summary and outputs, annotations, a grouped log.
//!
//! Only the operator's own run has them: where the files are stands in variables that no program
//! of a run is given, and a rehearsal's operator has none of them.
#![expect(
    clippy::disallowed_methods,
    reason = "the run is over: there is no world left to ask, and these files are the runner's"
)]

use std::fs::OpenOptions;
use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};

use super::Exit;
use super::console::Console;
use crate::gate::Gate;
use crate::report;
use crate::session::Finished;
use crate::world::live::Operator;

/// The name of the JUnit report in a run's directory.
const JUNIT: &str = "report.junit.xml";

/// Where the runner reads what a step says.
#[derive(Debug, Clone)]
pub(super) struct Actions {
    summary: Option<Utf8PathBuf>,
    output: Option<Utf8PathBuf>,
}

impl Actions {
    /// The runner that this process was started by; none elsewhere.
    pub(super) fn of(operator: &Operator) -> Option<Self> {
        let path = |name| operator.var(name).map(Utf8PathBuf::from);
        (operator.var("GITHUB_ACTIONS") == Some("true")).then(|| Self {
            summary: path("GITHUB_STEP_SUMMARY"),
            output: path("GITHUB_OUTPUT"),
        })
    }

    /// Begins the group that the run's progress stands in.
    pub(super) fn begin(console: &Console, gate: &Gate) {
        console.command(&report::group(&format!(
            "{}: {} subtasks",
            gate.name,
            gate.subtasks().count()
        )));
    }

    /// Ends that group.
    pub(super) fn end(console: &Console) {
        console.command("::endgroup::");
    }

    /// Says what a run came to. A file that cannot be written is named; the verdict is the run's.
    pub(super) fn finish(&self, finished: &Finished, bundle: Option<&Utf8Path>, console: &Console) {
        for line in report::annotations(&finished.report) {
            console.command(&line);
        }
        let junit = finished.directory.path.join(JUNIT);
        let written = report::junit(&finished.report)
            .and_then(|text| std::fs::write(&junit, text).map_err(|error| error.to_string()));
        if let Err(error) = &written {
            console.note(&format!("cannot write `{junit}`: {error}"));
        }
        let markdown = crate::session::markdown_of(&finished.directory, &finished.report);
        let markdown = markdown.unwrap_or_else(|_| report::markdown(&finished.report, None));
        let summary = report::summary(&markdown);
        append(self.summary.as_deref(), &summary, console);
        let archive = finished.bundle.as_ref().map(|bundle| &bundle.archive);
        let digest = archive.map(|archive| format!("sha256:{}", archive.sha256));
        self.output(
            &[
                ("verdict", finished.verdict.to_string()),
                ("run", finished.directory.run.clone()),
                (
                    "bundle",
                    bundle.map(ToString::to_string).unwrap_or_default(),
                ),
                ("digest", digest.unwrap_or_default()),
                (
                    "junit",
                    written.map(|()| junit.to_string()).unwrap_or_default(),
                ),
            ],
            console,
        );
    }

    /// How the program ends: told also when nothing ran.
    pub(super) fn exit(&self, exit: Exit, console: &Console) {
        self.output(&[("exit", exit.code().to_string())], console);
    }

    fn output(&self, values: &[(&str, String)], console: &Console) {
        append(self.output.as_deref(), &report::outputs(values), console);
    }
}

/// Adds to a file of the runner's, which others may have written to before.
fn append(path: Option<&Utf8Path>, text: &str, console: &Console) {
    let Some(path) = path else { return };
    let file = OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        console.note(&format!("cannot write `{path}`: {error}"));
    }
}
