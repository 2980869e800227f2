//! GitHub through the real `gh`: which login, what is worth another try, and issues as verbs
//! know them. Reads only; the three writes are in [`super::github_write`].

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(in crate::verbs) use super::gh_answer::{Answer, judge, refused};
use crate::gate::Finding;
use crate::verbs::{Ctx, Trouble};
use crate::world::{EnvBase, Finished, Program};

/// Waits before the second and the third try.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// An issue's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::verbs) struct IssueRef {
    pub(in crate::verbs) owner: String,
    pub(in crate::verbs) repository: String,
    pub(in crate::verbs) number: u64,
}

impl IssueRef {
    /// Reads `owner/repo#N`.
    pub(in crate::verbs) fn parse(text: &str) -> Result<Self, Trouble> {
        let parts = text.split_once('#').and_then(|(slug, number)| {
            let (owner, repository) = slug.split_once('/')?;
            Some(Self {
                owner: owner.to_owned(),
                repository: repository.to_owned(),
                number: number.parse().ok()?,
            })
        });
        parts.ok_or_else(|| {
            Trouble::error(
                Finding::new(format!("`{text}` is not an issue")).remedy("write `owner/repo#N`"),
            )
        })
    }

    /// `owner/repo`.
    pub(in crate::verbs) fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.repository)
    }
}

impl std::fmt::Display for IssueRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.slug(), self.number)
    }
}

/// Which login `gh` used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::verbs) enum Login {
    /// The one that `gh auth login` stored.
    Stored,
    /// `GH_TOKEN` or `GITHUB_TOKEN`, because nothing is stored.
    EnvironmentToken,
}

impl Login {
    fn base(self) -> EnvBase {
        match self {
            Self::Stored => EnvBase::GitHub,
            Self::EnvironmentToken => EnvBase::GitHubEnvironmentToken,
        }
    }
}

/// An issue's state, as GitHub tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::verbs) struct Issue {
    /// `owner/repo#N` as asked for.
    pub(in crate::verbs) reference: String,
    /// `owner/repo` that answered, which differs after a rename.
    pub(in crate::verbs) answered_by: String,
    pub(in crate::verbs) title: String,
    pub(in crate::verbs) url: String,
    /// `OPEN` or `CLOSED`.
    pub(in crate::verbs) state: String,
    /// `COMPLETED`, `NOT_PLANNED`, …; none where GitHub does not say.
    pub(in crate::verbs) state_reason: Option<String>,
    pub(in crate::verbs) closed_at: Option<Timestamp>,
    pub(in crate::verbs) login: Login,
}

impl Issue {
    /// Its fields as a fact.
    pub(in crate::verbs) const FIELDS: [&str; 8] = [
        "reference",
        "answered_by",
        "title",
        "url",
        "state",
        "state_reason",
        "closed_at",
        "login",
    ];

    /// Closed, with a closing time.
    pub(in crate::verbs) fn is_closed(&self) -> bool {
        self.state == "CLOSED" && self.closed_at.is_some()
    }
}

/// A comment on an issue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::verbs) struct IssueComment {
    pub(in crate::verbs) body: String,
    pub(in crate::verbs) url: String,
    pub(in crate::verbs) created_at: Timestamp,
    pub(in crate::verbs) author_association: String,
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
}

/// Reads an issue: `gh issue view` for its state, GraphQL for what old `gh` cannot say.
pub(in crate::verbs) async fn issue(ctx: &Ctx, reference: &IssueRef) -> Result<Issue, Trouble> {
    const QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
        repository(owner:$owner,name:$name){nameWithOwner \
        issue(number:$number){title url state stateReason closedAt}}}";
    let number = reference.number.to_string();
    let slug = reference.slug();
    let fields = "state,closedAt,title,url";
    let view = [
        "gh", "issue", "view", &number, "--repo", &slug, "--json", fields,
    ];
    let (viewed, login) = read(ctx, &view).await?;
    let viewed: Value = parse(&viewed.stdout.text, reference)?;
    let (answer, _) = graphql(ctx, QUERY, reference).await?;
    let repository = &answer["data"]["repository"];
    let issue = &repository["issue"];
    if viewed["state"] != issue["state"] {
        // It changed between the two reads; neither is the truth any more.
        return Err(Trouble::error(
            Finding::new(format!("{reference} changed its state while it was read"))
                .remedy("resume"),
        ));
    }
    let closed_at = issue["closedAt"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let missing = || unexpected(reference, &answer);
    Ok(Issue {
        reference: reference.to_string(),
        answered_by: text(&repository["nameWithOwner"]).ok_or_else(missing)?,
        title: text(&issue["title"]).ok_or_else(missing)?,
        url: text(&issue["url"]).ok_or_else(missing)?,
        state: text(&issue["state"]).ok_or_else(missing)?,
        state_reason: text(&issue["stateReason"]),
        closed_at,
        login,
    })
}

