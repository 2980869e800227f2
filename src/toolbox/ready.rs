//! Tools for an operator outside of any run: looked at, and made where they are missing.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use futures::future::join_all;

use super::wanted::{WANTED, Wanted};
use super::{Tool, ToolError, ToolState, Tools, make, state, survey};
use crate::gate::SubtaskId;
use crate::world::live::{LiveWorld, Operator, Places};
use crate::world::redact::Redactor;

/// Looks at every tool of an operator's, without a run.
///
/// # Errors
/// If there is no temporary directory to ask them in.
pub async fn doctor(operator: &Operator, cache: &Utf8Path) -> Result<Vec<Tool>, ToolError> {
    let desk = Desk::new(operator, cache)?;
    Ok(survey(&desk.world, &desk.by).await)
}

/// Makes the tools that are missing or too old and can be made, and says where they are: before
/// the operator's for what replaces an older one, else behind. Tools that are missing and cannot
/// be made have no version, which is all that is said of them here; see [`survey`].
///
/// # Errors
/// The first tool in the order of the list that could not be made.
pub async fn ready(operator: &Operator, cache: &Utf8Path) -> Result<Tools, ToolError> {
    let desk = Desk::new(operator, cache)?;
    let provided = join_all(WANTED.iter().map(|wanted| desk.provide(wanted))).await;
    let mut tools = Tools::default();
    for (wanted, provided) in WANTED.iter().zip(provided) {
        let provided = provided?;
        match provided.place {
            Some(Beside::Behind(directory)) => tools.path.behind.push(directory),
            Some(Beside::Before(directory)) => tools.path.before.push(directory),
            None => {}
        }
        if let Some(version) = provided.version {
            tools.versions.insert(wanted.name.to_owned(), version);
        }
    }
    Ok(tools)
}

/// Where a tool that the gate made has to stand.
enum Beside {
    Before(Utf8PathBuf),
    Behind(Utf8PathBuf),
}

/// A tool as a run will find it.
struct Provided {
    place: Option<Beside>,
    version: Option<String>,
}

/// A world outside of any run, in a directory of its own that is gone afterwards.
struct Desk {
    world: LiveWorld,
    places: Places,
    by: SubtaskId,
    _directory: tempfile::TempDir,
}

impl Desk {
    fn new(operator: &Operator, cache: &Utf8Path) -> Result<Self, ToolError> {
        let failed = |error: std::io::Error| ToolError::NoDirectory { source: error };
        let directory = tempfile::Builder::new()
            .prefix("gate-tools-")
            .tempdir()
            .map_err(failed)?;
        let run = Utf8PathBuf::from_path_buf(directory.path().to_owned()).map_err(|path| {
            failed(std::io::Error::other(format!(
                "{} is not text",
                path.display()
            )))
        })?;
        let places = Places::new(
            run.clone(),
            operator.cwd.clone(),
            run,
            cache.to_owned(),
            operator.home.clone(),
        );
        let redactor = Arc::new(Redactor::new());
        Ok(Self {
            world: LiveWorld::new(operator.clone(), places.clone(), redactor),
            places,
            by: SubtaskId::new("tools"),
            _directory: directory,
        })
    }

    async fn provide(&self, wanted: &Wanted) -> Result<Provided, ToolError> {
        let found = state(&self.world, &self.by, wanted).await;
        let Some(recipe) = wanted
            .recipe
            .as_ref()
            .filter(|_| found.state != ToolState::Good)
        else {
            let version = found.version;
            return Ok(Provided {
                place: None,
                version,
            });
        };
        let made = make(&self.world, &self.by, wanted.name, recipe).await?;
        let directory = self.places.path(&made);
        Ok(Provided {
            place: Some(match found.state {
                ToolState::Missing => Beside::Behind(directory),
                _ => Beside::Before(directory),
            }),
            version: Some(recipe.version.to_owned()),
        })
    }
}
