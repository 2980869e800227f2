//! The progress of a run, from its events: what runs, what waits for what, how long it may still
//! take. Pure; the terminal draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::fit::{fit, width};
use super::model::{label, note};
use super::style::Style;
use crate::gate::Gate;
use crate::model::{Event, EventKind, Outcome, Stop, SubtaskId};

/// How long subtasks took in earlier runs of the gate.
pub type Estimates = BTreeMap<SubtaskId, Duration>;

/// How far a run is.
pub(super) struct Progress {
    titles: BTreeMap<SubtaskId, String>,
    /// In plan order.
    plan: Vec<SubtaskId>,
    waits_for: BTreeMap<SubtaskId, Vec<SubtaskId>>,
    estimates: Estimates,
    total: usize,
    pub(super) done: usize,
    running: BTreeSet<SubtaskId>,
    ended: BTreeSet<SubtaskId>,
    /// Subtasks that another one stopped, not reported yet.
    idle: Option<Idle>,
}

struct Idle {
    because: Stop,
    first: SubtaskId,
    last: SubtaskId,
    count: usize,
}

impl Progress {
    pub(super) fn new(gate: &Gate, estimates: Estimates) -> Self {
        let graph = gate.graph();
        let all = || gate.subtasks().map(|(_, subtask)| subtask);
        Self {
            titles: all()
                .map(|one| (one.id.clone(), one.title.clone()))
                .collect(),
            plan: graph.plan_order(),
            waits_for: all()
                .map(|one| (one.id.clone(), graph.predecessors(&one.id)))
                .collect(),
            estimates,
            total: all().count(),
            done: 0,
            running: BTreeSet::new(),
            ended: BTreeSet::new(),
            idle: None,
        }
    }

