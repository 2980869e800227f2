//! `gate install` through the binary, against an index of the test's own.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use crate::candidate_support::machine::{Machine, Told};
use crate::candidate_support::shelf::{Entry, Index};
use crate::candidate_support::{cli, events};

/// Names of what lies directly in a directory.
fn names(directory: &Utf8Path) -> Vec<String> {
    let entries = directory.read_dir_utf8().unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_it_prints_runs_the_candidate() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    let told = machine.gate(&["3.2.0rc16"]);
    told.says(0, &["2 packages, locked by hash as of now", "0 changed"]);
    assert!(
        told.out.lines().all(|line| line.starts_with("export ")),
        "{told:?}"
    );
    let script = format!(
        "{}\nspec-kitty --version && command -v spec-kitty",
        told.out
    );
    let output = Command::new("sh")
        .args(["-c", &script])
        .env(
            "PATH",
            machine.path("home/.local/bin").as_str().to_owned() + ":/usr/bin:/bin",
        )
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("spec-kitty-cli version 3.2.0rc16"), "{said}");
    let made = names(&machine.path("workspace"));
    assert!(
        made.len() == 1 && made[0].starts_with("gate-install-"),
        "{made:?}"
    );
    assert!(said.contains(&made[0]), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_command_on_path_is_told() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    machine
        .stage
        .put_program("spec-kitty", "#!/bin/sh\necho stale\n");
    machine
        .gate(&["3.2.0rc16", "--into", "there"])
        .says(0, &["bin/spec-kitty` is on PATH too"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_told_before_anything_is_installed() {
    let index = Index::serve(&[cli("3.2.0rc16"), cli("3.2.0rc28").yanked(), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    let full = machine.path("workspace/full");
    std::fs::create_dir(&full).unwrap();
    std::fs::write(full.join("mine"), "").unwrap();
    let cases: [(&[&str], i32, &[&str]); 9] = [
        (&["latest"], 2, &["`latest` is not a version such as"]),
        (
            &["3.2.0rc16", "--as-of", "yesterday"],
            2,
            &["--as-of: expected RFC 3339 such as 2026-05-21T00:00:00Z, got `yesterday`"],
        ),
        (&["3.2.0rc16", "--set", "rc.as_of=soon"], 2, &["got `soon`"]),
        (
            &["3.2.0rc16", "--into", "full"],
            2,
            &["--into", "there is something in it", "name a new"],
        ),
        (
            &["3.2.0rc16", "--vendor", "full"],
            2,
            &["--vendor", "there is something in it"],
        ),
        (
            &["3.2.0rc16", "--from", "full"],
            2,
            &["--from", "no `pylock.toml`", "--vendor"],
        ),
        (
            &["3.2.0rc16", "--from", "full", "--vendor"],
            2,
            &["cannot be used with"],
        ),
        (&["3.2.0rc28"], 3, &["3.2.0rc28 was yanked", "3.2.0rc16"]),
        (
            &["3.2.0rc17"],
            3,
            &["offers no spec-kitty-cli 3.2.0rc17", "3.2.0rc16"],
        ),
    ];
    for (arguments, code, words) in cases {
        let told = machine.gate(arguments);
        told.says(code, words);
        assert_eq!(told.out, "", "{arguments:?}");
        assert_eq!(names(&machine.path("workspace")), ["full"], "{arguments:?}");
        assert_eq!(names(&full), ["mine"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_at_which_there_was_no_such_version_is_told() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0").without_time()]).await;
    let machine = Machine::new(&index.url);
    let install = |time| machine.gate(&["3.2.0rc16", "--as-of", time]);
    install("2026-05-01T00:00:00Z").says(
        3,
        &[
            "as of 2026-05-01T00:00:00Z there was no spec-kitty-cli 3.2.0rc16",
            "it was released at 2026-05-20T00:00:00Z",
            "→ give a time after that, such as `--as-of 2026-05-21T00:00:00Z`",
        ],
    );
    install("9999-01-01T00:00:00Z").says(
        2,
        &[
            "--as-of `9999-01-01T00:00:00Z` is yet to come",
            "leave it out",
        ],
    );
    let nothing: [String; 0] = [];
    assert_eq!(names(&machine.path("workspace")), nothing);
    // What it needs, the index has, but does not tell since when.
    install("2026-05-21T00:00:00Z").says(
        4,
        &[
            "cannot be locked as of 2026-05-21T00:00:00Z",
            "spec-kitty-events",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_tells_no_times_serves_no_time() {
    let index = Index::serve(&[
        cli("3.2.0rc16").without_time(),
        events("5.1.0").without_time(),
    ])
    .await;
    let machine = Machine::new(&index.url);
    machine
        .gate(&["3.2.0rc16", "--as-of", "2026-05-21T00:00:00Z"])
        .says(
            3,
            &[
                "the package index does not tell when its files were uploaded",
                "→ leave the time out",
            ],
        );
    machine.gate(&["3.2.0rc16"]).says(0, &["prints   "]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_the_index_has_not_got_is_told_from_a_version() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    machine
        .gate(&["3.2.0rc16", "--set", "rc.package=spec-kitty-cly"])
        .says(
            3,
            &[
                "the package index offers no `spec-kitty-cly` at all",
                "→ check the name",
            ],
        );
}

#[test]
fn without_index_or_python_it_is_an_error_that_names_what_is_missing() {
    let machine = Machine::new("http://127.0.0.1:1/simple/");
    let with = |name: &str, value: &str| {
        // A PATH with nothing on it has no sandbox either, which is another error.
        let mut install = machine.command(&["3.2.0rc16", "--no-sandbox"]);
        Told::of(&install.env(name, value).output().unwrap())
    };
    with("UV_HTTP_RETRIES", "0").says(
        4,
        &[
            "the package index could not be asked about `spec-kitty-cli`",
            "check the network",
        ],
    );
    // Nothing to make uv and pipx with.
    let bare = machine.path("bin");
    with("PATH", bare.as_str()).says(4, &["`uv` could not be made", "`python3`"]);
    // They are there, but nothing for the candidate to run on.
    for name in ["uv", "pipx"] {
        let path = machine.stage.environment()["PATH"].clone();
        let there = std::env::split_paths(&path).find(|directory| directory.join(name).is_file());
        let tool = there.unwrap().join(name);
        std::os::unix::fs::symlink(tool, bare.join(name)).unwrap();
    }
    with("PATH", bare.as_str()).says(4, &["there is no `python3` on PATH", "→ install a Python"]);
}

/// A pipx that does not keep to the home it is given: the sandbox keeps it in, and without one what
/// it changed is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_the_operators_home_is_told() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    let path = machine.stage.environment()["PATH"].clone();
    let pipx = std::env::split_paths(&path).map(|directory| directory.join("pipx"));
    let pipx = pipx.into_iter().find(|pipx| pipx.is_file()).unwrap();
    let own = machine.path("home/.local/bin");
    std::os::unix::fs::symlink("/opt/mine", own.join("link")).unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$2\" = --force ]; then echo >> {own}/spec-kitty; ln -sf /tmp/its {own}/link; \
         touch {own}/more; fi\nexec {} \"$@\"\n",
        pipx.display()
    );
    machine.stage.put_program("pipx", &script);
    let looked_at = "2 files of your home looked at before and after";
    let told = machine.gate(&["3.2.0rc16", "--into", "kept-in"]);
    told.says(
        0,
        &[&format!("{looked_at}, 0 changed"), "sandbox  bubblewrap"],
    );
    let told = machine.gate(&["3.2.0rc16", "--into", "there", "--no-sandbox"]);
    told.says(0, &[&format!("{looked_at}, 3 changed"), "sandbox  none"]);
    for change in [
        format!("in the operator's home, meanwhile: `{own}/spec-kitty` was changed"),
        format!("in the operator's home, meanwhile: `{own}/link` was changed"),
        format!("in the operator's home, meanwhile: `{own}/more` is new"),
    ] {
        told.says(0, &[&change]);
    }
}

/// A pipx that does not keep to the home it is given, and an operator whose own is not at home.
#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_a_pipx_outside_of_the_home_is_told() {
    let index = Index::serve(&[cli("3.2.0rc16"), events("5.1.0")]).await;
    let machine = Machine::new(&index.url);
    let venv = machine.path("opt/pipx/venvs/mine");
    let record = venv.join("lib/python3.11/site-packages/mine-1.dist-info/RECORD");
    let commands = machine.path("opt/bin");
    for directory in [record.parent().unwrap(), &venv.join("bin"), &commands] {
        std::fs::create_dir_all(directory).unwrap();
    }
    for file in [
        &record,
        &venv.join("pipx_metadata.json"),
        &venv.join("bin/mine"),
    ] {
        std::fs::write(file, "mine\n").unwrap();
    }
    std::os::unix::fs::symlink(venv.join("bin/mine"), commands.join("mine")).unwrap();
    let path = machine.stage.environment()["PATH"].clone();
    let pipx = std::env::split_paths(&path).map(|directory| directory.join("pipx"));
    let pipx = pipx.into_iter().find(|pipx| pipx.is_file()).unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$2\" = --force ]; then echo >> {record}; ln -sf /tmp/its {commands}/mine; \
         touch {commands}/more; fi\nexec {} \"$@\"\n",
        pipx.display()
    );
    machine.stage.put_program("pipx", &script);
    let arguments = ["3.2.0rc16", "--no-sandbox", "--into"];
    let install = |into: &str, own: &[(&str, Utf8PathBuf)]| {
        let mut command = machine.command(&[&arguments[..], &[into]].concat());
        for (name, path) in own {
            command.env(name, path);
        }
        Told::of(&command.output().unwrap())
    };
    let told = install(
        "first",
        &[
            ("PIPX_HOME", machine.path("opt/pipx")),
            ("PIPX_BIN_DIR", commands.clone()),
        ],
    );
    told.says(
        0,
        &["files of your home looked at before and after, 3 changed"],
    );
    for change in [
        format!("`{record}` was changed"),
        format!("`{commands}/mine` was changed"),
        format!("`{commands}/more` is new"),
    ] {
        told.says(0, &[&change]);
    }
    // Where pipx goes when it is told of no home of its own.
    let told = install("second", &[("XDG_DATA_HOME", machine.path("opt"))]);
    told.says(0, &[", 1 changed", &format!("`{record}` was changed")]);
    install("third", &[]).says(0, &[", 0 changed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_candidate_prints_no_environment_and_says_what_moved() {
    let day = "2025-01-01T00:00:00Z";
    let index = Index::serve(&[
        cli("3.2.0rc16")
            .requires("typer")
            .file("specify_cli/sync/queue.py", "")
            .content(3, "import click\n"),
        events("5.1.0"),
        Entry::new("typer", "0.12")
            .requires("click")
            .file("typer.py", "")
            .uploaded(day),
        Entry::new("typer", "0.20")
            .file("typer.py", "")
            .uploaded("2026-08-01T00:00:00Z"),
        Entry::new("click", "8.4")
            .file("click.py", "")
            .uploaded(day),
    ])
    .await;
    let machine = Machine::new(&index.url);
    let told = machine.gate(&["3.2.0rc16"]);
    told.says(
        3,
        &[
            "is installed, but broken",
            "`specify_cli.sync.owner` does not import: ModuleNotFoundError, `click` is missing",
            "nothing needs `click` any more",
            "typer: 0.12 → 0.20",
            "gate install 3.2.0rc16 --as-of 2026-05-21T00:00:00Z",
        ],
    );
    assert_eq!(told.out, "");
    let told = machine.gate(&["3.2.0rc16", "--explain-drift", "--format", "json"]);
    told.says(
        3,
        &["with the dependencies of 2026-05-21T00:00:00Z it works"],
    );
    let document = told.json();
    assert_eq!(document["explained"]["works_then"], true);
    assert_eq!(document["missing"], serde_json::json!(["click"]));
}
