//! A verb's fields, from its JSON Schema.

use serde_json::{Map, Value};

use crate::gate::load::whole_schemas;
use crate::verbs::Verb;

/// A verb as its types and their documentation describe it.
pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) about: String,
    pub(super) fields: Vec<FieldDescribed>,
}

/// A field of a verb; of a table in it, with a dot.
pub(super) struct FieldDescribed {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) required: bool,
    /// As TOML; empty when there is none.
    pub(super) default: String,
    pub(super) example: Option<String>,
    pub(super) about: String,
}

/// All verbs, in the order of the program.
pub(super) fn described() -> Vec<Described> {
    Verb::schemas(&mut whole_schemas())
        .into_iter()
        .map(|(name, schema)| {
            let schema = schema.to_value();
            let mut fields = Vec::new();
            gather("", &schema, &mut fields);
            Described {
                name,
                about: text_of(&schema),
                fields,
            }
        })
        .collect()
}

fn text_of(schema: &Value) -> String {
    schema["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn gather(before: &str, schema: &Value, fields: &mut Vec<FieldDescribed>) {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (key, property) in properties {
        let name = format!("{before}{key}");
        let own = without_null(property);
        let mut about = text_of(property);
        if about.is_empty() {
            about = text_of(own);
        }
        let default = property
            .get("default")
            .filter(|default| !is_nothing(default));
        fields.push(FieldDescribed {
            kind: kind_of(own),
            required: required.contains(&key.as_str()),
            default: default.map(toml).unwrap_or_default(),
            example: example(own),
            about,
            name: name.clone(),
        });
        if own["properties"].is_object() {
            gather(&format!("{name}."), own, fields);
        } else if own["additionalProperties"]["properties"].is_object() {
            gather(
                &format!("{name}.NAME."),
                &own["additionalProperties"],
                fields,
            );
        }
    }
}

fn is_nothing(default: &Value) -> bool {
    match default {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(table) => {
            table.is_empty() || table.values().all(is_nothing) || table.len() > 3
        }
        _ => false,
    }
}

/// Of a value or nothing, the value.
fn without_null(schema: &Value) -> &Value {
    let choices = schema["anyOf"].as_array();
    let own = choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null"));
    own.unwrap_or(schema)
}

fn words(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let told = schema["oneOf"].as_array().into_iter().flatten();
    listed
        .filter_map(Value::as_str)
        .chain(told.filter_map(|choice| choice["const"].as_str()))
        .collect()
}

fn type_of(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::String(one) => Some(one),
        Value::Array(some) => {
            let mut words = some.iter().filter_map(Value::as_str);
            words.find(|one| *one != "null")
        }
        _ => None,
    }
}

fn kind_of(schema: &Value) -> String {
    let words = words(schema);
    if !words.is_empty() {
        return format!("one of {}", words.join(", "));
    }
    match type_of(schema) {
        Some("string") => "text".to_owned(),
        Some("array") => match kind_of(&schema["items"]).as_str() {
            "any" => "list".to_owned(),
            of => format!("list of {of}"),
        },
        Some("object") => "table".to_owned(),
        Some(other) => other.to_owned(),
        None => "any".to_owned(),
    }
}

fn example(schema: &Value) -> Option<String> {
    if let Some(first) = words(schema).first() {
        return Some(format!("\"{first}\""));
    }
    Some(match type_of(schema)? {
        "string" => "\"…\"".to_owned(),
        "boolean" => "true".to_owned(),
        "integer" => "1".to_owned(),
        "number" => "1.5".to_owned(),
        "array" => match example(&schema["items"]) {
            Some(item) => format!("[{item}]"),
            None => "[…]".to_owned(),
        },
        "object" => "{ … }".to_owned(),
        _ => return None,
    })
}

/// A value as TOML writes it in one line.
pub(super) fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(table) => {
            let entry = |(key, value): (&String, &Value)| format!("{key} = {}", toml(value));
            let entries: Vec<String> = table.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(text) if text.contains('\\') && !text.contains('\'') => {
            format!("'{text}'")
        }
        other => other.to_string(),
    }
}
