//! A recorded run's gate, as it was: makes the reports of a recording, and runs it again in
//! whatever world it is given.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc::unbounded_channel;

use crate::engine::{self, Asked, EventKind, Request};
use crate::evidence::{EvidenceError, Opened, Rerun, Rerunned, TEMPLATES};
use crate::gate::{Fact, Gate, Outcome, SubtaskId};
use crate::journal::disk::Disk;
use crate::journal::{Folded, Record};
use crate::report::{self, Report};
use crate::world::World;

/// Largest gate file or template that is read back, in bytes.
const LARGEST: u64 = 64 << 20;

/// The gate that a run was started with.
#[derive(Debug, Clone)]
pub struct RecordedGate {
    gate: Gate,
}

impl RecordedGate {
    /// The gate of a run directory.
    ///
    /// # Errors
    /// When it cannot be read, or is not one any more.
    pub fn of_run(disk: &dyn Disk, run: &Path) -> Result<Self, EvidenceError> {
        let path = run.join("gate.toml");
        let text = disk
            .read(&path, LARGEST)
            .map_err(EvidenceError::disk("read", &path))?;
        Self::load(&text, &|name| {
            let path = run.join("templates").join(name);
            String::from_utf8(disk.read(&path, LARGEST).ok()?).ok()
        })
    }

    /// The gate of a bundle that was read with [`open_to_verify`].
    ///
    /// # Errors
    /// When there is none in it, or it is not one any more.
    ///
    /// [`open_to_verify`]: crate::evidence::open_to_verify
    pub fn of_opened(opened: &Opened) -> Result<Self, EvidenceError> {
        let text = opened
            .kept
            .get("data/gate.toml")
            .ok_or_else(|| EvidenceError::format("it holds no gate file"))?;
        Self::load(text, &|name| {
            let bytes = opened.kept.get(&format!("{TEMPLATES}{name}"))?;
            String::from_utf8(bytes.clone()).ok()
        })
    }

    fn load(text: &[u8], template: &dyn Fn(&str) -> Option<String>) -> Result<Self, EvidenceError> {
        let text = std::str::from_utf8(text)
            .map_err(|_| EvidenceError::format("its gate file is not UTF-8"))?;
        let gate = Gate::load("gate.toml", text, template).map_err(|problems| {
            let first = problems.iter().next().map(ToString::to_string);
            EvidenceError::format(format!(
                "its gate file has {} problems for this version of the program, the first: {}",
                problems.len(),
                first.unwrap_or_default()
            ))
        })?;
        Ok(Self { gate })
    }

    /// The report of a recording.
    #[must_use]
    pub fn report(&self, folded: &Folded) -> Report {
        let mut report = Report::new(&self.gate);
        report.run.clone_from(&folded.header.run);
        report.started = Some(folded.header.started);
        let mut facts = BTreeMap::new();
        for line in &folded.lines {
            let Record::Event(event) = &line.record else {
                continue;
            };
            match &event.kind {
                EventKind::FactPublished(fact) => drop(facts.insert(&fact.name, event)),
                _ => report.take(event),
            }
        }
        // In their names' order, in which the report takes any number of them quickly.
        for event in facts.into_values() {
            report.take(event);
        }
        report.verdict = folded.sealed.as_ref().map(|sealed| sealed.verdict);
        report
    }

    /// All reports of a recording by file name, functions of its journal and gate alone.
    ///
    /// # Errors
    /// When one of them cannot be written.
    pub fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let report = self.report(folded);
        let all = [
            ("report.json", report::json(&report)),
            ("report.md", report::markdown(&report)),
            ("report.html", report::html(&report)?),
            ("report.junit.xml", report::junit(&report)?),
        ];
        Ok(all
            .map(|(name, text)| (name.to_owned(), text.into_bytes()))
            .into())
    }

    /// The gate with the parameters that the run had.
    pub(super) fn as_run(&self, folded: &Folded) -> Result<Gate, String> {
        let given: BTreeMap<String, Value> = folded.parameters();
        let mut gate = self.gate.clone();
        gate.set(&given)
            .map_err(|error| format!("the recorded parameters do not fit its gate: {error}"))?;
        Ok(gate)
    }
}

/// What was asked for the last time, and what it went on with.
fn asked(folded: &Folded) -> Asked {
    match folded.resumptions.last() {
        Some(resumed) => resumed.asked.clone(),
        None => folded.header.asked.clone(),
    }
}

/// The subtasks that the last process of a run took over from an earlier one, in plan order.
fn taken_over(folded: &Folded) -> Vec<(SubtaskId, Outcome, Vec<Fact>)> {
    let kept = |id: &SubtaskId| {
        let course = folded.course(id)?;
        let ended = course.ended.as_ref()?;
        let kept = course.epoch < folded.epoch && ended.outcome.lets_on();
        kept.then(|| (id.clone(), ended.outcome.clone(), course.facts.clone()))
    };
    folded.header.plan.iter().filter_map(kept).collect()
}

#[async_trait]
impl Rerun for RecordedGate {
    async fn run(&self, recorded: &Folded, world: Arc<dyn World>) -> Result<Rerunned, String> {
        let request = Request {
            gate: Arc::new(self.as_run(recorded)?),
            run: recorded.header.run.clone(),
            asked: asked(recorded),
            resumed: taken_over(recorded),
        };
        // Nobody interrupts a replay.
        let (_operator, mut signals) = unbounded_channel();
        let outcomes = engine::run(request, world, &mut [], &mut signals).await;
        Ok(Rerunned {
            outcomes: outcomes.subtasks.into_iter().collect(),
            facts: (*outcomes.facts).clone(),
        })
    }

    fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String> {
        Self::reports(self, folded)
    }
}
