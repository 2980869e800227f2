//! The audit's other answers: load by hunk, containment, linked changes, a second language,
//! the page.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests are the outside of what they test"
)]

mod audit_support;

use std::collections::BTreeMap;
use std::path::Path;

use audit_support::pytest;
use audit_support::repo::{Builder, Repo, git, tree};
use audit_support::world::TestWorld;
use canary_gate::audit::syntax::{Aside, FilePair, LoggingNames, compare};
use canary_gate::audit::{
    AuditReport, AuditRequest, ContainmentRequest, Limits, Verdict, Without, audit, base_of,
    commits_naming, containment,
};
use canary_gate::gate::SubtaskId;
use canary_gate::world::Place;

fn place(path: &Path) -> Place {
    Place::new(path.to_str().unwrap())
}

fn request(repo: &Repo, fix: &str, directory: &Path) -> AuditRequest {
    let mut req = AuditRequest::new(place(&repo.path), fix, place(&directory.join("scratch")));
    req.scope = vec!["src/app".to_owned()];
    req.about = vec!["pending".to_owned()];
    req.tests = pytest::command();
    req
}

async fn run(req: &AuditRequest, directory: &Path) -> AuditReport {
    let world = TestWorld::new(&directory.join("home"));
    audit(&world, &SubtaskId::new("T006"), req).await.unwrap()
}

const SYNC: &str = "src/app/sync.py";

const SYNC_BEFORE: &str = "import time\n\n\ndef classify(event):\n    if event[\"kind\"] == \"sent\":\n        return \"synced\"\n    return \"unknown\"\n\n\ndef summary(events):\n    counts = {\"synced\": 0, \"unknown\": 0}\n    for event in events:\n        counts[classify(event)] += 1\n    return \", \".join(f\"{name}: {count}\" for name, count in counts.items())\n\n\ndef pause():\n    time.sleep(0)\n    return 1\n";

const SYNC_AFTER: &str = "import time\n\n\ndef classify(event):\n    if event[\"kind\"] == \"sent\":\n        return \"synced\"\n    if event[\"kind\"] in (\"queued\", \"pending\"):\n        return \"pending\"\n    return \"unknown\"\n\n\ndef summary(events):\n    counts = {\"synced\": 0, \"pending\": 0, \"unknown\": 0}\n    for event in events:\n        counts[classify(event)] += 1\n    return \", \".join(f\"{name}: {count}\" for name, count in counts.items())\n\n\ndef pause():\n    time.sleep(0)\n    return 2\n";

const SYNC_TESTS: &str = "import pytest\n\nfrom app.sync import classify, summary\n\n\n@pytest.mark.parametrize(\"kind\", [\"queued\", \"pending\"])\ndef test_waiting_events(kind):\n    assert classify({\"kind\": kind}) == \"pending\"\n\n\ndef test_summary_counts_pending():\n    assert \"pending: 2\" in summary([{\"kind\": \"queued\"}, {\"kind\": \"pending\"}])\n\n\n@pytest.mark.parametrize(\"number\", range(20))\ndef test_sent(number):\n    assert classify({\"kind\": \"sent\", \"number\": number}) == \"synced\"\n";

