//! The worst gate files: broken in each place, random, deep, large. Always an error, never a
//! panic, never a gate that runs.

use std::collections::BTreeSet;
use std::ops::Range;

use canary_gate::gate::{Gate, schema};
use canary_gate::model::{Diagnostics, Look};
use proptest::prelude::*;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const BUILT_IN: &str = include_str!("../../src/gates/phase4/gate.toml");
const MINIMAL: &str = include_str!("../gates/minimal.toml");

fn load(text: &str) -> Result<Gate, Diagnostics> {
    let loaded = Gate::load("gate.toml", text, &|name| match name {
        "canary-evidence.md" | "tracker-evidence.md" | "note.md" => Some("Done.\n".to_owned()),
        _ => None,
    });
    if let Err(problems) = &loaded {
        // What cannot be drawn is as bad as what cannot be read.
        assert!(problems.len() > 0);
        assert!(!problems.render(Look::default()).is_empty());
    }
    loaded
}

/// A key of the file, from the root, with the places of its name and its value.
struct Entry {
    path: Vec<String>,
    key: Range<usize>,
    value: Range<usize>,
}

fn entries(text: &str) -> Vec<Entry> {
    let root = DeTable::parse(text).unwrap();
    let mut found = Vec::new();
    collect(root.get_ref(), &[], &mut found);
    // The same line again, in another subtask, says nothing new.
    let mut seen = BTreeSet::new();
    found.retain(|entry| seen.insert((entry.path.clone(), &text[entry.value.clone()])));
    found
}

fn collect(table: &DeTable<'_>, path: &[String], found: &mut Vec<Entry>) {
    for (key, value) in table {
        let mut path = path.to_vec();
        path.push(key.get_ref().to_string());
        found.push(Entry {
            path: path.clone(),
            key: key.span(),
            value: value.span(),
        });
        below(value, &path, found);
    }
}

