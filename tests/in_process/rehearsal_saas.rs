//! The rehearsal's SaaS and its `flyctl` stand-in, over real HTTP and through a real shell.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::http;
use canary_gate::rehearsal::saas::{self, Deployment, SaasServer};
use canary_gate::rehearsal::{Fault, Faults, flyctl};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const EVENTS: &str = "/api/v1/events/";

fn serve(faults: &[Fault]) -> (Runtime, SaasServer) {
    let faults: Faults = faults.iter().copied().collect();
    let runtime = Runtime::new().unwrap();
    let saas = runtime
        .block_on(saas::serve(Deployment::default(), &faults))
        .unwrap();
    (runtime, saas)
}

fn event(id: &str, mission: &str, kind: &str, payload: &Value) -> Value {
    json!({"event_id": id, "mission": mission, "wp": "WP01", "kind": kind, "payload": payload})
}

fn created(id: &str, mission: &str) -> Value {
    event(id, mission, "MissionCreated", &json!({}))
}

#[test]
fn the_health_pages_have_the_real_shapes() {
    let (_runtime, saas) = serve(&[]);
    let (status, health) = http::get(&saas.url(), "/health/", "gate/0.1.0");
    assert_eq!(status, 200);
    assert_eq!(
        health,
        json!({
            "status": "ok",
            "service": "spec-kitty-dev",
            "version": "0.1.0",
            "git_sha": Deployment::default().git_sha,
            "build_timestamp": "2026-05-20T05:16:22Z",
            "spec_kitty_events": "5.1.0",
            "environment": "production",
        })
    );
    let sha = health["git_sha"].as_str().unwrap();
    assert!(sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let (status, ready) = http::get(&saas.url(), "/health/ready/", "gate/0.1.0");
    assert_eq!((status, &ready["status"]), (200, &json!("ready")));
    assert_eq!(
        ready["dependencies"]["drain_queue"],
        json!({
            "status": "ok",
            "oldest_pending_age_seconds": 0,
            "retryable_count": 0,
            "terminal_failed_count": 0,
            "business_rule_rejected_count": 22,
        })
    );
}

fn health_codes(fault: Fault) -> [u16; 3] {
    let (_runtime, saas) = serve(&[fault]);
    [0; 3].map(|_| http::get(&saas.url(), "/health/", "test").0)
}

fn readiness(fault: Fault) -> (u16, u64, u64) {
    let (_runtime, saas) = serve(&[fault]);
    let (status, ready) = http::get(&saas.url(), "/health/ready/", "test");
    let drain = &ready["dependencies"]["drain_queue"];
    let count = |key: &str| drain[key].as_u64().unwrap();
    let failed = count("terminal_failed_count");
    (status, failed, count("business_rule_rejected_count"))
}

#[test]
fn faults_show_on_the_health_pages() {
    assert_eq!(health_codes(Fault::Saas503Once), [503, 200, 200]);
    assert_eq!(health_codes(Fault::Saas503), [503, 503, 503]);
    assert_eq!(health_codes(Fault::Ready503), [200, 200, 200]);
    assert_eq!(readiness(Fault::Ready503), (503, 0, 22));
    assert_eq!(readiness(Fault::InfraFailures), (200, 2, 22));
    assert_eq!(readiness(Fault::SourcesDisagree), (200, 1, 22));
    assert_eq!(readiness(Fault::BusinessRowsMoved), (200, 0, 23));
}

#[test]
fn a_request_without_an_answer_ends_with_the_server() {
    let (runtime, saas) = serve(&[Fault::SaasTimeout]);
    let mut hanging = http::send(&saas.url(), "GET", "/health/", "test", "");
    // Answered after it on another connection: the hanging one has been accepted by then.
    assert_eq!(http::get(&saas.url(), "/health/ready/", "test").0, 200);
    drop(saas);
    // The runtime ends only when no task blocks it.
    drop(runtime);
    let mut rest = Vec::new();
    drop(hanging.read_to_end(&mut rest));
    assert_eq!(rest, b"", "it was never answered");
}

#[test]
fn events_make_missions_once_each() {
    let (_runtime, saas) = serve(&[]);
    let base = saas.url();
    let path = "/api/v1/missions/m/";
    assert_eq!(http::get(&base, path, "test").0, 404);
    let (status, answer) = http::post(&base, EVENTS, "cli", &created("1", "m"));
    assert_eq!((status, answer), (202, json!({"status": "accepted"})));
    let moved = json!({"from": "planned", "to": "doing"});
    let change = event("2", "m", "WPStatusChanged", &moved);
    assert_eq!(http::post(&base, EVENTS, "cli", &change).0, 202);
    let (status, answer) = http::post(&base, EVENTS, "cli", &change);
    assert_eq!((status, answer), (200, json!({"status": "duplicate"})));
    let (status, answer) = http::post(&base, EVENTS, "cli", &json!({"mission": "m"}));
    assert_eq!((status, &answer["status"]), (400, &json!("rejected")));
    // The drain runs after a look: the first sees the events, the second the mission.
    assert_eq!(http::get(&base, path, "test").1["materialized"], false);
    let (_, mission) = http::get(&base, path, "test");
    assert_eq!(mission["materialized"], true);
    assert_eq!(mission["events"], 2);
    assert_eq!(
        mission["work_packages"],
        json!({"WP01": "doing", "WP02": "planned", "WP03": "planned"})
    );
}

#[test]
fn every_request_is_counted_by_client() {
    let (_runtime, saas) = serve(&[]);
    let base = saas.url();
    http::get(&base, "/health/", "gate/0.1.0 (rehearsal)");
    http::post(
        &base,
        EVENTS,
        "spec-kitty-cli/3.2.0rc16",
        &created("1", "m"),
    );
    http::post(&base, "/nowhere/", "test", &json!({}));
    let state = saas.final_state();
    let counts = ["requests", "reads", "writes", "writes_by_gate"].map(|key| state[key].clone());
    assert_eq!(counts, [3, 1, 2, 0]);
    assert_eq!(
        state["by_client"]["gate/0.1.0"],
        json!({"reads": 1, "writes": 0})
    );
    http::post(
        &base,
        "/api/v1/bodies/",
        "gate/0.1.0",
        &json!({"mission": "m"}),
    );
    assert_eq!(saas.final_state()["writes_by_gate"], 1);
}

#[test]
fn a_redeploy_changes_the_commit_and_nothing_else() {
    let sha = |saas: &SaasServer| http::get(&saas.url(), "/health/", "test").1["git_sha"].take();
    let (_runtime, saas) = serve(&[]);
    let before = sha(&saas);
    http::post(&saas.url(), "/platform/deploy/", "platform/1", &json!({}));
    assert_ne!(sha(&saas), before);
    assert_eq!(saas.final_state()["redeploys"], 1);

    let (_runtime, saas) = serve(&[Fault::RedeployMidProtocol]);
    let posts = |id: &str, run: &str| {
        let mission = format!("identity-boundary-{run}-s1-x");
        http::post(&saas.url(), EVENTS, "cli", &created(id, &mission));
    };
    for run in ["single", "run-1", "run-2", "run-3", "run-4"] {
        posts(run, run);
        assert_eq!(sha(&saas), before, "{run}");
    }
    for looked in 1..=3 {
        posts(&format!("before-{looked}"), "run-4");
        assert_eq!(sha(&saas), before, "the gate has not looked since");
        http::get(&saas.url(), "/health/", "gate/0.1.0");
    }
    for id in ["meanwhile", "once"] {
        posts(id, "run-4");
        assert_ne!(sha(&saas), before);
    }
    assert_eq!(saas.final_state()["redeploys"], 1);

    let (_runtime, saas) = serve(&[]);
    http::post(&saas.url(), "/platform/deploy/", "platform/1", &json!({}));
    assert_ne!(sha(&saas), before);
}

struct Fly {
    root: tempfile::TempDir,
    program: PathBuf,
}

impl Fly {
    fn new(faults: &[Fault]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("it's a log");
        let faults: Faults = faults.iter().copied().collect();
        let program = flyctl::write_stand_in(root.path(), "spec-kitty-dev", &log, &faults).unwrap();
        Self { root, program }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program)
            .args(arguments)
            .output()
            .unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn counts(&self) -> (String, String) {
        let command = "python manage.py shell -c 'print(terminal_failed, business_rule_rejected)'";
        let output = self.run(&["ssh", "console", "-a", "spec-kitty-dev", "-C", command]);
        assert!(output.status.success(), "{output:?}");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    }
}

#[test]
fn flyctl_has_the_real_shapes() {
    let fly = Fly::new(&[]);
    let status = fly.json(&["status", "-a", "spec-kitty-dev", "--json"]);
    let keys: Vec<&str> = status
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "ID",
            "Name",
            "Deployed",
            "Status",
            "Hostname",
            "Version",
            "Organization",
            "PlatformVersion",
            "Machines"
        ]
    );
    let image = fly.json(&["image", "show", "--app=spec-kitty-dev", "--json"]);
    let labels = image[0]["Labels"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(labels).unwrap().is_object());
    for machine in 0..2 {
        let reference = &status["Machines"][machine]["image_ref"];
        assert_eq!(
            status["Machines"][machine]["id"],
            image[machine]["MachineID"]
        );
        assert_eq!(reference["digest"], image[machine]["Digest"]);
        assert_eq!(reference["tag"], image[machine]["Tag"]);
        assert_eq!(reference["repository"], image[machine]["Repository"]);
    }
    let (stdout, stderr) = fly.counts();
    assert_eq!(stdout, "terminal_failed=0\nbusiness_rule_rejected=22\n");
    assert!(stderr.starts_with("Connecting to "));
    assert!(fly.run(&["auth", "whoami"]).status.success());
    assert!(
        String::from_utf8(fly.run(&["version"]).stdout)
            .unwrap()
            .starts_with("flyctl v")
    );
    let log = std::fs::read_to_string(fly.root.path().join("it's a log")).unwrap();
    assert_eq!(log.lines().count(), 5);
}

