//! The details of a subtask: what it waited for, requested and found.

use serde::Serialize;

use super::exchange::{self, ExchangeShown, Stream};
use super::links::Evidence;
use super::text::{Clipped, clipped, duration, line, milliseconds, visible};
use crate::gate::Gate;
use crate::journal::{Course, Exchange, Folded};
use crate::model::{Facts, Outcome, SubtaskId};
use crate::report::model::{PackageReport, Report, SubtaskReport, label, note};

/// Lines of the last log that are shown.
const LOG_LINES: usize = 14;

/// A work package.
#[derive(Debug, Serialize)]
pub(super) struct PackageShown {
    id: String,
    title: String,
    goal: String,
    counts: String,
    passed: bool,
    subtasks: Vec<SubtaskShown>,
}

#[derive(Debug, Serialize)]
struct SubtaskShown {
    id: String,
    title: String,
    label: &'static str,
    passed: bool,
    note: String,
    took: Option<String>,
    started: Option<String>,
    waited: Option<String>,
    /// How long it only let time pass.
    paused: Option<String>,
    after: Vec<String>,
    before: Vec<String>,
    finding: Option<FindingShown>,
    warnings: Vec<String>,
    facts: Vec<FactShown>,
    exchanges: Vec<ExchangeShown>,
    /// Readings of the clock and the like.
    passed_over: usize,
    earlier: usize,
    log: Option<Log>,
}

/// A finding for display.
#[derive(Debug, Serialize)]
pub(super) struct FindingShown {
    id: String,
    title: String,
    label: &'static str,
    what: String,
    seen: Clipped,
    remedy: Option<String>,
}

#[derive(Debug, Serialize)]
struct FactShown {
    name: String,
    value: Clipped,
    anchor: Option<String>,
    exchange: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Log {
    of: u32,
    anchor: String,
    stream: Stream,
}

/// The target of links to a request.
pub(super) fn anchor(by: &SubtaskId, n: u32) -> String {
    format!("{}-{n}", identifier(by.as_str()))
}

/// An id that can be used in an address and in an attribute.
pub(super) fn identifier(id: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || "._-".contains(letter) {
            letter
        } else {
            '_'
        }
    };
    id.chars().map(plain).collect()
}

/// The finding of a subtask, if it has one.
pub(super) fn finding(subtask: &SubtaskReport) -> Option<FindingShown> {
    let finding = subtask.result.as_ref()?.finding()?;
    Some(FindingShown {
        id: visible(subtask.id.as_str()),
        title: visible(&subtask.title),
        label: label(subtask.result.as_ref()),
        what: visible(&finding.what),
        seen: clipped(&finding.seen.join("\n")),
        remedy: finding.remedy.as_deref().map(visible),
    })
}

/// The data for showing a subtask.
pub(super) struct Shelf<'a> {
    pub(super) gate: &'a Gate,
    pub(super) folded: &'a Folded,
    pub(super) facts: &'a Facts,
    pub(super) at: Evidence,
}

