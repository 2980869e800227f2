//! The gate file's `[policy]` table. Owns what may be written; another module enforces it at the
//! effect boundary.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every write that may ever happen, as the gate file lists it: templates of parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyTable {
    /// Issues that may be commented on, `owner/repo#N`.
    pub comment: Vec<String>,
    /// Issues that may be closed.
    pub close: Vec<String>,
    /// Issues that may be re-opened.
    pub reopen: Vec<String>,
    /// Issues that must never be closed, whatever else is listed.
    pub never_close: Vec<String>,
    /// Addresses that may be read, with everything below them.
    pub read_addresses: Vec<String>,
    /// Commands that may be run on the service's machine; they only read.
    pub remote_commands: Vec<String>,
    /// Programs that may be started.
    pub programs: Vec<String>,
    /// Names of the process rules whose processes may be ended.
    pub end_processes: Vec<String>,
    /// Files outside of the gate's directories that logs may be left at, such as
    /// `/tmp/run-{1..4}.log`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<String>,
    /// Addresses that may be posted to, with everything below them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
}

/// The policy with all parameters filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedPolicy {
    /// Issues that may be commented on, `owner/repo#N`.
    pub comment: Vec<String>,
    /// Issues that may be closed.
    pub close: Vec<String>,
    /// Issues that may be re-opened.
    pub reopen: Vec<String>,
    /// Issues that must never be closed.
    pub never_close: Vec<String>,
    /// Addresses that may be read, with everything below them.
    pub read_addresses: Vec<String>,
    /// Commands that may be run on the service's machine.
    pub remote_commands: Vec<String>,
    /// Programs that may be started.
    pub programs: Vec<String>,
    /// Names of the process rules whose processes may be ended.
    pub end_processes: Vec<String>,
    /// Files outside of the gate's directories that logs may be left at.
    pub leave: Vec<String>,
    /// Addresses that may be posted to, with everything below them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
}

impl PolicyTable {
    /// Its lists by their names in the gate file.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[String]); 10] {
        [
            ("comment", &self.comment),
            ("close", &self.close),
            ("reopen", &self.reopen),
            ("never_close", &self.never_close),
            ("read_addresses", &self.read_addresses),
            ("remote_commands", &self.remote_commands),
            ("programs", &self.programs),
            ("end_processes", &self.end_processes),
            ("leave", &self.leave),
            ("notify", &self.notify),
        ]
    }
}

impl ResolvedPolicy {
    /// The same, with which nothing outside is changed: no issue, no process, no file of others.
    #[must_use]
    pub fn reading_only(self) -> Self {
        Self {
            comment: Vec::new(),
            close: Vec::new(),
            reopen: Vec::new(),
            end_processes: Vec::new(),
            leave: Vec::new(),
            notify: Vec::new(),
            ..self
        }
    }

    /// The list of this name, to be filled.
    pub(crate) fn list_mut(&mut self, name: &str) -> Option<&mut Vec<String>> {
        Some(match name {
            "comment" => &mut self.comment,
            "close" => &mut self.close,
            "reopen" => &mut self.reopen,
            "never_close" => &mut self.never_close,
            "read_addresses" => &mut self.read_addresses,
            "remote_commands" => &mut self.remote_commands,
            "programs" => &mut self.programs,
            "end_processes" => &mut self.end_processes,
            "leave" => &mut self.leave,
            "notify" => &mut self.notify,
            _ => return None,
        })
    }
}

/// Whether two issue references mean the same issue: owners and repositories are the same in
/// any case of their letters.
#[must_use]
pub fn same_issue(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether a text is an issue reference, `owner/repo#N`.
#[must_use]
pub fn is_issue_reference(text: &str) -> bool {
    text.split_once('#').is_some_and(|(repository, number)| {
        is_repository(repository)
            && !number.starts_with('0')
            && !number.is_empty()
            && number.len() <= 10
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a text names a repository, `owner/repo`.
#[must_use]
pub fn is_repository(text: &str) -> bool {
    let plain = |part: &str, more: &[u8]| {
        !part.is_empty()
            && part.len() <= 100
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    text.split_once('/').is_some_and(|(owner, name)| {
        plain(owner, b"-") && plain(name, b"-._") && name != "." && name != ".."
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_recognised() {
        assert!(is_issue_reference("Priivacy-ai/spec-kitty#1141"));
        for odd in [
            "",
            "#1",
            "a/b",
            "a/b#",
            "a/b#0",
            "a/b#01",
            "a#1",
            "a/b/c#1",
            "a/b#1 ",
            " a/b#1",
            "a/..#1",
            "a/b#x",
            "a_b/c#1",
            "https://github.com/a/b/issues/1",
            "a/b#99999999999",
        ] {
            assert!(!is_issue_reference(odd), "{odd}");
        }
    }

    #[test]
    fn letters_case_does_not_make_another_issue() {
        assert!(same_issue("A/b#1", "a/B#1"));
        assert!(!same_issue("a/b#1", "a/b#11"));
    }
}
