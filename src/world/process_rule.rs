//! Whether a process matches a rule: decided by its program and the structure of its arguments,
//! never by a substring of its command line. Pure; sends no signal and lists nothing.

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};

use super::spared::{RuleError, Spared};
use super::{ProcessRule, ProcessSeen};

/// A rule with its patterns compiled once.
#[derive(Debug, Clone)]
pub struct CompiledRule {
    name: String,
    program: Vec<GlobMatcher>,
    argv: Vec<Regex>,
    /// Words of the patterns for arguments that are long enough to be distinctive.
    telling: Vec<String>,
    wanted: Vec<String>,
    homes: Vec<String>,
}

impl ProcessRule {
    /// Compiles the rule.
    ///
    /// # Errors
    /// A pattern that is not valid.
    pub fn compile(&self) -> Result<CompiledRule, RuleError> {
        let wrong = |pattern: &str, reason: String| RuleError {
            rule: self.name.clone(),
            pattern: pattern.to_owned(),
            reason,
        };
        let program = |pattern: &String| {
            // The interpreter of macOS's frameworks is called `Python`.
            GlobBuilder::new(pattern)
                .case_insensitive(true)
                .build()
                .map(|glob| glob.compile_matcher())
                .map_err(|error| wrong(pattern, error.kind().to_string()))
        };
        let argument = |pattern: &String| {
            // Compiled alone first: `a)|(b` must not escape the anchors around it.
            let alone = RegexBuilder::new(pattern).size_limit(0).build();
            match alone {
                Err(error @ regex::Error::Syntax(_)) => Err(error),
                // A size error is acceptable here: only whether it can be parsed is checked.
                _ => Regex::new(&format!(r"\A(?:{pattern})\z")),
            }
            .map_err(|error| wrong(pattern, error.to_string()))
        };
        Ok(CompiledRule {
            name: self.name.clone(),
            program: self.program.iter().map(program).collect::<Result<_, _>>()?,
            argv: self.argv.iter().map(argument).collect::<Result<_, _>>()?,
            telling: self.telling(),
            wanted: self.program.clone(),
            homes: self.homes.clone(),
        })
    }

    fn telling(&self) -> Vec<String> {
        let words = self
            .argv
            .iter()
            .flat_map(|pattern| pattern.split(|c: char| !c.is_alphanumeric() && c != '_'));
        let telling = words.filter(|word| word.len() > 8);
        telling.map(str::to_owned).collect()
    }

    /// Whether program and arguments match the rule, whoever owns the process.
    #[must_use]
    pub fn matches(&self, seen: &ProcessSeen) -> bool {
        self.compile().is_ok_and(|rule| rule.matches(seen))
    }

    /// Why the process may not be ended by this rule.
    ///
    /// # Errors
    /// The first reason to skip it.
    pub fn explain(&self, seen: &ProcessSeen) -> Result<(), Spared> {
        self.compile().map_err(Spared::BadRule)?.explain(seen)
    }
}

impl CompiledRule {
    /// The rule's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether program and arguments match the rule, whoever owns the process.
    #[must_use]
    pub fn matches(&self, seen: &ProcessSeen) -> bool {
        self.structure(seen).is_ok()
    }

    /// Whether it is a candidate for the rule: this user's process that runs one of its programs.
    #[must_use]
    pub fn is_kin(&self, seen: &ProcessSeen) -> bool {
        seen.ours && self.runs(seen)
    }

    /// Whether it runs one of the rule's programs.
    #[must_use]
    pub fn runs(&self, seen: &ProcessSeen) -> bool {
        self.program.iter().any(|glob| glob.is_match(&seen.program))
    }

    /// Whether a search for a substring of its arguments would find it.
    #[must_use]
    pub fn is_named_by(&self, seen: &ProcessSeen) -> bool {
        let argv = &seen.argv;
        argv.iter()
            .any(|argument| self.telling.iter().any(|word| argument.contains(word)))
    }

    /// Why the process may not be ended by this rule.
    ///
    /// # Errors
    /// The first reason to skip it.
    pub fn explain(&self, seen: &ProcessSeen) -> Result<(), Spared> {
        self.structure(seen)?;
        if seen.ancestor {
            return Err(Spared::Ancestor);
        }
        if !seen.ours {
            return Err(Spared::AnotherUser);
        }
        Ok(())
    }

