//! Which part of a fix its proof rests on: the fix without each of its hunks in turn.

use serde::{Deserialize, Serialize};

use crate::alignment::gaps;
use crate::world::{Effect, WriteFile};

use super::Behaviour;
use super::error::AuditError;
use super::git::{Git, read_text};
use super::junit::Outcome;
use super::proof::{Proof, ProvingTest, failing};
use super::request::AuditRequest;
use super::run::run_side;
use super::syntax::{FilePair, compare};
use super::worktrees::Worktrees;

/// Which tests hold which hunk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Each hunk that changes behaviour in scope.
    pub hunks: Vec<Hunk>,
    /// Hunks over the limit, which were not tried.
    pub not_tried: usize,
}

impl Load {
    /// Whether the proof passes with every hunk taken out in turn: then it proves none of them.
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
    /// Lines it takes away and adds.
    pub size: (usize, usize),
    /// What the proving tests do without it.
    pub without: Without,
}

/// What the proving tests do without a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proof", content = "tests", rename_all = "kebab-case")]
pub enum Without {
    /// These turn red: they rest on it.
    Red(Vec<String>),
    /// All pass: none of them rests on it.
    Green,
    /// They cannot run: the rest of the fix needs it.
    Breaks,
}

/// Takes out each hunk in turn and runs the tests.
pub(super) async fn load(
    git: Git<'_>,
    req: &AuditRequest,
    behaviour: &Behaviour,
    trees: &Worktrees,
    modules: &[String],
    proof: &Proof,
) -> Result<Load, AuditError> {
    let proving: Vec<&str> = proof
        .fail_to_pass
        .iter()
        .filter(|test| test.proves())
        .map(|test: &ProvingTest| test.id.as_str())
        .collect();
    let mut load = Load::default();
    for file in behaviour
        .files
        .iter()
        .filter(|file| file.in_scope && !file.test)
    {
        let place = trees.after.join(&file.path);
        let Ok(after) = read_text(git.world, git.by, &place, req.limits.source).await else {
            continue;
        };
        let old = file.renamed_from.as_ref().unwrap_or(&file.path);
        let before = trees.before.join(old);
        let before = read_text(git.world, git.by, &before, req.limits.source).await;
        let before = before.unwrap_or_default();
        for (mut hunk, text) in hunks(&file.path, &before, &after, req) {
            if load.hunks.len() >= req.limits.hunks {
                load.not_tried += 1;
                continue;
            }
            write(git, &place, text).await?;
            let report = trees.report("hunk", u32::try_from(load.hunks.len()).unwrap_or(u32::MAX));
            let run = run_side(git, req, &trees.after, report, modules, 0).await;
            write(git, &place, after.clone()).await?;
            let run = run?;
            let red = failing(&run.outcomes, &proving);
            let green = proving
                .iter()
                .all(|id| matches!(run.outcomes.get(*id), Some(Outcome::Passes)));
            hunk.without = if !red.is_empty() {
                Without::Red(red.into_iter().map(str::to_owned).collect())
            } else if green {
                Without::Green
            } else {
                Without::Breaks
            };
            load.hunks.push(hunk);
        }
    }
    Ok(load)
}

async fn write(git: Git<'_>, path: &crate::world::Place, text: String) -> Result<(), AuditError> {
    let write = Effect::WriteFile(WriteFile {
        path: path.clone(),
        text,
        replace: true,
    });
    git.world.perform(git.by, write).await?;
    Ok(())
}

/// Hunks that change behaviour, each with the file's text without it.
fn hunks(path: &str, before: &str, after: &str, req: &AuditRequest) -> Vec<(Hunk, String)> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    gaps(&old, &new)
        .into_iter()
        .filter_map(|gap| {
            let (gone, come) = (gap.before, gap.after);
            let mut text = new[..come.start].concat();
            text.push_str(&old[gone.clone()].concat());
            text.push_str(&new[come.end..].concat());
            let pair = FilePair {
                path: path.to_owned(),
                before: Some(text.clone()),
                after: Some(after.to_owned()),
            };
            let compared = compare(&[pair], &req.logging);
            let matters = !compared.changes.is_empty() || !compared.unreadable.is_empty();
            let hunk = Hunk {
                path: path.to_owned(),
                line: u32::try_from(come.start + 1).unwrap_or(u32::MAX),
                size: (gone.len(), come.len()),
                without: Without::Green,
            };
            matters.then_some((hunk, text))
        })
        .collect()
}
