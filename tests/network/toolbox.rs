//! The toolbox makes its own tools: that downloads `uv` and `pipx` from the machine's configured
//! package index.

use canary_gate::toolbox::{Needed, own, provide};
use canary_gate::world::live::LiveWorld;
use canary_gate::world::{Effect, Program, Response, World};

use crate::toolbox_support::{by, temporary, world};

async fn output(world: &LiveWorld, argv: &[&str]) -> String {
    let effect = Effect::Run(Program::new(argv.iter().copied()));
    match world.perform(&by(), effect).await.unwrap() {
        Response::Program(finished) => finished.stdout.text,
        other => panic!("{other:?}"),
    }
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
    let (one, two) = tokio::join!(
        provide(&first, &by_one, &Needed::All),
        provide(&second, &by_two, &Needed::All)
    );
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
    third.set_tools(provide(&third, &by(), &Needed::All).await.unwrap());
    assert_eq!(output(&third, &["pipx", "--version"]).await, "1.18.4\n");
}
