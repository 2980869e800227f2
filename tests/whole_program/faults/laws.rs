//! What must hold of every rehearsal, whatever went wrong in it, and how a verdict is asserted.

use std::path::{Path, PathBuf};

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::github::{ENVIRONMENT_TOKEN, STORED_TOKEN};
use serde_json::{Value, json};

use super::rehearsal::Ended;
use crate::sealed::differences;

pub(crate) const ROLLBACK: &str = "Priivacy-ai/spec-kitty#1141";
pub(crate) const CLASSIFICATION: &str = "Priivacy-ai/spec-kitty#1182";
pub(crate) const TRACKER: &str = "Priivacy-ai/spec-kitty#1038";
pub(crate) const CANARY: &str = "Priivacy-ai/spec-kitty-end-to-end-testing#41";

/// How many subtasks the gate has.
pub(crate) const SUBTASKS: usize = 43;

/// The operator's secret that the canary gets.
const CANARY_TOKEN: &str = "canary-7f3c0b9e51d84a62a4d1";

impl Ended {
    /// Asserts the verdict, the exit code, and that exactly these subtasks ended badly.
    #[track_caller]
    pub(crate) fn ends(&self, exit: i32, verdict: &str, stopped: &[(&str, &str)]) -> &Self {
        assert_eq!(self.code, Some(exit), "{}", self.told());
        let ended: Vec<&Value> = self.events("run-ended").collect();
        assert_eq!(ended.len(), 1, "{}", self.told());
        assert_eq!(ended[0]["verdict"], verdict, "{}", self.told());
        let bad: Vec<(&str, &str)> = self
            .outcomes()
            .into_iter()
            .filter(|(_, outcome)| !["passed", "skipped", "not-run"].contains(outcome))
            .collect();
        assert_eq!(bad, stopped, "{}", self.told());
        self.all_accounted_for();
        self.as_listed(exit, stopped);
        self
    }

    /// `--list-faults` says the same of this fault.
    #[track_caller]
    fn as_listed(&self, exit: i32, stopped: &[(&str, &str)]) {
        let Some(fault) = self.only else {
            return;
        };
        assert_eq!(i32::from(fault.exit()), exit, "{fault}");
        let first = stopped.first().map_or("–", |(id, _)| *id);
        // A disk is full wherever it is.
        if fault != Fault::DiskFull {
            assert_eq!(fault.stops_at(), first, "{fault}");
        }
    }

    /// Asserts that the gate passed.
    #[track_caller]
    pub(crate) fn passes(&self) -> &Self {
        self.ends(0, "passed", &[]);
        assert!(!self.outcomes().values().any(|one| *one == "not-run"));
        self
    }

    /// Every subtask ended exactly once, and what did not run names what stopped it.
    #[track_caller]
    fn all_accounted_for(&self) {
        assert_eq!(self.events("subtask-ended").count(), SUBTASKS);
        assert_eq!(self.outcomes().len(), SUBTASKS, "{}", self.told());
        for event in self.events("subtask-ended") {
            if event["outcome"] == "not-run" && event["because"]["stop"] == "subtask" {
                let by = event["because"]["by"].as_str().unwrap();
                let outcome = self.outcomes()[by];
                assert!(!["passed", "skipped"].contains(&outcome), "{event}");
            }
        }
    }

    /// Asserts that nothing at or behind this subtask in the plan was started, these excepted.
    #[track_caller]
    pub(crate) fn nothing_ran_after(&self, id: &str, except: &[&str]) -> &Self {
        for (other, outcome) in self.outcomes() {
            if other > id && !except.contains(&other) {
                assert_eq!(
                    outcome,
                    "not-run",
                    "{other} ran after {id}: {}",
                    self.told()
                );
            }
        }
        self
    }

    /// Asserts an issue's state, and how often the gate commented on it, closed and re-opened it.
    #[track_caller]
    pub(crate) fn issue(&self, issue: &str, state: &str, writes: (u64, u64, u64)) -> &Self {
        let now = self.issue_json("/github/repositories", issue);
        assert_eq!(now["state"], state, "{issue}: {}", self.told());
        let (comments, closes, reopens) = writes;
        let expected = json!({"comments": comments, "closes": closes, "reopens": reopens});
        assert_eq!(now["by_gate"], expected, "{issue}: {}", self.told());
        let before = self.issue_json("/github_before", issue);
        let gained = comments_of(now).len() - comments_of(before).len();
        assert_eq!(gained as u64, comments, "{issue}: {now:#}");
        self
    }

    /// Asserts that every issue but these is as it was when the world was made: state, comments,
    /// events, and nothing asked of it.
    #[track_caller]
    pub(crate) fn untouched_except(&self, touched: &[&str]) -> &Self {
        for issue in [ROLLBACK, CLASSIFICATION, TRACKER, CANARY] {
            if !touched.contains(&issue) {
                let now = self.issue_json("/github/repositories", issue);
                let before = self.issue_json("/github_before", issue);
                assert_eq!(now, before, "{issue} was touched: {}", self.told());
            }
        }
        let totals = &self.world["github"]["writes_by_gate"];
        let sum = |kind: &str| -> u64 {
            let on = |issue: &&&str| {
                self.issue_json("/github/repositories", issue)["by_gate"][kind]
                    .as_u64()
                    .unwrap()
            };
            touched.iter().collect::<Vec<_>>().iter().map(on).sum()
        };
        for kind in ["comments", "closes", "reopens"] {
            assert_eq!(totals[kind], sum(kind), "{kind}: {totals}");
        }
        self.laws();
        self
    }

