//! Processes found by structure and ended by identity.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use canary_gate::world::{EndProcesses, Fate, ProcessIdentity, ProcessSeen};

use super::stage::{Daemon, Stage, daemon_rule};

#[tokio::test]
async fn what_others_were_started_with_is_told_only_when_a_rule_or_a_search_could_mean_it() {
    let stage = Stage::new();
    let started = |words: &str| {
        let mut sleep = Command::new("bash");
        sleep.args(["-c", "read -r _", words]).stdin(Stdio::piped());
        sleep.spawn().unwrap()
    };
    let mut others = [started("/home/somebody/letter"), started("run_sync_daemon")];
    let [letter, search] = others.each_ref().map(Child::id);
    let argv = |seen: &[ProcessSeen], pid| {
        let one = seen.iter().find(|one| one.identity.pid == pid);
        one.map(|one| (one.program.clone(), one.argv.len()))
    };
    let told = stage.processes().await;
    let everything = stage.everything().await;
    for other in &mut others {
        other.kill().unwrap();
        other.wait().unwrap();
    }
    assert_eq!(argv(&told, letter), Some(("bash".to_owned(), 0)));
    assert_eq!(argv(&told, search), Some(("bash".to_owned(), 4)));
    assert_eq!(argv(&everything, letter), Some(("bash".to_owned(), 4)));
}

#[tokio::test]
async fn of_others_paths_only_the_last_part_is_told() {
    let stage = Stage::new();
    let mut other = Command::new("bash")
        .args([
            "-c",
            "read -r _",
            "--log=/srv/another/gate/run_sync_daemon.log",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let told = stage.processes().await;
    let seen = told.iter().find(|one| one.identity.pid == other.id());
    let argv = seen.unwrap().argv.clone();
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(
        argv[1..],
        ["-c", "read -r _", "--log=‹elsewhere›/run_sync_daemon.log"]
    );
}

#[tokio::test]
async fn a_daemon_is_listed_without_its_token() {
    let stage = Stage::new();
    let daemon = Daemon::polite(&stage);
    let seen = daemon.seen(&stage).await;
    assert!(daemon_rule().matches(&seen), "{seen:?}");
    assert!(seen.ours && !seen.ancestor);
    assert!(!format!("{seen:?}").contains("a-bearer-token"), "{seen:?}");
    let finished = stage.bash("echo the token is a-bearer-token").await;
    assert_eq!(finished.stdout.text, "the token is ‹secret:daemon-token›\n");
}

#[tokio::test]
async fn who_only_speaks_of_a_daemon_makes_no_secret_of_a_word() {
    let stage = Stage::new();
    let told = "run_sync_daemon(9400, 'an-ordinary-word')";
    let mut shell = std::process::Command::new("bash")
        .args(["-c", "read -r _", told])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let all = stage.processes().await;
    let seen = all.iter().find(|seen| seen.identity.pid == shell.id());
    let argv = seen.unwrap().argv.join(" ");
    drop(shell.stdin.take());
    shell.wait().unwrap();
    // There it may be a token, whoever wrote it.
    assert!(argv.contains("‹secret:daemon-token›"), "{argv}");
    let finished = stage.bash("echo an-ordinary-word").await;
    assert_eq!(finished.stdout.text, "an-ordinary-word\n");
}

#[tokio::test]
async fn daemons_end_by_term_or_kill_and_others_are_left_alone() {
    let stage = Stage::new();
    let (mut polite, mut stubborn, mut reused) = (
        Daemon::polite(&stage),
        Daemon::stubborn(&stage),
        Daemon::polite(&stage),
    );
    // The module is shared; the third one was started last and is polite again.
    let identity = |seen: ProcessSeen| seen.identity;
    let mut gone = Daemon::polite(&stage);
    let targets = vec![
        identity(polite.seen(&stage).await),
        identity(stubborn.seen(&stage).await),
        // Another process has this pid now: the start time tells.
        ProcessIdentity {
            started: identity(reused.seen(&stage).await).started - 1,
            pid: reused.pid,
        },
        identity(gone.seen(&stage).await),
        identity(
            stage
                .processes()
                .await
                .into_iter()
                .find(|seen| seen.identity.pid == std::process::id())
                .unwrap(),
        ),
    ];
    gone.child.kill().unwrap();
    gone.child.wait().unwrap();
    let receipts = stage
        .end(EndProcesses {
            rule: daemon_rule(),
            targets: targets.clone(),
            grace: Duration::from_millis(700),
        })
        .await;
    let fates: Vec<Fate> = receipts.iter().map(|receipt| receipt.fate).collect();
    assert_eq!(
        fates,
        [
            Fate::Terminated,
            Fate::Killed,
            Fate::NotTheSame,
            Fate::AlreadyGone,
            Fate::NotTheSame
        ]
    );
    let order: Vec<ProcessIdentity> = receipts.iter().map(|receipt| receipt.identity).collect();
    assert_eq!(order, targets, "receipts come in the order asked for");
    assert!(receipts[1].after >= Duration::from_millis(700));
    assert!(!polite.lives() && !stubborn.lives());
    assert!(
        reused.lives(),
        "the identity did not match, so it got no signal"
    );
}

#[tokio::test]
async fn a_look_alike_is_not_the_same() {
    let stage = Stage::new();
    let mut editor = Command::new("sleep").arg("1000").spawn().unwrap();
    let pid = editor.id();
    let seen = stage.processes().await;
    let target = seen
        .iter()
        .find(|seen| seen.identity.pid == pid)
        .unwrap()
        .identity;
    let receipts = stage
        .end(EndProcesses {
            rule: daemon_rule(),
            targets: vec![target],
            grace: Duration::from_secs(1),
        })
        .await;
    assert_eq!(receipts[0].fate, Fate::NotTheSame);
    assert!(matches!(editor.try_wait(), Ok(None)));
    editor.kill().unwrap();
    editor.wait().unwrap();
}
