//! Finds a value's text in a response, preferably under the value's own name.

use serde::Serialize;
use serde_json::Value;

/// A place in a response that contains the value's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// JSON pointer into the response.
    pub pointer: String,
    /// JSON pointer into the document that this text contains; empty if it was not parsed as one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub inside: String,
    /// Bytes from the beginning of that text.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
    /// The text around it.
    pub around: String,
    /// Whether it is under the last name of the requested path. Under another name the same text
    /// may be a coincidence.
    pub named: bool,
}

/// The value to search for.
pub(super) struct Wanted<'a> {
    value: &'a Value,
    /// How the value is written at its origin.
    text: String,
    /// The last name of its path.
    key: &'a str,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(path: &'a str, value: &'a Value) -> Self {
        Self {
            value,
            text: match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
            key: last_name(path),
        }
    }

    /// The places in a response, those under the value's own name first.
    pub(super) fn places(&self, answer: &Value) -> Vec<Found> {
        let (mut found, mut pointer) = (Places::default(), String::new());
        if !self.text.is_empty() {
            self.search(answer, &mut pointer, false, &mut found);
        }
        let all = found.named.into_iter().chain(found.others);
        all.take(Places::MOST).collect()
    }

    fn search(&self, within: &Value, pointer: &mut String, named: bool, found: &mut Places) {
        match within {
            _ if found.enough() => {}
            Value::String(text) => self.search_text(text, pointer, named, found),
            Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)
                if within == self.value =>
            {
                found.add(pointer, 0, self.text.len(), self.text.clone(), named);
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.below(&at.to_string(), item, pointer, named, found);
                }
            }
            Value::Object(table) => {
                for (name, item) in table {
                    self.below(name, item, pointer, name == self.key, found);
                }
            }
            _ => {}
        }
    }

    fn below(&self, name: &str, item: &Value, at: &mut String, named: bool, found: &mut Places) {
        let length = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        self.search(item, at, named, found);
        at.truncate(length);
    }

    /// A text may itself be JSON or a table: there the name directly precedes the value.
    fn search_text(&self, text: &str, pointer: &str, named: bool, found: &mut Places) {
        let whole = text == self.text;
        let hits = text.match_indices(&self.text).map(|(at, _)| at);
        let hits = hits.filter(|at| whole || self.stands_alone(text, *at));
        let mut hits = hits.take(1000).peekable();
        let Some(first) = hits.peek().copied() else {
            return;
        };
        let own = hits.find(|at| self.follows_its_name(&text[..*at]));
        let named = (named && whole) || own.is_some();
        let at = own.unwrap_or(first);
        let around = around(text, at, self.text.len());
        found.add(pointer, at, self.text.len(), around, named);
    }

    /// `1` is not in `2.1.0`.
    fn stands_alone(&self, text: &str, at: usize) -> bool {
        let joins = |letter: char| letter.is_alphanumeric() || "._".contains(letter);
        let (before, after) = (&text[..at], &text[at + self.text.len()..]);
        let joined_before = before.chars().next_back().is_some_and(joins);
        let mut after = after.chars();
        let joined_after = match after.next() {
            // The end of a sentence, or a part of a number?
            Some('.') => after.next().is_some_and(char::is_alphanumeric),
            letter => letter.is_some_and(joins),
        };
        !joined_before && !joined_after
    }

    fn follows_its_name(&self, before: &str) -> bool {
        let before = before.trim_end_matches(|letter: char| " \t\"':=".contains(letter));
        let Some(rest) = before.strip_suffix(self.key) else {
            return false;
        };
        !self.key.is_empty()
            && !rest.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_')
    }
}

#[derive(Default)]
struct Places {
    named: Vec<Found>,
    others: Vec<Found>,
}

impl Places {
    const MOST: usize = 5;

    fn add(&mut self, pointer: &str, offset: usize, length: usize, around: String, named: bool) {
        let list = if named {
            &mut self.named
        } else {
            &mut self.others
        };
        if list.len() < Self::MOST {
            list.push(Found {
                pointer: pointer.to_owned(),
                inside: String::new(),
                offset,
                length,
                around,
                named,
            });
        }
    }

    fn enough(&self) -> bool {
        self.named.len() >= Self::MOST
    }
}

/// `outcome` of `canary.runs[2].outcome`, and `runs` of `canary.runs[2]`.
fn last_name(path: &str) -> &str {
    let last = path.rsplit('.').next().unwrap_or(path);
    last.split('[').next().unwrap_or(last)
}

/// The line's part around a finding, with the finding in brackets.
pub(super) fn around(text: &str, offset: usize, length: usize) -> String {
    const REACH: usize = 40;
    let (before, rest) = text.split_at(offset);
    let (value, after) = rest.split_at(length);
    let before = before.rsplit('\n').next().unwrap_or(before);
    let after = after.split('\n').next().unwrap_or(after);
    let skip = before.chars().count().saturating_sub(REACH);
    let before: String = before.chars().skip(skip).collect();
    let after: String = after.chars().take(REACH).collect();
    format!("{before}[{value}]{after}")
}
