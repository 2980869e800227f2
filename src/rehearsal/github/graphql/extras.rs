//! Fields that `gh` asks for and the gate does not need: true, but mostly empty.

use async_graphql::{Enum, ID, SimpleObject, Union};

use super::scalar::{Actor, Bot, DateTime, User};

/// A label.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Label {
    id: ID,
    name: String,
    description: Option<String>,
    color: String,
}

impl Label {
    pub(super) fn new(name: &str) -> Self {
        Self {
            id: ID(format!("LA_{name}")),
            name: name.to_owned(),
            description: None,
            color: "d73a4a".to_owned(),
        }
    }
}

/// Whoever an issue can be assigned to.
#[derive(Debug, Clone, Union)]
pub(super) enum Assignee {
    User(User),
    Bot(Bot),
}

/// A milestone.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct Milestone {
    number: i32,
    title: String,
    description: Option<String>,
    due_on: Option<DateTime>,
}

/// Anything with a name.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "Project")]
pub(super) struct Project {
    name: String,
}

/// A column of a project.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "ProjectColumn")]
pub(super) struct Column {
    name: String,
}

/// A card of a classic project.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ProjectCard {
    id: ID,
    project: Project,
    column: Option<Column>,
}

/// A project.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "ProjectV2")]
pub(super) struct ProjectV2 {
    id: ID,
    title: String,
}

/// The status column of a project's item.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "ProjectV2ItemFieldSingleSelectValue")]
pub(super) struct SingleSelect {
    option_id: Option<String>,
    name: Option<String>,
}

/// A field of a project's item.
#[derive(Debug, Clone, Union)]
#[graphql(name = "ProjectV2ItemFieldValue")]
pub(super) enum FieldValue {
    SingleSelect(SingleSelect),
}

/// An issue in a project.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex, name = "ProjectV2Item")]
pub(super) struct ProjectItem {
    id: ID,
    project: ProjectV2,
}

#[async_graphql::ComplexObject]
impl ProjectItem {
    /// The value of one of its fields.
    async fn field_value_by_name(&self, name: String) -> Option<FieldValue> {
        let _ = name;
        None
    }
}

/// Kinds of reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum ReactionContent {
    ThumbsUp,
    ThumbsDown,
}

/// How many reacted.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "ReactingUserConnection")]
pub(super) struct Reacting {
    total_count: i32,
}

/// Reactions of one kind.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct ReactionGroup {
    content: ReactionContent,
    users: Reacting,
}

/// Every kind of reaction, none of them used.
pub(super) fn no_reactions() -> Vec<ReactionGroup> {
    [ReactionContent::ThumbsUp, ReactionContent::ThumbsDown]
        .map(|content| ReactionGroup {
            content,
            users: Reacting { total_count: 0 },
        })
        .into()
}

/// A kind of issue, as an organisation defines it.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct IssueType {
    id: ID,
    name: String,
    description: Option<String>,
    color: String,
}

/// How far the issues below another one are.
#[derive(Debug, Clone, Default, SimpleObject)]
pub(super) struct SubIssuesSummary {
    total: i32,
    completed: i32,
    percent_completed: i32,
}

/// A review of a pull request.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "PullRequestReview")]
pub(super) struct Review {
    id: ID,
    author: Option<Actor>,
    body: String,
    state: String,
    submitted_at: Option<DateTime>,
}
