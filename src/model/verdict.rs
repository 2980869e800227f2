//! How a subtask ends, how the gate ends, and the corresponding exit code.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::SubtaskId;

/// How one subtask ended. Each variant carries only what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It passed; `note` states in one line what was seen.
    Passed {
        /// One line.
        note: String,
        /// What the operator should know all the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    },
    /// It did not apply, for the reason in `why`.
    Skipped {
        /// One line.
        why: String,
    },
    /// Waiting on an external condition.
    Blocked(Finding),
    /// It could not be determined.
    Error(Finding),
    /// A regression was found.
    Failed(Finding),
    /// An invariant was violated by someone else.
    Critical(Finding),
    /// It was never started.
    NotRun {
        /// The subtask that stopped it, or the operator.
        because: Stop,
    },
}

/// Why a subtask was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stop", content = "by", rename_all = "kebab-case")]
pub enum Stop {
    /// This subtask did not pass.
    Subtask(SubtaskId),
    /// A dry run does not perform this action.
    DryRun(String),
    /// It needs something that a dry run has not done; a description.
    DryRunNeeds(String),
    /// `--until` or `--only` leaves it out.
    OutOfScope,
    /// The operator interrupted the run.
    Interrupted,
}

/// A problem, what was seen of it, and how to fix it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The problem, in one line that names the object.
    pub what: String,
    /// What was seen: one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// What must change, or what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// A finding in one line.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            ..Self::default()
        }
    }

    /// Adds a line of what was seen.
    #[must_use]
    pub fn seen(mut self, line: impl Into<String>) -> Self {
        self.seen.push(line.into());
        self
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }
}

impl Outcome {
    /// Passed, with a note.
    pub fn passed(note: impl Into<String>) -> Self {
        Self::Passed {
            note: note.into(),
            warnings: Vec::new(),
        }
    }

    /// Adds further lines that the operator should know.
    #[must_use]
    pub fn beside(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        match &mut self {
            Self::Passed { warnings, .. } => warnings.extend(lines),
            Self::Blocked(finding)
            | Self::Error(finding)
            | Self::Failed(finding)
            | Self::Critical(finding) => finding.seen.extend(lines),
            Self::Skipped { .. } | Self::NotRun { .. } => {}
        }
        self
    }

    /// Whether later subtasks may start.
    #[must_use]
    pub fn lets_on(&self) -> bool {
        matches!(self, Self::Passed { .. } | Self::Skipped { .. })
    }

    /// The finding, if there is one.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Blocked(finding)
            | Self::Error(finding)
            | Self::Failed(finding)
            | Self::Critical(finding) => Some(finding),
            Self::Passed { .. } | Self::Skipped { .. } | Self::NotRun { .. } => None,
        }
    }

    /// One word for how a subtask ended.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Skipped { .. } => "skipped",
            Self::Blocked(_) => "blocked",
            Self::Error(_) => "error",
            Self::Failed(_) => "failed",
            Self::Critical(_) => "critical",
            Self::NotRun {
                because: Stop::Interrupted,
            } => "interrupted",
            Self::NotRun { .. } => "not run",
        }
    }

    /// What this outcome means for the gate.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            // Deliberately left out is not a finding; a stopped subtask is reported with what
            // stopped it.
            Self::Passed { .. }
            | Self::Skipped { .. }
            | Self::NotRun {
                because:
                    Stop::OutOfScope | Stop::Subtask(_) | Stop::DryRun(_) | Stop::DryRunNeeds(_),
            } => Verdict::Passed,
            Self::Blocked(_) => Verdict::Blocked,
            Self::Error(_) => Verdict::Error,
            Self::Failed(_) => Verdict::Failed,
            Self::Critical(_) => Verdict::Critical,
            Self::NotRun {
                because: Stop::Interrupted,
            } => Verdict::Interrupted,
        }
    }
}

/// The gate's verdict, from best to worst. Unknown is never pass: a gate without a single
/// outcome is an error, see [`Verdict::of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that had to be shown was shown.
    Passed,
    /// Waiting on an external condition.
    Blocked,
    /// It could not be determined.
    Error,
    /// The operator interrupted the run; it can be resumed.
    Interrupted,
    /// A regression was found.
    Failed,
    /// An invariant was violated by someone else.
    Critical,
}

impl Verdict {
    /// The worst of the outcomes; without any, an error.
    pub fn of<'a>(outcomes: impl IntoIterator<Item = &'a Outcome>) -> Self {
        outcomes
            .into_iter()
            .map(Outcome::verdict)
            .max()
            .unwrap_or(Self::Error)
    }

    /// The exit code, as documented in the README.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Blocked => 3,
            Self::Error => 4,
            Self::Critical => 5,
            Self::Interrupted => 130,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Blocked => "blocked",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Critical => "critical",
        })
    }
}
