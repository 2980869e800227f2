//! What README.md says of the program is so.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn readme() -> String {
    std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap()
}

fn gate(arguments: &[&str]) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_gate"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(done.status.success(), "gate {arguments:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// The words after `gate` in commands, with those after `gate --`, as README writes them.
fn commands(text: &str) -> BTreeSet<Vec<&str>> {
    let code = text.lines().filter_map(|line| line.strip_prefix("    "));
    let quoted = text.split('`').skip(1).step_by(2);
    code.chain(quoted)
        .map(|line| line.split("  ").next().unwrap_or(line))
        .filter_map(|line| {
            let rest = line
                .strip_prefix("gate ")
                .or_else(|| line.split_once("gate -- ").map(|(_, rest)| rest))
                .or_else(|| line.split_once("--release -- ").map(|(_, rest)| rest))?;
            Some(rest.split_whitespace().collect())
        })
        .collect()
}

#[test]
fn every_command_and_option_exists() {
    let readme = readme();
    let commands = commands(&readme);
    assert!(commands.len() > 10, "{commands:?}");
    for words in commands {
        let help = gate(&[words[0], "--help"]);
        for option in words.iter().filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "`gate {}` has no {option}", words[0]);
        }
    }
}

#[test]
fn every_fault_it_names_exists() {
    let readme = readme();
    let listed = gate(&["rehearse", "--list-faults"]);
    for words in commands(&readme) {
        if let Some(at) = words.iter().position(|word| *word == "--fault") {
            let fault = words[at + 1];
            let known = listed
                .lines()
                .any(|line| line.split(' ').next() == Some(fault));
            assert!(known, "no fault `{fault}`");
        }
    }
}

#[test]
fn the_exit_codes_are_the_programs() {
    let help = gate(&["--help"]);
    let codes = help.split("Exit codes:").nth(1).unwrap();
    let readme = readme();
    let told: Vec<String> = codes
        .trim()
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, meaning)| format!("| {code} | {meaning} |"))
        .collect();
    assert_eq!(told.len(), 7);
    for row in told {
        assert!(readme.contains(&row), "README lacks the row {row}");
    }
}

#[test]
fn the_layout_is_the_trees() {
    let readme = readme();
    let layout = readme.split("```text\n").nth(2).unwrap();
    let layout = layout.split("```").next().unwrap();
    let named: BTreeSet<&str> = layout
        .lines()
        .flat_map(|line| line.split("  ").next().unwrap_or(line).split(' '))
        .map(|path| path.trim_end_matches('/'))
        .collect();
    for path in &named {
        assert!(Path::new(ROOT).join(path).exists(), "`{path}` is not there");
    }
    let rooms = std::fs::read_dir(Path::new(ROOT).join("src")).unwrap();
    for room in rooms.map(|entry| entry.unwrap()) {
        if room.path().is_dir() {
            let room = format!("src/{}", room.file_name().to_string_lossy());
            assert!(
                named.contains(room.as_str()),
                "README's layout lacks `{room}`"
            );
        }
    }
}

#[test]
fn every_subcommand_has_a_man_page() {
    let directory = tempfile::tempdir().unwrap();
    gate(&["man", "--into", directory.path().to_str().unwrap()]);
    let help = gate(&["--help"]);
    let commands = help.split("Commands:").nth(1).unwrap();
    let lines = commands.lines().skip(1);
    let commands = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            // a description that goes on is further in
            let name = line.strip_prefix("  ")?.split(' ').next()?;
            (!name.is_empty()).then_some(name)
        });
    let mut pages = 0;
    for name in commands.filter(|name| *name != "help") {
        let page = directory.path().join(format!("gate-{name}.1"));
        let page = std::fs::read_to_string(page).unwrap();
        assert!(page.contains(&format!("gate {name}")), "{page}");
        pages += 1;
    }
    assert!(pages > 20, "{help}");
    let own = std::fs::read_to_string(directory.path().join("gate.1")).unwrap();
    assert!(own.contains("Exit codes") && own.contains("rehearse"));
}
