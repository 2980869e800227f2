//! The YAML that `gate workflow` writes, and no other: block mappings and lists, quoted and plain
//! words, lists on one line, `|` and `>-`. Whatever else comes ends the test; whether it is YAML to
//! others is for actionlint to say.

use serde_json::{Map, Value};

struct Lines<'t> {
    lines: Vec<&'t str>,
    at: usize,
}

pub(crate) fn parse(text: &str) -> Value {
    let lines = text.lines().collect();
    let mut lines = Lines { lines, at: 0 };
    let value = lines.block(0);
    assert_eq!(lines.next(), None, "left");
    value
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl Lines<'_> {
    fn skip(&mut self) {
        let nothing = |line: &&str| line.trim().is_empty() || line.trim().starts_with('#');
        while self.lines.get(self.at).is_some_and(nothing) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<String> {
        self.skip();
        self.lines.get(self.at).map(|line| (*line).to_owned())
    }

    /// A mapping or a list whose lines begin at this column.
    fn block(&mut self, column: usize) -> Value {
        let mut map = Map::new();
        let mut list = Vec::new();
        while let Some(line) = self.next().filter(|line| indent(line) == column) {
            let rest = line.trim_start();
            if let Some(item) = rest.strip_prefix("- ") {
                // An item's first key stands where its others do.
                let inner = format!("{}{item}", " ".repeat(column + 2));
                let inner: &'static str = inner.leak();
                self.lines[self.at] = inner;
                list.push(self.block(column + 2));
                continue;
            }
            let (key, value) = rest.split_once(':').unwrap_or_else(|| panic!("{line}"));
            self.at += 1;
            let value = self.value(value.trim(), column);
            let twice = map.insert(key.to_owned(), value);
            assert!(twice.is_none(), "duplicate key {key}");
        }
        assert!(map.is_empty() || list.is_empty());
        if list.is_empty() {
            Value::Object(map)
        } else {
            Value::Array(list)
        }
    }

    fn value(&mut self, text: &str, column: usize) -> Value {
        if text == "|" || text == ">-" {
            let mut lines = Vec::new();
            while let Some(line) = self.lines.get(self.at) {
                if !line.trim().is_empty() && indent(line) <= column {
                    break;
                }
                lines.push(line.trim_start().to_owned());
                self.at += 1;
            }
            return Value::from(lines.join(if text == "|" { "\n" } else { " " }));
        }
        if text.is_empty() || text.starts_with('#') {
            let deeper = self.next().map_or(0, |line| indent(&line));
            return if deeper > column {
                self.block(deeper)
            } else {
                Value::Null
            };
        }
        scalar(text)
    }
}

fn scalar(text: &str) -> Value {
    if let Some(inside) = text.strip_prefix('[') {
        let inside = inside.strip_suffix(']').unwrap();
        return inside.split(", ").map(scalar).collect();
    }
    if text.starts_with('"') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let value = values.next().unwrap().unwrap();
        let rest = text[values.byte_offset()..].trim();
        assert!(rest.is_empty() || rest.starts_with('#'), "{text}");
        return Value::from(value);
    }
    match text
        .split_once(" #")
        .map_or(text, |(value, _)| value)
        .trim()
    {
        "{}" => Value::Object(Map::new()),
        "true" => Value::from(true),
        "false" => Value::from(false),
        plain => Value::from(plain),
    }
}
