//! Ctrl-C: once is graceful and can be resumed, twice ends at once. Synchronised on what the
//! gate prints, never on time.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::rehearsal::{Rehearsal, rehearse};

/// A gate that has printed a line with these words on standard error.
fn started_until(
    rehearsal: &Rehearsal,
    words: &str,
) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = rehearsal.command().stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut lines, words);
    (child, lines)
}

fn wait_for(lines: &mut impl BufRead, words: &str) {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(
            lines.read_line(&mut line).unwrap(),
            0,
            "no `{words}` in:\n{seen}"
        );
        if line.contains(words) {
            return;
        }
        seen.push_str(&line);
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

fn interrupt(child: &Child) {
    kill(pid(child), Signal::SIGINT).unwrap();
}

#[test]
fn once_is_graceful_and_can_be_resumed() {
    let rehearsal = rehearse(&[]).with(&["--until", "WP02"]);
    let (mut child, mut lines) = started_until(&rehearsal, "T005 …");
    interrupt(&child);
    std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
    let code = child.wait().unwrap().code();
    let ended = rehearsal.ended(code);
    ended.ends(130, "interrupted", &[]).untouched_except(&[]);
    assert_eq!(ended.outcomes()["T004"], "passed");
    assert_eq!(ended.outcomes()["T006"], "not-run");

    // The second world is another one, but its repositories and issues are the same.
    let run = ended.events("run-started").next().unwrap()["run"]
        .as_str()
        .unwrap()
        .to_owned();
    let state = format!("state_dir={}", ended.state().display());
    let resumed = rehearse(&[])
        .with(&["--until", "WP02", "--resume", &run, "--set", &state])
        .run();
    assert_eq!(resumed.code, Some(0), "{}", resumed.told());
    let again = resumed
        .events("subtask-started")
        .filter(|event| event["subtask"] == "T004");
    assert_eq!(again.count(), 0, "what was shown is not shown again");
}

#[test]
fn twice_ends_at_once() {
    let rehearsal = rehearse(&["canary-hangs"]).with(&["--set", "canary.run_limit=10m"]);
    let (mut child, mut lines) = started_until(&rehearsal, "T021 …");
    interrupt(&child);
    interrupt(&child);
    std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
    let code = child.wait().unwrap().code();
    let ended = rehearsal.ended(code);
    assert_eq!(ended.code, Some(130), "{}", ended.told());
    ended.untouched_except(&[]);
}

/// The world's directory is there before its daemons are, and both are gone afterwards.
#[test]
fn while_the_world_is_built_it_leaves_nothing() {
    let rehearsal = rehearse(&[]);
    let temporary = rehearsal.directory.path().join("t");
    let worlds = || {
        let entries = std::fs::read_dir(&temporary).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let names = names.filter_map(|name| name.into_string().ok());
        names.filter(|name| name.starts_with("gate-")).count()
    };
    let mut child = rehearsal.command().spawn().unwrap();
    while worlds() == 0 {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it began");
        std::thread::yield_now();
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(worlds(), 0);
    assert!(!rehearsal.directory.path().join("world.json").exists());
}

/// A run that takes an hour is started with `nohup`, and its terminal closed.
#[test]
fn under_nohup_it_goes_on_without_its_terminal() {
    let rehearsal = rehearse(&[]).with(&["--until", "WP02"]);
    let mut child = under_nohup(&rehearsal.command())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    wait_for(&mut lines, "T005 …");
    kill(pid(&child), Signal::SIGHUP).unwrap();
    std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
    let ended = rehearsal.ended(child.wait().unwrap().code());
    assert_eq!(ended.code, Some(0), "{}", ended.told());
}

#[test]
fn otherwise_a_hang_up_interrupts_it() {
    let rehearsal = rehearse(&[]).with(&["--until", "WP02"]);
    let (mut child, mut lines) = started_until(&rehearsal, "T005 …");
    kill(pid(&child), Signal::SIGHUP).unwrap();
    std::io::copy(&mut lines, &mut std::io::sink()).unwrap();
    let ended = rehearsal.ended(child.wait().unwrap().code());
    ended.ends(130, "interrupted", &[]).untouched_except(&[]);
}

/// The same command as `nohup` would start it.
fn under_nohup(command: &Command) -> Command {
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    nohup.arg(command.get_program()).args(command.get_args());
    nohup.env_clear();
    let set = command.get_envs();
    nohup.envs(set.filter_map(|(name, value)| Some((name, value?))));
    nohup.current_dir(command.get_current_dir().unwrap());
    nohup.stdin(Stdio::null());
    nohup
}