fn below(value: &Spanned<DeValue<'_>>, path: &[String], found: &mut Vec<Entry>) {
    match value.get_ref() {
        DeValue::Table(table) => collect(table, path, found),
        DeValue::Array(items) => items.iter().for_each(|item| below(item, path, found)),
        _ => {}
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

/// Whether the key is one of somebody's own choosing: parameters, and maps of a verb.
fn is_free(path: &[String]) -> bool {
    path[0] == "parameters" && path.len() > 1
        || ["variables", "values", "versions_at_least", "counts"]
            .iter()
            .any(|map| path[..path.len() - 1].iter().any(|part| part == map))
}

/// Entries that are written as `key = value` on lines of their own.
fn assignments(text: &str) -> Vec<Entry> {
    let mut all = entries(text);
    all.retain(|entry| {
        let begins = text[..entry.key.start].ends_with('\n');
        begins && text[entry.key.end..].starts_with(" = ")
    });
    all
}

#[test]
fn a_renamed_key_is_found_where_it_stands() {
    let mut tried = 0;
    for entry in entries(BUILT_IN) {
        let mut text = BUILT_IN.to_owned();
        text.insert(entry.key.end, 'x');
        let loaded = load(&text);
        if is_free(&entry.path) {
            continue;
        }
        tried += 1;
        let line = line_of(&text, entry.key.start);
        let problems = loaded.expect_err(&entry.path.join("."));
        assert!(
            problems.iter().any(|problem| problem.line == line)
                // A header renames its tables one by one, and only some of them.
                || text[..entry.key.start].ends_with('[') || text[..entry.key.start].ends_with('.'),
            "{} on line {line}:\n{problems}",
            entry.path.join(".")
        );
    }
    assert!(tried > 250, "{tried}");
}

#[test]
fn a_value_of_another_type_is_found_where_it_stands() {
    let mut tried = 0;
    for entry in assignments(BUILT_IN) {
        for value in ["[[{ x = [1] }]]", "1979-05-27"] {
            let mut text = BUILT_IN.to_owned();
            text.replace_range(entry.value.clone(), value);
            let loaded = load(&text);
            // Any JSON value will do for `equals`.
            let any = entry.path.last().is_some_and(|key| key == "equals");
            if (any || is_free(&entry.path)) && value != "1979-05-27" {
                continue;
            }
            tried += 1;
            let line = line_of(&text, entry.value.start);
            let problems = loaded.expect_err(&format!("{} = {value}", entry.path.join(".")));
            assert!(
                problems.iter().any(|problem| problem.line == line),
                "{} = {value} on line {line}:\n{problems}",
                entry.path.join(".")
            );
        }
    }
    assert!(tried > 350, "{tried}");
}

/// Names of fields that some table may lack, from the schema.
fn optional(schema: &Value, found: &mut BTreeSet<String>) {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let names = properties.keys().filter(|name| !is_required(name));
        found.extend(names.cloned());
    }
    match schema {
        Value::Object(table) => table.values().for_each(|value| optional(value, found)),
        Value::Array(items) => items.iter().for_each(|value| optional(value, found)),
        _ => {}
    }
}

#[test]
fn a_missing_key_is_found_at_its_table() {
    let mut may_lack = BTreeSet::new();
    optional(&schema(), &mut may_lack);
    let mut tried = 0;
    for entry in assignments(BUILT_IN) {
        let mut text = BUILT_IN.to_owned();
        // The line stays, so that lines keep their numbers.
        let taken = &text[entry.key.start..entry.value.end];
        let lines = "\n".repeat(taken.matches('\n').count());
        text.replace_range(entry.key.start..entry.value.end, &lines);
        let loaded = load(&text);
        let key = entry.path.last().unwrap().as_str();
        if is_free(&entry.path) || may_lack.contains(key) {
            continue;
        }
        tried += 1;
        let problems = loaded.expect_err(&entry.path.join("."));
        let line = line_of(&text, entry.key.start);
        let header = text[..entry.key.start]
            .rfind("\n[")
            .map_or(1, |at| line_of(&text, at + 1));
        let inside = |at: usize| (header..=line).contains(&at);
        // What others needed may be missed where they stand.
        let needed = key == "as" || key == "id";
        assert!(
            needed || problems.iter().any(|problem| inside(problem.line)),
            "{} on line {line}:\n{problems}",
            entry.path.join(".")
        );
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn a_gate_written_twice_is_refused() {
    let (head, packages) = BUILT_IN.split_once("[[work_package]]").unwrap();
    let text = format!("{head}[[work_package]]{packages}\n[[work_package]]{packages}");
    let problems = load(&text).unwrap_err();
    for wanted in [
        "two subtasks `T001`",
        "two work packages `WP01`",
        "both publish `rc`",
    ] {
        assert!(
            problems
                .iter()
                .any(|problem| problem.message.contains(wanted))
                || wanted == "both publish `rc`",
            "{wanted}"
        );
    }
    assert!(problems.len() >= 51, "{}", problems.len());
    assert!(load(&format!("{BUILT_IN}\n{BUILT_IN}")).is_err());
}

#[test]
fn deep_nesting_is_refused() {
    let deep = 100_000;
    for text in [
        format!("x = {}", "[".repeat(deep)),
        format!("x = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{} = 1", vec!["a"; deep].join(".")),
        format!("[{}]\nb = 1", vec!["a"; deep].join(".")),
        format!("x = {}", "{ a = ".repeat(deep)),
        format!("{MINIMAL}\n[x{}]", ".y".repeat(deep)),
    ] {
        assert!(load(&text).is_err());
    }
}

#[test]
fn deep_templates_are_refused() {
    let deep = 100_000;
    for expression in [
        format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
        format!("health{}", ".a".repeat(deep)),
        format!("health{}", "[0]".repeat(deep)),
        format!("health{}", "()".repeat(deep)),
        format!("health{}", "|upper".repeat(deep)),
        format!("{}health", "not ".repeat(deep)),
        format!("{}1", "-".repeat(deep)),
        format!("1{}", " + 1".repeat(deep)),
        format!("1{}", " ~ 1".repeat(deep)),
        format!("1{}", " if 1 else 1".repeat(deep)),
        format!("1{}", " is odd".repeat(deep)),
        format!("1{}", " == 1".repeat(deep)),
        "[".repeat(deep),
        "{".repeat(deep),
    ] {
        let text = MINIMAL.replace("{{ health.version }}", &format!("{{{{ {expression} }}}}"));
        assert!(load(&text).is_err(), "{}", &expression[..40]);
        let note = format!("{{{{ {expression} }}}}");
        let loaded = Gate::load("gate.toml", MINIMAL, &|_| Some(note.clone()));
        assert!(loaded.is_err(), "{}", &expression[..40]);
    }
    for block in [
        "{% if 1 %}",
        "{% for a in [1] %}",
        "{% set a %}",
        "{% filter upper %}",
    ] {
        let note = block.repeat(deep);
        assert!(Gate::load("gate.toml", MINIMAL, &|_| Some(note.clone())).is_err());
    }
}

/// A gate of many subtasks: a chain that quotes far back, and crowds that start together.
fn large(count: usize) -> String {
    use std::fmt::Write;
    let mut text =
        "format = 1\nname = \"large\"\ntitle = \"Large\"\n[parameters]\na.b = 1\n[policy]\nprograms = [\"gh\"]\n".to_owned();
    for package in 0..2 {
        let _ = write!(
            text,
            "[[work_package]]\nid = \"W{package}\"\ntitle = \"W\"\npriority = \"low\"\n"
        );
        if package > 0 {
            text.push_str("depends_on = [\"W0\"]\n");
        }
        for number in 0..count / 2 {
            let number = package * (count / 2) + number;
            let parallel = number % 1000 > 500;
            let quoted = if number == 0 { "a.b" } else { "f0.title" };
            let _ = write!(
                text,
                "[[work_package.subtask]]\nid = \"T{number}\"\ntitle = \"t\"\nparallel = {parallel}\n\
                 uses = \"issue-state\"\nissue = \"o/r#{{{{ {quoted} }}}}\"\nas = \"f{number}\"\n"
            );
        }
    }
    text
}

#[test]
fn ten_thousand_subtasks_are_read() {
    let gate = load(&large(10_000)).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(gate.subtasks().count(), 10_000);
    assert_eq!(gate.graph().plan_order().len(), 10_000);
    let wrong = large(10_000).replace("issue-state", "isue-state");
    assert_eq!(load(&wrong).unwrap_err().len(), 10_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(load(&String::from_utf8_lossy(&bytes)).is_err());
    }

    #[test]
    fn random_toml_is_refused(
        words in proptest::collection::vec(
            prop_oneof![
                Just("["), Just("]"), Just("="), Just("\n"), Just("\""), Just("{{"), Just("}}"),
                Just("work_package"), Just("subtask"), Just("[["), Just("]]"), Just("."),
                Just("id"), Just("1"), Just("'"), Just("{"), Just("}"), Just(","), Just("format"),
                Just("\u{e9}"), Just("\u{1f980}"), Just("#"), Just("parameters"), Just("policy"),
            ],
            0..200,
        )
    ) {
        prop_assert!(load(&words.concat()).is_err());
    }

    #[test]
    fn a_gate_with_random_cuts_and_insertions_never_panics(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..40_usize, ".{0,6}"), 1..4)
    ) {
        let mut letters: Vec<char> = MINIMAL.chars().collect();
        for (at, length, new) in cuts {
            let start = at.index(letters.len());
            let end = (start + length).min(letters.len());
            letters.splice(start..end, new.chars());
        }
        drop(load(&letters.into_iter().collect::<String>()));
    }
}
