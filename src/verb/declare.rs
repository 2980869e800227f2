//! What a verb declares before anything runs, so that a gate can be checked when it is loaded.

use std::time::Duration;

use super::field::Field;
use super::inputs::Input;
use crate::model::Asked;
use crate::world::{Effect, HttpGet};

/// What a verb publishes, reads and may write.
pub trait Declares {
    /// The fact it publishes.
    fn publishes(&self) -> Option<&str> {
        None
    }

    /// The fields of that fact, if every run gives it the same ones; none if they depend on the
    /// outside. A template that quotes another field can never be rendered.
    fn fields(&self) -> Option<Vec<Field>> {
        None
    }

    /// Dotted paths of the facts it reads, besides those that its templates quote.
    fn reads(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The template that it renders.
    fn template(&self) -> Option<&str> {
        None
    }

    /// What it may write to GitHub; issues may still be templates.
    fn writes(&self) -> Vec<Write<'_>> {
        Vec::new()
    }

    /// The requests it will make, as far as they follow from its fields; texts in them may still be
    /// templates. The policy checks them when the gate is loaded, and again before they happen.
    fn asks(&self) -> Vec<Ask> {
        Vec::new()
    }

    /// Programs that it always starts. The policy has to list them, which is checked when the gate
    /// is loaded.
    fn starts(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// What its result depends on besides its fields: a resumed run keeps the result only while all
    /// of it is the same. Templates are filled in.
    fn inputs(&self) -> Vec<Input> {
        Vec::new()
    }

    /// Fields of its fact that decide nothing, such as an issue's title: if they are different when
    /// a run is resumed, no result changes.
    fn idle_fields(&self) -> &[&str] {
        &[]
    }

    /// Directories at the top of checkouts that it writes, each with its checkout; what is in them
    /// is nobody's input.
    fn fills(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    /// Errors in its fields, as far as the fields alone show them. Templates in them that quote
    /// facts are not filled in yet.
    fn wrong(&self) -> Vec<Wrong> {
        Vec::new()
    }

    /// Whether it writes in a checkout of the workspace, where no other run may be at work then.
    fn writes_checkouts(&self) -> bool {
        self.spends_a_run() || !self.fills().is_empty()
    }

    /// Whether it spends a canary run, so that its work package is kept whole or not at all.
    fn spends_a_run(&self) -> bool {
        false
    }

    /// Whether it fills the throwaway home, which what comes after it uses.
    fn fills_home(&self) -> bool {
        false
    }

    /// How it depends on the machine that it runs on, besides the checkouts.
    fn on_machine(&self) -> OnMachine {
        if self.spends_a_run() || self.runs().is_some() {
            return OnMachine::Used;
        }
        OnMachine::Nothing
    }

    /// The gate file's own command, whose effects are unknown.
    fn runs(&self) -> Option<String> {
        None
    }

    /// The files outside of the gate's directories that it leaves for readers.
    fn leaves(&self) -> Option<Leaves<'_>> {
        None
    }

    /// What the gate file's own command may do beyond reading, as it declares.
    fn may(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it does externally besides reading, for `--dry-run`; none if it only reads.
    fn touches(&self) -> Option<String> {
        let writes = self.writes();
        let told = |write: &Write<'_>| match write {
            Write::Comment(issue) => format!("comment on {issue}"),
            Write::Close(issue) => format!("close {issue}"),
            Write::Post(address) => format!("post to {address}"),
            Write::TriagedIssues => "re-open issues".to_owned(),
        };
        if let Some(rule) = self.ends() {
            return Some(format!("end processes `{rule}`"));
        }
        if let Some(command) = self.runs() {
            return Some(format!("run `{command}`"));
        }
        if let Some(leaves) = self.leaves() {
            return Some(format!("leave logs at {}", leaves.pattern));
        }
        if self.spends_a_run() {
            return Some("spend a canary run".to_owned());
        }
        (!writes.is_empty()).then(|| writes.iter().map(told).collect::<Vec<_>>().join(", "))
    }

    /// What it changes on this machine, which a dry run that goes through does not do either; none
    /// if it changes nothing.
    fn changes_machine(&self) -> Option<String> {
        if self.fills_home() {
            return Some("install into the throwaway home".to_owned());
        }
        let leaves = self.leaves();
        leaves.map(|leaves| format!("leave files at `{}`", leaves.pattern))
    }

    /// What it would do, if a run with this scope leaves it out as a dry run.
    fn left_out(&self, asked: &Asked) -> Option<String> {
        if !asked.dry_run {
            return None;
        }
        let more = || self.changes_machine().filter(|_| asked.through);
        self.touches().or_else(more)
    }

    /// The process rule whose processes it may end.
    fn ends(&self) -> Option<&str> {
        None
    }
}

/// Files that are left for readers, with a pattern such as `/tmp/run-{1..4}.log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaves<'a> {
    /// The field that contains the pattern.
    pub field: &'static str,
    /// The pattern, which may still be a template.
    pub pattern: &'a str,
    /// How many files there are, one for each number.
    pub count: usize,
}

/// How a verb depends on the machine that it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMachine {
    /// Not at all: its result is recorded, and valid on any machine.
    Nothing,
    /// It uses what other subtasks have left on the machine.
    Used,
    /// It leaves on the machine what other subtasks use. On another machine it is recreated, and
    /// these fields of its fact must be the same.
    Made(&'static [&'static str]),
}

impl OnMachine {
    /// The fields that must be the same; none if nothing is left on the machine.
    #[must_use]
    pub fn made(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Made(same) => Some(same),
            Self::Nothing | Self::Used => None,
        }
    }
}

/// One write that may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write<'a> {
    /// A comment on this issue.
    Comment(&'a str),
    /// This issue is closed.
    Close(&'a str),
    /// Something is sent to this address.
    Post(&'a str),
    /// Comments on, and re-openings of, the issues that the gate's triage names.
    TriagedIssues,
}

/// An error in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Where, below the subtask: `expect.stdout[0]`.
    pub at: String,
    /// The error.
    pub what: String,
    /// How to fix it.
    pub remedy: String,
}

impl Wrong {
    /// An error, its position, and how to fix it.
    pub fn new(at: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// A request that can be predicted from the fields of a verb.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The field that determines it.
    pub field: &'static str,
    /// The request.
    pub effect: Effect,
}

impl Ask {
    /// That an address is read.
    pub(crate) fn read(field: &'static str, url: &str) -> Self {
        // The policy does not check time limits.
        let limit = Duration::ZERO;
        Self {
            field,
            effect: Effect::HttpGet(HttpGet::new(url, limit)),
        }
    }
}
