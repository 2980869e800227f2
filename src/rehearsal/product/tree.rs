//! The candidate's source as embedded files, and the trees built from them.
//!
//! Owns the embedded files and the patches between their variants; never starts a program.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::rehearsal::{RehearsalError, host};

macro_rules! embedded {
    ($directory:literal $($path:literal)*) => {
        &[$(($path, include_str!(concat!("source/", $directory, "/", $path))),)*]
    };
}

/// Files of a directory in `source/`, by path.
type Embedded = &'static [(&'static str, &'static str)];

/// The repository `spec-kitty` at 3.2.0rc16, without the vendored wheels.
const SPEC_KITTY: Embedded = embedded! { "spec-kitty"
    ".gitignore"
    "CHANGELOG.md"
    "README.md"
    "docs/daemon.md"
    "pyproject.toml"
    "src/specify_cli/__init__.py"
    "src/specify_cli/__main__.py"
    "src/specify_cli/_version.py"
    "src/specify_cli/banner.py"
    "src/specify_cli/cli/__init__.py"
    "src/specify_cli/cli/app.py"
    "src/specify_cli/cli/commands/__init__.py"
    "src/specify_cli/cli/commands/agent.py"
    "src/specify_cli/cli/commands/mission.py"
    "src/specify_cli/cli/commands/sync.py"
    "src/specify_cli/cli/errors.py"
    "src/specify_cli/files.py"
    "src/specify_cli/missions.py"
    "src/specify_cli/paths.py"
    "src/specify_cli/settings.py"
    "src/specify_cli/status/__init__.py"
    "src/specify_cli/status/adapters.py"
    "src/specify_cli/status/transitions.py"
    "src/specify_cli/sync/__init__.py"
    "src/specify_cli/sync/client.py"
    "src/specify_cli/sync/daemon.py"
    "src/specify_cli/sync/owner.py"
    "src/specify_cli/sync/preflight.py"
    "src/specify_cli/sync/queue.py"
    "tests/cli/test_sync_classification.py"
    "tests/cli/test_version.py"
    "tests/conftest.py"
    "tests/status/test_transitions.py"
    "tests/sync/test_queue.py"
    "tests/sync/test_queue_log.py"
    "tests/sync/test_queue_rollback.py"
    "tests/sync/test_rollback_diagnostics.py"
    "uv.lock"
};

/// The repository `spec-kitty-events` at 5.1.0.
const SPEC_KITTY_EVENTS: Embedded = embedded! { "spec-kitty-events"
    "CHANGELOG.md"
    "README.md"
    "pyproject.toml"
    "src/spec_kitty_events/__init__.py"
};

macro_rules! patches {
    ($($variant:ident $file:literal $what:literal;)*) => {
        /// A change to the embedded source, kept as a file in `patches/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Patch {
            $(#[doc = $what] $variant,)*
        }

        impl Patch {
            /// Every patch.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)*];

            fn file(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => ($file, include_str!(concat!("patches/", $file))),)*
                }
            }
        }
    };
}

patches! {
    BeforeClassificationFix "before-classification-fix.patch" "Takes the fix of #1182 out.";
    BeforeRollbackFix "before-rollback-fix.patch" "Takes the fix of #1141 out, as if nobody had written it.";
    BeforeDiagnostics "before-diagnostics.patch" "Takes the first, diagnostic-only change for #1141 out.";
    TimeoutRaised "timeout-raised.patch" "Raises the client's timeout and does nothing else.";
    RollbackIsBack "rollback-is-back.patch" "Breaks what #1141 was about anew; its fix stays in.";
    ClassificationIsGone "classification-is-gone.patch" "Breaks what #1182 was about anew; its fix stays in.";
    BodyReceipt "body-receipt.patch" "Expects a receipt for a body that the service never sends.";
}

/// Test files that replace the good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tests {
    /// Tests of #1141 that also pass without its fix.
    NoProof,
    /// Tests of #1141 of which only one, about log records, fails without its fix.
    LogOnly,
    /// A test of #1182 about a timeout.
    TimeoutOnly,
}

impl Tests {
    fn files(self) -> Embedded {
        match self {
            Self::NoProof => {
                embedded! { "variants/no-proof-test" "tests/sync/test_queue_rollback.py" }
            }
            Self::LogOnly => {
                embedded! { "variants/log-only-test" "tests/sync/test_queue_rollback.py" }
            }
            Self::TimeoutOnly => {
                embedded! { "variants/timeout-only-fix" "tests/sync/test_client_timeout.py" }
            }
        }
    }
}

/// The version that the embedded source of `spec-kitty` carries.
const EMBEDDED_VERSION: &str = "3.2.0rc16";

/// The files that carry it.
const VERSION_FILES: [&str; 3] = ["pyproject.toml", "src/specify_cli/_version.py", "uv.lock"];

/// A whole directory: each file's content by its path. Clones share the contents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree(BTreeMap<String, Arc<[u8]>>);

impl Tree {
    /// The repository `spec-kitty` with both fixes, without the vendored wheels.
    #[must_use]
    pub fn spec_kitty() -> Self {
        Self::default().with(SPEC_KITTY)
    }

    /// The repository `spec-kitty-events`.
    #[must_use]
    pub fn spec_kitty_events() -> Self {
        Self::default().with(SPEC_KITTY_EVENTS)
    }

