//! The verdict of an audit, with its reason.

use serde::{Deserialize, Serialize};

use super::behaviour::{Behaviour, Nature};
use super::proof::{Load, Proof, ProvingTest};
use super::rule::AssertsOn;

/// The verdict of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Behaviour in scope changed, and a test about the rule proves it.
    Substantive,
    /// Nothing but logging, comments, annotations or formatting changed in scope.
    DiagnosticOnly,
    /// Nothing but values of numbers changed in scope.
    TimeoutOnly,
    /// No source file in scope changed.
    OutOfScope,
    /// No test about the rule fails without the fix and passes with it.
    Unproven,
    /// The tests that would prove it assert on captured logs only.
    LogProofOnly,
    /// Cannot be determined. Never a pass.
    Undetermined,
}

impl Verdict {
    /// Exit code of an accepted fix.
    pub const ACCEPTED: u8 = 0;
    /// Exit code of a rejected fix.
    pub const REJECTED: u8 = 3;
    /// Exit code if the verdict cannot be determined.
    pub const NOT_KNOWN: u8 = 4;

    /// The exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Substantive => Self::ACCEPTED,
            Self::DiagnosticOnly
            | Self::TimeoutOnly
            | Self::OutOfScope
            | Self::Unproven
            | Self::LogProofOnly => Self::REJECTED,
            Self::Undetermined => Self::NOT_KNOWN,
        }
    }

    /// The word that reports use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Substantive => "substantive",
            Self::DiagnosticOnly => "diagnostic-only",
            Self::TimeoutOnly => "timeout-only",
            Self::OutOfScope => "out-of-scope",
            Self::Unproven => "unproven",
            Self::LogProofOnly => "log-proof-only",
            Self::Undetermined => "undetermined",
        }
    }
}

/// A verdict and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The reason, in one sentence.
    pub why: String,
}

fn decision(verdict: Verdict, why: impl Into<String>) -> Decision {
    Decision {
        verdict,
        why: why.into(),
    }
}

/// Decides on the change alone, as T004 does.
#[must_use]
pub fn verdict_of_change(behaviour: &Behaviour) -> Decision {
    match behaviour.nature {
        Nature::Behaviour => decision(Verdict::Substantive, changed(behaviour)),
        Nature::Timeout => decision(
            Verdict::TimeoutOnly,
            "only the lengths of waits changed in scope",
        ),
        Nature::Diagnostic => decision(Verdict::DiagnosticOnly, diagnostic(behaviour)),
        Nature::OutOfScope => decision(Verdict::OutOfScope, out_of_scope(behaviour)),
        Nature::Undetermined => {
            let files: Vec<String> = behaviour
                .unreadable
                .iter()
                .map(|(path, why)| format!("`{path}`: {why}"))
                .collect();
            decision(Verdict::Undetermined, files.join("; "))
        }
    }
}

fn changed(behaviour: &Behaviour) -> String {
    let mut places: Vec<String> = behaviour
        .changes
        .iter()
        .map(|change| format!("`{}` in `{}`", change.function, change.path))
        .collect();
    places.dedup();
    let more = places.len().saturating_sub(3);
    places.truncate(3);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("behaviour changed in {}{more}", places.join(", "))
}

fn diagnostic(behaviour: &Behaviour) -> String {
    let mut kinds: Vec<String> = behaviour
        .ignored
        .iter()
        .map(|ignored| format!("{:?}", ignored.why).to_lowercase())
        .collect();
    kinds.sort();
    kinds.dedup();
    let elsewhere = if behaviour.outside.is_empty() {
        ""
    } else {
        "; behaviour changed only out of scope"
    };
    format!("in scope only {} changed{elsewhere}", kinds.join(", "))
}

fn out_of_scope(behaviour: &Behaviour) -> String {
    if behaviour.empty_scope.is_empty() {
        "no source file in scope changed".to_owned()
    } else {
        format!(
            "no source file in scope changed, and the scope names nothing that exists: {}",
            behaviour.empty_scope.join(", ")
        )
    }
}

/// Decides on the proof alone, as T005 does.
#[must_use]
pub fn verdict_of_proof(proof: &Proof) -> Decision {
    if !proof.trouble.is_empty() {
        return decision(Verdict::Undetermined, proof.trouble.join("; "));
    }
    if proof.tests.is_empty() {
        return decision(Verdict::Unproven, "the fix brings no test");
    }
    if let Some(first) = proof.broken.first() {
        let why = format!(
            "{} passes without the fix and not with it ({})",
            first.id, first.what
        );
        return decision(Verdict::Unproven, why);
    }
    if proof.load.as_ref().is_some_and(Load::proves_nothing) {
        return decision(
            Verdict::Unproven,
            "the proof passes with every hunk of the fix taken out in turn",
        );
    }
    let proving = proof
        .fail_to_pass
        .iter()
        .filter(|test| test.proves())
        .count();
    if proving > 0 {
        let all = proof.fail_to_pass.len();
        return decision(
            Verdict::Substantive,
            format!(
                "proved by {proving} of {all} tests that fail without the fix and pass with it"
            ),
        );
    }
    not_proving(proof)
}

