//! Reads the modules of `src/` token by token: which names each one has, what it imports, which
//! paths its code mentions. Knows nothing of layers, and nothing of what a path leads to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path as it is written, or of a module from the root of the crate.
pub(crate) type Segments = Vec<String>;

/// What a name stands for in its module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Module(Segments),
    Item,
    Import(Segments),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum How {
    /// In the code, or by a private `use`.
    Used,
    /// By a `use` that others may go through.
    ReExported,
}

#[derive(Debug, Clone)]
pub(crate) struct Mention {
    pub(crate) path: Segments,
    pub(crate) how: How,
    /// In code that only tests have.
    pub(crate) test: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) names: BTreeMap<String, Vec<Name>>,
    pub(crate) globs: Vec<Segments>,
    pub(crate) mentions: Vec<Mention>,
}

/// All modules, by their path from the root.
pub(crate) type Modules = BTreeMap<Segments, Module>;

/// Reads the crate whose root is `lib.rs` in this directory.
pub(crate) fn read_crate(directory: &Path) -> Modules {
    let mut modules = Modules::new();
    let place = Place {
        path: Vec::new(),
        file: directory.join("lib.rs"),
        directory: directory.to_owned(),
        test: false,
    };
    read_file(&place, &mut modules);
    modules
}

/// Where a module is written down.
struct Place {
    path: Segments,
    file: PathBuf,
    /// Where the files of its children are.
    directory: PathBuf,
    test: bool,
}

fn read_file(place: &Place, modules: &mut Modules) {
    let text = std::fs::read_to_string(&place.file)
        .unwrap_or_else(|error| panic!("{}: {error}", place.file.display()));
    let tokens: TokenStream = text
        .parse()
        .unwrap_or_else(|error| panic!("{}: {error}", place.file.display()));
    read_items(place, tokens, modules);
}

/// What stands before an item.
#[derive(Default)]
struct Before {
    test: bool,
    public: bool,
}

/// Words after which the name of an item stands.
const ITEMS: [&str; 9] = [
    "fn", "struct", "enum", "trait", "type", "const", "static", "union", "mut",
];

fn read_items(place: &Place, tokens: TokenStream, modules: &mut Modules) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut module = Module {
        file: place.file.clone(),
        ..Module::default()
    };
    let mut before = Before::default();
    let mut item = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        let word = word(token).unwrap_or_default();
        let named = next.and_then(self::word);
        at += 1;
        match (word.as_str(), named) {
            ("pub", _) => before.public = true,
            ("mod", Some(name)) => {
                let child = child(place, &name, before.test);
                module.add(&name, Name::Module(child.path.clone()));
                match tokens.get(at + 1) {
                    Some(TokenTree::Group(group)) => {
                        let inside = Place {
                            file: place.file.clone(),
                            ..child
                        };
                        read_items(&inside, group.stream(), modules);
                    }
                    _ => read_file(&child, modules),
                }
                at += 2;
                (before, item) = (Before::default(), at);
            }
            // `use<…>` in a type captures lifetimes.
            ("use", _) if next.is_none_or(|next| !is(next, '<')) => {
                let end = end_of_use(&tokens, at);
                let test = place.test || before.test;
                module.import(&tokens[at..end], before.public, test);
                at = end + 1;
                (before, item) = (Before::default(), at);
            }
            ("macro_rules", _) => {
                if let Some(name) = tokens.get(at + 1).and_then(self::word) {
                    module.add(&name, Name::Item);
                }
            }
            (word, Some(name)) if ITEMS.contains(&word) => module.add(&name, Name::Item),
            _ if is(token, '#') => before.test |= next.is_some_and(is_of_tests),
            _ if is(token, ';') || is_braces(token) => {
                let test = place.test || before.test;
                module.scan(&tokens[item..at], test);
                (before, item) = (Before::default(), at);
            }
            _ => {}
        }
    }
    modules.insert(place.path.clone(), module);
}

/// The file of a child, and where that one's children are.
fn child(place: &Place, name: &str, test: bool) -> Place {
    let mut path = place.path.clone();
    path.push(name.to_owned());
    let directory = place.directory.join(name);
    let nested = directory.join("mod.rs");
    let file = if nested.exists() {
        nested
    } else {
        place.directory.join(format!("{name}.rs"))
    };
    Place {
        path,
        file,
        directory,
        test: place.test || test,
    }
}

