//! A real run (over loopback, in a world that this process embeds) is what a stranger requires, is
//! found again outside, and its values are traced to the bytes that they were read from.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use camino::Utf8PathBuf;
use canary_gate::rehearsal::{Faults, World};
use canary_gate::world::live::Operator;

use crate::apart::{Apart, Kind};
use crate::outside;

/// A world that outlives the gates in it.
struct Stage {
    world: World,
    runtime: tokio::runtime::Runtime,
    _home: tempfile::TempDir,
    _apart: Apart,
}

impl Stage {
    fn new() -> Self {
        let home = tempfile::TempDir::with_prefix("s-").unwrap();
        let path = Utf8PathBuf::from_path_buf(home.path().canonicalize().unwrap()).unwrap();
        let operator = Operator {
            env: outside::variables().collect(),
            cwd: path.clone(),
            home: path,
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let world = runtime.block_on(World::build(&operator, &Faults::default()));
        Self {
            world: world.unwrap(),
            runtime,
            _home: home,
            _apart: Apart::begin(Kind::Watching),
        }
    }

    /// A program here, as this world's operator starts it.
    fn command(&self, program: &Path) -> Command {
        let operator = self.world.operator();
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&operator.env)
            .env("HOME", &operator.home)
            .current_dir(&operator.cwd)
            .stdin(Stdio::null());
        command
    }

    fn gate(&self, arguments: &[&str]) -> Output {
        let gate = assert_cmd::cargo::cargo_bin!("gate");
        self.command(gate).args(arguments).output().unwrap()
    }

    /// The bundle of the only run.
    fn bundle(&self) -> PathBuf {
        let runs = std::fs::read_dir(self.world.root().join("state/runs")).unwrap();
        let mut runs = runs.map(|entry| entry.unwrap().path());
        runs.next().unwrap().join("bundle/bundle.tar.gz")
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[track_caller]
fn ends(output: &Output, code: i32) -> String {
    let told = text(output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

#[test]
fn a_real_run_is_what_it_says_and_is_found_again_outside() {
    let stage = Stage::new();
    let mut run = vec!["run".to_owned(), "--yes".to_owned()];
    for parameter in stage.world.parameters() {
        run.extend(["--set".to_owned(), parameter]);
    }
    let run: Vec<&str> = run.iter().map(String::as_str).collect();
    let told = ends(&stage.gate(&run), 0);
    assert!(told.contains(" – PASSED\n"), "{told}");
    assert!(told.contains("\nworld     real\n"), "{told}");
    let head = told
        .lines()
        .find_map(|line| line.strip_prefix("head      "));
    let head = head.unwrap_or_else(|| panic!("{told}"));
    let bundle = stage.bundle();
    let bundle = bundle.to_str().unwrap();
    is_what_is_required(&stage, bundle, head);
    is_found_outside(&stage, bundle);
    is_traced(&stage, bundle);
    is_not_resumed_by_a_rehearsal(&stage);
    stage.runtime.block_on(stage.world.end(false));
}

fn is_what_is_required(stage: &Stage, bundle: &str, head: &str) {
    let all = "real,complete,passed,gate=builtin,candidate=3.2.0rc16";
    let told = ends(
        &stage.gate(&["verify", bundle, "--require", all, "--head", head]),
        0,
    );
    assert!(
        told.contains("unsigned: consistent, but anyone can have made it"),
        "{told}"
    );
    let more = format!("{all},signed,parameters=own,rehearsal");
    let told = ends(&stage.gate(&["verify", bundle, "--require", &more]), 1);
    let unmet = "requirements not met: signed, parameters=own, rehearsal";
    assert!(told.contains(unmet), "{told}");
    let json = stage.gate(&["verify", bundle, "--require", &more, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["subject"]["world"]["kind"], "real");
    assert_eq!(json["subject"]["candidate"]["tag"], "v3.2.0rc16");
    assert_eq!(
        json["subject"]["candidate"]["wheels"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(json["subject"]["outcomes"]["passed"], 41);
    assert_eq!(json["head"], head);
    assert_eq!(json["required"].as_array().unwrap().len(), 8);
    let last = if head.ends_with('0') { '1' } else { '0' };
    let other = format!("{}{last}", &head[..63]);
    ends(&stage.gate(&["verify", bundle, "--head", &other]), 1);
}

fn is_found_outside(stage: &Stage, bundle: &str) {
    let online = ["verify", bundle, "--online"];
    let told = ends(&stage.gate(&online), 0);
    let agrees = [
        "agrees        comment on Priivacy-ai/spec-kitty-end-to-end-testing#41: ",
        "agrees        comment on Priivacy-ai/spec-kitty#1038: ",
        "agrees        Priivacy-ai/spec-kitty-end-to-end-testing#41 made CLOSED by ",
        "agrees        release v3.2.0rc16 of Priivacy-ai/spec-kitty: ",
        "agrees        wheels of spec-kitty-cli 3.2.0rc16: ",
        "online: 5 of 5 agree",
    ];
    for line in agrees {
        assert!(told.contains(line), "`{line}` in {told}");
    }
    let reopen = ["issue", "reopen", "41", "--repo"];
    let repository = "Priivacy-ai/spec-kitty-end-to-end-testing";
    let gh = stage
        .command(Path::new("gh"))
        .args(reopen)
        .arg(repository)
        .output();
    ends(&gh.unwrap(), 0);
    let told = ends(&stage.gate(&online), 0);
    let line = "changed since Priivacy-ai/spec-kitty-end-to-end-testing#41 made CLOSED by ";
    assert!(told.contains(line), "{told}");
}

fn is_traced(stage: &Stage, bundle: &str) {
    let help = ends(&stage.gate(&["explain", "--help"]), 0);
    let example = "canary.runs.runs[2].outcome";
    assert!(help.contains(example), "{help}");
    let told = ends(&stage.gate(&["explain", example, bundle]), 0);
    assert!(told.contains("runs/run-3.json"), "{told}");
    assert!(!told.contains("runs/run-4.json"), "{told}");
    assert!(told.contains("at /value in /outcome bytes "), "{told}");
    for path in [
        "rc.version",
        "rc.tag",
        "saas.health.git_sha",
        "saas.terminal_failed.health",
        "canary.protocol.results[3].sha256",
        "environment.saas_commit",
        "blockers.rollback.state",
    ] {
        let told = stage.gate(&["explain", path, bundle, "--format", "json"]);
        ends(&told, 0);
        let json: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        let known = ["read", "fact", "derived", "ambiguous", "matched"];
        let basis = json["basis"].as_str().unwrap();
        assert!(known.contains(&basis), "{path}: {json}");
        if path != "rc.version" {
            assert!(["read", "fact"].contains(&basis), "{path}: {json}");
        }
    }
}

fn is_not_resumed_by_a_rehearsal(stage: &Stage) {
    let beside = format!("state_dir={}", stage.world.root().join("state"));
    let resume = ["rehearse", "--yes", "--resume", "latest", "--set", &beside];
    let told = ends(&stage.gate(&resume), 2);
    assert!(
        told.contains("nothing that was found out in one world holds in another"),
        "{told}"
    );
}
