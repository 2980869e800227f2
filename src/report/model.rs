//! A run in words: what the events say, put together for people and machines. Built from events
//! alone, so a live run, a journal and a bundle give the same report.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{Event, EventKind, Reporter};
use crate::gate::{Fact, Gate, Outcome, Stop, SubtaskId, Verdict};

/// Version of the report's JSON.
pub const REPORT_FORMAT: u32 = 1;

/// A run, finished or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// See [`REPORT_FORMAT`].
    pub format: u32,
    /// Id of the run.
    pub run: String,
    /// Name of the gate.
    pub gate: String,
    /// Title of the gate.
    pub title: String,
    /// Mission of the gate.
    pub mission: String,
    /// None while it runs, and when it was cut off.
    pub verdict: Option<Verdict>,
    /// Whether it has no verdict, and nobody is at work on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut_off: bool,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When its last event happened.
    pub ended: Option<Timestamp>,
    /// In plan order.
    pub work_packages: Vec<PackageReport>,
    /// All facts, by name.
    pub facts: Vec<Fact>,
    /// Why the evidence is not complete; empty when it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence_problems: Vec<String>,
}

/// A work package in a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackageReport {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// In plan order.
    pub subtasks: Vec<SubtaskReport>,
}

/// A subtask in a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubtaskReport {
    /// Its id.
    pub id: SubtaskId,
    /// Its title.
    pub title: String,
    /// How it ended; none while it runs or waits.
    pub result: Option<Outcome>,
    /// How long it took, in milliseconds.
    #[serde(rename = "took_milliseconds", with = "crate::world::milliseconds")]
    pub took: Duration,
}

impl Report {
    /// A report of a gate that has not begun.
    #[must_use]
    pub fn new(gate: &Gate) -> Self {
        let work_packages = gate.work_packages.iter().map(|package| PackageReport {
            id: package.id.clone(),
            title: package.title.clone(),
            subtasks: package
                .subtasks
                .iter()
                .map(|subtask| SubtaskReport {
                    id: subtask.id.clone(),
                    title: subtask.title.clone(),
                    result: None,
                    took: Duration::ZERO,
                })
                .collect(),
        });
        Self {
            format: REPORT_FORMAT,
            run: String::new(),
            gate: gate.name.clone(),
            title: gate.title.clone(),
            mission: gate.mission.clone(),
            verdict: None,
            cut_off: false,
            started: None,
            ended: None,
            work_packages: work_packages.collect(),
            facts: Vec::new(),
            evidence_problems: Vec::new(),
        }
    }

    /// All subtasks, in plan order.
    pub fn subtasks(&self) -> impl Iterator<Item = &SubtaskReport> {
        self.work_packages
            .iter()
            .flat_map(|package| &package.subtasks)
    }

    /// Subtasks whose outcome is a finding, worst kind first, then in plan order.
    #[must_use]
    pub fn findings(&self) -> Vec<&SubtaskReport> {
        let mut found: Vec<&SubtaskReport> = self
            .subtasks()
            .filter(|subtask| {
                subtask
                    .result
                    .as_ref()
                    .is_some_and(|result| result.finding().is_some())
            })
            .collect();
        found.sort_by_key(|subtask| {
            std::cmp::Reverse(subtask.result.as_ref().map(Outcome::verdict))
        });
        found
    }

