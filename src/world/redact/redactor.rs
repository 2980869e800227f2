//! What the redactor replaces: values of secrets in their encodings, and paths of places.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::finder::Finder;
use super::pattern::{Kind, Pattern};
use super::{encodings, ordinary, shapes};

/// Shortest value that is learnt from a token's pattern rather than given by the operator.
const SHORTEST_LEARNT: usize = 12;

/// What a pass over text replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Secrets, and paths with a symbolic form.
    Everything,
    /// Secrets only: for files whose bytes are evidence.
    Secrets,
}

/// Replaces secrets by `‹secret:NAME›` and paths by symbolic paths.
#[derive(Debug, Default)]
pub struct Redactor {
    known: RwLock<Known>,
    counts: RwLock<BTreeMap<String, u64>>,
}

#[derive(Debug, Default)]
struct Known {
    values: Vec<(String, String)>,
    places: Vec<(String, String)>,
    /// Compiled on demand; none after a change.
    compiled: Option<Compiled>,
}

#[derive(Debug, Clone)]
struct Compiled {
    everything: Arc<Finder>,
    secrets: Arc<Finder>,
}

impl Known {
    fn compile(&self) -> Compiled {
        let secrets: Vec<Pattern> = self
            .values
            .iter()
            .flat_map(|(name, value)| {
                encodings::of(value).into_iter().map(move |form| Pattern {
                    bytes: form.bytes,
                    wrapped: form.wrapped,
                    kind: Kind::Secret(name.clone()),
                })
            })
            .collect();
        let places = self.places.iter().map(|(token, path)| Pattern {
            bytes: path.clone().into_bytes(),
            kind: Kind::Place(token.clone()),
            wrapped: false,
        });
        Compiled {
            everything: Arc::new(Finder::new(secrets.iter().cloned().chain(places).collect())),
            secrets: Arc::new(Finder::new(secrets)),
        }
    }
}

impl Compiled {
    fn finder(&self, scope: Scope) -> Arc<Finder> {
        Arc::clone(match scope {
            Scope::Everything => &self.everything,
            Scope::Secrets => &self.secrets,
        })
    }
}

impl Redactor {
    /// Shortest secret that can be redacted, in bytes: a shorter one would blot out ordinary text.
    pub const SHORTEST: usize = 4;

    /// A redactor that knows the patterns of tokens, but no values and no places.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a secret; from now on its value is replaced by `‹secret:NAME›`, also base64-encoded (a
    /// long one across line ends too), percent-encoded and JSON-escaped. Returns whether the value
    /// is long enough to be redacted.
    pub fn add_secret(&self, name: &str, value: &str) -> bool {
        let value = value.trim();
        if value.len() < Self::SHORTEST {
            return false;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !known.values.iter().any(|(_, old)| old == value) {
            known.values.push((name.to_owned(), value.to_owned()));
            known.compiled = None;
        }
        true
    }

    /// Why a value cannot be redacted; none if it can, or is not a secret.
    #[must_use]
    pub fn cannot_hide(value: &str) -> Option<String> {
        let value = value.trim();
        if value.is_empty() {
            return None;
        }
        if value.len() < Self::SHORTEST {
            let why = "a value of fewer than 4 bytes would blot out ordinary text";
            return Some(why.to_owned());
        }
        let ordinary = "a value that is an ordinary word or number would blot out that word";
        ordinary::is_ordinary(value).then(|| ordinary.to_owned())
    }

    /// Adds the value of a passed-through variable of the operator, unless it is an ordinary word
    /// or number. Returns whether the value is redacted.
    pub fn add_passed(&self, name: &str, value: &str) -> bool {
        !ordinary::is_ordinary(value.trim()) && self.add_secret(name, value)
    }

    /// Adds a path that a place's token represents.
    pub fn add_place(&self, token: &str, path: &str) {
        let path = path.trim_end_matches('/');
        // The root directory, or a single letter below it, is part of every other path.
        if path.len() < 3 {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !known.places.iter().any(|(_, old)| old == path) {
            known.places.push((token.to_owned(), path.to_owned()));
            known.compiled = None;
        }
    }

    /// Adds the tokens that are recognised in `text` by their pattern, so that they are redacted
    /// even where they stand alone.
    pub fn learn(&self, text: &str) {
        for (name, value) in shapes::found(text) {
            // A password in an address may be any word; if learnt, that word would be redacted
            // everywhere.
            if value.len() >= SHORTEST_LEARNT && name != shapes::URL_PASSWORD {
                self.add_secret(name, &value);
            }
        }
    }

    /// The name of a secret in `text`, if it contains one.
    #[must_use]
    pub fn secret_in(&self, text: &str) -> Option<String> {
        let finder = self.finder(Scope::Secrets);
        let known = finder.next(text.as_bytes(), 0).map(|hit| hit.name);
        known.or_else(|| shapes::next(text.as_bytes(), 0).map(|hit| hit.shape.name.to_owned()))
    }

    /// How often each secret was replaced so far, by name.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.counts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn count(&self, name: &str) {
        let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn finder(&self, scope: Scope) -> Arc<Finder> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = &known.compiled {
            return compiled.finder(scope);
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let compiled = known.compiled.take().unwrap_or_else(|| known.compile());
        known.compiled = Some(compiled.clone());
        compiled.finder(scope)
    }
}
