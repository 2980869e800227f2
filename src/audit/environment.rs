//! The environment that both sides share: created from the fix's lock, or resolved as of the fix's
//! date. It is kept in the gate's own cache, keyed by what it was created from, for later audits.
//!
//! Never contains the project itself, and is never changed once it is created.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::sha256_hex;
use crate::world::{Effect, Finished, FreshId, Place, Sandbox, WorldError, WriteFile, ask};

use super::error::AuditError;
use super::git::{Git, read_text};
use super::project::Selection;
use super::python::Python;
use super::uv::{Had, run_program, uv};
use super::worktrees::checkout;

/// Counted up when the same inputs would make another environment.
const RECIPE: u32 = 1;

/// An environment that is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shared {
    /// Name of its directory.
    directory: String,
    /// The installed packages, as `name==version`.
    pub(super) packages: Vec<String>,
}

/// Creates environments.
#[derive(Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) git: Git<'a>,
    /// The directory of the cache.
    pub(super) kept: &'a Place,
    /// A directory for this audit's own files.
    pub(super) desk: &'a Place,
    pub(super) python: &'a Python,
    /// Nothing published later exists.
    pub(super) as_of: Timestamp,
}

impl Maker<'_> {
    /// Path of an environment.
    pub(super) fn place(&self, shared: &Shared) -> Place {
        self.kept.join(&shared.directory)
    }

    /// Where its modules are.
    pub(super) fn modules(&self, shared: &Shared) -> Place {
        let below = format!("lib/python{}/site-packages", self.python.minor);
        self.place(shared).join(&below)
    }

    /// An environment with exactly what resolves from these requirements as of the day.
    pub(super) async fn resolved(&self, inputs: &[String], constraints: &[String]) -> Had<Shared> {
        let pinned = match self.resolve(inputs, constraints).await? {
            Ok(pinned) => pinned,
            Err(why) => return Ok(Err(why)),
        };
        self.shared(&pinned, async |directory: &Place| {
            let file = self.write("pinned.txt", &pinned).await?;
            let path = directory.as_str();
            let venv = ["venv", "--quiet", "--python", &self.python.minor, path];
            if let Err(why) = self.uv(self.desk, &venv, Some(directory)).await? {
                return Ok(Err(why));
            }
            let sync = [
                "pip",
                "sync",
                "--quiet",
                "--compile-bytecode",
                "--allow-empty-requirements",
                "--python",
                // Not the interpreter: a named file is made visible by itself.
                path,
                file.as_str(),
            ];
            Ok(self.uv(self.desk, &sync, Some(directory)).await?.map(drop))
        })
        .await
    }

    /// An environment with the packages of a lock, without the project itself.
    pub(super) async fn locked(
        &self,
        tree: &Place,
        lock: &str,
        selection: &Selection,
    ) -> Had<Shared> {
        let mut arguments: Vec<&str> = vec![
            "sync",
            "--quiet",
            "--frozen",
            "--no-install-project",
            "--no-install-workspace",
            "--no-default-groups",
            "--compile-bytecode",
            "--python",
            &self.python.minor,
        ];
        for extra in &selection.extras {
            arguments.extend(["--extra", extra]);
        }
        for group in &selection.groups {
            arguments.extend(["--group", group]);
        }
        let inputs = format!("{lock}\n{}", arguments.join(" "));
        self.shared(&inputs, async |directory: &Place| {
            Ok(self.uv(tree, &arguments, Some(directory)).await?.map(drop))
        })
        .await
    }

    /// The environment for these inputs: the cached one, or a new one.
    async fn shared(&self, inputs: &str, make: impl AsyncFnOnce(&Place) -> Had<()>) -> Had<Shared> {
        let whole = format!("{RECIPE}\n{}\n{inputs}", self.python.version);
        let key = sha256_hex(whole.as_bytes());
        let key = &key[..24];
        let mark = self.kept.join(&format!("{key}.json"));
        if let Some(shared) = self.kept_already(&mark).await? {
            return Ok(Ok(shared));
        }
        let id = ask(self.git.world, self.git.by, FreshId).await?;
        let mut shared = Shared {
            directory: format!("{key}-{id}"),
            packages: Vec::new(),
        };
        let place = self.place(&shared);
        let path = place.clone();
        self.git
            .world
            .perform(self.git.by, Effect::MakeDir { path })
            .await?;
        match self.filled(&place, make).await {
            Ok(Ok(packages)) => shared.packages = packages,
            unfinished => {
                // The caller needs the first error.
                let path = place.clone();
                let gone = Effect::RemoveDir { path };
                drop(self.git.world.perform(self.git.by, gone).await);
                return unfinished.map(|why| why.map(|_| shared));
            }
        }
        // The marker is written last: an environment without one was never completed.
        let write = Effect::WriteFile(WriteFile {
            path: mark,
            text: serde_json::to_string(&shared).unwrap_or_default(),
            replace: true,
        });
        self.git.world.perform(self.git.by, write).await?;
        Ok(Ok(shared))
    }

    /// Fills an environment, and returns what is installed in it then.
    async fn filled(
        &self,
        place: &Place,
        make: impl AsyncFnOnce(&Place) -> Had<()>,
    ) -> Had<Vec<String>> {
        if let Err(why) = make(place).await? {
            return Ok(Err(why));
        }
        let freeze = ["pip", "freeze", "--python", place.as_str()];
        let listed = self.uv(self.desk, &freeze, Some(place)).await?;
        Ok(listed.map(|listed| listed.stdout.text.lines().map(str::to_owned).collect()))
    }

    async fn kept_already(&self, mark: &Place) -> Result<Option<Shared>, AuditError> {
        let Some(text) = self.text(mark).await? else {
            return Ok(None);
        };
        let Ok(shared) = serde_json::from_str::<Shared>(&text) else {
            return Ok(None);
        };
        let there = self.text(&self.place(&shared).join("pyvenv.cfg")).await?;
        Ok(there.map(|_| shared))
    }

    async fn text(&self, place: &Place) -> Result<Option<String>, AuditError> {
        match read_text(self.git.world, self.git.by, place, 4_000_000).await {
            Ok(text) => Ok(Some(text)),
            Err(AuditError::World(WorldError::File { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All versions that these requirements come to, with digests.
    async fn resolve(&self, inputs: &[String], constraints: &[String]) -> Had<String> {
        let mut lines = inputs.join("\n");
        lines.push('\n');
        let inputs = self.write("requirements.in", &lines).await?;
        let day = self.as_of.to_string();
        let mut arguments = vec![
            "pip",
            "compile",
            "--quiet",
            "--no-header",
            "--no-annotate",
            "--generate-hashes",
            "--python",
            &self.python.minor,
            "--exclude-newer",
            &day,
            inputs.as_str(),
        ];
        let held;
        if !constraints.is_empty() {
            held = self
                .write("constraints.txt", &(constraints.join("\n") + "\n"))
                .await?;
            arguments.extend(["--constraints", held.as_str()]);
        }
        let resolved = self.uv(self.desk, &arguments, None).await?;
        Ok(resolved.map(|finished| finished.stdout.text))
    }

    async fn write(&self, name: &str, text: &str) -> Result<Place, AuditError> {
        let path = self.desk.join(name);
        let write = Effect::WriteFile(WriteFile {
            path: path.clone(),
            text: text.to_owned(),
            replace: true,
        });
        self.git.world.perform(self.git.by, write).await?;
        Ok(path)
    }

    /// Runs uv; returns its message if it fails. Building a package from source runs third-party
    /// code: it may use the network, and may change only this environment and the cache.
    pub(super) async fn uv(
        &self,
        cwd: &Place,
        arguments: &[&str],
        environment: Option<&Place>,
    ) -> Had<Finished> {
        let mut sandbox = if cwd == self.desk {
            Sandbox::default()
        } else {
            checkout(cwd, self.git.objects)
        };
        sandbox.network = true;
        sandbox.writable = vec![Place::new(Place::CACHE).join("uv"), self.desk.clone()];
        let mut uv = uv(cwd, arguments);
        if let Some(environment) = environment {
            let path = environment.to_string();
            uv.env.insert("UV_PROJECT_ENVIRONMENT".to_owned(), path);
            sandbox.writable.push(environment.clone());
        }
        uv.sandbox = Some(Box::new(sandbox));
        run_program(self.git, uv).await
    }
}
