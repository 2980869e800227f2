//! Runs the tests of one side once and reads its report.

use crate::world::{Effect, Ended, FileFailure, Finished, Place, Program, Response, WorldError};

use super::error::AuditError;
use super::git::{Git, read_text, unexpected};
use super::junit::{Outcomes, outcomes};
use super::request::AuditRequest;

/// What one run gave.
#[derive(Debug)]
pub(super) struct SideRun {
    /// Outcomes by test; empty without a report.
    pub(super) outcomes: Outcomes,
    /// Why there is no report.
    pub(super) no_report: Option<String>,
    /// How long it took.
    pub(super) milliseconds: u64,
}

/// Runs the tests in one worktree.
pub(super) async fn run_side(
    git: Git<'_>,
    req: &AuditRequest,
    tree: &Place,
    report: Place,
    modules: &[String],
    round: u32,
) -> Result<SideRun, AuditError> {
    let program = program(req, tree, &report, modules, round);
    let name = program.argv.first().cloned().unwrap_or_default();
    let finished = match git.world.perform(git.by, Effect::Run(program)).await {
        Ok(Response::Program(finished)) => finished,
        Ok(other) => return Err(unexpected("a program", &other)),
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
            let limit = req.limits.run.as_secs_f64();
            Err(format!("`{name}` did not end within {limit} s"))
        }
        _ => read_report(git, req, &name, &finished, &report).await?,
    };
    Ok(match read {
        Ok(outcomes) => SideRun {
            outcomes,
            no_report: None,
            milliseconds,
        },
        Err(why) => SideRun {
            outcomes: Outcomes::new(),
            no_report: Some(with_last_output(why, &finished)),
            milliseconds,
        },
    })
}

/// The test command of one run.
fn program(
    req: &AuditRequest,
    tree: &Place,
    report: &Place,
    modules: &[String],
    round: u32,
) -> Program {
    let mut program = Program::new(req.tests.expand(report.as_str(), modules));
    program.cwd = tree.clone();
    program.base = req.tests.base;
    program.pass.clone_from(&req.tests.pass);
    program.limit = req.limits.run;
    let fixed = [
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        // Another seed each round finds tests that depend on the order of a set.
        ("PYTHONHASHSEED", round.to_string()),
        ("PY_COLORS", "0".to_owned()),
        ("GIT_TERMINAL_PROMPT", "0".to_owned()),
    ];
    program.env = fixed.map(|(name, value)| (name.to_owned(), value)).into();
    program.env.extend(req.tests.env.clone());
    program
}

/// The outcomes of a run that ended, or why its report does not tell them.
async fn read_report(
    git: Git<'_>,
    req: &AuditRequest,
    name: &str,
    finished: &Finished,
    report: &Place,
) -> Result<Result<Outcomes, String>, AuditError> {
    match read_text(git.world, git.by, report, req.limits.report).await {
        Ok(xml) => {
            Ok(outcomes(&xml)
                .map_err(|why| format!("the report of `{name}` cannot be read: {why}")))
        }
        Err(AuditError::World(WorldError::File { kind, .. })) => Ok(Err(match kind {
            FileFailure::NotFound => {
                format!("`{name}` ended with {} and wrote no report", finished.ended)
            }
            FileFailure::TooLarge => {
                format!("the report of `{name}` is over {} bytes", req.limits.report)
            }
            _ => format!("the report of `{name}` cannot be read"),
        })),
        Err(error) => Err(error),
    }
}

/// A reason with the last lines the command printed, on standard error before output.
fn with_last_output(why: String, finished: &Finished) -> String {
    let tail = [&finished.stderr, &finished.stdout]
        .into_iter()
        .map(|stream| stream.last_lines(3))
        .find(|tail| !tail.is_empty());
    match tail {
        Some(tail) => format!("{why}; last output: {}", super::syntax::one_line(&tail)),
        None => why,
    }
}
