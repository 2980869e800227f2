//! The embedded GitHub: real GraphQL and REST over a Unix socket, for the real `gh`.
//!
//! Owns issues, releases and pull requests of the rehearsal, and the record of who asked what.
//! It never knows which gate asks, and never writes a token's value down.

mod access;
mod config;
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
    Association, CloseReason, Closer, Comment, EventKind, Issue, IssueEvent, IssueState, Person,
};
pub use name::{Clock, IssueRef, RepositoryName};
pub use phase4::{CheckoutFacts, FixFacts, RepositoryFacts, TagFact, phase4};
pub use repository::{Commit, PullRequest, Release, Repository, Tag, WorkflowRun};
pub use server::{GitHubServer, serve};
pub use state::{Act, Moment, Point, SharedState, State};
