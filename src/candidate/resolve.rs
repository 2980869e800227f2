//! Chooses the candidate: the newest of its line on the package index, held against GitHub's
//! releases, with the reason why each newer version was passed over.

use pep440_rs::Version;
use serde_json::{Value, json};

use super::index::{Index, Offer, OnIndex};
use super::passed_over::{PassedOver, passed_over};
use super::releases::{OnGitHub, Release};
use super::versions::{Line, Standing};
use crate::verbs::{Ctx, Trouble};

/// How many newer candidates of GitHub's are looked up on the index; the rest count as there.
const LOOKED_UP: usize = 10;
/// How many versions below the newest are listed from the index.
const LISTED_BELOW: usize = 2;

/// What the index was found to hold, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Candidates that are offered.
    pub offered: Vec<Version>,
    /// Candidates on GitHub that the index took back.
    pub yanked: Vec<Version>,
    /// Candidates on GitHub that the index has not.
    pub absent: Vec<Version>,
    /// Versions of other standing that the index offers and that are newer.
    pub others: Vec<Version>,
    /// uv's words where it found none.
    pub said: Vec<String>,
}

/// The candidate and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The newest candidate on the index.
    pub version: Option<Version>,
    /// Its release on GitHub.
    pub release: Option<Release>,
    /// The newest candidate on GitHub that the index did not take back.
    pub on_github: Option<Version>,
    /// Candidates on GitHub, newest first.
    pub github: Vec<Release>,
    /// Candidates that are tagged on GitHub, but not released.
    pub tagged: Vec<Version>,
    /// What the index holds.
    pub index: Listed,
    /// Newer versions that were not chosen.
    pub passed_over: Vec<PassedOver>,
}

impl Choice {
    /// Whether index and GitHub name the same newest candidate.
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

/// Asks the index what it holds of the line, and chooses.
///
/// # Errors
/// If the index could not be asked.
pub async fn probe_and_choose(
    ctx: &Ctx,
    package: &str,
    line: &Line,
    github: &OnGitHub,
) -> Result<Choice, Trouble> {
    let index = Index::of(ctx, package).await?;
    let mut listed = offered(&index, package, line).await?;
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
            // It appeared while we asked; the next run will find it as the newest.
            OnIndex::Offered => listed.offered.insert(0, version),
        }
    }
    Ok(choose(line, github, listed))
}

