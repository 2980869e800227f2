//! The dynamic part of an audit: runs the fix's tests without the fix and with it, and once more on
//! the fix without its change in scope.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::SubtaskId;
use crate::world::{Place, World, strand};

use super::behaviour::Behaviour;
use super::brought::Brought;
use super::change::{ChangedFile, Status, versions};
use super::error::AuditError;
use super::git::{Git, read_text};
use super::imports;
use super::load::load;
use super::neutral;
use super::outcome::Outcome;
use super::overlay::{as_before, product, scoped};
use super::project::Project;
use super::proof::{Proof, ProvingTest, Told};
use super::prover::Proving;
use super::request::AuditRequest;
use super::run::{Asked, SideRun, run_side};
use super::selection::tests_to_run;
use super::side::{Side, Sides};
use super::sides::prepare;
use super::sources::{TestSources, imported_helpers};
use super::stubs::stub_missing;
use super::syntax::grammar_for;
use super::verdict::{Verdict, verdict_of_proof};
use super::weigh::{Scales, weigh};
use super::worktrees::{Stores, Worktrees, clean_up as clean_up_worktrees};

/// Removes what an earlier audit in the same scratch directory left behind.
///
/// # Errors
/// The error of git.
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
        objects: None,
    };
    clean_up_worktrees(git, &req.scratch).await
}

/// Runs the fix's tests on both sides. Unless it is cancelled, it always leaves the repository
/// unchanged; what a cancelled proof leaves behind, the next one in the same scratch directory
/// removes.
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
        objects: None,
    };
    let project = Project::read(git, &behaviour.commits.fix, &sources(behaviour)).await?;
    let product = product(&behaviour.files, &req.scope, &project);
    let modules = tests_to_run(git, req, behaviour, &product, &project).await?;
    if modules.is_empty() {
        return Ok(Proof::default());
    }
    let stores = Stores::of(git).await?;
    let git = Git {
        objects: Some(&stores.objects),
        ..git
    };
    let commits = &behaviour.commits;
    let trees = Worktrees::make(git, &stores, &req.scratch, commits, &product).await?;
    let proving = Proving {
        git,
        req,
        behaviour,
        trees: &trees,
        modules: &modules,
        scoped: scoped(&product),
        product: &product,
    };
    let proof = proving.prove(&project).await;
    let removed = trees.remove(git).await;
    // The caller needs the first error.
    let mut proof = proof?;
    removed?;
    for trace in trees.traces(git, &stores, &req.scratch).await? {
        proof
            .trouble
            .push(format!("a test wrote outside its checkout: {trace}"));
    }
    Ok(proof)
}

/// The sources in scope that the fix leaves there, and its tests: what belongs to one project.
fn sources(behaviour: &Behaviour) -> Vec<&str> {
    let is_source = |file: &&ChangedFile| {
        let counts = (file.in_scope || file.test) && file.status != Status::Deleted;
        counts && grammar_for(&file.path).is_some()
    };
    let files = behaviour.files.iter().filter(is_source);
    files.map(|file| file.path.as_str()).collect()
}

/// How a side is called.
const WITHOUT_SCOPE: &str = "with the fix but for its files in scope";

/// All runs of both sides.
struct Runs {
    before: Vec<SideRun>,
    after: Vec<SideRun>,
}

