//! What cannot be gone on with is refused before anything is touched; and what a killed run left
//! half done is left as it is, beside what takes its place.

use serde_json::Value;

use crate::shim::{Disturbance, Moment};
use crate::stage::{Canary, GATE, Stage, gate_over, text};

/// Kills a new run after this record.
fn killed_after(stage: &Stage, record: usize) {
    let mut gate = stage.start();
    let moment = Moment::After;
    let kill = Disturbance::Kill { moment, record };
    kill.apply(&mut gate, &stage.path("st"), &stage.path("shim"));
    assert_eq!(stage.run(gate).code(), None, "{}", stage.told());
}

/// All journals here, byte for byte.
fn journals(stage: &Stage) -> Vec<Vec<u8>> {
    let runs = std::fs::read_dir(stage.path("st/runs")).unwrap();
    let mut runs: Vec<_> = runs.map(|entry| entry.unwrap().path()).collect();
    runs.sort();
    let read = |run: &std::path::PathBuf| std::fs::read(run.join("journal.jsonl")).unwrap();
    runs.iter().map(read).collect()
}

/// Refused with exit code 2 and these words; no journal, and nothing on GitHub, has changed.
#[track_caller]
fn refused(stage: &Stage, arguments: &[&str], words: &str) {
    let before = (journals(stage), stage.world());
    let resume = [&["run", "--yes", "--resume"], arguments].concat();
    let output = stage.gate(&resume).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains(words), "`{words}` in {told}");
    assert_eq!((journals(stage), stage.world()), before, "{words}");
}

#[test]
fn a_run_that_has_passed_is_not_gone_on_with() {
    let stage = Stage::new(Canary::Passes);
    let status = stage.run(stage.start());
    assert_eq!(status.code(), Some(0), "{}", stage.told());
    refused(
        &stage,
        &["latest"],
        "has passed; there is nothing to resume",
    );
}

/// Runs a command as it was printed behind this word.
fn typed(stage: &Stage, word: &str) -> std::process::Output {
    let told = stage.told();
    let line = told.lines().rev().find_map(|line| line.strip_prefix(word));
    let line = line.unwrap_or_else(|| panic!("no `{word}`: {told}")).trim();
    let words = line.strip_prefix("gate ").unwrap();
    let mut shell = stage.gate(&[]);
    let gate = shell.get_program().to_owned();
    shell.env("GATE", gate);
    let script = format!("exec \"$GATE\" {words}");
    let mut typed = std::process::Command::new("sh");
    typed.args(["-c", &script]).env_clear().current_dir("/");
    typed.envs(
        shell
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    typed.output().unwrap()
}

#[test]
fn a_part_that_has_passed_is_gone_on_with_as_it_says() {
    let stage = Stage::new(Canary::Passes);
    let workspace = format!("workspace={}", stage.path("w").display());
    let mut part = stage.start();
    part.args(["--until", "CANARY", "--set", &workspace]);
    assert_eq!(stage.run(part).code(), Some(0), "{}", stage.told());
    assert_eq!(stage.most_writes(), 0, "{:#}", stage.world());
    let before = stage.records();
    let rest = typed(&stage, "the rest ");
    let told = String::from_utf8_lossy(&rest.stderr);
    assert_eq!(rest.status.code(), Some(0), "{told}");
    assert_eq!(stage.most_writes(), 1, "{:#}", stage.world());
    let journal = String::from_utf8(stage.journal()).unwrap();
    let spent = |line: &&str| line.contains(r#""intent":{"by":"C2""#);
    let again = journal.lines().skip(before).filter(spent).count();
    assert_eq!(again, 0, "no other canary run is spent");
    refused(
        &stage,
        &["latest"],
        "has passed; there is nothing to resume",
    );
}

#[test]
fn a_part_that_has_failed_goes_on_with_that_part() {
    let stage = Stage::new(Canary::Fails);
    let mut part = stage.start();
    let workspace = format!("workspace={}", stage.path("w").display());
    part.args(["--until", "CANARY", "--set", &workspace]);
    assert_eq!(stage.run(part).code(), Some(1), "{}", stage.told());
    let again = typed(&stage, "resume ");
    let told = String::from_utf8_lossy(&again.stderr);
    // The regression opened the blockers again: until they are closed no canary is spent.
    assert_eq!(again.status.code(), Some(3), "{told}");
    assert!(told.contains("was \"CLOSED\", is \"OPEN\""), "{told}");
    let journal = String::from_utf8(stage.journal()).unwrap();
    let resumed: Value = journal
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| !line["record"]["resumed"].is_null())
        .unwrap();
    let asked = &resumed["record"]["resumed"]["asked"];
    assert_eq!(asked["scope"]["until"], "CANARY", "{asked}");
}

#[test]
fn a_run_that_was_killed_is_told_as_cut_off() {
    let stage = Stage::new(Canary::Passes);
    killed_after(&stage, 40);
    for (command, words) in [
        ("report", " – INTERRUPTED BY A KILL\n"),
        ("report", "\nresume    gate run --resume "),
        ("status", ": interrupted by a kill, "),
    ] {
        let told = stage.gate(&[command]).output().unwrap().stdout;
        let told = String::from_utf8(told).unwrap();
        assert!(told.contains(words), "`{words}` in {told}");
    }
    assert_eq!(stage.run(stage.go_on()).code(), Some(0), "{}", stage.told());
    let told = stage.gate(&["report"]).output().unwrap().stdout;
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains(" – PASSED\n"), "{told}");
}