/// The newest candidates on the index, newest first.
async fn offered(index: &Index<'_>, package: &str, line: &Line) -> Result<Listed, Trouble> {
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
async fn others(index: &Index<'_>, package: &str, line: &Line) -> Result<Vec<Version>, Trouble> {
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

/// Chooses from what is known. Pure.
fn choose(line: &Line, on: &OnGitHub, index: Listed) -> Choice {
    let github: Vec<Release> = candidates(line, &on.releases)
        .into_iter()
        .cloned()
        .collect();
    let mut tagged = on.only_tagged();
    tagged.retain(|version| line.standing(version) == Standing::Candidate);
    let version = index.offered.iter().max().cloned();
    let on_github = github
        .iter()
        .filter_map(|release| release.version.clone())
        .find(|version| !index.yanked.contains(version));
    let release = github
        .iter()
        .find(|release| release.version == version)
        .cloned();
    let passed_over = passed_over(line, on, &index, version.as_ref());
    Choice {
        version,
        release,
        on_github,
        github,
        tagged,
        index,
        passed_over,
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    fn version(text: &str) -> Version {
        Version::from_str(text).unwrap()
    }

    fn versions(texts: &[&str]) -> Vec<Version> {
        texts.iter().map(|text| version(text)).collect()
    }

    fn release(tag: &str) -> Release {
        Release {
            version: super::super::versions::of_tag(tag),
            tag: tag.into(),
            commit: Some(format!("commit of {tag}")),
            draft: false,
            prerelease: true,
            published_at: None,
            url: String::new(),
        }
    }

    fn line() -> Line {
        "3.2.0".parse().unwrap()
    }

    fn choose(line: &Line, releases: &[Release], index: Listed) -> Choice {
        let on = OnGitHub {
            releases: releases.to_vec(),
            tags: Vec::new(),
        };
        super::choose(line, &on, index)
    }

    #[test]
    fn the_newest_that_both_have_is_chosen_among_decoys() {
        let releases = [
            "v4.0.0rc7",
            "v3.2.0",
            "v3.2.0rc9",
            "v3.2.0rc16",
            "v3.2.0rc28",
            "v3.2.0a4",
            "nightly",
        ]
        .map(release);
        let index = Listed {
            offered: versions(&["3.2.0rc16", "3.2.0rc9"]),
            yanked: versions(&["3.2.0rc28"]),
            others: versions(&["3.2.0"]),
            ..Listed::default()
        };
        let choice = choose(&line(), &releases, index);
        assert!(choice.agree());
        assert_eq!(choice.version, Some(version("3.2.0rc16")));
        assert_eq!(choice.release.as_ref().unwrap().tag, "v3.2.0rc16");
        let passed: Vec<_> = choice
            .passed_over
            .iter()
            .map(|one| one.version.as_str())
            .collect();
        assert_eq!(passed, ["3.2.0rc28", "3.2.0", "4.0.0rc7", "3.2.0"]);
    }

    #[test]
    fn an_index_behind_github_does_not_agree() {
        let releases = ["v3.2.0rc16", "v3.2.0rc15"].map(release);
        let index = Listed {
            offered: versions(&["3.2.0rc15"]),
            absent: versions(&["3.2.0rc16"]),
            ..Listed::default()
        };
        let choice = choose(&line(), &releases, index);
        assert!(!choice.agree());
        assert_eq!(choice.version, Some(version("3.2.0rc15")));
        assert_eq!(choice.on_github, Some(version("3.2.0rc16")));
    }

    #[test]
    fn github_behind_the_index_does_not_agree() {
        let index = Listed {
            offered: versions(&["3.2.0rc16"]),
            ..Listed::default()
        };
        let choice = choose(&line(), &[release("v3.2.0rc15")], index);
        assert!(!choice.agree());
        assert_eq!(choice.release, None);
    }

    #[test]
    fn a_yanked_candidate_leaves_the_one_before() {
        let releases = ["v3.2.0rc16", "v3.2.0rc15"].map(release);
        let index = Listed {
            offered: versions(&["3.2.0rc15"]),
            yanked: versions(&["3.2.0rc16"]),
            ..Listed::default()
        };
        let choice = choose(&line(), &releases, index);
        assert!(choice.agree());
        assert_eq!(choice.version, Some(version("3.2.0rc15")));
        assert_eq!(choice.passed_over[0].why, "yanked");
    }

    #[test]
    fn nothing_anywhere_is_no_agreement() {
        let choice = choose(&line(), &[], Listed::default());
        assert!(!choice.agree());
        assert_eq!(choice.fact()["version"], Value::Null);
    }

    #[test]
    fn a_candidate_that_is_only_tagged_is_passed_over() {
        let on = OnGitHub {
            releases: vec![release("v3.2.0rc16")],
            tags: ["v4.0.0", "v3.2.0rc17", "v3.2.0rc16", "v3.2.0rc2", "old"]
                .map(str::to_owned)
                .into(),
        };
        let index = Listed {
            offered: versions(&["3.2.0rc16"]),
            ..Listed::default()
        };
        let choice = super::choose(&line(), &on, index);
        assert!(choice.agree());
        assert_eq!(choice.tagged, versions(&["3.2.0rc17", "3.2.0rc2"]));
        let told: Vec<String> = choice.passed_over.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["passed over 3.2.0rc17 on GitHub: tagged, but not released"]
        );
    }

    #[test]
    fn a_draft_is_passed_over() {
        let mut draft = release("v3.2.0rc17");
        draft.draft = true;
        let index = Listed {
            offered: versions(&["3.2.0rc16"]),
            ..Listed::default()
        };
        let choice = choose(&line(), &[draft, release("v3.2.0rc16")], index);
        assert!(choice.agree());
        assert_eq!(choice.passed_over[0].why, "a draft");
    }
}