    /// How many subtasks ended in which way, by [`label`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for subtask in self.subtasks() {
            *counts.entry(label(subtask.result.as_ref())).or_default() += 1;
        }
        counts
    }

    /// The verdict in words. A dry run shows nothing of what it left out, so it has not passed.
    #[must_use]
    pub fn verdict_in_words(&self) -> String {
        match self.verdict {
            Some(Verdict::Passed) if self.is_dry_run() => {
                "dry run, nothing wrong so far".to_owned()
            }
            Some(verdict) => verdict.to_string(),
            None if self.cut_off => "cut off".to_owned(),
            None => "still running".to_owned(),
        }
    }

    /// Whether something was left out because of a dry run.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.left_out()
            .any(|because| matches!(because, Stop::DryRun(_)))
    }

    /// Whether something was left out because it was not asked for.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.left_out().any(|because| *because == Stop::OutOfScope)
    }

    fn left_out(&self) -> impl Iterator<Item = &Stop> {
        self.subtasks().filter_map(|subtask| match &subtask.result {
            Some(Outcome::NotRun { because }) => Some(because),
            _ => None,
        })
    }

    /// Notes that the evidence is not complete: then nothing counts as passed.
    pub fn evidence_incomplete(&mut self, why: &str) {
        let verdict = self.verdict.unwrap_or(Verdict::Error);
        self.verdict = Some(verdict.max(Verdict::Error));
        self.evidence_problems.push(why.to_owned());
    }

    /// Takes over what an earlier part of the run found out.
    pub fn keep(&mut self, id: &SubtaskId, outcome: &Outcome, facts: &[Fact]) {
        let all = self
            .work_packages
            .iter_mut()
            .flat_map(|package| &mut package.subtasks);
        for entry in all.filter(|entry| entry.id == *id) {
            entry.result = Some(outcome.clone());
        }
        self.facts.extend_from_slice(facts);
        self.facts.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Takes one event.
    pub fn take(&mut self, event: &Event) {
        // The latest, whichever order parallel subtasks' events are read in.
        self.ended = self.ended.max(Some(event.time));
        match &event.kind {
            EventKind::RunStarted { run, .. } => {
                self.run.clone_from(run);
                self.started.get_or_insert(event.time);
            }
            EventKind::FactPublished(fact) => {
                // Always sorted: facts that come in their names' order are only added at the end.
                let at = self.facts.partition_point(|other| other.name < fact.name);
                let same = self.facts[at..]
                    .iter()
                    .take_while(|other| other.name == fact.name);
                let same = at..at + same.count();
                self.facts.splice(same, [fact.clone()]);
            }
            EventKind::SubtaskEnded {
                subtask,
                outcome,
                took,
                ..
            } => {
                let all = self
                    .work_packages
                    .iter_mut()
                    .flat_map(|package| &mut package.subtasks);
                for entry in all.filter(|entry| entry.id == *subtask) {
                    entry.result = Some(outcome.clone());
                    entry.took = *took;
                }
            }
            EventKind::RunEnded { verdict } => self.verdict = Some(*verdict),
            EventKind::SubtaskStarted { .. }
            | EventKind::Progress { .. }
            | EventKind::Interrupted => {}
        }
    }
}

/// Builds a report while a run goes on.
impl Reporter for Report {
    fn event(&mut self, event: &Event) {
        self.take(event);
    }
}

/// One word for how a subtask ended.
#[must_use]
pub fn label(result: Option<&Outcome>) -> &'static str {
    match result {
        None => "waiting",
        Some(Outcome::Passed { .. }) => "passed",
        Some(Outcome::Skipped { .. }) => "skipped",
        Some(Outcome::Blocked(_)) => "blocked",
        Some(Outcome::Error(_)) => "error",
        Some(Outcome::Failed(_)) => "failed",
        Some(Outcome::Critical(_)) => "critical",
        Some(Outcome::NotRun {
            because: Stop::Interrupted,
        }) => "interrupted",
        Some(Outcome::NotRun { .. }) => "not run",
    }
}

/// One line that says why.
#[must_use]
pub fn note(result: &Outcome) -> String {
    match result {
        Outcome::Passed { note, .. } => note.clone(),
        Outcome::Skipped { why } => why.clone(),
        Outcome::Blocked(finding)
        | Outcome::Error(finding)
        | Outcome::Failed(finding)
        | Outcome::Critical(finding) => finding.what.clone(),
        Outcome::NotRun { because } => match because {
            Stop::DryRun(would) => format!("dry run: would {would}"),
            Stop::Subtask(id) => format!("stopped by {id}"),
            Stop::OutOfScope => "not asked for".to_owned(),
            Stop::Interrupted => "interrupted".to_owned(),
        },
    }
}
