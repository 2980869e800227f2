//! `gate init`: a gate file to begin with, after a few questions. Never overwrites.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::Exit;
use super::console::Console;
use super::operator;
use crate::gate::{Overrides, STARTERS, Starter};
use crate::model::nearest;

#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// What is released: `rust-crate`, `npm-package`, `python-package` or `web-service`. Without
    /// it, and with a terminal, it is asked for.
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    /// Directory that gets the files; it must be there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    into: PathBuf,
    /// A parameter's value in the file, such as `repository=team/crate`; may be given several
    /// times.
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
}

pub(super) fn run(args: &InitArgs, console: &Console) -> Exit {
    match files(args, console).and_then(|files| write(args, &files, console)) {
        Ok(()) => Exit::Passed,
        Err(exit) => exit,
    }
}

fn files(args: &InitArgs, console: &Console) -> Result<Vec<(String, String)>, Exit> {
    let given = Overrides::from_assignments(&args.set)
        .map_err(|error| operator::refuse(&error, console))?;
    let (starter, answers) = match &args.from {
        Some(name) => (named(name, console)?, Overrides::default()),
        None if console.can_ask() => {
            let starter = asked(console)?;
            (starter, answers(starter, &given, console)?)
        }
        None => {
            let text = format!("no terminal to ask on: give --from NAME\n{}", listing());
            return Err(console.fail(Exit::Usage, &text));
        }
    };
    starter
        .filled(&answers.then(given))
        .map_err(|error| operator::refuse(&error, console))
}

/// All files or none: what is there already is found before the first is written.
fn write(args: &InitArgs, files: &[(String, String)], console: &Console) -> Result<(), Exit> {
    for (name, _) in files {
        operator::can_be_made(&args.into.join(name))
            .map_err(|error| console.fail(Exit::Usage, &error))?;
    }
    for (name, text) in files {
        let path = args.into.join(name);
        operator::write_new(&path, text).map_err(|error| {
            let text = format!("cannot write `{}`: {error}", path.display());
            console.fail(Exit::Error, &text)
        })?;
        console.out(&format!("wrote {}\n", path.display()));
    }
    let gate = args.into.join("gate.toml");
    let gate = gate.display();
    console.out(&format!(
        "\nnext:\n  gate plan --gate {gate}        what it does, in order\n  \
         gate rehearse --gate {gate}    try it; nothing real is touched\n"
    ));
    Ok(())
}

fn named(name: &str, console: &Console) -> Result<&'static Starter, Exit> {
    Starter::named(name).ok_or_else(|| {
        let near = nearest(name, STARTERS.iter().map(|starter| starter.name));
        let near = near.map(|near| format!("; did you mean `{near}`?"));
        let near = near.unwrap_or_default();
        let text = format!(
            "there is no gate `{name}` to begin with{near}\n{}",
            listing()
        );
        console.fail(Exit::Usage, &text)
    })
}

fn listing() -> String {
    let line = |starter: &Starter| format!("  {:<16} {}", starter.name, starter.about);
    STARTERS.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn asked(console: &Console) -> Result<&'static Starter, Exit> {
    console.note("What is released?");
    console.note(&listing());
    let first = STARTERS.first().map_or("", |starter| starter.name);
    match console.ask_for(&format!("Name [{first}]")) {
        None => Err(nothing_written(console)),
        Some(answer) if answer.is_empty() => named(first, console),
        Some(answer) => named(&answer, console),
    }
}

/// What was not given is asked for; an empty answer keeps what the file has.
fn answers(starter: &Starter, given: &Overrides, console: &Console) -> Result<Overrides, Exit> {
    let questions = starter
        .questions()
        .map_err(|error| console.fail(Exit::Error, &error.to_string()))?;
    let mut answers = Overrides::default();
    for question in questions {
        if given.parameters.contains_key(&question.parameter) {
            continue;
        }
        let default = match &question.default {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let asked = format!("{} [{default}]", question.text);
        let answer = console.ask_for(&asked);
        let answer = answer.ok_or_else(|| nothing_written(console))?;
        if !answer.is_empty() {
            let value = Value::String(answer);
            answers.parameters.insert(question.parameter, value);
        }
    }
    Ok(answers)
}

fn nothing_written(console: &Console) -> Exit {
    console.fail(Exit::Usage, "no answer; nothing was written")
}
