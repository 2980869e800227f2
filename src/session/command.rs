//! Hands for a single command, outside of a run: no journal, no run directory.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;

use crate::gate::{Gate, SubtaskId};
use crate::verbs::{Ctx, Setting};
use crate::world::World;
use crate::world::live::{LiveWorld, Operator, Places};
use crate::world::policy::{Policy, PolicyLayer};
use crate::world::redact::Redactor;

const LIMIT: Duration = Duration::from_mins(15);

/// Hands for a command of the gate's own, such as `gate reap`: the gate file's policy holds.
#[must_use]
pub fn command_ctx(
    operator: &Operator,
    gate: &Gate,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
) -> Ctx {
    let live = live(operator, cache, state, workspace);
    let policy = Policy::new(gate.resolved_policy(), gate.processes.clone());
    ctx(gate, Arc::new(PolicyLayer::new(live, policy)))
}

pub(super) fn live(
    operator: &Operator,
    cache: &Utf8Path,
    state: &Utf8Path,
    workspace: &Utf8Path,
) -> LiveWorld {
    let places = Places::new(
        cache.join("command"),
        workspace.to_owned(),
        state.to_owned(),
        cache.to_owned(),
        operator.home.clone(),
    );
    LiveWorld::new(operator.clone(), places, Arc::new(Redactor::new()))
}

pub(super) fn ctx(gate: &Gate, world: Arc<dyn World>) -> Ctx {
    let setting = Setting {
        processes: gate.processes.clone(),
        parameters: gate.parameters.clone(),
        ..Setting::default()
    };
    let (progress, _) = tokio::sync::mpsc::unbounded_channel();
    Ctx::new(
        SubtaskId::new("command"),
        world,
        Arc::new(setting),
        Arc::default(),
        LIMIT,
        progress,
    )
}
