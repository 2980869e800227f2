//! Runs a workflow that `gate workflow` has made: each job on a machine that nobody has used
//! before, in an order that `needs` allows, artifacts handed over, `if` honoured. Of the actions it
//! knows those that are used.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use canary_gate::gate::variable_name;
use serde_json::Value;

use super::expression::{Context, filled, holds};
use super::world::{Machine, Outside};
use super::yaml;

/// A value that must never be seen anywhere.
const SECRETS: [(&str, &str); 2] = [
    ("SPEC_KITTY_CANARY_TOKEN", "canary-7f3c0b9e51d84a62a4d1"),
    ("FLY_API_TOKEN", "fly-1c9a0d7e2b44f3a6"),
];

/// Where the repository of a workflow that signs has its key.
pub(crate) const PUBLIC_KEY: &str = "release.pub.pem";

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Success,
    Failure,
    Skipped,
    /// The machine went away in the middle.
    Killed,
}

pub(crate) struct Job {
    pub(crate) ended: Ended,
    /// Outputs of its gate, by name.
    pub(crate) gate: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
    pub(crate) log: String,
    pub(crate) summary: String,
}

pub(crate) struct Runner<'o> {
    outside: &'o Outside,
    workflow: Value,
    inputs: BTreeMap<String, String>,
    artifacts: tempfile::TempDir,
    pub(crate) jobs: BTreeMap<String, Job>,
    /// The process group of the step that runs.
    pub(crate) running: std::sync::Arc<std::sync::Mutex<Option<u32>>>,
    order: RefCell<Vec<String>>,
    signing: Option<Keys>,
}

/// What a workflow signs with, as the file of its repository and its secret.
pub(crate) struct Keys {
    pub(crate) public: String,
    pub(crate) private: String,
}

impl Keys {
    /// Made by openssl.
    pub(crate) fn new() -> Self {
        let made = |arguments: &[&str], given: &str| {
            let mut openssl = Command::new("openssl")
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = openssl.stdin.take().unwrap();
            stdin.write_all(given.as_bytes()).unwrap();
            drop(stdin);
            let output = openssl.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        };
        let private = made(&["genpkey", "-algorithm", "ed25519"], "");
        let public = made(&["pkey", "-pubout"], &private);
        Self { public, private }
    }
}

impl<'o> Runner<'o> {
    pub(crate) fn new(outside: &'o Outside, workflow: &str, inputs: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| (format!("inputs.{name}"), (*value).to_owned());
        Self {
            outside,
            workflow: yaml::parse(workflow),
            inputs: inputs.iter().map(owned).collect(),
            artifacts: tempfile::TempDir::with_prefix("a-").unwrap(),
            jobs: BTreeMap::new(),
            running: std::sync::Arc::default(),
            order: RefCell::default(),
            signing: None,
        }
    }

    /// With a key in the repository, and its secret.
    pub(crate) fn signing(mut self, keys: Keys) -> Self {
        self.signing = Some(keys);
        self
    }

    /// Runs what has not come to its end; what was killed, once more. Whether anything is left
    /// killed.
    pub(crate) fn run(&mut self) {
        self.jobs.retain(|_, job| job.ended == Ended::Success);
        let all = self.workflow["jobs"].as_object().unwrap().clone();
        while let Some((id, job)) = all.iter().find(|(id, job)| self.may_start(id, job)) {
            let ended = self.job(id, job);
            let killed = ended.ended == Ended::Killed;
            self.order.borrow_mut().push(id.clone());
            self.jobs.insert(id.clone(), ended);
            if killed {
                return;
            }
        }
        assert_eq!(self.jobs.len(), all.len(), "a job waits for ever");
    }

    fn may_start(&self, id: &str, job: &Value) -> bool {
        !self.jobs.contains_key(id) && needs(job).all(|id| self.jobs.contains_key(id))
    }

