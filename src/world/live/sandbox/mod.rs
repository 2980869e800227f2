//! Runs a program in its sandbox: finds this machine's mechanism, tries it, and reports why there
//! is none. Never decides which programs need a sandbox.

mod around;
pub(super) mod enforcer;
mod reach;
pub(super) mod toolchains;
mod view;

use std::sync::OnceLock;

use tokio::sync::{Mutex, MutexGuard};

use super::operator::Operator;
use super::platform;
use crate::world::{Confined, Confinement, Sandbox};

pub use enforcer::{Enforcer, NoSandbox};

pub(super) use around::Around;
pub(super) use reach::Private;
pub(super) use view::{OWN_HOME, OWN_NETRC, OWN_TEMPORARY, Seen, View, Wanted, inside};

/// How sandboxes are used in this world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SandboxChoice {
    /// A program that asks for one does not run without.
    #[default]
    Required,
    /// Used if available.
    WherePossible,
    /// Never used, by the operator's choice.
    Off,
}

/// Finds this machine's sandbox mechanism by running it.
///
/// # Errors
/// Why there is none.
pub fn find_sandbox(operator: &Operator) -> Result<Enforcer, NoSandbox> {
    platform::find_sandbox(&operator.path())
}

/// The choice of a world, and what the machine has.
#[derive(Debug, Default)]
pub(super) struct Sandboxes {
    choice: SandboxChoice,
    /// Looked for with the first program that needs it.
    found: OnceLock<Result<Enforcer, NoSandbox>>,
    /// Programs whose directories are moved instead of mounted run one after the other.
    moving: Mutex<()>,
}

impl Sandboxes {
    pub(super) fn new(choice: SandboxChoice) -> Self {
        Self {
            choice,
            ..Self::default()
        }
    }

    /// Waits until no other program has its directories moved, if this one needs that.
    pub(super) async fn alone(
        &self,
        sandbox: Option<&Sandbox>,
        operator: &Operator,
    ) -> Option<MutexGuard<'_, ()>> {
        let moves =
            sandbox.is_some_and(|sandbox| sandbox.mounts.iter().any(|mount| mount.writable));
        let mounted = || {
            let found = self.enforcer(operator).ok().flatten();
            found.is_some_and(|found| found.kind == Confinement::Bubblewrap)
        };
        if !moves || mounted() {
            return None;
        }
        Some(self.moving.lock().await)
    }

    /// The sandbox mechanism for a program; none if that was chosen.
    pub(super) fn enforcer(&self, operator: &Operator) -> Result<Option<&Enforcer>, NoSandbox> {
        if self.choice == SandboxChoice::Off {
            return Ok(None);
        }
        match self.found.get_or_init(|| find_sandbox(operator)) {
            Ok(found) => Ok(Some(found)),
            Err(_) if self.choice == SandboxChoice::WherePossible => Ok(None),
            Err(why) => Err(why.clone()),
        }
    }
}

/// The sandbox in force for a program.
pub(super) fn in_force(sandbox: &Sandbox, enforcer: Option<&Enforcer>) -> Confined {
    let by = enforcer.map_or(Confinement::Nothing, |found| found.kind);
    let open = by == Confinement::Nothing;
    Confined {
        by,
        network: sandbox.network || open,
        // macOS has no process namespaces.
        processes: sandbox.processes || by != Confinement::Bubblewrap,
    }
}
