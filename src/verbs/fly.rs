//! Fly through `flyctl`: what runs, and a count on the machine. Only ever read.

use std::time::Duration;

use crate::model::Finding;
use crate::verb::programs::{did_not_succeed, with_output};
use crate::verb::{Ctx, VerbError};
use crate::verbs::deployment::Deployment;
use crate::world::{EnvBase, Finished, Program};

const LIMIT: Duration = Duration::from_mins(1);

fn program(argv: &[&str]) -> Program {
    let mut program = Program::new(argv.iter().copied());
    program.base = EnvBase::Fly;
    program.limit = LIMIT;
    program
        .env
        .insert("FLY_NO_UPDATE_CHECK".to_owned(), "1".to_owned());
    program
}

/// A command on the app's machine.
pub(in crate::verbs) fn on_the_machine(app: &str, command: &str) -> Program {
    program(&["flyctl", "ssh", "console", "-a", app, "-C", command])
}

/// Runs a reading `flyctl`.
async fn read(ctx: &Ctx, program: Program) -> Result<Finished, VerbError> {
    let words = program.argv.clone();
    let finished = ctx.run(program).await?;
    if finished.success() {
        return Ok(finished);
    }
    let said = finished.stderr.text.to_lowercase();
    if said.contains("access token")
        || said.contains("auth login")
        || said.contains("not authenticated")
    {
        return Err(VerbError::error(
            with_output(Finding::new("flyctl has no login"), &finished.stderr)
                .remedy("run `flyctl auth login`, or set FLY_API_TOKEN, then resume"),
        ));
    }
    Err(VerbError::error(
        did_not_succeed(&words, &finished).remedy("check flyctl and the app's name, then resume"),
    ))
}

/// What flyctl says of the app and its machines.
pub(in crate::verbs) fn status_of(app: &str) -> Program {
    program(&["flyctl", "status", "-a", app, "--json"])
}

/// The deployment of the app: what every machine runs.
///
/// # Errors
/// Blocked while machines run different images: a deploy is under way.
pub(in crate::verbs) async fn deployment(ctx: &Ctx, app: &str) -> Result<Deployment, VerbError> {
    let finished = read(ctx, status_of(app)).await?;
    Deployment::read(app, &finished.stdout.text)
}

/// The value of `name` among the `name=value` lines of a command on the app's machine.
pub(in crate::verbs) async fn remote_count(
    ctx: &Ctx,
    app: &str,
    command: &str,
    name: &str,
) -> Result<i64, VerbError> {
    let finished = read(ctx, on_the_machine(app, command)).await?;
    count_in(&finished.stdout.text, name).ok_or_else(|| {
        let finding = Finding::new(format!(
            "`{command}` printed no `{name}=<number>`, or more than one"
        ));
        let remedy = "run the command by hand: it must print one such line, then resume";
        VerbError::error(with_output(finding, &finished.stdout).remedy(remedy))
    })
}

fn count_in(text: &str, name: &str) -> Option<i64> {
    let mut values = text.lines().filter_map(|line| {
        let (found, value) = line.trim().split_once('=')?;
        (found.trim() == name).then(|| value.trim().parse::<i64>())
    });
    let first = values.next()?.ok()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_one_whole_line() {
        assert_eq!(
            count_in("a=1\r\nterminal_failed = 3\n", "terminal_failed"),
            Some(3)
        );
        assert_eq!(count_in("terminal_failed=x", "terminal_failed"), None);
        assert_eq!(
            count_in("terminal_failed=1\nterminal_failed=0", "terminal_failed"),
            None
        );
        assert_eq!(count_in("not_terminal_failed=1", "terminal_failed"), None);
        assert_eq!(count_in("", "terminal_failed"), None);
    }
}