impl Proving<'_> {
    async fn prove(&self, project: &Project) -> Result<Proof, AuditError> {
        let sources: Vec<&str> = self.scoped.iter().map(|file| file.path.as_str()).collect();
        let prepared = prepare(
            self.git,
            self.req,
            self.trees,
            self.behaviour,
            project,
            &sources,
        );
        let sides = match prepared.await? {
            Ok(sides) => sides,
            Err(why) => {
                return Ok(Proof {
                    tests: self.modules.to_vec(),
                    trouble: vec![why],
                    ..Proof::default()
                });
            }
        };
        self.trees.take_over_built(self.git).await?;
        let texts = test_texts(self.git, self.req, &self.trees.after, self.modules).await?;
        let brought = self.brought().await?;
        let stubbed = stub_missing(self.git, &self.trees.before, &texts, &brought).await?;
        let mut runs = self.runs(&sides, self.req.in_turn).await?;
        let mut alone = None;
        if !self.req.in_turn && runs.may_share() {
            // They may have interfered with each other: a port, a path.
            runs = self.runs(&sides, true).await?;
            alone = Some("a test on the fix failed while both sides ran at the same time");
        }
        let sources = TestSources::new(&texts);
        let scales = Scales {
            sources: &sources,
            about: &self.req.about,
            brought: &brought,
            stubbed: &stubbed,
        };
        let mut proof = weigh(&runs.before, &runs.after, &scales);
        proof.open = self.open(&sources, &proof.neither).await?;
        proof.command = sides.shown.expand("report.xml", self.modules);
        proof.environment.clone_from(&sides.environment);
        proof.in_turn = alone.map(str::to_owned);
        proof.tests = self.modules.to_vec();
        let product = self.product.iter().map(|file| file.path.clone());
        proof.product = product.collect();
        proof.repeats = self.req.repeat.max(1);
        self.check_imports(&mut proof).await?;
        neutral::without_log_assertions(self, &sides, &sources, &mut proof).await?;
        if verdict_of_proof(&proof).verdict == Verdict::Substantive {
            self.without_scope(&sides, &texts, &brought, &mut proof)
                .await?;
        }
        if self.req.hunks && proof.fail_to_pass.iter().any(ProvingTest::proves) {
            proof.load = Some(load(self, &sides, &proof).await?);
        }
        Ok(proof)
    }

    /// Of the tests that can run on neither side, those that the fix brings or changes: one of them
    /// may be the proof.
    async fn open(&self, after: &TestSources, neither: &[Told]) -> Result<Vec<Told>, AuditError> {
        if neither.is_empty() {
            return Ok(Vec::new());
        }
        let tests = self.behaviour.files.iter().filter(|file| file.test);
        let files: Vec<ChangedFile> = tests.cloned().map(ChangedFile::into_source).collect();
        let (git, limit) = (self.git, self.req.limits.source);
        let versions = versions(git, &self.behaviour.commits, &files, limit).await?;
        let before = versions.pairs.into_iter();
        let before = before.filter_map(|pair| Some((pair.path, pair.before?)));
        let before = TestSources::new(&before.collect());
        let changed: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let is_open = |told: &&Told| match after.find(&told.id) {
            Some(now) => {
                let then = before.find(&told.id).map(|test| test.node.digest);
                changed.contains(&now.path) && then != Some(now.node.digest)
            }
            // A whole module.
            None => changed.iter().any(|path| is_module(path, &told.id)),
        };
        Ok(neither.iter().filter(is_open).cloned().collect())
    }

    /// What only the fix brings.
    async fn brought(&self) -> Result<Brought, AuditError> {
        let files: Vec<ChangedFile> = self.product.iter().copied().cloned().collect();
        let versions = versions(
            self.git,
            &self.behaviour.commits,
            &files,
            self.req.limits.source,
        )
        .await?;
        let added = files.iter().filter(|file| file.status == Status::Added);
        Ok(Brought::new(
            &versions.pairs,
            added.map(|file| file.path.as_str()),
        ))
    }

    /// Runs both sides, as often as requested.
    async fn runs(&self, sides: &Sides, in_turn: bool) -> Result<Runs, AuditError> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let kind = if in_turn { "-in-turn" } else { "" };
        for round in 0..self.req.repeat.max(1) {
            let side = |name: &'static str, tree, side| {
                let report = self.report(&format!("{name}{kind}"), round);
                strand(name, self.run(tree, side, report, round))
            };
            let old = side("before", &self.trees.before, &sides.before);
            let new = side("after", &self.trees.after, &sides.after);
            let (old, new) = if in_turn {
                (old.await, new.await)
            } else {
                tokio::join!(old, new)
            };
            before.push(old?);
            after.push(new?);
        }
        Ok(Runs { before, after })
    }

    /// Runs the tests once in a worktree.
    pub(super) async fn run(
        &self,
        tree: &Place,
        side: &Side,
        report: Place,
        round: u32,
    ) -> Result<SideRun, AuditError> {
        let asked = Asked {
            tests: &side.tests,
            readable: &side.readable,
            tree,
            modules: self.modules,
            round,
            limits: self.req.limits,
        };
        run_side(self.git, asked, report).await
    }

    /// Where a report goes.
    pub(super) fn report(&self, side: &str, round: u32) -> Place {
        self.trees.report(side, round)
    }

    /// A side that tests another copy of the code shows nothing.
    async fn check_imports(&self, proof: &mut Proof) -> Result<(), AuditError> {
        let kind = if proof.in_turn.is_some() || self.req.in_turn {
            "-in-turn"
        } else {
            ""
        };
        for (side, words) in [("before", "without the fix"), ("after", "with the fix")] {
            let report = self.report(&format!("{side}{kind}"), 0);
            if let Some(why) = imports::foreign(self.git, &report).await? {
                proof.trouble.push(format!("{words}: {why}"));
            }
        }
        Ok(())
    }

    /// Runs the tests once more on the fix with its files in scope as they were before. What
    /// passes there proves something else: another file, a newer dependency, chance.
    async fn without_scope(
        &self,
        sides: &Sides,
        texts: &BTreeMap<String, String>,
        brought: &Brought,
        proof: &mut Proof,
    ) -> Result<(), AuditError> {
        let tree = &self.trees.scope;
        let git = self.git.at(tree);
        as_before(git, &self.behaviour.commits, &self.scoped).await?;
        stub_missing(self.git, tree, texts, brought).await?;
        let report = self.report("without-scope", 0);
        let run = self
            .run(tree, &sides.without_scope, report.clone(), 0)
            .await?;
        if let Some(why) = &run.no_report {
            proof.trouble.push(format!("{WITHOUT_SCOPE}: {why}"));
        }
        if let Some(why) = imports::foreign(self.git, &report).await? {
            proof.trouble.push(format!("{WITHOUT_SCOPE}: {why}"));
        }
        for test in &mut proof.fail_to_pass {
            let outcome = run.outcomes.get(&test.id);
            test.passes_without_scope = matches!(outcome, Some(Outcome::Passes));
        }
        Ok(())
    }
}

