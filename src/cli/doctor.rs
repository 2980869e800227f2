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
use crate::toolbox::{self, LoginState, Tool, ToolState};

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
    let tools = toolbox::survey(&survey.world, &SubtaskId::new("doctor")).await;
    if args.json {
        let rows: Vec<Row<'_>> = tools
            .iter()
            .map(|tool| Row::new(tool, &provenance))
            .collect();
        console.out(&(serde_json::to_string_pretty(&rows).unwrap_or_default() + "\n"));
    } else {
        console.out(&table(&tools, &provenance));
        console.out(&format!(
            "\nworkspace {}\nstate     {}\ncache     {}\n",
            settings.workspace, settings.state, settings.cache
        ));
    }
    if tools.iter().all(Tool::will_do) {
        Exit::Passed
    } else {
        Exit::Error
    }
}

/// A tool for programs to read.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    tool: &'a Tool,
    /// What the flake pins; nothing outside of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pinned: Option<&'a Pinned>,
}

impl<'a> Row<'a> {
    fn new(tool: &'a Tool, provenance: &'a Provenance) -> Self {
        Self {
            tool,
            pinned: provenance.tools.get(&tool.name),
        }
    }
}

fn table(tools: &[Tool], provenance: &Provenance) -> String {
    let head = format!(
        "{:<10} {:<12} {:<10} {:<12} path",
        "tool", "version", "minimum", "login"
    );
    std::iter::once(head)
        .chain(tools.iter().flat_map(|tool| rows(tool, provenance)))
        .collect::<Vec<_>>()
        .join("\n")
        + "\n"
}

/// The tool's own row, and what is to be done about it.
fn rows(tool: &Tool, provenance: &Provenance) -> Vec<String> {
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
        rows.push("           the gate makes its own, pinned by hash, on the first run".to_owned());
    } else if let Some(remedy) = &tool.remedy {
        rows.push(format!("           → {remedy}"));
    }
    rows
}
