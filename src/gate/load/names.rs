//! Checks of ids, titles and edges.

use std::collections::{BTreeSet, HashMap};

use super::document::{At, Document};
use super::draft::{Draft, DraftPackage};
use super::values::prefixes;
use crate::gate::Start;
use crate::gate::graph::Graph;
use crate::model::{Diagnostic, SubtaskId, nearest};

/// Checks all names; the graph when ids and edges are sound.
pub(super) fn check(
    document: &Document<'_>,
    draft: &Draft,
    problems: &mut Vec<Diagnostic>,
) -> Option<Graph> {
    let mut names = Names { document, problems };
    names.texts(draft);
    let before = names.problems.len();
    names.ids(draft);
    names.edges(draft);
    let sound = names.problems.len() == before;
    names.starts(draft);
    if !sound {
        return None;
    }
    names.graph(draft)
}

struct Names<'a, 't> {
    document: &'a Document<'t>,
    problems: &'a mut Vec<Diagnostic>,
}

impl Names<'_, '_> {
    /// Text that people read must not steer their terminal, and must be there.
    fn texts(&mut self, draft: &Draft) {
        let root = At::root();
        if draft
            .header
            .as_ref()
            .is_some_and(|header| !is_id(&header.name))
        {
            self.odd_id(&root.key("name"), "the gate's name");
        }
        let mut shown = vec![root.key("title"), root.key("mission")];
        for package in &draft.packages {
            shown.extend(["title", "goal"].map(|key| package.at.key(key)));
            shown.extend(
                package
                    .subtasks
                    .iter()
                    .map(|subtask| subtask.at.key("title")),
            );
        }
        for (at, _) in &draft.triage {
            shown.extend(["name", "advice"].map(|key| at.key(key)));
        }
        for at in shown {
            if self
                .document
                .text(&at)
                .is_some_and(|text| text.chars().any(char::is_control))
            {
                let problem = self
                    .document
                    .problem(&at, "a control character in a text for people");
                self.problems
                    .push(problem.help("write it in one plain line"));
            }
        }
    }

    fn ids(&mut self, draft: &Draft) {
        let mut seen: HashMap<&str, At> = HashMap::new();
        for package in &draft.packages {
            self.id(
                &package.at.key("id"),
                &package.id,
                "work package",
                &mut seen,
            );
            self.runs_on(package);
            if package.table.is_some() && package.subtasks.is_empty() {
                let message = format!("work package `{}` has no subtasks", package.id);
                let problem = self.document.problem(&package.at, message);
                self.problems
                    .push(problem.help("add one, or take the work package out"));
            }
        }
        let mut seen: HashMap<&str, At> = HashMap::new();
        for (_, subtask) in draft.subtasks() {
            self.id(
                &subtask.at.key("id"),
                subtask.id.as_str(),
                "subtask",
                &mut seen,
            );
        }
    }

