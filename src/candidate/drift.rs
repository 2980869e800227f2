//! Why the same candidate breaks today and works as of its release date: what changed between two
//! locks. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::lock::Lock;

/// A package whose version differs between two locks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Its name.
    pub package: String,
    /// Its earlier version; none if it was not needed.
    pub then: Option<String>,
    /// Its version now; none if it is no longer needed.
    pub now: Option<String>,
}

impl std::fmt::Display for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_none =
            |version: &Option<String>| version.clone().unwrap_or_else(|| "not there".to_owned());
        write!(
            f,
            "{}: {} → {}",
            self.package,
            or_none(&self.then),
            or_none(&self.now)
        )
    }
}

/// What changed, and which changes concern the missing modules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// All changed packages, by name.
    pub moved: Vec<Moved>,
    /// Modules that are missing now.
    pub missing: Vec<String>,
    /// Packages of the earlier lock with the name of a missing module that are not in the current
    /// one.
    pub gone: Vec<String>,
}

impl Drift {
    /// Compares the lock of an earlier date with the current lock.
    #[must_use]
    pub fn between(then: &Lock, now: &Lock, missing: impl IntoIterator<Item = String>) -> Self {
        let versions = |lock: &Lock| -> BTreeMap<String, String> {
            let packages = lock.packages.iter();
            packages
                .map(|package| (package.name.clone(), package.version.clone()))
                .collect()
        };
        let (then, now) = (versions(then), versions(now));
        let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
        let moved: Vec<Moved> = names
            .into_iter()
            .filter(|name| then.get(*name) != now.get(*name))
            .map(|name| Moved {
                package: name.clone(),
                then: then.get(name).cloned(),
                now: now.get(name).cloned(),
            })
            .collect();
        let missing: Vec<String> = missing.into_iter().collect();
        let is_missing = |package: &str| {
            let as_module = package.replace('-', "_");
            missing
                .iter()
                .any(|module| module.split('.').next() == Some(as_module.as_str()))
        };
        let gone = moved
            .iter()
            .filter(|one| one.now.is_none() && is_missing(&one.package));
        let gone = gone.map(|one| one.package.clone()).collect();
        Self {
            moved,
            missing,
            gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Locked;
    use crate::world::Place;

    fn lock(packages: &[(&str, &str)]) -> Lock {
        let locked = |(name, version): &(&str, &str)| Locked {
            name: (*name).into(),
            version: (*version).into(),
            wheels: Vec::new(),
        };
        let packages = packages.iter().map(locked).collect();
        Lock {
            place: Place::run("x"),
            sha256: String::new(),
            packages,
        }
    }

    #[test]
    fn what_moved_and_what_is_gone_is_named() {
        let then = lock(&[
            ("cli", "1"),
            ("typer", "0.12"),
            ("click", "8.4"),
            ("rich", "14"),
        ]);
        let now = lock(&[
            ("cli", "1"),
            ("typer", "0.20"),
            ("rich", "14"),
            ("shellingham", "2"),
        ]);
        let drift = Drift::between(&then, &now, ["click".to_owned()]);
        let moved: Vec<String> = drift.moved.iter().map(ToString::to_string).collect();
        assert_eq!(
            moved,
            [
                "click: 8.4 → not there",
                "shellingham: not there → 2",
                "typer: 0.12 → 0.20"
            ]
        );
        assert_eq!(drift.gone, ["click"]);
        assert_eq!(Drift::between(&then, &then, []).moved, []);
    }
}
