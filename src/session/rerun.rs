//! The gate of a recorded run: generates the reports of a recording, and runs the gate again in a
//! given world.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc::unbounded_channel;

use crate::engine::{self, NotesInputs, Request};
use crate::evidence::{EvidenceError, Recording, Rerun, Rerunned, gate_of, load_gate};
use crate::gate::Gate;
use crate::journal::{Folded, Record};
use crate::model::subject::Subject;
use crate::model::{Asked, EventKind, Fact, Facts, Outcome, SubtaskId};
use crate::report::{self, Evidence, Recorded, Report};
use crate::store::Opened;
use crate::store::disk::Disk;
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
    /// If it cannot be read, or is no longer valid.
    pub fn of_run(disk: &dyn Disk, run: &Path) -> Result<Self, EvidenceError> {
        let path = run.join("gate.toml");
        let text = disk
            .read(&path, LARGEST)
            .map_err(EvidenceError::disk("read", &path))?;
        let gate = load_gate(&text, &|name| {
            let path = run.join("templates").join(name);
            String::from_utf8(disk.read(&path, LARGEST).ok()?).ok()
        })?;
        Ok(Self { gate })
    }

    /// The gate of a bundle that was read with [`open_to_verify`].
    ///
    /// # Errors
    /// If the bundle contains none, or it is no longer valid.
    ///
    /// [`open_to_verify`]: crate::evidence::open_to_verify
    pub fn of_opened(opened: &Opened) -> Result<Self, EvidenceError> {
        let gate = gate_of(opened)?;
        Ok(Self { gate })
    }

    /// The gate with the parameters that its file gives.
    pub(super) fn as_written(&self) -> &Gate {
        &self.gate
    }

    /// The report of a recording.
    #[must_use]
    pub fn report(&self, folded: &Folded) -> Report {
        let mut report = Report::new(&self.gate);
        report.run.clone_from(&folded.header.run);
        report.started = Some(folded.header.started);
        report.unconfined = folded.asked().unconfined;
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
        // In the order of their names, in which the report adds any number of them quickly.
        for event in facts.into_values() {
            report.take(event);
        }
        report.written = (folded.header.reports > 1).then(|| report::written(folded));
        report.verdict = folded.sealed.as_ref().map(|sealed| sealed.verdict);
        report.subject = (folded.header.format >= 2).then(|| self.subject(folded));
        report
    }

    /// The gate of a recording.
    ///
    /// # Errors
    /// If it cannot be read, or is no longer valid.
    pub fn of_recording(recording: &Recording) -> Result<Self, EvidenceError> {
        let gate = recording.gate()?;
        Ok(Self { gate })
    }

    /// What a recording's verdict applies to.
    #[must_use]
    pub fn subject(&self, folded: &Folded) -> Subject {
        self.gate.subject(folded)
    }

    /// All reports of a recording by file name, functions of its journal and gate alone.
    ///
    /// # Errors
    /// If one of them cannot be written.
    pub fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let report = self.report(folded);
        let (text, page) = match folded.header.reports {
            1 => (report::markdown_1(&report), report::html_1(&report)?),
            _ => (
                self.markdown(folded, &report),
                self.page(folded, &report, Evidence::Bundle)?,
            ),
        };
        let all = [
            ("report.json", report::json(&report)),
            ("report.md", text),
            ("report.html", page),
            ("report.junit.xml", report::junit(&report)?),
        ];
        Ok(all
            .map(|(name, text)| (name.to_owned(), text.into_bytes()))
            .into())
    }

    /// A recording as Markdown.
    #[must_use]
    pub fn markdown(&self, folded: &Folded, report: &Report) -> String {
        let next = report::next(report, &self.subject(folded));
        report::markdown(report, report.written.as_ref().map(|_| &next))
    }

    /// A recording as a page that links to its evidence there.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn page(
        &self,
        folded: &Folded,
        report: &Report,
        evidence: Evidence,
    ) -> Result<String, String> {
        let run = self.as_run(folded);
        report::page(&Recorded {
            gate: run.as_ref().unwrap_or(&self.gate),
            own: &self.gate,
            folded,
            report,
            evidence,
        })
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

/// The scope requested last, and the options of the resumption.
fn asked(folded: &Folded) -> Asked {
    match folded.resumptions.last() {
        Some(resumed) => resumed.asked.clone(),
        None => folded.header.asked.clone(),
    }
}

/// The subtasks that the last process of a run kept from an earlier one, in plan order.
fn taken_over(folded: &Folded) -> Vec<(SubtaskId, Outcome, Vec<Fact>)> {
    let kept = |id: &SubtaskId| {
        let course = folded.course(id)?;
        let ended = course.ended.as_ref()?;
        let kept = course.epoch < folded.epoch && ended.outcome.lets_on();
        kept.then(|| (id.clone(), ended.outcome.clone(), course.facts.clone()))
    };
    folded.header.plan.iter().filter_map(kept).collect()
}

/// The facts as a journal of format 1 has them.
fn without_origins(facts: &Facts) -> Facts {
    let mut plain = Facts::default();
    for fact in facts.iter() {
        let source = fact.source.without_origins();
        // They already have names of their own.
        drop(plain.publish(Fact {
            source,
            ..fact.clone()
        }));
    }
    plain
}

#[async_trait]
impl Rerun for RecordedGate {
    async fn run(&self, recorded: &Folded, world: Arc<dyn World>) -> Result<Rerunned, String> {
        let gate = Arc::new(self.as_run(recorded)?);
        let before = recorded.before_last().map_err(|error| error.to_string())?;
        if let Some(before) = before {
            // Requested again, because it was requested then; kept results are recorded.
            let last = recorded.resumptions.last();
            let handed_on = last.is_some_and(|resumed| resumed.handed_on.is_some());
            super::remake::found(&gate, &before, handed_on, recorded.asked(), &world).await;
        }
        let request = Request {
            gate,
            inputs: if recorded.notes_inputs() {
                NotesInputs::Yes
            } else {
                NotesInputs::No
            },
            run: recorded.header.run.clone(),
            format: recorded.header.format,
            asked: asked(recorded),
            resumed: taken_over(recorded),
        };
        // Nobody interrupts a replay.
        let (_operator, mut signals) = unbounded_channel();
        let outcomes = engine::run(request, world, &mut [], &mut signals).await;
        let facts = if recorded.header.format < 2 {
            without_origins(&outcomes.facts)
        } else {
            (*outcomes.facts).clone()
        };
        Ok(Rerunned {
            outcomes: outcomes.subtasks.into_iter().collect(),
            facts,
        })
    }

    fn reports(&self, folded: &Folded) -> Result<BTreeMap<String, Vec<u8>>, String> {
        Self::reports(self, folded)
    }
}
