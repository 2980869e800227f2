//! Messages about programs that did not do what they should.

use crate::gate::Finding;
use crate::verbs::Trouble;
use crate::world::{Captured, Finished, Program};

/// How many lines of a program's output a message shows.
const SHOWN_LINES: usize = 12;

/// A finding that names the program, how it ended, after how long, its last output and where
/// all of it is.
pub(crate) fn did_not_succeed(program: &[String], finished: &Finished) -> Finding {
    let words = program
        .iter()
        .take(4)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ");
    let finding = Finding::new(format!(
        "`{words}` ended with {} after {:.1} s",
        finished.ended,
        finished.elapsed.as_secs_f64()
    ));
    let shown = if finished.stderr.text.trim().is_empty() {
        &finished.stdout
    } else {
        &finished.stderr
    };
    with_output(finding, shown)
}

/// Adds the last lines of an output, and its log file.
pub(crate) fn with_output(mut finding: Finding, output: &Captured) -> Finding {
    finding
        .seen
        .extend(output.last_lines(SHOWN_LINES).lines().map(str::to_owned));
    if let Some(log) = &output.log {
        finding.seen.push(format!("all of it: {log}"));
    }
    finding
}

/// Runs a program that must exit with 0; anything else is an error of the subtask.
pub(crate) async fn must_succeed(
    ctx: &crate::verbs::Ctx,
    program: Program,
) -> Result<Finished, Trouble> {
    let argv = program.argv.clone();
    let finished = ctx.run(program).await?;
    if finished.success() {
        Ok(finished)
    } else {
        Err(Trouble::error(did_not_succeed(&argv, &finished)))
    }
}
