//! Exit codes, named. The README's table is this enum.

use std::process::ExitCode;

use crate::model::Verdict;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It was shown, or done.
    Passed,
    /// A regression was found.
    Failed,
    /// The command line or the gate file is wrong; nothing ran.
    Usage,
    /// The outside must change first.
    Blocked,
    /// It could not be determined.
    Error,
    /// An invariant was violated by someone else.
    Critical,
    /// The operator interrupted it.
    Interrupted,
}

impl Exit {
    /// The code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Blocked => 3,
            Self::Error => 4,
            Self::Critical => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Passed => Self::Passed,
            Verdict::Failed => Self::Failed,
            Verdict::Blocked => Self::Blocked,
            Verdict::Error => Self::Error,
            Verdict::Critical => Self::Critical,
            Verdict::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// clap prints its own messages; help and version are no errors.
pub(super) fn of_clap(error: &clap::Error) -> ExitCode {
    drop(error.print());
    if error.use_stderr() {
        Exit::Usage.into()
    } else {
        Exit::Passed.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_and_exit_agree() {
        for verdict in [
            Verdict::Passed,
            Verdict::Failed,
            Verdict::Blocked,
            Verdict::Error,
            Verdict::Critical,
            Verdict::Interrupted,
        ] {
            assert_eq!(Exit::from(verdict).code(), verdict.exit_code());
        }
    }
}
