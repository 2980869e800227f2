//! The tools of a run, found or installed before the run begins; their versions are evidence.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::SubtaskId;
use crate::toolbox::{self, Needed, ToolError, Version};
use crate::world::live::{LiveWorld, Operator, Places, ToolPath};
use crate::world::redact::Redactor;

/// Tools that are ready to be used.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    /// Directories to put around the operator's `PATH`.
    pub path: ToolPath,
    /// The same, on this machine: before it, and behind it.
    pub directories: (Vec<Utf8PathBuf>, Vec<Utf8PathBuf>),
    /// Versions by name.
    pub versions: BTreeMap<String, Version>,
}

/// Finds the tools that are needed, and installs those that are missing or too old into the gate's
/// own cache.
///
/// # Errors
/// The first that could not be installed.
pub async fn tools(
    operator: &Operator,
    cache: &Utf8Path,
    needed: &Needed,
) -> Result<Tools, ToolError> {
    let by = SubtaskId::new("tools");
    let Survey {
        world,
        places,
        logs: _logs,
    } = world(operator, cache);
    let path = toolbox::provide(&world, &by, needed).await?;
    world.set_tools(path.clone());
    let versions = toolbox::versions(&world, &by, needed).await;
    let real = |all: &[crate::world::Place]| all.iter().map(|place| places.path(place)).collect();
    let directories = (real(&path.before), real(&path.behind));
    Ok(Tools {
        path,
        directories,
        versions,
    })
}

/// A world for inspecting the machine.
pub struct Survey {
    /// The world.
    pub world: LiveWorld,
    /// The directories of its places.
    pub places: Places,
    /// What its programs write; removed with it. Each survey has its own: two concurrent ones would
    /// mistake each other's log files for their own.
    pub logs: Option<tempfile::TempDir>,
}

/// A world for inspecting the machine.
#[must_use]
pub fn world(operator: &Operator, cache: &Utf8Path) -> Survey {
    let logs = tempfile::Builder::new()
        .prefix("gate-survey-")
        .tempdir()
        .ok();
    let run = logs
        .as_ref()
        .and_then(|logs| Utf8PathBuf::from_path_buf(logs.path().to_owned()).ok())
        .unwrap_or_else(|| cache.join("survey"));
    let places = Places::new(
        run,
        operator.cwd.clone(),
        cache.to_owned(),
        cache.to_owned(),
        operator.home.clone(),
    );
    let world = LiveWorld::new(operator.clone(), places.clone(), Arc::new(Redactor::new()));
    Survey {
        world,
        places,
        logs,
    }
}
