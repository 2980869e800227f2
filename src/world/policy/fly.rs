//! The allowed forms of `flyctl` command lines: all of them only read.

use super::words::{Known, Refusal, Words, alone, value};
use crate::model::ResolvedPolicy;

/// `flyctl`'s own variables that change nothing but how it talks.
pub(super) const ENVIRONMENT: &[&str] = &["FLY_NO_UPDATE_CHECK"];

const READING: &[Known] = &[value("--app", "-a"), alone("--json", "-j")];
const CONSOLE: &[Known] = &[
    value("--app", "-a"),
    value("--command", "-C"),
    alone("--quiet", "-q"),
];

/// Whether `flyctl` may be started with these arguments.
pub(super) fn judge(lists: &ResolvedPolicy, arguments: &[String]) -> Result<(), Refusal> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["version" | "--version"]
        | ["version", "--json"]
        | ["auth", "whoami"]
        | ["auth", "whoami", "--json"] => Ok(()),
        ["status", ..] => nothing_but_options(&arguments[1..]),
        ["image", "show", ..] => nothing_but_options(&arguments[2..]),
        ["ssh", "console", ..] => console(lists, &arguments[2..]),
        _ => Err("not one of the shapes of `flyctl` that the policy knows".to_owned()),
    }
}

fn nothing_but_options(arguments: &[String]) -> Result<(), Refusal> {
    let words = Words::read(arguments, READING)?;
    match words.plain.first() {
        Some(word) => Err(format!("`{word}` is not an option the policy knows")),
        None => Ok(()),
    }
}

fn console(lists: &ResolvedPolicy, arguments: &[String]) -> Result<(), Refusal> {
    let words = Words::read(arguments, CONSOLE)?;
    if let Some(word) = words.plain.first() {
        return Err(format!("`{word}` is not an option the policy knows"));
    }
    let command = words.one("--command")?;
    if lists.remote_commands.iter().any(|listed| listed == command) {
        return Ok(());
    }
    Err(format!(
        "the remote command `{command}` is not in policy.remote_commands"
    ))
}
