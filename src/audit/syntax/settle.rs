//! Cleans up one file after its logging is removed: drops imports, constants and helpers that only
//! logging or annotations used, and replaces named constants by their numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::file::File;
use super::resolve::module_of;
use super::strip::Stripped;
use super::tree::{Aside, Kind, MODULE, Node, Note, one_line};

/// Removes imports, constants and helpers that only logging or annotations used, and replaces
/// module constants by their numbers.
pub(super) fn settle(file: &File, stripped: Stripped) -> (Node, Vec<Note>) {
    let Stripped {
        mut module,
        mut notes,
        mentioned,
        found,
        acting,
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
        let only_logged =
            |name: &str| mentioned.contains(name) && !used.contains(name) && !acting.contains(name);
        drop_served(&mut module, "", &pure, &only_logged, &mut notes);
        if notes.len() == before {
            break;
        }
    }
    drop_imports(file, &mut module, &mentioned, &mut notes);
    (module, notes)
}

/// Removes module constants, and functions without effect, that only logging reads.
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
            notes.push(aside(Aside::Logging, &text, statement.line));
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

fn aside(aside: Aside, text: &str, line: u32) -> Note {
    Note {
        aside,
        function: MODULE.to_owned(),
        text: one_line(text),
        line,
    }
}

/// Names that something other than their own binding mentions, texts in `__all__` included.
fn used_names(module: &Node) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    uses(module, &mut used);
    used
}

pub(super) fn uses(node: &Node, to: &mut BTreeSet<String>) {
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
    // What `__init__` imports is offered to other modules.
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
        notes.push(aside(Aside::Import, &format!("import {from}"), import.line));
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
        let mut value = Node::leaf(Kind::Number, number.text.clone(), node.line);
        value.called = Some(node.text.into_boxed_str());
        return value;
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
