//! What `gh`'s end means, read from its words: its exit codes do not tell it. Pure.

use super::programs::with_output;
use crate::gate::Finding;
use crate::verbs::Trouble;
use crate::world::{Ended, Finished};

/// `gh` exits with this code when it has no login.
const NO_LOGIN: i32 = 4;

/// What `gh`'s end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::verbs) enum Answer {
    Good,
    /// Nothing is stored, or the token is not accepted.
    NoLogin,
    /// The token may not do this.
    Scope,
    /// Worth another try: a gateway's error, a rate limit, the network.
    Passing,
    Lasting,
}

/// Reads `gh`'s words: its exit codes do not tell these apart.
pub(in crate::verbs) fn judge(finished: &Finished) -> Answer {
    const PASSING: [&str; 13] = [
        "http 502",
        "http 503",
        "http 504",
        // How old versions word it when a write meets it, whatever the body says.
        "code: 502",
        "code: 503",
        "code: 504",
        "http 429",
        "rate limit",
        "timeout",
        "connection re",
        "eof",
        "something went wrong while executing your query",
        "no such host",
    ];
    if finished.success() {
        return Answer::Good;
    }
    let text = format!("{}\n{}", finished.stderr.text, finished.stdout.text).to_lowercase();
    if finished.ended == Ended::Code(NO_LOGIN)
        || text.contains("gh auth login")
        || text.contains("http 401")
    {
        return Answer::NoLogin;
    }
    if finished.ended == Ended::TimedOut || PASSING.iter().any(|word| text.contains(word)) {
        return Answer::Passing;
    }
    if text.contains("scope") || text.contains("not accessible by") {
        return Answer::Scope;
    }
    Answer::Lasting
}

/// The error for a `gh` that did not do it.
pub(in crate::verbs) fn refused(argv: &[&str], finished: &Finished) -> Trouble {
    let words = argv.iter().take(4).copied().collect::<Vec<_>>().join(" ");
    let (what, remedy) = match judge(finished) {
        Answer::NoLogin => ("GitHub: no login", "run `gh auth login`, then resume"),
        Answer::Scope => (
            "GitHub: the login's token has too little scope",
            "run `gh auth refresh --scopes repo`, and unset GH_TOKEN and GITHUB_TOKEN, then resume",
        ),
        Answer::Passing => ("GitHub did not answer", "try again later: resume"),
        Answer::Good | Answer::Lasting => ("GitHub refused", "read what it says, then resume"),
    };
    let finding = Finding::new(format!("{what}: `{words}` ended with {}", finished.ended));
    let shown = if finished.stderr.text.trim().is_empty() {
        &finished.stdout
    } else {
        &finished.stderr
    };
    Trouble::error(with_output(finding, shown).remedy(remedy))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::world::Captured;

    fn ended(code: i32, stderr: &str) -> Finished {
        Finished {
            ended: Ended::Code(code),
            stdout: Captured::default(),
            stderr: Captured {
                text: stderr.to_owned(),
                ..Captured::default()
            },
            elapsed: Duration::ZERO,
            leftovers: vec![],
            observations: vec![],
        }
    }

    #[test]
    fn a_gateway_error_and_a_rate_limit_pass_a_missing_scope_does_not() {
        assert_eq!(
            judge(&ended(
                1,
                "HTTP 502: Bad Gateway (https://api.github.com/graphql)"
            )),
            Answer::Passing
        );
        assert_eq!(
            judge(&ended(
                1,
                "non-200 OK status code: 502 Bad Gateway body: \"<html>unicorn</html>\""
            )),
            Answer::Passing
        );
        assert_eq!(
            judge(&ended(1, "GraphQL: API rate limit exceeded for user ID 1.")),
            Answer::Passing
        );
        assert_eq!(
            judge(&ended(
                4,
                "To get started with GitHub CLI, please run:  gh auth login"
            )),
            Answer::NoLogin
        );
        let scope =
            "GraphQL: Your token has not been granted the required scopes to execute this query.";
        assert_eq!(judge(&ended(1, scope)), Answer::Scope);
        assert_eq!(
            judge(&ended(1, "GraphQL: Could not resolve to an issue")),
            Answer::Lasting
        );
        assert_eq!(judge(&ended(0, "")), Answer::Good);
    }
}
