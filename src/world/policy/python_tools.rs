//! The allowed forms of `uv` and `pipx` command lines: they resolve, lock and install what files
//! specify, and run what the gate file declares. They never publish, nor run what they fetch.

use super::words::{Known, Refusal, Words, alone, value};
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
    "--config-setting-package",
    "--config-settings",
    "--config-settings-package",
    "--default-index",
    "--directory",
    "--env-file",
    "--extra-index-url",
    "--find-links",
    "--index",
    "--index-url",
    "--no-build-isolation",
    "--no-build-isolation-package",
    "--override",
    "--overrides",
    "--system",
    "--trusted-host",
    "--with",
    "--with-editable",
    "--with-requirements",
];
/// The letters of those that have one.
const FOREIGN_LETTERS: [char; 3] = ['C', 'f', 'i'];
/// Letters of `uv` behind which another may stand in the same word: they take no value.
const SWITCHES: [char; 7] = ['U', 'V', 'c', 'h', 'n', 'q', 'v'];
/// Options of `pipx install`. It takes any beginning of an option for it, so one that is not
/// spelled out here is refused.
const PIPX: &[Known] = &[
    value("--backend", ""),
    value("--lock", ""),
    value("--pip-args", ""),
    value("--python", ""),
    value("--suffix", ""),
    alone("--force", "-f"),
    alone("--help", "-h"),
    alone("--include-deps", ""),
    alone("--quiet", "-q"),
    alone("--verbose", "-v"),
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
        FOREIGN.contains(&name) || has_foreign_letter(word)
    };
    match words.iter().find(foreign) {
        Some(word) => Err(format!(
            "the option `{word}` brings in what no lock names; the policy does not know it"
        )),
        None => Ok(()),
    }
}

/// Whether a word such as `-fURL` or `-qf` holds one of the letters as an option.
fn has_foreign_letter(word: &str) -> bool {
    let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    let mut letters = letters.unwrap_or_default().chars();
    letters
        .find(|letter| !SWITCHES.contains(letter))
        .is_some_and(|letter| FOREIGN_LETTERS.contains(&letter))
}

/// Whether `pipx` may be started so.
pub(super) fn pipx(arguments: &[String]) -> Result<(), Refusal> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--version"] | ["environment" | "list", ..] => Ok(()),
        ["install", ..] => install(&arguments[1..]),
        [] => Err("`pipx` without a command".to_owned()),
        [command, ..] => Err(format!(
            "`pipx {command}` is not a command the policy knows"
        )),
    }
}

fn install(arguments: &[String]) -> Result<(), Refusal> {
    let words = Words::read(arguments, PIPX)
        .map_err(|why| format!("{why}: others may bring in what no lock names"))?;
    let mut texts = words.all("--pip-args");
    texts.try_for_each(pip_options)
}

/// Options that are handed on to pip: wheels that lie in a directory, and nothing else.
fn pip_options(text: &str) -> Result<(), Refusal> {
    let known = |option: &str| {
        matches!(
            option,
            "--only-binary=:all:" | "--no-index" | "--no-deps" | "--require-hashes"
        ) || option
            .strip_prefix("--find-links=")
            .is_some_and(|at| at.starts_with(['‹', '/']))
    };
    match text.split_whitespace().find(|option| !known(option)) {
        Some(option) => Err(format!(
            "the option `{option}` of pip is not one the policy knows"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &str) -> Result<(), Refusal> {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('~', " ")).collect();
        match words.split_first() {
            Some((program, rest)) if program == "pipx" => pipx(rest),
            _ => uv(&ResolvedPolicy::default(), &Program::new(words)),
        }
    }

    #[test]
    fn what_brings_in_other_packages_is_refused_in_every_spelling() {
        for line in [
            "uv sync --find-links https://evil.example",
            "uv sync --find-links=https://evil.example",
            "uv pip sync --require-hashes lock.txt -f https://evil.example",
            "uv pip sync --require-hashes lock.txt -fhttps://evil.example",
            "uv pip sync lock.txt -qf https://evil.example",
            "uv pip compile - -ihttps://evil.example",
            "uv pip compile - -C key=value",
            "uv pip compile - -Ckey=value",
            "uv pip compile - --config-settings key=value",
            "pipx install --index-ur https://evil.example x",
            "pipx install --index-ur=https://evil.example x",
            "pipx install --pip-arg=--index-url=https://evil.example x",
            "pipx install -ihttps://evil.example x",
            "pipx install -fi https://evil.example x",
            "pipx install --preinstall evil x",
            "pipx install --pre evil x",
            "pipx install --editable /x",
        ] {
            let refusal = judged(line).expect_err(line);
            assert!(refusal.contains("no lock names"), "{line}: {refusal}");
        }
        for line in [
            "pipx install --pip-args --index-url=https://evil.example x",
            "pipx install --pip-args=--no-index --pip-args=-fhttps://evil.example x",
            "pipx install --pip-args=--find-links=https://evil.example x",
            "pipx install --pip-args=--no-index~--find-links~/x x",
        ] {
            let refusal = judged(line).expect_err(line);
            assert!(refusal.contains("of pip"), "{line}: {refusal}");
        }
    }

    #[test]
    fn what_the_gate_installs_with_is_allowed() {
        for line in [
            "uv sync --frozen --color never",
            "uv pip compile - --no-deps --python 3.11 --prerelease allow --no-annotate --color never",
            "uv pip sync -q -p /opt/iffy/python --require-hashes lock.txt",
            "uv pip compile -ofreeze.txt -",
            "pipx install --force --backend uv --python /x/python --lock ‹run›/pylock.toml x==1",
            "pipx install -f -q x==1",
            "pipx install --force --python 3.11 \
             --pip-args=--only-binary=:all:~--no-index~--find-links=‹run›/a/wheels x==1",
            "pipx install --help",
        ] {
            assert_eq!(judged(line), Ok(()), "{line}");
        }
    }
}