impl Shelf<'_> {
    /// All work packages.
    pub(super) fn packages(&self, report: &Report) -> Vec<PackageShown> {
        let shown = |package: &PackageReport| {
            let of_gate = self
                .gate
                .work_packages
                .iter()
                .find(|one| one.id == package.id);
            PackageShown {
                id: visible(&package.id),
                title: visible(&package.title),
                goal: of_gate.map(|one| visible(&one.goal)).unwrap_or_default(),
                counts: counts(&package.subtasks),
                passed: package.subtasks.iter().all(is_well),
                subtasks: package
                    .subtasks
                    .iter()
                    .map(|one| self.subtask(one))
                    .collect(),
            }
        };
        report.work_packages.iter().map(shown).collect()
    }

    fn subtask(&self, subtask: &SubtaskReport) -> SubtaskShown {
        let course = self.folded.course(&subtask.id);
        let courses = self.folded.courses().find(|(id, _)| *id == &subtask.id);
        let exchanges = course
            .map(|course| self.exchanges(&subtask.id, course))
            .unwrap_or_default();
        let all = course.map_or(0, |course| course.exchanges.len());
        let graph = self.gate.graph();
        let before = graph.predecessors(&subtask.id);
        let after = self.gate.subtasks().map(|(_, one)| &one.id);
        let after = after.filter(|one| graph.predecessors(one).contains(&subtask.id));
        let warnings = match &subtask.result {
            Some(Outcome::Passed { warnings, .. }) => warnings.as_slice(),
            _ => &[],
        };
        let shown_note = subtask.result.as_ref().map(note).unwrap_or_default();
        let started = course.and_then(|course| course.started);
        let took = started.map(|_| duration(subtask.took.as_millis().try_into().unwrap_or(0)));
        SubtaskShown {
            id: visible(subtask.id.as_str()),
            title: visible(&subtask.title),
            label: label(subtask.result.as_ref()),
            passed: is_well(subtask),
            note: line(&shown_note),
            took,
            started: started.map(|time| time.to_string()),
            waited: course.and_then(|course| self.waited(course, &before)),
            paused: course.and_then(paused),
            before: before.iter().map(ToString::to_string).collect(),
            after: after.map(ToString::to_string).collect(),
            finding: finding(subtask),
            warnings: warnings.iter().map(|warning| visible(warning)).collect(),
            facts: course
                .map(|course| self.facts_of(&subtask.id, course, &exchanges))
                .unwrap_or_default(),
            log: log(&exchanges),
            passed_over: all - exchanges.len(),
            exchanges,
            earlier: courses.map_or(0, |(_, courses)| courses.len().saturating_sub(1)),
        }
    }

    /// How long it could have started and did not.
    fn waited(&self, course: &Course, before: &[SubtaskId]) -> Option<String> {
        let ends = before.iter().filter_map(|id| {
            let course = self.folded.course(id)?;
            Some(course.ended.as_ref()?.at)
        });
        let ready = ends.max().unwrap_or(self.folded.header.started);
        let waited = milliseconds(ready, course.started?);
        (waited >= 50 && course.epoch == 1).then(|| duration(waited.into()))
    }

    fn exchanges(&self, id: &SubtaskId, course: &Course) -> Vec<ExchangeShown> {
        let shown = |one: &Exchange| exchange::shown(&anchor(id, one.n), one, self.at);
        course.exchanges.values().filter_map(shown).collect()
    }

    fn facts_of(
        &self,
        id: &SubtaskId,
        course: &Course,
        exchanges: &[ExchangeShown],
    ) -> Vec<FactShown> {
        let shown = |fact: &crate::model::Fact| {
            let pretty = serde_json::to_string_pretty(&fact.value).unwrap_or_default();
            FactShown {
                name: visible(&fact.name),
                value: clipped(&pretty),
                anchor: fact.source.exchange.and_then(|n| nearest(id, n, exchanges)),
                exchange: fact.source.exchange,
            }
        };
        let counts = course
            .facts
            .iter()
            .filter(|fact| self.facts.get(&fact.name).is_some());
        counts.map(shown).collect()
    }

    /// The origin of a named value: the request that its fact points to, or the fact's subtask.
    pub(super) fn origin(&self, name: &str) -> Option<String> {
        let (fact, _) = self.facts.containing(name)?;
        let by = &fact.source.by;
        let course = self.folded.course(by)?;
        let exchanges = self.exchanges(by, course);
        let n = fact.source.exchange;
        n.and_then(|n| nearest(by, n, &exchanges))
            .or_else(|| Some(identifier(by.as_str())))
    }
}

/// How long a subtask only waited for an external condition.
fn paused(course: &Course) -> Option<String> {
    let pause = |exchange: &Exchange| {
        let effect = exchange.effect.shown();
        effect.get("milliseconds")?.as_i64()
    };
    let all: i64 = course.exchanges.values().filter_map(pause).sum();
    (all > 0).then(|| duration(all.into()))
}

/// The request of this number, or the last one before it that is shown.
fn nearest(by: &SubtaskId, n: u32, exchanges: &[ExchangeShown]) -> Option<String> {
    let found = exchanges.iter().rev().find(|one| one.n <= n)?;
    Some(anchor(by, found.n))
}

/// The end of the last program's output.
fn log(exchanges: &[ExchangeShown]) -> Option<Log> {
    let with_text = |one: &&ExchangeShown| one.streams.iter().any(is_output);
    let last = exchanges.iter().rev().find(with_text)?;
    let stream = last.streams.iter().rev().find(|stream| is_output(stream))?;
    let text = &stream.text;
    let whole = if text.left_out > 0 {
        &text.tail
    } else {
        &text.head
    };
    let lines: Vec<&str> = whole.trim_end().lines().collect();
    let mut end = stream.clone();
    end.text = Clipped {
        head: lines[lines.len().saturating_sub(LOG_LINES)..].join("\n"),
        ..Clipped::default()
    };
    Some(Log {
        of: last.n,
        anchor: last.anchor.clone(),
        stream: end,
    })
}

fn is_output(stream: &Stream) -> bool {
    stream.is_output() && !stream.text.head.trim().is_empty()
}

/// Whether there is nothing to look at.
fn is_well(subtask: &SubtaskReport) -> bool {
    subtask.result.as_ref().is_some_and(Outcome::lets_on)
}

fn counts(subtasks: &[SubtaskReport]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for subtask in subtasks {
        let word = label(subtask.result.as_ref());
        match counts.iter_mut().find(|(one, _)| *one == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let told: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    told.join(", ")
}
