//! The result of each test in one run: one of three values, never derived from console text.
//!
//! An error is judged by where it was raised, not by its message. An error about a name, an
//! argument or a file that the test only names, raised in the test, its fixtures or a library that
//! patches, means that the test cannot run. The same error raised below a frame of the product is a
//! failure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::world::Ended;

use super::junit::{Case, Recorded, What, cases};
use super::raised::{Raised, Whose, chain};
use super::syntax::one_line;

/// The result of one test in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It ran, and an assertion or the code under test failed.
    Fails {
        /// First line of what was raised first.
        message: String,
        /// Places of its traceback, outermost first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        at: Vec<(String, u32)>,
    },
    /// It ran and passed.
    Passes,
    /// No result: it was not run, or did not run to its end. Never a failure.
    Cannot {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// One word, for comparison and reports.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Fails { .. } => "fails",
            Self::Passes => "passes",
            Self::Cannot { .. } => "cannot run",
        }
    }
}

/// Outcomes by test: `classname::name`, spelled as in the report.
pub type Outcomes = BTreeMap<String, Outcome>;

/// Reads the report of a run in a checkout, which is known under these paths, and compares it with
/// how the run ended.
///
/// # Errors
/// What is wrong with it.
pub(super) fn reported(xml: &str, checkout: &[&str], ended: Ended) -> Result<Outcomes, String> {
    let all = cases(xml).map_err(|why| format!("cannot be read: {why}"))?;
    agrees(&all, ended)?;
    let checkout = Checkout::new(checkout);
    Ok(all
        .iter()
        .map(|case| (checkout.without(&case.id), outcome(case, &checkout)))
        .collect())
}

/// Whether a report and an exit code agree, as those of pytest do.
fn agrees(all: &[Case], ended: Ended) -> Result<(), String> {
    let fails = |result: &Recorded| matches!(result.what, What::Failure | What::Error);
    let failed = all.iter().flat_map(|case| &case.results).any(fails);
    let ran = all.iter().any(|case| case.passed > 0);
    match ended {
        Ended::Code(0) if !failed => Ok(()),
        Ended::Code(1) if failed => Ok(()),
        // pytest's word for "no test ran".
        Ended::Code(5) if !failed && !ran => Ok(()),
        ended if failed => Err(format!(
            "does not agree with how it ended: a test fails in it, and it ended with {ended}"
        )),
        ended => Err(format!(
            "does not agree with how it ended: no test fails in it, and it ended with {ended}"
        )),
    }
}

/// The directory that tests ran in. It differs between the sides, and nothing that is compared
/// or shown may.
struct Checkout<'p> {
    /// What identifies it in a text: a unique name, or a whole path.
    marks: Vec<&'p str>,
}

impl<'p> Checkout<'p> {
    fn new(paths: &[&'p str]) -> Self {
        let mark = |path: &&'p str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            // A name that any directory may have is not searched alone.
            if name.len() > 12 { name } else { path }
        };
        let marks = paths.iter().map(mark).filter(|mark| !mark.is_empty());
        Self {
            marks: marks.collect(),
        }
    }

    fn without(&self, text: &str) -> String {
        let all = self.marks.iter();
        all.fold(text.to_owned(), |text, mark| Self::without_one(&text, mark))
    }

    fn without_one(text: &str, mark: &str) -> String {
        let mut rest = text;
        let mut out = String::new();
        while let Some(at) = rest.find(mark) {
            // The path to it is removed, in any spelling: links may be resolved.
            let part =
                |letter: &char| !letter.is_whitespace() && !"\"'`[](){}<>=,;:".contains(*letter);
            let lead: usize = rest[..at]
                .chars()
                .rev()
                .take_while(part)
                .map(char::len_utf8)
                .sum();
            out.push_str(&rest[..at - lead]);
            rest = &rest[at + mark.len()..];
            match rest.strip_prefix('/') {
                Some(below) => rest = below,
                None => out.push('.'),
            }
        }
        out.push_str(rest);
        out
    }
}

/// What all results of one test come to: the first failure is the cause.
fn outcome(case: &Case, checkout: &Checkout<'_>) -> Outcome {
    let fails = |result: &&Recorded| matches!(result.what, What::Failure | What::Error);
    if let Some(first) = case.results.iter().find(fails) {
        return failed(first, checkout);
    }
    let skipped = case.results.iter().find(|one| one.what == What::Skipped);
    match (skipped, case.results.first()) {
        // One of several subtests was skipped, and the others passed.
        (Some(_), _) if case.passed > 0 => Outcome::Passes,
        (Some(skipped), _) => Outcome::Cannot {
            why: left_out(skipped, checkout),
        },
        (None, Some(_)) => Outcome::Cannot {
            why: "passed only when run again".to_owned(),
        },
        (None, None) => Outcome::Passes,
    }
}

fn left_out(skipped: &Recorded, checkout: &Checkout<'_>) -> String {
    let reason = first_line(&skipped.message, &skipped.text);
    let reason = match skipped.message.as_str() {
        // A module that skips itself: the reason is only in the text.
        "collection skipped" => in_text(&skipped.text).unwrap_or(reason),
        _ => reason,
    };
    let reason = checkout.without(&reason);
    if skipped.kind == "pytest.xfail" {
        let told = format!("expected to fail: {reason}");
        told.trim_end_matches([':', ' ']).to_owned()
    } else {
        format!("skipped: {reason}")
    }
}

