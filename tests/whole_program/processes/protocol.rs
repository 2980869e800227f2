//! A four-run protocol through the real verbs and the real world: a script that writes its
//! results, a daemon that lives through all runs, a queue, a harness under git, a service. Only
//! the canary's own work is missing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use canary_gate::model::{Fact, Facts, Outcome, Source, SubtaskId};
use canary_gate::verb::{Act, Ctx, Setting};
use canary_gate::verbs::{Canary, NoInterventions};
use canary_gate::world::live::{Clock, LiveWorld, Operator, Places};
use canary_gate::world::redact::Redactor;
use canary_gate::world::{ProcessRule, World};
use serde_json::{Value, json};

use super::service::Service;
use crate::apart::{Apart, Kind};
use crate::herd::Herd;

pub(crate) const APP: &str = "stage-app";

/// Readings of the service before the first run: the canary's own, and the first observation.
const UNWATCHED: u32 = 2;

/// Each run works on the queue as the product does, then waits until the next may begin.
const SCRIPT: &str = r#"set -eu
queue=artifacts/home/.kittify/sync
for n in 1 2 3 4; do
    began=$(date -u +%FT%T.%NZ)
    echo "run $n" >> "$queue/queue.db"
    echo "{\"run\": $n}" > "$queue/state.json"
    mkdir -p "artifacts/homes/$n"; echo "run $n" > "artifacts/homes/$n/queue.db"
    scenario() { echo "{\"scenario_id\": $1, \"name\": \"s\", \"status\": \"pass\"}"; }
    echo "{\"outcome\": \"pass\", \"run_id\": \"$n\", \"started_at\": \"$began\", \"scenarios\":
        [$(scenario 1), $(scenario 2), $(scenario 3), $(scenario 4)]}" > artifacts/beside
    mv artifacts/beside "artifacts/runs/run-$n.json"
    read -r _ < "go-$n"
done
"#;