    /// The artifact that hands the run on, as it was at last.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.artifacts.path().join("gate-run/bundle.tar.gz")
    }

    fn job(&self, id: &str, job: &Value) -> Job {
        let before: Vec<&str> = self.ancestors(job);
        let ended = |id: &&str| self.jobs[*id].ended == Ended::Failure;
        let mut context = Context {
            names: self.inputs.clone(),
            failed: before.iter().any(ended),
        };
        for needed in needs(job) {
            for (name, value) in &self.jobs[needed].outputs {
                let name = format!("needs.{needed}.outputs.{name}");
                context.names.insert(name, value.clone());
            }
        }
        let mut job_run = JobRun {
            runner: self,
            machine: self.outside.machine(),
            context,
            ended: Ended::Success,
            gate: BTreeMap::new(),
            log: String::new(),
        };
        let issues = self.outside.issues();
        if job["if"]
            .as_str()
            .is_some_and(|when| !holds(when, &job_run.context))
        {
            job_run.ended = Ended::Skipped;
        } else {
            job_run.context.failed = false;
            job_run.all(job);
        }
        if self.outside.issues() != issues {
            // Whoever writes has been allowed to, by somebody.
            assert_eq!(job["permissions"]["issues"], "write", "{id}");
            assert!(job["environment"].is_string(), "{id}");
        }
        job_run.done(job)
    }

    /// All jobs that a job comes after.
    fn ancestors<'j>(&'j self, job: &'j Value) -> Vec<&'j str> {
        let mut all: Vec<&str> = needs(job).collect();
        let mut at = 0;
        while at < all.len() {
            let more: Vec<&str> = needs(&self.workflow["jobs"][all[at]]).collect();
            for one in more {
                if !all.contains(&one) {
                    all.push(one);
                }
            }
            at += 1;
        }
        all
    }
}

fn needs(job: &Value) -> impl Iterator<Item = &str> {
    let all = job["needs"].as_array().into_iter().flatten();
    all.map(|one| one.as_str().unwrap())
}

/// A job at work.
struct JobRun<'r> {
    runner: &'r Runner<'r>,
    machine: Machine<'r>,
    context: Context,
    ended: Ended,
    gate: BTreeMap<String, String>,
    log: String,
}

