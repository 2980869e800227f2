//! A gate as a GitHub Actions workflow: a line of jobs, each of which takes the run over from the
//! one before as an artifact. Pure; nothing of it schedules anything, that is the engine's.
//!
//! Whatever comes from a gate file or a command line is quoted where it stands: no text of theirs
//! is an expression, a shell word more, or a key of the YAML.

mod cells;
mod line;
mod recipe;
mod steps;
mod yaml;

use std::fmt::Write as _;

use super::Gate;
use cells::{Cell, cells};
use line::{Job, Writes, line};
use recipe::{AROUND, LONGEST, RUNNER};
use steps::{Checkout, Steps, checkouts, verdicts, vouching};
use yaml::{flow, quoted};

pub use line::UnknownSplit;
pub use recipe::{Recipe, Started, WorkflowError};

/// The workflow of a gate.
///
/// # Errors
/// When a value of the recipe cannot stand in a workflow.
pub fn workflow(gate: &Gate, recipe: &Recipe) -> Result<String, WorkflowError> {
    check(gate, recipe)?;
    let maker = Maker {
        gate,
        recipe,
        line: line(gate, &recipe.split)?,
        checkouts: checkouts(gate),
    };
    let mut text = maker.head();
    let cells = cells(recipe);
    let mut ids = Vec::new();
    for cell in &cells {
        ids.extend((0..maker.line.len()).map(|at| maker.id(cell, at)));
        for at in 0..maker.line.len() {
            text.push_str(&maker.job(cell, at));
        }
    }
    if recipe.vouch {
        text.push_str(&vouching(&ids));
    }
    if cells.len() > 1 {
        text.push_str(&verdicts(recipe, &ids));
    }
    Ok(text)
}

fn check(gate: &Gate, recipe: &Recipe) -> Result<(), WorkflowError> {
    let plain = |what, marks: &'static str, got: &str| {
        let odd = |letter: char| !letter.is_ascii_alphanumeric() && !marks.contains(letter);
        if got.is_empty() || got.contains(odd) {
            let got = got.to_owned();
            return Err(WorkflowError::Odd { what, marks, got });
        }
        Ok(())
    };
    for candidate in &recipe.candidates {
        plain("--candidate", ".!+_-", candidate)?;
    }
    for platform in &recipe.platforms {
        plain("--platform", "._-", platform)?;
    }
    plain("--environment", "._- ", &recipe.environment)?;
    for (what, file) in [("--gate", &recipe.gate_file), ("--key", &recipe.key)] {
        if let Some(file) = file {
            plain(what, "./_-", file)?;
        }
    }
    if let Started::Nix(flake) = &recipe.program {
        plain("--flake", ":/?=#&@%._+-", flake)?;
    }
    for Checkout {
        repository, path, ..
    } in checkouts(gate)
    {
        plain(
            "a `repository` of the gate's parameters",
            "./_-",
            &repository,
        )?;
        plain("a `checkout` of the gate's parameters", "./_-", &path)?;
    }
    Ok(())
}

/// What all jobs are made with.
struct Maker<'a> {
    gate: &'a Gate,
    recipe: &'a Recipe,
    line: Vec<Job<'a>>,
    checkouts: Vec<Checkout>,
}

