//! What only the fix adds: names, modules and files that do not exist without it.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::syntax::FilePair;

/// What only the fix brings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Brought {
    /// Names that a file's statements bind with the fix and not without it, by path.
    by_module: BTreeMap<String, BTreeSet<String>>,
    /// Names of functions, classes, methods, attributes and values that are new somewhere.
    names: BTreeSet<String>,
    /// Files that are new.
    files: BTreeSet<String>,
}

impl Brought {
    /// Compares both versions of the changed source files. `added` are the files that the fix adds,
    /// whatever their content.
    pub(super) fn new<'a>(pairs: &[FilePair], added: impl IntoIterator<Item = &'a str>) -> Self {
        let mut brought = Self::default();
        for pair in pairs.iter().filter(|pair| is_python(&pair.path)) {
            let (Some(after), before) = (&pair.after, pair.before.as_deref()) else {
                continue;
            };
            let old = before.map(Bound::of).unwrap_or_default();
            let new = Bound::of(after);
            let module: BTreeSet<String> = new.module.difference(&old.module).cloned().collect();
            brought.names.extend(module.iter().cloned());
            for member in new.members.difference(&old.members) {
                let name = member.rsplit('.').next().unwrap_or(member);
                brought.names.insert(name.to_owned());
            }
            brought.by_module.insert(pair.path.clone(), module);
        }
        for path in added {
            brought.files.insert(path.to_owned());
            if let Some(module) = path.strip_suffix(".py") {
                let name = module.trim_end_matches("/__init__");
                let name = name.rsplit('/').next().unwrap_or(name);
                brought.names.insert(name.to_owned());
            }
        }
        brought
    }

    /// Whether a name is new.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether `from module import name` finds nothing without the fix.
    pub(super) fn imports(&self, module: &str, name: &str) -> bool {
        self.is_module(module)
            || self.is_module(&format!("{module}.{name}"))
            || self
                .by_module
                .iter()
                .any(|(path, names)| is_path_of(path, module) && names.contains(name))
    }

    /// Whether a module is new.
    pub(super) fn is_module(&self, module: &str) -> bool {
        self.files.iter().any(|path| is_path_of(path, module))
    }

    /// A new file that a message names.
    pub(super) fn file_in(&self, message: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|path| message.contains(path.as_str()))
            .map(String::as_str)
    }
}

/// Whether a path is that of a Python file.
pub(super) fn is_python(path: &str) -> bool {
    path.strip_suffix(".py").is_some()
}

/// Whether a file is that of a module: `src/app/q.py` is `app.q`.
fn is_path_of(path: &str, module: &str) -> bool {
    let Some(stem) = path.strip_suffix(".py") else {
        return false;
    };
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    let dotted = stem.replace('/', ".");
    let root = dotted.strip_suffix(module);
    // A source root is one or two directories, never a package above the module.
    root.is_some_and(|root| root.is_empty() || (root.ends_with('.') && module.contains('.')))
        || dotted.strip_prefix("src.") == Some(module)
        || dotted.strip_prefix("lib.") == Some(module)
}

/// Names that a file binds.
#[derive(Default)]
struct Bound {
    /// By its own statements.
    module: BTreeSet<String>,
    /// In its classes: `Class.name`.
    members: BTreeSet<String>,
}

impl Bound {
    fn of(text: &str) -> Self {
        let mut bound = Self::default();
        let mut parser = tree_sitter::Parser::new();
        let language = tree_sitter_python::LANGUAGE.into();
        if parser.set_language(&language).is_ok()
            && let Some(tree) = parser.parse(text, None)
        {
            bound.read(tree.root_node(), text, None);
        }
        bound
    }

    /// Reads what a block binds: of a class, or of the file.
    fn read(&mut self, block: Node<'_>, text: &str, class: Option<&str>) {
        let mut cursor = block.walk();
        for child in block.named_children(&mut cursor) {
            match child.kind() {
                "function_definition" => {
                    self.bind(child.child_by_field_name("name"), text, class);
                    if let (Some(class), Some(body)) = (class, child.child_by_field_name("body")) {
                        self.own_attributes(body, text, class);
                    }
                }
                "class_definition" => {
                    let name = child.child_by_field_name("name");
                    self.bind(name, text, class);
                    let name = name.map_or("", |name| &text[name.byte_range()]);
                    if let Some(body) = child.child_by_field_name("body") {
                        self.read(body, text, Some(name));
                    }
                }
                "assignment" | "augmented_assignment" | "type_alias_statement" => {
                    self.bind(child.child_by_field_name("left"), text, class);
                }
                "import_statement" | "import_from_statement" => self.imported(child, text, class),
                "lambda" | "call" | "string" => {}
                // A condition, a `try`, a decorator: their contents count.
                _ => self.read(child, text, class),
            }
        }
    }

