//! Programs in a sandbox: what they see, what they may change, what is left of them.

use canary_gate::world::live::SandboxChoice;
use canary_gate::world::{
    Confined, Confinement, Ended, Mount, Place, Program, Sandbox, WorldError,
};

use super::stage::{Stage, bash};

fn within(script: &str, sandbox: Sandbox) -> Program {
    let mut program = bash(script);
    program.sandbox = Some(Box::new(sandbox));
    program
}

/// The run's directory `side` at `/gate/work`.
fn mounted(stage: &Stage) -> Sandbox {
    std::fs::create_dir_all(stage.path("run/side")).unwrap();
    Sandbox {
        mounts: vec![Mount {
            place: Place::run("side"),
            at: "/gate/work".to_owned(),
            writable: true,
        }],
        ..Sandbox::default()
    }
}

#[tokio::test]
async fn it_sees_a_system_and_its_own_directory_and_nothing_else() {
    let stage = Stage::with_env(&[("GH_TOKEN", "ghp_0123456789abcdefghij0123456789abcdef")]);
    for (name, text) in [
        ("home/.bashrc", "secret"),
        ("workspace/file", "secret"),
        ("state/file", "secret"),
        ("cache/file", "secret"),
        ("run/journal.jsonl", "secret"),
    ] {
        std::fs::write(stage.path(name), text).unwrap();
    }
    let root = stage.root.clone();
    let mut program = within(
        &format!(
            "pwd; echo $HOME $TMPDIR; ls -A $HOME $TMPDIR; echo mine > new
             for f in home/.bashrc workspace/file state/file cache/file run/journal.jsonl; do
               cat {root}/$f 2>/dev/null; echo more >> {root}/$f; done 2>/dev/null
             echo x > /usr/x; echo x > /etc/x; echo x > /x; cat /etc/shadow
             cat /proc/{}/environ; env | grep TOKEN; ls /proc | grep -c '^[0-9]'",
            std::process::id()
        ),
        mounted(&stage),
    );
    program.cwd = Place::run("side");
    let finished = stage.run(program).await.unwrap();
    let text = &finished.stdout.text;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(&lines[..2], ["/gate/work", "/home/gate /tmp"], "{text}");
    assert!(
        !text.contains("secret") && !text.contains("TOKEN"),
        "{text}"
    );
    assert!(lines.last().unwrap().parse::<u32>().unwrap() < 10, "{text}");
    assert_eq!(
        std::fs::read_to_string(stage.path("run/side/new")).unwrap(),
        "mine\n"
    );
    for name in ["home/.bashrc", "workspace/file", "run/journal.jsonl"] {
        assert_eq!(std::fs::read_to_string(stage.path(name)).unwrap(), "secret");
    }
    let confined = Confined {
        by: Confinement::Bubblewrap,
        network: false,
        processes: false,
    };
    assert_eq!(finished.confined, Some(confined));
}

#[tokio::test]
async fn exit_codes_and_output_come_through_and_nothing_outlives_it() {
    let stage = Stage::new();
    let program = within(
        "echo out; echo err >&2
         setsid sh -c 'trap \"\" TERM; sleep 600' & (sleep 600 &) & exit 3",
        mounted(&stage),
    );
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.ended, Ended::Code(3));
    assert_eq!(
        (finished.stdout.text.as_str(), finished.stderr.text.as_str()),
        ("out\n", "err\n")
    );
    assert!(finished.leftovers.is_empty(), "{:?}", finished.leftovers);
    let all = stage.everything().await;
    let left = all
        .iter()
        .find(|seen| seen.argv.iter().any(|word| word == "600"));
    assert_eq!(left, None);
}

#[tokio::test]
async fn time_up_ends_all_of_it() {
    let stage = Stage::new();
    let mut program = within(
        "setsid sh -c 'trap \"\" TERM; sleep 601' & trap '' TERM; sleep 601",
        mounted(&stage),
    );
    program.limit = std::time::Duration::from_millis(300);
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.ended, Ended::TimedOut);
    let all = stage.everything().await;
    let left = all
        .iter()
        .find(|seen| seen.argv.iter().any(|word| word == "601"));
    assert_eq!(left, None);
}

#[tokio::test]
async fn the_network_is_its_own_unless_it_may_have_the_machines() {
    let stage = Stage::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    let closed = stage.run(within(&script, mounted(&stage))).await.unwrap();
    assert_eq!(closed.ended, Ended::Code(1));
    let sandbox = Sandbox {
        network: true,
        ..mounted(&stage)
    };
    let open = stage.run(within(&script, sandbox)).await.unwrap();
    assert_eq!(open.ended, Ended::Code(0), "{}", open.stderr.text);
    // Its own is there: tests talk to themselves.
    let own = "import socket; s = socket.create_server(('127.0.0.1', 0)); \
               socket.create_connection(s.getsockname())";
    let mut program = Program::new(["python3", "-c", own]);
    program.sandbox = Some(Box::new(mounted(&stage)));
    let own = stage.run(program).await.unwrap();
    assert_eq!(own.ended, Ended::Code(0), "{}", own.stderr.text);
}