impl Runs {
    /// Whether the sides may have interfered with each other: on the fix, where all tests should
    /// pass, something fails, or a side wrote no report. A run that exceeded its time limit would
    /// do so again.
    fn may_share(&self) -> bool {
        let lost = |run: &SideRun| run.no_report.is_some() && !run.timed_out;
        let fails = |run: &SideRun| run.outcomes.values().any(is_failure);
        self.before.iter().chain(&self.after).any(lost)
            || self.after.iter().any(fails) && !self.are_told_apart()
    }

    /// Whether the proof does not depend on interference: a test fails without the fix and passes
    /// with it, and whatever fails with the fix fails with the same message without it, for example
    /// for lack of network. A test that proves the fix is run alone once more before it counts.
    fn are_told_apart(&self) -> bool {
        self.before.iter().zip(&self.after).all(|(old, new)| {
            let alike = |(id, outcome): (&String, &Outcome)| match (outcome, old.outcomes.get(id)) {
                (Outcome::Fails { message, .. }, Some(Outcome::Fails { message: was, .. })) => {
                    message == was
                }
                (Outcome::Fails { .. }, _) => false,
                _ => true,
            };
            let is_fixed = |(id, outcome): (&String, &Outcome)| {
                is_failure(outcome) && new.outcomes.get(id) == Some(&Outcome::Passes)
            };
            new.outcomes.iter().all(alike) && old.outcomes.iter().any(is_fixed)
        })
    }
}

fn is_failure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fails { .. })
}

/// Whether a report refers to this file by the name of a module.
fn is_module(path: &str, id: &str) -> bool {
    let dotted = path.strip_suffix(".py").unwrap_or(path).replace('/', ".");
    let name = id.trim_start_matches("::");
    dotted == name || path == name || dotted.ends_with(&format!(".{name}"))
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