    fn bind(&mut self, target: Option<Node<'_>>, text: &str, class: Option<&str>) {
        let Some(target) = target else { return };
        match (target.kind(), class) {
            ("identifier", None) => {
                self.module.insert(text[target.byte_range()].to_owned());
            }
            ("identifier", Some(class)) => {
                let name = &text[target.byte_range()];
                self.members.insert(format!("{class}.{name}"));
            }
            ("pattern_list" | "tuple_pattern" | "list_pattern", _) => {
                let mut cursor = target.walk();
                for part in target.named_children(&mut cursor) {
                    self.bind(Some(part), text, class);
                }
            }
            _ => {}
        }
    }

    fn imported(&mut self, import: Node<'_>, text: &str, class: Option<&str>) {
        let mut cursor = import.walk();
        for name in import.children_by_field_name("name", &mut cursor) {
            let bound = name.child_by_field_name("alias").unwrap_or(name);
            let bound = if bound.kind() == "dotted_name" {
                bound.named_child(0)
            } else {
                Some(bound)
            };
            self.bind(bound, text, class);
        }
    }

    /// What methods give their object: `self.name = …`.
    fn own_attributes(&mut self, body: Node<'_>, text: &str, class: &str) {
        let mut rest = vec![body];
        while let Some(node) = rest.pop() {
            if node.kind() == "assignment"
                && let Some(left) = node.child_by_field_name("left")
                && left.kind() == "attribute"
                && let (Some(object), Some(name)) = (
                    left.child_by_field_name("object"),
                    left.child_by_field_name("attribute"),
                )
                && matches!(&text[object.byte_range()], "self" | "cls")
            {
                let name = &text[name.byte_range()];
                self.members.insert(format!("{class}.{name}"));
            }
            let mut cursor = node.walk();
            rest.extend(node.named_children(&mut cursor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(path: &str, before: Option<&str>, after: &str) -> FilePair {
        FilePair {
            path: path.to_owned(),
            before: before.map(str::to_owned),
            after: Some(after.to_owned()),
        }
    }

    #[test]
    fn what_is_bound_with_the_fix_alone_is_brought() {
        let before = "import os\nclass A:\n    def old(self):\n        self.x = 1\n";
        let after = "import os\nfrom json import dumps as to_text\nLIMIT: int = 3\nclass A:\n    size: int\n    def old(self):\n        self.x, self.y = 1, 2\n        self.count = 0\n    @property\n    def new(self): ...\ntry:\n    import fast\nexcept ImportError:\n    fast = None\n";
        let brought = Brought::new(&[pair("src/app/q.py", Some(before), after)], []);
        for name in ["to_text", "LIMIT", "size", "count", "new", "fast"] {
            assert!(brought.has(name), "{name}");
        }
        for name in ["os", "A", "old", "x", "dumps"] {
            assert!(!brought.has(name), "{name}");
        }
        assert!(brought.imports("app.q", "LIMIT"));
        assert!(!brought.imports("app.q", "A"));
        assert!(
            !brought.imports("app.q", "new"),
            "a method is no name of its module"
        );
        assert!(!brought.imports("other.q", "LIMIT"));
    }

    #[test]
    fn a_new_file_is_a_new_module() {
        let added = [
            "src/app/fresh.py",
            "src/app/table.json",
            "src/newpkg/__init__.py",
        ];
        let brought = Brought::new(&[pair(added[0], None, "def f(): ...\n")], added);
        assert!(brought.is_module("app.fresh"));
        assert!(brought.is_module("newpkg"));
        assert!(brought.imports("app", "fresh"));
        assert!(brought.imports("app.fresh", "anything"));
        assert!(brought.has("fresh") && brought.has("f"));
        assert!(!brought.is_module("fresh"));
        let message = "[Errno 2] No such file or directory: 'src/app/table.json'";
        assert_eq!(brought.file_in(message), Some("src/app/table.json"));
    }
}
