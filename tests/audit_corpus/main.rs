//! The corpus of the fix audit: generated commits, each judged, printed as a table.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests are the outside of what they test"
)]

mod cases;
#[path = "../audit_support/repo.rs"]
mod repo;
#[path = "../audit_support/world.rs"]
mod world;

use std::collections::BTreeMap;

use canary_gate::audit::syntax::LoggingNames;
use canary_gate::audit::{AuditRequest, Nature, behaviour};
use canary_gate::gate::SubtaskId;
use canary_gate::world::Place;
use cases::{ADAPTERS, CASES, ELSEWHERE, Edit, QUEUE};
use repo::{Builder, Repo, tree};
use world::TestWorld;

fn base() -> BTreeMap<String, Vec<u8>> {
    tree(&[
        (QUEUE, include_str!("base.py")),
        (ADAPTERS, include_str!("adapters.py")),
        (ELSEWHERE, "def width():\n    return 1\n"),
    ])
}

fn apply(files: &mut BTreeMap<String, Vec<u8>>, (path, find, replace): &Edit) {
    let text = files
        .get(*path)
        .map(|bytes| String::from_utf8(bytes.clone()).unwrap());
    let text = match text {
        None => (*replace).to_owned(),
        Some(text) => {
            assert!(text.contains(find), "`{path}` has no `{find}`");
            text.replacen(find, replace, 1)
        }
    };
    files.insert((*path).to_owned(), text.into_bytes());
}

fn corpus(directory: &std::path::Path) -> Repo {
    let mut builder = Builder::default();
    let root = builder.commit(&[], base(), "start");
    for case in CASES {
        let mut files = base();
        for edit in case.edits {
            apply(&mut files, edit);
        }
        builder.commit(&[root], files, case.name);
    }
    builder.write(&directory.join("corpus"))
}

fn request(repo: &Repo, fix: &str, scratch: &std::path::Path) -> AuditRequest {
    let mut req = AuditRequest::new(
        Place::new(repo.path.to_str().unwrap()),
        fix,
        Place::new(scratch.to_str().unwrap()),
    );
    req.scope = vec!["src/app/sync/".to_owned()];
    req.logging = LoggingNames {
        calls: vec!["app.metrics.*".to_owned()],
        ..LoggingNames::default()
    };
    req
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_commit_of_the_corpus_is_judged_rightly() {
    let directory = tempfile::tempdir().unwrap();
    let repo = corpus(directory.path());
    let world = TestWorld::new(&directory.path().join("home"));
    let by = SubtaskId::new("T004");
    let mut wrong = Vec::new();
    for (case, name) in CASES.iter().zip(&repo.names[1..]) {
        let req = request(&repo, name, directory.path());
        let judged = behaviour(&world, &by, &req).await.unwrap();
        let right = judged.nature == case.expected;
        println!(
            "{} {:<46} {:<13} {}",
            if right { "ok   " } else { "WRONG" },
            case.name,
            format!("{:?}", judged.nature),
            summary(&judged),
        );
        if !right {
            wrong.push((case.name, case.expected, judged.nature));
        }
    }
    println!("{} of {} right", CASES.len() - wrong.len(), CASES.len());
    assert_eq!(wrong, Vec::<(&str, Nature, Nature)>::new());
}

fn summary(judged: &canary_gate::audit::Behaviour) -> String {
    let changes: Vec<String> = judged
        .changes
        .iter()
        .map(|change| format!("{}:{:?}", change.function, change.kind))
        .collect();
    let ignored: Vec<String> = judged
        .ignored
        .iter()
        .map(|ignored| format!("{:?}", ignored.why))
        .collect();
    format!("{} | ignored {}", changes.join(" "), ignored.join(" "))
}