    pub(super) fn title(&self, id: &SubtaskId) -> &str {
        self.titles.get(id).map_or("", String::as_str)
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    pub(super) fn estimate(&self, id: &SubtaskId) -> Option<Duration> {
        self.estimates.get(id).copied()
    }

    /// Handles an event; returns the permanent lines, each of which fits into `columns` if that is
    /// given.
    pub(super) fn take(
        &mut self,
        event: &Event,
        style: Style,
        columns: Option<usize>,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        match &event.kind {
            EventKind::RunStarted { subtasks, .. } => self.total = *subtasks,
            EventKind::SubtaskStarted { subtask } => {
                self.running.insert(subtask.clone());
            }
            EventKind::SubtaskEnded {
                subtask,
                outcome,
                took,
                done,
                ..
            } => {
                self.running.remove(subtask);
                self.ended.insert(subtask.clone());
                self.done = *done;
                if let Outcome::NotRun { because } = outcome
                    && *because != Stop::OutOfScope
                    && !matches!(because, Stop::DryRun(_))
                {
                    lines.extend(self.not_run(subtask, because, style));
                } else if !not_asked_for(outcome) {
                    lines.extend(self.said_idle(style));
                    lines.push(self.line(style, columns, subtask, outcome, *took));
                    lines.extend(warnings(outcome).iter().map(|warning| {
                        cut(&format!("        {subtask} note: {warning}"), columns)
                    }));
                }
            }
            EventKind::Interrupted => {
                lines.push(cut(
                    "interrupted: ending what runs; once more to leave at once",
                    columns,
                ));
            }
            EventKind::RunEnded { .. } => lines.extend(self.said_idle(style)),
            EventKind::Progress { .. } | EventKind::FactPublished(_) => {}
        }
        lines
    }

    /// Notes a subtask that was not run; reports earlier ones that were stopped for another reason.
    fn not_run(&mut self, subtask: &SubtaskId, because: &Stop, style: Style) -> Option<String> {
        if let Some(idle) = self.idle.as_mut().filter(|idle| idle.because == *because) {
            idle.last = subtask.clone();
            idle.count += 1;
            return None;
        }
        let said = self.said_idle(style);
        self.idle = Some(Idle {
            because: because.clone(),
            first: subtask.clone(),
            last: subtask.clone(),
            count: 1,
        });
        said
    }

    /// `[24–43/43] T024–T043 not run: stopped by T022`
    fn said_idle(&mut self, style: Style) -> Option<String> {
        let Idle {
            because,
            first,
            last,
            count,
        } = self.idle.take()?;
        let outcome = Outcome::NotRun { because };
        let (who, how_many) = if count == 1 {
            (first.to_string(), String::new())
        } else {
            (format!("{first} to {last}"), format!("{count} subtasks "))
        };
        let word = style.outcome(Some(&outcome), label(Some(&outcome)));
        Some(format!("{who}: {how_many}{word}, {}", note(&outcome)))
    }

    /// `[12/43] T012  passed   Verify …  – note (0.4 s)`
    fn line(
        &self,
        style: Style,
        columns: Option<usize>,
        id: &SubtaskId,
        outcome: &Outcome,
        took: Duration,
    ) -> String {
        let digits = self.total.to_string().len();
        let word = format!("{:<9}", label(Some(outcome)));
        let took = if took.is_zero() {
            String::new()
        } else {
            format!(" ({:.1} s)", took.as_secs_f64())
        };
        let head = format!("[{:>digits$}/{}] {id:<5} ", self.done, self.total);
        let title = self.title(id);
        let rest = format!("{title} – {}", note(outcome));
        let used = width(&head) + width(&word) + 1 + width(&took);
        let rest = match columns {
            Some(columns) => fit(&rest, columns.saturating_sub(used)),
            None => rest,
        };
        let word = style.outcome(Some(outcome), &word);
        match rest.strip_prefix(title) {
            Some(tail) => {
                let tail = tail.trim_start();
                format!(
                    "{head}{word} {title} {}",
                    style.faint(&format!("{tail}{took}"))
                )
            }
            None => format!("{head}{word} {rest}{}", style.faint(&took)),
        }
    }

    /// What could start next, and what it still waits for; none if nothing waits.
    pub(super) fn waiting(&self, columns: usize) -> Option<String> {
        let open = |id: &&SubtaskId| !self.ended.contains(*id) && !self.running.contains(*id);
        let next = |id: &SubtaskId| {
            let before = self.waits_for.get(id)?;
            let (now, later): (Vec<_>, Vec<_>) = { before.iter() }
                .filter(|one| !self.ended.contains(*one))
                .partition(|one| self.running.contains(*one));
            let now: Vec<String> = now.iter().map(ToString::to_string).collect();
            (later.is_empty() && !now.is_empty())
                .then(|| format!("{id} waits for {}", now.join(", ")))
        };
        let lines: Vec<String> = self.plan.iter().filter(open).filter_map(next).collect();
        (!lines.is_empty()).then(|| fit(&format!("  {}", lines.join(" · ")), columns))
    }

    /// How long the remaining subtasks took in earlier runs, in sequence where they wait for each
    /// other; none if too little is known.
    pub(super) fn left(&self, elapsed: &BTreeMap<SubtaskId, Duration>) -> Option<Duration> {
        let mut until: BTreeMap<&SubtaskId, Duration> = BTreeMap::new();
        let mut known = 0;
        let mut longest = Duration::ZERO;
        let open = self.plan.iter().filter(|id| !self.ended.contains(*id));
        for id in open {
            let own = self.estimates.get(id).copied();
            known += usize::from(own.is_some());
            let spent = elapsed.get(id).copied().unwrap_or_default();
            let own = own.unwrap_or_default().saturating_sub(spent);
            let before = self.waits_for.get(id).into_iter().flatten();
            let ready = before.filter_map(|one| until.get(one)).max().copied();
            let end = ready.unwrap_or_default() + own;
            longest = longest.max(end);
            until.insert(id, end);
        }
        (known > 0 && known * 2 >= until.len()).then_some(longest)
    }
}

fn cut(line: &str, columns: Option<usize>) -> String {
    match columns {
        Some(columns) => fit(line, columns),
        None => line.to_owned(),
    }
}

fn not_asked_for(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::NotRun {
            because: Stop::OutOfScope
        }
    )
}

