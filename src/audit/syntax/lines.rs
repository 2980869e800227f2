//! Source lines by file, for reports.

use std::collections::HashMap;

use super::change::{Change, FilePair};
use super::diff::ChangeKind;
use super::side::{Side, Unit};
use super::tree::{Kind, MODULE, Node, one_line};

/// Source lines by file, for the reports.
pub(super) struct Lines<'f>(HashMap<&'f str, (Vec<&'f str>, Vec<&'f str>)>);

impl<'f> Lines<'f> {
    pub(super) fn new(files: &'f [FilePair]) -> Self {
        let lines =
            |text: &'f Option<String>| text.as_deref().unwrap_or_default().lines().collect();
        Self(
            files
                .iter()
                .map(|file| {
                    (
                        file.path.as_str(),
                        (lines(&file.before), lines(&file.after)),
                    )
                })
                .collect(),
        )
    }

    /// The line of a difference, after the change if it still exists.
    pub(super) fn text(&self, path: &str, before: Option<u32>, after: Option<u32>) -> String {
        let Some((old, new)) = self.0.get(path) else {
            return String::new();
        };
        let (lines, at) = match (before, after) {
            (_, Some(at)) => (new, at),
            (Some(at), None) => (old, at),
            (None, None) => return String::new(),
        };
        let line = lines.get((at as usize).saturating_sub(1)).copied();
        one_line(line.unwrap_or_default())
    }

    /// A definition that was added or removed as a whole. A file's own scope with only imports is
    /// not one.
    pub(super) fn whole(
        &self,
        unit: &Unit,
        kind: ChangeKind,
        (side, other): (&Side, &Side),
    ) -> Vec<Change> {
        if unit.name == MODULE {
            let used = side.used(&unit.path);
            let idle = |node: &Node| node.kind == Kind::Import && used.contains(&node.text);
            if unit.node.children.iter().all(idle) {
                return Vec::new();
            }
        }
        let is_empty = unit.node.body().is_some_and(Node::is_empty_block);
        if side.only_served_logging(unit, other) || (is_empty && other.only_logs(unit)) {
            return Vec::new();
        }
        let line = Some(unit.node.line);
        let (before, after) = match kind {
            ChangeKind::Removed => (line, None),
            _ => (None, line),
        };
        vec![Change {
            path: unit.path.clone(),
            function: unit.name.clone(),
            kind,
            before,
            after,
            numeric: false,
            text: self.text(&unit.path, before, after),
        }]
    }
}
