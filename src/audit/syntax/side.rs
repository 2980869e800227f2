//! One version of all files: logging removed across files, then split into definitions.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::differs;
use super::file::File;
use super::grammar::Unreadable;
use super::grammars::grammar_for;
use super::known::Known;
use super::names::LoggingNames;
use super::readings::read_what_can_be;
use super::resolve::{Index, module_of};
use super::settle::{settle, uses};
use super::strip::{Stripped, strip};
use super::tree::{Fault, Kind, Lowered, MODULE, Node, Note};

/// A definition: a function, a class without its methods, or a file's own statements.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Path of its file in the fix; in the version before it, the path it was renamed to.
    pub(super) path: String,
    /// Qualified name; `#2` marks a second definition of the same name.
    pub(super) name: String,
    /// Signature and body, without nested definitions.
    pub(super) node: Node,
}

/// One file of one version.
pub(super) struct Source<'s> {
    /// The path used for the comparison.
    pub(super) path: String,
    /// Its text.
    pub(super) text: &'s str,
}

/// One version of all files.
pub(super) struct Side {
    pub(super) units: Vec<Unit>,
    pub(super) notes: Vec<(String, Note)>,
    pub(super) unreadable: Vec<(String, Unreadable)>,
    /// What the grammars could not read.
    pub(super) faults: Vec<(String, Fault)>,
    /// Decorators and context managers that only served logging.
    known: Known,
}

impl Side {
    /// Whether a definition only served logging, and everything it belongs to is in this version
    /// only: its uses are set aside.
    pub(super) fn only_served_logging(&self, unit: &Unit, other: &Self) -> bool {
        let module = module_of(&unit.path);
        let name = unit.name.split('#').next().unwrap_or(&unit.name);
        let whole = self.known.served_by(&format!("{module}:{name}"));
        let Some((_, whole)) = whole.and_then(|whole| whole.split_once(':')) else {
            return false;
        };
        let mut units = other.units.iter();
        !units.any(|its| its.path == unit.path && its.name == whole)
    }

    /// Whether a definition of this name does nothing but log here, and is set aside.
    pub(super) fn only_logs(&self, unit: &Unit) -> bool {
        let key = format!("{}:{}", module_of(&unit.path), unit.name);
        self.known.log_only.contains(&key)
    }

    /// Names that the definitions of one file use.
    pub(super) fn used(&self, path: &str) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for unit in self.units.iter().filter(|unit| unit.path == path) {
            uses(&unit.node, &mut used);
        }
        used
    }
}

