//! Rewrites a tree with other names, or without the markers for effects of logging calls.

use std::collections::BTreeMap;

use super::tree::{Kind, Node};

/// The last part of a qualified name, without the mark of a second definition.
pub(super) fn last(name: &str) -> &str {
    let name = name.split('#').next().unwrap_or(name);
    name.rsplit('.').next().unwrap_or(name)
}

/// A tree with names replaced, sealed again.
pub(super) fn translate(node: &Node, names: &BTreeMap<String, String>) -> Node {
    fn replace(node: &mut Node, names: &BTreeMap<String, String>) {
        if matches!(
            node.kind,
            Kind::Name | Kind::Attribute | Kind::Import | Kind::Text
        ) && let Some(new) = names.get(&node.text)
        {
            node.text.clone_from(new);
        }
        if node.kind == Kind::Import
            && let Some(from) = node.children.first_mut()
            && let Some((module, name)) = from.text.rsplit_once('.')
            && let Some(new) = names.get(name)
        {
            from.text = format!("{module}.{new}");
        }
        for child in &mut node.children {
            replace(child, names);
        }
    }
    if names.is_empty() {
        return node.clone();
    }
    let mut node = node.clone();
    replace(&mut node, names);
    node.seal();
    node
}

/// A tree in which other effects of logging calls are separate statements, as they would be without
/// the calls.
pub(super) fn plain(node: &Node) -> Node {
    fn part(node: &mut Node) {
        let mut all = Vec::new();
        for mut child in std::mem::take(&mut node.children) {
            part(&mut child);
            let acts = child.kind == Kind::Expression
                && matches!(child.children.as_slice(), [only] if only.kind == Kind::Effect);
            if acts && node.kind == Kind::Block {
                let line = child.line;
                let effects = child.children.swap_remove(0).children;
                let statement = |effect| Node::new(Kind::Expression, "", line, vec![effect]);
                all.extend(effects.into_iter().map(statement));
            } else {
                all.push(child);
            }
        }
        node.children = all;
    }
    let mut node = node.clone();
    part(&mut node);
    node.seal();
    node
}
