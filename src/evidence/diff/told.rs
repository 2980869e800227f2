//! Renders a comparison as text.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::difference::{Diff, Difference};
use crate::model::alignment::gaps;
use crate::model::escape::{one_line, visible};

/// A longer value is cut.
const LENGTH: usize = 300;
/// Lines of two long texts that are shown.
const LINES: usize = 12;
/// Maximum number of parts of a request or response that are shown.
const PARTS: usize = 5;

impl Diff {
    /// The comparison as text. Nondeterministic values are only counted, unless requested.
    #[must_use]
    pub fn text(&self, with_volatile: bool) -> String {
        let mut out = String::new();
        // Writing into a text cannot fail.
        let _ = tell(self, with_volatile, &mut out);
        out
    }
}

fn tell(diff: &Diff, with_volatile: bool, out: &mut String) -> std::fmt::Result {
    let (one, other) = diff.verdicts;
    if one == other {
        writeln!(out, "verdict: {one} in both")?;
    } else {
        writeln!(out, "verdict: {one} / {other}")?;
    }
    if !diff.began_with.is_empty() {
        writeln!(out, "different inputs:")?;
        differences(&diff.began_with, out)?;
    }
    divergence(diff, out)?;
    for (id, one, other) in &diff.outcomes {
        writeln!(out, "{id}: {one} / {other}")?;
    }
    for (which, names) in [("first", &diff.only.0), ("second", &diff.only.1)] {
        if !names.is_empty() {
            let names: Vec<String> = names.iter().map(|name| one_line(name)).collect();
            writeln!(out, "facts of the {which} alone: {}", names.join(", "))?;
        }
    }
    let told = |fact: &&Difference| with_volatile || fact.volatile.is_none();
    let facts: Vec<_> = diff.facts.iter().filter(told).cloned().collect();
    if !facts.is_empty() {
        writeln!(out, "facts that differ:")?;
        differences(&facts, out)?;
    }
    if diff.volatile > 0 && !with_volatile {
        writeln!(
            out,
            "and {} values that always differ (times, ids, ports, process ids); --all shows them \
             and says why",
            diff.volatile
        )?;
    }
    out.push_str(if diff.same() {
        "no meaningful difference"
    } else {
        "the runs differ"
    });
    Ok(())
}

fn divergence(diff: &Diff, out: &mut String) -> std::fmt::Result {
    let Some(first) = &diff.first else {
        return Ok(());
    };
    writeln!(
        out,
        "first divergence: {} request {}, the {}",
        first.subtask, first.exchange, first.what
    )?;
    if first.parts.is_empty() {
        return sides(first.one.as_ref(), first.other.as_ref(), out);
    }
    differences(&first.parts[..first.parts.len().min(PARTS)], out)?;
    match first.parts.len().saturating_sub(PARTS) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more of its values"),
    }
}

/// Prints the same difference in several places only once.
fn differences(all: &[Difference], out: &mut String) -> std::fmt::Result {
    let whole = |value: Option<&Value>| value.map(Value::to_string);
    let values = |one: &Difference| (whole(one.one.as_ref()), whole(one.other.as_ref()));
    let key = |one: &Difference| (values(one), one.lines.clone(), one.volatile);
    let mut places = HashMap::new();
    for difference in all {
        *places.entry(key(difference)).or_insert(0_usize) += 1;
    }
    for difference in all {
        let Some(count) = places.remove(&key(difference)) else {
            continue;
        };
        write!(out, "  {}", one_line(&difference.path))?;
        if count > 1 {
            write!(out, ", and {} more with the same values", count - 1)?;
        }
        if let Some(why) = difference.volatile {
            write!(out, " (nondeterministic: {why})")?;
        }
        out.push('\n');
        match &difference.lines {
            Some(lines) => visible(lines)
                .lines()
                .try_for_each(|line| writeln!(out, "    {line}"))?,
            None => sides(difference.one.as_ref(), difference.other.as_ref(), out)?,
        }
    }
    Ok(())
}

fn sides(one: Option<&Value>, other: Option<&Value>, out: &mut String) -> std::fmt::Result {
    let shown = |value: Option<&Value>| {
        value.map_or("nothing".to_owned(), |value| one_line(&value.to_string()))
    };
    let (one, other) = (shown(one), shown(other));
    let (one, other) = (
        from_where_they_differ(&one, &other),
        from_where_they_differ(&other, &one),
    );
    writeln!(out, "    - {}\n    + {}", cut(&one), cut(&other))
}

/// Of a text that is too long to be shown, and begins as the other does, what comes a little before
/// they differ.
fn from_where_they_differ(text: &str, other: &str) -> String {
    /// Length of the equal part that is shown.
    const BEFORE: usize = 40;
    let same = text.chars().zip(other.chars());
    let same = same.take_while(|(a, b)| a == b).count();
    match text.char_indices().nth(same.saturating_sub(BEFORE)) {
        Some((from, _)) if from > 0 && same > LENGTH - BEFORE => format!("…{}", &text[from..]),
        _ => text.to_owned(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The lines that differ between two long texts; nothing for short ones, which are shown whole.
pub(super) fn lines(one: &str, other: &str) -> Option<String> {
    let (one, other) = (by_line(one), by_line(other));
    if one.len().max(other.len()) < 3 {
        return None;
    }
    let mut differing = Vec::new();
    for gap in gaps(&one, &other) {
        let marked = |mark, lines: &[String]| -> Vec<String> {
            lines
                .iter()
                .map(|line| format!("{mark} {}", cut(line)))
                .collect()
        };
        differing.extend(marked('-', &one[gap.before]));
        differing.extend(marked('+', &other[gap.after]));
    }
    if differing.is_empty() {
        // The end of the lines, or the last one.
        return None;
    }
    let more = differing.len().saturating_sub(LINES);
    differing.truncate(LINES);
    if more > 0 {
        differing.push(format!("and {more} more lines"));
    }
    Some(differing.join("\n"))
}

/// A document field by field, any other text line by line.
fn by_line(text: &str) -> Vec<String> {
    let document = text.starts_with(['{', '[']);
    let value = document.then(|| serde_json::from_str::<Value>(text).ok());
    let pretty = value
        .flatten()
        .and_then(|value| serde_json::to_string_pretty(&value).ok());
    let text = pretty.as_deref().unwrap_or(text);
    text.lines().map(str::to_owned).collect()
}
