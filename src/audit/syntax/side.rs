//! One version of all files: logging taken out across files, then split into definitions.

use std::collections::{BTreeMap, BTreeSet};

use super::LoggingNames;
use super::grammar::{Grammar, Unreadable, grammar_for, read};
use super::resolve::{Index, Known, module_of};
use super::strip::{Stripped, strip};
use super::tree::{Aside, Kind, Lowered, Node, Note, one_line};
use super::walk::MODULE;

/// A definition: a function, a class without its methods, or a file's own statements.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    /// Path of its file in the fix; in the version before it, the path it was renamed to.
    pub(super) path: String,
    /// Qualified name; `#2` marks a second definition of the same name.
    pub(super) name: String,
    /// Signature and body, nested definitions taken out.
    pub(super) node: Node,
}

/// One file of one version.
pub(super) struct Source<'s> {
    /// Path under which it is compared.
    pub(super) path: String,
    /// Its text.
    pub(super) text: &'s str,
}

/// One version of all files.
pub(super) struct Side {
    pub(super) units: Vec<Unit>,
    pub(super) notes: Vec<(String, Note)>,
    pub(super) unreadable: Vec<(String, Unreadable)>,
}

impl Side {
    /// Names that the definitions of one file use.
    pub(super) fn used(&self, path: &str) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for unit in self.units.iter().filter(|unit| unit.path == path) {
            uses(&unit.node, &mut used);
        }
        used
    }
}

struct File {
    path: String,
    grammar: &'static dyn Grammar,
    lowered: Lowered,
    names: LoggingNames,
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
        match read(grammar, source.text) {
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
    for (file, stripped) in files.iter().zip(stripped) {
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
    }
}

/// Strips again and again while more functions turn out to only log.
fn strip_all(files: &[File]) -> Vec<Stripped> {
    let mut known = Known::default();
    for _ in 0..6 {
        let round = strip_round(files, &known);
        let mut found = Known::default();
        for stripped in &round {
            found
                .log_only
                .extend(stripped.found.log_only.iter().cloned());
            found.pure.extend(stripped.found.pure.iter().cloned());
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
            strip(module, &module_of(&file.path), &index)
        })
        .collect()
}

/// Takes out imports, constants and helpers that only logging or annotations made use of, and
/// puts the numbers that module constants name where they are used.
fn settle(file: &File, stripped: Stripped) -> (Node, Vec<Note>) {
    let Stripped {
        mut module,
        mut notes,
        mentioned,
        found,
    } = stripped;
    let numbers = number_constants(&module);
    module.children = module
        .children
        .into_iter()
        .map(|statement| name_numbers(statement, &numbers, true))
        .collect();
    let pure: BTreeSet<&str> = found
        .pure
        .iter()
        .filter_map(|name| name.strip_prefix(&module_of(&file.path))?.strip_prefix(':'))
        .collect();
    for _ in 0..3 {
        let used = used_names(&module);
        let before = notes.len();
        let only_logged = |name: &str| mentioned.contains(name) && !used.contains(name);
        drop_served(&mut module, "", &pure, &only_logged, &mut notes);
        if notes.len() == before {
            break;
        }
    }
    drop_imports(file, &mut module, &mentioned, &mut notes);
    (module, notes)
}

/// Takes out module constants, and functions without effect, that only logging reads.
fn drop_served(
    block: &mut Node,
    scope: &str,
    pure: &BTreeSet<&str>,
    only_logged: &impl Fn(&str) -> bool,
    notes: &mut Vec<Note>,
) {
    block.children.retain(|statement| {
        let name = match statement.kind {
            Kind::Assign if scope.is_empty() && statement.children[0].kind == Kind::Name => {
                &statement.children[0].text
            }
            Kind::Function if pure.contains(format!("{scope}{}", statement.text).as_str()) => {
                &statement.text
            }
            _ => return true,
        };
        let keep = !only_logged(name);
        if !keep {
            let text = format!("{name}, which only logging reads");
            notes.push(aside(Aside::Logging, text, statement.line));
        }
        keep
    });
    for class in &mut block.children {
        let scope = format!("{scope}{}.", class.text);
        if class.kind == Kind::Class
            && let Some(body) = class.children.last_mut()
        {
            drop_served(body, &scope, pure, only_logged, notes);
        }
    }
}

fn aside(aside: Aside, text: String, line: u32) -> Note {
    Note {
        aside,
        function: MODULE.to_owned(),
        text: one_line(&text),
        line,
    }
}

/// Names that something other than their own binding mentions, texts in `__all__` included.
fn used_names(module: &Node) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    uses(module, &mut used);
    used
}

