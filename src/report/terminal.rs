//! What a person sees during a run: a live view on a terminal, `[12/43]` lines elsewhere.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::fit::{fit, width};
use super::model::shown_in_lines;
use super::progress::{Estimates, Progress};
use super::style::Style;
use crate::engine::Reporter;
use crate::gate::Gate;
use crate::model::{Event, EventKind, SubtaskId};

/// Lines, for logs.
pub struct Plain<W> {
    to: W,
    progress: Progress,
    style: Style,
}

impl<W: Write + Send> Plain<W> {
    /// Writes to `to`.
    pub fn new(gate: &Gate, style: Style, to: W) -> Self {
        Self {
            to,
            progress: Progress::new(gate, Estimates::new()),
            style,
        }
    }

    fn say(&mut self, line: &str) {
        // A closed output must not end a release.
        drop(writeln!(self.to, "{line}"));
    }
}

impl<W: Write + Send> Reporter for Plain<W> {
    fn notice(&mut self, line: &str) {
        self.say(line);
    }

    fn resumed(&mut self, lines: &[String]) {
        for line in lines {
            self.say(line);
        }
    }

    fn event(&mut self, event: &Event) {
        let event = &shown_in_lines(event);
        for line in self.progress.take(event, self.style, None) {
            self.say(&line);
        }
        if let EventKind::Progress { subtask, line } = &event.kind {
            let line = self.style.faint(&format!("        {subtask} … {line}"));
            self.say(&line);
        }
    }
}

/// How wide the terminal is now, in columns.
pub type Columns = Box<dyn Fn() -> usize + Send>;

/// A live view: finished subtasks scroll away above; below are one line for each running subtask,
/// what waits for what, and the progress.
pub struct Live {
    bars: MultiProgress,
    running: BTreeMap<SubtaskId, Running>,
    waiting: ProgressBar,
    total: ProgressBar,
    progress: Progress,
    style: Style,
    columns: Columns,
}

struct Running {
    bar: ProgressBar,
    said: String,
}

impl Live {
    /// Draws on standard error.
    #[must_use]
    pub fn new(gate: &Gate, style: Style, estimates: Estimates, columns: Columns) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let progress = Progress::new(gate, estimates);
        let waiting = bars.add(ProgressBar::new_spinner());
        waiting.set_style(template("{msg}"));
        let total = bars.add(ProgressBar::new(progress.total() as u64));
        total.set_style(template("  {bar:30} {pos}/{len}  {elapsed_precise}{msg}"));
        Self {
            bars,
            running: BTreeMap::new(),
            waiting,
            total,
            progress,
            style,
            columns,
        }
    }

    fn say(&self, line: &str) {
        // As in `Plain`.
        drop(self.bars.println(line));
    }

    /// Begins the line of a subtask, which was at work for some time already.
    fn start(&mut self, subtask: &SubtaskId, since: Duration) {
        let bar = self
            .bars
            .insert_before(&self.waiting, ProgressBar::new_spinner());
        bar.set_style(template("  {spinner} {prefix:5} {msg} {elapsed}"));
        bar.set_prefix(subtask.to_string());
        let bar = bar.with_elapsed(since);
        bar.enable_steady_tick(Duration::from_millis(120));
        let said = String::new();
        self.running.insert(subtask.clone(), Running { bar, said });
    }

    /// What runs, what waits and how long it may take, in as many columns as there are.
    fn draw(&self) {
        // Spinner, id, elapsed and the spaces between.
        const AROUND: usize = 20;
        let columns = (self.columns)();
        for (id, running) in &self.running {
            let estimate = self.progress.estimate(id);
            let usual = estimate.map_or(String::new(), |usual| format!(" ~{}", told(usual)));
            let mut line = self.progress.title(id).to_owned();
            if !running.said.is_empty() {
                line = format!("{line} – {}", running.said);
            }
            let room = columns.saturating_sub(AROUND + width(&usual));
            running
                .bar
                .set_message(format!("{}{usual}", fit(&line, room)));
        }
        let waiting = self.progress.waiting(columns.saturating_sub(1));
        self.waiting.set_message(waiting.unwrap_or_default());
        let elapsed = { self.running.iter() }
            .map(|(id, running)| (id.clone(), running.bar.elapsed()))
            .collect();
        let left = self.progress.left(&elapsed);
        let left = left.map_or(String::new(), |left| format!("  about {} left", told(left)));
        self.total.set_message(left);
        self.total.set_length(self.progress.total() as u64);
        self.total.set_position(self.progress.done as u64);
    }

    /// Clears what is drawn.
    pub fn clear(&self) {
        for running in self.running.values() {
            running.bar.finish_and_clear();
        }
        self.waiting.finish_and_clear();
        self.total.finish_and_clear();
    }

    /// Adds an event of a run in another process, with its age.
    pub fn event_of(&mut self, event: &Event, ago: Duration) {
        let columns = (self.columns)().saturating_sub(1);
        match &event.kind {
            EventKind::SubtaskStarted { subtask } => self.start(subtask, ago),
            EventKind::Progress { subtask, line } => {
                if let Some(running) = self.running.get_mut(subtask) {
                    running.said.clone_from(line);
                }
            }
            EventKind::SubtaskEnded { subtask, .. } => {
                if let Some(running) = self.running.remove(subtask) {
                    running.bar.finish_and_clear();
                }
            }
            _ => {}
        }
        for line in self.progress.take(event, self.style, Some(columns)) {
            self.say(&line);
        }
        if matches!(event.kind, EventKind::RunEnded { .. }) {
            self.clear();
        } else {
            self.draw();
        }
    }
}

/// `12s`, `3m05s`.
fn told(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m{:02}s", seconds / 60, seconds % 60),
    }
}

/// The templates are constants of this file; one that does not parse falls back to the default.
fn template(text: &str) -> ProgressStyle {
    ProgressStyle::with_template(text).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Reporter for Live {
    fn notice(&mut self, line: &str) {
        self.say(line);
    }

    fn resumed(&mut self, lines: &[String]) {
        for line in lines {
            self.say(line);
        }
    }

    fn event(&mut self, event: &Event) {
        self.event_of(&shown_in_lines(event), Duration::ZERO);
    }
}
