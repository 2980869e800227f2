//! The only parser for JSON that somebody else wrote: a duplicate key in an object is an error at
//! every depth, and each kind of syntax error has its own message. Pure.
//!
//! Most parsers silently keep the last of two equal keys, so that a person who reads the first one
//! sees something else than the program uses.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not one JSON document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No bytes, or white space only.
    #[error("it is empty")]
    Empty,
    /// It starts with U+FEFF, which JSON does not allow (RFC 8259, section 8.1).
    #[error("it starts with a byte order mark, which JSON does not allow")]
    ByteOrderMark,
    /// An object has two values for one key.
    #[error("key `{key}` appears twice in {}", at(path))]
    KeyTwice {
        /// The key, as it reads after its escapes are resolved.
        key: String,
        /// Path of the object, such as `scenarios[2]`; empty for the document itself.
        path: String,
    },
    /// `NaN`, `Infinity`: Python writes them, but JSON has no such numbers.
    #[error("`{word}` is no JSON number (line {line})")]
    NoNumber {
        /// The word.
        word: String,
        /// Where.
        line: usize,
    },
    /// Beyond what a 64-bit float holds.
    #[error("a number is too large (line {line}, column {column})")]
    TooLarge {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// More than one document, or text after it.
    #[error("the document ends, and more follows it (line {line}, column {column})")]
    Trailing {
        /// Where.
        line: usize,
        /// Where.
        column: usize,
    },
    /// It ends too early.
    #[error("it breaks off before its end (line {line})")]
    Unfinished {
        /// Where.
        line: usize,
    },
    /// Deeper than 128 levels.
    #[error("it is nested too deeply (recursion limit exceeded)")]
    TooDeep,
    /// Any other syntax error, with the parser's message.
    #[error("{0}")]
    Syntax(String),
    /// It is JSON, but not of the requested structure.
    #[error("unexpected shape: {0}")]
    Shape(String),
}

fn at(path: &str) -> String {
    if path.is_empty() {
        "the document itself".to_owned()
    } else {
        format!("`{path}`")
    }
}

/// Reads one JSON document.
///
/// # Errors
/// If it is not exactly one, or an object has a duplicate key.
pub fn read_json(text: &str) -> Result<Value, JsonError> {
    if text.starts_with('\u{feff}') {
        return Err(JsonError::ByteOrderMark);
    }
    if text.trim().is_empty() {
        return Err(JsonError::Empty);
    }
    walked(text, serde_json::Deserializer::end)
}

/// Reads the JSON document at the start of a text; other text, such as notices, may follow.
///
/// # Errors
/// If the text does not start with one, or an object has a duplicate key.
pub fn read_first_json(text: &str) -> Result<Value, JsonError> {
    walked(text, |_| Ok(()))
}

type Reader<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

fn walked<'de>(
    text: &'de str,
    end: impl FnOnce(&mut Reader<'de>) -> serde_json::Result<()>,
) -> Result<Value, JsonError> {
    let mut walk = Walk::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Seed(&mut walk).deserialize(&mut reader);
    let read = read.and_then(|value| end(&mut reader).map(|()| value));
    read.map_err(|error| walk.twice.take().unwrap_or_else(|| told(&error, text)))
}

/// Reads one JSON document into a type.
///
/// # Errors
/// As [`read_json`], or if it has another structure.
pub fn read_json_as<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    let value = read_json(text)?;
    serde_json::from_value(value).map_err(|error| JsonError::Shape(error.to_string()))
}

/// The name of its JSON type, for a message.
#[must_use]
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The parser's error with a message of its own kind; its line and column count from 1.
fn told(error: &serde_json::Error, text: &str) -> JsonError {
    let (line, column) = (error.line(), error.column());
    let words = error.to_string();
    if let Some(word) = no_number(text, line, column) {
        return JsonError::NoNumber { word, line };
    }
    if words.starts_with("recursion limit") {
        JsonError::TooDeep
    } else if words.starts_with("number out of range") {
        JsonError::TooLarge { line, column }
    } else if words.starts_with("trailing characters") {
        JsonError::Trailing { line, column }
    } else if error.is_eof() {
        JsonError::Unfinished { line }
    } else {
        JsonError::Syntax(words)
    }
}

/// The word at the error's place, if it is one of those that Python writes for no number.
fn no_number(text: &str, line: usize, column: usize) -> Option<String> {
    let line = text.lines().nth(line.checked_sub(1)?)?;
    let belongs = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'-';
    let bytes = line.as_bytes();
    let end = column.min(bytes.len());
    let before = bytes[..end].iter().rev().take_while(|byte| belongs(byte));
    let start = end - before.count();
    let word: Vec<u8> = bytes[start..].iter().copied().take_while(belongs).collect();
    let word = String::from_utf8(word).ok()?;
    let known = ["nan", "infinity", "inf"];
    let bare = word.trim_start_matches('-').to_ascii_lowercase();
    known.contains(&bare.as_str()).then_some(word)
}

