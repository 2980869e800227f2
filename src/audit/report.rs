//! The page a release manager reads in a minute, and the same as data.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::gate::SubtaskId;
use crate::report::quoted;
use crate::world::World;

use super::behaviour::{Behaviour, Nature, behaviour};
use super::error::AuditError;
use super::load::Without;
use super::proof::{Proof, prove};
use super::request::AuditRequest;
use super::rule::AssertsOn;
use super::syntax::{Change, Ignored};
use super::verdict::{Decision, verdict};

/// Version of the report's data. A reader refuses a newer one.
pub const REPORT_VERSION: u32 = 1;

/// Lines of a list before it is cut.
const LINES: usize = 12;

/// One audit, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Version of this shape.
    pub version: u32,
    /// What it comes to.
    #[serde(flatten)]
    pub decision: Decision,
    /// The scope.
    pub scope: Vec<String>,
    /// Words a proving test must hold.
    pub about: Vec<String>,
    /// What changed.
    pub behaviour: Behaviour,
    /// What the tests show; nothing where the change alone decided.
    pub proof: Option<Proof>,
    /// Commands that repeat the audit by hand.
    pub commands: Vec<String>,
}

/// Audits a fix: its change, and where that is one, its proof.
///
/// # Errors
/// Why there is no answer; never a pass.
pub async fn audit(
    world: &dyn World,
    by: &SubtaskId,
    req: &AuditRequest,
) -> Result<AuditReport, AuditError> {
    let behaviour = behaviour(world, by, req).await?;
    let proof = match behaviour.nature {
        Nature::Behaviour => Some(prove(world, by, req, &behaviour).await?),
        _ => None,
    };
    Ok(AuditReport {
        version: REPORT_VERSION,
        decision: verdict(&behaviour, proof.as_ref()),
        scope: req.scope.clone(),
        about: req.about.clone(),
        commands: commands(req, &behaviour, proof.as_ref()),
        behaviour,
        proof,
    })
}

fn commands(req: &AuditRequest, behaviour: &Behaviour, proof: Option<&Proof>) -> Vec<String> {
    let (repo, commits) = (&req.repo, &behaviour.commits);
    let (fix, parent) = (&commits.fix[..12], &commits.parent[..12]);
    let scope = req
        .scope
        .iter()
        .map(|path| quoted(path))
        .collect::<Vec<_>>()
        .join(" ");
    let diff = format!("git -C {repo} diff {parent} {fix} -- {scope}");
    let mut all = vec![diff.trim_end_matches(" -- ").to_owned()];
    if let Some(proof) = proof.filter(|proof| !proof.tests.is_empty()) {
        let tests = proof
            .tests
            .iter()
            .map(|path| quoted(path))
            .collect::<Vec<_>>()
            .join(" ");
        let run = proof
            .command
            .iter()
            .map(|part| quoted(part))
            .collect::<Vec<_>>()
            .join(" ");
        all.push(format!(
            "git -C {repo} worktree add --detach ../before {parent}"
        ));
        all.push(format!("git -C {repo}/../before checkout {fix} -- {tests}"));
        all.push(format!(
            "git -C {repo} worktree add --detach ../after {fix}"
        ));
        all.push(format!(
            "for side in before after; do (cd {repo}/../$side && {run}); done"
        ));
        all.push(format!(
            "for side in before after; do git -C {repo} worktree remove --force ../$side; done"
        ));
    }
    all
}

impl AuditReport {
    /// The page.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = String::new();
        self.write(&mut page).unwrap_or_default();
        page
    }

    fn write(&self, to: &mut String) -> std::fmt::Result {
        let commits = &self.behaviour.commits;
        writeln!(
            to,
            "{}: {}",
            self.decision.verdict.word().to_uppercase(),
            self.decision.why
        )?;
        writeln!(to)?;
        writeln!(to, "fix     {}  {}", commits.fix, commits.subject)?;
        writeln!(to, "before  {}", commits.parent)?;
        let scope = if self.scope.is_empty() {
            "all files".to_owned()
        } else {
            self.scope.join(" ")
        };
        writeln!(to, "scope   {scope}")?;
        if !self.about.is_empty() {
            writeln!(to, "about   {}", self.about.join(" "))?;
        }
        changes(
            to,
            "Behaviour that changed in scope",
            &self.behaviour.changes,
        )?;
        changes(
            to,
            "Out of scope, so it counts for nothing",
            &self.behaviour.outside,
        )?;
        for (path, why) in &self.behaviour.unreadable {
            writeln!(to, "\nNot judged: {path}: {why}")?;
        }
        ignored(to, &self.behaviour.ignored)?;
        match &self.proof {
            Some(proof) => write_proof(to, proof)?,
            None => writeln!(to, "\nTests were not run: the change alone decides.")?,
        }
        writeln!(to, "\nTo repeat it")?;
        for command in &self.commands {
            writeln!(to, "  {command}")?;
        }
        Ok(())
    }
}

