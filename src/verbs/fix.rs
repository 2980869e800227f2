//! The fix of an issue: which change closed it, and what the audit says of that change.

use serde::{Deserialize, Serialize};

use crate::audit::{
    self, AuditError, AuditRequest, Behaviour, Decision, History, LinkedChange, Proof, TestCommand,
    Verdict,
};
use crate::model::{Finding, Outcome};
use crate::verb::{Ctx, VerbError};
use crate::verbs::github::{self, IssueRef};
use crate::world::Place;

/// The fields of what `fix-behaviour` publishes; `fix-audit` has them, too.
pub(in crate::verbs) const FIELDS: [&str; 7] = [
    "issue: text",
    "commit: text",
    "base: text?",
    "pull_request: integer?",
    "scope: list",
    "decision: table",
    "behaviour: table",
];

/// What `fix-behaviour` publishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::verbs) struct Fix {
    /// The issue, `owner/repo#N`.
    pub(in crate::verbs) issue: String,
    /// The commit that closed it.
    pub(in crate::verbs) commit: String,
    /// The state before, where it is not the commit's first parent.
    pub(in crate::verbs) base: Option<String>,
    /// The pull request that brought it.
    pub(in crate::verbs) pull_request: Option<u64>,
    pub(in crate::verbs) scope: Vec<String>,
    pub(in crate::verbs) decision: Decision,
    pub(in crate::verbs) behaviour: Behaviour,
}

/// Finds the change that last closed the issue and looks what it changed in scope. Anything but
/// changed behaviour is a stop.
pub(in crate::verbs) async fn behaviour(
    ctx: &Ctx,
    issue: &str,
    checkout: &str,
    scope: &[String],
) -> Result<Fix, VerbError> {
    let (linked, base) = linked(ctx, issue, &Place::workspace(checkout)).await?;
    let mut audit = request(ctx, checkout, &linked.commit);
    audit.base.clone_from(&base);
    audit.scope = scope.to_vec();
    let behaviour = audit::behaviour(ctx, ctx.by(), &audit)
        .await
        .map_err(undetermined)?;
    let fix = Fix {
        issue: issue.to_owned(),
        commit: linked.commit,
        base,
        pull_request: linked.pull_request,
        scope: scope.to_vec(),
        decision: audit::verdict_of_change(&behaviour),
        behaviour,
    };
    match stop(&fix, &fix.decision, changes_told(&fix.behaviour)) {
        Some(trouble) => Err(trouble),
        None => Ok(fix),
    }
}

/// The change that last closed an issue, and the state before it where the change was rebased.
///
/// # Errors
/// A stop with what was found where no change is linked.
pub(crate) async fn linked(
    ctx: &Ctx,
    issue: &str,
    repo: &Place,
) -> Result<(LinkedChange, Option<String>), VerbError> {
    let reference = IssueRef::parse(issue)?;
    let (timeline, _) = github::graphql(ctx, audit::TIMELINE_QUERY, &reference).await?;
    let history = History::read(&timeline).map_err(undetermined)?;
    let linked = match history.linked_change() {
        Ok(linked) => linked,
        Err(nothing) => {
            let mut finding = Finding::new(format!("{issue}: {nothing}"))
                .remedy("close it with the pull request or commit that fixes it, then resume");
            finding.seen = nothing.found;
            // Commits that only name it are no closing change, but where a reader looks next.
            if let Ok(naming) = audit::commits_naming(ctx, ctx.by(), repo, reference.number).await {
                finding.seen.extend(naming.iter().map(|commit| {
                    format!("named by {} {}", short(&commit.commit), commit.subject)
                }));
            }
            return Err(VerbError::blocked(finding));
        }
    };
    let Some(number) = linked.pull_request else {
        return Ok((linked, None));
    };
    let pull = IssueRef {
        number,
        ..reference
    };
    let answer = github::pull_request(ctx, audit::HEADLINES_QUERY, &pull).await?;
    let headlines = audit::headlines(&answer).map_err(undetermined)?;
    let base = audit::base_of(ctx, ctx.by(), repo, &linked.commit, &headlines).await;
    Ok((linked, base.map_err(undetermined)?))
}

