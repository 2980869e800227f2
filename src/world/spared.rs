//! Why a process is skipped, as a message for people.

use std::fmt;

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("process rule `{rule}`: `{pattern}` is not a valid pattern: {reason}")]
pub struct RuleError {
    /// The rule's name.
    pub rule: String,
    /// The pattern at fault.
    pub pattern: String,
    /// The parser's error.
    pub reason: String,
}

/// Why a process is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spared {
    /// It runs another program.
    Program {
        /// File name of the program it runs.
        seen: String,
        /// The pattern in the rule.
        wanted: String,
    },
    /// It has more or fewer arguments.
    ArgumentCount {
        /// How many it has.
        seen: usize,
        /// The number that the rule requires.
        wanted: usize,
    },
    /// One argument differs.
    Argument {
        /// Which one; the first after the program's name is 1.
        index: usize,
        /// Its beginning.
        seen: String,
        /// The pattern in the rule.
        wanted: String,
    },
    /// Its `HOME` is elsewhere, or is not known.
    Home {
        /// Its path.
        seen: Option<String>,
    },
    /// Its `HOME` is the throwaway home of another run, which may be under way.
    AnotherRun {
        /// Id of the run.
        run: String,
    },
    /// It belongs to another user.
    AnotherUser,
    /// It is the gate itself or one of its ancestors.
    Ancestor,
    /// The rule itself is invalid, so nothing matches it.
    BadRule(RuleError),
}

impl Spared {
    /// Whether program and arguments match the rule, and only the owner or home does not.
    #[must_use]
    pub fn is_only_whose(&self) -> bool {
        match self {
            Self::Home { .. } | Self::AnotherRun { .. } | Self::AnotherUser | Self::Ancestor => {
                true
            }
            Self::Program { .. }
            | Self::ArgumentCount { .. }
            | Self::Argument { .. }
            | Self::BadRule(_) => false,
        }
    }
}

impl fmt::Display for Spared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { seen, wanted } => write!(f, "runs `{seen}`, not `{wanted}`"),
            Self::ArgumentCount { seen, wanted } => {
                write!(f, "has {seen} arguments, not {wanted}")
            }
            Self::Argument {
                index,
                seen,
                wanted,
            } => write!(f, "argument {index} is `{seen}`, not `{wanted}`"),
            Self::Home { seen: Some(seen) } => {
                write!(f, "has its HOME in `{seen}`, which is none of the rule's")
            }
            Self::Home { seen: None } => f.write_str("has a HOME that the system does not tell"),
            Self::AnotherRun { run } => write!(f, "belongs to run {run}"),
            Self::AnotherUser => f.write_str("belongs to another user"),
            Self::Ancestor => f.write_str("is the gate or an ancestor of it"),
            Self::BadRule(error) => error.fmt(f),
        }
    }
}