fn changes(to: &mut String, title: &str, all: &[Change]) -> std::fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(to, "\n{title}")?;
    let mut path = "";
    for change in all.iter().take(LINES) {
        if change.path != path {
            writeln!(to, "  {}", change.path)?;
            path = &change.path;
        }
        let kind = format!("{:?}", change.kind).to_lowercase();
        let line = match (change.before, change.after) {
            (_, Some(line)) => format!("line {line}"),
            (Some(line), None) => format!("was line {line}"),
            (None, None) => String::new(),
        };
        writeln!(
            to,
            "    {:<28} {kind:<13} {line:<13} {}",
            change.function, change.text
        )?;
    }
    cut(to, all.len())
}

fn cut(to: &mut String, count: usize) -> std::fmt::Result {
    match count.saturating_sub(LINES) {
        0 => Ok(()),
        more => writeln!(to, "    … and {more} more"),
    }
}

fn ignored(to: &mut String, all: &[Ignored]) -> std::fmt::Result {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(to, "\nIgnored, since it is no behaviour")?;
    for ignored in all.iter().take(LINES) {
        let why = format!("{:?}", ignored.why).to_lowercase();
        let name = ignored.path.rsplit('/').next().unwrap_or(&ignored.path);
        let place = format!("{name}:{}", ignored.line);
        writeln!(to, "    {why:<13} {place:<24} {}", ignored.text)?;
    }
    cut(to, all.len())
}

fn write_proof(to: &mut String, proof: &Proof) -> std::fmt::Result {
    writeln!(
        to,
        "\nProof: {} run(s) of {} on each side",
        proof.repeats,
        proof.tests.join(" ")
    )?;
    for test in proof.fail_to_pass.iter().take(LINES) {
        let worth = match test.reading.asserts_on {
            _ if !test.reading.missing_words.is_empty() => "not about the rule",
            AssertsOn::Logs | AssertsOn::LogsFirst => "asserts on logs only",
            AssertsOn::Source => "reads the source only",
            AssertsOn::Unknown => "its source was not found",
            AssertsOn::Behaviour | AssertsOn::Nothing => "proves it",
        };
        writeln!(to, "    {worth:<24} {}", test.id)?;
        writeln!(to, "    {:<24} without the fix: {}", "", test.failure)?;
    }
    cut(to, proof.fail_to_pass.len())?;
    writeln!(to, "    {} test(s) pass on both sides", proof.pass_to_pass)?;
    let lists = [
        ("breaks", &proof.broken),
        ("cannot run without it", &proof.cannot_without),
        ("does not pass with it", &proof.not_passing),
    ];
    for (word, list) in lists {
        for told in list.iter().take(LINES) {
            writeln!(to, "    {word:<24} {}: {}", told.id, told.what)?;
        }
    }
    for id in &proof.flaky {
        writeln!(to, "    {:<24} {id}", "flaky, not counted")?;
    }
    for trouble in &proof.trouble {
        writeln!(to, "    trouble: {trouble}")?;
    }
    for hunk in proof.load.iter().flat_map(|load| &load.hunks) {
        let without = match &hunk.without {
            Without::Red(tests) => format!("{} test(s) turn red", tests.len()),
            Without::Green => "all tests stay green".to_owned(),
            Without::Breaks => "tests cannot run".to_owned(),
        };
        writeln!(to, "    without {}:{}: {without}", hunk.path, hunk.line)?;
    }
    Ok(())
}
