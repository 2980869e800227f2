//! The state that replaying a journal from its beginning gives: how each subtask ended, its facts,
//! and what was left open. Pure, except for [`read`].

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::layout::LARGEST;
use super::scan::scan;
use super::{
    Answer, Committed, Course, EndedCourse, Exchange, FILE, GateRef, Header, JournalError, Line,
    Record, Resumed, Sealed,
};
use crate::model::subject::Circumstances;
use crate::model::{Asked, EventKind, Fact, Facts, Outcome, SubtaskId, Verdict};
use crate::store::disk::{Disk, OsDisk};

/// The state that replaying a journal gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Folded {
    /// The first record.
    pub header: Header,
    /// All records, in the order they were written.
    pub lines: Vec<Line>,
    /// Number of processes that have written it.
    pub epoch: u32,
    /// Its resumptions, with time and program.
    pub resumptions: Vec<Resumed>,
    /// What the record before the seal commits to, if only the seal follows it.
    pub committed: Option<Committed>,
    /// The seal, if nothing follows it.
    pub sealed: Option<Sealed>,
    /// Whether the operator interrupted the last process.
    pub interrupted: bool,
    /// Bytes of a torn last line that were ignored.
    pub torn: u64,
    /// Each subtask's courses, the last one being the one that counts.
    courses: BTreeMap<SubtaskId, Vec<Course>>,
}

/// Reads the journal of a run directory. A torn last line is ignored.
///
/// # Errors
/// If it cannot be read, or a record is damaged; the error names the record.
pub fn read(dir: &Path) -> Result<Folded, JournalError> {
    read_on(&OsDisk, dir)
}

/// The same on another disk.
///
/// # Errors
/// As [`read`].
pub fn read_on(disk: &dyn Disk, dir: &Path) -> Result<Folded, JournalError> {
    let path = dir.join(FILE);
    let bytes = disk
        .read(&path, LARGEST)
        .map_err(JournalError::disk("read", &path))?;
    let scanned = scan(&bytes, &path)?;
    let mut folded = fold(scanned.lines)?;
    folded.torn = scanned.torn;
    Ok(folded)
}

/// Replays checked lines.
///
/// # Errors
/// If a record contradicts an earlier one; the error names it.
pub fn fold(lines: Vec<Line>) -> Result<Folded, JournalError> {
    let mut folded = conclusions(&lines)?;
    folded.lines = lines;
    Ok(folded)
}

/// Replays checked lines without keeping the lines themselves.
pub(super) fn conclusions(lines: &[Line]) -> Result<Folded, JournalError> {
    let header = match lines.first() {
        Some(Line {
            record: Record::Header(header),
            ..
        }) => (**header).clone(),
        _ => return Err(JournalError::damaged(0, "it is not a header")),
    };
    let mut folded = Folded {
        header,
        lines: Vec::new(),
        epoch: 1,
        resumptions: Vec::new(),
        committed: None,
        sealed: None,
        interrupted: false,
        torn: 0,
        courses: BTreeMap::new(),
    };
    let mut told = Told::new();
    for line in lines {
        folded
            .take(&line.record, &mut told)
            .map_err(|why| JournalError::damaged(line.seq, why))?;
    }
    Ok(folded)
}

/// The facts that an execution already has, with the number of their subtask's executions.
type Told = HashSet<(usize, Fact)>;

impl Folded {
    fn take(&mut self, record: &Record, told: &mut Told) -> Result<(), String> {
        if self.sealed.is_some() && !matches!(record, Record::Resumed(_)) {
            return Err("it follows the seal".to_owned());
        }
        if self.committed.is_some() && !matches!(record, Record::Sealed(_) | Record::Resumed(_)) {
            return Err("it follows the commitment to all files".to_owned());
        }
        match record {
            Record::Header(_) => Ok(()),
            Record::Resumed(resumed) => self.resume(resumed),
            Record::Intent {
                by,
                n,
                open,
                strand,
                effect,
            } => {
                let exchange = Exchange {
                    n: *n,
                    open: open.clone(),
                    strand: strand.clone(),
                    effect: effect.clone(),
                    answer: None,
                };
                self.intent(by, exchange)
            }
            Record::Result { by, n, answer } => self.result(by, *n, answer),
            Record::Event(event) => {
                self.event(event.time, &event.kind, told);
                Ok(())
            }
            Record::Committed(committed) => {
                self.committed = Some(committed.clone());
                Ok(())
            }
            Record::Sealed(sealed) => {
                self.sealed = Some(sealed.clone());
                Ok(())
            }
        }
    }