/// What an installer runs of others sees the logins at the configured indexes, and no others.
#[tokio::test]
async fn an_installer_has_the_logins_of_its_indexes_alone() {
    let index = "https://index.corp/simple/";
    let stage = Stage::with_env(&[("UV_DEFAULT_INDEX", index)]);
    let netrc = "machine index.corp login al password hidden-0123\n\
                 machine github.com login me password hidden-4567\n";
    std::fs::write(stage.path("home/.netrc"), netrc).unwrap();
    let home = stage.path("home");
    let script = format!("cat $NETRC; cat ~/.netrc {home}/.netrc; echo > $NETRC; ls -A ~");
    let mut program = within(&script, mounted(&stage));
    program.base = canary_gate::world::EnvBase::Installer;
    let finished = stage.run(program).await.unwrap();
    assert_eq!(
        finished.stdout.text,
        "machine index.corp login al password ‹secret:index login›\n"
    );
    let noted = std::fs::read_to_string(stage.path("run/index-settings.json")).unwrap();
    let left_out = "netrc: 1 logins at hosts that are no configured index";
    assert!(noted.contains(left_out), "{noted}");
    assert_eq!(
        std::fs::read_to_string(stage.path("home/.netrc")).unwrap(),
        netrc
    );
}

/// A directory of the run that a program may change is made; one that a link leads to is not.
#[tokio::test]
async fn a_directory_of_the_run_is_made_for_what_may_change_it() {
    let stage = Stage::new();
    let mut sandbox = mounted(&stage);
    sandbox.writable.push(Place::run("new/below"));
    let program = within("echo mine > ‹run›/new/below/file", sandbox.clone());
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.ended, Ended::Code(0), "{}", finished.stderr.text);
    assert!(stage.path("run/new/below/file").is_file());
    std::os::unix::fs::symlink(stage.path("home"), stage.path("run/link")).unwrap();
    sandbox.writable.push(Place::run("link/below"));
    let error = stage.run(within("true", sandbox)).await.unwrap_err();
    assert!(!stage.path("home/below").exists(), "{error}");
}

#[tokio::test]
async fn what_it_cannot_start_is_no_exit_code() {
    let stage = Stage::new();
    let mut sandbox = mounted(&stage);
    sandbox.readable.push(Place::run("missing"));
    let error = stage.run(within("true", sandbox)).await.unwrap_err();
    assert!(matches!(&error, WorldError::NotStarted { reason, .. } if reason.contains("missing")));
    // A file system that bubblewrap cannot mount over: its own failure is not the program's.
    let mut sandbox = mounted(&stage);
    sandbox.mounts[0].at = "/proc/cpuinfo/x".to_owned();
    let error = stage.run(within("true", sandbox)).await.unwrap_err();
    assert!(
        matches!(&error, WorldError::NotStarted { reason, .. } if reason.contains("its sandbox")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_link_that_an_earlier_program_made_opens_nothing() {
    let stage = Stage::new();
    std::os::unix::fs::symlink(stage.path("home"), stage.path("run/side")).unwrap();
    let sandbox = Sandbox {
        writable: vec![Place::run("side")],
        ..Sandbox::default()
    };
    let error = stage.run(within("true", sandbox)).await.unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
}

#[tokio::test]
async fn what_may_see_the_machine_sees_its_processes_and_not_their_environment() {
    let stage = Stage::new();
    let sandbox = Sandbox {
        network: true,
        processes: true,
        writable: vec![Place::run("home")],
        ..mounted(&stage)
    };
    std::fs::create_dir_all(stage.path("run/home")).unwrap();
    let gate = std::process::id();
    let script = format!(
        "cat /proc/{gate}/comm > /dev/null && echo seen; cat /proc/{gate}/environ; echo $HOME $TMPDIR
         setsid sleep 602 < /dev/null > /dev/null 2>&1 &"
    );
    let finished = stage.run(within(&script, sandbox)).await.unwrap();
    let root = &stage.root;
    assert!(
        finished
            .stdout
            .text
            .starts_with("seen\n‹run›/home ‹run›/tmp/"),
        "{root} {}",
        finished.stdout.text
    );
    assert_eq!(finished.leftovers.len(), 1, "{:?}", finished.leftovers);
    stage
        .world
        .end_leftovers(std::time::Duration::from_secs(1))
        .await;
}

#[tokio::test]
async fn without_a_sandbox_both_sides_still_have_one_path() {
    let stage = Stage::new().with_sandbox(SandboxChoice::Off);
    let mut program = within("pwd; echo ‹run›/side/x > x; cat x", mounted(&stage));
    program.cwd = Place::run("side");
    let finished = stage.run(program).await.unwrap();
    assert_eq!(finished.stdout.text, "‹run›/work\n‹run›/work/x\n");
    assert!(stage.path("run/side/x").is_file());
    assert_eq!(finished.confined.unwrap().by, Confinement::Nothing);
}

/// git runs what a repository's hooks and settings name, also when the operator starts it.
#[tokio::test]
async fn a_checkout_may_be_changed_and_its_repository_may_not() {
    let stage = Stage::new();
    let hooks = stage.path("workspace/p/.git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    let change = async |writable: &[&str]| {
        let script = "echo x > new; echo x > .git/hooks/post-checkout; mv .git away";
        let sandbox = Sandbox {
            writable: writable.iter().map(|path| Place::workspace(path)).collect(),
            ..Sandbox::default()
        };
        let mut program = within(script, sandbox);
        program.cwd = Place::workspace("p");
        stage.run(program).await.unwrap();
    };
    change(&["p"]).await;
    assert!(stage.path("workspace/p/new").exists());
    assert!(hooks.exists(), "the repository was moved away");
    assert_eq!(hooks.read_dir().unwrap().count(), 0, "a hook was planted");
    // Listed by name, it may.
    change(&["p", "p/.git"]).await;
    assert_eq!(hooks.read_dir().unwrap().count(), 1);
}
