//! Options that several subcommands share.

use std::path::PathBuf;

use clap::Args;

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

/// How to run.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) gate: GateArgs,
    /// Runs this work package and all that it depends on; `--until WP05` is the MVP.
    #[arg(long, value_name = "WP", conflicts_with = "only")]
    pub(super) until: Option<String>,
    /// Runs this work package only, for debugging; what it depends on is taken as given.
    #[arg(long, value_name = "WP")]
    pub(super) only: Option<String>,
    /// Goes on with an earlier run.
    #[arg(long, value_name = "RUN")]
    pub(super) resume: Option<String>,
    /// Resolves the candidate's dependencies as of this time (RFC 3339); sets `rc.as_of`.
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
    /// Reads only: every write to GitHub and every signal is refused, and said.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Answers yes to the question before the first write.
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Writes events as JSON lines to this file, from the first one.
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,
    /// Writes the run's bundle to this new file, besides the run directory.
    #[arg(long, value_name = "FILE")]
    pub(super) bundle: Option<PathBuf>,
    /// Keeps the throwaway home when all has passed.
    #[arg(long)]
    pub(super) keep: bool,
}
