//! `gate reap`: none of a thousand daemons is alive afterwards, all of fifty look-alikes are.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::look_alikes::{self, LookAlikes};
use crate::apart::{Apart, Kind};
use crate::herd::{self, Herd};

const SHAPES: [(&str, usize); 6] = [
    ("plain", 399),
    ("setsid", 200),
    ("double", 200),
    ("closed", 100),
    ("deaf", 60),
    ("hydra", 40),
];
const DAEMONS: usize = 1000;

fn gate(herd: &Herd, arguments: &[&str]) -> Output {
    let mut command: Command = herd.command(assert_cmd::cargo::cargo_bin!("gate"));
    let output = command
        .env_remove(herd::MARK)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .arg("reap")
        .args(arguments)
        .output()
        .unwrap();
    for stream in [&output.stdout, &output.stderr] {
        let text = String::from_utf8_lossy(stream);
        assert!(
            !text.contains(&herd.token()),
            "the bearer token is told: {text}"
        );
    }
    output
}

fn json(output: &Output) -> Value {
    let documents: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(documents.as_array().unwrap().len(), 1);
    documents[0].clone()
}

fn pids(list: &Value, process: impl Fn(&Value) -> &Value) -> Vec<u32> {
    let mut pids: Vec<u32> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|one| process(one)["pid"].as_u64().unwrap().try_into().unwrap())
        .collect();
    pids.sort_unstable();
    pids
}

#[test]
fn a_rule_that_is_not_there_is_named() {
    let _apart = Apart::begin(Kind::Intervening);
    let herd = Herd::new();
    let output = gate(&herd, &["--dry-run", "--match", "daemon"]);
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("no process rule `daemon`; the gate has sync-daemon"),
        "{told}"
    );
}

#[test]
fn of_a_thousand_daemons_none_and_of_fifty_look_alikes_all_are_alive() {
    let _apart = Apart::begin(Kind::Intervening);
    let mut herd = Herd::new();
    let daemons = herd.start(&SHAPES);
    assert_eq!(daemons.len(), DAEMONS);
    let mut others = LookAlikes::start(&herd);
    assert_eq!(others.pids().len(), look_alikes::COUNT);

    let shown = json(&gate(&herd, &["--dry-run", "--format", "json"]));
    let expected: Vec<u32> = daemons.keys().copied().collect();
    assert_eq!(pids(&shown["would_end"], |one| one), expected);
    let spared = pids(&shown["spared"], |one| &one["process"]);
    let untold: Vec<u32> = others
        .pids()
        .into_iter()
        .filter(|pid| !spared.contains(pid))
        .collect();
    assert!(
        untold.is_empty(),
        "told of each is why, but not of {untold:?}: {:#}",
        shown["spared"]
    );
    let alive = herd.alive();
    let all = expected.iter().all(|daemon| alive.contains(daemon));
    assert!(all, "a dry run ends nothing");

    let output = gate(&herd, &["--match", "sync-daemon", "--format", "json"]);
    assert_eq!(others.ended(), Vec::<String>::new());
    herd.reap();
    let others_pids = others.pids();
    let left: Vec<u32> = herd
        .alive()
        .into_iter()
        .filter(|pid| !others_pids.contains(pid))
        .collect();
    assert!(
        left.is_empty(),
        "{left:?} are alive: {}",
        String::from_utf8_lossy(&output.stderr)
    );

    let ended = json(&output);
    let receipts = ended["receipts"].as_array().unwrap();
    let of = |pid: u32| {
        receipts
            .iter()
            .find(|receipt| receipt["pid"] == pid)
            .unwrap()
    };
    for (pid, shape) in &daemons {
        let receipt = of(*pid);
        assert_eq!(receipt["rule"], "sync-daemon");
        assert!(
            receipt["program"].as_str().unwrap().starts_with("python"),
            "{receipt}"
        );
        assert!(receipt["started"].as_u64().unwrap() > 0, "{receipt}");
        let fate = receipt["fate"].as_str().unwrap();
        let expected: &[&str] = match shape.as_str() {
            "deaf" => &["killed"],
            // A machine that is busy enough has not ended all of them in five seconds.
            _ => &["terminated", "killed"],
        };
        assert!(expected.contains(&fate), "{shape}: {receipt}");
        assert!(receipt["after_milliseconds"].is_u64(), "{receipt}");
    }
    let hydras = receipts.len() - DAEMONS;
    assert!(
        hydras >= 40,
        "who is born during the sweep is ended too: {hydras}"
    );
    // Another user's is nobody's here to end: said, and no pass.
    let code = if others.foreign == 0 { 0 } else { 3 };
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(
        ended["left"].as_array().unwrap().len(),
        others.foreign,
        "{:#}",
        ended["left"]
    );
}
