//! What can be wrong with a command line and its gate file, told before anything is built, asked
//! or run.

use super::Exit;
use super::args::RunArgs;
use super::console::Console;
use super::operator::{self, Settings};
use crate::candidate::Subject;
use crate::engine::Scope;
use crate::gate::{Gate, Overrides};
use crate::session;
use crate::verbs::Ctx;
use crate::world::live::Operator;

/// What the command line and the gate file say, found to be sound.
pub(super) struct Checked {
    pub(super) gate: Gate,
    pub(super) overrides: Overrides,
    pub(super) settings: Settings,
}

/// Tells what is wrong with the command line or the gate file, before a world is built or looked
/// at. A run that is gone on with brings its own gate, whose work packages are not known here.
pub(super) async fn check(
    args: &RunArgs,
    operator: &Operator,
    console: &Console,
) -> Result<Checked, Exit> {
    let mut gate_args = args.gate.clone();
    if let Some(time) = &args.as_of {
        check_as_of(time, console)?;
        gate_args.set.push(format!("rc.as_of={time}"));
    }
    let refuse = |error: String| console.fail(Exit::Usage, &error);
    if let Some(path) = &args.bundle {
        operator::can_be_made(path).map_err(refuse)?;
    }
    if let Some(path) = &args.events {
        operator::can_be_written("events", path).map_err(refuse)?;
    }
    let (gate, overrides) = operator::gate(&gate_args, operator, console)?;
    if args.resume.is_none() {
        let scope = scope(args, &gate, console)?;
        stands_alone(&scope, &gate).map_err(refuse)?;
    }
    let settings = operator::settings(operator, &overrides);
    let checked = Checked {
        gate,
        overrides,
        settings,
    };
    checked.nothing_is_private(operator, console)?;
    checked
        .as_of_must_have_been(args, operator, console)
        .await?;
    Ok(checked)
}

impl Checked {
    fn nothing_is_private(&self, operator: &Operator, console: &Console) -> Result<(), Exit> {
        let Settings {
            cache,
            state,
            workspace,
        } = &self.settings;
        session::check_private(operator, &self.gate, cache, state, workspace)
            .map_err(|error| super::run::failed(&error, console))
    }

    async fn as_of_must_have_been(
        &self,
        args: &RunArgs,
        operator: &Operator,
        console: &Console,
    ) -> Result<(), Exit> {
        // A gate that installs no candidate has no such time.
        let of_gate = || Subject::of(&self.gate).ok()?.as_of;
        let (place, time) = match &args.as_of {
            Some(time) => ("--as-of", time.clone()),
            None => match of_gate() {
                Some(time) => ("the candidate's `as_of`", time),
                None => return Ok(()),
            },
        };
        let Settings {
            cache,
            state,
            workspace,
        } = &self.settings;
        let ctx = session::command_ctx(operator, &self.gate, cache, state, workspace);
        must_have_been(place, &time, &ctx)
            .await
            .map_err(|error| console.fail(Exit::Usage, &error))
    }
}

/// A lock as of a time to come would be another one tomorrow.
pub(super) async fn must_have_been(place: &str, time: &str, ctx: &Ctx) -> Result<(), String> {
    let now = ctx.now().await.map_err(|error| error.to_string())?;
    if time.parse::<jiff::Timestamp>().is_ok_and(|time| time > now) {
        return Err(format!(
            "{place} `{time}` is yet to come, and what will be offered then is not known; \
             leave it out to resolve as of now"
        ));
    }
    Ok(())
}

/// A time is a time before anything runs.
pub(super) fn check_as_of(time: &str, console: &Console) -> Result<(), Exit> {
    match time.parse::<jiff::Timestamp>() {
        Ok(_) => Ok(()),
        Err(error) => Err(console.fail(
            Exit::Usage,
            &format!("--as-of `{time}` is no time such as 2026-05-21T00:00:00Z: {error}"),
        )),
    }
}

pub(super) fn scope(args: &RunArgs, gate: &Gate, console: &Console) -> Result<Scope, Exit> {
    let scope = match (&args.until, &args.only) {
        (Some(package), _) => Scope::Until(package.clone()),
        (None, Some(package)) => Scope::Only(package.clone()),
        (None, None) => Scope::All,
    };
    scope.check(gate).map_err(|error| {
        console.fail(
            Exit::Usage,
            &format!("{error}; the gate has {}", error.known.join(", ")),
        )
    })?;
    Ok(scope)
}

/// One work package alone has only the facts that it publishes itself. What it needs of others
/// is told before anything runs; in a run that is gone on with, they may be there.
fn stands_alone(scope: &Scope, gate: &Gate) -> Result<(), String> {
    let Scope::Only(package) = scope else {
        return Ok(());
    };
    let needs = gate.needs_of(package);
    if needs.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = needs
        .iter()
        .map(|need| {
            format!(
                "  `{}`, published by {} ({}), read by {}\n",
                need.fact, need.by, need.work_package, need.reader
            )
        })
        .collect();
    Err(format!(
        "--only {package} needs facts that other work packages publish:\n{}\
         run those as well with `--until {package}`, or go on with a run that has them: \
         `--resume RUN --only {package}`",
        lines.concat()
    ))
}