impl JobRun<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.machine.path(name)
    }

    fn all(&mut self, job: &Value) {
        // What is checked out comes by a step.
        std::fs::remove_dir_all(self.path("workspace")).unwrap();
        for below in ["work", "runner", "bin"] {
            std::fs::create_dir(self.path(below)).unwrap();
        }
        let temp = self.path("runner").display().to_string();
        let known = [("runner.temp", temp), ("github.token", "ghs-0".to_owned())];
        let known = known.map(|(name, value)| (name.to_owned(), value));
        self.context.names.extend(known);
        for (name, value) in SECRETS {
            let name = format!("secrets.{name}");
            self.context.names.insert(name, value.to_owned());
        }
        if let Some(keys) = &self.runner.signing {
            let name = "secrets.GATE_SIGNING_KEY".to_owned();
            // A secret's last line end is not kept.
            let value = keys.private.trim_end().to_owned();
            self.context.names.insert(name, value);
        }
        self.put_programs();
        for step in job["steps"].as_array().unwrap() {
            let when = step["if"].as_str().map(str::to_owned);
            let when = when.unwrap_or_else(|| "!failure()".to_owned());
            let always = when.contains("always()");
            if self.ended == Ended::Killed
                || (self.context.failed && !always)
                || !holds(&when, &self.context)
            {
                continue;
            }
            if !self.step(step) {
                self.context.failed = true;
                if self.ended != Ended::Killed {
                    self.ended = Ended::Failure;
                }
            }
        }
    }

    /// `gate`, and a `nix` that runs it.
    fn put_programs(&self) {
        let gate = assert_cmd::cargo::cargo_bin!("gate");
        std::os::unix::fs::symlink(gate, self.path("bin/gate")).unwrap();
        let nix =
            "#!/bin/sh\n[ \"$1\" = run ] && [ \"$3\" = -- ] || exit 9\nshift 3\nexec gate \"$@\"\n";
        std::fs::write(self.path("bin/nix"), nix).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(self.path("bin/nix"), mode).unwrap();
    }

    fn step(&mut self, step: &Value) -> bool {
        let with = |name: &str| {
            let text = step["with"][name].as_str();
            text.map(|text| filled(text, &self.context))
        };
        let Some(uses) = step["uses"].as_str() else {
            return self.script(step);
        };
        let (action, hash) = uses.split_once('@').unwrap();
        assert_eq!(hash.len(), 40, "{uses} is not pinned");
        match action {
            "actions/checkout" => self.check_out(&with("path").unwrap(), with("ref")),
            "cachix/install-nix-action" => true,
            "actions/download-artifact" => {
                assert!(with("run-id").is_none(), "another workflow's run");
                let (all, to) = (self.runner.artifacts.path(), with("path").unwrap());
                match with("pattern") {
                    None => {
                        let from = all.join(with("name").unwrap());
                        from.is_dir() && copied(&from, Path::new(&to))
                    }
                    // Each in a directory of its name.
                    Some(pattern) => {
                        let found = globbed(&all.join(pattern).display().to_string());
                        found.iter().all(|path| {
                            copied(path, &Path::new(&to).join(path.file_name().unwrap()))
                        })
                    }
                }
            }
            "actions/upload-artifact" => {
                let to = self.runner.artifacts.path().join(with("name").unwrap());
                let found = globbed(&with("path").unwrap());
                if found.is_empty() {
                    return with("if-no-files-found").as_deref() == Some("ignore");
                }
                if to.exists() {
                    assert_eq!(step["with"]["overwrite"], true);
                    std::fs::remove_dir_all(&to).unwrap();
                }
                std::fs::create_dir(&to).unwrap();
                found.iter().all(|path| copied(path, &to))
            }
            "actions/attest" => !globbed(&with("subject-path").unwrap()).is_empty(),
            other => panic!("{other}"),
        }
    }

    fn check_out(&self, path: &str, commit: Option<String>) -> bool {
        if path == "gate-file" {
            let to = self.path("work").join(path);
            std::fs::create_dir(&to).unwrap();
            let keys = self.runner.signing.as_ref().unwrap();
            std::fs::write(to.join(PUBLIC_KEY), &keys.public).unwrap();
            return true;
        }
        let name = path.strip_prefix("workspace/").unwrap();
        let from = self
            .runner
            .outside
            .world()
            .root()
            .join("workspace")
            .join(name);
        let to = self.path("work").join(path);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let copied = Command::new("cp").arg("-a").arg(from).arg(&to).status();
        assert!(copied.unwrap().success());
        let Some(commit) = commit else { return true };
        let mut git = Command::new("git");
        git.arg("-C")
            .arg(to)
            .args(["checkout", "--quiet", "--detach", &commit]);
        git.status().unwrap().success()
    }

    fn script(&mut self, step: &Value) -> bool {
        let script = step["run"].as_str().unwrap();
        assert!(!script.contains("${{"), "a template in a script: {script}");
        std::fs::write(self.path("script"), script).unwrap();
        let output = self.path("output");
        std::fs::write(&output, "").unwrap();
        let mut command = self.machine.command("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail"])
            .arg(self.path("script"))
            .current_dir(self.path("work"))
            .process_group(0);
        self.environment(&mut command, step);
        let mut child = self.machine.start(&mut command);
        *self.runner.running.lock().unwrap() = Some(child.id());
        let status = child.wait().unwrap();
        *self.runner.running.lock().unwrap() = None;
        self.log.push_str(&self.machine.told());
        if status.code().is_none() {
            self.ended = Ended::Killed;
            return false;
        }
        let text = std::fs::read_to_string(&output).unwrap();
        for line in text.lines() {
            let (name, value) = line.split_once('=').unwrap();
            if let Some(id) = step["id"].as_str() {
                let full = format!("steps.{id}.outputs.{name}");
                self.context.names.insert(full, value.to_owned());
                if id == "gate" {
                    self.gate.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        status.success()
    }

    fn environment(&self, command: &mut Command, step: &Value) {
        // What the operator has is what the workflow gives them.
        for (name, _) in SECRETS {
            command.env_remove(name);
        }
        for parameter in self.runner.outside.world().parameters() {
            let (name, value) = parameter.split_once('=').unwrap();
            if !["workspace", "state_dir"].contains(&name) {
                command.env(variable_name(name), value);
            }
        }
        let operator = self.runner.outside.world().operator();
        let path = format!("{}:{}", self.path("bin").display(), operator.env["PATH"]);
        command
            .env("PATH", path)
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", self.path("work"))
            .env("RUNNER_TEMP", self.path("runner"))
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"));
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let value = filled(value.as_str().unwrap(), &self.context);
            command.env(name, value);
        }
    }

    fn done(self, job: &Value) -> Job {
        let outputs = job["outputs"].as_object().into_iter().flatten();
        let outputs = outputs
            .map(|(name, value)| (name.clone(), filled(value.as_str().unwrap(), &self.context)));
        Job {
            ended: self.ended,
            outputs: outputs.collect(),
            summary: std::fs::read_to_string(self.path("summary")).unwrap_or_default(),
            gate: self.gate,
            log: self.log,
        }
    }
}

/// Copies a file, or what is in a directory.
fn copied(from: &Path, to: &Path) -> bool {
    std::fs::create_dir_all(to).unwrap();
    let mut command = Command::new("cp");
    command.arg("-r");
    if from.is_dir() {
        command.arg(from.join("."));
    } else {
        command.arg(from);
    }
    command.arg(to).status().unwrap().success()
}

/// What the lines of a `path` name, `*` standing for one part.
fn globbed(lines: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in lines.lines() {
        let output = Command::new("bash")
            .args(["-c", "shopt -s nullglob; printf '%s\\n' $0"])
            .arg(line)
            .output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        let paths = text.lines().map(PathBuf::from);
        found.extend(paths.filter(|path| path.exists()));
    }
    found
}
