//! The options of a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::gate::Gate;
use crate::journal::HandedOn;
use crate::model::Asked;
use crate::model::subject::WorldKind;
use crate::world::live::{SandboxChoice, ToolPath};

/// The options of a run besides the gate.
#[derive(Debug, Clone)]
pub struct Options {
    /// The gate, parameters set.
    pub gate: Arc<Gate>,
    /// Directory that contains the checkouts.
    pub workspace: Utf8PathBuf,
    /// Directory that contains runs and evidence directories.
    pub state: Utf8PathBuf,
    /// The gate's own download cache.
    pub cache: Utf8PathBuf,
    /// Tools that the gate installed itself.
    pub tools: ToolPath,
    /// Versions of the tools by name, for the evidence.
    pub versions: BTreeMap<String, String>,
    /// Revision of the flake that this program comes from, if any.
    pub flake: Option<String>,
    /// Which part to run, and whether it may write.
    pub asked: Asked,
    /// The world that it reaches.
    pub world: WorldKind,
    /// Home directory of whoever rehearses; none in the real world.
    pub rehearser: Option<Utf8PathBuf>,
    /// The run to resume.
    pub resume: Option<String>,
    /// The bundle that this run was imported from.
    pub handed_on: Option<HandedOn>,
    /// Whether the gate was given in order to correct the run's own.
    pub corrected: bool,
    /// Keeps the throwaway home if everything has passed.
    pub keep: bool,
    /// How sandboxes are used.
    pub sandbox: ChosenSandbox,
}

/// How a run uses sandboxes, decided before it begins.
#[derive(Debug, Clone, Default)]
pub struct ChosenSandbox {
    /// The choice.
    pub choice: SandboxChoice,
    /// The version of the sandbox mechanism; none without one.
    pub version: Option<String>,
}
