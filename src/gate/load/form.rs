//! How a field is written, said from its JSON Schema: the remedy when it is of the wrong type.

use serde_json::Value;

use crate::model::nearest;

/// How the field `name` is written, and what it is for; none when it may be anything.
pub(super) fn form(name: &str, schema: &Value) -> Option<String> {
    let written = written(name, schema)?;
    let about = schema["description"].as_str().unwrap_or_default();
    let about = about.trim_end_matches('.').replace('\n', " ");
    Some(if about.is_empty() {
        format!("write {written}")
    } else {
        format!("write {written} ({about})")
    })
}

/// What to write in place of a word that is none of those that may stand there.
pub(super) fn one_of(word: &str, known: &[&str]) -> String {
    nearest(word, known.iter().copied()).map_or_else(
        || format!("write one of {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    )
}

fn written(name: &str, schema: &Value) -> Option<String> {
    let words = words(schema);
    if !words.is_empty() {
        return Some(format!("one of {} in quotes", words.join(", ")));
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let forms: Vec<String> = choices
            .iter()
            .filter_map(|choice| written(name, choice))
            .collect();
        return match forms.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            // A value of its own type, or a text: only a template makes such a text one.
            [own, ..] => Some(format!(
                "{own}, or a template that yields it: `{name} = \"{{{{ … }}}}\"`"
            )),
        };
    }
    let form = match kind(schema)? {
        "string" => format!("a text in quotes: `{name} = \"…\"`"),
        "boolean" => format!("`{name} = true` or `{name} = false`, without quotes"),
        "integer" => format!("a whole number without quotes: `{name} = 1`"),
        "number" => format!("a number without quotes: `{name} = 1.5`"),
        "array" => match kind(&schema["items"]) {
            Some("string") => format!("a list of texts: `{name} = [\"…\"]`"),
            Some("integer" | "number") => format!("a list of numbers: `{name} = [1]`"),
            _ => format!("a list: `{name} = [ … ]`"),
        },
        "object" => format!("a table: `{name} = {{ … }}`"),
        _ => return None,
    };
    Some(form)
}

/// The type that a schema asks for, besides nothing at all.
fn kind(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(one) => Some(one.as_str()).filter(|one| *one != "null"),
        Value::Array(some) => some
            .iter()
            .filter_map(Value::as_str)
            .find(|one| *one != "null"),
        _ => None,
    }
}

/// The words of which one is asked for.
fn words(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let told = schema["oneOf"].as_array().into_iter().flatten();
    listed
        .filter_map(Value::as_str)
        .chain(told.clone().filter_map(|choice| choice["const"].as_str()))
        .chain(told.flat_map(words))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_has_its_form() {
        for (schema, expected) in [
            (json!({"type": "string"}), "a text in quotes: `x = \"…\"`"),
            (json!({"type": ["string", "null"]}), "a text in quotes"),
            (json!({"type": "boolean"}), "`x = true` or `x = false`"),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                "`x = [\"…\"]`",
            ),
            (json!({"type": "object"}), "a table: `x = { … }`"),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
                "`x = 1`, or a template that yields it: `x = \"{{ … }}\"`",
            ),
            (
                json!({"oneOf": [{"const": "open"}, {"const": "closed"}]}),
                "one of open, closed in quotes",
            ),
            (
                json!({"anyOf": [{"type": "object"}, {"type": "null"}], "description": "Where."}),
                "`x = { … }` (Where)",
            ),
        ] {
            let told = form("x", &schema).unwrap_or_default();
            assert!(told.contains(expected), "{told}");
        }
        assert_eq!(form("x", &json!(true)), None);
    }
}
