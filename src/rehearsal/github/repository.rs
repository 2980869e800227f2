//! Repositories as GitHub knows them: issues, merged pull requests, releases, tags.

use std::collections::BTreeMap;

use base64::Engine as _;
use jiff::Timestamp;

use super::issue::Issue;
use super::name::RepositoryName;

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Name, such as `v3.2.0rc16`.
    pub name: String,
    /// The commit it points to.
    pub commit: String,
    /// The tag object, if the tag is annotated.
    pub object: Option<String>,
    /// When it was created.
    pub at: Timestamp,
}

/// One published release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its tag.
    pub tag: String,
    /// The commit the tag points to.
    pub commit: String,
    /// Whether it is a prerelease.
    pub prerelease: bool,
    /// When it was published.
    pub published_at: Timestamp,
}

/// One merged pull request of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Number in its repository.
    pub number: u32,
    /// Title, and first line of its commit's message.
    pub title: String,
    /// When it was merged.
    pub merged_at: Timestamp,
    /// The commit that its merge created.
    pub merge_commit: String,
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Number that survives a rename.
    pub id: u64,
    /// Current name.
    pub name: RepositoryName,
    /// Issues by number.
    pub issues: BTreeMap<u32, Issue>,
    /// Pull requests by number.
    pub pull_requests: BTreeMap<u32, PullRequest>,
    /// Releases, newest first.
    pub releases: Vec<Release>,
    /// Tags, newest first.
    pub tags: Vec<Tag>,
}

impl Repository {
    /// An empty repository.
    #[must_use]
    pub fn new(id: u64, name: RepositoryName) -> Self {
        Self {
            id,
            name,
            issues: BTreeMap::new(),
            pull_requests: BTreeMap::new(),
            releases: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Adds an issue.
    pub fn add_issue(&mut self, issue: Issue) {
        self.issues.insert(issue.number, issue);
    }

    /// Adds a merged pull request.
    pub fn add_pull_request(&mut self, pull: PullRequest) {
        self.pull_requests.insert(pull.number, pull);
    }

    /// The address of a page of this repository; an empty text gives the repository's own page.
    #[must_use]
    pub fn url(&self, below: &str) -> String {
        let name = &self.name;
        format!("https://github.com/{name}/{below}")
            .trim_end_matches('/')
            .to_owned()
    }
}

/// The global id of an object, in GitHub's form: a prefix for its kind, and a text that identifies
/// it.
pub(super) fn node_id(kind: &str, repository: u64, number: impl std::fmt::Display) -> String {
    let which = format!("{repository}:{number}");
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(which);
    format!("{kind}_{text}")
}
