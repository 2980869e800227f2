//! The GitHub of the built-in gate: the issues, pull requests and releases that it reads.
//!
//! Everything that depends on the repositories comes from [`RepositoryFacts`]; faults change only
//! what people wrote and did on GitHub.

mod issues;

use jiff::Timestamp;

use self::issues::{MAINTAINER, RELEASER, at};
use super::access::{Hits, Outage};
use super::config::OPERATOR;
use super::issue::Person;
use super::name::{IssueRef, RepositoryName};
use super::repository::{PullRequest, Release, Repository, Tag};
use super::state::{Act, Moment, State};
use crate::rehearsal::pulls::{self, Pull};
use crate::rehearsal::{Fault, Faults};

/// The organisation that owns all repositories.
const OWNER: &str = "Priivacy-ai";

/// The tag that does not exist when there is no new candidate.
const NEW_TAG: &str = "v3.2.0rc16";

/// The tag before it.
const BASELINE_TAG: &str = "v3.2.0rc15";

/// In how many listings a new comment is not to be seen, where GitHub shows it late.
const LATE: u32 = 2;

/// A tag of a repository, and its release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFact {
    /// Name, such as `v3.2.0rc16`.
    pub name: String,
    /// The commit it points to, 40 hex digits.
    pub commit: String,
    /// The tag object, if the tag is annotated.
    pub object: Option<String>,
    /// Whether its release is a prerelease.
    pub prerelease: bool,
    /// When its release was published, or the tag was created.
    pub published_at: Timestamp,
    /// Whether it has a release.
    pub released: bool,
}

/// Data about the real repositories that GitHub needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepositoryFacts {
    /// Tags of `spec-kitty`, in any order.
    pub tags: Vec<TagFact>,
    /// Merge commit of the change that first closed #1141 without fixing it.
    pub first_rollback_fix: String,
    /// Merge commit of the change that closed #1141 last.
    pub rollback_fix: String,
    /// Merge commit of the change that closed #1182.
    pub classification_fix: String,
}

/// Creates the state of GitHub for the built-in gate.
#[must_use]
pub fn phase4(facts: &RepositoryFacts, faults: &Faults) -> State {
    let mut state = State::new(Person::member(OPERATOR), at("2026-05-21T09:00:00Z"));
    state.add(product(facts, faults));
    let name = RepositoryName::new(OWNER, "spec-kitty-end-to-end-testing");
    let mut end_to_end = Repository::new(830_002, name);
    end_to_end.add_issue(issues::canary());
    state.add(end_to_end);
    break_things(&mut state, faults);
    state
}

fn product(facts: &RepositoryFacts, faults: &Faults) -> Repository {
    let mut product = Repository::new(830_001, RepositoryName::new(OWNER, "spec-kitty"));
    let mut tags = facts.tags.clone();
    if faults.contains(&Fault::NoNewRc) {
        tags.retain(|tag| tag.name != NEW_TAG);
    }
    tags.sort_by_key(|tag| std::cmp::Reverse(tag.published_at));
    for tag in tags {
        if tag.released {
            product.releases.push(Release {
                tag: tag.name.clone(),
                commit: tag.commit.clone(),
                prerelease: tag.prerelease,
                published_at: tag.published_at,
            });
        }
        product.tags.push(Tag {
            name: tag.name,
            commit: tag.commit,
            object: tag.object,
            at: tag.published_at,
        });
    }
    let blocked = faults.contains(&Fault::BlockerOpen);
    for pull in pull_requests(facts) {
        if !(blocked && pull.number == pulls::ROLLBACK.number) {
            product.add_pull_request(pull);
        }
    }
    product.add_issue(issues::rollback(blocked));
    product.add_issue(issues::classification(
        faults.contains(&Fault::ClosedNotPlanned),
    ));
    product.add_issue(issues::tracker(faults));
    product
}

fn pull_requests(facts: &RepositoryFacts) -> [PullRequest; 3] {
    let merged = |pull: Pull, commit: &str| PullRequest {
        number: pull.number,
        title: pull.title.to_owned(),
        merged_at: at(pull.merged_at),
        merge_commit: commit.to_owned(),
    };
    [
        merged(pulls::DIAGNOSTICS, &facts.first_rollback_fix),
        merged(pulls::ROLLBACK, &facts.rollback_fix),
        merged(pulls::CLASSIFICATION, &facts.classification_fix),
    ]
}

/// Faults in who may do what, and in what happens while the gate runs.
fn break_things(state: &mut State, faults: &Faults) {
    let product = RepositoryName::new(OWNER, "spec-kitty");
    let issue = |number| IssueRef {
        repository: product.clone(),
        number,
    };
    for fault in faults {
        match fault {
            Fault::Github502Once => state.plan_outage(Hits::Reads, Outage::BadGateway),
            Fault::GithubRateLimited => state.plan_outage(Hits::Reads, Outage::RateLimited),
            Fault::GithubAnswerLost => state.plan_outage(Hits::Writes, Outage::AnswerLost),
            Fault::GithubWriteLost => state.plan_outage(Hits::Writes, Outage::BadGateway),
            Fault::GithubLimitedLong => state.plan_outage(Hits::Reads, Outage::LimitedLong),
            Fault::GithubWriteLimited => state.plan_outage(Hits::Writes, Outage::LimitedLong),
            Fault::GithubShowsLate => state.show_late(LATE),
            Fault::TagMoved => state.move_tag(&product, NEW_TAG, BASELINE_TAG),
            Fault::TokenScopeError => state.weaken_environment_token(),
            // Releases are listed after the blockers were looked at, and before any canary.
            Fault::AlreadyReopened => state.when(
                Moment::ReleasesListed,
                MAINTAINER,
                Act::Reopen(issue(issues::ROLLBACK)),
            ),
            Fault::TrackerClosedBySomeone => state.when(
                Moment::Commented(issue(issues::TRACKER)),
                RELEASER,
                Act::Close(issue(issues::TRACKER)),
            ),
            _ => {}
        }
    }
}
