//! The allowed forms of `uv` and `pipx` command lines: they resolve, lock and install what files
//! specify, and run what the gate file declares. They never publish, nor run what they fetch.

use super::words::Refusal;
use crate::model::ResolvedPolicy;
use crate::world::Program;

/// What `uv run` may start undeclared: the project's interpreter and its test runner.
const RUN: &[&str] = &["python", "python3", "pytest"];
/// Options of `uv` before its command, with whether a value follows.
const GLOBAL: &[(&str, bool)] = &[
    ("--quiet", false),
    ("-q", false),
    ("--no-progress", false),
    ("--no-config", false),
    ("--offline", false),
    ("--color", true),
];
/// Options of `uv run`, the same way. None brings in a package that no lock names.
const OF_RUN: &[(&str, bool)] = &[
    ("--all-extras", false),
    ("--all-groups", false),
    ("--dev", false),
    ("--exact", false),
    ("--frozen", false),
    ("--isolated", false),
    ("--locked", false),
    ("--no-default-groups", false),
    ("--no-dev", false),
    ("--no-progress", false),
    ("--no-project", false),
    ("--no-sync", false),
    ("--offline", false),
    ("--quiet", false),
    ("-q", false),
    ("--color", true),
    ("--extra", true),
    ("--group", true),
    ("--only-group", true),
    ("--package", true),
    ("--project", true),
    ("--python", true),
    ("-p", true),
];
/// Options that bring in another index, code that no lock names, or a file with more options.
const FOREIGN: &[&str] = &[
    "--allow-insecure-host",
    "--config-file",
    "--config-setting",
    "--default-index",
    "--directory",
    "--env-file",
    "--extra-index-url",
    "--index",
    "--index-url",
    "--no-build-isolation",
    "--overrides",
    "--system",
    "--trusted-host",
    "--with",
    "--with-editable",
    "--with-requirements",
    "-i",
];

/// Whether `uv` may be started so.
pub(super) fn uv(lists: &ResolvedPolicy, program: &Program) -> Result<(), Refusal> {
    let arguments: Vec<&str> = program.argv.iter().skip(1).map(String::as_str).collect();
    if matches!(arguments.as_slice(), ["--version" | "-V"]) {
        return Ok(());
    }
    let rest = after_options(&arguments, GLOBAL)?;
    match rest {
        ["publish" | "upload", ..] => Err("the gate never publishes".to_owned()),
        ["run", rest @ ..] => run(lists, program, rest),
        [
            "pip",
            "compile" | "sync" | "freeze" | "list" | "check" | "show" | "tree",
            rest @ ..,
        ]
        | ["sync" | "venv" | "export" | "tree", rest @ ..]
        | ["python", "find" | "list", rest @ ..]
        | ["cache", "dir", rest @ ..] => no_foreign(rest),
        ["lock", rest @ ..]
            if rest
                .iter()
                .any(|word| ["--check", "--locked"].contains(word)) =>
        {
            no_foreign(rest)
        }
        ["pip", "install", rest @ ..] if rest.contains(&"--require-hashes") => no_foreign(rest),
        [] => Err("`uv` without a command".to_owned()),
        [command, ..] => Err(format!("`uv {command}` is not a command the policy knows")),
    }
}

fn run(lists: &ResolvedPolicy, program: &Program, rest: &[&str]) -> Result<(), Refusal> {
    // Code under test may start any program: its sandbox contains it.
    if program.sandbox.is_some() {
        return Ok(());
    }
    let rest = after_options(rest, OF_RUN)?;
    let command = match rest {
        ["--", command, ..] | [command, ..] => *command,
        [] => return Err("`uv run` without a command".to_owned()),
    };
    let declared = lists.programs.iter().any(|listed| listed == command);
    if declared || RUN.contains(&command) {
        return Ok(());
    }
    Err(format!(
        "`uv run {command}`: `{command}` is not in policy.programs"
    ))
}

/// The words after the options that may precede a command.
fn after_options<'w, 'a>(
    mut words: &'w [&'a str],
    known: &[(&str, bool)],
) -> Result<&'w [&'a str], Refusal> {
    while let [word, rest @ ..] = words {
        if !word.starts_with('-') || *word == "--" {
            break;
        }
        let (name, attached) = match word.split_once('=') {
            Some((name, _)) => (name, true),
            None => (*word, false),
        };
        let Some((_, value)) = known.iter().find(|(known, _)| *known == name) else {
            return Err(format!(
                "the option `{word}` of uv is not one the policy knows"
            ));
        };
        words = match (value, attached) {
            (true, false) => rest.get(1..).unwrap_or_default(),
            _ => rest,
        };
    }
    Ok(words)
}

fn no_foreign(words: &[&str]) -> Result<(), Refusal> {
    let foreign = |word: &&&str| {
        let name = word.split('=').next().unwrap_or(word);
        FOREIGN.contains(&name) || (word.starts_with("-i") && !word.starts_with("--"))
    };
    match words.iter().find(foreign) {
        Some(word) => Err(format!(
            "the option `{word}` brings in what no lock names; the policy does not know it"
        )),
        None => Ok(()),
    }
}

/// Whether `pipx` may be started so.
pub(super) fn pipx(arguments: &[String]) -> Result<(), Refusal> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--version"] | ["environment" | "list", ..] => Ok(()),
        ["install", rest @ ..] => no_foreign(rest).and_then(|()| pip_options(rest)),
        [] => Err("`pipx` without a command".to_owned()),
        [command, ..] => Err(format!(
            "`pipx {command}` is not a command the policy knows"
        )),
    }
}

/// Options that are passed on to pip: wheels in a directory, and nothing else.
fn pip_options(words: &[&str]) -> Result<(), Refusal> {
    for (at, word) in words.iter().enumerate() {
        let text = match word.split_once('=') {
            Some(("--pip-args", text)) => text,
            None if *word == "--pip-args" => words.get(at + 1).copied().unwrap_or_default(),
            _ => continue,
        };
        let known = |option: &str| {
            matches!(
                option,
                "--only-binary=:all:" | "--no-index" | "--no-deps" | "--require-hashes"
            ) || option
                .strip_prefix("--find-links=")
                .is_some_and(|at| at.starts_with(['‹', '/']))
        };
        if let Some(option) = text.split_whitespace().find(|option| !known(option)) {
            return Err(format!(
                "the option `{option}` of pip is not one the policy knows"
            ));
        }
    }
    Ok(())
}
