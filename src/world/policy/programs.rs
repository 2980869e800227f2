//! Which programs may be started, and with which forms of command lines.

use super::words::{Refusal, file_name};
use super::{fly, gh, git, python_tools};
use crate::model::ResolvedPolicy;
use crate::world::{Place, Program};

/// Programs that write where the policy counts every write.
const COUNTED: &[&str] = &["gh", "flyctl", "fly", "git"];
/// Programs that run the program named in their arguments, or in a text.
const SHELLS: &[&str] = &[
    "bash", "sh", "ash", "dash", "hush", "zsh", "ksh", "mksh", "csh", "tcsh", "fish",
];
/// Programs that are many: their first argument says which.
const MANY: &[&str] = &["busybox", "toybox"];
/// Commands that publish.
const PUBLISHING: &[&str] = &["publish", "upload"];

const NOT_LISTED: &str = "not in policy.programs";

/// Whether a program of this name may be started at all.
pub(super) fn judge_name(lists: &ResolvedPolicy, name: &str) -> Result<(), Refusal> {
    if listed(lists, name) {
        return Ok(());
    }
    let argv = [name.to_owned()];
    Err(format!("`{}`: {NOT_LISTED}", shown(&argv)))
}

/// Whether the program may be started.
pub(super) fn judge(lists: &ResolvedPolicy, program: &Program) -> Result<(), Refusal> {
    let Some((path, arguments)) = program.argv.split_first() else {
        return Err("starting nothing: the argument list is empty".to_owned());
    };
    let refused = |why: &str| format!("`{}`: {why}", shown(&program.argv));
    if !listed(lists, path) {
        return Err(refused(NOT_LISTED));
    }
    let environment = Environment(program);
    match file_name(path) {
        "gh" => {
            environment
                .only("GH_", gh::ENVIRONMENT)
                .map_err(|why| refused(&why))?;
            gh::judge(lists, arguments, program.stdin.as_deref()).map_err(|why| refused(&why))
        }
        "flyctl" | "fly" => {
            environment
                .only("FLY_", fly::ENVIRONMENT)
                .map_err(|why| refused(&why))?;
            fly::judge(lists, arguments).map_err(|why| refused(&why))
        }
        "git" => {
            environment
                .only("GIT_", git::ENVIRONMENT)
                .map_err(|why| refused(&why))?;
            git::judge(&program.cwd, arguments).map_err(|why| refused(&why))
        }
        name => {
            let tool = match name {
                "uv" => python_tools::uv(lists, program),
                "pipx" => python_tools::pipx(arguments),
                _ => Ok(()),
            };
            let judged = other(name, arguments).and(tool);
            judged.map_err(|why| refused(&why))
        }
    }
}

/// Variables that a program is given.
struct Environment<'a>(&'a Program);

impl Environment<'_> {
    /// Of the variables with this prefix, only these; and none that would load code, or put
    /// another program in a program's place.
    fn only(&self, prefix: &str, known: &[&str]) -> Result<(), Refusal> {
        const FOREIGN: &[&str] = &["PATH", "PAGER", "BROWSER", "EDITOR", "VISUAL"];
        let wrong = |name: &&String| {
            (name.starts_with(prefix) && !known.contains(&name.as_str()))
                || name.starts_with("GITHUB_")
                || name.starts_with("LD_")
                || name.starts_with("DYLD_")
                || FOREIGN.contains(&name.as_str())
        };
        match self.0.env.keys().chain(&self.0.pass).find(wrong) {
            Some(name) => Err(format!("the variable `{name}` is not one the policy knows")),
            None => Ok(()),
        }
    }
}

/// A bare name must be listed; what the gate installed into the run is the run's own.
fn listed(lists: &ResolvedPolicy, path: &str) -> bool {
    if lists.programs.iter().any(|program| program == path) {
        return true;
    }
    let inside = path
        .strip_prefix(Place::RUN)
        .is_some_and(|below| below.starts_with('/') && below.split('/').all(|part| part != ".."));
    // By its own name, so that it cannot be a hidden `gh`.
    inside && !COUNTED.contains(&file_name(path))
}

