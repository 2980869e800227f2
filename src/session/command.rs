//! The context of a single command outside of a run: no journal, no run directory.

use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use super::{SessionError, Tools, opening};
use crate::gate::Gate;
use crate::model::SubtaskId;
use crate::verb::{Ctx, Setting};
use crate::world::live::{LiveWorld, Operator, Places, SandboxChoice};
use crate::world::policy::{Policy, PolicyLayer};
use crate::world::redact::Redactor;
use crate::world::{Place, World};

const LIMIT: Duration = Duration::from_mins(15);

/// A context for a command of the gate itself, such as `gate reap`: the gate file's policy applies.
#[must_use]
pub fn command_ctx(
    operator: &Operator,
    gate: &Gate,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
) -> Ctx {
    let live = live(operator, cache, state, workspace).learning_from(gate.processes.values());
    let policy = Policy::new(gate.resolved_policy(), gate.processes.clone());
    ctx(gate, Arc::new(PolicyLayer::new(live, policy)))
}

/// A context for `gate verify --online`: only the reading part of what the built-in gate may do.
///
/// # Errors
/// None in a program that passed its tests: the built-in gate can be loaded.
pub fn reading_ctx(
    operator: &Operator,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
    tools: &Tools,
) -> Result<Ctx, crate::model::Diagnostics> {
    let gate = Gate::built_in()?;
    let live = live(operator, cache, state, workspace);
    live.set_tools(tools.path.clone());
    let policy = Policy::new(
        gate.resolved_policy().reading_only(),
        gate.processes.clone(),
    );
    Ok(ctx(&gate, Arc::new(PolicyLayer::new(live, policy))))
}

/// A world for requests that need no gate, no places and no policy, such as a request to the ssh
/// agent.
#[must_use]
pub fn plain_world(operator: &Operator) -> LiveWorld {
    let own = &operator.cwd;
    live(operator, own, own, own)
}

/// The context for `gate install`, and its progress.
pub struct InstallHands {
    /// The context.
    pub ctx: Ctx,
    /// What is being done, line by line.
    pub progress: UnboundedReceiver<(SubtaskId, String)>,
    /// The directories of its places.
    pub places: Places,
}

/// A context for `gate install`: everything goes into one directory, which takes the place of a
/// run's. The gate file's policy applies.
#[must_use]
pub fn install_hands(
    operator: &Operator,
    gate: &Gate,
    cache: &Utf8Path,
    into: &Utf8Path,
    vendored: Option<&Utf8Path>,
    tools: &Tools,
    sandbox: SandboxChoice,
) -> InstallHands {
    let mut places = Places::new(
        into.to_owned(),
        operator.cwd.clone(),
        into.to_owned(),
        cache.to_owned(),
        operator.home.clone(),
    )
    .with_pipx_of(operator);
    if let Some(vendored) = vendored {
        places = places.with(Place::VENDORED, vendored.to_owned());
    }
    let live = LiveWorld::new(operator.clone(), places.clone(), Arc::new(Redactor::new()))
        .learning_from(gate.processes.values())
        .with_sandbox(sandbox);
    live.set_tools(tools.path.clone());
    let policy = Policy::new(gate.resolved_policy(), gate.processes.clone())
        .writing_below(&Place::new(Place::VENDORED));
    let (sender, progress) = tokio::sync::mpsc::unbounded_channel();
    let ctx = ctx_telling(gate, Arc::new(PolicyLayer::new(live, policy)), sender);
    InstallHands {
        ctx,
        progress,
        places,
    }
}

/// Checks whether a gate's file and templates may be published unchanged, before anything is asked,
/// cleared or built.
///
/// # Errors
/// If one of them contains a secret or a path of this machine.
pub fn check_private(
    operator: &Operator,
    gate: &Gate,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
) -> Result<(), SessionError> {
    let redactor = Arc::new(Redactor::new());
    // Creating a world teaches the redactor what has to be redacted.
    let _world = live_with(operator, cache, state, workspace, Arc::clone(&redactor));
    opening::check_private(gate, &redactor)
}

pub(super) fn live(
    operator: &Operator,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
) -> LiveWorld {
    live_with(operator, cache, state, workspace, Arc::new(Redactor::new()))
}

fn live_with(
    operator: &Operator,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
    redactor: Arc<Redactor>,
) -> LiveWorld {
    let run = cache.join("command");
    let places = places(operator, run, cache, state, workspace);
    LiveWorld::new(operator.clone(), places, redactor)
}

/// A world whose run directory is this one's alone: commands at the same time would take each
/// other's log files for their own.
pub(super) fn live_in(
    operator: &Operator,
    run: Utf8PathBuf,
    cache: &Utf8Path,
    workspace: &Utf8Path,
) -> LiveWorld {
    let places = places(operator, run, cache, cache, workspace);
    LiveWorld::new(operator.clone(), places, Arc::new(Redactor::new()))
}

fn places(
    operator: &Operator,
    run: Utf8PathBuf,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
) -> Places {
    Places::new(
        run,
        workspace.to_owned(),
        state.to_owned(),
        cache.to_owned(),
        operator.home.clone(),
    )
}

pub(super) fn ctx(gate: &Gate, world: Arc<dyn World>) -> Ctx {
    let (nobody, _) = tokio::sync::mpsc::unbounded_channel();
    ctx_telling(gate, world, nobody)
}

fn ctx_telling(
    gate: &Gate,
    world: Arc<dyn World>,
    progress: UnboundedSender<(SubtaskId, String)>,
) -> Ctx {
    let setting = Setting {
        processes: gate.processes.clone(),
        parameters: gate.parameters.clone(),
        ..Setting::default()
    };
    Ctx::new(
        SubtaskId::new("command"),
        world,
        Arc::new(setting),
        Arc::default(),
        LIMIT,
        progress,
    )
}
