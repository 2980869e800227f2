//! The workflow in `examples/` is the one that `gate workflow` makes of the Phase 4 gate.

use canary_gate::gate::{Gate, Recipe, Started, workflow};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/release-gate.yml");

/// `GATE_UPDATE=1` writes it anew.
#[test]
fn the_example_is_what_the_generator_makes() {
    let recipe = Recipe {
        key: None,
        vouch: true,
        program: Started::Nix("github:OWNER/gate?rev=COMMIT#gate".to_owned()),
        gate_file: None,
        split: Vec::new(),
        candidates: Vec::new(),
        platforms: Vec::new(),
        environment: "release".to_owned(),
    };
    let made = workflow(&Gate::built_in().unwrap(), &recipe).unwrap();
    if std::env::var_os("GATE_UPDATE").is_some() {
        std::fs::write(EXAMPLE, &made).unwrap();
    }
    let example = std::fs::read_to_string(EXAMPLE).unwrap();
    assert!(
        example == made,
        "make it again: `gate workflow --vouch > {EXAMPLE}`"
    );
}
