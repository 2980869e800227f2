//! The gate file as it is written. `gate schema` is made of these types.

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::gate::{Priority, Rehearsal, Start};
use crate::model::{PolicyTable, SubtaskId, Triage};
use crate::world::ProcessRule;

/// A gate: a plan of work packages and subtasks, with its policy and parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::gate) struct GateTable {
    /// Version of this format: 1.
    pub(super) format: u32,
    /// Short name: letters, digits, `-`, `_` and `.`.
    pub(super) name: String,
    /// Title for people.
    pub(super) title: String,
    /// The mission it belongs to.
    #[serde(default)]
    pub(super) mission: String,
    /// Values that templates quote, with their defaults; nested by dots.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read on its own, to report everything that is wrong with it"
    )]
    pub(super) parameters: Map<String, Value>,
    /// Every write that may ever happen.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read on its own, to report everything that is wrong with it"
    )]
    pub(super) policy: Map<String, Value>,
    /// How processes are recognised, by name.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read on its own, to report everything that is wrong with it"
    )]
    pub(super) process: BTreeMap<String, Map<String, Value>>,
    /// What failures mean; the first rule that fits counts.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read on its own, to report everything that is wrong with it"
    )]
    pub(super) triage: Vec<Map<String, Value>>,
    /// Files with more work packages, relative to this one; they hold `[[work_package]]` and
    /// `include` alone.
    #[serde(default)]
    #[expect(dead_code, reason = "read before the rest, to put the texts together")]
    pub(super) include: Vec<String>,
    /// What the outside is in a rehearsal.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read on its own, to report everything that is wrong with it"
    )]
    pub(super) rehearsal: Map<String, Value>,
    /// The work packages, in order.
    #[expect(
        dead_code,
        reason = "read on its own, to report everything that is wrong with it"
    )]
    pub(super) work_package: Vec<Map<String, Value>>,
}

/// A named group of subtasks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::gate) struct WorkPackageTable {
    /// Id, such as `WP01`.
    pub(super) id: String,
    /// Title for people.
    pub(super) title: String,
    /// How much it matters.
    pub(super) priority: Priority,
    /// Whether a non-pass also stops what does not depend on it.
    #[serde(default)]
    pub(super) hard_gate: bool,
    /// Ids of the work packages that must have passed before.
    #[serde(default)]
    pub(super) depends_on: Vec<String>,
    /// What it is for.
    #[serde(default)]
    pub(super) goal: String,
    /// Label of the runner that it wants, such as `macos-15`, in a workflow made of the gate.
    #[serde(default)]
    pub(super) runs_on: Option<String>,
    /// Its subtasks, in order.
    #[expect(
        dead_code,
        reason = "read on its own, to report everything that is wrong with it"
    )]
    pub(super) subtask: Vec<Map<String, Value>>,
}

/// What every subtask has, whatever its verb.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::gate) struct SubtaskTable {
    /// Id, such as `T004`.
    pub(super) id: SubtaskId,
    /// Title for people.
    pub(super) title: String,
    /// The verb.
    #[expect(
        dead_code,
        reason = "read before the rest, to know which fields there are"
    )]
    pub(super) uses: String,
    /// Whether it starts together with the subtask before it.
    #[serde(default)]
    pub(super) parallel: bool,
    /// Ids of the subtasks it waits for, instead of the one before it.
    #[serde(default)]
    pub(super) after: Option<Vec<SubtaskId>>,
    /// What must have happened for it to start.
    #[serde(default)]
    pub(super) on: Start,
    /// A list: the subtask is there once for each item, which it quotes as `{{ item }}`. Its id
    /// becomes `T004[item]`, its fact `name.item`.
    #[serde(default)]
    #[expect(dead_code, reason = "read before the rest, to make the copies")]
    pub(super) for_each: Option<Value>,
    /// Condition on a fact: `build.tests.ran >= 10`, `state.state == CLOSED`, `os in [linux, macos]`;
    /// or a fact alone that says whether it `holds`. When it does not, the subtask is skipped.
    #[serde(default)]
    pub(super) only_if: Option<String>,
    /// Time limit, such as `90s` or `15m`; five minutes when not given.
    #[serde(default)]
    pub(super) timeout: Option<String>,
    /// Age after which its result is taken again, such as `24h`.
    #[serde(default)]
    pub(super) max_age: Option<String>,
}

/// The schemas of policy, process rule, triage rule and rehearsal.
pub(in crate::gate) fn part_schemas(generator: &mut SchemaGenerator) -> [Value; 4] {
    [
        generator.subschema_for::<PolicyTable>().to_value(),
        generator.subschema_for::<ProcessRule>().to_value(),
        generator.subschema_for::<Triage>().to_value(),
        generator.subschema_for::<Rehearsal>().to_value(),
    ]
}
