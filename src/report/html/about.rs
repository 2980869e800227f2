//! What a verdict applies to: gate, candidate, parameters, scope, program, tools. And what comes
//! next.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::links;
use super::recorded::Recorded;
use super::text::{line, visible};
use super::who;
use crate::gate::leaves;
use crate::model::Scope;
use crate::model::subject::{Subject, WorldKind};
use crate::model::template::render_parameters;
use crate::verbs::Verb;

/// One labelled value.
#[derive(Debug, Serialize)]
pub(super) struct Known {
    name: &'static str,
    value: String,
    more: Option<String>,
    link: Option<String>,
}

impl Known {
    fn new(name: &'static str, value: &str) -> Self {
        Self {
            name,
            value: line(value),
            more: None,
            link: None,
        }
    }

    fn more(mut self, more: &str) -> Self {
        self.more = Some(line(more)).filter(|more| !more.is_empty());
        self
    }

    fn link(mut self, link: Option<String>) -> Self {
        self.link = link;
        self
    }
}

/// A parameter that differs from the gate file.
#[derive(Debug, Serialize)]
pub(super) struct Parameter {
    name: String,
    value: String,
    own: String,
}

/// What the verdict is on, line by line.
pub(super) fn about(run: &Recorded<'_>, subject: &Subject) -> Vec<Known> {
    let mut known = vec![world(subject.world.as_ref())];
    known.extend(candidate(run, subject));
    let gate = &subject.gate;
    let from = match (&gate.file, gate.built_in) {
        (_, true) => "built in".to_owned(),
        (Some(file), false) => format!("from {file}"),
        (None, false) => "not built in".to_owned(),
    };
    known.push(Known::new("gate", &format!("{}, {from}", gate.name)).more(&sha256(&gate.sha256)));
    let scope = match &subject.scope {
        Scope::All => "all of it".to_owned(),
        Scope::Until(package) => format!("only up to {package}"),
        Scope::Only(package) => format!("only {package}"),
        Scope::Packages(packages) => format!("only {}", packages.join(", ")),
    };
    let dry = if subject.dry_run {
        "a dry run: nothing was written"
    } else {
        ""
    };
    known.push(Known::new("scope", &scope).more(dry));
    let sandbox = subject.sandbox.as_deref().unwrap_or("not recorded");
    known.push(Known::new("sandbox", sandbox));
    let programs: Vec<String> = { subject.earlier_programs.iter() }
        .chain([&subject.program])
        .map(ToString::to_string)
        .collect();
    known.push(Known::new("program", &programs.join(", then ")));
    let tools = run.folded.header.tools.iter();
    let says_where = run.folded.header.reports > 2;
    let tools: Vec<String> = tools
        .filter(|(name, _)| !says_where || *name != who::PLATFORM)
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    known.push(Known::new("tools", &tools.join(", ")));
    if says_where {
        known.extend(where_and_who(run));
    }
    let times = format!(
        "{} to {}",
        shown(run.report.started),
        shown(run.report.ended)
    );
    let parts = run.folded.epoch;
    let resumed = if parts > 1 {
        format!("in {parts} parts")
    } else {
        String::new()
    };
    known.push(Known::new("when", &times).more(&resumed));
    known
}

/// Which machine it ran on, under which login it wrote, and how to check who signed it.
fn where_and_who(run: &Recorded<'_>) -> Vec<Known> {
    let machines = who::machines(run.folded).join(", then ");
    let place = (!machines.is_empty()).then(|| Known::new("where", &machines));
    let writer = who::writer(run.folded);
    let writer = writer.map(|login| Known::new("who", &format!("{login}, on GitHub")));
    let signed = Known::new("signed by", "a page has no signature; the bundle may")
        .more("gate verify BUNDLE --key FILE says by whom");
    place.into_iter().chain(writer).chain([signed]).collect()
}

fn world(world: Option<&WorldKind>) -> Known {
    match world {
        None => Known::new("world", "not recorded"),
        Some(WorldKind::Real) => Known::new("world", "the real one"),
        Some(WorldKind::Replay) => Known::new("world", "a recording"),
        Some(WorldKind::Rehearsal { faults }) => {
            let broken = match faults.as_slice() {
                [] => "nothing in it was broken".to_owned(),
                faults => format!("broken in it: {}", faults.join(", ")),
            };
            Known::new(
                "world",
                "an embedded one: a rehearsal, nothing real was touched",
            )
            .more(&broken)
        }
    }
}

fn shown(time: Option<jiff::Timestamp>) -> String {
    time.map_or("unknown".to_owned(), |time| format!("{time:.0}"))
}

fn sha256(digest: &str) -> String {
    format!("sha256 {digest}")
}

fn candidate(run: &Recorded<'_>, subject: &Subject) -> Vec<Known> {
    let Some(candidate) = &subject.candidate else {
        return vec![Known::new("candidate", "none was found")];
    };
    let finds = run
        .gate
        .subtasks()
        .find_map(|(_, subtask)| match &subtask.verb {
            Verb::FindCandidate(find) => Some(&find.repository),
            _ => None,
        });
    let slug = finds.and_then(|text| render_parameters(&run.gate.parameters, text).ok());
    // A rehearsal has tags and commits of its own.
    let slug = slug.filter(|_| is_real(subject)).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let (tag, commit) = (text(&candidate.tag), text(&candidate.commit));
    let name = format!("{} {}", text(&candidate.package), text(&candidate.version));
    let wheels: Vec<String> = candidate.wheels.iter().map(|wheel| sha256(wheel)).collect();
    vec![
        Known::new("candidate", &name)
            .more(&format!("tag {tag}"))
            .link(links::below(&slug, "releases/tag", &tag)),
        Known::new("commit", &commit).link(links::below(&slug, "commit", &commit)),
        Known::new(
            "wheel",
            &if wheels.is_empty() {
                "unknown".to_owned()
            } else {
                wheels.join(", ")
            },
        ),
    ]
}

/// Whether what was written can be looked at: of a rehearsal nothing is left.
pub(super) fn is_real(subject: &Subject) -> bool {
    !matches!(subject.world, Some(WorldKind::Rehearsal { .. }))
}

/// The parameters that are not the gate file's own.
pub(super) fn parameters(run: &Recorded<'_>, subject: &Subject) -> Vec<Parameter> {
    let own: BTreeMap<String, &Value> = leaves(&run.own.parameters).into_iter().collect();
    let shown = |(name, value): (&String, &Value)| Parameter {
        name: visible(name),
        value: line(&plain(value)),
        own: own
            .get(name)
            .map_or("none".to_owned(), |before| line(&plain(before))),
    };
    subject.parameters.iter().flatten().map(shown).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
