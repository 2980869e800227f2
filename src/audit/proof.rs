//! The test results of both sides, as data.

use serde::{Deserialize, Serialize};

use crate::world::Confined;

use super::rule::{AssertsOn, Reading};
use super::side::TestEnvironment;

/// The test results that prove a fix, or do not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Test files of the fix.
    pub tests: Vec<String>,
    /// Files of the fix that the old side has in their earlier version; it has all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub product: Vec<String>,
    /// The test command, `{junit}` and `{tests}` filled in.
    pub command: Vec<String>,
    /// The environment of the command, if the gate chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<TestEnvironment>,
    /// Why the sides were run again, one after the other; that run counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_turn: Option<String>,
    /// How often both sides ran.
    pub repeats: u32,
    /// Tests that fail without the fix and pass with it.
    pub fail_to_pass: Vec<ProvingTest>,
    /// How many tests pass on both sides.
    pub pass_to_pass: usize,
    /// Tests that pass without the fix and not with it.
    pub broken: Vec<Told>,
    /// Tests that pass with the fix but could not run without it: that proves nothing.
    pub cannot_without: Vec<Told>,
    /// Tests that do not pass with the fix either.
    pub not_passing: Vec<Told>,
    /// Tests that can run on neither side: skipped, or not collected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neither: Vec<Told>,
    /// The subset of those that the fix adds or changes: their result is unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Told>,
    /// Parameters of tests that the fix removes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
    /// Tests with different results when run again; they are ignored.
    pub flaky: Vec<String>,
    /// Problems because of which there is no result at all.
    pub trouble: Vec<String>,
    /// Which tests depend on which hunk, if requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// Total run time of each side in milliseconds.
    pub run_milliseconds: (u64, u64),
    /// The sandbox in which the tests ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confined: Option<Confined>,
}

/// A test that fails without the fix and passes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvingTest {
    /// `classname::name`.
    pub id: String,
    /// How it fails without the fix.
    pub failure: String,
    /// What it is about.
    pub reading: Reading,
    /// Whether it also passes on the fix with its files in scope in their earlier version: then it
    /// proves something outside the scope.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passes_without_scope: bool,
}

impl ProvingTest {
    /// Whether it is about the rule and the change in scope, and does not depend on logs.
    #[must_use]
    pub fn proves(&self) -> bool {
        !self.passes_without_scope
            && self.reading.missing_words.is_empty()
            && matches!(
                self.reading.asserts_on,
                AssertsOn::Behaviour | AssertsOn::Nothing
            )
    }
}

/// A test and a remark about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// `classname::name`.
    pub id: String,
    /// Why, or how.
    pub what: String,
}

/// Which tests depend on which hunk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Each hunk that changes behaviour in scope.
    pub hunks: Vec<Hunk>,
    /// Number of hunks over the limit, which were not tried.
    pub not_tried: usize,
}

impl Load {
    /// Whether the proof passes without each of the hunks in turn: then it proves none of them.
    #[must_use]
    pub fn proves_nothing(&self) -> bool {
        !self.hunks.is_empty()
            && self.not_tried == 0
            && self.hunks.iter().all(|hunk| hunk.without == Without::Green)
    }
}

/// One hunk of the fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Its file.
    pub path: String,
    /// First line in the fix.
    pub line: u32,
    /// Number of lines it removes and adds.
    pub size: (usize, usize),
    /// The results of the proving tests without it.
    pub without: Without,
}

/// The results of the proving tests without a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof", content = "tests", rename_all = "kebab-case")]
pub enum Without {
    /// These fail: they depend on it.
    Red(Vec<String>),
    /// All pass: none of them depends on it.
    Green,
    /// They cannot run: the rest of the fix needs it.
    Breaks,
}
