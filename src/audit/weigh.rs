//! Compares the test outcomes of both sides, test by test.

use std::collections::{BTreeMap, BTreeSet};

use super::brought::Brought;
use super::outcome::{Outcome, Outcomes, is_about_arguments};
use super::proof::{Proof, ProvingTest, Told};
use super::raised::{Raised, Whose};
use super::rule::read_test;
use super::run::SideRun;
use super::sources::TestSources;

/// What both sides are compared with.
pub(super) struct Scales<'a> {
    /// The sources of the tests.
    pub(super) sources: &'a TestSources,
    /// Words of the rule.
    pub(super) about: &'a [String],
    /// What only the fix brings.
    pub(super) brought: &'a Brought,
    /// Stubbed names in the tests without the fix.
    pub(super) stubbed: &'a BTreeSet<String>,
}

/// Compares the two sides, test by test.
pub(super) fn weigh(before: &[SideRun], after: &[SideRun], scales: &Scales<'_>) -> Proof {
    let mut proof = Proof::default();
    for (side, runs) in [("without the fix", before), ("with the fix", after)] {
        for run in runs {
            if let Some(why) = &run.no_report {
                proof.trouble.push(format!("{side}: {why}"));
            }
        }
    }
    let time = |runs: &[SideRun]| runs.iter().map(|run| run.milliseconds).sum();
    proof.run_milliseconds = (time(before), time(after));
    proof.confined = before.iter().chain(after).find_map(|run| run.confined);
    for pair in pairs(before, after) {
        let (Some(old), Some(new)) = (settled(before, &pair.old), settled(after, &pair.new)) else {
            proof.flaky.push(pair.new);
            continue;
        };
        let old = scales.without_the_fix(&pair.new, old);
        let new = scales.with_the_fix(&pair.new, new);
        sort_in(&mut proof, &pair, &old, &new, scales);
    }
    proof
}

/// One test by its names on both sides.
struct Pair {
    old: String,
    new: String,
}

/// Pairs the tests of both sides by name. Remaining cases of one function are paired in order if
/// both sides have the same number: a parameter's name may come from the code under test.
fn pairs(before: &[SideRun], after: &[SideRun]) -> Vec<Pair> {
    let ids = |runs: &[SideRun]| -> BTreeSet<String> {
        let all = runs.iter().flat_map(|run| run.outcomes.keys());
        all.cloned().collect()
    };
    let (old, new) = (ids(before), ids(after));
    let left_over = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        let mut left: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for id in one.difference(other) {
            if let Some((function, _)) = id.split_once('[') {
                left.entry(function.to_owned())
                    .or_default()
                    .push(id.clone());
            }
        }
        left
    };
    let (only_old, only_new) = (left_over(&old, &new), left_over(&new, &old));
    let mut all = Vec::new();
    let mut paired = BTreeSet::new();
    for (function, olds) in &only_old {
        let news = only_new.get(function).map_or(&[][..], Vec::as_slice);
        if olds.len() == news.len() {
            for (old, new) in olds.iter().zip(news) {
                paired.extend([old.clone(), new.clone()]);
                let (old, new) = (old.clone(), new.clone());
                all.push(Pair { old, new });
            }
        }
    }
    // If one side could not collect a module, the other side shows which tests it has.
    let has_tests = |id: &String| {
        let tests = || old.union(&new).filter(|other| !other.starts_with("::"));
        id.strip_prefix("::")
            .is_some_and(|module| tests().any(|test| is_inside(test, module)))
    };
    for id in old.union(&new).filter(|id| !paired.contains(*id)) {
        if has_tests(id) {
            continue;
        }
        all.push(Pair {
            old: id.clone(),
            new: id.clone(),
        });
    }
    all.sort_by(|a, b| a.new.cmp(&b.new));
    all
}

/// The result of a test in all runs of one side; none if they disagree.
fn settled(runs: &[SideRun], id: &str) -> Option<Outcome> {
    let mut all = runs.iter().map(|run| {
        let outcome = run.outcomes.get(id).cloned();
        outcome.unwrap_or_else(|| not_reported(run, id))
    });
    let first = all.next()?;
    all.all(|outcome| outcome.word() == first.word())
        .then_some(first)
}

fn is_inside(test: &str, module: &str) -> bool {
    test.strip_prefix(module)
        .is_some_and(|rest| rest.starts_with([':', '.']))
}

const MISSING: &str = "missing from the report";

/// Why a run has no result for a test: usually its module could not be collected. If the product
/// itself was the cause, it is a failure of all tests of the module.
fn not_reported(run: &SideRun, id: &str) -> Outcome {
    let collection = run.outcomes.iter().find_map(|(module, outcome)| {
        let module = module.strip_prefix("::")?;
        let counts = is_inside(id, module) && !matches!(outcome, Outcome::Passes);
        counts.then(|| outcome.clone())
    });
    collection.unwrap_or_else(|| Outcome::Cannot {
        why: MISSING.to_owned(),
    })
}

