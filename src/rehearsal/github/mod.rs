//! The embedded GitHub over a Unix socket, for the real `gh`.
//!
//! Owns issues, releases and pull requests of the rehearsal, and the log of who requested what. It
//! never knows which gate sends a request, and never writes a token's value down.
//!
//! # Supported requests
//!
//! It answers only what is listed here. Any other request is refused as GitHub refuses unknown
//! ones, and is logged as unknown. Traced: every request of `gh` 2.23 in rehearsals and tests.
//! Read: the source of `gh` up to 2.72; the commands that the gate starts send the same operations
//! there (only to GitHub Enterprise does it send a query for the features of a server).
//!
//! | sent by | operation | asks for |
//! |---|---|---|
//! | `gh issue view --json` | `query IssueByNumber` | `repository { hasIssuesEnabled issueOrPullRequest }`, the fields of `--json` and `id` on both |
//! | `gh issue comment` | `IssueByNumber`, then `mutation CommentCreate` | `id url`; `addComment { commentEdge { node { url } } }` |
//! | `gh issue close` | `IssueByNumber`, then `mutation IssueClose` | `id number title state`; `closeIssue { issue { id } }` |
//! | `gh issue reopen` | `IssueByNumber`, then `mutation IssueReopen` | `id number title state`; `reopenIssue { issue { id } }` |
//! | the gate, on an issue | anonymous | `nameWithOwner issue { id number repository title url state stateReason closedAt }` |
//! | the gate, on comments | anonymous | `issue { comments { body url createdAt authorAssociation viewerDidAuthor author } }` |
//! | the gate, on the change that closed it | anonymous | `issue { timelineItems }` with closers, `pullRequest { commits }` |
//! | the gate, on candidates | anonymous | `releases`, `refs(refPrefix: "refs/tags/")` |
//! | the gate, after a rate limit | REST | `/rate_limit` |
//! | a person who looks around | REST | `/`, `/user`, `/repos/OWNER/NAME`; a renamed repository answers 301 |

mod access;
mod config;
mod final_state;
mod graphql;
mod issue;
mod ledger;
mod name;
mod phase4;
mod repository;
mod rest;
mod server;
mod state;

pub use access::{ENVIRONMENT_TOKEN, Hits, Outage, STORED_TOKEN, TokenName};
pub use config::{OPERATOR, write_gh_config};
pub use issue::{
    Association, CloseReason, Comment, EventKind, Issue, IssueEvent, IssueState, Person,
};
pub use name::{IssueRef, RepositoryName};
pub use phase4::{RepositoryFacts, TagFact, phase4};
pub use repository::{PullRequest, Release, Repository, Tag};
pub use server::{GitHubServer, serve, serve_to};
pub use state::{Act, Moment, Point, SharedState, State};