    fn resume(&mut self, resumed: &Resumed) -> Result<(), String> {
        if resumed.epoch != self.epoch + 1 {
            return Err(format!("epoch {} follows {}", resumed.epoch, self.epoch));
        }
        self.epoch = resumed.epoch;
        self.resumptions.push(resumed.clone());
        self.committed = None;
        self.sealed = None;
        self.interrupted = false;
        Ok(())
    }

    /// A request belongs to this process's execution even after that ended: a stopped subtask may
    /// have one more request in progress.
    fn intent(&mut self, by: &SubtaskId, exchange: Exchange) -> Result<(), String> {
        let epoch = self.epoch;
        let course = self.open_course(by, |course| course.epoch == epoch);
        let last = course.exchanges.keys().next_back().copied().unwrap_or(0);
        if exchange.n != last + 1 {
            return Err(format!("exchange {} of `{by}` follows {last}", exchange.n));
        }
        course.exchanges.insert(exchange.n, exchange);
        Ok(())
    }

    fn result(&mut self, by: &SubtaskId, n: u32, answer: &Answer) -> Result<(), String> {
        let epoch = self.epoch;
        let exchange = self
            .courses
            .get_mut(by)
            .and_then(|courses| courses.last_mut())
            .filter(|course| course.epoch == epoch)
            .and_then(|course| course.exchanges.get_mut(&n))
            .ok_or_else(|| format!("there is no request {n} of `{by}`"))?;
        if exchange.answer.is_some() {
            return Err(format!("request {n} of `{by}` was answered before"));
        }
        exchange.answer = Some(answer.clone());
        Ok(())
    }

    fn event(&mut self, time: Timestamp, kind: &EventKind, told: &mut Told) {
        match kind {
            EventKind::SubtaskStarted { subtask } => {
                // Requests recorded before the start belong to this execution too.
                let epoch = self.epoch;
                let course = self.open_course(subtask, |course| {
                    course.epoch == epoch && course.started.is_none() && course.ended.is_none()
                });
                course.started = Some(time);
            }
            EventKind::FactPublished(fact) => {
                self.open_course(&fact.source.by, |_| true);
                let courses = self.courses.get_mut(&fact.source.by);
                // A kept subtask's facts may be reported again to the reporters of a later process.
                if let Some(courses) = courses
                    && told.insert((courses.len(), fact.clone()))
                    && let Some(course) = courses.last_mut()
                {
                    course.facts.push(fact.clone());
                }
            }
            EventKind::SubtaskEnded {
                subtask,
                outcome,
                took,
                inputs,
                ..
            } => {
                let epoch = self.epoch;
                // The same end again is a kept subtask that is reported again.
                let course = self.open_course(subtask, |course| match &course.ended {
                    Some(ended) => ended.outcome == *outcome,
                    None => course.epoch == epoch,
                });
                course.ended.get_or_insert_with(|| EndedCourse {
                    outcome: outcome.clone(),
                    at: time,
                    took: *took,
                    inputs: inputs.clone(),
                });
            }
            EventKind::Interrupted => self.interrupted = true,
            EventKind::RunStarted { .. }
            | EventKind::Progress { .. }
            | EventKind::RunEnded { .. } => {}
        }
    }

    /// The last course of a subtask when it fits, else a new one.
    fn open_course(&mut self, by: &SubtaskId, fits: impl FnOnce(&Course) -> bool) -> &mut Course {
        let epoch = self.epoch;
        let courses = self.courses.entry(by.clone()).or_default();
        if !courses.last().is_some_and(fits) {
            courses.push(Course {
                epoch,
                started: None,
                exchanges: BTreeMap::new(),
                facts: Vec::new(),
                ended: None,
            });
        }
        let last = courses.len() - 1;
        &mut courses[last]
    }

    /// The execution of a subtask that counts.
    #[must_use]
    pub fn course(&self, subtask: &SubtaskId) -> Option<&Course> {
        self.courses.get(subtask)?.last()
    }

    /// The outcome of the subtask's last complete execution; one that was interrupted, or not
    /// started, is ignored.
    #[must_use]
    pub fn last_outcome(&self, subtask: &SubtaskId) -> Option<&Outcome> {
        let courses = self.courses.get(subtask)?.iter().rev();
        let mut ended = courses.filter_map(|course| Some(&course.ended.as_ref()?.outcome));
        ended.find(|outcome| !matches!(outcome, Outcome::NotRun { .. }))
    }

