//! `gate diff`: where two runs parted, and every fact that is not the same.

use std::path::Path;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::recorded::{self, SizeArgs};
use crate::evidence::{Diff, Difference, Recording, Run, diff};
use crate::report::{Compared, ComparedSection, ComparedValue, compared};

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A bundle, a run directory, or a run by its id.
    one: String,
    /// Another.
    other: String,
    /// Shows values that always differ too: times, process ids, ids.
    #[arg(long)]
    all: bool,
    /// How to print the differences.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    size: SizeArgs,
    #[command(flatten)]
    gate: GateArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Html,
}

pub(super) fn run(args: &DiffArgs, console: &Console) -> Exit {
    let open = |name: &str| recorded::open(name, &args.gate, args.size, console);
    let (one, other) = match (open(&args.one), open(&args.other)) {
        (Ok(one), Ok(other)) => (one, other),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    let texts = |recording: &Recording, name: &str| {
        let texts = recording.texts();
        texts.map_err(|error| recorded::refuse(Path::new(name), &error, console))
    };
    let (a, b) = match (texts(&one, &args.one), texts(&other, &args.other)) {
        (Ok(a), Ok(b)) => (a, b),
        (Err(exit), _) | (_, Err(exit)) => return exit,
    };
    let diff = diff(
        &Run {
            folded: &one.folded,
            texts: &a,
        },
        &Run {
            folded: &other.folded,
            texts: &b,
        },
    );
    let both = [(&args.one, &one), (&args.other, &other)];
    match args.format {
        Format::Text => recorded::Format::Text.print(&diff, &diff.text(args.all), console),
        Format::Json => recorded::Format::Json.print(&diff, "", console),
        Format::Html => match page(&diff, both, args.all) {
            Ok(page) => console.out(&page),
            Err(error) => return console.fail(Exit::Error, &error),
        },
    }
    if diff.same() {
        Exit::Passed
    } else {
        Exit::Failed
    }
}

/// The comparison as a page.
fn page(diff: &Diff, both: [(&String, &Recording); 2], all: bool) -> Result<String, String> {
    let section = |title: &str, note: String, values: Vec<ComparedValue>| ComparedSection {
        title: title.to_owned(),
        note,
        values,
    };
    let told = diff
        .facts
        .iter()
        .filter(|one| all || one.volatile.is_none());
    let only = |names: &[String], first: bool| -> Vec<ComparedValue> {
        let there = |flag: bool| flag.then(|| "published".to_owned());
        let value = |path: &String| ComparedValue {
            path: path.clone(),
            one: there(first),
            other: there(!first),
            ..ComparedValue::default()
        };
        names.iter().map(value).collect()
    };
    let hidden = match diff.volatile {
        count if count > 0 && !all => format!("{count} values that always differ are not shown."),
        _ => String::new(),
    };
    let mut alone = only(&diff.only.0, true);
    alone.extend(only(&diff.only.1, false));
    let outcome = |(id, one, other): &(crate::model::SubtaskId, String, String)| ComparedValue {
        path: id.to_string(),
        one: Some(one.clone()),
        other: Some(other.clone()),
        ..ComparedValue::default()
    };
    let (first, where_first) = first(diff);
    let sections = vec![
        section(
            "Different inputs",
            String::new(),
            diff.began_with.iter().map(value).collect(),
        ),
        section("First divergence", where_first, first),
        section(
            "Subtasks with other outcomes",
            String::new(),
            diff.outcomes.iter().map(outcome).collect(),
        ),
        section("Facts of only one run", String::new(), alone),
        section("Facts that differ", hidden, told.map(value).collect()),
    ];
    let [one, other] = both.map(|(name, recording)| (name.as_str(), &recording.folded));
    compared(&Compared {
        one,
        other,
        same: diff.same(),
        sections,
    })
}

/// Where the runs parted, and where that is.
fn first(diff: &Diff) -> (Vec<ComparedValue>, String) {
    let Some(first) = &diff.first else {
        return (Vec::new(), String::new());
    };
    let place = format!(
        "{} request {}, the {}",
        first.subtask, first.exchange, first.what
    );
    if !first.parts.is_empty() {
        return (first.parts.iter().map(value).collect(), place);
    }
    let whole = ComparedValue {
        path: first.what.to_owned(),
        one: first.one.as_ref().map(shown),
        other: first.other.as_ref().map(shown),
        ..ComparedValue::default()
    };
    (vec![whole], place)
}

fn value(one: &Difference) -> ComparedValue {
    ComparedValue {
        path: one.path.clone(),
        one: one.one.as_ref().map(shown),
        other: one.other.as_ref().map(shown),
        lines: one.lines.clone(),
        why: one.volatile.map(|why| format!("always differs: {why}")),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
