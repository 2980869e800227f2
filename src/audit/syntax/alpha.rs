//! Decides whether two versions of a function differ only in the names of local variables.

use std::collections::{BTreeSet, HashMap};

use super::tree::{Kind, Node};

/// Whether two functions are the same but for local names.
pub(super) fn same(before: &Node, after: &Node) -> bool {
    let nests = |node: &Node| {
        node.any(&mut |part| part.kind == Kind::Other && part.text.starts_with("def "))
    };
    if nests(before) || nests(after) {
        return false;
    }
    let (old, new) = (locals(before), locals(after));
    let mut names = Names::default();
    alike(before, after, &old, &new, &mut names)
}

#[derive(Default)]
struct Names {
    forth: HashMap<String, String>,
    back: HashMap<String, String>,
}

impl Names {
    fn pair(&mut self, old: &str, new: &str) -> bool {
        let forth = self
            .forth
            .entry(old.to_owned())
            .or_insert_with(|| new.to_owned());
        let back = self
            .back
            .entry(new.to_owned())
            .or_insert_with(|| old.to_owned());
        forth == new && back == old
    }
}

fn alike(
    before: &Node,
    after: &Node,
    old: &BTreeSet<String>,
    new: &BTreeSet<String>,
    names: &mut Names,
) -> bool {
    if before.kind != after.kind || before.children.len() != after.children.len() {
        return false;
    }
    let local =
        before.kind == Kind::Name && old.contains(&before.text) && new.contains(&after.text);
    let here = if local {
        names.pair(&before.text, &after.text)
    } else {
        before.text == after.text
    };
    here && before
        .children
        .iter()
        .zip(&after.children)
        .all(|(before, after)| alike(before, after, old, new, names))
}

/// Names that a function binds itself. Parameters are part of its signature, and a name that is
/// declared global or used in a nested definition is seen from elsewhere.
fn locals(function: &Node) -> BTreeSet<String> {
    let mut bound = BTreeSet::new();
    let mut shared = BTreeSet::new();
    function.visit(&mut |node| match node.kind {
        Kind::Assign | Kind::Walrus => targets(node.children.first(), &mut bound),
        Kind::Loop => targets(
            node.children
                .first()
                .and_then(|header| header.children.first()),
            &mut bound,
        ),
        Kind::Comprehension => {
            for clause in &node.children {
                clause.visit(&mut |part| {
                    if part.kind == Kind::Other && part.text == "for_in_clause" {
                        for target in &part.children {
                            if target.kind == Kind::Token && target.text == "in" {
                                break;
                            }
                            targets(Some(target), &mut bound);
                        }
                    }
                });
            }
        }
        Kind::Other if node.text == "as_pattern" => targets(node.children.last(), &mut bound),
        Kind::Parameter => {
            shared.insert(node.text.clone());
        }
        Kind::Declare | Kind::Function | Kind::Class => node.visit(&mut |part| {
            if part.kind == Kind::Name && !std::ptr::eq(node, function) {
                shared.insert(part.text.clone());
            }
        }),
        _ => {}
    });
    bound.difference(&shared).cloned().collect()
}

fn targets(node: Option<&Node>, to: &mut BTreeSet<String>) {
    match node {
        Some(node) if node.kind == Kind::Name => {
            to.insert(node.text.clone());
        }
        Some(node) if node.kind == Kind::Collection => {
            for child in &node.children {
                targets(Some(child), to);
            }
        }
        _ => {}
    }
}
