//! Faults derived from a gate: for each subtask, what can go wrong with its requests.

use std::fmt;

use crate::gate::{Gate, PlayedIssue, PlayedState, Subtask};
use crate::model::{SubtaskId, is_issue_reference, same_issue};
use crate::verbs::Verb;
use crate::world::Effect;

/// The kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateFaultKind {
    /// The issue that the subtask reads is open.
    IssueOpen,
    /// The issue that the subtask reads is closed.
    IssueClosed,
    /// The subtask's page answers 503.
    Page503,
    /// The subtask's page never answers.
    PageSilent,
    /// The subtask's program exits with 1.
    ProgramFails,
    /// The subtask's program prints nothing.
    ProgramSilent,
    /// The subtask's program never ends.
    ProgramHangs,
    /// The subtask's program does not exist.
    ProgramMissing,
}

impl GateFaultKind {
    /// The first part of the fault's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IssueOpen => "issue-open",
            Self::IssueClosed => "issue-closed",
            Self::Page503 => "page-503",
            Self::PageSilent => "page-silent",
            Self::ProgramFails => "program-fails",
            Self::ProgramSilent => "program-silent",
            Self::ProgramHangs => "program-hangs",
            Self::ProgramMissing => "program-missing",
        }
    }
}

/// A fault in the requests of one subtask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFault {
    /// Its kind.
    pub kind: GateFaultKind,
    /// The subtask.
    pub subtask: SubtaskId,
    /// The issue, the address or the program.
    pub of: String,
}

/// `issue-open:R1`, as on the command line.
impl fmt::Display for GateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.subtask)
    }
}

impl GateFault {
    /// All faults that are possible for a gate, in plan order.
    #[must_use]
    pub fn of_gate(gate: &Gate) -> Vec<Self> {
        let played = gate.played().map(|played| played.issue).unwrap_or_default();
        let subtasks = gate.subtasks();
        subtasks
            .flat_map(|(_, subtask)| of_subtask(gate, subtask, &played))
            .collect()
    }

    /// Its effect in the embedded world.
    #[must_use]
    pub fn what(&self) -> String {
        let of = &self.of;
        match self.kind {
            GateFaultKind::IssueOpen => format!("{of} is open"),
            GateFaultKind::IssueClosed => format!("{of} is closed"),
            GateFaultKind::Page503 => format!("{of} answers 503"),
            GateFaultKind::PageSilent => format!("{of} never answers"),
            GateFaultKind::ProgramFails => format!("`{of}` exits with 1"),
            GateFaultKind::ProgramSilent => format!("`{of}` exits with 0 and prints nothing"),
            GateFaultKind::ProgramHangs => format!("`{of}` never ends"),
            GateFaultKind::ProgramMissing => format!("there is no program `{of}`"),
        }
    }
}

fn of_subtask(gate: &Gate, subtask: &Subtask, played: &[PlayedIssue]) -> Vec<GateFault> {
    let Some(verb) = gate.verb_before_the_run(subtask) else {
        return Vec::new();
    };
    let fault = |kind, of: &str| GateFault {
        kind,
        subtask: subtask.id.clone(),
        of: of.to_owned(),
    };
    let mut faults = Vec::new();
    if let Some(issue) = read_issue(gate, subtask, &verb) {
        faults.push(fault(turned(gate, &issue, played), &issue));
    }
    for ask in verb.declares().asks() {
        let url = match &ask.effect {
            Effect::HttpGet(get) => &get.url,
            Effect::HttpPost(post) => &post.url,
            _ => continue,
        };
        let kinds = [GateFaultKind::Page503, GateFaultKind::PageSilent];
        faults.extend(kinds.map(|kind| fault(kind, url)));
    }
    if let Some(program) = program_of(&verb) {
        let kinds = [
            GateFaultKind::ProgramFails,
            GateFaultKind::ProgramSilent,
            GateFaultKind::ProgramHangs,
            GateFaultKind::ProgramMissing,
        ];
        faults.extend(kinds.map(|kind| fault(kind, &program)));
    }
    faults
}

/// The issue that a verb reads and does not write to.
fn read_issue(gate: &Gate, subtask: &Subtask, verb: &Verb) -> Option<String> {
    if !verb.declares().writes().is_empty() {
        return None;
    }
    let texts = gate.texts_before_the_run(subtask);
    texts.into_iter().find(|text| is_issue_reference(text))
}

/// An issue that is open is closed, and the other way round.
fn turned(gate: &Gate, issue: &str, played: &[PlayedIssue]) -> GateFaultKind {
    let policy = gate.resolved_policy();
    let written = policy.comment.iter().chain(&policy.close);
    let said = played.iter().find(|one| same_issue(&one.issue, issue));
    let open = if let Some(one) = said {
        one.state == PlayedState::Open
    } else {
        // The default state; an issue that is written to only after a failure is read as closed.
        let mut open = written.chain(&policy.never_close);
        let reopened = policy.reopen.iter().any(|one| same_issue(one, issue));
        !reopened && open.any(|one| same_issue(one, issue))
    };
    if open {
        GateFaultKind::IssueClosed
    } else {
        GateFaultKind::IssueOpen
    }
}

/// The program that a verb starts, but for `gh`, whose faults are the issue's.
fn program_of(verb: &Verb) -> Option<String> {
    let asked = verb.declares().asks();
    let asked = asked.iter().find_map(|ask| match &ask.effect {
        Effect::Run(program) => program.argv.first().cloned(),
        _ => None,
    });
    let starts = verb.declares().starts();
    let starts = starts.into_iter().map(str::to_owned);
    asked.into_iter().chain(starts).find(|name| name != "gh")
}
