//! Why a newer version than the chosen one is not the candidate. Pure.

use pep440_rs::Version;
use serde::Serialize;

use super::releases::OnGitHub;
use super::resolve::Listed;
use super::versions::{Line, Standing};

/// A version that was not chosen though it is newer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Which.
    pub version: String,
    /// `package index` or `GitHub`.
    #[serde(rename = "where")]
    pub seen_on: &'static str,
    /// Why.
    pub why: String,
}

impl std::fmt::Display for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let the = if self.seen_on == "GitHub" { "" } else { "the " };
        write!(
            f,
            "passed over {} on {the}{}: {}",
            self.version, self.seen_on, self.why
        )
    }
}

/// The versions newer than the chosen one, and why each was passed over.
pub(super) fn passed_over(
    line: &Line,
    github: &OnGitHub,
    index: &Listed,
    chosen: Option<&Version>,
) -> Vec<PassedOver> {
    let newer = |version: &&Version| chosen.is_none_or(|chosen| *version > chosen);
    let on_index = [
        (&index.yanked, "yanked".to_owned()),
        (
            &index.absent,
            "released on GitHub, but the index has not got it".to_owned(),
        ),
    ];
    let mut found: Vec<PassedOver> = Vec::new();
    let mut pass = |version: &Version, seen_on, why: String| {
        found.push(PassedOver {
            version: version.to_string(),
            seen_on,
            why,
        });
    };
    for (versions, why) in on_index {
        for version in versions.iter().filter(newer) {
            pass(version, "package index", why.clone());
        }
    }
    for version in index.others.iter().filter(newer) {
        pass(version, "package index", line.standing(version).to_string());
    }
    for release in &github.releases {
        let Some(version) = release.version.as_ref().filter(newer) else {
            continue;
        };
        match line.standing(version) {
            Standing::Candidate if release.draft => pass(version, "GitHub", "a draft".to_owned()),
            Standing::Candidate => {}
            other => pass(version, "GitHub", other.to_string()),
        }
    }
    for version in github.only_tagged().iter().filter(newer) {
        if line.standing(version) == Standing::Candidate {
            pass(version, "GitHub", "tagged, but not released".to_owned());
        }
    }
    found
}
