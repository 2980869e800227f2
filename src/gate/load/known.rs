//! Which names can be quoted where: parameters, and facts that are published before they are
//! read. Reports nothing itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::draft::{Draft, DraftSubtask};
use super::names::{did_you_mean, meant};
use super::values::prefixes;
use crate::gate::graph::Graph;
use crate::model::Kind as FieldKind;
use crate::model::SubtaskId;
use crate::model::template::look_up;
use crate::verb::Field;

/// What a name may mean where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A fact.
    Fact,
    /// A fact or a parameter.
    Any,
}

/// Why a name cannot be quoted.
pub(super) struct Slip {
    pub(super) message: String,
    pub(super) label: &'static str,
    pub(super) help: String,
}

/// All names that a gate's texts can quote.
pub(super) struct Names<'a> {
    graph: Option<&'a Graph>,
    publishers: BTreeMap<&'a str, Publisher<'a>>,
    parameters: Value,
    /// Who comes after a subtask whose fact is read from afar.
    descendants: RefCell<HashMap<&'a SubtaskId, HashSet<SubtaskId>>>,
}

struct Publisher<'a> {
    by: &'a SubtaskId,
    /// The fields of the fact, where they are known.
    fields: Option<Vec<Field>>,
}

enum Known<'a> {
    Yes,
    /// A fact of a subtask that is not done before.
    NotBefore(&'a SubtaskId),
    /// Something inside of this fact, which never has it.
    NoField(&'a str),
    No,
}

impl<'a> Names<'a> {
    /// The names of a gate. Without a graph, nothing is held against their order.
    pub(super) fn of(draft: &'a Draft, graph: Option<&'a Graph>) -> Self {
        let mut publishers = BTreeMap::new();
        for (_, subtask) in draft.subtasks() {
            if let Some(name) = subtask.publishes.as_deref() {
                // Of two, which is an error of its own, the first.
                publishers
                    .entry(name)
                    .or_insert_with(|| Publisher::of(subtask));
            }
        }
        Self {
            graph,
            publishers,
            parameters: Value::Object(draft.parameters.clone()),
            descendants: RefCell::default(),
        }
    }

    /// What kind of value a path leads to, where that is known before the run.
    pub(super) fn kind(&self, path: &str) -> Option<FieldKind> {
        let fact = prefixes(path)
            .chain([path])
            .filter(|name| self.publishers.contains_key(name))
            .last()?;
        let field = field_of(path, fact)?;
        let fields = self.publishers.get(fact)?.fields.as_ref()?;
        let known = fields.iter().find(|known| known.name == field)?;
        // What lies inside of a list or a table is not known.
        let whole = path.len() == fact.len() + 1 + field.len();
        (whole && !known.optional).then_some(known.kind)
    }

    pub(super) fn parameters(&self) -> &Value {
        &self.parameters
    }

    /// What is wrong with a name that `reader` quotes; none when nothing is.
    pub(super) fn slip(&self, path: &str, reader: &SubtaskId, kind: Kind) -> Option<Slip> {
        let (message, label, help) = match self.known(path, reader, kind) {
            Known::Yes => return None,
            Known::NotBefore(by) => (
                if by == reader {
                    format!("`{path}` is what `{by}` itself publishes")
                } else {
                    format!(
                        "`{path}` is published by `{by}`, which is not done before `{reader}` starts"
                    )
                },
                "not known yet",
                format!("read it in a subtask that comes after `{by}`, or add `{by}` to `after`"),
            ),
            Known::NoField(fact) => {
                let field = field_of(path, fact).unwrap_or_default();
                let fields = self.publishers.get(fact).and_then(|by| by.fields.as_ref());
                let known = fields
                    .into_iter()
                    .flatten()
                    .map(|field| field.name.as_str());
                (
                    format!("fact `{fact}` has no field `{field}`"),
                    "not known",
                    did_you_mean(field, known),
                )
            }
            Known::No => {
                let message = match kind {
                    Kind::Fact => format!("no subtask publishes `{path}`"),
                    Kind::Any => format!("`{path}` is neither a parameter nor a fact"),
                };
                (message, "not known", self.nearest(path, kind))
            }
        };
        Some(Slip {
            message,
            label,
            help,
        })
    }

    fn nearest(&self, path: &str, kind: Kind) -> String {
        let facts = self.publishers.keys().map(|name| (*name).to_owned());
        let parameters = match (&self.parameters, kind) {
            (Value::Object(tree), Kind::Any) => crate::gate::parameters::leaves(tree),
            _ => Vec::new(),
        };
        let parameters = parameters.into_iter().map(|(name, _)| name);
        let names: BTreeSet<String> = parameters.chain(facts).collect();
        meant(path, &names)
    }

    fn known(&self, path: &str, reader: &SubtaskId, kind: Kind) -> Known<'a> {
        if kind == Kind::Any
            && look_up(&self.parameters, path).is_some_and(|value| !value.is_object())
        {
            return Known::Yes;
        }
        let holder = prefixes(path)
            .chain([path])
            .filter_map(|name| self.publishers.get_key_value(name))
            .last();
        if let Some((fact, publisher)) = holder {
            return match self.before(publisher.by, reader) {
                Known::Yes if !publisher.has(field_of(path, fact)) => Known::NoField(fact),
                known => known,
            };
        }
        if kind == Kind::Fact {
            return Known::No;
        }
        self.known_inside(path, reader)
    }

    /// A table of parameters, of facts, or of both may be quoted as a whole.
    fn known_inside(&self, path: &str, reader: &SubtaskId) -> Known<'a> {
        let inside = format!("{path}.");
        let facts = self
            .publishers
            .range(inside.as_str()..)
            .take_while(|(name, _)| name.starts_with(&inside));
        let mut known = match look_up(&self.parameters, path) {
            Some(_) => Known::Yes,
            None => Known::No,
        };
        for (_, publisher) in facts {
            match self.before(publisher.by, reader) {
                Known::Yes => return Known::Yes,
                other if matches!(known, Known::No) => known = other,
                _ => {}
            }
        }
        known
    }

    fn before(&self, by: &'a SubtaskId, reader: &SubtaskId) -> Known<'a> {
        let Some(graph) = self.graph else {
            return Known::Yes;
        };
        // Most facts are read nearby. One that is read from afar is likely read by many.
        let before = graph.look_back(by, reader, 50).unwrap_or_else(|| {
            let mut far = self.descendants.borrow_mut();
            let after = far.entry(by).or_insert_with(|| graph.descendants(by));
            after.contains(reader)
        });
        if before {
            Known::Yes
        } else {
            Known::NotBefore(by)
        }
    }
}

impl<'a> Publisher<'a> {
    fn of(subtask: &'a DraftSubtask) -> Self {
        let mut fields = subtask
            .verb
            .as_ref()
            .and_then(|verb| verb.declares().fields());
        let conditional = subtask
            .table
            .as_ref()
            .is_some_and(|table| table.only_if.is_some());
        if let Some(fields) = fields.as_mut().filter(|_| conditional) {
            // One that is skipped publishes why, instead.
            fields.push(Field::new("skipped", FieldKind::Text));
        }
        Self {
            by: &subtask.id,
            fields,
        }
    }

    fn has(&self, field: Option<&str>) -> bool {
        match (field, &self.fields) {
            (Some(field), Some(fields)) => fields.iter().any(|known| known.name == field),
            _ => true,
        }
    }
}

/// The field of a fact that a path goes through; none where it is the fact as a whole.
fn field_of<'p>(path: &'p str, fact: &str) -> Option<&'p str> {
    let rest = path.get(fact.len()..)?.strip_prefix('.')?;
    rest.split(['.', '[']).next()
}
