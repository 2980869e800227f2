//! `gate run`: the question before the first write, signals, reporters, the report at the end.

use std::path::Path;
use std::sync::Arc;

use camino::Utf8PathBuf;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::Exit;
use super::again::Again;
use super::args::{GateArgs, RunArgs};
use super::checked::{Checked, check, scope};
use super::console::Console;
use super::operator::{self, Settings};
use super::provenance::{Provenance, reproduce_command};
use crate::engine::{Asked, Reporter, Signal};
use crate::evidence::Bundled;
use crate::gate::{Gate, Outcome, Overrides, Verdict};
use crate::report::{self, BundleAt, JsonLines, Live, Plain, Where};
use crate::session::{self, Finished, Killed, Options, Wrap};
use crate::world::live::{Operator, is_ignored};

pub(super) async fn run(args: RunArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let setting = Setting {
        stays: Stays::ToResume,
        rehearser: None,
        signals: None,
        wrap: &|world| world,
    };
    run_as(operator, args, console, setting).await
}

/// What is there once a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    /// The run directory, and a world to go on in.
    ToResume,
    /// The run directory alone.
    ToRead,
    /// Nothing.
    Nothing,
}

/// What a rehearsal does differently.
pub(super) struct Setting<'w> {
    pub(super) stays: Stays,
    /// Home directory of whoever rehearses.
    pub(super) rehearser: Option<Utf8PathBuf>,
    /// Ctrl-C and the like since its world is built; none have been heard before.
    pub(super) signals: Option<UnboundedReceiver<Signal>>,
    /// Puts a layer around the outside.
    pub(super) wrap: Wrap<'w>,
}

