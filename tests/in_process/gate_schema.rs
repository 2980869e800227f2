//! `gate schema` describes what the loader reads.

use canary_gate::gate::{Gate, schema, schema_text};
use canary_gate::verbs::Verb;
use serde_json::{Value, json};

const BUILT_IN: &str = include_str!("../../src/gates/phase4/gate.toml");
const MINIMAL: &str = include_str!("../gates/minimal.toml");

/// What a value lacks; none when it fits. Knows the keywords that our schema uses, and panics at
/// any other, so that nothing passes unread.
fn misfit(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let Some(keywords) = schema.as_object() else {
        return (schema != &json!(true)).then(|| format!("{at}: schema {schema}"));
    };
    keywords
        .iter()
        .find_map(|(keyword, wanted)| keyword_misfit(root, (keyword, wanted), keywords, value, at))
}

fn keyword_misfit(
    root: &Value,
    (keyword, wanted): (&str, &Value),
    schema: &serde_json::Map<String, Value>,
    value: &Value,
    at: &str,
) -> Option<String> {
    let no = |fits: bool| (!fits).then(|| format!("{at}: {value} against {keyword} {wanted}"));
    let options = || wanted.as_array().into_iter().flatten();
    let fitting = || {
        options()
            .filter(|one| misfit(root, one, value, at).is_none())
            .count()
    };
    match keyword {
        "description" | "title" | "default" | "$schema" | "$defs" | "format" => None,
        "$ref" => {
            let path = wanted.as_str().unwrap().strip_prefix('#').unwrap();
            misfit(root, root.pointer(path).unwrap(), value, at)
        }
        "const" => no(value == wanted),
        "enum" => no(options().any(|one| one == value)),
        "anyOf" => no(fitting() > 0),
        "oneOf" => no(fitting() == 1),
        "not" => no(misfit(root, wanted, value, at).is_some()),
        "type" => no(match wanted {
            Value::Array(types) => types.iter().any(|one| is_a(value, one)),
            one => is_a(value, one),
        }),
        "minimum" => no(value
            .as_f64()
            .is_none_or(|number| number >= wanted.as_f64().unwrap())),
        "minItems" => no(value
            .as_array()
            .is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap())),
        "required" => no(options().all(|key| value.get(key.as_str().unwrap()).is_some())),
        "items" => value
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .find_map(|(index, item)| misfit(root, wanted, item, &format!("{at}[{index}]"))),
        "properties" => wanted
            .as_object()
            .unwrap()
            .iter()
            .find_map(|(key, schema)| {
                misfit(root, schema, value.get(key)?, &format!("{at}.{key}"))
            }),
        "propertyNames" => value
            .as_object()
            .into_iter()
            .flatten()
            .find_map(|(key, _)| misfit(root, wanted, &json!(key), &format!("{at}.{key}"))),
        "additionalProperties" => {
            value
                .as_object()
                .into_iter()
                .flatten()
                .find_map(|(key, item)| {
                    let named = schema
                        .get("properties")
                        .is_some_and(|all| all.get(key).is_some());
                    if named {
                        None
                    } else {
                        misfit(root, wanted, item, &format!("{at}.{key}"))
                    }
                })
        }
        other => panic!("keyword `{other}` is not known to this test"),
    }
}

fn is_a(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("type `{other}` is not known to this test"),
    }
}

fn check(text: &str) -> Option<String> {
    let schema = schema();
    let value: Value = toml::from_str(text).unwrap();
    misfit(&schema, &schema, &value, "")
}

#[test]
fn the_built_in_and_the_minimal_gate_fit() {
    Gate::built_in().unwrap();
    assert_eq!(check(BUILT_IN), None);
    assert_eq!(check(MINIMAL), None);
}

#[test]
fn what_the_loader_refuses_does_not_fit() {
    for (old, new) in [
        ("uses = \"health-check\"", "uses = \"helth-check\""),
        ("uses = \"health-check\"", ""),
        ("max_age = \"24h\"", "max_aeg = \"24h\""),
        ("max_age = \"24h\"", "max_age = 24"),
        ("format = 1", "format = 2"),
        ("priority = \"high\"", "priority = \"hihg\""),
        ("fact = \"health.rows\"", ""),
        ("[process.worker]", "[process.worker]\nname = \"x\""),
        ("[policy]", "[polizy]"),
        ("limits.word = \"free\"", "workspace = \"x\""),
        ("all_of = ", "all = "),
    ] {
        assert!(MINIMAL.contains(old), "{old}");
        assert!(
            check(&MINIMAL.replacen(old, new, 1)).is_some(),
            "{old} → {new}"
        );
    }
}

#[test]
fn every_verb_is_described_with_all_its_fields() {
    let schema = schema();
    let verbs = schema
        .pointer("/properties/work_package/items/properties/subtask/items/oneOf")
        .and_then(Value::as_array)
        .unwrap();
    let names: Vec<&str> = verbs
        .iter()
        .map(|verb| verb["title"].as_str().unwrap())
        .collect();
    assert_eq!(names, Verb::NAMES);
    for verb in verbs {
        for (name, property) in verb["properties"].as_object().unwrap() {
            let told = property.get("description").is_some() || property.get("$ref").is_some();
            assert!(told, "{}: {name} has no description", verb["title"]);
        }
    }
}

#[test]
fn no_verb_has_a_field_that_every_subtask_has() {
    let common = [
        "id", "title", "uses", "parallel", "after", "on", "only_if", "for_each", "timeout",
        "max_age",
    ];
    let mut generator = schemars::SchemaGenerator::default();
    for (verb, schema) in Verb::schemas(&mut generator) {
        for name in schema
            .get("properties")
            .and_then(Value::as_object)
            .unwrap()
            .keys()
        {
            assert!(!common.contains(&name.as_str()), "{verb}: {name}");
        }
    }
}

#[test]
fn the_text_is_json() {
    assert_eq!(
        serde_json::from_str::<Value>(&schema_text()).unwrap(),
        schema()
    );
}
