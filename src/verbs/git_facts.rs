//! `git-facts`.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{Finding, Outcome, is_template};
use crate::verb::programs::did_not_succeed;
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError, Wrong};
use crate::verbs::confined::{self, is_below};
use crate::world::{Ended, Finished, Place, Program};

/// Reads a checkout: its commit, whether its tree is clean, where a tag leads to, and whether a
/// commit is in its history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitFacts {
    /// Directory of the checkout in the workspace.
    pub project: String,
    /// Whether tracked and untracked files must all be as committed.
    #[serde(default, skip_serializing_if = "confined::is_false")]
    pub clean: bool,
    /// A tag that must be there.
    #[serde(default)]
    pub tag: Option<String>,
    /// The commit that the tag, or without one the checkout, must be at: whole, or at least 7
    /// letters of it.
    #[serde(default)]
    pub at: Option<String>,
    /// A commit or tag that must be in the history of the tag, or without one of the checkout.
    #[serde(default)]
    pub ancestor: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for GitFacts {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "head: text",
            "branch: text?",
            "clean: boolean",
            "changed: list",
            "tag: text?",
            "tag_commit: text?",
            "has_ancestor: boolean?",
        ]))
    }

    fn inputs(&self) -> Vec<Input> {
        let checkout = Input::Checkout(self.project.clone());
        let tag = self.tag.iter().map(|tag| Input::Tag {
            checkout: self.project.clone(),
            tag: tag.clone(),
        });
        std::iter::once(checkout).chain(tag).collect()
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["git"]
    }

    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if !is_below(&self.project) {
            let what = format!("`{}` is no directory in the workspace", self.project);
            wrong.push(Wrong::new(
                "project",
                what,
                "write the checkout's name there",
            ));
        }
        for (at, text) in [
            ("tag", &self.tag),
            ("at", &self.at),
            ("ancestor", &self.ancestor),
        ] {
            let Some(text) = text.as_deref().filter(|text| !is_template(text)) else {
                continue;
            };
            if text.is_empty() || text.starts_with('-') || text.contains([' ', '~', '^', ':', '?'])
            {
                let what = format!("`{text}` is no name of a tag or commit");
                wrong.push(Wrong::new(at, what, "write `v1.2.0`, or the commit in hex"));
            } else if at == "at" && !is_commit(text) {
                let what = format!("`{text}` is no commit");
                wrong.push(Wrong::new(at, what, "write 7 to 40 hex digits"));
            }
        }
        wrong
    }
}

fn is_commit(text: &str) -> bool {
    (7..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[async_trait]
impl Act for GitFacts {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let head = self.commit(ctx, "HEAD").await?;
        let Some(head) = head else {
            let what = format!("`{}` is no checkout with a commit", self.project);
            return Ok(Outcome::Error(
                Finding::new(what).remedy("clone it there, then resume"),
            ));
        };
        let branch = self.must(ctx, &["branch", "--show-current"]).await?;
        let status = ["status", "--porcelain=v1", "--untracked-files=all"];
        let status = self.must(ctx, &status).await?;
        let changed: Vec<&str> = status.lines().collect();
        let tag_commit = match &self.tag {
            Some(tag) => self.commit(ctx, &format!("refs/tags/{tag}")).await?,
            None => None,
        };
        let seen = Seen {
            head: &head,
            changed: &changed,
            tag_commit: tag_commit.as_deref(),
            has_ancestor: self
                .has_ancestor(ctx, tag_commit.as_deref().unwrap_or(&head))
                .await?,
        };
        let branch = Some(branch.trim()).filter(|branch| !branch.is_empty());
        let fact = json!({
            "head": head,
            "branch": branch,
            "clean": changed.is_empty(),
            "changed": changed,
            "tag": self.tag,
            "tag_commit": tag_commit,
            "has_ancestor": seen.has_ancestor,
        });
        ctx.publish(&self.publish, fact);
        Ok(self.judge(&seen))
    }
}

/// What was read.
struct Seen<'a> {
    head: &'a str,
    changed: &'a [&'a str],
    tag_commit: Option<&'a str>,
    has_ancestor: Option<bool>,
}

