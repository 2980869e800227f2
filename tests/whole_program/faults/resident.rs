//! How much memory the gate itself takes for a whole gate, its embedded world included.

use std::io::{BufRead, BufReader, Read, Write};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde_json::Value;

use super::rehearsal::rehearse;

/// What the process may take at its most, in KiB.
const MOST: u64 = 60 * 1024;

/// A value of `/proc/PID/status`, in KiB.
fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A pipe that takes nothing until it is read: whoever writes there waits.
fn full() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[b'\n'; 4096]).is_ok() {}
    while writer.write(b"\n").is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, writer)
}

/// Looked at when the run has ended, while the gate waits to print its report.
#[test]
fn a_whole_gate_stays_small() {
    let rehearsal = rehearse(&[]);
    let (mut reader, writer) = full();
    let mut command = rehearsal.command();
    let events = rehearsal.directory.path().join("events.jsonl");
    nix::unistd::mkfifo(&events, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut gate = command.stdout(writer).spawn().unwrap();
    drop(command);
    let mut lines = BufReader::new(std::fs::File::open(&events).unwrap()).lines();
    let ended = lines.any(|line| {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        event["event"] == "run-ended"
    });
    assert!(ended, "the run came to its end");
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.id())).unwrap();
    let rest = std::thread::spawn(move || {
        let mut report = String::new();
        reader.read_to_string(&mut report).unwrap();
        report
    });
    let code = gate.wait().unwrap().code();
    let report = rest.join().unwrap();
    assert_eq!(code, Some(0), "{report}");
    // What is mapped from the program's own file is the build's: a debug build's is far larger.
    let (most, mapped) = (kib(&status, "VmHWM:"), kib(&status, "RssFile:"));
    let ours = if cfg!(debug_assertions) {
        most - mapped
    } else {
        most
    };
    assert!(ours < MOST, "{ours} KiB of {most}, {mapped} of them mapped");
}
