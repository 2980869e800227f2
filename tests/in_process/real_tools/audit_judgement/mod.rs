//! What a failure without the fix is worth, under a real pytest: where it was raised decides.
//!
//! Each case is a repository of its own, audited as an operator does it: with the command
//! `python -m pytest -q`. All right and wrong answers are printed as a table.

mod names;
mod proofs;
mod reports;

use std::path::Path;

use crate::audit_support::pytest;
use crate::audit_support::repo::{Builder, tree};
use crate::audit_support::world::TestWorld;
use canary_gate::audit::{
    AuditRequest, Decision, Proof, TestCommand, Verdict, behaviour, prove, verdict,
};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;

/// A file's path and text.
type File = (&'static str, &'static str);

/// One fix with its tests.
pub(super) struct Case {
    name: &'static str,
    expected: Verdict,
    /// Words that the reason must hold.
    why: &'static str,
    before: &'static [File],
    /// Files of the fix over those before; a text of [`GONE`] takes a file away.
    fix: &'static [File],
    /// More arguments of pytest.
    more: &'static str,
}

const GONE: &str = "\0";

/// Where every case starts.
const SETTINGS: &str = "[project]\nname = \"app\"\nversion = \"1\"\n\n[tool.pytest.ini_options]\npythonpath = [\"src\", \".\"]\ntestpaths = [\"tests\"]\n";

/// The case's two commits: before, and the fix.
fn commits(builder: &mut Builder, case: &Case) {
    let mut files = tree(&[("pyproject.toml", SETTINGS), ("src/app/__init__.py", "")]);
    files.extend(tree(case.before));
    let start = builder.commit(&[], files.clone(), "start");
    for (path, text) in case.fix {
        if *text == GONE {
            files.remove(*path);
        } else {
            files.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
    }
    builder.commit(&[start], files, case.name);
}

async fn audit(req: &AuditRequest, home: &Path) -> (Decision, Proof) {
    let world = TestWorld::new(home);
    let by = SubtaskId::new("T005");
    let changed = behaviour(&world, &by, req).await.unwrap();
    let proof = prove(&world, &by, req, &changed).await.unwrap();
    (verdict(&changed, Some(&proof)), proof)
}

/// Audits all cases and prints what came out.
async fn all_come_out_right(cases: &'static [Case]) {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::default();
    for case in cases {
        commits(&mut builder, case);
    }
    let repo = builder.write(&directory.path().join("repo"));
    // With the plugins that many projects use.
    let packages = ["pytest>=9", "pytest-xdist", "pytest-mock"];
    let python = pytest::installed("pytest-plugins", &packages).join("bin/python");
    let mut wrong = Vec::new();
    let only = std::env::var("GATE_ONLY_CASE").unwrap_or_default();
    for (at, case) in cases.iter().enumerate() {
        if !case.name.contains(&only) {
            continue;
        }
        let place = |name: &str| Place::new(directory.path().join(name).to_str().unwrap());
        let mut req = AuditRequest::new(place("repo"), &repo.names[2 * at + 1], place("scratch"));
        req.scope = vec!["src/".to_owned()];
        let line = format!(
            "{} -m pytest -q --continue-on-collection-errors {}",
            python.display(),
            case.more
        );
        req.tests = TestCommand::from_line(&line);
        req.tests.base = canary_gate::world::EnvBase::Bare;
        let (decision, proof) = audit(&req, &directory.path().join("home")).await;
        let right = decision.verdict == case.expected
            && decision.why.contains(case.why)
            && !decision.why.contains("the rule");
        let mark = if right { "ok   " } else { "WRONG" };
        let word = decision.verdict.word();
        println!("{mark} {:<64} {word:<13} {}", case.name, decision.why);
        if !right {
            println!("{proof:#?}");
            wrong.push((case.name, case.expected, decision.verdict));
        }
    }
    println!("{} of {} right", cases.len() - wrong.len(), cases.len());
    assert_eq!(wrong, Vec::<(&str, Verdict, Verdict)>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_only_names_what_the_fix_brings_proves_nothing() {
    all_come_out_right(names::CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_product_itself_is_a_proof() {
    all_come_out_right(proofs::CASES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subtests_names_and_what_never_ran() {
    all_come_out_right(reports::CASES).await;
}
