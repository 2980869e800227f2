//! Gates to begin with: the examples of this repository, whose parameters are filled in. Pure:
//! answers in, texts of files out.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parameters::{Overrides, SetError, leaves};
use super::{Gate, ParameterError};
use crate::model::Diagnostics;

/// A gate to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Starter {
    /// Its name on the command line, and of its directory below `examples/`.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    gate: &'static str,
    templates: &'static [(&'static str, &'static str)],
}

macro_rules! starters {
    ($($name:literal $about:literal;)*) => {
        /// Every one, in the order in which they are offered.
        pub const STARTERS: &[Starter] = &[$(Starter {
            name: $name,
            about: $about,
            gate: include_str!(concat!("../../examples/", $name, "/gate.toml")),
            templates: &[(
                "announce.md",
                include_str!(concat!("../../examples/", $name, "/announce.md")),
            )],
        },)*];
    };
}

starters! {
    "rust-crate" "a Rust crate: blocker, tests, package, comment";
    "npm-package" "an npm package: blocker, tests, package, comment";
    "python-package" "a Python package: blocker, tests, wheel, comment";
    "web-service" "a web service: blocker, health pages, comment";
}

/// Something that a starter asks for: one of its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The parameter.
    pub parameter: String,
    /// What it is, in the words of the comment above it.
    pub text: String,
    /// What it is unless something else is answered.
    pub default: Value,
}

impl Starter {
    /// The starter of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        STARTERS.iter().find(|starter| starter.name == name)
    }

    /// What there is to ask, in the order of the file.
    ///
    /// # Errors
    /// None in a program that passed its tests: `every_starter_is_a_gate` loads each.
    pub fn questions(&self) -> Result<Vec<Question>, Diagnostics> {
        let gate = self.load(self.gate)?;
        let question = |(name, default): (String, &Value)| Question {
            text: self.comment_above(&name),
            default: default.clone(),
            parameter: name,
        };
        Ok(leaves(&gate.parameters).into_iter().map(question).collect())
    }

    /// Its files by name, the gate file first, with these values in the place of its own.
    ///
    /// # Errors
    /// Names that it does not have, values of another type, or values with which it is no gate.
    pub fn filled(&self, answers: &Overrides) -> Result<Vec<(String, String)>, SetError> {
        let mut gate = self.load(self.gate).map_err(SetError::Gate)?;
        if let Some((name, _)) = answers.settings.first_key_value() {
            let help = "it is given with each run, as `--set` there".to_owned();
            let name = name.clone();
            return Err(SetError::Parameters(vec![ParameterError::Unknown {
                name,
                help,
            }]));
        }
        gate.set(&answers.parameters)?;
        let values: BTreeMap<String, &Value> = leaves(&gate.parameters).into_iter().collect();
        let text = self.with(&values);
        self.load(&text).map_err(SetError::Gate)?;
        let templates = self.templates.iter();
        let templates = templates.map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Ok(std::iter::once(("gate.toml".to_owned(), text))
            .chain(templates)
            .collect())
    }

    fn load(&self, text: &str) -> Result<Gate, Diagnostics> {
        let name = format!("examples/{}/gate.toml", self.name);
        Gate::load(&name, text, &|wanted| {
            let found = self.templates.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, text)| (*text).to_owned())
        })
    }

    /// Its text with other values in its parameters, comments and all the rest as they are.
    fn with(&self, values: &BTreeMap<String, &Value>) -> String {
        let mut inside = false;
        let line = |line: &str| {
            if line.starts_with('[') {
                inside = line.trim() == "[parameters]";
            }
            let value = parameter_of(line)
                .filter(|_| inside)
                .and_then(|name| Some((name, values.get(name)?)));
            match value {
                // JSON's texts, numbers and lists are TOML's.
                Some((name, value)) => format!("{name} = {value}\n"),
                None => format!("{line}\n"),
            }
        };
        self.gate.lines().map(line).collect()
    }

    fn comment_above(&self, parameter: &str) -> String {
        let lines: Vec<&str> = self.gate.lines().collect();
        let at = lines
            .iter()
            .position(|line| parameter_of(line) == Some(parameter));
        at.and_then(|at| lines.get(at.checked_sub(1)?)?.strip_prefix("# "))
            .unwrap_or(parameter)
            .to_owned()
    }
}

/// The parameter that a line of the file gives a value.
fn parameter_of(line: &str) -> Option<&str> {
    line.split_once(" = ").map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(assignments: &[&str]) -> Overrides {
        Overrides::from_assignments(assignments).unwrap()
    }

    #[test]
    fn every_starter_is_a_gate_and_asks_in_words() {
        for starter in STARTERS {
            let questions = starter.questions().unwrap();
            assert!(questions.len() > 2, "{}", starter.name);
            for question in questions {
                assert_ne!(question.text, question.parameter, "{}", starter.name);
            }
            let unchanged = starter.filled(&Overrides::default()).unwrap();
            assert_eq!(unchanged[0].1, starter.gate, "{}", starter.name);
        }
    }

    #[test]
    fn answers_stand_in_the_file_and_nothing_else_changes() {
        let starter = Starter::named("rust-crate").unwrap();
        let set = answers(&["repository=o/r", "blocker=12"]);
        let files = starter.filled(&set).unwrap();
        let changed: Vec<(&str, &str)> = starter
            .gate
            .lines()
            .zip(files[0].1.lines())
            .filter(|(old, new)| old != new)
            .collect();
        assert_eq!(
            changed,
            [
                ("repository = \"team/crate\"", "repository = \"o/r\""),
                ("blocker = 5", "blocker = 12"),
            ]
        );
        assert_eq!(files[1].0, "announce.md");
    }

    #[test]
    fn what_makes_no_gate_is_refused() {
        let starter = Starter::named("rust-crate").unwrap();
        for (wrong, words) in [
            ("repositry=o/r", "did you mean `repository`"),
            ("blocker=soon", "needs a number"),
            ("repository=nothing", "nothing#7"),
            ("workspace=/x", "given with each run"),
        ] {
            let error = starter.filled(&answers(&[wrong])).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