    /// All executions of all subtasks, by subtask id, first to last.
    pub fn courses(&self) -> impl Iterator<Item = (&SubtaskId, &[Course])> {
        self.courses
            .iter()
            .map(|(id, courses)| (id, courses.as_slice()))
    }

    /// The request that applies last.
    #[must_use]
    pub fn asked(&self) -> &Asked {
        let last = self.resumptions.last();
        last.map_or(&self.header.asked, |resumed| &resumed.asked)
    }

    /// The parameters that apply last.
    #[must_use]
    pub fn parameters(&self) -> BTreeMap<String, Value> {
        let mut parameters = self.header.parameters.clone();
        for resumed in &self.resumptions {
            parameters.extend(resumed.parameters.clone());
        }
        parameters
    }

    /// The gate file and templates that apply last.
    #[must_use]
    pub fn gate(&self) -> &GateRef {
        let mut latest = self.resumptions.iter().rev();
        latest
            .find_map(|resumed| resumed.gate.as_ref())
            .unwrap_or(&self.header.gate)
    }

    /// The circumstances of the last process; none in journals of format 1.
    #[must_use]
    pub fn circumstances(&self) -> Option<&Circumstances> {
        match self.resumptions.last() {
            Some(resumed) => resumed.circumstances.as_ref(),
            None => self.header.circumstances.as_ref(),
        }
    }

    /// The run as it was before its last process; none if there was only one.
    ///
    /// # Errors
    /// As [`fold`].
    pub fn before_last(&self) -> Result<Option<Self>, JournalError> {
        let resumed = |line: &Line| matches!(line.record, Record::Resumed(_));
        let last = self.lines.iter().rposition(resumed);
        last.map(|at| fold(self.lines[..at].to_vec())).transpose()
    }

    /// The outcomes of the subtasks that ended, by id.
    #[must_use]
    pub fn outcomes(&self) -> BTreeMap<SubtaskId, Outcome> {
        let ended = |(id, courses): (&SubtaskId, &Vec<Course>)| {
            let ended = courses.last()?.ended.as_ref()?;
            Some((id.clone(), ended.outcome.clone()))
        };
        self.courses.iter().filter_map(ended).collect()
    }

    /// All facts that count.
    ///
    /// # Errors
    /// The name that two subtasks published.
    pub fn facts(&self) -> Result<Facts, crate::model::AlreadyPublished> {
        let mut facts = Facts::default();
        for fact in self
            .courses
            .values()
            .filter_map(|all| all.last())
            .flat_map(|last| &last.facts)
        {
            facts.publish(fact.clone())?;
        }
        Ok(facts)
    }

    /// The verdict that the recorded outcomes give. A subtask of the plan without an outcome is
    /// unknown, and unknown is never pass.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let outcomes = self.outcomes();
        let complete = self.header.plan.iter().all(|id| outcomes.contains_key(id));
        let verdict = Verdict::of(outcomes.values());
        if complete {
            return verdict;
        }
        verdict.max(Verdict::Error)
    }

    /// The number of the last request of the execution that counts; 0 if there is none.
    #[must_use]
    pub fn last_exchange(&self, by: &SubtaskId) -> u32 {
        let last = |course: &Course| course.exchanges.keys().next_back().copied();
        self.course(by).and_then(last).unwrap_or(0)
    }

    /// The execution of a subtask that a resumed run can keep: it did not stop later subtasks, and
    /// is not older than `max_age` at `now`.
    #[must_use]
    pub fn still_valid(
        &self,
        subtask: &SubtaskId,
        now: Timestamp,
        max_age: Option<Duration>,
    ) -> Option<&Course> {
        let course = self.course(subtask)?;
        let ended = course
            .ended
            .as_ref()
            .filter(|ended| ended.outcome.lets_on())?;
        // An end in the future has no age: a clock was wrong, and the subtask is run again.
        let age = Duration::try_from(now.duration_since(ended.at)).ok();
        let fresh = |limit| age.is_some_and(|age| age <= limit);
        max_age.is_none_or(fresh).then_some(course)
    }

    /// Requests that may have changed something outside and have no recorded response: they must be
    /// reconciled before anything is written again.
    #[must_use]
    pub fn outstanding_writes(&self) -> Vec<(SubtaskId, Exchange)> {
        let mut found = Vec::new();
        for (id, courses) in &self.courses {
            for exchange in courses.iter().flat_map(|course| course.exchanges.values()) {
                if exchange.answer.is_none() && exchange.touches_outside() {
                    found.push((id.clone(), exchange.clone()));
                }
            }
        }
        found
    }
}
