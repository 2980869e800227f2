//! `find-candidate`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::shared::github::{self, Login};
use super::{Act, Ctx, Declares, Trouble};
use crate::candidate::{Choice, Line, OnGitHub, probe_and_choose, query_arguments, releases_page};
use crate::gate::{Finding, Outcome};

/// More pages of a hundred releases than this are not read.
const MOST_PAGES: usize = 10;

/// Finds the newest candidate of a line, on the package index and among GitHub's releases and tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindCandidate {
    /// Name of the package.
    pub package: String,
    /// The release line, such as `3.2.0`.
    pub line: String,
    /// The repository whose releases count, `owner/repo`.
    pub repository: String,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FindCandidate {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<&str>> {
        Some(vec![
            "version",
            "tag",
            "commit",
            "agree",
            "on_github",
            "index",
            "yanked",
            "index_said",
            "github",
            "tagged",
            "passed_over",
            "answered_by",
            "login",
        ])
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh", "python3", "uv"]
    }
}

#[async_trait]
impl Act for FindCandidate {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, Trouble> {
        let line: Line = self.line.parse().map_err(|error: String| {
            Trouble::error(Finding::new(error).remedy("correct `line`"))
        })?;
        ctx.progress(format!(
            "asking GitHub for the releases and tags of {}",
            self.repository
        ));
        let (github, answered_by, login) = self.github(ctx).await?;
        ctx.progress(format!("asking the package index for {}", self.package));
        let choice = probe_and_choose(ctx, &self.package, &line, &github).await?;
        let mut fact = choice.fact();
        fact["answered_by"] = json!(answered_by);
        fact["login"] = json!(login);
        ctx.publish(&self.publish, fact);
        Ok(outcome(&choice))
    }
}

impl FindCandidate {
    async fn github(&self, ctx: &Ctx) -> Result<(OnGitHub, String, Login), Trouble> {
        let Some((owner, name)) = self.repository.split_once('/') else {
            let what = format!("`{}` is not a repository", self.repository);
            return Err(Trouble::error(
                Finding::new(what).remedy("write `owner/repo`"),
            ));
        };
        let mut all = OnGitHub::default();
        let mut after: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let argv = query_arguments(owner, name, after.as_deref());
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            let (answer, login) = github::read(ctx, &argv).await?;
            let page = releases_page(&answer.stdout.text).map_err(|error| {
                let what = format!(
                    "GitHub's releases of {} cannot be read: {error}",
                    self.repository
                );
                Trouble::error(
                    Finding::new(what)
                        .remedy("check the repository's name and the login's access to it"),
                )
            })?;
            all.releases.extend(page.holds.releases);
            all.tags.extend(page.holds.tags);
            after = page.next;
            if after.is_none() {
                return Ok((all, page.answered_by, login));
            }
        }
        let what = format!(
            "{} has more than {} releases",
            self.repository,
            all.releases.len()
        );
        Err(Trouble::error(Finding::new(what)))
    }
}

/// The first few of a list, newest first.
fn listed(versions: &[pep440_rs::Version]) -> String {
    const FEW: usize = 4;
    let few: Vec<String> = versions.iter().take(FEW).map(ToString::to_string).collect();
    match versions.len().saturating_sub(FEW) {
        0 => few.join(", "),
        more => format!("{} and {more} more", few.join(", ")),
    }
}

