//! What `gate rehearse` plays of the outside, as the gate file says it. Data only: the world that
//! is made of it is [`crate::rehearsal`]'s.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What the outside is in a rehearsal. What is not said is made up, and named.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// A world that comes with the program, instead of one that is made of this file.
    #[serde(default)]
    pub world: Option<ShippedWorld>,
    /// Values of parameters that hold in a rehearsal only.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Issues.
    #[serde(default)]
    pub issue: Vec<PlayedIssue>,
    /// Answers of addresses. Of several for one address each answers once, the last for good.
    #[serde(default)]
    pub page: Vec<PlayedPage>,
    /// What programs do. Of several for one command line each counts once, the last for good.
    #[serde(default)]
    pub program: Vec<PlayedProgram>,
    /// Checkouts in the workspace.
    #[serde(default)]
    pub checkout: Vec<PlayedCheckout>,
}

/// A world that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ShippedWorld {
    /// That of the Phase 4 gate: GitHub, index, service, repositories, orphan daemons.
    Phase4,
}

/// An issue in a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayedIssue {
    /// The issue, `owner/repo#N`.
    pub issue: String,
    /// Whether it is open.
    pub state: PlayedState,
    /// Its title.
    #[serde(default)]
    pub title: String,
    /// Its comments, oldest first.
    #[serde(default)]
    pub comments: Vec<PlayedComment>,
}

/// Whether an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlayedState {
    /// Open.
    Open,
    /// Closed as completed.
    Closed,
    /// Closed as not planned.
    NotPlanned,
}

/// A comment in a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayedComment {
    /// Login of who wrote it.
    pub by: String,
    /// Whether they are a member of the organisation; else they are a stranger.
    #[serde(default)]
    pub member: bool,
    /// Its text.
    pub body: String,
}

/// An answer of an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayedPage {
    /// The address.
    pub url: String,
    /// Status code; 200 when not given.
    #[serde(default = "ok")]
    pub status: u16,
    /// The body, as a table.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body, as text.
    #[serde(default)]
    pub body: Option<String>,
    /// Headers by their small names.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

fn ok() -> u16 {
    200
}

/// What a program does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayedProgram {
    /// How its command line begins.
    pub argv: Vec<String>,
    /// Exit code; 0 when not given.
    #[serde(default)]
    pub exit: i32,
    /// What it prints.
    #[serde(default)]
    pub stdout: String,
    /// What it prints to standard error.
    #[serde(default)]
    pub stderr: String,
    /// Files that it writes, by path below the directory it runs in.
    #[serde(default)]
    pub writes: BTreeMap<String, String>,
    /// Whether the real one runs: in a sandbox without network where there is one, and only in
    /// the rehearsal's own directories. Say so only of a program that does no harm.
    #[serde(default)]
    pub real: bool,
}

/// A checkout in the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlayedCheckout {
    /// Its directory in the workspace.
    pub directory: String,
    /// Its files, by path; all in one commit.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Tags at that commit.
    #[serde(default)]
    pub tags: Vec<String>,
}
