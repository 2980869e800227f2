//! The faults of a rehearsal: their names on the command line, and the list of them.

use super::Exit;
use crate::gate::{Gate, ShippedWorld};
use crate::model::{Verdict, nearest};
use crate::rehearsal::{Broken, Fault, GateFault};

/// The faults of these names.
pub(super) fn named(names: &[String], gate: &Gate) -> Result<Broken, String> {
    let shipped = shipped(gate);
    let of_gate = GateFault::of_gate(gate);
    let mut broken = Broken::default();
    for name in names {
        if let Some(fault) = shipped.iter().find(|fault| fault.name() == name) {
            broken.shipped.insert(*fault);
        } else if let Some(fault) = of_gate.iter().find(|fault| fault.to_string() == *name) {
            broken.of_gate.push(fault.clone());
        } else {
            return Err(unknown(name, shipped, &of_gate));
        }
    }
    Ok(broken)
}

fn unknown(name: &str, shipped: &[Fault], of_gate: &[GateFault]) -> String {
    let own: Vec<String> = of_gate.iter().map(ToString::to_string).collect();
    let known = shipped.iter().map(|fault| fault.name());
    let near = nearest(name, known.chain(own.iter().map(String::as_str)))
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    format!(
        "unknown fault `{name}`{near}\n  → `gate rehearse --list-faults`, with the same --gate, lists them all"
    )
}

/// The faults of the world that comes with the program, where the gate is rehearsed in it.
fn shipped(gate: &Gate) -> &'static [Fault] {
    match gate.rehearsal.world {
        Some(ShippedWorld::Phase4) => Fault::ALL,
        None => &[],
    }
}

/// All faults of a gate, as a table.
pub(super) fn listing(gate: &Gate) -> String {
    let mut text = String::new();
    if !shipped(gate).is_empty() {
        text += &shipped_listing();
        text += "\nand of each subtask:\n";
    }
    let of_gate = GateFault::of_gate(gate);
    let names: Vec<String> = of_gate.iter().map(ToString::to_string).collect();
    let width = names
        .iter()
        .map(String::len)
        .max()
        .unwrap_or_default()
        .max(28);
    for (name, fault) in names.iter().zip(&of_gate) {
        text.extend([format!("{name:<width$} {}\n", fault.what())]);
    }
    if of_gate.is_empty() {
        text += "no subtask reads an issue or a page, or starts a program\n";
    }
    text
}

fn shipped_listing() -> String {
    let head = format!(
        "{:<28} {:<6} {:<14} what happens in the world",
        "fault", "stops", "verdict, exit"
    );
    let rows = Fault::ALL.iter().map(|fault| {
        let stops = if fault.stops_at().len() > 5 {
            "(any)"
        } else {
            fault.stops_at()
        };
        format!(
            "{:<28} {stops:<6} {:<14} {}",
            fault.name(),
            format!("{} {}", verdict(fault.exit()), fault.exit()),
            fault.what()
        )
    });
    std::iter::once(head)
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

/// The verdict with this exit code.
fn verdict(exit: u8) -> String {
    let all = [
        Verdict::Passed,
        Verdict::Failed,
        Verdict::Blocked,
        Verdict::Error,
        Verdict::Critical,
    ];
    let found = all.into_iter().find(|one| Exit::from(*one).code() == exit);
    found.map_or_else(String::new, |verdict| verdict.to_string())
}
