//! What a gate may write or end, in words: for the question before a run. Pure.

use super::{Gate, Subtask, WorkPackage};
use crate::model::Scope;
use crate::model::template::render_parameters;
use crate::verb::Write;

impl Gate {
    /// Says in one line each what a part of the gate may write or end, for the question before a
    /// run.
    #[must_use]
    pub fn writes_possible(&self, scope: &Scope) -> Vec<String> {
        let packages = self.packages_in(scope);
        let in_scope = |package: &WorkPackage| packages.contains(package.id.as_str());
        self.subtasks()
            .filter(|(package, _)| in_scope(package))
            .flat_map(|(package, subtask)| {
                let by = format!("{} ({})", subtask.id, package.id);
                let writes = self.writes_of(subtask).into_iter();
                writes.map(move |write| format!("{by}: {write}"))
            })
            .collect()
    }

    /// The same of one subtask.
    #[must_use]
    pub fn writes_of(&self, subtask: &Subtask) -> Vec<String> {
        let declares = subtask.verb.declares();
        let mut lines = Vec::new();
        for write in declares.writes() {
            match write {
                Write::Comment(issue) => {
                    lines.push(format!("comment once on {}", self.filled(issue)));
                }
                Write::Close(issue) => lines.push(format!("close {}", self.filled(issue))),
                Write::Post(address) => {
                    lines.push(format!("post once to {}", self.filled(address)));
                }
                Write::TriagedIssues => lines.extend(self.triage_lines()),
            }
        }
        if let Some(leaves) = declares.leaves() {
            let pattern = self.filled(leaves.pattern);
            if !pattern.is_empty() {
                lines.push(format!("leave logs at {pattern}, replacing nothing"));
            }
        }
        if let Some(rule) = declares.ends() {
            lines.push(format!("end processes that match `{rule}`"));
        }
        if let Some(command) = declares.runs() {
            let may = declares.may().join(", ");
            let may = match may.as_str() {
                "" => String::new(),
                may => format!(", which {}", self.filled(may)),
            };
            lines.push(format!("run `{}`{may}", self.filled(&command)));
        }
        lines
    }

    fn triage_lines(&self) -> Vec<String> {
        let mut issues: Vec<&str> = self
            .triage
            .iter()
            .filter_map(|rule| rule.reopen.as_deref())
            .collect();
        issues.sort_unstable();
        issues.dedup();
        issues
            .into_iter()
            .map(|issue| format!("on failure, comment on {issue} and re-open it"))
            .collect()
    }

    /// A text with its parameters filled in; as written when it quotes facts.
    fn filled(&self, text: &str) -> String {
        render_parameters(&self.parameters, text).unwrap_or_else(|_| text.to_owned())
    }
}
