//! The dynamic half: the fix's tests run without the fix and with it, both at the same time.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::gate::SubtaskId;
use crate::world::{Place, World, strand};

use super::change::{ChangedFile, Status};
use super::error::AuditError;
use super::git::{Git, read_text};
use super::junit::{Outcome, Outcomes};
use super::load::{Load, load};
use super::request::AuditRequest;
use super::rule::{AssertsOn, Reading, TestSources, imported_helpers};
use super::run::{SideRun, run_side};
use super::worktrees::{Worktrees, clean_up as clean_up_worktrees};
use super::{Behaviour, neutral};

/// What the tests show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Test files of the fix.
    pub tests: Vec<String>,
    /// The test command, `{junit}` and `{tests}` filled in.
    pub command: Vec<String>,
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
    /// Tests that came out differently when run again; they count for nothing.
    pub flaky: Vec<String>,
    /// What keeps this from being an answer at all.
    pub trouble: Vec<String>,
    /// Which tests hold which hunk, when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    /// Time of the runs in milliseconds: each side's, added up.
    pub run_milliseconds: (u64, u64),
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
}

impl ProvingTest {
    /// Whether it is about the rule and not about logs.
    #[must_use]
    pub fn proves(&self) -> bool {
        self.reading.missing_words.is_empty()
            && matches!(
                self.reading.asserts_on,
                AssertsOn::Behaviour | AssertsOn::Nothing
            )
    }
}

/// A test and what there is to tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// `classname::name`.
    pub id: String,
    /// Why, or how.
    pub what: String,
}

/// Takes away what an earlier audit in the same scratch directory left behind.
///
/// # Errors
/// What git said.
pub async fn clean_up(
    world: &dyn World,
    by: &SubtaskId,
    req: &AuditRequest,
) -> Result<usize, AuditError> {
    let git = Git {
        world,
        by,
        repo: &req.repo,
        limit: req.limits.git,
    };
    clean_up_worktrees(git, &req.scratch).await
}

/// Runs the fix's tests on both sides. The repository is left as found, whatever happens short
/// of being cancelled; what a cancelled proof leaves, the next one in the same scratch directory
/// takes away.
///
/// # Errors
/// Why nothing could be run at all.
pub async fn prove(
    world: &dyn World,
    by: &SubtaskId,
    req: &AuditRequest,
    behaviour: &Behaviour,
) -> Result<Proof, AuditError> {
    let git = Git {
        world,
        by,
        repo: &req.repo,
        limit: req.limits.git,
    };
    let tests: Vec<&ChangedFile> = behaviour.files.iter().filter(|file| file.test).collect();
    let mut modules = test_modules(&tests);
    if modules.is_empty() {
        modules = existing_tests(git, req, behaviour).await?;
    }
    if modules.is_empty() {
        return Ok(Proof::default());
    }
    let trees = Worktrees::make(git, &req.scratch, &behaviour.commits, &tests).await?;
    let proof = run_both(git, req, behaviour, &trees, &modules).await;
    let removed = trees.remove(git).await;
    // What went wrong first is what the caller has to know.
    let mut proof = proof?;
    removed?;
    for trace in trees.traces(git, &req.scratch).await? {
        proof
            .trouble
            .push(format!("a test wrote outside its worktree: {trace}"));
    }
    Ok(proof)
}

/// Test modules of the fix; where it only changed what they use, the directories of that.
fn test_modules(tests: &[&ChangedFile]) -> Vec<String> {
    let there = || tests.iter().filter(|file| file.status != Status::Deleted);
    let modules: BTreeSet<String> = there()
        .filter(|file| is_test_module(&file.path))
        .map(|file| file.path.clone())
        .collect();
    if !modules.is_empty() {
        return modules.into_iter().collect();
    }
    let directories: BTreeSet<String> = there()
        .filter_map(|file| file.path.rsplit_once('/'))
        .map(|(directory, _)| directory.to_owned())
        .collect();
    directories.into_iter().collect()
}

/// Test modules that were there before and hold all words of the rule: what proves a fix that
/// was reverted and made again, whose tests came the first time.
async fn existing_tests(
    git: Git<'_>,
    req: &AuditRequest,
    behaviour: &Behaviour,
) -> Result<Vec<String>, AuditError> {
    const MOST: usize = 10;
    if req.about.is_empty() {
        return Ok(Vec::new());
    }
    let mut arguments = vec!["grep", "-l", "-z", "-i", "-F", "--full-name", "--all-match"];
    for word in &req.about {
        arguments.extend(["-e", word]);
    }
    arguments.extend([behaviour.commits.fix.as_str(), "--", "*.py"]);
    // git grep tells of no match by its exit code.
    let finished = git.run(&arguments, None).await?;
    let start = format!("{}:", behaviour.commits.fix);
    let modules = finished
        .stdout
        .text
        .split('\0')
        .filter_map(|path| path.strip_prefix(&start))
        .filter(|path| is_test_module(path));
    Ok(modules.take(MOST).map(str::to_owned).collect())
}

