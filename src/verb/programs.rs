//! Messages about programs that did not behave as required.

use crate::model::{Finding, quoted};
use crate::verb::VerbError;
use crate::world::{Captured, Finished, Program};

/// How many lines of a program's output a message shows.
const SHOWN_LINES: usize = 12;
/// How many letters of a command line a message shows.
const LONGEST: usize = 400;

/// A finding that names the program, how it ended, after how long, its last output and where
/// all of it is.
pub(crate) fn did_not_succeed(program: &[String], finished: &Finished) -> Finding {
    let words = command_line(program);
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

/// A command line as a shell would take it; of a very long one, the beginning.
fn command_line(program: &[String]) -> String {
    let words: Vec<String> = program.iter().map(|word| quoted(word)).collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
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
    ctx: &crate::verb::Ctx,
    program: Program,
) -> Result<Finished, VerbError> {
    let argv = program.argv.clone();
    let finished = ctx.run(program).await?;
    if finished.success() {
        Ok(finished)
    } else {
        Err(VerbError::error(did_not_succeed(&argv, &finished)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::scripted::ended;

    #[test]
    fn every_argument_is_named() {
        let argv = [
            "npm",
            "run",
            "test",
            "--",
            "--grep",
            "logs in",
            "--retries=2",
        ];
        let argv = argv.map(str::to_owned);
        let finding = did_not_succeed(&argv, &ended(1, "", "boom\n"));
        insta::assert_snapshot!(format!("{}\n{}", finding.what, finding.seen.join("\n")), @r"
        `npm run test -- --grep 'logs in' --retries=2` ended with exit code 1 after 0.0 s
        boom
        ");
    }
}
