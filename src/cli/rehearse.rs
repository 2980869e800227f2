//! `gate rehearse`: the same run, in the embedded world.

use std::path::{Path, PathBuf};

use camino::Utf8PathBuf;
use clap::Args;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Exit;
use super::args::RunArgs;
use super::console::Console;
use super::failure::with_causes;
use super::run::{Setting, Stays};
use super::{checked, faults, operator, run, sign, signals};
use crate::engine::Signal;
use crate::gate::Gate;
use crate::model::Scope;
use crate::model::subject::WorldKind;
use crate::rehearsal::{Broken, Stage};
use crate::signing::Signer;
use crate::world::live::{Operator, SandboxChoice};

#[derive(Debug, Args)]
pub(super) struct RehearseArgs {
    /// Something that goes wrong in the world; may be given several times.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    fault: Vec<String>,
    /// Lists the faults that fit the gate.
    #[arg(long)]
    list_faults: bool,
    /// Writes the world's final state to this file as JSON.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
}

pub(super) async fn run(args: RehearseArgs, console: &Console) -> Exit {
    if args.list_faults {
        return list(&args, console);
    }
    let Begun {
        world,
        rehearser,
        signer,
        signals,
    } = match begin(&args, console).await {
        Ok(begun) => begun,
        Err(exit) => return exit,
    };
    console.note(&format!(
        "rehearsal in {}; nothing real is touched",
        world.root()
    ));
    tell_stand_ins(&world, console);
    let mut run_args = args.run;
    // That was answered, or is a dry run.
    run_args.yes = !run_args.dry_run;
    let keep = run_args.keep;
    let own = std::mem::take(&mut run_args.gate.set);
    run_args.gate.set = world.parameters().into_iter().chain(own).collect();
    let bundled = run_args.bundle.is_some();
    let faults = args.fault.clone();
    let stays = if keep {
        Stays::RunDirectory
    } else {
        Stays::Nothing
    };
    let setting = Setting {
        stays,
        signer,
        world: WorldKind::Rehearsal { faults },
        rehearser: Some(rehearser),
        sandbox: SandboxChoice::WherePossible,
        signals: Some(signals),
        actions: None,
        wrap: &|outside| world.wrap(outside),
    };
    let exit = run::run_as(world.operator(), run_args, console, setting).await;
    if let Stage::Own(own) = &world {
        for line in own.made_up_meanwhile() {
            console.note(&format!("made up meanwhile: {line}"));
        }
    }
    if let Some(Err(text)) = args.world.as_deref().map(|path| write_state(&world, path)) {
        return console.fail(Exit::Error, &text);
    }
    if keep {
        console.note(&format!("kept: {}", world.root()));
    } else if bundled {
        console.note("the rehearsal's world is removed; --keep keeps it");
    } else {
        console.note(
            "the rehearsal's world is removed; --keep keeps it, --bundle FILE keeps the evidence",
        );
    }
    world.end(keep).await;
    exit
}

/// A world that stands, and whoever rehearses in it.
struct Begun {
    world: Stage,
    /// Home directory of whoever rehearses.
    rehearser: Utf8PathBuf,
    /// Whoever signs the bundle.
    signer: Option<Signer>,
    /// What they do from the building on.
    signals: UnboundedReceiver<Signal>,
}

/// Builds the world. What is wrong with the command line or the gate file is said, and what there
/// is to ask is asked, before that.
async fn begin(args: &RehearseArgs, console: &Console) -> Result<Begun, Exit> {
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    let (gate, broken) = check(args, &operator, console).await?;
    let signer = sign::of_run(args.run.sign.as_deref(), &operator, console).await?;
    // From here on Ctrl-C takes away what was built: real daemons are part of it.
    let mut signals = signals::signals();
    let world = Stage::build(&operator, &gate, broken)
        .await
        .map_err(|error| console.fail(Exit::Error, &with_causes(&error)))?;
    if signals.try_recv().is_ok() {
        world.end(false).await;
        return Err(console.fail(Exit::Interrupted, "interrupted; nothing ran"));
    }
    Ok(Begun {
        world,
        rehearser: operator.home,
        signer,
        signals,
    })
}

/// Checks the command line and the gate file; then asks.
async fn check(
    args: &RehearseArgs,
    operator: &Operator,
    console: &Console,
) -> Result<(Gate, Broken), Exit> {
    let run = &args.run;
    if run.sign.is_some() && run.bundle.is_none() && !run.keep {
        let what = "--sign: nothing of a rehearsal stays to be signed; --bundle FILE keeps it";
        return Err(console.fail(Exit::Usage, what));
    }
    let faults = args.fault.clone();
    let world = WorldKind::Rehearsal { faults };
    let checked = checked::check(run, &world, operator, console).await?;
    let broken = faults::named(&args.fault, &checked.gate)
        .map_err(|text| console.fail(Exit::Usage, &text))?;
    if let Some(path) = &args.world {
        let can = operator::can_be_written("the world's state", path);
        can.map_err(|error| console.fail(Exit::Usage, &error))?;
    }
    if console.can_ask() && !run.yes && !run.dry_run {
        console.note("A rehearsal, in an embedded world.");
    }
    // The work packages of a run that is resumed are its own gate's.
    let scope = match run.resume {
        None => checked::scope(run, &checked.gate, console)?,
        Some(_) => Scope::All,
    };
    run::confirm(run, &checked.gate, &scope, &[], console)?;
    Ok((checked.gate, broken))
}

/// The faults that fit the gate.
fn list(args: &RehearseArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    match operator::gate(&args.run.gate, &operator, console) {
        Ok((gate, _)) => {
            console.out(&faults::listing(&gate));
            Exit::Passed
        }
        Err(exit) => exit,
    }
}

/// Writes what has become of the world.
fn write_state(world: &Stage, path: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&world.final_state()).unwrap_or_default();
    operator::create(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

/// Says which programs are not the real ones, and what was made up, so that nobody takes it for
/// more than that.
fn tell_stand_ins(world: &Stage, console: &Console) {
    match world {
        Stage::Phase4(world, _) => console.note(&stand_ins(world.stand_ins())),
        Stage::Own(world) => {
            let real = world.real_programs().join(", ");
            console.note(&format!("stand-ins: every program but {real}"));
            for line in world.made_up() {
                console.note(&format!("made up: {line}"));
            }
        }
    }
}

fn stand_ins(names: &[&str]) -> String {
    let listed = names.join(" and ");
    if names.contains(&"gh") {
        return format!("stand-ins: {listed}; there is no `gh` on PATH, see `gate doctor`");
    }
    format!("stand-ins: {listed}; every other tool is the real one")
}