    /// Whether it gives the same result for both, apart from the wording.
    pub(crate) fn says_the_same(&self, one: &ProcessSeen, other: &ProcessSeen) -> bool {
        let judged = |seen: &ProcessSeen| match self.explain(seen) {
            Err(Spared::AnotherRun { run }) => (Some(run), None),
            Err(why) => (None, Some(std::mem::discriminant(&why))),
            Ok(()) => (None, None),
        };
        judged(one) == judged(other) && self.is_named_by(one) == self.is_named_by(other)
    }

    fn structure(&self, seen: &ProcessSeen) -> Result<(), Spared> {
        if !self.runs(seen) {
            return Err(Spared::Program {
                seen: seen.program.clone(),
                wanted: self.wanted.join("`, `"),
            });
        }
        let arguments = seen.argv.get(1..).unwrap_or_default();
        let pairs = self.argv.iter().zip(arguments).enumerate();
        for (index, (pattern, argument)) in pairs {
            if !pattern.is_match(argument) {
                return Err(Spared::Argument {
                    index: index + 1,
                    seen: beginning(argument),
                    wanted: pattern.as_str().to_owned(),
                });
            }
        }
        if arguments.len() != self.argv.len() {
            return Err(Spared::ArgumentCount {
                seen: arguments.len(),
                wanted: self.argv.len(),
            });
        }
        self.home(seen)
    }