const OWN: &str = r#"
format = 1
name = "own"
title = "Own"
mission = "Writes without saying so."

[policy]
programs = ["touch", "gh"]
close = ["Priivacy-ai/spec-kitty-end-to-end-testing#41"]

[[work_package]]
id = "WP01"
title = "Own"
priority = "low"
goal = "Write."

[[work_package.subtask]]
id = "T001"
title = "Touch"
uses = "run-program"
project = "project"
argv = ["touch", "touched"]
as = "touched"

[[work_package.subtask]]
id = "T002"
title = "Close"
uses = "run-program"
argv = ["gh", "issue", "close", "41", "--repo", "Priivacy-ai/spec-kitty-end-to-end-testing"]
as = "closed"
"#;

#[test]
fn a_dry_run_runs_nothing_of_the_gate_files_own_and_has_not_passed() {
    let stage = Stage::new(Canary::Passes);
    let file = stage.path("own.toml");
    std::fs::write(&file, OWN).unwrap();
    let file = file.display().to_string();
    let asked = stage.gate(&["run", "--gate", &file]).output().unwrap();
    let told = String::from_utf8_lossy(&asked.stderr).into_owned();
    assert_eq!(asked.status.code(), Some(2), "{told}");
    for command in ["touch touched", "gh issue close 41 --repo"] {
        assert!(told.contains(command), "what it may write: {told}");
    }
    let before = stage.world();
    let bundle = stage.path("dry.tar.gz");
    let to = bundle.display().to_string();
    let mut dry = stage.gate(&["run", "--dry-run", "--gate", &file, "--bundle", &to]);
    let dry = dry.output().unwrap();
    let told = String::from_utf8([dry.stdout, dry.stderr].concat()).unwrap();
    assert_eq!(dry.status.code(), Some(0), "{told}");
    assert!(told.contains("DRY RUN, NOTHING WRONG SO FAR"), "{told}");
    assert!(!told.contains("PASSED"), "{told}");
    assert!(!stage.path("w/project/touched").exists());
    assert_eq!(stage.world(), before);
    let verified = gate_over(&["verify"], &bundle).stdout;
    let verified = String::from_utf8_lossy(&verified);
    assert!(
        verified.contains("verdict passed of a dry run"),
        "{verified}"
    );
}

