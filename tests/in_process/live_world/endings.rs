//! Time limits, what is left over, and who is given up.

use std::process::Command;
use std::time::Duration;

use canary_gate::world::{Ended, Fate, Place, ProcessSeen};

use super::stage::{Stage, bash};
use crate::shown::not_shown;

#[tokio::test]
async fn a_time_limit_ends_the_whole_tree() {
    let stage = Stage::new();
    // Two grandchildren ignore TERM, one of them in a group of its own.
    let stubborn = "trap '' TERM; echo here; while :; do sleep 1000 & wait; done";
    let mark = format!("of {}", stage.root);
    let mut program = bash(&format!(
        "trap '' TERM\n bash -c \"$1\" \"$2\" &\n set -m\n bash -c \"$1\" \"$2\" &\n {stubborn}"
    ));
    program
        .argv
        .extend(["outer".into(), stubborn.to_owned(), mark.clone()]);
    program.limit = Duration::from_secs(4);
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.ended, Ended::TimedOut);
    assert!(
        finished.stdout.text.contains("here"),
        "the last output is shown"
    );
    assert!(finished.leftovers.is_empty(), "{:?}", finished.leftovers);
    assert!(
        finished.elapsed >= Duration::from_secs(6),
        "TERM, grace, KILL"
    );
    for process in stage.everything().await {
        assert!(!process.argv.contains(&mark), "{process:?}");
    }
}

