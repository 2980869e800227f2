//! A gate file as far as it could be read: everything that is understood, each with its place,
//! so that the checks can still speak when something else is wrong.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use toml::de::DeTable;

use super::document::{At, Document, table_to_json};
use super::file::{GateTable, SubtaskTable, WorkPackageTable};
use super::table::{Reading, Shape, whole_schemas};
use crate::gate::GATE_FORMAT;
use crate::gate::graph::{Outline, SubtaskOutline};
use crate::gate::rehearsal::Rehearsal;
use crate::model::{Diagnostic, PolicyTable, SubtaskId, Triage, nearest};
use crate::verbs::Verb;
use crate::world::ProcessRule;

/// What could be read of a gate file.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) header: Option<Header>,
    pub(super) parameters: Map<String, Value>,
    /// None when it is there and could not be read.
    pub(super) policy: Option<PolicyTable>,
    pub(super) processes: BTreeMap<String, ProcessRule>,
    pub(super) triage: Vec<(At, Triage)>,
    /// None when there is none, or it could not be read.
    pub(super) rehearsal: Option<Rehearsal>,
    pub(super) packages: Vec<DraftPackage>,
}

/// The file's first lines.
pub(super) struct Header {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) mission: String,
}

/// A work package as far as it could be read.
pub(super) struct DraftPackage {
    pub(super) at: At,
    /// Its id; empty when it has none.
    pub(super) id: String,
    pub(super) table: Option<WorkPackageTable>,
    pub(super) depends_on: Vec<String>,
    pub(super) subtasks: Vec<DraftSubtask>,
}

/// A subtask as far as it could be read.
pub(super) struct DraftSubtask {
    pub(super) at: At,
    /// Its id; empty when it has none.
    pub(super) id: SubtaskId,
    pub(super) table: Option<SubtaskTable>,
    pub(super) verb: Option<Verb>,
    /// The verb's fields, `uses` included.
    pub(super) fields: Value,
    /// The fact it publishes.
    pub(super) publishes: Option<String>,
}

impl Draft {
    /// Reads what can be read.
    pub(super) fn read(
        document: &Document<'_>,
        parameters: Map<String, Value>,
        problems: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut reader = DraftReader { document, problems };
        reader.draft(parameters)
    }

    /// The parameters, with their defaults.
    pub(super) fn parameters(
        document: &Document<'_>,
        problems: &mut Vec<Diagnostic>,
    ) -> Map<String, Value> {
        match document.table(&At::root().key("parameters")) {
            Some(table) => table_to_json(table, document.source, problems),
            None => Map::new(),
        }
    }

    /// All its subtasks, with their work packages.
    pub(super) fn subtasks(&self) -> impl Iterator<Item = (&DraftPackage, &DraftSubtask)> {
        self.packages.iter().flat_map(|package| {
            package
                .subtasks
                .iter()
                .map(move |subtask| (package, subtask))
        })
    }

    /// What the graph needs to know.
    pub(super) fn outline(&self) -> Vec<Outline<'_>> {
        self.packages
            .iter()
            .map(|package| Outline {
                id: &package.id,
                depends_on: &package.depends_on,
                subtasks: package.subtasks.iter().map(DraftSubtask::outline).collect(),
            })
            .collect()
    }
}

impl DraftSubtask {
    fn outline(&self) -> SubtaskOutline<'_> {
        SubtaskOutline {
            id: &self.id,
            parallel: self.table.as_ref().is_some_and(|table| table.parallel),
            after: self.table.as_ref().and_then(|table| table.after.as_deref()),
        }
    }
}

struct DraftReader<'a, 't> {
    document: &'a Document<'t>,
    problems: &'a mut Vec<Diagnostic>,
}

/// The shapes of all tables: made once, a gate has many.
struct Shapes {
    gate: Shape,
    policy: Shape,
    process: Shape,
    triage: Shape,
    rehearsal: Shape,
    package: Shape,
    subtask: Shape,
    verbs: BTreeMap<&'static str, Shape>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let subtask = Shape::of::<SubtaskTable>();
    Shapes {
        gate: Shape::of::<GateTable>(),
        policy: Shape::of::<PolicyTable>(),
        process: Shape::of::<ProcessRule>().without("name"),
        triage: Shape::of::<Triage>(),
        rehearsal: Shape::of::<Rehearsal>(),
        package: Shape::of::<WorkPackageTable>(),
        verbs: verb_shapes(&subtask),
        subtask,
    }
});

impl DraftReader<'_, '_> {
    fn draft(&mut self, parameters: Map<String, Value>) -> Draft {
        let root = At::root();
        let header = self
            .read::<GateTable>(&root, &SHAPES.gate, "the gate file")
            .and_then(|table| self.header(table));
        let mut draft = Draft {
            header,
            parameters,
            ..Draft::default()
        };
        let policy = root.key("policy");
        draft.policy = if self.document.has(&policy) {
            self.read(&policy, &SHAPES.policy, "`policy`")
        } else {
            Some(PolicyTable::default())
        };
        draft.processes = self.processes(&root.key("process"));
        for at in self.items(&root.key("triage")) {
            let rule = self.read(&at, &SHAPES.triage, "a triage rule");
            draft.triage.extend(rule.map(|rule| (at, rule)));
        }
        draft.rehearsal = self.read(&root.key("rehearsal"), &SHAPES.rehearsal, "`rehearsal`");
        for at in self.items(&root.key("work_package")) {
            let package = self.package(at);
            draft.packages.push(package);
        }
        draft
    }

