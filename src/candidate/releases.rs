//! GitHub's releases and tags, read from GraphQL responses (GraphQL follows renamed repositories).
//! Pure: the verb sends the requests.

use jiff::Timestamp;
use pep440_rs::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::versions::of_tag;
use crate::model::read_json;

/// How many releases are requested at once; GitHub's own limit.
const PAGE: u32 = 100;

/// One release on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Release {
    /// The version in its tag; none if the tag contains none.
    pub version: Option<Version>,
    /// The tag.
    pub tag: String,
    /// The commit it points to.
    pub commit: Option<String>,
    /// Whether it is still a draft.
    pub draft: bool,
    /// Whether GitHub calls it a prerelease.
    pub prerelease: bool,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Its page.
    pub url: String,
}

/// A repository's versions on GitHub.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnGitHub {
    /// The releases, as GitHub orders them.
    pub releases: Vec<Release>,
    /// The newest tags: one without a release is a candidate that was not, or not yet, released.
    pub tags: Vec<Tag>,
}

/// One tag on GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// When it was created; the time of its commit if the tag itself has none.
    pub made: Option<Timestamp>,
}

impl OnGitHub {
    /// Versions that are tagged and have no release, not even a draft.
    pub(super) fn only_tagged(&self) -> Vec<Version> {
        let released = |version: &Version| {
            let mut releases = self.releases.iter();
            releases.any(|release| release.version.as_ref() == Some(version))
        };
        let versions = self.tags.iter().filter_map(|tag| of_tag(&tag.name));
        versions.filter(|version| !released(version)).collect()
    }

    /// The state as of a time: without what was published later, or has no publication time.
    #[must_use]
    pub fn as_of(mut self, time: Timestamp) -> Self {
        let was_there = |at: Option<Timestamp>| at.is_some_and(|at| at <= time);
        self.releases
            .retain(|release| was_there(release.published_at));
        self.tags.retain(|tag| was_there(tag.made));
        self
    }
}

/// One page of releases; the first page also has the tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its content.
    pub holds: OnGitHub,
    /// The `owner/repo` of the response, which differs after a rename.
    pub answered_by: String,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// Arguments of `gh` that request a page of releases, newest first, and with the first page the
/// newest tags.
#[must_use]
pub fn query_arguments(owner: &str, name: &str, after: Option<&str>) -> Vec<String> {
    let tags = match after {
        Some(_) => String::new(),
        None => format!(
            " refs(refPrefix:\"refs/tags/\",first:{PAGE},\
             orderBy:{{field:TAG_COMMIT_DATE,direction:DESC}}){{nodes{{name \
             target{{... on Commit{{committedDate}} \
             ... on Tag{{tagger{{date}} target{{... on Commit{{committedDate}}}}}}}}}}}}"
        ),
    };
    let query = format!(
        "query=query($owner:String!,$name:String!,$after:String){{\
         repository(owner:$owner,name:$name){{nameWithOwner \
         releases(first:{PAGE},after:$after,orderBy:{{field:CREATED_AT,direction:DESC}}){{\
         nodes{{tagName isPrerelease isDraft publishedAt url tagCommit{{oid}}}} \
         pageInfo{{hasNextPage endCursor}}}}{tags}}}}}"
    );
    let mut argv: Vec<String> = ["gh", "api", "graphql", "-f"].map(str::to_owned).into();
    argv.push(query);
    for (key, value) in [
        ("owner", Some(owner)),
        ("name", Some(name)),
        ("after", after),
    ] {
        if let Some(value) = value {
            argv.extend(["-f".to_owned(), format!("{key}={value}")]);
        }
    }
    argv
}