/// A stage on which one protocol is played.
pub(crate) struct Stage {
    pub(crate) herd: Herd,
    pub(crate) service: Service,
    pub(crate) daemon: u32,
    world: Arc<LiveWorld>,
    /// Observations more than one a run, so far.
    pub(crate) more: u32,
    _apart: Apart,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let apart = Apart::begin(Kind::Intervening);
        let mut herd = Herd::new();
        for directory in [
            "run/home/pipx/venvs/p/lib",
            "state",
            "cache",
            "work/harness/artifacts/runs",
            "work/harness/artifacts/home/.kittify/sync/daemon",
            "work/harness/scripts",
        ] {
            std::fs::create_dir_all(herd.path(directory)).unwrap();
        }
        let daemon = *herd.start(&[]).keys().next().unwrap();
        let stage = Self {
            service: Service::start().await,
            world: Arc::new(world(&herd)),
            more: 0,
            _apart: apart,
            daemon,
            herd,
        };
        for (path, text) in [
            ("scripts/canary.sh", SCRIPT),
            ("pyproject.toml", "[project]\nname = \"harness\"\n"),
            ("artifacts/home/.kittify/sync/queue.db", "queue\n"),
            (
                "artifacts/home/.kittify/sync/daemon/owner.json",
                "{\"pid\": 1}\n",
            ),
            (".gitignore", "artifacts\ngo-*\n"),
        ] {
            std::fs::write(stage.harness(path), text).unwrap();
        }
        std::fs::write(stage.herd.path("run/home/pipx/venvs/p/lib/m.py"), "x = 1\n").unwrap();
        for n in 1..=4 {
            let gate = stage.harness(&format!("go-{n}"));
            nix::unistd::mkfifo(&gate, nix::sys::stat::Mode::S_IRWXU).unwrap();
        }
        stage.git(&["init", "-q", "-b", "main"]);
        stage.git(&["add", "-A"]);
        stage.commit("the harness");
        stage
    }

    pub(crate) fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.world = Arc::new(world(&self.herd).with_clock(clock));
        self
    }

    pub(crate) fn harness(&self, below: &str) -> PathBuf {
        self.herd.path("work/harness").join(below)
    }

    pub(crate) fn queue(&self, below: &str) -> PathBuf {
        self.harness("artifacts/home/.kittify/sync").join(below)
    }

    fn git(&self, arguments: &[&str]) {
        let mut command: Command = self.herd.command("git");
        command.current_dir(self.harness("")).args(arguments);
        assert!(command.status().unwrap().success(), "{command:?}");
    }

    pub(crate) fn commit(&self, message: &str) {
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.invalid"];
        let what = ["commit", "-q", "--allow-empty", "-m", message];
        self.git(&[who.as_slice(), what.as_slice()].concat());
    }

    /// Plays the protocol; `act` is what somebody does between the second and the third run.
    /// Answers with T026's outcome and fact.
    pub(crate) async fn play(mut self, act: impl AsyncFnOnce(&mut Self)) -> (Outcome, Value) {
        let environment = ("canary.environment", json!({"variables": {}, "pass": []}));
        let ctx = self.ctx(&[environment]);
        let canary = self.canary();
        let mut run = tokio::spawn(async move {
            let outcome = canary.act(&ctx).await;
            (outcome, ctx.take_published())
        });
        let mut act = Some(act);
        for n in 1..=4 {
            tokio::select! {
                () = self.service.was_read(UNWATCHED + n + self.more) => {}
                ended = &mut run => panic!("the canary ended before run {n}: {ended:?}"),
            }
            if let Some(act) = act.take_if(|_| n == 2) {
                act(&mut self).await;
            }
            let gate = self.harness(&format!("go-{n}"));
            let open = tokio::task::spawn_blocking(move || std::fs::write(gate, "go\n"));
            open.await.unwrap().unwrap();
        }
        let (outcome, published) = run.await.unwrap();
        let outcome = outcome.unwrap();
        assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
        let ctx = self.ctx(&[("canary.protocol", published[0].value.clone())]);
        let verb = NoInterventions {
            canary: "canary.protocol".into(),
            app: APP.into(),
            before: Vec::new(),
            deployed: None,
            publish: "canary.interventions".into(),
        };
        let outcome = verb.act(&ctx).await.unwrap();
        let fact = ctx.take_published().remove(0).value;
        assert!(!fact.to_string().contains(&self.herd.token()), "{fact}");
        (outcome, fact)
    }

    fn canary(&self) -> Canary {
        let results = (1..=4).map(|n| format!("artifacts/runs/run-{n}.json"));
        Canary {
            project: "harness".into(),
            script: "scripts/canary.sh".into(),
            arguments: Vec::new(),
            results: results.collect(),
            environment: "canary.environment".into(),
            process: "sync-daemon".into(),
            observe: self.service.addresses(),
            observe_every: None,
            publish: "canary.protocol".into(),
        }
    }

    fn ctx(&self, known: &[(&str, Value)]) -> Ctx {
        let by = SubtaskId::new("T024");
        let mut facts = Facts::default();
        for (name, value) in known {
            let source = Source {
                by: by.clone(),
                exchange: None,
                facts: Vec::new(),
                origins: Vec::new(),
            };
            let fact = Fact {
                name: (*name).to_owned(),
                value: value.clone(),
                source,
            };
            facts.publish(fact).unwrap();
        }
        let setting = Setting {
            processes: [("sync-daemon".to_owned(), rule())].into(),
            ..Setting::default()
        };
        Ctx::new(
            by,
            Arc::clone(&self.world) as Arc<dyn World>,
            Arc::new(setting),
            Arc::new(facts),
            Duration::from_mins(2),
            tokio::sync::mpsc::unbounded_channel().0,
        )
    }
}

fn rule() -> ProcessRule {
    ProcessRule {
        name: "sync-daemon".into(),
        program: vec!["python*".into()],
        argv: vec!["-c".into(), r"\s*from specify_cli[\s\S]*".into()],
        homes: vec!["‹home›".into()],
    }
}

fn world(herd: &Herd) -> LiveWorld {
    let path = |below: &str| Utf8PathBuf::from_path_buf(herd.path(below)).unwrap();
    let env: BTreeMap<String, String> =
        [("PATH".to_owned(), std::env::var("PATH").unwrap())].into();
    let operator = Operator {
        env,
        home: path("home"),
        cwd: path("work"),
    };
    let places = Places::new(
        path("run"),
        path("work"),
        path("state"),
        path("cache"),
        path("home"),
    );
    LiveWorld::new(operator, places, Arc::new(Redactor::new())).learning_from([&rule()])
}
