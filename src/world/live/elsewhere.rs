//! Removes unrelated paths from the recorded command lines of processes: evidence is given to
//! others, and must not show where this machine keeps what does not belong to the run.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::world::ProcessSeen;
use crate::world::process_rule::{CompiledRule, within_a_run};

/// The token for a directory that is none of the places.
const ELSEWHERE: &str = "‹elsewhere›";

/// Where every system keeps the same things.
const SYSTEM: [&str; 13] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/etc",
    "/dev",
    "/proc",
    "/sys",
    "/nix/store",
    "/snap",
    "/run/current-system",
    "/System",
];

// A path of at least two components, where a word may begin: not inside an address, not the rest of
// a symbolic path. A single component (`/health`, `/tmp`) reveals nothing about the machine.
static PATH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = r#"[^\s/'"`=,:;()\[\]{}<>|&\\‹›]+"#;
    let before = r#"^-[A-Za-z]|file://|^|[\s'"`=,:;()\[\]{}<>|&@]"#;
    Regex::new(&format!("({before})((?:/{word})(?:/+{word})+)")).ok()
});

/// Text without paths of this machine, but for those that every system has. What was cleared of
/// places before keeps them.
pub(super) fn text(text: &str) -> String {
    let Some(path) = &*PATH else {
        return text.to_owned();
    };
    let hidden = |found: &Captures<'_>| format!("{}{}", &found[1], hide(&found[2]));
    path.replace_all(text, hidden).into_owned()
}

/// Of a path its last part; of one in a run's directory also which run's it is, which decides
/// whose a process is.
fn hide(path: &str) -> String {
    let is_below = |root: &&str| {
        path.strip_prefix(*root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if SYSTEM.iter().any(is_below) {
        return path.to_owned();
    }
    let last = || path.rsplit('/').find(|part| !part.is_empty());
    let kept = within_a_run(path).or_else(last).unwrap_or_default();
    format!("{ELSEWHERE}/{kept}")
}

/// A process without paths of this machine, unless a rule would then give another result: a replay
/// judges by what is recorded.
pub(super) fn process<'r>(
    seen: &ProcessSeen,
    rules: &(impl Iterator<Item = &'r CompiledRule> + Clone),
) -> ProcessSeen {
    let argv = seen.argv.iter().map(|argument| text(argument)).collect();
    let hidden = |home: &String| {
        if home.starts_with('/') {
            hide(home)
        } else {
            home.clone()
        }
    };
    let home = seen.home.as_ref().map(hidden);
    let without_home = ProcessSeen {
        home,
        ..seen.clone()
    };
    let without_any = ProcessSeen {
        argv,
        ..without_home.clone()
    };
    let same = |told: &ProcessSeen| rules.clone().all(|rule| rule.says_the_same(seen, told));
    [without_any, without_home]
        .into_iter()
        .find(same)
        .unwrap_or_else(|| seen.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{ProcessIdentity, ProcessRule};

    #[test]
    fn other_peoples_paths_are_hidden_and_nothing_else() {
        for (seen, told) in [
            ("/tmp/gate-x/venv/bin/python3", "‹elsewhere›/python3"),
            ("--log=/home/al/x/y.log", "--log=‹elsewhere›/y.log"),
            ("-I/home/al/include", "-I‹elsewhere›/include"),
            ("/a/b:/c/d/", "‹elsewhere›/b:‹elsewhere›/d/"),
            (
                "open('/srv/x/y', file:///srv/z)",
                "open('‹elsewhere›/y', file://‹elsewhere›/z)",
            ),
            (
                "/tmp/g/state/runs/01M8DTC5WX03GEZTD81PQ1WJDT/home/bin/x",
                "‹elsewhere›/runs/01M8DTC5WX03GEZTD81PQ1WJDT/home/bin/x",
            ),
        ] {
            assert_eq!(text(seen), told);
            assert_eq!(text(told), told);
        }
        for same in [
            "/usr/bin/python3",
            "/nix/store/abc-python/bin/python3",
            "‹run›/home/bin/spec-kitty",
            "https://host/a/b",
            "s/a/b/",
            "/health",
            "relative/path/x",
            "run_sync_daemon(9400, '‹secret:daemon-token›')",
        ] {
            assert_eq!(text(same), same);
        }
    }

    fn daemon(home: &str) -> ProcessSeen {
        ProcessSeen {
            identity: ProcessIdentity { pid: 7, started: 9 },
            parent: 1,
            ours: true,
            ancestor: false,
            program: "python3".to_owned(),
            argv: ["/srv/venv/bin/python3", "/srv/tools/sync.py"]
                .map(str::to_owned)
                .into(),
            home: Some(home.to_owned()),
        }
    }

    fn rule(argument: &str, homes: &[&str]) -> CompiledRule {
        ProcessRule {
            name: "daemon".to_owned(),
            program: vec!["python*".to_owned()],
            argv: vec![argument.to_owned()],
            homes: homes.iter().map(|home| (*home).to_owned()).collect(),
        }
        .compile()
        .unwrap()
    }

    #[test]
    fn a_rule_says_the_same_of_what_is_told() {
        let run = "/tmp/g/runs/01M8DTC5WX03GEZTD81PQ1WJDT/home";
        let told = process(&daemon(run), &[rule(".*sync.py", &[])].iter());
        assert_eq!(told.argv, ["‹elsewhere›/python3", "‹elsewhere›/sync.py"]);
        let kept = "‹elsewhere›/runs/01M8DTC5WX03GEZTD81PQ1WJDT/home";
        assert_eq!(
            told.home.as_deref(),
            Some(kept),
            "it is still another run's"
        );
        // A rule that matches these very paths finds them.
        let told = process(
            &daemon("/srv/home"),
            &[rule("/srv/tools/sync.py", &[])].iter(),
        );
        assert_eq!(told.argv, daemon("").argv);
        assert_eq!(told.home.as_deref(), Some("‹elsewhere›/home"));
        let told = process(
            &daemon("/srv/home"),
            &[rule(".*sync.py", &["/srv/home"])].iter(),
        );
        assert_eq!(told.home.as_deref(), Some("/srv/home"));
    }
}
