//! The list of faults says what the tests hold: each has one that runs it.

use std::path::Path;

use canary_gate::rehearsal::Fault;

use crate::own_gates::gate;

#[test]
fn every_fault_is_run_by_a_test() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/whole_program/faults");
    let mut texts = String::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        texts.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let missing: Vec<&str> = Fault::ALL
        .iter()
        .map(|fault| fault.name())
        .filter(|name| !texts.contains(&format!("\"{name}\"")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// What cannot be rehearsed is refused first; nobody is asked whether they want it.
#[test]
fn wrong_options_are_refused_before_anybody_is_asked() {
    let home = tempfile::tempdir().unwrap();
    for (options, words) in [
        (
            &["--fault", "blocker-opne"][..],
            "unknown fault `blocker-opne`; did you mean `blocker-open`?",
        ),
        (
            &["--sign", "key.pem"],
            "nothing of a rehearsal stays to be signed",
        ),
    ] {
        let (code, told) = gate(home.path(), &[&["rehearse"], options].concat());
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(words), "{told}");
        assert!(!told.contains("may write"), "{told}");
    }
    // With options that are right it is asked, and here nobody is.
    let (code, told) = gate(home.path(), &["rehearse", "--fault", "blocker-open"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("may write"), "{told}");
}
