//! The rehearsal's harness, with real uv, pytest, bash, git and HTTP.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use crate::bench::{Bench, said};
use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::harness::SCRIPT;
use serde_json::Value;

const SINGLE: [&str; 2] = ["--single", "--yes"];
const UNIT_TESTS: [&str; 3] = [
    "tests/identity_boundary_evidence_unit_test.py",
    "tests/identity_boundary_preflight_unit_test.py",
    "tests/identity_boundary_status_parser_unit_test.py",
];
const TEAMSPACE: [&str; 5] = [
    "-m",
    "deployed_dev",
    "tests/test_go_live_pre_connector_saas_e2e.py",
    "tests/test_teamspace_pulse_deployed_dev_e2e.py",
    "tests/test_teamspace_sync_deployed_dev_e2e.py",
];

fn statuses(result: &Value) -> Vec<(u64, &str)> {
    result["scenarios"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scenario| {
            let number = scenario["scenario_id"].as_u64().unwrap();
            (number, scenario["status"].as_str().unwrap())
        })
        .collect()
}

fn reason(result: &Value, number: usize) -> &str {
    result["scenarios"][number - 1]["failure_reason"]
        .as_str()
        .unwrap()
}

const ALL_PASS: [(u64, &str); 4] = [(1, "pass"), (2, "pass"), (3, "pass"), (4, "pass")];

#[test]
fn a_single_run_passes_in_the_real_dialect() {
    let bench = Bench::new(&[]);
    let output = bench.canary(SINGLE);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let latest = bench.result("latest.json");
    assert_eq!(statuses(&latest), ALL_PASS);
    assert_eq!(latest["outcome"], "pass");
    assert_eq!(latest["cli_version"], "spec-kitty-cli version 3.2.0rc16");
    assert_eq!(latest["saas_url"], bench.saas.url().as_str());
    assert_eq!(latest["skip_reason"], Value::Null);
    let keys: Vec<&str> = latest
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "cli_version",
            "events_package_version",
            "evidence_path",
            "started_at",
            "finished_at",
            "outcome",
            "run_id",
            "saas_url",
            "target_environment",
            "skip_reason",
            "scenarios"
        ]
    );
    let boundary = &latest["scenarios"][1]["boundary_evidence"];
    assert_eq!(boundary["daemon_owner"]["version"], "3.2.0rc16");
    assert_eq!(boundary["sync_status_check_exit_code"], 2);
    assert_eq!(boundary["readiness_after"]["http_status"], 200);
    assert_eq!(bench.daemon(), None, "a single run ends its daemon");
    assert!(!bench.artifact("runs/single.json").exists());
    assert_eq!(bench.git_status(), "");
}

