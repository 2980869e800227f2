//! `gate doctor`: every tool with path, version, minimum, login state and remedy, all at once.

use clap::Args;
use serde::Serialize;

use super::Exit;
use super::args::GateArgs;
use super::console::Console;
use super::operator;
use super::provenance::{Pinned, Provenance};
use crate::gate::SubtaskId;
use crate::session;
use crate::toolbox::{self, LoginState, Tool, ToolState, Version};

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
    let overrides = match operator::gate(&args.gate, &operator, console) {
        Ok((_, overrides)) => overrides,
        Err(exit) => return exit,
    };
    let settings = operator::settings(&operator, &overrides);
    let survey = session::survey_world(&operator, &settings.cache);
    let by = SubtaskId::new("doctor");
    let mut rows = Vec::new();
    for mut tool in toolbox::survey(&survey.world, &by).await {
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
    if args.json {
        console.out(&(serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"));
    } else {
        console.out(&table(&rows, &provenance));
        console.out(&format!(
            "\nworkspace {}\nstate     {}\ncache     {}\n",
            settings.workspace, settings.state, settings.cache
        ));
    }
    if rows.iter().all(|row| row.tool.will_do()) {
        Exit::Passed
    } else {
        Exit::Error
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
