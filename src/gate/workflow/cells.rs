//! Candidates × platforms: each cell is a run of its own. Pure.
//!
//! Each has jobs of its own, and no `strategy.matrix`: a job that needs a matrix waits for all of
//! its cells, and one blocked candidate would stop the others.

use super::recipe::Recipe;

/// One run of the workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    /// The candidate; none where an input says it.
    pub(super) candidate: Option<String>,
    /// The runner of what names none itself.
    pub(super) platform: Option<String>,
    /// Whether there are others.
    alone: bool,
}

/// All cells; one without anything where nothing was asked for.
pub(super) fn cells(recipe: &Recipe) -> Vec<Cell> {
    let or_none = |all: &[String]| -> Vec<Option<String>> {
        match all {
            [] => vec![None],
            all => all.iter().cloned().map(Some).collect(),
        }
    };
    let (candidates, platforms) = (or_none(&recipe.candidates), or_none(&recipe.platforms));
    let alone = candidates.len() * platforms.len() == 1;
    let with = |candidate: &Option<String>| {
        let candidate = candidate.clone();
        platforms.iter().map(move |platform| Cell {
            candidate: candidate.clone(),
            platform: platform.clone(),
            alone,
        })
    };
    candidates.iter().flat_map(with).collect()
}

impl Cell {
    /// What tells it from the others, in names of jobs and artifacts.
    pub(super) fn suffix(&self) -> String {
        let parts = [&self.candidate, &self.platform];
        let parts = parts.into_iter().flatten().filter(|_| !self.alone);
        let plain = |letter: char| match letter {
            '!' | '+' => '_',
            other => other,
        };
        let parts = parts.flat_map(|part| std::iter::once('-').chain(part.chars().map(plain)));
        parts.collect()
    }

    /// The same for people; none where there are no others.
    pub(super) fn title(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.candidate, &self.platform]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        (!self.alone).then(|| parts.join(", "))
    }

    /// The artifact that hands the run on.
    pub(super) fn artifact(&self) -> String {
        format!("gate-run{}", self.suffix())
    }
}
