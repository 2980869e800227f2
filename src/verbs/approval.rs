//! `approval`.

mod prose;

use async_trait::async_trait;
use regex::RegexBuilder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::prose::prose;
use crate::model::{Finding, Outcome, is_issue_reference, is_template};
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError, Wrong};
use crate::verbs::github::{self, IssueComment, IssueRef};
use crate::world::AskPerson;

/// Waits for a person's word: a comment of one of them on an issue, or their name typed at the
/// terminal.
///
/// The words are `approve`, or `approved`, and what is approved: an approval of another candidate
/// does not count. A later `reject` of one of them takes it back. Quotations, code, hidden text and
/// what a gate posted approve nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Whose word counts: logins on GitHub, or names at the terminal.
    pub by: Vec<String>,
    /// What is approved, such as `{{ rc.version }}`.
    pub subject: String,
    /// The issue on which they comment, `owner/repo#N`; without it, the terminal is asked.
    #[serde(default)]
    pub issue: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for Approval {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "who: text",
            "when: text",
            "text: text",
            "where: text",
            "subject: text",
        ]))
    }

    fn inputs(&self) -> Vec<Input> {
        self.issue.iter().map(|_| Input::Again).collect()
    }

    fn starts(&self) -> Vec<&'static str> {
        self.issue.iter().map(|_| "gh").collect()
    }

    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if self.by.is_empty() {
            let what = "nobody's word would count";
            wrong.push(Wrong::new("by", what, "write `by = [\"login\"]`"));
        }
        if self.subject.trim().is_empty() {
            let what = "an approval of nothing approves everything";
            wrong.push(Wrong::new(
                "subject",
                what,
                "write `subject = \"{{ rc.version }}\"`",
            ));
        }
        let issue = self.issue.as_deref().filter(|issue| !is_template(issue));
        if let Some(issue) = issue.filter(|issue| !is_issue_reference(issue)) {
            let what = format!("`{issue}` is no issue");
            wrong.push(Wrong::new("issue", what, "write it as `owner/repo#41`"));
        }
        wrong
    }
}

/// A person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    who: String,
    when: String,
    text: String,
    place: String,
}

#[async_trait]
impl Act for Approval {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let word = match &self.issue {
            Some(issue) => self.commented(ctx, issue).await?,
            None => self.typed(ctx).await?,
        };
        let word = match word {
            Ok(word) => word,
            Err(finding) => return Ok(Outcome::Blocked(finding)),
        };
        let fact = json!({
            "who": word.who, "when": word.when, "text": word.text, "where": word.place,
            "subject": self.subject,
        });
        ctx.publish(&self.publish, fact);
        Ok(Outcome::passed(format!(
            "{} approved {} at {} ({})",
            word.who, self.subject, word.when, word.place
        )))
    }
}

impl Approval {
    async fn commented(&self, ctx: &Ctx, issue: &str) -> Result<Result<Word, Finding>, VerbError> {
        let comments = github::comments(ctx, &IssueRef::parse(issue)?).await?;
        Ok(self.judge(issue, &comments))
    }