fn is_test_module(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".py").unwrap_or(name);
    (stem.starts_with("test_") || stem.ends_with("_test")) && stem != name
}

async fn run_both(
    git: Git<'_>,
    req: &AuditRequest,
    behaviour: &Behaviour,
    trees: &Worktrees,
    modules: &[String],
) -> Result<Proof, AuditError> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for round in 0..req.repeat.max(1) {
        let side = |name: &'static str, tree| {
            let report = trees.report(name, round);
            strand(name, run_side(git, req, tree, report, modules, round))
        };
        let (old, new) = tokio::join!(side("before", &trees.before), side("after", &trees.after));
        before.push(old?);
        after.push(new?);
    }
    let sources = TestSources::new(&test_texts(git, req, &trees.after, modules).await?);
    let mut proof = weigh(&before, &after, &sources, &req.about);
    proof.command = req.tests.expand("report.xml", modules);
    proof.tests = modules.to_vec();
    proof.repeats = req.repeat.max(1);
    neutral::without_log_assertions(git, req, trees, modules, &sources, &mut proof).await?;
    if req.hunks && proof.fail_to_pass.iter().any(ProvingTest::proves) {
        proof.load = Some(load(git, req, behaviour, trees, modules, &proof).await?);
    }
    Ok(proof)
}

impl Worktrees {
    /// Where one side's report of one round goes.
    pub(super) fn report(&self, side: &str, round: u32) -> Place {
        self.reports.join(&format!("{side}-{round}.xml"))
    }
}

/// Texts of the test files, of the `conftest.py` above them, and of the helpers they import.
async fn test_texts(
    git: Git<'_>,
    req: &AuditRequest,
    tree: &Place,
    modules: &[String],
) -> Result<BTreeMap<String, String>, AuditError> {
    let mut wanted: Vec<String> = modules.to_vec();
    for module in modules {
        let mut directory = module.as_str();
        while let Some((above, _)) = directory.rsplit_once('/') {
            wanted.push(format!("{above}/conftest.py"));
            directory = above;
        }
        wanted.push("conftest.py".to_owned());
    }
    let mut texts = BTreeMap::new();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    while let Some(path) = wanted.pop() {
        if asked.len() > 200 || !asked.insert(path.clone()) {
            continue;
        }
        match read_text(git.world, git.by, &tree.join(&path), req.limits.source).await {
            Ok(text) => {
                wanted.extend(imported_helpers(&path, &text));
                texts.insert(path, text);
            }
            Err(AuditError::World(crate::world::WorldError::File { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(texts)
}

/// Compares the two sides, test by test.
fn weigh(before: &[SideRun], after: &[SideRun], sources: &TestSources, about: &[String]) -> Proof {
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
    let ids: BTreeSet<&String> = before
        .iter()
        .chain(after)
        .flat_map(|run| run.outcomes.keys())
        .collect();
    for id in ids {
        let (Some(old), Some(new)) = (settled(before, id), settled(after, id)) else {
            proof.flaky.push(id.clone());
            continue;
        };
        sort_in(&mut proof, id, &old, &new, sources, about);
    }
    proof
}

/// What all runs of one side say of a test; nothing when they disagree.
fn settled(runs: &[SideRun], id: &str) -> Option<Outcome> {
    let mut all = runs.iter().map(|run| {
        let outcome = run.outcomes.get(id).cloned();
        outcome.unwrap_or_else(|| not_reported(run, id))
    });
    let first = all.next()?;
    all.all(|outcome| outcome.word() == first.word())
        .then_some(first)
}

/// Why a run does not tell of a test: most often its module could not be collected.
fn not_reported(run: &SideRun, id: &str) -> Outcome {
    let collection = run.outcomes.iter().find_map(|(module, outcome)| {
        let module = module.trim_start_matches("::");
        let inside = id.strip_prefix(module)?.starts_with([':', '.']);
        match outcome {
            Outcome::Cannot { why } if inside && !module.is_empty() => Some(why.clone()),
            _ => None,
        }
    });
    Outcome::Cannot {
        why: collection.unwrap_or_else(|| "missing from the report".to_owned()),
    }
}

fn sort_in(
    proof: &mut Proof,
    id: &str,
    old: &Outcome,
    new: &Outcome,
    sources: &TestSources,
    about: &[String],
) {
    let told = |what: &str| Told {
        id: id.to_owned(),
        what: what.to_owned(),
    };
    match (old, new) {
        (Outcome::Fails { message, at }, Outcome::Passes) => proof.fail_to_pass.push(ProvingTest {
            id: id.to_owned(),
            failure: message.clone(),
            reading: sources.read(id, about, at),
        }),
        (Outcome::Passes, Outcome::Passes) => proof.pass_to_pass += 1,
        (Outcome::Cannot { why }, Outcome::Passes) => proof.cannot_without.push(told(why)),
        (Outcome::Passes, Outcome::Fails { message: why, .. } | Outcome::Cannot { why }) => {
            proof.broken.push(told(why));
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
