//! The scope that the operator requested: which part of a gate, and whether it may write.

use serde::{Deserialize, Serialize};

/// Which part of a gate to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All of it.
    #[default]
    All,
    /// A work package and all that it depends on.
    Until(String),
    /// One work package; what it depends on is taken as given.
    Only(String),
    /// Several work packages; what they depend on is taken as given.
    Packages(Vec<String>),
}

impl Scope {
    /// These work packages alone, in this order.
    #[must_use]
    pub fn only(mut packages: Vec<String>) -> Self {
        match packages.pop() {
            Some(one) if packages.is_empty() => Self::Only(one),
            last => Self::Packages(packages.into_iter().chain(last).collect()),
        }
    }

    /// The work packages that are taken without what they depend on; none where all of that is
    /// taken too.
    #[must_use]
    pub fn alone(&self) -> Option<Vec<&str>> {
        match self {
            Self::All | Self::Until(_) => None,
            Self::Only(one) => Some(vec![one]),
            Self::Packages(all) => Some(all.iter().map(String::as_str).collect()),
        }
    }
}

/// What the operator asked for; recorded, because a replay has to ask for the same.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which part of the gate.
    #[serde(default)]
    pub scope: Scope,
    /// Whether whatever touches the outside is left out.
    #[serde(default)]
    pub dry_run: bool,
    /// Whether a dry run goes on behind what it leaves out; those of earlier versions stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub through: bool,
    /// Whether judged code runs without a sandbox.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfined: bool,
    /// Whether it is waited for a candidate that another run is at work on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
    /// What is done about the comment of another run for the same candidate; without it the
    /// subtask that would post a second one stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Repeat>,
}

/// What is done where another run of the same gate has commented for the same candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// A second comment is posted.
    New,
    /// The other run's comment counts as this run's, if it says the same.
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
