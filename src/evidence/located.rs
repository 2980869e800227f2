//! The bytes of a value at a known position: in a response, or in a document that one of its texts
//! contains.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::finding::{Found, around};

/// Finds a value where it was read: at a JSON pointer in the response, there within a document, and
/// in that at the rest of its own path. None if the bytes there are different: then it was derived
/// from them.
pub(super) fn locate(
    answer: &Value,
    at: &str,
    inside: &str,
    rest: &str,
    value: &Value,
) -> Option<Found> {
    let below = pointer(rest);
    let found = |pointer: String, inside: String, text: &str, from: usize, to: usize| Found {
        pointer,
        inside,
        offset: from,
        length: to - from,
        around: around(text, from, to - from),
        named: true,
    };
    let node = answer.pointer(at)?;
    if let Value::String(text) = node {
        let own = value
            .as_str()
            .filter(|_| inside.is_empty() && below.is_empty());
        if let Some(own) = own.filter(|own| !own.is_empty()) {
            let from = text.find(own)?;
            return Some(found(
                at.to_owned(),
                String::new(),
                text,
                from,
                from + own.len(),
            ));
        }
        let inside = format!("{inside}{below}");
        let (from, to) = span(text, &inside)?;
        let there: Value = serde_json::from_str(&text[from..to]).ok()?;
        return (there == *value).then(|| found(at.to_owned(), inside, text, from, to));
    }
    let whole = format!("{at}{inside}{below}");
    let there = answer.pointer(&whole)?;
    if there != value {
        return None;
    }
    let text = match there {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let length = text.len();
    Some(found(whole, String::new(), &text, 0, length))
}

/// A path such as `.runs[2].outcome` as a JSON pointer.
fn pointer(path: &str) -> String {
    let mut pointer = String::new();
    let parts = path.split(['.', '[', ']']).filter(|part| !part.is_empty());
    for part in parts {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// The byte range of a value in the text of a JSON document.
fn span(text: &str, pointer: &str) -> Option<(usize, usize)> {
    let mut raw: &RawValue = serde_json::from_str(text).ok()?;
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        raw = if raw.get().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            items.get(name.parse::<usize>().ok()?).copied()?
        } else {
            let table: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
            table.get(&name).copied()?
        };
    }
    let from = raw.get().as_ptr() as usize - text.as_ptr() as usize;
    Some((from, from + raw.get().len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_found_at_its_own_bytes_and_nowhere_else() {
        let text = r#"{"a": "pass", "scenarios": [{"status": "pass"}, {"status": "fail"}]}"#;
        let answer = json!({"response": "text", "value": text});
        let found = |rest: &str, value: Value| locate(&answer, "/value", "", rest, &value);
        let second = found("scenarios[1].status", json!("fail")).unwrap();
        assert_eq!(
            &text[second.offset..second.offset + second.length],
            "\"fail\""
        );
        assert_eq!(second.inside, "/scenarios/1/status");
        let first = found("scenarios[0].status", json!("pass")).unwrap();
        assert!(first.offset > text.find("scenarios").unwrap());
        assert_eq!(found("scenarios[1].status", json!("pass")), None);
        assert_eq!(found("scenarios[2].status", json!("pass")), None);
    }

    #[test]
    fn a_part_of_an_answer_is_found_by_its_pointer() {
        let answer = json!({"value": {"ended": {"code": 0}, "stdout": {"text": "n=3\n"}}});
        let found = locate(&answer, "/value/ended", "", ".code", &json!(0)).unwrap();
        assert_eq!(found.pointer, "/value/ended/code");
        assert_eq!(
            locate(&answer, "/value/ended", "", ".code", &json!(1)),
            None
        );
        let line = locate(&answer, "/value/stdout/text", "", "", &json!("n=3")).unwrap();
        assert_eq!((line.offset, line.length), (0, 3));
    }
}
