//! `gate run`: the question before the first write, signals, reporters, the report at the end.

use std::path::Path;
use std::sync::Arc;

use camino::Utf8PathBuf;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Exit;
use super::actions::Actions;
use super::again::Again;
use super::args::RunArgs;
use super::attest::sign_run;
use super::checked::{Checked, check, scope};
use super::console::Console;
use super::failure::{failed, with_causes};
use super::operator::{self, Settings};
use super::provenance::{Provenance, reproduce_command};
use super::resumed::{earlier, handed_on};
use super::{machine, recorded, sandbox, sign, signals};
use crate::engine::{Reporter, Signal};
use crate::evidence::Bundled;
use crate::gate::Gate;
use crate::model::subject::WorldKind;
use crate::model::{Asked, Outcome, Scope, Verdict};
use crate::report::{self, BundleAt, Harmless, JsonLines, Live, Plain, Where};
use crate::session::{self, Finished, Killed, Options, Wrap};
use crate::signing::Signer;
use crate::toolbox::Needed;
use crate::world::live::{Operator, SandboxChoice};

pub(super) async fn run(args: RunArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let signer = match sign::of_run(args.sign.as_deref(), &operator, console).await {
        Ok(signer) => signer,
        Err(exit) => return exit,
    };
    let actions = Actions::of(&operator);
    let setting = Setting {
        stays: Stays::RunDirectory,
        signer,
        world: WorldKind::Real,
        rehearser: None,
        sandbox: SandboxChoice::Required,
        signals: None,
        actions: actions.as_ref(),
        wrap: &|world| world,
    };
    let exit = run_as(operator, args, console, setting).await;
    if let Some(actions) = &actions {
        actions.exit(exit, console);
    }
    exit
}

/// What is there once a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    /// The run directory.
    RunDirectory,
    /// Nothing.
    Nothing,
}