impl Module {
    fn add(&mut self, name: &str, what: Name) {
        self.names.entry(name.to_owned()).or_default().push(what);
    }

    fn import(&mut self, tokens: &[TokenTree], public: bool, test: bool) {
        let mut leaves = Vec::new();
        leaves_of(tokens, &[], &mut leaves);
        for (path, name) in leaves {
            match name {
                Leaf::Named(name) => self.add(&name, Name::Import(path.clone())),
                Leaf::Unnamed => {}
                Leaf::Everything => {
                    self.globs.push(path);
                    continue;
                }
            }
            let how = if public { How::ReExported } else { How::Used };
            self.mentions.push(Mention { path, how, test });
        }
    }

    /// Finds the paths in code: those of two words and more, and single words that name a type or
    /// are called.
    fn scan(&mut self, tokens: &[TokenTree], test: bool) {
        let mut at = 0;
        while at < tokens.len() {
            let start = at;
            at += 1;
            if let TokenTree::Group(group) = &tokens[start] {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                self.scan(&inside, test);
                continue;
            }
            let Some(first) = word(&tokens[start]) else {
                continue;
            };
            if first == "use" && !tokens.get(at).is_some_and(|next| is(next, '<')) {
                let end = end_of_use(tokens, at);
                self.import(&tokens[at..end], false, test);
                at = end;
                continue;
            }
            if follows_a_dot_or_fn(&tokens[..start]) {
                continue;
            }
            let mut path = vec![first];
            while let Some(next) = after_colons(&tokens[at..]) {
                path.push(next);
                at += 3;
            }
            let called = tokens.get(at).is_some_and(|next| {
                is(next, '!')
                    || matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
            });
            let is_type = path[0].starts_with(|first: char| first.is_uppercase());
            if path.len() > 1 || called || is_type {
                let how = How::Used;
                self.mentions.push(Mention { path, how, test });
            }
        }
    }
}

enum Leaf {
    Named(String),
    /// `as _`: for a trait's methods.
    Unnamed,
    Everything,
}

/// The single imports of a tree such as `a::{b, c::{self, d as e}, f::*}`.
fn leaves_of(tokens: &[TokenTree], prefix: &[String], leaves: &mut Vec<(Segments, Leaf)>) {
    let mut path = prefix.to_vec();
    let mut renamed = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => {
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inside.split(|token| is(token, ',')) {
                    leaves_of(part, &path, leaves);
                }
                return;
            }
            token if is(token, '*') => return leaves.push((path, Leaf::Everything)),
            token => match word(token).as_deref() {
                Some("as") => renamed = tokens.get(at).and_then(word),
                Some("self") if !path.is_empty() => {}
                Some(word) if renamed.is_none() => path.push(word.to_owned()),
                _ => {}
            },
        }
    }
    let Some(last) = path.last().cloned() else {
        return;
    };
    let leaf = match renamed.unwrap_or(last).as_str() {
        "_" => Leaf::Unnamed,
        name => Leaf::Named(name.to_owned()),
    };
    leaves.push((path, leaf));
}

fn end_of_use(tokens: &[TokenTree], from: usize) -> usize {
    let length = tokens[from..].iter().position(|token| is(token, ';'));
    from + length.unwrap()
}

/// The word after `::`, if that is what comes next.
fn after_colons(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [one, two, next, ..] if is(one, ':') && is(two, ':') => word(next),
        _ => None,
    }
}

/// A field, a method, a lifetime, or the name in a definition.
fn follows_a_dot_or_fn(before: &[TokenTree]) -> bool {
    match before {
        [.., one, two] if is(one, '.') && is(two, '.') => false,
        [.., last] => is(last, '.') || is(last, '\'') || word(last).as_deref() == Some("fn"),
        [] => false,
    }
}

/// `cfg(test)` and `test`, as in `[cfg(all(test, unix))]`, but not `not(test)`.
fn is_of_tests(attribute: &TokenTree) -> bool {
    let text = attribute.to_string().replace(' ', "");
    text.starts_with("[cfg(") && text.contains("test") && !text.contains("not(test)")
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}
