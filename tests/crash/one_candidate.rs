//! One run for one candidate: two runs of one gate in one world, on which the second finds what the
//! first holds and what it has said.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::{Arc, Condvar, Mutex};

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;

use crate::stage::{Canary, Running, Stage, gate_over, runtime, text};

const GATE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/crash/one_candidate.toml"
);
const RC16: &str = "3.2.0rc16";
const RC17: &str = "3.2.0rc17";

/// What the service offers, and what it was asked for.
#[derive(Default)]
struct Offers {
    offered: BTreeSet<String>,
    asked: BTreeSet<String>,
}

type Shared = Arc<(Mutex<Offers>, Condvar)>;

/// A world with a service in which a candidate appears when the test says so.
struct Two {
    stage: Stage,
    offers: Shared,
    service: String,
}

impl Two {
    fn new() -> Self {
        let offers = Shared::default();
        let own = Arc::clone(&offers);
        let router = Router::new().route(
            "/{candidate}",
            get(move |Path(candidate): Path<String>| {
                let mut offers = own.0.lock().unwrap();
                let code = if offers.offered.contains(&candidate) {
                    StatusCode::OK
                } else {
                    StatusCode::NOT_FOUND
                };
                offers.asked.insert(candidate);
                own.1.notify_all();
                std::future::ready(code)
            }),
        );
        let service = runtime().block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(axum::serve(listener, router).into_future());
            format!("http://{address}")
        });
        Self {
            stage: Stage::new(Canary::Passes),
            offers,
            service,
        }
    }

    fn offer(&self, candidate: &str) {
        let mut offers = self.offers.0.lock().unwrap();
        offers.offered.insert(candidate.to_owned());
    }

    /// Until a run has asked the service for this candidate: it is in the middle of its work.
    fn is_at_work_on(&self, candidate: &str) {
        let offers = self.offers.0.lock().unwrap();
        let waits = |offers: &mut Offers| !offers.asked.contains(candidate);
        drop(self.offers.1.wait_while(offers, waits).unwrap());
    }

    /// A new run for a candidate.
    fn run(&self, candidate: &str, more: &[&str]) -> Command {
        let service = format!("service={}", self.service);
        let own = [
            "run",
            "--gate",
            GATE,
            "--set",
            &service,
            "--candidate",
            candidate,
        ];
        self.stage.gate(&[&own, more].concat())
    }

    fn ends(&self, candidate: &str, more: &[&str]) -> (Option<i32>, String) {
        told(&self.run(candidate, more).output().unwrap())
    }

    fn resumed(&self, run: &str, more: &[&str]) -> (Option<i32>, String) {
        let own = ["run", "--yes", "--resume", run];
        told(&self.stage.gate(&[&own, more].concat()).output().unwrap())
    }

    /// Ids of all runs, oldest first.
    fn runs(&self) -> Vec<String> {
        let runs = std::fs::read_dir(self.stage.path("st/runs")).unwrap();
        let name = |run: std::fs::DirEntry| run.file_name().into_string().unwrap();
        let mut runs: Vec<String> = runs.map(|run| name(run.unwrap())).collect();
        runs.sort();
        runs
    }

    /// The comments on the issue.
    fn comments(&self) -> Vec<String> {
        let world = self.stage.world();
        let comments = world["issues"][0]["comments"].as_array().unwrap();
        let body = |one: &serde_json::Value| one.as_str().unwrap().to_owned();
        comments.iter().map(body).collect()
    }

    /// Until the gates that were spawned here have printed this.
    fn prints(&self, words: &str, running: &mut Running) {
        while !self.stage.told().contains(words) {
            assert!(!running.has_ended(), "no `{words}`: {}", self.stage.told());
            std::thread::yield_now();
        }
    }
}

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), text(output))
}

#[track_caller]
fn says(told: &str, words: &[&str]) {
    for word in words {
        assert!(told.contains(word), "`{word}` in {told}");
    }
}

