//! What a verdict applies to: which world, which gate, which part of it, which candidate, judged by
//! which program. Pure data, the same in every record of a run.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Scope, Verdict};

/// Value of [`Circumstances::sandbox`] if code under test ran without one.
pub const NO_SANDBOX: &str = "none";

/// The world in which a run took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WorldKind {
    /// The real one.
    Real,
    /// The embedded one.
    Rehearsal {
        /// Names of the faults that it was built with.
        #[serde(default)]
        faults: Vec<String>,
    },
    /// A recording.
    Replay,
}

/// The circumstances of a process of a run; part of its opening record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The world.
    pub world: WorldKind,
    /// Name of the gate's file, without its directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate_file: Option<String>,
    /// The sandbox mechanism for code under test, with its version; or [`NO_SANDBOX`].
    pub sandbox: String,
    /// Revision of the flake that the program comes from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flake: Option<String>,
}

/// What a verdict applies to. Parts that a record of an earlier format does not contain are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subject {
    /// Format of the journal that it was read from.
    pub format: u32,
    /// Id of the run.
    pub run: String,
    /// The world.
    pub world: Option<WorldKind>,
    /// The gate.
    pub gate: JudgedBy,
    /// The requested part of it.
    pub scope: Scope,
    /// Whether everything that touches the outside was left out.
    pub dry_run: bool,
    /// The requested work packages, and how many there are.
    pub packages: Packages,
    /// Parameters that differ from the gate's defaults, by name; none if the gate cannot be read.
    pub parameters: Option<BTreeMap<String, Value>>,
    /// The release candidate; none if none was found.
    pub candidate: Option<JudgedCandidate>,
    /// The program that concluded the run.
    pub program: Program,
    /// Other programs that took part in it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_programs: Vec<Program>,
    /// The sandbox mechanism for code under test, with its version; or [`NO_SANDBOX`].
    pub sandbox: Option<String>,
    /// How many subtasks ended in which way, by the word of the outcome.
    pub outcomes: BTreeMap<String, usize>,
    /// Whether every subtask of the gate has an outcome, nothing left out.
    pub complete: bool,
    /// The verdict; none before there is one.
    pub verdict: Option<Verdict>,
}

/// The gate of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedBy {
    /// Its name.
    pub name: String,
    /// SHA-256 of its file.
    pub sha256: String,
    /// SHA-256 of each of its templates, by name.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
    /// Whether file and templates are those of a gate built into this program; determined by
    /// whoever reads the record, not taken from it.
    pub built_in: bool,
    /// Name of its file, if it is not built in and the record contains the name.
    pub file: Option<String>,
}

/// The requested work packages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packages {
    /// Their ids, in the gate's order.
    pub asked_for: Vec<String>,
    /// How many the gate has.
    pub of: usize,
}

/// A release candidate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedCandidate {
    /// Name of the package.
    pub package: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// SHA-256 of each of its wheels that could be installed.
    pub wheels: Vec<String>,
    /// Its tag.
    pub tag: Option<String>,
    /// The commit that the tag points to.
    pub commit: Option<String>,
}

/// A version of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its version.
    pub version: String,
    /// Revision of the flake it comes from, if any.
    pub flake: Option<String>,
}

impl WorldKind {
    /// Whether results of the one are valid in the other.
    #[must_use]
    pub fn shares_results_with(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Real, Self::Real) | (Self::Rehearsal { .. }, Self::Rehearsal { .. })
        )
    }
}

impl fmt::Display for WorldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Rehearsal { faults } if faults.is_empty() => f.write_str("rehearsal"),
            Self::Rehearsal { faults } => write!(f, "rehearsal with {}", faults.join(", ")),
            Self::Replay => f.write_str("replay"),
        }
    }
}

