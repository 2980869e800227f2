//! The toolbox on a machine that lacks tools, has old ones, and makes its own.
//! Making them downloads `uv` and `pipx` from the machine's configured package index.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes the outside that it looks at"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use canary_gate::gate::SubtaskId;
use canary_gate::toolbox::{LoginState, Tool, ToolState, doctor, ready};
use canary_gate::world::live::{LiveWorld, Operator, Places, ToolPath};
use canary_gate::world::redact::Redactor;
use canary_gate::world::{Effect, Program, Response, World};

/// An operator whose `PATH` holds stand-ins and only the named real tools.
fn operator(root: &Utf8Path, stand_ins: &[(&str, &str)], real: &[&str]) -> Operator {
    let bin = root.join("operator-bin");
    std::fs::create_dir_all(&bin).unwrap();
    for (name, script) in stand_ins {
        std::fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut env: BTreeMap<String, String> = std::env::vars()
        .filter(|(name, _)| {
            ["PIP_", "UV_", "SSL_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
        .collect();
    let machines = std::env::var("PATH").unwrap();
    for name in real {
        let found = machines
            .split(':')
            .map(|directory| Utf8Path::new(directory).join(name));
        let found = found.into_iter().find(|path| path.is_file()).unwrap();
        // A script, not a link: some are shims that go by their own path.
        let text = format!("#!/bin/sh\nPATH='{machines}' exec '{found}' \"$@\"\n");
        std::fs::write(bin.join(name), text).unwrap();
        std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    env.insert("PATH".into(), bin.to_string());
    Operator {
        env,
        home: root.join("home"),
        cwd: root.to_owned(),
    }
}

/// A world of that operator's with these tools.
fn world(root: &Utf8Path, operator: &Operator, tools: ToolPath) -> LiveWorld {
    let below = |name: &str| root.join(name);
    let places = Places::new(
        below("run"),
        root.to_owned(),
        below("state"),
        below("cache"),
        below("home"),
    );
    let world = LiveWorld::new(operator.clone(), places, Arc::new(Redactor::new()));
    world.set_tools(tools);
    world
}

fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
    (directory, root)
}

async fn output(world: &LiveWorld, argv: &[&str]) -> String {
    let effect = Effect::Run(Program::new(argv.iter().copied()));
    match world
        .perform(&SubtaskId::new("T000"), effect)
        .await
        .unwrap()
    {
        Response::Program(finished) => finished.stdout.text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_survey_shows_everything_at_once() {
    let (_directory, root) = temporary();
    let stand_ins = [
        (
            "gh",
            "[ $1 = auth ] && { echo 'not logged in' >&2; exit 1; }; echo gh version 2.40.1",
        ),
        ("git", "echo git version 1.8.3"),
        ("uv", "echo uv 0.5.0"),
        ("pipx", "echo broken; exit 3"),
        (
            "flyctl",
            "[ $1 = auth ] && exit 0; echo flyctl v0.3.45 linux/amd64",
        ),
    ];
    let operator = operator(&root, &stand_ins, &["python3"]);
    let tools = doctor(&operator, &root.join("cache")).await.unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(
        names,
        ["gh", "git", "python3", "uv", "pipx", "flyctl", "bash"]
    );
    let tool = |name: &str| -> &Tool { tools.iter().find(|tool| tool.name == name).unwrap() };
    assert_eq!(tool("gh").state, ToolState::Good);
    assert!(
        tool("gh")
            .path
            .as_deref()
            .unwrap()
            .ends_with("/operator-bin/gh")
    );
    assert!(matches!(&tool("gh").login, LoginState::No(words) if words.contains("not logged in")));
    assert!(
        tool("gh")
            .remedy
            .as_deref()
            .unwrap()
            .contains("gh auth login")
    );
    assert_eq!(tool("git").state, ToolState::TooOld);
    assert_eq!(tool("git").version.as_deref(), Some("1.8.3"));
    assert!(!tool("git").will_do());
    assert_eq!(tool("uv").state, ToolState::TooOld);
    assert!(tool("uv").will_do(), "the gate makes its own");
    assert!(
        matches!(&tool("pipx").state, ToolState::Broken(words) if words.contains("exit code 3"))
    );
    assert_eq!(tool("flyctl").login, LoginState::Yes);
    assert_eq!(tool("flyctl").remedy, None);
    assert_eq!(tool("bash").state, ToolState::Missing);
    assert_eq!(tool("python3").state, ToolState::Good);
    assert!(!root.join("cache").exists(), "looking makes nothing");
}

#[tokio::test]
async fn nothing_is_made_where_everything_is_there() {
    let (_directory, root) = temporary();
    let good = [("uv", "echo uv 0.9.1"), ("pipx", "echo 1.7.1")];
    let operator = operator(&root, &good, &["python3"]);
    let tools = ready(&operator, &root.join("cache")).await.unwrap();
    assert_eq!(tools.path, ToolPath::default());
    assert_eq!(tools.versions["uv"], "0.9.1");
    assert_eq!(tools.versions["pipx"], "1.7.1");
    assert!(tools.versions.contains_key("python3") && !tools.versions.contains_key("gh"));
    assert!(!root.join("cache").exists());
}

#[tokio::test]
async fn a_python_that_cannot_make_environments_is_named() {
    let (_directory, root) = temporary();
    let broken = [("python3", "echo no ensurepip >&2; exit 1")];
    let operator = operator(&root, &broken, &[]);
    let error = ready(&operator, &root.join("cache")).await.unwrap_err();
    assert!(
        error.to_string().contains("`uv` could not be made"),
        "{error}"
    );
    assert!(error.to_string().contains("no ensurepip"), "{error}");
    assert!(error.remedy().contains("python3-venv"));
}

/// Number of the file system's for the one directory of a made tool.
fn inode(root: &Utf8Path, tool: &str) -> u64 {
    let made: Vec<_> = std::fs::read_dir(root.join("cache/tools"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(&format!("/{tool}-")))
        .collect();
    assert_eq!(made.len(), 1, "{made:?}");
    std::fs::metadata(made[0].join("bin")).unwrap().ino()
}

#[tokio::test]
async fn missing_and_old_tools_are_made_once_and_stand_where_they_must() {
    let (_directory, root) = temporary();
    let operator = operator(&root, &[("uv", "echo uv 0.1.0")], &["python3"]);
    let cache = root.join("cache");
    // Two gates at the same time, one cache.
    let (one, two) = tokio::join!(ready(&operator, &cache), ready(&operator, &cache));
    let tools = one.unwrap();
    assert_eq!(tools, two.unwrap());
    assert_eq!((tools.path.before.len(), tools.path.behind.len()), (1, 1));
    let made = (inode(&root, "uv"), inode(&root, "pipx"));
    let world = world(&root, &operator, tools.path.clone());
    let uv = output(&world, &["uv", "--version"]).await;
    assert_eq!(uv.split(' ').nth(1), Some(tools.versions["uv"].as_str()));
    let pipx = output(&world, &["pipx", "--version"]).await;
    assert_eq!(pipx.trim(), tools.versions["pipx"]);
    let python = output(&world, &["python3", "-c", "import sys; print(sys.prefix)"]).await;
    assert!(
        !python.contains("tools"),
        "the operator's python stays first: {python}"
    );
    // A third gate finds them.
    assert_eq!(ready(&operator, &cache).await.unwrap(), tools);
    assert_eq!((inode(&root, "uv"), inode(&root, "pipx")), made);
    // Broken afterwards, for example by a new Python: made again.
    let script = tools.path.behind[0].parent().unwrap().join("env/bin/pipx");
    std::fs::write(script, "#!/no/such/python\n").unwrap();
    assert_eq!(ready(&operator, &cache).await.unwrap(), tools);
    assert_eq!(output(&world, &["pipx", "--version"]).await, pipx);
}