/// Reads a page of releases from GitHub's response.
///
/// # Errors
/// What is wrong with the response: not JSON, no such repository, another structure.
pub fn releases_page(answer: &str) -> Result<Page, String> {
    let answer = read_json(answer).map_err(|error| format!("the answer is not JSON: {error}"))?;
    let repository = &answer["data"]["repository"];
    if repository.is_null() {
        return Err(format!("there is no such repository: {}", answer["errors"]));
    }
    let shape = |error: serde_json::Error| format!("the answer has another shape: {error}");
    let repository = Repository::deserialize(repository).map_err(shape)?;
    let page = repository.releases.page_info;
    let releases = repository.releases.nodes.into_iter().map(Node::release);
    let tags = repository.refs.into_iter().flat_map(|refs| refs.nodes);
    Ok(Page {
        holds: OnGitHub {
            releases: releases.collect(),
            tags: tags.map(Ref::tag).collect(),
        },
        answered_by: repository.name_with_owner,
        next: page.end_cursor.filter(|_| page.has_next_page),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    name_with_owner: String,
    releases: Connection,
    refs: Option<Refs>,
}

#[derive(Deserialize)]
struct Refs {
    nodes: Vec<Ref>,
}

#[derive(Deserialize)]
struct Ref {
    name: String,
    #[serde(default)]
    target: Value,
}

impl Ref {
    fn tag(self) -> Tag {
        let places = ["/tagger/date", "/target/committedDate", "/committedDate"];
        let mut times = places
            .iter()
            .filter_map(|place| self.target.pointer(place)?.as_str()?.parse().ok());
        Tag {
            made: times.next(),
            name: self.name,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    nodes: Vec<Node>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    tag_name: String,
    is_prerelease: bool,
    is_draft: bool,
    published_at: Option<Timestamp>,
    url: String,
    tag_commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    oid: String,
}

impl Node {
    fn release(self) -> Release {
        Release {
            version: of_tag(&self.tag_name),
            tag: self.tag_name,
            commit: self.tag_commit.map(|commit| commit.oid),
            draft: self.is_draft,
            prerelease: self.is_prerelease,
            published_at: self.published_at,
            url: self.url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"data":{"repository":{"nameWithOwner":"spec-kitty/spec-kitty","releases":{"nodes":[
        {"tagName":"v3.2.0rc16","isPrerelease":true,"isDraft":false,"publishedAt":"2026-05-20T05:00:00Z","url":"u","tagCommit":{"oid":"abc"}},
        {"tagName":"nightly","isPrerelease":true,"isDraft":true,"publishedAt":null,"url":"u","tagCommit":null}],
        "pageInfo":{"hasNextPage":true,"endCursor":"Y3Vyc29y"}},
        "refs":{"nodes":[
            {"name":"v3.2.0rc17","target":{"committedDate":"2026-05-22T08:00:00Z"}},
            {"name":"v3.2.0rc16","target":{"tagger":{"date":"2026-05-20T05:00:00Z"},"target":{"committedDate":"2026-05-19T05:00:00Z"}}},
            {"name":"before-the-move"}]}}}}"#;

    #[test]
    fn a_page_is_read_with_who_answered_and_where_the_next_begins() {
        let page = releases_page(ANSWER).unwrap();
        assert_eq!(page.answered_by, "spec-kitty/spec-kitty");
        assert_eq!(page.next.as_deref(), Some("Y3Vyc29y"));
        let only_tagged = page.holds.only_tagged();
        assert_eq!(only_tagged, ["3.2.0rc17".parse::<Version>().unwrap()]);
        let versions: Vec<_> = page
            .holds
            .releases
            .iter()
            .map(|one| one.version.is_some())
            .collect();
        assert_eq!(versions, [true, false]);
        assert_eq!(page.holds.releases[0].commit.as_deref(), Some("abc"));
    }

    #[test]
    fn what_came_later_or_nobody_knows_when_was_not_there() {
        let holds = releases_page(ANSWER).unwrap().holds;
        let there = |time: &str| {
            let then = holds.clone().as_of(time.parse().unwrap());
            let releases = then.releases.into_iter().map(|one| one.tag);
            let tags = then.tags.into_iter().map(|one| one.name);
            releases.chain(tags).collect::<Vec<String>>()
        };
        assert_eq!(there("2026-05-20T04:59:59Z"), Vec::<String>::new());
        assert_eq!(there("2026-05-20T05:00:00Z"), ["v3.2.0rc16", "v3.2.0rc16"]);
        assert_eq!(there("2026-05-22T08:00:00Z").len(), 3);
    }

    #[test]
    fn tags_are_asked_for_once() {
        let asks = |after| query_arguments("o", "n", after)[4].contains("refs/tags/");
        assert!(asks(None) && !asks(Some("Y3Vyc29y")));
    }

    #[test]
    fn the_last_page_has_no_next() {
        let last = ANSWER.replace("\"hasNextPage\":true", "\"hasNextPage\":false");
        assert_eq!(releases_page(&last).unwrap().next, None);
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"data":{"repository":null},"errors":[]}"#,
            r#"{"data":{"repository":{}}}"#,
        ] {
            assert!(releases_page(wrong).is_err(), "{wrong}");
        }
    }
}
