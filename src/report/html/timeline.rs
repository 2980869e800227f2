//! When each subtask ran and what it waited for: a drawing in whole numbers, so that the same run
//! gives the same bytes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::canary::Grid;
use super::health::Mark;
use super::text::{duration, milliseconds, visible};
use crate::gate::Gate;
use crate::journal::{Course, Folded};
use crate::model::{Outcome, Stop, SubtaskId};
use crate::report::model::{Report, SubtaskReport, label};

/// Width of the drawing, in its own units.
const WIDTH: i64 = 10_000;
/// Height of a row, which the style sheet has too.
const ROW: i64 = 24;
/// What a bar is wide at least.
const LEAST: i64 = 36;
/// Between two parts of a run.
const GAP: i64 = 300;

/// The drawing.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    width: i64,
    height: i64,
    rows: Vec<Row>,
    ticks: Vec<Tick>,
    edges: Vec<Edge>,
    marks: Vec<Point>,
    /// Where a part of the run ended and the next began.
    gaps: Vec<i64>,
    took: String,
}

#[derive(Debug, Default, Serialize)]
struct Row {
    kind: &'static str,
    id: String,
    title: String,
    label: &'static str,
    y: i64,
    middle: i64,
    bar: Option<Bar>,
    /// From the end of the first that it waits for to its start.
    wait: Option<Bar>,
    /// What happened within it: runs of a canary.
    parts: Vec<Bar>,
    told: String,
}

#[derive(Debug, Default, Clone, Serialize)]
struct Bar {
    x: i64,
    width: i64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Tick {
    x: i64,
    label: String,
}

#[derive(Debug, Serialize)]
struct Edge {
    from: String,
    to: String,
    x: i64,
    y: i64,
    to_x: i64,
    to_y: i64,
}

#[derive(Debug, Serialize)]
struct Point {
    x: i64,
    width: i64,
    what: String,
}

/// Maps moments to places: each part of a run has its own stretch, with a gap between.
struct Axis {
    parts: Vec<(Timestamp, i64)>,
    total: i64,
    gaps: i64,
}

impl Axis {
    fn of(folded: &Folded) -> Self {
        let starts = std::iter::once(folded.header.started)
            .chain(folded.resumptions.iter().map(|resumed| resumed.started));
        let mut parts: Vec<(Timestamp, i64)> = starts.map(|start| (start, 0)).collect();
        for (_, courses) in folded.courses() {
            for course in courses {
                let ended = course.ended.as_ref().map(|ended| ended.at);
                let last = [course.started, ended].into_iter().flatten().max();
                let part = parts.get_mut((course.epoch as usize).saturating_sub(1));
                if let (Some(last), Some((start, length))) = (last, part) {
                    *length = (*length).max(milliseconds(*start, last));
                }
            }
        }
        let total = parts.iter().map(|(_, length)| length).sum::<i64>().max(1);
        let gaps = i64::try_from(parts.len()).unwrap_or(1) - 1;
        Self { parts, total, gaps }
    }

    fn room(&self) -> i64 {
        (WIDTH - self.gaps * GAP).max(WIDTH / 2)
    }

    fn place(&self, epoch: u32, moment: Timestamp) -> i64 {
        let index = (epoch as usize).saturating_sub(1).min(self.parts.len() - 1);
        let before: i64 = self.parts[..index].iter().map(|(_, length)| length).sum();
        let (start, length) = self.parts[index];
        let here = milliseconds(start, moment).clamp(0, length);
        let gaps = i64::try_from(index).unwrap_or(0) * GAP;
        (before + here) * self.room() / self.total + gaps
    }

    /// The part of the run that contains a time in a document.
    fn epoch_of(&self, moment: Timestamp) -> u32 {
        let begun = self.parts.iter().filter(|(start, _)| *start <= moment);
        u32::try_from(begun.count().max(1)).unwrap_or(1)
    }