fn not_proving(proof: &Proof) -> Decision {
    let on_logs = |test: &&ProvingTest| {
        matches!(
            test.reading.asserts_on,
            AssertsOn::Logs | AssertsOn::LogsFirst
        )
    };
    if let Some(test) = proof.fail_to_pass.iter().find(on_logs)
        && !proof.fail_to_pass.iter().any(|test| !on_logs(&test))
    {
        let why = format!(
            "{} fails without the fix only by what it asserts on captured logs",
            test.id
        );
        return decision(Verdict::LogProofOnly, why);
    }
    if let Some(test) = proof
        .fail_to_pass
        .iter()
        .find(|test| test.passes_without_scope)
    {
        let why = format!(
            "{} fails without the fix, but passes on the fix with its files in scope as they were \
             before: what it proves lies elsewhere",
            test.id
        );
        return decision(Verdict::Unproven, why);
    }
    let on_source = |test: &&ProvingTest| test.reading.asserts_on == AssertsOn::Source;
    if let Some(test) = proof.fail_to_pass.iter().find(on_source)
        && test.reading.missing_words.is_empty()
    {
        let why = format!(
            "{} fails without the fix only by what it asserts on the text of the source",
            test.id
        );
        return decision(Verdict::Unproven, why);
    }
    let unknown = |test: &&ProvingTest| test.reading.asserts_on == AssertsOn::Unknown;
    if let Some(test) = proof.fail_to_pass.iter().find(unknown) {
        let why = format!(
            "{} fails without the fix and passes with it, but its source was not found: what it \
             is about cannot be told",
            test.id
        );
        return decision(Verdict::Undetermined, why);
    }
    let off = |test: &&ProvingTest| !test.reading.missing_words.is_empty();
    if let Some(test) = proof.fail_to_pass.iter().find(off) {
        let words = test.reading.missing_words.join(", ");
        let why = format!(
            "{} fails without the fix, but is not about the rule: no {words} in it",
            test.id
        );
        return decision(Verdict::Unproven, why);
    }
    nothing_fails(proof)
}

/// Why, when no test fails without the fix.
fn nothing_fails(proof: &Proof) -> Decision {
    if let Some(test) = proof.open.first() {
        let why = format!(
            "{} is of the fix and can run on neither side, so what it would show is open: {}",
            shown(&test.id),
            test.what
        );
        return decision(Verdict::Undetermined, why);
    }
    if let Some(test) = proof.cannot_without.first() {
        let why = format!(
            "no test fails without the fix; {} cannot run without it ({}), which proves nothing",
            shown(&test.id),
            test.what
        );
        return decision(Verdict::Unproven, why);
    }
    if !proof.flaky.is_empty() {
        let why = format!(
            "only flaky tests tell the sides apart: {}",
            proof.flaky.join(", ")
        );
        return decision(Verdict::Unproven, why);
    }
    // A whole module that could not be read may contain the proof.
    let module = proof.neither.iter().find(|test| test.id.starts_with("::"));
    if let Some(module) = module {
        let why = format!(
            "`{}` can run on neither side: {}",
            shown(&module.id),
            module.what
        );
        return decision(Verdict::Undetermined, why);
    }
    if proof.pass_to_pass > 0 {
        let why = format!(
            "no test fails without the fix ({} pass on both sides)",
            proof.pass_to_pass
        );
        return decision(Verdict::Unproven, why);
    }
    if let Some(first) = proof.not_passing.first() {
        let why = format!(
            "no test of the fix passes with it: {}: {}",
            shown(&first.id),
            first.what
        );
        return decision(Verdict::Unproven, why);
    }
    let why = match proof.neither.first() {
        Some(first) => format!(
            "no test can run on either side: {}: {}",
            shown(&first.id),
            first.what
        ),
        None => format!(
            "no test ran on either side: none was collected from {}, or all were deselected",
            proof.tests.join(" ")
        ),
    };
    decision(Verdict::Undetermined, why)
}

/// A test's name; that of a whole module has no class before it.
fn shown(id: &str) -> &str {
    id.trim_start_matches("::")
}

/// Decides on both: behaviour must have changed, and the change must be proved.
#[must_use]
pub fn verdict(behaviour: &Behaviour, proof: Option<&Proof>) -> Decision {
    let change = verdict_of_change(behaviour);
    match proof {
        Some(proof) if change.verdict == Verdict::Substantive => {
            let proof = verdict_of_proof(proof);
            match proof.verdict {
                Verdict::Substantive => decision(
                    Verdict::Substantive,
                    format!("{}; {}", change.why, proof.why),
                ),
                _ => proof,
            }
        }
        _ => change,
    }
}
