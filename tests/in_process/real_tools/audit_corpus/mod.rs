//! The corpus of the fix audit: generated commits, each judged, printed as a table.

mod cases;
mod random;
mod snippets;

use std::collections::BTreeMap;

use crate::audit_support::repo::{Builder, Repo, tree};
use crate::audit_support::world::TestWorld;
use canary_gate::audit::syntax::LoggingNames;
use canary_gate::audit::{AuditRequest, Nature, behaviour};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;
use cases::{ADAPTERS, CASES, ELSEWHERE, Edit, QUEUE};
use snippets::snippets;

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

/// A commit and what it is.
struct Judged {
    name: &'static str,
    expected: Nature,
    mark: usize,
}

/// All commits in one repository: edits of one small project, and snippets by themselves.
fn corpus(directory: &std::path::Path) -> (Repo, Vec<Judged>) {
    let mut builder = Builder::default();
    let mut all = Vec::new();
    let root = builder.commit(&[], base(), "start");
    for case in CASES {
        let mut files = base();
        for edit in case.edits {
            apply(&mut files, edit);
        }
        let mark = builder.commit(&[root], files, case.name);
        let (name, expected) = (case.name, case.expected);
        all.push(Judged {
            name,
            expected,
            mark,
        });
    }
    for snippet in snippets() {
        let old = builder.commit(&[], tree(&[(QUEUE, &snippet.before)]), "before");
        let mark = builder.commit(&[old], tree(&[(QUEUE, &snippet.after)]), snippet.name);
        let (name, expected) = (snippet.name, snippet.expected);
        all.push(Judged {
            name,
            expected,
            mark,
        });
    }
    (builder.write(&directory.join("corpus")), all)
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
    let (repo, cases) = corpus(directory.path());
    let world = TestWorld::new(&directory.path().join("home"));
    let by = SubtaskId::new("T004");
    let mut wrong = Vec::new();
    for case in &cases {
        let req = request(&repo, &repo.names[case.mark], directory.path());
        let judged = behaviour(&world, &by, &req).await.unwrap();
        let right = judged.nature == case.expected;
        println!(
            "{} {:<52} {:<13} {}",
            if right { "ok   " } else { "WRONG" },
            case.name,
            format!("{:?}", judged.nature),
            summary(&judged),
        );
        if !right {
            wrong.push((case.name, case.expected, judged.nature));
        }
    }
    println!("{} of {} right", cases.len() - wrong.len(), cases.len());
    assert!(cases.len() >= 150, "the corpus shrank to {}", cases.len());
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
