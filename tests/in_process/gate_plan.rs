//! The built-in gate beside the runbook it was written from.

use std::collections::BTreeSet;

use canary_gate::gate::{Gate, plan};

use super::gate_graph::ready;

/// The runbook's own subtask table.
const SUBTASKS: &str = include_str!("../fixtures/runbook-subtasks.md");
/// The runbook's work packages: id, title, priority, hard gate, dependencies.
const PACKAGES: &str = include_str!("../fixtures/runbook-packages.txt");

fn gate() -> Gate {
    Gate::built_in().unwrap()
}

#[test]
fn the_plan_prints_the_runbooks_table() {
    let table = plan::table(&gate());
    assert!(table.contains(SUBTASKS), "{table}");
}

#[test]
fn the_plan_prints_the_runbooks_order() {
    let table = plan::table(&gate());
    let order = table.split("Execution Order Summary\n").nth(1).unwrap();
    assert_eq!(
        order,
        "WP01 (gate) ──► WP02 (gate) ──► WP04 (gate) ──► WP05 ──► WP06 ──► WP07 ──► WP08\n\
         \x20                               ↑\n\
         WP03 (runs independently, must complete before WP04)\n\
         WP03 can run in parallel with WP01, WP02.\n"
    );
}

#[test]
fn the_work_packages_are_the_runbooks() {
    let packages: Vec<String> = gate()
        .work_packages
        .iter()
        .map(|package| {
            let depends = package.depends_on.join(", ");
            format!(
                "{} | {} | {} | {} | {}\n",
                package.id,
                package.title,
                package.priority,
                if package.hard_gate { "hard gate" } else { "-" },
                if depends.is_empty() { "none" } else { &depends },
            )
        })
        .collect();
    assert_eq!(packages.concat(), PACKAGES);
}

#[test]
fn what_starts_together_is_what_the_runbook_marks() {
    let gate = gate();
    let ready = |done: &[&str]| -> Vec<String> {
        let done: BTreeSet<_> = done
            .iter()
            .map(|id| canary_gate::model::SubtaskId::new(*id))
            .collect();
        let ready = ready(&gate, &done);
        ready.iter().map(ToString::to_string).collect()
    };
    assert_eq!(ready(&[]), ["T001", "T002", "T013", "T014"]);
    assert_eq!(ready(&["T001"]), ["T002", "T013", "T014"]);
    assert_eq!(ready(&["T001", "T002", "T013"]), ["T003", "T014"]);
    assert_eq!(ready(&["T001", "T002", "T013", "T014"]), ["T003", "T015"]);
}

#[test]
fn the_plan_order_is_the_order_of_ids() {
    let order = gate().graph().plan_order();
    let expected: Vec<String> = (1..=43).map(|n| format!("T{n:03}")).collect();
    assert_eq!(
        order.iter().map(ToString::to_string).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn all_that_may_be_written_is_told() {
    insta::assert_snapshot!(
        gate()
            .writes_possible(&canary_gate::model::Scope::All)
            .join("\n")
    );
}

#[test]
fn other_formats() {
    let gate = gate();
    insta::assert_snapshot!("mermaid", plan::mermaid(&gate));
    insta::assert_snapshot!("dot", plan::dot(&gate));
    let json = plan::json(&gate);
    assert_eq!(json["order"].as_array().unwrap().len(), 43);
    assert_eq!(
        json["work_packages"][3]["subtasks"][0]["waits_for"],
        serde_json::json!(["T012", "T016"])
    );
    assert!(plan::table(&gate).contains(SUBTASKS));
}
