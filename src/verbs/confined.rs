//! A program of the gate file's own in its sandbox: what it declares is what it gets, and no more.

use std::collections::BTreeMap;

use crate::model::is_template;
use crate::verb::{Input, Wrong};
use crate::world::{EnvBase, Place, Program, Sandbox, Toolchain};

/// What a program declares of itself.
pub(super) struct Confined<'a> {
    pub(super) argv: &'a [String],
    pub(super) project: Option<&'a str>,
    pub(super) cwd: Option<&'a str>,
    pub(super) env: &'a BTreeMap<String, String>,
    pub(super) pass: &'a [String],
    pub(super) tools: &'a [Toolchain],
    pub(super) reads: &'a [String],
    pub(super) writes: &'a [String],
    pub(super) network: bool,
    pub(super) processes: bool,
}

/// For fields that are left out where they say nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

/// Whether a word of a command names something that is neither in a checkout nor of the system.
fn is_elsewhere(word: &str) -> bool {
    const SYSTEM: [&str; 8] = [
        "/bin/",
        "/dev/",
        "/etc/",
        "/lib",
        "/nix/store/",
        "/gnu/store/",
        "/sbin/",
        "/usr/",
    ];
    word.starts_with('/') && !SYSTEM.iter().any(|system| word.starts_with(system))
}

impl<'a> Confined<'a> {
    /// The program with its sandbox, limits not yet set.
    pub(super) fn program(&self, argv: impl IntoIterator<Item = String>) -> Program {
        let mut program = Program::new(argv);
        if let Some(project) = self.project {
            program.cwd = Place::workspace(project).join(self.cwd.unwrap_or_default());
        }
        program.base = EnvBase::Bare;
        program.env.clone_from(self.env);
        program.pass = self.pass.iter().cloned().collect();
        program.sandbox = Some(Box::new(self.sandbox()));
        program
    }

    fn sandbox(&self) -> Sandbox {
        let places = |paths: &[String]| -> Vec<Place> {
            paths.iter().map(|path| Place::workspace(path)).collect()
        };
        let mut readable = places(self.reads);
        readable.extend(self.project.map(Place::workspace));
        Sandbox {
            readable,
            writable: places(self.writes),
            network: self.network,
            processes: self.processes,
            toolchains: self.tools.iter().copied().collect(),
            ..Sandbox::default()
        }
    }

    /// Whether nothing outside can be changed by it, as far as its sandbox goes.
    pub(super) fn only_reads(&self) -> bool {
        self.writes.is_empty() && self.pass.is_empty() && !self.network && !self.processes
    }

    /// What its result depends on.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let first = |path: &'a String| path.split('/').next().unwrap_or(path);
        let mut names: Vec<&str> = self.project.into_iter().collect();
        names.extend(self.reads.iter().map(first));
        names.sort_unstable();
        names.dedup();
        let checkout = |name: &str| Input::Checkout(name.to_owned());
        let elsewhere = self.argv.iter().filter(|word| is_elsewhere(word));
        let elsewhere = elsewhere.map(|word| Input::Elsewhere(word.clone()));
        names.into_iter().map(checkout).chain(elsewhere).collect()
    }

    /// The directories at the top of its project that it writes, each with the project.
    pub(super) fn fills(&self) -> Vec<(&'a str, &'a str)> {
        let below = |path: &'a String| {
            let project = self.project?;
            let rest = path.strip_prefix(project)?.strip_prefix('/')?;
            (!rest.contains('/')).then_some((project, rest))
        };
        self.writes.iter().filter_map(below).collect()
    }

    /// What it may do beyond reading its project.
    pub(super) fn may(&self) -> Vec<String> {
        let listed = |what: &str, items: &[String]| {
            (!items.is_empty()).then(|| format!("{what} {}", items.join(", ")))
        };
        let flag = |what: &str, on: bool| on.then(|| what.to_owned());
        let login = self.tools.iter().any(|tool| tool.is_a_login());
        [
            listed("writes", self.writes),
            listed("gets", self.pass),
            flag("reaches the network", self.network),
            flag("sees processes", self.processes),
            flag("reads a login of yours", login),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What is wrong with what it declares.
    pub(super) fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        for (name, paths) in [("reads", self.reads), ("writes", self.writes)] {
            let at = |index: usize| format!("{name}[{index}]");
            let odd = paths.iter().enumerate().filter(|(_, path)| !is_below(path));
            wrong.extend(odd.map(|(index, path)| outside(at(index), path)));
        }
        for (name, path) in [("project", self.project), ("cwd", self.cwd)] {
            wrong.extend(
                path.filter(|path| !is_below(path))
                    .map(|path| outside(name, path)),
            );
        }
        if self.cwd.is_some() && self.project.is_none() {
            let what = "`cwd` is a directory below a project, and there is none";
            wrong.push(Wrong::new("cwd", what, "add `project`"));
        }
        for name in self.env.keys().filter(|name| !is_variable(name)) {
            let what = format!("`{name}` is no name of a variable");
            wrong.push(Wrong::new(
                format!("env.{name}"),
                what,
                "use letters, digits and `_`",
            ));
        }
        for (index, name) in self.pass.iter().enumerate() {
            let at = format!("pass[{index}]");
            if !is_variable(name) {
                let what = format!("`{name}` is no name of a variable");
                let help = "write the name alone: its value comes from your environment";
                wrong.push(Wrong::new(at, what, help));
            } else if self.env.contains_key(name) {
                let what = format!("`{name}` is set by `env` as well");
                wrong.push(Wrong::new(at, what, "take one of them out"));
            }
        }
        wrong
    }
}

fn outside(at: impl Into<String>, path: &str) -> Wrong {
    let what = format!("`{path}` is no path in the workspace");
    let help = "write it relative to the workspace, without `..`, such as `service/target`";
    Wrong::new(at, what, help)
}

/// Whether a path stays below the directory that it is relative to.
pub(super) fn is_below(path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    is_template(path) || (path.split('/').all(plain) && !path.contains(['‹', '\0', '\\']))
}

fn is_variable(name: &str) -> bool {
    let of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    is_template(name)
        || (name.chars().all(of_name) && !name.starts_with(|c: char| c.is_ascii_digit()))
            && !name.is_empty()
}
