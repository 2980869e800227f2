//! A resumed run keeps a result only while what it depends on is what it was, and says so.

use std::path::Path;
use std::process::Command;

use crate::stage::{Canary, GATE, Stage};

/// A run that came as far as its canary, whose project is a repository.
fn begun() -> Stage {
    let stage = Stage::new(Canary::Passes);
    git(&stage, &["init", "-q"]);
    git(&stage, &["add", "."]);
    commit(&stage, "first");
    let mut part = stage.start();
    part.args(["--until", "CANARY"]);
    assert_eq!(stage.run(part).code(), Some(0), "{}", stage.told());
    stage
}

fn git(stage: &Stage, words: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(stage.path("w/project"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(words);
    assert!(git.status().unwrap().success(), "{words:?}");
}

fn commit(stage: &Stage, message: &str) {
    git(stage, &["commit", "-q", "--allow-empty", "-am", message]);
}

/// The gate file with its template, changed; where it is.
fn corrected(stage: &Stage, gate: impl Fn(String) -> String, note: &str) -> String {
    let directory = stage.path("corrected");
    std::fs::create_dir(&directory).unwrap();
    let text = std::fs::read_to_string(GATE).unwrap();
    std::fs::write(directory.join("gate.toml"), gate(text)).unwrap();
    let text = std::fs::read_to_string(Path::new(GATE).with_file_name("note.md")).unwrap();
    std::fs::write(directory.join("note.md"), text + note).unwrap();
    directory.join("gate.toml").display().to_string()
}

/// Resumes to the end; what it says, and how often the canary was run by then.
#[track_caller]
fn resumed(stage: &Stage, more: &[&str]) -> (String, usize) {
    let arguments = [&["run", "--yes", "--resume", "latest"], more].concat();
    let output = stage.gate(&arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(stage.most_writes() <= 1, "{:#}", stage.world());
    stage.proved().unwrap();
    let journal = String::from_utf8(stage.journal()).unwrap();
    let spent = |line: &&str| {
        line.contains(r#""intent":{"by":"C2""#) && line.contains(r#""bash","canary.sh""#)
    };
    (told, journal.lines().filter(spent).count())
}

#[test]
fn nothing_has_changed_and_everything_is_kept() {
    let stage = begun();
    // What runs and tools write is no input.
    std::fs::write(stage.path("w/project/artifacts/more.json"), "{}").unwrap();
    std::fs::create_dir(stage.path("w/project/__pycache__")).unwrap();
    std::fs::write(stage.path("w/project/__pycache__/a.pyc"), "a").unwrap();
    let (told, spent) = resumed(&stage, &[]);
    assert!(
        told.contains("keeps 8 results: L1 L2 L3 L4 C1 C2 C3 C4\n"),
        "{told}"
    );
    assert!(!told.contains(" again: "), "{told}");
    assert_eq!(spent, 1, "{told}");
}

#[test]
fn a_checkout_that_moved_or_is_dirty_is_run_again() {
    for (change, says) in [
        ("moved", "takes C2 again: checkout `project` was "),
        ("dirty", "with 1 changed files"),
        ("untracked", "with 1 changed files"),
    ] {
        let stage = begun();
        match change {
            "moved" => commit(&stage, "second"),
            "dirty" => {
                let script = stage.path("w/project/canary.sh");
                let text = std::fs::read_to_string(&script).unwrap();
                std::fs::write(&script, text + "# changed\n").unwrap();
            }
            _ => std::fs::write(stage.path("w/project/conftest.py"), "").unwrap(),
        }
        let (told, spent) = resumed(&stage, &[]);
        assert!(told.contains(says), "{change}: {told}");
        assert!(told.contains("keeps 5 results: L1 L2 L3 L4 C1\n"), "{told}");
        assert!(told.contains("takes C3 again: comes after C2"), "{told}");
        assert_eq!(spent, 2, "{change}: {told}");
    }
}

#[test]
fn a_directory_that_is_no_repository_is_its_files() {
    for change in [false, true] {
        let stage = Stage::new(Canary::Passes);
        let mut part = stage.start();
        part.args(["--until", "CANARY"]);
        assert_eq!(stage.run(part).code(), Some(0), "{}", stage.told());
        if change {
            std::fs::write(stage.path("w/project/settings"), "other\n").unwrap();
        }
        let (told, spent) = resumed(&stage, &[]);
        assert_eq!(spent, if change { 2 } else { 1 }, "{told}");
    }
}

#[test]
fn a_corrected_gate_file_keeps_what_it_did_not_change() {
    let stage = begun();
    let gate = corrected(&stage, |text| text + "# A remark.\n", "");
    let (told, spent) = resumed(&stage, &["--gate", &gate]);
    assert!(told.contains("keeps 8 results"), "{told}");
    assert_eq!(spent, 1, "{told}");
    let earlier = std::fs::read_dir(stage.directory().unwrap().join("earlier"));
    assert_eq!(earlier.unwrap().count(), 1, "the file of before is kept");
}

#[test]
fn a_corrected_gate_file_takes_again_what_it_changed() {
    let stage = begun();
    let arguments = |text: String| text.replace(r#"["--yes"]"#, r#"["--yes", "--again"]"#);
    let gate = corrected(&stage, arguments, "");
    let (told, spent) = resumed(&stage, &["--gate", &gate]);
    assert!(told.contains("takes C2 again: definition"), "{told}");
    assert!(told.contains("keeps 5 results: L1 L2 L3 L4 C1\n"), "{told}");
    assert_eq!(spent, 2, "{told}");
}

#[test]
fn a_corrected_template_is_posted_as_it_is_now() {
    let stage = begun();
    let gate = corrected(&stage, |text| text, "Corrected.\n");
    let (told, spent) = resumed(&stage, &["--gate", &gate]);
    assert!(told.contains("keeps 8 results"), "{told}");
    assert_eq!(spent, 1, "{told}");
    assert!(stage.world().to_string().contains("Corrected."));
}

#[test]
fn a_changed_parameter_takes_again_what_quotes_it() {
    let stage = begun();
    let version = ["--gate", GATE, "--set", "version=3.2.0rc17"];
    let arguments = [&["run", "--yes", "--resume", "latest"], &version[..]].concat();
    let output = stage.gate(&arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("takes C3 again: parameter `version` was changed"),
        "{told}"
    );
    // It is not the version that was run.
    assert_eq!(output.status.code(), Some(1), "{told}");
}

/// The names are those of the run's own gate, whatever gate ships with the program.
#[test]
fn a_parameter_of_the_runs_own_gate_is_set_without_naming_its_file() {
    let stage = begun();
    let resumed = |set: &str| {
        let arguments = ["run", "--yes", "--resume", "latest", "--set", set];
        let output = stage.gate(&arguments).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    // A name of the gate that ships is none here.
    let (code, told) = resumed("rc.baseline=3.2.0rc15");
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains("there is no parameter `rc.baseline`"),
        "{told}"
    );
    let (code, told) = resumed("version=3.2.0rc17");
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("takes C3 again: parameter `version` was changed"),
        "{told}"
    );
}

#[test]
fn another_plan_or_name_corrects_nothing() {
    let changes: [fn(String) -> String; 2] = [
        |text| text.replace("name = \"small\"", "name = \"other\""),
        |text| text.replace("id = \"T5\"", "id = \"T6\""),
    ];
    for change in changes {
        let stage = begun();
        let gate = corrected(&stage, change, "");
        let before = stage.journal();
        // `latest` is the latest of the gate that is named.
        let run = stage.directory().unwrap();
        let run = run.file_name().unwrap().to_str().unwrap();
        let arguments = ["run", "--yes", "--resume", run, "--gate", &gate];
        let output = stage.gate(&arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(
            told.contains("was started with another gate file"),
            "{told}"
        );
        assert_eq!(stage.journal(), before);
    }
}