/// Where the reader is, and the first key that it met twice.
#[derive(Default)]
struct Walk {
    path: Vec<Step>,
    twice: Option<JsonError>,
}

enum Step {
    Key(String),
    Index(usize),
}

impl Walk {
    fn path(&self) -> String {
        self.path
            .iter()
            .fold(String::new(), |path, step| match step {
                Step::Index(index) => format!("{path}[{index}]"),
                Step::Key(key) if path.is_empty() => key.clone(),
                Step::Key(key) => format!("{path}.{key}"),
            })
    }
}

struct Seed<'a>(&'a mut Walk);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        loop {
            self.0.path.push(Step::Index(all.len()));
            let Some(item) = items.next_element_seed(Seed(&mut *self.0))? else {
                self.0.path.pop();
                return Ok(Value::Array(all));
            };
            self.0.path.pop();
            all.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if all.contains_key(&key) {
                let path = self.0.path();
                self.0.twice = Some(JsonError::KeyTwice { key, path });
                return Err(A::Error::custom("a key twice"));
            }
            self.0.path.push(Step::Key(key.clone()));
            let value = entries.next_value_seed(Seed(&mut *self.0))?;
            self.0.path.pop();
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn words(text: &str) -> String {
        read_json(text).unwrap_err().to_string()
    }

    #[test]
    fn a_key_twice_is_named_with_its_path_at_every_depth() {
        let cases = [
            (
                r#"{"a": 1, "a": 2}"#,
                "`a` appears twice in the document itself",
            ),
            (
                r#"{"a": 1, "a": 1}"#,
                "`a` appears twice in the document itself",
            ),
            (
                r#"[{"s": {"x": 1}}, {"s": {"x": 1, "y": 2, "x": 3}}]"#,
                "`x` appears twice in `[1].s`",
            ),
            (
                r#"{"scenarios": [1, {"status": "fail", "status": "pass"}]}"#,
                "`status` appears twice in `scenarios[1]`",
            ),
            ("{\"a\": 1, \"\\u0061\": 2}", "`a` appears twice"),
            (r#"{"a": {"b": 1}, "a": {"c": 1}}"#, "`a` appears twice"),
            (r#"{"": 1, "": 2}"#, "`` appears twice"),
        ];
        for (text, expected) in cases {
            assert!(words(text).contains(expected), "{text}: {}", words(text));
        }
    }

    #[test]
    fn the_same_key_in_two_objects_is_no_key_twice() {
        let text = r#"{"a": {"a": [{"a": 1}, {"a": 2}]}, "A": null}"#;
        assert_eq!(
            read_json(text),
            Ok(json!({"a": {"a": [{"a": 1}, {"a": 2}]}, "A": null}))
        );
    }

    #[test]
    fn each_way_of_not_being_json_has_its_own_words() {
        let cases = [
            ("", "it is empty"),
            (" \n\t", "it is empty"),
            ("\u{feff}{}", "byte order mark"),
            ("{} {}", "more follows it"),
            ("{}\n}", "more follows it (line 2"),
            (r#"{"a": NaN}"#, "`NaN` is no JSON number (line 1)"),
            (r#"{"a": -Infinity}"#, "`-Infinity` is no JSON number"),
            ("[\n Infinity]", "`Infinity` is no JSON number (line 2)"),
            (r#"{"a": 1e999}"#, "a number is too large"),
            (r#"{"a": [1, 2"#, "it breaks off before its end"),
            (r#"{"a": "#, "it breaks off before its end"),
            (r#"{"a": 01}"#, "invalid number"),
            ("{'a': 1}", "key must be a string"),
            ("<html>", "expected value"),
        ];
        for (text, expected) in cases {
            assert!(words(text).contains(expected), "{text}: {}", words(text));
        }
        assert_eq!(read_json(&"[".repeat(1_000_000)), Err(JsonError::TooDeep));
    }

    #[test]
    fn a_text_that_speaks_of_infinity_is_a_text() {
        assert_eq!(
            read_json(r#"["NaN", "Infinity"]"#),
            Ok(json!(["NaN", "Infinity"]))
        );
    }

    proptest! {
        #[test]
        fn what_it_reads_is_what_serde_reads(text in r#"[\[\]{}",:a0-9.e\-n u l]{0,24}"#) {
            if let Ok(value) = read_json(&text) {
                prop_assert_eq!(Ok(value), serde_json::from_str(&text).map_err(|_| ()));
            }
        }
    }
}
