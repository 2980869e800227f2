//! Which part of a fix its proof depends on: tests the fix without each of its hunks in turn.

use crate::model::alignment::gaps;
use crate::world::{Effect, WriteFile};

use super::error::AuditError;
use super::git::{Git, read_text};
use super::outcome::Outcome;
use super::proof::{Hunk, Load, Proof, ProvingTest, Without};
use super::prover::Proving;
use super::request::AuditRequest;
use super::side::Sides;
use super::syntax::{FilePair, compare};
use super::weigh::failing;

/// Removes each hunk in turn and runs the tests.
pub(super) async fn load(
    audit: &Proving<'_>,
    sides: &Sides,
    proof: &Proof,
) -> Result<Load, AuditError> {
    let (git, req, trees) = (audit.git, audit.req, audit.trees);
    let proving: Vec<&str> = proof
        .fail_to_pass
        .iter()
        .filter(|test| test.proves())
        .map(|test: &ProvingTest| test.id.as_str())
        .collect();
    let mut load = Load::default();
    for file in audit
        .behaviour
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
            let count = u32::try_from(load.hunks.len()).unwrap_or(u32::MAX);
            let report = audit.report("hunk", count);
            let run = audit.run(&trees.after, &sides.after, report, 0).await;
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
