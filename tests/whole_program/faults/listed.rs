//! The list of faults says what the tests hold: each has one that runs it.

use std::path::Path;

use canary_gate::rehearsal::Fault;

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
