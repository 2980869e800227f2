//! Which candidate is chosen, and what is reported about the others.

use std::str::FromStr;

use super::*;

fn version(text: &str) -> Version {
    Version::from_str(text).unwrap()
}

fn versions(texts: &[&str]) -> Vec<Version> {
    texts.iter().map(|text| version(text)).collect()
}

fn release(tag: &str) -> Release {
    Release {
        version: crate::candidate::versions::of_tag(tag),
        tag: tag.into(),
        commit: Some(format!("commit of {tag}")),
        draft: false,
        prerelease: true,
        published_at: None,
        url: String::new(),
    }
}

fn line() -> Line {
    "3.2.0".parse().unwrap()
}

fn choose(line: &Line, releases: &[Release], index: Listed) -> Choice {
    chosen(line, None, releases, index)
}

fn chosen(line: &Line, version: Option<&Version>, releases: &[Release], index: Listed) -> Choice {
    let on = OnGitHub {
        releases: releases.to_vec(),
        tags: Vec::new(),
    };
    super::choose(&search(line, version), &on, index)
}

fn search<'a>(line: &'a Line, version: Option<&'a Version>) -> Search<'a> {
    Search {
        package: "spec-kitty-cli",
        line,
        as_of: None,
        version,
    }
}

#[test]
fn the_newest_that_both_have_is_chosen_among_decoys() {
    let releases = [
        "v4.0.0rc7",
        "v3.2.0",
        "v3.2.0rc9",
        "v3.2.0rc16",
        "v3.2.0rc28",
        "v3.2.0a4",
        "nightly",
    ]
    .map(release);
    let index = Listed {
        offered: versions(&["3.2.0rc16", "3.2.0rc9"]),
        yanked: versions(&["3.2.0rc28"]),
        others: versions(&["3.2.0"]),
        ..Listed::default()
    };
    let choice = choose(&line(), &releases, index);
    assert!(choice.agree());
    assert_eq!(choice.version, Some(version("3.2.0rc16")));
    assert_eq!(choice.release.as_ref().unwrap().tag, "v3.2.0rc16");
    let passed: Vec<_> = choice
        .passed_over
        .iter()
        .map(|one| one.shown.as_str())
        .collect();
    assert_eq!(passed, ["3.2.0rc28", "3.2.0", "4.0.0rc7", "3.2.0"]);
}

#[test]
fn an_index_behind_github_does_not_agree() {
    let releases = ["v3.2.0rc16", "v3.2.0rc15"].map(release);
    let index = Listed {
        offered: versions(&["3.2.0rc15"]),
        absent: versions(&["3.2.0rc16"]),
        ..Listed::default()
    };
    let choice = choose(&line(), &releases, index);
    assert!(!choice.agree());
    assert_eq!(choice.version, Some(version("3.2.0rc15")));
    assert_eq!(choice.on_github, Some(version("3.2.0rc16")));
}

#[test]
fn github_behind_the_index_does_not_agree() {
    let index = Listed {
        offered: versions(&["3.2.0rc16"]),
        ..Listed::default()
    };
    let choice = choose(&line(), &[release("v3.2.0rc15")], index);
    assert!(!choice.agree());
    assert_eq!(choice.release, None);
}

#[test]
fn a_yanked_candidate_leaves_the_one_before() {
    let releases = ["v3.2.0rc16", "v3.2.0rc15"].map(release);
    let index = Listed {
        offered: versions(&["3.2.0rc15"]),
        yanked: versions(&["3.2.0rc16"]),
        ..Listed::default()
    };
    let choice = choose(&line(), &releases, index);
    assert!(choice.agree());
    assert_eq!(choice.version, Some(version("3.2.0rc15")));
    assert_eq!(choice.passed_over[0].why, "yanked");
}

#[test]
fn nothing_anywhere_is_no_agreement() {
    let choice = choose(&line(), &[], Listed::default());
    assert!(!choice.agree());
    assert_eq!(choice.fact()["version"], Value::Null);
}

#[test]
fn a_candidate_that_is_only_tagged_is_passed_over() {
    let on = OnGitHub {
        releases: vec![release("v3.2.0rc16")],
        tags: ["v4.0.0", "v3.2.0rc17", "v3.2.0rc16", "v3.2.0rc2", "old"]
            .map(tag)
            .into(),
    };
    let index = Listed {
        offered: versions(&["3.2.0rc16"]),
        ..Listed::default()
    };
    let choice = super::choose(&search(&line(), None), &on, index);
    assert!(choice.agree());
    assert_eq!(choice.tagged, versions(&["3.2.0rc17", "3.2.0rc2"]));
    let told: Vec<String> = choice.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["passed over on GitHub: 3.2.0rc17: tagged, not released"]
    );
}

#[test]
fn a_draft_is_passed_over() {
    let mut draft = release("v3.2.0rc17");
    draft.draft = true;
    let index = Listed {
        offered: versions(&["3.2.0rc16"]),
        ..Listed::default()
    };
    let choice = choose(&line(), &[draft, release("v3.2.0rc16")], index);
    assert!(choice.agree());
    assert_eq!(choice.passed_over[0].why, "a draft");
}

fn tag(name: &str) -> crate::candidate::releases::Tag {
    crate::candidate::releases::Tag {
        name: name.to_owned(),
        made: None,
    }
}

#[test]
fn what_was_passed_over_is_one_entry_a_reason() {
    let tags: Vec<String> = (1..=45).map(|n| format!("v3.2.0rc{n}")).collect();
    let on = OnGitHub {
        releases: vec![release("v3.2.0rc16"), release("v3.2.0rc19")],
        tags: tags.iter().map(|name| tag(name)).collect(),
    };
    let index = Listed {
        offered: versions(&["3.2.0rc16"]),
        yanked: versions(&["3.2.0rc19"]),
        ..Listed::default()
    };
    let choice = super::choose(&search(&line(), None), &on, index);
    let told: Vec<String> = choice.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "passed over on the package index: 3.2.0rc19: yanked",
            "passed over on GitHub: 3.2.0rc17, 3.2.0rc18, 3.2.0rc20–rc45: tagged, not released",
        ]
    );
    assert_eq!(choice.passed_over[1].versions.len(), 28);
}

#[test]
fn the_one_that_was_asked_for_is_taken_and_what_is_newer_is_told() {
    let releases = ["v3.2.0rc17", "v3.2.0rc16", "v3.2.0rc15", "v3.2.0rc14"].map(release);
    let index = Listed {
        offered: versions(&["3.2.0rc16", "3.2.0rc15", "3.2.0rc14"]),
        yanked: versions(&["3.2.0rc17"]),
        ..Listed::default()
    };
    let asked = version("3.2.0rc14");
    let choice = chosen(&line(), Some(&asked), &releases, index.clone());
    assert!(choice.agree());
    assert_eq!(choice.version, Some(asked.clone()));
    assert_eq!(choice.release.as_ref().unwrap().tag, "v3.2.0rc14");
    assert_eq!(choice.newer(), versions(&["3.2.0rc15", "3.2.0rc16"]));
    let told: Vec<String> = choice.passed_over.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "passed over on the package index: 3.2.0rc15, 3.2.0rc16: newer, but another one was asked for",
            "passed over on the package index: 3.2.0rc17: yanked",
            "passed over on GitHub: 3.2.0rc15, 3.2.0rc16: newer, but another one was asked for",
        ]
    );
    // Even if it was requested, it must be on both.
    let choice = chosen(&line(), Some(&asked), &releases[..3], index);
    assert!(!choice.agree());
    assert_eq!(choice.on_github, None);
}
