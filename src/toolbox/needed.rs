//! Which tools are needed: those this program knows details of, and others known only by name.

use std::collections::BTreeSet;

use super::wanted::{WANTED, Wanted};

/// Which tools are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// All that this program knows.
    All,
    /// Those with these names; of unknown ones only the path is determined.
    Only(BTreeSet<String>),
}

impl Needed {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(name),
        }
    }

    /// Those of the list.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &'static Wanted> {
        WANTED.iter().filter(|wanted| self.has(wanted.name))
    }

    /// Those that are in no list.
    pub(super) fn others(&self) -> Vec<&String> {
        let Self::Only(names) = self else {
            return Vec::new();
        };
        names.iter().filter(|name| !is_known(name)).collect()
    }
}

/// Whether more is known of a tool than its name.
#[must_use]
pub fn is_known(name: &str) -> bool {
    WANTED.iter().any(|wanted| wanted.name == name)
}
