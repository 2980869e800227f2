//! How the tests of each side are started, and with what they were run. Pure data.

use serde::{Deserialize, Serialize};

use super::request::TestCommand;
use crate::world::Place;

/// The environment in which the tests were run, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestEnvironment {
    /// What was chosen from the project, and why.
    pub chosen: Vec<String>,
    /// Directory of the project in the repository; empty for the top.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Version of Python.
    pub python: String,
    /// Packages that both sides share, as `name==version`.
    pub packages: Vec<String>,
    /// Packages published after this date were ignored; none if a lock pins everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Further notes, such as a project that could not be built.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How the tests of a side are started.
#[derive(Debug, Clone)]
pub(super) struct Side {
    /// The command.
    pub(super) tests: TestCommand,
    /// What it reads besides its checkout.
    pub(super) readable: Vec<Place>,
}

/// All of them.
pub(super) struct Sides {
    /// Without the fix.
    pub(super) before: Side,
    /// With it.
    pub(super) after: Side,
    /// With it, but for its change in scope.
    pub(super) without_scope: Side,
    /// The same for a reader.
    pub(super) shown: TestCommand,
    /// The environment that the gate created for it.
    pub(super) environment: Option<TestEnvironment>,
}
