//! The report of a run, collected from its events for people and machines. Built from events alone,
//! so a live run, a journal and a bundle give the same report.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::writes::{Fate, Written};
use crate::engine::Reporter;
use crate::gate::Gate;
use crate::model::escape::{one_line, visible_value};
use crate::model::subject::Subject;
use crate::model::{Event, EventKind, Fact, Outcome, Stop, SubtaskId, Verdict};

/// The note on a run whose code under test could access the operator's files.
pub(super) const UNCONFINED: &str = "The code that was judged ran without a sandbox.";

/// Version of the report's JSON.
pub const REPORT_FORMAT: u32 = 1;

/// Version of the reports of a new run. The journal's header records it: the reports of a bundle
/// are rendered again when it is verified, and must equal those that it was made with.
///
/// 1: the first form. 2: adds the page, and what was written externally. 3: the page states where
/// and under which login the run took place.
pub const REPORTS: u32 = 3;

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
    /// None while it runs, and if it was interrupted.
    pub verdict: Option<Verdict>,
    /// Whether it has no verdict, and no process is working on it.
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
    /// What was written externally; none if that was not determined, as in earlier reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Vec<Written>>,
    /// Why the evidence is not complete; empty if it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence_problems: Vec<String>,
    /// Whether the code under test ran without a sandbox.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfined: bool,
    /// What the verdict applies to; none in journals of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
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
    #[serde(rename = "took_milliseconds", with = "crate::model::milliseconds")]
    pub took: Duration,
}

impl Report {
    /// A report of a gate that has not started.
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
            written: None,
            evidence_problems: Vec::new(),
            unconfined: false,
            subject: None,
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

    /// Number of subtasks by how they ended, by [`label`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for subtask in self.subtasks() {
            *counts.entry(label(subtask.result.as_ref())).or_default() += 1;
        }
        counts
    }

    /// The verdict as text. A dry run shows nothing about what it left out, so it has not passed;
    /// anything that is not a verdict on a release is labelled as such.
    #[must_use]
    pub fn verdict_in_words(&self) -> String {
        let words = match self.verdict {
            Some(Verdict::Passed) if self.is_dry_run() => {
                "dry run, nothing wrong so far".to_owned()
            }
            Some(verdict) => verdict.to_string(),
            None if self.cut_off => "interrupted by a kill".to_owned(),
            None => "still running".to_owned(),
        };
        match &self.subject {
            Some(subject) => subject.in_words(&words),
            None => words,
        }
    }

    /// Whether something was left out because of a dry run.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        let asked_for = self.subject.as_ref().is_some_and(|one| one.dry_run);
        let left_out = |because| matches!(because, &Stop::DryRun(_) | &Stop::DryRunNeeds(_));
        asked_for || self.left_out().any(left_out)
    }

    /// Whether something was left out because it was not requested.
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

    /// Records that the evidence is not complete: then nothing counts as passed.
    pub fn evidence_incomplete(&mut self, why: &str) {
        let verdict = self.verdict.unwrap_or(Verdict::Error);
        self.verdict = Some(verdict.max(Verdict::Error));
        self.evidence_problems.push(why.to_owned());
    }

    /// Adds a result of an earlier part of the run.
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

    /// What was written externally, one line each; none if that was not determined.
    #[must_use]
    pub fn written_in_words(&self) -> Option<Vec<String>> {
        let line = |one: &Written| {
            let Written {
                by,
                what,
                url,
                fate,
            } = one;
            let url = url
                .as_deref()
                .map_or(String::new(), |url| format!(", {url}"));
            match fate {
                Fate::Done => format!("{by} {what}{url}"),
                other => format!("{by} {what}: {}{url}", other.words()),
            }
        };
        let written = self.written.as_ref()?;
        Some(written.iter().map(line).collect())
    }

    /// Adds one event.
    pub fn take(&mut self, event: &Event) {
        // The latest, in whichever order parallel subtasks' events are read.
        self.ended = self.ended.max(Some(event.time));
        match &event.kind {
            EventKind::RunStarted { run, .. } => {
                self.run.clone_from(run);
                self.started.get_or_insert(event.time);
            }
            EventKind::FactPublished(fact) => {
                // Always sorted: facts that arrive in the order of their names are appended.
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

/// Builds a report during a run.
impl Reporter for Report {
    fn event(&mut self, event: &Event) {
        self.take(event);
    }
}

/// One word for how a subtask ended.
#[must_use]
pub fn label(result: Option<&Outcome>) -> &'static str {
    result.map_or("waiting", Outcome::word)
}

/// Recorded data for display: every character is visible, and none has an effect. Each rendering
/// for people starts here; output for programs is JSON, which has escapes of its own.
pub(super) fn shown<T: Clone + Serialize + serde::de::DeserializeOwned>(recorded: &T) -> T {
    let value = serde_json::to_value(recorded).map(visible_value);
    // Escaping changes only strings, so what was written can be read back; a test checks this.
    value
        .and_then(serde_json::from_value)
        .unwrap_or_else(|_| recorded.clone())
}

/// The same, each text of it in one line: for outputs in which a line is a result.
pub(super) fn shown_in_lines(event: &Event) -> Event {
    let value = serde_json::to_value(event).map(in_lines);
    value
        .and_then(serde_json::from_value)
        .unwrap_or_else(|_| event.clone())
}

fn in_lines(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(one_line(&text)),
        Value::Array(all) => all.into_iter().map(in_lines).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, in_lines(value)))
            .collect(),
        other => other,
    }
}

/// The reason, in one line.
#[must_use]
pub fn note(result: &Outcome) -> String {
    one_line(&why(result))
}

fn why(result: &Outcome) -> String {
    match result {
        Outcome::Passed { note, .. } => note.clone(),
        Outcome::Skipped { why } => why.clone(),
        Outcome::Blocked(finding)
        | Outcome::Error(finding)
        | Outcome::Failed(finding)
        | Outcome::Critical(finding) => finding.what.clone(),
        Outcome::NotRun { because } => match because {
            Stop::DryRun(would) => format!("dry run: would {would}"),
            Stop::DryRunNeeds(what) => format!("dry run: needs {what}"),
            Stop::Subtask(id) => format!("stopped by {id}"),
            Stop::OutOfScope => "not asked for".to_owned(),
            Stop::Interrupted => "interrupted".to_owned(),
        },
    }
}
