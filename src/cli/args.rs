//! Options that several subcommands share.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::model::Repeat;

/// Which gate, and with which parameters.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct GateArgs {
    /// Gate file; without it, the built-in Phase 4 gate.
    #[arg(long, value_name = "FILE", global = false)]
    pub(super) gate: Option<PathBuf>,
    /// Sets a parameter, such as `rc.baseline=3.2.0rc15`; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// TOML file with parameters.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// See [`Repeat`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RepeatArg {
    /// Posts a second comment.
    New,
    /// Lets that comment count as this run's, if it says the same.
    Keep,
}

impl From<RepeatArg> for Repeat {
    fn from(argument: RepeatArg) -> Self {
        match argument {
            RepeatArg::New => Self::New,
            RepeatArg::Keep => Self::Keep,
        }
    }
}

/// How to run.
#[derive(Debug, Clone, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) gate: GateArgs,
    /// Runs this work package and all that it depends on; `--until WP05` is the MVP.
    #[arg(long, value_name = "WP")]
    pub(super) until: Option<String>,
    /// Runs these work packages only; what they depend on is taken as given. With `--until`, those
    /// of them that it takes in.
    #[arg(long, value_name = "WP", value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Resumes an earlier run: its id, the beginning of it, its directory, or its bundle from
    /// another machine.
    #[arg(long, value_name = "RUN|DIR|BUNDLE")]
    pub(super) resume: Option<String>,
    /// Public keys that you trust: a bundle that is resumed must be signed by one of them. A PEM
    /// file, or one of allowed signers as ssh-keygen takes it; may be given several times.
    #[arg(long, value_name = "FILE", requires = "resume")]
    pub(super) key: Vec<PathBuf>,
    /// Takes candidates and dependencies as of this time (RFC 3339): what was published later does
    /// not exist. Sets `rc.as_of`.
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
    /// Gates this candidate, such as `3.2.0rc16`, instead of the newest. Sets `rc.candidate`.
    #[arg(long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    pub(super) candidate: Option<String>,
    /// Waits for another run that is at work on the same candidate of this gate, or in the same
    /// checkouts. Without it such a run is refused, and named. A dry run needs none of them.
    #[arg(long)]
    pub(super) wait: bool,
    /// What is done where another run of this gate has commented for the same candidate: `new` posts
    /// a second comment, `keep` lets that one count as this run's if it says the same. Without it
    /// the subtask stops, blocked, and names the comment.
    #[arg(long, value_name = "HOW")]
    pub(super) again: Option<RepeatArg>,
    /// Reads only: every write to GitHub and every signal is refused, and said.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Runs the code that is judged without a sandbox; the report and the record say so.
    #[arg(long)]
    pub(super) no_sandbox: bool,
    /// Answers yes to the question before the first write.
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Writes events as JSON lines to this file, from the first one.
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,
    /// Writes the run's bundle to this new file, besides the run directory.
    #[arg(long, value_name = "FILE")]
    pub(super) bundle: Option<PathBuf>,
    /// Signs the bundle, whatever the verdict, into BUNDLE.intoto.jsonl: a key file, or
    /// `agent:NAME` with the comment or fingerprint of a key in the ssh agent.
    #[arg(long, value_name = "KEY")]
    pub(super) sign: Option<String>,
    /// Keeps the throwaway home when all has passed.
    #[arg(long)]
    pub(super) keep: bool,
}
