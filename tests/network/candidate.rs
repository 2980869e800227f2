//! The real candidate from the operator's own default index, through the binary.

use crate::candidate_support::machine::{Machine, Told, cut_off, may_use_network, odd};

#[test]
fn the_real_candidate_works_as_of_its_release_day_and_today_or_says_why_not() {
    if !may_use_network("the real candidate from the default package index") {
        return;
    }
    let machine = Machine::new("");
    let then = ["3.2.0rc16", "--as-of", "2026-05-21T00:00:00Z"];
    let keep = ["--vendor", "kept", "--into", "then"];
    let told = machine.gate(&[&then[..], &keep[..]].concat());
    told.says(
        0,
        &["prints   spec-kitty-cli version 3.2.0rc16", "0 changed"],
    );
    assert!(told.out.contains("export PATH="), "{told:?}");
    again_without_network(&machine, files(&told));

    let told = machine.gate(&[
        "3.2.0rc16",
        "--into",
        "now",
        "--explain-drift",
        "--format",
        "json",
    ]);
    let document = told.json();
    if document["works"] == true {
        // The index has healed it: then all of it has to be there.
        told.says(0, &["prints   spec-kitty-cli version 3.2.0rc16"]);
        return;
    }
    broken_today(&told);
}

/// The wheels that were kept install where there is no network, by somebody with other habits,
/// and give the same files, all three thousand of them.
fn again_without_network(machine: &Machine, before: &str) {
    let install = machine.command(&["3.2.0rc16", "--from", "kept", "--into", "offline"]);
    let told = Told::of(&cut_off(&install).output().unwrap());
    told.says(0, &["prints   spec-kitty-cli version 3.2.0rc16"]);
    assert_eq!(files(&told), before);
    let told = odd(machine, &["3.2.0rc16", "--from", "kept"]);
    assert_eq!(files(&told), before);
}

/// What is told of the installed files: how many, and a digest over all of them.
fn files(told: &Told) -> &str {
    let mut lines = told.err.lines();
    let line = lines.find(|line| line.starts_with("  files    "));
    line.unwrap_or_else(|| panic!("{told:?}"))
}

/// Which module is missing, what moved, and that it is today's dependencies alone.
fn broken_today(told: &Told) {
    told.says(
        3,
        &["is installed, but broken", "is missing", "moved since"],
    );
    let document = told.json();
    let missing = document["missing"].as_array().unwrap();
    let explained = &document["explained"];
    assert!(!missing.is_empty(), "{document:#}");
    assert_eq!(explained["works_then"], true, "{document:#}");
    let moved = explained["drift"]["moved"].as_array().unwrap();
    assert!(!moved.is_empty(), "{document:#}");
    // As of 2026: typer dropped click, and the candidate had never asked for it itself.
    if missing.iter().any(|module| module == "click") {
        assert_eq!(explained["drift"]["gone"], serde_json::json!(["click"]));
    }
}