    /// Its files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        self.0
            .iter()
            .map(|(path, content)| (path.as_str(), content))
    }

    /// A file's content.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(AsRef::as_ref)
    }

    /// This tree with one more file.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>, content: impl Into<Arc<[u8]>>) -> Self {
        self.0.insert(path.into(), content.into());
        self
    }

    /// This tree with other test files.
    #[must_use]
    pub fn with_tests(self, tests: Tests) -> Self {
        self.with(tests.files())
    }

    /// This tree without the files of these paths or below these directories.
    #[must_use]
    pub fn without(mut self, paths: &[&str]) -> Self {
        self.0
            .retain(|path, _| !paths.iter().any(|gone| is_at_or_below(path, gone)));
        self
    }

    /// This tree with only the files of these paths or below these directories.
    #[must_use]
    pub fn only(mut self, paths: &[&str]) -> Self {
        self.0
            .retain(|path, _| paths.iter().any(|kept| is_at_or_below(path, kept)));
        self
    }

    /// The embedded source with another version of the distribution.
    #[must_use]
    pub fn with_version(self, version: &str) -> Self {
        self.renumbered(EMBEDDED_VERSION, version)
    }

    /// This tree with one version of the distribution changed to another.
    #[must_use]
    pub fn renumbered(mut self, from: &str, to: &str) -> Self {
        for path in VERSION_FILES {
            if let Some(content) = self.0.get_mut(path) {
                let text = String::from_utf8_lossy(content).replace(from, to);
                *content = text.into_bytes().into();
            }
        }
        self
    }

    /// This tree with a patch applied.
    ///
    /// # Errors
    /// If a text that the patch replaces is not in the tree exactly once: the source has changed,
    /// and the patch must be rewritten.
    pub fn patched(mut self, patch: Patch) -> Result<Self, RehearsalError> {
        let (name, text) = patch.file();
        for hunk in hunks(text) {
            let content = self
                .0
                .get_mut(hunk.path)
                .ok_or_else(|| stale(name, &hunk))?;
            let before = String::from_utf8_lossy(content).into_owned();
            if before.matches(&hunk.old).count() != 1 {
                return Err(stale(name, &hunk));
            }
            *content = before.replacen(&hunk.old, &hunk.new, 1).into_bytes().into();
        }
        Ok(self)
    }

    fn with(mut self, files: Embedded) -> Self {
        for (path, content) in files {
            self.0.insert((*path).to_owned(), content.as_bytes().into());
        }
        self
    }
}

/// Writes a version of `spec-kitty` with its dependency, so that Python can run it from
/// `directory/src`.
///
/// # Errors
/// If a file cannot be written.
pub fn unpack(tree: &Tree, directory: &Path) -> Result<(), RehearsalError> {
    let events = Tree::spec_kitty_events().only(&["src"]);
    let cli = tree.clone().only(&["src"]);
    cli.files()
        .chain(events.files())
        .try_for_each(|(path, content)| host::write(&directory.join(path), content))
}

fn is_at_or_below(path: &str, at: &str) -> bool {
    path.strip_prefix(at)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One replacement of a patch.
struct Hunk<'text> {
    path: &'text str,
    old: String,
    new: String,
}

/// What a line of a patch belongs to.
enum Part {
    Between,
    Old,
    New,
}

/// Reads a patch: `file PATH`, then `<<<<`, old lines, `====`, new lines, `>>>>`, repeated.
fn hunks(text: &str) -> Vec<Hunk<'_>> {
    let (mut found, mut part, mut path) = (Vec::new(), Part::Between, "");
    let (mut old, mut new) = (String::new(), String::new());
    for line in text.split_inclusive('\n') {
        match (&part, line.trim_end_matches('\n')) {
            (Part::Between, "<<<<") => part = Part::Old,
            (Part::Between, other) => path = other.strip_prefix("file ").unwrap_or(path),
            (Part::Old, "====") => part = Part::New,
            (Part::Old, _) => old.push_str(line),
            (Part::New, ">>>>") => {
                let (old, new) = (std::mem::take(&mut old), std::mem::take(&mut new));
                found.push(Hunk { path, old, new });
                part = Part::Between;
            }
            (Part::New, _) => new.push_str(line),
        }
    }
    found
}

fn stale(patch: &str, hunk: &Hunk<'_>) -> RehearsalError {
    RehearsalError::Other(format!(
        "patch `{patch}` no longer applies to `{}`: its old text is not there exactly once:\n{}",
        hunk.path, hunk.old
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_applies() {
        for patch in Patch::ALL {
            let before = Tree::spec_kitty();
            assert_ne!(before.clone().patched(*patch).unwrap(), before, "{patch:?}");
        }
    }

    #[test]
    fn a_patch_that_no_longer_applies_is_an_error() {
        let patched = Tree::spec_kitty().patched(Patch::TimeoutRaised).unwrap();
        let error = patched
            .patched(Patch::TimeoutRaised)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("timeout-raised.patch") && error.contains("client.py"),
            "{error}"
        );
    }

    #[test]
    fn every_hunk_is_read() {
        for patch in Patch::ALL {
            let (name, text) = patch.file();
            assert_eq!(hunks(text).len(), text.matches("<<<<\n").count(), "{name}");
        }
    }

    #[test]
    fn each_version_file_carries_the_version() {
        let tree = Tree::spec_kitty().with_version("9.9.9");
        for path in VERSION_FILES {
            let text = String::from_utf8_lossy(tree.get(path).unwrap()).into_owned();
            assert!(
                text.contains("9.9.9") && !text.contains(EMBEDDED_VERSION),
                "{path}"
            );
        }
    }
}