    /// The latest word of those that count. Pure.
    fn judge(&self, issue: &str, comments: &[IssueComment]) -> Result<Word, Finding> {
        let counts = |comment: &&IssueComment| {
            let author = comment.author();
            self.by
                .iter()
                .any(|login| login.eq_ignore_ascii_case(author))
        };
        let said = comments
            .iter()
            .filter(counts)
            // Posted with their login, but by a program.
            .filter(|comment| !comment.is_by_a_gate())
            .filter_map(|comment| Some((self.meaning(&comment.body)?, comment)));
        let help = format!(
            "have one of {} comment `approve {}` on {issue}, then resume",
            self.by.join(", "),
            self.subject
        );
        // Two people: the word of the one who rejects stands until they take it back themselves.
        let mut latest: std::collections::BTreeMap<&str, (bool, &IssueComment)> =
            std::collections::BTreeMap::new();
        for (approves, comment) in said {
            latest.insert(comment.author(), (approves, comment));
        }
        if let Some((who, (_, comment))) = latest.iter().find(|(_, (approves, _))| !approves) {
            let what = format!("{who} rejected {}", self.subject);
            return Err(Finding::new(what).seen(comment.url.clone()).remedy(help));
        }
        let first = latest
            .values()
            .min_by_key(|(_, comment)| comment.created_at);
        let Some((_, comment)) = first else {
            let what = format!("nobody whose word counts has approved {} yet", self.subject);
            return Err(Finding::new(what).remedy(help));
        };
        Ok(Word {
            who: comment.author().to_owned(),
            when: comment.created_at.to_string(),
            text: comment.body.trim().to_owned(),
            place: comment.url.clone(),
        })
    }

    /// Whether a text approves or rejects the subject; none where it does neither. Quoted lines are
    /// somebody else's words, and code and hidden text approve nothing. They may still reject: in
    /// doubt nothing is approved.
    fn meaning(&self, text: &str) -> Option<bool> {
        let subject = regex::escape(self.subject.trim());
        let pattern = format!(r"^\s*(approved?|reject(?:ed)?):?\s+`?{subject}`?[.,!]?(?:\s|$)");
        let regex = RegexBuilder::new(&pattern)
            .case_insensitive(true)
            .build()
            .ok()?;
        let approves = |line: &str| {
            let word = regex.captures(line)?.get(1)?.as_str();
            Some(word.to_ascii_lowercase().starts_with("approve"))
        };
        let lines = text.lines().zip(prose(text));
        lines
            .filter_map(|(line, prose)| {
                approves(&prose).or_else(|| approves(line).filter(|approves| !approves))
            })
            .last()
    }