    fn id<'d>(&mut self, at: &At, id: &'d str, what: &str, seen: &mut HashMap<&'d str, At>) {
        // One that is missing or no text has been reported with its table.
        if self.document.text(at).is_none() {
            return;
        }
        let copied = !self
            .document
            .source
            .slice(self.document.span(at))
            .contains('[');
        let own = id
            .split_once('[')
            .filter(|_| copied)
            .map_or(id, |(own, _)| own);
        if !is_id(own) {
            self.odd_id(at, &format!("the id of a {what}"));
        }
        if let Some(first) = seen.get(id) {
            let line = self.document.problem(first, "").line;
            let message = format!("there are two {what}s `{id}`");
            let problem = self.document.problem(at, message);
            self.problems.push(problem.label("used again").help(format!(
                "the first is on line {line}; give this one another id"
            )));
        } else {
            seen.insert(id, at.clone());
        }
    }

    fn runs_on(&mut self, package: &DraftPackage) {
        let label = package
            .table
            .as_ref()
            .and_then(|table| table.runs_on.as_ref());
        if label.is_some_and(|label| !is_id(label)) {
            self.odd_id(&package.at.key("runs_on"), "the label of a runner");
        }
    }

    fn odd_id(&mut self, at: &At, what: &str) {
        let problem = self.document.problem(at, format!("{what} is empty or odd"));
        self.problems.push(problem.help(
            "use up to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
        ));
    }

    fn edges(&mut self, draft: &Draft) {
        let packages: BTreeSet<&str> = draft.packages.iter().map(|p| p.id.as_str()).collect();
        let subtasks: BTreeSet<&str> = draft.subtasks().map(|(_, s)| s.id.as_str()).collect();
        for package in &draft.packages {
            for (index, name) in package.depends_on.iter().enumerate() {
                let at = package.at.key("depends_on").index(index);
                self.edge(&at, name, &package.id, "work package", &packages);
            }
            for subtask in &package.subtasks {
                let after = subtask
                    .table
                    .as_ref()
                    .and_then(|table| table.after.as_ref());
                for (index, name) in after.into_iter().flatten().enumerate() {
                    let at = subtask.at.key("after").index(index);
                    self.edge(
                        &at,
                        name.as_str(),
                        subtask.id.as_str(),
                        "subtask",
                        &subtasks,
                    );
                }
            }
        }
    }

    fn edge(&mut self, at: &At, name: &str, own: &str, what: &str, known: &BTreeSet<&str>) {
        if name == own {
            let problem = self
                .document
                .problem(at, format!("{what} `{own}` waits for itself"));
            self.problems.push(problem.help("take it out"));
        } else if !known.contains(name) {
            let problem = self
                .document
                .problem(at, format!("there is no {what} `{name}`"));
            let help = did_you_mean(name, known.iter().copied());
            self.problems.push(problem.label("not known").help(help));
        }
    }

    /// A subtask for failures needs something before it that can fail, and starts alone.
    fn starts(&mut self, draft: &Draft) {
        for package in &draft.packages {
            let tables: Vec<_> = package.subtasks.iter().map(|s| s.table.as_ref()).collect();
            for (index, subtask) in package.subtasks.iter().enumerate() {
                let parallel = |index: usize| {
                    let table = tables.get(index).copied().flatten();
                    table.is_some_and(|table| table.parallel)
                };
                if tables[index].is_none_or(|table| table.on != Start::Failure) {
                    continue;
                }
                let (what, help) = if index == 0 {
                    (
                        "can never start: nothing before it can fail",
                        "place it behind the subtasks whose failure it is for",
                    )
                } else if parallel(index) || parallel(index + 1) {
                    (
                        "is for failures, and cannot start beside another subtask",
                        "take `parallel` out: it starts once what is before it has ended",
                    )
                } else {
                    continue;
                };
                let at = subtask.at.key("on");
                let message = format!("`{}` {what}", subtask.id);
                self.problems
                    .push(self.document.problem(&at, message).help(help));
            }
        }
    }

    fn graph(&mut self, draft: &Draft) -> Option<Graph> {
        let cycle = match Graph::build(&draft.outline()) {
            Ok(graph) => return Some(graph),
            Err(cycle) => cycle,
        };
        let at = Self::cycle_place(draft, &cycle.0);
        let message = format!("{cycle}");
        let problem = self
            .document
            .problem(&at, message)
            .label("leads back to itself");
        self.problems.push(problem.help(
            "take one of the edges out: `after` of a subtask, or `depends_on` of its work package",
        ));
        None
    }

    /// The edge that somebody wrote against the order of the file: an item of an `after` or of a
    /// `depends_on` in the circle.
    fn cycle_place(draft: &Draft, cycle: &[SubtaskId]) -> At {
        let inside: BTreeSet<&SubtaskId> = cycle.iter().collect();
        let mut before: BTreeSet<&str> = BTreeSet::new();
        for package in &draft.packages {
            let backward = |name: &str| {
                let named = draft.packages.iter().find(|other| other.id == name);
                named.is_some_and(|named| !before.contains(name) && holds(named, &inside))
            };
            if holds(package, &inside)
                && let Some(index) = package.depends_on.iter().position(|name| backward(name))
            {
                return package.at.key("depends_on").index(index);
            }
            before.insert(&package.id);
        }
        let mut before: BTreeSet<&SubtaskId> = BTreeSet::new();
        for (_, subtask) in draft.subtasks() {
            let after = subtask
                .table
                .as_ref()
                .and_then(|table| table.after.as_deref());
            let backward = |id: &SubtaskId| inside.contains(id) && !before.contains(id);
            if inside.contains(&subtask.id)
                && let Some(index) = after.unwrap_or_default().iter().position(backward)
            {
                return subtask.at.key("after").index(index);
            }
            before.insert(&subtask.id);
        }
        At::root()
    }
}

fn holds(package: &DraftPackage, inside: &BTreeSet<&SubtaskId>) -> bool {
    package
        .subtasks
        .iter()
        .any(|subtask| inside.contains(&subtask.id))
}

/// "Did you mean", or what there is.
pub(in crate::gate) fn did_you_mean<'n>(
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> String {
    if let Some(near) = nearest(name, known.clone().take(2000)) {
        return format!("did you mean `{near}`?");
    }
    let first: Vec<&str> = known.clone().take(12).collect();
    match (first.is_empty(), known.count() > first.len()) {
        (true, _) => "there are none".to_owned(),
        (false, false) => format!("there are: {}", first.join(", ")),
        (false, true) => format!("there are: {}, …", first.join(", ")),
    }
}

/// "Did you mean", where only the beginning of a path may be a name.
pub(super) fn meant(path: &str, names: &BTreeSet<String>) -> String {
    let known = || names.iter().map(String::as_str).take(2000);
    let near =
        |begin: &str| nearest(begin, known()).map(|near| near.to_owned() + &path[begin.len()..]);
    let inner: Vec<&str> = prefixes(path).collect();
    inner.into_iter().rev().find_map(near).map_or_else(
        || did_you_mean(path, known()),
        |near| format!("did you mean `{near}`?"),
    )
}

fn is_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
