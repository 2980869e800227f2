//! What can be wrong with a command line and its gate file, told before anything is built, asked
//! or run.

use super::Exit;
use super::args::RunArgs;
use super::console::Console;
use super::failure::failed;
use super::operator::{self, Settings};
use super::resumed::is_bundle;
use crate::candidate::Subject;
use crate::gate::{Gate, Overrides};
use crate::model::Scope;
use crate::model::subject::WorldKind;
use crate::session;
use crate::verb::Ctx;
use crate::world::live::Operator;

/// What the command line and the gate file say, found to be sound.
pub(super) struct Checked {
    pub(super) gate: Gate,
    pub(super) overrides: Overrides,
    pub(super) settings: Settings,
}

/// Tells what is wrong with the command line or the gate file, before a world is built or looked
/// at. A run that is resumed brings its own gate.
pub(super) async fn check(
    args: &RunArgs,
    world: &WorldKind,
    operator: &Operator,
    console: &Console,
) -> Result<Checked, Exit> {
    let mut gate_args = args.gate.clone();
    if let Some(time) = &args.as_of {
        check_as_of(time, console)?;
        gate_args.set.push(format!("rc.as_of={time}"));
    }
    if let Some(version) = &args.candidate {
        gate_args.set.push(format!("rc.candidate={version}"));
    }
    let refuse = |error: String| console.fail(Exit::Usage, &error);
    if let Some(path) = &args.bundle {
        operator::can_be_made(path).map_err(refuse)?;
        if args.sign.is_some() {
            operator::can_be_made(&crate::evidence::attestation_of(path)).map_err(refuse)?;
        }
    }
    if let Some(path) = &args.events {
        operator::can_be_written("events", path).map_err(refuse)?;
    }
    let (gate, overrides) = match &args.resume {
        // What is set is a parameter of the run's gate, whatever gate ships with the program.
        Some(run) if gate_args.gate.is_none() && !is_bundle(run) => {
            let state = operator::state_of(&gate_args, operator, console)?;
            let earlier =
                session::earlier(&state, run, world).map_err(|error| failed(&error, console))?;
            operator::set(earlier.gate, &gate_args, operator, console)?
        }
        _ => operator::gate(&gate_args, operator, console)?,
    };
    session::can_be_asked_for(&gate).map_err(refuse)?;
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
            .map_err(|error| super::failure::failed(&error, console))
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
            &format!(
                "--as-of: expected RFC 3339 such as 2026-05-21T00:00:00Z, got `{time}`: {error}"
            ),
        )),
    }
}

pub(super) fn scope(args: &RunArgs, gate: &Gate, console: &Console) -> Result<Scope, Exit> {
    let until = args.until.clone().map(Scope::Until);
    let only = (!args.only.is_empty()).then(|| Scope::only(args.only.clone()));
    for scope in until.iter().chain(&only) {
        gate.check_scope(scope).map_err(|error| {
            console.fail(
                Exit::Usage,
                &format!("{error}; the gate has {}", error.known.join(", ")),
            )
        })?;
    }
    let (Some(until), Some(only)) = (&until, &only) else {
        return Ok(until.or(only).unwrap_or_default());
    };
    let (until, only) = (gate.packages_in(until), gate.packages_in(only));
    let both: Vec<String> = (gate.work_packages.iter())
        .map(|package| package.id.clone())
        .filter(|id| until.contains(id.as_str()) && only.contains(id.as_str()))
        .collect();
    if both.is_empty() {
        let what = "--until takes in none of the work packages of --only; nothing ran";
        return Err(console.fail(Exit::Usage, what));
    }
    Ok(Scope::only(both))
}

/// One work package alone has only the facts that it publishes itself. What it needs of others
/// is told before anything runs; in a run that is gone on with, they may be there.
fn stands_alone(scope: &Scope, gate: &Gate) -> Result<(), String> {
    let Some(packages) = scope.alone() else {
        return Ok(());
    };
    let needs = gate.needs_of(&packages);
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
    let package = packages.join(",");
    let last = packages.last().copied().unwrap_or_default();
    Err(format!(
        "--only {package} needs facts that other work packages publish:\n{}\
         run those as well with `--until {last}`, or resume a run that has them: \
         `--resume RUN --only {package}`",
        lines.concat()
    ))
}
