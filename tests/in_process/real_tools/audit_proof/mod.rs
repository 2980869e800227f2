//! Proofs under a real pytest: what each is worth, printed as a table.

mod cases;

use std::path::Path;

use crate::audit_support::repo::{Builder, Repo, git, tree};
use crate::audit_support::{pytest, world::TestWorld};
use canary_gate::audit::{
    AuditRequest, Behaviour, Decision, Proof, Verdict, behaviour, prove, verdict, verdict_of_proof,
};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;
use cases::{BEFORE, CASES, File};

fn with(files: &[File]) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut all = tree(BEFORE);
    all.extend(tree(files));
    all
}

fn request(repo: &Repo, fix: &str, scratch: &Path) -> AuditRequest {
    let mut req = AuditRequest::new(
        Place::new(repo.path.to_str().unwrap()),
        fix,
        Place::new(scratch.to_str().unwrap()),
    );
    req.scope = vec!["src/app/sync".to_owned()];
    req.about = vec!["in_review".to_owned(), "planned".to_owned()];
    req.tests = pytest::command();
    req
}

async fn audit(req: &AuditRequest, home: &Path) -> (Decision, Behaviour, Proof) {
    let world = TestWorld::new(home);
    let by = SubtaskId::new("T005");
    let changed = behaviour(&world, &by, req).await.unwrap();
    let proof = prove(&world, &by, req, &changed).await.unwrap();
    (verdict(&changed, Some(&proof)), changed, proof)
}

/// How the repository looks, for before and after.
fn look(repo: &Repo) -> String {
    [
        "status --porcelain --ignored",
        "worktree list --porcelain",
        "for-each-ref",
        "stash list",
    ]
    .map(|line| git(&repo.path, &line.split(' ').collect::<Vec<_>>()))
    .join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_proof_is_weighed_rightly() {
    let directory = tempfile::tempdir().unwrap();
    let mut builder = Builder::default();
    let root = builder.commit(&[], with(&[]), "start");
    for case in CASES {
        builder.commit(&[root], with(case.files), case.name);
    }
    let repo = builder.write(&directory.path().join("repo"));
    let before = look(&repo);
    let mut wrong = Vec::new();
    for (case, name) in CASES.iter().zip(&repo.names[1..]) {
        let mut req = request(&repo, name, &directory.path().join("scratch"));
        req.repeat = case.repeat;
        let (decision, _, _) = audit(&req, &directory.path().join("home")).await;
        let right = decision.verdict == case.expected;
        let mark = if right { "ok   " } else { "WRONG" };
        println!(
            "{mark} {:<66} {:<16} {}",
            case.name,
            decision.verdict.word(),
            decision.why
        );
        if !right {
            wrong.push((case.name, case.expected, decision.verdict));
        }
    }
    println!("{} of {} right", CASES.len() - wrong.len(), CASES.len());
    assert_eq!(wrong, Vec::<(&str, Verdict, Verdict)>::new());
    assert_eq!(look(&repo), before, "the repository is left as found");
}

/// What T005 alone says of #1141's first fix, whatever T004 said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tests_of_the_first_fix_are_a_proof_by_logs() {
    let directory = tempfile::tempdir().unwrap();
    let case = CASES
        .iter()
        .find(|case| case.name.starts_with("#1141"))
        .unwrap();
    let mut builder = Builder::default();
    let root = builder.commit(&[], with(&[]), "start");
    builder.commit(&[root], with(case.files), case.name);
    let repo = builder.write(&directory.path().join("repo"));
    let mut req = request(&repo, &repo.names[1], &directory.path().join("scratch"));
    req.about = vec!["in_review".to_owned()];
    let (decision, changed, proof) = audit(&req, &directory.path().join("home")).await;
    assert_eq!(
        decision.verdict,
        Verdict::DiagnosticOnly,
        "{}",
        decision.why
    );
    assert!(
        changed
            .outside
            .iter()
            .any(|change| change.path == "src/app/board.py")
    );
    let alone = verdict_of_proof(&proof);
    assert_eq!(alone.verdict, Verdict::LogProofOnly, "{}", alone.why);
    assert_eq!((proof.fail_to_pass.len(), proof.pass_to_pass), (1, 2));
}