    fn anywhere(&self, moment: Timestamp) -> i64 {
        self.place(self.epoch_of(moment), moment)
    }

    fn ticks(&self) -> Vec<Tick> {
        const STEPS: [i64; 18] = [
            100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
            600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000,
        ];
        let Some(step) = STEPS.into_iter().find(|step| self.total / step <= 8) else {
            return Vec::new();
        };
        let (_, length) = self.parts[0];
        let at = |moment: i64| Tick {
            x: moment * self.room() / self.total,
            label: clock(moment, step),
        };
        (0..=length / step)
            .map(|number| at(number * step))
            .collect()
    }
}

fn clock(moment: i64, step: i64) -> String {
    if moment == 0 {
        return "0".to_owned();
    }
    match step {
        ..1000 => format!("{}.{} s", moment / 1000, moment % 1000 / 100),
        1000..60_000 if moment < 60_000 => format!("{} s", moment / 1000),
        1000..3_600_000 => format!("{}:{:02} min", moment / 60_000, moment / 1000 % 60),
        _ => format!("{} h", moment / 3_600_000),
    }
}

/// Draws a run. `grids` are its canaries, `marks` are single events.
pub(super) fn timeline(
    gate: &Gate,
    folded: &Folded,
    report: &Report,
    grids: &[Grid],
    marks: &[Mark],
) -> Timeline {
    let axis = Axis::of(folded);
    let mut drawing = Drawing {
        gate,
        folded,
        axis: &axis,
        rows: Vec::new(),
        places: BTreeMap::new(),
    };
    for package in &report.work_packages {
        drawing.package(&package.id, &package.title, &package.subtasks, grids);
    }
    let edges = drawing.edges();
    let height = i64::try_from(drawing.rows.len()).unwrap_or(0) * ROW;
    let point = |mark: &Mark| {
        let x = axis.anywhere(mark.from);
        Point {
            x,
            width: (axis.anywhere(mark.to) - x).max(LEAST / 2),
            what: visible(&mark.what),
        }
    };
    let gap = |index: usize| axis.place(u32::try_from(index + 1).unwrap_or(1), axis.parts[index].0);
    Timeline {
        width: WIDTH,
        height,
        edges,
        ticks: axis.ticks(),
        marks: marks.iter().map(point).collect(),
        gaps: (1..axis.parts.len())
            .map(|index| gap(index) - GAP / 2)
            .collect(),
        took: duration(axis.total.into()),
        rows: drawing.rows,
    }
}

struct Drawing<'a> {
    gate: &'a Gate,
    folded: &'a Folded,
    axis: &'a Axis,
    rows: Vec<Row>,
    /// Where the bar of a subtask begins and ends, and the middle of its row.
    places: BTreeMap<SubtaskId, (i64, i64, i64)>,
}

