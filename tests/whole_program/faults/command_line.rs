//! What can be wrong with a command line is said with exit code 2, before anything runs.

use super::rehearsal::{Ended, Rehearsal, rehearse};

/// Nothing ran: no world, no event of a subtask.
#[track_caller]
fn refused(rehearsal: Rehearsal, words: &[&str]) -> Ended {
    let ended = rehearsal.run();
    assert_eq!(ended.code, Some(2), "{}", ended.told());
    assert_eq!(ended.events("subtask-started").count(), 0, "nothing ran");
    for word in words {
        assert!(ended.stderr.contains(word), "`{word}` in {}", ended.told());
    }
    assert!(!ended.stderr.contains("rehearsal in"), "no world was built");
    assert!(!ended.stderr.contains("panicked"), "{}", ended.told());
    ended
}

#[test]
fn unknown_fault() {
    refused(
        rehearse(&["scenario-5"]),
        &["scenario-5", "did you mean `scenario-4`"],
    );
}

#[test]
fn unknown_parameter() {
    refused(
        rehearse(&[]).with(&["--set", "rc.baselin=1"]),
        &["rc.baselin", "rc.baseline"],
    );
}

#[test]
fn parameter_of_the_wrong_type() {
    refused(
        rehearse(&[]).with(&["--set", "saas.rejected_rows=many"]),
        &["saas.rejected_rows"],
    );
}

#[test]
fn unknown_work_package() {
    refused(rehearse(&[]).with(&["--until", "WP09"]), &["WP09", "WP08"]);
    refused(rehearse(&[]).with(&["--only", "WP9"]), &["WP9", "WP01"]);
}

/// Else it would be found out in the middle: WP02 would first end daemons and install.
#[test]
fn a_work_package_that_needs_facts_of_others_does_not_run_alone() {
    for (package, needs) in [
        (
            "WP02",
            "`fixes.rollback`, published by T004 (WP01), read by T011",
        ),
        (
            "WP05",
            "`canary.environment`, published by T017 (WP04), read by T024",
        ),
    ] {
        let remedies = [format!("--until {package}"), "--resume RUN".to_owned()];
        let words = [needs, &remedies[0], &remedies[1]];
        refused(rehearse(&[]).with(&["--only", package]), &words);
    }
}

#[test]
fn until_and_only_exclude_each_other() {
    refused(
        rehearse(&[]).with(&["--until", "WP01", "--only", "WP02"]),
        &["--only"],
    );
}

#[test]
fn a_time_that_is_none_or_yet_to_come() {
    refused(
        rehearse(&[]).with(&["--as-of", "yesterday"]),
        &["--as-of: expected RFC 3339 such as 2026-05-21T00:00:00Z, got `yesterday`"],
    );
    refused(
        rehearse(&[]).with(&["--set", "rc.as_of=soon"]),
        &["got `soon`", "gate.toml", "2026-05-21T00:00:00Z"],
    );
    let late = "9999-01-01T00:00:00Z";
    refused(
        rehearse(&[]).with(&["--as-of", late]),
        &[
            "--as-of `9999-01-01T00:00:00Z` is yet to come",
            "leave it out",
        ],
    );
    refused(
        rehearse(&[]).with(&["--set", &format!("rc.as_of={late}")]),
        &["the candidate's `as_of`", "is yet to come", "leave it out"],
    );
}

#[test]
fn files_that_cannot_be_written() {
    for option in ["--events", "--bundle", "--world"] {
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("gate"))
            .args(["rehearse", "--yes", option, "/nonexistent/file"])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        for word in ["/nonexistent/file", "there is no directory `/nonexistent`"] {
            assert!(told.contains(word), "{option}: `{word}` in {told}");
        }
        assert!(!told.contains("rehearsal in"), "no world was built");
    }
}

#[test]
fn no_terminal_and_no_yes() {
    let ended = refused(rehearse(&[]).unanswered(), &["--yes", "--dry-run", "#41"]);
    assert!(
        ended.stderr.contains("close"),
        "what it may write is listed: {}",
        ended.told()
    );
}