#[test]
fn flyctl_refuses_what_the_gate_must_not_ask() {
    let fly = Fly::new(&[]);
    for arguments in [
        &["deploy"][..],
        &["status", "-a", "another-app", "--json"],
        &[
            "ssh",
            "console",
            "-a",
            "spec-kitty-dev",
            "-C",
            "rows(terminal_failed).delete()",
        ],
        &["ssh", "console", "-a", "spec-kitty-dev", "-C", "whoami"],
    ] {
        let output = fly.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn flyctl_tells_the_faults() {
    let counts = |fault| Fly::new(&[fault]).counts().0;
    assert_eq!(
        counts(Fault::InfraFailures),
        "terminal_failed=2\nbusiness_rule_rejected=22\n"
    );
    assert_eq!(
        counts(Fault::SourcesDisagree),
        "terminal_failed=0\nbusiness_rule_rejected=22\n"
    );
    assert_eq!(
        counts(Fault::BusinessRowsMoved),
        "terminal_failed=0\nbusiness_rule_rejected=23\n"
    );
    let fly = Fly::new(&[Fault::FlyLoggedOut]);
    for arguments in [
        &["auth", "whoami"][..],
        &["status", "-a", "spec-kitty-dev", "--json"],
        &[
            "ssh",
            "console",
            "-a",
            "spec-kitty-dev",
            "-C",
            "terminal_failed",
        ],
    ] {
        let output = fly.run(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "Error: no access token available. Please login with 'flyctl auth login'\n"
        );
    }
    assert!(fly.run(&["version"]).status.success());
}
