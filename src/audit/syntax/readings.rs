//! A cache of parsed files. One audit compares a version with the previous one, the tag with both,
//! and the installed files with the tag, so most texts occur several times.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::grammar::{Grammar, Unreadable, parse};
use super::tree::Lowered;

/// Maximum size of texts whose trees are cached, in bytes; a tree takes several times as much.
const ROOM: usize = 1 << 18;

static READINGS: LazyLock<Mutex<Readings>> = LazyLock::new(Mutex::default);

/// Parses and lowers one file, or returns the cached tree.
///
/// # Errors
/// Why it cannot be judged. A single part that the grammar cannot parse is such a reason.
pub fn read(grammar: &dyn Grammar, source: &str) -> Result<Arc<Lowered>, Unreadable> {
    let lowered = read_what_can_be(grammar, source)?;
    match lowered.faults.first() {
        Some(fault) => Err(Unreadable::SyntaxError { line: fault.line }),
        None => Ok(lowered),
    }
}

/// The same for a file with parts that the grammar cannot parse.
///
/// # Errors
/// Why none of it can be judged.
pub(super) fn read_what_can_be(
    grammar: &dyn Grammar,
    source: &str,
) -> Result<Arc<Lowered>, Unreadable> {
    let readings = || READINGS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(lowered) = readings().known(grammar.name(), source) {
        return Ok(lowered);
    }
    let lowered = Arc::new(parse(grammar, source)?);
    readings().keep(grammar.name(), source, &lowered);
    Ok(lowered)
}

/// Trees by language and text, the oldest first to go.
#[derive(Default)]
struct Readings {
    trees: HashMap<Arc<str>, (&'static str, Arc<Lowered>)>,
    order: VecDeque<Arc<str>>,
    bytes: usize,
}

impl Readings {
    fn known(&self, language: &str, source: &str) -> Option<Arc<Lowered>> {
        let (read_as, lowered) = self.trees.get(source)?;
        (*read_as == language).then(|| Arc::clone(lowered))
    }

    fn keep(&mut self, language: &'static str, source: &str, lowered: &Arc<Lowered>) {
        if source.len() > ROOM || self.trees.contains_key(source) {
            return;
        }
        self.bytes += source.len();
        while self.bytes > ROOM {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
            self.trees.remove(&oldest);
        }
        let text: Arc<str> = source.into();
        self.order.push_back(Arc::clone(&text));
        self.trees.insert(text, (language, Arc::clone(lowered)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::grammars::grammar_for;
    use super::*;

    #[test]
    fn the_oldest_goes_when_there_is_no_room_and_a_language_is_not_taken_for_another() {
        let python = grammar_for("a.py").unwrap();
        let mut readings = Readings::default();
        let text = |n: usize| format!("x = {n}\n{}", "# filler\n".repeat(ROOM / 30));
        let lowered = Arc::new(parse(python, "x = 1\n").unwrap());
        for n in 0..5 {
            readings.keep(python.name(), &text(n), &lowered);
        }
        assert!(readings.bytes <= ROOM);
        assert_eq!(readings.order.len(), readings.trees.len());
        assert!(readings.known(python.name(), &text(0)).is_none());
        assert!(readings.known(python.name(), &text(4)).is_some());
        assert!(readings.known("Rust", &text(4)).is_none());
    }
}
