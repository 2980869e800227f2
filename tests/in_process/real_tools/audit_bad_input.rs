//! What the audit is given when things are wrong: each a clear error or verdict, and the
//! repository left as found.

use std::path::Path;
use std::time::Duration;

use crate::audit_support::pytest;
use crate::audit_support::repo::{Builder, Repo, git, tree};
use crate::audit_support::world::TestWorld;
use canary_gate::audit::{
    AuditError, AuditReport, AuditRequest, TestCommand, Verdict, audit, clean_up, clean_up_below,
};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;

const OLD: &str = "def lane(name):\n    return \"planned\"\n";
const NEW: &str = "def lane(name):\n    return \"in_review\"\n";
const TEST: &str =
    "from app import lane\n\n\ndef test_lane():\n    assert lane(\"planned\") == \"in_review\"\n";

fn simple(directory: &Path, more: &[(&str, &str)]) -> Repo {
    let mut builder = Builder::default();
    let root = builder.commit(&[], tree(&[("src/app.py", OLD)]), "start");
    let mut files = tree(&[("src/app.py", NEW), ("tests/test_lane.py", TEST)]);
    files.extend(tree(more));
    builder.commit(&[root], files, "Fix it (#7)");
    builder.write(&directory.join("repo"))
}

fn request(repo: &Path, fix: &str, directory: &Path) -> AuditRequest {
    let mut req = AuditRequest::new(
        Place::new(repo.to_str().unwrap()),
        fix,
        Place::new(directory.join("scratch").to_str().unwrap()),
    );
    req.scope = vec!["src".to_owned()];
    req.tests = pytest::command();
    req
}

async fn run(req: &AuditRequest, directory: &Path) -> Result<AuditReport, AuditError> {
    let world = TestWorld::new(&directory.join("home"));
    audit(&world, &SubtaskId::new("T005"), req).await
}

async fn error_of(repo: &Path, fix: &str, directory: &Path) -> (AuditError, String) {
    let error = run(&request(repo, fix, directory), directory)
        .await
        .unwrap_err();
    let remedy = error.remedy().unwrap_or_default();
    println!("{error} → {remedy}");
    (error, remedy)
}

fn look(repo: &Path) -> String {
    [
        "status --porcelain --ignored",
        "worktree list --porcelain",
        "for-each-ref",
    ]
    .map(|line| git(repo, &line.split(' ').collect::<Vec<_>>()))
    .join("\n")
}

