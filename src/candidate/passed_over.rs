//! Why a newer version than the chosen one is not the candidate. Pure.

use pep440_rs::Version;

use super::choice::{Choice, Listed, PassedOver};
use super::releases::OnGitHub;
use super::versions::{Line, Standing, shown};

impl std::fmt::Display for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let the = if self.seen_on == "GitHub" { "" } else { "the " };
        write!(
            f,
            "passed over on {the}{}: {}: {}",
            self.seen_on, self.shown, self.why
        )
    }
}

const INDEX: &str = "package index";
const GITHUB: &str = "GitHub";
/// Why a good candidate is not chosen.
const NOT_ASKED_FOR: &str = "newer, but another one was asked for";

/// The versions newer than the chosen one and why each was passed over, one entry a reason.
pub(super) fn passed_over(line: &Line, github: &OnGitHub, choice: &Choice) -> Vec<PassedOver> {
    let mut reasons = Reasons {
        chosen: choice.version.as_ref(),
        found: Vec::new(),
    };
    on_index(line, &choice.index, choice.asked, &mut reasons);
    on_github(line, github, choice, &mut reasons);
    reasons.told()
}

fn on_index(line: &Line, index: &Listed, asked: bool, reasons: &mut Reasons<'_>) {
    for version in index.offered.iter().filter(|_| asked) {
        reasons.add(version, INDEX, NOT_ASKED_FOR.to_owned());
    }
    for version in &index.yanked {
        reasons.add(version, INDEX, "yanked".to_owned());
    }
    for version in &index.absent {
        let why = "released on GitHub, but the index has not got it";
        reasons.add(version, INDEX, why.to_owned());
    }
    for version in &index.others {
        reasons.add(version, INDEX, line.standing(version).to_string());
    }
}

fn on_github(line: &Line, github: &OnGitHub, choice: &Choice, reasons: &mut Reasons<'_>) {
    let index = &choice.index;
    for release in &github.releases {
        let Some(version) = &release.version else {
            continue;
        };
        let told = index.yanked.contains(version) || index.absent.contains(version);
        match line.standing(version) {
            Standing::Candidate if release.draft => {
                reasons.add(version, GITHUB, "a draft".to_owned());
            }
            Standing::Candidate if choice.asked && !told => {
                reasons.add(version, GITHUB, NOT_ASKED_FOR.to_owned());
            }
            Standing::Candidate => {}
            other => reasons.add(version, GITHUB, other.to_string()),
        }
    }
    for version in &github.only_tagged() {
        if line.standing(version) == Standing::Candidate {
            reasons.add(version, GITHUB, "tagged, not released".to_owned());
        }
    }
}

/// Versions by place and reason, in the order in which a reason was first met.
struct Reasons<'a> {
    chosen: Option<&'a Version>,
    found: Vec<(&'static str, String, Vec<Version>)>,
}

impl Reasons<'_> {
    fn add(&mut self, version: &Version, seen_on: &'static str, why: String) {
        if self.chosen.is_some_and(|chosen| version <= chosen) {
            return;
        }
        let same =
            |one: &&mut (&'static str, String, Vec<Version>)| (one.0, &one.1) == (seen_on, &why);
        match self.found.iter_mut().find(same) {
            Some((_, _, versions)) => versions.push(version.clone()),
            None => self.found.push((seen_on, why, vec![version.clone()])),
        }
    }

    fn told(self) -> Vec<PassedOver> {
        let told = |(seen_on, why, mut versions): (&'static str, String, Vec<Version>)| {
            versions.sort();
            versions.dedup();
            PassedOver {
                shown: shown(&versions),
                versions: versions.iter().map(ToString::to_string).collect(),
                seen_on,
                why,
            }
        };
        self.found.into_iter().map(told).collect()
    }
}
