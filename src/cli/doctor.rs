//! `gate doctor`: every tool with path, version, minimum, login state and remedy, all at once.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::machine::{self, Found};
use super::operator;
use super::provenance::{Pinned, Provenance};
use crate::gate::Gate;
use crate::model::{Scope, SubtaskId};
use crate::session;
use crate::toolbox::{self, LoginState, Needed, Tool, ToolState, Version};
use crate::world::live::find_sandbox;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    gate: GateArgs,
}

pub(super) async fn run(args: &DoctorArgs, console: &Console) -> Exit {
    let operator = match operator::of_process() {
        Ok(operator) => operator,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let provenance = match Provenance::of_process() {
        Ok(provenance) => provenance,
        Err(error) => return console.fail(Exit::Error, &error),
    };
    let (gate, overrides) = match operator::gate(&args.gate, &operator, console) {
        Ok(gate) => gate,
        Err(exit) => return exit,
    };
    let settings = operator::settings(&operator, &overrides);
    let survey = session::survey_world(&operator, &settings.cache);
    let by = SubtaskId::new("doctor");
    let mut rows = Vec::new();
    for mut tool in toolbox::survey(&survey.world, &by, &needed(&gate)).await {
        let here = |path: Option<String>| path.map(|path| survey.places.expand(&path));
        tool.path = here(tool.path);
        let own = match tool.state {
            ToolState::Good => None,
            _ => toolbox::own(&survey.world, &by, &tool.name).await,
        };
        rows.push(Row {
            own: own.map(|own| Version {
                path: here(own.path),
                ..own
            }),
            pinned: provenance.tools.get(&tool.name),
            tool,
        });
    }
    let others = if args.gate.gate.is_some() {
        let checkouts = machine::checkouts(&gate, &Scope::All, &settings);
        let variables = machine::variables(&gate, &operator);
        checkouts.into_iter().chain(variables).collect()
    } else {
        // Of the gate that comes with the program it is not known where anybody works on it.
        Vec::new()
    };
    let found = find_sandbox(&operator);
    let sandbox = match &found {
        Ok(found) => format!("\nsandbox   {} in {}\n", found.version, found.program),
        Err(why) => format!("\n{why}\n          → {}\n", why.remedy),
    };
    if args.json {
        console.json(&rows);
    } else {
        console.out(&table(&rows, &provenance));
        console.out(&sandbox);
        console.out(&listed(&others));
        console.out(&machine::listed_unhidden(&gate, &operator));
        console.out(&format!(
            "\nworkspace {}\nstate     {}\ncache     {}\n",
            settings.workspace, settings.state, settings.cache
        ));
    }
    let all_there = others.iter().all(|one| one.remedy.is_none());
    if found.is_ok() && all_there && rows.iter().all(|row| row.tool.will_do()) {
        Exit::Passed
    } else {
        Exit::Error
    }
}

/// The programs that the gate starts; of what its policy lists besides, those that are known.
fn needed(gate: &Gate) -> Needed {
    let mut names: BTreeSet<String> = gate.uses(&Scope::All).programs.into_keys().collect();
    let listed = gate.resolved_policy().programs.into_iter();
    names.extend(listed.filter(|name| toolbox::is_known(name)));
    if cfg!(target_os = "linux") {
        names.insert("bwrap".to_owned());
    }
    Needed::Only(names)
}

/// What is needed besides tools, one line each.
fn listed(others: &[Found]) -> String {
    let line = |one: &Found| match &one.remedy {
        None => format!("found     {}\n", one.what),
        Some(remedy) => format!("missing   {}\n          → {remedy}\n", one.what),
    };
    let lines: String = others.iter().map(line).collect();
    if lines.is_empty() {
        lines
    } else {
        format!("\n{lines}")
    }
}

/// A tool with what else is known of it.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    tool: Tool,
    /// What the flake pins; nothing outside of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<&'a Pinned>,
    /// What the gate has made for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<Version>,
}

fn table(all: &[Row<'_>], provenance: &Provenance) -> String {
    let works = |row: &Row<'_>| row.tool.name == "python3" && row.tool.state == ToolState::Good;
    let can_make = all.iter().any(works);
    let head = format!(
        "{:<10} {:<12} {:<10} {:<12} path",
        "tool", "version", "minimum", "login"
    );
    std::iter::once(head)
        .chain(all.iter().flat_map(|row| rows(row, provenance, can_make)))
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

/// The tool's own row, and what is to be done about it.
fn rows(row: &Row<'_>, provenance: &Provenance, can_make: bool) -> Vec<String> {
    let tool = &row.tool;
    let version = match &tool.state {
        ToolState::Missing => "missing",
        ToolState::Broken(_) => "broken",
        ToolState::Good | ToolState::TooOld => tool.version.as_deref().unwrap_or("?"),
    };
    let login = match &tool.login {
        LoginState::NotNeeded => "–",
        LoginState::Yes => "logged in",
        LoginState::No(_) => "no login",
        LoginState::Unknown => "unknown",
    };
    let path = tool.path.as_deref().unwrap_or("–");
    let mut rows = vec![format!(
        "{:<10} {version:<12} {:<10} {login:<12} {path}",
        tool.name, tool.minimum
    )];
    let pinned = provenance.compare(&tool.name, tool.path.as_deref());
    rows.extend(pinned.map(|words| format!("           {words}")));
    if let ToolState::Broken(words) = &tool.state {
        rows.extend(words.lines().map(|line| format!("           {line}")));
    }
    if tool.state != ToolState::Good && tool.can_be_made() {
        rows.push(format!("           {}", made(row.own.as_ref(), can_make)));
    } else if let Some(remedy) = &tool.remedy {
        rows.push(format!("           → {remedy}"));
    }
    rows
}

/// What the gate does about a tool that it can make.
fn made(own: Option<&Version>, can_make: bool) -> String {
    match own {
        Some(own) => {
            let path = own.path.as_deref().unwrap_or("?");
            format!("the gate has its own: {} in {path}", own.told)
        }
        None if can_make => "the gate makes its own, pinned by hash, on the first run".to_owned(),
        None => "the gate would make its own, for which it needs `python3`".to_owned(),
    }
}
