//! The candidate's command line: it works, and its regressions speak the documented words.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::product::orphans::{daemons_below, end_daemons_below};
use canary_gate::rehearsal::product::stale_cli;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::tools::{World, both, finish, tools};

/// A service that takes everything.
struct Service {
    url: String,
    taken: Arc<Mutex<Vec<Value>>>,
    _runtime: Runtime,
}

type Taken = State<Arc<Mutex<Vec<Value>>>>;

async fn take(State(taken): Taken, Json(document): Json<Value>) -> (StatusCode, Json<Value>) {
    taken.lock().unwrap().push(document);
    (StatusCode::ACCEPTED, Json(json!({"status": "accepted"})))
}

async fn refuse() -> (StatusCode, Json<Value>) {
    let answer = json!({"status": "rejected", "failure_class": "business_rule", "detail": "no"});
    (StatusCode::UNPROCESSABLE_ENTITY, Json(answer))
}

impl Service {
    fn start() -> Self {
        let taken = Arc::default();
        let router = Router::new()
            .route("/api/v1/events/", post(take))
            .route("/api/v1/bodies/", post(take))
            .route("/refusing/api/v1/events/", post(refuse))
            .with_state(Arc::clone(&taken));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            taken,
            _runtime: runtime,
        }
    }

    fn kinds(&self) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        let kind = |event: &Value| event["kind"].as_str().unwrap_or("body").to_owned();
        taken.iter().map(kind).collect()
    }
}

/// The candidate of a world, in a home of its own.
struct Candidate {
    world: World,
    source: PathBuf,
    service: Service,
}

impl Candidate {
    fn new(faults: &[Fault]) -> Self {
        let world = World::new(faults);
        let source = world.unpack("v3.2.0rc16");
        Self {
            world,
            source,
            service: Service::start(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(tools().python());
        command
            .env_clear()
            .env("HOME", self.world.path("home"))
            .env("PYTHONPATH", &self.source)
            .env("SPEC_KITTY_ENABLE_SAAS_SYNC", "1")
            .env("SPEC_KITTY_SAAS_URL", &self.service.url)
            .env("SPEC_KITTY_CANARY_TOKEN", "canary-token")
            .args(["-m", "specify_cli"])
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        finish(&mut self.command(arguments))
    }

    /// Runs a command that must succeed.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", both(&output));
        both(&output)
    }

    fn move_task(&self, lane: &str) -> Output {
        self.run(&[
            "agent",
            "tasks",
            "move-task",
            "WP01",
            "--to",
            lane,
            "--mission",
            "harbour",
        ])
    }

    /// A mission with its first work package in review.
    fn review(&self) {
        self.succeed(&["mission", "create", "harbour"]);
        for lane in ["doing", "for_review", "in_review"] {
            let moved = self.move_task(lane);
            assert!(moved.status.success(), "{}", both(&moved));
        }
    }

    fn lane(&self) -> String {
        let path = self.world.path("home/.kittify/status/harbour.json");
        let status: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        status["WP01"].as_str().unwrap().to_owned()
    }

    fn check(&self) -> (Option<i32>, Value) {
        let output = self.run(&["sync", "status", "--check", "--json"]);
        let document = serde_json::from_slice(&output.stdout);
        (
            output.status.code(),
            document.unwrap_or_else(|_| panic!("{}", both(&output))),
        )
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        end_daemons_below(self.world.root.path()).unwrap();
    }
}

fn keys(document: &Value) -> Vec<&str> {
    document
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn a_queue_is_drained_and_in_review_survives() {
    let candidate = Candidate::new(&[]);
    candidate.review();
    let printed = candidate.succeed(&["sync", "now"]);
    assert_eq!(printed, "synced: 4\npending: 0\nrejected: 0\nerrors: 0\n");
    let moved = ["WPStatusChanged"; 3];
    assert_eq!(
        candidate.service.kinds(),
        [&["MissionCreated"], &moved[..]].concat()
    );
    let event = candidate.service.taken.lock().unwrap()[3].clone();
    assert_eq!(
        keys(&event),
        ["event_id", "mission", "wp", "kind", "payload"]
    );
    assert_eq!(
        event["payload"],
        json!({"from": "for_review", "to": "in_review"})
    );
    assert_eq!(candidate.lane(), "in_review");
    assert!(candidate.move_task("approved").status.success());
    assert_eq!(
        candidate.succeed(&["sync", "now"]).lines().next(),
        Some("synced: 1")
    );
}

#[test]
fn an_explicit_rollback_is_legal_and_other_ways_back_are_not() {
    let candidate = Candidate::new(&[]);
    candidate.review();
    assert!(candidate.move_task("planned").status.success());
    let output = candidate.move_task("done");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("illegal transition from='planned' to='done'"),
        "{said}"
    );
}

#[test]
fn what_the_service_refuses_stays_queued() {
    let candidate = Candidate::new(&[]);
    candidate.succeed(&["mission", "create", "harbour"]);
    let url = format!("{}/refusing", candidate.service.url);
    let output = finish(
        candidate
            .command(&["sync", "now"])
            .env("SPEC_KITTY_SAAS_URL", url),
    );
    assert_eq!(output.status.code(), Some(1));
    let printed = both(&output);
    assert!(printed.contains("rejected: 1\nerrors: 1\n"), "{printed}");
    assert!(printed.contains("business_rule: no"), "{printed}");
    let unreachable = "http://127.0.0.1:1";
    let output = finish(
        candidate
            .command(&["sync", "now"])
            .env("SPEC_KITTY_SAAS_URL", unreachable),
    );
    assert!(both(&output).contains("pending: 1\n"), "{}", both(&output));
    assert_eq!(candidate.check().1["active_queue"]["event_count"], 1);
}

#[test]
fn the_rollback_is_back_in_its_words() {
    for fault in [Fault::Scenario4, Fault::AlreadyReopened] {
        let candidate = Candidate::new(&[fault]);
        candidate.review();
        candidate.succeed(&["sync", "now"]);
        assert_eq!(candidate.lane(), "for_review");
        for lane in ["in_review", "approved"] {
            let output = candidate.move_task(lane);
            assert_eq!(output.status.code(), Some(1));
            let said = both(&output);
            assert!(said.contains("from='for_review' to='in_review'"), "{said}");
        }
    }
}

#[test]
fn unclassified_events_are_back_in_their_words() {
    let candidate = Candidate::new(&[Fault::Scenario12]);
    candidate.review();
    let output = candidate.run(&["sync", "now"]);
    assert_eq!(output.status.code(), Some(1));
    let printed = both(&output);
    assert!(printed.contains("unknown: 4\n"), "{printed}");
    assert!(printed.contains("sync.event_loop_unavailable"), "{printed}");
    assert!(candidate.service.kinds().is_empty());
    assert_eq!(candidate.lane(), "in_review", "only one regression");
}

#[test]
fn both_regressions_show_at_once() {
    let candidate = Candidate::new(&[Fault::ScenarioBoth]);
    candidate.review();
    let printed = both(&candidate.run(&["sync", "now"]));
    assert!(printed.contains("unknown: 4\n"), "{printed}");
    assert!(both(&candidate.move_task("in_review")).contains("from='for_review' to='in_review'"));
}

#[test]
fn a_body_is_uploaded_unless_its_receipt_is_missed() {
    for (fault, works) in [(None, true), (Some(Fault::ScenarioUnknown), false)] {
        let faults: Vec<_> = fault.into_iter().collect();
        let candidate = Candidate::new(&faults);
        let body = candidate.world.path("body.md");
        std::fs::write(&body, "# Harbour\n").unwrap();
        candidate.succeed(&["mission", "create", "harbour"]);
        let upload = [
            "sync",
            "upload-body",
            "--mission",
            "harbour",
            body.to_str().unwrap(),
        ];
        let output = candidate.run(&upload);
        assert_eq!(output.status.success(), works, "{}", both(&output));
        assert_eq!(both(&output).contains("KeyError: 'receipt'"), !works);
        let sent = candidate.service.taken.lock().unwrap()[0].clone();
        assert_eq!(sent["content_base64"], "IyBIYXJib3VyCg==");
    }
}

#[test]
fn the_check_has_the_real_keys() {
    let candidate = Candidate::new(&[]);
    let (code, document) = candidate.check();
    assert_eq!(code, Some(0));
    let expected = "ok exit_code auth_required auth_present live_orphan_daemon_count foreground \
                    daemon_owner_record active_queue legacy_queue mismatches orphan_records";
    assert_eq!(
        keys(&document),
        expected.split_whitespace().collect::<Vec<_>>()
    );
    let foreground = "package_version executable_path source_path server_url team_or_user \
                      queue_db_path pid";
    assert_eq!(
        keys(&document["foreground"]),
        foreground.split_whitespace().collect::<Vec<_>>()
    );
    let status = ["sync", "status", "--check", "--json"];
    let output = finish(
        candidate
            .command(&status)
            .env_remove("SPEC_KITTY_CANARY_TOKEN"),
    );
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&document["ok"], &document["auth_present"]),
        (&json!(false), &json!(false))
    );
}