/// What would go out as it is and must not is refused before anything has run.
#[test]
fn a_gate_file_or_a_template_with_something_private_in_it_is_not_run() {
    let stage = Stage::new(Canary::Passes);
    let home = stage.path("home").display().to_string();
    let own = |gate: &str, template: &str| {
        let built_on = std::fs::read_to_string(GATE).unwrap();
        std::fs::write(stage.path("own.toml"), built_on + gate).unwrap();
        std::fs::write(stage.path("note.md"), template).unwrap();
        let file = stage.path("own.toml").display().to_string();
        // Nobody is asked whether they want what is refused anyway, and no world is built for it.
        let told = [&["run", "--yes"][..], &["run"], &["rehearse", "--yes"]].map(|words| {
            let ran = stage.gate(&[words, &["--gate", &file]].concat()).output();
            let ran = ran.unwrap();
            assert_eq!(ran.status.code(), Some(2), "{words:?}: {}", text(&ran));
            text(&ran)
        });
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0], told[2]);
        told[0].clone()
    };
    let lines = std::fs::read_to_string(GATE).unwrap().lines().count();
    let told = own(&format!("# see {home}/notes\n"), "all is well\n");
    let line = format!("the gate file, line {}, holds ‹home›, which", lines + 1);
    assert!(told.contains(&line), "{told}");
    let token = format!("ghp_{}", "aB3dE6gH9j".repeat(4));
    let told = own("", &format!("sent with {token}\n"));
    assert!(
        told.contains("the template `note.md`, line 1, holds ‹secret:"),
        "{told}"
    );
    assert!(!told.contains(&token), "{told}");
    assert!(told.contains("write a parameter in its place"), "{told}");
    assert!(stage.directory().is_none(), "there is no journal");
}

#[test]
fn a_template_that_was_changed_in_the_run_is_not_gone_on_with() {
    let stage = Stage::new(Canary::Passes);
    killed_after(&stage, 40);
    let kept = stage.directory().unwrap().join("templates/note.md");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text + "and more\n").unwrap();
    refused(&stage, &["latest"], "was started with another gate file");
}

#[test]
fn an_ambiguous_name_is_refused() {
    let stage = Stage::new(Canary::Passes);
    killed_after(&stage, 40);
    killed_after(&stage, 50);
    refused(&stage, &["01"], "several runs begin with `01`: ");
    refused(&stage, &["02"], "no run `02`");
    // None of this has kept it from going on.
    assert_eq!(stage.run(stage.go_on()).code(), Some(0), "{}", stage.told());
}

#[test]
fn an_attempt_that_was_cut_off_is_left_and_another_takes_its_place() {
    let stage = Stage::new(Canary::Passes);
    assert_eq!(stage.run(stage.start()).code(), Some(0), "{}", stage.told());
    let journal = stage.journal();
    let records = journal.split(|byte| *byte == b'\n');
    let is_meant = |line: &[u8]| {
        let record: Value = serde_json::from_slice(line).unwrap();
        let intent = &record["record"]["intent"];
        intent["by"] == "T4" && intent["effect"]["effect"] == "pack"
    };
    let at = records.take_while(|line| !is_meant(line)).count();

    let stage = Stage::new(Canary::Passes);
    killed_after(&stage, at + 1);
    let attempts = stage.path("st/attempts");
    let sealed = |name: &str| attempts.join(name).join("manifest.json").is_file();
    let cut_off = attempts.join("3.2.0rc16-rest");
    assert!(
        cut_off.is_dir() && !sealed("3.2.0rc16-rest"),
        "{}",
        stage.told()
    );
    let facts = attempts.join(".3.2.0rc16-rest.partial/evidence/facts.json");
    let before = std::fs::read(&facts).unwrap();
    assert_eq!(stage.run(stage.go_on()).code(), Some(0), "{}", stage.told());
    assert!(sealed("3.2.0rc16-rest-2") && !sealed("3.2.0rc16-rest"));
    assert_eq!(std::fs::read(facts).unwrap(), before);
    // What was finished before stands, and there is one of it.
    assert!(sealed("3.2.0rc16-attempt1") && !attempts.join("3.2.0rc16-attempt2").exists());
    assert_eq!(stage.proved(), Ok(()));
}
