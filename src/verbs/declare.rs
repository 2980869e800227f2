//! What a verb says of itself before anything runs, so that a gate can be checked when it is read.

use std::time::Duration;

use crate::world::{Effect, HttpGet};

/// What a verb publishes, reads and may write.
pub trait Declares {
    /// The fact it publishes.
    fn publishes(&self) -> Option<&str> {
        None
    }

    /// The fields of that fact, where every run gives it the same ones; none where it is as the
    /// outside has it. What quotes another field can never be filled in.
    fn fields(&self) -> Option<Vec<&str>> {
        None
    }

    /// Dotted paths of the facts it reads, besides those that its templates quote.
    fn reads(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What it may write to GitHub; issues may still be templates.
    fn writes(&self) -> Vec<Write<'_>> {
        Vec::new()
    }

    /// What it will ask the world for, as far as its fields say it; texts in it may still be
    /// templates. The policy judges it when the gate is read, and again before it happens.
    fn asks(&self) -> Vec<Ask> {
        Vec::new()
    }

    /// Programs that it starts whatever its fields say. The policy has to list them, which is seen
    /// when the gate is read.
    fn starts(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Whether it spends a canary run, so that its work package is kept whole or not at all.
    fn spends_a_run(&self) -> bool {
        false
    }

    /// Whether it fills the throwaway home, which what comes after it uses.
    fn fills_home(&self) -> bool {
        false
    }

    /// The gate file's own command, of which nobody knows what it does.
    fn runs(&self) -> Option<String> {
        None
    }

    /// What it does to the outside besides reading, for `--dry-run`; none when it only reads.
    fn touches(&self) -> Option<String> {
        let writes = self.writes();
        let told = |write: &Write<'_>| match write {
            Write::Comment(issue) => format!("comment on {issue}"),
            Write::Close(issue) => format!("close {issue}"),
            Write::TriagedIssues => "re-open issues".to_owned(),
        };
        if let Some(rule) = self.ends() {
            return Some(format!("end processes `{rule}`"));
        }
        if let Some(command) = self.runs() {
            return Some(format!("run `{command}`"));
        }
        if self.spends_a_run() {
            return Some("spend a canary run".to_owned());
        }
        (!writes.is_empty()).then(|| writes.iter().map(told).collect::<Vec<_>>().join(", "))
    }

    /// The process rule whose processes it may end.
    fn ends(&self) -> Option<&str> {
        None
    }
}

/// One write that may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write<'a> {
    /// A comment on this issue.
    Comment(&'a str),
    /// This issue is closed.
    Close(&'a str),
    /// Comments on, and re-openings of, the issues that the gate's triage names.
    TriagedIssues,
}

/// A request that follows from the fields of a verb.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The field that it stands in.
    pub field: &'static str,
    /// What will be asked.
    pub effect: Effect,
}

impl Ask {
    /// That an address is read.
    pub(super) fn read(field: &'static str, url: &str) -> Self {
        let url = url.to_owned();
        // How long it may take is nothing that a policy looks at.
        let limit = Duration::ZERO;
        Self {
            field,
            effect: Effect::HttpGet(HttpGet { url, limit }),
        }
    }
}