impl Drawing<'_> {
    fn next(&self) -> (i64, i64) {
        let y = i64::try_from(self.rows.len()).unwrap_or(0) * ROW;
        (y, y + ROW / 2)
    }

    fn package(&mut self, id: &str, title: &str, subtasks: &[SubtaskReport], grids: &[Grid]) {
        let (y, middle) = self.next();
        let head = self.rows.len();
        self.rows.push(Row {
            kind: "package",
            id: visible(id),
            title: visible(title),
            y,
            middle,
            ..Row::default()
        });
        let mut rest = subtasks;
        while let Some(first) = rest.first() {
            let idle = |one: &&SubtaskReport| stopped_by(one) == stopped_by(first);
            let alike = match stopped_by(first) {
                Some(_) => rest.iter().take_while(idle).count(),
                None => 1,
            };
            if alike > 1 {
                self.idle(&rest[..alike]);
            } else {
                self.subtask(first, grids);
            }
            rest = &rest[alike..];
        }
        let bars = self.rows[head + 1..]
            .iter()
            .filter_map(|row| row.bar.as_ref());
        let ends = bars.map(|bar| (bar.x, bar.x + bar.width));
        self.rows[head].bar = ends
            .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
            .map(|(from, to)| Bar {
                x: from,
                width: to - from,
                label: String::new(),
            });
    }

    /// Several that were not run for one reason are one row.
    fn idle(&mut self, all: &[SubtaskReport]) {
        let (y, middle) = self.next();
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return;
        };
        self.rows.push(Row {
            kind: "idle",
            id: visible(first.id.as_str()),
            title: format!("to {}: {} not run", visible(last.id.as_str()), all.len()),
            label: "not run",
            y,
            middle,
            told: stopped_by(first).unwrap_or_default(),
            ..Row::default()
        });
    }

    fn subtask(&mut self, subtask: &SubtaskReport, grids: &[Grid]) {
        let (y, middle) = self.next();
        let course = self.folded.course(&subtask.id);
        let span = course.and_then(|course| self.span(course));
        let wait = span.and_then(|(from, _)| self.wait(&subtask.id, from));
        if let Some((from, to)) = span {
            self.places.insert(subtask.id.clone(), (from, to, middle));
        }
        let part = |grid: &Grid| {
            let run = |(from, to, label): &(Timestamp, Timestamp, String)| {
                let x = self.axis.anywhere(*from);
                Bar {
                    x,
                    width: (self.axis.anywhere(*to) - x).max(LEAST),
                    label: label.clone(),
                }
            };
            grid.moments.iter().map(run).collect::<Vec<_>>()
        };
        let made_here = |grid: &&Grid| grid.made_by.as_ref() == Some(&subtask.id);
        self.rows.push(Row {
            kind: "subtask",
            id: visible(subtask.id.as_str()),
            title: visible(&subtask.title),
            label: label(subtask.result.as_ref()),
            y,
            middle,
            bar: span.map(|(from, to)| Bar {
                x: from,
                width: to - from,
                label: String::new(),
            }),
            wait,
            parts: grids.iter().filter(made_here).flat_map(part).collect(),
            told: span
                .map(|_| duration(subtask.took.as_millis().try_into().unwrap_or(0)))
                .unwrap_or_default(),
        });
    }

    fn span(&self, course: &Course) -> Option<(i64, i64)> {
        let from = self.axis.place(course.epoch, course.started?);
        let to = course
            .ended
            .as_ref()
            .map_or(from, |ended| self.axis.place(course.epoch, ended.at));
        let from = from.min(WIDTH - LEAST);
        Some((from, to.max(from + LEAST)))
    }

    /// While one that it waits for was done, and another was not.
    fn wait(&self, id: &SubtaskId, from: i64) -> Option<Bar> {
        let before = self.gate.graph().predecessors(id);
        let ends = before
            .iter()
            .filter_map(|one| self.places.get(one))
            .map(|place| place.1);
        let since = ends.min().unwrap_or(0);
        (from - since > LEAST).then(|| Bar {
            x: since,
            width: from - since,
            label: String::new(),
        })
    }

    fn edges(&self) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (id, (to_x, _, to_y)) in &self.places {
            for before in self.gate.graph().predecessors(id) {
                if let Some((_, x, y)) = self.places.get(&before) {
                    edges.push(Edge {
                        from: before.to_string(),
                        to: id.to_string(),
                        x: (*x).min(*to_x),
                        y: *y,
                        to_x: *to_x,
                        to_y: *to_y,
                    });
                }
            }
        }
        edges
    }
}

/// Why a subtask was not run, if there is nothing else to report about it.
fn stopped_by(subtask: &SubtaskReport) -> Option<String> {
    match subtask.result.as_ref()? {
        Outcome::NotRun { because } => Some(match because {
            Stop::Subtask(id) => format!("stopped by {}", visible(id.as_str())),
            Stop::OutOfScope => "not asked for".to_owned(),
            Stop::Interrupted => "interrupted".to_owned(),
            Stop::DryRun(_) | Stop::DryRunNeeds(_) => return None,
        }),
        _ => None,
    }
}
