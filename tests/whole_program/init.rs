//! `gate init`: what it writes is a gate as it is, and nothing is overwritten.

use std::path::Path;
use std::process::{Command, Output};

fn gate(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gate"))
        .args(arguments)
        .current_dir(directory)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn what_is_written_is_planned_as_it_is() {
    for starter in canary_gate::gate::STARTERS {
        let directory = tempfile::tempdir().unwrap();
        let set = "repository=o/r";
        let made = gate(
            directory.path(),
            &["init", "--from", starter.name, "--set", set],
        );
        assert_eq!(made.status.code(), Some(0), "{}", told(&made));
        let planned = gate(directory.path(), &["plan", "--gate", "gate.toml"]);
        assert_eq!(planned.status.code(), Some(0), "{}", told(&planned));
        let text = std::fs::read_to_string(directory.path().join("gate.toml")).unwrap();
        assert!(text.contains("repository = \"o/r\""), "{text}");
        // Not even where only the template is there already.
        std::fs::remove_file(directory.path().join("gate.toml")).unwrap();
        let again = gate(directory.path(), &["init", "--from", starter.name]);
        assert_eq!(again.status.code(), Some(2), "{}", told(&again));
        assert!(told(&again).contains("announce.md"), "{}", told(&again));
        assert!(!directory.path().join("gate.toml").exists(), "all or none");
    }
}

#[test]
fn without_a_terminal_it_says_what_there_is() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["init"][..], "give --from NAME"),
        (
            &["init", "--from", "rust-crat"],
            "did you mean `rust-crate`?",
        ),
        (
            &["init", "--from", "rust-crate", "--set", "x=1"],
            "no parameter `x`",
        ),
        (
            &["init", "--from", "rust-crate", "--into", "gone"],
            "no directory `gone`",
        ),
    ] {
        let refused = gate(directory.path(), arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", told(&refused));
        assert!(told(&refused).contains(words), "{}", told(&refused));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
