//! Candidates on an index and on GitHub, and which of them is found.

use super::*;
use crate::model::Verdict;
use crate::verb::scripted::{Scripted, ended};

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
        as_of: None,
        version: None,
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
            "passed over on the package index: 3.2.0: a final release, not a candidate",
            "passed over on the package index: 4.0.0rc7: of another release line",
            "passed over on GitHub: 4.0.0rc7: of another release line",
            "passed over on GitHub: 3.2.0rc18: tagged, not released",
        ]
    );
}

#[tokio::test]
async fn as_of_a_day_neither_the_index_nor_github_has_what_came_later() {
    let offers = |version| ended(0, &format!("spec-kitty-cli=={version}\n"), "");
    let mut answer: serde_json::Value =
        serde_json::from_str(&page(&["v3.2.0rc17", "v3.2.0rc16"], None)).unwrap();
    let nodes = &mut answer["data"]["repository"]["releases"]["nodes"];
    nodes[0]["publishedAt"] = json!("2026-05-22T00:00:00Z");
    nodes[1]["publishedAt"] = json!("2026-05-20T00:00:00Z");
    let world = Scripted::new()
        .run("gh api graphql", ended(0, &answer.to_string(), ""))
        .run("python3 -I", ended(0, "/p/python3\n", ""))
        .run("uv pip compile", offers("3.2.0rc16"))
        .run("uv pip compile", ended(1, "", NONE))
        .run("uv pip compile", ended(1, "", NONE))
        .run("uv pip compile", offers("3.2.0rc16"));
    let mut verb = verb();
    verb.as_of = Some("2026-05-21T00:00:00Z".into());
    let ctx = world.ctx();
    let outcome = verb.act(&ctx).await.unwrap();
    assert_eq!(
        outcome,
        Outcome::passed(
            "as of 2026-05-21T00:00:00Z: 3.2.0rc16, on the index and on GitHub; the index has 3.2.0rc16, GitHub 3.2.0rc16"
        )
    );
    let asked = world.commands();
    let of_uv = asked.iter().filter(|one| one.starts_with("uv pip compile"));
    for command in of_uv {
        assert!(
            command.contains("--exclude-newer 2026-05-21T00:00:00Z"),
            "{command}"
        );
    }
    let fact = ctx.take_published().remove(0).value;
    assert_eq!(fact["not_after"], "2026-05-21T00:00:00Z");
    assert_eq!(fact["agree"], true);
}

#[tokio::test]
async fn one_that_can_be_no_candidate_is_not_even_looked_for() {
    for wrong in ["3.2.0", "4.0.0rc7", "newest"] {
        let world = Scripted::new();
        let mut verb = verb();
        verb.version = Some(wrong.into());
        let trouble = verb.act(&world.ctx()).await.unwrap_err();
        assert_eq!(trouble.outcome().verdict(), Verdict::Error, "{wrong}");
        assert!(world.commands().is_empty());
    }
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
