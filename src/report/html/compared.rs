//! Two runs side by side, as a page.

use serde::Serialize;

use super::rendered::{STYLE, hash, render};
use super::text::{Clipped, clipped, duration, line, visible};
use crate::journal::Folded;
use crate::model::SubtaskId;
use crate::report::model::label;

/// Width of the longest bar.
const WIDTH: i128 = 1000;

/// A value that differs.
#[derive(Debug, Clone, Default)]
pub struct ComparedValue {
    /// Its path.
    pub path: String,
    /// In the one run.
    pub one: Option<String>,
    /// In the other.
    pub other: Option<String>,
    /// The lines of two long texts that differ.
    pub lines: Option<String>,
    /// Why the difference has no meaning, if it has none.
    pub why: Option<String>,
}

/// Values that differ, under a heading.
#[derive(Debug, Clone)]
pub struct ComparedSection {
    /// The heading.
    pub title: String,
    /// A note on them.
    pub note: String,
    /// The values; without any, the section is left out.
    pub values: Vec<ComparedValue>,
}

/// The content of a comparison page.
pub struct Compared<'r> {
    /// The one run, and how it was named on the command line.
    pub one: (&'r str, &'r Folded),
    /// The other.
    pub other: (&'r str, &'r Folded),
    /// Whether there are only nondeterministic differences.
    pub same: bool,
    /// The differences.
    pub sections: Vec<ComparedSection>,
}

#[derive(Serialize)]
struct Page<'r> {
    same: bool,
    sides: [Side; 2],
    subtasks: Vec<Subtask>,
    sections: Vec<Section>,
    style: &'r str,
    style_hash: String,
}

#[derive(Serialize)]
struct Side {
    name: String,
    run: String,
    verdict: String,
    gate: String,
    started: String,
    program: String,
    tools: String,
}

#[derive(Serialize)]
struct Subtask {
    id: String,
    differs: bool,
    sides: [Course; 2],
}

#[derive(Serialize)]
struct Course {
    label: &'static str,
    took: Option<String>,
    /// Of the longest, in thousandths.
    bar: i64,
}

#[derive(Serialize)]
struct Section {
    title: String,
    note: String,
    values: Vec<Value>,
}

#[derive(Serialize)]
struct Value {
    path: String,
    one: Option<Clipped>,
    other: Option<Clipped>,
    lines: Option<Clipped>,
    why: Option<String>,
}

/// Two runs as a page.
///
/// # Errors
/// If the page's template does not fit, which a test rules out.
pub fn compared(pair: &Compared<'_>) -> Result<String, String> {
    let page = Page {
        same: pair.same,
        sides: [side(pair.one), side(pair.other)],
        subtasks: subtasks(pair.one.1, pair.other.1),
        sections: pair.sections.iter().filter_map(section).collect(),
        style: STYLE,
        style_hash: hash(STYLE),
    };
    render("compared.html", &page)
}

fn side((name, folded): (&str, &Folded)) -> Side {
    let header = &folded.header;
    let tools: Vec<String> = { header.tools.iter() }
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    Side {
        name: line(name),
        run: line(&header.run),
        verdict: folded.verdict().to_string(),
        gate: line(&format!(
            "{} sha256 {}",
            header.gate.name,
            folded.gate().sha256
        )),
        started: format!("{:.0}", header.started),
        program: line(&format!("gate {}", header.version)),
        tools: line(&tools.join(", ")),
    }
}

fn subtasks(one: &Folded, other: &Folded) -> Vec<Subtask> {
    let mut ids: Vec<&SubtaskId> = one.header.plan.iter().collect();
    let more = other
        .header
        .plan
        .iter()
        .filter(|id| !one.header.plan.contains(id));
    ids.extend(more);
    let took = |run: &Folded, id: &SubtaskId| {
        let course = run.course(id)?;
        course.started?;
        course
            .ended
            .as_ref()
            .map(|ended| i128::try_from(ended.took.as_millis()).unwrap_or(0))
    };
    let all = ids.iter().flat_map(|id| [took(one, id), took(other, id)]);
    let longest = all.flatten().max().unwrap_or(1).max(1);
    let course = |run: &Folded, id: &SubtaskId| {
        let ended = run.course(id).and_then(|course| course.ended.as_ref());
        let took = took(run, id);
        Course {
            label: label(ended.map(|ended| &ended.outcome)),
            took: took.map(duration),
            bar: i64::try_from(took.unwrap_or(0) * WIDTH / longest).unwrap_or(0),
        }
    };
    let shown = |id: &SubtaskId| {
        let sides = [course(one, id), course(other, id)];
        Subtask {
            id: visible(id.as_str()),
            differs: sides[0].label != sides[1].label,
            sides,
        }
    };
    ids.into_iter().map(shown).collect()
}

fn section(section: &ComparedSection) -> Option<Section> {
    let value = |value: &ComparedValue| Value {
        path: visible(&value.path),
        one: value.one.as_deref().map(clipped),
        other: value.other.as_deref().map(clipped),
        lines: value.lines.as_deref().map(clipped),
        why: value.why.as_deref().map(visible),
    };
    (!section.values.is_empty()).then(|| Section {
        title: visible(&section.title),
        note: visible(&section.note),
        values: section.values.iter().map(value).collect(),
    })
}
