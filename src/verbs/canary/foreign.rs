//! Whether a program that somebody else ran could have touched a protocol. In doubt it could.

use regex::Regex;

use crate::world::{Observation, ProcessSeen};

/// Whether this command line may concern the daemons that were observed, or the service.
pub(in crate::verbs) fn concerns(
    program: &str,
    argv: &[String],
    all: &[Observation],
    app: &str,
) -> bool {
    let arguments = argv.get(1..).unwrap_or_default();
    let mut daemons = all.iter().flat_map(|seen| &seen.processes);
    match program {
        "kill" => targets(arguments)
            .is_none_or(|pids| daemons.any(|daemon| pids.contains(&daemon.identity.pid))),
        "pkill" => pattern(arguments)
            .is_none_or(|(pattern, whole)| daemons.any(|daemon| found(&pattern, whole, daemon))),
        "killall" => match arguments {
            [name] => daemons.any(|daemon| daemon.program.starts_with(name.as_str())),
            _ => true,
        },
        "flyctl" | "fly" => other_app(arguments, app).is_none(),
        _ => true,
    }
}

/// The pids that a `kill` names; none when it names anything else.
fn targets(arguments: &[String]) -> Option<Vec<u32>> {
    let is_signal = |text: &str| {
        text.strip_prefix('-')
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphanumeric()) && rest != "s")
    };
    let mut words = arguments.iter().map(String::as_str).peekable();
    if words.peek().is_some_and(|first| is_signal(first)) {
        words.next();
    }
    words.map(|word| word.parse().ok()).collect()
}

/// What a `pkill` looks for, and whether in the whole command line; none when it is told more
/// than that.
fn pattern(arguments: &[String]) -> Option<(Regex, bool)> {
    let (pattern, options) = arguments.split_last()?;
    let whole = options.iter().any(|option| option == "-f");
    let is_number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    // A single capital is an option that says more, such as `-U`; a number is a signal's.
    let is_name = |text: &str| {
        text.len() > 1
            && text
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let plain = |option: &String| {
        ["-f", "-e"].contains(&option.as_str())
            || option
                .strip_prefix('-')
                .is_some_and(|signal| is_number(signal) || is_name(signal))
    };
    options
        .iter()
        .all(plain)
        .then(|| Regex::new(pattern).ok())
        .flatten()
        .map(|pattern| (pattern, whole))
}

fn found(pattern: &Regex, whole: bool, daemon: &ProcessSeen) -> bool {
    pattern.is_match(&daemon.program) || whole && pattern.is_match(&daemon.argv.join(" "))
}

/// The application that a command names when it is another than the service's.
fn other_app(arguments: &[String], app: &str) -> Option<String> {
    let named =
        arguments
            .iter()
            .enumerate()
            .find_map(|(index, argument)| match argument.split_once('=') {
                Some(("--app", name)) => Some(name.to_owned()),
                _ if argument == "-a" || argument == "--app" => arguments.get(index + 1).cloned(),
                _ => None,
            });
    named.filter(|name| !app.is_empty() && name != app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::ProcessIdentity;

    fn seen() -> Vec<Observation> {
        let daemon = ProcessSeen {
            identity: ProcessIdentity {
                pid: 77,
                started: 1,
            },
            parent: 1,
            ours: true,
            ancestor: false,
            program: "python3.11".into(),
            argv: ["python3", "-c", "\nrun_sync_daemon(9400, 'x')\n"]
                .map(str::to_owned)
                .into(),
            home: None,
        };
        vec![Observation {
            boundary: "start".into(),
            at: jiff::Timestamp::UNIX_EPOCH,
            document: None,
            processes: vec![daemon],
            files: Vec::new(),
            answers: Vec::new(),
            asked: Vec::new(),
            fixed: Vec::new(),
            noticed: Vec::new(),
            not_observable: Vec::new(),
        }]
    }

    #[test]
    fn only_what_may_touch_the_protocol_concerns_it_and_doubt_does() {
        let cases: &[(&str, bool)] = &[
            ("kill 77", true),
            ("kill -9 77 78", true),
            ("kill -TERM 78", false),
            ("kill -s TERM 78", true),
            ("kill -9 -- -77", true),
            ("pkill -f run_sync_daemon", true),
            ("pkill -9 -f run_sync", true),
            ("pkill run_sync_daemon", false),
            ("pkill python", true),
            ("pkill vim", false),
            ("pkill -9 vim", false),
            ("pkill -0 -e -f elsewhere", false),
            ("pkill -u root vim", true),
            ("pkill -U root", true),
            ("pkill -f (", true),
            ("killall python3.11", true),
            ("killall vim", false),
            ("killall -u root", true),
            ("flyctl ssh console -a app", true),
            ("flyctl ssh console --app=other", false),
            ("fly deploy", true),
            ("anything else", true),
        ];
        for (line, concerned) in cases {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let program = argv[0].clone();
            assert_eq!(
                concerns(&program, &argv, &seen(), "app"),
                *concerned,
                "{line}"
            );
        }
    }
}
