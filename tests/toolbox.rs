//! The toolbox on a machine that lacks tools, has old ones, and makes its own.
//! Making them downloads `uv` and `pipx` from the machine's configured package index.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test makes the outside that it looks at"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use canary_gate::gate::SubtaskId;
use canary_gate::toolbox::{LoginState, Tool, ToolState, own, provide, survey};
use canary_gate::world::live::{LiveWorld, Operator, Places};
use canary_gate::world::redact::Redactor;
use canary_gate::world::{Effect, Program, Response, World};

/// A world whose `PATH` holds stand-ins first, and below them only the named real tools.
fn world(root: &Utf8Path, run: &str, stand_ins: &[(&str, &str)], real: &[&str]) -> LiveWorld {
    let bin = root.join(run).join("bin");
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
    let operator = Operator {
        env,
        home: root.join("home"),
        cwd: root.to_owned(),
    };
    let places = Places::new(
        root.join(run),
        root.join("workspace"),
        root.join("state"),
        root.join("cache"),
        root.join("home"),
    );
    LiveWorld::new(operator, places, Arc::new(Redactor::new()))
}

fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().canonicalize().unwrap()).unwrap();
    (directory, root)
}

fn by() -> SubtaskId {
    SubtaskId::new("setup")
}

async fn output(world: &LiveWorld, argv: &[&str]) -> String {
    let effect = Effect::Run(Program::new(argv.iter().copied()));
    match world.perform(&by(), effect).await.unwrap() {
        Response::Program(finished) => finished.stdout.text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_survey_shows_everything_at_once() {
    let (_directory, root) = temporary();
    let world = world(
        &root,
        "run",
        &[
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
        ],
        &["python3"],
    );
    let tools = survey(&world, &by()).await;
    let tool = |name: &str| -> &Tool { tools.iter().find(|tool| tool.name == name).unwrap() };
    assert_eq!(tool("gh").state, ToolState::Good);
    assert_eq!(tool("gh").path.as_deref(), Some("‹run›/bin/gh"));
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
}

#[tokio::test]
async fn nothing_is_made_where_everything_is_there() {
    let (_directory, root) = temporary();
    let good = [("uv", "echo uv 0.9.1"), ("pipx", "echo 1.7.1")];
    let world = world(&root, "run", &good, &["python3"]);
    let path = provide(&world, &by()).await.unwrap();
    assert!(path.before.is_empty() && path.behind.is_empty());
    assert!(!root.join("cache").exists());
}

#[tokio::test]
async fn a_python_that_cannot_make_environments_is_named() {
    let (_directory, root) = temporary();
    let world = world(
        &root,
        "run",
        &[("python3", "echo no ensurepip >&2; exit 1")],
        &[],
    );
    let error = provide(&world, &by()).await.unwrap_err();
    assert!(
        error.to_string().contains("`uv` could not be made"),
        "{error}"
    );
    assert!(error.to_string().contains("no ensurepip"), "{error}");
    assert!(error.remedy().contains("python3-venv"));
}

#[tokio::test]
async fn missing_and_old_tools_are_made_once_and_stand_where_they_must() {
    let (_directory, root) = temporary();
    let stale = [("uv", "echo uv 0.1.0")];
    let first = world(&root, "one", &stale, &["python3"]);
    let second = world(&root, "two", &stale, &["python3"]);
    assert_eq!(own(&first, &by(), "uv").await, None);
    // Two gates at the same time, one cache.
    let (by_one, by_two) = (by(), by());
    let (one, two) = tokio::join!(provide(&first, &by_one), provide(&second, &by_two));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one, two);
    let made: usize = ["one", "two"]
        .iter()
        .flat_map(|run| std::fs::read_dir(root.join(run).join("logs")).unwrap())
        .filter(|log| std::fs::read_to_string(log.as_ref().unwrap().path()).unwrap() == "made\n")
        .count();
    assert_eq!(made, 2, "one uv and one pipx");
    let uv = own(&first, &by(), "uv").await.unwrap();
    assert_eq!(uv.told, "0.13.9");
    assert!(uv.path.unwrap().starts_with("‹cache›/tools/uv-0.13.9-"));
    assert_eq!(own(&first, &by(), "git").await, None, "it is never made");
    first.set_tools(one);
    assert_eq!(
        output(&first, &["uv", "--version"]).await.split(' ').nth(1),
        Some("0.13.9")
    );
    assert_eq!(output(&first, &["pipx", "--version"]).await, "1.18.4\n");
    let python = output(&first, &["python3", "-c", "import sys; print(sys.prefix)"]).await;
    assert!(
        !python.contains("tools"),
        "the operator's python stays first: {python}"
    );
    // Broken afterwards, for example by a new Python: made again.
    let third = world(&root, "three", &stale, &["python3"]);
    let pipx = std::fs::read_dir(root.join("cache/tools"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pipx = pipx
        .into_iter()
        .find(|path| path.to_string_lossy().contains("pipx-"))
        .unwrap();
    std::fs::write(pipx.join("env/bin/pipx"), "#!/no/such/python\n").unwrap();
    third.set_tools(provide(&third, &by()).await.unwrap());
    assert_eq!(output(&third, &["pipx", "--version"]).await, "1.18.4\n");
}