#[test]
fn gate_file_of_random_bytes() {
    let rehearsal = rehearse(&[]);
    let file = rehearsal.directory.path().join("gate.toml");
    // xorshift: the same bytes on every machine.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let bytes: Vec<u8> = (0..100_000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect();
    std::fs::write(&file, bytes).unwrap();
    let path = file.to_str().unwrap().to_owned();
    refused(rehearsal.with(&["--gate", &path]), &["gate.toml"]);
}

#[test]
fn gate_file_without_end() {
    refused(
        rehearse(&[]).with(&["--gate", "/dev/zero"]),
        &["/dev/zero", "more than 16 MiB"],
    );
}

#[test]
fn gate_file_that_is_not_there() {
    refused(
        rehearse(&[]).with(&["--gate", "/nonexistent/gate.toml"]),
        &["/nonexistent/gate.toml"],
    );
}

#[test]
fn until_wp03_runs_only_what_it_needs() {
    let ended = rehearse(&[]).with(&["--until", "WP03"]).run();
    ended.ends(0, "passed", &[]).untouched_except(&[]);
    for (id, outcome) in ended.outcomes() {
        let wanted = if ("T013"..="T016").contains(&id) {
            "passed"
        } else {
            "not-run"
        };
        assert_eq!(outcome, wanted, "{id}");
    }
}

#[test]
fn only_takes_what_comes_before_as_given() {
    let ended = rehearse(&[]).with(&["--only", "WP01"]).run();
    ended.ends(0, "passed", &[]).untouched_except(&[]);
    let ran = ended
        .outcomes()
        .into_values()
        .filter(|one| *one != "not-run");
    assert_eq!(ran.count(), 6);
}

#[test]
fn dry_run_writes_nothing_and_says_so() {
    let ended = rehearse(&[]).unanswered().with(&["--dry-run"]).run();
    ended.untouched_except(&[]);
    assert_eq!(ended.world["saas"]["writes"], 0, "no canary run is spent");
    assert_eq!(ended.outcomes()["T009"], "not-run", "no signal is sent");
    assert_eq!(ended.subtask("T009")["because"]["stop"], "dry-run");
    assert_eq!(
        ended.world["daemons_alive"].as_array().map(Vec::len),
        Some(2)
    );
    assert_ne!(ended.code, Some(1), "{}", ended.told());
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_runs() {
    let mut gate = std::process::Command::new(assert_cmd::cargo::cargo_bin!("gate"));
    gate.args(["plan", "--set", "saas.url=notaurl"]);
    let output = gate.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for words in ["expected an address", "with `http://` or `https://`"] {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_parameter_changes_what_is_asked_for() {
    let ended = rehearse(&[])
        .with(&["--until", "WP03", "--set", "saas.rejected_rows=23"])
        .run();
    ended
        .ends(3, "blocked", &[("T016", "blocked")])
        .untouched_except(&[]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_an_error_unless_nobody_reads_it() {
    let printing = |to: std::process::Stdio| {
        let mut gate = std::process::Command::new(assert_cmd::cargo::cargo_bin!("gate"));
        gate.arg("schema").stdout(to).output().unwrap()
    };
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let lost = printing(full.unwrap().into());
    let told = String::from_utf8_lossy(&lost.stderr);
    assert_eq!(lost.status.code(), Some(4), "{told}");
    assert!(told.contains("cannot write to standard output"), "{told}");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(printing(writer.into()).status.code(), Some(0));
}

#[test]
fn a_list_of_pinned_tools_that_cannot_be_read_is_no_empty_list() {
    let mut gate = std::process::Command::new(assert_cmd::cargo::cargo_bin!("gate"));
    gate.arg("doctor").env("GATE_PINNED_TOOLS", "/nonexistent");
    let output = gate.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}");
    for words in [
        "GATE_PINNED_TOOLS",
        "`/nonexistent`",
        "through the flake again",
    ] {
        assert!(told.contains(words), "{told}");
    }
}
