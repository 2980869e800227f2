//! What a person sees while a run goes on: a live view on a terminal, `[12/43]` lines elsewhere.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::model::{label, note};
use super::style::Style;
use crate::engine::{Event, EventKind, Reporter};
use crate::gate::{Gate, Outcome, Stop, SubtaskId};

/// Titles of subtasks and how many there are.
struct Plan {
    titles: BTreeMap<SubtaskId, String>,
    total: usize,
}

impl Plan {
    fn new(gate: &Gate) -> Self {
        let titles = gate
            .subtasks()
            .map(|(_, subtask)| (subtask.id.clone(), subtask.title.clone()))
            .collect();
        Self {
            titles,
            total: gate.subtasks().count(),
        }
    }

    /// Counts what is in scope of this run.
    fn begin(&mut self, kind: &EventKind) {
        if let EventKind::RunStarted { subtasks, .. } = kind {
            self.total = *subtasks;
        }
    }

    fn title(&self, id: &SubtaskId) -> &str {
        self.titles.get(id).map_or("", String::as_str)
    }

    /// `[12/43] T012  passed   Verify …  – note (0.4 s)`
    fn line(
        &self,
        style: Style,
        id: &SubtaskId,
        outcome: &Outcome,
        took: Duration,
        done: usize,
    ) -> String {
        let total = self.total;
        let width = total.to_string().len();
        let word = style.outcome(Some(outcome), &format!("{:<9}", label(Some(outcome))));
        let took = if took.is_zero() {
            String::new()
        } else {
            format!(" ({:.1} s)", took.as_secs_f64())
        };
        let tail = style.faint(&format!("– {}{took}", note(outcome)));
        format!(
            "[{done:>width$}/{total}] {id:<5} {word} {} {tail}",
            self.title(id)
        )
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

/// Lines, for logs.
pub struct Plain<W> {
    to: W,
    plan: Plan,
    style: Style,
}

impl<W: Write + Send> Plain<W> {
    /// Writes to `to`.
    pub fn new(gate: &Gate, style: Style, to: W) -> Self {
        Self {
            to,
            plan: Plan::new(gate),
            style,
        }
    }

    fn say(&mut self, line: &str) {
        // Nobody reading any more must not end a release.
        drop(writeln!(self.to, "{line}"));
    }
}

impl<W: Write + Send> Reporter for Plain<W> {
    fn event(&mut self, event: &Event) {
        self.plan.begin(&event.kind);
        match &event.kind {
            EventKind::SubtaskEnded { outcome, .. } if not_asked_for(outcome) => {}
            EventKind::SubtaskEnded {
                subtask,
                outcome,
                took,
                done,
            } => {
                let line = self.plan.line(self.style, subtask, outcome, *took, *done);
                self.say(&line);
                for warning in warnings(outcome) {
                    self.say(&format!("        {subtask} note: {warning}"));
                }
            }
            EventKind::Progress { subtask, line } => {
                let line = self.style.faint(&format!("        {subtask} … {line}"));
                self.say(&line);
            }
            EventKind::Interrupted => {
                self.say("interrupted: ending what runs; once more to leave at once");
            }
            EventKind::RunStarted { .. }
            | EventKind::SubtaskStarted { .. }
            | EventKind::FactPublished(_)
            | EventKind::RunEnded { .. } => {}
        }
    }
}

/// A live view: finished subtasks scroll away above, one line for each that runs.
pub struct Live {
    bars: MultiProgress,
    running: BTreeMap<SubtaskId, ProgressBar>,
    total: ProgressBar,
    plan: Plan,
    style: Style,
}

impl Live {
    /// Draws on standard error.
    #[must_use]
    pub fn new(gate: &Gate, style: Style) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let plan = Plan::new(gate);
        let total = bars.add(ProgressBar::new(plan.total as u64));
        total.set_style(template("  {bar:43} {pos}/{len}  {elapsed_precise}"));
        Self {
            bars,
            running: BTreeMap::new(),
            total,
            plan,
            style,
        }
    }

    fn say(&self, line: &str) {
        // As in `Plain`.
        drop(self.bars.println(line));
    }
}

/// The templates are constants of this file; one that does not parse falls back to the default.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Reporter for Live {
    fn event(&mut self, event: &Event) {
        self.plan.begin(&event.kind);
        self.total.set_length(self.plan.total as u64);
        match &event.kind {
            EventKind::SubtaskEnded { outcome, .. } if not_asked_for(outcome) => {}
            EventKind::SubtaskStarted { subtask } => {
                let bar = self
                    .bars
                    .insert_before(&self.total, ProgressBar::new_spinner());
                bar.set_style(template("  {spinner} {prefix:5} {wide_msg} {elapsed}"));
                bar.set_prefix(subtask.to_string());
                bar.set_message(self.plan.title(subtask).to_owned());
                bar.enable_steady_tick(Duration::from_millis(120));
                self.running.insert(subtask.clone(), bar);
            }
            EventKind::Progress { subtask, line } => {
                if let Some(bar) = self.running.get(subtask) {
                    bar.set_message(format!("{} – {line}", self.plan.title(subtask)));
                }
            }
            EventKind::SubtaskEnded {
                subtask,
                outcome,
                took,
                done,
            } => {
                if let Some(bar) = self.running.remove(subtask) {
                    bar.finish_and_clear();
                }
                self.say(&self.plan.line(self.style, subtask, outcome, *took, *done));
                for warning in warnings(outcome) {
                    self.say(&format!("        {subtask} note: {warning}"));
                }
                self.total.set_position(*done as u64);
            }
            EventKind::Interrupted => {
                self.say("interrupted: ending what runs; once more to leave at once");
            }
            EventKind::RunEnded { .. } => self.total.finish_and_clear(),
            EventKind::RunStarted { .. } | EventKind::FactPublished(_) => {}
        }
    }
}
