//! Which effects may change something outside that must not happen twice or unrecorded.

use crate::world::{Effect, Program};

/// Whether an effect may change something outside that must not happen twice or unrecorded:
/// issues on GitHub, processes. Its intent is on the disk before it is performed. What is only
/// known to read is not; what is unknown is.
#[must_use]
pub fn touches_outside(effect: &Effect) -> bool {
    match effect {
        Effect::EndProcesses(_) => true,
        Effect::Run(program) => is_gh(program) && !only_reads(program),
        _ => false,
    }
}

fn is_gh(program: &Program) -> bool {
    let first = program.argv.first().map_or("", String::as_str);
    first.rsplit('/').next() == Some("gh")
}

/// Whether a `gh` command is known to read only.
fn only_reads(program: &Program) -> bool {
    let words: Vec<&str> = program.argv.iter().skip(1).map(String::as_str).collect();
    match words.as_slice() {
        ["--version" | "version", ..]
        | ["auth", "status", ..]
        | [
            "issue" | "pr" | "release" | "repo" | "run" | "workflow",
            "view" | "list",
            ..,
        ]
        | ["pr", "diff" | "checks", ..]
        | ["release", "download", ..] => true,
        ["api", rest @ ..] => api_only_reads(rest),
        _ => false,
    }
}

fn api_only_reads(words: &[&str]) -> bool {
    let any = |prefixes: &[&str]| {
        words
            .iter()
            .any(|word| prefixes.iter().any(|prefix| word.starts_with(prefix)))
    };
    if words.contains(&"graphql") {
        // A query that comes from a file is not seen here, so it counts as a write.
        return any(&["query="])
            && !any(&["query=@"])
            && !words.iter().any(|word| word.contains("mutation"));
    }
    let explicit_get = words
        .windows(2)
        .any(|pair| matches!(pair[0], "-X" | "--method") && pair[1].eq_ignore_ascii_case("GET"));
    explicit_get
        || !any(&[
            "-X",
            "--method",
            "-f",
            "-F",
            "--field",
            "--raw-field",
            "--input",
        ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gh(words: &str) -> Effect {
        Effect::Run(Program::new(words.split(' ')))
    }

    #[test]
    fn what_is_not_known_to_only_read_counts_as_a_write() {
        for read in [
            "gh issue view 41 --repo o/r",
            "gh api repos/o/r/issues/1",
            "gh api -X GET search/issues -f q=x",
            "gh api graphql -f query=query{viewer{login}}",
            "/usr/bin/gh auth status",
            "git push origin main",
        ] {
            assert!(!touches_outside(&gh(read)), "{read}");
        }
        for write in [
            "gh issue close 41",
            "gh issue comment 41 --body x",
            "gh issue frobnicate",
            "gh -R o/r issue view 1",
            "gh api repos/o/r/issues/1 -f state=closed",
            "gh api -XPATCH repos/o/r/issues/1",
            "gh api --method=DELETE repos/o/r",
            "gh api graphql -f query=mutation{x}",
            "gh api graphql -F query=@file",
            "/opt/gh issue reopen 1",
        ] {
            assert!(touches_outside(&gh(write)), "{write}");
        }
    }
}
