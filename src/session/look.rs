//! Checks, when a run is resumed, whether the inputs of its results are still the same.
//!
//! Its requests depend only on the journal and the gate, in the plan's order, so that a replay of
//! the resumed run makes the same ones.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;

use super::resume::{Changed, Home, unfinished_failure};
use crate::engine::{inputs_of, setting_of};
use crate::gate::{Gate, Subtask};
use crate::journal::{Course, Folded};
use crate::model::{Fact, Facts, SubtaskId};
use crate::verb::inputs::difference;
use crate::verb::{Ctx, Input, Inputs};
use crate::verbs::Verb;
use crate::world::World;

/// The longest that finding something out again may take.
const LIMIT: Duration = Duration::from_mins(10);

/// Looks at the inputs of every result that an earlier part of the run noted them for.
pub(super) async fn look(
    gate: &Arc<Gate>,
    before: &Folded,
    home: Home,
    world: Arc<dyn World>,
) -> Changed {
    // The consequences of a failure are based on the runs that showed it, whatever has changed
    // since.
    let failed = |package| unfinished_failure(package, before);
    if gate.work_packages.iter().any(failed) {
        return Changed::new();
    }
    let looker = Looker {
        home,
        ..Looker::new(gate, before, world)
    };
    let mut changed = Changed::new();
    for (_, subtask) in gate.subtasks() {
        let Some((course, then)) = noted(before, &subtask.id) else {
            continue;
        };
        // A subtask after one that is run again is run again, too.
        let graph = gate.graph();
        if changed
            .keys()
            .any(|one| graph.is_ancestor(one, &subtask.id))
        {
            continue;
        }
        if let Some(why) = looker.difference(subtask, course, then).await {
            changed.insert(subtask.id.clone(), why);
        }
    }
    changed
}

/// The execution of a subtask that did not stop the run, with its recorded inputs.
fn noted<'f>(before: &'f Folded, id: &SubtaskId) -> Option<(&'f Course, &'f Inputs)> {
    let course = before.course(id)?;
    let ended = course.ended.as_ref()?;
    let noted = ended.outcome.lets_on() && !ended.inputs.is_empty();
    noted.then_some((course, &ended.inputs))
}

/// Looks, and does again, on behalf of the run that is resumed.
pub(super) struct Looker<'a> {
    gate: &'a Arc<Gate>,
    before: &'a Folded,
    facts: Arc<Facts>,
    world: Arc<dyn World>,
    home: Home,
}

impl<'a> Looker<'a> {
    pub(super) fn new(gate: &'a Arc<Gate>, before: &'a Folded, world: Arc<dyn World>) -> Self {
        Self {
            gate,
            facts: Arc::new(before.facts().unwrap_or_default()),
            before,
            world,
            home: Home::There,
        }
    }
}

impl Looker<'_> {
    /// Why a result is no longer valid; none if it is.
    async fn difference(
        &self,
        subtask: &Subtask,
        course: &Course,
        then: &Inputs,
    ) -> Option<String> {
        let Some(verb) = self.filled_in(subtask) else {
            return Some("its definition cannot be filled in any more".to_owned());
        };
        let ctx = self.ctx();
        let mut now = inputs_of(&ctx, self.gate, &subtask.id, &verb).await;
        let declared = verb.declares().inputs();
        let mut then = then.clone();
        if self.home == Home::Elsewhere {
            // No remaining subtask uses it, so it was not created here.
            for name in declared.iter().filter_map(Input::in_home) {
                now.remove(name);
                then.remove(name);
            }
        }
        if let Some(why) = difference(&then, &now) {
            return Some(why);
        }
        if declared.contains(&Input::Again) {
            return self.found_again(&verb, &course.facts).await;
        }
        if declared.contains(&Input::Holds) {
            return self.found_again(&verb, &[]).await;
        }
        None
    }

    pub(super) fn filled_in(&self, subtask: &Subtask) -> Option<Verb> {
        let quotable = subtask.context(&self.gate.parameters, &self.facts).ok()?;
        subtask.resolve(&quotable).ok()
    }

    /// Requests of a look belong to the run, and to no subtask of it.
    pub(super) fn ctx(&self) -> Ctx {
        let (nobody, _) = unbounded_channel();
        Ctx::new(
            SubtaskId::new("resume"),
            Arc::clone(&self.world),
            Arc::new(setting_of(
                self.gate,
                &self.before.header.run,
                self.before.header.format,
                None,
            )),
            Arc::clone(&self.facts),
            LIMIT,
            nobody,
        )
    }

    /// Runs the subtask again: it must publish what it published before.
    async fn found_again(&self, verb: &Verb, then: &[Fact]) -> Option<String> {
        let ctx = self.ctx();
        match verb.acts().act(&ctx).await {
            Ok(outcome) if outcome.lets_on() => {
                other_fact(then, &ctx.take_published(), verb.declares().idle_fields())
            }
            Ok(outcome) => Some(format!("now it is {}", outcome.verdict())),
            Err(error) => {
                let outcome = error.outcome();
                let what = outcome.finding().map(|finding| finding.what.clone());
                Some(format!("now: {}", what.unwrap_or_default()))
            }
        }
    }
}

