//! The workflow of the Phase 4 gate, run: the same end as on one machine, for one fault of each
//! exit code, and after a job that was killed in the middle.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use canary_gate::rehearsal::github::Point;
use serde_json::Value;

use super::runner::{Ended, Keys, PUBLIC_KEY, Runner};
use super::world::{Outside, gate_on, proved, text};

const WORKFLOW: &str = include_str!("../../../examples/release-gate.yml");

/// What a run came to, wherever it ran.
#[derive(Debug, PartialEq)]
struct End {
    exit: String,
    outcomes: BTreeMap<String, String>,
    issues: Vec<(String, [u64; 3])>,
}

fn outcomes(bundle: &std::path::Path) -> BTreeMap<String, String> {
    let output = std::process::Command::new("tar")
        .args([
            "-xzOf",
            bundle.to_str().unwrap(),
            "--wildcards",
            "*/data/reports/report.json",
        ])
        .output();
    let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    let packages = report["work_packages"].as_array().unwrap();
    let subtasks = packages
        .iter()
        .flat_map(|one| one["subtasks"].as_array().unwrap());
    let one = |subtask: &Value| {
        let word = subtask["result"]["outcome"].as_str().unwrap_or("waiting");
        (subtask["id"].as_str().unwrap().to_owned(), word.to_owned())
    };
    subtasks.map(one).collect()
}

/// All of it on one machine.
fn alone(faults: &[&str]) -> End {
    let outside = Outside::new(faults);
    let machine = outside.machine();
    let bundle = machine.path("bundle.tar.gz");
    let began = std::time::Instant::now();
    let (code, told) = machine.run(machine.gate(&[]).arg("--bundle").arg(&bundle));
    eprintln!("{faults:?} on one machine: {:.1?}", began.elapsed());
    assert!(bundle.exists(), "{told}");
    let end = End {
        exit: code.unwrap().to_string(),
        outcomes: outcomes(&bundle),
        issues: outside.issues(),
    };
    drop(machine);
    outside.end();
    end
}

/// The end of a workflow's jobs.
fn end(runner: &Runner<'_>, outside: &Outside) -> End {
    let exits = runner.jobs.values().filter_map(|job| job.gate.get("exit"));
    let worst = exits.max_by_key(|exit| exit.parse::<u8>().unwrap());
    End {
        exit: worst.unwrap().clone(),
        outcomes: outcomes(&runner.bundle()),
        issues: outside.issues(),
    }
}

fn log(runner: &Runner<'_>) -> String {
    let one = |(id, job): (&String, &super::runner::Job)| {
        format!("── {id} {:?}\n{}\n", job.ended, job.log)
    };
    runner.jobs.iter().map(one).collect()
}

/// Each job on a machine of its own gives what one machine gives.
fn comes_to_the_same_end(faults: &[&str]) {
    let outside = Outside::new(faults);
    let mut runner = Runner::new(&outside, WORKFLOW, &[("until", "all"), ("candidate", "")]);
    let began = std::time::Instant::now();
    runner.run();
    eprintln!("{faults:?} on several machines: {:.1?}", began.elapsed());
    let split = end(&runner, &outside);
    let told = log(&runner);
    proved(&runner.bundle());
    assert_eq!(runner.jobs["vouch"].ended, Ended::Success, "{told}");
    for (id, job) in runner.jobs.iter().filter(|(id, _)| *id != "vouch") {
        let exit = job.gate.get("exit").map(String::as_str);
        let expected = match job.ended {
            Ended::Success => Some("0"),
            Ended::Failure => Some(split.exit.as_str()),
            Ended::Skipped | Ended::Killed => None,
        };
        assert_eq!(exit, expected, "{id}: {told}");
        if job.ended == Ended::Failure {
            assert!(job.log.contains("\n::error "), "{told}");
            assert!(job.summary.starts_with("# "), "{}", job.summary);
            assert!(job.gate["digest"].starts_with("sha256:"));
        }
    }
    assert!(!told.contains("canary-7f3c0b9e51d84a62a4d1"), "a secret");
    drop(runner);
    outside.end();
    assert_eq!(split, alone(faults), "{told}");
}

#[test]
fn blocked_on_several_machines_as_on_one() {
    comes_to_the_same_end(&["blocker-open"]);
}

#[test]
fn a_regression_on_several_machines_as_on_one() {
    comes_to_the_same_end(&["scenario-4"]);
}

#[test]
fn an_error_on_several_machines_as_on_one() {
    comes_to_the_same_end(&["github-write-lost"]);
}

#[test]
fn a_closed_tracker_on_several_machines_as_on_one() {
    comes_to_the_same_end(&["tracker-closed-by-someone"]);
}

#[test]
fn a_job_that_was_killed_in_the_middle_is_started_again_and_nothing_is_done_twice() {
    let outside = Outside::new(&[]);
    // It signs what it hands on, and takes over nothing else.
    let signing = gate_on(
        &["workflow", "--program", "installed", "--key"],
        &[Path::new(PUBLIC_KEY)],
    );
    let signing = String::from_utf8(signing.stdout).unwrap();
    let inputs = [("until", "all"), ("candidate", "")];
    let mut runner = Runner::new(&outside, &signing, &inputs).signing(Keys::new());
    let running = Arc::clone(&runner.running);
    let killed = std::sync::atomic::AtomicBool::new(false);
    outside
        .world()
        .github()
        .lock()
        .watch(move |point, writes, _| {
            let group = *running.lock().unwrap();
            let meets = writes && point == Point::Done;
            if let Some(group) = group.filter(|_| meets)
                && !killed.swap(true, std::sync::atomic::Ordering::SeqCst)
            {
                let group = nix::unistd::Pid::from_raw(group.try_into().unwrap());
                nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).unwrap();
            }
        });
    runner.run();
    let killed = runner
        .jobs
        .values()
        .filter(|job| job.ended == Ended::Killed);
    assert_eq!(killed.count(), 1, "{}", log(&runner));
    runner.run();
    let told = log(&runner);
    assert!(
        runner.jobs.values().all(|job| job.ended == Ended::Success),
        "{told}"
    );
    let of = |state: &str, counts| (state.to_owned(), counts);
    let expected = [
        of("CLOSED", [0, 0, 0]),
        of("CLOSED", [0, 0, 0]),
        of("OPEN", [1, 0, 0]),
        of("CLOSED", [1, 1, 0]),
    ];
    assert_eq!(outside.issues(), expected, "{told}");
    assert_eq!(
        told.matches("which is intact and signed").count(),
        4,
        "{told}"
    );
    assert!(!told.contains("PRIVATE KEY"), "{told}");
    proved(&runner.bundle());
    let matrix = gate_on(&["matrix", "--format", "json"], &[&runner.bundle()]);
    let matrix: Value = serde_json::from_slice(&matrix.stdout).unwrap();
    let cell = &matrix["cells"][0];
    assert_eq!(
        (&cell["words"], &cell["whole"]),
        (&"passed".into(), &true.into()),
        "{matrix}"
    );
    let broken = runner.bundle().with_file_name("cut.tar.gz");
    let bytes = std::fs::read(runner.bundle()).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    let both = gate_on(&["matrix"], &[&runner.bundle(), &broken]);
    assert_eq!(both.status.code(), Some(4), "{}", text(&both));
    assert!(text(&both).contains("NOT A BUNDLE"), "{}", text(&both));
    drop(runner);
    outside.end();
}