/// Runs as an operator; a rehearsal gives one of its own.
pub(super) async fn run_as(
    operator: Operator,
    args: RunArgs,
    console: &Console,
    setting: Setting<'_>,
) -> Exit {
    let Setting {
        stays,
        rehearser,
        signals: heard,
        wrap,
    } = setting;
    let copy = args.bundle.clone();
    let prepared = match prepare(&operator, args, console).await {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let Prepared {
        mut options,
        reporters,
        again,
    } = prepared;
    options.rehearser = rehearser;
    // Until then Ctrl-C ends the program at once: nothing has begun.
    let signals = heard.unwrap_or_else(signals);
    let finished = match session::run(operator, options, reporters, signals, wrap).await {
        Ok(finished) => finished,
        Err(error) => return failed(&error, console),
    };
    let copied = finished.bundle.as_ref().and(copy.as_deref());
    if let Some(to) = copied
        && let Err(error) = finished.copy_bundle(to)
    {
        failed(&error, console);
        return Exit::from(finished.verdict.max(Verdict::Error));
    }
    let place = place(&finished, stays, copied, &again);
    console.out(&report::text(
        &finished.report,
        console.output_style(),
        &place,
    ));
    finished.verdict.into()
}

/// Where things are, as far as they stay.
fn place(finished: &Finished, stays: Stays, copied: Option<&Path>, again: &Again) -> Where {
    let run = &finished.directory.run;
    let of_run = |bundle: &Bundled| finished.directory.bundle(bundle).into_string();
    let bundle_at = |bundle: &Bundled| {
        let path = match copied {
            Some(path) => path.display().to_string(),
            None => (stays != Stays::Nothing).then(|| of_run(bundle))?,
        };
        let flake = Provenance::revisions().flake;
        Some(BundleAt {
            reproduce: reproduce_command(flake.as_deref(), &path),
            sha256: bundle.archive.sha256.clone(),
            path,
        })
    };
    Where {
        run_directory: (stays != Stays::Nothing).then(|| finished.directory.path.to_string()),
        resume: (stays == Stays::ToResume).then(|| again.command(run)),
        rest: (stays == Stays::ToResume).then(|| again.rest(run)),
        bundle: finished.bundle.as_ref().and_then(bundle_at),
    }
}

struct Prepared {
    options: Options,
    reporters: Vec<Box<dyn Reporter>>,
    /// How it is gone on with.
    again: Again,
}

/// Everything that can be wrong with the command line is found here, before anything runs.
async fn prepare(operator: &Operator, args: RunArgs, console: &Console) -> Result<Prepared, Exit> {
    let Checked {
        gate,
        overrides,
        settings,
    } = check(&args, operator, console).await?;
    let gate = match &args.resume {
        Some(run) => earlier(run, &args.gate, gate, &overrides, &settings, console)?,
        None => gate,
    };
    let scope = scope(&args, &gate, console)?;
    let provenance = Provenance::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let reporters = reporters(&args, &gate, console)?;
    let killed = killed(&args, &settings, console)?;
    confirm(&args, &gate, &killed, console)?;
    clear(&args, killed, &settings, console).await?;
    let tools = tools(operator, &settings, console).await?;
    let asked = Asked {
        scope,
        dry_run: args.dry_run,
    };
    let again = Again::new(&overrides, &settings, &asked, args.yes);
    let options = Options {
        gate: Arc::new(gate),
        workspace: settings.workspace,
        state: settings.state,
        cache: settings.cache,
        tools: tools.path,
        versions: provenance.versions(tools.versions),
        flake: provenance.flake,
        asked,
        rehearser: None,
        resume: args.resume,
        keep: args.keep,
    };
    Ok(Prepared {
        options,
        reporters,
        again,
    })
}

/// The gate to go on with: the run's own, unless another was asked for in so many words; with the
/// parameters that it was started with, and what is set now over them. What does not fit is
/// refused before anything runs.
fn earlier(
    run: &str,
    args: &GateArgs,
    given: Gate,
    overrides: &Overrides,
    settings: &Settings,
    console: &Console,
) -> Result<Gate, Exit> {
    let earlier =
        session::earlier(&settings.state, run).map_err(|error| failed(&error, console))?;
    for write in &earlier.outstanding {
        console.note(&format!(
            "the run was cut off in {write}; whether it happened is looked up before anything is \
             written"
        ));
    }
    if args.gate.is_some() {
        return Ok(given);
    }
    let mut gate = earlier.gate;
    gate.set(&overrides.parameters)
        .map_err(|error| operator::refuse(&error, console))?;
    Ok(gate)
}

pub(super) async fn tools(
    operator: &Operator,
    settings: &Settings,
    console: &Console,
) -> Result<session::Tools, Exit> {
    session::tools(operator, &settings.cache)
        .await
        .map_err(|error| {
            let exit = console.fail(Exit::Error, &chain(&error));
            console.note(&format!("  → {}", error.remedy()));
            exit
        })
}

fn reporters(
    args: &RunArgs,
    gate: &Gate,
    console: &Console,
) -> Result<Vec<Box<dyn Reporter>>, Exit> {
    let mut reporters: Vec<Box<dyn Reporter>> = Vec::new();
    if let Some(path) = &args.events {
        let file = operator::create(path).map_err(|error| {
            console.fail(
                Exit::Usage,
                &format!("cannot write events to `{}`: {error}", path.display()),
            )
        })?;
        let (console, path) = (console.clone(), path.display().to_string());
        reporters.push(Box::new(JsonLines::new(file, move |error| {
            console.note(&format!(
                "events are no longer written to `{path}`: {error}"
            ));
        })));
    }
    if console.live {
        reporters.push(Box::new(Live::new(gate, console.style())));
    } else {
        reporters.push(Box::new(Plain::new(
            gate,
            console.style(),
            std::io::stderr(),
        )));
    }
    Ok(reporters)
}

/// Runs that were killed and left something behind, told.
fn killed(args: &RunArgs, settings: &Settings, console: &Console) -> Result<Vec<Killed>, Exit> {
    let killed = session::killed(&settings.state, args.resume.as_deref())
        .map_err(|error| failed(&error, console))?;
    for one in &killed {
        console.note(&format!(
            "Run {} was killed and left behind; this would",
            one.run
        ));
        for line in one.lines() {
            console.note(&format!("  {line}"));
        }
    }
    Ok(killed)
}

/// Clears what killed runs left behind, once that was allowed.
async fn clear(
    args: &RunArgs,
    killed: Vec<Killed>,
    settings: &Settings,
    console: &Console,
) -> Result<(), Exit> {
    if args.dry_run {
        return Ok(());
    }
    for one in killed {
        let run = one.run.clone();
        let ended = one.clear(&settings.state).await;
        let ended = ended.map_err(|error| failed(&error, console))?;
        console.note(&format!("run {run}: cleared, {ended} processes ended"));
    }
    Ok(())
}

/// Says why a run could not begin or be found.
pub(super) fn failed(error: &session::SessionError, console: &Console) -> Exit {
    let exit = if error.is_usage() {
        Exit::Usage
    } else {
        Exit::Error
    };
    let exit = console.fail(exit, &chain(error));
    if let Some(remedy) = error.remedy() {
        console.note(&format!("  → {remedy}"));
    }
    exit
}

/// Lists every write that may happen and asks once. Without anybody to ask, nothing is written.
pub(super) fn confirm(
    args: &RunArgs,
    gate: &Gate,
    killed: &[Killed],
    console: &Console,
) -> Result<(), Exit> {
    if args.yes || args.dry_run {
        return Ok(());
    }
    console.note("This run may write:");
    for line in gate.writes_possible() {
        console.note(&format!("  {line}"));
    }
    if !console.can_ask() {
        return Err(console.fail(
            Exit::Usage,
            if killed.is_empty() {
                "no terminal to ask on: give --yes to allow these writes, or --dry-run"
            } else {
                "no terminal to ask on: give --yes to allow these writes and to clear what \
                 killed runs left behind, or --dry-run"
            },
        ));
    }
    if console.ask("Go on?") {
        Ok(())
    } else {
        Err(console.fail(Exit::Usage, "not confirmed; nothing ran"))
    }
}

/// Ctrl-C, SIGTERM and a hang-up as data; a run under `nohup` goes on when its terminal is gone.
pub(super) fn signals() -> UnboundedReceiver<Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = unbounded_channel();
    let hangup = (!is_ignored(nix::sys::signal::Signal::SIGHUP)).then(SignalKind::hangup);
    let always = [SignalKind::interrupt(), SignalKind::terminate()];
    for kind in always.into_iter().chain(hangup) {
        let Ok(mut stream) = signal(kind) else {
            continue;
        };
        let sender = sender.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() && sender.send(Signal::Interrupt).is_ok() {}
        });
    }
    receiver
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let told = inner.to_string();
        // Some errors tell their cause themselves.
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        cause = inner.source();
    }
    text
}

/// Says what a single command came to.
pub(super) fn told(outcome: &Outcome, console: &Console) -> Exit {
    let exit = Exit::from(outcome.verdict());
    if let Some(finding) = outcome.finding() {
        console.fail(exit, &finding.what);
        for line in &finding.seen {
            console.note(&format!("  {line}"));
        }
        if let Some(remedy) = &finding.remedy {
            console.note(&format!("  → {remedy}"));
        }
    }
    exit
}
