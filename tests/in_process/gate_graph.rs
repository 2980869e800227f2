//! Laws of the graph, for any gate.

use std::collections::BTreeSet;
use std::fmt::Write;

use canary_gate::gate::Gate;
use canary_gate::model::SubtaskId;
use proptest::prelude::*;

/// One subtask: whether it is parallel, and how far back each of its `after` reaches.
type Sketch = (bool, Option<Vec<usize>>);

/// A gate of work packages of subtasks; edges lead back, so there is never a circle.
fn gate(packages: &[(Vec<usize>, Vec<Sketch>)]) -> Gate {
    let mut text =
        "format = 1\nname = \"g\"\ntitle = \"G\"\n[policy]\nprograms = [\"gh\"]\n".to_owned();
    let mut number = 0;
    for (at, (depends, subtasks)) in packages.iter().enumerate() {
        let depends: BTreeSet<usize> = depends
            .iter()
            .filter_map(|back| at.checked_sub(back + 1))
            .collect();
        let depends: Vec<String> = depends.iter().map(|at| format!("\"W{at}\"")).collect();
        let _ = write!(
            text,
            "[[work_package]]\nid = \"W{at}\"\ntitle = \"W\"\npriority = \"low\"\ndepends_on = [{}]\n",
            depends.join(", ")
        );
        for (parallel, after) in subtasks {
            let _ = write!(
                text,
                "[[work_package.subtask]]\nid = \"T{number}\"\ntitle = \"t\"\nparallel = {parallel}\n\
                 uses = \"issue-state\"\nissue = \"o/r#1\"\nas = \"f{number}\"\n"
            );
            if let Some(after) = after {
                let ids = after
                    .iter()
                    .filter_map(|back| usize::checked_sub(number, back + 1));
                let ids: Vec<String> = ids.map(|id| format!("\"T{id}\"")).collect();
                let _ = writeln!(text, "after = [{}]", ids.join(", "));
            }
            number += 1;
        }
    }
    Gate::load("g.toml", &text, &|_| None).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn packages() -> impl Strategy<Value = Vec<(Vec<usize>, Vec<Sketch>)>> {
    let after = proptest::option::weighted(0.3, proptest::collection::vec(0..6_usize, 0..3));
    let subtasks = proptest::collection::vec((any::<bool>(), after), 1..6);
    let package = (proptest::collection::vec(0..3_usize, 0..3), subtasks);
    proptest::collection::vec(package, 1..5)
}

/// The subtasks that may start when exactly these are done.
pub(crate) fn ready(gate: &Gate, done: &BTreeSet<SubtaskId>) -> Vec<SubtaskId> {
    let graph = gate.graph();
    let is_free = |id: &SubtaskId| graph.predecessors(id).iter().all(|one| done.contains(one));
    let mut ready = graph.plan_order();
    ready.retain(|id| !done.contains(id) && is_free(id));
    ready
}

/// Every subtask that is done before this one starts.
fn ancestors(gate: &Gate, id: &SubtaskId) -> BTreeSet<SubtaskId> {
    let mut found = BTreeSet::new();
    let mut open = vec![id.clone()];
    while let Some(next) = open.pop() {
        let before = gate.graph().predecessors(&next);
        open.extend(before.into_iter().filter(|one| found.insert(one.clone())));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_order_that_the_graph_allows_is_topological(
        packages in packages(),
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 64)
    ) {
        let gate = gate(&packages);
        let graph = gate.graph();
        let all: BTreeSet<SubtaskId> = graph.plan_order().into_iter().collect();
        prop_assert_eq!(all.len(), gate.subtasks().count());
        let mut done = BTreeSet::new();
        for pick in picks {
            let ready = ready(&gate, &done);
            if ready.is_empty() {
                break;
            }
            let next = pick.get(&ready).clone();
            for before in graph.predecessors(&next) {
                prop_assert!(done.contains(&before), "{next} before {before}");
            }
            for before in ancestors(&gate, &next) {
                prop_assert!(done.contains(&before), "{next} before {before}");
                prop_assert!(graph.is_ancestor(&before, &next));
                prop_assert!(!graph.is_ancestor(&next, &before));
            }
            prop_assert!(done.insert(next));
        }
        prop_assert_eq!(done, all);
    }

    #[test]
    fn the_plan_order_is_one_of_them(packages in packages()) {
        let gate = gate(&packages);
        let mut done = BTreeSet::new();
        for id in gate.graph().plan_order() {
            prop_assert!(ready(&gate, &done).contains(&id));
            done.insert(id);
        }
    }

    #[test]
    fn a_work_package_waits_for_all_of_what_it_depends_on(packages in packages()) {
        let gate = gate(&packages);
        for package in &gate.work_packages {
            for other in gate.work_packages.iter().filter(|p| package.depends_on.contains(&p.id)) {
                for subtask in &package.subtasks {
                    for before in &other.subtasks {
                        prop_assert!(gate.graph().is_ancestor(&before.id, &subtask.id));
                    }
                }
            }
        }
    }

    #[test]
    fn a_plain_subtask_waits_for_all_before_it_in_its_work_package(packages in packages()) {
        let gate = gate(&packages);
        for package in &gate.work_packages {
            for (at, subtask) in package.subtasks.iter().enumerate() {
                if subtask.parallel || subtask.after.is_some() {
                    continue;
                }
                for before in &package.subtasks[..at] {
                    prop_assert!(gate.graph().is_ancestor(&before.id, &subtask.id));
                }
            }
        }
    }
}

#[test]
fn subtasks_that_start_together_share_what_they_wait_for() {
    let gate = gate(&[(
        vec![],
        vec![
            (false, None),
            (false, None),
            (true, None),
            (true, None),
            (false, None),
        ],
    )]);
    let waits = |id: &str| -> Vec<String> {
        let before = gate.graph().predecessors(&SubtaskId::new(id));
        before.iter().map(ToString::to_string).collect()
    };
    for id in ["T1", "T2", "T3"] {
        assert_eq!(waits(id), ["T0"]);
    }
    assert_eq!(waits("T4"), ["T1", "T2", "T3"]);
    assert!(waits("T0").is_empty());
    assert!(
        gate.graph()
            .predecessors(&SubtaskId::new("unknown"))
            .is_empty()
    );
}

#[test]
fn crowds_cost_the_sum_of_both_not_the_product() {
    let crowd = || vec![(true, None); 2000];
    let gate = gate(&[(vec![], crowd()), (vec![0], crowd())]);
    let last = gate.work_packages.last().unwrap();
    assert_eq!(gate.graph().predecessors(&last.subtasks[7].id).len(), 2000);
    let first = gate.work_packages.first().unwrap();
    assert!(gate.graph().predecessors(&first.subtasks[7].id).is_empty());
}
