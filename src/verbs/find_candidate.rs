//! `find-candidate`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::candidate::{
    Choice, Line, OnGitHub, Search, asked_for, must_be_offered, probe_and_choose, query_arguments,
    releases_page, shown,
};
use crate::model::{Finding, Origin, Outcome};
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError};
use crate::verbs::github::{self, Login, STDOUT};

/// More pages of a hundred releases than this are not read.
const MOST_PAGES: usize = 10;

/// Finds the newest candidate of a line, or the one that is asked for, on the package index and
/// among GitHub's releases and tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindCandidate {
    /// Name of the package.
    pub package: String,
    /// The release line, such as `3.2.0`.
    pub line: String,
    /// The repository whose releases count, `owner/repo`.
    pub repository: String,
    /// Time (RFC 3339) after which nothing exists, neither on the index nor on GitHub; empty means
    /// now.
    #[serde(default)]
    pub as_of: Option<String>,
    /// The one candidate to take, such as `3.2.0rc16`; empty means the newest.
    #[serde(default)]
    pub version: Option<String>,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

impl Declares for FindCandidate {
    fn inputs(&self) -> Vec<Input> {
        vec![Input::Again]
    }

    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "version: text?",
            "tag: text?",
            "commit: text?",
            "agree: boolean",
            "on_github: text",
            "index: list",
            "yanked: list",
            "index_said: list",
            "github: list",
            "tagged: list",
            "passed_over: list",
            "asked_for: boolean",
            "newer: text?",
            "not_after: text?",
            "answered_by: text",
            "login: text",
        ]))
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh", "python3", "uv"]
    }
}

#[async_trait]
impl Act for FindCandidate {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let line: Line = self.line.parse().map_err(|error: String| {
            VerbError::error(Finding::new(error).remedy("correct `line`"))
        })?;
        let version =
            asked_for(self.version.as_deref().unwrap_or_default(), &line).map_err(|error| {
                VerbError::error(Finding::new(error).remedy("correct `rc.candidate`"))
            })?;
        let as_of = self.as_of.as_deref().filter(|time| !time.is_empty());
        ctx.progress(format!(
            "asking GitHub for the releases and tags of {}",
            self.repository
        ));
        let (github, pages, login) = self.github(ctx).await?;
        let answered_by = pages.answered_by.clone();
        let github = match as_of {
            Some(time) => github.as_of(moment(time)?),
            None => github,
        };
        if let Some(version) = &version {
            must_be_offered(ctx, &self.package, version, as_of).await?;
        }
        ctx.progress(format!("asking the package index for {}", self.package));
        let search = Search {
            package: &self.package,
            line: &line,
            as_of,
            version: version.as_ref(),
        };
        let choice = probe_and_choose(ctx, &search, &github).await?;
        let mut fact = choice.fact();
        // Not `as_of`: no fact has a parameter's name.
        fact["not_after"] = json!(as_of);
        fact["answered_by"] = json!(answered_by);
        fact["login"] = json!(login);
        let origins = pages.origins(choice.release.as_ref().map(|release| release.tag.as_str()));
        ctx.publish_from(&self.publish, fact, origins);
        Ok(outcome(&choice, as_of))
    }
}

/// A time that was checked when the gate was loaded, unless it was made of facts.
fn moment(time: &str) -> Result<jiff::Timestamp, VerbError> {
    time.parse().map_err(|error| {
        let what = format!("`as_of`: expected RFC 3339, got `{time}`: {error}");
        VerbError::error(Finding::new(what).remedy("correct `rc.as_of`"))
    })
}

impl FindCandidate {
    async fn github(&self, ctx: &Ctx) -> Result<(OnGitHub, Pages, Login), VerbError> {
        let Some((owner, name)) = self.repository.split_once('/') else {
            let what = format!("`{}` is not a repository", self.repository);
            return Err(VerbError::error(
                Finding::new(what).remedy("write `owner/repo`"),
            ));
        };
        let (mut all, mut pages) = (OnGitHub::default(), Pages::default());
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
                VerbError::error(
                    Finding::new(what)
                        .remedy("check the repository's name and the login's access to it"),
                )
            })?;
            pages.read.push((ctx.latest(), answer.stdout.text));
            pages.answered_by = page.answered_by;
            all.releases.extend(page.holds.releases);
            all.tags.extend(page.holds.tags);
            after = page.next;
            if after.is_none() {
                return Ok((all, pages, login));
            }
        }
        let what = format!(
            "{} has more than {} releases",
            self.repository,
            all.releases.len()
        );
        Err(VerbError::error(Finding::new(what)))
    }
}

/// The pages of GitHub's releases as they were answered.
#[derive(Default)]
struct Pages {
    /// Number of the request, and the text.
    read: Vec<(u32, String)>,
    /// Name of the repository that answered.
    answered_by: String,
}

impl Pages {
    /// Where tag and commit of the chosen release are from.
    fn origins(&self, tag: Option<&str>) -> Vec<Origin> {
        const NODES: &str = "/data/repository/releases/nodes";
        let mut origins = Vec::new();
        for (request, text) in &self.read {
            let page: Value = serde_json::from_str(text).unwrap_or_default();
            let nodes = page.pointer(NODES).and_then(Value::as_array);
            let at = |node: &Value| tag.is_some() && node["tagName"].as_str() == tag;
            let Some(at) = nodes.and_then(|nodes| nodes.iter().position(at)) else {
                continue;
            };
            for (part, below) in [("tag", "tagName"), ("commit", "tagCommit/oid")] {
                let inside = format!("{NODES}/{at}/{below}");
                origins.push(Origin::answer(part, *request, STDOUT, &inside));
            }
            return origins;
        }
        origins
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

fn outcome(choice: &Choice, as_of: Option<&str>) -> Outcome {
    let or_none = |version: Option<&pep440_rs::Version>| {
        version.map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    let index = or_none(choice.version.as_ref());
    let newer = shown(&choice.newer());
    let mut note = match (choice.agree(), choice.asked) {
        (true, true) if newer.is_empty() => {
            format!("{index}, asked for, on the index and on GitHub; nothing is newer")
        }
        (true, true) => format!("{index}, asked for, on the index and on GitHub; newer: {newer}"),
        (true, false) => {
            let (on_index, on_github) = (
                listed(&choice.index.offered),
                listed(&choice.versions_on_github()),
            );
            format!(
                "{index}, on the index and on GitHub; the index has {on_index}, GitHub {on_github}"
            )
        }
        (false, _) => format!(
            "the index has {index}, GitHub has {}",
            or_none(choice.on_github.as_ref())
        ),
    };
    if let Some(time) = as_of {
        note = format!("as of {time}: {note}");
    }
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
mod tests;