fn warnings(outcome: &Outcome) -> &[String] {
    match outcome {
        Outcome::Passed { warnings, .. } => warnings,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Finding;

    fn gate() -> Gate {
        Gate::built_in().unwrap()
    }

    fn event(kind: EventKind) -> Event {
        Event {
            time: jiff::Timestamp::UNIX_EPOCH,
            elapsed: Duration::ZERO,
            kind,
        }
    }

    fn started(id: &str) -> Event {
        event(EventKind::SubtaskStarted {
            subtask: SubtaskId::new(id),
        })
    }

    fn ended(id: &str, outcome: Outcome, done: usize) -> Event {
        event(EventKind::SubtaskEnded {
            subtask: SubtaskId::new(id),
            outcome,
            took: Duration::from_millis(1234),
            done,
            inputs: BTreeMap::new(),
        })
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut progress = Progress::new(&gate(), Estimates::new());
        let long = Outcome::passed("日本語 ".repeat(60)).beside(["注意 ".repeat(60)]);
        for line in progress.take(&ended("T005", long, 9), Style::Plain, Some(80)) {
            assert!(width(&line) <= 80, "{} columns: {line}", width(&line));
            assert!(line.contains('…'), "{line}");
        }
    }

    #[test]
    fn what_was_not_run_for_one_reason_is_one_line() {
        let mut progress = Progress::new(&gate(), Estimates::new());
        let failed = Outcome::Failed(Finding::new("it did not pass"));
        assert_eq!(
            progress
                .take(&ended("T022", failed, 22), Style::Plain, None)
                .len(),
            1
        );
        for number in 24..=43 {
            let because = Stop::Subtask(SubtaskId::new("T022"));
            let event = ended(
                &format!("T{number:03}"),
                Outcome::NotRun { because },
                number,
            );
            assert!(progress.take(&event, Style::Plain, None).is_empty());
        }
        let verdict = crate::model::Verdict::Failed;
        assert_eq!(
            progress.take(&event(EventKind::RunEnded { verdict }), Style::Plain, None),
            ["T024 to T043: 20 subtasks not run, stopped by T022"]
        );
    }

    #[test]
    fn what_waits_says_for_what() {
        let mut progress = Progress::new(&gate(), Estimates::new());
        for id in ["T001", "T002", "T013", "T014"] {
            progress.take(&started(id), Style::Plain, None);
        }
        progress.take(&ended("T001", Outcome::passed("x"), 1), Style::Plain, None);
        assert_eq!(
            progress.waiting(80).unwrap(),
            "  T003 waits for T002 · T015 waits for T013, T014"
        );
    }

    #[test]
    fn the_estimate_is_the_longest_way_that_is_left() {
        let seconds = Duration::from_secs;
        let gate = gate();
        let estimates: Estimates = gate
            .subtasks()
            .map(|(_, subtask)| (subtask.id.clone(), seconds(10)))
            .collect();
        let mut progress = Progress::new(&gate, estimates);
        let all = progress.left(&BTreeMap::new()).unwrap();
        // Four run beside another, and WP03 beside WP01 and WP02.
        assert!(all < seconds(430) && all > seconds(300), "{all:?}");
        progress.take(&ended("T001", Outcome::passed("x"), 1), Style::Plain, None);
        progress.take(&ended("T002", Outcome::passed("x"), 2), Style::Plain, None);
        assert_eq!(
            progress.left(&BTreeMap::new()),
            all.checked_sub(seconds(10))
        );
        let spent = BTreeMap::from([(SubtaskId::new("T003"), seconds(4))]);
        assert_eq!(progress.left(&spent), all.checked_sub(seconds(14)));
        assert_eq!(Progress::new(&gate, Estimates::new()).left(&spent), None);
    }
}