#[test]
fn the_daemon_is_owned_checked_and_ended() {
    let candidate = Candidate::new(&[]);
    candidate.succeed(&["sync", "daemon", "start"]);
    let daemons = daemons_below(candidate.world.root.path()).unwrap();
    assert_eq!(daemons.len(), 1);
    let (code, document) = candidate.check();
    assert_eq!(code, Some(0), "{document:#}");
    let owner = &document["daemon_owner_record"];
    assert_eq!(
        (&owner["status"], &owner["pid"]),
        (&json!("running"), &json!(daemons[0].pid))
    );
    assert_eq!(owner["package_version"], "3.2.0rc16");
    let record =
        std::fs::read(candidate.world.path("home/.kittify/sync/daemon/owner.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(
        keys(&record),
        ["pid", "port", "package_version", "token_sha256"]
    );
    candidate.succeed(&["sync", "daemon", "start"]);
    assert_eq!(
        daemons_below(candidate.world.root.path()).unwrap(),
        daemons,
        "one daemon is enough"
    );
    candidate.succeed(&["sync", "daemon", "stop"]);
    assert!(
        daemons_below(candidate.world.root.path())
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        candidate.check().1["daemon_owner_record"]["status"],
        "absent"
    );
}

#[test]
fn a_dead_daemon_is_a_stale_owner() {
    let candidate = Candidate::new(&[]);
    candidate.succeed(&["sync", "daemon", "start"]);
    end_daemons_below(candidate.world.root.path()).unwrap();
    let (code, document) = candidate.check();
    assert_eq!(code, Some(1));
    assert_eq!(document["daemon_owner_record"]["status"], "stale");
    candidate.succeed(&["sync", "daemon", "start"]);
    assert_eq!(candidate.check().0, Some(0));
}

#[test]
fn a_stale_command_line_is_an_old_one_that_works() {
    let world = World::new(&[]);
    let old = world.product.tagged("v3.2.0rc13").unwrap();
    let (bin, home) = (world.path("it's/bin"), world.path("it's/stale"));
    stale_cli::put(&bin, &home, old, &tools().python()).unwrap();
    let output = finish(
        Command::new(bin.join("spec-kitty"))
            .arg("--version")
            .env_clear(),
    );
    assert!(
        both(&output).ends_with("spec-kitty-cli version 3.2.0rc13\n"),
        "{}",
        both(&output)
    );
}