#[test]
fn two_candidates_go_on_side_by_side_and_one_is_refused_or_waited_for() {
    let two = Two::new();
    let mut first = two.stage.spawn(two.run(RC16, &["--yes"]));
    two.is_at_work_on(RC16);
    let one = two.runs().remove(0);
    let holder = format!("run {one}, process {}, since ", first.id());

    let (code, told) = two.ends("v3.2.0-rc.16", &["--yes"]);
    assert_eq!(code, Some(3), "{told}");
    says(
        &told,
        &["another run", "of gate `one-candidate`", &holder, "--wait"],
    );
    assert_eq!(two.runs().len(), 1, "nothing ran: {told}");

    let (code, told) = two.ends(RC16, &["--dry-run", "--until", "LOOK"]);
    assert_eq!(code, Some(0), "{told}");

    two.offer(RC17);
    let (code, told) = two.ends(RC17, &["--yes"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(!first.has_ended(), "{}", two.stage.told());

    let mut second = two.stage.spawn(two.run(RC16, &["--yes", "--wait"]));
    two.prints(&format!("waiting: another run holds {RC16}"), &mut second);
    two.offer(RC16);
    assert_eq!(first.wait().code(), Some(0), "{}", two.stage.told());
    // It has waited for the first, and now finds its comment.
    assert_eq!(second.wait().code(), Some(3), "{}", two.stage.told());
    says(
        &two.stage.told(),
        &[
            &holder,
            &format!("run {one} of `one-candidate`"),
            "--again new",
        ],
    );
    assert_eq!(two.comments().len(), 2, "{:?}", two.comments());
    assert_eq!(two.stage.proved(), Ok(()));
}

#[test]
fn a_second_run_finds_the_firsts_comment_and_does_as_it_is_told() {
    let two = Two::new();
    two.offer(RC16);
    let (code, told) = two.ends(RC16, &["--yes"]);
    assert_eq!(code, Some(0), "{told}");
    let first = two.runs().remove(0);
    says(
        &two.comments()[0],
        &["gate=one-candidate candidate=3.2.0rc16 -->"],
    );

    let (code, told) = two.ends(RC16, &["--yes"]);
    assert_eq!(code, Some(3), "{told}");
    says(
        &told,
        &[&first, "--again new", "--again keep", "#issuecomment-"],
    );
    assert_eq!(two.comments().len(), 1, "{:?}", two.comments());
    assert_eq!(two.stage.proved(), Ok(()));

    let second = two.runs().remove(1);
    let (code, told) = two.resumed(&second, &["--again", "keep"]);
    assert_eq!(code, Some(0), "{told}");
    says(&told, &[&format!("posted by run {first}, says the same")]);
    assert_eq!(two.comments().len(), 1, "{:?}", two.comments());
    assert_eq!(two.stage.proved(), Ok(()));

    let (code, told) = two.ends(RC16, &["--yes", "--again", "new"]);
    assert_eq!(code, Some(0), "{told}");
    says(
        &told,
        &[&format!("of run {first}, as `--again new` asks for")],
    );
    assert_eq!(two.comments().len(), 2, "{:?}", two.comments());
    assert_eq!(two.stage.proved(), Ok(()));

    // Another candidate is another matter.
    two.offer(RC17);
    let (code, told) = two.ends(RC17, &["--yes"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(two.comments().len(), 3, "{:?}", two.comments());
}

#[test]
fn what_a_killed_run_held_is_free_and_that_is_said() {
    let two = Two::new();
    let mut first = two.stage.spawn(two.run(RC16, &["--yes"]));
    two.is_at_work_on(RC16);
    first.kill();
    first.wait();
    let run = two.runs().remove(0);
    two.offer(RC16);
    let (code, told) = two.ends(RC16, &["--yes"]);
    assert_eq!(code, Some(0), "{told}");
    says(
        &told,
        &["was left by a run that was killed", &run, "taken over"],
    );
    assert_eq!(two.comments().len(), 1, "{:?}", two.comments());
}

/// A rehearsal that a program of format 2 recorded: its comment's mark names no candidate.
#[test]
fn a_recording_of_format_2_is_verified_and_reproduced() {
    let kept = "tests/in_process/evidence/format-2/rehearsal.tar.gz";
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(kept);
    for command in ["verify", "reproduce"] {
        let (code, told) = told(&gate_over(&[command], &kept));
        assert_eq!(code, Some(0), "{command}: {told}");
    }
}
