//! The options of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::gate::Gate;
use crate::journal::HandedOn;
use crate::model::Asked;
use crate::model::subject::WorldKind;
use crate::world::live::{SandboxChoice, ToolPath};

/// What a run needs to know besides the gate.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gate, parameters set.
    pub gate: Arc<Gate>,
    /// Directory that holds the checkouts.
    pub workspace: Utf8PathBuf,
    /// Directory that holds runs and attempts.
    pub state: Utf8PathBuf,
    /// The gate's own download cache.
    pub cache: Utf8PathBuf,
    /// Tools that the gate brought itself.
    pub tools: ToolPath,
    /// Versions of the tools by name, for the evidence.
    pub versions: BTreeMap<String, String>,
    /// Revision of the flake that this program comes from, when it does.
    pub flake: Option<String>,
    /// Which part to run, and whether it may write.
    pub asked: Asked,
    /// The world that it reaches.
    pub world: WorldKind,
    /// Home directory of whoever rehearses; none on the real world.
    pub rehearser: Option<Utf8PathBuf>,
    /// The run to go on with.
    pub resume: Option<String>,
    /// The bundle that this run was taken over from.
    pub handed_on: Option<HandedOn>,
    /// Whether the gate is one that was given to correct the run's own.
    pub corrected: bool,
    /// Keeps the throwaway home when all has passed.
    pub keep: bool,
    /// What is done about sandboxes.
    pub sandbox: ChosenSandbox,
}

/// What a run does about sandboxes, known before it begins.
#[derive(Debug, Clone, Default)]
pub struct ChosenSandbox {
    /// What is done.
    pub choice: SandboxChoice,
    /// The version of what keeps programs in; none where nothing does.
    pub version: Option<String>,
}
