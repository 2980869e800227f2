//! Redirects the files that the gate leaves outside of its own directories: they are written below
//! the embedded world, never to the machine's `/tmp`.

use std::sync::Arc;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Fault, Faults, RehearsalError, host};
use crate::model::SubtaskId;
use crate::world::{Effect, LeaveFile, Place, Response, World, WorldError};

/// What occupies the path where a log would be left.
const TAKEN: &str = "tmp/teamspace-canary-run-2.log";
/// The operator's own file that the stranger's link leads to.
const LEADS_TO: &str = "operator/home/.bashrc";

/// What `/` is to readers in the world below this directory.
fn outside(root: &Utf8Path) -> Utf8PathBuf {
    root.join("outside")
}

/// Where a gate leaves logs that is not wrapped in [`Readers`].
pub(super) fn parameter(root: &Utf8Path) -> String {
    let logs = outside(root).join("tmp/teamspace-canary-run-{1..4}.log");
    format!("teamspace.readers_logs={logs}")
}

/// Creates the directories that every machine has, and what a fault puts there.
pub(super) fn build(root: &Utf8Path, faults: &Faults) -> Result<(), RehearsalError> {
    let outside = outside(root);
    host::make_dir(outside.join("tmp").as_std_path())?;
    if faults.contains(&Fault::ReadersLogTaken) {
        let link = outside.join(TAKEN);
        host::link(root.join(LEADS_TO).as_std_path(), link.as_std_path())?;
    }
    Ok(())
}

/// What readers find, by path, and what each link leads to.
pub(super) fn found(root: &Utf8Path) -> Vec<String> {
    let directory = outside(root).join("tmp");
    let names = host::list_dir(directory.as_std_path()).unwrap_or_default();
    let name = |name: String| format!("/tmp/{name}");
    names.into_iter().map(name).collect()
}

/// Puts files that are left at absolute paths below the world's own directory.
pub(super) struct Readers {
    pub(super) inner: Arc<dyn World>,
    pub(super) root: Utf8PathBuf,
}

#[async_trait]
impl World for Readers {
    async fn perform(&self, by: &SubtaskId, effect: Effect) -> Result<Response, WorldError> {
        let Effect::LeaveFile(file) = effect else {
            return self.inner.perform(by, effect).await;
        };
        let asked = file.to.clone();
        let below = asked.as_str().strip_prefix('/');
        let to = below.map(|below| Place::new(outside(&self.root).join(below).as_str()));
        let effect = Effect::LeaveFile(LeaveFile {
            to: to.unwrap_or_else(|| asked.clone()),
            ..file
        });
        match self.inner.perform(by, effect).await {
            Ok(Response::Files(mut files)) => {
                for file in &mut files {
                    file.path = asked.clone();
                }
                Ok(Response::Files(files))
            }
            Err(WorldError::File {
                operation,
                kind,
                reason,
                ..
            }) => Err(WorldError::File {
                operation,
                path: asked.to_string(),
                kind,
                reason,
            }),
            other => other,
        }
    }
}