    /// The texts of an issue's comments, those from before included.
    #[track_caller]
    pub(crate) fn comments(&self, issue: &str) -> Vec<&str> {
        comments_of(self.issue_json("/github/repositories", issue))
    }

    #[track_caller]
    fn issue_json(&self, whose: &str, issue: &str) -> &Value {
        let (repository, number) = issue.split_once('#').unwrap();
        let found =
            &self.world.pointer(whose).unwrap_or(&Value::Null)[repository]["issues"][number];
        assert!(
            found.is_object(),
            "no {issue} in the world: {}",
            self.told()
        );
        found
    }

    /// The laws that hold under every fault.
    #[track_caller]
    pub(crate) fn laws(&self) {
        let world = &self.world;
        assert_eq!(world["saas"]["writes_by_gate"], 0);
        assert_eq!(world["github"]["unknown_requests"], json!([]));
        let alive = world["daemons_alive"].as_array().unwrap().len();
        assert_eq!(alive, self.orphans_left(), "{}", self.told());
        assert_eq!(world["home_changes"], json!([]));
        let bystanders = world["bystanders_alive"].as_object().unwrap();
        assert!(
            bystanders.values().all(|alive| *alive == true),
            "{bystanders:?}"
        );
        self.no_release_is_cut();
        self.no_close_of_what_must_stay_open();
        self.no_secret_anywhere();
        self.attempts_are_sealed();
    }

    /// Each attempt that was come to the end of has its manifest, and cannot be changed.
    fn attempts_are_sealed(&self) {
        use std::os::unix::fs::PermissionsExt;
        if matches!(self.code, Some(4 | 130)) {
            return;
        }
        for name in self.world["attempts"].as_array().unwrap() {
            let attempt = self.state().join("attempts").join(name.as_str().unwrap());
            let differs = differences(&attempt);
            assert!(differs.is_empty(), "{differs:?}");
            let mode = attempt.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o222, 0, "{} can be written", attempt.display());
        }
    }

    /// The two orphans of the world, unless it was the gate's turn to end them.
    fn orphans_left(&self) -> usize {
        let swept = ["T009", "T019"]
            .iter()
            .any(|id| self.outcomes()[id] == "passed");
        if swept { 0 } else { 2 }
    }

    #[track_caller]
    fn no_release_is_cut(&self) {
        let before = self.world["github_before"].as_object().unwrap();
        for (name, repository) in before {
            let now = &self.world["github"]["repositories"][name];
            for count in ["releases", "tags"] {
                assert_eq!(now[count], repository[count], "{name}");
            }
        }
    }

    #[track_caller]
    fn no_close_of_what_must_stay_open(&self) {
        for issue in [ROLLBACK, CLASSIFICATION, TRACKER] {
            let closes = &self.issue_json("/github/repositories", issue)["by_gate"]["closes"];
            assert_eq!(*closes, 0, "{issue} was closed by the gate");
        }
    }

    /// No secret in what was printed, in the events, or in any file of the state directory.
    #[track_caller]
    fn no_secret_anywhere(&self) {
        check_secrets("stdout", self.stdout.as_bytes());
        check_secrets("stderr", self.stderr.as_bytes());
        let events = self.directory.path().join("events.jsonl");
        check_secrets("events", &std::fs::read(events).unwrap());
        for file in files_below(self.state()) {
            check_secrets(&file.display().to_string(), &std::fs::read(&file).unwrap());
        }
    }
}

#[track_caller]
fn check_secrets(place: &str, bytes: &[u8]) {
    for secret in [CANARY_TOKEN, STORED_TOKEN, ENVIRONMENT_TOKEN] {
        let found = memchr(bytes, secret.as_bytes());
        assert!(!found, "{place} holds a secret");
    }
    // The product's own source says how a daemon is started; that is no token.
    if Path::new(place)
        .extension()
        .is_some_and(|end| end == "py" || end == "pyc")
    {
        return;
    }
    let daemon = regex::bytes::Regex::new(r"run_sync_daemon\(\d+, \\*'([^'\\]+)").unwrap();
    for found in daemon.captures_iter(bytes) {
        let token = String::from_utf8_lossy(&found[1]);
        assert!(
            token.starts_with('‹') || token.starts_with('['),
            "{place} holds the daemon's token: {token}"
        );
    }
}

fn memchr(bytes: &[u8], secret: &[u8]) -> bool {
    regex::bytes::Regex::new(&regex::escape(std::str::from_utf8(secret).unwrap()))
        .unwrap()
        .is_match(bytes)
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found
}

fn comments_of(issue: &Value) -> Vec<&str> {
    let comments = issue["comments"].as_array().unwrap();
    comments
        .iter()
        .map(|comment| comment["body"].as_str().unwrap())
        .collect()
}
