//! Runs the tests of one side once and reads its report.

use camino::Utf8Path;

use crate::world::{
    Confined, Effect, Ended, EnvBase, FileFailure, Finished, Place, Program, WorldError, WriteFile,
    ask,
};

use super::error::AuditError;
use super::git::{Git, OBJECTS, quoted_path, read_text};
use super::imports;
use super::outcome::{Outcomes, reported};
use super::request::{Limits, TestCommand};
use super::syntax::one_line;
use super::worktrees::{AT, sandbox};

/// One run of one side.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The command to run.
    pub(super) tests: &'a TestCommand,
    /// What it reads besides its checkout.
    pub(super) readable: &'a [Place],
    /// The checkout.
    pub(super) tree: &'a Place,
    /// The tests, as paths.
    pub(super) modules: &'a [String],
    /// The how-manieth run it is.
    pub(super) round: u32,
    /// Limits.
    pub(super) limits: Limits,
}

/// What one run gave.
#[derive(Debug)]
pub(super) struct SideRun {
    /// Outcomes by test; empty without a report.
    pub(super) outcomes: Outcomes,
    /// Why there is no report.
    pub(super) no_report: Option<String>,
    /// How long it took.
    pub(super) milliseconds: u64,
    /// Whether its time was up.
    pub(super) timed_out: bool,
    /// The sandbox it ran in.
    pub(super) confined: Option<Confined>,
}

/// Runs the tests in one worktree.
pub(super) async fn run_side(
    git: Git<'_>,
    asked: Asked<'_>,
    report: Place,
) -> Result<SideRun, AuditError> {
    // Created by the gate: whatever the tests put in its place is not read.
    for path in [report.clone(), imports::told_at(&report)] {
        let empty = Effect::WriteFile(WriteFile {
            path,
            text: String::new(),
            replace: false,
        });
        git.world.perform(git.by, empty).await?;
    }
    let program = program(git.objects, asked, &report);
    let name = program.argv.first().cloned().unwrap_or_default();
    let finished = match ask(git.world, git.by, program).await {
        Ok(finished) => finished,
        Err(error @ (WorldError::ProgramNotFound { .. } | WorldError::NotStarted { .. })) => {
            return Err(AuditError::TestCommand {
                program: name,
                reason: error.to_string(),
            });
        }
        Err(error) => return Err(error.into()),
    };
    let milliseconds = u64::try_from(finished.elapsed.as_millis()).unwrap_or(u64::MAX);
    let read = match finished.ended {
        Ended::TimedOut => {
            let limit = asked.limits.run.as_secs_f64();
            Err(format!("`{name}` did not end within {limit} s"))
        }
        _ => read_report(git, asked, &name, &finished, &report).await?,
    };
    let (outcomes, no_report) = match read {
        Ok(outcomes) => (outcomes, None),
        Err(why) => (Outcomes::new(), Some(with_last_output(why, &finished))),
    };
    Ok(SideRun {
        outcomes,
        no_report,
        milliseconds,
        timed_out: finished.ended == Ended::TimedOut,
        confined: finished.confined,
    })
}

/// The test command of one run.
fn program(objects: Option<&Place>, asked: Asked<'_>, report: &Place) -> Program {
    let (tests, tree) = (asked.tests, asked.tree);
    let mut program = Program::new(tests.expand(report.as_str(), asked.modules));
    program.cwd = tree.clone();
    program.base = tests.base;
    program.pass.clone_from(&tests.pass);
    program.limit = asked.limits.run;
    let fixed = [
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        // A different seed in each round finds tests that depend on the order of a set.
        ("PYTHONHASHSEED", asked.round.to_string()),
        ("PY_COLORS", "0".to_owned()),
        ("GIT_TERMINAL_PROMPT", "0".to_owned()),
    ];
    program.env = fixed.map(|(name, value)| (name.to_owned(), value)).into();
    program.env.extend(imports::variables(tree, report));
    program.env.extend(tests.env.clone());
    let mut sandbox = sandbox(tree, report, objects);
    sandbox.mounts.push(imports::mount(report));
    sandbox.readable = asked.readable.to_vec();
    sandbox.network = tests.network;
    if let Some(objects) = objects {
        program.env.insert(OBJECTS.to_owned(), quoted_path(objects));
    }
    if tests.base == EnvBase::Installer && makes_its_environment(&tests.argv) {
        // It creates its environment while it runs.
        sandbox.network = true;
        sandbox.writable = ["uv", "pip", "python"].map(cache).into();
        let python = cache("python").to_string();
        program
            .env
            .insert("UV_PYTHON_INSTALL_DIR".to_owned(), python);
    }
    program.sandbox = Some(Box::new(sandbox));
    program
}