    async fn typed(&self, ctx: &Ctx) -> Result<Result<Word, Finding>, VerbError> {
        let help = format!(
            "resume at a terminal, and have one of {} type their name",
            self.by.join(", ")
        );
        let question = format!(
            "{}: does one of {} approve {}? Type the name, or nothing to refuse: ",
            ctx.by(),
            self.by.join(", "),
            self.subject
        );
        let asked = AskPerson {
            question,
            expected: self.by.clone(),
            limit: ctx.limit(),
        };
        let Some(typed) = ctx.ask(asked).await? else {
            let what = format!("there is no terminal at which {} is approved", self.subject);
            return Ok(Err(Finding::new(what).remedy(help)));
        };
        let when = ctx.now().await?.to_string();
        let known = self.by.iter().find(|name| **name == typed.trim());
        let Some(who) = known else {
            let what = format!("{} was not approved at the terminal", self.subject);
            let seen = format!("typed: `{}`", typed.trim());
            return Ok(Err(Finding::new(what).seen(seen).remedy(help)));
        };
        Ok(Ok(Word {
            who: who.clone(),
            when,
            text: typed.trim().to_owned(),
            place: "the terminal".to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::{Scripted, ended};
    use crate::world::Response;

    fn verb(issue: &str) -> Approval {
        let text = format!("by = [\"alice\", \"bob\"]\nsubject = \"1.2.0\"\n{issue}\nas = \"yes\"");
        let verb: Approval = toml::from_str(&text).unwrap();
        assert_eq!(verb.wrong(), []);
        verb
    }

    async fn with(comments: &[(&str, &str)]) -> Outcome {
        let node = |(index, (author, body)): (usize, &(&str, &str))| {
            json!({
                "body": body, "url": format!("https://github.example/c/{index}"),
                "createdAt": format!("2026-05-20T10:{index:02}:00Z"),
                "authorAssociation": "NONE", "viewerDidAuthor": false,
                "author": {"login": author},
            })
        };
        let nodes: Vec<_> = comments.iter().enumerate().map(node).collect();
        let page = json!({"nodes": nodes, "pageInfo": {"hasNextPage": false, "endCursor": null}});
        let answer = json!({"data": {"repository": {"issue": {
            "id": "I", "number": 1, "repository": {"nameWithOwner": "o/r"}, "comments": page,
        }}}});
        let world = Scripted::new().run("gh api graphql", ended(0, &answer.to_string(), ""));
        let outcome = verb("issue = \"o/r#1\"").act(&world.ctx()).await;
        outcome.unwrap_or_else(VerbError::outcome)
    }

    #[tokio::test]
    async fn only_the_word_of_those_who_have_a_say_on_this_subject_counts() {
        for (comments, expected) in [
            (&[("alice", "approve 1.2.0")][..], Verdict::Passed),
            (
                &[("Alice", "Looks good.\nApproved: `1.2.0`.")],
                Verdict::Passed,
            ),
            (&[("mallory", "approve 1.2.0")], Verdict::Blocked),
            (&[("alice", "approve 1.2.0rc1")], Verdict::Blocked),
            (&[("alice", "approve 11.2.0")], Verdict::Blocked),
            (&[("alice", "> approve 1.2.0")], Verdict::Blocked),
            (&[("alice", "I do not approve 1.2.0")], Verdict::Blocked),
            (&[("alice", "```\napprove 1.2.0\n```")], Verdict::Blocked),
            (&[("alice", "So:\n\n    approve 1.2.0")], Verdict::Blocked),
            (&[("alice", "<!--\napprove 1.2.0\n-->")], Verdict::Blocked),
            (
                &[("alice", "```\nok\n```\n\napprove 1.2.0 <!-- hm -->")],
                Verdict::Passed,
            ),
            (
                &[("alice", "reject 1.2.0\n\n    approve 1.2.0")],
                Verdict::Blocked,
            ),
            (
                &[("alice", "approve 1.2.0"), ("alice", "    reject 1.2.0")],
                Verdict::Blocked,
            ),
            (
                &[("alice", "approve 1.2.0"), ("alice", "reject 1.2.0")],
                Verdict::Blocked,
            ),
            (
                &[("alice", "approve 1.2.0"), ("bob", "reject 1.2.0")],
                Verdict::Blocked,
            ),
            (
                &[("alice", "reject 1.2.0"), ("alice", "approve 1.2.0")],
                Verdict::Passed,
            ),
            (&[], Verdict::Blocked),
        ] {
            assert_eq!(with(comments).await.verdict(), expected, "{comments:?}");
        }
    }

    #[tokio::test]
    async fn what_a_gate_posted_with_the_login_of_one_of_them_is_not_their_word() {
        let mark = "<!-- gate run=01A subtask=T031 comment key=01K -->";
        let posted = format!("approve 1.2.0\n\n{mark}\n");
        let comments = [("alice", posted.as_str())];
        assert_eq!(with(&comments).await.verdict(), Verdict::Blocked);
        let answers = format!("> Please approve.\n>\n> {mark}\n\napprove 1.2.0");
        let comments = [comments[0], ("alice", answers.as_str())];
        assert_eq!(with(&comments).await.verdict(), Verdict::Passed);
    }

    async fn typed(text: Option<&str>) -> Verdict {
        let mut world = Scripted::new().answer(Response::Typed(text.map(str::to_owned)));
        if text.is_some() {
            world = world.answer(Response::Now("2026-05-20T10:00:00Z".parse().unwrap()));
        }
        let outcome = verb("").act(&world.ctx()).await;
        outcome.unwrap_or_else(VerbError::outcome).verdict()
    }

    #[tokio::test]
    async fn at_a_terminal_a_name_is_typed() {
        assert_eq!(typed(Some("bob\n")).await, Verdict::Passed);
        for nobody in [Some(""), Some("yes"), Some("mallory"), None] {
            assert_eq!(typed(nobody).await, Verdict::Blocked, "{nobody:?}");
        }
    }
}