/// The second real fix: a new branch, a new counter, a new summary; some tests fail without it,
/// all pass with it.
fn second_fix(directory: &Path) -> Repo {
    let mut builder = Builder::default();
    let root = builder.commit(
        &[],
        tree(&[("src/app/__init__.py", ""), (SYNC, SYNC_BEFORE)]),
        "start",
    );
    let fixed = tree(&[
        ("src/app/__init__.py", ""),
        (SYNC, SYNC_AFTER),
        ("tests/test_sync.py", SYNC_TESTS),
    ]);
    let fix = builder.commit(
        &[root],
        fixed.clone(),
        "Classify pending events\n\nCloses #1182",
    );
    builder.commit(&[fix], fixed, "Later");
    let repo = builder.write(&directory.join("repo"));
    git(&repo.path, &["tag", "v1", &repo.names[root]]);
    git(&repo.path, &["tag", "v2", &repo.names[fix]]);
    repo
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_fix_is_substantive_and_its_hunks_carry_the_proof() {
    let directory = tempfile::tempdir().unwrap();
    let repo = second_fix(directory.path());
    let mut req = request(&repo, &repo.names[1], directory.path());
    req.hunks = true;
    let report = run(&req, directory.path()).await;
    let page = report.text();
    println!("{page}");
    assert_eq!(report.decision.verdict, Verdict::Substantive);
    let proof = report.proof.as_ref().unwrap();
    assert_eq!((proof.fail_to_pass.len(), proof.pass_to_pass), (3, 20));
    let hunks = &proof.load.as_ref().unwrap().hunks;
    let without: Vec<&Without> = hunks.iter().map(|hunk| &hunk.without).collect();
    assert!(
        matches!(without[0], Without::Red(tests) if tests.len() == 3),
        "{without:?}"
    );
    assert!(
        matches!(without[1], Without::Red(_) | Without::Breaks),
        "{without:?}"
    );
    assert_eq!(without[2], &Without::Green, "no test is about `pause`");
    for part in ["SUBSTANTIVE", "classify", "proves it", "git -C", "turn red"] {
        assert!(page.contains(part), "the page has no `{part}`");
    }
    assert!(page.lines().count() < 60, "a page is read in a minute");
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(
        serde_json::from_str::<AuditReport>(&json).unwrap().decision,
        report.decision
    );
}

/// Each hunk is redundant with another, so no single one carries the proof.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_that_no_hunk_carries_proves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let old =
        "def lane(name):\n    first = name\n    other = 1\n    second = first\n    return second\n";
    let new = "def lane(name):\n    first = name.replace(\"pending\", \"queued\")\n    other = 1\n    second = first.replace(\"pending\", \"queued\")\n    return second\n";
    let test = "from app.lane import lane\n\n\ndef test_lane():\n    assert lane(\"pending\") == \"queued\"\n";
    let mut builder = Builder::default();
    let root = builder.commit(&[], tree(&[("src/app/lane.py", old)]), "start");
    builder.commit(
        &[root],
        tree(&[("src/app/lane.py", new), ("tests/test_lane.py", test)]),
        "fix",
    );
    let repo = builder.write(&directory.path().join("repo"));
    let mut req = request(&repo, "main", directory.path());
    assert_eq!(
        run(&req, directory.path()).await.decision.verdict,
        Verdict::Substantive
    );
    req.hunks = true;
    let report = run(&req, directory.path()).await;
    assert_eq!(
        report.decision.verdict,
        Verdict::Unproven,
        "{}",
        report.decision.why
    );
    assert!(
        report.decision.why.contains("hunk"),
        "{}",
        report.decision.why
    );
}

#[tokio::test]
async fn the_installed_package_is_the_tags() {
    let directory = tempfile::tempdir().unwrap();
    let repo = second_fix(directory.path());
    let site = directory.path().join("site-packages");
    let install = |text: &str| {
        std::fs::create_dir_all(site.join("app")).unwrap();
        std::fs::write(site.join("app/__init__.py"), "").unwrap();
        std::fs::write(site.join("app/sync.py"), text).unwrap();
    };
    let world = TestWorld::new(&directory.path().join("home"));
    let by = SubtaskId::new("T012");
    let mut req = ContainmentRequest {
        repo: place(&repo.path),
        fix: repo.names[1].clone(),
        base: None,
        tag: "v2".to_owned(),
        scope: vec!["src/app/".to_owned()],
        source_root: "src".to_owned(),
        installed: place(&site),
        limits: Limits::default(),
    };
    install(&SYNC_AFTER.replace("    return 2\n", "    # two\n    return (2)\n"));
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(found.holds(), "{:?}", found.reasons());
    assert_eq!(found.compared, 2);

    // Built one commit too early.
    install(SYNC_BEFORE);
    let found = containment(&world, &by, &req).await.unwrap();
    let reasons = found.reasons().join("\n");
    assert!(
        !found.holds() && reasons.contains("`classify`") && reasons.contains(SYNC),
        "{reasons}"
    );

    install(SYNC_AFTER);
    std::fs::write(site.join("app/extra.py"), "x = 1\n").unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    assert_eq!(found.extra, ["src/app/extra.py"]);
    std::fs::remove_file(site.join("app/extra.py")).unwrap();
    std::fs::remove_file(site.join("app/sync.py")).unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    assert_eq!(found.missing, [SYNC]);

    // A tag from before the fix.
    install(SYNC_BEFORE);
    req.tag = "v1".to_owned();
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(!found.is_ancestor && !found.holds());
    req.scope = vec!["src/nothing".to_owned()];
    req.tag = "v2".to_owned();
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(!found.holds(), "comparing nothing shows nothing");
}

