//! The fix audit's bars: the static part on a large repository, and the whole audit against its
//! two test runs alone.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark is the outside of what it measures"
)]

#[path = "../tests/support/audit/mod.rs"]
mod audit_support;

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use audit_support::pytest;
use audit_support::repo::{Builder, git, tree};
use audit_support::world::TestWorld;
use canary_gate::audit::{AuditRequest, Verdict, audit, behaviour};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;

fn place(path: &Path) -> Place {
    Place::new(path.to_str().unwrap())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    static_part(directory.path()).await;
    proof(directory.path()).await;
}

/// Median of some times.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// 9,000 commits, 3,000 files; the fix touches 40 files of 200 lines.
async fn static_part(directory: &Path) {
    let repo = directory.join("large");
    large_repository(&repo);
    let world = TestWorld::new(&directory.join("home"));
    let mut req = AuditRequest::new(place(&repo), "main", place(&directory.join("scratch")));
    req.scope = vec!["src/p1".to_owned()];
    let mut times = Vec::new();
    for _ in 0..7 {
        let start = Instant::now();
        let judged = behaviour(&world, &SubtaskId::new("T004"), &req)
            .await
            .unwrap();
        times.push(start.elapsed());
        assert!(!judged.changes.is_empty());
    }
    let time = median(times);
    println!(
        "static part, 9,000 commits, 3,000 files: {time:.0?} (bar 1 s: {})",
        if time < Duration::from_secs(1) {
            "met"
        } else {
            "MISSED"
        }
    );
}

fn source(number: usize, edit: usize) -> String {
    let mut text = String::from("import logging\n\nlogger = logging.getLogger(__name__)\n");
    for function in 0..20 {
        write!(
            text,
            "\n\ndef f{function}(queue, lane):\n    count = 0\n    for event in queue:\n        if event.lane == lane:\n            logger.info(\"%s\", event)\n            count += {edit} + {number}\n    return count\n"
        )
        .unwrap();
    }
    text
}

fn large_repository(path: &Path) {
    use std::io::Write as _;
    git(
        path.parent().unwrap(),
        &["init", "-q", "-b", "main", path.to_str().unwrap()],
    );
    let mut child = Command::new("git")
        .args(["fast-import", "--quiet"])
        .current_dir(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = std::io::BufWriter::new(child.stdin.take().unwrap());
    let file = |number: usize| format!("src/p{}/m{number}.py", number % 30);
    for commit in 0..9_000 {
        write!(
            pipe,
            "commit refs/heads/main\ncommitter A <a@b> {} +0000\ndata 1\nx\n",
            1_600_000_000 + commit
        )
        .unwrap();
        let files: Vec<usize> = match commit {
            0 => (0..3_000).collect(),
            // The fix: the last commit.
            8_999 => (0..40).map(|at| at * 30 + 1).collect(),
            _ => vec![commit % 3_000],
        };
        for number in files {
            let text = source(number, commit);
            write!(
                pipe,
                "M 100644 inline {}\ndata {}\n{text}\n",
                file(number),
                text.len()
            )
            .unwrap();
        }
        writeln!(pipe).unwrap();
    }
    drop(pipe);
    assert!(child.wait().unwrap().success());
}

/// The audit against the two test runs it makes, one after the other.
async fn proof(directory: &Path) {
    let test = "import os\n\nfrom app import lane\n\n\ndef test_lane():\n    total = 0\n    for number in range(int(os.environ[\"ROUNDS\"])):\n        total += number % 7\n    assert total and lane() == \"in_review\"\n";
    let mut builder = Builder::default();
    let root = builder.commit(
        &[],
        tree(&[("src/app.py", "def lane():\n    return \"planned\"\n")]),
        "start",
    );
    let fixed = [
        ("src/app.py", "def lane():\n    return \"in_review\"\n"),
        ("tests/test_lane.py", test),
    ];
    builder.commit(&[root], tree(&fixed), "fix");
    let repo = builder.write(&directory.join("small"));
    let mut req = AuditRequest::new(
        place(&repo.path),
        repo.names[1].as_str(),
        place(&directory.join("scratch")),
    );
    req.scope = vec!["src".to_owned()];
    req.about = vec!["in_review".to_owned()];
    req.tests = pytest::command();
    req.tests
        .env
        .insert("ROUNDS".to_owned(), "60000000".to_owned());
    let world = TestWorld::new(&directory.join("home"));

    let (mut alone, mut beside, mut whole, mut own) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let start = Instant::now();
        for _ in 0..2 {
            run_alone(&req, &repo.path);
        }
        alone.push(start.elapsed());
        // What the machine itself gives: the same two runs at the same time, without an audit.
        let start = Instant::now();
        std::thread::scope(|both| {
            for _ in 0..2 {
                both.spawn(|| run_alone(&req, &repo.path));
            }
        });
        beside.push(start.elapsed());
        let start = Instant::now();
        let report = audit(&world, &SubtaskId::new("T005"), &req).await.unwrap();
        whole.push(start.elapsed());
        assert_eq!(report.decision.verdict, Verdict::Substantive);
        let (before, after) = report.proof.unwrap().run_milliseconds;
        own.push(
            start
                .elapsed()
                .saturating_sub(Duration::from_millis(before.max(after))),
        );
    }
    let (alone, beside) = (median(alone), median(beside));
    let (whole, own) = (median(whole), median(own));
    let ratio = whole.as_secs_f64() / alone.as_secs_f64();
    let floor = beside.as_secs_f64() / alone.as_secs_f64();
    println!(
        "whole audit {whole:.1?} (beside the slower run {own:.0?}), its two test runs alone {alone:.1?}: {ratio:.2} × (bar 0.75: {}; the two at once without an audit: {floor:.2} ×)",
        if ratio <= 0.75 { "met" } else { "MISSED" }
    );
}

fn run_alone(req: &AuditRequest, at: &Path) {
    let argv: Vec<String> = req
        .tests
        .argv
        .iter()
        .map(|part| {
            part.replace("{junit}", "/dev/null")
                .replace("{tests}", "tests")
        })
        .collect();
    let status = Command::new(&argv[0])
        .args(&argv[1..])
        .envs(&req.tests.env)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(at)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
