//! The allowed forms of `git` command lines: reading anywhere, writing only in the run directory,
//! and never to a remote.

mod shapes;

use shapes::{Does, SETTINGS, SHAPES, Shape};

use super::words::Refusal;
use crate::world::Place;

/// git's own variables that change nothing but how it works on its own.
pub(super) const ENVIRONMENT: &[&str] = &[
    "GIT_OPTIONAL_LOCKS",
    "GIT_TERMINAL_PROMPT",
    "GIT_NO_LAZY_FETCH",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
];

/// Whether `git` may be started with these arguments in this directory.
pub(super) fn judge(cwd: &Place, arguments: &[String]) -> Result<(), Refusal> {
    let (directory, command, rest) = split(cwd, arguments)?;
    if !is_ours(&directory) {
        return Err(format!(
            "`git -C {directory}` is none of the run's directories"
        ));
    }
    let shape = SHAPES.iter().find(|Shape(name, ..)| *name == command);
    let Some(Shape(_, does, known)) = shape else {
        return Err(format!(
            "`git {command}` is not a command the policy knows; git may read (log, show, diff, \
             status, rev-parse, merge-base, describe, `tag --list`, …), and change what lies in \
             the run's own directory, never a remote"
        ));
    };
    let plain = words(command, rest, known)?;
    if *does == Does::Writes {
        return writing(&directory, command, rest, &plain);
    }
    let first = rest.first().map_or("", String::as_str);
    let reads = match command {
        // With `--list` its other words are patterns, not new tags.
        "tag" => first == "-l" || first == "--list",
        "branch" => matches!(first, "--show-current" | "--contains" | "--list"),
        "remote" => matches!(plain.as_slice(), [] | ["get-url", _]),
        "config" => first == "--get" || first == "--list",
        _ => true,
    };
    if reads {
        return Ok(());
    }
    Err(format!(
        "`git {command} {first}` is not a command the policy knows"
    ))
}

/// A command that writes: only in the run's directory.
fn writing(directory: &str, command: &str, rest: &[String], plain: &[&str]) -> Result<(), Refusal> {
    let outside = || Err(format!("`git {command}` outside the run directory"));
    match (command, plain) {
        ("worktree", ["list"]) => return Ok(()),
        // Reads the repository, writes a directory of the run.
        ("worktree", ["add", to, ..]) if in_run(to) => return Ok(()),
        ("worktree", ["remove", what]) if in_run(what) => return Ok(()),
        ("worktree", _) => return outside(),
        ("archive", _) => {
            let to = rest
                .iter()
                .filter_map(|word| word.strip_prefix("--output="));
            let mut to = to.peekable();
            if to.peek().is_some() && to.all(in_run) {
                return Ok(());
            }
            return outside();
        }
        ("clone", [from, to]) if is_ours(from) && in_run(to) => return Ok(()),
        // A remote may name any program; a directory names none.
        ("clone", _) => return Err("`git clone` of another place than the run's own".to_owned()),
        ("fetch", [from, ..]) if !is_ours(from) => {
            return Err("`git fetch` of another place than the run's own".to_owned());
        }
        ("fetch", []) => return Err("`git fetch` without saying from where".to_owned()),
        ("init", [to]) if !in_run(to) => return outside(),
        _ => {}
    }
    if in_run(directory) { Ok(()) } else { outside() }
}

/// The words that are not options, if every option is known.
fn words<'a>(command: &str, rest: &'a [String], known: &[&str]) -> Result<Vec<&'a str>, Refusal> {
    let mut plain = Vec::new();
    let mut rest = rest.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        if word == "--" || word == "--end-of-options" {
            plain.extend(rest);
            break;
        }
        if !word.starts_with('-') || word == "-" {
            plain.push(word);
            continue;
        }
        let name = word.split('=').next().unwrap_or(word);
        // `-n50` and the like: a number, never another option or a path.
        let number = name.len() > 2 && name[2..].bytes().all(|byte| byte.is_ascii_digit());
        let short = name.get(..2).filter(|_| number && !name.starts_with("--"));
        let empty_only = name == "--template" && word != "--template=";
        if empty_only
            || !(known.contains(&name) || short.is_some_and(|short| known.contains(&short)))
        {
            return Err(format!(
                "`{word}` is not an option of `git {command}` that the policy knows: it may make \
                 git run another program or write elsewhere"
            ));
        }
    }
    Ok(plain)
}

/// Whether a path is in one of the directories that the gate knows by name.
fn is_ours(path: &str) -> bool {
    let roots = [Place::RUN, Place::WORKSPACE, Place::STATE, Place::CACHE];
    roots.iter().any(|root| below(path, root))
}

fn in_run(path: &str) -> bool {
    below(path, Place::RUN)
}

fn below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|below| {
        (below.is_empty() || below.starts_with('/')) && below.split('/').all(|part| part != "..")
    })
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
            _ if word.strip_prefix("--work-tree=").is_some_and(in_run) => {
                at += 1;
                continue;
            }
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

/// The directory in which `git` only reads; none where it may write, or is not understood.
pub(super) fn reads_in(cwd: &Place, arguments: &[String]) -> Option<Place> {
    let (directory, command, _) = split(cwd, arguments).ok()?;
    let Shape(_, does, _) = SHAPES.iter().find(|Shape(name, ..)| *name == command)?;
    (*does == Does::Reads).then(|| Place::new(directory))
}

/// A setting can name a program to run, so only known ones may be given.
fn setting(text: &str) -> Result<(), Refusal> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let name = name.to_ascii_lowercase();
    let known = SETTINGS
        .iter()
        .any(|(known, only)| *known == name && only.is_none_or(|only| only == value));
    // Removing a filter runs nothing.
    let off = value.is_empty() || (value == "false" && name.ends_with(".required"));
    if known || (off && name.starts_with("filter.")) {
        return Ok(());
    }
    Err(format!(
        "the setting `{text}` of git is not one the policy knows"
    ))
}
