//! The request for an audit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::world::{EnvBase, Place};

use super::syntax::LoggingNames;

/// One audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRequest {
    /// A checkout or bare repository that has the fix and its parent.
    pub repo: Place,
    /// The commit that contains the fix: a merge, squash, or last commit of a rebase.
    pub fix: String,
    /// The state before the fix; none means the fix's first parent. For a fix of several commits it
    /// is the parent of the first.
    pub base: Option<String>,
    /// Files and directories whose behaviour counts; none means all.
    pub scope: Vec<String>,
    /// Words that a proving test must contain, all of them.
    pub about: Vec<String>,
    /// How tests are run; derived from the project's declarations if no command is given.
    pub tests: TestCommand,
    /// Whether the two sides always run one after the other. Otherwise they run in parallel, and
    /// again one after the other if a test on the fix fails, because they may interfere with each
    /// other.
    pub in_turn: bool,
    /// Logging names in addition to those of the languages.
    pub logging: LoggingNames,
    /// How many times both sides run; more than once finds flaky tests.
    pub repeat: u32,
    /// Whether the fix is also run without each of its hunks in turn.
    pub hunks: bool,
    /// Limits.
    pub limits: Limits,
    /// A directory that only this audit uses. It holds the worktrees and the JUnit reports.
    pub scratch: Place,
    /// Where test environments are kept, shared by all audits.
    pub environments: Place,
}

impl AuditRequest {
    /// An audit with the defaults: one run per side, no hunks, all files.
    #[must_use]
    pub fn new(repo: Place, fix: impl Into<String>, scratch: Place) -> Self {
        Self {
            repo,
            fix: fix.into(),
            base: None,
            scope: Vec::new(),
            about: Vec::new(),
            tests: TestCommand::default(),
            in_turn: false,
            logging: LoggingNames::default(),
            repeat: 1,
            hunks: false,
            limits: Limits::default(),
            scratch,
            environments: Place::new(Place::CACHE).join("environments"),
        }
    }
}

/// How tests are run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestCommand {
    /// Program and arguments. `{junit}` is replaced by the report to write, and the argument
    /// `{tests}` by the fix's test files; without `{tests}` the command decides what to run. None
    /// means that it is derived from the project's declarations.
    pub argv: Vec<String>,
    /// Variables in addition to the minimal environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Names of the operator's variables that are passed through.
    #[serde(default)]
    pub pass: BTreeSet<String>,
    /// Which of the operator's settings it needs.
    #[serde(default)]
    pub base: EnvBase,
    /// Whether the tests may use the network.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub network: bool,
}

/// pytest options in addition to a project's own settings.
pub(super) const PYTEST: &str = "-q -p no:cacheprovider -p no:randomly --tb=short \
    --continue-on-collection-errors -o junit_logging=no --junitxml={junit} {tests}";

impl TestCommand {
    /// A command line as a user types it, split at white space and simple quotes; if it is empty,
    /// the project decides. Missing parts are added: `--junitxml={junit}` and `{tests}` if neither
    /// is mentioned, and the option that pytest continues when a module cannot be collected.
    #[must_use]
    pub fn from_line(line: &str) -> Self {
        let mut argv = split_line(line);
        let is_pytest = |part: &String| {
            let name = part.rsplit('/').next().unwrap_or(part);
            matches!(name, "pytest" | "py.test")
        };
        if !argv.is_empty() && !argv.iter().any(|part| part.contains("{junit}")) {
            let goes_on = "--continue-on-collection-errors";
            if argv.iter().any(is_pytest) && !argv.iter().any(|part| part == goes_on) {
                argv.push(goes_on.to_owned());
            }
            argv.push("--junitxml={junit}".to_owned());
            argv.push("{tests}".to_owned());
        }
        Self {
            argv,
            // A tool such as `uv run` uses the package index itself.
            base: EnvBase::Installer,
            ..Self::default()
        }
    }

    /// The same command with or without network access.
    #[must_use]
    pub fn with_network(self, network: bool) -> Self {
        Self { network, ..self }
    }

    /// Whether the command is derived from the project.
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.argv.is_empty()
    }

    /// The command for one run.
    pub(super) fn expand(&self, junit: &str, tests: &[String]) -> Vec<String> {
        self.argv
            .iter()
            .flat_map(|part| {
                if part == "{tests}" {
                    tests.to_vec()
                } else {
                    vec![part.replace("{junit}", junit)]
                }
            })
            .collect()
    }
}

fn split_line(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for letter in line.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '"' || letter == '\'' => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            None if letter.is_whitespace() => all.extend(word.take()),
            Some(_) | None => word.get_or_insert_default().push(letter),
        }
    }
    all.extend(word);
    all
}

/// Limits of one audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for one test run.
    pub run: Duration,
    /// Time for one git command.
    pub git: Duration,
    /// Largest source file that is read, in bytes.
    pub source: u64,
    /// Largest JUnit report that is read, in bytes.
    pub report: u64,
    /// Maximum number of hunks that are removed in turn.
    pub hunks: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            run: Duration::from_mins(15),
            git: Duration::from_mins(2),
            source: 2_000_000,
            report: 32_000_000,
            hunks: 40,
        }
    }
}
