//! Gates of one's own, rehearsed: the examples as they are, and with something that stops each.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::outside;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What a rehearsal came to.
struct Rehearsed {
    code: Option<i32>,
    told: String,
    world: Value,
    directory: TempDir,
}

impl Rehearsed {
    fn bundle(&self) -> PathBuf {
        self.directory.path().join("b.tar.gz")
    }

    /// Exit code and words that must be told.
    #[track_caller]
    fn ends(&self, code: i32, words: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.told);
        for word in words {
            assert!(self.told.contains(word), "`{word}` in {}", self.told);
        }
        assert_eq!(
            self.world["home_changes"],
            serde_json::json!([]),
            "{}",
            self.told
        );
        assert_eq!(
            self.world["github"]["unknown_requests"],
            serde_json::json!([]),
            "{}",
            self.told
        );
        self
    }

    fn comments(&self) -> u64 {
        self.world["github"]["writes_by_gate"]["comments"]
            .as_u64()
            .unwrap()
    }
}

/// Runs the program in a home of its own; its exit code, and what it printed.
pub(crate) fn gate(home: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(assert_cmd::cargo::cargo_bin!("gate"))
        .env_clear()
        .envs(outside::variables())
        .env("HOME", home)
        .args(arguments)
        .current_dir(home)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), told)
}

fn rehearse(file: &Path, arguments: &[&str]) -> Rehearsed {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let (world, bundle) = (home.join("world.json"), directory.path().join("b.tar.gz"));
    let own = [
        "rehearse",
        "--yes",
        "--gate",
        file.to_str().unwrap(),
        "--world",
        world.to_str().unwrap(),
        "--bundle",
        bundle.to_str().unwrap(),
    ];
    let (code, told) = gate(&home, &[&own, arguments].concat());
    let world = std::fs::read(world).unwrap_or_default();
    Rehearsed {
        code,
        told,
        world: serde_json::from_slice(&world).unwrap_or_default(),
        directory,
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(ROOT)
        .join("examples")
        .join(name)
        .join("gate.toml")
}

#[test]
fn every_example_passes_and_is_reproduced() {
    for starter in canary_gate::gate::STARTERS {
        let rehearsed = rehearse(&example(starter.name), &[]);
        rehearsed.ends(0, &["PASSED", "nothing real is touched"]);
        assert_eq!(rehearsed.comments(), 1, "{}", rehearsed.told);
        let bundle = rehearsed.bundle();
        let bundle = bundle.to_str().unwrap();
        let home = rehearsed.directory.path();
        for words in [
            &["verify", bundle][..],
            &["reproduce", bundle],
            &["report", bundle],
        ] {
            let (code, told) = gate(home, words);
            assert_eq!(code, Some(0), "{words:?}: {told}");
        }
    }
}

/// Each is stopped, and says by what; nothing is told to anybody then.
#[test]
fn every_example_is_stopped_by_what_goes_wrong() {
    for (name, fault, code, words) in [
        ("rust-crate", "issue-open:R1", 3, &["team/crate#5"][..]),
        (
            "rust-crate",
            "program-fails:B1",
            1,
            &["cargo test --locked"],
        ),
        (
            "npm-package",
            "program-fails:B2",
            1,
            &["npm test", "exit code 1"],
        ),
        ("python-package", "program-missing:B1", 4, &["python3"]),
        ("python-package", "program-silent:B1", 1, &["passed"]),
        ("web-service", "page-503:S1", 3, &["503"]),
        ("web-service", "page-silent:S2", 3, &["no answer"]),
    ] {
        let rehearsed = rehearse(&example(name), &["--fault", fault]);
        rehearsed.ends(code, words);
        assert_eq!(rehearsed.comments(), 0, "{}", rehearsed.told);
    }
}

#[test]
fn faults_that_do_not_fit_the_gate_are_refused() {
    let rehearsed = rehearse(&example("web-service"), &["--fault", "page-503:S9"]);
    assert_eq!(rehearsed.code, Some(2), "{}", rehearsed.told);
    let near = "did you mean `page-503:S";
    assert!(rehearsed.told.contains(near), "{}", rehearsed.told);
    let file = example("web-service");
    let list = [
        "rehearse",
        "--list-faults",
        "--gate",
        file.to_str().unwrap(),
    ];
    let (code, told) = gate(rehearsed.directory.path(), &list);
    assert_eq!(code, Some(0), "{told}");
    for name in ["issue-open:R1", "page-503:S1", "page-silent:S2"] {
        assert!(told.contains(name), "{told}");
    }
    assert!(!told.contains("scenario-4"), "{told}");
}

/// What the gate file does not say is made up, and named; no program of the gate's is started.
#[test]
fn what_is_made_up_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gate.toml");
    let touched = directory.path().join("touched");
    let text = format!(
        r#"
format = 1
name = "own"
title = "One of one's own"

[policy]
comment = ["o/r#7"]
programs = ["gh", "touch"]
read_addresses = ["https://service.example/"]

[[work_package]]
id = "W"
title = "W"
priority = "high"

[[work_package.subtask]]
id = "A"
title = "Touch"
uses = "run-program"
argv = ["touch", "../../{}"]
as = "touched"

[[work_package.subtask]]
id = "B"
title = "Ask"
uses = "health-check"
url = "https://service.example/health/"
within = "1s"
retry_after = "1h"
as = "health"

[[work_package.subtask]]
id = "C"
title = "Tell"
uses = "comment"
issue = "o/r#7"
template = "note.md"
as = "told"
"#,
        touched.file_name().unwrap().to_str().unwrap()
    );
    std::fs::write(&file, text).unwrap();
    std::fs::write(directory.path().join("note.md"), "{{ health }}\n").unwrap();
    let rehearsed = rehearse(&file, &[]);
    rehearsed.ends(
        0,
        &[
            "made up: o/r#7 is open",
            "made up: https://service.example/health/ answers 200",
            "made up: `touch ",
        ],
    );
    let programs = rehearsed.world["programs"].as_array().unwrap();
    assert_eq!(programs.len(), 1, "{programs:?}");
    let issue = &rehearsed.world["github"]["repositories"]["o/r"]["issues"]["7"];
    let body = issue["comments"][0]["body"].as_str().unwrap();
    assert!(body.contains(r#"{"status":"ok"}"#), "as JSON: {body}");
    // An hour's wait is over at once.
    let silent = rehearse(&file, &["--fault", "page-silent:B"]);
    silent.ends(3, &["no answer within 1s"]);
}

/// A dry run goes on behind what it leaves out.
#[test]
fn a_dry_run_goes_through_to_the_end() {
    let rehearsed = rehearse(&example("web-service"), &["--dry-run"]);
    rehearsed.ends(0, &["dry run: would comment on team/service#7", "DRY RUN"]);
    let rehearsed = rehearse(&example("npm-package"), &["--dry-run"]);
    for line in [
        "] B1    not run   Install what the lock file says – dry run: would run `npm ci`",
        "B2 to B3: 2 subtasks not run, dry run: needs what B1 does to `package`",
        "] T1    not run   Comment on the release tracker – dry run: would comment on team/package#7",
    ] {
        assert!(rehearsed.told.contains(line), "{line}: {}", rehearsed.told);
    }
    rehearsed.ends(0, &[]);
}