/// The first value that is different this time.
fn other_fact(then: &[Fact], now: &[Fact], idle: &[&str]) -> Option<String> {
    for old in then {
        let Some(new) = now.iter().find(|new| new.name == old.name) else {
            return Some(format!("`{}` is not found any more", old.name));
        };
        if without(&old.value, idle) == without(&new.value, idle) {
            continue;
        }
        let keys = old.value.as_object().into_iter().flat_map(|all| all.keys());
        let differs = |key: &&String| {
            !idle.contains(&key.as_str()) && old.value[key.as_str()] != new.value[key.as_str()]
        };
        return Some(match keys.into_iter().find(differs) {
            Some(key) => format!(
                "`{}.{key}` was {}, is {}",
                old.name,
                short(&old.value[key.as_str()]),
                short(&new.value[key.as_str()])
            ),
            None => format!("`{}` is another one", old.name),
        });
    }
    None
}

/// A fact's value without the fields that decide nothing.
fn without(value: &serde_json::Value, idle: &[&str]) -> serde_json::Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|key, _| !idle.contains(&key.as_str()));
    }
    value
}

/// The beginning of a value, for a line.
fn short(value: &serde_json::Value) -> String {
    const MOST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::model::{Event, EventKind, Outcome, Source};
    use crate::verb::scripted::{Scripted, ended};

    const GATE: &str = r#"
format = 1
name = "g"
title = "A candidate"

[parameters]
day = ""

[policy]
programs = ["gh", "python3", "uv"]

[[work_package]]
id = "W"
title = "W"
priority = "high"

[[work_package.subtask]]
id = "T"
title = "Find it"
uses = "find-candidate"
package = "p"
line = "3.2.0"
repository = "o/r"
as_of = "{{ day }}"
as = "rc"
"#;

    fn page(commit: &str) -> String {
        let node = json!({"tagName": "v3.2.0rc16", "isPrerelease": true, "isDraft": false,
            "publishedAt": "2026-05-20T00:00:00Z", "url": "u", "tagCommit": {"oid": commit}});
        json!({"data": {"repository": {"nameWithOwner": "o/r", "refs": null, "releases": {
            "nodes": [node], "pageInfo": {"hasNextPage": false, "endCursor": null}}}}})
        .to_string()
    }

    /// A world in which this is the newest on the index, and its tag leads to this commit.
    fn world(newest: &str, commit: &str) -> Scripted {
        const NONE: &str = "error: No solution found when resolving dependencies\n";
        let offers = |version: &str| ended(0, &format!("p=={version}\n"), "");
        Scripted::new()
            .run("gh api graphql", ended(0, &page(commit), ""))
            .run("python3 -I", ended(0, "/p/python3\n", ""))
            .run("uv pip compile", offers(newest))
            .run("uv pip compile", ended(1, "", NONE))
            .run("uv pip compile", ended(1, "", NONE))
            .run("uv pip compile", offers(newest))
    }

    fn gate() -> Arc<Gate> {
        Arc::new(Gate::load("gate.toml", GATE, &|_| None).unwrap())
    }

    /// A run in which the subtask passed, with its recorded inputs and facts.
    async fn found(gate: &Arc<Gate>) -> Folded {
        let ctx = world("3.2.0rc16", "abc").ctx();
        let (_, subtask) = gate.subtasks().next().unwrap();
        let quotable = subtask.context(&gate.parameters, &Facts::default());
        let verb = subtask.resolve(&quotable.unwrap()).unwrap();
        let inputs = inputs_of(&ctx, gate, &subtask.id, &verb).await;
        verb.acts().act(&ctx).await.unwrap();
        let mut fact = ctx.take_published().remove(0);
        fact.source = Source {
            by: subtask.id.clone(),
            exchange: None,
            facts: Vec::new(),
            origins: Vec::new(),
        };
        let end = EventKind::SubtaskEnded {
            subtask: subtask.id.clone(),
            outcome: Outcome::passed("found"),
            took: Duration::ZERO,
            done: 1,
            inputs,
        };
        folded(gate, [EventKind::FactPublished(fact), end])
    }

    fn folded(gate: &Gate, kinds: [EventKind; 2]) -> Folded {
        let directory = tempfile::tempdir().unwrap();
        let header = crate::journal::Header {
            format: crate::journal::FORMAT,
            run: "01KS1W46000000000000000000".into(),
            gate: crate::journal::GateRef::of(gate),
            parameters: BTreeMap::new(),
            tools: BTreeMap::new(),
            version: "0.1.0".into(),
            flake: None,
            asked: crate::model::Asked::default(),
            blob_limit: crate::journal::BLOB_LIMIT,
            reports: 1,
            circumstances: None,
            started: jiff::Timestamp::UNIX_EPOCH,
            plan: vec![SubtaskId::new("T")],
        };
        let journal = crate::journal::Journal::create(directory.path(), header).unwrap();
        for kind in kinds {
            let event = Event {
                time: jiff::Timestamp::UNIX_EPOCH,
                elapsed: Duration::ZERO,
                kind,
            };
            journal.event(&event).unwrap();
        }
        crate::journal::read(directory.path()).unwrap()
    }

    async fn changed(newest: &str, commit: &str) -> Changed {
        let gate = gate();
        let before = found(&gate).await;
        let world = world(newest, commit);
        look(&gate, &before, Home::There, Arc::new(world.ctx())).await
    }

    #[tokio::test]
    async fn the_same_candidate_is_kept_and_another_or_a_moved_tag_is_not() {
        assert_eq!(changed("3.2.0rc16", "abc").await, Changed::new());
        let why = |changed: Changed| changed.values().next().unwrap().clone();
        let moved = why(changed("3.2.0rc16", "def").await);
        assert_eq!(moved, r#"`rc.commit` was "abc", is "def""#);
        let newer = why(changed("3.2.0rc17", "abc").await);
        assert!(newer.contains("`rc."), "{newer}");
    }

    #[tokio::test]
    async fn another_definition_is_not_even_looked_at() {
        let gate = gate();
        let before = found(&gate).await;
        let mut other = (*gate).clone();
        let day = json!("2026-05-21T00:00:00Z");
        other
            .set(&BTreeMap::from([("day".to_owned(), day)]))
            .unwrap();
        let changed = look(
            &Arc::new(other),
            &before,
            Home::There,
            Arc::new(Scripted::new().ctx()),
        )
        .await;
        let why: Vec<&String> = changed.values().collect();
        assert_eq!(why, ["definition: not what it was"]);
    }

    #[tokio::test]
    async fn what_noted_no_inputs_is_kept_as_before() {
        let gate = gate();
        let fact = Fact {
            name: "rc".into(),
            value: Value::Null,
            source: Source {
                by: SubtaskId::new("T"),
                exchange: None,
                facts: Vec::new(),
                origins: Vec::new(),
            },
        };
        let end = EventKind::SubtaskEnded {
            subtask: SubtaskId::new("T"),
            outcome: Outcome::passed("found"),
            took: Duration::ZERO,
            done: 1,
            inputs: Inputs::new(),
        };
        let before = folded(&gate, [EventKind::FactPublished(fact), end]);
        let changed = look(&gate, &before, Home::There, Arc::new(Scripted::new().ctx())).await;
        assert_eq!(changed, Changed::new());
    }
}
