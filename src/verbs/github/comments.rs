//! The comments of an issue: all of them, page by page.

use jiff::Timestamp;
use serde::Deserialize;

use super::ask::{page, unexpected};
use super::issue::Identity;
use super::issue_ref::IssueRef;
use super::mark::Mark;
use super::words::Role;
use crate::model::Finding;
use crate::verb::{Ctx, VerbError};

/// More pages of a hundred than this are no discussion any more.
const MOST_PAGES: usize = 200;

/// A comment on an issue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::verbs) struct IssueComment {
    pub(in crate::verbs) body: String,
    pub(in crate::verbs) url: String,
    pub(in crate::verbs) created_at: Timestamp,
    pub(in crate::verbs) author_association: Role,
    /// Whether the login that reads it wrote it.
    #[serde(default)]
    pub(in crate::verbs) viewer_did_author: bool,
    author: Option<Author>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Author {
    login: String,
}

impl IssueComment {
    /// Login of the author; `ghost` when the account is gone, as GitHub shows it.
    pub(in crate::verbs) fn author(&self) -> &str {
        self.author.as_ref().map_or("ghost", |author| &author.login)
    }

    /// Whether it carries the mark of a gate, whichever: a program's words, with somebody's login.
    pub(in crate::verbs) fn is_by_a_gate(&self) -> bool {
        Mark::in_comment(&self.body).is_some()
    }
}

const QUERY: &str = "query($owner:String!,$name:String!,$number:Int!,$after:String){\
    repository(owner:$owner,name:$name){issue(number:$number){\
    id number repository{nameWithOwner} \
    comments(first:100,after:$after){\
    nodes{body url createdAt authorAssociation viewerDidAuthor author{login}} \
    pageInfo{hasNextPage endCursor}}}}}";

/// All comments, oldest first.
pub(in crate::verbs) async fn comments(
    ctx: &Ctx,
    reference: &IssueRef,
) -> Result<Vec<IssueComment>, VerbError> {
    Ok(comments_of(ctx, reference).await?.1)
}

/// The same, and which issue it is that they stand on.
pub(super) async fn comments_of(
    ctx: &Ctx,
    reference: &IssueRef,
) -> Result<(Identity, Vec<IssueComment>), VerbError> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let (answer, _) = page(ctx, QUERY, reference, after.as_deref()).await?;
        let missing = || unexpected(reference, &answer);
        let issue = &answer["data"]["repository"]["issue"];
        let read: Page = Page::deserialize(&issue["comments"]).map_err(|_| missing())?;
        all.extend(read.nodes);
        if !read.page_info.has_next_page {
            return Ok((Identity::of(issue).ok_or_else(missing)?, all));
        }
        after = Some(read.page_info.end_cursor.ok_or_else(missing)?);
    }
    Err(VerbError::error(Finding::new(format!(
        "{reference} has more than {MOST_PAGES} pages of comments"
    ))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    nodes: Vec<IssueComment>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// A GraphQL answer with these comments, for tests: body, and whether the viewer wrote it.
#[cfg(test)]
pub(super) fn answer_with(name: &str, number: u64, comments: &[(&str, bool)]) -> String {
    let node = |(index, (body, ours)): (usize, &(&str, bool))| {
        serde_json::json!({
            "body": body, "url": format!("https://github.example/c/{index}"),
            "createdAt": "2026-05-20T10:00:00Z", "authorAssociation": "NONE",
            "viewerDidAuthor": ours, "author": {"login": if *ours { "gate" } else { "mallory" }},
        })
    };
    let nodes: Vec<serde_json::Value> = comments.iter().enumerate().map(node).collect();
    let comments = serde_json::json!({
        "nodes": nodes, "pageInfo": {"hasNextPage": false, "endCursor": null},
    });
    let issue = serde_json::json!({
        "id": "I_1", "number": number, "repository": {"nameWithOwner": name}, "comments": comments,
    });
    serde_json::json!({"data": {"repository": {"issue": issue}}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verb::scripted::{Scripted, ended};

    #[tokio::test]
    async fn all_pages_are_read() {
        let last = answer_with("o/r", 1, &[("two", false)]);
        let first = answer_with("o/r", 1, &[("one", true)]).replace(
            r#""hasNextPage":false,"endCursor":null"#,
            r#""hasNextPage":true,"endCursor":"C1""#,
        );
        let world = Scripted::new()
            .run("gh api graphql", ended(0, &first, ""))
            .run("gh api graphql", ended(0, &last, ""));
        let reference = IssueRef::parse("o/r#1").unwrap();
        let all = comments(&world.ctx(), &reference).await.unwrap();
        let bodies: Vec<&str> = all.iter().map(|one| one.body.as_str()).collect();
        assert_eq!(bodies, ["one", "two"]);
        assert!(
            world.commands()[1].ends_with("-f after=C1"),
            "{:?}",
            world.commands()
        );
    }
}