/// What a rehearsal does differently.
pub(super) struct Setting<'w> {
    pub(super) stays: Stays,
    /// Whoever signs the bundle.
    pub(super) signer: Option<Signer>,
    pub(super) world: WorldKind,
    /// Home directory of whoever rehearses.
    pub(super) rehearser: Option<Utf8PathBuf>,
    /// What is done about sandboxes unless it was said.
    pub(super) sandbox: SandboxChoice,
    /// Ctrl-C and the like since its world is built; none have been heard before.
    pub(super) signals: Option<UnboundedReceiver<Signal>>,
    /// The runner of GitHub Actions that reads what the run says.
    pub(super) actions: Option<&'w Actions>,
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
        signer,
        world,
        rehearser,
        sandbox,
        signals: heard,
        actions,
        wrap,
    } = setting;
    let copy = args.bundle.clone();
    let prepared = match prepare(&operator, args, world, sandbox, console).await {
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
    let signals = heard.unwrap_or_else(signals::signals);
    if actions.is_some() {
        Actions::begin(console, &options.gate);
    }
    let finished = session::run(operator, options, reporters, signals, wrap).await;
    if actions.is_some() {
        Actions::end(console);
    }
    let finished = match finished {
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
    if let Some(actions) = actions {
        let own = finished.bundle.as_ref();
        let own = own.map(|bundle| finished.directory.bundle(bundle));
        actions.finish(&finished, own.as_deref(), console);
    }
    let place = place(&finished, stays, copied, &again);
    console.out(&report::text(
        &finished.report,
        console.output_style(),
        &place,
    ));
    match signer {
        Some(signer) => {
            sign_run(&finished, stays != Stays::Nothing, copied, &signer, console).await
        }
        None => finished.verdict.into(),
    }
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
            head: bundle.manifest.head.clone(),
            path,
        })
    };
    Where {
        run_directory: (stays != Stays::Nothing).then(|| finished.directory.path.to_string()),
        resume: (stays != Stays::Nothing).then(|| again.command(run)),
        rest: (stays != Stays::Nothing).then(|| again.rest(run)),
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
async fn prepare(
    operator: &Operator,
    mut args: RunArgs,
    world: WorldKind,
    sandbox: SandboxChoice,
    console: &Console,
) -> Result<Prepared, Exit> {
    let Checked {
        gate,
        overrides,
        settings,
    } = check(&args, &world, operator, console).await?;
    if let Some(name) = args.resume.as_ref().filter(|name| recorded::is_here(name)) {
        let of_gate = args.gate.gate.is_some().then_some(gate.name.as_str());
        args.resume = Some(recorded::resumed(name, of_gate, &settings, console)?);
    }
    let handed_on = handed_on(&mut args, &settings, console)?;
    let gate = match &args.resume {
        Some(run) => earlier(
            run, &args.gate, gate, &overrides, &settings, &world, console,
        )?,
        None => gate,
    };
    let scope = scope(&args, &gate, console)?;
    let provenance = Provenance::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let reporters = reporters(&args, &gate, &settings, console)?;
    let wanted = if args.no_sandbox {
        SandboxChoice::Off
    } else {
        sandbox
    };
    let sandbox = sandbox::choose(wanted, operator, console)?;
    machine::warn_of_unhidden(&gate, operator, console);
    let killed = killed(&args, &settings, console)?;
    confirm(&args, &gate, &scope, &killed, console)?;
    clear(&args, killed, &settings, console).await?;
    let needed = machine::needed(&gate, &world);
    if world == WorldKind::Real {
        machine::warn_of_missing_checkouts(&gate, &scope, &settings, console);
    }
    let tools = tools(operator, &settings, &needed, console).await?;
    let asked = Asked {
        scope,
        dry_run: args.dry_run,
        through: args.dry_run,
        unconfined: sandbox.choice == SandboxChoice::Off,
        wait: args.wait,
        again: args.again.map(Into::into),
    };
    let again = Again::new(&overrides, &settings, &asked, Some(&world), args.yes);
    let again = again.signed_with(args.sign.as_deref());
    let options = Options {
        gate: Arc::new(gate),
        workspace: settings.workspace,
        state: settings.state,
        cache: settings.cache,
        tools: tools.path,
        versions: provenance.versions(tools.versions),
        flake: provenance.flake,
        asked,
        world,
        rehearser: None,
        corrected: args.resume.is_some() && args.gate.gate.is_some(),
        resume: args.resume,
        handed_on,
        keep: args.keep,
        sandbox,
    };
    Ok(Prepared {
        options,
        reporters,
        again,
    })
}

pub(super) async fn tools(
    operator: &Operator,
    settings: &Settings,
    needed: &Needed,
    console: &Console,
) -> Result<session::Tools, Exit> {
    match session::close_cache(&settings.cache) {
        Ok(None) => {}
        Ok(Some(mode)) => console.note(&format!(
            "the cache `{}` was open to other users (mode {mode:o}); now it is yours alone",
            settings.cache
        )),
        Err(error) => console.note(&format!("warning: {}", with_causes(&error))),
    }
    session::tools(operator, &settings.cache, needed)
        .await
        .map_err(|error| {
            let exit = console.fail(Exit::Error, &with_causes(&error));
            console.note(&format!("  → {}", error.remedy()));
            exit
        })
}

fn reporters(
    args: &RunArgs,
    gate: &Gate,
    settings: &Settings,
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
        reporters.push(Box::new(Live::new(
            gate,
            console.style(),
            session::estimates(&settings.state, &gate.name),
            Box::new(Console::columns),
        )));
    } else {
        let log: Box<dyn std::io::Write + Send> = if console.actions {
            Box::new(Harmless::new(std::io::stderr()))
        } else {
            Box::new(std::io::stderr())
        };
        reporters.push(Box::new(Plain::new(gate, console.style(), log)));
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

/// Lists every write that may happen in this scope and asks once. Without anybody to ask, nothing is written.
pub(super) fn confirm(
    args: &RunArgs,
    gate: &Gate,
    scope: &Scope,
    killed: &[Killed],
    console: &Console,
) -> Result<(), Exit> {
    if args.yes || args.dry_run {
        return Ok(());
    }
    let writes = gate.writes_possible(scope);
    if writes.is_empty() && killed.is_empty() {
        console.note("This part of the gate writes nothing outside of its run directory.");
        return Ok(());
    }
    console.note("This run may write:");
    for line in writes {
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
