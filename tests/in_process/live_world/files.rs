//! Files: written once, read with a limit, listed, packed.

use canary_gate::world::{
    Effect, FileFailure, FileSeen, KeepFiles, ListFiles, Pack, Place, ReadFile, Response, WriteFile,
};

use super::stage::{Stage, kind, make_executable};

fn write(path: &str, text: &str, replace: bool) -> Effect {
    Effect::WriteFile(WriteFile {
        path: Place::new(path),
        text: text.into(),
        replace,
    })
}

#[tokio::test]
async fn a_file_is_replaced_only_when_told_so() {
    let stage = Stage::new();
    let seen = stage
        .files(write("‹state›/a/b.txt", "one", false))
        .await
        .unwrap();
    assert_eq!(
        (seen[0].path.as_str(), seen[0].bytes),
        ("‹state›/a/b.txt", 3)
    );
    let error = stage
        .files(write("‹state›/a/b.txt", "two", false))
        .await
        .unwrap_err();
    assert_eq!(kind(&error), FileFailure::AlreadyExists);
    stage
        .files(write("‹state›/a/b.txt", "three", true))
        .await
        .unwrap();
    assert_eq!(
        std::fs::read_to_string(stage.path("state/a/b.txt")).unwrap(),
        "three"
    );
    let names: Vec<_> = std::fs::read_dir(stage.path("state/a")).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn nothing_is_written_through_a_link_or_into_the_home() {
    let stage = Stage::new();
    std::os::unix::fs::symlink(stage.path("home"), stage.path("state/link")).unwrap();
    std::os::unix::fs::symlink(stage.path("home/f"), stage.path("state/file")).unwrap();
    for path in [
        "‹state›/link/f",
        "‹state›/file",
        "‹home›/f",
        "‹state›/../home/f",
    ] {
        for replace in [false, true] {
            let error = stage.files(write(path, "x", replace)).await.unwrap_err();
            assert_eq!(kind(&error), FileFailure::NotPermitted, "{path}");
        }
    }
    assert_eq!(std::fs::read_dir(stage.path("home")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_is_made_once() {
    let stage = Stage::new();
    let make = || Effect::MakeDir {
        path: Place::new("‹state›/attempts/rc16-attempt1"),
    };
    // By however many, and at the same time.
    let answers = futures::future::join_all((0..8).map(|_| stage.ask(make()))).await;
    let (first, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(first, [Ok(Response::Done)]);
    for error in refused {
        assert_eq!(kind(&error.unwrap_err()), FileFailure::AlreadyExists);
    }
}

#[tokio::test]
async fn reading_has_a_limit_and_wants_text() {
    let stage = Stage::new();
    std::fs::write(stage.path("run/ok"), format!("at {}/run/x", stage.root)).unwrap();
    std::fs::write(stage.path("run/bytes"), b"\xff").unwrap();
    let read = |name: &str, limit| {
        stage.ask(Effect::ReadFile(ReadFile {
            path: Place::run(name),
            limit,
        }))
    };
    assert_eq!(
        read("ok", 1000).await,
        Ok(Response::Text("at ‹run›/x".into()))
    );
    for (name, limit, wanted) in [
        ("ok", 4, FileFailure::TooLarge),
        ("bytes", 9, FileFailure::NotText),
        ("none", 9, FileFailure::NotFound),
    ] {
        assert_eq!(
            kind(&read(name, limit).await.unwrap_err()),
            wanted,
            "{name}"
        );
    }
}

#[tokio::test]
async fn listing_sorts_and_follows_no_link() {
    let stage = Stage::new();
    for name in ["b.json", "a.json", "sub/c.json", "sub/d.txt"] {
        std::fs::create_dir_all(stage.path("workspace/sub")).unwrap();
        std::fs::write(stage.path("workspace").join(name), name).unwrap();
    }
    std::os::unix::fs::symlink(stage.path("home"), stage.path("workspace/l")).unwrap();
    std::os::unix::fs::symlink(
        stage.path("workspace/a.json"),
        stage.path("workspace/z.json"),
    )
    .unwrap();
    let list = |root: &str, include: &[&str]| {
        stage.files(Effect::ListFiles(ListFiles {
            root: Place::new(root),
            include: include.iter().map(|text| (*text).to_owned()).collect(),
        }))
    };
    let names = |files: Vec<FileSeen>| -> Vec<String> {
        files
            .into_iter()
            .map(|file| file.path.to_string())
            .collect()
    };
    assert_eq!(
        names(list("‹workspace›", &["**/*.json"]).await.unwrap()),
        [
            "‹workspace›/a.json",
            "‹workspace›/b.json",
            "‹workspace›/sub/c.json"
        ]
    );
    assert_eq!(list("‹workspace›", &[]).await.unwrap().len(), 4);
    assert_eq!(list("‹workspace›/nowhere", &[]).await.unwrap(), []);
    // In the home, which is only looked at, a link is seen by where it leads.
    let link = stage.path("home/link.json");
    let leading = async |to: &str| {
        std::fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(to, &link).unwrap();
        let mut files = list("‹home›", &["*.json"]).await.unwrap();
        files.pop().unwrap()
    };
    let (one, other) = (leading("nowhere").await, leading("elsewhere").await);
    assert_eq!((one.path.as_str(), one.bytes), ("‹home›/link.json", 7));
    assert_ne!(one.sha256, other.sha256);
    // What need not be entered is not: a name that is no text would be an error there.
    let odd: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff");
    std::fs::write(stage.path("workspace/sub").as_std_path().join(odd), "").unwrap();
    assert!(list("‹workspace›", &["**/*.json"]).await.is_err());
    let beside = list("‹workspace›", &["other/*.json", "a.json"]).await;
    assert_eq!(names(beside.unwrap()), ["‹workspace›/a.json"]);
}

#[tokio::test]
async fn evidence_is_copied_without_secrets_and_never_replaced() {
    let stage = Stage::with_env(&[("GH_TOKEN", "top-secret-value")]);
    std::fs::write(
        stage.path("workspace/log.txt"),
        "with top-secret-value in it",
    )
    .unwrap();
    let keep = || {
        stage.files(Effect::KeepFiles(KeepFiles {
            from: ListFiles {
                root: Place::workspace(""),
                include: vec![],
            },
            to: Place::new("‹state›/evidence"),
        }))
    };
    let kept = keep().await.unwrap();
    assert_eq!(kept[0].path.as_str(), "‹state›/evidence/log.txt");
    let text = std::fs::read_to_string(stage.path("state/evidence/log.txt")).unwrap();
    assert_eq!(text, "with ‹secret:GH_TOKEN› in it");
    assert_eq!(kind(&keep().await.unwrap_err()), FileFailure::AlreadyExists);
}

#[tokio::test]
async fn the_same_files_give_the_same_archive() {
    let stage = Stage::new();
    for (directory, order) in [("one", ["a", "b"]), ("two", ["b", "a"])] {
        let root = stage.path("workspace").join(directory);
        std::fs::create_dir(&root).unwrap();
        for name in order {
            std::fs::write(root.join(name), format!("content of {name}")).unwrap();
        }
        make_executable(&root.join("a"));
    }
    let long = "x".repeat(150);
    for directory in ["one", "two"] {
        std::fs::write(stage.path("workspace").join(directory).join(&long), "").unwrap();
    }
    std::fs::File::open(stage.path("workspace/two/b"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    let pack = |from: &str, to: &str| {
        stage.files(Effect::Pack(Pack {
            parts: vec![(
                "bundle".into(),
                ListFiles {
                    root: Place::workspace(from),
                    include: vec![],
                },
            )],
            to: Place::new(format!("‹state›/{to}.tar.gz")),
        }))
    };
    let one = pack("one", "1").await.unwrap();
    let two = pack("two", "2").await.unwrap();
    assert_eq!(one[0].sha256, two[0].sha256);
    assert_eq!(
        kind(&pack("one", "1").await.unwrap_err()),
        FileFailure::AlreadyExists
    );
    let listing = stage
        .bash("tar tvzf ‹state›/1.tar.gz | awk '{print $1, $2, $NF}'")
        .await;
    assert_eq!(
        listing.stdout.text,
        format!("-rwxr-xr-x 0/0 bundle/a\n-rw-r--r-- 0/0 bundle/b\n-rw-r--r-- 0/0 bundle/{long}\n")
    );
}

#[tokio::test]
async fn programs_are_found_in_path_order() {
    let stage = Stage::new();
    let Ok(Response::Found(found)) = stage
        .ask(Effect::FindProgram {
            name: "bash".into(),
        })
        .await
    else {
        panic!();
    };
    assert!(found[0].ends_with("/bash"), "{found:?}");
    let none = stage
        .ask(Effect::FindProgram {
            name: "no-such".into(),
        })
        .await;
    assert_eq!(none, Ok(Response::Found(vec![])));
}

#[tokio::test]
async fn a_file_is_left_for_readers_and_nothing_there_is_replaced_or_followed() {
    use canary_gate::world::LeaveFile;
    let stage = Stage::new();
    stage
        .files(write("‹run›/teamspace/a.log", "all passed", false))
        .await
        .unwrap();
    let there = stage.path("outside");
    std::fs::create_dir(&there).unwrap();
    let leave = |name: &str| {
        Effect::LeaveFile(LeaveFile {
            from: Place::new("‹run›/teamspace/a.log"),
            to: Place::new(format!("{there}/{name}")),
        })
    };
    let seen = stage.files(leave("a.log")).await.unwrap();
    assert_eq!((seen.len(), seen[0].bytes), (1, 10));
    let text = || std::fs::read_to_string(there.join("a.log")).unwrap();
    assert_eq!(text(), "all passed");
    std::os::unix::fs::symlink(stage.path("home/new"), there.join("link.log")).unwrap();
    std::os::unix::fs::symlink(there.join("a.log"), there.join("other.log")).unwrap();
    std::fs::create_dir(there.join("dir.log")).unwrap();
    for taken in ["a.log", "link.log", "other.log", "dir.log"] {
        let error = stage.files(leave(taken)).await.unwrap_err();
        assert_eq!(kind(&error), FileFailure::AlreadyExists, "{taken}");
    }
    assert_eq!(text(), "all passed");
    assert!(!stage.path("home/new").exists());
    let error = stage.files(leave("missing/a.log")).await.unwrap_err();
    assert_eq!(kind(&error), FileFailure::NotFound);
}