#[tokio::test]
async fn a_pipe_that_stays_open_is_a_named_leftover_and_no_hang() {
    let stage = Stage::new();
    let finished = stage.bash("sleep 1000 & echo $!; exit 3").await;
    assert_eq!(finished.ended, Ended::Code(3));
    let pid: u32 = finished.stdout.text.trim().parse().unwrap();
    let [left] = finished.leftovers.as_slice() else {
        panic!("{:?}", finished.leftovers);
    };
    assert_eq!((left.identity.pid, left.program.as_str()), (pid, "sleep"));
    let receipts = stage.world.end_leftovers(Duration::from_secs(5)).await;
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].fate, Fate::Terminated);
    assert!(
        !stage
            .processes()
            .await
            .iter()
            .any(|seen| seen.identity == left.identity)
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_leftover_that_fled_into_its_own_session_is_found() {
    let stage = Stage::new();
    let script = "setsid bash -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' > pid & wait -n; \
                  until [ -s pid ]; do :; done; cat pid";
    let finished = stage.bash(&script.replace("& wait -n;", "&")).await;
    let pid: u32 = finished.stdout.text.trim().parse().unwrap();
    assert!(
        finished
            .leftovers
            .iter()
            .any(|left| left.identity.pid == pid)
    );
    let receipts = stage.world.end_leftovers(Duration::from_secs(5)).await;
    assert_eq!(receipts[0].fate, Fate::Terminated);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn under_the_subreaper_an_ended_orphan_is_really_gone() {
    // Not to be undone, but harmless to other tests of this process.
    let isolation = canary_gate::world::live::isolate();
    assert!(isolation.subreaper && isolation.pidfd && isolation.session_per_program);
    let stage = Stage::new();
    // The orphan outlives its parent; a later program ends it and waits for its pid.
    let left = stage
        .bash("setsid sleep 1000 >/dev/null 2>&1 & echo $!")
        .await;
    let pid = left.stdout.text.trim().to_owned();
    assert_eq!(left.leftovers.len(), 1, "{:?}", left.leftovers);
    let mut program = bash(&format!(
        "kill {pid}; while kill -0 {pid} 2>/dev/null; do :; done; echo gone"
    ));
    program.limit = Duration::from_mins(1);
    let waited = stage.run(program).await.unwrap();
    assert_eq!(waited.stdout.text, "gone\n");
    // And those that it started itself still tell how they ended.
    for code in 0..20 {
        assert_eq!(
            stage.bash(&format!("exit {code}")).await.ended,
            Ended::Code(code)
        );
    }
}

/// A process that is just becoming another program has no environment to tell it by.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_leftover_between_two_programs_is_found_as_well() {
    let isolation = canary_gate::world::live::isolate();
    assert!(isolation.subreaper);
    let stage = Stage::new();
    std::fs::write(stage.path("workspace/again.sh"), "exec sh \"$0\"\n").unwrap();
    for time in 0..30 {
        let mut again = bash("setsid sh again.sh >/dev/null 2>&1 & echo $!");
        again.cwd = Place::workspace("");
        let left = stage.run(again).await.unwrap();
        let pid: u32 = left.stdout.text.trim().parse().unwrap();
        let found = left.leftovers.iter().map(|one| one.identity.pid);
        assert_eq!(found.collect::<Vec<u32>>(), [pid], "the {time}th time");
        let receipts = stage.world.end_leftovers(Duration::from_secs(5)).await;
        let ended = receipts.iter().find(|one| one.identity.pid == pid);
        assert_eq!(ended.unwrap().fate, Fate::Terminated);
    }
}

/// Started with `nohup`, or in the background of a script.
#[test]
fn the_same_signals_where_the_gate_was_started_with_some_ignored() {
    let test = "live_world::programs::a_program_starts_with_the_signals_it_expects";
    let output = Command::new("sh")
        .args(["-c", "trap '' HUP INT QUIT USR1; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

/// In a pid namespace of its own, as in a container, the session's leader may be outside: the
/// system calls it 0.
#[cfg(target_os = "linux")]
#[test]
fn the_same_in_a_pid_namespace_of_its_own() {
    let tests = [
        "live_world::endings::under_the_subreaper_an_ended_orphan_is_really_gone",
        "live_world::endings::a_leftover_that_fled_into_its_own_session_is_found",
        "live_world::endings::a_time_limit_ends_the_whole_tree",
        "live_world::processes::daemons_end_by_term_or_kill_and_others_are_left_alone",
    ];
    // Root may, and others where they can be root in a user namespace.
    let mut unshare = vec!["--pid", "--fork", "--mount-proc"];
    if !nix::unistd::geteuid().is_root() {
        unshare.extend(["--user", "--map-root-user"]);
    }
    let can = Command::new("unshare").args(&unshare).arg("true").output();
    if !can.is_ok_and(|output| output.status.success()) {
        let what = "the live world in a pid namespace of its own";
        return not_shown(
            what,
            &format!("`unshare {}` has to work", unshare.join(" ")),
        );
    }
    let output = Command::new("unshare")
        .args(&unshare)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--test-threads", "1"])
        .args(tests)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    assert!(told.contains(&format!("{} passed", tests.len())), "{told}");
}

#[tokio::test]
async fn a_program_that_is_given_up_is_ended_with_its_group() {
    let stage = Stage::new();
    let fifo = stage.path("run/fifo");
    nix::unistd::mkfifo(fifo.as_std_path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let program = bash(
        "trap '' TERM; sleep 1000 & echo $! > fifo; wait; while :; do sleep 1000 & wait; done",
    );
    let ready = tokio::task::spawn_blocking(move || std::fs::read_to_string(fifo).unwrap());
    let pid: u32 = tokio::select! {
        finished = stage.run(program) => panic!("{finished:?}"),
        line = ready => line.unwrap().trim().parse().unwrap(),
    };
    stage.world.settle().await;
    let left: Vec<ProcessSeen> = stage.everything().await;
    assert!(
        !left.iter().any(|seen| seen.identity.pid == pid),
        "the grandchild is gone"
    );
    let mark = "trap '' TERM; sleep 1000 & echo $! > fifo";
    assert!(
        !left
            .iter()
            .any(|seen| seen.argv.iter().any(|text| text.starts_with(mark)))
    );
}

/// Ctrl-C: a program that cleans up says so, and is heard; what fled from it is not forgotten.
#[tokio::test]
async fn a_program_that_is_given_up_is_heard_to_its_end() {
    let stage = Stage::new();
    let fifo = stage.path("run/fifo");
    nix::unistd::mkfifo(fifo.as_std_path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let program = bash(
        "trap 'echo cleaning; echo cleaned > cleaned; echo last words; exit 0' TERM; \
         setsid bash -c 'echo $$ > fifo; exec sleep 1000 > /dev/null 2>&1' & \
         while :; do wait; done",
    );
    let ready = tokio::task::spawn_blocking(move || std::fs::read_to_string(fifo).unwrap());
    let fled: u32 = tokio::select! {
        finished = stage.run(program) => panic!("{finished:?}"),
        line = ready => line.unwrap().trim().parse().unwrap(),
    };
    stage.world.settle().await;
    assert!(
        stage.path("run/cleaned").exists(),
        "its trap came to its end"
    );
    let log = std::fs::read_to_string(stage.path("run/logs/T000-1-bash.out")).unwrap();
    assert!(log.ends_with("cleaning\nlast words\n"), "{log}");
    let receipts = stage.world.end_leftovers(Duration::from_secs(5)).await;
    let ended: Vec<u32> = receipts.iter().map(|one| one.identity.pid).collect();
    assert_eq!(ended, [fled]);
}

#[tokio::test]
async fn a_hundred_megabytes_need_no_memory() {
    let stage = Stage::new();
    let before = peak_memory();
    let finished = stage
        .bash("head -c 100000000 /dev/zero | tr '\\0' x; echo end")
        .await;
    let grown = peak_memory().saturating_sub(before);
    assert_eq!(finished.stdout.bytes, 100_000_004);
    assert!(finished.stdout.truncated);
    assert!(finished.stdout.text.len() <= 1 << 20);
    assert!(finished.stdout.text.ends_with("xend\n"));
    let log = stage.path("run/logs/T000-1-bash.out");
    assert_eq!(std::fs::metadata(log).unwrap().len(), 100_000_004);
    assert!(grown < 40_000, "{grown} KiB more");
}

/// Peak of resident memory in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| {
        line.trim().trim_end_matches(" kB").parse().unwrap()
    })
}
