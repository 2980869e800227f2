//! How the fix audit runs tests: which it finds, in which environment, and what a proof is about.
//! Real uv and pytest, on projects of many habits.

mod about_the_scope;
mod habits;
mod overlays;

use std::path::{Path, PathBuf};

use crate::audit_support::repo::{Builder, Repo, tree};
use crate::audit_support::{pytest, world::TestWorld};
use canary_gate::audit::{AuditReport, AuditRequest, TestCommand, Verdict, audit};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;

/// A file's path and text.
type File<'a> = (&'a str, &'a str);

/// A repository with a state before and a fix, and a place for audits of it.
struct Stage {
    directory: tempfile::TempDir,
    repo: Repo,
}

impl Stage {
    /// `before` is the whole state before; `after` is laid over it.
    fn new(before: &[File<'_>], after: &[File<'_>]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut builder = Builder::default();
        let mut files = tree(before);
        let root = builder.commit(&[], files.clone(), "start");
        files.extend(tree(after));
        builder.commit(&[root], files, "Fix it (#7)");
        let repo = builder.write(&directory.path().join("repo"));
        Self { directory, repo }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    /// An audit of the fix with these files in scope; the project decides how tests are run.
    fn request(&self, scope: &[&str]) -> AuditRequest {
        let place = |path: PathBuf| Place::new(path.to_str().unwrap());
        let repo = place(self.repo.path.clone());
        let mut req = AuditRequest::new(repo, &self.repo.names[1], place(self.path("scratch")));
        req.scope = scope.iter().map(|path| (*path).to_owned()).collect();
        req.environments = place(self.path("environments"));
        req
    }

    async fn audit(&self, req: &AuditRequest) -> AuditReport {
        let world = TestWorld::new(&shared_home());
        audit(&world, &SubtaskId::new("T005"), req).await.unwrap()
    }

    /// Names of the environments that were made.
    fn environments(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.path("environments"))
            .into_iter()
            .flatten();
        let names = all.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names
            .filter(|name| std::path::Path::new(name).extension() != Some("json".as_ref()))
            .collect();
        names.sort();
        names
    }
}

/// One download cache for all tests of this file.
fn shared_home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit-runs")
}

/// `--tests` with a pytest that knows nothing of the project.
fn pytest_line() -> TestCommand {
    let python = pytest::command().argv.swap_remove(0);
    TestCommand::from_line(&format!("{python} -m pytest -q"))
}

fn expect(report: &AuditReport, verdict: Verdict, words: &str) {
    let page = report.text();
    assert_eq!(report.decision.verdict, verdict, "{page}");
    assert!(page.contains(words), "no `{words}` in\n{page}");
}