/// The fix is an ancestor of the tag and the tag is what was installed; yet it is not in it.
#[tokio::test]
async fn a_fix_that_was_reverted_before_the_tag_is_not_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::default();
    let with = |text: &str| tree(&[("src/app/__init__.py", ""), (SYNC, text)]);
    let later = SYNC_AFTER.replace(
        "in (\"queued\", \"pending\")",
        "in {\"queued\", \"pending\"}",
    );
    let root = builder.commit(&[], with(SYNC_BEFORE), "start");
    let fix = builder.commit(&[root], with(SYNC_AFTER), "fix");
    let revert = builder.commit(&[fix], with(SYNC_BEFORE), "Clean up");
    let changed = builder.commit(&[fix], with(&later), "Use a set");
    let repo = builder.write(&directory.path().join("repo"));
    let site = directory.path().join("site-packages");
    std::fs::create_dir_all(site.join("app")).unwrap();
    std::fs::write(site.join("app/__init__.py"), "").unwrap();
    let world = TestWorld::new(&directory.path().join("home"));
    let by = SubtaskId::new("T012");
    let mut req = ContainmentRequest {
        repo: place(&repo.path),
        fix: repo.names[fix].clone(),
        base: None,
        tag: repo.names[revert].clone(),
        scope: vec!["src/app/".to_owned()],
        source_root: "src".to_owned(),
        installed: place(&site),
        limits: Limits::default(),
    };
    std::fs::write(site.join("app/sync.py"), SYNC_BEFORE).unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    let reasons = found.reasons().join("\n");
    assert!(found.is_ancestor && found.differing.is_empty());
    assert!(!found.holds(), "reverted since");
    for part in ["`classify`", SYNC, "reverted"] {
        assert!(reasons.contains(part), "no `{part}` in {reasons}");
    }
    // What was changed further is not put back.
    req.tag.clone_from(&repo.names[changed]);
    std::fs::write(site.join("app/sync.py"), &later).unwrap();
    let found = containment(&world, &by, &req).await.unwrap();
    assert!(found.holds(), "{:?}", found.reasons());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fixes_that_are_merged_split_rebased_or_reverted() {
    let directory = tempfile::tempdir().unwrap();
    let start = tree(&[("src/app/__init__.py", ""), (SYNC, SYNC_BEFORE)]);
    let code = tree(&[("src/app/__init__.py", ""), (SYNC, SYNC_AFTER)]);
    let both = tree(&[
        ("src/app/__init__.py", ""),
        (SYNC, SYNC_AFTER),
        ("tests/test_sync.py", SYNC_TESTS),
    ]);
    let mut reverted = both.clone();
    reverted.insert(SYNC.to_owned(), SYNC_BEFORE.into());
    let mut builder = Builder::default();
    let root = builder.commit(&[], start.clone(), "start");
    let first = builder.commit(&[root], code, "classify (#1182)");
    let second = builder.commit(&[first], both.clone(), "tests for #1182");
    let merge = builder.commit(&[root, second], both.clone(), "Merge pull request #9");
    let revert = builder.commit(&[merge], reverted, "Revert it, #11820 is another");
    let again = builder.commit(&[revert], both, "Fix it again, #1182");
    let repo = builder.write(&directory.path().join("repo"));
    let name = |mark: usize| repo.names[mark].clone();
    let verdict = async |fix: usize, base: Option<String>| {
        let mut req = request(&repo, &name(fix), directory.path());
        req.base = base;
        run(&req, directory.path()).await.decision.verdict
    };
    assert_eq!(
        verdict(first, None).await,
        Verdict::Unproven,
        "no test in it"
    );
    assert_eq!(
        verdict(second, None).await,
        Verdict::OutOfScope,
        "tests alone"
    );
    assert_eq!(verdict(merge, None).await, Verdict::Substantive, "a merge");
    assert_eq!(verdict(revert, None).await, Verdict::Unproven, "a revert");
    // Fixed again: its tests were there before, and are found by the rule's words.
    assert_eq!(verdict(again, None).await, Verdict::Substantive, "again");
    assert_eq!(
        verdict(again, Some(name(root))).await,
        Verdict::Substantive,
        "with its base"
    );

    let world = TestWorld::new(&directory.path().join("home"));
    let by = SubtaskId::new("T004");
    let headlines = ["classify (#1182)".to_owned(), "tests for #1182".to_owned()];
    let at = place(&repo.path);
    let base = base_of(&world, &by, &at, &name(second), &headlines)
        .await
        .unwrap();
    assert_eq!(
        base,
        Some(name(root)),
        "a rebase starts before its first commit"
    );
    assert_eq!(
        verdict(second, base).await,
        Verdict::Substantive,
        "split over two commits"
    );
    let squash = base_of(&world, &by, &at, &name(again), &headlines)
        .await
        .unwrap();
    assert_eq!(squash, None);
    let naming = commits_naming(&world, &by, &at, 1182).await.unwrap();
    let subjects: Vec<&str> = naming
        .iter()
        .map(|commit| commit.subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        ["Fix it again, #1182", "tests for #1182", "classify (#1182)"]
    );
}

