//! Checks that every write a subtask may make is one that the policy lists.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::document::{At, Document};
use super::draft::{Draft, DraftSubtask};
use super::names::did_you_mean;
use crate::model::template::{look_up, quoted_names, render_parameters};
use crate::model::{
    Diagnostic, PolicyTable, ResolvedPolicy, Triage, is_issue_reference, is_repository,
    numbered_paths, same_issue,
};
use crate::verb::{Leaves, Write};
use crate::verbs::Verb;

/// Checks the policy and all writes; both with their parameters filled in.
pub(super) fn check(
    document: &Document<'_>,
    draft: &Draft,
    problems: &mut Vec<Diagnostic>,
) -> (ResolvedPolicy, Vec<Triage>) {
    let mut checker = Checker {
        document,
        parameters: &draft.parameters,
        policy: ResolvedPolicy::default(),
        readable: draft.policy.is_some(),
        problems,
    };
    checker.lists(draft);
    checker.never_close();
    checker.end_processes(draft);
    let triage = checker.triage(&draft.triage);
    for (_, subtask) in draft.subtasks() {
        checker.subtask(subtask, draft);
    }
    (checker.policy, triage)
}

struct Checker<'a, 't> {
    document: &'a Document<'t>,
    parameters: &'a Map<String, Value>,
    policy: ResolvedPolicy,
    /// Whether the policy could be read; nothing is held against one that could not.
    readable: bool,
    problems: &'a mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    fn lists(&mut self, draft: &Draft) {
        for (name, items) in draft.policy.iter().flat_map(PolicyTable::lists) {
            let issues = matches!(name, "comment" | "close" | "reopen" | "never_close");
            for (index, item) in items.iter().enumerate() {
                let at = At::root().key("policy").key(name).index(index);
                let Some(filled) = self.filled(&at, item, "the policy") else {
                    continue;
                };
                if issues {
                    self.issue(&at, &filled);
                }
                if name == "leave" {
                    self.paths(&at, &filled);
                } else if filled.trim().is_empty() {
                    let problem = self.document.problem(&at, "an empty entry in the policy");
                    self.problems.push(problem.help("take it out"));
                }
                if let Some(list) = self.policy.list_mut(name) {
                    list.push(filled);
                }
            }
        }
    }

    /// The paths that a pattern stands for; an empty one, which stands for none, is no mistake.
    fn paths(&mut self, at: &At, pattern: &str) -> Option<Vec<String>> {
        match numbered_paths(pattern) {
            Ok(paths) => Some(paths),
            Err(wrong) => {
                let problem = self.document.problem(at, wrong);
                let help = "write an absolute path such as `/tmp/run-{1..4}.log`";
                self.problems.push(problem.help(help));
                None
            }
        }
    }

    fn never_close(&mut self) {
        for (index, issue) in self.policy.close.iter().enumerate() {
            if listed(&self.policy.never_close, issue) {
                let at = At::root().key("policy").key("close").index(index);
                let message = format!("{issue} must never be closed, and is listed under `close`");
                let problem = self
                    .document
                    .problem(&at, message)
                    .label("in `never_close` too");
                self.problems.push(problem.help("take it out of `close`"));
            }
        }
    }

    fn end_processes(&mut self, draft: &Draft) {
        let names = draft.policy.iter().flat_map(|policy| &policy.end_processes);
        for (index, name) in names.enumerate() {
            let at = At::root().key("policy").key("end_processes").index(index);
            self.process_rule(&at, name, draft);
        }
    }

    /// Whether there is a process rule of that name.
    fn process_rule(&mut self, at: &At, name: &str, draft: &Draft) -> bool {
        let there = draft.processes.contains_key(name) || self.unread_rule(name);
        if !there {
            let problem = self
                .document
                .problem(at, format!("there is no process rule `{name}`"));
            let help = did_you_mean(name, draft.processes.keys().map(String::as_str));
            self.problems.push(problem.label("not known").help(help));
        }
        there
    }

    /// Whether there is a rule of that name that could not be read; reported elsewhere.
    fn unread_rule(&self, name: &str) -> bool {
        self.document.has(&At::root().key("process").key(name))
    }

    fn triage(&mut self, rules: &[(At, Triage)]) -> Vec<Triage> {
        let mut filled = Vec::with_capacity(rules.len());
        for (at, rule) in rules {
            let mut rule = rule.clone();
            if let Some(template) = &rule.reopen {
                let at = at.key("reopen");
                rule.reopen = self.filled(&at, template, "an issue to re-open");
                if let Some(issue) = rule.reopen.clone().filter(|issue| self.issue(&at, issue)) {
                    self.must_list(&at, "reopen", &issue, "re-opened");
                    self.must_list(&at, "comment", &issue, "commented on");
                }
            }
            filled.push(rule);
        }
        filled
    }

    fn subtask(&mut self, subtask: &DraftSubtask, draft: &Draft) {
        self.references(subtask);
        let Some(verb) = &subtask.verb else { return };
        for write in verb.declares().writes() {
            let (list, template, done) = match write {
                Write::Comment(issue) => ("comment", issue, "commented on"),
                Write::Close(issue) => ("close", issue, "closed"),
                // The triage rules themselves have been checked, and addresses are with what is
                // asked.
                Write::TriagedIssues | Write::Post(_) => continue,
            };
            let at = self.document.text_at(&subtask.at, template);
            let Some(issue) = self.filled(&at, template, "an issue that is written to") else {
                continue;
            };
            if list == "close" && listed(&self.policy.never_close, &issue) {
                let message = format!(
                    "`{}` closes {issue}, which must never be closed",
                    subtask.id
                );
                let problem = self
                    .document
                    .problem(&at, message)
                    .label("in `policy.never_close`");
                self.problems.push(problem.help("take the subtask out"));
            } else {
                self.must_list(&at, list, &issue, done);
            }
        }
        if let Some(leaves) = verb.declares().leaves() {
            self.leaves(subtask, leaves);
        }
        let at = subtask.at.key("process");
        if let Some(rule) = verb.declares().ends() {
            if self.process_rule(&at, rule, draft) {
                self.may_end(&at, rule, subtask);
            }
        } else if let Verb::Canary(canary) = verb {
            self.process_rule(&at, &canary.process, draft);
        }
    }

    /// Files that are left for readers: as many as there are logs, and listed.
    fn leaves(&mut self, subtask: &DraftSubtask, leaves: Leaves<'_>) {
        let at = subtask.at.key(leaves.field);
        let Some(pattern) = self.filled(&at, leaves.pattern, "a file that is left") else {
            return;
        };
        let Some(paths) = self.paths(&at, &pattern).filter(|paths| !paths.is_empty()) else {
            return;
        };
        if paths.len() != leaves.count {
            let (paths, logs) = (paths.len(), leaves.count);
            let message = format!("`{pattern}` is {paths} paths for {logs} logs");
            let problem = self.document.problem(&at, message);
            self.problems
                .push(problem.help(format!("write `{{1..{logs}}}` where the number stands")));
        } else if self.readable && !self.policy.leave.contains(&pattern) {
            let message =
                format!("logs would be left at {pattern}, which the policy does not list");
            let problem = self.document.problem(&at, message);
            let help = "add it to `leave` under [policy] if it may ever be written";
            self.problems
                .push(problem.label("not in `policy.leave`").help(help));
        }
    }

    fn may_end(&mut self, at: &At, rule: &str, subtask: &DraftSubtask) {
        let listed = self
            .policy
            .end_processes
            .iter()
            .any(|listed| listed == rule);
        if listed || !self.readable {
            return;
        }
        let message = format!(
            "`{}` ends processes of rule `{rule}`, which the policy does not list",
            subtask.id
        );
        let problem = self.document.problem(at, message);
        self.problems.push(
            problem
                .label("not in `policy.end_processes`")
                .help(format!("add \"{rule}\" to `end_processes` under [policy]")),
        );
    }

    /// Issues and repositories that are only read must be references, too.
    fn references(&mut self, subtask: &DraftSubtask) {
        for key in ["issue", "requires_closed", "repository"] {
            let Some(template) = subtask.fields.get(key).and_then(Value::as_str) else {
                continue;
            };
            let Ok(text) = render_parameters(self.parameters, template) else {
                continue;
            };
            let at = subtask.at.key(key);
            if key == "repository" && !is_repository(&text) {
                let problem = self
                    .document
                    .problem(&at, format!("`{text}` is no repository"));
                self.problems.push(problem.help("write it as `owner/repo`"));
            } else if key != "repository" {
                self.issue(&at, &text);
            }
        }
    }

    fn issue(&mut self, at: &At, text: &str) -> bool {
        let fine = is_issue_reference(text);
        if !fine {
            let problem = self.document.problem(at, format!("`{text}` is no issue"));
            self.problems
                .push(problem.help("write it as `owner/repo#41`"));
        }
        fine
    }

    fn must_list(&mut self, at: &At, list: &str, issue: &str, done: &str) {
        let items = self.policy.list_mut(list).map(|items| listed(items, issue));
        // What is no reference has been reported as such.
        if !self.readable || items == Some(true) || !is_issue_reference(issue) {
            return;
        }
        let message = format!("{issue} would be {done}, which the policy does not list");
        let problem = self
            .document
            .problem(at, message)
            .label(format!("not in `policy.{list}`"));
        self.problems.push(problem.help(format!(
            "add it to `{list}` under [policy] if it may ever be {done}"
        )));
    }

    /// A text with its parameters filled in; what it quotes must be parameters.
    fn filled(&mut self, at: &At, template: &str, what: &str) -> Option<String> {
        // One that does not compile is reported with all other templates.
        let names = quoted_names(template).ok()?;
        let tree = Value::Object(self.parameters.clone());
        let unknown: BTreeSet<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| look_up(&tree, name).is_none())
            .collect();
        for name in &unknown {
            let message = format!("{what} must be known before the run: `{name}` is no parameter");
            let problem = self.document.words_problem(at, name, message);
            let names = crate::gate::parameters::leaves(self.parameters);
            let help = did_you_mean(name, names.iter().map(|(name, _)| name.as_str()));
            self.problems
                .push(problem.label("not a parameter").help(help));
        }
        if !unknown.is_empty() {
            return None;
        }
        match render_parameters(self.parameters, template) {
            Ok(text) => Some(text),
            Err(error) => {
                let problem = self.document.problem(at, error.to_string());
                self.problems
                    .push(problem.help("quote plain parameters here"));
                None
            }
        }
    }
}

fn listed(list: &[String], issue: &str) -> bool {
    list.iter().any(|item| same_issue(item, issue))
}
