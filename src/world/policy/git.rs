//! The shapes in which `git` may be started: reading anywhere, writing in the run directory
//! only, and never to a remote.

use super::Refusal;
use crate::world::Place;

/// git's own variables that change nothing but how it works on its own.
pub(super) const ENVIRONMENT: &[&str] = &[
    "GIT_OPTIONAL_LOCKS",
    "GIT_TERMINAL_PROMPT",
    "GIT_NO_LAZY_FETCH",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
];

/// Commands that only read.
const READING: &[&str] = &[
    "blame",
    "cat-file",
    "check-ignore",
    "count-objects",
    "describe",
    "diff",
    "diff-tree",
    "for-each-ref",
    "fsck",
    "grep",
    "log",
    "ls-files",
    "ls-tree",
    "merge-base",
    "name-rev",
    "patch-id",
    "rev-list",
    "rev-parse",
    "shortlog",
    "show",
    "show-ref",
    "status",
    "verify-commit",
    "verify-tag",
    "version",
    "--version",
];
/// Commands that write, but only where they work.
const LOCAL: &[&str] = &[
    "add",
    "apply",
    "archive",
    "checkout",
    "checkout-index",
    "clone",
    "commit",
    "fetch",
    "hash-object",
    "init",
    "read-tree",
    "reset",
    "restore",
    "switch",
    "update-index",
    "worktree",
    "write-tree",
];
/// Settings that may be given on the command line, with their values; none: any value.
const SETTINGS: &[(&str, Option<&str>)] = &[
    ("advice.detachedhead", None),
    ("color.ui", None),
    ("core.autocrlf", None),
    ("core.fsmonitor", Some("false")),
    ("core.hookspath", Some("/dev/null")),
    ("core.quotepath", None),
    ("diff.external", Some("")),
    ("gc.auto", None),
    ("init.defaultbranch", None),
    ("safe.directory", None),
    ("user.email", None),
    ("user.name", None),
];

/// Whether `git` may be started with these arguments in this directory.
pub(super) fn judge(cwd: &Place, arguments: &[String]) -> Result<(), Refusal> {
    let (directory, command, rest) = split(cwd, arguments)?;
    for word in rest {
        harmless(word)?;
    }
    if READING.contains(&command) {
        return Ok(());
    }
    let first = rest.first().map_or("", String::as_str);
    match command {
        "tag" if is_list(rest) => return Ok(()),
        "branch" if first == "--show-current" || first == "--contains" => return Ok(()),
        "remote" if rest.is_empty() || first == "-v" || first == "get-url" => return Ok(()),
        "config" if first == "--get" || first == "--list" => return Ok(()),
        // Reads the repository, writes a directory of the run.
        "worktree" | "archive" if rest.iter().any(|word| in_run(word)) || first == "list" => {
            return Ok(());
        }
        _ => {}
    }
    if !LOCAL.contains(&command) {
        return Err(format!("`git {command}` is not a command the policy knows"));
    }
    if in_run(&directory) {
        return Ok(());
    }
    Err(format!("`git {command}` outside the run directory"))
}

/// The directory it works in, the command, and the command's arguments.
fn split<'a>(
    cwd: &Place,
    arguments: &'a [String],
) -> Result<(String, &'a str, &'a [String]), Refusal> {
    let mut directory = cwd.as_str().to_owned();
    let mut at = 0;
    let next = |at: usize| {
        arguments
            .get(at)
            .map(String::as_str)
            .ok_or_else(|| "git without a command".to_owned())
    };
    loop {
        let word = next(at)?;
        match word {
            "-C" => next(at + 1)?.clone_into(&mut directory),
            "-c" => setting(next(at + 1)?)?,
            "--no-pager" | "--no-optional-locks" | "--literal-pathspecs" => {
                at += 1;
                continue;
            }
            "--version" => return Ok((directory, word, &[])),
            _ if word.starts_with('-') => {
                return Err(format!(
                    "the option `{word}` of git is not one the policy knows"
                ));
            }
            _ => return Ok((directory, word, &arguments[at + 1..])),
        }
        at += 2;
    }
}

/// A setting can name a program to run, so only known ones may be given.
fn setting(text: &str) -> Result<(), Refusal> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let name = name.to_ascii_lowercase();
    let known = SETTINGS
        .iter()
        .any(|(known, only)| *known == name && only.is_none_or(|only| only == value));
    if known {
        return Ok(());
    }
    Err(format!(
        "the setting `{text}` of git is not one the policy knows"
    ))
}

/// Options and addresses that run another program, or write a file.
fn harmless(word: &str) -> Result<(), Refusal> {
    const RUNNING: &[&str] = &[
        "--upload-pack",
        "--receive-pack",
        "--exec",
        "--ext-diff",
        "--textconv",
        "--open-files-in-pager",
        "--config",
        "--template",
        "-u",
        "-O",
    ];
    let name = word.split('=').next().unwrap_or(word);
    let output = name == "--output" || name == "-o";
    let outside = output && !word.split_once('=').is_some_and(|(_, path)| in_run(path));
    if RUNNING.contains(&name) || word.starts_with("ext::") || outside {
        return Err(format!(
            "`{word}` makes git run another program or write elsewhere"
        ));
    }
    Ok(())
}

/// Whether `git tag` lists: with `--list` its other words are patterns, not new tags.
fn is_list(rest: &[String]) -> bool {
    const LISTING: &[&str] = &[
        "-l",
        "--list",
        "--contains",
        "--points-at",
        "--sort",
        "--merged",
    ];
    let known = |word: &String| {
        let name = word.split('=').next().unwrap_or(word);
        !word.starts_with('-') || LISTING.contains(&name)
    };
    rest.first()
        .is_some_and(|first| first == "-l" || first == "--list")
        && rest.iter().all(known)
}

fn in_run(path: &str) -> bool {
    let below = path.strip_prefix(Place::RUN);
    below.is_some_and(|below| {
        (below.is_empty() || below.starts_with('/')) && below.split('/').all(|part| part != "..")
    })
}
