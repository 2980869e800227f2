//! Decides tests that assert on both logs and behaviour: their assertions on logs are removed, and
//! without the fix they must still fail.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{Effect, WriteFile};

use super::error::AuditError;
use super::git::read_text;
use super::outcome::Outcome;
use super::proof::{Proof, ProvingTest};
use super::prover::Proving;
use super::rule::{AssertsOn, log_assertions};
use super::side::Sides;
use super::sources::TestSources;

/// Runs once more, without the fix, the tests whose first failing assertion looks at logs.
pub(super) async fn without_log_assertions(
    proving: &Proving<'_>,
    sides: &Sides,
    sources: &TestSources,
    proof: &mut Proof,
) -> Result<(), AuditError> {
    let (git, req, trees) = (proving.git, proving.req, proving.trees);
    // One good proof is enough; this run is needed only if everything depends on it.
    if proof.fail_to_pass.iter().any(ProvingTest::proves) {
        return Ok(());
    }
    let mut cut: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for test in &proof.fail_to_pass {
        if test.reading.asserts_on == AssertsOn::LogsFirst {
            for (path, line) in log_assertions(sources, &test.id) {
                cut.entry(path).or_default().insert(line);
            }
        }
    }
    if cut.is_empty() {
        return Ok(());
    }
    for (path, lines) in &cut {
        let place = trees.before.join(path);
        let text = read_text(git.world, git.by, &place, req.limits.source).await?;
        let Some(text) = without_statements(&text, lines) else {
            return Ok(());
        };
        let write = Effect::WriteFile(WriteFile {
            path: place,
            text,
            replace: true,
        });
        git.world.perform(git.by, write).await?;
    }
    let report = proving.report("neutral", 0);
    let run = proving.run(&trees.before, &sides.before, report, 0).await?;
    for test in &mut proof.fail_to_pass {
        let still_fails = matches!(run.outcomes.get(&test.id), Some(Outcome::Fails { .. }));
        if test.reading.asserts_on == AssertsOn::LogsFirst && still_fails {
            test.reading.asserts_on = AssertsOn::Behaviour;
        }
    }
    Ok(())
}

/// Replaces the simple statements that start on these lines by `pass`, line numbers kept.
fn without_statements(text: &str, lines: &BTreeSet<u32>) -> Option<String> {
    let mut parser = tree_sitter::Parser::new();
    parser
        .set_language(&tree_sitter_python::LANGUAGE.into())
        .ok()?;
    let tree = parser.parse(text, None)?;
    let mut ranges = Vec::new();
    let mut rest = vec![tree.root_node()];
    while let Some(node) = rest.pop() {
        let line = u32::try_from(node.start_position().row + 1).ok()?;
        let simple = matches!(node.kind(), "assert_statement" | "expression_statement");
        if simple && lines.contains(&line) {
            ranges.push(node.byte_range());
            continue;
        }
        let mut cursor = node.walk();
        rest.extend(node.children(&mut cursor));
    }
    ranges.sort_by_key(|range| std::cmp::Reverse(range.start));
    let mut text = text.to_owned();
    for range in ranges {
        let breaks = "\n".repeat(text.get(range.clone())?.matches('\n').count());
        text.replace_range(range, &format!("pass{breaks}"));
    }
    Some(text)
}