    fn home(&self, seen: &ProcessSeen) -> Result<(), Spared> {
        if let Some(run) = seen.home.as_deref().and_then(run_of) {
            return Err(Spared::AnotherRun {
                run: run.to_owned(),
            });
        }
        let holds = |place: &String| {
            let home = seen.home.as_deref().unwrap_or_default();
            home.strip_prefix(place.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.homes.is_empty() || self.homes.iter().any(holds) {
            return Ok(());
        }
        Err(Spared::Home {
            seen: seen.home.clone(),
        })
    }
}

/// The run whose throwaway home contains a path. This run's own is a symbolic path, so it names no
/// run.
fn run_of(home: &str) -> Option<&str> {
    within_a_run(home)?.split('/').nth(1)
}

/// What of a path leads into a run's throwaway home, from `runs` on.
pub(crate) fn within_a_run(path: &str) -> Option<&str> {
    let starts = path.match_indices("runs/").map(|(at, _)| at);
    let whole = |at: &usize| *at == 0 || path[..*at].ends_with('/');
    starts.filter(whole).map(|at| &path[at..]).find(|rest| {
        let mut parts = rest.split('/').skip(1);
        let run = parts.next().unwrap_or_default();
        ulid::Ulid::from_string(run).is_ok() && parts.next() == Some("home")
    })
}

/// An argument as one short line.
fn beginning(argument: &str) -> String {
    const LETTERS: usize = 60;
    let line = argument.escape_debug().to_string();
    match line.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ProcessIdentity;

    fn rule() -> ProcessRule {
        ProcessRule {
            name: "sync-daemon".into(),
            program: vec!["python*".into()],
            argv: vec![
                "-c".into(),
                r"\s*from specify_cli\.sync\.daemon import run_sync_daemon\s+run_sync_daemon\(\d+, '[^']*'\)\s*".into(),
            ],
            homes: Vec::new(),
        }
    }

    fn process(program: &str, argv: &[&str]) -> ProcessSeen {
        ProcessSeen {
            identity: ProcessIdentity { pid: 7, started: 9 },
            parent: 1,
            ours: true,
            ancestor: false,
            program: program.into(),
            argv: argv.iter().map(|text| (*text).to_owned()).collect(),
            home: Some("‹home›/of-1".to_owned()),
        }
    }

    #[test]
    fn a_home_elsewhere_spares() {
        let daemon = process("python3", &["python3", "-c", SCRIPT]);
        let at_home = ProcessRule {
            homes: vec!["‹home›".into()],
            ..rule()
        };
        assert_eq!(at_home.explain(&daemon), Ok(()));
        for home in [
            None,
            Some("/elsewhere".to_owned()),
            Some("‹home›-of-another".to_owned()),
        ] {
            let stranger = ProcessSeen {
                home: home.clone(),
                ..daemon.clone()
            };
            assert_eq!(at_home.explain(&stranger), Err(Spared::Home { seen: home }));
        }
    }

    #[test]
    fn a_home_of_another_run_spares_though_the_rule_holds_it() {
        let at_home = ProcessRule {
            homes: vec!["‹home›".into()],
            ..rule()
        };
        let mut daemon = process("python3", &["python3", "-c", SCRIPT]);
        let run = "01KB0000000000000000000000";
        daemon.home = Some(format!("‹home›/.local/state/gate/runs/{run}/home"));
        let spared = at_home.explain(&daemon).unwrap_err();
        assert_eq!(spared.to_string(), format!("belongs to run {run}"));
        for home in ["‹home›/runs/2026/home", "‹home›/home/runs"] {
            daemon.home = Some(home.to_owned());
            assert_eq!(at_home.explain(&daemon), Ok(()));
        }
    }

    const SCRIPT: &str =
        "\nfrom specify_cli.sync.daemon import run_sync_daemon\nrun_sync_daemon(9407, 'TOKEN')\n";

    #[test]
    fn the_real_daemon_matches() {
        for program in ["python", "python3", "python3.11", "Python"] {
            let seen = process(program, &["/venv/bin/python", "-c", SCRIPT]);
            assert_eq!(rule().explain(&seen), Ok(()));
        }
    }

    #[test]
    fn a_redacted_daemon_still_matches() {
        let redacted = SCRIPT.replace("TOKEN", "‹secret:daemon-token›");
        assert!(rule().matches(&process("python3", &["python", "-c", &redacted])));
    }

    #[test]
    fn look_alikes_are_spared_and_say_why() {
        let cases: &[(ProcessSeen, &str)] = &[
            (
                process("vim", &["vim", "run_sync_daemon.py"]),
                "runs `vim`, not `python*`",
            ),
            (
                process("grep", &["grep", "-c", SCRIPT]),
                "runs `grep`, not `python*`",
            ),
            (
                process("bash", &["bash", "-c", SCRIPT]),
                "runs `bash`, not `python*`",
            ),
            (
                process("python3", &["python", "-m", "run_sync_daemon"]),
                "argument 1 is `-m`",
            ),
            (
                process(
                    "python3",
                    &["python", "-c", "print('run_sync_daemon(1, \\'x\\')')"],
                ),
                "argument 2 is",
            ),
            (
                process("python3", &["python", "-c", &format!("{SCRIPT}import os")]),
                "argument 2 is",
            ),
            (
                process("python3", &["python", "-c", SCRIPT, "more"]),
                "has 3 arguments, not 2",
            ),
            (
                process("python3", &["python", "-c"]),
                "has 1 arguments, not 2",
            ),
            (process("python3", &[]), "has 0 arguments, not 2"),
        ];
        for (seen, why) in cases {
            let spared = rule().explain(seen).unwrap_err().to_string();
            assert!(spared.contains(why), "{spared} / {why}");
            assert!(!rule().matches(seen));
        }
    }

    #[test]
    fn owners_and_ancestors_are_spared_though_they_match() {
        let mut seen = process("python3", &["python", "-c", SCRIPT]);
        seen.ours = false;
        assert!(rule().matches(&seen));
        assert_eq!(rule().explain(&seen), Err(Spared::AnotherUser));
        seen.ancestor = true;
        assert_eq!(rule().explain(&seen), Err(Spared::Ancestor));
    }

    #[test]
    fn a_broken_rule_means_nothing() {
        let mut broken = rule();
        broken.argv[1] = "(".into();
        let seen = process("python3", &["python", "-c", SCRIPT]);
        assert!(!broken.matches(&seen));
        assert!(matches!(broken.explain(&seen), Err(Spared::BadRule(_))));
    }

    #[test]
    fn alternatives_in_a_pattern_stay_anchored() {
        let mut loose = rule();
        loose.argv = vec!["-c".into(), "a|b".into()];
        assert!(!loose.matches(&process("python3", &["python", "-c", "ax"])));
        assert!(loose.matches(&process("python3", &["python", "-c", "b"])));
    }
}
