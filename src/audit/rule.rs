//! Reads a test: what it is about, and whether it asserts on anything but captured logs.
//!
//! A test's words are taken from its body, its decorators, and the helpers, fixtures and constants
//! it uses. Its name, docstrings, comments, assertion messages and the names of its cases are
//! claims and do not count.

use serde::{Deserialize, Serialize};

use super::asserts::{Assertion, Subject, assertions};
use super::raised::{Raised, Whose};
use super::sources::TestSources;
use super::syntax::{Kind, Node};

/// What a test turned out to be about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Configured words that do not occur in it.
    pub missing_words: Vec<String>,
    /// What its assertions check.
    pub asserts_on: AssertsOn,
}

/// What a test's assertions check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssertsOn {
    /// The behaviour of the code.
    Behaviour,
    /// Captured logs only.
    Logs,
    /// Both, and the assertion that failed without the fix checks logs.
    LogsFirst,
    /// The source text of the code under test, alone or as the assertion that failed.
    Source,
    /// Nothing: it fails through an error raised by the code itself.
    Nothing,
    /// Its source was not found.
    Unknown,
}

/// Reads one test. `failed` is how it failed without the fix.
pub(super) fn read_test(
    sources: &TestSources,
    id: &str,
    about: &[String],
    failed: &Raised,
) -> Reading {
    let Some(test) = sources.find(id) else {
        return Reading {
            missing_words: about.to_vec(),
            asserts_on: AssertsOn::Unknown,
        };
    };
    let slice = sources.slice(test);
    let holds = |word: &String| {
        let word = plain(word);
        slice.iter().any(|part| holds_word(part.node, &word))
    };
    // An error of the product ends a test before it reaches what it is named for: there the name
    // counts together with a word of the body. For a failed assertion the name is only a claim.
    let named = failed.by() == Some(Whose::Product) && about.iter().any(holds);
    let missing_words = about
        .iter()
        .filter(|word| !(holds(word) || named && plain(&test.node.text).contains(&plain(word))))
        .cloned()
        .collect();
    let all = assertions(sources, test);
    let asserts_on = match judge(&all, &failed.at) {
        // The test never reached them.
        AssertsOn::Logs if failed.is_an_error_of_the_product() => AssertsOn::Nothing,
        judged => judged,
    };
    Reading {
        missing_words,
        asserts_on,
    }
}

/// Places of the assertions on logs in one test, for taking them out.
pub(super) fn log_assertions(sources: &TestSources, id: &str) -> Vec<(String, u32)> {
    let test = sources.find(id);
    let all = test
        .map(|test| assertions(sources, test))
        .unwrap_or_default();
    all.into_iter()
        .filter(|assertion| assertion.subject == Subject::Logs)
        .map(|assertion| (assertion.path, assertion.line))
        .collect()
}

fn judge(all: &[Assertion], failed_at: &[(String, u32)]) -> AssertsOn {
    let on = |subject| all.iter().any(|assertion| assertion.subject == subject);
    let others = (on(Subject::Logs), on(Subject::Source));
    match (on(Subject::Behaviour), others) {
        (false, (true, _)) => AssertsOn::Logs,
        (false, (false, true)) => AssertsOn::Source,
        (false, (false, false)) => AssertsOn::Nothing,
        (true, (false, false)) => AssertsOn::Behaviour,
        (true, (logs, _)) => match failing(all, failed_at) {
            Some(Subject::Behaviour) => AssertsOn::Behaviour,
            Some(Subject::Source) => AssertsOn::Source,
            _ if logs => AssertsOn::LogsFirst,
            _ => AssertsOn::Source,
        },
    }
}

/// What the failed assertion checks: the last assertion at or above the deepest line of the
/// traceback in a test file.
fn failing(all: &[Assertion], failed_at: &[(String, u32)]) -> Option<Subject> {
    let same = |path: &str, other: &str| {
        path == other
            || path.ends_with(&format!("/{other}"))
            || other.ends_with(&format!("/{path}"))
    };
    let (path, line) = failed_at
        .iter()
        .rev()
        .find(|(path, _)| all.iter().any(|assertion| same(path, &assertion.path)))?;
    let nearest = all
        .iter()
        .filter(|assertion| same(path, &assertion.path) && assertion.line <= *line)
        .map(|assertion| assertion.line)
        .max()?;
    let here = || {
        all.iter()
            .filter(|assertion| assertion.line == nearest && same(path, &assertion.path))
    };
    // `assert behaves and logs` can fail by either part: only a failure that cannot be about logs
    // counts.
    if here().any(|assertion| assertion.subject == Subject::Logs) {
        Some(Subject::Logs)
    } else {
        here().map(|assertion| assertion.subject).next()
    }
}

/// A word without case and separators: `in_review`, `IN_REVIEW` and `in-review` are one.
fn plain(word: &str) -> String {
    word.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn holds_word(node: &Node, word: &str) -> bool {
    let here = matches!(
        node.kind,
        Kind::Name | Kind::Attribute | Kind::Text | Kind::Keyword | Kind::Parameter
    ) && plain(&node.text).contains(word);
    // The message of an assertion is a claim, and so are names of cases and reasons.
    let children = match node.kind {
        Kind::Keyword if matches!(node.text.as_str(), "id" | "ids" | "reason") => return false,
        Kind::Raise if node.text == "assert" => &node.children[..node.children.len().min(1)],
        _ => &node.children[..],
    };
    here || children.iter().any(|child| holds_word(child, word))
}