    fn header(&mut self, table: GateTable) -> Option<Header> {
        if table.format == GATE_FORMAT {
            return Some(Header {
                name: table.name,
                title: table.title,
                mission: table.mission,
            });
        }
        let at = At::root().key("format");
        let message = format!("format {} is not known", table.format);
        self.problems.push(
            self.document
                .problem(&at, message)
                .label(format!("this program reads format {GATE_FORMAT}"))
                .help(format!(
                    "write `format = {GATE_FORMAT}`, or use a newer program"
                )),
        );
        None
    }

    fn processes(&mut self, at: &At) -> BTreeMap<String, ProcessRule> {
        let Some(table) = self.document.table(at) else {
            return BTreeMap::new();
        };
        let mut rules = BTreeMap::new();
        for key in table.keys() {
            let name = key.get_ref().to_string();
            let what = format!("process rule `{name}`");
            if let Some(rule) = self.read::<ProcessRule>(&at.key(&name), &SHAPES.process, &what) {
                let named = ProcessRule {
                    name: name.clone(),
                    ..rule
                };
                rules.insert(name, named);
            }
        }
        rules
    }

    fn package(&mut self, at: At) -> DraftPackage {
        let id = self.text(&at.key("id"));
        let what = named("work package", &id);
        let table = self.read::<WorkPackageTable>(&at, &SHAPES.package, &what);
        let subtasks = self
            .items(&at.key("subtask"))
            .into_iter()
            .map(|at| self.subtask(at))
            .collect();
        DraftPackage {
            depends_on: table
                .as_ref()
                .map(|table| table.depends_on.clone())
                .unwrap_or_default(),
            at,
            id,
            table,
            subtasks,
        }
    }

    fn subtask(&mut self, at: At) -> DraftSubtask {
        let id = self.text(&at.key("id"));
        let what = named("subtask", &id);
        let uses = self.text(&at.key("uses"));
        let table = self.document.table(&at).cloned().unwrap_or_default();
        let (common, own) = split(table, &SHAPES.subtask);
        let span = self.document.span(&at);
        let common = Reading {
            document: self.document,
            table: &common,
            span: span.clone(),
            what: &what,
        };
        let table = common.read(&SHAPES.subtask, SubtaskTable::deserialize, self.problems);
        let mut fields = table_to_json(&own, self.document.source, self.problems);
        let own = Reading {
            document: self.document,
            table: &own,
            span,
            what: &format!("{what} (`{uses}`)"),
        };
        let verb = if let Some(shape) = SHAPES.verbs.get(uses.as_str()) {
            let from = |from| Verb::from_fields(&uses, from).transpose();
            own.read(shape, from, self.problems).flatten()
        } else {
            self.unknown_verb(&at, &uses, &what);
            None
        };
        let publishes = fields.get("as").and_then(Value::as_str).map(str::to_owned);
        fields.insert("uses".to_owned(), Value::from(uses));
        DraftSubtask {
            at,
            id: SubtaskId::new(id),
            table,
            verb,
            fields: Value::Object(fields),
            publishes,
        }
    }

    fn unknown_verb(&mut self, at: &At, uses: &str, what: &str) {
        // A missing or mistyped `uses` has been reported with the fields every subtask has.
        if self.document.text(&at.key("uses")).is_none() {
            self.misspelled_uses(at, what);
            return;
        }
        let help = nearest(uses, Verb::NAMES.iter().copied()).map_or_else(
            || format!("the verbs are: {}", Verb::NAMES.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        self.problems.push(
            self.document
                .problem(&at.key("uses"), format!("there is no verb `{uses}`"))
                .label("not known")
                .help(help),
        );
    }

    /// Without a verb, nobody else looks at the other keys.
    fn misspelled_uses(&mut self, at: &At, what: &str) {
        let keys = self.document.table(at).into_iter().flat_map(DeTable::keys);
        let strange = keys.filter(|key| !SHAPES.subtask.fields.contains(key.get_ref().as_ref()));
        for key in strange {
            let name = key.get_ref().as_ref();
            if nearest(name, ["uses"]).is_some() {
                let message = format!("{what} has no field `{name}`");
                self.problems.push(
                    Diagnostic::new(self.document.source, key.span(), message)
                        .label("not known")
                        .help("did you mean `uses`?"),
                );
            }
        }
    }

    fn read<T: DeserializeOwned>(&mut self, at: &At, shape: &Shape, what: &str) -> Option<T> {
        let table = self.document.table(at)?;
        Reading {
            document: self.document,
            table,
            span: self.document.span(at),
            what,
        }
        .read(shape, T::deserialize, self.problems)
    }

    /// The places of a list's tables. What else is in the list has been reported.
    fn items(&self, at: &At) -> Vec<At> {
        (0..self.document.count(at))
            .map(|index| at.index(index))
            .filter(|item| self.document.table(item).is_some())
            .collect()
    }

    /// The text at a place; empty when there is none.
    fn text(&self, at: &At) -> String {
        self.document.text(at).unwrap_or_default().to_owned()
    }
}

fn verb_shapes(subtask: &Shape) -> BTreeMap<&'static str, Shape> {
    Verb::schemas(&mut whole_schemas())
        .into_iter()
        .map(|(name, schema)| {
            let beside = subtask.fields.clone();
            let shape = Shape::from_schema(&schema);
            (name, Shape { beside, ..shape })
        })
        .collect()
}

/// Takes the fields that every subtask has from those of its verb.
fn split<'t>(table: DeTable<'t>, common: &Shape) -> (DeTable<'t>, DeTable<'t>) {
    let mut shared = DeTable::new();
    let mut own = DeTable::new();
    for (key, value) in table {
        if common.fields.contains(key.get_ref().as_ref()) {
            shared.insert(key, value);
        } else {
            own.insert(key, value);
        }
    }
    (shared, own)
}

fn named(what: &str, id: &str) -> String {
    if id.is_empty() {
        format!("a {what}")
    } else {
        format!("{what} `{id}`")
    }
}
