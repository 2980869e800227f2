//! Chooses the candidate: the newest of its line on the package index, compared with GitHub's
//! releases, with the reason why each newer version was skipped.

use pep440_rs::Version;
use serde_json::{Value, json};

use super::choice::{Choice, Listed};
use super::index::{Index, Offer, OnIndex};
use super::offered::tells_no_time;
use super::passed_over::passed_over;
use super::releases::{OnGitHub, Release};
use super::versions::{Line, Standing, shown};
use crate::verb::{Ctx, VerbError};

/// How many newer candidates of GitHub's are looked up on the index; the rest count as there.
const LOOKED_UP: usize = 40;
/// How many versions below the newest are listed from the index.
const LISTED_BELOW: usize = 2;

/// The search for a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search<'a> {
    /// Name of the package.
    pub package: &'a str,
    /// The release line.
    pub line: &'a Line,
    /// The time (RFC 3339) after which everything is ignored; none means now.
    pub as_of: Option<&'a str>,
    /// The requested candidate; none means the newest. It is already known that the index offers
    /// it.
    pub version: Option<&'a Version>,
}

impl Choice {
    /// Whether index and GitHub name the same candidate.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.version.is_some() && self.version == self.on_github
    }

    /// The line's candidates among GitHub's releases, newest first.
    #[must_use]
    pub fn versions_on_github(&self) -> Vec<Version> {
        let versions = self.github.iter();
        versions
            .filter_map(|release| release.version.clone())
            .collect()
    }

    /// Candidates that are newer than the requested one and could have been chosen, oldest first.
    #[must_use]
    pub fn newer(&self) -> Vec<Version> {
        let released = self.versions_on_github();
        let taken = self.index.offered.iter().chain(&released);
        let mut newer: Vec<Version> = taken
            .filter(|version| self.asked && self.version.as_ref() < Some(version))
            .filter(|version| !self.index.yanked.contains(version))
            .filter(|version| !self.index.absent.contains(version))
            .cloned()
            .collect();
        newer.sort();
        newer.dedup();
        newer
    }

    /// The fact that `find-candidate` publishes.
    #[must_use]
    pub fn fact(&self) -> Value {
        let texts = |versions: &[Version]| -> Vec<String> {
            versions.iter().map(ToString::to_string).collect()
        };
        json!({
            "version": self.version.as_ref().map(ToString::to_string),
            "tag": self.release.as_ref().map(|release| &release.tag),
            "commit": self.release.as_ref().map(|release| &release.commit),
            "agree": self.agree(),
            "asked_for": self.asked,
            "newer": shown(&self.newer()),
            "on_github": self.on_github.as_ref().map(ToString::to_string),
            "index": texts(&self.index.offered),
            "yanked": texts(&self.index.yanked),
            "index_said": self.index.said,
            "github": self.github,
            "tagged": texts(&self.tagged),
            "passed_over": self.passed_over,
        })
    }
}

/// Queries the index for the versions of the line, and chooses one.
///
/// # Errors
/// If the index could not be queried.
pub async fn probe_and_choose(
    ctx: &Ctx,
    search: &Search<'_>,
    github: &OnGitHub,
) -> Result<Choice, VerbError> {
    let Search {
        package,
        line,
        as_of,
        ..
    } = *search;
    let index = Index::of(ctx, package).await?.as_of(as_of);
    let mut listed = offered(&index, package, line).await?;
    if listed.offered.is_empty() && as_of.is_some() {
        tells_times(ctx, search).await?;
    }
    listed.others = others(&index, package, line).await?;
    let newest = listed.offered.first().cloned();
    for release in candidates(line, &github.releases)
        .into_iter()
        .take(LOOKED_UP)
    {
        let Some(version) = release.version.clone() else {
            continue;
        };
        if newest.as_ref().is_some_and(|newest| version <= *newest) {
            break;
        }
        match index.standing(&version).await? {
            OnIndex::Yanked => listed.yanked.push(version),
            OnIndex::Absent => listed.absent.push(version),
            // It appeared during the queries; the next run will find it as the newest.
            OnIndex::Offered => listed.offered.insert(0, version),
        }
    }
    Ok(choose(search, github, listed))
}

/// Checks that an index reports upload times; otherwise it would appear to have had no file at any
/// time.
async fn tells_times(ctx: &Ctx, search: &Search<'_>) -> Result<(), VerbError> {
    let index = Index::of(ctx, search.package).await?;
    let any = search.line.requirement(search.package, None);
    if let Offer::Version(version) = index.newest(&any, false).await?
        && index.released(&version).await?.is_none()
    {
        return Err(tells_no_time());
    }
    Ok(())
}

/// The newest candidates on the index, newest first.
async fn offered(index: &Index<'_>, package: &str, line: &Line) -> Result<Listed, VerbError> {
    let mut listed = Listed::default();
    for round in 0..=LISTED_BELOW {
        let requirement = line.requirement(package, listed.offered.last());
        match index.newest(&requirement, round == 0).await? {
            Offer::Version(version) => listed.offered.push(version),
            Offer::None(said) => {
                if round == 0 {
                    listed.said = said;
                }
                break;
            }
        }
    }
    Ok(listed)
}

/// The line's final release and the newest of all, where they are no candidates.
async fn others(index: &Index<'_>, package: &str, line: &Line) -> Result<Vec<Version>, VerbError> {
    let mut found = Vec::new();
    for requirement in [format!("{package}=={line}"), package.to_owned()] {
        if let Offer::Version(version) = index.newest(&requirement, false).await?
            && line.standing(&version) != Standing::Candidate
            && !found.contains(&version)
        {
            found.push(version);
        }
    }
    Ok(found)
}

/// Published candidates of the line on GitHub, newest first.
fn candidates<'a>(line: &Line, releases: &'a [Release]) -> Vec<&'a Release> {
    let is_candidate = |release: &&Release| {
        let standing = release
            .version
            .as_ref()
            .map(|version| line.standing(version));
        !release.draft && standing == Some(Standing::Candidate)
    };
    let mut found: Vec<_> = releases.iter().filter(is_candidate).collect();
    found.sort_by(|a, b| b.version.cmp(&a.version));
    found
}

/// Chooses from the collected data. Pure.
fn choose(search: &Search<'_>, on: &OnGitHub, index: Listed) -> Choice {
    let line = search.line;
    let github: Vec<Release> = candidates(line, &on.releases)
        .into_iter()
        .cloned()
        .collect();
    let mut tagged = on.only_tagged();
    tagged.retain(|version| line.standing(version) == Standing::Candidate);
    let newest = index.offered.iter().max().cloned();
    let version = search.version.cloned().or(newest);
    let mut released = github.iter().filter_map(|release| release.version.clone());
    let on_github = match search.version {
        Some(asked) => released.find(|version| version == asked),
        None => released.find(|version| !index.yanked.contains(version)),
    };
    let release = github
        .iter()
        .find(|release| release.version == version)
        .cloned();
    let mut choice = Choice {
        version,
        asked: search.version.is_some(),
        release,
        on_github,
        github,
        tagged,
        index,
        passed_over: Vec::new(),
    };
    choice.passed_over = passed_over(line, on, &choice);
    choice
}

#[cfg(test)]
mod tests;
