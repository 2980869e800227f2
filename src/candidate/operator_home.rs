//! Compares the operator's own home and pipx before and after an install: the gate must not write
//! there.
//!
//! Looks at what an installer could touch, not at documents; reads names, sizes, times, digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Finding, read_json_as};
use crate::verb::{Ctx, VerbError};
use crate::world::{FileFailure, FileSeen, ListFiles, Place, WorldError};

/// Files that pip, pipx, uv, the candidate or a shell set-up would change.
const LOOKED_AT: &[&str] = &[
    ".local/bin/*",
    ".local/pipx/venvs/*/bin/*",
    ".local/pipx/venvs/*/pipx_metadata.json",
    ".local/pipx/venvs/*/lib/*/site-packages/*.dist-info/RECORD",
    ".local/share/pipx/venvs/*/bin/*",
    ".local/share/pipx/venvs/*/pipx_metadata.json",
    ".local/share/pipx/venvs/*/lib/*/site-packages/*.dist-info/RECORD",
    "Library/Application Support/pipx/venvs/*/bin/*",
    "Library/Application Support/pipx/venvs/*/pipx_metadata.json",
    ".local/share/uv/tools/*/uv-receipt.toml",
    ".config/pip/*",
    ".config/uv/*",
    ".pip/*",
    ".kittify/*",
    ".kittify/sync/daemon/*",
    ".spec-kitty/*",
    ".profile",
    ".bash_profile",
    ".bashrc",
    ".zprofile",
    ".zshrc",
    ".config/fish/config.fish",
];

/// The same below the home of a pipx that is configured to be elsewhere.
const OF_PIPX: &[&str] = &[
    "venvs/*/bin/*",
    "venvs/*/pipx_metadata.json",
    "venvs/*/lib/*/site-packages/*.dist-info/RECORD",
];

/// The observed state of the operator's home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorHome(BTreeMap<Place, FileSeen>);

/// A comparison of before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// How many files were looked at.
    pub looked_at: usize,
    /// What changed, one line each.
    pub changed: Vec<String>,
    /// Which of the operator's uv and pip settings were passed to the installers.
    pub settings: IndexSettings,
}

/// The operator's uv and pip settings, by name: package sources, logins, certificates and proxies
/// are passed on; nothing that would change what is resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSettings {
    /// Those that were passed to the installers.
    pub taken: Vec<String>,
    /// Those that did not.
    pub left_out: Vec<String>,
    /// The subset of those left out that would have changed what is resolved.
    pub would_resolve: Vec<String>,
}

impl IndexSettings {
    /// Where the world writes them down, in the run directory.
    const NOTED: &str = "index-settings.json";
    const LIMIT: u64 = 1 << 20;

    /// As they were written down when the first installer was started; none before.
    async fn of(ctx: &Ctx) -> Result<Self, VerbError> {
        let text = match ctx.read(&Place::run(Self::NOTED), Self::LIMIT).await {
            Ok(text) => text,
            Err(WorldError::File {
                kind: FileFailure::NotFound,
                ..
            }) => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        read_json_as(&text).map_err(|error| {
            VerbError::error(Finding::new(format!(
                "the names of the operator's index settings cannot be read: {error}"
            )))
        })
    }
}

impl Compared {
    /// The differences as warnings for the operator: somebody may have worked there in the
    /// meantime, so none of them is a failure by itself.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let changed = self.changed.iter();
        let changed = changed.map(|change| format!("in the operator's home, meanwhile: {change}"));
        let left_out = self.settings.would_resolve.iter();
        changed.chain(left_out.map(|name| {
            format!("left out of the operator's settings, for it changes what is resolved: {name}")
        }))
    }
}

/// Performs some work and compares the operator's home before and after, even if the work fails:
/// then the changes are reported with the failure.
///
/// # Errors
/// The error of the work, or that the home cannot be read.
pub async fn compared<T>(
    ctx: &Ctx,
    work: impl Future<Output = Result<T, VerbError>>,
) -> Result<(T, Compared), VerbError> {
    let before = OperatorHome::of(ctx).await?;
    let done = work.await;
    let compared = Compared {
        looked_at: before.len(),
        changed: before.changes(&OperatorHome::of(ctx).await?),
        settings: IndexSettings::of(ctx).await?,
    };
    match done {
        Ok(done) => Ok((done, compared)),
        Err(trouble) if compared.warnings().next().is_none() => Err(trouble),
        Err(trouble) => Err(VerbError::Stop(
            trouble.outcome().beside(compared.warnings()),
        )),
    }
}

impl OperatorHome {
    /// Reads the current state.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn of(ctx: &Ctx) -> Result<Self, VerbError> {
        let mut files = Vec::new();
        // A missing directory has no files.
        for (root, looked_at) in [
            (Place::HOME, LOOKED_AT),
            (Place::PIPX, OF_PIPX),
            (Place::PIPX_BIN, &["*"]),
        ] {
            let include = looked_at.iter().map(|&pattern| pattern.to_owned());
            let root = Place::new(root);
            let include = include.collect();
            files.extend(ctx.list(ListFiles { root, include }).await?);
        }
        Ok(Self::from(files))
    }

    /// How many files were looked at.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no file was looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What changed, one line each.
    #[must_use]
    pub fn changes(&self, after: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (path, file) in &self.0 {
            match after.0.get(path) {
                None => found.push(format!("`{path}` is gone")),
                Some(now) if now.sha256 != file.sha256 => {
                    found.push(format!("`{path}` was changed"));
                }

                Some(now) if now.modified != file.modified => {
                    found.push(format!("`{path}` was written again with the same content"));
                }
                Some(_) => {}
            }
        }
        let new = after.0.keys().filter(|path| !self.0.contains_key(*path));
        found.extend(new.map(|path| format!("`{path}` is new")));
        found
    }
}

impl From<Vec<FileSeen>> for OperatorHome {
    fn from(files: Vec<FileSeen>) -> Self {
        Self(
            files
                .into_iter()
                .map(|file| (file.path.clone(), file))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn file(name: &str, sha256: &str, second: i64) -> FileSeen {
        FileSeen {
            path: Place::new(Place::HOME).join(name),
            bytes: 1,
            sha256: sha256.into(),
            modified: Timestamp::from_second(second).unwrap(),
        }
    }

    #[test]
    fn every_kind_of_change_is_named() {
        let before = OperatorHome::from(vec![
            file("a", "1", 1),
            file("b", "1", 1),
            file("c", "1", 1),
            file("d", "1", 1),
        ]);
        let after = OperatorHome::from(vec![
            file("a", "1", 1),
            file("b", "2", 1),
            file("c", "1", 2),
            file("e", "1", 1),
        ]);
        let changes = before.changes(&after);
        assert_eq!(changes.len(), 4, "{changes:?}");
        assert_eq!(before.changes(&before), Vec::<String>::new());
    }
}