#[test]
fn a_second_language_is_read_by_the_same_rules() {
    let before = "use log::info;\n\n/// Drains.\npub fn drain(lanes: &[Lane]) -> usize {\n    let mut sent = 0;\n    for lane in lanes {\n        if lane.is_open() {\n            sent += 1;\n        }\n    }\n    sent\n}\n\npub struct Queue;\n\nimpl Queue {\n    fn wait(&self) {\n        pause(30);\n    }\n}\n";
    let judge = |edits: &[(&str, &str)]| {
        let mut after = before.to_owned();
        for (find, replace) in edits {
            assert!(after.contains(find), "no `{find}`");
            after = after.replacen(find, replace, 1);
        }
        let pair = FilePair {
            path: "src/queue.rs".to_owned(),
            before: Some(before.to_owned()),
            after: Some(after),
        };
        compare(&[pair], &LoggingNames::default())
    };
    let nothing: [&[(&str, &str)]; 6] = [
        &[("/// Drains.", "/// Drains all of it.")],
        &[(
            "            sent += 1;\n",
            "            info!(\"sent {}\", lane.len());\n            sent += 1;\n",
        )],
        &[(
            "        pause(30);\n",
            "        tracing::debug!(lane = %self.name, \"waits\");\n        println!(\"waits\");\n        pause(30);\n",
        )],
        &[("let mut sent = 0;", "let mut sent: usize = 0;")],
        &[(
            "    let mut sent = 0;\n    for",
            "    let mut sent =\n        0;\n\n    for",
        )],
        &[(
            "pub struct Queue;\n",
            "pub struct Queue;\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn it_waits() {\n        super::pause(1);\n    }\n}\n",
        )],
    ];
    for edits in nothing {
        let compared = judge(edits);
        assert_eq!(compared.changes, [], "{edits:?}");
        assert!(!compared.ignored.is_empty(), "{edits:?}");
    }
    let behaviour: [&[(&str, &str)]; 4] = [
        &[("if lane.is_open()", "if lane.is_open() && sent < 3")],
        &[(
            "            sent += 1;\n",
            "            info!(\"sent {}\", lane.take());\n            sent += 1;\n",
        )],
        &[(
            "        pause(30);\n",
            "        pause(30);\n        self.flush();\n",
        )],
        &[(
            "pub fn drain(lanes: &[Lane])",
            "pub fn drain(lanes: &mut [Lane])",
        )],
    ];
    for edits in behaviour {
        let compared = judge(edits);
        assert!(!compared.changes.is_empty(), "{edits:?}");
        assert!(
            !compared.changes.iter().all(|change| change.numeric),
            "{edits:?}"
        );
    }
    let timeout = judge(&[("pause(30)", "pause(60)")]);
    assert!(
        timeout
            .changes
            .iter()
            .all(|change| change.numeric && change.function == "Queue.wait")
    );
    assert!(!timeout.changes.is_empty());
}

#[test]
fn renamed_files_and_classes_are_told_as_moves() {
    let pair = |before: &str, after: &str| FilePair {
        path: "src/app/a.py".to_owned(),
        before: Some(before.to_owned()),
        after: Some(after.to_owned()),
    };
    let before = "class Old:\n    limit = \"a\"\n\n    def go(self):\n        return Old.limit\n\n\ndef make():\n    return Old()\n";
    let compared = compare(
        &[pair(before, &before.replace("Old", "New"))],
        &LoggingNames::default(),
    );
    assert_eq!(compared.changes, []);
    assert!(
        compared
            .ignored
            .iter()
            .all(|ignored| ignored.why == Aside::Moved)
    );
    let swapped = before.replace("return Old()", "return Other()");
    assert_eq!(
        compare(&[pair(before, &swapped)], &LoggingNames::default())
            .changes
            .len(),
        1
    );
}

#[test]
fn garbage_never_panics() {
    let words = [
        "def f(",
        "):\n",
        "    ",
        "if x:\n",
        "logger.info(",
        "\"",
        "'''",
        "lambda: ",
        "\n",
        "a = ",
        "(",
        ")",
        "[",
        "import ",
        "from . import *",
        "🦀",
        "class A:\n",
        "\t",
        "@",
        "await ",
        "*",
    ];
    let mut seed = 7_u64;
    let mut texts: Vec<String> = Vec::new();
    for _ in 0..400 {
        let mut text = String::new();
        for _ in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(words[usize::try_from(seed >> 33).unwrap() % words.len()]);
        }
        texts.push(text);
    }
    let mut judged: BTreeMap<bool, usize> = BTreeMap::new();
    for two in texts.chunks(2) {
        for path in ["a.py", "a.rs"] {
            let pair = FilePair {
                path: path.to_owned(),
                before: Some(two[0].clone()),
                after: Some(two[1].clone()),
            };
            let compared = compare(&[pair], &LoggingNames::default());
            *judged.entry(compared.unreadable.is_empty()).or_default() += 1;
        }
    }
    assert!(judged.contains_key(&false), "{judged:?}");
}
