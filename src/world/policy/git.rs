//! The allowed forms of `git` command lines: reading anywhere, writing only in the run directory,
//! and never to a remote.

mod shapes;
#[cfg(test)]
mod tests;

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
    let Words { plain, given } = words(command, rest, (*does, known))?;
    if *does == Does::Writes {
        return writing(&directory, command, &plain, &given);
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
fn writing(
    directory: &str,
    command: &str,
    plain: &[&str],
    given: &[(&str, &str)],
) -> Result<(), Refusal> {
    let values = |option: &'static str| {
        let of = given.iter().filter(move |(name, _)| *name == option);
        of.map(|(_, value)| *value)
    };
    let outside = || Err(format!("`git {command}` outside the run directory"));
    match (command, plain) {
        ("worktree", ["list"]) => return Ok(()),
        // Reads the repository, writes a directory of the run.
        ("worktree", ["add", to, ..]) if in_run(to) => return Ok(()),
        ("worktree", ["remove", what]) if in_run(what) => return Ok(()),
        ("init", []) => {}
        ("init", [to]) if in_run(to) => {}
        ("worktree" | "init", _) => return outside(),
        ("archive", _) => {
            let mut to = values("--output").peekable();
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
        // The prefix is the start of a path, which may lead anywhere.
        ("checkout-index", _) if !values("--prefix").all(|to| in_run(to) || stays_below(to)) => {
            return outside();
        }
        _ => {}
    }
    if in_run(directory) { Ok(()) } else { outside() }
}

/// What follows a command.
#[derive(Default)]
struct Words<'a> {
    /// The words that are no options.
    plain: Vec<&'a str>,
    /// Values of the options in [`PLACED`] of a command that writes, with their option.
    given: Vec<(&'a str, &'a str)>,
}

/// Options of commands that write whose value must not be taken for a place to write at, or is
/// one; each may have it in the next word.
const PLACED: &[&str] = &[
    "--branch",
    "--depth",
    "--format",
    "--initial-branch",
    "--object-format",
    "--output",
    "--prefix",
];
/// Commands in which `--` does not end the options: `blame -- FILE REVISION` puts what is last
/// first, and `update-index --cacheinfo` takes three words, whatever they are.
const ENDLESS: &[&str] = &["blame", "update-index"];

/// The words behind a command, where every option is known.
fn words<'a>(
    command: &str,
    rest: &'a [String],
    (does, known): (Does, &[&str]),
) -> Result<Words<'a>, Refusal> {
    let mut words = Words::default();
    let mut rest = rest.iter().map(String::as_str);
    let mut before = "";
    while let Some(word) = rest.next() {
        let last = std::mem::replace(&mut before, word);
        if word == "--" || word == "--end-of-options" {
            // Behind an option it may be the option's value, as in `--grep --end-of-options`: what
            // follows is then an option yet.
            let is_value = last.starts_with('-') && !last.contains('=');
            if is_value || ENDLESS.contains(&command) {
                continue;
            }
            words.plain.extend(rest);
            break;
        }
        if !word.starts_with('-') || word == "-" {
            words.plain.push(word);
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        if !is_known(word, name, known) {
            return Err(format!(
                "`{word}` is not an option of `git {command}` that the policy knows: it may make \
                 git run another program or write elsewhere"
            ));
        }
        if does == Does::Writes && PLACED.contains(&name) {
            let value = value.or_else(|| rest.next().filter(|next| !next.starts_with('-')));
            let value =
                value.ok_or_else(|| format!("`{word}` of `git {command}` lacks its value"))?;
            words.given.push((name, value));
            before = value;
        }
    }
    Ok(words)
}

/// Whether an option is one of these: spelled out, or a letter with a number behind it.
fn is_known(word: &str, name: &str, known: &[&str]) -> bool {
    // A template holds hooks, which git would run.
    if name == "--template" && word != "--template=" {
        return false;
    }
    // `-n50` and the like: a number, never another option or a path.
    let number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let short = name
        .split_at_checked(2)
        .filter(|(short, digits)| *short != "--" && number(digits));
    known.contains(&name) || short.is_some_and(|(short, _)| known.contains(&short))
}

/// Whether a path is in one of the directories that the gate knows by name.
fn is_ours(path: &str) -> bool {
    let roots = [Place::RUN, Place::WORKSPACE, Place::STATE, Place::CACHE];
    roots.iter().any(|root| below(path, root))
}

fn in_run(path: &str) -> bool {
    below(path, Place::RUN)
}

/// Whether a path is relative and leads nowhere above where it starts.
fn stays_below(path: &str) -> bool {
    // A place by its name is the start of a path that is not relative.
    !path.starts_with('/') && !path.contains('‹') && path.split('/').all(|part| part != "..")
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
