//! What a verb is, for people who write gates: made of its types, its documentation, what it
//! declares, and a gate file that shows it. Makes texts; never prints.

mod fields;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Gate, Subtask};
use crate::model::{Diagnostics, nearest};
use crate::verb::{Declares, Write};
use crate::verbs::Verb;
use crate::world::Effect;
use fields::{Described, described};

/// All verbs, one line each.
#[must_use]
pub fn index() -> String {
    let all = described();
    let longest = all.iter().map(|verb| verb.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for verb in &all {
        let _ = writeln!(
            text,
            "{:longest$}  {}",
            verb.name,
            first_sentence(&verb.about)
        );
    }
    text.push_str("\n`gate verbs NAME` shows one: its fields, facts, writes, and an example.\n");
    text
}

/// The page of one verb, as Markdown.
///
/// # Errors
/// There is no such verb: what was meant, or what there is.
pub fn page(name: &str) -> Result<String, String> {
    let all = described();
    let Some(verb) = all.iter().find(|verb| verb.name == name) else {
        let near = nearest(name, Verb::NAMES.iter().copied());
        return Err(near.map_or_else(
            || "`gate verbs` lists all".to_owned(),
            |near| format!("did you mean `{near}`?"),
        ));
    };
    let example = example_of(name);
    let gate = load(example).map_err(|problems| problems.to_string())?;
    let shown = gate.subtasks().map(|(_, subtask)| subtask).last();
    let mut text = format!("# `{name}`\n\n{}\n", verb.about);
    text.push_str(&fields_of(verb, shown));
    if let Some(subtask) = shown {
        text.push_str(&facts_of(subtask));
        text.push_str(&writes_of(&gate, subtask));
        text.push_str(&policy_of(subtask.verb.declares()));
    }
    text.push_str("\n## Example\n\n");
    if example.contains("template = ") {
        text.push_str("Beside it lies `note.md`, the text.\n\n");
    }
    let _ = writeln!(text, "```toml\n{example}```");
    Ok(text)
}

/// The gate file that shows a verb.
#[must_use]
pub fn example_of(name: &str) -> &'static str {
    let mut examples = Verb::EXAMPLES.iter();
    examples
        .find(|(known, _)| *known == name)
        .map_or("", |(_, text)| text)
}

fn load(text: &str) -> Result<Gate, Diagnostics> {
    Gate::load("example.toml", text, &|_| Some("Checked.\n".to_owned()))
}

fn first_sentence(about: &str) -> String {
    let line = about.split("\n\n").next().unwrap_or_default();
    let line = line.replace('\n', " ");
    match line.find(". ") {
        Some(end) => line[..=end].to_owned(),
        None => line,
    }
}

fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}

fn fields_of(verb: &Described, shown: Option<&Subtask>) -> String {
    let mut text = "\n## Fields\n\n".to_owned();
    text.push_str("| field | type | default | example | |\n|---|---|---|---|---|\n");
    for field in &verb.fields {
        let given = shown.and_then(|subtask| look_up(&subtask.fields, &field.name));
        let example = given.map(fields::toml).or_else(|| field.example.clone());
        let code = |text: &str| match text {
            "" => String::new(),
            text => format!("`{}`", cell(text)),
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} |",
            field.name,
            cell(&field.kind),
            if field.required {
                "required".to_owned()
            } else {
                code(&field.default)
            },
            code(&example.unwrap_or_default()),
            cell(&field.about)
        );
    }
    text.push_str(
        "\nAs every subtask it has `id`, `title`, `uses`, and may have `parallel`, `after`, `on`, \
         `only_if`, `for_each`, `timeout` and `max_age`.\n",
    );
    text
}

fn look_up<'v>(fields: &'v serde_json::Value, path: &str) -> Option<&'v serde_json::Value> {
    path.split('.')
        .try_fold(fields, |value, key| value.get(key))
}

fn facts_of(subtask: &Subtask) -> String {
    let mut text = "\n## Facts\n\n".to_owned();
    let declares = subtask.verb.declares();
    let Some(fact) = declares.publishes() else {
        text.push_str("It publishes none.\n");
        return text;
    };
    let Some(fields) = declares.fields() else {
        let _ = writeln!(
            text,
            "`{fact}` is what was found, with the fields that it has there."
        );
        return text;
    };
    text.push_str("| path | type |\n|---|---|\n");
    for field in fields {
        let or_null = if field.optional { ", or null" } else { "" };
        let _ = writeln!(
            text,
            "| `{fact}.{}` | {}{or_null} |",
            field.name, field.kind
        );
    }
    text
}

fn writes_of(gate: &Gate, subtask: &Subtask) -> String {
    let writes = gate.writes_of(subtask);
    if writes.is_empty() {
        return "\n## Writes\n\nNothing: it only reads.\n".to_owned();
    }
    let mut text = "\n## Writes\n\n".to_owned();
    for write in writes {
        let _ = writeln!(text, "- {write}");
    }
    text
}

/// The lists of `[policy]` that have to name something for this verb.
fn policy_of(declares: &dyn Declares) -> String {
    let mut lists: BTreeSet<(&str, String)> = BTreeSet::new();
    for program in declares.starts() {
        lists.insert(("programs", program.to_owned()));
    }
    for ask in declares.asks() {
        match ask.effect {
            Effect::Run(program) => {
                let first = program.argv.into_iter().next().unwrap_or_default();
                lists.insert(("programs", first));
            }
            Effect::HttpGet(get) => drop(lists.insert(("read_addresses", get.url))),
            _ => {}
        }
    }
    for write in declares.writes() {
        match write {
            Write::Comment(issue) => drop(lists.insert(("comment", issue.to_owned()))),
            Write::Close(issue) => drop(lists.insert(("close", issue.to_owned()))),
            Write::Post(address) => drop(lists.insert(("notify", address.to_owned()))),
            Write::TriagedIssues => {
                let issues = "the issues that `[[triage]]` re-opens".to_owned();
                lists.insert(("comment", issues.clone()));
                lists.insert(("reopen", issues));
            }
        }
    }
    if let Some(rule) = declares.ends() {
        lists.insert(("end_processes", rule.to_owned()));
    }
    let mut text = "\n## The policy lists\n\n".to_owned();
    if lists.is_empty() {
        text.push_str("Nothing for it.\n");
    }
    for (list, item) in lists {
        let _ = writeln!(text, "- `{list}`: {item}");
    }
    text
}