#[tokio::test]
async fn a_place_or_commit_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let repo = simple(directory.path(), &[]);
    let empty = directory.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let (error, _) = error_of(&empty, "HEAD", directory.path()).await;
    assert!(
        matches!(error, AuditError::NotARepository { .. }),
        "{error}"
    );
    let (error, remedy) = error_of(
        &repo.path,
        "0123456789abcdef0123456789abcdef01234567",
        directory.path(),
    )
    .await;
    assert!(matches!(error, AuditError::MissingCommit { .. }), "{error}");
    assert!(remedy.contains("fetch"), "{remedy}");
    let (error, _) = error_of(&repo.path, "--output=/tmp/x", directory.path()).await;
    assert!(matches!(error, AuditError::MissingCommit { .. }), "{error}");
    let (error, _) = error_of(&repo.path, &repo.names[0], directory.path()).await;
    assert!(matches!(error, AuditError::RootCommit { .. }), "{error}");
    let (error, _) = error_of(&directory.path().join("nowhere"), "HEAD", directory.path()).await;
    assert!(
        matches!(error, AuditError::NotARepository { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_shallow_clone_says_how_to_deepen() {
    let directory = tempfile::tempdir().unwrap();
    let repo = simple(directory.path(), &[]);
    let clone = directory.path().join("shallow");
    let from = format!("file://{}", repo.path.display());
    git(
        directory.path(),
        &["clone", "-q", "--depth=1", &from, clone.to_str().unwrap()],
    );
    let (error, remedy) = error_of(&clone, "HEAD", directory.path()).await;
    assert!(matches!(error, AuditError::ShallowParent { .. }), "{error}");
    assert!(remedy.contains("--deepen"), "{remedy}");
}

#[tokio::test]
async fn a_merge_of_unrelated_histories() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::default();
    let one = builder.commit(&[], tree(&[("src/app.py", OLD)]), "one");
    let two = builder.commit(&[], tree(&[("src/other.py", NEW)]), "two");
    builder.commit(
        &[one, two],
        tree(&[("src/app.py", OLD), ("src/other.py", NEW)]),
        "merge",
    );
    let repo = builder.write(&directory.path().join("repo"));
    let (error, _) = error_of(&repo.path, "main", directory.path()).await;
    assert!(
        matches!(error, AuditError::UnrelatedHistories { .. }),
        "{error}"
    );
    let mut req = request(&repo.path, &repo.names[2], directory.path());
    req.base = Some(repo.names[2].clone());
    let error = run(&req, directory.path()).await.unwrap_err();
    assert!(matches!(error, AuditError::NotBefore { .. }), "{error}");
}

#[tokio::test]
async fn sources_that_cannot_be_read_are_undetermined() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::default();
    let root = builder.commit(&[], tree(&[("src/app.py", OLD)]), "start");
    let mut huge = String::with_capacity(21_000_000);
    while huge.len() < 20_000_000 {
        huge.push_str("value = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n");
    }
    let deep = format!("value = {}1{}\n", "(".repeat(50_000), ")".repeat(50_000));
    let deeper = format!("value = {}1{}\n", "[".repeat(5_000), "]".repeat(5_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("binary", b"value = \x00\xff\xfe\n".to_vec()),
        ("not UTF-8", b"value = \"\xff\xfe\"\n".to_vec()),
        ("20 MB", huge.into_bytes()),
        ("50,000 parentheses", deep.into_bytes()),
        ("5,000 lists", deeper.into_bytes()),
        ("syntax error", b"def lane(:\n".to_vec()),
        ("empty is fine", Vec::new()),
    ];
    for (name, bytes) in &cases {
        let files = [("src/app.py".to_owned(), bytes.clone())].into();
        builder.commit(&[root], files, name);
    }
    let repo = builder.write(&directory.path().join("repo"));
    for ((name, _), commit) in cases.iter().zip(&repo.names[1..]) {
        let report = run(
            &request(&repo.path, commit, directory.path()),
            directory.path(),
        )
        .await
        .unwrap();
        println!(
            "{name}: {} {}",
            report.decision.verdict.word(),
            report.decision.why
        );
        let expected = if *name == "empty is fine" {
            Verdict::Unproven
        } else {
            Verdict::Undetermined
        };
        assert_eq!(report.decision.verdict, expected, "{name}");
    }
}

#[tokio::test]
async fn a_scope_that_names_nothing_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let repo = simple(directory.path(), &[]);
    let mut req = request(&repo.path, "main", directory.path());
    req.scope = vec!["source/app.py".to_owned()];
    let report = run(&req, directory.path()).await.unwrap();
    assert_eq!(report.decision.verdict, Verdict::OutOfScope);
    assert!(
        report.decision.why.contains("source/app.py"),
        "{}",
        report.decision.why
    );
}

fn shell(script: &str) -> TestCommand {
    TestCommand {
        argv: ["sh", "-c", script, "{junit}"].map(str::to_owned).to_vec(),
        ..pytest::command()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn test_commands_that_misbehave() {
    let directory = tempfile::tempdir().unwrap();
    let repo = simple(directory.path(), &[]);
    let before = look(&repo.path);
    let mut req = request(&repo.path, "main", directory.path());

    req.tests.argv = vec!["no-such-program".to_owned(), "{junit}".to_owned()];
    let error = run(&req, directory.path()).await.unwrap_err();
    assert!(matches!(error, AuditError::TestCommand { .. }), "{error}");
    assert!(error.remedy().unwrap().contains("no-such-program"));
    assert_eq!(look(&repo.path), before, "no such command");

    let cases = [
        ("hangs", "sleep 1000", "did not end"),
        ("writes no report", "echo away; exit 3", "wrote no report"),
        ("writes rubbish", "echo '<not' > \"$0\"", "cannot be read"),
        (
            "prints 1 GB",
            "head -c 1000000000 /dev/zero | tr '\\0' x",
            "wrote no report",
        ),
    ];
    for (name, script, says) in cases {
        req.tests = shell(script);
        let is_hanging = name == "hangs";
        req.limits.run = if is_hanging {
            Duration::from_millis(300)
        } else {
            Duration::from_mins(2)
        };
        let report = run(&req, directory.path()).await.unwrap();
        assert_eq!(report.decision.verdict, Verdict::Undetermined, "{name}");
        assert!(
            report.decision.why.contains(says),
            "{name}: {}",
            report.decision.why
        );
        assert_eq!(look(&repo.path), before, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tests_that_write_outside_their_worktree_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let escapes = "from app import lane\n\n\ndef test_lane():\n    open(\"../escaped.txt\", \"w\").close()\n    assert lane(\"planned\") == \"in_review\"\n";
    let repo = simple(directory.path(), &[("tests/test_lane.py", escapes)]);
    let before = look(&repo.path);
    let req = request(&repo.path, "main", directory.path());
    let report = run(&req, directory.path()).await.unwrap();
    assert_eq!(report.decision.verdict, Verdict::Undetermined);
    assert!(
        report.decision.why.contains("escaped.txt"),
        "{}",
        report.decision.why
    );
    assert_eq!(look(&repo.path), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tests_that_touch_the_checkout_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("repo");
    let touches = format!(
        "import subprocess\n\nfrom app import lane\n\n\ndef test_lane():\n    subprocess.run([\"git\", \"-C\", \"{}\", \"branch\", \"-f\", \"left\", \"HEAD\"], check=False)\n    assert lane(\"planned\") == \"in_review\"\n",
        path.display()
    );
    let repo = simple(directory.path(), &[("tests/test_lane.py", &touches)]);
    assert_eq!(repo.path, path);
    let report = run(
        &request(&repo.path, "main", directory.path()),
        directory.path(),
    )
    .await
    .unwrap();
    assert_eq!(report.decision.verdict, Verdict::Undetermined);
    assert!(
        report.decision.why.contains("refs/heads/left"),
        "{}",
        report.decision.why
    );
}

/// An audit that is cancelled as soon as its tests run.
async fn cancelled(repo: &Repo, directory: &Path) -> AuditRequest {
    let mut req = request(&repo.path, "main", directory);
    let started = directory.join("started");
    req.tests = shell(&format!("touch {}; exec sleep 1000", started.display()));
    {
        let audit = run(&req, directory);
        tokio::pin!(audit);
        loop {
            tokio::select! {
                _ = &mut audit => panic!("the tests never end"),
                () = tokio::time::sleep(Duration::from_millis(5)) => {
                    if started.exists() {
                        break;
                    }
                }
            }
        }
    }
    let left = std::fs::read_dir(req.scratch.as_str()).unwrap().flatten();
    let left = left.filter(|entry| entry.path().join(".git").is_dir());
    // both sides, and the fix without its change in scope
    assert_eq!(left.count(), 3, "it cannot clean up");
    req
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_cancelled_audit_leaves_the_next_takes_away() {
    let directory = tempfile::tempdir().unwrap();
    let repo = simple(directory.path(), &[]);
    let before = look(&repo.path);
    let req = cancelled(&repo, directory.path()).await;
    let world = TestWorld::new(&directory.path().join("home"));
    let gone = clean_up(&world, &SubtaskId::new("T005"), &req)
        .await
        .unwrap();
    assert_eq!(gone, 3);
    assert_eq!(look(&repo.path), before);
}

/// As a run does at its end, which knows the directory of all its audits, but no repository.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cancelled_audits_leave_is_found_below_their_directory() {
    let directory = tempfile::tempdir().unwrap();
    let repo = simple(directory.path(), &[]);
    let before = look(&repo.path);
    cancelled(&repo, directory.path()).await;
    let world = TestWorld::new(&directory.path().join("home"));
    let all = Place::new(directory.path().to_str().unwrap());
    let by = SubtaskId::new("run");
    assert_eq!(clean_up_below(&world, &by, &all).await.unwrap(), 3);
    assert_eq!(look(&repo.path), before);
    assert_eq!(clean_up_below(&world, &by, &all).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dirty_checkout_a_hook_and_a_bare_repository_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let repo = simple(directory.path(), &[]);
    std::fs::write(repo.path.join("src/app.py"), "broken(").unwrap();
    std::fs::write(repo.path.join("new.txt"), "").unwrap();
    let hook = repo.path.join(".git/hooks/post-checkout");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(
        &hook,
        format!("#!/bin/sh\ntouch {}/hooked\n", directory.path().display()),
    )
    .unwrap();
    git(&repo.path, &["config", "core.fileMode", "false"]);
    std::process::Command::new("chmod")
        .arg("+x")
        .arg(&hook)
        .status()
        .unwrap();
    let before = look(&repo.path);
    let report = run(
        &request(&repo.path, &repo.names[1], directory.path()),
        directory.path(),
    )
    .await
    .unwrap();
    assert_eq!(
        report.decision.verdict,
        Verdict::Substantive,
        "{}",
        report.decision.why
    );
    assert_eq!(look(&repo.path), before);
    assert!(
        !directory.path().join("hooked").exists(),
        "hooks of the repository do not run"
    );

    let bare = directory.path().join("bare.git");
    git(
        directory.path(),
        &[
            "clone",
            "-q",
            "--bare",
            repo.path.to_str().unwrap(),
            bare.to_str().unwrap(),
        ],
    );
    let report = run(&request(&bare, "main", directory.path()), directory.path())
        .await
        .unwrap();
    assert_eq!(
        report.decision.verdict,
        Verdict::Substantive,
        "{}",
        report.decision.why
    );
}
