//! `gate workflow`: a gate as a GitHub Actions workflow.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::GateArgs;
use super::console::Console;
use super::{Exit, operator};
use crate::gate::{Recipe, Started, workflow};

/// A flake reference that whoever copies the workflow fills in.
const FLAKE: &str = "github:OWNER/gate?rev=COMMIT#gate";

#[derive(Debug, Args)]
pub(super) struct WorkflowArgs {
    #[command(flatten)]
    gate: GateArgs,
    /// How the jobs start the program.
    #[arg(long, value_enum, default_value_t = Program::Nix)]
    program: Program,
    /// The flake that `nix run` starts.
    #[arg(long, value_name = "REFERENCE", default_value = FLAKE)]
    flake: String,
    /// Cuts the line of jobs before this work package besides; may be given several times.
    #[arg(long, value_name = "WP", value_delimiter = ',')]
    split: Vec<String>,
    /// Gives this candidate a run of its own; may be given several times. Without it the workflow
    /// has an input for it.
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    candidate: Vec<String>,
    /// Gives this runner, such as `macos-15`, a run of its own; may be given several times.
    #[arg(long, value_name = "RUNNER", value_delimiter = ',')]
    platform: Vec<String>,
    /// Environment whose reviewers say yes before a job that writes.
    #[arg(long, value_name = "NAME", default_value = "release")]
    environment: String,
    /// Public key, a file of the repository that the workflow lies in: each job signs what it hands
    /// on with the secret `GATE_SIGNING_KEY`, and takes over nothing else.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Lets GitHub vouch for the bundle: a job of its own, with the permissions `id-token` and
    /// `attestations`.
    #[arg(long)]
    vouch: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Program {
    /// `nix run` of the flake.
    Nix,
    /// `gate`, which is on the runner's PATH.
    Installed,
}

pub(super) fn run(args: WorkflowArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let (gate, _) = match operator::gate(&args.gate, &operator, console) {
        Ok(gate) => gate,
        Err(exit) => return exit,
    };
    let file = args.gate.gate.as_ref();
    let recipe = Recipe {
        program: match args.program {
            Program::Nix => Started::Nix(args.flake),
            Program::Installed => Started::Installed,
        },
        gate_file: file.map(|path| path.display().to_string()),
        split: args.split,
        candidates: args.candidate,
        platforms: args.platform,
        environment: args.environment,
        vouch: args.vouch,
        key: args.key.map(|path| path.display().to_string()),
    };
    match workflow(&gate, &recipe) {
        Ok(text) => console.out(&text),
        Err(error) => return console.fail(Exit::Usage, &error.to_string()),
    }
    Exit::Passed
}
