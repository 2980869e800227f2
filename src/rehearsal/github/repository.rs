//! Repositories as GitHub knows them: commits, tags, releases, pull requests, workflow runs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::issue::{Issue, Person};
use super::name::RepositoryName;

/// One commit, as far as GitHub's answers need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its object id, 40 hex digits.
    pub oid: String,
    /// Its whole message.
    pub message: String,
    /// When it was committed.
    pub at: Timestamp,
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Name, such as `v3.2.0rc16`.
    pub name: String,
    /// The commit it leads to.
    pub commit: String,
    /// The tag object, when the tag is an annotated one.
    pub object: Option<String>,
}

/// One release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Number that is unique in all of the embedded GitHub.
    pub id: u64,
    /// Its tag.
    pub tag: String,
    /// The commit the tag leads to.
    pub commit: String,
    /// Branch or commit it was cut from.
    pub target: String,
    /// Whether it is a prerelease.
    pub prerelease: bool,
    /// Whether it is still a draft.
    pub draft: bool,
    /// When it was published.
    pub published_at: Timestamp,
    /// Who published it.
    pub author: String,
    /// Markdown.
    pub body: String,
}

/// One merged pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Number in its repository.
    pub number: u32,
    /// Title.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Who opened it.
    pub author: Person,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was merged.
    pub merged_at: Timestamp,
    /// Who merged it.
    pub merged_by: String,
    /// The commit that its merge made.
    pub merge_commit: String,
    /// Branch it was merged into.
    pub base: String,
    /// Branch it came from.
    pub branch: String,
    /// Last commit of that branch.
    pub head: String,
    /// Commits of that branch, oldest first.
    pub commits: Vec<String>,
    /// Issues of the same repository that it closes.
    pub closes: Vec<u32>,
}

/// One run of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRun {
    /// Number that is unique in all of the embedded GitHub.
    pub id: u64,
    /// The workflow's name.
    pub workflow: String,
    /// The commit it ran on.
    pub head: String,
    /// The branch or tag it ran on.
    pub branch: String,
    /// What started it, such as `push`.
    pub event: String,
    /// How it ended, such as `success`.
    pub conclusion: String,
    /// When it started.
    pub at: Timestamp,
}

/// One repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Number that outlives a rename.
    pub id: u64,
    /// Present name.
    pub name: RepositoryName,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last commit of `main`.
    pub head: String,
    /// Issues by number.
    pub issues: BTreeMap<u32, Issue>,
    /// Pull requests by number.
    pub pull_requests: BTreeMap<u32, PullRequest>,
    /// Releases, newest first.
    pub releases: Vec<Release>,
    /// Tags, in order of their names as GitHub lists them: newest name first.
    pub tags: Vec<Tag>,
    /// Commits that can be asked for.
    pub commits: BTreeMap<String, Commit>,
    /// Workflow runs, newest first.
    pub runs: Vec<WorkflowRun>,
}

impl Repository {
    /// Name of the only branch that GitHub's answers know.
    pub const BRANCH: &str = "main";

    /// A repository without anything in it.
    #[must_use]
    pub fn new(id: u64, name: RepositoryName, created_at: Timestamp, head: &str) -> Self {
        let mut repository = Self {
            id,
            name,
            created_at,
            head: head.to_owned(),
            issues: BTreeMap::new(),
            pull_requests: BTreeMap::new(),
            releases: Vec::new(),
            tags: Vec::new(),
            commits: BTreeMap::new(),
            runs: Vec::new(),
        };
        repository.learn(head, "Latest change", created_at);
        repository
    }

    /// Makes a commit known; what was said of it last counts.
    pub fn learn(&mut self, oid: &str, message: &str, at: Timestamp) {
        let commit = Commit {
            oid: oid.to_owned(),
            message: message.to_owned(),
            at,
        };
        self.commits.insert(oid.to_owned(), commit);
    }

    /// Adds an issue.
    pub fn add_issue(&mut self, issue: Issue) {
        self.issues.insert(issue.number, issue);
    }

    /// Adds a merged pull request and makes its commits known.
    pub fn add_pull_request(&mut self, pull: PullRequest) {
        let merge = format!(
            "Merge pull request #{} from {}\n\n{}",
            pull.number, pull.branch, pull.title
        );
        for oid in &pull.commits {
            self.learn(oid, &pull.title, pull.created_at);
        }
        self.learn(&pull.merge_commit, &merge, pull.merged_at);
        self.pull_requests.insert(pull.number, pull);
    }

    /// The address of a page of this repository; the empty text is the repository's own.
    #[must_use]
    pub fn url(&self, below: &str) -> String {
        page(&self.name, below)
    }
}

/// The address of a page of a repository.
pub(super) fn page(name: &RepositoryName, below: &str) -> String {
    if below.is_empty() {
        format!("https://github.com/{name}")
    } else {
        format!("https://github.com/{name}/{below}")
    }
}

/// The global id of a thing, in GitHub's form: a prefix for its kind, and text that says which.
pub(super) fn node_id(kind: &str, repository: u64, number: impl std::fmt::Display) -> String {
    use base64::Engine as _;
    let which = format!("{repository}:{number}");
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(which);
    format!("{kind}_{text}")
}
