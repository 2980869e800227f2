//! Parameters: the gate file's defaults, and what overrides them. Pure: maps and texts in.

use serde_json::{Map, Value};

/// Settings of the program that are given like parameters.
pub const RESERVED: &[&str] = &["workspace", "state_dir"];

/// The variable that sets a parameter: `rc.as_of` is set by `GATE_RC_AS_OF`.
#[must_use]
pub fn variable_name(parameter: &str) -> String {
    format!("GATE_{}", parameter.replace('.', "_").to_uppercase())
}

/// All parameters by their dotted names, tables opened.
#[must_use]
pub fn leaves(parameters: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    collect("", parameters, &mut found);
    found
}

fn collect<'v>(before: &str, table: &'v Map<String, Value>, found: &mut Vec<(String, &'v Value)>) {
    for (key, value) in table {
        let name = if before.is_empty() {
            key.clone()
        } else {
            format!("{before}.{key}")
        };
        match value {
            Value::Object(table) => collect(&name, table, found),
            _ => found.push((name, value)),
        }
    }
}