impl Scales<'_> {
    /// A failure that only shows that the fix is not there is none.
    fn without_the_fix(&self, id: &str, outcome: Outcome) -> Outcome {
        if let Some(name) = self.sources.stub_used(id, self.stubbed) {
            return Outcome::Cannot {
                why: format!("needs `{name}`, which only the fix brings"),
            };
        }
        let Outcome::Fails { message, at } = outcome else {
            return self.with_the_fix(id, outcome);
        };
        let Some((name, how)) = self.shows_only_that_it_is_missing(id, &message, &at) else {
            return Outcome::Fails { message, at };
        };
        let why = format!("{message} ({how} `{name}`, which only the fix brings)");
        Outcome::Cannot { why }
    }

    /// A skip of one subtest beside others is no skip of the test.
    fn with_the_fix(&self, id: &str, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Cannot { why }
                if why.starts_with("skipped: ") && self.sources.skips_subtests_only(id) =>
            {
                Outcome::Passes
            }
            other => other,
        }
    }

    /// The name that a failure shows to be missing, if it shows nothing else.
    fn shows_only_that_it_is_missing(
        &self,
        id: &str,
        message: &str,
        at: &[(String, u32)],
    ) -> Option<(String, &'static str)> {
        if let Some(name) = self.only_missing(message, at) {
            return Some((name, "it names"));
        }
        if raised(message, at).by() == Some(Whose::Product) {
            return None;
        }
        if let Some(name) = self.sources.asks_for(id, at, self.brought) {
            return Some((name, "it asks whether there is"));
        }
        let name = self.sources.swallows(id, self.brought)?;
        Some((name, "it catches the lack of"))
    }

    /// The name or file that an error is about, if only the fix adds it and the test itself
    /// requested it.
    fn only_missing(&self, message: &str, at: &[(String, u32)]) -> Option<String> {
        let raised = raised(message, at);
        if raised.by() == Some(Whose::Product) {
            return None;
        }
        match raised.kind() {
            "AttributeError" => {
                let (owner, name) = message.split_once(" has no attribute '")?;
                let name = name.split('\'').next()?;
                let value = VALUES
                    .iter()
                    .any(|kind| owner.contains(&format!("'{kind}'")));
                (!value && self.brought.has(name)).then(|| name.to_owned())
            }
            "FileNotFoundError" => self.brought.file_in(message).map(str::to_owned),
            // Code that checks its own arguments, such as data models.
            "ValidationError" | "ValueError" => {
                let extra = message.contains("extra_forbidden")
                    || message.contains("object has no field")
                    || is_about_arguments(message);
                let mut words = message
                    .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
                    .filter(|word| !word.is_empty());
                words
                    .find(|word| extra && self.brought.has(word))
                    .map(str::to_owned)
            }
            _ => None,
        }
    }
}

fn raised(message: &str, at: &[(String, u32)]) -> Raised {
    Raised {
        what: message.to_owned(),
        at: at.to_vec(),
    }
}

/// Types of values that no fix gives an attribute: one that is missing there is behaviour.
const VALUES: [&str; 17] = [
    "NoneType",
    "dict",
    "list",
    "tuple",
    "set",
    "frozenset",
    "str",
    "bytes",
    "bytearray",
    "int",
    "float",
    "complex",
    "bool",
    "generator",
    "coroutine",
    "range",
    "ellipsis",
];

fn sort_in(proof: &mut Proof, pair: &Pair, old: &Outcome, new: &Outcome, scales: &Scales<'_>) {
    let id = if pair.old == pair.new {
        pair.new.clone()
    } else {
        format!("{} (without the fix {})", pair.new, pair.old)
    };
    let told = |what: &str| Told {
        id: id.clone(),
        what: what.to_owned(),
    };
    match (old, new) {
        (Outcome::Fails { message, at }, Outcome::Passes) => proof.fail_to_pass.push(ProvingTest {
            id: pair.new.clone(),
            failure: message.clone(),
            reading: read_test(
                scales.sources,
                &pair.new,
                scales.about,
                &raised(message, at),
            ),
            passes_without_scope: false,
        }),
        (Outcome::Passes, Outcome::Passes) => proof.pass_to_pass += 1,
        (Outcome::Cannot { why }, Outcome::Passes) => proof.cannot_without.push(told(why)),
        // The fix removed it from the parameters.
        (_, Outcome::Cannot { why }) if why == MISSING && pair.new.contains('[') => {
            proof.gone.push(pair.old.clone());
        }
        (Outcome::Passes, Outcome::Fails { message: why, .. } | Outcome::Cannot { why }) => {
            proof.broken.push(told(why));
        }
        // A test that is expected to fail did run.
        (Outcome::Cannot { .. }, Outcome::Cannot { why })
            if !why.starts_with("expected to fail") && !why.starts_with("[XPASS") =>
        {
            proof.neither.push(told(why));
        }
        (_, Outcome::Fails { message: why, .. } | Outcome::Cannot { why }) => {
            proof.not_passing.push(told(why));
        }
    }
}

/// Whether a run has the outcome of each of these tests, and which of them fail.
pub(super) fn failing<'o>(outcomes: &'o Outcomes, ids: &[&str]) -> Vec<&'o str> {
    outcomes
        .iter()
        .filter(|(id, outcome)| {
            ids.contains(&id.as_str()) && matches!(outcome, Outcome::Fails { .. })
        })
        .map(|(id, _)| id.as_str())
        .collect()
}

#[cfg(test)]
mod tests;
