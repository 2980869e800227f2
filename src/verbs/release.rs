//! `release`.

use async_trait::async_trait;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{Finding, Outcome, is_template, read_json};
use crate::verb::{Act, Ctx, Declares, Field, Input, VerbError, Wrong};
use crate::verbs::compare_versions::Meaning;
use crate::verbs::github;
use crate::verbs::run_program::wrong_pattern;

/// Reads a GitHub release and its assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The repository, `owner/repo`.
    pub repository: String,
    /// The release's tag.
    pub tag: String,
    /// Regular expressions, each of which the whole name of an asset must match.
    #[serde(default)]
    pub assets: Vec<String>,
    /// Whether it must be a pre-release (`true`) or must not (`false`); either when not given.
    #[serde(default)]
    pub prerelease: Option<bool>,
    /// The commit that its tag must be at.
    #[serde(default)]
    pub at: Option<String>,
    /// What it means when it is not as expected.
    #[serde(default)]
    pub otherwise: Meaning,
    /// The fact to publish.
    #[serde(rename = "as")]
    pub publish: String,
}

/// More assets than this are not read.
const MOST_ASSETS: u64 = 100;

const QUERY: &str = "query($owner:String!,$name:String!,$tag:String!){\
    repository(owner:$owner,name:$name){nameWithOwner release(tagName:$tag){\
    tagName name url isDraft isPrerelease publishedAt tagCommit{oid} \
    releaseAssets(first:100){totalCount nodes{name size}}}}}";

impl Declares for Release {
    fn publishes(&self) -> Option<&str> {
        Some(&self.publish)
    }

    fn fields(&self) -> Option<Vec<Field>> {
        Some(Field::all([
            "tag: text",
            "name: text?",
            "url: text",
            "draft: boolean",
            "prerelease: boolean",
            "published_at: text?",
            "commit: text?",
            "assets: list",
        ]))
    }

    fn inputs(&self) -> Vec<Input> {
        vec![Input::Again]
    }

    fn starts(&self) -> Vec<&'static str> {
        vec!["gh"]
    }

    fn wrong(&self) -> Vec<Wrong> {
        let each = self.assets.iter().enumerate();
        let mut wrong: Vec<Wrong> = each
            .filter_map(|(index, pattern)| wrong_pattern(format!("assets[{index}]"), pattern))
            .collect();
        if self.tag.is_empty() || self.tag.starts_with('-') {
            let what = format!("`{}` is no tag", self.tag);
            wrong.push(Wrong::new("tag", what, "write such as `v1.2.0`"));
        }
        let at = self.at.as_deref().filter(|at| !is_template(at));
        if let Some(at) = at.filter(|at| !at.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            wrong.push(Wrong::new(
                "at",
                format!("`{at}` is no commit"),
                "write it in hex",
            ));
        }
        wrong
    }
}

#[async_trait]
impl Act for Release {
    async fn act(&self, ctx: &Ctx) -> Result<Outcome, VerbError> {
        let unexpected = |why: &str| {
            let what = format!("GitHub's answer about {} is odd: {why}", self.repository);
            VerbError::error(Finding::new(what))
        };
        let (owner, name) = self
            .repository
            .split_once('/')
            .ok_or_else(|| unexpected("no name"))?;
        let argv = [
            "gh".to_owned(),
            "api".to_owned(),
            "graphql".to_owned(),
            "-f".to_owned(),
            format!("query={QUERY}"),
            "-f".to_owned(),
            format!("owner={owner}"),
            "-f".to_owned(),
            format!("name={name}"),
            "-f".to_owned(),
            format!("tag={}", self.tag),
        ];
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        let (finished, _) = github::read(ctx, &argv).await?;
        let answer = read_json(&finished.stdout.text);
        let answer = answer.map_err(|error| unexpected(&error.to_string()))?;
        let repository = &answer["data"]["repository"];
        let answered = repository["nameWithOwner"].as_str().unwrap_or_default();
        if !answered.eq_ignore_ascii_case(&self.repository) {
            return Err(unexpected(&format!("`{answered}` answered")));
        }
        let release = &repository["release"];
        if release.is_null() {
            let what = format!("{} has no release `{}`", self.repository, self.tag);
            return Ok(self.otherwise.outcome(Finding::new(what)));
        }
        let fact = fact_of(release).ok_or_else(|| unexpected("fields are missing"))?;
        if fact["tag"] != self.tag.as_str() {
            return Err(unexpected("it is about another tag"));
        }
        let outcome = self.judge(&fact)?;
        ctx.publish(&self.publish, fact);
        Ok(outcome)
    }
}

