//! `gate rehearse`: the same run, in the embedded world.

use std::path::{Path, PathBuf};

use camino::Utf8PathBuf;
use clap::Args;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Exit;
use super::args::RunArgs;
use super::console::Console;
use super::run::{Setting, Stays};
use super::{checked, operator, run};
use crate::engine::Signal;
use crate::gate::Verdict;
use crate::rehearsal::{Fault, Faults, World as EmbeddedWorld};
use crate::world::live::Operator;

#[derive(Debug, Args)]
pub(super) struct RehearseArgs {
    /// Something that goes wrong in the world; may be given several times.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    fault: Vec<String>,
    /// Lists the faults: name, where the gate must stop, verdict and exit code, what happens.
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
        console.out(&listing());
        return Exit::Passed;
    }
    let Begun {
        world,
        rehearser,
        signals,
    } = match begin(&args, console).await {
        Ok(begun) => begun,
        Err(exit) => return exit,
    };
    console.note(&format!(
        "rehearsal in {}; nothing real is touched",
        world.root()
    ));
    console.note(&stand_ins(world.stand_ins()));
    let mut run_args = args.run;
    // That was answered, or is a dry run.
    run_args.yes = !run_args.dry_run;
    let keep = run_args.keep;
    let own = std::mem::take(&mut run_args.gate.set);
    run_args.gate.set = world.parameters().into_iter().chain(own).collect();
    let bundled = run_args.bundle.is_some();
    let stays = if keep { Stays::ToRead } else { Stays::Nothing };
    let setting = Setting {
        stays,
        rehearser: Some(rehearser),
        signals: Some(signals),
        wrap: &|outside| world.wrap(outside),
    };
    let exit = run::run_as(world.operator(), run_args, console, setting).await;
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
    world: EmbeddedWorld,
    /// Home directory of whoever rehearses.
    rehearser: Utf8PathBuf,
    /// What they do from the building on.
    signals: UnboundedReceiver<Signal>,
}

/// Builds the world. What is wrong with the command line or the gate file is said, and what there
/// is to ask is asked, before that.
async fn begin(args: &RehearseArgs, console: &Console) -> Result<Begun, Exit> {
    let faults = faults(&args.fault).map_err(|text| console.fail(Exit::Usage, &text))?;
    let operator = operator::of_process().map_err(|error| console.fail(Exit::Error, &error))?;
    check(args, &operator, console).await?;
    // From here on Ctrl-C takes away what was built: real daemons are part of it.
    let mut signals = run::signals();
    let world = EmbeddedWorld::build(&operator, &faults)
        .await
        .map_err(|error| console.fail(Exit::Error, &run::chain(&error)))?;
    if signals.try_recv().is_ok() {
        world.end(false).await;
        return Err(console.fail(Exit::Interrupted, "interrupted; nothing ran"));
    }
    Ok(Begun {
        world,
        rehearser: operator.home,
        signals,
    })
}

async fn check(args: &RehearseArgs, operator: &Operator, console: &Console) -> Result<(), Exit> {
    let checked = checked::check(&args.run, operator, console).await?;
    if let Some(path) = &args.world {
        let can = operator::can_be_written("the world's state", path);
        can.map_err(|error| console.fail(Exit::Usage, &error))?;
    }
    if console.can_ask() && !args.run.yes && !args.run.dry_run {
        console.note("A rehearsal: all of it happens in a world of its own.");
    }
    run::confirm(&args.run, &checked.gate, &[], console)
}

/// Writes what has become of the world.
fn write_state(world: &EmbeddedWorld, path: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&world.final_state()).unwrap_or_default();
    operator::create(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

/// Says which programs are not the real ones, so that nobody takes them for that.
fn stand_ins(names: &[&str]) -> String {
    let listed = names.join(" and ");
    if names.contains(&"gh") {
        return format!("stand-ins: {listed}; there is no `gh` on PATH, see `gate doctor`");
    }
    format!("stand-ins: {listed}; every other tool is the real one")
}

fn faults(names: &[String]) -> Result<Faults, String> {
    let parse = |name: &String| {
        name.parse::<Fault>().map_err(|error| {
            let known = Fault::ALL.iter().map(|fault| fault.name());
            let near = crate::gate::nearest(name, known)
                .map(|near| format!("; did you mean `{near}`?"))
                .unwrap_or_default();
            format!("{error}{near}\n  → `gate rehearse --list-faults` lists them all")
        })
    };
    names.iter().map(parse).collect()
}

fn listing() -> String {
    let head = format!(
        "{:<28} {:<6} {:<14} what happens in the world",
        "fault", "stops", "verdict, exit"
    );
    let rows = Fault::ALL.iter().map(|fault| {
        let stops = if fault.stops_at().len() > 5 {
            "(any)"
        } else {
            fault.stops_at()
        };
        format!(
            "{:<28} {stops:<6} {:<14} {}",
            fault.name(),
            format!("{} {}", verdict(fault.exit()), fault.exit()),
            fault.what()
        )
    });
    std::iter::once(head)
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

/// The verdict with this exit code.
fn verdict(exit: u8) -> String {
    let all = [
        Verdict::Passed,
        Verdict::Failed,
        Verdict::Blocked,
        Verdict::Error,
        Verdict::Critical,
    ];
    let found = all.into_iter().find(|one| Exit::from(*one).code() == exit);
    found.map_or_else(String::new, |verdict| verdict.to_string())
}
