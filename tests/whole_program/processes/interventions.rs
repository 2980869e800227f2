//! Each thing somebody may do between two runs, really done: detected, with both values. And
//! two hundred protocols in which nobody does anything: no alarm.

use std::io::{BufRead, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use canary_gate::model::Outcome;
use canary_gate::world::live::Clock;
use futures::StreamExt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::protocol::{APP, Stage};
use crate::herd;

const CLEAN: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_clean_protocols_raise_no_alarm() {
    let play = |number| async move {
        let (outcome, fact) = Stage::new().await.play(async |_| {}).await;
        (number, outcome, fact)
    };
    let mut played = futures::stream::iter((0..CLEAN).map(play)).buffer_unordered(4);
    let mut count = 0;
    while let Some((number, outcome, fact)) = played.next().await {
        assert!(
            matches!(outcome, Outcome::Passed { .. }),
            "protocol {number}: {outcome:?}"
        );
        assert_eq!(fact["observed"], 6, "{fact:#}");
        chained(&fact);
        count += 1;
    }
    assert_eq!(count, CLEAN);
}

/// Four links, each with the digest of the one before.
fn chained(fact: &Value) {
    let links = fact["chain"].as_array().unwrap();
    assert_eq!(links.len(), 4);
    for pair in links.windows(2) {
        assert_eq!(pair[1]["previous"], pair[0]["digest"]);
        assert_eq!(pair[1]["made_with"], pair[0]["made_with"]);
    }
    for link in links {
        assert_eq!(link["document"].as_str().unwrap().len(), 64, "{link:#}");
        let commit = link["pinned"]["harness_commit"].as_str().unwrap();
        assert_eq!(commit.len(), 40, "{link:#}");
        let made_with = link["made_with"].as_object().unwrap();
        let names: Vec<&str> = made_with.keys().map(String::as_str).collect();
        assert_eq!(names, ["candidate", "harness", "configuration"]);
    }
}

/// Plays a protocol in which somebody does this, and expects it to be told.
async fn detected(what: &str, act: impl AsyncFnOnce(&mut Stage)) -> Value {
    on(Stage::new().await, what, act).await
}

async fn on(stage: Stage, what: &str, act: impl AsyncFnOnce(&mut Stage)) -> Value {
    let (outcome, fact) = stage.play(act).await;
    assert!(
        matches!(outcome, Outcome::Blocked(_)),
        "{outcome:?} {fact:#}"
    );
    let found = fact["found"].as_array().unwrap();
    let one = found
        .iter()
        .find(|one| one["what"].as_str().unwrap().contains(what))
        .unwrap_or_else(|| panic!("no `{what}` in {found:#?}"));
    assert_ne!(one["before"], one["after"], "both values: {one:#}");
    assert_eq!(one["between"].as_array().unwrap().len(), 2, "when: {one:#}");
    fact
}

fn end(pid: u32) {
    kill(Pid::from_raw(pid.try_into().unwrap()), Signal::SIGKILL).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_is_ended() {
    detected("daemon was ended", async |stage| end(stage.daemon)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_is_replaced() {
    detected("daemon was started", async |stage| {
        end(stage.daemon);
        stage.herd.start(&[]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_deleted() {
    detected("queue.db was deleted", async |stage| {
        std::fs::remove_file(stage.queue("queue.db")).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_edited() {
    detected("queue.db was changed between the runs", async |stage| {
        // Not a wait for anything, but what the gate counts on: nobody changes a file within the
        // same step of its clock as the run before, and starts the next run in the same moment.
        const PERSON: Duration = Duration::from_millis(500);
        tokio::time::sleep(PERSON).await;
        std::fs::write(stage.queue("queue.db"), "queue\nrun 1\nRUN 2\n").unwrap();
        tokio::time::sleep(PERSON).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_record_is_touched() {
    detected("owner.json was changed", async |stage| {
        let record = std::fs::File::options()
            .append(true)
            .open(stage.queue("daemon/owner.json"))
            .unwrap();
        record.set_modified(std::time::SystemTime::now()).unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_deployed_anew() {
    detected("git_sha changed", async |stage| stage.service.deploy()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_of_the_service_moves() {
    detected("business_rule_rejected_count changed", async |stage| {
        stage.service.count_one_more();
    })
    .await;
}

/// A program that nobody here started and that runs until it is dropped.
struct Stranger(Child);

impl Stranger {
    fn start(mut command: Command) -> Self {
        // Not one of the gate's: its parent is the test.
        command.env_remove(herd::MARK);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_runs_pkill() {
    let mut stranger = None;
    let fact = detected("somebody ran `pkill`", async |stage| {
        // Signal 0 ends nobody; telling whom it found blocks in a pipe that is full.
        let (reader, mut writer) = std::io::pipe().unwrap();
        nix::fcntl::fcntl(
            &writer,
            nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK),
        )
        .unwrap();
        while writer.write(&[b'x'; 4096]).is_ok() {}
        while writer.write(b"x").is_ok() {}
        nix::fcntl::fcntl(
            &writer,
            nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty()),
        )
        .unwrap();
        let mut command = stage.herd.command("pkill");
        command
            .args(["-0", "-e", "-f", &stage.herd.token()])
            .stdout(writer);
        stranger = Some((Stranger::start(command), reader));
    })
    .await;
    drop(stranger);
    assert!(
        fact.to_string().contains("‹secret:daemon-token›"),
        "{fact:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_runs_a_pkill_that_is_gone_at_once() {
    let (_, fact) = Stage::new()
        .await
        .play(async |stage| {
            let mut command = stage.herd.command("pkill");
            command.args(["-0", "-f", &stage.herd.token()]);
            assert!(command.status().unwrap().success());
        })
        .await;
    let told = |list: &str| fact[list].to_string().contains("`pkill`");
    assert!(
        told("found") || told("unseen"),
        "one or the other: {fact:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_runs_flyctl() {
    let mut stranger = None;
    detected("somebody ran `flyctl`", async |stage| {
        let file = stage.herd.path("flyctl");
        std::fs::write(&file, "#!/bin/bash\nread -r _\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&file, mode).unwrap();
        let mut command = stage.herd.command(file);
        command
            .args(["ssh", "console", "-a", APP])
            .stdin(Stdio::piped());
        stranger = Some(Stranger::start(command));
    })
    .await;
    drop(stranger);
}

/// A gate that only begins asks its tools for their versions, and has no run to be told by.
#[tokio::test(flavor = "multi_thread")]
async fn another_gate_that_runs_flyctl_is_nobody() {
    let mut other = None;
    let (outcome, fact) = Stage::new()
        .await
        .play(async |stage| {
            let flyctl = stage.herd.path("flyctl");
            std::fs::write(&flyctl, "#!/bin/bash\necho runs\nread -r _\n").unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&flyctl, mode).unwrap();
            // Here the gate is this test: another one has its name.
            let name = std::fs::read_to_string("/proc/self/comm").unwrap();
            let gate = stage.herd.path(name.trim_end());
            std::fs::copy("/bin/bash", &gate).unwrap();
            let mut command = stage.herd.command(gate);
            command
                .args(["-c", "\"$0\" version; true"])
                .arg(&flyctl)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            let mut gate = Stranger::start(command);
            let mut told = String::new();
            let stdout = gate.0.stdout.take().unwrap();
            std::io::BufReader::new(stdout)
                .read_line(&mut told)
                .unwrap();
            assert_eq!(told, "runs\n");
            other = Some(gate);
        })
        .await;
    drop(other);
    let told = |list: &str| fact[list].to_string().contains("`flyctl`");
    assert!(!told("found") && !told("unseen"), "{outcome:?} {fact:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_written_again() {
    detected("run-1.json was written again", async |stage| {
        let file = stage.harness("artifacts/runs/run-1.json");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(
            &file,
            text.replace("\"run_id\": \"1\"", "\"run_id\": \"9\""),
        )
        .unwrap();
        stage.more += 1;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_harness_gets_another_commit() {
    detected("the harness was changed", async |stage| {
        stage.commit("more");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_is_edited() {
    let fact = detected("the configuration was changed", async |stage| {
        std::fs::write(stage.harness(".env"), "LIMIT=900\n").unwrap();
    })
    .await;
    let links = fact["chain"].as_array().unwrap();
    assert_ne!(
        links[1]["made_with"], links[2]["made_with"],
        "the chain breaks where it happened"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_candidate_is_patched() {
    detected("the candidate was changed", async |stage| {
        std::fs::write(stage.herd.path("run/home/pipx/venvs/p/lib/m.py"), "x = 2\n").unwrap();
    })
    .await;
}

/// The system's clock, as somebody sets it.
struct Set {
    begun: Instant,
    by: AtomicI64,
}

impl Clock for Set {
    fn wall(&self) -> jiff::Timestamp {
        let by = jiff::SignedDuration::from_secs(self.by.load(Ordering::SeqCst));
        jiff::Timestamp::now() + by
    }

    fn steady(&self) -> Duration {
        self.begun.elapsed()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_set() {
    let clock = Arc::new(Set {
        begun: Instant::now(),
        by: AtomicI64::new(0),
    });
    let stage = Stage::new()
        .await
        .clock(Arc::clone(&clock) as Arc<dyn Clock>);
    on(stage, "the clock was set", async |_| {
        clock.by.store(-3600, Ordering::SeqCst);
    })
    .await;
}

/// Plays the test named on the command line on a terminal of its own, and types a line when it
/// is asked to.
const TYPIST: &str = "
import os, pty, sys
pid, terminal = pty.fork()
if not pid:
    os.execv(sys.argv[1], sys.argv[1:])
if os.fork():
    while True:
        try:
            told = os.read(terminal, 4096)
        except OSError:
            break
        if not told:
            break
        os.write(1, told)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
open(os.environ['ASKED']).read()
os.write(terminal, b'sync now\\n')
open(os.environ['TYPED'], 'w').write('done')
";

#[tokio::test(flavor = "multi_thread")]
async fn somebody_types_on_the_terminal() {
    let Some(asked) = std::env::var_os("ASKED") else {
        return on_a_terminal();
    };
    detected("somebody typed on the terminal", async |_| {
        std::fs::write(&asked, "type").unwrap();
        std::fs::read(std::env::var_os("TYPED").unwrap()).unwrap();
    })
    .await;
}

fn on_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let [asked, typed] = ["asked", "typed"].map(|name| directory.path().join(name));
    for fifo in [&asked, &typed] {
        nix::unistd::mkfifo(fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let output = Command::new("python3")
        .args(["-c", TYPIST])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("processes::interventions::somebody_types_on_the_terminal")
        .env("ASKED", asked)
        .env("TYPED", typed)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "it was played: {told}");
}