/// A release as a fact; none where something is missing.
fn fact_of(release: &Value) -> Option<Value> {
    let assets = &release["releaseAssets"];
    if assets["totalCount"].as_u64()? > MOST_ASSETS {
        return None;
    }
    let asset = |node: &Value| {
        let (name, size) = (node["name"].as_str()?, node["size"].as_u64()?);
        Some(json!({ "name": name, "bytes": size }))
    };
    let assets: Option<Vec<Value>> = assets["nodes"].as_array()?.iter().map(asset).collect();
    Some(json!({
        "tag": release["tagName"].as_str()?,
        "name": release["name"],
        "url": release["url"].as_str()?,
        "draft": release["isDraft"].as_bool()?,
        "prerelease": release["isPrerelease"].as_bool()?,
        "published_at": release["publishedAt"],
        "commit": release["tagCommit"]["oid"],
        "assets": assets?,
    }))
}

impl Release {
    fn judge(&self, fact: &Value) -> Result<Outcome, VerbError> {
        let of = format!("release `{}` of {}", self.tag, self.repository);
        let names: Vec<&str> = fact["assets"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|asset| asset["name"].as_str())
            .collect();
        let mut wrong = Vec::new();
        if fact["draft"] == true {
            wrong.push(format!("{of} is a draft"));
        }
        if let Some(wanted) = self
            .prerelease
            .filter(|wanted| fact["prerelease"] != *wanted)
        {
            let is = if wanted {
                "is no pre-release"
            } else {
                "is a pre-release"
            };
            wrong.push(format!("{of} {is}"));
        }
        let commit = fact["commit"].as_str().unwrap_or_default();
        if let Some(at) = self.at.as_deref()
            && (at.len() < 7 || !commit.starts_with(&at.to_ascii_lowercase()))
        {
            wrong.push(format!("{of} is at {commit}, expected {at}"));
        }
        for pattern in &self.assets {
            let regex = Regex::new(&format!(r"\A(?:{pattern})\z"));
            let regex = regex.map_err(|error| VerbError::error(Finding::new(error.to_string())))?;
            if !names.iter().any(|name| regex.is_match(name)) {
                wrong.push(format!("{of} has no asset `{pattern}`"));
            }
        }
        let mut lines = wrong.into_iter();
        let Some(first) = lines.next() else {
            return Ok(Outcome::passed(format!(
                "{of} is there, with {} assets",
                names.len()
            )));
        };
        let mut finding = Finding::new(first);
        finding.seen.extend(lines);
        finding.seen.push(format!("assets: {}", names.join(", ")));
        Ok(self.otherwise.outcome(finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::verb::scripted::{Scripted, ended};

    fn answer(release: &Value) -> String {
        json!({"data": {"repository": {"nameWithOwner": "o/r", "release": release}}}).to_string()
    }

    fn found() -> Value {
        json!({
            "tagName": "v1", "name": "One", "url": "u", "isDraft": false, "isPrerelease": false,
            "publishedAt": "2026-05-20T10:00:00Z", "tagCommit": {"oid": "a".repeat(40)},
            "releaseAssets": {"totalCount": 1, "nodes": [{"name": "r-1.tar.gz", "size": 10}]},
        })
    }

    async fn verdict(fields: &str, release: &Value) -> Verdict {
        let text = format!("repository = \"o/r\"\ntag = \"v1\"\nas = \"release\"\n{fields}");
        let verb: Release = toml::from_str(&text).unwrap();
        let world = Scripted::new().run("gh api graphql", ended(0, &answer(release), ""));
        let outcome = verb.act(&world.ctx()).await;
        outcome.unwrap_or_else(VerbError::outcome).verdict()
    }

    #[tokio::test]
    async fn a_release_is_held_against_what_is_expected() {
        let with = |name: &str, value: Value| {
            let mut release = found();
            release[name] = value;
            release
        };
        for (fields, release, expected) in [
            ("", found(), Verdict::Passed),
            ("assets = ['r-.*\\.tar\\.gz']", found(), Verdict::Passed),
            ("assets = ['r-']", found(), Verdict::Failed),
            ("at = 'aaaaaaa'", found(), Verdict::Passed),
            ("at = 'bbbbbbb'", found(), Verdict::Failed),
            ("prerelease = true", found(), Verdict::Failed),
            ("", with("isDraft", json!(true)), Verdict::Failed),
            ("", with("tagName", json!("v2")), Verdict::Error),
            ("", with("isDraft", json!("no")), Verdict::Error),
            ("", Value::Null, Verdict::Failed),
            ("otherwise = 'blocked'", Value::Null, Verdict::Blocked),
        ] {
            assert_eq!(
                verdict(fields, &release).await,
                expected,
                "{fields} {release}"
            );
        }
    }
}