#[test]
fn four_runs_keep_one_daemon_and_all_their_queues() {
    let bench = Bench::new(&[]);
    let output = bench.canary(["--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let runs: Vec<Value> = (1..=4)
        .map(|number| bench.result(&format!("runs/run-{number}.json")))
        .collect();
    for run in &runs {
        assert_eq!(run["outcome"], "pass");
        assert_eq!(statuses(run), ALL_PASS);
        let id = run["run_id"].as_str().unwrap();
        assert!(
            bench
                .artifact(&format!("homes/{id}/.kittify/queue.db"))
                .exists()
        );
    }
    for pair in runs.windows(2) {
        assert_ne!(pair[0]["run_id"], pair[1]["run_id"]);
        assert!(pair[0]["finished_at"].as_str() <= pair[1]["started_at"].as_str());
        let daemon =
            |run: &Value| run["scenarios"][1]["boundary_evidence"]["daemon_owner"]["pid"].as_u64();
        assert_eq!(daemon(&pair[0]), daemon(&pair[1]));
    }
    assert_eq!(bench.result("latest.json"), runs[3]);
    assert!(
        bench.daemon().is_some(),
        "the protocol leaves its daemon alone"
    );
    assert_eq!(bench.git_status(), "");
}

#[test]
fn the_preflight_refuses_with_2_and_spends_no_run() {
    let bench = Bench::new(&[]);
    let refused = bench.canary(["--single"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("--yes"));
    let unset = bench
        .command(bench.checkout.join(SCRIPT))
        .args(SINGLE)
        .env_remove("SPEC_KITTY_E2E_TRUSTED_RUNNER")
        .output()
        .unwrap();
    assert_eq!(unset.status.code(), Some(2));
    assert!(said(&unset).contains("SPEC_KITTY_E2E_TRUSTED_RUNNER is not set"));
    assert!(!bench.artifact("latest.json").exists());
    assert_eq!(bench.saas.final_state()["requests"], 0);
}

#[test]
fn regressions_of_the_cli_show_their_patterns_and_no_other() {
    let from_to = "from='for_review' to='in_review'";
    let cases = [
        ("1141", vec![4]),
        ("1182", vec![1, 2]),
        ("1141 1182", vec![1, 2, 4]),
        ("body", vec![3]),
    ];
    for (bugs, failing) in cases {
        let bench = Bench::with_bugs(&[], bugs);
        let output = bench.canary(SINGLE);
        assert_eq!(output.status.code(), Some(1), "{bugs}");
        let latest = bench.result("latest.json");
        assert_eq!(latest["outcome"], "fail");
        for (number, status) in statuses(&latest) {
            let expected = if failing.contains(&number) {
                "fail"
            } else {
                "pass"
            };
            assert_eq!(status, expected, "{bugs}: scenario {number}");
        }
        for number in failing {
            let text = reason(&latest, usize::try_from(number).unwrap());
            assert_eq!(text.contains(from_to), number == 4, "{bugs}: {text}");
            let unclassified =
                text.contains("sync.event_loop_unavailable") && text.contains("unknown: 1");
            assert_eq!(unclassified, number < 3, "{bugs}: {text}");
            assert_eq!(text.contains("KeyError: 'receipt'"), number == 3, "{bugs}");
        }
    }
}

#[test]
fn the_unit_tests_pass_unless_the_harness_is_red() {
    let green = Bench::new(&[]).pytest(UNIT_TESTS);
    assert_eq!(green.status.code(), Some(0), "{}", said(&green));
    let red = Bench::new(&[Fault::HarnessRed]).pytest(UNIT_TESTS);
    assert_eq!(red.status.code(), Some(1), "{}", said(&red));
    assert!(said(&red).contains("1 failed"));
}

#[test]
fn exit_code_and_result_may_disagree() {
    let bench = Bench::new(&[Fault::ExitZeroJsonFail]);
    assert_eq!(bench.canary(SINGLE).status.code(), Some(0));
    let latest = bench.result("latest.json");
    assert_eq!(latest["outcome"], "fail");
    assert!(!reason(&latest, 3).contains("from='for_review'"));

    let bench = Bench::new(&[Fault::ExitOneJsonPass]);
    assert_eq!(bench.canary(SINGLE).status.code(), Some(1));
    assert_eq!(statuses(&bench.result("latest.json")), ALL_PASS);
}

#[test]
fn results_may_be_stale_skipped_incomplete_or_garbage() {
    let bench = Bench::new(&[Fault::StaleLatest]);
    let before = fs::read(bench.artifact("latest.json")).unwrap();
    assert_eq!(bench.canary(SINGLE).status.code(), Some(0));
    assert_eq!(fs::read(bench.artifact("latest.json")).unwrap(), before);
    let latest = bench.result("latest.json");
    assert_eq!(statuses(&latest), ALL_PASS);
    assert_eq!(latest["cli_version"], "spec-kitty-cli version 3.2.0rc16");
    assert_eq!(bench.git_status(), "");

    let bench = Bench::new(&[Fault::SkipIsNotPass]);
    assert_eq!(bench.canary(SINGLE).status.code(), Some(0));
    let latest = bench.result("latest.json");
    assert_eq!(latest["outcome"], "skip");
    assert_eq!(statuses(&latest)[2], (3, "skip"));
    assert_eq!(
        latest["skip_reason"],
        "body upload is switched off on this runner"
    );

    let bench = Bench::new(&[Fault::MissingScenario]);
    assert_eq!(bench.canary(SINGLE).status.code(), Some(0));
    let latest = bench.result("latest.json");
    assert_eq!(latest["outcome"], "pass");
    assert_eq!(statuses(&latest), [(1, "pass"), (2, "pass"), (4, "pass")]);

    let bench = Bench::new(&[Fault::GarbageJson]);
    assert_eq!(bench.canary(SINGLE).status.code(), Some(0));
    let text = fs::read_to_string(bench.artifact("latest.json")).unwrap();
    assert!(text.contains("\"outcome\": \"pass\""));
    assert!(serde_json::from_str::<Value>(&text).is_err());
}

#[test]
fn a_hanging_canary_keeps_its_output_and_its_child() {
    let bench = Bench::new(&[Fault::CanaryHangs]);
    let mut child = bench
        .command(bench.checkout.join(SCRIPT))
        .args(SINGLE)
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "== waiting for the lock of deployed-dev\n");
    let group = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    // The pipe ends only when the sleeping child is gone too.
    lines.read_to_string(&mut line).unwrap();
    assert!(!bench.artifact("latest.json").exists());
}

#[test]
fn the_third_run_fails_and_the_earlier_ones_are_kept() {
    let bench = Bench::new(&[Fault::Run3Fails]);
    assert_eq!(bench.canary(SINGLE).status.code(), Some(0));
    let output = bench.canary(["--yes"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(bench.result("runs/run-2.json")["outcome"], "pass");
    let third = bench.result("runs/run-3.json");
    assert_eq!(third["outcome"], "fail");
    assert!(reason(&third, 3).contains("the body of an earlier mission is lost"));
    assert!(!bench.artifact("runs/run-4.json").exists());
}

#[test]
fn the_second_run_may_be_a_copy() {
    let bench = Bench::new(&[Fault::Run2Copied]);
    assert_eq!(bench.canary(["--yes"]).status.code(), Some(0));
    assert_eq!(
        bench.result("runs/run-1.json"),
        bench.result("runs/run-2.json")
    );
    assert_ne!(
        bench.result("runs/run-3.json")["run_id"],
        bench.result("runs/run-1.json")["run_id"]
    );
}

#[test]
fn somebody_intervenes_and_all_runs_pass_all_the_same() {
    let bench = Bench::new(&[Fault::DaemonKilledBetweenRuns]);
    let output = bench.canary(["--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let daemon = |number: u8| {
        let run = bench.result(&format!("runs/run-{number}.json"));
        run["scenarios"][1]["boundary_evidence"]["daemon_owner"]["pid"].as_u64()
    };
    assert_eq!(daemon(1), daemon(2));
    assert_ne!(daemon(2), daemon(3));
    assert_eq!(daemon(3), daemon(4));

    let bench = Bench::new(&[Fault::QueueDeletedBetweenRuns]);
    let output = bench.canary(["--yes"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let queue_of = |number: u8| {
        let run = bench.result(&format!("runs/run-{number}.json"));
        let id = run["run_id"].as_str().unwrap().to_owned();
        bench
            .artifact(&format!("homes/{id}/.kittify/queue.db"))
            .exists()
    };
    assert_eq!([1, 2, 3, 4].map(queue_of), [false, false, true, true]);
    assert_eq!(bench.git_status(), "");
}

#[test]
fn the_teamspace_suites_pass_and_poll() {
    let bench = Bench::new(&[]);
    for _ in 0..2 {
        let output = bench.pytest(TEAMSPACE);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("5 passed"), "{}", said(&output));
    }
    let state = bench.saas.final_state();
    let missions = state["missions"].as_object().unwrap();
    let materialized = missions.values().filter(|m| m["materialized"] == true);
    assert_eq!(materialized.count(), 2, "{state:#}");
    assert_eq!(bench.git_status(), "");
}

#[test]
fn the_teamspace_suites_fail_with_the_words_of_the_triage() {
    let cases = [
        (Fault::Teamspace413, 1, "HTTP 413"),
        (
            Fault::TeamspaceMaterialize,
            1,
            "mission did not materialize within 60s (its oldest event waits for 75s)",
        ),
        (
            Fault::TeamspaceDrain,
            1,
            "last_failure_class=DrainMaterializationRejected:business_rule",
        ),
        (Fault::Ready503, 1, "/health/ready/ answers HTTP 503"),
        (Fault::TeamspaceNoneRan, 5, "5 deselected"),
    ];
    for (fault, code, _) in cases {
        let output = Bench::new(&[fault]).pytest(TEAMSPACE);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{fault}: {}",
            said(&output)
        );
        for (other, _, others_words) in cases {
            let found = said(&output).contains(others_words);
            assert_eq!(found, other == fault, "{fault}: {}", said(&output));
        }
    }
}
