//! The claims that can be made about a bundle.

use jiff::Timestamp;

use crate::evidence::EvidenceError;
use crate::evidence::bundle::top;
use crate::evidence::judged::read_journal;
use crate::evidence::judged::subject_of_journal;
use crate::journal::{Folded, Record, canonical};
use crate::model::subject::{Subject, WorldKind};
use crate::model::{Outcome, Verdict};
use crate::store::Opened;

/// The claims about a bundle, all read from the bundle.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// The bundle's own name, independent of its file name here.
    pub name: String,
    /// Its SHA-256.
    pub sha256: String,
    /// What its verdict applies to.
    pub subject: Subject,
    /// Head of its journal.
    pub head: String,
    /// Number of the journal's records.
    pub records: usize,
    /// When the run ended.
    pub time: Timestamp,
    /// Subtasks that passed.
    pub passed: Vec<String>,
    /// Subtasks that passed with a warning.
    pub warned: Vec<String>,
    /// Subtasks that did not pass: failed, blocked, not determined.
    pub failed: Vec<String>,
}

/// A verdict reduced for readers that distinguish only success and failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conclusion {
    /// The whole gate passed, in the real world.
    Passed,
    /// Everything that was run passed; this does not approve the release.
    PassedInPart,
    /// It did not pass.
    Failed,
}

impl Claims {
    /// Reads them from a bundle, which must be intact.
    ///
    /// # Errors
    /// If its journal cannot be read, or is not finalized.
    pub fn of(opened: &Opened) -> Result<Self, EvidenceError> {
        let folded = read_journal(opened).map_err(EvidenceError::format)?;
        if folded.sealed.is_none() {
            return Err(EvidenceError::NotSealed {
                run: folded.header.run,
            });
        }
        let mut claims = Self {
            name: format!("{}.tar.gz", top(&folded)?),
            sha256: opened.archive.sha256.clone(),
            subject: subject_of_journal(opened, &folded),
            head: canonical(&folded.lines)?.head,
            records: folded.lines.len(),
            time: end(&folded),
            passed: Vec::new(),
            warned: Vec::new(),
            failed: Vec::new(),
        };
        claims.sort(&folded);
        Ok(claims)
    }

    fn sort(&mut self, folded: &Folded) {
        let outcomes = folded.outcomes();
        for id in &folded.header.plan {
            let list = match outcomes.get(id) {
                Some(Outcome::Passed { warnings, .. }) if warnings.is_empty() => &mut self.passed,
                Some(Outcome::Passed { .. }) => &mut self.warned,
                Some(outcome) if outcome.finding().is_some() => &mut self.failed,
                // Neither passed nor failed.
                _ => continue,
            };
            list.push(id.to_string());
        }
    }

    pub(super) fn conclusion(&self) -> Conclusion {
        let subject = &self.subject;
        match subject.verdict {
            Some(Verdict::Passed) if subject.complete && subject.world == Some(WorldKind::Real) => {
                Conclusion::Passed
            }
            Some(Verdict::Passed) => Conclusion::PassedInPart,
            _ => Conclusion::Failed,
        }
    }
}

/// The time of the last event in the journal: the end of the run, independent of the reader.
fn end(folded: &Folded) -> Timestamp {
    let times = folded.lines.iter().filter_map(|line| match &line.record {
        Record::Event(event) => Some(event.time),
        _ => None,
    });
    times.max().unwrap_or(folded.header.started)
}
