//! What an effect does beyond the run's own directories. One answer for the policy, for the
//! recorder (which syncs a request before a write happens) and for readers of a journal.

use super::gh;
use super::words::file_name;
use crate::world::{Effect, Program};

/// Whether an effect changes something outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It only reads, or changes only the run's own files and the checkouts it works in.
    Inside,
    /// It may change something that others see and that must not happen twice or unrecorded: issues
    /// on GitHub, processes. Includes everything that is not known to only read.
    Outside,
}

/// Whether an effect changes something outside.
#[must_use]
pub fn classify(effect: &Effect) -> Reach {
    match effect {
        Effect::EndProcesses(_) | Effect::HttpPost(_) => Reach::Outside,
        Effect::Run(program) => classify_program(program),
        _ => Reach::Inside,
    }
}

fn classify_program(program: &Program) -> Reach {
    let Some((path, arguments)) = program.argv.split_first() else {
        return Reach::Outside;
    };
    if file_name(path) != "gh" {
        return Reach::Inside;
    }
    match gh::Request::read(arguments, program.stdin.as_deref()) {
        Ok(gh::Request::Read) => Reach::Inside,
        Ok(_) | Err(_) => Reach::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gh(words: &str) -> Reach {
        classify(&Effect::Run(Program::new(words.split(' '))))
    }

    #[test]
    fn what_is_not_known_to_only_read_counts_as_a_write() {
        for read in [
            "gh issue view 41 --repo o/r",
            "gh api repos/o/r/issues/1",
            "gh api -X GET repos/o/r/issues",
            "gh api graphql -f query=query{viewer{login}}",
            "gh api graphql -f query={mutation{login}}",
            "/usr/bin/gh auth status",
            "git push origin main",
        ] {
            assert_eq!(gh(read), Reach::Inside, "{read}");
        }
        for write in [
            "gh issue close 41 --repo o/r",
            "gh issue comment 41 --repo o/r --body-file -",
            "gh issue frobnicate",
            "gh -R o/r issue view 1",
            "gh api repos/o/r/issues/1 -f state=closed",
            "gh api -XPATCH repos/o/r/issues/1",
            "gh api --method=DELETE repos/o/r",
            "gh api graphql -f query=mutation{x}",
            "gh api graphql -f query=query{x}mutation{x}",
            "gh api graphql -F query=@file",
            "/opt/gh issue reopen 1 --repo o/r",
        ] {
            assert_eq!(gh(write), Reach::Outside, "{write}");
        }
    }
}
