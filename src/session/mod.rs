//! One run from start to end: run directory and lock, the world with its layers, the engine, the
//! journal, the report. The same code serves the real world and a rehearsal; only the operator's
//! environment differs.

mod auditing;
mod command;
mod conclusion;
mod contended;
mod directory;
mod estimates;
mod finished;
mod follow;
mod handed;
mod hold;
mod journalled;
mod killed;
mod layers;
mod look;
mod opening;
mod options;
mod outside;
mod own_bundle;
mod remake;
mod rerun;
mod resume;
mod run;
mod runs;
mod shared_report;
mod subject;
mod tools;

pub use auditing::{Auditing, close_cache};
pub use command::{
    InstallHands, check_private, command_ctx, install_hands, plain_world, reading_ctx,
};
pub use contended::Contended;
pub use directory::{
    RunDirectory, RunSoFar, SessionError, find as find_run, find_of as find_run_of, gate_of,
    list as list_runs, markdown_of, page_of, report_of,
};
pub use estimates::estimates;
pub use finished::Finished;
pub use follow::{FollowEnd, follow};
pub use handed::{TakenOver, take_over};
pub use killed::{Killed, killed, lives};
pub use layers::Wrap;
pub use opening::{Earlier, earlier};
pub use options::{ChosenSandbox, Options};
pub use rerun::RecordedGate;
pub use run::run;
pub use runs::{BundledRun, RunSummary, remove_run, summaries};
pub use subject::can_be_asked_for;
pub use tools::{Survey, Tools, tools, world as survey_world};
