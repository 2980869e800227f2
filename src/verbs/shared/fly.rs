//! Fly through `flyctl`: what runs, and a count on the machine. Only ever read.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::programs::{did_not_succeed, with_output};
use crate::gate::Finding;
use crate::verbs::{Ctx, Trouble};
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
async fn read(ctx: &Ctx, program: Program) -> Result<Finished, Trouble> {
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
        return Err(Trouble::error(
            with_output(Finding::new("flyctl has no login"), &finished.stderr)
                .remedy("run `flyctl auth login`, or set FLY_API_TOKEN, then resume"),
        ));
    }
    Err(Trouble::error(
        did_not_succeed(&words, &finished).remedy("check flyctl and the app's name, then resume"),
    ))
}

/// The image that every machine of the app runs, as `registry/repository:tag@digest`.
/// Different images mean that a deploy is under way: a stop.
pub(in crate::verbs) async fn image(ctx: &Ctx, app: &str) -> Result<String, Trouble> {
    let finished = read(
        ctx,
        program(&["flyctl", "image", "show", "-a", app, "--json"]),
    )
    .await?;
    let machines: Vec<Value> = serde_json::from_str(&finished.stdout.text).map_err(|error| {
        Trouble::error(Finding::new(format!(
            "flyctl's list of images of `{app}` is not JSON: {error}"
        )))
    })?;
    let images: BTreeSet<String> = machines.iter().filter_map(name_of).collect();
    if images.len() > 1 {
        let mut finding = Finding::new(format!(
            "the machines of `{app}` run {} images",
            images.len()
        ))
        .remedy("a deploy is under way: wait until it is through, then resume");
        finding.seen = images.into_iter().collect();
        return Err(Trouble::blocked(finding));
    }
    let complete = machines.iter().all(|machine| name_of(machine).is_some());
    images
        .into_iter()
        .next()
        .filter(|_| complete)
        .ok_or_else(|| {
            Trouble::error(Finding::new(format!(
                "flyctl names no image for every machine of `{app}`"
            )))
        })
}

fn name_of(machine: &Value) -> Option<String> {
    let part = |name: &str| machine[name].as_str().filter(|text| !text.is_empty());
    let (registry, repository) = (part("Registry")?, part("Repository")?);
    let digest = part("Digest")
        .map(|digest| format!("@{digest}"))
        .unwrap_or_default();
    Some(format!("{registry}/{repository}:{}{digest}", part("Tag")?))
}

/// The value of `name` among the `name=value` lines of a command on the app's machine.
pub(in crate::verbs) async fn remote_count(
    ctx: &Ctx,
    app: &str,
    command: &str,
    name: &str,
) -> Result<i64, Trouble> {
    let finished = read(ctx, on_the_machine(app, command)).await?;
    count_in(&finished.stdout.text, name).ok_or_else(|| {
        let finding = Finding::new(format!(
            "`{command}` printed no `{name}=<number>`, or more than one"
        ));
        Trouble::error(with_output(finding, &finished.stdout))
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
