//! The audit's report as a page for a release manager, and the same content as data.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model::{SubtaskId, command_line, quoted};
use crate::world::World;

use super::behaviour::{Behaviour, Nature, behaviour};
use super::change::ChangedFile;
use super::error::AuditError;
use super::proof::{Proof, Without};
use super::proving::prove;
use super::request::AuditRequest;
use super::rule::AssertsOn;
use super::syntax::{Change, Ignored};
use super::verdict::{Decision, verdict};

/// Version of the report's data format. A reader refuses a newer one.
pub const REPORT_VERSION: u32 = 1;

/// Lines of a list before it is cut.
const LINES: usize = 12;

/// The complete result of one audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Version of this data format.
    pub version: u32,
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
    /// The scope.
    pub scope: Vec<String>,
    /// Words that a proving test must contain.
    pub about: Vec<String>,
    /// What changed.
    pub behaviour: Behaviour,
    /// The test results; none if the change alone decided.
    pub proof: Option<Proof>,
    /// Commands that repeat the audit by hand.
    pub commands: Vec<String>,
}

/// Audits a fix: its change, and its proof if behaviour changed.
///
/// # Errors
/// Why there is no result; never a pass.
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

/// Lines for a shell, each after the one before: they work as they are printed.
fn commands(req: &AuditRequest, behaviour: &Behaviour, proof: Option<&Proof>) -> Vec<String> {
    let (repo, commits) = (quoted(req.repo.as_str()), &behaviour.commits);
    let (fix, parent) = (&commits.fix[..12], &commits.parent[..12]);
    let git = format!("git -C {repo}");
    let diff = format!("{git} diff {parent} {fix} -- {}", words(&req.scope));
    let mut all = vec![diff.trim_end_matches(" -- ").to_owned()];
    let Some(proof) = proof.filter(|proof| !proof.tests.is_empty()) else {
        return all;
    };
    all.push("work=$(mktemp -d)".to_owned());
    for side in ["before", "after"] {
        all.push(format!(
            "{git} worktree add --quiet --detach \"$work/{side}\" {fix}"
        ));
    }
    let as_before = |file: &&ChangedFile| proof.product.contains(&file.path);
    let product: Vec<&ChangedFile> = behaviour.files.iter().filter(as_before).collect();
    let come = product
        .iter()
        .filter(|file| file.status.comes_with_the_fix());
    let come: Vec<String> = come.map(|file| file.path.clone()).collect();
    if !come.is_empty() {
        all.push(format!("git -C \"$work/before\" rm -q -- {}", words(&come)));
    }
    let was = product.iter().filter_map(|file| file.path_before());
    let was: Vec<String> = was.map(str::to_owned).collect();
    if !was.is_empty() {
        let was = words(&was);
        all.push(format!(
            "git -C \"$work/before\" checkout -q {parent} -- {was}"
        ));
    }
    all.extend(runs(proof));
    for side in ["before", "after"] {
        all.push(format!("{git} worktree remove --force \"$work/{side}\""));
    }
    all
}

/// The lines that run the tests of both sides.
fn runs(proof: &Proof) -> Vec<String> {
    let run = words(&proof.command);
    let Some(environment) = &proof.environment else {
        return vec![format!(
            "for side in before after; do (cd \"$work/$side\" && {run}); done"
        )];
    };
    let python = &environment.python;
    // The project is in a subdirectory of the repository.
    let (home, sources) = match environment.project.as_str() {
        "" => (String::new(), "src".to_owned()),
        root => (
            words(&[format!("/{root}")]),
            words(&[format!("{root}/src")]),
        ),
    };
    let packages = words(&environment.packages);
    let own = run.strip_prefix("python ").unwrap_or(&run);
    vec![
        format!(
            "for side in before after; do uv venv -q --python {python} \"$work/env-$side\" && \
             uv pip install -q --no-deps --python \"$work/env-$side\" {packages}; done"
        ),
        format!(
            "for side in before after; do (cd \"$work/$side\"{home}; [ ! -e pyproject.toml ] && \
             [ ! -e setup.py ] || uv pip install -q --no-deps --python \"$work/env-$side\" -e .); done"
        ),
        format!(
            "for side in before after; do (cd \"$work/$side\" && PYTHONPATH={sources} \
             \"$work/env-$side/bin/python\" {own}); done"
        ),
    ]
}

fn words(all: &[String]) -> String {
    command_line(all.iter().map(AsRef::as_ref))
}

impl AuditReport {
    /// The report as text.
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

fn write_environment(to: &mut String, proof: &Proof) -> std::fmt::Result {
    if let Some(why) = &proof.in_turn {
        writeln!(to, "    run one after the other: {why}")?;
    }
    let Some(environment) = &proof.environment else {
        return Ok(());
    };
    let as_of = environment.as_of.as_deref().unwrap_or("the lock");
    writeln!(
        to,
        "    Python {}, {} packages as of {as_of}, the same for both sides",
        environment.python,
        environment.packages.len()
    )?;
    if !environment.project.is_empty() {
        writeln!(to, "    the project in `{}`", environment.project)?;
    }
    for chosen in &environment.chosen {
        writeln!(to, "    chosen: {chosen}")?;
    }
    for note in &environment.notes {
        writeln!(to, "    note: {note}")?;
    }
    Ok(())
}

fn write_proof(to: &mut String, proof: &Proof) -> std::fmt::Result {
    match proof.tests.as_slice() {
        [] => writeln!(to, "\nProof: the fix brings no test, so nothing was run")?,
        tests if proof.repeats == 0 => writeln!(to, "\nProof: {} was not run", tests.join(" "))?,
        tests => {
            let runs = if proof.repeats == 1 { "run" } else { "runs" };
            let tests = tests.join(" ");
            writeln!(
                to,
                "\nProof: {} {runs} of {tests} on each side",
                proof.repeats
            )?;
        }
    }
    write_environment(to, proof)?;
    if let Some(confined) = proof.confined {
        writeln!(to, "    {confined}")?;
    }
    for test in proof.fail_to_pass.iter().take(LINES) {
        let worth = match test.reading.asserts_on {
            AssertsOn::Unknown => "its source was not found",
            _ if test.passes_without_scope => "proves something else",
            _ if !test.reading.missing_words.is_empty() => "not about the rule",
            AssertsOn::Logs | AssertsOn::LogsFirst => "asserts on logs only",
            AssertsOn::Source => "reads the source only",
            AssertsOn::Behaviour | AssertsOn::Nothing => "proves it",
        };
        writeln!(to, "    {worth:<24} {}", test.id)?;
        writeln!(to, "    {:<24} without the fix: {}", "", test.failure)?;
    }
    cut(to, proof.fail_to_pass.len())?;
    let tests = if proof.pass_to_pass == 1 {
        "1 test passes".to_owned()
    } else {
        format!("{} tests pass", proof.pass_to_pass)
    };
    writeln!(to, "    {tests} on both sides")?;
    let lists = [
        ("breaks", &proof.broken),
        ("cannot run without it", &proof.cannot_without),
        ("does not pass with it", &proof.not_passing),
        ("runs on neither side", &proof.neither),
    ];
    for (word, list) in lists {
        for told in list.iter().take(LINES) {
            writeln!(to, "    {word:<24} {}: {}", told.id, told.what)?;
        }
    }
    for (word, ids) in [
        ("flaky, not counted", &proof.flaky),
        ("gone with the fix", &proof.gone),
    ] {
        for id in ids.iter().take(LINES) {
            writeln!(to, "    {word:<24} {id}")?;
        }
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