impl Subject {
    /// Whether a part of the gate was left out because it was not requested.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.scope != Scope::All
    }

    /// A verdict of this subject as text. What is not a verdict on a release never looks like one:
    /// a partial run states its part, and a rehearsal and a dry run are labelled as such.
    #[must_use]
    pub fn in_words(&self, verdict: &str) -> String {
        let Packages { asked_for, of } = &self.packages;
        let words = if self.is_partial() {
            format!("{verdict} ({} of {of})", asked_for.join(", "))
        } else {
            verdict.to_owned()
        };
        match &self.world {
            Some(WorldKind::Rehearsal { .. }) => format!("rehearsed: {words}"),
            Some(WorldKind::Replay) => format!("replayed: {words}"),
            Some(WorldKind::Real) | None => words,
        }
    }

    /// Everything except the verdict, as labelled lines.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let unknown = || "not recorded".to_owned();
        let shown = |value: Option<String>| value.unwrap_or_else(unknown);
        let short = |text: &str| text.get(..16).unwrap_or(text).to_owned();
        let mut lines = vec![
            ("world", shown(self.world.as_ref().map(ToString::to_string))),
            ("gate", self.gate.to_string()),
            ("scope", self.scope_in_words()),
            ("parameters", shown(self.parameters_in_words())),
        ];
        let candidate = self.candidate.as_ref().map_or("none".to_owned(), |one| {
            let name = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
            let wheels: Vec<String> = one.wheels.iter().map(|sha256| short(sha256)).collect();
            format!(
                "{} {}, tag {}, commit {}, wheels {}",
                name(&one.package),
                name(&one.version),
                name(&one.tag),
                one.commit.as_deref().map_or("?".to_owned(), short),
                if wheels.is_empty() {
                    "?".to_owned()
                } else {
                    wheels.join(" ")
                }
            )
        });
        let programs: Vec<String> = (self.earlier_programs.iter())
            .chain([&self.program])
            .map(ToString::to_string)
            .collect();
        lines.extend([
            ("candidate", candidate),
            ("program", programs.join(", then ")),
            ("sandbox", shown(self.sandbox.clone())),
        ]);
        lines
    }

    fn scope_in_words(&self) -> String {
        let mut words = match &self.scope {
            Scope::All => "all of it".to_owned(),
            Scope::Until(package) => format!("until {package}"),
            Scope::Only(package) => format!("only {package}"),
            Scope::Packages(packages) => format!("only {}", packages.join(", ")),
        };
        if self.dry_run {
            words.push_str(", dry run");
        }
        words
    }

    fn parameters_in_words(&self) -> Option<String> {
        let parameters = self.parameters.as_ref()?;
        let all = parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        Some(match parameters.len() {
            0 => "the gate's own".to_owned(),
            _ => all.collect::<Vec<_>>().join(", "),
        })
    }
}

impl fmt::Display for JudgedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.sha256.get(..16).unwrap_or(&self.sha256);
        write!(f, "{} sha256:{digest}, ", self.name)?;
        match (&self.file, self.built_in) {
            (_, true) => f.write_str("built in"),
            (Some(file), false) => write!(f, "from `{file}`"),
            (None, false) => f.write_str("not a built-in one of this program"),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gate {}", self.version)?;
        match &self.flake {
            Some(revision) => write!(f, " of flake {revision}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject {
            format: 2,
            run: "01".to_owned(),
            world: Some(WorldKind::Real),
            gate: JudgedBy {
                name: "g".to_owned(),
                sha256: "ab".repeat(32),
                templates: BTreeMap::new(),
                built_in: false,
                file: None,
            },
            scope: Scope::All,
            dry_run: false,
            packages: Packages {
                asked_for: vec!["WP01".to_owned()],
                of: 8,
            },
            parameters: None,
            candidate: None,
            program: Program {
                version: "0.1.0".to_owned(),
                flake: None,
            },
            earlier_programs: Vec::new(),
            sandbox: None,
            outcomes: BTreeMap::new(),
            complete: true,
            verdict: Some(Verdict::Passed),
        }
    }

    #[test]
    fn only_the_whole_gate_in_the_real_world_passes_in_one_word() {
        let mut one = subject();
        assert_eq!(one.in_words("passed"), "passed");
        one.scope = Scope::Until("WP01".to_owned());
        assert_eq!(one.in_words("passed"), "passed (WP01 of 8)");
        one.world = Some(WorldKind::Rehearsal { faults: Vec::new() });
        assert_eq!(one.in_words("passed"), "rehearsed: passed (WP01 of 8)");
        one.scope = Scope::All;
        assert_eq!(one.in_words("failed"), "rehearsed: failed");
    }

    #[test]
    fn what_an_earlier_format_does_not_know_is_said() {
        let mut one = subject();
        one.world = None;
        let lines = one.lines();
        let of = |name: &str| {
            let found = lines.iter().find(|(what, _)| *what == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        assert_eq!(of("world"), "not recorded");
        assert_eq!(of("sandbox"), "not recorded");
        let json = serde_json::to_value(&one).unwrap();
        assert!(json["world"].is_null() && json["candidate"].is_null());
        assert_eq!(serde_json::from_value::<Subject>(json).unwrap(), one);
    }
}