impl Maker<'_> {
    fn head(&self) -> String {
        let asks = self.recipe.candidates.is_empty();
        let candidate = if asks {
            "      candidate:\n        description: The one candidate to gate; empty means the \
             newest\n        type: string\n        default: \"\"\n"
        } else {
            ""
        };
        let packages = self.gate.work_packages.iter();
        let packages: Vec<&str> = packages.map(|package| package.id.as_str()).collect();
        let options = flow(std::iter::once("all").chain(packages));
        let group = if asks {
            "${{ inputs.candidate || 'newest' }}".to_owned()
        } else {
            self.recipe.candidates.join("-")
        };
        let name = &self.gate.name;
        format!(
            "# Made by `gate workflow`: change the gate, and make it again.\n\
             name: {}\n\n\
             on:\n  workflow_dispatch:\n    inputs:\n{candidate}      resume:\n        \
             description: Id of an earlier workflow run whose gate is to be resumed\n        \
             type: string\n        default: \"\"\n      until:\n        \
             description: The last work package to run\n        \
             type: choice\n        default: all\n        options: {options}\n\n\
             # one at a time for a candidate, and never one that is cut off in the middle\n\
             concurrency:\n  group: \"gate {name} {group}\"\n  cancel-in-progress: false\n\n\
             permissions: {{}}\n\njobs:\n",
            quoted(&self.gate.title),
        )
    }

    /// The id of the job at a place in the line.
    fn id(&self, cell: &Cell, at: usize) -> String {
        let packages = &self.line[at].packages;
        let first = packages.first().map_or("", |package| &package.id);
        let last = packages.last().map_or("", |package| &package.id);
        let span = if first == last {
            first.to_owned()
        } else {
            format!("{first}-to-{last}")
        };
        let id = format!("gate-{span}{}", cell.suffix());
        let plain = |letter: char| if letter == '.' { '-' } else { letter };
        id.to_lowercase().chars().map(plain).collect()
    }

    fn job(&self, cell: &Cell, at: usize) -> String {
        let mut text = format!("  {}:\n", self.id(cell, at));
        // Writing to a String cannot fail.
        let _ = self.job_head(&mut text, cell, at);
        let first = self.id(cell, 0);
        let steps = Steps {
            gate: self.gate,
            recipe: self.recipe,
            checkouts: &self.checkouts,
            cell,
            job: &self.line[at],
            id: &self.id(cell, at),
            first: (at > 0).then_some(first.as_str()),
        };
        text.push_str(&steps.text());
        text
    }

    fn job_head(&self, text: &mut String, cell: &Cell, at: usize) -> std::fmt::Result {
        let job = &self.line[at];
        let packages: Vec<&str> = job.ids().collect();
        let of_cell = cell.title().map(|title| format!(" ({title})"));
        let name = packages.join(", ") + &of_cell.unwrap_or_default();
        writeln!(text, "    name: {}", quoted(&name))?;
        if at > 0 {
            // the first for its outputs, the last for its artifact
            let mut needs = vec![self.id(cell, 0), self.id(cell, at - 1)];
            needs.dedup();
            writeln!(text, "    needs: [{}]", needs.join(", "))?;
        }
        writeln!(
            text,
            "    if: >-\n      !cancelled() && !failure() &&\n      (inputs.until == 'all' || \
             contains(fromJSON('[{}]'), inputs.until))",
            self.reached_by(job)
        )?;
        let runner = job.runs_on.or(cell.platform.as_deref()).unwrap_or(RUNNER);
        writeln!(text, "    runs-on: {runner}")?;
        writeln!(text, "    timeout-minutes: {}", self.minutes(job))?;
        if job.writes != Writes::Nothing {
            writeln!(
                text,
                "    environment: {} # its reviewers say yes before anything is written",
                quoted(&self.recipe.environment)
            )?;
        }
        let issues = if job.writes == Writes::Nothing {
            "read"
        } else {
            "write"
        };
        writeln!(
            text,
            "    permissions:\n      contents: read # the checkouts\n      \
             issues: {issues} # what the gate's policy lists\n      \
             pull-requests: read # which change closed an issue"
        )?;
        if at == 0 {
            writeln!(text, "      actions: read # the run to be resumed")?;
            self.outputs(text)?;
        }
        Ok(())
    }

    /// What later jobs read of the first one.
    fn outputs(&self, text: &mut String) -> std::fmt::Result {
        if self.checkouts.is_empty() {
            return Ok(());
        }
        writeln!(text, "    outputs: # all jobs look at the same commits")?;
        for checkout in &self.checkouts {
            let name = &checkout.name;
            writeln!(
                text,
                "      {name}: ${{{{ steps.commits.outputs.{name} }}}}"
            )?;
        }
        Ok(())
    }

    /// The work packages that are reached only through this job, as the inside of a JSON list.
    fn reached_by(&self, job: &Job<'_>) -> String {
        let reaches = |id: &str| {
            let scope = crate::model::Scope::Until(id.to_owned());
            let all = self.gate.packages_in(&scope);
            job.ids().any(|one| all.contains(one))
        };
        let ids = self.gate.work_packages.iter().map(|package| &package.id);
        let ids: Vec<String> = ids
            .filter(|id| reaches(id))
            .map(|id| format!("\"{id}\""))
            .collect();
        ids.join(",")
    }

    /// How long a job may take: all its subtasks one after the other, and what is around them.
    fn minutes(&self, job: &Job<'_>) -> u64 {
        let facts = crate::model::Facts::default();
        let Ok(quotable) = crate::model::context(&self.gate.parameters, &facts) else {
            return LONGEST;
        };
        let subtasks = job.packages.iter().flat_map(|package| &package.subtasks);
        let each = subtasks.map(|subtask| subtask.time_limit(&quotable).ok());
        let all: Option<std::time::Duration> = each.sum();
        let minutes = all.map(|all| all.as_secs().div_ceil(60) + AROUND);
        minutes.unwrap_or(LONGEST).min(LONGEST)
    }
}

#[cfg(test)]
mod tests;
