//! What of a program depends on its sandbox: its environment, its paths, and what it is shown.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::reading_git;
use crate::world::live::environment::Environment;
use crate::world::live::index_settings::Netrc;
use crate::world::live::live_world::LiveWorld;
use crate::world::live::sandbox::{
    Around, Enforcer, NoSandbox, OWN_HOME, OWN_NETRC, OWN_TEMPORARY, View, in_force,
};
use crate::world::{Confined, Confinement, EnvBase, Program, Sandbox, WorldError};

/// What of a program depends on its sandbox.
pub(super) struct Setting<'w> {
    pub(super) enforcer: Option<&'w Enforcer>,
    /// As it is carried out: without mounts, by moving.
    pub(super) sandbox: Option<Sandbox>,
    /// The run's home and the program's temporary directory, on this machine.
    home: Utf8PathBuf,
    temporary: Utf8PathBuf,
    has_runs_home: bool,
    /// Whether a verb asked for the sandbox, which is then evidence.
    is_asked_for: bool,
}

impl<'w> Setting<'w> {
    pub(super) fn of(
        world: &'w LiveWorld,
        program: &Program,
        name: &str,
        temporary: &Utf8Path,
    ) -> Result<Self, WorldError> {
        let reading = reading_git::sandbox(world, program, name);
        let found = || world.sandboxes.enforcer(&world.operator);
        let (asked, enforcer) = match (program.sandbox.as_deref(), &reading) {
            (Some(asked), _) => {
                let not_started = |why: NoSandbox| WorldError::NotStarted {
                    program: name.to_owned(),
                    reason: why.to_string(),
                };
                (Some(asked), found().map_err(not_started)?)
            }
            (None, Some(reading)) => {
                let mounts = |enforcer: &&Enforcer| enforcer.kind == Confinement::Bubblewrap;
                match found().ok().flatten().filter(mounts) {
                    Some(enforcer) => (Some(reading), Some(enforcer)),
                    None => (None, None),
                }
            }
            (None, None) => (None, None),
        };
        let mounts = enforcer.is_some_and(|found| found.kind == Confinement::Bubblewrap);
        let home = world.places.run().join("home");
        let listed = asked.into_iter().flat_map(|sandbox| {
            let listed = sandbox.writable.iter().chain(&sandbox.readable);
            listed.map(|place| world.places.path(place))
        });
        Ok(Self {
            has_runs_home: listed.into_iter().any(|path| home.starts_with(path)),
            enforcer,
            sandbox: asked.map(|sandbox| {
                if mounts {
                    sandbox.clone()
                } else {
                    Around::found(sandbox)
                }
            }),
            home,
            temporary: temporary.to_owned(),
            is_asked_for: program.sandbox.is_some(),
        })
    }

    /// Whether it runs where mounts can be made.
    pub(super) fn mounts(&self) -> bool {
        self.enforcer
            .is_some_and(|found| found.kind == Confinement::Bubblewrap)
    }

    pub(super) fn confined(&self) -> Option<Confined> {
        let sandbox = self.sandbox.as_ref().filter(|_| self.is_asked_for)?;
        Some(in_force(sandbox, self.enforcer))
    }

    /// A text of the effect, as the program has to be told it.
    pub(super) fn told(&self, world: &LiveWorld, text: &str) -> String {
        match &self.sandbox {
            Some(sandbox) => world.places.expand(&sandbox.inside(text)),
            None => world.places.expand(text),
        }
    }

    pub(super) fn env(&self, world: &LiveWorld, program: &Program) -> BTreeMap<String, String> {
        let tools = world.tools();
        let own_home = self.mounts() && !self.has_runs_home;
        // What sees the machine's processes may leave some behind, which are known by it.
        let own_temporary = self.mounts() && !self.sees_processes();
        let environment = Environment {
            operator: &world.operator,
            places: &world.places,
            tools: &tools,
            temporary: if own_temporary {
                Utf8Path::new(OWN_TEMPORARY)
            } else {
                &self.temporary
            },
            home: if own_home {
                Utf8Path::new(OWN_HOME)
            } else {
                &self.home
            },
            sandbox: self.sandbox.as_ref(),
        };
        environment.of(program)
    }

    /// The operator's logins at the configured indexes, where they can be shown without a file.
    /// Another login is no business of what is built or installed.
    pub(super) fn netrc(&self, program: &Program, env: &mut BTreeMap<String, String>) -> Netrc {
        if program.base != EnvBase::Installer || !self.mounts() {
            return Netrc::default();
        }
        let Some(path) = env.remove("NETRC") else {
            return Netrc::default();
        };
        let netrc = Netrc::for_indexes(&std::fs::read_to_string(path).unwrap_or_default(), env);
        if netrc.text.is_some() {
            env.insert("NETRC".to_owned(), OWN_NETRC.to_owned());
        }
        netrc
    }

    /// `PATH` on this machine.
    pub(super) fn plain_path(&self, world: &LiveWorld, program: &Program) -> String {
        let tools = world.tools();
        let environment = Environment {
            operator: &world.operator,
            places: &world.places,
            tools: &tools,
            temporary: &self.temporary,
            home: &self.home,
            sandbox: None,
        };
        environment.of(program).remove("PATH").unwrap_or_default()
    }

    fn sees_processes(&self) -> bool {
        self.sandbox
            .as_ref()
            .is_some_and(|sandbox| sandbox.processes)
    }

    pub(super) fn around(&self, world: &LiveWorld, name: &str) -> Result<Around, WorldError> {
        let Some(sandbox) = self.sandbox.as_ref().filter(|_| !self.mounts()) else {
            return Ok(Around::default());
        };
        Around::of(sandbox, &world.places).map_err(|error| WorldError::NotStarted {
            program: name.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Directories that are not shown because a tool lies in them.
    pub(super) fn private(&self, world: &LiveWorld) -> Vec<Utf8PathBuf> {
        // `‹tools:1›` is where tools are installed: that is what shall be shown.
        let roots = world.places.roots();
        let roots = roots.filter(|(token, _)| !token.starts_with("‹tools:"));
        let roots = roots.map(|(_, path)| path.to_owned());
        let own = [&world.operator.home, &self.home].map(Clone::clone);
        let sandbox = self.sandbox.iter().flat_map(|sandbox| &sandbox.mounts);
        let mounted = sandbox.map(|mount| world.places.path(&mount.place));
        roots.chain(own).chain(mounted).collect()
    }

    /// What it needs of its own besides what its sandbox lists.
    pub(super) fn own_directories(&self, view: &mut View) {
        if self.sees_processes() || !self.mounts() {
            view.bind(self.temporary.clone(), self.temporary.clone(), true);
        }
    }
}