fn uses(node: &Node, to: &mut BTreeSet<String>) {
    match node.kind {
        Kind::Assign if node.children[0].kind == Kind::Name => {
            if node.children[0].text == "__all__" {
                node.visit(&mut |part| {
                    if part.kind == Kind::Text {
                        to.insert(part.text.clone());
                    }
                });
            }
            if node.text != "=" && node.text != "field =" {
                to.insert(node.children[0].text.clone());
            }
            for child in &node.children[1..] {
                uses(child, to);
            }
            return;
        }
        Kind::Name | Kind::Attribute => {
            to.insert(node.text.clone());
        }
        Kind::Import => return,
        _ => {}
    }
    for child in &node.children {
        uses(child, to);
    }
}

fn drop_imports(
    file: &File,
    module: &mut Node,
    mentioned: &BTreeSet<String>,
    notes: &mut Vec<Note>,
) {
    // What `__init__` imports it offers to others.
    if file.path.ends_with("__init__.py") {
        return;
    }
    let used = used_names(module);
    let annotated: BTreeSet<&str> = file
        .lowered
        .notes
        .iter()
        .filter(|note| note.aside == Aside::Annotation)
        .flat_map(|note| {
            note.text
                .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
        })
        .collect();
    let keep = |import: &Node, notes: &mut Vec<Note>| {
        let from = import
            .children
            .first()
            .map_or("", |from| from.text.as_str());
        if used.contains(&import.text) || import.text == "*" {
            return true;
        }
        let served = mentioned.contains(&import.text) || annotated.contains(import.text.as_str());
        let by_itself =
            file.grammar.imports_have_effects() && is_own_module(from, &import.text, &file.path);
        if !served && by_itself {
            return true;
        }
        notes.push(aside(Aside::Import, format!("import {from}"), import.line));
        false
    };
    retain_imports(module, &keep, notes);
}

fn retain_imports(
    node: &mut Node,
    keep: &impl Fn(&Node, &mut Vec<Note>) -> bool,
    notes: &mut Vec<Note>,
) {
    node.children
        .retain(|child| child.kind != Kind::Import || keep(child, notes));
    for child in &mut node.children {
        retain_imports(child, keep, notes);
    }
}

/// Whether an import brings in a whole module of the audited project: then importing it may be
/// its point, as with modules that register something.
fn is_own_module(from: &str, bound: &str, path: &str) -> bool {
    let relative = from
        .strip_prefix('.')
        .is_some_and(|rest| rest.trim_start_matches('.') == bound);
    let top = from.split('.').next().unwrap_or(from);
    let whole = top == bound && from.contains('.');
    relative || (whole && path.split('/').any(|part| part == top))
}

/// Module constants that are a number and bound once.
fn number_constants(module: &Node) -> BTreeMap<String, Node> {
    let mut bound: BTreeMap<String, usize> = BTreeMap::new();
    module.visit(&mut |node| {
        if matches!(
            node.kind,
            Kind::Assign | Kind::Walrus | Kind::Parameter | Kind::Declare
        ) {
            let name = match node.kind {
                Kind::Parameter => Some(node.text.clone()),
                _ => node.children.first().map(|target| target.text.clone()),
            };
            *bound.entry(name.unwrap_or_default()).or_default() += 1;
        }
    });
    module
        .children
        .iter()
        .filter(|statement| statement.kind == Kind::Assign && statement.text == "=")
        .filter_map(|statement| match statement.children.as_slice() {
            [name, value] if name.kind == Kind::Name && value.kind == Kind::Number => {
                (bound.get(&name.text) == Some(&1)).then(|| (name.text.clone(), value.clone()))
            }
            _ => None,
        })
        .collect()
}

fn name_numbers(mut node: Node, numbers: &BTreeMap<String, Node>, top: bool) -> Node {
    if node.kind == Kind::Name
        && let Some(number) = numbers.get(&node.text)
    {
        return Node::leaf(Kind::Number, number.text.clone(), node.line);
    }
    let skip = usize::from(top && node.kind == Kind::Assign);
    node.children = node
        .children
        .into_iter()
        .enumerate()
        .map(|(at, child)| {
            if at < skip {
                child
            } else {
                name_numbers(child, numbers, false)
            }
        })
        .collect();
    node
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
        // Where a definition stands matters only inside a branch or a loop.
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

/// Qualified names of definitions that differ between two texts of one file, logging included;
/// comments, docstrings, annotations and formatting are not part of a tree.
///
/// # Errors
/// Why one of the two cannot be read.
pub fn differing(path: &str, one: &str, other: &str) -> Result<Vec<String>, Unreadable> {
    let grammar = grammar_for(path).ok_or(Unreadable::NoGrammar)?;
    let units = |text: &str| -> Result<BTreeMap<String, u64>, Unreadable> {
        let mut units = Vec::new();
        split(path, read(grammar, text)?.module, &mut units);
        Ok(units
            .into_iter()
            .map(|unit| (unit.name, unit.node.digest))
            .collect())
    };
    let (one, other) = (units(one)?, units(other)?);
    let mut names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.retain(|name| one.get(*name) != other.get(*name));
    Ok(names.into_iter().cloned().collect())
}
