//! `gate diff`: where two runs parted, and every fact that is not the same.

use std::path::Path;

use clap::Args;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::recorded::{self, Format};
use crate::evidence::{Recording, Run, diff};

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A bundle, a run directory, or a run by its id.
    one: String,
    /// Another.
    other: String,
    /// Shows values that always differ too: times, process ids, ids.
    #[arg(long)]
    all: bool,
    /// How to print the differences.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    gate: GateArgs,
}

pub(super) fn run(args: &DiffArgs, console: &Console) -> Exit {
    let open = |name: &str| recorded::open(name, &args.gate, console);
    let (one, other) = match (open(&args.one), open(&args.other)) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    let texts = |recording: &Recording, name: &str| {
        let texts = recording.texts();
        texts.map_err(|error| recorded::refuse(Path::new(name), &error, console))
    };
    let (a, b) = match (texts(&one, &args.one), texts(&other, &args.other)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    let diff = diff(
        &Run {
            folded: &one.folded,
            texts: &a,
        },
        &Run {
            folded: &other.folded,
            texts: &b,
        },
    );
    args.format.print(&diff, &diff.text(args.all), console);
    if diff.same() {
        Exit::Passed
    } else {
        Exit::Failed
    }
}