/// Runs the fix's tests without it and with it. Anything but a proof is a stop.
pub(in crate::verbs) async fn proof(
    ctx: &Ctx,
    fix: &Fix,
    checkout: &str,
    about: &[String],
    tests: TestCommand,
) -> Result<Proof, VerbError> {
    let mut request = request(ctx, checkout, &fix.commit);
    request.base.clone_from(&fix.base);
    request.scope.clone_from(&fix.scope);
    request.about = about.to_vec();
    request.tests = tests;
    ctx.progress(format!(
        "running the tests of {} without it and with it",
        short(&fix.commit)
    ));
    let proof = audit::prove(ctx, ctx.by(), &request, &fix.behaviour)
        .await
        .map_err(undetermined)?;
    let decision = audit::verdict_of_proof(&proof);
    match stop(fix, &decision, proof_told(&proof)) {
        Some(trouble) => Err(trouble),
        None => Ok(proof),
    }
}

fn request(ctx: &Ctx, checkout: &str, commit: &str) -> AuditRequest {
    let scratch = Place::run("audit").join(ctx.by().as_str());
    let mut request = AuditRequest::new(Place::workspace(checkout), commit, scratch);
    request.limits.run = ctx.limit();
    request
}

/// An audit that could not be done decides nothing.
fn undetermined(error: AuditError) -> VerbError {
    match error {
        AuditError::World(error) => error.into(),
        other => {
            let mut finding = Finding::new(format!("the fix could not be audited: {other}"));
            finding.remedy = other.remedy();
            VerbError::error(finding)
        }
    }
}

fn stop(fix: &Fix, decision: &Decision, seen: Vec<String>) -> Option<VerbError> {
    let what = format!(
        "{} {}: {}: {}",
        fix.issue,
        short(&fix.commit),
        decision.verdict.word(),
        decision.why
    );
    let mut finding = Finding::new(what);
    finding.seen = seen;
    match decision.verdict {
        Verdict::Substantive => None,
        Verdict::Undetermined => Some(VerbError::Stop(Outcome::Error(finding))),
        Verdict::DiagnosticOnly
        | Verdict::TimeoutOnly
        | Verdict::OutOfScope
        | Verdict::Unproven
        | Verdict::LogProofOnly => Some(VerbError::blocked(
            finding.remedy("have the issue closed by a change of behaviour in scope, with a test of the rule; then resume"),
        )),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

fn changes_told(behaviour: &Behaviour) -> Vec<String> {
    let mut told: Vec<String> = behaviour.changes.iter().map(ToString::to_string).collect();
    told.extend(
        behaviour
            .ignored
            .iter()
            .map(|ignored| format!("not counted: {ignored}")),
    );
    told.extend(
        behaviour
            .outside
            .iter()
            .map(|change| format!("out of scope: {change}")),
    );
    told.extend(
        behaviour
            .unreadable
            .iter()
            .map(|(path, why)| format!("{path}: {why}")),
    );
    told
}

/// What was chosen to run the tests with, to be put behind a note.
pub(in crate::verbs) fn chosen(proof: &Proof) -> String {
    let environment = proof.environment.as_ref();
    environment.map_or_else(String::new, |environment| {
        format!("; run with {}", environment.chosen.join(", "))
    })
}

/// What the tests were run with, where the gate chose it.
fn environment_told(proof: &Proof) -> Vec<String> {
    let Some(environment) = &proof.environment else {
        return Vec::new();
    };
    let chosen = environment.chosen.join("; ");
    let mut told = vec![format!(
        "tests run with Python {}, {chosen}",
        environment.python
    )];
    told.extend(environment.notes.iter().cloned());
    told
}

fn proof_told(proof: &Proof) -> Vec<String> {
    let mut told = environment_told(proof);
    told.push(format!(
        "{} tests pass with and without the fix",
        proof.pass_to_pass
    ));
    told.extend(proof.fail_to_pass.iter().map(|test| {
        let proves = if test.proves() {
            ""
        } else if test.passes_without_scope {
            "; not a proof: it passes with the files in scope as they were before, too"
        } else {
            "; not a proof: about logs only, or not about the rule"
        };
        format!("fails without: {}: {}{proves}", test.id, test.failure)
    }));
    for (word, tests) in [
        ("broken by the fix", &proof.broken),
        ("could not run without", &proof.cannot_without),
        ("does not pass with", &proof.not_passing),
    ] {
        told.extend(
            tests
                .iter()
                .map(|test| format!("{word}: {}: {}", test.id, test.what)),
        );
    }
    told.extend(proof.trouble.iter().cloned());
    told
}
