//! The scope that the operator requested: which part of a gate, and whether it may write.

use serde::{Deserialize, Serialize};

/// Which part of a gate to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of it.
    #[default]
    All,
    /// A work package and everything it depends on.
    Until(String),
    /// One work package, without what it depends on.
    Only(String),
    /// Several work packages, without what they depend on.
    Packages(Vec<String>),
}

impl Scope {
    /// Only these work packages, in this order.
    #[must_use]
    pub fn only(mut packages: Vec<String>) -> Self {
        match packages.pop() {
            Some(one) if packages.is_empty() => Self::Only(one),
            last => Self::Packages(packages.into_iter().chain(last).collect()),
        }
    }

    /// The work packages that are run without what they depend on; none if that is run too.
    #[must_use]
    pub fn alone(&self) -> Option<Vec<&str>> {
        match self {
            Self::All | Self::Until(_) => None,
            Self::Only(one) => Some(vec![one]),
            Self::Packages(all) => Some(all.iter().map(String::as_str).collect()),
        }
    }
}

/// What the operator requested; recorded, because a replay has to request the same.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which part of the gate.
    #[serde(default)]
    pub scope: Scope,
    /// Whether everything that touches the outside is left out.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether a dry run continues after what it leaves out; those of earlier versions stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub through: bool,
    /// Whether code under test runs without a sandbox.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfined: bool,
    /// Whether to wait for another run of the same candidate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
    /// What to do about a comment of another run for the same candidate; without it the subtask
    /// that would post a second one stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Repeat>,
}

/// What to do if another run of the same gate has commented for the same candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// Post a second comment.
    New,
    /// The other run's comment counts as this run's, if its text is the same.
    Keep,
}

impl Repeat {
    /// Its name on the command line and in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Keep => "keep",
        }
    }
}

impl Asked {
    /// Whether it is the whole gate, writes included.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}