fn other(name: &str, arguments: &[String]) -> Result<(), Refusal> {
    if SHELLS.contains(&name) {
        shell(arguments)?;
    }
    if MANY.contains(&name)
        && let Some((inner, rest)) = arguments.split_first()
    {
        other(file_name(inner), rest)?;
    }
    if let Some(word) = arguments
        .iter()
        .find(|word| COUNTED.contains(&file_name(word)))
    {
        return Err(format!(
            "`{word}` may only be started by itself, where it can be judged"
        ));
    }
    let first = arguments.first().map_or("", String::as_str);
    let publishes = ["twine", "poetry", "hatch", "flit"].contains(&name);
    if publishes && PUBLISHING.contains(&first) {
        return Err("the gate never publishes".to_owned());
    }
    Ok(())
}

/// A shell runs a script file, or checks one; never a command text, which cannot be judged.
fn shell(arguments: &[String]) -> Result<(), Refusal> {
    let script = match arguments {
        [flag] if flag == "--version" => return Ok(()),
        [flag, script, ..] if flag == "-n" => script,
        [script, ..] => script,
        [] => {
            let why = "a shell without a script reads its input; give it a script file";
            return Err(why.to_owned());
        }
    };
    if script.starts_with('-') || script.starts_with('+') {
        return Err(format!(
            "nobody can judge what `{script}` gives a shell; it may run a script file, as in \
             `bash SCRIPT ARGUMENT…`, or check one, as in `bash -n SCRIPT`"
        ));
    }
    if is_stream(script) {
        return Err(format!(
            "`{script}` is no script file: nobody can judge what a shell is given through it"
        ));
    }
    Ok(())
}

/// Whether a path may lead below `/dev` or `/proc`, where a script is what somebody pipes in.
fn is_stream(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    let streams = |part: &str| ["dev", "proc"].contains(&part);
    if path.split('/').any(|part| part == "..") {
        return parts.any(streams);
    }
    path.starts_with('/') && parts.next().is_some_and(streams)
}

/// An argument list as one short line.
fn shown(argv: &[String]) -> String {
    const LETTERS: usize = 160;
    let line = argv.join(" ").escape_debug().to_string();
    match line.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(line: &str) -> Result<(), Refusal> {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('~', " ")).collect();
        let lists = ResolvedPolicy {
            programs: vec![words[0].clone()],
            ..ResolvedPolicy::default()
        };
        judge(&lists, &Program::new(words))
    }

    #[test]
    fn a_shell_is_given_script_files_only_whatever_it_is_called() {
        for line in [
            "busybox sh -c gh~issue~close~1",
            "busybox ash -c x",
            "busybox /bin/sh -c x",
            "busybox sh",
            "busybox busybox sh -c x",
            "toybox sh -c x",
            "tcsh -c x",
            "bash /dev/stdin",
            "bash -n /dev/stdin",
            "bash //dev/./stdin",
            "bash /dev/fd/0",
            "bash /proc/self/fd/0",
            "bash /tmp/../dev/stdin",
            "bash ../../dev/stdin",
            "bash ‹run›/../../proc/self/fd/0",
            "busybox sh /dev/stdin",
        ] {
            let refusal = judged(line).expect_err(line);
            assert!(refusal.contains("script"), "{line}: {refusal}");
        }
        let hidden = judged("busybox env gh issue close 1").expect_err("gh");
        assert!(hidden.contains("by itself"), "{hidden}");
        for line in [
            "bash scripts/dev/canary.sh --yes",
            "bash ../scripts/canary.sh",
            "bash ‹workspace›/dev/canary.sh",
            "bash -n /opt/proc/canary.sh",
            "busybox sh scripts/canary.sh",
            "busybox cat x",
            "busybox",
        ] {
            assert_eq!(judged(line), Ok(()), "{line}");
        }
    }
}