fn outcome(choice: &Choice) -> Outcome {
    let or_none = |version: Option<&pep440_rs::Version>| {
        version.map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    let index = or_none(choice.version.as_ref());
    let note = if choice.agree() {
        let (on_index, on_github) = (
            listed(&choice.index.offered),
            listed(&choice.versions_on_github()),
        );
        format!("{index}, on the index and on GitHub; the index has {on_index}, GitHub {on_github}")
    } else {
        format!(
            "the index has {index}, GitHub has {}",
            or_none(choice.on_github.as_ref())
        )
    };
    let mut warnings: Vec<String> = choice.passed_over.iter().map(ToString::to_string).collect();
    if let Some(release) = choice
        .release
        .as_ref()
        .filter(|release| !release.prerelease)
    {
        warnings.push(format!("GitHub does not call {} a prerelease", release.tag));
    }
    Outcome::Passed { note, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Verdict;
    use crate::world::scripted::{Scripted, ended};

    fn page(tags: &[&str], next: Option<&str>) -> String {
        let nodes: Vec<_> = tags
            .iter()
            .map(|tag| {
                json!({"tagName": tag, "isPrerelease": true, "isDraft": false, "publishedAt": null,
                    "url": "u", "tagCommit": {"oid": format!("commit of {tag}")}})
            })
            .collect();
        let page = json!({"hasNextPage": next.is_some(), "endCursor": next});
        json!({"data": {"repository": {"nameWithOwner": "new/name",
            "releases": {"nodes": nodes, "pageInfo": page},
            "refs": null}}})
        .to_string()
    }

    fn verb() -> FindCandidate {
        FindCandidate {
            package: "spec-kitty-cli".into(),
            line: "3.2.0".into(),
            repository: "old/name".into(),
            publish: "rc".into(),
        }
    }

    const NONE: &str = "error: No solution found when resolving dependencies\n";

    #[tokio::test]
    async fn every_page_of_releases_is_read_and_the_newest_of_both_is_published() {
        let offers = |version| ended(0, &format!("spec-kitty-cli=={version}\n"), "");
        let world = Scripted::new()
            .run(
                "gh api graphql",
                ended(0, &page(&["v3.2.0rc15"], Some("c1")), ""),
            )
            .run("gh api graphql", ended(0, &page(&["v3.2.0rc16"], None), ""))
            .run("python3 -I", ended(0, "/p/python3\n", ""))
            .run("uv pip compile", offers("3.2.0rc16"))
            .run("uv pip compile", ended(1, "", NONE))
            .run("uv pip compile", ended(1, "", NONE))
            .run("uv pip compile", offers("3.2.0rc16"));
        let ctx = world.ctx();
        let outcome = verb().act(&ctx).await.unwrap();
        assert_eq!(
            outcome,
            Outcome::passed(
                "3.2.0rc16, on the index and on GitHub; the index has 3.2.0rc16, GitHub 3.2.0rc16, 3.2.0rc15"
            )
        );
        assert!(world.is_done());
        assert!(
            world.commands()[1].contains("-f after=c1"),
            "{:?}",
            world.commands()
        );
        let fact = ctx.take_published().remove(0).value;
        assert_eq!(fact["tag"], "v3.2.0rc16");
        assert_eq!(fact["commit"], "commit of v3.2.0rc16");
        assert_eq!(fact["answered_by"], "new/name");
        assert_eq!(fact["login"], "stored");
    }

    #[tokio::test]
    async fn what_was_passed_over_is_told_with_why() {
        let offers = |version| ended(0, &format!("spec-kitty-cli=={version}\n"), "");
        let tags = r#""refs":{"nodes":[{"name":"v3.2.0rc18"},{"name":"v3.2.0rc16"}]}"#;
        let page = page(&["v4.0.0rc7", "v3.2.0rc16"], None).replace(r#""refs":null"#, tags);
        let world = Scripted::new()
            .run("gh api graphql", ended(0, &page, ""))
            .run("python3 -I", ended(0, "/p/python3\n", ""))
            .run("uv pip compile", offers("3.2.0rc16"))
            .run("uv pip compile", ended(1, "", NONE))
            .run("uv pip compile", offers("3.2.0"))
            .run("uv pip compile", offers("4.0.0rc7"));
        let Outcome::Passed { warnings, .. } = verb().act(&world.ctx()).await.unwrap() else {
            panic!("it passes");
        };
        assert_eq!(
            warnings,
            [
                "passed over 3.2.0 on the package index: a final release, not a candidate",
                "passed over 4.0.0rc7 on the package index: of another release line",
                "passed over 4.0.0rc7 on GitHub: of another release line",
                "passed over 3.2.0rc18 on GitHub: tagged, but not released",
            ]
        );
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error_and_publishes_nothing() {
        let silent = Scripted::new().run("gh api graphql", ended(0, "{}", ""));
        let unreachable = Scripted::new()
            .run("gh api graphql", ended(0, &page(&[], None), ""))
            .run("python3 -I", ended(0, "/p/python3\n", ""))
            .run("uv pip compile", ended(2, "", "error: Request failed\n"));
        for world in [silent, unreachable] {
            let ctx = world.ctx();
            let trouble = verb().act(&ctx).await.unwrap_err();
            assert_eq!(trouble.outcome().verdict(), Verdict::Error);
            assert!(ctx.take_published().is_empty());
        }
    }
}
