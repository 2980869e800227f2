//! The audit's other answers: load by hunk, containment, linked and moved
//! changes, a second language, the page.

mod contained;
mod syntax;

use std::path::Path;

use crate::audit_support::pytest;
use crate::audit_support::repo::{Builder, Repo, git, tree};
use crate::audit_support::world::TestWorld;
use canary_gate::audit::{
    AuditReport, AuditRequest, Nature, Verdict, Without, audit, base_of, behaviour, commits_naming,
};
use canary_gate::model::SubtaskId;
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

#[tokio::test]
async fn files_that_are_moved_are_followed() {
    let directory = tempfile::tempdir().unwrap();
    let moved = "src/app/events.py";
    let mut builder = Builder::default();
    let root = builder.commit(
        &[],
        tree(&[(SYNC, SYNC_BEFORE), ("lib/old.py", "A = 1\n")]),
        "start",
    );
    let cases = [
        ("moved", tree(&[(moved, SYNC_BEFORE)]), Nature::Diagnostic),
        (
            "moved and fixed",
            tree(&[(moved, SYNC_AFTER)]),
            Nature::Behaviour,
        ),
        (
            "deleted",
            tree(&[("src/app/__init__.py", "")]),
            Nature::Behaviour,
        ),
        (
            "moved out of scope",
            tree(&[("lib/sync.py", SYNC_BEFORE)]),
            Nature::Diagnostic,
        ),
        (
            "moved out and fixed",
            tree(&[("lib/sync.py", SYNC_AFTER)]),
            Nature::Behaviour,
        ),
    ];
    for (name, mut files, _) in cases.clone() {
        files.extend(tree(&[("lib/old.py", "A = 1\n")]));
        builder.commit(&[root], files, name);
    }
    let repo = builder.write(&directory.path().join("repo"));
    let world = TestWorld::new(&directory.path().join("home"));
    for ((name, _, expected), commit) in cases.iter().zip(&repo.names[1..]) {
        let req = request(&repo, commit, directory.path());
        let judged = behaviour(&world, &SubtaskId::new("T004"), &req)
            .await
            .unwrap();
        assert_eq!(judged.nature, *expected, "{name}: {:?}", judged.changes);
    }
}