/// The last 100 comments, oldest first.
pub(in crate::verbs) async fn comments(
    ctx: &Ctx,
    reference: &IssueRef,
) -> Result<Vec<IssueComment>, Trouble> {
    const QUERY: &str = "query($owner:String!,$name:String!,$number:Int!){\
        repository(owner:$owner,name:$name){issue(number:$number){\
        comments(last:100){nodes{body url createdAt authorAssociation author{login}}}}}}";
    let (answer, _) = graphql(ctx, QUERY, reference).await?;
    let nodes = &answer["data"]["repository"]["issue"]["comments"]["nodes"];
    serde_json::from_value(nodes.clone()).map_err(|_| unexpected(reference, &answer))
}

/// One GraphQL query about a pull request.
pub(in crate::verbs) async fn pull_request(
    ctx: &Ctx,
    query: &str,
    reference: &IssueRef,
) -> Result<Value, Trouble> {
    let (finished, _) = ask(ctx, query, reference).await?;
    parse(&finished.stdout.text, reference)
}

/// One GraphQL query about an issue.
pub(in crate::verbs) async fn graphql(
    ctx: &Ctx,
    query: &str,
    reference: &IssueRef,
) -> Result<(Value, Login), Trouble> {
    let (finished, login) = ask(ctx, query, reference).await?;
    let answer: Value = parse(&finished.stdout.text, reference)?;
    if answer["data"]["repository"]["issue"].is_null() {
        return Err(Trouble::error(
            Finding::new(format!("GitHub knows no issue {reference}"))
                .seen(json!(answer["errors"]).to_string())
                .remedy("check the repository's name and the login's access to it"),
        ));
    }
    Ok((answer, login))
}

/// Asks GraphQL with the variables `$owner`, `$name` and `$number`.
async fn ask(ctx: &Ctx, query: &str, reference: &IssueRef) -> Result<(Finished, Login), Trouble> {
    let owner = format!("owner={}", reference.owner);
    let name = format!("name={}", reference.repository);
    let number = format!("number={}", reference.number);
    let query = format!("query={query}");
    let argv = [
        "gh", "api", "graphql", "-f", &query, "-f", &owner, "-f", &name, "-F", &number,
    ];
    read(ctx, &argv).await
}

/// Runs a reading `gh`, again after a passing failure, with the stored login or, where nothing
/// is stored, the environment's token.
pub(in crate::verbs) async fn read(ctx: &Ctx, argv: &[&str]) -> Result<(Finished, Login), Trouble> {
    let mut login = Login::Stored;
    let mut waits = WAITS.iter();
    loop {
        let finished = run(ctx, argv, login, None).await?;
        match judge(&finished) {
            Answer::Good => return Ok((finished, login)),
            Answer::NoLogin if login == Login::Stored => login = Login::EnvironmentToken,
            Answer::Passing => match waits.next() {
                Some(wait) => {
                    ctx.progress(format!(
                        "GitHub did not answer, again in {} s",
                        wait.as_secs()
                    ));
                    ctx.sleep(*wait).await?;
                }
                None => return Err(refused(argv, &finished)),
            },
            Answer::NoLogin | Answer::Scope | Answer::Lasting => {
                return Err(refused(argv, &finished));
            }
        }
    }
}

/// Runs `gh` once.
pub(in crate::verbs) async fn run(
    ctx: &Ctx,
    argv: &[&str],
    login: Login,
    stdin: Option<String>,
) -> Result<Finished, Trouble> {
    let mut program = Program::new(argv.iter().copied());
    program.base = login.base();
    program.stdin = stdin;
    program.limit = Duration::from_mins(1);
    for (name, value) in [
        ("GH_NO_UPDATE_NOTIFIER", "1"),
        ("GH_PROMPT_DISABLED", "1"),
        ("NO_COLOR", "1"),
    ] {
        program.env.insert(name.to_owned(), value.to_owned());
    }
    Ok(ctx.run(program).await?)
}

fn parse(text: &str, reference: &IssueRef) -> Result<Value, Trouble> {
    serde_json::from_str(text).map_err(|error| {
        Trouble::error(Finding::new(format!(
            "GitHub's answer about {reference} is not JSON: {error}"
        )))
    })
}

fn unexpected(reference: &IssueRef, answer: &Value) -> Trouble {
    let mut text = answer.to_string();
    text.truncate(text.floor_char_boundary(400));
    Trouble::error(
        Finding::new(format!(
            "GitHub's answer about {reference} lacks what was asked for"
        ))
        .seen(text),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_is_named_by_owner_repository_and_number() {
        let parsed = IssueRef::parse("o/r#41").unwrap();
        assert_eq!((parsed.slug().as_str(), parsed.number), ("o/r", 41));
        for wrong in ["o/r", "o#1", "o/r#x", "o/r#-1", ""] {
            assert!(IssueRef::parse(wrong).is_err(), "{wrong}");
        }
    }
}