/// Whether a command installs its own environment: then it needs the index. Tests themselves do
/// not.
fn makes_its_environment(argv: &[String]) -> bool {
    const MAKERS: [&str; 8] = [
        "uv", "uvx", "poetry", "pdm", "hatch", "tox", "nox", "pipenv",
    ];
    let name = |word: &String| Utf8Path::new(word).file_name().map(str::to_owned);
    let mut names = argv.iter().filter_map(name);
    names.any(|name| MAKERS.contains(&name.as_str()))
}

fn cache(name: &str) -> Place {
    Place::new(Place::CACHE).join(name)
}

/// The outcomes of a completed run, or why its report does not contain them.
async fn read_report(
    git: Git<'_>,
    asked: Asked<'_>,
    name: &str,
    finished: &Finished,
    report: &Place,
) -> Result<Result<Outcomes, String>, AuditError> {
    let limit = asked.limits.report;
    match read_text(git.world, git.by, report, limit).await {
        Ok(xml) if xml.is_empty() => Ok(Err(format!(
            "`{name}` ended with {} and wrote no report",
            finished.ended
        ))),
        Ok(xml) => Ok(reported(&xml, &[asked.tree.as_str(), AT], finished.ended)
            .map_err(|why| format!("the report of `{name}` {why}"))),
        Err(AuditError::World(WorldError::File { kind, .. })) => Ok(Err(match kind {
            FileFailure::NotFound => {
                format!("`{name}` ended with {} and wrote no report", finished.ended)
            }
            FileFailure::TooLarge => {
                format!("the report of `{name}` is over {limit} bytes")
            }
            _ => format!("the report of `{name}` cannot be read"),
        })),
        Err(error) => Err(error),
    }
}

/// A reason with what the command itself gave as one.
fn with_last_output(why: String, finished: &Finished) -> String {
    match cause(finished) {
        Some(said) => format!("{why}; {said}"),
        None => why,
    }
}

/// The error of a program: its first error line, and the end of its output if that is different.
/// Standard error is preferred to standard output, and its last line may be progress output.
pub(super) fn cause(finished: &Finished) -> Option<String> {
    let streams = [&finished.stderr.text, &finished.stdout.text];
    let lines = || {
        streams
            .into_iter()
            .flat_map(|text| text.lines())
            .map(str::trim)
    };
    let first = lines().find(|line| is_error(line)).map(one_line);
    let last = streams
        .into_iter()
        .find_map(|text| {
            text.lines()
                .rev()
                .map(str::trim)
                .find(|line| !line.is_empty())
        })
        .map(one_line);
    match (first, last) {
        (Some(first), Some(last)) if first != last => {
            Some(format!("first error: {first}; last output: {last}"))
        }
        (Some(first), _) => Some(format!("first error: {first}")),
        (None, Some(last)) => Some(format!("last output: {last}")),
        (None, None) => None,
    }
}

/// Whether a line names an error, as Python, pytest, uv, pip and shells do.
fn is_error(line: &str) -> bool {
    const STARTS: [&str; 6] = ["error", "ERROR", "fatal", "× ", "E   ", "Error"];
    const INSIDE: [&str; 6] = [
        "No module named",
        "Error: ",
        "Exception: ",
        ": error: ",
        "not found",
        "No such file",
    ];
    STARTS.iter().any(|start| line.starts_with(start))
        || INSIDE.iter().any(|part| line.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::scripted::ended;

    fn finished(stdout: &str, stderr: &str) -> Finished {
        ended(1, stdout, stderr)
    }

    #[test]
    fn the_first_error_is_the_cause_and_the_end_is_kept() {
        let uv = "Using CPython 3.11\nCreating environment\n/x/bin/python: No module named pytest\nInstalled 1 package in 3ms";
        assert_eq!(
            cause(&finished("", uv)).as_deref(),
            Some(
                "first error: /x/bin/python: No module named pytest; last output: Installed 1 package in 3ms"
            )
        );
        let collected =
            "ImportError while loading conftest\nE   ModuleNotFoundError: No module named 'app'";
        assert!(
            cause(&finished(collected, ""))
                .unwrap()
                .contains("named 'app'")
        );
        assert_eq!(
            cause(&finished("done\n", "")).as_deref(),
            Some("last output: done")
        );
        assert_eq!(cause(&finished("", "\n")), None);
    }
}
