//! What a test uses that may be missing, and how the test handles that.

use std::collections::BTreeSet;

use super::brought::Brought;
use super::sources::{Function, TestSources};
use super::syntax::{Kind, Node};

impl TestSources {
    /// The first of these names that a test uses: itself, its class, its fixtures, its helpers.
    pub(super) fn stub_used<'n>(&self, id: &str, names: &'n BTreeSet<String>) -> Option<&'n str> {
        if names.is_empty() {
            return None;
        }
        let test = self.find(id)?;
        let mut parts: Vec<&Node> = self.slice(test).iter().map(|part| part.node).collect();
        parts.extend(self.class_of(test).map(|class| &class.children[0]));
        let used = names.iter().find(|name| {
            let is_it = |part: &Node| {
                matches!(part.kind, Kind::Name | Kind::Attribute | Kind::Parameter)
                    && part.text == **name
            };
            parts.iter().any(|part| part.any(&mut |part| is_it(part)))
        });
        used.map(String::as_str)
    }

    /// A name that only the fix brings, where the test itself catches that it is not there.
    pub(super) fn swallows(&self, id: &str, brought: &Brought) -> Option<String> {
        let test = self.find(id)?;
        let mut found = None;
        for part in self.slice(test) {
            part.node.visit(&mut |node| {
                let guarded = match node.kind {
                    Kind::Try => node.children.first().filter(|_| {
                        let mut handlers = node.children.iter();
                        handlers.any(|child| child.kind == Kind::Handler && catches_missing(child))
                    }),
                    Kind::With => node.children.last().filter(|_| {
                        let items = &node.children[..node.children.len() - 1];
                        items.iter().any(|item| {
                            item.any(&mut |part| is_call_of(part, &["suppress"]))
                                && catches_missing(item)
                        })
                    }),
                    _ => None,
                };
                if let (Some(guarded), None) = (guarded, &found) {
                    found = brought_in(guarded, brought);
                }
            });
        }
        found
    }

    /// A name that only the fix adds, if a statement only checks whether it exists.
    pub(super) fn asks_for(
        &self,
        id: &str,
        failed_at: &[(String, u32)],
        brought: &Brought,
    ) -> Option<String> {
        let test = self.find(id)?;
        let slice = self.slice(test);
        let (path, line) = failed_at.iter().rev().find(|(path, _)| {
            let same = |part: &Function<'_>| same_file(path, part.path);
            slice.iter().any(same)
        })?;
        let parts = slice.iter().filter(|part| same_file(path, part.path));
        let mut statements = parts.filter_map(|part| statement_at(part.node, *line));
        let statement = statements.next_back()?;
        let mut found = None;
        statement.visit(&mut |node| {
            let asks = is_call_of(
                node,
                &["hasattr", "getattr", "find_spec", "signature", "dir"],
            );
            if asks && found.is_none() {
                found = brought_text(statement, brought);
            }
        });
        found
    }

    /// Whether all that a test can skip is one of its subtests, with others beside.
    pub(super) fn skips_subtests_only(&self, id: &str) -> bool {
        let Some(test) = self.find(id) else {
            return false;
        };
        let mut blocks = Vec::new();
        test.node.visit(&mut |node| {
            if is_subtest(node) {
                blocks.push(node);
            }
        });
        let within: usize = blocks.iter().map(|block| skips(block)).sum();
        let everywhere: usize = self.slice(test).iter().map(|part| skips(part.node)).sum();
        let around = self
            .class_of(test)
            .map_or(0, |class| skips(&class.children[0]));
        within > 0 && within == everywhere + around && blocks.iter().any(|block| skips(block) == 0)
    }

    /// The class that contains a test.
    fn class_of<'s>(&'s self, test: Function<'s>) -> Option<&'s Node> {
        let module = self.module(test.path)?;
        module.children.iter().find(|node| {
            node.kind == Kind::Class && node.any(&mut |part| std::ptr::eq(part, test.node))
        })
    }
}

fn same_file(path: &str, other: &str) -> bool {
    path == other || path.ends_with(&format!("/{other}")) || other.ends_with(&format!("/{path}"))
}

/// Whether a handler, or an item of a `with`, catches that a name is not there.
fn catches_missing(handler: &Node) -> bool {
    const ERRORS: [&str; 8] = [
        "ImportError",
        "ModuleNotFoundError",
        "AttributeError",
        "NameError",
        "TypeError",
        "Exception",
        "BaseException",
        "FileNotFoundError",
    ];
    let header = handler.children.first();
    let bare = handler.kind == Kind::Handler
        && header.is_none_or(|header| {
            header.kind == Kind::Block || header.children.is_empty() && header.text.is_empty()
        });
    bare || handler.any(&mut |part| ERRORS.contains(&part.text.as_str()))
}

fn is_call_of(node: &Node, names: &[&str]) -> bool {
    node.kind == Kind::Call && names.contains(&node.children[0].text.as_str())
}

/// A name in use that only the fix brings.
fn brought_in(node: &Node, brought: &Brought) -> Option<String> {
    let mut found = None;
    node.visit(&mut |part| {
        let name = match part.kind {
            Kind::Name | Kind::Attribute | Kind::Import => Some(part.text.as_str()),
            _ => None,
        };
        if found.is_none() {
            found = name.filter(|name| brought.has(name)).map(str::to_owned);
        }
    });
    found.or_else(|| brought_text(node, brought))
}

/// A text that is such a name, alone or at the end of a dotted path.
fn brought_text(node: &Node, brought: &Brought) -> Option<String> {
    let mut found = None;
    node.visit(&mut |part| {
        if part.kind == Kind::Text && found.is_none() {
            let name = part.text.rsplit('.').next().unwrap_or_default();
            found = brought.has(name).then(|| name.to_owned());
        }
    });
    found
}

/// The innermost statement that covers a line.
fn statement_at(node: &Node, line: u32) -> Option<&Node> {
    let mut found = None;
    node.visit(&mut |part| {
        let simple = matches!(part.kind, Kind::Raise | Kind::Expression | Kind::Assign);
        if simple && part.line <= line && line <= last_line(part) {
            found = Some(part);
        }
    });
    found
}

fn last_line(node: &Node) -> u32 {
    let mut last = node.line;
    node.visit(&mut |part| last = last.max(part.line));
    last
}

/// `with subtests.test(…):` and `with self.subTest(…):`.
fn is_subtest(node: &Node) -> bool {
    node.kind == Kind::With
        && node.children[..node.children.len() - 1].iter().any(|item| {
            item.any(&mut |part| {
                is_call_of(part, &["subTest"])
                    || (is_call_of(part, &["test"])
                        && part.children[0]
                            .children
                            .first()
                            .is_some_and(|of| of.text.contains("subtest")))
            })
        })
}

/// How many times a node skips something.
fn skips(node: &Node) -> usize {
    const WORDS: [&str; 7] = [
        "skip",
        "skipTest",
        "SkipTest",
        "importorskip",
        "skipif",
        "skipIf",
        "skipUnless",
    ];
    let mut count = 0;
    node.visit(&mut |part| {
        let named = matches!(part.kind, Kind::Name | Kind::Attribute);
        count += usize::from(named && WORDS.contains(&part.text.as_str()));
    });
    count
}
