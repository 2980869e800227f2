//! The GitHub of the built-in gate: the issues, pull requests and releases that it reads.
//!
//! Everything that the repositories decide comes from [`RepositoryFacts`]; faults change only
//! what people said and did on GitHub.

mod issues;

use jiff::Timestamp;

use super::access::{Hits, Outage};
use super::config::OPERATOR;
use super::issue::Person;
use super::name::{Clock, IssueRef, RepositoryName};
use super::repository::{PullRequest, Release, Repository, Tag, WorkflowRun};
use super::state::{Act, Moment, State};
use crate::rehearsal::{Fault, Faults};

/// The organisation that owns all repositories.
const OWNER: &str = "Priivacy-ai";

/// Who cuts releases.
const RELEASER: &str = "kitty-releases";

/// A maintainer.
const MAINTAINER: &str = "kitty-maintainer";

/// The tag that does not exist when there is no new candidate.
const NEW_TAG: &str = "v3.2.0rc16";

/// A tag of a repository, and the release cut from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFact {
    /// Name, such as `v3.2.0rc16`.
    pub name: String,
    /// The commit it leads to, 40 hex digits.
    pub commit: String,
    /// The tag object, when the tag is an annotated one.
    pub object: Option<String>,
    /// Whether its release is a prerelease.
    pub prerelease: bool,
    /// When its release was published.
    pub published_at: Timestamp,
}

/// What GitHub has to know of one real repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckoutFacts {
    /// Last commit of `main`.
    pub head: String,
    /// Its tags, in any order.
    pub tags: Vec<TagFact>,
}

/// A merged fix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FixFacts {
    /// The commit that its merge made.
    pub merge: String,
    /// The last commit of its branch.
    pub head: String,
}

/// What GitHub has to know of the real repositories.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepositoryFacts {
    /// `spec-kitty`.
    pub spec_kitty: CheckoutFacts,
    /// `spec-kitty-end-to-end-testing`.
    pub end_to_end: CheckoutFacts,
    /// `spec-kitty-events`.
    pub events: CheckoutFacts,
    /// The change that closed #1141 the first time, and did not mend it.
    pub first_rollback_fix: FixFacts,
    /// The change that closed #1141 last.
    pub rollback_fix: FixFacts,
    /// The change that closed #1182.
    pub classification_fix: FixFacts,
    /// Pull request #42 of the end-to-end repository, merged long ago.
    pub harness_fix: FixFacts,
}

/// Makes the state of GitHub that the built-in gate meets.
#[must_use]
pub fn phase4(facts: &RepositoryFacts, faults: &Faults) -> State {
    let clock = Clock::stepping(at("2026-05-21T09:00:00Z"));
    let mut state = State::new(Person::member(OPERATOR), clock);
    let product = product(&mut state, facts, faults);
    state.add(product);
    let end_to_end = end_to_end(facts);
    state.add(end_to_end);
    let events = checkout(&mut state, 830_003, "spec-kitty-events", &facts.events);
    state.add(events);
    break_things(&mut state, faults);
    state
}

fn product(state: &mut State, facts: &RepositoryFacts, faults: &Faults) -> Repository {
    let mut known = facts.spec_kitty.clone();
    if faults.contains(&Fault::NoNewRc) {
        known.tags.retain(|tag| tag.name != NEW_TAG);
    }
    let mut product = checkout(state, 830_001, "spec-kitty", &known);
    let blocked = faults.contains(&Fault::BlockerOpen);
    for pull in pull_requests(facts) {
        if !(blocked && pull.number == issues::ROLLBACK_FIX) {
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

fn end_to_end(facts: &RepositoryFacts) -> Repository {
    let head = &facts.end_to_end.head;
    let made = at("2026-01-12T08:00:00Z");
    let name = RepositoryName::new(OWNER, "spec-kitty-end-to-end-testing");
    let mut repository = Repository::new(830_002, name, made, head);
    repository.add_issue(issues::canary());
    repository.add_pull_request(merged(
        42,
        "Identity-boundary canary: four scenarios and the runner script",
        "2026-05-12T16:02:11Z",
        &facts.harness_fix,
        &[],
    ));
    repository
}

/// A repository with its tags and releases, newest first.
fn checkout(state: &mut State, id: u64, name: &str, facts: &CheckoutFacts) -> Repository {
    let made = at("2025-08-01T08:00:00Z");
    let name = RepositoryName::new(OWNER, name);
    let mut repository = Repository::new(id, name, made, &facts.head);
    let mut tags = facts.tags.clone();
    tags.sort_by_key(|tag| std::cmp::Reverse(tag.published_at));
    for tag in tags {
        repository.learn(
            &tag.commit,
            &format!("Release {}", tag.name),
            tag.published_at,
        );
        repository.releases.push(release(state.fresh_id(), &tag));
        repository.runs.push(run(state.fresh_id(), &tag));
        repository.tags.push(Tag {
            name: tag.name,
            commit: tag.commit,
            object: tag.object,
        });
    }
    repository
        .tags
        .sort_by(|one, other| other.name.cmp(&one.name));
    repository
}

fn release(id: u64, tag: &TagFact) -> Release {
    Release {
        id,
        tag: tag.name.clone(),
        commit: tag.commit.clone(),
        target: Repository::BRANCH.to_owned(),
        prerelease: tag.prerelease,
        draft: false,
        published_at: tag.published_at,
        author: RELEASER.to_owned(),
        body: format!("Changes of {}.", tag.name),
    }
}

fn run(id: u64, tag: &TagFact) -> WorkflowRun {
    WorkflowRun {
        id,
        workflow: "release".to_owned(),
        head: tag.commit.clone(),
        branch: tag.name.clone(),
        event: "push".to_owned(),
        conclusion: "success".to_owned(),
        at: tag.published_at,
    }
}

fn pull_requests(facts: &RepositoryFacts) -> [PullRequest; 3] {
    [
        merged(
            issues::FIRST_ROLLBACK_FIX,
            "Log what the queue drain does to the status",
            "2026-05-08T15:20:44Z",
            &facts.first_rollback_fix,
            &[issues::ROLLBACK],
        ),
        merged(
            issues::ROLLBACK_FIX,
            "Queue drain keeps in_review instead of rolling it back to planned",
            "2026-05-18T13:41:07Z",
            &facts.rollback_fix,
            &[issues::ROLLBACK],
        ),
        merged(
            issues::CLASSIFICATION_FIX,
            "Classify pending events when no event loop runs",
            "2026-05-18T17:05:52Z",
            &facts.classification_fix,
            &[issues::CLASSIFICATION],
        ),
    ]
}

fn merged(number: u32, title: &str, when: &str, fix: &FixFacts, closes: &[u32]) -> PullRequest {
    let merged_at = at(when);
    let day = jiff::SignedDuration::from_hours(24);
    let body = closes.iter().map(|issue| format!("Fixes #{issue}\n"));
    PullRequest {
        number,
        title: title.to_owned(),
        body: body.collect(),
        author: Person::member("kitty-engineer"),
        created_at: merged_at.checked_sub(day).unwrap_or(merged_at),
        merged_at,
        merged_by: MAINTAINER.to_owned(),
        merge_commit: fix.merge.clone(),
        base: Repository::BRANCH.to_owned(),
        branch: format!("change-{number}"),
        head: fix.head.clone(),
        commits: vec![fix.head.clone()],
        closes: closes.to_vec(),
    }
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

/// A time that is written here.
fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}
