//! The gate that comes with the program.

use super::Gate;
use crate::model::Diagnostics;

const GATE: &str = include_str!("../gates/phase4/gate.toml");
const TEMPLATES: &[(&str, &str)] = &[
    (
        "canary-evidence.md",
        include_str!("../gates/phase4/canary-evidence.md"),
    ),
    (
        "tracker-evidence.md",
        include_str!("../gates/phase4/tracker-evidence.md"),
    ),
];

impl Gate {
    /// The phase 4 auth identity-boundary canary gate.
    ///
    /// # Errors
    /// None in a program that passed its tests: `the_built_in_gate_is_sound` loads it.
    pub fn built_in() -> Result<Self, Diagnostics> {
        Self::load("phase4/gate.toml", GATE, &|name| {
            TEMPLATES
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, text)| (*text).to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_gate_is_sound() {
        let gate = Gate::built_in().unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(gate.subtasks().count(), 43);
        assert_eq!(gate.work_packages.len(), 8);
    }
}
