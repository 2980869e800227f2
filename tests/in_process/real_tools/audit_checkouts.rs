//! Checkouts as they come: sparse, cut short, left out in part, somebody else's, with names that are
//! no UTF-8. Each gives the whole checkout's answer, or says what it lacks and what brings it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::audit_support::pytest;
use crate::audit_support::repo::git;
use crate::audit_support::world::TestWorld;
use canary_gate::audit::{AuditError, AuditReport, AuditRequest, Verdict, audit};
use canary_gate::model::SubtaskId;
use canary_gate::world::Place;

const OLD: &str = "def lane(name):\n    return \"planned\"\n";
const NEW: &str = "def lane(name):\n    return \"in_review\"\n";
const TEST: &str =
    "from app import lane\n\n\ndef test_lane():\n    assert lane(\"planned\") == \"in_review\"\n";

struct Stage {
    directory: tempfile::TempDir,
    repo: PathBuf,
}

impl Stage {
    /// A repository whose last commit is a fix; it changes what `odd` puts there, too.
    fn new(odd: impl Fn(&Path)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let repo = directory.path().join("repo");
        git(directory.path(), &["init", "-q", "-b", "main", "repo"]);
        for below in ["src", "tests", "docs"] {
            std::fs::create_dir(repo.join(below)).unwrap();
        }
        std::fs::write(repo.join("src/app.py"), OLD).unwrap();
        std::fs::write(repo.join("docs/a.md"), "words\n").unwrap();
        let stage = Self { directory, repo };
        stage.commit("start");
        std::fs::write(stage.repo.join("src/app.py"), NEW).unwrap();
        std::fs::write(stage.repo.join("tests/test_lane.py"), TEST).unwrap();
        odd(&stage.repo);
        stage.commit("Fix it (#7)");
        stage
    }

    fn commit(&self, message: &str) {
        git(&self.repo, &["add", "-A"]);
        let person = ["-c", "user.name=a", "-c", "user.email=a@b"];
        git(
            &self.repo,
            &[&person[..], &["commit", "-q", "-m", message]].concat(),
        );
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A clone made with these options.
    fn clone(&self, name: &str, options: &[&str]) -> PathBuf {
        let (to, from) = (self.path(name), format!("file://{}", self.repo.display()));
        let ends = [from.as_str(), to.to_str().unwrap()];
        git(
            self.directory.path(),
            &[&["clone", "-q"], options, &ends].concat(),
        );
        to
    }

    async fn audit(&self, repo: &Path, hunks: bool) -> Result<AuditReport, AuditError> {
        let place = |path: PathBuf| Place::new(path.to_str().unwrap());
        let repo = Place::new(repo.to_str().unwrap());
        let mut req = AuditRequest::new(repo, "HEAD", place(self.path("scratch")));
        req.scope = vec!["src".to_owned()];
        req.tests = pytest::command();
        req.hunks = hunks;
        let world = TestWorld::new(&self.path("home"));
        audit(&world, &SubtaskId::new("T005"), &req).await
    }

    #[track_caller]
    fn accepted(report: &AuditReport) {
        let page = report.text();
        assert_eq!(report.decision.verdict, Verdict::Substantive, "{page}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_that_is_sparse_or_cut_behind_the_fix_is_as_good_as_a_whole_one() {
    let stage = Stage::new(|_| {});
    let sparse = stage.clone("sparse", &[]);
    git(&sparse, &["sparse-checkout", "set", "docs"]);
    assert!(!sparse.join("src").exists());
    for repo in [sparse, stage.clone("short", &["--depth=2"])] {
        Stage::accepted(&stage.audit(&repo, false).await.unwrap());
    }
}

#[tokio::test]
async fn a_partial_clone_says_what_it_lacks_and_where_to_bring_it() {
    let stage = Stage::new(|_| {});
    git(&stage.repo, &["config", "uploadpack.allowFilter", "true"]);
    let partial = stage.clone("partial", &["--filter=blob:none", "--no-checkout"]);
    let error = stage.audit(&partial, false).await.unwrap_err();
    assert!(matches!(error, AuditError::LeftOut { .. }), "{error}");
    let remedy = error.remedy().unwrap();
    let there = format!("git -C {} fetch --refetch", partial.display());
    assert!(remedy.contains(&there), "{remedy}");
}

/// Judged like one's own, and nothing that it names is run: its filters would be, by `git status`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_repository_names_is_run() {
    let stage = Stage::new(|repo| {
        std::fs::write(repo.join(".gitattributes"), "*.py filter=evil\n").unwrap();
    });
    let ran = stage.path("ran");
    let clean = format!("touch {}; cat", ran.display());
    git(&stage.repo, &["config", "filter.evil.clean", &clean]);
    git(&stage.repo, &["config", "filter.evil.required", "true"]);
    // Another time, so that git would have to look into the file.
    let touched = Command::new("touch")
        .args(["-d", "2001-01-01", "src/app.py"])
        .current_dir(&stage.repo)
        .status();
    assert!(touched.unwrap().success());
    Stage::accepted(&stage.audit(&stage.repo, false).await.unwrap());
    assert!(!ran.exists(), "its filter was run");
    git(&stage.repo, &["status", "--porcelain"]);
    assert!(ran.exists(), "it would have been");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_beside_the_fix_that_are_no_utf_8_stop_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let put = |repo: &Path, name: &[u8]| {
        let path = repo.join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, "x").unwrap();
    };
    let stage = Stage::new(|repo| {
        put(repo, b"docs/\xff.md");
        put(repo, b"tests/data\xfe.txt");
        put(repo, b"\xfd.txt");
    });
    for hunks in [false, true] {
        Stage::accepted(&stage.audit(&stage.repo, hunks).await.unwrap());
    }
    // A source in scope that nobody can name is another matter.
    let stage = Stage::new(|repo| put(repo, b"src/\xff.py"));
    for hunks in [false, true] {
        let told = match stage.audit(&stage.repo, hunks).await {
            Ok(report) => {
                assert_ne!(report.decision.verdict, Verdict::Substantive);
                report.text()
            }
            Err(error) => error.to_string(),
        };
        assert!(
            told.contains("is not UTF-8") || told.contains("does not parse"),
            "{told}"
        );
    }
}
