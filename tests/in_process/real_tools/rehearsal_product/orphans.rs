//! Orphans and bystanders are real, and gone with the rehearsal.

use std::process::Command;

use canary_gate::rehearsal::Fault;
use canary_gate::rehearsal::product::orphans::{Daemon, Orphans, daemons_below};

use super::tools::{World, finish, succeed, tools};

fn started(faults: &[Fault]) -> (World, Orphans) {
    let world = World::new(faults);
    let old = world.product.tagged("v3.2.0rc15").unwrap().clone();
    let python = tools().python();
    let orphans = Orphans::start(&world.path("orphans"), &old, &python, &world.faults).unwrap();
    (world, orphans)
}

/// A column of `ps`, of one process.
fn ps(pid: u32, column: &str) -> String {
    let mut command = Command::new("ps");
    command.args(["-o", &format!("{column}="), "-p", &pid.to_string()]);
    String::from_utf8(finish(&mut command).stdout)
        .unwrap()
        .trim()
        .to_owned()
}

fn alive(world: &World) -> Vec<Daemon> {
    daemons_below(world.root.path()).unwrap()
}

fn terminate(pid: u32) {
    succeed(Command::new("kill").arg(pid.to_string()));
}

#[test]
fn orphans_have_the_real_shape() {
    let (world, orphans) = started(&[]);
    let daemons = alive(&world);
    assert_eq!(daemons.len(), 2);
    for daemon in daemons {
        assert_eq!(
            ps(daemon.pid, "sess"),
            daemon.pid.to_string(),
            "session leader"
        );
        let arguments = ps(daemon.pid, "args");
        assert!(arguments.contains("from specify_cli.sync.daemon import run_sync_daemon"));
        let owner = std::fs::read_to_string(daemon.home.join(".kittify/sync/daemon/owner.json"));
        let owner: serde_json::Value = serde_json::from_str(&owner.unwrap()).unwrap();
        assert_eq!(owner["pid"], daemon.pid);
        assert_eq!(owner["package_version"], "3.2.0rc15");
        let health = format!("http://127.0.0.1:{}/api/health", owner["port"]);
        let script =
            "import sys, urllib.request as r; print(r.urlopen(sys.argv[1]).read().decode())";
        let health = succeed(Command::new(tools().python()).args(["-c", script, &health]));
        let health: serde_json::Value = serde_json::from_str(&health).unwrap();
        assert_eq!(
            (&health["status"], &health["pid"]),
            (&"ok".into(), &daemon.pid.into())
        );
    }
    drop(orphans);
    assert!(alive(&world).is_empty());
}

#[test]
fn a_terminated_orphan_takes_its_record_along() {
    let (world, _orphans) = started(&[]);
    let first = alive(&world)[0].clone();
    terminate(first.pid);
    while alive(&world).contains(&first) {
        std::thread::yield_now();
    }
    assert!(!first.home.join(".kittify/sync/daemon/owner.json").exists());
    assert_eq!(alive(&world).len(), 1);
}

#[test]
fn a_stubborn_orphan_ignores_term() {
    let (world, _orphans) = started(&[Fault::StubbornDaemon]);
    for daemon in alive(&world) {
        terminate(daemon.pid);
    }
    while alive(&world).len() > 1 {
        std::thread::yield_now();
    }
    let left = alive(&world);
    assert!(left[0].home.ends_with("home-1"), "{left:?}");
}

#[test]
fn bystanders_only_look_like_a_daemon() {
    let (world, mut orphans) = started(&[Fault::Bystanders]);
    let bystanders = orphans.bystanders();
    assert_eq!(bystanders.len(), 2);
    for (name, pid, alive) in bystanders {
        assert!(alive, "{name}");
        let arguments = ps(pid, "args");
        assert!(
            arguments.starts_with(name) && arguments.contains("run_sync_daemon"),
            "{arguments}"
        );
    }
    assert_eq!(alive(&world).len(), 2, "bystanders are no daemons");
    terminate(orphans.bystanders()[0].1);
    while orphans.bystanders()[0].2 {
        std::thread::yield_now();
    }
    assert!(orphans.bystanders()[1].2);
}
