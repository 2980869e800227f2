//! The commands in `docs/` are run, in the order of each page; those in fences exist.

use std::path::{Path, PathBuf};

use crate::own_gates::gate;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn pages() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|ending| ending == "md"));
    pages.sort();
    pages
}

/// Words of a command, and the exit code that it says it has.
fn command(line: &str) -> Option<(Vec<&str>, i32)> {
    let (words, comment) = line.trim().split_once('#').unwrap_or((line.trim(), ""));
    let code = comment.trim().strip_prefix("exit ");
    let code = code.and_then(|rest| rest.split(' ').next()?.parse().ok());
    let mut words = words.split_whitespace();
    (words.next()? == "gate").then(|| (words.collect(), code.unwrap_or(0)))
}

#[test]
fn what_is_indented_runs_as_the_page_says() {
    let mut ran = 0;
    // Those of `signing.md` have words to fill in: `faults::signed` types them.
    let filled_in = |page: &PathBuf| page.ends_with("signing.md");
    for page in pages().into_iter().filter(|page| !filled_in(page)) {
        let text = std::fs::read_to_string(&page).unwrap();
        let home = tempfile::tempdir().unwrap();
        let commands = text.lines().filter(|line| line.starts_with("    "));
        let commands: Vec<(Vec<&str>, i32)> = commands.filter_map(command).collect();
        let begins = commands
            .first()
            .is_some_and(|(words, _)| words[0] == "init");
        if !begins {
            gate(home.path(), &["init", "--from", "rust-crate"]);
        }
        for (words, code) in commands {
            let (ended, told) = gate(home.path(), &words);
            assert_eq!(ended, Some(code), "{}: {words:?}: {told}", page.display());
            ran += 1;
        }
    }
    assert!(ran > 9, "{ran} commands");
}

#[test]
fn what_is_in_fences_exists() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let commands = text.lines().filter(|line| !line.starts_with("    "));
        for (words, _) in commands.filter_map(command) {
            let help = if words[0] == "runs" {
                gate(Path::new("/"), &["runs", words[1], "--help"]).1
            } else {
                gate(Path::new("/"), &[words[0], "--help"]).1
            };
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(
                    help.contains(option),
                    "{}: `gate {}` has no {option}",
                    page.display(),
                    words[0]
                );
            }
        }
    }
}

/// The tutorial's change of the rehearsal is one that the gate stops at.
#[test]
fn the_change_of_the_tutorial_stops_the_gate() {
    let text = std::fs::read_to_string(Path::new(ROOT).join("docs/tutorial.md")).unwrap();
    let at = text.find("    [[rehearsal.program]]").unwrap();
    let block: Vec<&str> = text[at..]
        .lines()
        .map_while(|line| line.strip_prefix("    "))
        .collect();
    let home = tempfile::tempdir().unwrap();
    gate(home.path(), &["init", "--from", "rust-crate"]);
    let file = home.path().join("gate.toml");
    let gate_file = std::fs::read_to_string(&file).unwrap();
    let tests = gate_file
        .find("[[rehearsal.program]]\nargv = [\"cargo\", \"test\"]")
        .unwrap();
    let end = tests + gate_file[tests..].find("\n\n").unwrap();
    let changed = format!(
        "{}{}{}",
        &gate_file[..tests],
        block.join("\n"),
        &gate_file[end..]
    );
    std::fs::write(&file, changed).unwrap();
    let (code, told) = gate(home.path(), &["rehearse", "--gate", "gate.toml", "--yes"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("error: test failed"), "{told}");
}

#[test]
fn every_page_is_in_the_index_and_every_link_leads_somewhere() {
    let docs = Path::new(ROOT).join("docs");
    let index = std::fs::read_to_string(docs.join("README.md")).unwrap();
    for page in pages() {
        let name = page.file_name().unwrap().to_str().unwrap();
        let listed = name == "README.md" || index.contains(&format!("]({name})"));
        assert!(listed, "the index lacks {name}");
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if !link.starts_with("http") {
                assert!(docs.join(link).exists(), "{name}: {link}");
            }
        }
    }
}
