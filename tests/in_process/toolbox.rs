//! The toolbox on a machine that lacks tools or has old ones.

use canary_gate::toolbox::{LoginState, Needed, Tool, ToolState, provide, survey};

use crate::toolbox_support::{by, temporary, world};

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
    let tools = survey(&world, &by(), &Needed::All).await;
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
    let path = provide(&world, &by(), &Needed::All).await.unwrap();
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
    let error = provide(&world, &by(), &Needed::All).await.unwrap_err();
    assert!(
        error.to_string().contains("`uv` could not be made"),
        "{error}"
    );
    assert!(error.to_string().contains("no ensurepip"), "{error}");
    assert!(error.remedy().contains("python3-venv"));
}
