//! The JSON Schema of the gate file, made of the types that read it.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::load::{GateTable, SubtaskTable, WorkPackageTable, part_schemas};
use super::{GATE_FORMAT, RESERVED};
use crate::verbs::Verb;

/// The schema of a gate file, verbs included.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaGenerator::default();
    let mut root = inline::<GateTable>(&mut generator);
    let mut package = inline::<WorkPackageTable>(&mut generator);
    let subtasks: Vec<Value> = subtask_schemas(&mut generator);
    property(&mut package, "subtask", |subtask| {
        *subtask = json!({
            "description": "Its subtasks, in order.",
            "type": "array",
            "minItems": 1,
            "items": { "oneOf": subtasks },
        });
    });
    let [policy, process, triage, rehearsal] = part_schemas(&mut generator);
    property(&mut root, "policy", |place| *place = policy);
    property(&mut root, "process", |place| {
        place["additionalProperties"] = process;
    });
    property(&mut root, "triage", |place| place["items"] = triage);
    property(&mut root, "rehearsal", |place| *place = rehearsal);
    property(&mut root, "work_package", |place| {
        place["items"] = Value::Object(package);
    });
    property(&mut root, "format", |place| {
        *place = json!({ "description": "Version of this format.", "const": GATE_FORMAT });
    });
    property(&mut root, "parameters", |place| {
        place["propertyNames"] = json!({ "not": { "enum": RESERVED } });
    });
    let mut definitions = generator.take_definitions(true);
    if let Some(Value::Object(rule)) = definitions.get_mut("ProcessRule") {
        // A rule's name is the key it stands under.
        remove_property(rule, "name");
    }
    root.insert("$defs".to_owned(), Value::Object(definitions));
    root.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    Value::Object(root)
}

/// The schema as text, for `gate schema`.
#[must_use]
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// One schema for each verb: the fields of every subtask, and the verb's own.
fn subtask_schemas(generator: &mut SchemaGenerator) -> Vec<Value> {
    let common = inline::<SubtaskTable>(generator);
    Verb::schemas(generator)
        .into_iter()
        .map(|(name, own)| {
            let mut schema = own.as_object().cloned().unwrap_or_default();
            let uses = json!({ "description": "The verb.", "const": name });
            merge(&mut schema, &common);
            property(&mut schema, "uses", |place| *place = uses);
            schema.insert("title".to_owned(), Value::from(name));
            schema.insert("additionalProperties".to_owned(), Value::from(false));
            Value::Object(schema)
        })
        .collect()
}

fn inline<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Map<String, Value> {
    T::json_schema(generator)
        .as_object()
        .cloned()
        .unwrap_or_default()
}

/// Adds the properties and required fields of another table.
fn merge(schema: &mut Map<String, Value>, other: &Map<String, Value>) {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let (Some(into), Some(Value::Object(from))) =
        (properties.as_object_mut(), other.get("properties"))
    {
        into.extend(from.clone());
    }
    let required = schema.entry("required").or_insert_with(|| json!([]));
    if let (Some(into), Some(Value::Array(from))) = (required.as_array_mut(), other.get("required"))
    {
        into.extend(from.clone());
    }
}

fn property(schema: &mut Map<String, Value>, name: &str, change: impl FnOnce(&mut Value)) {
    if let Some(place) = schema
        .get_mut("properties")
        .and_then(|all| all.get_mut(name))
    {
        change(place);
    }
}

fn remove_property(schema: &mut Map<String, Value>, name: &str) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.shift_remove(name);
    }
}