/// Reads one version.
pub(super) fn read_side(sources: &[Source<'_>], more: &LoggingNames) -> Side {
    let mut unreadable = Vec::new();
    let mut files = Vec::new();
    for source in sources {
        let Some(grammar) = grammar_for(&source.path) else {
            unreadable.push((source.path.clone(), Unreadable::NoGrammar));
            continue;
        };
        match read_what_can_be(grammar, source.text) {
            Ok(lowered) => files.push(File {
                path: source.path.clone(),
                grammar,
                lowered,
                names: grammar.logging().with(more),
            }),
            Err(why) => unreadable.push((source.path.clone(), why)),
        }
    }
    let stripped = strip_all(&files);
    let mut notes: Vec<(String, Note)> = Vec::new();
    let mut units = Vec::new();
    let mut faults = Vec::new();
    let mut known = Known::default();
    for (file, stripped) in files.iter().zip(stripped) {
        known.extend(&stripped.found);
        let of_file = file.lowered.faults.iter().cloned();
        faults.extend(of_file.map(|fault| (file.path.clone(), fault)));
        for note in file.lowered.notes.iter().cloned() {
            notes.push((file.path.clone(), note));
        }
        let (module, more) = settle(file, stripped);
        notes.extend(more.into_iter().map(|note| (file.path.clone(), note)));
        split(&file.path, module, &mut units);
    }
    Side {
        units,
        notes,
        unreadable,
        faults,
        known,
    }
}

/// Strips again and again while more functions turn out to only log.
fn strip_all(files: &[File]) -> Vec<Stripped> {
    let mut known = Known::default();
    for _ in 0..6 {
        let round = strip_round(files, &known);
        let mut found = Known::default();
        for stripped in &round {
            found.extend(&stripped.found);
        }
        if found == known {
            return round;
        }
        known = found;
    }
    strip_round(files, &known)
}

fn strip_round(files: &[File], known: &Known) -> Vec<Stripped> {
    files
        .iter()
        .map(|file| {
            let module = &file.lowered.module;
            let index = Index::new(&file.path, module, &file.names, known);
            strip(
                module,
                &module_of(&file.path),
                &index,
                file.grammar.has_normal_form(),
            )
        })
        .collect()
}

/// Splits a file's tree into its definitions.
fn split(path: &str, module: Node, to: &mut Vec<Unit>) {
    let mut names = BTreeMap::new();
    let first = to.len();
    let mut body = take_definitions(path, module, &[], false, &mut names, to);
    // The order of imports is formatting.
    let (mut imports, rest): (Vec<Node>, Vec<Node>) = std::mem::take(&mut body.children)
        .into_iter()
        .partition(|statement| statement.kind == Kind::Import);
    imports.sort_by(|a, b| (&a.text, &a.children[0].text).cmp(&(&b.text, &b.children[0].text)));
    imports.extend(rest);
    body.children = imports;
    to.push(Unit {
        path: path.to_owned(),
        name: MODULE.to_owned(),
        node: body,
    });
    for unit in &mut to[first..] {
        unit.node.seal();
    }
}

fn take_definitions(
    path: &str,
    mut node: Node,
    scope: &[String],
    conditional: bool,
    names: &mut BTreeMap<String, usize>,
    to: &mut Vec<Unit>,
) -> Node {
    let mut kept = Vec::new();
    for child in std::mem::take(&mut node.children) {
        if !matches!(child.kind, Kind::Function | Kind::Class) {
            let inner =
                conditional || !matches!(node.kind, Kind::Block | Kind::Function | Kind::Class);
            kept.push(take_definitions(path, child, scope, inner, names, to));
            continue;
        }
        let mut scope = scope.to_vec();
        scope.push(child.text.clone());
        let name = scope.join(".");
        let times = names.entry(name.clone()).or_default();
        *times += 1;
        let name = if *times == 1 {
            name
        } else {
            format!("{name}#{times}")
        };
        // The position of a definition matters only inside a branch or a loop.
        if conditional {
            kept.push(Node::leaf(
                Kind::Other,
                format!("def {}", child.text),
                child.line,
            ));
        }
        // A function's own definitions stay visible in it: they share its local names.
        let in_function = child.kind == Kind::Function;
        let mut definition = take_definitions(path, child, &scope, in_function, names, to);
        definition.text = String::new();
        to.push(Unit {
            path: path.to_owned(),
            name,
            node: definition,
        });
    }
    node.children = kept;
    node
}

/// Qualified names of definitions that differ between two texts of one file, including their
/// logging; comments, docstrings, annotations and formatting are not part of a tree.
///
/// # Errors
/// Why one of the two cannot be read.
pub fn differing(path: &str, one: &str, other: &str) -> Result<Vec<String>, Unreadable> {
    let grammar = grammar_for(path).ok_or(Unreadable::NoGrammar)?;
    if one == other {
        return Ok(Vec::new());
    }
    let (one, other) = (
        read_what_can_be(grammar, one)?,
        read_what_can_be(grammar, other)?,
    );
    let fault = differs(&one.faults, &other.faults).or(differs(&other.faults, &one.faults));
    if let Some(line) = fault {
        return Err(Unreadable::SyntaxError { line });
    }
    let units = |lowered: &Lowered| -> BTreeMap<String, u64> {
        let mut units = Vec::new();
        split(path, lowered.module.clone(), &mut units);
        units
            .into_iter()
            .map(|unit| (unit.name, unit.node.digest))
            .collect()
    };
    let (one, other) = (units(&one), units(&other));
    let mut names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.retain(|name| one.get(*name) != other.get(*name));
    Ok(names.into_iter().cloned().collect())
}