/// The reason in `('path', 2, "Skipped: reason")`.
fn in_text(text: &str) -> Option<String> {
    let (before, reason) = text.split_once("Skipped: ")?;
    let reason = reason.trim_end().trim_end_matches(')');
    let reason = reason.strip_suffix(before.chars().next_back()?);
    reason.map(one_line)
}

/// The phase in which an error was raised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Collection,
    Setup,
    Call,
    Teardown,
}

impl Phase {
    fn of(result: &Recorded) -> Self {
        let message = result.message.as_str();
        if result.what == What::Failure {
            Self::Call
        } else if message.starts_with("collection") {
            Self::Collection
        } else if message.contains("teardown") {
            Self::Teardown
        } else {
            Self::Setup
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Collection => "cannot be collected: ",
            Self::Setup => "error at setup: ",
            Self::Call => "",
            Self::Teardown => "error at teardown: ",
        }
    }
}

fn failed(result: &Recorded, checkout: &Checkout<'_>) -> Outcome {
    let phase = Phase::of(result);
    let mut raised = chain(&result.text);
    for one in &mut raised {
        for (path, _) in &mut one.at {
            *path = checkout.without(path);
        }
        one.what = checkout.without(&one.what);
    }
    let cause = cause(raised).unwrap_or_else(|| Raised {
        what: checkout.without(&first_line(&result.message, &result.text)),
        at: Vec::new(),
    });
    let told = one_line(&format!("{}{}", phase.words(), cause.what));
    if says_nothing(&cause, phase) {
        return Outcome::Cannot { why: told };
    }
    Outcome::Fails {
        message: told,
        at: cause.at,
    }
}

/// The exception that counts: the first of a chain, and of a group one that the product raised.
fn cause(mut all: Vec<Raised>) -> Option<Raised> {
    let is_group = |one: &Raised| one.kind().ends_with("ExceptionGroup");
    if all.first().is_some_and(is_group) && all.len() > 1 {
        all.retain(|one| !is_group(one));
        let product = all.iter().position(|one| one.by() == Some(Whose::Product));
        return (!all.is_empty()).then(|| all.swap_remove(product.unwrap_or(0)));
    }
    all.into_iter().next()
}

/// Whether the raised error shows nothing about behaviour.
fn says_nothing(cause: &Raised, phase: Phase) -> bool {
    const NEVER: [&str; 4] = [
        "[XPASS(strict)]",
        "Failed: Timeout",
        "KeyboardInterrupt",
        "Timeout >",
    ];
    if NEVER.iter().any(|start| cause.what.starts_with(start)) {
        return true;
    }
    if cause.by() == Some(Whose::Product) {
        return false;
    }
    phase != Phase::Call || only_names(cause)
}

/// Whether an error of the test itself is about what the test names, not about what the code did.
fn only_names(cause: &Raised) -> bool {
    match cause.kind() {
        "ImportError"
        | "ModuleNotFoundError"
        | "NameError"
        | "SyntaxError"
        | "IndentationError" => true,
        "AttributeError" => is_about_a_definition(cause.message()) || cause.in_patching_library(),
        "TypeError" => is_about_arguments(cause.message()) || cause.in_patching_library(),
        "" | "AssertionError" | "Failed" => false,
        _ => cause.in_patching_library(),
    }
}

/// Whether an attribute is missing from a module, a class or a function: what the test names.
/// One that is missing from a value may be what the code did.
fn is_about_a_definition(message: &str) -> bool {
    const DEFINITIONS: [&str; 7] = [
        "'module' object",
        "'type' object",
        "'function' object",
        "'method' object",
        "'builtin_function_or_method' object",
        "'property' object",
        "Mock object",
    ];
    let Some((owner, _)) = message.split_once(" has no attribute ") else {
        // As the patching libraries report it: `<module 'x'> does not have the attribute 'y'`, or
        // the name alone.
        let name = |letter: char| letter.is_alphanumeric() || letter == '_';
        return message.contains("does not have the attribute") || message.chars().all(name);
    };
    let definition = owner.starts_with("module ")
        || owner.starts_with("partially initialized module ")
        || owner.starts_with("type object ")
        || DEFINITIONS.iter().any(|start| owner.starts_with(start));
    // Python itself quotes a value's type; a message with the value comes from a library.
    definition || owner.starts_with('<')
}

/// Whether the arguments of a call did not match the callee: Python reports this in the caller's
/// frame.
pub(super) fn is_about_arguments(message: &str) -> bool {
    const WORDS: [&str; 10] = [
        "unexpected keyword argument",
        "invalid keyword argument",
        "positional argument",
        "positional-only argument",
        "keyword-only argument",
        "multiple values for argument",
        "multiple values for keyword argument",
        "missing a required argument",
        "too many positional arguments",
        "takes no arguments",
    ];
    WORDS.iter().any(|words| message.contains(words))
        || message.contains("takes no keyword arguments")
        || message.contains("keyword argument(s)")
}

fn first_line(message: &str, text: &str) -> String {
    let line = message
        .lines()
        .chain(text.lines())
        .find(|line| !line.trim().is_empty());
    one_line(line.unwrap_or_default())
}

#[cfg(test)]
mod tests;
