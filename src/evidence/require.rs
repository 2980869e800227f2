//! What a reader requires of a bundle, and which of the requirements hold. Pure.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Signature, Verified};
use crate::model::Verdict;
use crate::model::subject::{NO_SANDBOX, Subject, WorldKind};

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// It ran in the real world.
    Real,
    /// It was a rehearsal.
    Rehearsal,
    /// Every subtask of the gate has an outcome: no partial run, no dry run.
    Complete,
    /// Its verdict is `passed`.
    Passed,
    /// It has a valid signature of a given key.
    Signed,
    /// Code under test ran in a sandbox.
    Sandboxed,
    /// The gate is built into this program.
    BuiltInGate,
    /// The gate's file has this digest.
    Gate(String),
    /// No parameter differs from the gate's defaults.
    OwnParameters,
    /// The candidate has this version.
    Candidate(String),
    /// Every program that took part in it has this version.
    Program(String),
}

/// All requirements, as they are written.
pub const REQUIREMENTS: &str = "real, rehearsal, complete, passed, signed, sandboxed, \
    gate=builtin, gate=SHA256, parameters=own, candidate=VERSION, program=VERSION";

impl FromStr for Requirement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = |value: &str| match value.trim() {
            "" => Err(format!("`{text}` has no value")),
            value => Ok(value.to_owned()),
        };
        Ok(match text.split_once('=').unwrap_or((text, "")) {
            ("real", "") => Self::Real,
            ("rehearsal", "") => Self::Rehearsal,
            ("complete", "") => Self::Complete,
            ("passed", "") => Self::Passed,
            ("signed", "") => Self::Signed,
            ("sandboxed", "") => Self::Sandboxed,
            ("gate", "builtin") => Self::BuiltInGate,
            ("gate", digest) => Self::Gate(digest_of(digest)?),
            ("parameters", "own") => Self::OwnParameters,
            ("candidate", version) => Self::Candidate(value(version)?),
            ("program", version) => Self::Program(value(version)?),
            _ => return Err(format!("no requirement `{text}`; there are {REQUIREMENTS}")),
        })
    }
}

fn digest_of(text: &str) -> Result<String, String> {
    let digest = text.strip_prefix("sha256:").unwrap_or(text).to_lowercase();
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(digest);
    }
    Err(format!(
        "gate: expected `builtin` or the 64 hexadecimal digits of a SHA-256, got `{text}`"
    ))
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Real => f.write_str("real"),
            Self::Rehearsal => f.write_str("rehearsal"),
            Self::Complete => f.write_str("complete"),
            Self::Passed => f.write_str("passed"),
            Self::Signed => f.write_str("signed"),
            Self::Sandboxed => f.write_str("sandboxed"),
            Self::BuiltInGate => f.write_str("gate=builtin"),
            Self::Gate(digest) => write!(f, "gate={digest}"),
            Self::OwnParameters => f.write_str("parameters=own"),
            Self::Candidate(version) => write!(f, "candidate={version}"),
            Self::Program(version) => write!(f, "program={version}"),
        }
    }
}

/// A requirement, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The requirement, as it is written.
    pub requirement: String,
    /// Why it does not hold; none if it does.
    pub fault: Option<String>,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            None => write!(f, "  ok      {}", self.requirement),
            Some(fault) => write!(f, "  NOT     {}: {fault}", self.requirement),
        }
    }
}

/// Checks a bundle against the requirements. For a bundle that is not intact none of them holds.
#[must_use]
pub fn held(verified: &Verified, requirements: &[Requirement]) -> Vec<Held> {
    let held = |requirement: &Requirement| Held {
        requirement: requirement.to_string(),
        fault: fault(verified, requirement).map(|why| crate::model::escape::one_line(&why)),
    };
    requirements.iter().map(held).collect()
}

