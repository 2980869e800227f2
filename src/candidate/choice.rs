//! The chosen candidate, and what was found beside it. Pure data.

use pep440_rs::Version;
use serde::Serialize;

use super::releases::Release;

/// What the index contains, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Candidates that are offered.
    pub offered: Vec<Version>,
    /// Candidates on GitHub that are yanked on the index.
    pub yanked: Vec<Version>,
    /// Candidates on GitHub that the index does not have.
    pub absent: Vec<Version>,
    /// Newer versions on the index that are not candidates of the line.
    pub others: Vec<Version>,
    /// uv's message if it found none.
    pub said: Vec<String>,
}

/// The candidate and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The newest candidate on the index, or the requested one.
    pub version: Option<Version>,
    /// Whether it was requested by version.
    pub asked: bool,
    /// Its release on GitHub.
    pub release: Option<Release>,
    /// The newest candidate on GitHub that is not yanked on the index; or the requested one, if it
    /// exists there.
    pub on_github: Option<Version>,
    /// Candidates on GitHub, newest first.
    pub github: Vec<Release>,
    /// Candidates that are tagged on GitHub, but not released.
    pub tagged: Vec<Version>,
    /// What the index contains.
    pub index: Listed,
    /// Newer versions that were not chosen.
    pub passed_over: Vec<PassedOver>,
}

/// Newer versions that were not chosen, all for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Which, oldest first.
    pub versions: Vec<String>,
    /// The same for people: `3.2.0rc22–rc45`.
    pub shown: String,
    /// `package index` or `GitHub`.
    #[serde(rename = "where")]
    pub seen_on: &'static str,
    /// Why.
    pub why: String,
}