impl GitFacts {
    fn judge(&self, seen: &Seen<'_>) -> Outcome {
        let project = &self.project;
        if let (Some(tag), None) = (&self.tag, seen.tag_commit) {
            let finding = Finding::new(format!("`{project}` has no tag `{tag}`"));
            return Outcome::Blocked(finding.remedy("fetch or make the tag, then resume"));
        }
        let (what, commit) = match (&self.tag, seen.tag_commit) {
            (Some(tag), Some(commit)) => (format!("tag `{tag}` of `{project}`"), commit),
            _ => (format!("`{project}`"), seen.head),
        };
        let wanted = self.at.as_deref().map(str::to_ascii_lowercase);
        if let Some(at) = wanted.filter(|at| !is_commit(at) || !commit.starts_with(at.as_str())) {
            return Outcome::Failed(Finding::new(format!(
                "{what} is at {commit}, expected {at}"
            )));
        }
        if let (Some(ancestor), Some(false)) = (&self.ancestor, seen.has_ancestor) {
            let finding = Finding::new(format!("{what} ({commit}) does not contain {ancestor}"));
            return Outcome::Failed(finding);
        }
        if self.clean && !seen.changed.is_empty() {
            const SHOWN: usize = 10;
            let count = seen.changed.len();
            let mut finding = Finding::new(format!("`{project}` has {count} changed files"));
            let shown = seen.changed.iter().take(SHOWN);
            finding.seen.extend(shown.map(|line| (*line).to_owned()));
            return Outcome::Blocked(finding.remedy("commit or stash them, then resume"));
        }
        Outcome::passed(format!("{what} is at {commit}"))
    }

    async fn git(&self, ctx: &Ctx, words: &[&str]) -> Result<Finished, VerbError> {
        let settings = ["git", "-c", "core.fsmonitor=false"];
        let mut program = Program::new(settings.iter().chain(words).copied());
        program.cwd = Place::workspace(&self.project);
        program.limit = Duration::from_mins(1);
        program.env = BTreeMap::from([("GIT_OPTIONAL_LOCKS".to_owned(), "0".to_owned())]);
        Ok(ctx.run(program).await?)
    }

    async fn must(&self, ctx: &Ctx, words: &[&str]) -> Result<String, VerbError> {
        let finished = self.git(ctx, words).await?;
        if finished.success() && !finished.stdout.truncated {
            return Ok(finished.stdout.text);
        }
        let argv: Vec<String> = std::iter::once("git")
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect();
        Err(VerbError::error(did_not_succeed(&argv, &finished)))
    }

    /// The commit that a name leads to; none where there is no such name.
    async fn commit(&self, ctx: &Ctx, name: &str) -> Result<Option<String>, VerbError> {
        let name = format!("{name}^{{commit}}");
        let words = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        let finished = self.git(ctx, &words).await?;
        let commit = finished.stdout.text.trim().to_owned();
        match finished.ended {
            Ended::Code(0) if commit.len() == 40 && is_commit(&commit) => Ok(Some(commit)),
            Ended::Code(1 | 128) => Ok(None),
            _ => {
                let argv = ["git", "rev-parse", &name].map(str::to_owned);
                Err(VerbError::error(did_not_succeed(&argv, &finished)))
            }
        }
    }

    async fn has_ancestor(&self, ctx: &Ctx, of: &str) -> Result<Option<bool>, VerbError> {
        let Some(ancestor) = &self.ancestor else {
            return Ok(None);
        };
        let Some(commit) = self.commit(ctx, ancestor).await? else {
            let what = format!("`{}` knows no commit `{ancestor}`", self.project);
            let finding = Finding::new(what).remedy("fetch its whole history, then resume");
            return Err(VerbError::error(finding));
        };
        let words = ["merge-base", "--is-ancestor", &commit, of];
        let finished = self.git(ctx, &words).await?;
        match finished.ended {
            Ended::Code(0) => Ok(Some(true)),
            Ended::Code(1) => Ok(Some(false)),
            _ => {
                let argv = ["git", "merge-base", "--is-ancestor"].map(str::to_owned);
                Err(VerbError::error(did_not_succeed(&argv, &finished)))
            }
        }
    }
}