fn fault(verified: &Verified, requirement: &Requirement) -> Option<String> {
    if !verified.intact() {
        return Some("the bundle is not intact".to_owned());
    }
    let Some(subject) = &verified.subject else {
        return Some("the bundle does not say what it is a verdict on".to_owned());
    };
    match requirement {
        Requirement::Real => world(subject, |world| *world == WorldKind::Real),
        Requirement::Rehearsal => world(subject, |world| {
            matches!(world, WorldKind::Rehearsal { .. })
        }),
        Requirement::Complete => complete(subject),
        Requirement::Passed => {
            let passed = verified.verdict == Some(Verdict::Passed) && !subject.dry_run;
            let words = verified.in_words().unwrap_or_default();
            (!passed).then(|| format!("the verdict is {words}"))
        }
        Requirement::Signed => match &verified.signature {
            Signature::Signed { .. } => None,
            signature => Some(signature.to_string()),
        },
        Requirement::Sandboxed => match subject.sandbox.as_deref() {
            None => Some("it is not recorded whether judged code was in a sandbox".to_owned()),
            Some(NO_SANDBOX) => Some("judged code ran without a sandbox".to_owned()),
            Some(_) => None,
        },
        Requirement::BuiltInGate => (!subject.gate.built_in).then(|| subject.gate.to_string()),
        Requirement::Gate(digest) => (subject.gate.sha256 != *digest)
            .then(|| format!("its gate file is sha256:{}", subject.gate.sha256)),
        Requirement::OwnParameters => own_parameters(subject),
        Requirement::Candidate(version) => {
            let found = subject
                .candidate
                .as_ref()
                .and_then(|one| one.version.as_ref());
            let shown = found.map_or("none", String::as_str);
            (found != Some(version)).then(|| format!("its candidate is {shown}"))
        }
        Requirement::Program(version) => {
            let mut all = subject.earlier_programs.iter().chain([&subject.program]);
            let other = all.find(|program| program.version != *version);
            other.map(|other| format!("it was judged by {other}"))
        }
    }
}

fn world(subject: &Subject, holds: impl FnOnce(&WorldKind) -> bool) -> Option<String> {
    match &subject.world {
        None => Some(format!(
            "a journal of format {} does not record its world",
            subject.format
        )),
        Some(world) if holds(world) => None,
        Some(world) => Some(format!("it was made in another world: {world}")),
    }
}

fn complete(subject: &Subject) -> Option<String> {
    if subject.format < 2 {
        return Some(format!(
            "a journal of format {} does not commit to every file",
            subject.format
        ));
    }
    if subject.complete {
        return None;
    }
    if subject.dry_run {
        return Some("it was a dry run".to_owned());
    }
    if subject.is_partial() {
        let asked_for = subject.packages.asked_for.join(", ");
        return Some(format!(
            "{asked_for} of {} work packages",
            subject.packages.of
        ));
    }
    let left: Vec<String> = ["waiting", "not run", "interrupted"]
        .iter()
        .filter_map(|word| Some(format!("{} {word}", subject.outcomes.get(*word)?)))
        .collect();
    Some(match left.as_slice() {
        [] => "its plan is not the gate's".to_owned(),
        left => format!("not every subtask has an outcome: {}", left.join(", ")),
    })
}

fn own_parameters(subject: &Subject) -> Option<String> {
    let Some(parameters) = &subject.parameters else {
        return Some("the gate's own parameters cannot be read".to_owned());
    };
    let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
    (!names.is_empty()).then(|| format!("it set {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_written_as_they_are_read() {
        let digest = format!("gate={}", "ab".repeat(32));
        let all = [
            "real",
            "rehearsal",
            "complete",
            "passed",
            "signed",
            "sandboxed",
            "gate=builtin",
            &digest,
            "parameters=own",
            "candidate=3.2.0rc16",
            "program=0.1.0",
        ];
        for text in all {
            assert_eq!(text.parse::<Requirement>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "reals",
            "gate=",
            "gate=ab",
            "candidate=",
            "passed=no",
            "parameters=x",
        ] {
            assert!(wrong.parse::<Requirement>().is_err(), "{wrong}");
        }
    }
}
